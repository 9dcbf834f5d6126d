//! A folder of which a node is told that its file system is full, where the machine lets nobody mount one that fills.
//!
//! A library in the node's process (`room.c`) says how much is left, and lets nothing more be written when that is nothing.
//! That is all a node can go by: it stops before the files that it has mapped into memory cannot grow, and with them it would
//! be ended by the system, which is not shown here.

use std::{
	ffi::OsString,
	fs::File,
	io,
	os::unix::fs::FileExt,
	path::{Path, PathBuf},
	thread,
	time::Duration,
};

use crate::{
	mounts::ROOM,
	preload::{compile, PRELOAD},
	Result,
};

/// What says how much is left, and the variables that tell it where that is written, and of which folder it is said.
const LIBRARY: &str = include_str!("room.c");
const LEFT: &str = "VEILMART_ROOM";
const FOLDER: &str = "VEILMART_ROOM_IN";

/// How much of a folder's file system is left, as a node is told.
#[derive(Debug)]
pub struct Room {
	folder: PathBuf,
	left: File,
}

impl Room {
	/// A lot. The folder is there.
	pub fn make(folder: &Path) -> Result<Self> {
		let folder = folder.canonicalize()?;
		compile(LIBRARY, &Self::library(&folder))?;
		let left = File::create(Self::file(&folder))?;
		let room = Self { folder, left };
		room.make_room()?;
		Ok(room)
	}

	fn library(folder: &Path) -> PathBuf {
		folder.with_extension("so")
	}

	fn file(folder: &Path) -> PathBuf {
		folder.with_extension("left")
	}

	/// What the node's process needs in its environment.
	pub fn variables(&self) -> Vec<(&'static str, OsString)> {
		vec![
			(PRELOAD, Self::library(&self.folder).into()),
			(LEFT, Self::file(&self.folder).into()),
			(FOLDER, self.folder.clone().into()),
		]
	}

	/// In its place in the file, which the node has mapped into memory: it must not become shorter.
	fn say(&self, mebibytes: u64) -> io::Result<()> {
		self.left.write_all_at(&(mebibytes << 20).to_ne_bytes(), 0)
	}

	/// Leaves less and less until nothing is left, with a pause after each MiB.
	pub fn fill(&self, pause: Duration) -> Result<()> {
		for left in (0..ROOM).rev() {
			self.say(left)?;
			thread::sleep(pause);
		}
		Ok(())
	}

	/// Leaves a lot again.
	pub fn make_room(&self) -> Result<()> {
		Ok(self.say(ROOM)?)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::{fs, process::Command};

	/// What a program finds: how many bytes are left in the folder, and whether it can write there and beside it.
	const LOOK: &str = "import os, sys
folder = sys.argv[1]
def written(path):
    try:
        with open(path, 'w') as file:
            file.write('?')
        return 'written'
    except OSError as error:
        return os.strerror(error.errno)
disk = os.statvfs(folder + '/inner')
print(disk.f_bavail * disk.f_frsize)
print(written(folder + '/inner/file'))
print(written(folder + '-beside'))";

	#[test]
	fn a_program_is_told_what_is_left_and_writes_nothing_when_that_is_nothing() {
		let beside = tempfile::tempdir().unwrap();
		let folder = beside.path().join("folder");
		fs::create_dir_all(folder.join("inner")).unwrap();
		let room = Room::make(&folder).unwrap();
		let look = || {
			let output = Command::new("python3")
				.args(["-c", LOOK])
				.arg(&folder)
				.envs(room.variables())
				.output()
				.unwrap();
			let complained = String::from_utf8_lossy(&output.stderr);
			assert!(output.status.success(), "{complained}");
			let said = String::from_utf8(output.stdout).unwrap();
			said.lines().map(str::to_owned).collect::<Vec<_>>()
		};
		room.say(5).unwrap();
		assert_eq!(look(), ["5242880", "written", "written"]);
		room.fill(Duration::ZERO).unwrap();
		assert_eq!(look(), ["0", "No space left on device", "written"]);
		room.make_room().unwrap();
		assert_eq!(look()[1..], ["written", "written"]);
	}
}
