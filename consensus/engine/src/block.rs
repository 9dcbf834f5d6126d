//! Blocks of the chain as the protocol core sees them.

use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::sync::Arc;
use veilmart_td_raft::{
	header::{self, HeaderError},
	AuthoritySet, Number, Rank, Signature, Term,
};
use veilmart_td_raft_core::{real::OnChain, Block as CoreBlock};

use crate::Header;

/// A block as the core sees it.
pub type Core = CoreBlock<OnChain>;

/// Why a header is none of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
	/// Its items are not those of the protocol.
	#[error("{0}")]
	Items(HeaderError),
	/// Nobody sealed it.
	#[error("the header has no seal")]
	NoSeal,
}

/// A sealed header, and what follows from it and its parent: `parent_closes` is the parent's [`Core::child_closes`].
pub fn core_block(header: &Header, parent_closes: Option<AuthoritySet>) -> Result<Core, BadHeader> {
	let (unsealed, seal) = take_seal(header)?;
	let header::Items {
		digest,
		dealing,
		child_closes,
	} = header::items(unsealed.digest()).map_err(BadHeader::Items)?;
	Ok(Core {
		hash: header.hash().0,
		parent: header.parent_hash().0,
		number: Number((*header.number()).into()),
		digest,
		unsealed: unsealed.hash().0,
		seal,
		dealing,
		next_set: parent_closes,
		child_closes,
	})
}

/// A header without its seal, and the seal.
pub fn take_seal(header: &Header) -> Result<(Header, Signature), BadHeader> {
	let mut unsealed = header.clone();
	let seal = header::take_seal(unsealed.digest_mut()).map_err(BadHeader::Items)?;
	Ok((unsealed, seal.ok_or(BadHeader::NoSeal)?))
}

/// By which a block is better than another: the rank of the certificate in its header, its term, its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(Option<(Rank, Term, Number)>);

impl Weight {
	/// Of a block.
	pub fn of(block: &Core) -> Self {
		Self(Some((block.digest.parent_qc.rank(), block.term(), block.number)))
	}

	/// Of a header. Genesis is the lightest.
	pub fn of_header(header: &Header) -> Result<Self, BadHeader> {
		if *header.number() == 0 {
			return Ok(Self(None));
		}
		core_block(header, None).map(|block| Self::of(&block))
	}
}

/// The genesis block.
pub fn genesis(hash: H256, dealing: Option<veilmart_trapdoor::Dealing>) -> Arc<Core> {
	Arc::new(Core::genesis(hash.0, Signature([0; 64]), dealing, None))
}

/// Whether a block is to be the best in place of another.
pub fn is_better(block: &Header, best: &Header) -> Result<bool, BadHeader> {
	Ok(Weight::of_header(block)? > Weight::of_header(best)?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::Digest;
	use veilmart_td_raft::{AuthorityIndex, HeaderDigest, Phase, QuorumCertificate, SetId, Target};

	/// The header of a block of this term and height, with its parent's certificate, of this set, term and height.
	fn sealed(certificate: (u64, u64, u64), term: u64, height: u32) -> Header {
		let (set_id, in_term, number) = certificate;
		let certificate = QuorumCertificate {
			phase: Phase::Prepare,
			target: Target {
				set_id: SetId(set_id),
				term: Term(in_term),
				number: Number(number),
				hash: [7; 32],
			},
			signatures: [(AuthorityIndex(0), Signature([0; 64]))].into_iter().collect(),
		};
		let digest = HeaderDigest {
			set_id: SetId(set_id),
			term: Term(term),
			sealer: AuthorityIndex(0),
			parent_qc: certificate.clone(),
			commit_qc: certificate,
			election: None,
		};
		let mut logs = header::pre_runtime(&digest, None);
		logs.push(header::seal(&Signature([0; 64])));
		with_items(height, logs)
	}

	fn with_items(height: u32, logs: Vec<sp_runtime::DigestItem>) -> Header {
		Header::new(
			height,
			H256::default(),
			H256::default(),
			H256::default(),
			Digest { logs },
		)
	}

	#[test]
	fn the_certificate_counts_before_the_term_and_the_term_before_the_height() {
		// Each is better than those after it.
		let ranked = [
			("the certificate's set", sealed((2, 1, 3), 1, 4)),
			("the certificate's term", sealed((1, 9, 5), 9, 6)),
			("the certificate's height", sealed((1, 8, 40), 8, 41)),
			("the term", sealed((1, 8, 39), 12, 40)),
			("the height", sealed((1, 8, 39), 11, 90)),
			("no other", sealed((1, 8, 39), 11, 40)),
			("genesis", with_items(0, Vec::new())),
		];
		for (place, (what, block)) in ranked.iter().enumerate() {
			for (other_place, (other, best)) in ranked.iter().enumerate() {
				let expected = place < other_place;
				assert_eq!(is_better(block, best), Ok(expected), "{what} against {other}");
			}
		}
	}

	#[test]
	fn what_is_not_of_the_protocol_is_compared_with_nothing() {
		let foreign = with_items(5, Vec::new());
		let good = sealed((1, 1, 3), 1, 4);
		assert!(is_better(&foreign, &good).is_err());
		assert!(is_better(&good, &foreign).is_err());
	}
}
