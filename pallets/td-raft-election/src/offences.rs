//! Offences: what the chain takes as proof, and what it does then.
//!
//! Evidence is reported by a transaction that nobody signs: it speaks for itself. It is verified when a pool takes the
//! transaction and again when a block includes it, always in the order of cost. Contradicting signatures anybody may report; a false
//! dealing, whose verification is dear, the pools take from authorities only.

use alloc::boxed::Box;
use frame_support::pallet_prelude::{
	TransactionSource, TransactionValidityWithRefund, ValidTransaction, Weight,
};
use sp_io::hashing::blake2_256;
use sp_runtime::transaction_validity::{
	InvalidTransaction, TransactionLongevity, TransactionPriority, UnknownTransaction,
};
use veilmart_td_raft::{
	AuthorityId, AuthorityIndex, BlockHash, DealerFaultProof, Evidence, EvidenceError, SetId, Term,
};
use veilmart_trapdoor::Dealing;

use crate::{
	types::{OffenceKind, Roster},
	verification::HostSr25519,
	Config, Current, Dealt, Pallet, Past, Reported, WeightInfo as _,
};

/// Blocks for which a report may wait.
const LONGEVITY: TransactionLongevity = 1_024;
/// Reports go before what else waits, all of which has priority 0.
const PRIORITY: TransactionPriority = 1;

/// An offence that was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence<AccountId> {
	/// The set in which it was committed.
	pub set_id: SetId,
	/// The offender's position in it.
	pub index: AuthorityIndex,
	/// The offender.
	pub offender: AuthorityId,
	/// The offender's account.
	pub account: AccountId,
	/// What it did.
	pub kind: OffenceKind,
}

/// Why evidence is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
	/// The offender's set, or the one dealt to, is not there yet.
	FutureSet,
	/// The offender's set, or the one dealt to, is forgotten.
	ForgottenSet,
	/// Nobody has that position in the set.
	Offender,
	/// The offender is known for this in this set.
	Reported,
	/// The chain holds no such dealing of the offender, or has forgotten it.
	Dealing,
	/// It proves nothing.
	Evidence(EvidenceError),
}

impl From<Unproven> for InvalidTransaction {
	fn from(unproven: Unproven) -> Self {
		match unproven {
			Unproven::FutureSet => Self::Future,
			Unproven::ForgottenSet | Unproven::Reported => Self::Stale,
			Unproven::Offender | Unproven::Dealing | Unproven::Evidence(_) => Self::BadProof,
		}
	}
}

/// What is remembered of a dealing: whose it is, what it is for, and itself.
pub(crate) fn dealing_hash(
	sealed_by: (SetId, AuthorityIndex),
	holders: SetId,
	term: Term,
	parent: &BlockHash,
	dealing: &Dealing,
) -> [u8; 32] {
	use codec::Encode;
	(sealed_by, holders, term, parent, dealing).using_encoded(blake2_256)
}

impl<T: Config> Pallet<T> {
	/// The set with this number and its accounts, if it is the present one or a remembered one.
	pub(crate) fn roster(id: SetId) -> Result<Roster<T::AccountId>, Unproven> {
		let current = Current::<T>::get().ok_or(Unproven::FutureSet)?;
		match id.cmp(&current.set.id()) {
			core::cmp::Ordering::Less => Past::<T>::get(id).ok_or(Unproven::ForgottenSet),
			core::cmp::Ordering::Equal => Ok(current),
			core::cmp::Ordering::Greater => Err(Unproven::FutureSet),
		}
	}

	/// The authority at this position of a set, with its account, unless it was reported for this.
	pub(crate) fn offender(
		roster: &Roster<T::AccountId>,
		index: AuthorityIndex,
		kind: OffenceKind,
	) -> Result<(AuthorityId, T::AccountId), Unproven> {
		let (authority, account) = roster.get(index).ok_or(Unproven::Offender)?;
		if Reported::<T>::contains_key(roster.set.id(), (index, kind)) {
			return Err(Unproven::Reported);
		}
		Ok((authority.id, account.clone()))
	}

	/// Who committed what, if this proves it and nobody reported it before.
	pub fn examine(evidence: &Evidence) -> Result<Offence<T::AccountId>, Unproven> {
		let (set_id, index) = evidence.offender();
		let kind = OffenceKind::of(evidence);
		let roster = Self::roster(set_id)?;
		let (offender, account) = Self::offender(&roster, index, kind)?;
		let holders = match evidence {
			Evidence::DealerFault { fault, .. } => {
				// A dealing is signed by the seal of its block only: one that no block carried is nobody's.
				let DealerFaultProof {
					holders,
					term,
					parent,
					dealing,
					..
				} = fault;
				let hash = dealing_hash((set_id, index), *holders, *term, parent, dealing);
				if !Dealt::<T>::get().contains(&hash) {
					return Err(Unproven::Dealing);
				}
				Self::roster(*holders)?.set
			}
			_ => roster.set.clone(),
		};
		let genesis = Self::genesis_hash();
		evidence
			.verify(&genesis, &roster.set, &HostSr25519, |dealer, fault| {
				fault.verify(&genesis, dealer, &holders)
			})
			.map_err(Unproven::Evidence)?;
		Ok(Offence {
			set_id,
			index,
			offender,
			account,
			kind,
		})
	}

	/// Whether a report is a valid transaction.
	///
	/// A pool takes none of a false dealing from outside: to verify one takes thousands of times as long as to send it, and a false
	/// report is free. Every authority that learns of a false dealing reports it by itself, and gives it to the leader. It is refused as
	/// one of which nothing is known, and not as a false one, so that no stranger has the pool refuse the same report when the
	/// node itself makes it.
	// By the macro's rule it takes the argument of the call by reference.
	#[allow(clippy::borrowed_box)]
	pub(crate) fn authorize_report(
		source: TransactionSource,
		evidence: &Box<Evidence>,
	) -> TransactionValidityWithRefund {
		let is_dealers = matches!(**evidence, Evidence::DealerFault { .. });
		if is_dealers && source == TransactionSource::External {
			return Err(UnknownTransaction::CannotLookup.into());
		}
		let offence = Self::examine(evidence).map_err(InvalidTransaction::from)?;
		let validity = ValidTransaction::with_tag_prefix("TdRaftOffence")
			.priority(PRIORITY)
			.longevity(LONGEVITY)
			.and_provides((offence.set_id, offence.index, offence.kind))
			// The pools of others would not take it, and blame who sends it.
			.propagate(!is_dealers)
			.into();
		Ok((validity, Weight::zero()))
	}

	/// What it weighs to authorize a report with this evidence: two signatures, or a dealing to so many holders.
	pub(crate) fn weight_of_report(evidence: &Evidence) -> Weight {
		match evidence {
			Evidence::DealerFault { fault, .. } => {
				<T as Config>::WeightInfo::authorize_dealer_fault(fault.dealing.count().into())
			}
			_ => <T as Config>::WeightInfo::authorize_two_signatures(),
		}
	}
}
