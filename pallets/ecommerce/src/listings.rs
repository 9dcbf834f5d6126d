//! What is for sale: list, quote, reprice, restock, delist.
//!
//! A price has a version, and an order is for one version: who ordered at the old price is refused with that reason and never
//! charged the new one. What was ordered before keeps its price, because the total is in escrow.
//!
//! `delist` takes a listing away at once. Orders that were placed from it cannot be accepted any more: the seller declines
//! them, the buyer cancels them, or their deadline refunds them. Accepted ones need the listing no more. The quotes for it are
//! removed by the agenda, some in each block.

use crate::{
	outcome::Refusal,
	types::{listing_name, Listing, ListingId, Proof, Quote, Salt, SealedNote},
	Ciphertext, Config, Delisted, Error, Event, Listings, Pallet, QuotedBuyers,
};
use frame_support::ensure;
use pallet_certificates::Role;
use veilmart_confidential::{statements, Statement, PARAMETER_SET};

/// The arguments of `list` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct List {
	pub(crate) price: Ciphertext,
	pub(crate) stock: Ciphertext,
	pub(crate) commodity: Ciphertext,
	pub(crate) own_note: SealedNote,
}

/// The arguments of `reprice` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Reprice {
	pub(crate) listing: u64,
	pub(crate) version: u32,
	pub(crate) price: Ciphertext,
	pub(crate) own_note: SealedNote,
}

/// The arguments of `restock` besides sequence, salt and proof.
#[derive(Clone)]
pub(crate) struct Restock {
	pub(crate) listing: u64,
	pub(crate) version: u32,
	pub(crate) delivery: Ciphertext,
	pub(crate) own_note: SealedNote,
}

impl<T: Config> Pallet<T> {
	/// A listing.
	pub(crate) fn listing(id: &ListingId<T::AccountId>) -> Result<Listing, Error<T>> {
		Listings::<T>::get(&id.seller, id.seq).ok_or(Error::<T>::NoSuchListing)
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

	/// The caller's own listing with this number.
	fn own_listing(who: &T::AccountId, seq: u64) -> Result<(ListingId<T::AccountId>, Listing), Error<T>> {
		let id = ListingId {
			seller: who.clone(),
			seq,
		};
		let listing = Self::listing(&id)?;
		Ok((id, listing))
	}

	pub(crate) fn reprice_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Reprice,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Seller)?;
		let (id, _) = Self::own_listing(who, parts.listing)?;
		Ok(statements::reprice(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			listing_name(&id),
			parts.version,
			parts.price.as_ref(),
			parts.own_note.hash(),
		))
	}

	/// The new version is the one after that on the ledger. There are as many as a seller can set in decades.
	pub(crate) fn reprice_identity(who: &T::AccountId, parts: &Reprice) -> Result<(), Error<T>> {
		let (_, listing) = Self::own_listing(who, parts.listing)?;
		ensure!(
			listing.version.checked_add(1) == Some(parts.version),
			Error::<T>::PriceChanged
		);
		Ok(())
	}

	pub(crate) fn do_reprice(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Reprice,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::reprice_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::reprice_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let (id, mut listing) = Self::own_listing(who, parts.listing)?;
		Self::raise_sequence(who);
		listing.price = parts.price;
		listing.version = parts.version;
		listing.price_seq = seq;
		listing.price_salt = salt;
		listing.note = parts.own_note;
		Listings::<T>::insert(who, id.seq, listing);
		Self::deposit_event(Event::Repriced {
			listing: id,
			version: parts.version,
		});
		Ok(())
	}

	pub(crate) fn restock_statement(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: &Restock,
	) -> Result<Statement, Error<T>> {
		Self::ensure_role(who, Role::Seller)?;
		let (id, _) = Self::own_listing(who, parts.listing)?;
		Ok(statements::restock(
			PARAMETER_SET,
			&Self::context(who, seq, salt),
			listing_name(&id),
			parts.version,
			parts.delivery.as_ref(),
			parts.own_note.hash(),
		))
	}

	/// The version is that on the ledger: the note beside the stock says which price it is for.
	pub(crate) fn restock_identity(who: &T::AccountId, parts: &Restock) -> Result<(), Error<T>> {
		let (_, listing) = Self::own_listing(who, parts.listing)?;
		ensure!(listing.version == parts.version, Error::<T>::PriceChanged);
		Ok(())
	}

	pub(crate) fn do_restock(
		who: &T::AccountId,
		seq: u64,
		salt: Salt,
		parts: Restock,
		proof: &Proof,
	) -> Result<(), Refusal<T>> {
		let statement = Self::restock_statement(who, seq, salt, &parts)?;
		Self::ensure_sequence(who, seq)?;
		Self::restock_identity(who, &parts)?;
		Self::ensure_proved(&statement, proof).map_err(Refusal::by_verifier)?;
		let (id, mut listing) = Self::own_listing(who, parts.listing)?;
		listing.stock = Self::product([(&listing.stock, 1), (&parts.delivery, 1)])?;
		listing.note = parts.own_note;
		Self::raise_sequence(who);
		Listings::<T>::insert(who, id.seq, listing);
		Self::deposit_event(Event::Restocked { listing: id });
		Ok(())
	}

	pub(crate) fn do_delist(who: &T::AccountId, seq: u64, listing: u64) -> Result<(), Error<T>> {
		Self::ensure_known(who)?;
		let (id, _) = Self::own_listing(who, listing)?;
		Self::ensure_sequence(who, seq)?;
		Self::raise_sequence(who);
		Listings::<T>::remove(who, listing);
		Self::discount_listing(who);
		if QuotedBuyers::<T>::iter_key_prefix(&id).next().is_some() {
			Delisted::<T>::insert(&id, ());
		}
		Self::deposit_event(Event::Delisted { listing: id });
		Ok(())
	}
}
