//! What the certificate authority reads with its key for somebody who is named, and the record of it on the chain.
//!
//! The rule: first the ciphertexts are read from a final block, then it is recorded on chain that they will be
//! decrypted, and only when that record is final they are. So whatever was read is on record, also if the program ends
//! in between. The record names an order or an account, never a number.
//!
//! It binds whoever uses this program. Nothing can keep the holder of the key from decrypting without it.

use pallet_certificates::OrderId;
use pallet_ecommerce::{Call, Ciphertext, Disclosure, Event, ListingId, Order};
use serde_json::{json, Value};
use veilmart_paillier::SecretKey;
use veilmart_runtime::{AccountId, Hash, Runtime, RuntimeCall, RuntimeEvent};
use veilmart_wallet::{recovery::Letter, state::RefreshTarget};

use crate::{
	account::{address, Account},
	amount, ca,
	chain::Chain,
	commodity, convert,
	error::{Error, Result},
	names::{order_state, show_credit, show_listing, show_order},
	output::Report,
	transaction::{Included, Until},
};

/// Records that the certificate authority reads something; final when this returns.
pub async fn record(chain: &Chain, authority: &Account, subject: Disclosure<AccountId>) -> Result<Included> {
	let call = RuntimeCall::Ecommerce(Call::record_disclosure {
		subject: subject.clone(),
	});
	let included = chain.submit_and_watch(authority, call, Until::Finalized).await?;
	let wanted = RuntimeEvent::Ecommerce(Event::<Runtime>::Disclosed { subject });
	if included.events.contains(&wanted) {
		Ok(included)
	} else {
		Err(Error::node(format!(
			"Block {:?} holds the transaction and does not say that the disclosure was recorded.",
			included.block
		)))
	}
}

/// An order as the ledger holds it, with what belongs to it elsewhere.
#[derive(Clone, Debug)]
pub struct SealedOrder {
	id: OrderId<AccountId>,
	order: Order<AccountId>,
	/// The item code; `None` once the listing is gone.
	commodity: Option<Ciphertext>,
}

/// What is in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPlain {
	/// Pieces.
	pub quantity: u64,
	/// The total, in minor units.
	pub total: u64,
	/// The price of one piece, in minor units: the total is proved to be a multiple of the quantity.
	pub price: Option<u64>,
	/// The item code; `None` if the listing is gone, which alone holds it.
	pub commodity: Option<u64>,
	/// The seller's bond in escrow, in minor units.
	pub bond: Option<u128>,
	/// The deposit of a dispute in escrow, in minor units.
	pub deposit: Option<u64>,
}

impl SealedOrder {
	/// Reads an order and its listing at a block.
	pub async fn read(chain: &Chain, id: &OrderId<AccountId>, at: Hash) -> Result<Self> {
		let order = chain.order(id, Some(at)).await?.ok_or_else(|| {
			Error::wallet(format!(
				"There is no order {} (any more): the ledger keeps an order until what came out of it is collected.",
				show_order(id)
			))
		})?;
		let listing = chain.listing(&order.listing, Some(at)).await?;
		Ok(Self {
			id: id.clone(),
			commodity: listing.map(|listing| listing.commodity),
			order,
		})
	}

	/// Decrypts it.
	pub fn decrypt(&self, secret: &SecretKey) -> Result<OrderPlain> {
		let open = |ciphertext: &Ciphertext| ca::decrypt(secret, ciphertext.as_ref());
		let order = &self.order;
		let (quantity, total) = (open(&order.quantity)?, open(&order.total)?);
		let price = total
			.checked_div(quantity)
			.filter(|price| u128::from(*price) * u128::from(quantity) == u128::from(total));
		let bond = u128::from(total) * u128::from(order.terms.bond_multiple);
		Ok(OrderPlain {
			quantity,
			total,
			price,
			commodity: self.commodity.as_ref().map(open).transpose()?,
			bond: order.state.holds_bond().then_some(bond),
			deposit: order.state.holds_deposit().then_some(total),
		})
	}

	/// What is in it, as it is printed.
	pub fn report(&self, plain: &OrderPlain) -> Report {
		let (name, listing) = (show_order(&self.id), show_listing(&self.order.listing));
		let state = order_state(self.order.state);
		let item = plain.commodity.map(commodity::decode);
		let price = plain.price.map(amount::show);
		let mut text = format!(
			"Order     {name}\nState     {state}\nListing   {listing}\nItem      {}\nPieces    {}\nPrice     {}\nTotal     {}",
			item.as_deref().unwrap_or("not known any more: the listing is gone"),
			plain.quantity,
			price.as_deref().unwrap_or("none: the total is no multiple of the pieces"),
			amount::show(plain.total)
		);
		let mut json = json!({
			"order": name,
			"state": state,
			"listing": listing,
			"item": item,
			"quantity": plain.quantity,
			"price": price,
			"total": amount::show(plain.total),
		});
		let held = [
			("Bond", "bond", plain.bond),
			("Deposit", "deposit", plain.deposit.map(u128::from)),
		];
		for (label, name, held) in held {
			let held = held.map(amount::show_wide);
			if let Some(held) = &held {
				text += &format!("\n{label:<9} {held}, in escrow");
			}
			json[name] = json!(held);
		}
		Report::new(text, json)
	}
}

/// Something that its owner cannot open, as the ledger holds it.
#[derive(Clone, Debug)]
pub struct Lost {
	target: RefreshTarget,
	ciphertext: Ciphertext,
	/// Of a stock: price and item code, which the note beside it held, too.
	of_listing: Option<(Ciphertext, Ciphertext)>,
	/// The owner's view key.
	view_key: [u8; 32],
}

impl Lost {
	/// Reads it, and the owner's view key, at a block.
	pub async fn read(
		chain: &Chain,
		owner: &AccountId,
		what: &pallet_ecommerce::RefreshTarget<AccountId>,
		at: Hash,
	) -> Result<Self> {
		use pallet_ecommerce::RefreshTarget as What;
		let certificate = chain.certificate(owner, Some(at)).await?;
		let record = certificate
			.ok_or_else(|| Error::no_certificate(owner))?
			.view_key
			.ok_or_else(|| {
				Error::wallet(format!(
					"{} has not registered a view key, so nothing can be sealed to it; its owner has to run `veilmart certificate view-key` first.",
					address(owner)
				))
			})?;
		let mut of_listing = None;
		let (target, ciphertext) = match what {
			What::Balance => {
				let state = chain.account(owner, Some(at)).await?;
				(RefreshTarget::Balance, state.balance.ciphertext)
			}
			What::Credit(id) => {
				let incoming = chain.incoming(owner, Some(at)).await?;
				let found = incoming.into_iter().find(|(found, _)| found == id);
				let (_, credit) = found.ok_or_else(|| {
					Error::wallet(format!(
						"No credit {} waits for {}.",
						show_credit(id),
						address(owner)
					))
				})?;
				(RefreshTarget::Credit(convert::credit_name(id)), credit.amount)
			}
			What::Stock(number) => {
				let id = ListingId {
					seller: owner.clone(),
					seq: *number,
				};
				let listing = chain.listing(&id, Some(at)).await?.ok_or_else(|| {
					Error::wallet(format!("There is no listing {} (any more).", show_listing(&id)))
				})?;
				of_listing = Some((listing.price, listing.commodity));
				(RefreshTarget::Stock(convert::listing_name(&id)), listing.stock)
			}
		};
		Ok(Self {
			target,
			ciphertext,
			of_listing,
			view_key: *record.key.as_bytes(),
		})
	}

	/// The owner's view key at that block.
	pub fn view_key(&self) -> &[u8; 32] {
		&self.view_key
	}

	/// Decrypts it, for the owner.
	pub fn decrypt(&self, secret: &SecretKey) -> Result<Letter> {
		let open = |ciphertext: &Ciphertext| ca::decrypt(secret, ciphertext.as_ref());
		let (price, commodity) = match &self.of_listing {
			Some((price, commodity)) => (open(price)?, open(commodity)?),
			None => (0, 0),
		};
		let root = secret
			.root_of(self.ciphertext.as_ref())
			.map_err(|error| Error::wallet(format!("This cannot be decrypted: {error}.")))?
			.ok_or_else(|| {
				Error::wallet("This key has no roots: the modulus shares a factor with its totient.")
			})?;
		Ok(Letter {
			target: self.target,
			ciphertext: self.ciphertext.clone(),
			value: open(&self.ciphertext)?,
			price,
			commodity,
			root,
		})
	}
}

/// Where the record stands, for a report; null if nothing was recorded.
pub fn record_json(record: Option<&Included>) -> Value {
	record.map_or(
		Value::Null,
		|record| json!({ "transaction": record.transaction, "block": record.block }),
	)
}
