//! What a proof is about: the public side, hashed whole into the transcript.

use alloc::vec::Vec;
use codec::{Decode, Encode, Error, Input, Output};
use veilmart_paillier::ParameterSet;

/// The most values in one statement.
pub const MAX_VALUES: usize = 3;
/// The most equations in one statement.
pub const MAX_EQUATIONS: usize = 3;
/// The most range proofs in one statement, padding included.
pub const MAX_RANGES: usize = 4;
/// The most ciphertexts in one statement.
pub const MAX_CIPHERTEXTS: usize = 8;
/// The most bindings and the most notes in one statement.
pub const MAX_BINDINGS: usize = 16;

/// An account's public key as transcripts bind it.
pub type AccountBytes = [u8; 32];
/// The salt of a call: see docs/formats.md.
pub type Salt = [u8; 16];

/// The calls that carry a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Call {
	/// Money enters.
	Issue,
	/// Money goes to another account.
	Transfer,
	/// Money leaves.
	Redeem,
	/// A seller offers something.
	List,
	/// A seller changes a price.
	Reprice,
	/// A seller adds to the stock.
	Restock,
	/// A buyer orders.
	Order,
	/// A buyer disputes, with a deposit.
	Dispute,
	/// A seller accepts, with a bond.
	Accept,
	/// An owner changes a ciphertext's nonce and not its value. Its proof is another: see [`crate::refresh`].
	Refresh,
}

impl Call {
	/// The calls whose proofs are about values: all but `refresh`.
	pub const WITH_VALUES: [Self; 9] = [
		Self::Issue,
		Self::Transfer,
		Self::Redeem,
		Self::List,
		Self::Reprice,
		Self::Restock,
		Self::Order,
		Self::Dispute,
		Self::Accept,
	];

	/// The name that transcripts bind.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Issue => "issue",
			Self::Transfer => "transfer",
			Self::Redeem => "redeem",
			Self::List => "list",
			Self::Reprice => "reprice",
			Self::Restock => "restock",
			Self::Order => "order",
			Self::Dispute => "dispute",
			Self::Accept => "accept",
			Self::Refresh => "refresh",
		}
	}
}

/// What a ciphertext is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Role {
	/// `A`, an amount that is issued, transferred or redeemed.
	Amount,
	/// `B'`, the account's balance after the call.
	BalanceAfter,
	/// `Issued'`, the issuer's accumulator after the call.
	IssuedAfter,
	/// `P`, the price of one piece.
	Price,
	/// `R`, the stock.
	Stock,
	/// `C`, the item code.
	Commodity,
	/// `D`, what is added to the stock.
	Delivery,
	/// `X`, the number of pieces ordered.
	Quantity,
	/// `S = P^num·h_s^ρ`, the order's total.
	Total,
	/// `R'`, the stock after an order was accepted.
	StockAfter,
	/// `B·Z`, what was refreshed.
	Refreshed,
	/// `Z`, the residue that it is multiplied by.
	Residue,
}

impl Role {
	/// The name that transcripts and nonce derivation bind.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Amount => "amount",
			Self::BalanceAfter => "balance-after",
			Self::IssuedAfter => "issued-after",
			Self::Price => "price",
			Self::Stock => "stock",
			Self::Commodity => "commodity",
			Self::Delivery => "delivery",
			Self::Quantity => "quantity",
			Self::Total => "total",
			Self::StockAfter => "stock-after",
			Self::Refreshed => "refreshed",
			Self::Residue => "residue",
		}
	}
}

/// Anything else that the proof is valid for only: the objects concerned and the terms of the deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Binding {
	/// The listing concerned: its seller.
	ListingSeller(AccountBytes),
	/// The listing concerned: its sequence number.
	ListingSeq(u64),
	/// The price version that the buyer saw.
	PriceVersion(u32),
	/// The order concerned: its buyer.
	OrderBuyer(AccountBytes),
	/// The order concerned: its sequence number.
	OrderSeq(u64),
	/// The other party.
	Counterparty(AccountBytes),
	/// What an issuer may have issued in all, in minor units.
	Quota(u64),
	/// Milliseconds in which the seller may accept.
	AcceptPeriod(u64),
	/// Milliseconds in which the seller has to ship.
	ShipPeriod(u64),
	/// Milliseconds after that in which shipping is still accepted.
	GracePeriod(u64),
	/// Milliseconds in which the buyer may dispute.
	ConfirmPeriod(u64),
	/// Milliseconds in which a dispute is decided.
	ResolvePeriod(u64),
	/// The bond in multiples of the total.
	BondMultiple(u32),
	/// The buyer's share of a forfeited bond, in multiples of the total.
	PenaltyShare(u32),
	/// What is refreshed: 0 the balance, 1 a credit, 2 the stock of a listing.
	Target(u32),
	/// The credit concerned: who created it.
	CreditCreator(AccountBytes),
	/// The credit concerned: its sequence number.
	CreditSeq(u64),
	/// The credit concerned: its kind, by number.
	CreditKind(u32),
}

impl Binding {
	/// The name that transcripts bind.
	pub const fn name(&self) -> &'static str {
		match self {
			Self::ListingSeller(_) => "listing-seller",
			Self::ListingSeq(_) => "listing-seq",
			Self::PriceVersion(_) => "price-version",
			Self::OrderBuyer(_) => "order-buyer",
			Self::OrderSeq(_) => "order-seq",
			Self::Counterparty(_) => "counterparty",
			Self::Quota(_) => "quota",
			Self::AcceptPeriod(_) => "accept-period",
			Self::ShipPeriod(_) => "ship-period",
			Self::GracePeriod(_) => "grace-period",
			Self::ConfirmPeriod(_) => "confirm-period",
			Self::ResolvePeriod(_) => "resolve-period",
			Self::BondMultiple(_) => "bond-multiple",
			Self::PenaltyShare(_) => "penalty-share",
			Self::Target(_) => "target",
			Self::CreditCreator(_) => "credit-creator",
			Self::CreditSeq(_) => "credit-seq",
			Self::CreditKind(_) => "credit-kind",
		}
	}

	/// The bytes that transcripts bind; numbers are little-endian.
	pub fn bytes(&self) -> Vec<u8> {
		match self {
			Self::ListingSeller(account)
			| Self::OrderBuyer(account)
			| Self::Counterparty(account)
			| Self::CreditCreator(account) => account.to_vec(),
			Self::PriceVersion(number)
			| Self::BondMultiple(number)
			| Self::PenaltyShare(number)
			| Self::Target(number)
			| Self::CreditKind(number) => number.to_le_bytes().to_vec(),
			Self::ListingSeq(number)
			| Self::OrderSeq(number)
			| Self::CreditSeq(number)
			| Self::Quota(number)
			| Self::AcceptPeriod(number)
			| Self::ShipPeriod(number)
			| Self::GracePeriod(number)
			| Self::ConfirmPeriod(number)
			| Self::ResolvePeriod(number) => number.to_le_bytes().to_vec(),
		}
	}
}

/// Which sealed note a hash is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum NoteKind {
	/// The caller’s note to itself about its balance or listing.
	Own,
	/// A seller's note to itself about a stock that the call changes beside its balance.
	Stock,
	/// The note to the other party.
	Counterparty,
	/// The quote, sealed to the buyer's own key.
	Quote,
}

impl NoteKind {
	/// The name that transcripts bind.
	pub const fn name(self) -> &'static str {
		match self {
			Self::Own => "own",
			Self::Stock => "stock",
			Self::Counterparty => "counterparty",
			Self::Quote => "quote",
		}
	}
}

/// What the Bulletproof shows of a value `x`, committed to as `V`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Range {
	/// `0 ≤ x < 2^64`: a proof on `V`.
	NonNegative,
	/// `1 ≤ x ≤ 2^64`: a proof on `V - B`. Where a zero would be a grief.
	Positive,
	/// `0 ≤ x ≤ limit`: proofs on `V` and on `limit·B - V`.
	AtMost(u64),
}

/// One base `G_ij` of an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Base {
	/// 1: the value does not occur.
	Absent,
	/// `1 + N`.
	Generator,
	/// The ciphertext with this index.
	Ciphertext(u8),
}

/// `C_i = Π_j G_ij^{x_j} · h_s^{r_i}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equation {
	/// The index of `C_i` among the ciphertexts.
	pub target: u8,
	/// `G_ij`, one for each value.
	pub bases: Vec<Base>,
}

/// Who calls, where and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Context {
	/// The chain's genesis hash.
	pub genesis: [u8; 32],
	/// The caller.
	pub account: AccountBytes,
	/// The caller's sequence number, which this call consumes.
	pub seq: u64,
	/// The call's salt.
	pub salt: Salt,
}

/// The public side of a proof. Built by the functions of [`crate::statements`] only, so that what is equal on all
/// sides is made by one piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
	/// The size of the key.
	pub(crate) set: ParameterSet,
	/// The call.
	pub(crate) call: Call,
	/// Who calls, where and when.
	pub(crate) context: Context,
	/// The objects concerned and the terms.
	pub(crate) bindings: Vec<Binding>,
	/// The hashes of the sealed notes that travel with the call.
	pub(crate) notes: Vec<(NoteKind, [u8; 32])>,
	/// Every ciphertext with its role.
	pub(crate) ciphertexts: Vec<(Role, Vec<u8>)>,
	/// What is shown of each value.
	pub(crate) values: Vec<Range>,
	/// The equations.
	pub(crate) equations: Vec<Equation>,
}

impl Statement {
	/// The size of the key.
	pub fn set(&self) -> ParameterSet {
		self.set
	}

	/// Who calls, where and when.
	pub fn context(&self) -> &Context {
		&self.context
	}

	/// Number of values.
	pub fn values(&self) -> usize {
		self.values.len()
	}

	/// Number of equations.
	pub fn equations(&self) -> usize {
		self.equations.len()
	}

	/// The commitments that the Bulletproof is about, before padding: how often each value is used.
	pub(crate) fn ranges(&self) -> usize {
		self.values
			.iter()
			.map(|range| if matches!(range, Range::AtMost(_)) { 2 } else { 1 })
			.sum()
	}

	/// Whether all counts are within the limits and all indices point at something.
	pub(crate) fn is_well_formed(&self) -> bool {
		let ciphertexts = self.ciphertexts.len();
		let in_range = |index: u8| usize::from(index) < ciphertexts;
		let shape = match self.call {
			// Nothing is shown of a value: what was there and what it is multiplied by.
			Call::Refresh => self.values.is_empty() && self.equations.is_empty() && ciphertexts == 2,
			_ => {
				(1..=MAX_VALUES).contains(&self.values.len())
					&& (1..=MAX_EQUATIONS).contains(&self.equations.len())
			}
		};
		shape
			&& ciphertexts <= MAX_CIPHERTEXTS
			&& self.bindings.len() <= MAX_BINDINGS
			&& self.notes.len() <= MAX_BINDINGS
			&& self.ranges().next_power_of_two() <= MAX_RANGES
			&& self
				.ciphertexts
				.iter()
				.all(|(_, bytes)| bytes.len() == self.set.ciphertext_bytes())
			&& self.equations.iter().all(|equation| {
				in_range(equation.target)
					&& equation.bases.len() == self.values.len()
					&& equation.bases.iter().all(|base| match base {
						Base::Ciphertext(index) => in_range(*index),
						Base::Absent | Base::Generator => true,
					})
			})
	}
}

/// A list with its length in one byte.
fn encode_list<T: Encode>(list: &[T], dest: &mut (impl Output + ?Sized)) {
	dest.push_byte(list.len() as u8);
	list.iter().for_each(|item| item.encode_to(dest));
}

/// Reads a list of at most `limit` items.
fn decode_list<I: Input, T: Decode>(input: &mut I, limit: usize) -> Result<Vec<T>, Error> {
	let count = usize::from(input.read_byte()?);
	if count > limit {
		return Err("a list is longer than any statement has".into());
	}
	(0..count).map(|_| T::decode(input)).collect()
}

impl Encode for Equation {
	fn encode_to<O: Output + ?Sized>(&self, dest: &mut O) {
		self.target.encode_to(dest);
		encode_list(&self.bases, dest);
	}
}

impl Decode for Equation {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		Ok(Self {
			target: Decode::decode(input)?,
			bases: decode_list(input, MAX_VALUES)?,
		})
	}
}

impl Encode for Statement {
	fn encode_to<O: Output + ?Sized>(&self, dest: &mut O) {
		self.set.encode_to(dest);
		self.call.encode_to(dest);
		self.context.encode_to(dest);
		encode_list(&self.bindings, dest);
		encode_list(&self.notes, dest);
		dest.push_byte(self.ciphertexts.len() as u8);
		for (role, bytes) in &self.ciphertexts {
			role.encode_to(dest);
			dest.write(bytes);
		}
		encode_list(&self.values, dest);
		encode_list(&self.equations, dest);
	}
}

impl Decode for Statement {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		let set = ParameterSet::decode(input)?;
		let (call, context) = Decode::decode(input)?;
		let bindings = decode_list(input, MAX_BINDINGS)?;
		let notes = decode_list(input, MAX_BINDINGS)?;
		let count = usize::from(input.read_byte()?);
		if count > MAX_CIPHERTEXTS {
			return Err("more ciphertexts than any statement has".into());
		}
		let mut ciphertexts = Vec::with_capacity(count);
		for _ in 0..count {
			let role = Role::decode(input)?;
			let mut bytes = alloc::vec![0; set.ciphertext_bytes()];
			input.read(&mut bytes)?;
			ciphertexts.push((role, bytes));
		}
		let values = decode_list(input, MAX_VALUES)?;
		let equations = decode_list(input, MAX_EQUATIONS)?;
		let statement = Self {
			set,
			call,
			context,
			bindings,
			notes,
			ciphertexts,
			values,
			equations,
		};
		if statement.is_well_formed() {
			Ok(statement)
		} else {
			Err("the statement does not fit together".into())
		}
	}
}
