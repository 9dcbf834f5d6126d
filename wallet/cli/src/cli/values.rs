//! What the command line lets people choose from, in the chain's terms.

use clap::ValueEnum;
use pallet_certificates::Role;
use pallet_ecommerce::{DeclineReason, OrderState, Verdict};

/// A role of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
	/// Orders and pays.
	Buyer,
	/// Lists, accepts, ships.
	Seller,
	/// Brings money in.
	Issuer,
	/// Decides disputes.
	Arbiter,
	/// Reads along.
	Auditor,
	/// Runs an authority node.
	Validator,
}

impl From<RoleName> for Role {
	fn from(role: RoleName) -> Self {
		match role {
			RoleName::Buyer => Self::Buyer,
			RoleName::Seller => Self::Seller,
			RoleName::Issuer => Self::Issuer,
			RoleName::Arbiter => Self::Arbiter,
			RoleName::Auditor => Self::Auditor,
			RoleName::Validator => Self::Validator,
		}
	}
}

/// Why an order is declined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Reason {
	/// Nothing more is said.
	#[default]
	Unspecified,
	/// The stock does not suffice.
	OutOfStock,
	/// The note does not open the order.
	NoteMismatch,
	/// The bond cannot be put up now.
	NoBond,
	/// This buyer is not delivered to.
	NotServed,
}

impl From<Reason> for DeclineReason {
	fn from(reason: Reason) -> Self {
		match reason {
			Reason::Unspecified => Self::Unspecified,
			Reason::OutOfStock => Self::OutOfStock,
			Reason::NoteMismatch => Self::NoteMismatch,
			Reason::NoBond => Self::NoBond,
			Reason::NotServed => Self::NotServed,
		}
	}
}

/// How a dispute is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Decision {
	/// The seller did what it had to: it is paid, the deposit is burned.
	Completed,
	/// Nobody is to blame: each gets back what it put up.
	Refunded,
	/// The seller cheated: the buyer gets total and deposit, the bond is forfeited, the seller barred.
	Penalised,
}

impl From<Decision> for Verdict {
	fn from(decision: Decision) -> Self {
		match decision {
			Decision::Completed => Self::Completed,
			Decision::Refunded => Self::Refunded,
			Decision::Penalised => Self::Penalised,
		}
	}
}

/// The state of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
	/// The seller has not answered.
	Placed,
	/// The seller accepted.
	Accepted,
	/// The seller shipped.
	Shipped,
	/// Confirmed, by the buyer, by time or by a decision.
	Completed,
	/// Cancelled, declined, lapsed, or refunded after a dispute.
	Refunded,
	/// The buyer disputes it.
	Disputed,
	/// Not shipped in time, or decided so.
	Penalised,
}

impl From<State> for OrderState {
	fn from(state: State) -> Self {
		match state {
			State::Placed => Self::Placed,
			State::Accepted => Self::Accepted,
			State::Shipped => Self::Shipped,
			State::Completed => Self::Completed,
			State::Refunded => Self::Refunded,
			State::Disputed => Self::Disputed,
			State::Penalised => Self::Penalised,
		}
	}
}
