//! Where nodes have their files.

use std::{
	ffi::OsStr,
	fs,
	path::{Path, PathBuf},
};
use veilmart_demo_parts::process::Node;

use crate::Result;

/// Where a node has what belongs to its chain.
pub fn chain_folder(node: &Node) -> PathBuf {
	node.folder().join("chains").join("local_testnet")
}

/// Its vote logs: one for each name that it has had.
pub fn vote_logs(node: &Node) -> Result<Vec<PathBuf>> {
	let mut logs = Vec::new();
	for entry in fs::read_dir(chain_folder(node).join("td-raft"))? {
		let path = entry?.path();
		let name = path.file_name().and_then(OsStr::to_str);
		let is_log = name.is_some_and(|name| name.starts_with("votes-") && !name.contains('.'));
		if is_log {
			logs.push(path);
		}
	}
	logs.sort();
	Ok(logs)
}

/// Its database.
pub fn database(node: &Node) -> PathBuf {
	chain_folder(node).join("paritydb")
}

/// Copies a folder that somebody is writing in.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
	fs::create_dir_all(to)?;
	for entry in fs::read_dir(from)? {
		let entry = entry?;
		let target = to.join(entry.file_name());
		if entry.file_type()?.is_dir() {
			copy_folder(&entry.path(), &target)?;
		} else {
			match fs::copy(entry.path(), target) {
				// The database has just replaced a file of its log.
				Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
				result => drop(result?),
			}
		}
	}
	Ok(())
}
