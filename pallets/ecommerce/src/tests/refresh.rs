//! New nonces for old values, also by an owner who lost an opening; and that no value changes by it.

use crate::{mock::*, Call, Ciphertext, CreditId, CreditKind, Error, Event, Listings, RefreshTarget, Zeroed};
use frame_support::{assert_noop, assert_ok};
use num_bigint::BigUint;
use rand_core::OsRng;
use veilmart_paillier::{Opening, SecretRoot};

fn key() -> &'static veilmart_paillier::PublicKey {
	PROVER.encryptor().key()
}

/// What the certificate authority tells an owner who lost an opening: value and root, found with the secret key.
fn told(ciphertext: &Ciphertext) -> (u64, SecretRoot) {
	let n = BigUint::from_bytes_be(&key().modulus_bytes());
	let square = &n * &n;
	let value = decrypt(ciphertext);
	let stripped = BigUint::from_bytes_be(ciphertext.as_ref())
		* (BigUint::from(1u8) + BigUint::from(value) * &n)
			.modinv(&square)
			.unwrap()
		% &square;
	let root = SECRET.nth_root(&(stripped % &n)).unwrap().to_bytes_be();
	let mut bytes = vec![0; key().modulus_bytes().len() - root.len()];
	bytes.extend(root);
	(value, key().secret_root(&bytes).unwrap())
}

#[test]
fn a_refreshed_balance_holds_what_it_held() {
	execute(|| {
		let mut market = Market::open();
		let before = crate::Balances::<Test>::get(&market.buyer.who);
		let (call, after) = market
			.buyer
			.refresh(RefreshTarget::Balance, &market.buyer.balance);
		assert_ok!(market.buyer.dispatch(call));
		System::assert_last_event(
			Event::Refreshed {
				account: market.buyer.who.clone(),
				target: RefreshTarget::Balance,
			}
			.into(),
		);
		let now = crate::Balances::<Test>::get(&market.buyer.who);
		assert_ne!(now.ciphertext, before.ciphertext);
		assert_eq!(now.ciphertext, encrypt(&after));
		assert_eq!(now.note, Some(note(14)));
		assert_eq!(decrypt(&now.ciphertext), 100_000);
		assert_eq!(decrypt(&Zeroed::<Test>::get()), 0);
		assert_ne!(Zeroed::<Test>::get(), Ciphertext::ONE);
		// It can be spent under its new nonce.
		market.buyer.balance = after;
		market.buyer.orders(&market.listed, 1);
	});
}

#[test]
fn a_refreshed_credit_is_collected_as_what_it_was() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 2);
		let (seq, order) = (market.buyer.seq(), placed.id.seq);
		assert_ok!(market.buyer.dispatch(Call::cancel { seq, order }));
		let refund = CreditId {
			creator: market.buyer.who.clone(),
			seq: order,
			kind: CreditKind::Refund,
		};
		let target = RefreshTarget::Credit(refund.clone());
		let (call, _) = market.buyer.refresh(target.clone(), &placed.total);
		assert_ok!(market.buyer.dispatch(call));
		assert_eq!(market.buyer.waiting(), [(CreditKind::Refund, 510)]);
		Ecommerce::do_try_state().unwrap();
		// Nobody else's.
		let (call, _) = market.seller.refresh(target, &placed.total);
		assert_noop!(market.seller.dispatch(call), Error::<Test>::NoSuchCredit);
		market.buyer.collects_all();
		assert_eq!(market.buyer.ledger_balance(), 100_000);
		assert!(Ecommerce::order_of(&placed.id).is_none());
	});
}

#[test]
fn a_refreshed_stock_leaves_the_residues_alone() {
	execute(|| {
		let mut market = Market::open();
		let target = RefreshTarget::Stock(market.listed.id.seq);
		let (call, stock) = market.seller.refresh(target, &market.listed.stock);
		assert_ok!(market.seller.dispatch(call));
		assert_eq!(Zeroed::<Test>::get(), Ciphertext::ONE, "a stock is no money");
		let listing = Listings::<Test>::get(&market.seller.who, market.listed.id.seq).unwrap();
		assert_eq!(listing.stock, encrypt(&stock));
		assert_eq!(listing.note, note(14));
		market.listed.stock = stock;
		let placed = market.buyer.orders(&market.listed, 100);
		market.seller.accepts(&mut market.listed, &placed);
		let other = market.buyer.refresh(RefreshTarget::Stock(9_999), &fresh(1)).0;
		assert_noop!(market.buyer.dispatch(other), Error::<Test>::NoSuchListing);
	});
}

#[test]
fn an_owner_who_lost_an_opening_recovers_with_what_the_authority_tells_it() {
	execute(|| {
		let mut market = Market::open();
		// The device is gone, and so is the nonce.
		let lost = crate::Balances::<Test>::get(&market.buyer.who).ciphertext;
		let (value, root) = told(&lost);
		let new = fresh(value);
		let root = key().multiply_roots(
			&PROVER.encryptor().root(&new.nonce).unwrap(),
			&key().invert_root(&root, &mut OsRng).unwrap(),
		);
		let call = market.buyer.refresh_with(RefreshTarget::Balance, &new, &root);
		// The authority knows as much and cannot do it in the owner's place.
		let ca = Party::new(CA);
		assert!(ca.dispatch(call.clone()).is_err());
		let theirs = ca.refresh_with(RefreshTarget::Balance, &new, &root);
		assert!(ca.dispatch(theirs).is_err());
		assert_ok!(market.buyer.dispatch(call));
		market.buyer.balance = new;
		market.buyer.orders(&market.listed, 1);
		assert_eq!(market.buyer.ledger_balance(), 100_000 - 255);
	});
}

#[test]
fn nobody_refreshes_a_penny_into_its_balance() {
	execute(|| {
		let market = Market::open();
		let old = &market.buyer.balance;
		for value in [old.value + 1, old.value - 1, 0] {
			let new = fresh(value);
			// The identity holds: Z is whatever lies between the two.
			let [b, n] = [old, &new].map(|opening: &Opening| key().parse(encrypt(opening).as_ref()).unwrap());
			let quotient = key().encode(&key().add(&n, &key().invert(&b).unwrap()));
			let residue = Ciphertext::from_slice(&quotient).unwrap();
			let root = PROVER.encryptor().root(&new.nonce.sub(&old.nonce)).unwrap();
			for root in [root, key().random_root(&mut OsRng)] {
				let call =
					market
						.buyer
						.refresh_to(RefreshTarget::Balance, encrypt(&new), residue.clone(), &root);
				assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
			}
		}
	});
}

#[test]
fn what_is_claimed_is_the_ledgers_ciphertext_times_the_residue() {
	execute(|| {
		let market = Market::open();
		let root = PROVER.encryptor().root(&fresh(0).nonce).unwrap();
		let richer = fresh(100_001);
		let call = market.buyer.refresh_with(RefreshTarget::Balance, &richer, &root);
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::RefreshMismatch);
		// A proof about one thing is none about another.
		let (mut moved, _) = market
			.seller
			.refresh(RefreshTarget::Balance, &market.seller.balance);
		if let Call::refresh { target, .. } = &mut moved {
			*target = RefreshTarget::Stock(market.listed.id.seq);
		}
		assert_noop!(market.seller.dispatch(moved), Error::<Test>::RefreshMismatch);
	});
}

#[test]
fn both_ways_of_verification_refresh_alike_and_the_door_checks_it() {
	for verifier in [By::Native, By::Portable] {
		execute(|| {
			VerifyBy::set(verifier);
			let market = Market::open();
			let (call, _) = market
				.buyer
				.refresh(RefreshTarget::Balance, &market.buyer.balance);
			assert_ok!(market.buyer.offer(&call));
			let mut forged = call.clone();
			if let Call::refresh { proof, .. } = &mut forged {
				*proof.last_mut().unwrap() ^= 1;
			}
			assert!(market.buyer.offer(&forged).is_err());
			assert_ok!(market.buyer.dispatch(call));
		});
	}
}
