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
