//! Room on a disk.

use std::{
	io,
	path::{Path, PathBuf},
	time::Duration,
};

use crate::LOG_TARGET;

/// MiB that have to be left. The database writes into files that are mapped into memory: where these cannot grow, the process
/// ends with a bus error, without a word. So a node stops before that.
const ROOM: u64 = 64;
/// Between one look and the next: whoever fills a disk has to write [`ROOM`] in this time to come before it.
const LOOK: Duration = Duration::from_secs(1);

/// An error that says what is missing, if there is too little room where this is, or is going to be.
pub fn check_room(path: &Path) -> io::Result<()> {
	let there = path.ancestors().find(|path| path.exists()).unwrap_or(path);
	let disk = rustix::fs::statvfs(there)?;
	let left = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
	if left < ROOM {
		return Err(io::Error::new(
			io::ErrorKind::StorageFull,
			format!(
				"{left} MiB are left on the disk of {}, a node needs {ROOM}",
				there.display()
			),
		));
	}
	Ok(())
}

/// Looks until there is too little room where this is, and says so: a task without which a node stops. Who writes votes looks,
/// too, before each of them; this is for who has none to write, and imports what others have agreed on.
pub async fn watch_room(path: PathBuf) {
	loop {
		if let Err(error) = check_room(&path) {
			log::error!(target: LOG_TARGET, "The node stops: {error}");
			return;
		}
		tokio::time::sleep(LOOK).await;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_path_that_is_not_there_yet_is_judged_by_where_it_is_going_to_be() {
		let folder = tempfile::tempdir().unwrap();
		let here = check_room(folder.path()).map_err(|error| error.kind());
		let there = check_room(&folder.path().join("not/yet")).map_err(|error| error.kind());
		assert_eq!(here, there);
	}
}
