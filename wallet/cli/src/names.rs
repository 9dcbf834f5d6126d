//! How people name accounts, listings, orders and credits.
//!
//! An account is an SS58 address, a name in the keystore, or a development key like `//Alice`. Listings and orders are
//! `ACCOUNT:NUMBER`: who made them, and in which call of that account. Before a credit's name stands what it is:
//! `transfer:ACCOUNT:NUMBER`.

use pallet_certificates::OrderId;
use pallet_ecommerce::{CreditId, CreditKind, ListingId, OrderState, RedemptionId};
use veilmart_runtime::AccountId;

use crate::{
	account::{address, parse_public},
	error::{Error, Result},
	keystore::Keystore,
};

/// Looks names up.
#[derive(Clone, Debug)]
pub struct Names {
	keystore: Keystore,
}

impl Names {
	/// Names of this keystore, beside addresses and development keys.
	pub fn new(keystore: Keystore) -> Self {
		Self { keystore }
	}

	/// The account that is meant.
	pub fn account(&self, text: &str) -> Result<AccountId> {
		if let Some(id) = parse_public(text) {
			return Ok(id);
		}
		if self.keystore.contains(text) {
			return self.keystore.account_id(text);
		}
		Err(Error::usage(format!(
			"\"{text}\" is neither an address nor an account in the keystore nor a development key."
		)))
	}

	fn numbered(&self, text: &str, what: &str) -> Result<(AccountId, u64)> {
		let wrong = || Error::usage(format!("\"{text}\" names no {what}; write it like //Alice:3"));
		let (account, number) = text.rsplit_once(':').ok_or_else(wrong)?;
		Ok((self.account(account)?, number.parse().map_err(|_| wrong())?))
	}

	/// The listing that is meant.
	pub fn listing(&self, text: &str) -> Result<ListingId<AccountId>> {
		let (seller, seq) = self.numbered(text, "listing")?;
		Ok(ListingId { seller, seq })
	}

	/// The order that is meant.
	pub fn order(&self, text: &str) -> Result<OrderId<AccountId>> {
		let (buyer, seq) = self.numbered(text, "order")?;
		Ok(OrderId { buyer, seq })
	}

	/// The redemption that is meant.
	pub fn redemption(&self, text: &str) -> Result<RedemptionId<AccountId>> {
		let (holder, seq) = self.numbered(text, "redemption")?;
		Ok(RedemptionId { holder, seq })
	}

	/// The credit that is meant.
	pub fn credit(&self, text: &str) -> Result<CreditId<AccountId>> {
		let wrong = || {
			Error::usage(format!(
				"\"{text}\" names no credit; write it like transfer://Alice:3, as `veilmart balance` shows it"
			))
		};
		let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
		let kind = CREDIT_KINDS
			.into_iter()
			.find(|known| credit_kind(*known) == kind)
			.ok_or_else(wrong)?;
		let (creator, seq) = self.numbered(rest, "credit")?;
		Ok(CreditId { creator, seq, kind })
	}
}

/// All that a credit can be.
const CREDIT_KINDS: [CreditKind; 8] = [
	CreditKind::Issued,
	CreditKind::Refund,
	CreditKind::Proceeds,
	CreditKind::Bond,
	CreditKind::Share,
	CreditKind::Deposit,
	CreditKind::Transfer,
	CreditKind::Returned,
];

/// A listing's name.
pub fn show_listing(id: &ListingId<AccountId>) -> String {
	format!("{}:{}", address(&id.seller), id.seq)
}

/// An order's name.
pub fn show_order(id: &OrderId<AccountId>) -> String {
	format!("{}:{}", address(&id.buyer), id.seq)
}

/// A credit's name: what it is and what made it.
pub fn show_credit(id: &CreditId<AccountId>) -> String {
	format!("{}:{}:{}", credit_kind(id.kind), address(&id.creator), id.seq)
}

/// A redemption's name.
pub fn show_redemption(id: &RedemptionId<AccountId>) -> String {
	format!("{}:{}", address(&id.holder), id.seq)
}

/// One word for what a credit is.
pub fn credit_kind(kind: CreditKind) -> &'static str {
	match kind {
		CreditKind::Issued => "issued",
		CreditKind::Refund => "refund",
		CreditKind::Proceeds => "proceeds",
		CreditKind::Bond => "bond",
		CreditKind::Share => "share",
		CreditKind::Deposit => "deposit",
		CreditKind::Transfer => "transfer",
		CreditKind::Returned => "returned",
	}
}

/// One word for the state of an order.
pub fn order_state(state: OrderState) -> &'static str {
	match state {
		OrderState::Placed => "placed",
		OrderState::Accepted => "accepted",
		OrderState::Shipped => "shipped",
		OrderState::Completed => "completed",
		OrderState::Refunded => "refunded",
		OrderState::Disputed => "disputed",
		OrderState::Penalised => "penalised",
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::account::Account;

	#[test]
	fn names_round_trip() {
		let folder = tempfile::tempdir().unwrap();
		let names = Names::new(Keystore::new(folder.path()));
		let alice = Account::development("//Alice").unwrap().id();
		let listing = ListingId {
			seller: alice.clone(),
			seq: 3,
		};
		assert_eq!(names.listing("//Alice:3").unwrap(), listing);
		assert_eq!(names.listing(&show_listing(&listing)).unwrap(), listing);
		let order = OrderId {
			buyer: alice,
			seq: u64::MAX,
		};
		assert_eq!(names.order(&show_order(&order)).unwrap(), order);
		let redemption = RedemptionId {
			holder: order.buyer.clone(),
			seq: 9,
		};
		assert_eq!(
			names.redemption(&show_redemption(&redemption)).unwrap(),
			redemption
		);
		for kind in CREDIT_KINDS {
			let credit = CreditId {
				creator: order.buyer.clone(),
				seq: 5,
				kind,
			};
			assert_eq!(names.credit(&show_credit(&credit)).unwrap(), credit);
		}
		assert_eq!(
			names.credit("transfer://Alice:5").unwrap().creator,
			order.buyer,
			"the colon is not that of the kind"
		);
	}

	#[test]
	fn what_names_nothing_is_refused() {
		let folder = tempfile::tempdir().unwrap();
		let names = Names::new(Keystore::new(folder.path()));
		for text in [
			"",
			"3",
			"//Alice",
			"//Alice:",
			"//Alice:x",
			"nobody:3",
			":3",
			"//Alice:-1",
		] {
			assert!(
				matches!(names.order(text), Err(Error::Usage(_))),
				"{text:?} passed for an order"
			);
			for text in [
				text.to_owned(),
				format!("transfer:{text}"),
				format!("money:{text}"),
			] {
				assert!(
					matches!(names.credit(&text), Err(Error::Usage(_))),
					"{text:?} passed for a credit"
				);
			}
		}
	}

	#[test]
	fn keystore_names_work() {
		let folder = tempfile::tempdir().unwrap();
		let keystore = Keystore::new(folder.path());
		let (account, words) = Account::generate().unwrap();
		keystore
			.add("shop", &words, &crate::keystore::PassphraseSource::known("x"))
			.unwrap();
		assert_eq!(Names::new(keystore).order("shop:1").unwrap().buyer, account.id());
	}
}
