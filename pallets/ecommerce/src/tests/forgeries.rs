//! False claims with the best proof that a cheat can make for them, call by call.

use crate::{mock::*, Call, Ciphertext, Error, ListingId, Proof, Sequence};
use codec::{Decode, DecodeAll, Encode};
use frame_support::{assert_noop, assert_ok};
use num_bigint::BigUint;
use rand_core::OsRng;
use sp_runtime::AccountId32;
use veilmart_confidential::{
	statements::{self, AcceptParts, OrderName, OrderParts},
	Statement, Witness, PARAMETER_SET,
};
use veilmart_paillier::{test_keys, Opening};

/// A number as a ciphertext.
fn ciphertext(number: &BigUint) -> Ciphertext {
	let bytes = number.to_bytes_be();
	let mut padded = vec![0; PARAMETER_SET.ciphertext_bytes() - bytes.len()];
	padded.extend_from_slice(&bytes);
	Ciphertext::from_slice(&padded).unwrap()
}

fn modulus() -> BigUint {
	BigUint::from_bytes_be(test_keys::modulus(PARAMETER_SET))
}

/// `ciphertext/divisor mod N²`: what makes the ledger's identity hold whatever the plaintext.
fn quotient(of: &Opening, divisor: &Opening) -> Ciphertext {
	let key = PROVER.encryptor().key();
	let parse = |opening: &Opening| key.parse(encrypt(opening).as_ref()).unwrap();
	let quotient = key.add(&parse(of), &key.invert(&parse(divisor)).unwrap());
	Ciphertext::from_slice(&key.encode(&quotient)).unwrap()
}

/// A buyer's order that leaves `after`, proved with these values and nonces.
fn forged_order(
	market: &Market,
	listing: &ListingId<AccountId32>,
	price: &Opening,
	[quantity, total]: [&Opening; 2],
	after: (Ciphertext, &Opening),
	rho: &Opening,
	values: [u64; 2],
) -> Call<Test> {
	let salt = salt();
	let [p, x, s] = [price, quantity, total].map(encrypt);
	let statement = statements::order(
		PARAMETER_SET,
		&market.buyer.context(salt),
		&OrderParts {
			listing: listing_name(listing),
			version: 0,
			terms: terms(),
			price: p.as_ref(),
			quantity: x.as_ref(),
			total: s.as_ref(),
			balance_after: after.0.as_ref(),
			own_note: note(5).hash(),
			note: note(6).hash(),
			quote: note(7).hash(),
		},
	);
	Call::order {
		seq: market.buyer.seq(),
		salt,
		listing: listing.clone(),
		version: 0,
		quantity: x.into(),
		total: s.into(),
		balance_after: after.0.into(),
		own_note: note(5).into(),
		note: note(6).into(),
		quote: note(7).into(),
		proof: prove(&statement, values.to_vec(), &[quantity, rho, after.1]),
	}
}

/// A seller's acceptance of an order that leaves these, proved with these openings.
fn forged_accept(
	market: &Market,
	placed: &Placed,
	stock: (Ciphertext, &Opening),
	balance: (Ciphertext, &Opening),
) -> Call<Test> {
	let salt = salt();
	let [x, s] = [&placed.quantity, &placed.total].map(encrypt);
	let statement = statements::accept(
		PARAMETER_SET,
		&market.seller.context(salt),
		&AcceptParts {
			order: OrderName {
				buyer: placed.id.buyer.clone().into(),
				seq: placed.id.seq,
			},
			listing: listing_name(&market.listed.id),
			terms: terms(),
			quantity: x.as_ref(),
			total: s.as_ref(),
			stock_after: stock.0.as_ref(),
			balance_after: balance.0.as_ref(),
			own_note: note(8).hash(),
			stock_note: note(9).hash(),
		},
	);
	let values = vec![stock.1.value, balance.1.value];
	Call::accept {
		seq: market.seller.seq(),
		salt,
		order: placed.id.clone(),
		stock_after: stock.0.into(),
		balance_after: balance.0.into(),
		own_note: note(8).into(),
		stock_note: note(9).into(),
		proof: prove(&statement, values, &[stock.1, balance.1]),
	}
}

#[test]
fn no_order_for_no_pieces() {
	execute(|| {
		let market = Market::open();
		let (zero, rho) = (fresh(0), fresh(0));
		let after = market.buyer.balance.sub(&rho).unwrap();
		// The claim of one piece does not fit X = Enc(0), S = Enc(0).
		let call = forged_order(
			&market,
			&market.listed.id,
			&market.listed.price,
			[&zero, &rho],
			(encrypt(&after), &after),
			&rho,
			[1, after.value],
		);
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
	});
}

/// The statement with its first value allowed to be zero: encoded, the byte that says so is the first of the values, which
/// stand before the equations.
fn relaxed(statement: &Statement, behind: usize) -> Statement {
	let mut bytes = statement.encode();
	let place = bytes.len() - behind;
	assert_eq!(bytes[place], 1, "the first value must be positive");
	bytes[place] = 0;
	Statement::decode_all(&mut &bytes[..]).unwrap()
}

#[test]
fn no_listing_at_price_zero() {
	execute(|| {
		let market = Market::open();
		let (salt, seller) = (salt(), &market.seller);
		let openings = [fresh(0), fresh(10), fresh(85_123)];
		let [p, r, c] = [0, 1, 2].map(|i| encrypt(&openings[i]));
		let statement = statements::list(
			PARAMETER_SET,
			&seller.context(salt),
			p.as_ref(),
			r.as_ref(),
			c.as_ref(),
			note(4).hash(),
		);
		let call = |proof: Proof| Call::list {
			seq: seller.seq(),
			salt,
			price: p.clone().into(),
			stock: r.clone().into(),
			commodity: c.clone().into(),
			own_note: note(4).into(),
			proof,
		};
		let nonces: Vec<_> = openings.iter().collect();
		// It claims another price than it encrypts.
		let proof = prove(&statement, vec![1, 10, 85_123], &nonces);
		assert_noop!(seller.dispatch(call(proof)), Error::<Test>::ProofMismatch);
		// The honest prover makes none for zero.
		let zero = Witness {
			values: vec![0, 10, 85_123],
			nonces: openings.iter().map(|opening| opening.nonce.clone()).collect(),
		};
		assert!(PROVER.prove(&statement, &zero, &mut OsRng).is_err());
		// Nor does one for the statement without that demand: three equations of 5 bytes and their number are behind three
		// values of a byte each. Which values must be positive is hashed.
		let relaxed = relaxed(&statement, 3 + 1 + 3 * 5);
		let proof = PROVER.prove(&relaxed, &zero, &mut OsRng).unwrap();
		assert_noop!(
			seller.dispatch(call(proof.try_into().unwrap())),
			Error::<Test>::ProofMismatch
		);
	});
}

#[test]
fn no_issue_of_nothing_nor_one_above_the_quota() {
	execute(|| {
		let market = Market::open();
		let (issuer, buyer) = (&market.issuer, &market.buyer);
		let forged = |amount: u64, claimed: [u64; 2]| {
			let (salt, credit) = (salt(), fresh(amount));
			let after = issuer.issued.add(&credit).unwrap();
			let (a, i) = (encrypt(&credit), encrypt(&after));
			let statement = statements::issue(
				PARAMETER_SET,
				&issuer.context(salt),
				buyer.who.clone().into(),
				QUOTA,
				a.as_ref(),
				i.as_ref(),
				note(1).hash(),
				note(2).hash(),
			);
			Call::issue {
				seq: issuer.seq(),
				salt,
				to: buyer.who.clone(),
				amount: a.into(),
				issued_after: i.into(),
				own_note: note(1).into(),
				note: note(2).into(),
				proof: prove(&statement, claimed.to_vec(), &[&credit, &after]),
			}
		};
		let issued = issuer.issued.value;
		for (amount, claimed) in [
			(0, [1, issued]),
			(QUOTA - issued + 1, [QUOTA - issued + 1, QUOTA]),
			(QUOTA - issued + 1, [QUOTA - issued, QUOTA]),
		] {
			assert_noop!(
				issuer.dispatch(forged(amount, claimed)),
				Error::<Test>::ProofMismatch
			);
		}
		// Up to the last unit it may.
		assert_ok!(issuer.dispatch(forged(QUOTA - issued, [QUOTA - issued, QUOTA])));
	});
}

#[test]
fn no_seller_accepts_one_piece_more_than_it_has() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 101);
		let bond = placed.total.scale(10).unwrap();
		let balance = market.seller.balance.sub(&bond).unwrap();
		let stock = quotient(&market.listed.stock, &placed.quantity);
		assert_eq!(
			SECRET.decrypt_amount(stock.as_ref()).unwrap(),
			None,
			"-1 modulo N is no amount"
		);
		let nonce = market.listed.stock.nonce.sub(&placed.quantity.nonce);
		for claimed in [0, u64::MAX] {
			let claim = Opening {
				value: claimed,
				nonce: nonce.clone(),
			};
			let call = forged_accept(
				&market,
				&placed,
				(stock.clone(), &claim),
				(encrypt(&balance), &balance),
			);
			assert_noop!(market.seller.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}

#[test]
fn no_seller_accepts_with_a_bond_that_lacks_one_penny() {
	execute(|| {
		let mut market = Market::open();
		// Ten times this price is one more than the seller has.
		market.seller.endow(&mut market.issuer, 9);
		let dear = market.seller.offers(50_001, 1);
		market.listed = dear;
		let placed = market.buyer.orders(&market.listed, 1);
		let stock = market.listed.stock.sub(&placed.quantity).unwrap();
		let bond = placed.total.scale(10).unwrap();
		let balance = quotient(&market.seller.balance, &bond);
		assert_eq!(
			SECRET.decrypt_amount(balance.as_ref()).unwrap(),
			None,
			"-1 modulo N is no amount"
		);
		let nonce = market.seller.balance.nonce.sub(&bond.nonce);
		for claimed in [0, u64::MAX] {
			let claim = Opening {
				value: claimed,
				nonce: nonce.clone(),
			};
			let call = forged_accept(
				&market,
				&placed,
				(encrypt(&stock), &stock),
				(balance.clone(), &claim),
			);
			assert_noop!(market.seller.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}

#[test]
fn a_proof_is_for_one_balance() {
	execute(|| {
		let market = Market::open();
		let listed = &market.listed;
		// All true about a balance that the buyer does not have; then the identity is made to hold.
		let (quantity, rho) = (fresh(1), fresh(0));
		let total = listed.price.add(&rho).unwrap();
		let after = fresh(900_000);
		let mut call = forged_order(
			&market,
			&listed.id,
			&listed.price,
			[&quantity, &total],
			(encrypt(&after), &after),
			&rho,
			[1, after.value],
		);
		assert_noop!(
			market.buyer.dispatch(call.clone()),
			Error::<Test>::BalanceMismatch
		);
		if let Call::order { balance_after, .. } = &mut call {
			*balance_after = quotient(&market.buyer.balance, &total).into();
		}
		assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn a_proof_is_for_one_price_version() {
	execute(|| {
		let market = Market::open();
		let (call, ..) = market.buyer.order(&market.listed, 1);
		// The same price under the next version, as after a `reprice` there and back.
		crate::Listings::<Test>::mutate(&market.seller.who, market.listed.id.seq, |listing| {
			listing.as_mut().unwrap().version = 1;
		});
		assert_noop!(market.buyer.dispatch(call.clone()), Error::<Test>::PriceChanged);
		let mut renamed = call;
		if let Call::order { version, .. } = &mut renamed {
			*version = 1;
		}
		assert_noop!(market.buyer.dispatch(renamed), Error::<Test>::ProofMismatch);
	});
}

#[test]
fn a_proof_is_for_one_call() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		let (mut accept, stock, balance) = market.seller.accept(&market.listed, &placed);
		let Call::accept { salt, proof, .. } = &mut accept else {
			panic!("it accepts");
		};
		// A proof of the same shape and length, about the same ciphertexts, for a call of another name.
		let [r, k] = [&stock, &balance].map(encrypt);
		let transfer = statements::transfer(
			PARAMETER_SET,
			&market.seller.context(*salt),
			market.buyer.who.clone().into(),
			r.as_ref(),
			k.as_ref(),
			note(8).hash(),
			note(9).hash(),
		);
		let honest = core::mem::replace(
			proof,
			prove(&transfer, vec![stock.value, balance.value], &[&stock, &balance]),
		);
		assert_eq!(honest.len(), proof.len());
		assert_noop!(
			market.seller.dispatch(accept.clone()),
			Error::<Test>::ProofMismatch
		);
		// Of another shape, it has another length already.
		let (mut list, _) = market.seller.list(1, 1);
		if let Call::list { proof, .. } = &mut list {
			*proof = honest;
		}
		assert_noop!(market.seller.dispatch(list), Error::<Test>::ProofLength);
	});
}

/// What is no ciphertext, and why.
type Malformed = (Ciphertext, fn() -> Error<Test>);

/// All kinds but what is no unit: which check comes first there depends on the call.
fn malformed() -> Vec<Malformed> {
	let square = modulus() * modulus();
	let largest = Ciphertext::from_slice(&vec![0xff; PARAMETER_SET.ciphertext_bytes()]).unwrap();
	vec![
		(ciphertext(&BigUint::from(0u32)), || Error::<Test>::CiphertextZero),
		(ciphertext(&square), || Error::<Test>::CiphertextNotReduced),
		(ciphertext(&(square + 1u32)), || {
			Error::<Test>::CiphertextNotReduced
		}),
		(largest, || Error::<Test>::CiphertextNotReduced),
	]
}

/// The ciphertexts that a call carries.
fn ciphertexts(call: &mut Call<Test>) -> Vec<&mut Ciphertext> {
	match call {
		Call::issue {
			amount, issued_after, ..
		} => vec![amount, issued_after],
		Call::list {
			price,
			stock,
			commodity,
			..
		} => vec![price, stock, commodity],
		Call::order {
			quantity,
			total,
			balance_after,
			..
		} => vec![quantity, total, balance_after],
		Call::accept {
			stock_after,
			balance_after,
			..
		} => vec![stock_after, balance_after],
		_ => vec![],
	}
}

#[test]
fn malformed_ciphertexts_are_refused_wherever_they_stand() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		let Market {
			issuer,
			buyer,
			seller,
			listed,
		} = &market;
		let calls = [
			(issuer, issuer.issue(buyer, 1).0),
			(seller, seller.list(1, 1).0),
			(buyer, buyer.order(listed, 1).0),
			(seller, seller.accept(listed, &placed).0),
		];
		for (party, call) in calls {
			for place in 0..ciphertexts(&mut call.clone()).len() {
				for (bad, error) in malformed() {
					let mut call = call.clone();
					*ciphertexts(&mut call)[place] = bad;
					assert!(party.offer(&call).is_err());
					// `Issued'` is not multiplied but compared, so another number than the product is just that.
					if matches!(call, Call::issue { .. }) && place == 1 {
						assert_noop!(party.dispatch(call), Error::<Test>::IssuedMismatch);
					} else {
						assert_noop!(party.dispatch(call), error());
					}
				}
			}
		}
	});
}

#[test]
fn what_shares_a_factor_with_the_modulus_is_refused() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		let Market {
			issuer,
			buyer,
			seller,
			listed,
		} = &market;
		let factor = BigUint::parse_bytes(
			match PARAMETER_SET {
				veilmart_paillier::ParameterSet::Paillier2048 => {
					include_str!("../../../../primitives/paillier/test-keys/2048.factors")
				}
				veilmart_paillier::ParameterSet::Paillier3072 => {
					include_str!("../../../../primitives/paillier/test-keys/3072.factors")
				}
			}
			.lines()
			.next()
			.unwrap()
			.as_bytes(),
			16,
		)
		.unwrap();
		assert_eq!(modulus() % &factor, BigUint::from(0u32));
		for shared in [modulus(), factor] {
			let bad = ciphertext(&shared);
			// Where no identity is in the way, the verifier names it; and where one is, it cannot hold.
			let (list, order) = (seller.list(1, 1).0, buyer.order(listed, 1).0);
			let (issue, accept) = (issuer.issue(buyer, 1).0, seller.accept(listed, &placed).0);
			for (party, call, place, error) in [
				(seller, &list, 0, Error::<Test>::CiphertextNotUnit),
				(seller, &list, 1, Error::<Test>::CiphertextNotUnit),
				(seller, &list, 2, Error::<Test>::CiphertextNotUnit),
				(buyer, &order, 0, Error::<Test>::CiphertextNotUnit),
				(buyer, &order, 1, Error::<Test>::BalanceMismatch),
				(buyer, &order, 2, Error::<Test>::BalanceMismatch),
				(issuer, &issue, 0, Error::<Test>::IssuedMismatch),
				(seller, &accept, 0, Error::<Test>::StockMismatch),
				(seller, &accept, 1, Error::<Test>::BalanceMismatch),
			] {
				let mut call = call.clone();
				*ciphertexts(&mut call)[place] = bad.clone();
				assert_noop!(party.dispatch(call), error);
			}
			// An issuer's identity can be made to hold.
			let mut both = issue;
			let before = crate::Issued::<Test>::get(&issuer.who).ciphertext;
			let product = Ecommerce::product([(&before, 1), (&bad, 1)]).unwrap();
			let fields = ciphertexts(&mut both);
			for (field, value) in fields.into_iter().zip([bad, product]) {
				*field = value;
			}
			assert_noop!(issuer.dispatch(both), Error::<Test>::CiphertextNotUnit);
		}
	});
}

#[test]
fn what_has_a_wrong_length_is_no_call() {
	let length = PARAMETER_SET.ciphertext_bytes();
	assert!(Ciphertext::decode_all(&mut &vec![1; length][..]).is_ok());
	assert!(Ciphertext::decode_all(&mut &vec![1; length - 1][..]).is_err());
	assert!(Ciphertext::decode_all(&mut &vec![1; length + 1][..]).is_err());
	assert!(crate::SealedNote::decode_all(&mut &[1; 367][..]).is_err());
	assert!(crate::SealedNote::decode_all(&mut &[1; 369][..]).is_err());
	let longest = vec![0; veilmart_confidential::MAX_PROOF_BYTES];
	assert!(Proof::decode(&mut &longest.encode()[..]).is_ok());
	let longer = vec![0; veilmart_confidential::MAX_PROOF_BYTES + 1];
	assert!(Proof::decode(&mut &longer.encode()[..]).is_err());
	execute(|| {
		let call = RuntimeCall::from(Party::new(SELLER).list(1, 1).0).encode();
		assert!(RuntimeCall::decode_all(&mut &call[..]).is_ok());
		assert!(RuntimeCall::decode_all(&mut &call[..call.len() - 1]).is_err());
		assert!(RuntimeCall::decode_all(&mut &[&call[..], &[0]].concat()[..]).is_err());
	});
}

#[test]
fn a_forged_memory_of_verdicts_moves_nothing_that_the_ledger_compares() {
	execute(|| {
		let mut market = Market::open();
		let placed = market.buyer.orders(&market.listed, 1);
		VerifyBy::set(By::Credulous);
		let Market {
			issuer,
			buyer,
			seller,
			listed,
		} = &market;
		let wrong = |call: &Call<Test>, place: usize| {
			let mut call = call.clone();
			*ciphertexts(&mut call)[place] = encrypt(&fresh(1));
			call
		};
		let order = buyer.order(listed, 1).0;
		for place in [1, 2] {
			assert_noop!(
				buyer.dispatch(wrong(&order, place)),
				Error::<Test>::BalanceMismatch
			);
		}
		let accept = seller.accept(listed, &placed).0;
		assert_noop!(seller.dispatch(wrong(&accept, 0)), Error::<Test>::StockMismatch);
		assert_noop!(seller.dispatch(wrong(&accept, 1)), Error::<Test>::BalanceMismatch);
		let issue = issuer.issue(buyer, 1).0;
		for place in [0, 1] {
			assert_noop!(
				issuer.dispatch(wrong(&issue, place)),
				Error::<Test>::IssuedMismatch
			);
		}
		// Nor does it replace certificate, role, sequence or price version.
		assert_noop!(
			Party::new(OUTSIDER).dispatch(order.clone()),
			Error::<Test>::NotCertified
		);
		assert_noop!(seller.dispatch(order.clone()), Error::<Test>::WrongRole);
		Sequence::<Test>::mutate(&buyer.who, |seq| *seq += 1);
		assert_noop!(buyer.dispatch(order.clone()), Error::<Test>::StaleSequence);
		Sequence::<Test>::mutate(&buyer.who, |seq| *seq -= 1);
		let mut old = order;
		if let Call::order { version, .. } = &mut old {
			*version = 3;
		}
		assert_noop!(buyer.dispatch(old), Error::<Test>::PriceChanged);
	});
}

/// A `transfer` or `redeem` that leaves `after`, proved with these values and openings.
fn forged_payment(
	market: &Market,
	redeem: bool,
	amount: &Opening,
	after: (Ciphertext, &Opening),
	claimed: [u64; 2],
) -> Call<Test> {
	let (seq, salt) = (market.buyer.seq(), salt());
	let to = if redeem { &market.issuer } else { &market.seller };
	let a = encrypt(amount);
	let statement = if redeem {
		statements::redeem
	} else {
		statements::transfer
	}(
		PARAMETER_SET,
		&market.buyer.context(salt),
		to.who.clone().into(),
		a.as_ref(),
		after.0.as_ref(),
		note(12).hash(),
		note(13).hash(),
	);
	let proof = prove(&statement, claimed.to_vec(), &[amount, after.1]);
	let (to, amount, balance_after) = (to.who.clone(), a.into(), after.0.into());
	let (own_note, note) = (note(12).into(), note(13).into());
	if redeem {
		Call::redeem {
			seq,
			salt,
			issuer: to,
			amount,
			balance_after,
			own_note,
			note,
			proof,
		}
	} else {
		Call::transfer {
			seq,
			salt,
			to,
			amount,
			balance_after,
			own_note,
			note,
			proof,
		}
	}
}

#[test]
fn nobody_sends_or_redeems_a_penny_more_than_it_has_or_nothing_at_all() {
	execute(|| {
		let market = Market::open();
		register_view_key(&market.issuer);
		let have = &market.buyer.balance;
		for redeem in [false, true] {
			let amount = fresh(have.value + 1);
			let after = quotient(have, &amount);
			assert_eq!(
				SECRET.decrypt_amount(after.as_ref()).unwrap(),
				None,
				"-1 modulo N is no amount"
			);
			let nonce = have.nonce.sub(&amount.nonce);
			for value in [0, u64::MAX] {
				let claim = Opening {
					value,
					nonce: nonce.clone(),
				};
				let call = forged_payment(
					&market,
					redeem,
					&amount,
					(after.clone(), &claim),
					[amount.value, value],
				);
				assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
			}
			// Nothing, as a grief; and a negative amount, which would be the other's money.
			let zero = fresh(0);
			let after = have.sub(&zero).unwrap();
			let call = forged_payment(
				&market,
				redeem,
				&zero,
				(encrypt(&after), &after),
				[1, after.value],
			);
			assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}

#[test]
fn nobody_sends_a_negative_amount() {
	execute(|| {
		let market = Market::open();
		// B' = B·Enc(5), A = 1/Enc(5): the identity holds, and the sender would be richer by five.
		let (five, have) = (fresh(5), &market.buyer.balance);
		let none = Opening {
			value: 0,
			nonce: five.nonce.sub(&five.nonce),
		};
		let amount = quotient(&none, &five);
		let after = have.add(&five).unwrap();
		let salt = salt();
		let statement = statements::transfer(
			PARAMETER_SET,
			&market.buyer.context(salt),
			market.seller.who.clone().into(),
			amount.as_ref(),
			encrypt(&after).as_ref(),
			note(12).hash(),
			note(13).hash(),
		);
		for claimed in [1, 5, u64::MAX] {
			let claim = Opening {
				value: claimed,
				nonce: none.nonce.sub(&five.nonce),
			};
			let call = Call::transfer {
				seq: market.buyer.seq(),
				salt,
				to: market.seller.who.clone(),
				amount: amount.clone().into(),
				balance_after: encrypt(&after).into(),
				own_note: note(12).into(),
				note: note(13).into(),
				proof: prove(&statement, vec![claimed, after.value], &[&claim, &after]),
			};
			assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}

#[test]
fn no_dispute_with_a_deposit_that_lacks_one_penny() {
	execute(|| {
		let mut market = Market::open();
		let mut dear = market.seller.offers(50_000, 2);
		market.seller.endow(&mut market.issuer, 1);
		let placed = market.buyer.orders(&dear, 1);
		market.seller.accepts(&mut dear, &placed);
		market.seller.ships(&placed);
		// All that is left is one less than the total.
		market.buyer.transfers(&market.seller, 1);
		let after = quotient(&market.buyer.balance, &placed.total);
		assert_eq!(SECRET.decrypt_amount(after.as_ref()).unwrap(), None);
		let salt = salt();
		let statement = statements::dispute(
			PARAMETER_SET,
			&market.buyer.context(salt),
			OrderName {
				buyer: placed.id.buyer.clone().into(),
				seq: placed.id.seq,
			},
			encrypt(&placed.total).as_ref(),
			after.as_ref(),
			note(11).hash(),
		);
		for value in [0, u64::MAX] {
			let claim = Opening {
				value,
				nonce: market.buyer.balance.nonce.sub(&placed.total.nonce),
			};
			let call = Call::dispute {
				seq: market.buyer.seq(),
				salt,
				order: placed.id.seq,
				balance_after: after.clone().into(),
				own_note: note(11).into(),
				proof: prove(&statement, vec![value], &[&claim]),
			};
			assert_noop!(market.buyer.dispatch(call), Error::<Test>::ProofMismatch);
		}
	});
}
