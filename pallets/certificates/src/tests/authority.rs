//! Naming, losing and rotating the certificate authority.

use super::*;
use crate::{Authority, EnsureAuthority};
use frame_support::traits::EnsureOrigin;

#[test]
fn governance_rotates_the_authority() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_eq!(Certificates::certificate_authority(), Some(account(CA)));
		assert_ok!(Certificates::set_ca(RuntimeOrigin::root(), account(APPLICANT)));
		assert_eq!(
			last_event(),
			Event::AuthoritySet {
				previous: Some(account(CA)),
				current: account(APPLICANT)
			}
		);
		assert!(Certificates::is_ca(&account(APPLICANT)) && !Certificates::is_ca(&account(CA)));
		assert_eq!(
			System::providers(&account(APPLICANT)),
			1,
			"the new authority can sign"
		);
		assert!(
			System::account_exists(&account(CA)),
			"the former one keeps its nonce"
		);

		assert_noop!(
			Certificates::revoke(signed(CA), account(BUYER)),
			DispatchError::BadOrigin
		);
		assert_ok!(Certificates::revoke(signed(APPLICANT), account(BUYER)));
	});
}

#[test]
fn the_former_authority_stands_before_a_closed_door() {
	ExtBuilder::default().build_and_execute_with(|| {
		let revoke = crate::Call::<Test>::revoke {
			account: account(BUYER),
		};
		assert_ok!(pool(CA, 0, revoke.clone()));
		assert_eq!(
			pool(APPLICANT, 0, revoke.clone()),
			Err(sp_runtime::transaction_validity::InvalidTransaction::Payment.into())
		);
		assert_ok!(Certificates::set_ca(RuntimeOrigin::root(), account(APPLICANT)));
		assert_eq!(pool(CA, 0, revoke.clone()), Err(refused(Refusal::NotCertified)));
		assert_ok!(submit(APPLICANT, revoke).unwrap());
	});
}

#[test]
fn nobody_but_governance_names_the_authority() {
	ExtBuilder::default().build_and_execute_with(|| {
		for origin in [signed(CA), signed(COUNCIL), signed(BUYER), RuntimeOrigin::none()] {
			assert_noop!(
				Certificates::set_ca(origin, account(BUYER)),
				DispatchError::BadOrigin
			);
		}
		assert_noop!(
			Certificates::set_ca(RuntimeOrigin::root(), account(CA)),
			Error::<Test>::Unchanged
		);
	});
}

#[test]
fn without_an_authority_governance_does_its_work() {
	ExtBuilder::genesis(crate::GenesisConfig {
		ca: None,
		certificates: vec![],
	})
	.build_and_execute_with(|| {
		assert!(!Authority::<Test>::exists());
		assert_noop!(
			Certificates::revoke(signed(CA), account(BUYER)),
			DispatchError::BadOrigin
		);
		let request = request(APPLICANT, 1);
		let signature = sign(APPLICANT, &request);
		assert_ok!(Certificates::issue(
			RuntimeOrigin::root(),
			request,
			signature,
			None
		));
		assert_ok!(Certificates::set_ca(RuntimeOrigin::root(), account(CA)));
		assert_eq!(
			last_event(),
			Event::AuthoritySet {
				previous: None,
				current: account(CA)
			}
		);
		assert_ok!(Certificates::revoke(signed(CA), account(APPLICANT)));
	});
}

#[test]
fn the_origin_serves_other_pallets() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(EnsureAuthority::<Test>::ensure_origin(signed(CA)));
		assert_ok!(EnsureAuthority::<Test>::ensure_origin(RuntimeOrigin::root()));
		assert!(EnsureAuthority::<Test>::ensure_origin(signed(BUYER)).is_err());
		assert!(EnsureAuthority::<Test>::ensure_origin(RuntimeOrigin::none()).is_err());
	});
}
