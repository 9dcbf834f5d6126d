//! Identities and proofs: what does not add up, or was proved for something else.

use crate::{mock::*, Call, Ciphertext, Error, Sequence};
use frame_support::{assert_noop, assert_ok};
use rand_core::OsRng;
use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::{test_keys, Opening};

/// `N` in the form of a ciphertext.
fn modulus_as_ciphertext(modulus: &[u8]) -> Ciphertext {
	let mut bytes = vec![0; PARAMETER_SET.ciphertext_bytes() - modulus.len()];
	bytes.extend_from_slice(modulus);
	Ciphertext::from_slice(&bytes).unwrap()
}

fn on_both_backends(test: impl Fn()) {
	for verifier in [By::Native, By::Portable] {
		execute(|| {
			VerifyBy::set(verifier);
			test();
		});
	}
}

#[test]
fn the_balance_on_the_ledger_is_the_one_that_is_debited() {
	execute(|| {
		let mut market = Market::open();
		// A buyer who believes to have more than it has.
		market.buyer.balance = fresh(9_000_000);
		let call = market.buyer.order(&market.listed, 1).0;
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::BalanceMismatch);
	});
}

#[test]
fn the_stock_on_the_ledger_is_the_one_that_falls() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 5);
		let mut wrong = market.listed.clone();
		wrong.stock = fresh(100);
		let call = market.seller.accept(&wrong, &placed).0;
		assert_noop!(market.seller.dispatch(call), Error::<Test>::StockMismatch);
	});
}

#[test]
fn the_accumulator_on_the_ledger_is_the_one_that_rises() {
	execute(|| {
		let mut market = Market::open();
		market.issuer.issued = fresh(3);
		let call = market.issuer.issue(&market.buyer, 1).0;
		assert_noop!(market.issuer.dispatch(call), Error::<Test>::IssuedMismatch);
	});
}

#[test]
fn a_proof_is_for_one_account_one_listing_one_sequence() {
	on_both_backends(|| {
		let market = Market::open();
		let other = market.seller.offers(255, 100);
		let (call, ..) = market.buyer.order(&market.listed, 1);
		let tampered = |change: &dyn Fn(&mut Call<Test>)| {
			let mut call = call.clone();
			change(&mut call);
			call
		};
		// Another listing, even at the same price: its ciphertext is another.
		let moved = tampered(&|call| {
			if let Call::order { listing, .. } = call {
				*listing = other.id.clone();
			}
		});
		assert_noop!(market.buyer.dispatch(moved), Error::<Test>::ProofMismatch);
		// Another salt.
		let salted = tampered(&|call| {
			if let Call::order { salt: s, .. } = call {
				*s = salt();
			}
		});
		assert_noop!(market.buyer.dispatch(salted), Error::<Test>::ProofMismatch);
		// Other notes, each of the three.
		for which in 0..3 {
			let noted = tampered(&|call| {
				if let Call::order {
					own_note,
					note: n,
					quote,
					..
				} = call
				{
					*[own_note, n, quote][which] = note(99).into();
				}
			});
			assert_noop!(market.buyer.dispatch(noted), Error::<Test>::ProofMismatch);
		}
		// Quantity exchanged for another encryption of the same number.
		let exchanged = tampered(&|call| {
			if let Call::order { quantity, .. } = call {
				*quantity = encrypt(&fresh(1)).into();
			}
		});
		assert_noop!(market.buyer.dispatch(exchanged), Error::<Test>::ProofMismatch);
		// A later sequence number that has become the account's next.
		Sequence::<Test>::mutate(&market.buyer.who, |seq| *seq += 1);
		let later = tampered(&|call| {
			if let Call::order { seq, .. } = call {
				*seq += 1;
			}
		});
		assert_noop!(market.buyer.dispatch(later), Error::<Test>::ProofMismatch);
		Sequence::<Test>::mutate(&market.buyer.who, |seq| *seq -= 1);
		// Another account with the same balance.
		let trader = Party::new(TRADER);
		let balance = crate::Balances::<Test>::get(&market.buyer.who);
		Sequence::<Test>::insert(&trader.who, market.buyer.seq());
		let theirs = crate::Balances::<Test>::get(&trader.who);
		crate::Balances::<Test>::insert(&trader.who, balance);
		assert_noop!(trader.dispatch(call.clone()), Error::<Test>::ProofMismatch);
		crate::Balances::<Test>::insert(&trader.who, theirs);
		// And for one chain.
		let genesis = System::block_hash(0);
		frame_system::BlockHash::<Test>::insert(0, sp_core::H256::repeat_byte(1));
		assert_noop!(market.buyer.dispatch(call.clone()), Error::<Test>::ProofMismatch);
		frame_system::BlockHash::<Test>::insert(0, genesis);
		// Untouched, it is good.
		assert_ok!(market.buyer.dispatch(call));
	});
}

#[test]
fn a_proof_is_for_one_set_of_terms() {
	execute(|| {
		let market = Market::open();
		let (call, ..) = market.buyer.order(&market.listed, 1);
		crate::CurrentTerms::<Test>::mutate(|terms| terms.ship_period += 1);
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn a_quota_that_changed_spoils_the_proof_and_a_quota_is_not_exceeded() {
	execute(|| {
		let market = Market::open();
		let (call, ..) = market.issuer.issue(&market.buyer, 10);
		crate::IssuerQuota::<Test>::mutate(&market.issuer.who, |quota| *quota -= 1);
		assert_noop!(market.issuer.dispatch(call), Error::<Test>::ProofMismatch);
		crate::IssuerQuota::<Test>::mutate(&market.issuer.who, |quota| *quota += 1);
		// The issuer has issued 600,000 of 1,000,000. The rest can be issued, and nothing after that.
		let mut issuer = market.issuer;
		let (rest, _, issued) = issuer.issue(&market.buyer, QUOTA - 600_000);
		assert_ok!(issuer.dispatch(rest));
		issuer.issued = issued;
		assert_eq!(issuer.issued.value, QUOTA);
	});
}

#[test]
fn malformed_ciphertexts_are_refused_by_name() {
	on_both_backends(|| {
		let market = Market::open();
		let modulus = test_keys::modulus(PARAMETER_SET);
		let length = PARAMETER_SET.ciphertext_bytes();
		let largest = Ciphertext::from_slice(&vec![0xff; length]).unwrap();
		let zero = Ciphertext::from_slice(&vec![0; length]).unwrap();
		let n = modulus_as_ciphertext(modulus);
		for (bad, error) in [
			(zero, || Error::<Test>::CiphertextZero),
			(n, || Error::<Test>::CiphertextNotUnit),
			(largest, || Error::<Test>::CiphertextNotReduced),
		] as [(Ciphertext, fn() -> Error<Test>); 3]
		{
			for which in 0..3 {
				let (mut call, ..) = market.seller.list(5, 5);
				if let Call::list {
					price,
					stock,
					commodity,
					..
				} = &mut call
				{
					*[price, stock, commodity][which] = bad.clone().into();
				}
				assert_noop!(market.seller.dispatch(call), error());
			}
		}
	});
}

#[test]
fn malformed_proofs_are_refused_by_name() {
	on_both_backends(|| {
		let market = Market::open();
		let (call, ..) = market.seller.list(5, 5);
		let with = |change: &dyn Fn(&mut Vec<u8>)| {
			let mut call = call.clone();
			if let Call::list { proof, .. } = &mut call {
				let mut bytes = proof.to_vec();
				change(&mut bytes);
				*proof = bytes.try_into().unwrap();
			}
			call
		};
		let refused = |call, error: Error<Test>| {
			assert_noop!(market.seller.dispatch(call), error);
		};
		refused(
			with(&|bytes| bytes.truncate(bytes.len() - 1)),
			Error::<Test>::ProofLength,
		);
		// A `list` may have the longest proof that there is; one of `order` can be longer than it should be.
		let (mut longer, ..) = market.buyer.order(&market.listed, 1);
		if let Call::order { proof, .. } = &mut longer {
			proof.try_push(0).unwrap();
		}
		assert_noop!(market.buyer.dispatch(longer), Error::<Test>::ProofLength);
		refused(with(&|bytes| bytes.clear()), Error::<Test>::ProofLength);
		refused(with(&|bytes| bytes[0] = 2), Error::<Test>::ProofVersion);
		// V, e, z, w, t and the range proof, in the layout of docs/formats.md for three values and three equations; `w` has
		// |N|/2 + 384 bits.
		let w = 209;
		let w_len = (PARAMETER_SET.modulus_bits() / 2 + 384) / 8;
		let t = w + 3 * w_len;
		refused(with(&|bytes| bytes[1..33].fill(0xff)), Error::<Test>::ProofPoint);
		refused(with(&|bytes| bytes[97] ^= 1), Error::<Test>::ProofMismatch);
		refused(
			with(&|bytes| bytes[113..145].fill(0xff)),
			Error::<Test>::ProofValueResponse,
		);
		refused(
			with(&|bytes| bytes[w..w + w_len].fill(0)),
			Error::<Test>::ProofNonceResponse,
		);
		refused(
			with(&|bytes| bytes[t..t + 32].fill(0xff)),
			Error::<Test>::ProofScalar,
		);
		refused(
			with(&|bytes| *bytes.last_mut().unwrap() ^= 1),
			Error::<Test>::ProofRange,
		);
	});
}

#[test]
fn quantity_and_total_belong_together() {
	execute(|| {
		let market = Market::open();
		let (mut six, ..) = market.buyer.order(&market.listed, 6);
		let (one, ..) = market.buyer.order(&market.listed, 1);
		if let (
			Call::order {
				total, balance_after, ..
			},
			Call::order {
				total: cheap,
				balance_after: rich,
				..
			},
		) = (&mut six, one)
		{
			(*total, *balance_after) = (cheap, rich);
		}
		assert_noop!(market.buyer.dispatch(six), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn nobody_spends_more_than_it_has() {
	execute(|| {
		let market = Market::open();
		// One penny more than the buyer has: the true remainder is -1, so B' is taken from the identity and the proof
		// claims another value for it.
		let dear = {
			let (call, listed) = market.seller.list(100_001, 1);
			market.seller.dispatch(call).unwrap();
			listed
		};
		let (salt, quantity, rho) = (salt(), fresh(1), fresh(0));
		let total = dear.price.add(&rho).unwrap();
		let key = PROVER.encryptor().key();
		let parse = |opening: &Opening| key.parse(encrypt(opening).as_ref()).unwrap();
		let after = key.add(
			&parse(&market.buyer.balance),
			&key.invert(&parse(&total)).unwrap(),
		);
		let after = Ciphertext::from_slice(&key.encode(&after)).unwrap();
		let nonce = market.buyer.balance.nonce.sub(&total.nonce);
		for claimed in [0, u64::MAX] {
			let claim = Opening {
				value: claimed,
				nonce: nonce.clone(),
			};
			let [x, s] = [&quantity, &total].map(encrypt);
			let statement = veilmart_confidential::statements::order(
				PARAMETER_SET,
				&market.buyer.context(salt),
				&veilmart_confidential::statements::OrderParts {
					listing: listing_name(&dear.id),
					version: 0,
					terms: terms(),
					price: encrypt(&dear.price).as_ref(),
					quantity: x.as_ref(),
					total: s.as_ref(),
					balance_after: after.as_ref(),
					own_note: note(5).hash(),
					note: note(6).hash(),
					quote: note(7).hash(),
				},
			);
			let proof = prove(&statement, vec![1, claimed], &[&quantity, &rho, &claim]);
			let call = Call::order {
				seq: market.buyer.seq(),
				salt,
				listing: dear.id.clone(),
				version: 0,
				quantity: x.into(),
				total: s.into(),
				balance_after: after.clone().into(),
				own_note: note(5).into(),
				note: note(6).into(),
				quote: note(7).into(),
				proof,
			};
			// The identity holds, so the ledger gets as far as the proof.
			assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}

#[test]
fn a_proof_under_another_key_is_refused() {
	execute(|| {
		let market = Market::open();
		let (call, ..) = market.seller.list(5, 5);
		let other = veilmart_paillier::generate(
			PARAMETER_SET,
			veilmart_paillier::PrimeKind::Plain,
			&mut OsRng,
			&mut || {},
		);
		let modulus = other.public().modulus_bytes();
		crate::Modulus::<Test>::put(frame_support::BoundedVec::try_from(modulus).unwrap());
		let result = market.seller.dispatch(call);
		crate::Modulus::<Test>::put(
			frame_support::BoundedVec::try_from(test_keys::modulus(PARAMETER_SET).to_vec()).unwrap(),
		);
		assert!(result.is_err());
	});
}

#[test]
fn a_remembered_verdict_does_not_excuse_from_the_ledger() {
	execute(|| {
		let mut market = Market::open();
		let (call, _, after) = market.buyer.order(&market.listed, 1);
		// The pool verifies and remembers.
		assert_ok!(market.buyer.offer(&call));
		assert!(remembers(&market.buyer, &call));
		// Meanwhile the balance changes: the proof is still good, and what it is about is not there any more.
		let balance = crate::Balances::<Test>::get(&market.buyer.who);
		let other = crate::Owned {
			ciphertext: encrypt(&fresh(5)),
			note: None,
		};
		crate::Balances::<Test>::insert(&market.buyer.who, other);
		assert_noop!(
			market.buyer.dispatch(call.clone()),
			Error::<Test>::BalanceMismatch
		);
		crate::Balances::<Test>::insert(&market.buyer.who, balance);
		assert_ok!(market.buyer.dispatch(call));
		market.buyer.balance = after;
	});
}

/// Whether this process remembers the proof of an order.
fn remembers(buyer: &Party, call: &Call<Test>) -> bool {
	let Call::order {
		seq,
		salt,
		listing,
		version,
		quantity,
		total,
		balance_after,
		own_note,
		note,
		quote,
		proof,
		..
	} = call
	else {
		return false;
	};
	let parts = crate::orders::PlaceOrder {
		listing: listing.clone(),
		version: *version,
		quantity: (**quantity).clone(),
		total: (**total).clone(),
		balance_after: (**balance_after).clone(),
		own_note: (**own_note).clone(),
		note: (**note).clone(),
		quote: (**quote).clone(),
	};
	let statement = Ecommerce::order_statement(&buyer.who, *seq, *salt, &parts).unwrap();
	veilmart_verification_host::remembered(test_keys::modulus(PARAMETER_SET), &statement, proof)
}
