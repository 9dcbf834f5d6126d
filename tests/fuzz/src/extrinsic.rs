//! Transactions and calls as they come from clients, from other nodes and in blocks: what decodes has one encoding, and what
//! the door looks into (what a call holds, what it may do without a certificate, what it weighs) ends for all of them.

use codec::{DecodeLimit, Encode};
use frame_support::{dispatch::GetDispatchInfo, traits::Contains};
use pallet_certificates::{CallUnits, CertificateRequest};
use veilmart_runtime::{
	configs::{FinishingCalls, HeldCallsCount},
	extensions::read_extrinsic,
	AccountId, RuntimeCall,
};

use crate::whole;

/// Calls that hold calls, at most in one another.
const DEEPEST: u32 = 64;

fn look_into(call: &RuntimeCall) {
	assert!(HeldCallsCount::units(call) > 0);
	FinishingCalls::contains(call);
	call.get_dispatch_info();
}

/// Accepted is a transaction, a call, or a request for a certificate.
pub fn run(data: &[u8]) -> bool {
	let call = RuntimeCall::decode_all_with_depth_limit(DEEPEST, &mut { data }).ok();
	if let Some(call) = &call {
		assert_eq!(call.encode(), data, "a second encoding was accepted");
		look_into(call);
	}
	let transaction = read_extrinsic(data);
	if let Some(transaction) = &transaction {
		assert_eq!(transaction.encode(), data, "a second encoding was accepted");
		let call = &transaction.function;
		assert!(data.ends_with(&call.encode()), "the call has a second encoding");
		look_into(call);
	}
	call.is_some() || transaction.is_some() || whole::<CertificateRequest<AccountId>>(data).is_some()
}
