//! Writes the corpora: `cargo run --example seeds`. All keys are published ones, and the same bytes come out every time.
//!
//! Files that the fuzzer found (`found-…`) stay.

mod chain;
mod engine;
mod node;
mod papers;
mod protocol;
mod trade;
mod wallet;

use std::{collections::BTreeMap, fs, path::Path};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// The files of each target, by name.
#[derive(Default)]
pub struct Corpora(BTreeMap<&'static str, BTreeMap<String, Vec<u8>>>);

impl Corpora {
	/// An input that is accepted, or one whose name begins with `broken`.
	pub fn add(&mut self, target: &'static str, name: &str, bytes: impl AsRef<[u8]>) {
		let files = self.0.entry(target).or_default();
		let before = files.insert(name.to_owned(), bytes.as_ref().to_vec());
		assert!(before.is_none(), "{target}/{name} twice");
	}
}

/// Randomness of which nothing depends on chance.
pub fn rng(label: &str) -> ChaCha20Rng {
	let mut seed = [0; 32];
	seed[..label.len()].copy_from_slice(label.as_bytes());
	ChaCha20Rng::from_seed(seed)
}

/// The bytes with a bit of the one at this place, counted from the end, changed.
pub fn broken(bytes: &[u8], from_end: usize) -> Vec<u8> {
	let mut bytes = bytes.to_vec();
	let at = bytes.len() - 1 - from_end;
	bytes[at] ^= 1;
	bytes
}

fn main() {
	let mut corpora = Corpora::default();
	trade::add(&mut corpora);
	chain::add(&mut corpora);
	protocol::add(&mut corpora);
	engine::add(&mut corpora);
	wallet::add(&mut corpora);
	papers::add(&mut corpora);
	node::add(&mut corpora);
	let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
	let mut total = 0;
	for (target, files) in corpora.0 {
		let folder = root.join(target);
		fs::create_dir_all(&folder).expect("the folder of a corpus");
		for entry in fs::read_dir(&folder).expect("it was made") {
			let entry = entry.expect("a file");
			if !entry.file_name().to_string_lossy().starts_with("found") {
				fs::remove_file(entry.path()).expect("an old seed");
			}
		}
		for (name, bytes) in files {
			total += bytes.len();
			fs::write(folder.join(name), bytes).expect("a seed");
		}
	}
	println!("{total} bytes");
}
