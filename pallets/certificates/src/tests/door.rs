//! `CheckCertificate`: who is let in.

use super::*;
use crate::{CheckCertificate, OrderId, Prepaid, WeightInfo};
use frame_support::dispatch::GetDispatchInfo;
use frame_support::weights::Weight;
use sp_runtime::traits::TransactionExtension;

#[test]
fn a_holder_comes_in() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(pool(BUYER, 0, order()));
		assert_ok!(submit(BUYER, order()).unwrap());
		assert_eq!(System::account_nonce(account(BUYER)), 1);
	});
}

#[test]
fn whoever_never_had_a_certificate_stays_out() {
	ExtBuilder::default().build_and_execute_with(|| {
		// Not even with the calls that need no active certificate.
		for call in [
			order(),
			ship(),
			frame_system::Call::remark { remark: vec![] }.into(),
		] {
			assert_eq!(
				pool(OUTSIDER, 0, call.clone()),
				Err(refused(Refusal::NotCertified))
			);
			assert_noop!(submit(OUTSIDER, call), refused(Refusal::NotCertified));
		}
	});
}

#[test]
fn each_lost_standing_has_its_own_reason() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, Some(START + 1));
		assert_ok!(Certificates::revoke(signed(CA), account(BUYER)));
		let case = OrderId {
			buyer: account(BUYER),
			seq: 1,
		};
		assert_ok!(Certificates::blacklist(&account(SELLER), case));
		Now::set(START + 1);
		for (who, reason) in [
			(BUYER, Refusal::Revoked),
			(SELLER, Refusal::Blacklisted),
			(APPLICANT, Refusal::Expired),
		] {
			assert_eq!(pool(who, 0, order()), Err(refused(reason)));
			assert_noop!(submit(who, order()), refused(reason));
			// What others wait for goes on, and is counted.
			assert_ok!(pool(who, 0, ship()));
			assert_ok!(submit(who, ship()).unwrap());
			assert_eq!(Certificates::quota_left(account(who)), QUOTA - 1);
			// A batch counts as finishing business only if all of it is.
			let finishing = pallet_utility::Call::batch {
				calls: vec![ship(), ship()],
			};
			assert_ok!(pool(who, 1, finishing));
			let mixed = pallet_utility::Call::batch {
				calls: vec![ship(), order()],
			};
			assert_eq!(pool(who, 1, mixed), Err(refused(reason)));
		}
	});
}

#[test]
fn a_reinstated_account_comes_in_again() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(Certificates::revoke(signed(CA), account(BUYER)));
		assert_eq!(pool(BUYER, 0, order()), Err(refused(Refusal::Revoked)));
		assert_ok!(Certificates::reinstate(signed(CA), account(BUYER)));
		assert_ok!(pool(BUYER, 0, order()));
	});
}

#[test]
fn authority_and_council_pass_and_are_not_counted() {
	ExtBuilder::default().build_and_execute_with(|| {
		for who in [CA, COUNCIL] {
			for _ in 0..QUOTA + 2 {
				assert_ok!(submit(who, frame_system::Call::remark { remark: vec![] }).unwrap());
			}
			assert_eq!(Certificates::quota_left(account(who)), QUOTA);
			assert_ok!(pool(who, 1_000, frame_system::Call::remark { remark: vec![] }));
		}
		assert_eq!(crate::Usages::<Test>::iter().count(), 0);
		// Once inside they need roles like everybody else.
		assert_eq!(
			submit(CA, order()).unwrap().map_err(|e| e.error),
			Err(Error::<Test>::NotCertified.into())
		);
	});
}

#[test]
fn a_privileged_account_is_not_stopped_by_a_revoked_certificate() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(COUNCIL, None);
		assert_ok!(Certificates::revoke(signed(CA), account(COUNCIL)));
		assert_ok!(submit(COUNCIL, frame_system::Call::remark { remark: vec![] }).unwrap());
		assert_eq!(
			submit(COUNCIL, order()).unwrap().map_err(|e| e.error),
			Err(Error::<Test>::Revoked.into())
		);
	});
}

#[test]
fn other_origins_pass_untouched_and_get_the_weight_back() {
	ExtBuilder::default().build_and_execute_with(|| {
		let call: RuntimeCall = frame_system::Call::remark { remark: vec![] }.into();
		let extension = CheckCertificate::<Test>::new();
		assert_eq!(extension.weight(&call), <() as WeightInfo>::check_certificate());
		assert!(extension.weight(&call).any_gt(Weight::zero()));
		let info = call.get_dispatch_info();
		assert_storage_noop!({
			use sp_runtime::traits::DispatchTransaction;
			let (settlement, origin) = extension
				.clone()
				.validate_and_prepare(RuntimeOrigin::root(), &call, &info, 0, 0)
				.unwrap();
			assert!(matches!(
				origin.caller,
				OriginCaller::system(frame_system::RawOrigin::Root)
			));
			let unspent = CheckCertificate::<Test>::post_dispatch_details(
				settlement,
				&info,
				&Default::default(),
				0,
				&Ok(()),
			);
			assert_eq!(unspent, Ok(extension.weight(&call)));
		});
		assert_ok!(submit_as(RuntimeOrigin::root(), 0, call).unwrap());
		assert!(!Prepaid::<Test>::exists());
	});
}

#[test]
fn a_detour_does_not_get_around_the_roles() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(Certificates::revoke(signed(CA), account(BUYER)));
		// The seller is let in; the account it acts for is not asked until the call is dispatched.
		let detour = shop::Call::act_for {
			account: account(BUYER),
			call: Box::new(order()),
		};
		assert_eq!(
			submit(SELLER, detour).unwrap().map_err(|e| e.error),
			Err(Error::<Test>::Revoked.into())
		);
		let stranger = shop::Call::act_for {
			account: account(OUTSIDER),
			call: Box::new(ship()),
		};
		assert_eq!(
			submit(SELLER, stranger).unwrap().map_err(|e| e.error),
			Err(Error::<Test>::NotCertified.into())
		);
	});
}

#[test]
fn the_extensions_are_found_under_their_names() {
	assert_eq!(
		<CheckCertificate<Test> as TransactionExtension<RuntimeCall>>::IDENTIFIER,
		"CheckCertificate"
	);
	assert_eq!(
		<crate::CheckNonce<Test> as TransactionExtension<RuntimeCall>>::IDENTIFIER,
		"CheckNonce"
	);
}

#[test]
fn whoever_claims_too_much_is_refused_also_with_a_privilege() {
	ExtBuilder::default().build_and_execute_with(|| {
		let remark = |bytes: &[u8]| frame_system::Call::remark {
			remark: bytes.to_vec(),
		};
		for who in [BUYER, COUNCIL, CA] {
			assert_eq!(
				pool(who, 0, remark(GREEDY)),
				Err(refused(Refusal::DeclaresTooMuch))
			);
			assert_noop!(submit(who, remark(GREEDY)), refused(Refusal::DeclaresTooMuch));
			assert_ok!(submit(who, remark(b"little")).unwrap());
		}
		// Who has no certificate is told so, and costs no more.
		assert_eq!(
			pool(OUTSIDER, 0, remark(GREEDY)),
			Err(refused(Refusal::NotCertified))
		);
		// What the check weighs counts.
		let extension = CheckCertificate::<Test>::new();
		let call: RuntimeCall = remark(b"little").into();
		assert_eq!(
			extension.weight(&call),
			<() as WeightInfo>::check_certificate().saturating_add(Weight::from_parts(1_000_000_000, 0))
		);
	});
}
