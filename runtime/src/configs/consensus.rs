//! Who orders blocks, and for how long the same ones do.

use frame_support::{parameter_types, traits::Contains};
use pallet_certificates::Role;
use pallet_td_raft_election::{Moment, OnLonger};
use sp_runtime::traits::Convert;

use super::{accounts::NoDeposit, governance::RootOrCouncilTwoThirds};
use crate::{
	apis::SessionKeys, AccountId, Balances, Certificates, Ecommerce, Runtime, RuntimeCall, RuntimeEvent,
	TdRaft, Timestamp,
};

parameter_types! {
	/// Length of a session in milliseconds: a minute. Whoever becomes an authority waits for one to two of them.
	pub const SessionLength: Moment = 60_000;
}

/// The accounts with an active certificate that names the role of a validator.
pub struct CertifiedValidators;

impl Contains<AccountId> for CertifiedValidators {
	fn contains(account: &AccountId) -> bool {
		Certificates::ensure_role(account, Role::Validator).is_ok()
	}
}

/// Only validators register session keys. (Whoever has some may purge them in any case.)
impl Convert<AccountId, Option<AccountId>> for CertifiedValidators {
	fn convert(account: AccountId) -> Option<AccountId> {
		Self::contains(&account).then_some(account)
	}
}

/// Every call but the registration of session keys that no authority set may have.
///
/// For a key that is the identity anybody can prove ownership, and a set with such a key to open shares could elect no
/// second leader. The consensus leaves such an authority out of its sets anyway; here it is told so at once.
pub struct RegistrableKeys;

impl Contains<RuntimeCall> for RegistrableKeys {
	fn contains(call: &RuntimeCall) -> bool {
		match call {
			RuntimeCall::Session(pallet_session::Call::set_keys { keys, .. }) => {
				TdRaft::authority_of(keys).is_some()
			}
			_ => true,
		}
	}
}

/// The deadlines that run wait for as much longer as leaders can leave out what their parties send.
pub struct DeadlinesWait;

impl OnLonger for DeadlinesWait {
	fn on_longer(by: Moment) {
		Ecommerce::postpone(by);
	}
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	type DisablingStrategy = ();
	type KeyDeposit = NoDeposit;
	type Keys = SessionKeys;
	type NextSessionRotation = ();
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = TdRaft;
	type SessionManager = TdRaft;
	type ShouldEndSession = TdRaft;
	type ValidatorId = AccountId;
	type ValidatorIdOf = CertifiedValidators;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_td_raft_election::Config for Runtime {
	type AuthorityOrigin = RootOrCouncilTwoThirds;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = CertifiedValidators;
	type Candidates = CertifiedValidators;
	type OnLonger = DeadlinesWait;
	type SessionLength = SessionLength;
	type Time = Timestamp;
	type WeightInfo = pallet_td_raft_election::weights::SubstrateWeight<Runtime>;
}
