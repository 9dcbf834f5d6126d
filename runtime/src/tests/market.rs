//! Marketplace calls with real proofs, for any account: multisigs and proxied accounts have no wallet.

use std::sync::LazyLock;

use pallet_ecommerce::{Call, Ciphertext, CreditId, CreditKind, ListingId, OrderId, Salt, SealedNote};
use rand_core::{OsRng, RngCore};
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts},
	Context, Prover, Statement, Witness, PARAMETER_SET,
};
use veilmart_paillier::{test_keys, Encryptor, FreshNonce, Opening, PublicKey};

use super::*;
use crate::Ecommerce;

static PROVER: LazyLock<Prover> = LazyLock::new(|| {
	let key = PublicKey::from_modulus(test_keys::modulus(PARAMETER_SET)).expect("the key of the presets");
	Prover::new(Encryptor::new(key))
});

/// What the notes of these tests are: nobody opens them.
const NOTE: SealedNote = SealedNote([3; 368]);

/// An opening of this value under a fresh nonce.
pub fn fresh(value: u64) -> Opening {
	Opening {
		value,
		nonce: FreshNonce::random(PARAMETER_SET, &mut OsRng).nonce().clone(),
	}
}

fn encrypt(opening: &Opening) -> Ciphertext {
	let encryptor = PROVER.encryptor();
	let residue = encryptor.encrypt_opening(opening).expect("the nonce is in range");
	Ciphertext::from_slice(&encryptor.key().encode(&residue)).expect("the length is fixed")
}

fn salt() -> Salt {
	let mut bytes = [0; 16];
	OsRng.fill_bytes(&mut bytes);
	Salt(bytes)
}

fn context(who: &AccountId, seq: u64, salt: Salt) -> Context {
	Context {
		genesis: System::block_hash(0).0,
		account: who.clone().into(),
		seq,
		salt: salt.0,
	}
}

fn prove(statement: &Statement, values: &[u64], openings: &[&Opening]) -> pallet_ecommerce::Proof {
	let witness = Witness {
		values: values.to_vec(),
		nonces: openings.iter().map(|opening| opening.nonce.clone()).collect(),
	};
	PROVER
		.prove(statement, &witness, &mut OsRng)
		.expect("tests prove true statements")
		.try_into()
		.expect("no proof is longer")
}

/// The account's next sequence number.
pub fn seq(who: &AccountId) -> u64 {
	pallet_ecommerce::Sequence::<Runtime>::get(who)
}

/// A `list` of ten pieces, proved for this account and number, with the price's opening.
pub fn list_at(who: &AccountId, seq: u64, price: u64) -> (RuntimeCall, Opening) {
	let (call, price, _) = offer_at(who, seq, price);
	(call, price)
}

/// The same with the openings of price and stock.
pub fn offer_at(who: &AccountId, seq: u64, price: u64) -> (RuntimeCall, Opening, Opening) {
	let (salt, price, stock, commodity) = (salt(), fresh(price), fresh(10), fresh(85_123));
	let [p, r, c] = [&price, &stock, &commodity].map(encrypt);
	let statement = statements::list(
		PARAMETER_SET,
		&context(who, seq, salt),
		p.as_ref(),
		r.as_ref(),
		c.as_ref(),
		NOTE.hash(),
	);
	let proof = prove(
		&statement,
		&[price.value, stock.value, commodity.value],
		&[&price, &stock, &commodity],
	);
	let call = Call::list {
		seq,
		salt,
		price: p.into(),
		stock: r.into(),
		commodity: c.into(),
		own_note: NOTE.into(),
		proof,
	};
	(call.into(), price, stock)
}

/// The same at the account's next number.
pub fn list(who: &AccountId) -> RuntimeCall {
	list_at(who, seq(who), 255).0
}

/// An `issue` by `//Issuer`, who has issued nothing before, with the credit's opening.
pub fn issue(to: &AccountId, amount: u64) -> (RuntimeCall, Opening) {
	let (call, credit, _) = issue_after(&Opening::ZERO, to, amount);
	(call, credit)
}

/// An `issue` by `//Issuer`, who has issued this before, with the openings of the credit and of what it has issued then.
pub fn issue_after(before: &Opening, to: &AccountId, amount: u64) -> (RuntimeCall, Opening, Opening) {
	let issuer = issuer();
	let (salt, credit) = (salt(), fresh(amount));
	let after = before.add(&credit).expect("small amounts");
	let [a, i] = [&credit, &after].map(encrypt);
	let statement = statements::issue(
		PARAMETER_SET,
		&context(&issuer, seq(&issuer), salt),
		to.clone().into(),
		pallet_ecommerce::IssuerQuota::<Runtime>::get(&issuer),
		a.as_ref(),
		i.as_ref(),
		NOTE.hash(),
		NOTE.hash(),
	);
	let call = Call::issue {
		seq: seq(&issuer),
		salt,
		to: to.clone(),
		amount: a.into(),
		issued_after: i.into(),
		own_note: NOTE.into(),
		note: NOTE.into(),
		proof: prove(&statement, &[amount, after.value], &[&credit, &after]),
	};
	(call.into(), credit, after)
}

/// A `collect` of the issuer's first credit.
pub fn collect(who: &AccountId) -> RuntimeCall {
	collect_of(who, 0)
}

/// A `collect` of the credit that the issuer made in its call with this number.
pub fn collect_of(who: &AccountId, issued_in: u64) -> RuntimeCall {
	let credit = CreditId {
		creator: issuer(),
		seq: issued_in,
		kind: CreditKind::Issued,
	};
	Call::collect {
		seq: seq(who),
		credits: vec![credit].try_into().expect("one of sixteen"),
		own_note: NOTE.into(),
	}
	.into()
}

/// An `order` of some pieces at this price, from a balance with this opening.
pub fn order(
	who: &AccountId,
	listing: &ListingId<AccountId>,
	price: &Opening,
	balance: &Opening,
	pieces: u64,
) -> RuntimeCall {
	purchase(who, listing, price, balance, pieces).0
}

/// The same with the openings of quantity and total.
pub fn purchase(
	who: &AccountId,
	listing: &ListingId<AccountId>,
	price: &Opening,
	balance: &Opening,
	pieces: u64,
) -> (RuntimeCall, Opening, Opening) {
	let (salt, quantity, rho) = (salt(), fresh(pieces), fresh(0));
	let total = price
		.scale(pieces)
		.and_then(|total| total.add(&rho))
		.expect("small amounts");
	let after = balance.sub(&total).expect("enough money");
	let [p, x, s, b] = [price, &quantity, &total, &after].map(encrypt);
	let statement = statements::order(
		PARAMETER_SET,
		&context(who, seq(who), salt),
		&OrderParts {
			listing: ListingName {
				seller: listing.seller.clone().into(),
				seq: listing.seq,
			},
			version: 0,
			terms: pallet_ecommerce::CurrentTerms::<Runtime>::get().into(),
			price: p.as_ref(),
			quantity: x.as_ref(),
			total: s.as_ref(),
			balance_after: b.as_ref(),
			own_note: NOTE.hash(),
			note: NOTE.hash(),
			quote: NOTE.hash(),
		},
	);
	let call = Call::order {
		seq: seq(who),
		salt,
		listing: listing.clone(),
		version: 0,
		quantity: x.into(),
		total: s.into(),
		balance_after: b.into(),
		own_note: NOTE.into(),
		note: NOTE.into(),
		quote: NOTE.into(),
		proof: prove(&statement, &[pieces, after.value], &[&quantity, &rho, &after]),
	};
	(call.into(), quantity, total)
}

/// An `accept` of an order with these openings, out of a stock and a balance with these.
pub fn accept(
	who: &AccountId,
	id: &OrderId<AccountId>,
	[quantity, total]: [&Opening; 2],
	[stock, balance]: [&Opening; 2],
) -> RuntimeCall {
	let salt = salt();
	let order = Ecommerce::order_of(id).expect("the order is there");
	let stock = stock.sub(quantity).expect("enough stock");
	let bond = total
		.scale(order.terms.bond_multiple.into())
		.expect("small amounts");
	let balance = balance.sub(&bond).expect("enough for the bond");
	let [x, s, r, k] = [quantity, total, &stock, &balance].map(encrypt);
	let statement = statements::accept(
		PARAMETER_SET,
		&context(who, seq(who), salt),
		&AcceptParts {
			order: OrderName {
				buyer: id.buyer.clone().into(),
				seq: id.seq,
			},
			listing: ListingName {
				seller: who.clone().into(),
				seq: order.listing.seq,
			},
			terms: order.terms.into(),
			quantity: x.as_ref(),
			total: s.as_ref(),
			stock_after: r.as_ref(),
			balance_after: k.as_ref(),
			own_note: NOTE.hash(),
			stock_note: NOTE.hash(),
		},
	);
	Call::accept {
		seq: seq(who),
		salt,
		order: id.clone(),
		stock_after: r.into(),
		balance_after: k.into(),
		own_note: NOTE.into(),
		stock_note: NOTE.into(),
		proof: prove(&statement, &[stock.value, balance.value], &[&stock, &balance]),
	}
	.into()
}

/// Something of Bob's that Charlie has ordered and Bob has accepted just now, with real proofs.
pub fn accepted() -> OrderId<AccountId> {
	use sp_keyring::Sr25519Keyring::{Bob, Charlie};
	use sp_runtime::traits::Dispatchable;

	let (buyer, seller) = (account(Charlie), account(Bob));
	let dispatch = |who: AccountId, call: RuntimeCall| {
		call.dispatch(RuntimeOrigin::signed(who)).expect("it is allowed");
	};
	let mut issued = Opening::ZERO;
	let mut balances = Vec::new();
	for (who, number) in [(&buyer, 0), (&seller, 1)] {
		let view_key = pallet_certificates::ViewKey::new([9; 32]).expect("not of small order");
		let register = pallet_certificates::Call::set_view_key { view_key, counter: 1 };
		dispatch(who.clone(), register.into());
		let (money, credit, after) = issue_after(&issued, who, 10_000);
		dispatch(issuer(), money);
		dispatch(who.clone(), collect_of(who, number));
		issued = after;
		balances.push(credit);
	}
	let number = seq(&seller);
	let (offer, price, stock) = offer_at(&seller, number, 255);
	dispatch(seller.clone(), offer);
	let listing = ListingId {
		seller: seller.clone(),
		seq: number,
	};
	let id = OrderId {
		buyer: buyer.clone(),
		seq: seq(&buyer),
	};
	let (order, quantity, total) = purchase(&buyer, &listing, &price, &balances[0], 2);
	dispatch(buyer, order);
	let accept = accept(&seller, &id, [&quantity, &total], [&stock, &balances[1]]);
	dispatch(seller, accept);
	id
}

/// The account of `//Issuer`.
pub fn issuer() -> AccountId {
	sp_core::crypto::get_public_from_string_or_panic::<sp_core::sr25519::Public>("Issuer").into()
}
