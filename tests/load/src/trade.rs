//! The transactions of buyers and sellers, made before any of them is sent: who knows all calls of both sides knows the state
//! that each of them finds.

use codec::Encode;
use pallet_certificates::OrderId;
use pallet_ecommerce::{
	runtime_api::AccountState, Call, CreditId, CreditKind, ListingId, Proof, Salt, SealedNote, Terms,
};
use rand_core::OsRng;
use veilmart_cli::{
	account::Account,
	error::{Error, Result},
};
use veilmart_paillier::PublicKey;
use veilmart_runtime::{AccountId, Nonce, Runtime, RuntimeCall};
use veilmart_wallet::{
	market::{AcceptCall, IssueCall, ListCall, OrderCall},
	opening::Opened,
	state::{self, Ciphertext, Party},
	Wallet,
};

use crate::extrinsic::Dialect;

/// The calls of a purchase, in their order.
pub const STEPS: [&str; 5] = ["quote", "order", "accept", "ship", "confirm"];

/// What everything costs, in minor units, and how many pieces each purchase is of.
const PRICE: u64 = 100;
const PIECES: u64 = 1;
/// What everything is: any item code.
const ITEM: u64 = 7;

/// Calls of a buyer before its first purchase: `collect`.
const BUYER_BEGINS: u64 = 1;
/// Calls of a seller before its first purchase: `collect`, `list`.
const SELLER_BEGINS: u64 = 2;

/// The marketplace, and how much is prepared.
pub struct Market {
	dialect: Dialect,
	key: PublicKey,
	terms: Terms,
	each: usize,
}

/// Money on its way to somebody.
pub struct Issue {
	/// The call, encoded.
	pub call: Vec<u8>,
	credit: state::Credit,
}

/// A buyer and a seller who trade with each other only.
pub struct Pair {
	/// Who buys.
	pub buyer: AccountId,
	/// Who sells.
	pub seller: AccountId,
	/// The buyer's and the seller's `collect`, and the seller's `list`.
	pub preparations: Vec<Vec<u8>>,
	/// The purchases, one after the other.
	pub purchases: Vec<Purchase>,
}

/// A purchase.
pub struct Purchase {
	/// Its calls as signed transactions, in the order of [`STEPS`].
	pub transactions: [Vec<u8>; STEPS.len()],
	/// The buyer's balance after it.
	pub buyer_after: Ciphertext,
	/// The seller's balance after it, what it earned not collected.
	pub seller_after: Ciphertext,
}

/// Somebody at work: signs, and counts.
struct Trader<'a> {
	dialect: &'a Dialect,
	account: Account,
	wallet: Wallet,
	next: u64,
}

impl Trader<'_> {
	fn party(&self) -> Result<Party> {
		party(&self.account)
	}

	/// The next call's number, which is both the marketplace's and the system's: these accounts do nothing else.
	fn seq(&self) -> u64 {
		self.next
	}

	fn sign(&mut self, call: Call<Runtime>) -> Result<Vec<u8>> {
		let nonce = Nonce::try_from(self.next).map_err(|_| Error::usage("These are too many calls."))?;
		self.next += 1;
		let call = RuntimeCall::Ecommerce(call).encode();
		Ok(self.dialect.sign(&self.account, nonce, &call))
	}

	/// Takes what was issued to it.
	fn collect(&mut self, issue: &Issue) -> Result<(Vec<u8>, Opened)> {
		let credit = self.wallet.open_credit(&issue.credit, None)?;
		let credits = [(issue.credit.name, credit)];
		let call = self
			.wallet
			.collect(self.seq(), &Opened::zero(), &credits, &mut OsRng)?;
		let name = CreditId {
			creator: issue.credit.name.creator.into(),
			seq: issue.credit.name.seq,
			kind: CreditKind::Issued,
		};
		let balance = call.balance;
		let call = Call::collect {
			seq: call.seq,
			credits: vec![name]
				.try_into()
				.map_err(|_| Error::wallet("One credit is too many."))?,
			own_note: note(call.own_note),
		};
		Ok((self.sign(call)?, balance))
	}
}

impl Market {
	/// A marketplace with this key and these terms, for so many purchases of each pair.
	pub fn new(dialect: Dialect, key: PublicKey, terms: Terms, each: usize) -> Result<Self> {
		Ok(Self {
			dialect,
			key,
			terms,
			each,
		})
	}

	fn trader(&self, account: Account) -> Result<Trader<'_>> {
		Ok(Trader {
			dialect: &self.dialect,
			wallet: self.wallet(&account)?,
			account,
			next: 0,
		})
	}

	fn wallet(&self, account: &Account) -> Result<Wallet> {
		Ok(Wallet::new(
			account.keys(),
			self.key.clone(),
			self.dialect.genesis.0,
		)?)
	}

	/// Issues what all purchases cost to each buyer, and the bonds to each seller: in turn, first the first buyer.
	pub fn issues(
		&self,
		issuer: &Account,
		state: AccountState,
		buyers: &[Account],
		sellers: &[Account],
	) -> Result<Vec<Issue>> {
		let wallet = self.wallet(issuer)?;
		let total = PRICE * PIECES * self.each as u64;
		let bonds = total * u64::from(self.terms.bond_multiple);
		let parties = buyers.iter().zip(sellers);
		let parties = parties.flat_map(|(buyer, seller)| [(buyer, total), (seller, bonds)]);
		let mut issued = wallet.open_issued(&state::Owned {
			ciphertext: state.issued.ciphertext,
			note: state.issued.note.map(|note| note.0),
		})?;
		let mut issues = Vec::new();
		for (seq, (account, amount)) in (state.seq..).zip(parties) {
			let to = party(account)?;
			let call = wallet.issue(seq, &issued, state.issuer_quota, &to, amount, &mut OsRng)?;
			issued = call.issued.clone();
			issues.push(issue(issuer, account.id(), call)?);
		}
		Ok(issues)
	}

	/// All transactions of a buyer and a seller, with what was issued to them. Says when a purchase is proved.
	pub fn pair(
		&self,
		(buyer, for_buyer): (Account, Issue),
		(seller, for_seller): (Account, Issue),
		proved: impl Fn(),
	) -> Result<Pair> {
		let (mut buyer, mut seller) = (self.trader(buyer)?, self.trader(seller)?);
		let (buyer_collects, mut buyer_has) = buyer.collect(&for_buyer)?;
		let (seller_collects, mut seller_has) = seller.collect(&for_seller)?;
		let stock = PIECES * self.each as u64;
		let list = seller.wallet.list(seller.seq(), PRICE, stock, ITEM, &mut OsRng)?;
		let (stored, mut listing) = (stored_listing(&seller, &list), list.listing.clone());
		let seller_lists = seller.sign(list_call(list)?)?;
		debug_assert_eq!((buyer.next, seller.next), (BUYER_BEGINS, SELLER_BEGINS));
		let (buyer_id, seller_id) = (buyer.account.id(), seller.account.id());
		let mut purchases = Vec::new();
		for _ in 0..self.each {
			let call = seller
				.wallet
				.quote(seller.seq(), &listing, &buyer.party()?, &mut OsRng)?;
			let quoted = buyer.wallet.open_quote(
				&stored,
				&state::Quote {
					version: stored.version,
					note: call.note,
				},
			)?;
			let quote = seller.sign(Call::quote {
				seq: call.seq,
				listing: call.listing,
				buyer: buyer_id.clone(),
				note: note(call.note),
			})?;
			let view_key = seller.party()?.view_key;
			let placed = buyer.wallet.order(
				buyer.seq(),
				&buyer_has,
				&quoted,
				PIECES,
				&self.terms.into(),
				&view_key,
				&mut OsRng,
			)?;
			buyer_has = placed.balance.clone();
			let opened = placed.order.clone();
			let order_id = OrderId {
				buyer: buyer_id.clone(),
				seq: placed.seq,
			};
			let order = buyer.sign(order_call(&seller_id, placed)?)?;
			let accepted = seller
				.wallet
				.accept(seller.seq(), &seller_has, &listing, &opened, &mut OsRng)?;
			seller_has = accepted.balance.clone();
			listing = accepted.listing.clone();
			let accept = seller.sign(accept_call(order_id.clone(), accepted)?)?;
			let ship = seller.sign(Call::ship {
				seq: seller.seq(),
				order: order_id.clone(),
			})?;
			let confirm = buyer.sign(Call::confirm {
				seq: buyer.seq(),
				order: order_id.seq,
			})?;
			purchases.push(Purchase {
				transactions: [quote, order, accept, ship, confirm],
				buyer_after: buyer_has.ciphertext().clone(),
				seller_after: seller_has.ciphertext().clone(),
			});
			proved();
		}
		Ok(Pair {
			buyer: buyer_id,
			seller: seller_id,
			preparations: vec![buyer_collects, seller_collects, seller_lists],
			purchases,
		})
	}
}

fn party(account: &Account) -> Result<Party> {
	Ok(Party {
		account: *account.id().as_ref(),
		view_key: *account.view_key(0)?.as_bytes(),
	})
}

fn note(note: veilmart_wallet::notes::SealedNote) -> Box<SealedNote> {
	Box::new(SealedNote(note))
}

fn proof(proof: state::Proof) -> Result<Proof> {
	Proof::try_from(proof).map_err(|_| Error::wallet("The proof is longer than the chain takes."))
}

fn issue(issuer: &Account, to: AccountId, call: IssueCall) -> Result<Issue> {
	let credit = state::Credit {
		name: state::CreditName {
			creator: *issuer.id().as_ref(),
			seq: call.seq,
			kind: state::CreditKind::Issued,
		},
		amount: call.amount.clone(),
		note: Some(call.note),
	};
	let call: Call<Runtime> = Call::issue {
		seq: call.seq,
		salt: Salt(call.salt),
		to,
		amount: Box::new(call.amount),
		issued_after: Box::new(call.issued_after),
		own_note: note(call.own_note),
		note: note(call.note),
		proof: proof(call.proof)?,
	};
	Ok(Issue {
		call: RuntimeCall::Ecommerce(call).encode(),
		credit,
	})
}

/// The listing as the ledger will store it.
fn stored_listing(seller: &Trader<'_>, call: &ListCall) -> state::Listing {
	state::Listing {
		name: state::ListingName {
			seller: *seller.account.id().as_ref(),
			seq: call.seq,
		},
		version: 0,
		price: call.price.clone(),
		price_seq: call.seq,
		price_salt: call.salt,
		stock: call.stock.clone(),
		commodity: call.commodity.clone(),
		salt: call.salt,
		note: call.own_note,
	}
}

fn list_call(call: ListCall) -> Result<Call<Runtime>> {
	Ok(Call::list {
		seq: call.seq,
		salt: Salt(call.salt),
		price: Box::new(call.price),
		stock: Box::new(call.stock),
		commodity: Box::new(call.commodity),
		own_note: note(call.own_note),
		proof: proof(call.proof)?,
	})
}

fn order_call(seller: &AccountId, call: OrderCall) -> Result<Call<Runtime>> {
	Ok(Call::order {
		seq: call.seq,
		salt: Salt(call.salt),
		listing: ListingId {
			seller: seller.clone(),
			seq: call.listing.seq,
		},
		version: call.version,
		quantity: Box::new(call.quantity),
		total: Box::new(call.total),
		balance_after: Box::new(call.balance_after),
		own_note: note(call.own_note),
		note: note(call.note),
		quote: note(call.quote),
		proof: proof(call.proof)?,
	})
}

fn accept_call(order: OrderId<AccountId>, call: AcceptCall) -> Result<Call<Runtime>> {
	Ok(Call::accept {
		seq: call.seq,
		salt: Salt(call.salt),
		order,
		stock_after: Box::new(call.stock_after),
		balance_after: Box::new(call.balance_after),
		own_note: note(call.own_note),
		stock_note: note(call.stock_note),
		proof: proof(call.proof)?,
	})
}
