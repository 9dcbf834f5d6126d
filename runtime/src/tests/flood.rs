//! Floods: what it costs a node to be sent nonsense, and that an honest account is not kept out by it.

use codec::Encode;
use frame_support::assert_ok;
use pallet_certificates::Refusal;
use pallet_ecommerce::{Call, Error, FIRST_REFUSAL};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Dave, Ferdie};
use sp_runtime::transaction_validity::{
	InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction,
};

use super::{market::*, *};
use crate::{
	configs::CallQuota,
	extensions::{authorized_extrinsic, provided_tags},
	Certificates, Council,
};

fn validate(transaction: UncheckedExtrinsic) -> Result<(), TransactionValidityError> {
	Executive::validate_transaction(TransactionSource::External, transaction, Hash::default()).map(|_| ())
}

fn code(error: Error<Runtime>) -> u8 {
	FIRST_REFUSAL + error.encode()[0]
}

/// The call with one byte of its proof changed.
fn forged(call: &RuntimeCall, byte: usize) -> RuntimeCall {
	let mut call = call.clone();
	if let RuntimeCall::Ecommerce(Call::list { proof, .. }) = &mut call {
		let last = proof.len() - 1;
		proof[last - byte] ^= 1;
	}
	call
}

/// A seller that is not in the council, so that its quota counts. Each test has its own: what a node remembers of bad proofs
/// belongs to the process.
fn certify(who: Sr25519Keyring) {
	let members = [Alice, Bob].map(account).to_vec();
	assert_ok!(Council::set_members(RuntimeOrigin::root(), members, None, 3));
	System::inc_providers(&account(who));
	let certificate = pallet_certificates::Certificate {
		roles: [pallet_certificates::Role::Seller].into(),
		organisation: b"Flood Ltd".to_vec().try_into().expect("short"),
		view_key: None,
		valid_until: None,
		status: pallet_certificates::Status::Active,
	};
	pallet_certificates::Certificates::<Runtime>::insert(account(who), certificate);
}

/// Nodes read from a block what its transactions provide to those that wait; the runtime is not asked.
#[test]
fn the_tags_that_are_read_are_those_of_the_validation() {
	development().execute_with(|| {
		let calls = [(remark(), 0), (remark(), 3), (list(&account(Alice)), 0)];
		for (call, ahead) in calls {
			let transaction = transaction(Alice, call, ahead);
			let validity = Executive::validate_transaction(
				TransactionSource::External,
				transaction.clone(),
				Hash::default(),
			);
			assert_eq!(
				provided_tags(&transaction.encode()),
				Some(validity.expect("it is valid").provides)
			);
		}
		assert_eq!(
			provided_tags(&UncheckedExtrinsic::new_bare(remark()).encode()),
			None
		);
		assert_eq!(provided_tags(&authorized_extrinsic(remark()).encode()), None);
		assert_eq!(provided_tags(&[8, 1, 2]), None);
	});
}

#[test]
fn of_a_flood_of_bad_proofs_a_node_looks_at_ten() {
	development().execute_with(|| {
		certify(Ferdie);
		let good = list(&account(Ferdie));
		let (mut looked_at, mut unseen) = (0, 0);
		for byte in 0..200 {
			match validate(transaction(Ferdie, forged(&good, byte), 0)) {
				Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(_))) => looked_at += 1,
				Err(TransactionValidityError::Unknown(UnknownTransaction::Custom(reason))) => {
					assert_eq!(reason, code(Error::TooManyBadProofs));
					unseen += 1;
				}
				other => panic!("a forged proof is refused: {other:?}"),
			}
		}
		assert_eq!((looked_at, unseen), (10, 190));
		// Its own good one has to wait, too, at this door; nobody else's has.
		assert!(validate(transaction(Ferdie, good.clone(), 0)).is_err());
		assert_ok!(validate(transaction(Alice, list(&account(Alice)), 0)));
		// A block does not ask: what another node let in is executed here as everywhere.
		assert_eq!(apply(Ferdie, good), Ok(Ok(())));
	});
}

#[test]
fn nonces_beyond_the_quota_are_refused_before_any_proof() {
	development().execute_with(|| {
		certify(Dave);
		let bad = forged(&list(&account(Dave)), 0);
		// More than a node would look at, and the answer is never about the proof.
		for ahead in 0..30 {
			assert_eq!(
				validate(transaction(Dave, bad.clone(), CallQuota::get() + ahead)),
				Err(UnknownTransaction::Custom(Refusal::NonceBeyondQuota.code()).into())
			);
		}
		while Certificates::quota_left(account(Dave)) > 0 {
			assert_ok!(Certificates::consume_quota(&account(Dave)));
		}
		assert_eq!(
			validate(transaction(Dave, bad.clone(), 0)),
			Err(UnknownTransaction::Custom(Refusal::QuotaExhausted.code()).into())
		);
		// None of them was looked at: a whole allowance of bad proofs is left.
		pallet_timestamp::Now::<Runtime>::mutate(|now| *now += crate::configs::QuotaPeriod::get());
		assert_eq!(
			validate(transaction(Dave, bad, 0)),
			Err(InvalidTransaction::Custom(code(Error::ProofRange)).into())
		);
	});
}

#[test]
fn without_a_certificate_no_proof_is_looked_at() {
	development().execute_with(|| {
		System::inc_providers(&account(OUTSIDER));
		let call = list(&account(OUTSIDER));
		for byte in 0..20 {
			assert_eq!(
				validate(transaction(OUTSIDER, forged(&call, byte), 0)),
				Err(UnknownTransaction::Custom(Refusal::NotCertified.code()).into())
			);
		}
	});
}
