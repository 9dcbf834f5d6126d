//! How the council governs, and how two thirds of it act as Root.
//!
//! There is no sudo. The council (`pallet-collective`) passes motions; a motion is dispatched with
//! the collective's own origin, which most privileged calls do not know. This module is the one
//! bridge: [`Call::dispatch_as_root`] accepts only [`Config::RootOrigin`] (two thirds of the
//! council, or Root itself) and dispatches the wrapped call as Root.
//!
//! What follows from that:
//!
//! - Whatever Root may do is done by a motion `governance.dispatchAsRoot(call)`: authorize an
//!   upgrade, schedule a call, change a parameter.
//! - The scheduler accepts Root alone, so a scheduled call runs with an origin that two thirds
//!   granted when they scheduled it, and that the same majority can cancel.
//! - The majority is counted when the motion is *closed*, against the members of that moment: a
//!   motion that passed among three fails the proportion if the council has grown to ten since.
//! - The result is the motion's result (`council.Executed`); if the wrapped call fails, nothing of
//!   it remains.
//!
//! [`NoVoteIsNo`] and [`CouncilMembers`](crate::configs::CouncilMembers) are the council's two other rules.

use core::marker::PhantomData;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{Consideration, Contains, Footprint},
	CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

pub use pallet::*;

#[frame_support::pallet]
pub mod pallet {
	//! The bridge from a majority of the council to Root.

	use alloc::boxed::Box;

	use frame_support::{
		dispatch::GetDispatchInfo,
		pallet_prelude::*,
		traits::{EnsureOrigin, UnfilteredDispatchable},
	};
	use frame_system::{pallet_prelude::*, RawOrigin};

	/// What checking the origin and re-dispatching costs beside the wrapped call: 10 µs, no storage.
	pub const DISPATCH_OVERHEAD: Weight = Weight::from_parts(10_000_000, 0);

	/// Parameters of the bridge.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// The runtime's calls.
		type RuntimeCall: Parameter
			+ UnfilteredDispatchable<RuntimeOrigin = Self::RuntimeOrigin>
			+ GetDispatchInfo;

		/// Who acts as Root.
		type RootOrigin: EnsureOrigin<Self::RuntimeOrigin>;
	}

	/// The bridge keeps no state.
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Dispatches `call` as Root. Succeeds or fails as `call` does.
		#[pallet::call_index(0)]
		#[pallet::weight({
			let info = call.get_dispatch_info();
			(info.call_weight.saturating_add(DISPATCH_OVERHEAD), info.class)
		})]
		pub fn dispatch_as_root(
			origin: OriginFor<T>,
			call: Box<<T as Config>::RuntimeCall>,
		) -> DispatchResultWithPostInfo {
			T::RootOrigin::ensure_origin(origin)?;
			let with_overhead = |mut post: frame_support::dispatch::PostDispatchInfo| {
				post.actual_weight = post
					.actual_weight
					.map(|weight| weight.saturating_add(DISPATCH_OVERHEAD));
				post
			};
			match call.dispatch_bypass_filter(RawOrigin::Root.into()) {
				Ok(post) => Ok(with_overhead(post)),
				Err(mut failed) => {
					failed.post_info = with_overhead(failed.post_info);
					Err(failed)
				}
			}
		}
	}
}

/// A member who has not voted when a motion ends has voted no.
///
/// With the collective's own rules the prime member's vote would count for everybody who is absent,
/// and one member could then reach two thirds by waiting.
pub struct NoVoteIsNo;

impl pallet_collective::DefaultVote for NoVoteIsNo {
	fn default_vote(_: Option<bool>, _: u32, _: u32, _: u32) -> bool {
		false
	}
}

/// The right to keep something in the chain's state for free, for the accounts in `Members` only.
///
/// All deposits are zero, so something else than money must keep strangers from filling the state:
/// here it is membership. What a member stored stays when the member leaves, until it is removed.
#[derive(
	CloneNoBound,
	EqNoBound,
	PartialEqNoBound,
	DebugNoBound,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[scale_info(skip_type_params(Members))]
pub struct ForMembers<Members>(PhantomData<Members>);

impl<AccountId, Members> Consideration<AccountId, Footprint> for ForMembers<Members>
where
	AccountId: 'static,
	Members: Contains<AccountId> + Send + Sync + 'static,
{
	fn new(who: &AccountId, _: Footprint) -> Result<Self, DispatchError> {
		frame_support::ensure!(Members::contains(who), DispatchError::BadOrigin);
		Ok(Self(PhantomData))
	}

	fn update(self, who: &AccountId, new: Footprint) -> Result<Self, DispatchError> {
		Self::new(who, new)
	}

	fn drop(self, _: &AccountId) -> Result<(), DispatchError> {
		Ok(())
	}

	/// Only the SDK's own benchmarks of preimages would ask, which are not run here.
	#[cfg(feature = "runtime-benchmarks")]
	fn ensure_successful(_: &AccountId, _: Footprint) {}
}
