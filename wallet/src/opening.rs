//! Openings: what a wallet knows about ciphertexts, and how it learns it again from its mnemonic and the
//! ledger.
//!
//! Everything here ends in the same check: the ciphertext is computed anew, from what a note says or from what it
//! holds under a nonce that the account derives, and compared with the ledger's bit for bit. The types have
//! private fields, so an [`Opened`] that was not checked cannot be made.
//!
//! This module reads. What is written, and proved, is in [`crate::market`].

use crate::{
	derive::Object,
	notes::{CreditNote, Note, NoteCall, OrderNote, OwnNote, QuoteNote, SealedNote, Seed},
	state::{
		AccountBytes, Ciphertext, Credit, CreditKind, Listing, ListingName, Order, OrderName, Owned, Quote,
		Redemption, Terms,
	},
	Wallet, WalletError,
};
use veilmart_confidential::{Call, Role, Salt};
use veilmart_paillier::{Nonce, Opening};

/// A ciphertext together with the opening that was seen to give exactly this ciphertext.
#[derive(Clone)]
pub struct Opened {
	pub(crate) ciphertext: Ciphertext,
	pub(crate) opening: Opening,
}

impl Opened {
	/// The ciphertext 1: zero, with which every account starts.
	pub fn zero() -> Self {
		Self {
			ciphertext: Ciphertext::ONE,
			opening: Opening::ZERO,
		}
	}

	/// The plaintext: minor units, pieces or an item code.
	pub fn value(&self) -> u64 {
		self.opening.value
	}

	/// The ciphertext.
	pub fn ciphertext(&self) -> &Ciphertext {
		&self.ciphertext
	}

	/// Value and nonce. Whoever holds it can prove things about the ciphertext.
	pub fn opening(&self) -> &Opening {
		&self.opening
	}
}

impl core::fmt::Debug for Opened {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Opened({:?})", self.ciphertext)
	}
}

/// A listing as its seller knows it.
#[derive(Clone, Debug)]
pub struct OpenedListing {
	pub(crate) name: ListingName,
	pub(crate) version: u32,
	pub(crate) price: Opened,
	pub(crate) stock: Opened,
	pub(crate) commodity: Opened,
	pub(crate) price_seed: Seed,
	pub(crate) commodity_seed: Seed,
}

impl OpenedListing {
	/// Its name.
	pub fn name(&self) -> ListingName {
		self.name
	}

	/// The price version that [`OpenedListing::price`] belongs to.
	pub fn version(&self) -> u32 {
		self.version
	}

	/// The price of one piece.
	pub fn price(&self) -> &Opened {
		&self.price
	}

	/// The pieces in stock.
	pub fn stock(&self) -> &Opened {
		&self.stock
	}

	/// The item code.
	pub fn commodity(&self) -> &Opened {
		&self.commodity
	}
}

/// A listing as a quoted buyer knows it: price and item code, never the stock.
#[derive(Clone, Debug)]
pub struct Quoted {
	pub(crate) listing: ListingName,
	pub(crate) version: u32,
	pub(crate) price: Opened,
	pub(crate) commodity: Opened,
	pub(crate) note: QuoteNote,
}

impl Quoted {
	/// The listing.
	pub fn listing(&self) -> ListingName {
		self.listing
	}

	/// The price version.
	pub fn version(&self) -> u32 {
		self.version
	}

	/// The price of one piece.
	pub fn price(&self) -> &Opened {
		&self.price
	}

	/// The item code.
	pub fn commodity(&self) -> &Opened {
		&self.commodity
	}

	/// What `quantity` pieces cost, in minor units.
	pub fn cost(&self, quantity: u64) -> u128 {
		u128::from(self.price.value()) * u128::from(quantity)
	}
}

/// An order as its buyer or its seller knows it.
#[derive(Clone)]
pub struct OpenedOrder {
	pub(crate) name: OrderName,
	pub(crate) listing: ListingName,
	pub(crate) terms: Terms,
	pub(crate) price: u64,
	pub(crate) commodity: Option<u64>,
	pub(crate) quantity: Opened,
	pub(crate) total: Opened,
}

impl core::fmt::Debug for OpenedOrder {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.debug_struct("OpenedOrder")
			.field("name", &self.name)
			.field("listing", &self.listing)
			.finish_non_exhaustive()
	}
}

impl OpenedOrder {
	/// Its name.
	pub fn name(&self) -> OrderName {
		self.name
	}

	/// What was ordered.
	pub fn listing(&self) -> ListingName {
		self.listing
	}

	/// The terms.
	pub fn terms(&self) -> &Terms {
		&self.terms
	}

	/// The price of one piece, in minor units.
	pub fn price(&self) -> u64 {
		self.price
	}

	/// The item code as the buyer noted it for itself; `None` for the seller, who knows it from the listing.
	/// To be shown, not relied upon: the order holds no ciphertext to compare it with.
	pub fn commodity(&self) -> Option<u64> {
		self.commodity
	}

	/// The pieces ordered.
	pub fn quantity(&self) -> &Opened {
		&self.quantity
	}

	/// The total.
	pub fn total(&self) -> &Opened {
		&self.total
	}

	/// The bond that the seller puts up, in minor units.
	pub fn bond(&self) -> u128 {
		u128::from(self.total.value()) * u128::from(self.terms.bond_multiple)
	}
}

impl Wallet {
	/// Opens the account's balance. The initial ciphertext 1, which has no note, is zero.
	pub fn open_balance(&self, state: &Owned) -> Result<Opened, WalletError> {
		self.open_owned(state, |note| match (note.call, note.values) {
			(NoteCall::Transfer | NoteCall::Redeem, [_, balance, ..]) => Some(balance),
			(
				NoteCall::Order
				| NoteCall::Dispute
				| NoteCall::Accept
				| NoteCall::Collect
				| NoteCall::Refresh,
				[balance, ..],
			) => Some(balance),
			_ => None,
		})
	}

	/// Opens what the account has issued. The initial ciphertext 1, which has no note, is zero.
	pub fn open_issued(&self, state: &Owned) -> Result<Opened, WalletError> {
		self.open_owned(state, |note| match (note.call, note.values) {
			(NoteCall::Issue, [_, issued, ..]) => Some(issued),
			_ => None,
		})
	}

	fn open_owned(
		&self,
		state: &Owned,
		value: impl FnOnce(&OwnNote) -> Option<u64>,
	) -> Result<Opened, WalletError> {
		let Some(note) = &state.note else {
			return if state.ciphertext == Ciphertext::ONE {
				Ok(Opened::zero())
			} else {
				Err(WalletError::NoteMismatch)
			};
		};
		let note = self.read_own(note)?;
		let value = value(&note).ok_or(WalletError::NoteMismatch)?;
		self.check(
			Opening {
				value,
				nonce: note.nonce.clone(),
			},
			&state.ciphertext,
		)
	}

	/// Opens a listing of this account: price and item code with the nonces that derive from the salts of their
	/// calls, the stock with the note.
	///
	/// What the note says of the price is not relied upon. An acceptance that was made before a new price and
	/// comes into a block after it leaves the old one there: the chain compares the stock, not the price.
	pub fn open_listing(&self, listing: &Listing) -> Result<OpenedListing, WalletError> {
		if listing.name.seller != self.account() {
			return Err(WalletError::NotYours);
		}
		let note = self.read_own(&listing.note)?;
		if !matches!(
			note.call,
			NoteCall::List | NoteCall::Reprice | NoteCall::Restock | NoteCall::Accept | NoteCall::Refresh
		) {
			return Err(WalletError::NoteMismatch);
		}
		let [_, stock, ..] = note.values;
		let stock = Opening {
			value: stock,
			nonce: note.nonce.clone(),
		};
		self.with_stock(listing, self.check(stock, &listing.stock)?)
	}

	/// The listing with this stock, and with what `P` and `C` hold under the nonces that derive from the salts of
	/// their calls.
	pub(crate) fn with_stock(&self, listing: &Listing, stock: Opened) -> Result<OpenedListing, WalletError> {
		let price_seed = self.own_price_seed(&listing.name, listing.price_seq, &listing.price_salt);
		let commodity_seed = self.seed(Call::List, listing.name.seq, &listing.salt, Role::Commodity);
		let price_nonce = self.listing_nonce(&price_seed, &listing.name, Role::Price);
		let commodity_nonce = self.listing_nonce(&commodity_seed, &listing.name, Role::Commodity);
		Ok(OpenedListing {
			name: listing.name,
			version: listing.version,
			price: self.under(price_nonce, &listing.price)?,
			stock,
			commodity: self.under(commodity_nonce, &listing.commodity)?,
			price_seed,
			commodity_seed,
		})
	}

	/// Opens price and item code of somebody's listing with the quote for it.
	///
	/// A quote for an older price is [`WalletError::PriceChanged`]; one that does not give exactly the
	/// listing's ciphertexts is [`WalletError::NoteMismatch`], whatever it promises.
	pub fn open_quote(&self, listing: &Listing, quote: &Quote) -> Result<Quoted, WalletError> {
		if quote.version != listing.version {
			return Err(WalletError::PriceChanged);
		}
		let note = self.read_quote(&quote.note)?;
		let price_nonce = self.listing_nonce(&note.price_seed, &listing.name, Role::Price);
		let commodity_nonce = self.listing_nonce(&note.commodity_seed, &listing.name, Role::Commodity);
		Ok(Quoted {
			listing: listing.name,
			version: listing.version,
			price: self.check(
				Opening {
					value: note.price,
					nonce: price_nonce,
				},
				&listing.price,
			)?,
			commodity: self.check(
				Opening {
					value: note.commodity,
					nonce: commodity_nonce,
				},
				&listing.commodity,
			)?,
			note,
		})
	}

	/// Opens an order that this account placed, from its note to itself and the quote that it kept beside it.
	pub fn open_order_as_buyer(&self, order: &Order) -> Result<OpenedOrder, WalletError> {
		if order.name.buyer != self.account() {
			return Err(WalletError::NotYours);
		}
		let own = self.read_own(&order.own_note)?;
		let quote = self.read_quote(&order.quote)?;
		let [_, quantity, price, total] = own.values;
		let belongs = own.call == NoteCall::Order && own.seq == order.name.seq && own.salt == order.salt;
		if !belongs || quote.price != price {
			return Err(WalletError::NoteMismatch);
		}
		let seed = |role| self.seed(Call::Order, order.name.seq, &order.salt, role);
		let price_nonce = self.listing_nonce(&quote.price_seed, &order.listing, Role::Price);
		let note = OrderNote {
			quantity,
			price,
			quantity_seed: seed(Role::Quantity),
			total_seed: seed(Role::Total),
		};
		let opened = self.check_order(order, &note, &price_nonce, Some(quote.commodity))?;
		if opened.total.value() != total {
			return Err(WalletError::NoteMismatch);
		}
		Ok(opened)
	}

	/// Opens an order from a listing of this account, with the buyer's note.
	///
	/// [`WalletError::NoteMismatch`], [`WalletError::NoteMalformed`] and [`WalletError::NoteUnreadable`] are
	/// reasons to decline.
	pub fn open_order_as_seller(&self, order: &Order) -> Result<OpenedOrder, WalletError> {
		if order.listing.seller != self.account() {
			return Err(WalletError::NotYours);
		}
		let Note::Order(note) = self.read(&order.note)? else {
			return Err(WalletError::NoteMismatch);
		};
		let price_seed = self.own_price_seed(&order.listing, order.price_seq, &order.price_salt);
		let price_nonce = self.listing_nonce(&price_seed, &order.listing, Role::Price);
		self.check_order(order, &note, &price_nonce, None)
	}

	/// `X = Enc(num; r_X)` and `S = Enc(v·num; r_P·num + ρ)`.
	fn check_order(
		&self,
		order: &Order,
		note: &OrderNote,
		price_nonce: &Nonce,
		commodity: Option<u64>,
	) -> Result<OpenedOrder, WalletError> {
		let OrderName { buyer, seq } = order.name;
		let nonce = |seed: &Seed, role| self.nonce(seed, &buyer, &Object { account: buyer, seq }, role);
		let quantity = Opening {
			value: note.quantity,
			nonce: nonce(&note.quantity_seed, Role::Quantity),
		};
		let price = Opening {
			value: note.price,
			nonce: price_nonce.clone(),
		};
		let rho = Opening {
			value: 0,
			nonce: nonce(&note.total_seed, Role::Total),
		};
		let total = price
			.scale(note.quantity)
			.and_then(|total| total.add(&rho))
			.ok_or(WalletError::NoteMismatch)?;
		Ok(OpenedOrder {
			name: order.name,
			listing: order.listing,
			terms: order.terms,
			price: note.price,
			commodity,
			quantity: self.check(quantity, &order.quantity)?,
			total: self.check(total, &order.total)?,
		})
	}

	/// Opens a credit of this account. `order` is the order that it comes out of, which the ledger keeps
	/// until then; `None` for money that was issued, sent or returned. Refund, share and deposit open for the
	/// buyer; proceeds and bond for the seller; what was returned for who had sent it. A credit that was
	/// refreshed opens with its own note, whatever it is; its nonce is the one that this account derived when it refreshed. A note
	/// that a stranger sealed may be of the same form and state any nonce: one out of range would spoil every sum that it enters.
	///
	/// A credit that does not open must not be collected: its nonce would be lost in the balance's.
	pub fn open_credit(&self, credit: &Credit, order: Option<&Order>) -> Result<Opened, WalletError> {
		let name = credit.name;
		let note = credit.note.as_ref().map(|sealed| self.read(sealed)).transpose()?;
		let opening = match (name.kind, note, order) {
			(_, Some(Note::Own(own)), _) if own.call == NoteCall::Refresh => {
				let [amount, ..] = own.values;
				let account = self.account();
				let seed = self.seed(Call::Refresh, own.seq, &own.salt, Role::Refreshed);
				let object = Object {
					account,
					seq: own.seq,
				};
				Opening {
					value: amount,
					nonce: self.nonce(&seed, &account, &object, Role::Refreshed),
				}
			}
			(CreditKind::Issued | CreditKind::Transfer, Some(Note::Credit(note)), _) => {
				self.paid(&note, &name.creator, name.seq)
			}
			// The note that this account sealed to itself in the call that sent it.
			(CreditKind::Returned, Some(Note::Own(own)), _) => {
				let call = match own.call {
					NoteCall::Issue => Call::Issue,
					NoteCall::Transfer => Call::Transfer,
					_ => return Err(WalletError::NoteMismatch),
				};
				if (self.account(), own.seq) != (name.creator, name.seq) {
					return Err(WalletError::NoteMismatch);
				}
				let [amount, ..] = own.values;
				let note = CreditNote {
					amount,
					amount_seed: self.seed(call, own.seq, &own.salt, Role::Amount),
				};
				self.paid(&note, &name.creator, name.seq)
			}
			(CreditKind::Issued | CreditKind::Transfer | CreditKind::Returned, ..) | (_, _, None) => {
				return Err(WalletError::NoteMismatch)
			}
			(_, _, Some(order)) if (order.name.buyer, order.name.seq) != (name.creator, name.seq) => {
				return Err(WalletError::NoteMismatch)
			}
			(CreditKind::Refund | CreditKind::Share | CreditKind::Deposit, _, Some(order)) => {
				self.open_order_as_buyer(order)?.total.opening
			}
			(CreditKind::Proceeds, _, Some(order)) => self.open_order_as_seller(order)?.total.opening,
			(CreditKind::Bond, _, Some(order)) => {
				let total = self.open_order_as_seller(order)?.total.opening;
				total
					.scale(order.terms.bond_multiple.into())
					.ok_or(WalletError::NoteMismatch)?
			}
		};
		self.check(opening, &credit.amount)
	}

	/// Opens what somebody redeemed with this account, an issuer, and is to be paid for.
	///
	/// Pay only what opens: the ledger proves that some amount was burned, the note says which.
	pub fn open_redemption(&self, redemption: &Redemption) -> Result<Opened, WalletError> {
		let Note::Credit(note) = self.read(&redemption.note)? else {
			return Err(WalletError::NoteMismatch);
		};
		let opening = self.paid(&note, &redemption.holder, redemption.seq);
		self.check(opening, &redemption.amount)
	}

	/// The opening of an amount that an account issued, sent or redeemed in this call.
	fn paid(&self, note: &CreditNote, payer: &AccountBytes, seq: u64) -> Opening {
		let object = Object { account: *payer, seq };
		Opening {
			value: note.amount,
			nonce: self.nonce(&note.amount_seed, payer, &object, Role::Amount),
		}
	}

	/// The opening, if it gives exactly this ciphertext.
	fn check(&self, opening: Opening, ciphertext: &Ciphertext) -> Result<Opened, WalletError> {
		match self.encrypt(opening) {
			Ok(opened) if opened.ciphertext == *ciphertext => Ok(opened),
			_ => Err(WalletError::NoteMismatch),
		}
	}

	/// What the ciphertext holds under a nonce that this account derives by itself.
	fn under(&self, nonce: Nonce, ciphertext: &Ciphertext) -> Result<Opened, WalletError> {
		let value = self
			.public_key()
			.parse_stored(ciphertext.as_ref())
			.ok()
			.and_then(|residue| self.prover.encryptor().value_under(&residue, &nonce))
			.ok_or(WalletError::NoteMismatch)?;
		self.check(Opening { value, nonce }, ciphertext)
	}

	/// The nonce of something that belongs to a listing, for the seller and for whoever was given the seed.
	fn listing_nonce(&self, seed: &Seed, listing: &ListingName, role: Role) -> Nonce {
		self.nonce(
			seed,
			&listing.seller,
			&Object {
				account: listing.seller,
				seq: listing.seq,
			},
			role,
		)
	}

	/// The seed of a price that this account set, when it listed or later.
	fn own_price_seed(&self, listing: &ListingName, price_seq: u64, price_salt: &Salt) -> Seed {
		let call = if price_seq == listing.seq {
			Call::List
		} else {
			Call::Reprice
		};
		self.seed(call, price_seq, price_salt, Role::Price)
	}

	/// A note that was sealed to this account, with its present view key or an earlier one.
	fn read(&self, sealed: &SealedNote) -> Result<Note, WalletError> {
		let set = self.public_key().set();
		for index in (0..=self.view_index).rev() {
			match Note::open(set, sealed, &self.keys.view_key(index)) {
				Err(WalletError::NoteUnreadable) => continue,
				result => return result,
			}
		}
		Err(WalletError::NoteUnreadable)
	}

	/// The four values of a note that this account sealed to itself in the call with this number; what they are
	/// docs/formats.md says. Nothing is compared with the ledger: for a statement of account, from calls that the
	/// account itself signed, and not for anything that money hangs on.
	pub fn noted(&self, note: &SealedNote, call: NoteCall, seq: u64) -> Result<[u64; 4], WalletError> {
		let note = self.read_own(note)?;
		if (note.call, note.seq) == (call, seq) {
			Ok(note.values)
		} else {
			Err(WalletError::NoteMismatch)
		}
	}

	fn read_own(&self, sealed: &SealedNote) -> Result<OwnNote, WalletError> {
		match self.read(sealed)? {
			Note::Own(note) => Ok(note),
			_ => Err(WalletError::NoteMismatch),
		}
	}

	fn read_quote(&self, sealed: &SealedNote) -> Result<QuoteNote, WalletError> {
		match self.read(sealed)? {
			Note::Quote(note) => Ok(note),
			_ => Err(WalletError::NoteMismatch),
		}
	}
}
