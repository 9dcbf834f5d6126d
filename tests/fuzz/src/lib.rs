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
pub mod batch;
pub mod ciphertext;
pub mod consensus;
pub mod disk;
pub mod dispatch;
pub mod document;
pub mod extrinsic;
pub mod finality;
pub mod genesis;
pub mod journal;
pub mod key;
pub mod letter;
pub mod note;
pub mod opening;
pub mod packet;
pub mod proof;
pub mod record;
pub mod rpc;
pub mod rules;
pub mod secret;
pub mod statement;
pub mod text;
pub mod trapdoor;
pub mod votes;

mod setting;

pub use setting::{authorities, SecretAuthority, GENESIS};

use codec::{Decode, DecodeAll, Encode};
use serde::{de::DeserializeOwned, Serialize};

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
	/// Its name: of its program, its corpus and its module.
	pub name: &'static str,
	/// Whether the bytes are accepted.
	pub run: fn(&[u8]) -> bool,
}

/// All targets.
pub const TARGETS: [Target; 25] = [
	target("answers", answers::run),
	target("batch", batch::run),
	target("ciphertext", ciphertext::run),
	target("consensus", consensus::run),
	target("disk", disk::run),
	target("dispatch", dispatch::run),
	target("document", document::run),
	target("extrinsic", extrinsic::run),
	target("finality", finality::run),
	target("genesis", genesis::run),
	target("journal", journal::run),
	target("key", key::run),
	target("letter", letter::run),
	target("note", note::run),
	target("opening", opening::run),
	target("packet", packet::run),
	target("proof", proof::run),
	target("record", record::run),
	target("rpc", rpc::run),
	target("rules", rules::run),
	target("secret", secret::run),
	target("statement", statement::run),
	target("text", text::run),
	target("trapdoor", trapdoor::run),
	target("votes", votes::run),
];

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
	Target { name, run }
}

/// The first byte of an input says which of a target's formats the rest is in: `0` the first one, and so on.
fn in_format(formats: &[Target], data: &[u8]) -> bool {
	let Some((first, rest)) = data.split_first() else {
		return false;
	};
	let format = first
		.checked_sub(b'0')
		.and_then(|index| formats.get(usize::from(index)));
	format.is_some_and(|format| (format.run)(rest))
}

/// An input for a target that has formats.
pub fn input(formats: &[Target], name: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
	let index = formats.iter().position(|format| format.name == name);
	let index = u8::try_from(index.expect("there is such a format")).expect("they are few");
	[&[b'0' + index][..], content.as_ref()].concat()
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

/// The value that a JSON text is, which means the same when it is written again.
fn json<T: DeserializeOwned + Serialize + PartialEq>(data: &[u8]) -> Option<T> {
	let value: T = serde_json::from_slice(data).ok()?;
	let again = serde_json::to_vec(&value).expect("it was read");
	assert!(
		serde_json::from_slice::<T>(&again).is_ok_and(|again| again == value),
		"it is read as something else when written again"
	);
	Some(value)
}
