//! The way of an order: list, quote, order, cancel, accept, decline, ship, confirm.

use crate::{
	outcome::Refusal,
	types::{
		listing_name, order_name, Credit, CreditId, CreditKind, DeclineReason, Listing, ListingId, Order,
		OrderState, Owned, Proof, Quote, Salt, SealedNote,
	},
	Balances, Ciphertext, Config, CurrentTerms, Error, Event, Incoming, Listings, Orders, OrdersOfSeller,
	Pallet,
};
use frame_support::{ensure, traits::Time};
use pallet_certificates::{OrderId, Role};
use veilmart_confidential::{
	statements::{self, AcceptParts, OrderParts},
	Statement, PARAMETER_SET,
};

/// The arguments of `list` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct List {
	pub(crate) price: Ciphertext,
	pub(crate) stock: Ciphertext,
	pub(crate) commodity: Ciphertext,
	pub(crate) own_note: SealedNote,
}

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
	fn listing(id: &ListingId<T::AccountId>) -> Result<Listing, Error<T>> {
		Listings::<T>::get(&id.seller, id.seq).ok_or(Error::<T>::NoSuchListing)
	}

	/// The order, if it is in this state.
	fn order_in(id: &OrderId<T::AccountId>, state: OrderState) -> Result<Order<T::AccountId>, Error<T>> {
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

	/// Writes an order back in its next state.
	fn advance(id: &OrderId<T::AccountId>, mut order: Order<T::AccountId>, state: OrderState) {
		order.state = state;
		order.since = T::Time::now();
		Orders::<T>::insert(&id.buyer, id.seq, order);
	}

	/// Credits something that comes out of an order's escrow. Never refused and never capped.
	fn credit(
		order: &mut Order<T::AccountId>,
		id: &OrderId<T::AccountId>,
		to: &T::AccountId,
		kind: CreditKind,
		amount: Ciphertext,
	) {
		order.open_credits = order.open_credits.saturating_add(1);
		let credit = CreditId {
			creator: id.buyer.clone(),
			seq: id.seq,
			kind,
		};
		Incoming::<T>::insert(to, credit, Credit { amount, note: None });
	}

	pub(crate) fn list_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &List,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Seller)?;
		Self::ensure_room_for_listing(who)?;
		Ok(statements::list(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			parts.price.as_ref(),
			parts.stock.as_ref(),
			parts.commodity.as_ref(),
			parts.own_note.hash(),
		))
	}

	pub(crate) fn do_list(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: List,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::list_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let List {
			price,
			stock,
			commodity,
			own_note,
		} = parts;
		Self::raise_sequence(who);
		Self::count_listing(who);
		Listings::<T>::insert(
			who,
			seq,
			Listing {
				price,
				version: 0,
				price_seq: seq,
				price_salt: salt,
				stock,
				commodity,
				salt,
				note: own_note,
			},
		);
		Self::deposit_event(Event::Listed {
			listing: ListingId {
				seller: who.clone(),
				seq,
			},
		});
		Ok(())
	}

	pub(crate) fn do_quote(
		who: &T::AccountId,
		seq: u64,
		listing: u64,
		buyer: T::AccountId,
		note: SealedNote,
	) -> Result<(), Error<T>> {
		Self::ensure_role(who, Role::Seller)?;
		ensure!(buyer != *who, Error::<T>::SelfDealing);
		ensure!(
			Self::ensure_role(&buyer, Role::Buyer).is_ok(),
			Error::<T>::CounterpartyNotCertified
		);
		let id = ListingId {
			seller: who.clone(),
			seq: listing,
		};
		let version = Self::listing(&id)?.version;
		Self::ensure_room_for_quote(&buyer, &id)?;
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Self::put_quote(&buyer, &id, Quote { version, note });
		Self::deposit_event(Event::Quoted {
			listing: id,
			buyer,
			version,
		});
		Ok(())
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
		Orders::<T>::insert(
			who,
			seq,
			Order {
				listing: name.clone(),
				version,
				price_seq: listing.price_seq,
				price_salt: listing.price_salt,
				quantity,
				total,
				terms: CurrentTerms::<T>::get(),
				state: OrderState::Placed,
				since: T::Time::now(),
				salt,
				note,
				own_note,
				quote,
				open_credits: 0,
			},
		);
		Self::deposit_event(Event::Placed {
			order: id,
			listing: name,
		});
		Ok(())
	}

	/// S to the buyer's incoming, out of state `Placed`.
	fn refund(id: &OrderId<T::AccountId>, mut order: Order<T::AccountId>) {
		let total = order.total.clone();
		Self::credit(&mut order, id, &id.buyer, CreditKind::Refund, total);
		Self::advance(id, order, OrderState::Refunded);
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
		Self::advance(&id, order, OrderState::Accepted);
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
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Self::advance(&id, order, OrderState::Shipped);
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
		let mut order = Self::order_in(&id, OrderState::Shipped)?;
		Self::ensure_sequence(who, seq)?;
		let bond = Self::product([(&order.total, order.terms.bond_multiple)])?;
		let seller = order.listing.seller.clone();
		let total = order.total.clone();
		Self::raise_sequence(who);
		Self::credit(&mut order, &id, &seller, CreditKind::Proceeds, total);
		Self::credit(&mut order, &id, &seller, CreditKind::Bond, bond);
		Self::advance(&id, order, OrderState::Completed);
		Self::deposit_event(Event::Completed { order: id, seller });
		Ok(())
	}
}
