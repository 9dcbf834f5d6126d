//! What the pallet keeps.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::sr25519;
use veilmart_td_raft::{
	Authority, AuthorityId, AuthorityIndex, AuthoritySet, Evidence, PerAuthority, SetId, ShareKey, Term,
};

/// Chain time in milliseconds of Unix time.
pub type Moment = u64;

/// Relies on how long a transaction may have to wait for its place in a block.
pub trait OnLonger {
	/// That is so many milliseconds longer than until now: [`crate::Pallet::longest_wait`].
	fn on_longer(by: Moment);
}

/// Nobody does.
impl OnLonger for () {
	fn on_longer(_: Moment) {}
}

/// An authority set, and the account behind each authority.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Roster<AccountId> {
	/// The set.
	pub set: AuthoritySet,
	/// The accounts, in the set's order.
	pub accounts: PerAuthority<AccountId>,
}

impl<AccountId> Roster<AccountId> {
	/// The authority at a position, with its account.
	pub fn get(&self, index: AuthorityIndex) -> Option<(&Authority, &AccountId)> {
		self.set.get(index).zip(self.accounts.get(usize::from(index.0)))
	}
}

/// What the pallet remembers of the last block.
#[derive(
	Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Head {
	/// The set that judged it.
	pub set_id: SetId,
	/// Its term.
	pub term: Term,
	/// Who sealed it. None for genesis.
	pub leader: Option<AuthorityId>,
	/// Whether it closed its set, so that the next set judges its children.
	pub closing: bool,
}

/// What an authority did.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum OffenceKind {
	/// It sealed two blocks at one height of one term.
	Seals,
	/// It voted for two blocks at one height of one term.
	Votes,
	/// It voted twice in one election.
	ElectionVotes,
	/// It dealt a trapdoor other than that of its chameleon key.
	DealerFault,
}

impl OffenceKind {
	/// What the evidence is of.
	pub fn of(evidence: &Evidence) -> Self {
		match evidence {
			Evidence::Seals { .. } => Self::Seals,
			Evidence::Votes(..) => Self::Votes,
			Evidence::ElectionVotes(..) => Self::ElectionVotes,
			Evidence::DealerFault { .. } => Self::DealerFault,
		}
	}
}

/// An authority as a chain specification names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisAuthority<AccountId> {
	/// The account.
	pub account: AccountId,
	/// The key for votes, seals and lots.
	pub tdrf: sr25519::Public,
	/// The key that opens shares.
	pub tdsh: sr25519::Public,
}

impl<AccountId> GenesisAuthority<AccountId> {
	/// The two keys.
	pub fn authority(&self) -> Authority {
		Authority {
			id: AuthorityId(self.tdrf.0),
			share_key: ShareKey(self.tdsh.0),
		}
	}
}
