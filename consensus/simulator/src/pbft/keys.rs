//! Signatures of the simulated PBFT.
//!
//! Runs with a hundred nodes check millions of signatures, so the simulator does not compute them: a signature is a
//! number that depends on the signer's secret and on what is signed. An adversary is handed its own secret only; it
//! cannot sign for others because the code that plays it cannot reach their secrets. The *time* of signing and
//! checking is that of sr25519, from the table of costs.

use crate::{
	replica::{BlockHash, NodeId},
	rng::{Rng, Stream},
};
use std::rc::Rc;

/// A signature on a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
	/// Who signed, or is said to have.
	pub signer: NodeId,
	tag: u64,
}

/// Bytes of a signature on the wire: 64 and the signer's index.
pub const SIGNATURE_BYTES: u64 = 68;

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
	/// Separates the kinds of messages.
	pub kind: u64,
	/// The view, or 0.
	pub view: u64,
	/// The sequence number, or 0.
	pub seq: u64,
	/// The digest.
	pub digest: BlockHash,
}

/// The secret of one node.
#[derive(Clone)]
pub struct Signer {
	id: NodeId,
	secret: u64,
}

impl Signer {
	/// Signs.
	pub fn sign(&self, statement: &Statement) -> Signature {
		Signature {
			signer: self.id,
			tag: tag(self.secret, statement),
		}
	}

	/// Who signs.
	pub fn id(&self) -> NodeId {
		self.id
	}
}

impl Signature {
	/// A signature in the name of another, which no check accepts.
	pub fn forged(signer: NodeId, statement: &Statement) -> Self {
		Self {
			signer,
			tag: !tag(0, statement),
		}
	}

	/// The same signature with a bit wrong.
	pub fn garbled(self) -> Self {
		Self {
			tag: self.tag ^ 1,
			..self
		}
	}
}

/// Checks signatures of all nodes. It stands for the public keys.
#[derive(Clone)]
pub struct Verifier {
	secrets: Rc<[u64]>,
}

impl Verifier {
	/// Whether the signer signed the statement.
	pub fn verify(&self, statement: &Statement, signature: &Signature) -> bool {
		self.secrets
			.get(signature.signer.index())
			.is_some_and(|secret| tag(*secret, statement) == signature.tag)
	}
}

/// The keys of a run.
#[derive(Clone)]
pub struct Keys {
	secrets: Rc<[u64]>,
}

impl Keys {
	/// Keys for `n` nodes.
	pub fn new(n: u32, seed: u64) -> Self {
		let mut rng = Rng::new(seed, Stream::Keys);
		Self {
			secrets: (0..n).map(|_| rng.word()).collect(),
		}
	}

	/// The secret of one node; `None` beyond the last.
	pub fn signer(&self, id: NodeId) -> Option<Signer> {
		self.secrets
			.get(id.index())
			.map(|secret| Signer { id, secret: *secret })
	}

	/// The check.
	pub fn verifier(&self) -> Verifier {
		Verifier {
			secrets: self.secrets.clone(),
		}
	}
}

fn tag(secret: u64, statement: &Statement) -> u64 {
	let words = [statement.kind, statement.view, statement.seq];
	let digest = statement
		.digest
		.0
		.chunks_exact(8)
		.map(|chunk| chunk.iter().fold(0, |word, b| (word << 8) | *b as u64));
	words
		.into_iter()
		.chain(digest)
		.fold(secret, |state, word| mix(state ^ mix(word)))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(value: u64) -> u64 {
	let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
	z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
	z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
	z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_signature_fits_one_signer_and_one_statement() {
		let keys = Keys::new(3, 1);
		let verifier = keys.verifier();
		let statement = Statement {
			kind: 1,
			view: 2,
			seq: 3,
			digest: BlockHash([4; 32]),
		};
		let Some(signer) = keys.signer(NodeId(1)) else {
			panic!("three nodes have a node 1")
		};
		let signature = signer.sign(&statement);
		assert!(verifier.verify(&statement, &signature));
		assert!(!verifier.verify(&statement, &signature.garbled()));
		assert!(!verifier.verify(
			&statement,
			&Signature {
				signer: NodeId(2),
				..signature
			}
		));
		assert!(!verifier.verify(&statement, &Signature::forged(NodeId(1), &statement)));
		let others = [
			Statement { kind: 2, ..statement },
			Statement { view: 3, ..statement },
			Statement { seq: 2, ..statement },
			Statement {
				digest: BlockHash([5; 32]),
				..statement
			},
		];
		assert!(others.iter().all(|other| !verifier.verify(other, &signature)));
		assert!(keys.signer(NodeId(3)).is_none());
	}
}
