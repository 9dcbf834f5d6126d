//! How a call ends: its unit of quota, its error, and the weight that it had.

use crate::{Config, Error, Pallet};
use frame_support::{
	dispatch::{DispatchErrorWithPostInfo, DispatchResultWithPostInfo, Pays, PostDispatchInfo},
	weights::Weight,
};

/// A refusal, and whether the verifier had been asked by then.
pub(crate) struct Refusal<T> {
	error: Error<T>,
	verified: bool,
}

impl<T> Refusal<T> {
	/// The verdict on the proof.
	pub(crate) fn by_verifier(error: Error<T>) -> Self {
		Self {
			error,
			verified: true,
		}
	}
}

/// Every check but the last is made before the verifier is asked.
impl<T> From<Error<T>> for Refusal<T> {
	fn from(error: Error<T>) -> Self {
		Self {
			error,
			verified: false,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Does the work of a call after charging its caller; every call of the marketplace goes through here, whatever way it
	/// came.
	///
	/// A call that is refused before the verifier was asked has the weight `unproved`. Otherwise a batch of calls that fail
	/// at once would fill blocks with proofs that nobody verified.
	pub(crate) fn charged<R: Into<Refusal<T>>>(
		who: &T::AccountId,
		unproved: Weight,
		work: impl FnOnce() -> Result<(), R>,
	) -> DispatchResultWithPostInfo {
		let result = match pallet_certificates::Pallet::<T>::consume_quota(who) {
			Ok(()) => work().map_err(Into::into),
			Err(error) => Err(Refusal::from(Error::<T>::from(error))),
		};
		match result {
			Ok(()) => Ok(().into()),
			Err(Refusal { error, verified }) => Err(DispatchErrorWithPostInfo {
				post_info: PostDispatchInfo {
					actual_weight: (!verified).then_some(unproved),
					pays_fee: Pays::Yes,
				},
				error: error.into(),
			}),
		}
	}
}
