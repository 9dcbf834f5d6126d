//! View keys count only if their owner registered them.

use super::*;
use crate::{CertificateRequest, GenesisCertificate, OrderId, ViewKey, ViewKeyRecord};
use codec::{Decode, Encode};
use curve25519_dalek::{constants::EIGHT_TORSION, montgomery::MontgomeryPoint};
use sp_runtime::AccountId32;

#[test]
fn the_owner_registers_keys_one_after_the_other() {
	ExtBuilder::default().build_and_execute_with(|| {
		for (counter, index) in [(1, 0), (2, 1), (10, 2)] {
			let key = view_key(10 + counter as u8);
			assert_ok!(Certificates::set_view_key(signed(BUYER), key, counter));
			assert_eq!(
				Certificates::view_key(&account(BUYER)),
				Some(ViewKeyRecord { key, index })
			);
			assert_eq!(Certificates::request_counter(account(BUYER)), counter);
			assert_eq!(
				last_event(),
				Event::ViewKeySet {
					account: account(BUYER),
					index
				}
			);
		}
		assert_noop!(
			Certificates::set_view_key(signed(BUYER), view_key(20), 11),
			Error::<Test>::Unchanged
		);
		// An older key may come back, as a new registration.
		assert_ok!(Certificates::set_view_key(signed(BUYER), view_key(11), 11));
		assert_eq!(
			Certificates::view_key(&account(BUYER)),
			Some(ViewKeyRecord {
				key: view_key(11),
				index: 3
			})
		);
	});
}

#[test]
fn nobody_sets_the_key_of_another_account() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		let before = Certificates::view_key(&account(APPLICANT));
		// The call has no account but the signer's, and governance is no account.
		assert_noop!(
			Certificates::set_view_key(RuntimeOrigin::root(), view_key(8), 2),
			DispatchError::BadOrigin
		);
		assert_noop!(
			Certificates::set_view_key(RuntimeOrigin::none(), view_key(8), 2),
			DispatchError::BadOrigin
		);
		// The authority has no certificate of its own, and so no key.
		assert_noop!(
			Certificates::set_view_key(signed(CA), view_key(8), 2),
			Error::<Test>::NotCertified
		);
		// A request over the key, signed by somebody else, or signed by the owner with another key.
		let slipped_in = CertificateRequest {
			view_key: Some(view_key(8)),
			..request(APPLICANT, 2)
		};
		for signature in [
			sign(CA, &slipped_in),
			sign(BUYER, &slipped_in),
			sign(APPLICANT, &request(APPLICANT, 2)),
		] {
			assert_noop!(
				Certificates::renew(signed(CA), slipped_in.clone(), signature, None),
				Error::<Test>::BadSignature
			);
		}
		assert_ok!(Certificates::set_view_key(signed(BUYER), view_key(8), 2));
		assert_eq!(Certificates::view_key(&account(APPLICANT)), before);
	});
}

#[test]
fn an_older_request_does_not_bring_an_older_key_back() {
	ExtBuilder::default().build_and_execute_with(|| {
		certify(APPLICANT, None);
		let handed_out = CertificateRequest {
			view_key: Some(view_key(66)),
			..request(APPLICANT, 5)
		};
		let signature = sign(APPLICANT, &handed_out);
		// The owner finds that key 66 leaked, and registers another one above everything handed out.
		assert_ok!(Certificates::set_view_key(signed(APPLICANT), view_key(9), 6));
		assert_noop!(
			Certificates::renew(signed(CA), handed_out, signature, None),
			Error::<Test>::StaleCounter
		);
		for counter in [0, 1, 6] {
			assert_noop!(
				Certificates::set_view_key(signed(APPLICANT), view_key(66), counter),
				Error::<Test>::StaleCounter
			);
		}
	});
}

#[test]
fn a_key_may_be_set_without_an_active_certificate() {
	ExtBuilder::default().build_and_execute_with(|| {
		assert_ok!(Certificates::revoke(signed(CA), account(BUYER)));
		let order = OrderId {
			buyer: account(BUYER),
			seq: 1,
		};
		assert_ok!(Certificates::blacklist(&account(SELLER), order));
		certify(APPLICANT, Some(START + 1));
		Now::set(START + 1);
		for who in [BUYER, SELLER, APPLICANT] {
			let call = crate::Call::<Test>::set_view_key {
				view_key: view_key(9),
				counter: 2,
			};
			assert_ok!(submit(who, call).unwrap());
			assert_eq!(
				Certificates::view_key(&account(who)).map(|record| record.key),
				Some(view_key(9))
			);
		}
		assert_noop!(
			Certificates::set_view_key(signed(OUTSIDER), view_key(9), 2),
			Error::<Test>::NotCertified
		);
	});
}

#[test]
fn setting_a_key_takes_quota() {
	ExtBuilder::default().build_and_execute_with(|| {
		leave_units(BUYER, 1);
		assert_ok!(Certificates::set_view_key(signed(BUYER), view_key(1), 1));
		assert_eq!(Certificates::quota_left(account(BUYER)), 0);
		assert_noop!(
			Certificates::set_view_key(signed(BUYER), view_key(2), 2),
			Error::<Test>::QuotaExhausted
		);
	});
}

/// Whether a secret multiplied with this point can be anything but zero. Clamping zeros gives the scalar 2^254, which takes
/// the points of small order to zero and, being a power of two, no other.
fn shares_a_secret(bytes: [u8; 32]) -> bool {
	MontgomeryPoint(bytes).mul_clamped([0; 32]).0 != [0; 32]
}

/// `2^255 - 19 + offset`, little-endian.
fn near_the_prime(offset: i16) -> [u8; 32] {
	let mut bytes = [0xff; 32];
	bytes[31] = 0x7f;
	// The lowest byte of the prime is 0xed; these offsets do not carry.
	bytes[0] = u8::try_from(0xed + offset).expect("an offset without a carry");
	bytes
}

#[test]
fn keys_of_small_order_do_not_exist_and_all_others_do() {
	// The points of small order on the curve come from the curve's own implementation; on the twist these are 0 and -1.
	let torsion = EIGHT_TORSION.map(|point| point.to_montgomery().0);
	let small = torsion.into_iter().chain([-1, 0, 1].map(near_the_prime));
	let others = (0..=255)
		.map(|low| {
			let mut bytes = [0; 32];
			bytes[0] = low;
			bytes
		})
		.chain((-200..=18).map(near_the_prime))
		.chain(torsion.map(|mut bytes| {
			bytes[0] ^= 1;
			bytes
		}));
	let mut refused = std::collections::BTreeSet::new();
	for mut bytes in small.clone().chain(others) {
		for top_bit in [0, 0x80] {
			bytes[31] = bytes[31] & 0x7f | top_bit;
			let good = shares_a_secret(bytes);
			assert_eq!(ViewKey::new(bytes).is_some(), good, "{bytes:?}");
			assert_eq!(ViewKey::decode(&mut &bytes[..]).is_ok(), good, "{bytes:?}");
			if !good {
				refused.insert(bytes);
			}
		}
	}
	assert_eq!(refused.len(), 14, "seven encodings, each with either top bit");
	assert!(small.into_iter().all(|bytes| refused.contains(&bytes)));
}

#[test]
fn a_key_of_small_order_is_registered_in_no_way() {
	for bytes in EIGHT_TORSION.map(|point| point.to_montgomery().0) {
		let mut call = crate::Call::<Test>::set_view_key {
			view_key: view_key(9),
			counter: 1,
		}
		.encode();
		assert!(crate::Call::<Test>::decode(&mut &call[..]).is_ok());
		let key = call.len() - 8 - 32;
		call[key..key + 32].copy_from_slice(&bytes);
		assert!(crate::Call::<Test>::decode(&mut &call[..]).is_err());

		let mut request = request(APPLICANT, 1).encode();
		let key = request.len() - 8 - 32;
		request[key..key + 32].copy_from_slice(&bytes);
		assert!(CertificateRequest::<AccountId32>::decode(&mut &request[..]).is_err());

		let mut genesis = serde_json::to_value(entry([Role::Buyer])).unwrap();
		genesis["viewKey"] = serde_json::json!(sp_core::bytes::to_hex(&bytes, false));
		assert!(serde_json::from_value::<GenesisCertificate>(genesis).is_err());
	}
}
