//! Disks that forget what was not synced, of vote logs: power that goes, where nobody may mount a disk to take it from.
//!
//! A library in the node's process (`syncs.c`) takes down how long a log was at each of its syncs. When the node has been killed,
//! which loses nothing by itself, [`ForgetfulDisk::cut`] takes from its log what a disk without power may lose. What it
//! knows of are `fsync` and `fdatasync`: a log that is brought to the disk by other means counts as never synced, and the test fails.

use std::{
	ffi::OsString,
	fs::{self, OpenOptions},
	os::unix::fs::{FileExt, MetadataExt},
	path::{Path, PathBuf},
};

use crate::{
	moments::Moments,
	mounts::FileSystem,
	preload::{compile, PRELOAD},
	Result,
};

/// What takes down the syncs, and the variables that tell it where, and how many milliseconds each of them takes.
const LIBRARY: &str = include_str!("syncs.c");
const SYNCS: &str = "VEILMART_SYNCS";
const TAKES: &str = "VEILMART_SYNC_TAKES";
/// As many as a disk that turns needs. What a node says before its sync is over, it says long before.
const SLOW: &str = "20";

/// A disk that forgets what was not synced.
#[derive(Debug)]
pub struct ForgetfulDisk {
	folder: PathBuf,
}

impl ForgetfulDisk {
	/// The one of a node that has this folder.
	pub fn of(node: &Path) -> Result<Self> {
		let folder = node.join("syncs");
		fs::create_dir_all(&folder)?;
		let disk = Self { folder };
		compile(LIBRARY, &disk.library())?;
		Ok(disk)
	}

	fn library(&self) -> PathBuf {
		self.folder.join("syncs.so")
	}

	/// Where the length is that a log had when it was synced.
	fn note_of(&self, log: &Path) -> Result<PathBuf> {
		Ok(self.folder.join(fs::metadata(log)?.ino().to_string()))
	}

	/// How much of a log was synced.
	fn synced(&self, log: &Path) -> Result<u64> {
		let note = fs::read(self.note_of(log)?).ok();
		let length = note.and_then(|length| Some(u64::from_ne_bytes(length.try_into().ok()?)));
		length.ok_or_else(|| format!("{} was never synced", log.display()).into())
	}

	/// How much of a log was not.
	pub fn at_stake(&self, log: &Path) -> Result<u64> {
		let synced = self.synced(log)?;
		Ok(fs::metadata(log)?.len().saturating_sub(synced))
	}

	/// Does to a log, in which nobody writes, what disks do that lose their power: what was synced stays. Of what follows a
	/// part stays, too, or nothing; behind it comes what is zero, or anything, or nothing. Gives how much is not
	/// what was written.
	pub fn cut(&self, log: &Path, moments: &mut Moments) -> Result<u64> {
		let at_stake = self.at_stake(log)?;
		let length = fs::metadata(log)?.len();
		let file = OpenOptions::new().write(true).open(log)?;
		let stays = match moments.below(2) {
			0 => 0,
			_ => moments.below(at_stake + 1),
		};
		let lost = at_stake - stays;
		let begin = length - lost;
		// Where the file has grown, and its content did not come with that.
		let spoiled = moments.below(lost + 1);
		file.set_len(begin)?;
		match moments.below(3) {
			0 => {}
			1 => file.set_len(begin + spoiled)?,
			_ => {
				let noise: Vec<_> = (0..spoiled).map(|_| moments.below(256) as u8).collect();
				file.write_all_at(&noise, begin)?;
			}
		}
		// What is left is what is on the disk.
		let left = file.metadata()?.len();
		fs::write(self.note_of(log)?, left.to_ne_bytes())?;
		Ok(lost)
	}
}

impl FileSystem for ForgetfulDisk {
	fn variables(&self) -> Vec<(&'static str, OsString)> {
		vec![
			(PRELOAD, self.library().into()),
			(SYNCS, self.folder.clone().into()),
			(TAKES, SLOW.into()),
		]
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::process::Command;

	/// A program that writes files and syncs them.
	const WRITE: &str = "import os, sys
folder = sys.argv[1]
def begun(name):
    return os.open(folder + '/' + name, os.O_WRONLY | os.O_CREAT)
log = begun('votes-1')
os.write(log, b'synced')
os.fdatasync(log)
os.write(log, b', and this is not')
anew = begun('votes-2.new')
os.write(anew, b'all of it')
os.fsync(anew)
os.rename(folder + '/votes-2.new', folder + '/votes-2')
other = begun('other')
os.write(other, b'something')
os.fsync(other)
os.write(begun('votes-3'), b'nothing')";

	fn written(folder: &Path) -> ForgetfulDisk {
		let disk = ForgetfulDisk::of(folder).unwrap();
		let status = Command::new("python3")
			.args(["-c", WRITE])
			.arg(folder)
			.envs(disk.variables())
			.status()
			.unwrap();
		assert!(status.success());
		disk
	}

	#[test]
	fn what_was_synced_is_known_by_whatever_name_and_nothing_else_is() {
		let folder = tempfile::tempdir().unwrap();
		let disk = written(folder.path());
		let log = |name: &str| folder.path().join(name);
		assert_eq!(disk.synced(&log("votes-1")).unwrap(), 6);
		assert_eq!(disk.at_stake(&log("votes-1")).unwrap(), 17);
		assert_eq!(disk.synced(&log("votes-2")).unwrap(), 9);
		assert_eq!(disk.at_stake(&log("votes-2")).unwrap(), 0);
		for name in ["other", "votes-3"] {
			let error = disk.synced(&log(name)).unwrap_err();
			assert!(error.to_string().contains("was never synced"), "{error}");
		}
	}

	#[test]
	fn what_was_synced_outlives_the_power() {
		let folder = tempfile::tempdir().unwrap();
		let disk = written(folder.path());
		let log = folder.path().join("votes-1");
		let whole = fs::read(&log).unwrap();
		let mut moments = Moments::new();
		let mut lengths = std::collections::BTreeSet::new();
		for _ in 0..200 {
			fs::write(&log, &whole).unwrap();
			fs::write(disk.note_of(&log).unwrap(), 6_u64.to_ne_bytes()).unwrap();
			let lost = disk.cut(&log, &mut moments).unwrap();
			let stays = whole.len() - usize::try_from(lost).unwrap();
			let left = fs::read(&log).unwrap();
			assert_eq!(left[..stays], whole[..stays]);
			assert!(stays >= 6 && left.len() <= whole.len(), "{left:?}");
			lengths.insert(left.len());
			assert_eq!(disk.at_stake(&log).unwrap(), 0, "the power has gone");
		}
		assert!(lengths.contains(&6) && lengths.len() > 6, "{lengths:?}");
		// Nothing is taken from what was synced.
		let log = folder.path().join("votes-2");
		assert_eq!(disk.cut(&log, &mut moments).unwrap(), 0);
		assert_eq!(fs::read(&log).unwrap(), b"all of it");
	}
}
