//! What a transaction may claim of a block.
//!
//! Quotas count calls and not weight, and a failed call gives back nothing of what it declared. So calls that let their sender
//! choose the weight, or weigh much for somebody who has no right to them, would let one account fill blocks that hold nothing.
//! They are refused before they cost: in the pool, and in blocks, which are invalid with them.

use alloc::borrow::Cow;

use codec::Encode;
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
use sp_core::Hasher;
use sp_runtime::{
	generic::Era,
	traits::{BlakeTwo256, TransactionExtension},
	MultiAddress,
};

use super::{commerce::held, governance::CouncilCollective};
use crate::{
	extensions::tx_extension, AccountId, Council, Hash, Multisig, Proxy, Runtime, RuntimeCall, System,
};

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

/// A call and all that it holds claim no more than they can use, for the account that they act for:
///
/// - `as_multi` declares at most what the call weighs that it names, as a transaction if need be (which is what a wallet is told
///   that asks), or little; `approve_as_multi` little;
/// - what is for members of the council is sent by members, and the lengths that they declare are about those of their motions;
/// - `close` names a motion, and declares at most what that weighs, or little; what a member executes alone claims no more either;
/// - calls are held in calls no deeper than eight levels;
/// - what a signature never gives the right to is not sent: calls of Root, of a majority, and those that authorize themselves;
/// - a runtime is handed in when it is authorized.
///
/// Between pool and block the answer can change; a block's author then leaves the transaction out.
pub struct NoMoreThanUsed;

impl Claims<AccountId, RuntimeCall> for NoMoreThanUsed {
	fn check(who: &AccountId, call: &RuntimeCall) -> Result<(), Refusal> {
		check(who, call, MOST_NESTED)
	}

	fn weight(call: &RuntimeCall) -> Weight {
		use pallet_collective::Call as Motion;

		let reads = |count| <Runtime as frame_system::Config>::DbWeight::get().reads(count);
		let bytes = |count: u64| Weight::from_parts(PER_BYTE.saturating_mul(count), 0);
		let own = match call {
			// Members, length, and the motion.
			RuntimeCall::Council(Motion::close { length_bound, .. }) => {
				reads(3).saturating_add(bytes(u64::from(*length_bound)))
			}
			RuntimeCall::Council(Motion::execute { .. } | Motion::propose { .. })
			| RuntimeCall::Preimage(pallet_preimage::Call::ensure_updated { .. })
			| RuntimeCall::Proxy(
				pallet_proxy::Call::proxy { .. } | pallet_proxy::Call::proxy_announced { .. },
			) => reads(1),
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
		held(call)
			.into_iter()
			.flatten()
			.map(Self::weight)
			.fold(own, Weight::saturating_add)
	}
}

/// What [`NoMoreThanUsed`] checks, of a call that may hold others so many levels deep.
fn check(who: &AccountId, call: &RuntimeCall, levels: u32) -> Result<(), Refusal> {
	use pallet_collective::Call as Motion;
	use pallet_multisig::Call as Approval;

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
		RuntimeCall::Council(Motion::execute {
			proposal,
			length_bound,
		}) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
			ensure_length(proposal.encoded_size(), *length_bound)?;
			// Of its own a member has no more rights than a signature gives.
			let levels = levels.checked_sub(1).ok_or(Refusal::DeclaresTooMuch)?;
			check(who, proposal, levels)?;
		}
		RuntimeCall::Council(Motion::propose {
			proposal,
			length_bound,
			..
		}) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
			ensure_length(proposal.encoded_size(), *length_bound)?;
		}
		RuntimeCall::Council(Motion::close {
			proposal_hash,
			proposal_weight_bound,
			length_bound,
			..
		}) => {
			ensure!(Council::is_member(who), Refusal::NotEntitled);
			ensure_closes(proposal_hash, *proposal_weight_bound, *length_bound)?;
		}
		RuntimeCall::Preimage(pallet_preimage::Call::ensure_updated { .. }) => {
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
		call => ensure!(!needs_more_than_a_signature(call), Refusal::NotEntitled),
	}
	let Some(calls) = held(call) else {
		return Ok(());
	};
	let account = acts_for(who, call);
	let levels = levels.checked_sub(1).ok_or(Refusal::DeclaresTooMuch)?;
	calls
		.into_iter()
		.try_for_each(|call| check(&account, call, levels))
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

/// The bounds are those of the motion. Who expects it to be rejected may declare no weight.
fn ensure_closes(motion: &Hash, weight: Weight, length: u32) -> Result<(), Refusal> {
	type Motions = pallet_collective::ProposalOf<Runtime, CouncilCollective>;

	let stored =
		sp_io::storage::read(&Motions::hashed_key_for(motion), &mut [], 0).ok_or(Refusal::NotEntitled)?;
	ensure_length(stored as usize, length)?;
	if weight == Weight::zero() {
		return Ok(());
	}
	// With a bound below its length it could not be executed, and need not be decoded.
	ensure!(length >= stored, Refusal::DeclaresTooMuch);
	let motion = Motions::get(motion).ok_or(Refusal::NotEntitled)?;
	ensure!(
		weight.all_lte(worth(&motion).max(LITTLE)),
		Refusal::DeclaresTooMuch
	);
	Ok(())
}

/// Whether a call fails for everybody who only signs, whatever it declares.
fn needs_more_than_a_signature(call: &RuntimeCall) -> bool {
	use frame_system::Call as Chain;
	use pallet_collective::Call as Motion;
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
		) | RuntimeCall::Utility(
			Utility::dispatch_as { .. } | Utility::dispatch_as_fallible { .. } | Utility::with_weight { .. }
		) | RuntimeCall::Council(Motion::set_members { .. } | Motion::disapprove_proposal { .. })
			| RuntimeCall::TdRaft(Consensus::set_authorities { .. } | Consensus::report_offence { .. })
			| RuntimeCall::Governance(_)
			| RuntimeCall::Scheduler(_)
	)
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
			..
		}) if Proxy::find_proxy(real, who, None).is_ok() => Cow::Borrowed(real),
		RuntimeCall::Proxy(Proxies::proxy_announced {
			real: MultiAddress::Id(real),
			delegate: MultiAddress::Id(delegate),
			..
		}) if Proxy::find_proxy(real, delegate, None).is_ok() => Cow::Borrowed(real),
		_ => Cow::Borrowed(who),
	}
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
