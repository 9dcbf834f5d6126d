//! Changing and prolonging certificates.

use super::*;
use crate::{CertificateRequest, OrderId, Roles, ViewKeyRecord};
use sp_runtime::AccountId32;

fn renew(request: CertificateRequest<AccountId32>, valid_until: Option<u64>) -> Result<(), DispatchError> {
	let signature = sign(APPLICANT, &request);
	Certificates::renew(signed(CA), request, signature, valid_until)
}

#[test]
fn a_renewal_changes_what_the_holder_asked_for() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, Some(START + 1));
		let changed = CertificateRequest {
			roles: [Role::Arbiter].into(),
			organisation: b"Court".to_vec().try_into().unwrap(),
			view_key: Some(view_key(8)),
			..request(APPLICANT, 9)
		};
		assert_ok!(renew(changed, Some(START + 2)));

		let certificate = Certificates::certificate(account(APPLICANT)).unwrap();
		assert_eq!(certificate.roles, [Role::Arbiter].into());
		assert_eq!(certificate.organisation.as_slice(), b"Court");
		assert_eq!(
			certificate.view_key,
			Some(ViewKeyRecord {
				key: view_key(8),
				index: 1
			})
		);
		assert_eq!(certificate.valid_until, Some(START + 2));
		assert_eq!(Certificates::request_counter(account(APPLICANT)), 9);
		assert_eq!(
			System::providers(&account(APPLICANT)),
			1,
			"one reference is enough"
		);
		assert_eq!(
			last_event(),
			Event::ViewKeySet {
				account: account(APPLICANT),
				index: 1
			}
		);
		System::assert_has_event(
			Event::Renewed {
				account: account(APPLICANT),
				roles: [Role::Arbiter].into(),
				valid_until: Some(START + 2),
			}
			.into(),
		);
	});
}

#[test]
fn a_renewal_without_a_key_or_with_the_same_leaves_it() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		let first = Some(ViewKeyRecord {
			key: view_key(7),
			index: 0,
		});
		for (counter, view_key) in [(2, None), (3, Some(view_key(7)))] {
			assert_ok!(renew(
				CertificateRequest {
					view_key,
					..request(APPLICANT, counter)
				},
				None
			));
			assert_eq!(Certificates::view_key(&account(APPLICANT)), first);
			assert!(matches!(last_event(), Event::Renewed { .. }), "no key was set");
		}
	});
}

#[test]
fn replayed_and_stale_requests_are_refused() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		assert_noop!(renew(request(APPLICANT, 1), None), Error::<Test>::StaleCounter);
		assert_ok!(renew(request(APPLICANT, 5), None));
		for counter in [0, 1, 4, 5] {
			assert_noop!(
				renew(request(APPLICANT, counter), None),
				Error::<Test>::StaleCounter
			);
		}
	});
}

/// A node that lies about the last counter takes no more than this from the account.
#[test]
fn a_counter_leaves_many_after_it() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		let last = Certificates::request_counter(account(APPLICANT));
		for counter in [last + (1 << 48) + 1, u64::MAX] {
			assert_noop!(
				renew(request(APPLICANT, counter), None),
				Error::<Test>::CounterTooFar
			);
			assert_noop!(
				Certificates::set_view_key(signed(APPLICANT), view_key(9), counter),
				Error::<Test>::CounterTooFar
			);
		}
		assert_ok!(renew(request(APPLICANT, last + (1 << 48)), None));
	});
}

#[test]
fn a_renewal_is_checked_like_an_issue() {
	ExtBuilder::default().build_and_execute_with(|| {
		let good = request(APPLICANT, 2);
		assert_noop!(renew(good.clone(), None), Error::<Test>::NotCertified);
		certify(APPLICANT, None);
		assert_noop!(
			renew(
				CertificateRequest {
					roles: Roles::default(),
					..good.clone()
				},
				None
			),
			Error::<Test>::NoRoles
		);
		assert_noop!(
			renew(
				CertificateRequest {
					organisation: Default::default(),
					..good.clone()
				},
				None
			),
			Error::<Test>::InvalidOrganisation
		);
		assert_noop!(renew(good.clone(), Some(START)), Error::<Test>::ValidityPast);
		let forged = sign(CA, &good);
		assert_noop!(
			Certificates::renew(signed(CA), good.clone(), forged, None),
			Error::<Test>::BadSignature
		);
		let signature = sign(APPLICANT, &good);
		for origin in [signed(APPLICANT), signed(COUNCIL), RuntimeOrigin::none()] {
			assert_noop!(
				Certificates::renew(origin, good.clone(), signature, None),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(Certificates::renew(RuntimeOrigin::root(), good, signature, None));
	});
}

#[test]
fn a_renewal_does_not_reinstate() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		assert_ok!(Certificates::revoke(signed(CA), account(APPLICANT)));
		assert_ok!(renew(request(APPLICANT, 2), None));
		assert_noop!(
			Certificates::ensure_active(&account(APPLICANT)),
			Error::<Test>::Revoked
		);

		let case = OrderId {
			buyer: account(BUYER),
			seq: 1,
		};
		assert_ok!(Certificates::reinstate(signed(CA), account(APPLICANT)));
		assert_ok!(Certificates::blacklist(&account(APPLICANT), case));
		assert_ok!(renew(request(APPLICANT, 3), None));
		assert_noop!(
			Certificates::ensure_active(&account(APPLICANT)),
			Error::<Test>::Blacklisted
		);
	});
}

#[test]
fn a_genesis_certificate_is_renewed_like_any_other() {
	ExtBuilder::default().build_and_execute_with(|| {
		let request = request(BUYER, 1);
		let signature = sign(BUYER, &request);
		assert_ok!(Certificates::renew(
			signed(CA),
			request,
			signature,
			Some(START + 1)
		));
		assert_eq!(
			Certificates::view_key(&account(BUYER)),
			Some(ViewKeyRecord {
				key: view_key(7),
				index: 0
			})
		);
	});
}
