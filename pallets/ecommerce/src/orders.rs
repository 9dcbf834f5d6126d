//! The way of an order, as its parties take it: order, cancel, accept, decline, ship, confirm.
//!
//! A seller that comes after the deadline is too late, whether or not the agenda has come to the order by then. A buyer that
//! cancels or confirms after it only does what the deadline does.

use crate::{
	outcome::Refusal,
	types::{
		listing_name, order_name, DeclineReason, ListingId, Order, OrderState, Owned, Proof, Salt, SealedNote,
	},
	Balances, Ciphertext, Config, CurrentTerms, Error, Event, Listings, Orders, OrdersOfSeller, Pallet,
};
use frame_support::ensure;
use pallet_certificates::{OrderId, Role};
use veilmart_confidential::{
	statements::{self, AcceptParts, OrderParts},
	Statement, PARAMETER_SET,
};

/// The arguments of `order` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct PlaceOrder<AccountId> {
	pub(crate) listing: ListingId<AccountId>,
	pub(crate) version: u32,
	pub(crate) quantity: Ciphertext,
	pub(crate) total: Ciphertext,
	pub(crate) balance_after: Ciphertext,
	pub(crate) own_note: SealedNote,
	pub(crate) note: SealedNote,
	pub(crate) quote: SealedNote,
}

/// The arguments of `accept` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Accept<AccountId> {
	pub(crate) order: OrderId<AccountId>,
	pub(crate) stock_after: Ciphertext,
	pub(crate) balance_after: Ciphertext,
	pub(crate) own_note: SealedNote,
	pub(crate) stock_note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// The order, if it is in this state.
	pub(crate) fn order_in(
		id: &OrderId<T::AccountId>,
		state: OrderState,
	) -> Result<Order<T::AccountId>, Error<T>> {
		let order = Orders::<T>::get(&id.buyer, id.seq).ok_or(Error::<T>::NoSuchOrder)?;
		ensure!(order.state == state, Error::<T>::WrongState);
		Ok(order)
	}

	/// The order, if it is in this state and the caller is its seller.
	fn order_of_seller(
		who: &T::AccountId,
		id: &OrderId<T::AccountId>,
		state: OrderState,
	) -> Result<Order<T::AccountId>, Error<T>> {
		let order = Orders::<T>::get(&id.buyer, id.seq).ok_or(Error::<T>::NoSuchOrder)?;
		ensure!(order.listing.seller == *who, Error::<T>::NotYourOrder);
		ensure!(order.state == state, Error::<T>::WrongState);
		Ok(order)
	}

	pub(crate) fn order_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &PlaceOrder<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Buyer)?;
		ensure!(parts.listing.seller != *who, Error::<T>::SelfDealing);
		let listing = Self::listing(&parts.listing)?;
		ensure!(
			Self::ensure_role(&parts.listing.seller, Role::Seller).is_ok(),
			Error::<T>::CounterpartyNotCertified
		);
		ensure!(listing.version == parts.version, Error::<T>::PriceChanged);
		Self::ensure_room_for_order(who)?;
		Ok(statements::order(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			&OrderParts {
				listing: listing_name(&parts.listing),
				version: parts.version,
				terms: CurrentTerms::<T>::get().into(),
				price: listing.price.as_ref(),
				quantity: parts.quantity.as_ref(),
				total: parts.total.as_ref(),
				balance_after: parts.balance_after.as_ref(),
				own_note: parts.own_note.hash(),
				note: parts.note.hash(),
				quote: parts.quote.hash(),
			},
		))
	}

	/// `B = B'·S`.
	pub(crate) fn order_identity(
		who: &T::AccountId,
		parts: &PlaceOrder<T::AccountId>,
	) -> Result<(), Error<T>> {
		Self::ensure_debit(who, &parts.balance_after, (&parts.total, 1))
	}

	pub(crate) fn do_order(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: PlaceOrder<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::order_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::order_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let listing = Self::listing(&parts.listing)?;
		let PlaceOrder {
			listing: name,
			version,
			quantity,
			total,
			balance_after,
			own_note,
			note,
			quote,
		} = parts;
		let id = OrderId {
			buyer: who.clone(),
			seq,
		};
		Self::raise_sequence(who);
		Balances::<T>::insert(
			who,
			Owned {
				ciphertext: balance_after,
				note: Some(own_note.clone()),
			},
		);
		Self::take_quote(who, &name);
		Self::count_order(who);
		OrdersOfSeller::<T>::insert(&name.seller, &id, ());
		let order = Order {
			listing: name.clone(),
			version,
			price_seq: listing.price_seq,
			price_salt: listing.price_salt,
			quantity,
			total,
			terms: CurrentTerms::<T>::get(),
			state: OrderState::Placed,
			since: 0,
			due: None,
			salt,
			note,
			own_note,
			quote,
			open_credits: 0,
		};
		Self::enter(&id, order, OrderState::Placed);
		Self::deposit_event(Event::Placed {
			order: id,
			listing: name,
		});
		Ok(())
	}

	pub(crate) fn do_cancel(who: &T::AccountId, seq: u64, order: u64) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let id = OrderId {
			buyer: who.clone(),
			seq: order,
		};
		let order = Self::order_in(&id, OrderState::Placed)?;
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Self::refund(&id, order);
		Self::deposit_event(Event::Cancelled { order: id });
		Ok(())
	}

	pub(crate) fn accept_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Accept<T::AccountId>,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Seller)?;
		let order = Self::order_of_seller(who, &parts.order, OrderState::Placed)?;
		ensure!(!Self::is_past(order.due), Error::<T>::DeadlinePassed);
		Ok(statements::accept(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			&AcceptParts {
				order: order_name(&parts.order),
				listing: listing_name(&order.listing),
				terms: order.terms.into(),
				quantity: order.quantity.as_ref(),
				total: order.total.as_ref(),
				stock_after: parts.stock_after.as_ref(),
				balance_after: parts.balance_after.as_ref(),
				own_note: parts.own_note.hash(),
				stock_note: parts.stock_note.hash(),
			},
		))
	}

	/// `R = R'·X` and `K = K'·S^10`.
	pub(crate) fn accept_identity(who: &T::AccountId, parts: &Accept<T::AccountId>) -> Result<(), Error<T>> {
		let order = Self::order_of_seller(who, &parts.order, OrderState::Placed)?;
		let stock = Self::listing(&order.listing)?.stock;
		let before = Self::product([(&parts.stock_after, 1), (&order.quantity, 1)])?;
		ensure!(before == stock, Error::<T>::StockMismatch);
		Self::ensure_debit(
			who,
			&parts.balance_after,
			(&order.total, order.terms.bond_multiple),
		)
	}

	pub(crate) fn do_accept(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Accept<T::AccountId>,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::accept_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::accept_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let order = Self::order_of_seller(who, &parts.order, OrderState::Placed)?;
		let mut listing = Self::listing(&order.listing)?;
		let Accept {
			order: id,
			stock_after,
			balance_after,
			own_note,
			stock_note,
		} = parts;
		Self::raise_sequence(who);
		listing.stock = stock_after;
		listing.note = stock_note;
		Listings::<T>::insert(who, order.listing.seq, listing);
		Balances::<T>::insert(
			who,
			Owned {
				ciphertext: balance_after,
				note: Some(own_note),
			},
		);
		Self::enter(&id, order, OrderState::Accepted);
		Self::deposit_event(Event::Accepted {
			order: id,
			seller: who.clone(),
		});
		Ok(())
	}

	pub(crate) fn do_decline(
		who: &T::AccountId,
		seq: u64,
		id: OrderId<T::AccountId>,
		reason: DeclineReason,
	) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let order = Self::order_of_seller(who, &id, OrderState::Placed)?;
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Self::refund(&id, order);
		Self::deposit_event(Event::Declined {
			order: id,
			seller: who.clone(),
			reason,
		});
		Ok(())
	}

	pub(crate) fn do_ship(who: &T::AccountId, seq: u64, id: OrderId<T::AccountId>) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let order = Self::order_of_seller(who, &id, OrderState::Accepted)?;
		// From then on the penalty is due, however long the agenda takes to come to it.
		ensure!(!Self::is_past(order.due), Error::<T>::DeadlinePassed);
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Self::enter(&id, order, OrderState::Shipped);
		Self::deposit_event(Event::Shipped {
			order: id,
			seller: who.clone(),
		});
		Ok(())
	}

	pub(crate) fn do_confirm(who: &T::AccountId, seq: u64, order: u64) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let id = OrderId {
			buyer: who.clone(),
			seq: order,
		};
		let order = Self::order_in(&id, OrderState::Shipped)?;
		Self::ensure_sequence(who, seq)?;
		Self::complete(&id, order)?;
		Self::raise_sequence(who);
		Ok(())
	}
}
