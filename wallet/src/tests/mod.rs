//! Tests over several modules: two wallets and a ledger in memory.

mod disputes;
mod history;
mod ledger;
mod nonces;
mod notes;
mod offers;
mod payments;
mod purchase;
mod recovery;
mod refresh;
mod refusals;
mod restore;
mod rotation;
mod vectors;

use crate::{
	opening::{Opened, OpenedListing, OpenedOrder, Quoted},
	state::{AccountBytes, CreditName, Party},
	Keys, Wallet,
};
use ledger::Ledger;
use rand_core::{CryptoRng, Error, RngCore};
use veilmart_paillier::{hash, SecretKey};

pub const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
pub const ALICE: &str = "e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";

pub fn unhex(text: &str) -> Vec<u8> {
	(0..text.len())
		.step_by(2)
		.map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
		.collect()
}

pub fn secret() -> SecretKey {
	let text = include_str!("../../../primitives/paillier/test-keys/2048.factors");
	let mut lines = text.lines().map(unhex);
	let (p, q) = (lines.next().expect("two lines"), lines.next().expect("two lines"));
	SecretKey::from_factors(&p, &q).expect("the test key is well formed")
}

/// A random source that is the same in every run.
pub struct Stream(pub u64);

/// A random source that is broken: it says the same over and over.
pub struct Stuck;

macro_rules! rng {
	($name:ident, $fill:expr) => {
		impl RngCore for $name {
			fn next_u32(&mut self) -> u32 {
				self.next_u64() as u32
			}
			fn next_u64(&mut self) -> u64 {
				let mut bytes = [0; 8];
				self.fill_bytes(&mut bytes);
				u64::from_le_bytes(bytes)
			}
			fn fill_bytes(&mut self, bytes: &mut [u8]) {
				$fill(self, bytes)
			}
			fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
				self.fill_bytes(bytes);
				Ok(())
			}
		}
		impl CryptoRng for $name {}
	};
}

rng!(Stream, |this: &mut Stream, bytes: &mut [u8]| {
	this.0 += 1;
	hash::expand("veilmart/test/1", &[&this.0.to_le_bytes()], bytes)
});
rng!(Stuck, |_: &mut Stuck, bytes: &mut [u8]| bytes.fill(7));

/// Issuer, seller, buyer and their ledger.
pub struct World {
	pub ledger: Ledger,
	pub issuer: Wallet,
	pub seller: Wallet,
	pub buyer: Wallet,
	pub rng: Stream,
}

pub const PRICE: u64 = 510;
pub const STOCK: u64 = 40;
pub const ITEM: u64 = 0xC0FFEE;

impl World {
	pub fn new() -> Self {
		let mut ledger = Ledger::new();
		let wallet =
			|keys: Keys| Wallet::new(keys, ledger.key().clone(), ledger.genesis).expect("the ledger's size");
		let issuer = wallet(Keys::from_seed(&[1; 32]));
		let seller = wallet(Keys::from_seed(&unhex(ALICE).try_into().expect("32 bytes")));
		let buyer = wallet(Keys::from_mnemonic(PHRASE).expect("a phrase"));
		ledger.account(&issuer.account()).quota = 1_000_000;
		Self {
			ledger,
			issuer,
			seller,
			buyer,
			rng: Stream(0),
		}
	}

	/// With money for buyer and seller.
	pub fn funded(buyer: u64, seller: u64) -> Self {
		let mut world = Self::new();
		for (to, amount) in [(world.buyer.party(), buyer), (world.seller.party(), seller)] {
			let issued = world
				.issuer
				.open_issued(&world.ledger.account(&world.issuer.account()).issued)
				.expect("opens");
			let seq = world.ledger.seq(&world.issuer.account());
			let call = world
				.issuer
				.issue(seq, &issued, 1_000_000, &to, amount, &mut world.rng)
				.expect("issues");
			world
				.ledger
				.issue(&world.issuer.account(), &call)
				.expect("accepted");
		}
		collect_all(&world.buyer, &mut world.ledger, &mut world.rng);
		collect_all(&world.seller, &mut world.ledger, &mut world.rng);
		world.ledger.assert_conserved();
		world
	}

	/// The seller lists, and quotes the buyer. The opened listing and what the buyer makes of the quote.
	pub fn listed(&mut self) -> (OpenedListing, Quoted) {
		let who = self.seller.account();
		let call = self
			.seller
			.list(self.ledger.seq(&who), PRICE, STOCK, ITEM, &mut self.rng)
			.expect("lists");
		self.ledger.list(&who, &call).expect("accepted");
		let quote = self
			.seller
			.quote(
				self.ledger.seq(&who),
				&call.listing,
				&self.buyer.party(),
				&mut self.rng,
			)
			.expect("quotes");
		self.ledger.quote(&who, &quote).expect("accepted");
		let state = &self.ledger.listings[&(who, call.seq)];
		let quote = &self.ledger.quotes[&(self.buyer.account(), who, call.seq)];
		let quoted = self.buyer.open_quote(state, quote).expect("opens");
		(call.listing, quoted)
	}

	/// The buyer orders; the order as the buyer knows it.
	pub fn ordered(&mut self, quoted: &Quoted, quantity: u64) -> OpenedOrder {
		let who = self.buyer.account();
		let balance = self.balance_of_buyer();
		let key = self.seller.party().view_key;
		let call = self
			.buyer
			.order(
				self.ledger.seq(&who),
				&balance,
				quoted,
				quantity,
				&self.ledger.terms,
				&key,
				&mut self.rng,
			)
			.expect("orders");
		self.ledger.order(&who, &call).expect("accepted");
		call.order
	}

	/// The seller accepts what the ledger says was ordered.
	pub fn accepted(&mut self, order: &OpenedOrder) {
		let who = self.seller.account();
		let balance = self.balance_of_seller();
		let state = &self.ledger.orders[&(order.name().buyer, order.name().seq)].0;
		let order = self.seller.open_order_as_seller(state).expect("opens");
		let listing = self
			.seller
			.open_listing(&self.ledger.listings[&(who, order.listing().seq)])
			.expect("opens");
		let call = self
			.seller
			.accept(self.ledger.seq(&who), &balance, &listing, &order, &mut self.rng)
			.expect("accepts");
		self.ledger.accept(&who, &call).expect("accepted");
	}

	pub fn balance_of_buyer(&self) -> Opened {
		self.buyer
			.open_balance(&self.ledger.accounts[&self.buyer.account()].balance)
			.expect("opens")
	}

	pub fn balance_of_seller(&self) -> Opened {
		self.seller
			.open_balance(&self.ledger.accounts[&self.seller.account()].balance)
			.expect("opens")
	}
}

impl Wallet {
	/// This account as others see it.
	pub fn party(&self) -> Party {
		Party {
			account: self.account(),
			view_key: self.keys().view_key(self.view_index).public(),
		}
	}
}

/// The credits of an account with their openings.
pub fn open_incoming(wallet: &Wallet, ledger: &Ledger) -> Vec<(CreditName, Opened)> {
	let open = |credit: &crate::state::Credit| {
		let order = ledger
			.orders
			.get(&(credit.name.creator, credit.name.seq))
			.map(|(order, _)| order);
		(credit.name, wallet.open_credit(credit, order).expect("opens"))
	};
	ledger.accounts[&wallet.account()]
		.incoming
		.iter()
		.map(open)
		.collect()
}

/// Collects everything, from the ledger's state alone.
pub fn collect_all(wallet: &Wallet, ledger: &mut Ledger, rng: &mut Stream) {
	let who: AccountBytes = wallet.account();
	let balance = wallet.open_balance(&ledger.account(&who).balance).expect("opens");
	let credits = open_incoming(wallet, ledger);
	let call = wallet
		.collect(ledger.seq(&who), &balance, &credits, rng)
		.expect("collects");
	ledger.collect(&who, &call).expect("accepted");
	assert!(
		ledger.account(&who).balance.ciphertext == *call.balance.ciphertext(),
		"the wallet's sum is the ledger's product"
	);
}
