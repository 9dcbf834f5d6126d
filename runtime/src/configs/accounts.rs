//! The valueless token, and ways to call that need more than one key.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32, ConstU8, Contains, InstanceFilter, VariantCountOf},
	weights::NoFee,
};
use pallet_transaction_payment::FungibleAdapter;
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

use crate::{
	places::{self, InPlaces},
	AccountId, Balance, Balances, Certificates, OriginCaller, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeFreezeReason, RuntimeHoldReason, System,
};

parameter_types! {
	/// Deposits of money are zero: certificates, quotas and places keep order.
	pub const NoDeposit: Balance = 0;
	/// What an entry takes in [`places`], however long it is: its length has a bound of its own.
	pub const OnePlace: Balance = 1;
	/// Places of an account: with the longest entries, multisig operations that a hundred have approved, 220 KB of state; more
	/// than a person has open at once.
	pub const MaxPlaces: u32 = 64;
}

/// Who ever had a certificate, and who needs none. Their number is bounded by what authority and council do.
pub struct Keepers;

impl Contains<AccountId> for Keepers {
	fn contains(who: &AccountId) -> bool {
		pallet_certificates::Certificates::<Runtime>::contains_key(who) || Certificates::is_privileged(who)
	}
}

impl places::Config for Runtime {
	type Keepers = Keepers;
	type MaxPlaces = MaxPlaces;
}

/// The token exists because tools, tests and deposits of zero expect one.
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type DoneSlashHandler = ();
	type DustRemoval = ();
	type ExistentialDeposit = ConstU128<1>;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type ReserveIdentifier = [u8; 8];
	type RuntimeEvent = RuntimeEvent;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}

/// Answers tools that ask for fees, always with zero. Its transaction extension is not used.
impl pallet_transaction_payment::Config for Runtime {
	type FeeMultiplierUpdate = ();
	type LengthToFee = NoFee<Balance>;
	type OnChargeTransaction = FungibleAdapter<Balances, ()>;
	type OperationalFeeMultiplier = ConstU8<1>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
	type WeightToFee = NoFee<Balance>;
}

impl pallet_utility::Config for Runtime {
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
	type BlockNumberProvider = System;
	type Currency = InPlaces;
	type DepositBase = OnePlace;
	type DepositFactor = NoDeposit;
	type MaxSignatories = ConstU32<100>;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
}

/// What a proxy may do in the name of another account.
#[derive(
	Copy,
	Clone,
	Debug,
	Default,
	Decode,
	DecodeWithMemTracking,
	Encode,
	Eq,
	MaxEncodedLen,
	Ord,
	PartialEq,
	PartialOrd,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// Propose, vote and store preimages as a council member.
	Governance,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			Self::Any => true,
			// A batch is no way around: its calls are filtered again, one by one.
			Self::Governance => matches!(
				call,
				RuntimeCall::Council(..) | RuntimeCall::Preimage(..) | RuntimeCall::Utility(..)
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		matches!(self, Self::Any) || self == other
	}
}

impl pallet_proxy::Config for Runtime {
	type AnnouncementDepositBase = OnePlace;
	type AnnouncementDepositFactor = NoDeposit;
	type BlockNumberProvider = System;
	type CallHasher = BlakeTwo256;
	type Currency = InPlaces;
	type MaxPending = ConstU32<32>;
	type MaxProxies = ConstU32<32>;
	type ProxyDepositBase = OnePlace;
	type ProxyDepositFactor = NoDeposit;
	type ProxyType = ProxyType;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
}

/// Compile-time reminder that accounts are what the proxies' storage assumes: 32 bytes.
const _: () = assert!(core::mem::size_of::<AccountId>() == 32);
