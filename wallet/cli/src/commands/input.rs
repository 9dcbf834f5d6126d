//! Files that somebody else wrote, and that a command reads.

use std::{
	fs::File,
	io::{self, Read},
	path::Path,
};

use crate::error::{Error, Result};

/// The most that is read: an audit report has some twenty kilobytes, the others less.
const LARGEST: u64 = 256 * 1024;

/// The text of a file, or of the standard input for `-`. `what` names it in errors.
pub(super) fn read(path: &Path, what: &str) -> Result<String> {
	let failed = |error: io::Error| Error::file(format!("Cannot read {what} {}: {error}", path.display()));
	let mut text = String::new();
	let limit = LARGEST + 1;
	let read = if path.as_os_str() == "-" {
		io::stdin().take(limit).read_to_string(&mut text)
	} else {
		File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
	};
	if read.map_err(failed)? as u64 > LARGEST {
		return Err(Error::file(format!(
			"{} is too large to be {what}.",
			path.display()
		)));
	}
	Ok(text)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn files_without_end_are_not_read() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("report.json");
		std::fs::write(&path, "{}").unwrap();
		assert_eq!(read(&path, "the report").as_deref(), Ok("{}"));
		std::fs::write(&path, vec![b' '; LARGEST as usize + 1]).unwrap();
		let error = read(&path, "the report").unwrap_err().to_string();
		assert!(error.contains("too large to be the report"), "{error}");
		let error = read(&folder.path().join("none"), "the report")
			.unwrap_err()
			.to_string();
		assert!(error.starts_with("Cannot read the report"), "{error}");
	}
}
