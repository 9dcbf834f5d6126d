//! Who gets in: the certificates as this runtime wires them.

use frame_support::{
	assert_ok,
	traits::{Contains, GetCallMetadata},
};
use pallet_certificates::{CallUnits, Refusal};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use sp_runtime::transaction_validity::{
	InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction, ValidTransaction,
};

use super::*;
use crate::{
	configs::{CallQuota, FinishingCalls, HeldCallsCount},
	full_blocks, genesis_presets, Certificates, Council,
};

/// A certified account that is not in the council, so that its quota counts.
const SHOP: Sr25519Keyring = Charlie;

/// The chain `development` with a council of Alice and Bob only.
fn with_a_counted_shop() -> TestExternalities {
	let mut state = development();
	state.execute_with(|| {
		let members = [Alice, Bob].map(account).to_vec();
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 3));
	});
	state
}

fn refused(refusal: Refusal) -> TransactionValidityError {
	match refusal {
		// Waiting does not help: it stays out.
		Refusal::TooManyCalls => InvalidTransaction::Custom(refusal.code()).into(),
		_ => UnknownTransaction::Custom(refusal.code()).into(),
	}
}

fn validate(transaction: UncheckedExtrinsic) -> Result<ValidTransaction, TransactionValidityError> {
	Executive::validate_transaction(TransactionSource::External, transaction, Hash::default())
}

fn batch(calls: Vec<RuntimeCall>) -> RuntimeCall {
	pallet_utility::Call::batch { calls }.into()
}

#[test]
fn a_certificate_lets_in() {
	with_a_counted_shop().execute_with(|| {
		assert_eq!(apply(SHOP, remark()), Ok(Ok(())));
		assert_eq!(Certificates::quota_left(account(SHOP)), CallQuota::get() - 1);
	});
}

#[test]
fn nobody_else_gets_in() {
	development().execute_with(|| {
		System::inc_providers(&account(OUTSIDER));
		assert_eq!(apply(OUTSIDER, remark()), Err(refused(Refusal::NotCertified)));
		assert_eq!(
			validate(transaction(OUTSIDER, remark(), 0)).err(),
			Some(refused(Refusal::NotCertified))
		);
	});
}

#[test]
fn the_council_needs_no_certificate() {
	development().execute_with(|| {
		let members = vec![account(OUTSIDER)];
		System::inc_providers(&account(OUTSIDER));
		assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 3));
		assert_eq!(apply(OUTSIDER, remark()), Ok(Ok(())));
	});
}

#[test]
fn transactions_wait_no_further_ahead_than_the_quota() {
	with_a_counted_shop().execute_with(|| {
		assert!(validate(transaction(SHOP, remark(), CallQuota::get() - 1)).is_ok());
		assert_eq!(
			validate(transaction(SHOP, remark(), CallQuota::get())).err(),
			Some(refused(Refusal::NonceBeyondQuota))
		);
	});
}

#[test]
fn all_transactions_have_the_same_priority() {
	with_a_counted_shop().execute_with(|| {
		let large = frame_system::Call::remark {
			remark: vec![0; 10_000],
		}
		.into();
		let priority = |call| validate(transaction(SHOP, call, 0)).map(|valid| valid.priority);
		assert_eq!(priority(remark()), priority(large));
	});
}

#[test]
fn a_call_costs_what_it_holds() {
	let proxied = |call| -> RuntimeCall {
		pallet_proxy::Call::proxy {
			real: account(Alice).into(),
			force_proxy_type: None,
			call: Box::new(call),
		}
		.into()
	};
	assert_eq!(HeldCallsCount::units(&remark()), 1);
	assert_eq!(HeldCallsCount::units(&batch(vec![])), 1);
	assert_eq!(HeldCallsCount::units(&batch(vec![remark(); 10])), 10);
	assert_eq!(
		HeldCallsCount::units(&proxied(batch(vec![batch(vec![remark(); 3]), remark()]))),
		4
	);
}

#[test]
fn a_revoked_account_finishes_and_starts_nothing() {
	let key = pallet_certificates::ViewKey::new([7; 32]).expect("not of small order");
	let finishing: RuntimeCall = pallet_certificates::Call::set_view_key {
		view_key: key,
		counter: 1,
	}
	.into();
	assert!(FinishingCalls::contains(&finishing));
	assert!(FinishingCalls::contains(&batch(vec![
		finishing.clone(),
		finishing.clone()
	])));
	assert!(!FinishingCalls::contains(&batch(vec![
		finishing.clone(),
		remark()
	])));
	assert!(!FinishingCalls::contains(&batch(vec![])));

	with_a_counted_shop().execute_with(|| {
		let ca = RuntimeOrigin::signed(genesis_presets::certificate_authority());
		assert_ok!(Certificates::revoke(ca, account(SHOP)));
		assert_eq!(apply(SHOP, remark()), Err(refused(Refusal::Revoked)));
		assert_eq!(apply(SHOP, finishing), Ok(Ok(())));
	});
}

/// What the design lets somebody do who fell out with the consortium, and nothing else: others wait for it, or it is theirs. Of all
/// calls of ours, so that a new one has to be put on one side. (That dispatch says the same: `pallets/ecommerce/src/tests/fallen.rs`.)
#[test]
fn who_lost_its_certificate_may_finish_and_no_more() {
	const FINISHING: [&str; 14] = [
		"cancel",
		"decline",
		"ship",
		"confirm",
		"poke",
		"dispute",
		"collect",
		"refuse",
		"reclaim",
		"redeem",
		"settle",
		"refresh",
		"delist",
		"set_view_key",
	];
	let mut finishing = 0;
	for call in full_blocks::calls() {
		let name = call.get_call_metadata().function_name;
		let may = FINISHING.contains(&name);
		assert_eq!(FinishingCalls::contains(&call), may, "{name}");
		assert_eq!(
			FinishingCalls::contains(&batch(vec![call])),
			may,
			"{name} in a batch"
		);
		finishing += usize::from(may);
	}
	assert_eq!(finishing, FINISHING.len(), "each exists");
}
