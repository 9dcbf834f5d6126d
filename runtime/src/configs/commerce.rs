//! The consortium's rules: who may take part, and how much.

use alloc::{vec, vec::Vec};

use frame_support::{
	parameter_types,
	traits::{Contains, Get},
	weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_certificates::{CallUnits, Moment};
use pallet_td_raft_election::{Current, CurrentTiming, LastBlock, Queued, Wanted};
use sp_runtime::{Perbill, SaturatedConversion};
use veilmart_td_raft::Timing;

use super::{
	claims::NoMoreThanUsed,
	governance::{CouncilMembers, RootOrCouncilTwoThirds},
	system::RuntimeBlockWeights,
};
use crate::{AccountId, Runtime, RuntimeCall, TdRaft, Timestamp, TxPause};

parameter_types! {
	/// Calls that an account may have included in each [`QuotaPeriod`].
	pub const CallQuota: u32 = 200;
	/// Length of a quota's period in milliseconds: a minute.
	pub const QuotaPeriod: Moment = 60_000;
	/// Listings of a seller: some 20 MB of state.
	pub const MaxListings: u32 = 10_000;
	/// Quotes that wait for a buyer from one seller: some 100 KB.
	pub const MaxQuotesPerPair: u32 = 256;
	/// Orders of a buyer, until what came out of them is collected: some 10 MB.
	pub const MaxOrders: u32 = 4_096;
	/// Credits that wait for an account from one other; one `collect` takes them all.
	pub const MaxCreditsPerPair: u32 = 10;
	/// Redemptions of one holder that wait for one issuer.
	pub const MaxRedemptionsPerPair: u32 = 64;
	/// After a day a transfer that nobody collected can be taken back.
	pub const ReclaimPeriod: Moment = 86_400_000;
}

/// How far the timestamp of a block may be from the clocks of those who vote for it, in milliseconds. Ahead of them: a constant of
/// pallet-timestamp, which does not tell it. Behind them: a rule of the consensus.
const TIMESTAMP_DRIFT: Moment = 30_000;

/// The shortest time for which a party may rely on getting a transaction into a block.
///
/// Chain time may be behind the clocks when a period begins and ahead of them when it ends, and between the two a transaction
/// may have to wait, and what it answers may not be final yet: see [`Timing::wait`].
pub struct LeastPeriod;

impl LeastPeriod {
	/// With this timing, and so many authorities in the only set.
	pub fn of(timing: &Timing, authorities: u16) -> Moment {
		Self::with(timing.wait(Timing::faulty(authorities)))
	}

	/// With so long a wait, in milliseconds.
	fn with(wait: Moment) -> Moment {
		TIMESTAMP_DRIFT.saturating_mul(2).saturating_add(wait)
	}
}

impl Get<Moment> for LeastPeriod {
	fn get() -> Moment {
		Self::with(TdRaft::longest_wait())
	}
}

/// What [`LeastPeriod`] was in version 5 of the runtime: timestamps drifted once, only the largest set counted, nothing held a turn
/// up, and a gap between blocks took no time. For the migration from there; an earlier version had less.
pub struct LeastPeriodOfVersion5;

impl Get<Moment> for LeastPeriodOfVersion5 {
	fn get() -> Moment {
		let timing = CurrentTiming::<Runtime>::get();
		let rosters = [Current::<Runtime>::get(), Queued::<Runtime>::get()];
		let largest = rosters
			.iter()
			.flatten()
			.map(|roster| roster.set.count())
			.chain([Wanted::<Runtime>::get().len().saturated_into()])
			.max();
		let [sync, patience] = [timing.sync_timeout, timing.election_timeout].map(Moment::from);
		let censored = sync.max(3 * patience) + 3 * patience;
		let turns = match Moment::from(Timing::faulty(largest.unwrap_or(0))) {
			0 => 0,
			faulty => 1_000 + censored + (faulty - 1) * censored.max(9 * patience),
		};
		TIMESTAMP_DRIFT.saturating_add(turns)
	}
}

/// What [`LeastPeriod`] was in version 6 of the runtime: nothing was withheld. For the migrations to there and from there.
pub struct LeastPeriodOfVersion6;

impl Get<Moment> for LeastPeriodOfVersion6 {
	fn get() -> Moment {
		let timing = CurrentTiming::<Runtime>::get();
		let faulty = TdRaft::most_faulty();
		LeastPeriod::with(timing.wait(faulty).saturating_sub(timing.withheld(faulty)))
	}
}

/// Share of a block that deadlines and what follows from them may fill.
const AGENDA_SHARE: Perbill = Perbill::from_percent(25);

/// A quarter of each block, and nothing of one that closes a set of authorities: it has enough to do.
pub struct AgendaWeight;

impl AgendaWeight {
	/// The quarter.
	pub fn share() -> Weight {
		AGENDA_SHARE * RuntimeBlockWeights::get().max_block
	}
}

impl Get<Weight> for AgendaWeight {
	fn get() -> Weight {
		// The consensus has recorded the present block's header before the marketplace is asked.
		if LastBlock::<Runtime>::get().closing {
			Weight::zero()
		} else {
			Self::share()
		}
	}
}

/// See [`Timing::longest_gap`].
pub struct HaltThreshold;

impl Get<Moment> for HaltThreshold {
	fn get() -> Moment {
		CurrentTiming::<Runtime>::get().longest_gap()
	}
}

/// Whether the council has paused a call that a party or an arbiter needs to keep a deadline.
pub struct Suspended;

impl Get<bool> for Suspended {
	fn get() -> bool {
		["accept", "ship", "dispute", "resolve"]
			.into_iter()
			.any(|call| TxPause::is_paused_unbound(b"Ecommerce".to_vec(), call.as_bytes().to_vec()))
	}
}

/// The calls that `call` dispatches in its turn; `None` if it dispatches none.
///
/// Calls that only Root or the council may send are left out, because neither is checked nor counted.
pub(super) fn held(call: &RuntimeCall) -> Option<Vec<&RuntimeCall>> {
	use pallet_multisig::Call as Multisig;
	use pallet_proxy::Call as Proxy;
	use pallet_utility::Call as Utility;

	Some(match call {
		RuntimeCall::Utility(
			Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls },
		) => calls.iter().collect(),
		RuntimeCall::Utility(Utility::as_derivative { call, .. }) => vec![call.as_ref()],
		RuntimeCall::Utility(Utility::if_else { main, fallback }) => vec![main.as_ref(), fallback.as_ref()],
		RuntimeCall::Proxy(Proxy::proxy { call, .. } | Proxy::proxy_announced { call, .. }) => {
			vec![call.as_ref()]
		}
		RuntimeCall::Multisig(
			Multisig::as_multi { call, .. } | Multisig::as_multi_threshold_1 { call, .. },
		) => {
			vec![call.as_ref()]
		}
		_ => return None,
	})
}

/// What an account may still do when its certificate is no longer active.
///
/// Whoever falls out with the consortium finishes what others wait for and keeps what is theirs, but starts
/// nothing new. A call that holds calls is allowed if all of them are.
pub struct FinishingCalls;

impl Contains<RuntimeCall> for FinishingCalls {
	fn contains(call: &RuntimeCall) -> bool {
		match held(call) {
			Some(calls) => !calls.is_empty() && calls.into_iter().all(Self::contains),
			None => matches!(
				call,
				RuntimeCall::Certificates(pallet_certificates::Call::set_view_key { .. }) |
					// Cancel and decline are among them: a total must not be locked because both its parties fell out.
					RuntimeCall::Ecommerce(
						pallet_ecommerce::Call::cancel { .. }
							| pallet_ecommerce::Call::decline { .. }
							| pallet_ecommerce::Call::ship { .. }
							| pallet_ecommerce::Call::confirm { .. }
							| pallet_ecommerce::Call::poke { .. }
							| pallet_ecommerce::Call::dispute { .. }
							| pallet_ecommerce::Call::collect { .. }
							| pallet_ecommerce::Call::refuse { .. }
							| pallet_ecommerce::Call::reclaim { .. }
							| pallet_ecommerce::Call::redeem { .. }
							| pallet_ecommerce::Call::settle { .. }
							| pallet_ecommerce::Call::refresh { .. }
							| pallet_ecommerce::Call::delist { .. }
					)
			),
		}
	}
}

/// A call that holds calls costs as much as they do together; every other call costs one.
pub struct HeldCallsCount;

impl CallUnits<RuntimeCall> for HeldCallsCount {
	fn units(call: &RuntimeCall) -> u32 {
		match held(call) {
			Some(calls) => calls
				.into_iter()
				.map(Self::units)
				.fold(0, u32::saturating_add)
				.max(1),
			None => 1,
		}
	}
}

/// Proofs are verified by the node.
#[cfg(not(feature = "portable-verification"))]
pub type ProofVerification = veilmart_verification_host::Native;
/// Proofs are verified by the runtime itself: same code, same verdict, slower.
#[cfg(feature = "portable-verification")]
pub type ProofVerification = veilmart_verification_host::Portable;

impl pallet_ecommerce::Config for Runtime {
	type AgendaWeight = AgendaWeight;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = LeastPeriod;
	type CouncilOrigin = RootOrCouncilTwoThirds;
	type HaltThreshold = HaltThreshold;
	type LeastPeriod = LeastPeriod;
	type MaxCreditsPerPair = MaxCreditsPerPair;
	type MaxListings = MaxListings;
	type MaxOrders = MaxOrders;
	type MaxQuotesPerPair = MaxQuotesPerPair;
	type MaxRedemptionsPerPair = MaxRedemptionsPerPair;
	type ReclaimPeriod = ReclaimPeriod;
	type Suspended = Suspended;
	type Verification = ProofVerification;
	type WeightInfo = pallet_ecommerce::weights::SubstrateWeight<Runtime>;
}

impl pallet_certificates::Config for Runtime {
	type AllowedWithoutCertificate = FinishingCalls;
	type CallQuota = CallQuota;
	type CallUnits = HeldCallsCount;
	type Claims = NoMoreThanUsed;
	type GovernanceOrigin = EnsureRoot<AccountId>;
	type Privileged = CouncilMembers;
	type QuotaPeriod = QuotaPeriod;
	type Time = Timestamp;
	type WeightInfo = pallet_certificates::weights::SubstrateWeight<Runtime>;
}
