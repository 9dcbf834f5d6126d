//! Where nodes have their files.

use std::{
	fs,
	path::{Path, PathBuf},
};
use veilmart_demo_parts::process::Node;

use crate::Result;

/// Where a node has what belongs to its chain.
pub fn chain_folder(node: &Node) -> PathBuf {
	node.folder().join("chains").join("local_testnet")
}

/// Its vote log.
pub fn vote_log(node: &Node) -> PathBuf {
	chain_folder(node).join("td-raft").join("votes")
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
