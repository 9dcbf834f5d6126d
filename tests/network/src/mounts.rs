//! File systems of a test's own: small ones that fill, and disks whose power goes.
//!
//! [`with_mounts`] runs a test's body in a second process, in mount, network and process namespaces that the system takes
//! down with everything in them when it ends, however it ends. Needed: `unshare`, `mount` and `umount` (package util-linux),
//! `ip` (iproute2); for [`Disk`] the rights to mount a file as a disk, `mkfs.ext4` (e2fsprogs) and `python3`. Where nobody
//! but root may mount, the body that needs a file system in memory runs where it is, and [`Small`] is a folder of which the node
//! is told that it is full.
//!
//! The network is its own because the process is: every such process has the number 2, from which the choice of ports
//! begins, and two of them would give the same ones to their nodes.

use std::{
	env,
	ffi::{OsStr, OsString},
	fs::{self, File},
	future::Future,
	io::{self, Write},
	os::unix::fs::MetadataExt,
	path::{Path, PathBuf},
	process::{Command, Stdio},
	thread,
	time::Duration,
};
use tokio::runtime::Runtime;

use crate::{
	namespaces::loopback,
	room::Room,
	second_process::{in_second_process, is_second, refused},
	Result,
};

/// What a small file system holds, in MiB: several times what a node needs for a test's chain.
pub const ROOM: u64 = 256;

/// What a test does with a file system in memory, once, as a script of the shell.
const TRIAL: &str = "
	mount -t tmpfs -o size=1m tmpfs \"${TMPDIR:-/tmp}\"
	ip link set lo up
";

/// What a test has to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
	/// File systems in memory: whoever may make user namespaces.
	Memory,
	/// Files as disks: root, and not in a container that keeps loop devices away.
	Disks,
}

impl Rights {
	fn needed(self) -> &'static str {
		match self {
			Self::Memory => {
				"This test fills a file system in memory. It needs `unshare` and `mount` (package util-linux), `ip` \
				(iproute2), and root or a system that lets this user make user namespaces: see user.max_user_namespaces, \
				kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container its own rules."
			}
			Self::Disks => {
				"This test takes the power from disks, which are files mounted with `mount -o loop`. It needs root, loop \
				devices, `unshare` and `mount` (package util-linux), `ip` (iproute2), `mkfs.ext4` (e2fsprogs), `python3`. Where \
				that cannot be had, VEILMART_WITHOUT_LOOP=1 leaves it out; another test needs none of it."
			}
		}
	}
}

/// Whether this machine was said not to mount files as disks.
pub fn without_loop() -> bool {
	let without = env::var_os("VEILMART_WITHOUT_LOOP").is_some();
	if without {
		println!("Left out: VEILMART_WITHOUT_LOOP is set. Another test takes what was not synced from the vote logs.");
	}
	without
}

/// Runs the body of the test of this name where it may mount what it likes, or where [`Small`] needs no mounts. The name is
/// what the test program calls it.
pub fn with_mounts<F: Future<Output = ()>>(name: &str, rights: Rights, body: impl FnOnce() -> F) {
	let needed = rights.needed();
	// Within the namespaces everybody is root.
	let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
	let options: &[&str] = match (is_root, rights) {
		(true, _) => &["--mount", "--net"],
		(false, Rights::Memory) => &["--user", "--map-root-user", "--mount", "--net"],
		(false, Rights::Disks) => panic!("{needed}"),
	};
	if rights == Rights::Memory {
		if let Some(why) = refused(options, TRIAL) {
			println!("Nodes are told that their disk is full. No file system in memory: {why}");
			return Runtime::new().unwrap().block_on(body());
		}
	}
	in_second_process(name, options, needed, || {
		loopback().unwrap();
		Runtime::new().unwrap().block_on(body());
	});
}

fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Result<()> {
	let output = Command::new(program)
		.args(arguments)
		.stdin(Stdio::null())
		.output()
		.map_err(|error| format!("{program}: {error}"))?;
	if !output.status.success() {
		let complained = String::from_utf8_lossy(&output.stderr);
		return Err(format!("{program}: {}: {}", output.status, complained.trim()).into());
	}
	Ok(())
}

/// What a node has some of its files on.
pub trait FileSystem {
	/// What the node's process needs in its environment.
	fn variables(&self) -> Vec<(&'static str, OsString)> {
		Vec::new()
	}
}

/// A small file system.
#[derive(Debug)]
pub enum Small {
	/// In memory, mounted here.
	Memory(PathBuf),
	/// Any, about which the node is told something else.
	Told(Room),
}

impl Small {
	/// An empty one here.
	pub fn make(here: &Path) -> Result<Self> {
		fs::create_dir_all(here)?;
		if !is_second() {
			return Ok(Self::Told(Room::make(here)?));
		}
		let size = format!("size={ROOM}m");
		let mounted = run(
			"mount",
			[
				"-t".as_ref(),
				"tmpfs".as_ref(),
				"-o".as_ref(),
				size.as_ref(),
				"tmpfs".as_ref(),
				here.as_os_str(),
			],
		);
		mounted.map_err(|error| format!("{error}. {}", Rights::Memory.needed()))?;
		Ok(Self::Memory(here.to_owned()))
	}

	/// Writes a file until nothing more fits, with a pause after each MiB.
	pub fn fill(&self, pause: Duration) -> Result<()> {
		let mut ballast = match self {
			Self::Memory(mount) => File::create(ballast(mount))?,
			Self::Told(room) => return room.fill(pause),
		};
		loop {
			for _ in 0..256 {
				match ballast.write_all(&[1; 4096]) {
					Ok(()) => {}
					Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
					Err(error) => return Err(error.into()),
				}
			}
			thread::sleep(pause);
		}
	}

	/// Takes that file away.
	pub fn make_room(&self) -> Result<()> {
		match self {
			Self::Memory(mount) => Ok(fs::remove_file(ballast(mount))?),
			Self::Told(room) => room.make_room(),
		}
	}
}

fn ballast(mount: &Path) -> PathBuf {
	mount.join("ballast")
}

impl FileSystem for Small {
	fn variables(&self) -> Vec<(&'static str, OsString)> {
		match self {
			Self::Memory(_) => Vec::new(),
			Self::Told(room) => room.variables(),
		}
	}
}

/// A disk of a node's own: a file with a file system in it.
///
/// What programs write goes to memory first, and to the file when they sync it, or the file system finds time; it is told to
/// take all it wants. [`Disk::cut`] has the file system give up at once: what it has not written is gone, and nothing
/// reaches the file any more. This is how file systems themselves are tested; unlike a real disk the file never loses or
/// reorders what it was given.
#[derive(Debug)]
pub struct Disk {
	image: PathBuf,
	mount: PathBuf,
}

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`, for each of the paths.
const CUT: &str = "import fcntl, os, sys
for disk in [os.open(path, os.O_RDONLY) for path in sys.argv[1:]]:
    fcntl.ioctl(disk, 0x8004587d, (2).to_bytes(4, sys.byteorder))";

impl Disk {
	/// What it holds, in bytes. The file is as long, and takes what was written.
	const SIZE: u64 = 1024 * 1024 * 1024;

	/// An empty one, mounted here.
	pub fn make(image: &Path, mount: &Path) -> Result<Self> {
		File::create(image)?.set_len(Self::SIZE)?;
		run("mkfs.ext4", ["-q".as_ref(), image.as_os_str()])?;
		fs::create_dir_all(mount)?;
		let disk = Self {
			image: image.to_owned(),
			mount: mount.to_owned(),
		};
		disk.mount()?;
		Ok(disk)
	}

	fn mount(&self) -> Result<()> {
		let options = "loop,commit=300,noauto_da_alloc".as_ref();
		let mounted = run(
			"mount",
			[
				"-o".as_ref(),
				options,
				self.image.as_os_str(),
				self.mount.as_os_str(),
			],
		);
		mounted.map_err(|error| format!("{error}. {}", Rights::Disks.needed()).into())
	}

	/// Cuts the power of all these at once. Whoever works on them sees errors from now on.
	pub fn cut(disks: &[Self]) -> Result<()> {
		let mounts = disks.iter().map(|disk| disk.mount.as_os_str());
		run("python3", ["-c".as_ref(), CUT.as_ref()].into_iter().chain(mounts))
	}

	/// Gives the power back: mounts what has reached the file. Nobody may have files open.
	pub fn start_again(&self) -> Result<()> {
		run("umount", [&self.mount])?;
		self.mount()
	}

	fn marks(&self) -> [PathBuf; 2] {
		["synced", "unsynced"].map(|name| self.mount.join(name))
	}

	/// Leaves something that has to outlive a cut, and something that must not.
	pub fn mark(&self) -> Result<()> {
		let [synced, unsynced] = self.marks();
		let mut file = File::create(synced)?;
		file.write_all(MARK)?;
		file.sync_all()?;
		Ok(fs::write(unsynced, MARK)?)
	}

	/// Whether the cut since then was one: an error if it lost what was synced, or kept what was not. Takes the marks away.
	pub fn check(&self) -> Result<()> {
		let [synced, unsynced] = self.marks();
		let found = fs::read(&synced)?;
		if found != MARK {
			return Err(format!("{}: {} bytes", synced.display(), found.len()).into());
		}
		fs::remove_file(&synced)?;
		match fs::read(&unsynced) {
			Ok(found) if !found.is_empty() => Err(format!("{} outlived the cut", unsynced.display()).into()),
			// Its name may have been written with what was synced.
			Ok(_) => Ok(fs::remove_file(&unsynced)?),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
			Err(error) => Err(error.into()),
		}
	}
}

impl FileSystem for Disk {}

/// What is written to see whether it is lost.
const MARK: &[u8] = b"There was power when this was written.";
