//! `CheckNonce`: how far ahead.

use super::*;
use crate::CheckNonce;
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use sp_runtime::traits::{DispatchTransaction, TransactionExtension};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

#[test]
fn nonces_reach_as_far_as_the_quota() {
	ExtBuilder::default().build_and_execute_with(|| {
		for ahead in 0..QUOTA as u64 {
			assert_ok!(pool(BUYER, ahead, order()));
		}
		for beyond in [QUOTA as u64, QUOTA as u64 + 1, u64::MAX] {
			assert_eq!(
				pool(BUYER, beyond, order()),
				Err(refused(Refusal::NonceBeyondQuota))
			);
		}
	});
}

#[test]
fn what_was_in_reach_stays_in_reach_while_the_window_lasts() {
	ExtBuilder::default().build_and_execute_with(|| {
		for included in 0..QUOTA as u64 {
			for nonce in included..QUOTA as u64 {
				assert_ok!(pool(BUYER, nonce, order()));
			}
			let beyond = pool(BUYER, QUOTA as u64, order());
			assert_eq!(beyond, Err(refused(Refusal::NonceBeyondQuota)));
			assert_ok!(submit(BUYER, order()).unwrap());
		}
		assert_eq!(
			pool(BUYER, QUOTA as u64, order()),
			Err(refused(Refusal::QuotaExhausted))
		);
		Now::set(START + PERIOD);
		assert_ok!(pool(BUYER, QUOTA as u64, order()));
		assert_ok!(pool(BUYER, 2 * QUOTA as u64 - 1, order()));
		assert_eq!(
			pool(BUYER, 2 * QUOTA as u64, order()),
			Err(refused(Refusal::NonceBeyondQuota))
		);
	});
}

#[test]
fn stale_and_future_nonces_are_the_systems_business() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(submit(BUYER, order()).unwrap());
		assert_eq!(pool(BUYER, 0, order()), Err(InvalidTransaction::Stale.into()));
		assert_noop!(
			submit_as(signed(BUYER), 0, order()),
			TransactionValidityError::from(InvalidTransaction::Stale)
		);
		assert_noop!(
			submit_as(signed(BUYER), 3, order()),
			TransactionValidityError::from(InvalidTransaction::Future)
		);
		leave_units(SELLER, 0);
		assert_eq!(pool(SELLER, 0, ship()), Err(refused(Refusal::QuotaExhausted)));
		// Stale even when nothing is left: the more exact reason.
		System::inc_account_nonce(account(SELLER));
		assert_eq!(pool(SELLER, 0, ship()), Err(InvalidTransaction::Stale.into()));
	});
}

#[test]
fn tags_are_the_systems() {
	ExtBuilder::default().build_and_execute_with(|| {
		let first = pool(BUYER, 0, order()).unwrap();
		let third = pool(BUYER, 2, order()).unwrap();
		assert_eq!(first.requires, Vec::<Vec<u8>>::new());
		assert_eq!(first.provides, vec![(account(BUYER), 0u64).encode()]);
		assert_eq!(third.requires, vec![(account(BUYER), 1u64).encode()]);
		assert_eq!(third.provides, vec![(account(BUYER), 2u64).encode()]);

		let call = order();
		let info = call.get_dispatch_info();
		let (system, _, _) = frame_system::CheckNonce::<Test>::from(2)
			.validate_only(signed(BUYER), &call, &info, 0, TransactionSource::External, 0)
			.unwrap();
		assert_eq!(third, system);
	});
}

#[test]
fn an_account_that_does_not_exist_is_refused_by_the_system() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_eq!(System::providers(&account(APPLICANT)), 0);
		assert_eq!(
			pool(APPLICANT, 0, order()),
			Err(InvalidTransaction::Payment.into())
		);
	});
}

#[test]
fn the_reach_is_checked_without_looking_at_the_call() {
	ExtBuilder::default().build_and_execute_with(|| {
		// Alone, before any other extension: nothing expensive has happened yet.
		let call = order();
		let info = call.get_dispatch_info();
		let beyond = CheckNonce::<Test>(QUOTA as u64)
			.validate_only(signed(BUYER), &call, &info, 0, TransactionSource::External, 0)
			.map(|(validity, _, _)| validity);
		assert_eq!(beyond, Err(refused(Refusal::NonceBeyondQuota)));
		let system = frame_system::CheckNonce::<Test>::from(0).weight(&call);
		assert!(CheckNonce::<Test>(0).weight(&call).all_gte(system));
	});
}
