//! What a transaction may claim of a block.
//!
//! Quotas count calls and not weight, and a failed call gives back nothing of what it declared. So calls that let their sender
//! choose the weight, or weigh much for somebody who has no right to them, would let one account fill blocks that hold nothing.
//! They are refused before they cost: in the pool, and in blocks, which are invalid with them.

use alloc::{borrow::Cow, vec, vec::Vec};

use codec::{Decode, Encode};
use frame_support::{
	dispatch::GetDispatchInfo,
	ensure,
	traits::Get,
	weights::{
		constants::{WEIGHT_REF_TIME_PER_MICROS, WEIGHT_REF_TIME_PER_MILLIS},
		Weight,
	},
};
use pallet_certificates::{Claims, Refusal};
use sp_runtime::{
	generic::Era,
	traits::{BlakeTwo256, Hash as _, TransactionExtension},
	MultiAddress,
};

use super::{accounts::ProxyType, commerce::held, governance::CouncilCollective};
use crate::{
	extensions::tx_extension, places::Taken, AccountId, Balance, BlockNumber, Council, Hash, Multisig, Proxy,
	Runtime, RuntimeCall, System,
};

/// The members of the council.
type Members = pallet_collective::Members<Runtime, CouncilCollective>;

/// What is little enough to be declared without a reason: less than a transfer weighs. An approval by hash dispatches nothing and needs
/// none of it, but wallets put in what the call weighs that they do not send along; and who closes a motion by hand writes a
/// round number.
const LITTLE: Weight = Weight::from_parts(10 * WEIGHT_REF_TIME_PER_MILLIS, 1 << 20);

/// How deep calls may be held in calls. Each level adds to what those around it may declare, and nothing to what the quota counts.
const MOST_NESTED: u32 = 8;

/// By how many bytes a bound of a length may exceed it, for round numbers.
const LENGTH_SLACK: u32 = 1024;

/// What it takes to decode a byte of a motion, or to hash one of a runtime, in picoseconds.
const PER_BYTE: u64 = 2_000;

/// What it takes to find out which account a multisig's or a derivative's call acts for: a hash of at most 3.2 KB.
const DERIVATION: Weight = Weight::from_parts(20 * WEIGHT_REF_TIME_PER_MICROS, 0);

/// A call and all that it holds claim no more than they can use, for the account that they act for. What no state makes valid is refused
/// for ever, also if another reason would pass:
///
/// - what no signature gives the right to is not sent, if it weighs much or has a class of its own: calls of Root, of a majority, those
///   that authorize themselves, and inherents. Others of Root fail like any call, and weigh as little;
/// - `as_multi` declares at most what the call weighs that it names, as a transaction if need be (which is what a wallet is told
///   that asks), or little; `approve_as_multi` little;
/// - the lengths that members of the council declare are about those of their motions;
/// - `upgrade_accounts`, which has nothing to do on this chain, names one account at most;
/// - calls are held in calls no deeper than eight levels, and what a member executes alone is held.
///
/// What may become valid waits, because between pool and block the answer can change; a block's author then leaves the transaction out:
///
/// - what is for members of the council is sent by members;
/// - what a member executes alone claims no more than what it signs, unless it is the whole council;
/// - `close` names a motion, and declares at most what that weighs, or little; until the motion is decided, little;
/// - a runtime is handed in when it is authorized;
/// - a pure proxy is given up with `kill_pure`, which gives its place back to who made it.
pub struct NoMoreThanUsed;

impl Claims<AccountId, RuntimeCall> for NoMoreThanUsed {
	fn check(who: &AccountId, call: &RuntimeCall) -> Result<(), Refusal> {
		ensure_possible(call, false, MOST_NESTED)?;
		ensure_entitled(who, call)
	}

	fn weight(call: &RuntimeCall) -> Weight {
		use pallet_collective::Call as Motion;

		let reads = |count| <Runtime as frame_system::Config>::DbWeight::get().reads(count);
		let bytes = |count: u64| Weight::from_parts(PER_BYTE.saturating_mul(count), 0);
		let own = match call {
			// Members, length, the motion, and its votes.
			RuntimeCall::Council(Motion::close { length_bound, .. }) => {
				reads(4).saturating_add(bytes(u64::from(*length_bound)))
			}
			RuntimeCall::Council(Motion::execute { .. } | Motion::propose { .. } | Motion::vote { .. })
			| RuntimeCall::Preimage(
				pallet_preimage::Call::ensure_updated { .. } | pallet_preimage::Call::note_preimage { .. },
			)
			| RuntimeCall::Proxy(pallet_proxy::Call::proxy { .. }) => reads(1),
			// Proxies, and places.
			RuntimeCall::Proxy(
				pallet_proxy::Call::remove_proxies { .. } | pallet_proxy::Call::remove_proxy { .. },
			) => reads(2),
			// Proxies, announcements, and the hash of the call.
			RuntimeCall::Proxy(pallet_proxy::Call::proxy_announced { call, .. }) => {
				reads(2).saturating_add(bytes(call.encoded_size() as u64))
			}
			RuntimeCall::System(frame_system::Call::apply_authorized_upgrade { code }) => {
				reads(1).saturating_add(bytes(code.len() as u64))
			}
			RuntimeCall::Utility(pallet_utility::Call::as_derivative { .. })
			| RuntimeCall::Multisig(
				pallet_multisig::Call::as_multi { .. } | pallet_multisig::Call::as_multi_threshold_1 { .. },
			) => DERIVATION,
			_ => Weight::zero(),
		};
		// The SDK's weights of these two do not know what a place takes: certificate, authority, seats, and the count.
		let own = match call {
			RuntimeCall::Multisig(_) | RuntimeCall::Proxy(_) => {
				let place = <Runtime as frame_system::Config>::DbWeight::get().reads_writes(4, 1);
				own.saturating_add(place)
			}
			_ => own,
		};
		dispatched(call)
			.into_iter()
			.map(Self::weight)
			.fold(own, Weight::saturating_add)
	}
}

/// The calls that a call dispatches, for whatever origin.
fn dispatched(call: &RuntimeCall) -> Vec<&RuntimeCall> {
	match at_once(call) {
		Some(proposal) => vec![proposal],
		None => held(call).unwrap_or_default(),
	}
}

/// What a member of the council executes without a vote.
fn at_once(call: &RuntimeCall) -> Option<&RuntimeCall> {
	use pallet_collective::Call as Motion;

	match call {
		RuntimeCall::Council(Motion::execute { proposal, .. }) => Some(proposal.as_ref()),
		RuntimeCall::Council(Motion::propose {
			threshold, proposal, ..
		}) if *threshold < 2 => Some(proposal.as_ref()),
		_ => None,
	}
}

/// What no state changes: whether there can be one at which the call is sent and uses what it declares.
///
/// The call may hold others so many levels deep. In a motion that one member carries alone there may be calls of a majority, which one
/// is in a council of one.
fn ensure_possible(call: &RuntimeCall, in_motion: bool, levels: u32) -> Result<(), Refusal> {
	use pallet_collective::Call as Motion;
	use pallet_multisig::Call as Approval;

	ensure!(
		!needs_more_than_a_signature(call) && (in_motion || !needs_a_majority(call)),
		Refusal::NeverPermitted
	);
	match call {
		RuntimeCall::Multisig(Approval::as_multi { call, max_weight, .. }) => {
			ensure!(
				max_weight.all_lte(worth(call).max(LITTLE)),
				Refusal::DeclaresTooMuch
			);
		}
		RuntimeCall::Multisig(Approval::approve_as_multi { max_weight, .. }) => {
			ensure!(max_weight.all_lte(LITTLE), Refusal::DeclaresTooMuch);
		}
		RuntimeCall::Council(
			Motion::execute {
				proposal,
				length_bound,
			}
			| Motion::propose {
				proposal,
				length_bound,
				..
			},
		) => ensure_length(proposal.encoded_size(), *length_bound)?,
		RuntimeCall::Balances(pallet_balances::Call::upgrade_accounts { who }) => {
			ensure!(who.len() <= 1, Refusal::DeclaresTooMuch);
		}
		_ => {}
	}
	let in_motion = in_motion || matches!(call, RuntimeCall::Council(Motion::propose { .. }));
	let calls = dispatched(call);
	if calls.is_empty() {
		return Ok(());
	}
	let levels = levels.checked_sub(1).ok_or(Refusal::DeclaresTooMuch)?;
	calls
		.into_iter()
		.try_for_each(|call| ensure_possible(call, in_motion, levels))
}

/// Whether a call and all that it holds may be sent now, for `who`. To be asked of what [`ensure_possible`] lets through.
fn ensure_entitled(who: &AccountId, call: &RuntimeCall) -> Result<(), Refusal> {
	use pallet_collective::Call as Motion;
	use pallet_preimage::Call as Preimages;
	use pallet_proxy::Call as Proxies;

	match call {
		RuntimeCall::Council(Motion::execute { proposal, .. }) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
			// Of its own a member has no more rights than a signature gives.
			ensure_entitled(who, proposal)?;
		}
		RuntimeCall::Council(Motion::propose { .. }) => {
			let members = Members::get();
			ensure!(members.contains(who), Refusal::NotEntitled);
			if let Some(proposal) = at_once(call).filter(|_| members.len() > 1) {
				ensure_entitled(who, proposal)?;
			}
		}
		RuntimeCall::Council(Motion::close {
			proposal_hash,
			index,
			proposal_weight_bound,
			length_bound,
		}) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
			ensure_closes(proposal_hash, *index, *proposal_weight_bound, *length_bound)?;
		}
		RuntimeCall::Council(Motion::vote { .. })
		| RuntimeCall::Preimage(Preimages::ensure_updated { .. } | Preimages::note_preimage { .. }) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
		}
		RuntimeCall::System(frame_system::Call::apply_authorized_upgrade { code }) => {
			let authorized = System::authorized_upgrade().ok_or(Refusal::NotEntitled)?;
			// The hash is the first of two fields, and has no getter outside tests.
			let hash = BlakeTwo256::hash(code);
			ensure!(
				authorized.using_encoded(|fields| fields.starts_with(hash.as_ref())),
				Refusal::NotEntitled
			);
		}
		RuntimeCall::Proxy(Proxies::remove_proxies { .. }) => {
			let (_, place) = Proxy::proxies(who.clone());
			ensure!(is_own(who, place), Refusal::NotEntitled);
		}
		RuntimeCall::Proxy(Proxies::remove_proxy { .. }) => {
			let (proxies, place) = Proxy::proxies(who.clone());
			ensure!(proxies.len() > 1 || is_own(who, place), Refusal::NotEntitled);
		}
		call => ensure!(!needs_a_majority(call), Refusal::NotEntitled),
	}
	let Some(calls) = held(call) else {
		return Ok(());
	};
	let account = acts_for(who, call);
	calls
		.into_iter()
		.try_for_each(|call| ensure_entitled(&account, call))
}

/// What a call weighs, and what it weighs as a transaction of its own: node and wallets say the latter when they are asked.
fn worth(call: &RuntimeCall) -> Weight {
	// Wallets ask about a mortal one, which weighs more, or about an immortal one.
	let extensions = [Era::mortal(64, 0), Era::Immortal]
		.map(|era| tx_extension(0, era).weight(call))
		.into_iter()
		.fold(Weight::zero(), |most, weight| most.max(weight));
	call.get_dispatch_info().call_weight.saturating_add(extensions)
}

fn ensure_length(length: usize, bound: u32) -> Result<(), Refusal> {
	let most = u32::try_from(length)
		.unwrap_or(u32::MAX)
		.saturating_add(LENGTH_SLACK);
	ensure!(bound <= most, Refusal::DeclaresTooMuch);
	Ok(())
}

/// The bounds are those of the motion. Who expects it to be rejected may declare no weight, and who comes too early little, which is not
/// given back.
fn ensure_closes(hash: &Hash, index: u32, weight: Weight, length: u32) -> Result<(), Refusal> {
	type Motions = pallet_collective::ProposalOf<Runtime, CouncilCollective>;

	let stored =
		sp_io::storage::read(&Motions::hashed_key_for(hash), &mut [], 0).ok_or(Refusal::NotEntitled)?;
	ensure_length(stored as usize, length)?;
	if weight == Weight::zero() {
		return Ok(());
	}
	// With a bound below its length it could not be executed, and need not be decoded.
	ensure!(length >= stored, Refusal::DeclaresTooMuch);
	let motion = Motions::get(hash).ok_or(Refusal::NotEntitled)?;
	ensure!(
		weight.all_lte(worth(&motion).max(LITTLE)),
		Refusal::DeclaresTooMuch
	);
	ensure!(
		weight.all_lte(LITTLE) || is_decided(hash, index),
		Refusal::NotEntitled
	);
	Ok(())
}

/// Whether a motion has this index and can be closed: by its votes, or because its time is over.
fn is_decided(hash: &Hash, index: u32) -> bool {
	type Voting = pallet_collective::Voting<Runtime, CouncilCollective>;
	/// The fields of `Votes`, which have no getters: index, threshold, for, against, end.
	type Fields = (u32, u32, Vec<AccountId>, Vec<AccountId>, BlockNumber);

	let fields = Voting::get(hash).and_then(|votes| Fields::decode(&mut &votes.encode()[..]).ok());
	fields.is_some_and(|(number, threshold, ayes, nays, end)| {
		let threshold = threshold as usize;
		let still_possible = Members::get().len().saturating_sub(nays.len());
		number == index
			&& (ayes.len() >= threshold || still_possible < threshold || System::block_number() >= end)
	})
}

/// Whether a call fails for everybody who only signs and for every part of the council, whatever it declares.
fn needs_more_than_a_signature(call: &RuntimeCall) -> bool {
	use frame_system::Call as Chain;
	use pallet_td_raft_election::Call as Consensus;
	use pallet_utility::Call as Utility;

	matches!(
		call,
		RuntimeCall::System(
			Chain::set_heap_pages { .. }
				| Chain::set_code { .. }
				| Chain::set_code_without_checks { .. }
				| Chain::set_storage { .. }
				| Chain::kill_storage { .. }
				| Chain::kill_prefix { .. }
				| Chain::authorize_upgrade { .. }
				| Chain::authorize_upgrade_without_checks { .. }
		) | RuntimeCall::Utility(
			Utility::dispatch_as { .. } | Utility::dispatch_as_fallible { .. } | Utility::with_weight { .. }
		) | RuntimeCall::TdRaft(Consensus::report_offence { .. })
			| RuntimeCall::Scheduler(_)
			// A wrapper of it would count as an inherent, for which a block has no limit.
			| RuntimeCall::Timestamp(_)
	)
}

/// Whether a call fails for everybody who only signs, and not for a majority of the council.
fn needs_a_majority(call: &RuntimeCall) -> bool {
	use pallet_collective::Call as Motion;
	use pallet_td_raft_election::Call as Consensus;

	matches!(
		call,
		RuntimeCall::Council(Motion::set_members { .. } | Motion::disapprove_proposal { .. })
			| RuntimeCall::TdRaft(Consensus::set_authorities { .. })
			| RuntimeCall::Governance(_)
	)
}

/// Whether an account has taken the place of its list of proxies itself. If it is a pure proxy, who made it has, and would never get it
/// back from a list that is removed in another way than with `kill_pure`.
fn is_own(who: &AccountId, place: Balance) -> bool {
	place <= Balance::from(Taken::<Runtime>::get(who))
}

/// The account that the calls act for which a call holds that `who` sends.
///
/// It is the wrapper's, if dispatch will grant it: a council member may be a multisig or have proxies.
fn acts_for<'a>(who: &'a AccountId, call: &'a RuntimeCall) -> Cow<'a, AccountId> {
	use pallet_multisig::Call as Approval;
	use pallet_proxy::Call as Proxies;

	match call {
		RuntimeCall::Utility(pallet_utility::Call::as_derivative { index, .. }) => {
			Cow::Owned(pallet_utility::derivative_account_id(who.clone(), *index))
		}
		RuntimeCall::Multisig(Approval::as_multi {
			threshold,
			other_signatories,
			..
		}) => together(who, other_signatories, *threshold),
		RuntimeCall::Multisig(Approval::as_multi_threshold_1 {
			other_signatories, ..
		}) => together(who, other_signatories, 1),
		RuntimeCall::Proxy(Proxies::proxy {
			real: MultiAddress::Id(real),
			force_proxy_type,
			..
		}) if Proxy::find_proxy(real, who, *force_proxy_type).is_ok_and(|proxy| proxy.delay == 0) => {
			Cow::Borrowed(real)
		}
		RuntimeCall::Proxy(Proxies::proxy_announced {
			real: MultiAddress::Id(real),
			delegate: MultiAddress::Id(delegate),
			force_proxy_type,
			call,
		}) if is_announced(real, delegate, *force_proxy_type, call) => Cow::Borrowed(real),
		_ => Cow::Borrowed(who),
	}
}

/// Whether a proxy has announced a call, long enough ago. Anybody may send what is announced, and nobody anything else.
fn is_announced(real: &AccountId, delegate: &AccountId, kind: Option<ProxyType>, call: &RuntimeCall) -> bool {
	/// The fields of `Announcement`, which have no getters: for whom, hash of the call, when.
	type Fields = (AccountId, Hash, BlockNumber);

	let Ok(proxy) = Proxy::find_proxy(real, delegate, kind) else {
		return false;
	};
	let hash = BlakeTwo256::hash_of(call);
	let now = System::block_number();
	let (announcements, _) = Proxy::announcements(delegate.clone());
	announcements.into_iter().any(|announced| {
		Fields::decode(&mut &announced.encode()[..]).is_ok_and(|(account, of, height)| {
			account == *real && of == hash && now.saturating_sub(height) >= proxy.delay
		})
	})
}

/// The account of `who` and others together; `who` alone if there are more of them than dispatch allows.
fn together<'a>(who: &'a AccountId, others: &[AccountId], threshold: u16) -> Cow<'a, AccountId> {
	let most = <<Runtime as pallet_multisig::Config>::MaxSignatories as Get<u32>>::get();
	if others.len() >= most as usize {
		return Cow::Borrowed(who);
	}
	let mut all = others.to_vec();
	all.push(who.clone());
	all.sort();
	Cow::Owned(Multisig::multi_account_id(&all, threshold))
}
