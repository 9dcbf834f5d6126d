//! What is fuzzed: for each target a function over bytes, which panics if something does not hold that has to hold whatever
//! the bytes are.
//!
//! The fuzzer's programs in `fuzz/` call them, and so does the test `corpora`, with every file of `corpora/`. It is not for
//! what needs a process, a socket or a disk.
//!
//! Every function says whether the bytes were *accepted*: decoded, and verified where there is something to verify. A corpus of
//! nothing that is accepted tests the first check of a decoder and rots unseen when a format changes.

#![deny(missing_docs)]

pub mod answers;
pub mod ciphertext;
pub mod consensus;
pub mod dispatch;
pub mod document;
pub mod extrinsic;
pub mod finality;
pub mod key;
pub mod letter;
pub mod note;
pub mod opening;
pub mod proof;
pub mod record;
pub mod statement;
pub mod text;
pub mod trapdoor;

mod setting;

pub use setting::{authorities, SecretAuthority, GENESIS};

use codec::{Decode, DecodeAll, Encode};

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
	/// Its name: of its program, its corpus and its module.
	pub name: &'static str,
	/// Whether the bytes are accepted.
	pub run: fn(&[u8]) -> bool,
}

/// All targets.
pub const TARGETS: [Target; 16] = [
	target("answers", answers::run),
	target("ciphertext", ciphertext::run),
	target("consensus", consensus::run),
	target("dispatch", dispatch::run),
	target("document", document::run),
	target("extrinsic", extrinsic::run),
	target("finality", finality::run),
	target("key", key::run),
	target("letter", letter::run),
	target("note", note::run),
	target("opening", opening::run),
	target("proof", proof::run),
	target("record", record::run),
	target("statement", statement::run),
	target("text", text::run),
	target("trapdoor", trapdoor::run),
];

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
	Target { name, run }
}

/// The value at the front, which is taken off. A value has one encoding: two would be two hashes for one statement.
fn take<T: Decode + Encode>(data: &mut &[u8]) -> Option<T> {
	let mut rest = *data;
	let value = T::decode(&mut rest).ok()?;
	let (encoded, rest) = data.split_at(data.len() - rest.len());
	assert_eq!(value.encode(), encoded, "a second encoding was accepted");
	*data = rest;
	Some(value)
}

/// The value that all of the bytes are.
fn whole<T: Decode + Encode>(mut data: &[u8]) -> Option<T> {
	let bytes = data;
	let value = T::decode_all(&mut data).ok()?;
	assert_eq!(value.encode(), bytes, "a second encoding was accepted");
	Some(value)
}
