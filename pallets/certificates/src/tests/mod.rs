//! One file for each concern. Every test ends with the registry's invariants.

mod authority;
mod door;
mod genesis;
mod issue;
mod nonce;
mod quota;
mod renew;
mod status;
mod types;
mod view_key;

use crate::mock::*;
use crate::{Error, Event, Refusal, Role, Status};
use frame_support::{assert_noop, assert_ok, assert_storage_noop};
use sp_runtime::{transaction_validity::TransactionValidityError, DispatchError};

fn refused(refusal: Refusal) -> TransactionValidityError {
	refusal.into()
}
