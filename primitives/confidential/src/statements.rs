//! The statement of each call: which ciphertexts, which values, which equations.
//!
//! The ledger and the wallet both build statements here. `B`, `K`, `R` and `Issued` before the call do not appear: the
//! ledger checks the exact identities `B = B'·S` and so on bit for bit, which makes them functions of what is hashed.

use crate::statement::{
	AccountBytes, Base, Binding, Call, Context, Equation, NoteKind, Range, Role, Statement,
};
use alloc::vec::Vec;
use veilmart_paillier::ParameterSet;

use Base::{Absent, Ciphertext, Generator};
use Range::{AtMost, NonNegative, Positive};

/// The hash of a sealed note.
pub type NoteHash = [u8; 32];

/// A listing by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingName {
	/// The seller.
	pub seller: AccountBytes,
	/// The seller's sequence number when it was listed.
	pub seq: u64,
}

/// An order by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderName {
	/// The buyer.
	pub buyer: AccountBytes,
	/// The buyer's sequence number when it was placed.
	pub seq: u64,
}

/// The terms of an order, fixed when it is placed. Periods are in milliseconds of chain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
	/// In which the seller may accept.
	pub accept_period: u64,
	/// In which the seller has to ship.
	pub ship_period: u64,
	/// After that, in which shipping is still accepted.
	pub grace_period: u64,
	/// In which the buyer may dispute.
	pub confirm_period: u64,
	/// In which a dispute is decided.
	pub resolve_period: u64,
	/// The bond in multiples of the total.
	pub bond_multiple: u32,
	/// The buyer's share of a forfeited bond in multiples of the total.
	pub penalty_share: u32,
}

impl Terms {
	fn bindings(&self) -> [Binding; 7] {
		[
			Binding::AcceptPeriod(self.accept_period),
			Binding::ShipPeriod(self.ship_period),
			Binding::GracePeriod(self.grace_period),
			Binding::ConfirmPeriod(self.confirm_period),
			Binding::ResolvePeriod(self.resolve_period),
			Binding::BondMultiple(self.bond_multiple),
			Binding::PenaltyShare(self.penalty_share),
		]
	}
}

struct Shape<'a> {
	call: Call,
	bindings: Vec<Binding>,
	notes: &'a [(NoteKind, NoteHash)],
	ciphertexts: &'a [(Role, &'a [u8])],
	values: &'a [Range],
	/// Target and bases, in the order of the values.
	equations: &'a [(u8, &'a [Base])],
}

/// Lengths are checked where the statement is verified or proved, which refuse a malformed one.
fn build(set: ParameterSet, context: &Context, shape: Shape) -> Statement {
	Statement {
		set,
		call: shape.call,
		context: *context,
		bindings: shape.bindings,
		notes: shape.notes.to_vec(),
		ciphertexts: shape
			.ciphertexts
			.iter()
			.map(|(role, bytes)| (*role, bytes.to_vec()))
			.collect(),
		values: shape.values.to_vec(),
		equations: shape
			.equations
			.iter()
			.map(|(target, bases)| Equation {
				target: *target,
				bases: bases.to_vec(),
			})
			.collect(),
	}
}

/// `issue`: `a ≥ 1`, `i' ≤ quota`; `A = Enc(a)`, `Issued' = Enc(i')`. The ledger checks `Issued' = Issued·A`.
#[allow(clippy::too_many_arguments)]
pub fn issue(
	set: ParameterSet,
	context: &Context,
	recipient: AccountBytes,
	quota: u64,
	amount: &[u8],
	issued_after: &[u8],
	own_note: NoteHash,
	note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call: Call::Issue,
			bindings: [Binding::Counterparty(recipient), Binding::Quota(quota)].into(),
			notes: &[(NoteKind::Own, own_note), (NoteKind::Counterparty, note)],
			ciphertexts: &[(Role::Amount, amount), (Role::IssuedAfter, issued_after)],
			values: &[Positive, AtMost(quota)],
			equations: &[(0, &[Generator, Absent]), (1, &[Absent, Generator])],
		},
	)
}

/// `transfer`: `a ≥ 1`, `b'`; `A = Enc(a)`, `B' = Enc(b')`. The ledger checks `B = B'·A`.
pub fn transfer(
	set: ParameterSet,
	context: &Context,
	recipient: AccountBytes,
	amount: &[u8],
	balance_after: &[u8],
	own_note: NoteHash,
	note: NoteHash,
) -> Statement {
	debit(
		set,
		context,
		Call::Transfer,
		recipient,
		amount,
		balance_after,
		own_note,
		note,
	)
}

/// `redeem`: as `transfer`; the counterparty is the issuer that will pay.
pub fn redeem(
	set: ParameterSet,
	context: &Context,
	issuer: AccountBytes,
	amount: &[u8],
	balance_after: &[u8],
	own_note: NoteHash,
	note: NoteHash,
) -> Statement {
	debit(
		set,
		context,
		Call::Redeem,
		issuer,
		amount,
		balance_after,
		own_note,
		note,
	)
}

#[allow(clippy::too_many_arguments)]
fn debit(
	set: ParameterSet,
	context: &Context,
	call: Call,
	counterparty: AccountBytes,
	amount: &[u8],
	balance_after: &[u8],
	own_note: NoteHash,
	note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call,
			bindings: [Binding::Counterparty(counterparty)].into(),
			notes: &[(NoteKind::Own, own_note), (NoteKind::Counterparty, note)],
			ciphertexts: &[(Role::Amount, amount), (Role::BalanceAfter, balance_after)],
			values: &[Positive, NonNegative],
			equations: &[(0, &[Generator, Absent]), (1, &[Absent, Generator])],
		},
	)
}

/// `list`: `v ≥ 1`, `r`, `c`; `P = Enc(v)`, `R = Enc(r)`, `C = Enc(c)`. The listing is named by the context.
pub fn list(
	set: ParameterSet,
	context: &Context,
	price: &[u8],
	stock: &[u8],
	commodity: &[u8],
	own_note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call: Call::List,
			bindings: Vec::new(),
			notes: &[(NoteKind::Own, own_note)],
			ciphertexts: &[
				(Role::Price, price),
				(Role::Stock, stock),
				(Role::Commodity, commodity),
			],
			values: &[Positive, NonNegative, NonNegative],
			equations: &[
				(0, &[Generator, Absent, Absent]),
				(1, &[Absent, Generator, Absent]),
				(2, &[Absent, Absent, Generator]),
			],
		},
	)
}

/// `reprice`: `v ≥ 1`; `P = Enc(v)`, for the next price version.
pub fn reprice(
	set: ParameterSet,
	context: &Context,
	listing: ListingName,
	version: u32,
	price: &[u8],
	own_note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call: Call::Reprice,
			bindings: listing_bindings(listing, version).into(),
			notes: &[(NoteKind::Own, own_note)],
			ciphertexts: &[(Role::Price, price)],
			values: &[Positive],
			equations: &[(0, &[Generator])],
		},
	)
}

/// `restock`: `d`; `D = Enc(d)`. The ledger sets `R ← R·D`.
pub fn restock(
	set: ParameterSet,
	context: &Context,
	listing: ListingName,
	version: u32,
	delivery: &[u8],
	own_note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call: Call::Restock,
			bindings: listing_bindings(listing, version).into(),
			notes: &[(NoteKind::Own, own_note)],
			ciphertexts: &[(Role::Delivery, delivery)],
			values: &[NonNegative],
			equations: &[(0, &[Generator])],
		},
	)
}

fn listing_bindings(listing: ListingName, version: u32) -> [Binding; 3] {
	[
		Binding::ListingSeller(listing.seller),
		Binding::ListingSeq(listing.seq),
		Binding::PriceVersion(version),
	]
}

/// The parts of an `order` statement besides the context.
#[derive(Clone, Copy, Debug)]
pub struct OrderParts<'a> {
	/// The listing.
	pub listing: ListingName,
	/// The price version that the buyer saw.
	pub version: u32,
	/// The terms in force.
	pub terms: Terms,
	/// `P`, from the ledger.
	pub price: &'a [u8],
	/// `X`.
	pub quantity: &'a [u8],
	/// `S`.
	pub total: &'a [u8],
	/// `B'`.
	pub balance_after: &'a [u8],
	/// The hash of the buyer's own note.
	pub own_note: NoteHash,
	/// The hash of the note to the seller.
	pub note: NoteHash,
	/// The hash of the quote sealed to the buyer's own key.
	pub quote: NoteHash,
}

/// `order`: `num ≥ 1`, `b'`; `X = Enc(num)`, `S = P^num·h_s^ρ`, `B' = Enc(b')`. The ledger checks `B = B'·S`.
pub fn order(set: ParameterSet, context: &Context, parts: &OrderParts) -> Statement {
	let mut bindings = Vec::from(listing_bindings(parts.listing, parts.version));
	bindings.extend(parts.terms.bindings());
	build(
		set,
		context,
		Shape {
			call: Call::Order,
			bindings,
			notes: &[
				(NoteKind::Own, parts.own_note),
				(NoteKind::Counterparty, parts.note),
				(NoteKind::Quote, parts.quote),
			],
			ciphertexts: &[
				(Role::Price, parts.price),
				(Role::Quantity, parts.quantity),
				(Role::Total, parts.total),
				(Role::BalanceAfter, parts.balance_after),
			],
			values: &[Positive, NonNegative],
			equations: &[
				(1, &[Generator, Absent]),
				(2, &[Ciphertext(0), Absent]),
				(3, &[Absent, Generator]),
			],
		},
	)
}

/// `dispute`: `b'`; `B' = Enc(b')`. The ledger checks `B = B'·S`: a deposit of the order's total.
pub fn dispute(
	set: ParameterSet,
	context: &Context,
	order: OrderName,
	total: &[u8],
	balance_after: &[u8],
	own_note: NoteHash,
) -> Statement {
	build(
		set,
		context,
		Shape {
			call: Call::Dispute,
			bindings: [Binding::OrderBuyer(order.buyer), Binding::OrderSeq(order.seq)].into(),
			notes: &[(NoteKind::Own, own_note)],
			ciphertexts: &[(Role::Total, total), (Role::BalanceAfter, balance_after)],
			values: &[NonNegative],
			equations: &[(1, &[Generator])],
		},
	)
}

/// The parts of an `accept` statement besides the context.
#[derive(Clone, Copy, Debug)]
pub struct AcceptParts<'a> {
	/// The order.
	pub order: OrderName,
	/// The listing that it is an order of.
	pub listing: ListingName,
	/// The terms of the order.
	pub terms: Terms,
	/// `X`, from the ledger.
	pub quantity: &'a [u8],
	/// `S`, from the ledger.
	pub total: &'a [u8],
	/// `R'`.
	pub stock_after: &'a [u8],
	/// `K'`, the seller's balance after the bond.
	pub balance_after: &'a [u8],
	/// The hash of the seller's own note about its balance.
	pub own_note: NoteHash,
	/// The hash of the seller's own note about its stock.
	pub stock_note: NoteHash,
}

/// `accept`: `r'`, `k'`; `R' = Enc(r')`, `K' = Enc(k')`. The ledger checks `R = R'·X` and `K = K'·S^10`.
pub fn accept(set: ParameterSet, context: &Context, parts: &AcceptParts) -> Statement {
	let mut bindings = Vec::from([
		Binding::OrderBuyer(parts.order.buyer),
		Binding::OrderSeq(parts.order.seq),
		Binding::ListingSeller(parts.listing.seller),
		Binding::ListingSeq(parts.listing.seq),
	]);
	bindings.extend(parts.terms.bindings());
	build(
		set,
		context,
		Shape {
			call: Call::Accept,
			bindings,
			notes: &[
				(NoteKind::Own, parts.own_note),
				(NoteKind::Stock, parts.stock_note),
			],
			ciphertexts: &[
				(Role::Quantity, parts.quantity),
				(Role::Total, parts.total),
				(Role::StockAfter, parts.stock_after),
				(Role::BalanceAfter, parts.balance_after),
			],
			values: &[NonNegative, NonNegative],
			equations: &[(2, &[Generator, Absent]), (3, &[Absent, Generator])],
		},
	)
}

/// What an owner refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTarget {
	/// Its balance.
	Balance,
	/// A credit that waits for it.
	Credit {
		/// Who created the credit.
		creator: AccountBytes,
		/// The creator's sequence number.
		seq: u64,
		/// The credit's kind, by number.
		kind: u32,
	},
	/// The stock of a listing of its own.
	Stock(ListingName),
}

/// `refresh`: `Z` is an N-th residue. The ledger checks `after = B·Z`.
pub fn refresh(
	set: ParameterSet,
	context: &Context,
	target: RefreshTarget,
	after: &[u8],
	residue: &[u8],
	own_note: NoteHash,
) -> Statement {
	let bindings = match target {
		RefreshTarget::Balance => [Binding::Target(0)].into(),
		RefreshTarget::Credit { creator, seq, kind } => [
			Binding::Target(1),
			Binding::CreditCreator(creator),
			Binding::CreditSeq(seq),
			Binding::CreditKind(kind),
		]
		.into(),
		RefreshTarget::Stock(listing) => [
			Binding::Target(2),
			Binding::ListingSeller(listing.seller),
			Binding::ListingSeq(listing.seq),
		]
		.into(),
	};
	build(
		set,
		context,
		Shape {
			call: Call::Refresh,
			bindings,
			notes: &[(NoteKind::Own, own_note)],
			ciphertexts: &[(Role::Refreshed, after), (Role::Residue, residue)],
			values: &[],
			equations: &[],
		},
	)
}
