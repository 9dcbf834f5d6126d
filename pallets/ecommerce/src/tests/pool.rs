//! The pool's door.

use crate::{mock::*, Call, Error, FIRST_REFUSAL};
use codec::Encode;
use frame_support::assert_ok;
use scale_info::{TypeDef, TypeInfo};
use sp_runtime::transaction_validity::{
	InvalidTransaction, TransactionSource, TransactionValidityError, UnknownTransaction,
};
use std::collections::BTreeSet;

fn code(error: Error<Test>) -> TransactionValidityError {
	InvalidTransaction::Custom(FIRST_REFUSAL + error.encode()[0]).into()
}

#[test]
fn a_good_call_is_let_in_and_ordered() {
	execute(|| {
		let market = Market::open();
		let (call, _, after) = market.buyer.order(&market.listed, 1);
		let now = market.buyer.offer(&call).unwrap();
		assert!(now.requires.is_empty());
		let seq = market.buyer.seq();
		let later = market.buyer.order_at(seq + 1, &after, &market.listed, 1).0;
		let later = market.buyer.offer(&later).unwrap();
		assert_eq!(
			later.requires, now.provides,
			"the later call waits for the earlier one"
		);
		let cancel = Call::cancel {
			seq: seq + 2,
			order: 0,
		};
		assert_eq!(
			market.buyer.offer(&cancel).unwrap().requires,
			later.provides,
			"calls without proof, too"
		);
	});
}

#[test]
fn a_used_sequence_number_is_stale() {
	execute(|| {
		let market = Market::open();
		let (call, ..) = market.buyer.order(&market.listed, 1);
		assert_ok!(market.buyer.dispatch(call.clone()));
		assert_eq!(
			market.buyer.offer(&call).unwrap_err(),
			InvalidTransaction::Stale.into()
		);
	});
}

#[test]
fn what_dispatch_would_refuse_does_not_get_in() {
	execute(|| {
		let mut market = Market::open();
		let (mut forged, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { proof, .. } = &mut forged {
			proof[200] ^= 1;
		}
		let refusal = market.buyer.offer(&forged).unwrap_err();
		assert!([
			Error::ProofMismatch,
			Error::ProofScalar,
			Error::ProofValueResponse
		]
		.map(code)
		.contains(&refusal));
		// In a block it is the dispatch that refuses: the extension must not verify twice.
		assert_ok!(market.buyer.offer_from(TransactionSource::InBlock, &forged));
		assert!(market.buyer.dispatch(forged).is_err());

		let (call, ..) = market.buyer.order(&market.listed, 1);
		market.buyer.balance = fresh(7_000_000);
		let (overdrawn, ..) = market.buyer.order(&market.listed, 1);
		assert_eq!(
			market.buyer.offer(&overdrawn).unwrap_err(),
			code(Error::BalanceMismatch)
		);
		assert_ok!(market.buyer.offer(&call));

		let (mut old, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { version, .. } = &mut old {
			*version = 7;
		}
		assert_eq!(market.buyer.offer(&old).unwrap_err(), code(Error::PriceChanged));
	});
}

/// A pool bans what is invalid. What only comes too early must not be called that.
#[test]
fn what_comes_too_early_may_come_again() {
	execute(|| {
		let mut market = Market::open();
		let not_yet = |error: Error<Test>| -> TransactionValidityError {
			UnknownTransaction::Custom(FIRST_REFUSAL + error.encode()[0]).into()
		};
		let (mut unlisted, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { listing, .. } = &mut unlisted {
			listing.seq += 100;
		}
		assert_eq!(
			market.buyer.offer(&unlisted).unwrap_err(),
			not_yet(Error::NoSuchListing)
		);
		let (order, placed, _) = market.buyer.order(&market.listed, 1);
		let (accept, ..) = market.seller.accept(&market.listed, &placed);
		assert_eq!(
			market.seller.offer(&accept).unwrap_err(),
			not_yet(Error::NoSuchOrder),
			"the order may be on its way"
		);
		assert_ok!(market.buyer.dispatch(order));
		assert_ok!(market.seller.offer(&accept));
		market.seller.accepts(&mut market.listed, &placed);
		let (again, ..) = market.seller.accept(&market.listed, &placed);
		assert_eq!(
			market.seller.offer(&again).unwrap_err(),
			not_yet(Error::WrongState)
		);
	});
}

#[test]
fn a_future_call_with_a_bad_proof_does_not_get_in_either() {
	execute(|| {
		let market = Market::open();
		let seq = market.buyer.seq() + 1;
		let (mut call, ..) = market.buyer.order_at(seq, &fresh(50_000), &market.listed, 1);
		assert_ok!(market.buyer.offer(&call));
		if let Call::order { proof, .. } = &mut call {
			*proof.last_mut().unwrap() ^= 1;
		}
		assert_eq!(market.buyer.offer(&call).unwrap_err(), code(Error::ProofRange));
	});
}

#[test]
fn every_refusal_has_a_sentence() {
	let TypeDef::Variant(errors) = Error::<Test>::type_info().type_def else {
		panic!("errors are an enumeration");
	};
	let mut sentences = BTreeSet::new();
	for error in &errors.variants {
		let sentence = crate::refusal_sentence(FIRST_REFUSAL + error.index)
			.unwrap_or_else(|| panic!("{} has no sentence", error.name));
		assert!(
			sentences.insert(sentence),
			"{} has another's sentence",
			error.name
		);
	}
	let beyond = FIRST_REFUSAL + u8::try_from(errors.variants.len()).unwrap();
	assert_eq!(crate::refusal_sentence(beyond), None);
	assert_eq!(crate::refusal_sentence(FIRST_REFUSAL - 1), None);
	assert_eq!(
		crate::refusal_sentence(FIRST_REFUSAL + Error::<Test>::PriceChanged.encode()[0]),
		Some("The price changed since the version that the order names.")
	);
	assert_eq!(
		crate::refusal_sentence(FIRST_REFUSAL + Error::<Test>::TooManyOrders.encode()[0]),
		Some("The buyer has as many orders as it may, those included whose credits are not all collected.")
	);
}
