//! Clocks that a test sets: each node can be given one of its own, with libfaketime (package `faketime`).
//!
//! Only the time of day is changed. Timers run on the monotonic clock, which no operator and no NTP server sets.

use std::{
	fs,
	path::PathBuf,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use codec::DecodeAll;
use frame_support::storage::storage_prefix;
use serde_json::json;
use veilmart_cli::chain::Chain;
use veilmart_demo_parts::process::Node;

use crate::{
	clients::{ask, bytes},
	Result,
};

/// Where distributions have the library, below one of these or a folder in them named after the processor.
const LIBRARIES: [&str; 3] = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
/// The variant for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

fn library() -> Result<PathBuf> {
	let below = LIBRARIES.map(PathBuf::from).into_iter().flat_map(|folder| {
		let inner = fs::read_dir(&folder).into_iter().flatten().flatten();
		let inner: Vec<_> = inner.map(|entry| entry.path()).collect();
		[folder].into_iter().chain(inner)
	});
	below
		.map(|folder| folder.join(LIBRARY))
		.find(|library| library.is_file())
		.ok_or_else(|| {
			"This test sets the clocks of nodes. It needs libfaketime (package faketime), which `make setup` installs."
				.into()
		})
}

/// The clock of a node.
#[derive(Debug)]
pub struct Clock {
	file: PathBuf,
}

impl Clock {
	/// Gives a node a clock of its own, from its next start on. It is right until it is set.
	pub fn of(node: &mut Node) -> Result<Self> {
		let clock = Self {
			file: node.folder().join("clock"),
		};
		clock.set(0)?;
		node.set_variable("LD_PRELOAD", library()?);
		node.set_variable("FAKETIME_TIMESTAMP_FILE", &clock.file);
		// The file is read each time.
		node.set_variable("FAKETIME_NO_CACHE", "1");
		node.set_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
		node.set_variable("NO_FAKE_STAT", "1");
		Ok(clock)
	}

	/// Has it ahead of the right time by so many seconds, or behind it.
	pub fn set(&self, seconds: i64) -> Result<()> {
		// Whoever reads it finds the old time or the new one.
		let new = self.file.with_extension("new");
		fs::write(&new, format!("{seconds:+}\n"))?;
		Ok(fs::rename(new, &self.file)?)
	}
}

/// How far ahead of the right time a node's last final block is dated, in seconds.
pub async fn chain_is_ahead(node: &Node) -> Result<f64> {
	let at = Chain::connect(&node.url).await?.finalized().await?;
	let key = format!("0x{}", hex::encode(storage_prefix(b"Timestamp", b"Now")));
	let moment = bytes(&ask(node, "state_getStorage", &[json!(key), json!(at)]).await?);
	let moment = Duration::from_millis(u64::decode_all(&mut &moment[..])?);
	let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
	Ok(moment.as_secs_f64() - now.as_secs_f64())
}

/// The hour in which a node wrote the last line of its log, as its clock has it.
pub fn hour(node: &Node) -> String {
	let words = node.words();
	let mut dated = words.lines().rev().filter(|line| line.starts_with("20"));
	dated
		.next()
		.and_then(|line| line.get(..13))
		.unwrap_or_default()
		.to_owned()
}
