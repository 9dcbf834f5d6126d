//! Standing: revoked, blacklisted, expired, and the roles.

use super::*;
use crate::OrderId;
use sp_runtime::AccountId32;

fn case(seq: u64) -> OrderId<AccountId32> {
	OrderId {
		buyer: account(BUYER),
		seq,
	}
}

#[test]
fn roles_are_asked_for_one_by_one() {
	ExtBuilder::default().build_and_execute_with(|| {
		for role in Role::ALL {
			let answer = Certificates::ensure_role(&account(BUYER), role);
			if role == Role::Buyer {
				assert_ok!(answer);
			} else {
				assert_noop!(answer, Error::<Test>::WrongRole);
			}
		}
		assert_ok!(Certificates::ensure_active(&account(BUYER)));
		assert_ok!(Certificates::ensure_has_certificate(&account(BUYER)));
	});
}

#[test]
fn without_a_certificate_there_is_no_role() {
	ExtBuilder::default().build_and_execute_with(|| {
		// Neither authority nor council: their privileges are about the door, not about the market.
		for who in [OUTSIDER, CA, COUNCIL] {
			let who = account(who);
			assert_noop!(
				Certificates::ensure_role(&who, Role::Buyer),
				Error::<Test>::NotCertified
			);
			assert_noop!(Certificates::ensure_active(&who), Error::<Test>::NotCertified);
			assert_noop!(
				Certificates::ensure_has_certificate(&who),
				Error::<Test>::NotCertified
			);
			assert_noop!(
				Certificates::blacklist(&who, case(1)),
				Error::<Test>::NotCertified
			);
			assert_eq!(Certificates::view_key(&who), None);
		}
	});
}

#[test]
fn a_certificate_expires_at_its_end_and_not_before() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, Some(START + 1_000));
		let who = account(APPLICANT);
		for valid in [START, START + 999] {
			Now::set(valid);
			assert_ok!(Certificates::ensure_role(&who, Role::Buyer));
			assert_ok!(Certificates::ensure_active(&who));
		}
		for over in [START + 1_000, START + 1_001, u64::MAX] {
			Now::set(over);
			assert_noop!(
				Certificates::ensure_role(&who, Role::Buyer),
				Error::<Test>::Expired
			);
			assert_noop!(
				Certificates::ensure_role(&who, Role::Arbiter),
				Error::<Test>::Expired
			);
			assert_noop!(Certificates::ensure_active(&who), Error::<Test>::Expired);
			assert_ok!(Certificates::ensure_has_certificate(&who));
			assert_eq!(
				Certificates::view_key(&who).map(|record| record.key),
				Some(view_key(7))
			);
		}
		Now::set(START);
	});
}

#[test]
fn revoking_and_reinstating() {
	ExtBuilder::default().build_and_execute_with(|| {
		let who = account(BUYER);
		assert_ok!(Certificates::revoke(signed(CA), who.clone()));
		assert_eq!(last_event(), Event::Revoked { account: who.clone() });
		assert_noop!(
			Certificates::ensure_role(&who, Role::Buyer),
			Error::<Test>::Revoked
		);
		assert_noop!(Certificates::ensure_active(&who), Error::<Test>::Revoked);
		assert_ok!(Certificates::ensure_has_certificate(&who));
		assert!(System::account_exists(&who), "the account and its nonce stay");
		assert_noop!(
			Certificates::revoke(signed(CA), who.clone()),
			Error::<Test>::Unchanged
		);

		assert_ok!(Certificates::reinstate(signed(CA), who.clone()));
		assert_eq!(last_event(), Event::Reinstated { account: who.clone() });
		assert_ok!(Certificates::ensure_role(&who, Role::Buyer));
		assert_noop!(Certificates::reinstate(signed(CA), who), Error::<Test>::Unchanged);
	});
}

#[test]
fn only_the_authority_and_governance_change_standings() {
	ExtBuilder::default().build_and_execute_with(|| {
		let who = account(SELLER);
		for origin in [
			signed(SELLER),
			signed(BUYER),
			signed(COUNCIL),
			RuntimeOrigin::none(),
		] {
			assert_noop!(
				Certificates::revoke(origin, who.clone()),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(Certificates::revoke(RuntimeOrigin::root(), who.clone()));
		for origin in [
			signed(SELLER),
			signed(BUYER),
			signed(COUNCIL),
			RuntimeOrigin::none(),
		] {
			assert_noop!(
				Certificates::reinstate(origin, who.clone()),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(Certificates::reinstate(RuntimeOrigin::root(), who));
		assert_noop!(
			Certificates::revoke(signed(CA), account(OUTSIDER)),
			Error::<Test>::NotCertified
		);
		assert_noop!(
			Certificates::reinstate(signed(CA), account(OUTSIDER)),
			Error::<Test>::NotCertified
		);
	});
}

#[test]
fn the_first_order_of_a_blacklisted_account_stays_on_record() {
	ExtBuilder::default().build_and_execute_with(|| {
		let who = account(SELLER);
		assert_ok!(Certificates::blacklist(&who, case(1)));
		assert_eq!(
			last_event(),
			Event::Blacklisted {
				account: who.clone(),
				order: case(1)
			}
		);
		assert_noop!(
			Certificates::ensure_role(&who, Role::Seller),
			Error::<Test>::Blacklisted
		);
		assert_noop!(Certificates::ensure_active(&who), Error::<Test>::Blacklisted);
		assert_ok!(Certificates::ensure_has_certificate(&who));

		assert_storage_noop!(assert_ok!(Certificates::blacklist(&who, case(2))));
		assert_eq!(
			Certificates::certificate(who.clone()).unwrap().status,
			Status::Blacklisted(case(1))
		);

		assert_noop!(
			Certificates::revoke(signed(CA), who.clone()),
			Error::<Test>::Blacklisted
		);
		assert_ok!(Certificates::reinstate(signed(CA), who.clone()));
		assert_ok!(Certificates::ensure_role(&who, Role::Seller));
		assert_ok!(Certificates::blacklist(&who, case(3)));
		assert_eq!(
			Certificates::certificate(who).unwrap().status,
			Status::Blacklisted(case(3))
		);
	});
}

#[test]
fn a_revoked_account_that_is_blacklisted_stays_revoked() {
	ExtBuilder::default().build_and_execute_with(|| {
		let who = account(SELLER);
		assert_ok!(Certificates::revoke(signed(CA), who.clone()));
		for seq in [1, 2] {
			assert_ok!(Certificates::blacklist(&who, case(seq)));
			assert_eq!(
				last_event(),
				Event::Blacklisted {
					account: who.clone(),
					order: case(seq)
				}
			);
			assert_eq!(
				Certificates::certificate(who.clone()).unwrap().status,
				Status::Revoked
			);
			assert_noop!(Certificates::ensure_active(&who), Error::<Test>::Revoked);
		}
		// It is the authority that puts back what it withdrew, and nothing else is left to lift.
		assert_ok!(Certificates::reinstate(signed(CA), who.clone()));
		assert_ok!(Certificates::ensure_role(&who, Role::Seller));
		assert_ok!(Certificates::blacklist(&who, case(3)));
		assert_noop!(Certificates::ensure_active(&who), Error::<Test>::Blacklisted);
	});
}

#[test]
fn reinstating_does_not_prolong() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, Some(START + 1));
		assert_ok!(Certificates::revoke(signed(CA), account(APPLICANT)));
		Now::set(START + 1);
		assert_noop!(
			Certificates::ensure_active(&account(APPLICANT)),
			Error::<Test>::Revoked
		);
		assert_ok!(Certificates::reinstate(signed(CA), account(APPLICANT)));
		assert_noop!(
			Certificates::ensure_active(&account(APPLICANT)),
			Error::<Test>::Expired
		);
	});
}
