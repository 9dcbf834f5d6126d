//! Encodings: what is refused, and that the bytes stay what wallets sign.

use super::*;
use crate::{refusal_sentence, signing_payload, CertificateRequest, CheckNonce, OrderId, Roles, ViewKey};
use codec::{Decode, Encode, MaxEncodedLen};
use sp_core::H256;
use sp_runtime::AccountId32;

#[test]
fn roles_are_one_byte_with_a_bit_each() {
	for (bit, role) in Role::ALL.into_iter().enumerate() {
		let roles = Roles::from([role]);
		assert_eq!(roles.encode(), vec![1u8 << bit]);
		assert_eq!(roles.iter().collect::<Vec<_>>(), vec![role]);
		assert_eq!(role.encode(), vec![bit as u8]);
	}
	assert_eq!(Roles::max_encoded_len(), 1);
	assert_eq!(Roles::from(Role::ALL).bits(), 0b0011_1111);
	assert!(Roles::default().is_empty());
}

#[test]
fn every_byte_decodes_to_itself_or_not_at_all() {
	for byte in 0..=u8::MAX {
		match Roles::decode(&mut &[byte][..]) {
			Ok(roles) => {
				assert!(byte < 64, "bit 6 or 7 of {byte:#b} has no meaning");
				assert_eq!(roles.encode(), vec![byte]);
				assert_eq!(roles.iter().collect::<Roles>(), roles);
			}
			Err(_) => assert!(byte >= 64, "{byte:#b} names existing roles only"),
		}
	}
}

#[test]
fn roles_are_names_in_json() {
	let roles = Roles::from([Role::Seller, Role::Buyer]);
	assert_eq!(serde_json::to_string(&roles).unwrap(), r#"["Buyer","Seller"]"#);
	assert_eq!(
		serde_json::from_str::<Roles>(r#"["Seller","Buyer"]"#).unwrap(),
		roles
	);
	assert_eq!(serde_json::from_str::<Roles>("[]").unwrap(), Roles::default());
	for wrong in [
		r#"["Buyer","Buyer"]"#,
		r#"["buyer"]"#,
		r#"["Emperor"]"#,
		"3",
		r#""Buyer""#,
	] {
		assert!(
			serde_json::from_str::<Roles>(wrong).is_err(),
			"{wrong} is no list of different roles"
		);
	}
	assert_eq!(format!("{roles:?}"), "{Buyer, Seller}");
}

#[test]
fn a_view_key_is_32_bytes_and_one_string() {
	assert!(
		ViewKey::decode(&mut &[1u8; 31][..]).is_err(),
		"a key has 32 bytes"
	);
	let key = view_key(9);
	assert_eq!(ViewKey::decode(&mut &key.encode()[..]).unwrap(), key);
	assert_eq!(key.encode(), key.as_bytes().to_vec());

	let json = serde_json::to_string(&key).unwrap();
	assert_eq!(json, format!("\"0x{}\"", "09".repeat(32)));
	assert_eq!(serde_json::from_str::<ViewKey>(&json).unwrap(), key);
	for wrong in [
		format!("\"0x{}\"", "00".repeat(32)),
		format!("\"0x{}\"", "09".repeat(31)),
		"\"\"".into(),
	] {
		assert!(
			serde_json::from_str::<ViewKey>(&wrong).is_err(),
			"{wrong} is no key"
		);
	}
}

#[test]
fn a_request_with_a_zero_key_or_an_unknown_role_does_not_decode() {
	let good = request(APPLICANT, 1).encode();
	assert!(CertificateRequest::<AccountId32>::decode(&mut &good[..]).is_ok());

	let mut unknown_role = good.clone();
	unknown_role[32] |= 0b0100_0000;
	assert!(CertificateRequest::<AccountId32>::decode(&mut &unknown_role[..]).is_err());

	let mut zero_key = good.clone();
	let key = good.len() - 8 - 32;
	zero_key[key..key + 32].fill(0);
	assert!(CertificateRequest::<AccountId32>::decode(&mut &zero_key[..]).is_err());

	let long = (
		account(APPLICANT),
		Roles::from([Role::Buyer]),
		vec![b'a'; 65],
		None::<ViewKey>,
		1u64,
	)
		.encode();
	assert!(
		CertificateRequest::<AccountId32>::decode(&mut &long[..]).is_err(),
		"65 bytes are too many"
	);
}

#[test]
fn the_signed_bytes_are_these() {
	let request = CertificateRequest {
		account: AccountId32::new([0xaa; 32]),
		roles: [Role::Buyer, Role::Issuer].into(),
		organisation: b"Shop".to_vec().try_into().unwrap(),
		view_key: Some(view_key(0xbb)),
		counter: 0x0102,
	};
	let mut expected = b"veilmart/cert/1".to_vec();
	expected.extend([0xcc; 32]); // genesis
	expected.extend([0xaa; 32]); // account
	expected.push(0b101); // roles
	expected.push(4 << 2); // compact length of the name
	expected.extend(b"Shop");
	expected.push(1); // there is a view key
	expected.extend([0xbb; 32]);
	expected.extend([2, 1, 0, 0, 0, 0, 0, 0]); // counter, little endian
	assert_eq!(signing_payload(&H256::repeat_byte(0xcc), &request), expected);

	let without = CertificateRequest {
		view_key: None,
		..request
	};
	let payload = signing_payload(&H256::repeat_byte(0xcc), &without);
	assert_eq!(payload.len(), expected.len() - 32);
}

#[test]
fn an_order_id_survives_scale_and_json() {
	let order = OrderId {
		buyer: account(BUYER),
		seq: 3,
	};
	assert_eq!(order.encode(), (account(BUYER), 3u64).encode());
	assert_eq!(OrderId::decode(&mut &order.encode()[..]), Ok(order.clone()));
	let json = serde_json::to_string(&order).unwrap();
	assert_eq!(
		serde_json::from_str::<OrderId<AccountId32>>(&json).unwrap(),
		order
	);
	assert!(
		order
			< OrderId {
				buyer: account(BUYER),
				seq: 4
			}
	);
}

#[test]
fn a_nonce_is_encoded_as_the_system_does() {
	for nonce in [0, 63, 64, 16_384, u32::MAX as u64 + 1, u64::MAX] {
		let system = frame_system::CheckNonce::<Test>::from(nonce).encode();
		assert_eq!(CheckNonce::<Test>(nonce).encode(), system);
		assert_eq!(
			CheckNonce::<Test>::decode(&mut &system[..]).unwrap(),
			CheckNonce(nonce)
		);
	}
	assert!(crate::CheckCertificate::<Test>::new().encode().is_empty());
}

#[test]
fn each_refusal_has_a_number_and_a_sentence_of_its_own() {
	let mut sentences = Vec::new();
	for (position, refusal) in Refusal::ALL.into_iter().enumerate() {
		assert_eq!(
			refusal.code() as usize,
			position + 1,
			"numbers are never given away twice"
		);
		assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
		let sentence = refusal_sentence(refusal.code()).unwrap();
		assert!(sentence.ends_with('.') && !sentences.contains(&sentence));
		sentences.push(sentence);
	}
	assert_eq!(refusal_sentence(0), None);
	assert_eq!(refusal_sentence(Refusal::ALL.len() as u8 + 1), None);
}
