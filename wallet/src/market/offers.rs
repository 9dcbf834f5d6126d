//! What a seller changes about a listing: `reprice`, `restock`.
//!
//! The note beside the listing opens all of it, so both calls write it anew.

use super::*;

impl Wallet {
	/// Sets another price, under the next price version. Who was quoted the old one needs a new quote; what
	/// was ordered before keeps its price.
	pub fn reprice(
		&self,
		seq: u64,
		listing: &OpenedListing,
		price: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RepriceCall, WalletError> {
		self.ensure_own(listing)?;
		if price == 0 {
			return Err(WalletError::ZeroPrice);
		}
		let version = listing.version.checked_add(1).ok_or(WalletError::PriceChanged)?;
		let call = Call::Reprice;
		let salt = self.salt(call.name(), seq, &[price], &[&listing.price.ciphertext], rng);
		let fresh = self.fresh_of(listing.name.seq, call, seq, &salt, Role::Price, price)?;
		let listing = OpenedListing {
			version,
			price: fresh.opened,
			price_seed: fresh.seed,
			..listing.clone()
		};
		let own_note = self.listing_note(NoteCall::Reprice, seq, salt, &listing, rng)?;
		let statement = statements::reprice(
			self.set(),
			&self.context(seq, salt),
			listing.name,
			version,
			listing.price.ciphertext.as_ref(),
			note_hash(&own_note),
		);
		let proof = self.prove(&statement, &[price], &[&listing.price], rng)?;
		Ok(RepriceCall {
			seq,
			salt,
			listing_seq: listing.name.seq,
			version,
			price: listing.price.ciphertext.clone(),
			own_note,
			proof,
			listing,
		})
	}

	/// Adds `pieces` to the stock. Beyond 64 bits the ledger would go on and the wallet could not, so it says
	/// so.
	pub fn restock(
		&self,
		seq: u64,
		listing: &OpenedListing,
		pieces: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RestockCall, WalletError> {
		self.ensure_own(listing)?;
		if pieces == 0 {
			return Err(WalletError::ZeroDelivery);
		}
		let call = Call::Restock;
		let salt = self.salt(call.name(), seq, &[pieces], &[&listing.stock.ciphertext], rng);
		let delivery = self
			.fresh_of(listing.name.seq, call, seq, &salt, Role::Delivery, pieces)?
			.opened;
		let stock = listing
			.stock
			.opening
			.add(&delivery.opening)
			.ok_or(WalletError::TooManyPieces)?;
		let listing = OpenedListing {
			stock: self.encrypt(stock)?,
			..listing.clone()
		};
		let own_note = self.listing_note(NoteCall::Restock, seq, salt, &listing, rng)?;
		let statement = statements::restock(
			self.set(),
			&self.context(seq, salt),
			listing.name,
			listing.version,
			delivery.ciphertext.as_ref(),
			note_hash(&own_note),
		);
		let proof = self.prove(&statement, &[pieces], &[&delivery], rng)?;
		Ok(RestockCall {
			seq,
			salt,
			listing_seq: listing.name.seq,
			version: listing.version,
			delivery: delivery.ciphertext,
			own_note,
			proof,
			listing,
		})
	}

	pub(super) fn ensure_own(&self, listing: &OpenedListing) -> Result<(), WalletError> {
		if listing.name.seller == self.account() {
			Ok(())
		} else {
			Err(WalletError::NotYours)
		}
	}

	/// The note that opens the listing as it is after the call.
	pub(super) fn listing_note(
		&self,
		call: NoteCall,
		seq: u64,
		salt: Salt,
		listing: &OpenedListing,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<SealedNote, WalletError> {
		let values = [
			listing.price.value(),
			listing.stock.value(),
			listing.commodity.value(),
			0,
		];
		self.own_note(call, seq, salt, values, &listing.stock, rng)
	}
}
