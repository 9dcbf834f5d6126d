//! Where the protocol's data stand in a header of Substrate's.
//!
//! In this order: a pre-runtime item of [`ENGINE_ID`] with the [`HeaderDigest`]; if the block carries a dealing, a
//! pre-runtime item of [`DEALING_ID`]; whatever the runtime deposits, among it at most one consensus item of
//! [`ENGINE_ID`] with a [`ConsensusLog`]; in a sealed header, as the last item, the seal of [`ENGINE_ID`] with a
//! [`Signature`]. No other pre-runtime items and seals.

use alloc::vec::Vec;
use codec::{DecodeAll, Encode};
use sp_runtime::{Digest, DigestItem};
use veilmart_trapdoor::Dealing;

use crate::{AuthoritySet, ConsensusLog, HeaderDigest, Signature, DEALING_ID, ENGINE_ID};

/// What a header says of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
	/// The protocol's digest.
	pub digest: HeaderDigest,
	/// The dealing that the block carries.
	pub dealing: Option<Dealing>,
	/// If the next block has to close the set, the set that follows.
	pub child_closes: Option<AuthoritySet>,
}

/// Why a header is none of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
	/// It does not begin with the protocol's digest.
	NoDigest,
	/// An item does not decode, or has bytes left over.
	Encoding,
	/// A pre-runtime item that is not the protocol's, or not in its place.
	PreRuntime,
	/// More than one message of the runtime to the engine.
	Logs,
	/// A seal that is not the protocol's, or not in the last place.
	Seal,
}

impl core::fmt::Display for HeaderError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::NoDigest => "the header does not begin with the digest of TD-Raft",
			Self::Encoding => "an item of the header does not decode",
			Self::PreRuntime => "the header has a pre-runtime item that does not belong there",
			Self::Logs => "the runtime has more than one message to the consensus engine",
			Self::Seal => "the header has a seal that does not belong there",
		})
	}
}

/// The items that a leader puts into a header before the block is executed.
pub fn pre_runtime(digest: &HeaderDigest, dealing: Option<&Dealing>) -> Vec<DigestItem> {
	let first = DigestItem::PreRuntime(ENGINE_ID, digest.encode());
	let dealing = dealing.map(|dealing| DigestItem::PreRuntime(DEALING_ID, dealing.encode()));
	core::iter::once(first).chain(dealing).collect()
}

/// The seal as an item.
pub fn seal(signature: &Signature) -> DigestItem {
	DigestItem::Seal(ENGINE_ID, signature.encode())
}

/// The seal, taken off a header's digest. None if there is none: the digest stays as it is.
pub fn take_seal(digest: &mut Digest) -> Result<Option<Signature>, HeaderError> {
	match digest.logs.last() {
		Some(DigestItem::Seal(ENGINE_ID, bytes)) => {
			let signature = Signature::decode_all(&mut &bytes[..]).map_err(|_| HeaderError::Seal)?;
			digest.logs.pop();
			Ok(Some(signature))
		}
		Some(DigestItem::Seal(..)) => Err(HeaderError::Seal),
		_ => Ok(None),
	}
}

/// What a header without its seal says.
pub fn items(digest: &Digest) -> Result<Items, HeaderError> {
	let mut logs = digest.logs.iter();
	let Some(DigestItem::PreRuntime(ENGINE_ID, first)) = logs.next() else {
		return Err(HeaderError::NoDigest);
	};
	let mut items = Items {
		digest: HeaderDigest::decode_all(&mut &first[..]).map_err(|_| HeaderError::Encoding)?,
		dealing: None,
		child_closes: None,
	};
	for (position, item) in logs.enumerate() {
		match item {
			DigestItem::PreRuntime(DEALING_ID, bytes) if position == 0 => {
				let dealing = Dealing::decode_all(&mut &bytes[..]).map_err(|_| HeaderError::Encoding)?;
				items.dealing = Some(dealing);
			}
			DigestItem::PreRuntime(..) => return Err(HeaderError::PreRuntime),
			DigestItem::Seal(..) => return Err(HeaderError::Seal),
			DigestItem::Consensus(ENGINE_ID, bytes) => {
				let ConsensusLog::ChildCloses(next) =
					ConsensusLog::decode_all(&mut &bytes[..]).map_err(|_| HeaderError::Encoding)?;
				if items.child_closes.replace(next).is_some() {
					return Err(HeaderError::Logs);
				}
			}
			_ => {}
		}
	}
	Ok(items)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{test_set, AuthorityIndex, QuorumCertificate, SetId, Term};

	fn digest() -> HeaderDigest {
		HeaderDigest {
			set_id: SetId(1),
			term: Term(2),
			sealer: AuthorityIndex(3),
			parent_qc: QuorumCertificate::genesis([4; 32]),
			commit_qc: QuorumCertificate::genesis([4; 32]),
			election: None,
		}
	}

	fn first() -> DigestItem {
		DigestItem::PreRuntime(ENGINE_ID, digest().encode())
	}

	fn of(logs: Vec<DigestItem>) -> Result<Items, HeaderError> {
		items(&Digest { logs })
	}

	#[test]
	fn what_is_put_in_is_found() {
		let (set, _) = test_set::set(2, 4);
		let log = DigestItem::Consensus(ENGINE_ID, ConsensusLog::ChildCloses(set.clone()).encode());
		let logs = pre_runtime(&digest(), None);
		let found = of([logs, [DigestItem::Other(alloc::vec![1]), log].to_vec()].concat());
		let expected = Items {
			digest: digest(),
			dealing: None,
			child_closes: Some(set),
		};
		assert_eq!(found, Ok(expected));
		let signature = Signature([5; 64]);
		let mut sealed = Digest {
			logs: [first(), seal(&signature)].to_vec(),
		};
		assert_eq!(items(&sealed), Err(HeaderError::Seal), "the seal comes off first");
		assert_eq!(take_seal(&mut sealed), Ok(Some(signature)));
		assert_eq!(take_seal(&mut sealed), Ok(None));
		assert_eq!(sealed.logs, [first()]);
	}

	#[test]
	fn what_does_not_belong_there_is_refused() {
		let other = DigestItem::PreRuntime(*b"aura", alloc::vec![]);
		let log = DigestItem::Consensus(
			ENGINE_ID,
			ConsensusLog::ChildCloses(test_set::set(2, 4).0).encode(),
		);
		let bad = DigestItem::PreRuntime(DEALING_ID, alloc::vec![1]);
		let mut longer = digest().encode();
		longer.push(0);
		for (logs, error) in [
			(alloc::vec![], HeaderError::NoDigest),
			(alloc::vec![other.clone(), first()], HeaderError::NoDigest),
			(
				alloc::vec![DigestItem::PreRuntime(ENGINE_ID, longer)],
				HeaderError::Encoding,
			),
			(alloc::vec![first(), bad.clone()], HeaderError::Encoding),
			(
				alloc::vec![first(), DigestItem::Other(alloc::vec![]), bad],
				HeaderError::PreRuntime,
			),
			(alloc::vec![first(), first()], HeaderError::PreRuntime),
			(alloc::vec![first(), other], HeaderError::PreRuntime),
			(alloc::vec![first(), log.clone(), log], HeaderError::Logs),
			(
				alloc::vec![first(), DigestItem::Consensus(ENGINE_ID, alloc::vec![9])],
				HeaderError::Encoding,
			),
		] {
			assert_eq!(of(logs), Err(error));
		}
		let mut foreign = Digest {
			logs: [first(), DigestItem::Seal(*b"aura", alloc::vec![])].to_vec(),
		};
		assert_eq!(take_seal(&mut foreign), Err(HeaderError::Seal));
		let mut short = Digest {
			logs: [first(), DigestItem::Seal(ENGINE_ID, alloc::vec![1; 63])].to_vec(),
		};
		assert_eq!(take_seal(&mut short), Err(HeaderError::Seal));
	}
}
