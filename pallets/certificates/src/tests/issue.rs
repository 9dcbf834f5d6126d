//! The first certificate of an account.

use super::*;
use crate::{signing_payload, Certificate, CertificateRequest, Certificates as Stored, Roles, ViewKeyRecord};
use sp_core::H256;
use sp_runtime::AccountId32;

/// Issues the request with the applicant's own, right signature.
fn issue(request: CertificateRequest<AccountId32>, valid_until: Option<u64>) -> Result<(), DispatchError> {
	let signature = sign(APPLICANT, &request);
	Certificates::issue(signed(CA), request, signature, valid_until)
}

#[test]
fn the_authority_issues_what_the_applicant_signed() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_eq!(System::providers(&account(APPLICANT)), 0);
		assert_ok!(issue(request(APPLICANT, 4), Some(START + 1)));

		assert_eq!(
			Certificates::certificate(account(APPLICANT)),
			Some(Certificate {
				roles: [Role::Buyer, Role::Seller].into(),
				organisation: b"Corner Shop".to_vec().try_into().unwrap(),
				view_key: Some(ViewKeyRecord {
					key: view_key(7),
					index: 0
				}),
				valid_until: Some(START + 1),
				status: Status::Active,
			})
		);
		assert_eq!(Certificates::request_counter(account(APPLICANT)), 4);
		assert_eq!(
			System::providers(&account(APPLICANT)),
			1,
			"the account exists without a deposit"
		);
		assert_eq!(
			last_event(),
			Event::ViewKeySet {
				account: account(APPLICANT),
				index: 0
			}
		);
		System::assert_has_event(
			Event::Issued {
				account: account(APPLICANT),
				roles: [Role::Buyer, Role::Seller].into(),
				valid_until: Some(START + 1),
			}
			.into(),
		);
		assert_ok!(submit(APPLICANT, order()).unwrap());
	});
}

#[test]
fn governance_issues_too_and_nobody_else() {
	ExtBuilder::default().build_and_execute_with(|| {
		let request = request(APPLICANT, 1);
		let signature = sign(APPLICANT, &request);
		for origin in [
			signed(BUYER),
			signed(COUNCIL),
			signed(APPLICANT),
			RuntimeOrigin::none(),
		] {
			assert_noop!(
				Certificates::issue(origin, request.clone(), signature, None),
				DispatchError::BadOrigin
			);
		}
		assert_ok!(Certificates::issue(
			RuntimeOrigin::root(),
			request,
			signature,
			None
		));
	});
}

#[test]
fn a_certified_account_is_not_certified_again() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		assert_noop!(
			issue(request(APPLICANT, 2), None),
			Error::<Test>::AlreadyCertified
		);
		assert_ok!(Certificates::revoke(signed(CA), account(APPLICANT)));
		assert_noop!(
			issue(request(APPLICANT, 2), None),
			Error::<Test>::AlreadyCertified
		);
	});
}

#[test]
fn a_request_without_roles_or_name_is_refused() {
	ExtBuilder::default().build_and_execute_with(|| {
		let good = request(APPLICANT, 1);
		let no_roles = CertificateRequest {
			roles: Roles::default(),
			..good.clone()
		};
		assert_noop!(issue(no_roles, None), Error::<Test>::NoRoles);
		let lines = b"Shop\nStatus active".to_vec();
		for bytes in [vec![], vec![0xff], vec![b'a', 0xc3], lines, b"\x1b[2J".to_vec()] {
			let nameless = CertificateRequest {
				organisation: bytes.try_into().unwrap(),
				..good.clone()
			};
			assert_noop!(issue(nameless, None), Error::<Test>::InvalidOrganisation);
		}
		let longest = CertificateRequest {
			organisation: vec![b'z'; 64].try_into().unwrap(),
			..good
		};
		assert_ok!(issue(longest, None));
	});
}

#[test]
fn validity_must_lie_ahead() {
	ExtBuilder::default().build_and_execute_with(|| {
		for past in [0, START - 1, START] {
			assert_noop!(
				issue(request(APPLICANT, 1), Some(past)),
				Error::<Test>::ValidityPast
			);
		}
		assert_ok!(issue(request(APPLICANT, 1), Some(START + 1)));
	});
}

#[test]
fn counters_start_above_zero() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_noop!(issue(request(APPLICANT, 0), None), Error::<Test>::StaleCounter);
		assert_ok!(issue(request(APPLICANT, 1), None));
	});
}

#[test]
fn a_signature_by_another_key_is_refused() {
	ExtBuilder::default().build_and_execute_with(|| {
		let request = request(APPLICANT, 1);
		for forger in [CA, BUYER] {
			let signature = sign(forger, &request);
			assert_noop!(
				Certificates::issue(signed(CA), request.clone(), signature, None),
				Error::<Test>::BadSignature
			);
		}
		assert_noop!(
			Certificates::issue(signed(CA), request, Default::default(), None),
			Error::<Test>::BadSignature
		);
	});
}

#[test]
fn a_request_for_another_chain_is_refused() {
	ExtBuilder::default().build_and_execute_with(|| {
		let request = request(APPLICANT, 1);
		for elsewhere in [H256::zero(), H256::repeat_byte(1)] {
			assert_ne!(elsewhere, genesis_hash());
			let signature = APPLICANT.sign(&signing_payload(&elsewhere, &request));
			assert_noop!(
				Certificates::issue(signed(CA), request.clone(), signature, None),
				Error::<Test>::BadSignature
			);
		}
	});
}

#[test]
fn the_genesis_hash_counts_when_the_chain_is_old() {
	ExtBuilder::default().build_and_execute_with(|| {
		let signature = sign(APPLICANT, &request(APPLICANT, 1));
		// The real pruning of block hashes, over more blocks than the system keeps.
		let parent = genesis_hash();
		for number in 2..=30u64 {
			System::initialize(&number, &parent, &Default::default());
			System::finalize();
		}
		System::set_block_number(31);
		assert_eq!(System::block_hash(1), H256::zero(), "old hashes are gone");
		assert_ok!(Certificates::issue(
			signed(CA),
			request(APPLICANT, 1),
			signature,
			None
		));
	});
}

#[test]
fn every_field_is_signed() {
	ExtBuilder::default().build_and_execute_with(|| {
		let good = request(APPLICANT, 1);
		let signature = sign(APPLICANT, &good);
		let changed = [
			CertificateRequest {
				account: account(OUTSIDER),
				..good.clone()
			},
			CertificateRequest {
				roles: Roles::from(Role::ALL),
				..good.clone()
			},
			CertificateRequest {
				organisation: b"Corner Shed".to_vec().try_into().unwrap(),
				..good.clone()
			},
			// The authority's own key in place of the applicant's.
			CertificateRequest {
				view_key: Some(view_key(8)),
				..good.clone()
			},
			CertificateRequest {
				view_key: None,
				..good.clone()
			},
			CertificateRequest {
				counter: 2,
				..good.clone()
			},
		];
		for request in changed {
			assert_noop!(
				Certificates::issue(signed(CA), request, signature, None),
				Error::<Test>::BadSignature
			);
		}
		assert_eq!(
			Stored::<Test>::iter().count(),
			2,
			"nobody but the genesis accounts"
		);
		assert_ok!(Certificates::issue(signed(CA), good, signature, None));
	});
}

#[test]
fn a_signature_in_a_wrong_context_is_refused() {
	ExtBuilder::default().build_and_execute_with(|| {
		// Signed as a message, without the tag: what another program of the applicant might sign.
		let request = request(APPLICANT, 1);
		let untagged = signing_payload(&genesis_hash(), &request)[crate::REQUEST_TAG.len()..].to_vec();
		assert_noop!(
			Certificates::issue(signed(CA), request, APPLICANT.sign(&untagged), None),
			Error::<Test>::BadSignature
		);
	});
}
