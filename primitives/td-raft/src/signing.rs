//! What is signed, and how signatures are verified.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
#[cfg(feature = "std")]
use schnorrkel::Keypair;
use schnorrkel::{signing_context, PublicKey};

use crate::{AuthorityId, SetId};

/// An sr25519 signature as encoded.
pub type SignatureBytes = [u8; 64];

/// The context that Substrate's keystores sign in.
const CONTEXT: &[u8] = b"substrate";

/// An sr25519 signature.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Signature(pub SignatureBytes);

/// What a signature is for. A signature of one kind says nothing of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, TypeInfo)]
pub enum Kind {
	/// The leader's seal of a block.
	Seal,
	/// A vote for a block, of either phase.
	Vote,
	/// A vote for a leader.
	ElectionVote,
	/// The wish for a new term.
	Down,
	/// A leader's sign of life.
	Heartbeat,
	/// A leader's request to certify a closing block in its own term.
	Reconfirm,
	/// A candidate's request for shares.
	RequestShares,
	/// A share for a candidate.
	Share,
	/// The answer to a candidate who uses an old dealing.
	Behind,
	/// A candidate's request for votes.
	RequestVote,
	/// How an authority is reached: the body of its record.
	Record,
	/// Who an authority is, over one connection.
	Hello,
}

/// The bytes that are signed: the encoding of `("tdraft/1", kind, genesis, set_id, body)`.
pub fn payload(kind: Kind, genesis: &impl Encode, set_id: SetId, body: &impl Encode) -> Vec<u8> {
	("tdraft/1", kind, genesis, set_id, body).encode()
}

/// Verifies signatures.
pub trait Verifier<I, S> {
	/// Whether every signature is its signer's over its bytes.
	fn verify_all(&self, items: &[(&I, &[u8], &S)]) -> bool;

	/// Whether the signature is the signer's over the bytes.
	fn verify(&self, signer: &I, bytes: &[u8], signature: &S) -> bool {
		self.verify_all(&[(signer, bytes, signature)])
	}
}

/// Signatures of the chain: sr25519 in Substrate's signing context.
#[derive(Clone, Copy, Debug)]
pub struct Sr25519;

/// Signs in Substrate's signing context, as its keystores do.
// Nonces take entropy, of which a runtime has none.
#[cfg(feature = "std")]
pub fn sign(keys: &Keypair, bytes: &[u8]) -> Signature {
	Signature(keys.sign(signing_context(CONTEXT).bytes(bytes)).to_bytes())
}

impl Verifier<AuthorityId, Signature> for Sr25519 {
	fn verify_all(&self, items: &[(&AuthorityId, &[u8], &Signature)]) -> bool {
		let mut keys = Vec::with_capacity(items.len());
		let mut signatures = Vec::with_capacity(items.len());
		for (signer, _, signature) in items {
			let (Ok(key), Ok(signature)) = (
				PublicKey::from_bytes(&signer.0),
				schnorrkel::Signature::from_bytes(&signature.0),
			) else {
				return false;
			};
			keys.push(key);
			signatures.push(signature);
		}
		let context = signing_context(CONTEXT);
		// A batch is sound only with coefficients that the signers cannot foresee. Schnorrkel's deterministic batch
		// draws them without regard to the scalars `s`, so that two false signatures can be made to cancel out:
		// where there is no source of randomness, signatures are verified one by one.
		#[cfg(feature = "std")]
		if items.len() > 1 {
			let transcripts = items.iter().map(|(_, bytes, _)| context.bytes(bytes));
			return schnorrkel::verify_batch(transcripts, &signatures, &keys, false).is_ok();
		}
		items
			.iter()
			.zip(keys.iter().zip(&signatures))
			.all(|((_, bytes, _), (key, signature))| key.verify(context.bytes(bytes), signature).is_ok())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::test_set::{keys, GENESIS};

	#[test]
	fn each_part_of_the_payload_counts() {
		let base = payload(Kind::Vote, &GENESIS, SetId(1), &7u8);
		assert_eq!(
			base,
			[
				&[32][..],
				b"tdraft/1",
				&[1],
				&GENESIS,
				&[1, 0, 0, 0, 0, 0, 0, 0],
				&[7]
			]
			.concat()
		);
		for other in [
			payload(Kind::Seal, &GENESIS, SetId(1), &7u8),
			payload(Kind::Vote, &[9u8; 32], SetId(1), &7u8),
			payload(Kind::Vote, &GENESIS, SetId(2), &7u8),
			payload(Kind::Vote, &GENESIS, SetId(1), &8u8),
		] {
			assert_ne!(base, other);
		}
	}

	#[test]
	fn one_false_signature_spoils_a_batch() {
		let ids: Vec<_> = (0..3).map(|i| AuthorityId(keys(i).public.to_bytes())).collect();
		let mut signatures: Vec<_> = (0..3u8).map(|i| sign(&keys(i), &[i])).collect();
		fn check(ids: &[AuthorityId], signatures: &[Signature]) -> bool {
			let items: Vec<_> = ids
				.iter()
				.zip([&[0u8][..], &[1], &[2]])
				.zip(signatures)
				.map(|((i, b), s)| (i, b, s))
				.collect();
			Sr25519.verify_all(&items)
		}
		assert!(check(&ids, &signatures));
		signatures.swap(0, 1);
		assert!(!check(&ids, &signatures));
		signatures.swap(0, 1);
		signatures[2] = Signature([0xff; 64]);
		assert!(!check(&ids, &signatures), "no signature at all");
		assert!(
			!Sr25519.verify(&AuthorityId([0xff; 32]), b"", &signatures[0]),
			"no key at all"
		);
	}

	#[test]
	fn two_false_signatures_that_cancel_out_with_equal_weights_are_refused() {
		// s0 + 1 and s1 - 1: a batch whose weights the signer knows accepts such a pair, suitably scaled.
		let ids: Vec<_> = (0..2).map(|i| AuthorityId(keys(i).public.to_bytes())).collect();
		let mut signatures: Vec<_> = (0..2u8).map(|i| sign(&keys(i), b"x")).collect();
		// The low byte of the scalar `s`; neither test signature carries over.
		for (signature, up) in signatures.iter_mut().zip([true, false]) {
			let byte = &mut signature.0[32];
			*byte = if up {
				byte.wrapping_add(1)
			} else {
				byte.wrapping_sub(1)
			};
		}
		let items: Vec<_> = ids
			.iter()
			.zip(&signatures)
			.map(|(i, s)| (i, &b"x"[..], s))
			.collect();
		assert!(!Sr25519.verify_all(&items));
	}
}
