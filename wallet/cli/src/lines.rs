//! Files of lines that are only added to, and that nobody else reads: what the journals have in common.
//!
//! A line counts once its end is on the disk. What follows the last end was being written when the power went, and nothing was done
//! upon it.

use std::{
	fs::{self, File, OpenOptions, TryLockError},
	io,
	path::Path,
};

use veilmart_runtime::{AccountId, Hash};

use crate::{
	account::address,
	error::{Error, Result},
};

/// A line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
	/// Its number, from 1.
	pub line: usize,
	/// What is wrong with it.
	pub problem: &'static str,
}

/// The name of what belongs to an account on a chain.
pub(crate) fn name_of(account: &AccountId, genesis: Hash) -> String {
	let chain = hex::encode(genesis.as_bytes().get(..8).unwrap_or_default());
	format!("{}-{chain}", address(account))
}

/// Takes the lock with this name in a folder, which is made if it is not there. The system releases it when the process ends, however it ends.
/// An error, which `held` makes of the path, if another process has it.
pub(crate) fn lock(folder: &Path, name: &str, held: impl FnOnce(&Path) -> Error) -> Result<File> {
	let path = folder.join(format!("{name}.lock"));
	let failed = |error: io::Error| Error::file(format!("Cannot use {}: {error}", path.display()));
	create_folder(folder).map_err(failed)?;
	let file = options()
		.create(true)
		.truncate(false)
		.open(&path)
		.map_err(failed)?;
	match file.try_lock() {
		Ok(()) => Ok(file),
		Err(TryLockError::WouldBlock) => Err(held(&path)),
		Err(TryLockError::Error(error)) => Err(failed(error)),
	}
}

/// How many bytes of a content are whole lines.
pub(crate) fn whole(content: &[u8]) -> usize {
	content
		.iter()
		.rposition(|byte| *byte == b'\n')
		.map_or(0, |end| end + 1)
}

/// For reading and writing, by its owner alone.
pub(crate) fn options() -> OpenOptions {
	let mut options = OpenOptions::new();
	options.read(true).write(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options
}

/// Makes a folder that is its owner's alone, if it is not there.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
	let mut builder = fs::DirBuilder::new();
	builder.recursive(true);
	#[cfg(unix)]
	std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
	builder.create(folder)
}

/// Has the name of a file survive a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
	match path.parent() {
		Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
		Some(folder) => File::open(folder)?.sync_all(),
		None => Ok(()),
	}
}
