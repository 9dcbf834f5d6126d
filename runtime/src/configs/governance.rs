//! The council, what it decides by which majority, and the brake.

use frame_support::{
	parameter_types,
	traits::{ConstU32, Contains, EitherOfDiverse, EqualPrivilegeOnly, PalletInfoAccess},
	weights::Weight,
};
use frame_system::EnsureRoot;
use pallet_collective::{EnsureProportionAtLeast, EnsureProportionMoreThan};
use pallet_tx_pause::RuntimeCallNameOf;
use sp_runtime::Perbill;

use super::system::RuntimeBlockWeights;
use crate::{
	governance::{self, ForMembers, NoVoteIsNo},
	AccountId, Balances, BlockNumber, Council, Governance, Multisig, OriginCaller, Preimage, Proxy, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeOrigin, Scheduler, System, TdRaft, Timestamp,
};

/// The one collective of this chain.
pub type CouncilCollective = pallet_collective::Instance1;

/// A motion that at least two thirds of the council carried.
pub type CouncilTwoThirds = EnsureProportionAtLeast<AccountId, CouncilCollective, 2, 3>;

/// A motion that more than half of the council carried.
pub type CouncilMajority = EnsureProportionMoreThan<AccountId, CouncilCollective, 1, 2>;

/// Root, or two thirds of the council.
pub type RootOrCouncilTwoThirds = EitherOfDiverse<EnsureRoot<AccountId>, CouncilTwoThirds>;

parameter_types! {
	/// Blocks that a motion stays open: half a day or more, blocks being 100 ms to 5 s apart.
	pub const MotionDuration: BlockNumber = 432_000;
	/// The heaviest call that the council may pass.
	pub MaxProposalWeight: Weight = Perbill::from_percent(50) * RuntimeBlockWeights::get().max_block;
	/// Weight per block that scheduled calls may take.
	pub MaximumSchedulerWeight: Weight = Perbill::from_percent(80) * RuntimeBlockWeights::get().max_block;
}

impl pallet_collective::Config<CouncilCollective> for Runtime {
	type Consideration = ();
	type DefaultVote = NoVoteIsNo;
	type DisapproveOrigin = RootOrCouncilTwoThirds;
	type KillOrigin = RootOrCouncilTwoThirds;
	type MaxMembers = ConstU32<100>;
	type MaxProposalWeight = MaxProposalWeight;
	type MaxProposals = ConstU32<100>;
	type MotionDuration = MotionDuration;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type SetMembersOrigin = RootOrCouncilTwoThirds;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
}

impl governance::Config for Runtime {
	type RootOrigin = RootOrCouncilTwoThirds;
	type RuntimeCall = RuntimeCall;
}

impl pallet_scheduler::Config for Runtime {
	type BlockNumberProvider = System;
	type MaxScheduledPerBlock = ConstU32<50>;
	type MaximumWeight = MaximumSchedulerWeight;
	type OriginPrivilegeCmp = EqualPrivilegeOnly;
	type PalletsOrigin = OriginCaller;
	type Preimages = Preimage;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	// The council schedules through `governance`, so that what runs later runs as Root and not with
	// a majority of members who may have left.
	type ScheduleOrigin = EnsureRoot<AccountId>;
	type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
}

/// The council's members, now.
pub struct CouncilMembers;

impl Contains<AccountId> for CouncilMembers {
	fn contains(who: &AccountId) -> bool {
		Council::is_member(who)
	}
}

impl pallet_preimage::Config for Runtime {
	// A preimage may have 4 MiB and costs nothing: council members only.
	type Consideration = ForMembers<CouncilMembers>;
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<AccountId>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
}

/// The calls that nobody can pause.
///
/// Governance, because the brake must not take away the hand that releases it: the council and its
/// tools, upgrades (`System`), and the wrappers through which a council member with several keys
/// calls (their inner calls are filtered again). The clock, because without its inherent no block
/// is valid. The consensus, because a report of an offence that cannot be dispatched would be valid for
/// ever, and free. `TxPause` cannot pause itself by its own rule.
pub struct NeverPaused;

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
	fn contains((pallet, _call): &RuntimeCallNameOf<Runtime>) -> bool {
		[
			System::name(),
			Timestamp::name(),
			TdRaft::name(),
			Council::name(),
			Governance::name(),
			Scheduler::name(),
			Preimage::name(),
			Multisig::name(),
			Proxy::name(),
		]
		.into_iter()
		.any(|name| name.as_bytes() == pallet.as_slice())
	}
}

impl pallet_tx_pause::Config for Runtime {
	type MaxNameLen = ConstU32<256>;
	// An emergency needs speed more than unanimity: more than half of the council brakes or releases.
	type PauseOrigin = EitherOfDiverse<EnsureRoot<AccountId>, CouncilMajority>;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type UnpauseOrigin = EitherOfDiverse<EnsureRoot<AccountId>, CouncilMajority>;
	type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
	type WhitelistedCalls = NeverPaused;
}
