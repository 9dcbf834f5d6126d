//! What a seller changes about its listings.

use futures::future::try_join;
use pallet_ecommerce::{Call, ListingId};
use rand_core::OsRng;
use veilmart_runtime::AccountId;
use veilmart_wallet::opening::OpenedListing;

use super::{bodies, calls::no_listing, Done, Session};
use crate::error::Result;

impl Session {
	/// Sets another price for an own listing. Those who were quoted the old one need a new quote.
	pub async fn reprice(&self, listing: u64, price: u64) -> Result<Done<ListingId<AccountId>>> {
		let _turn = self.turn().await?;
		let (seq, opened) = self.offered(listing).await?;
		let call = self.wallet.reprice(seq, &opened, price, &mut OsRng)?;
		self.send(bodies::reprice(call)?, self.own_listing(listing)).await
	}

	/// Adds pieces to the stock of an own listing.
	pub async fn restock(&self, listing: u64, pieces: u64) -> Result<Done<ListingId<AccountId>>> {
		let _turn = self.turn().await?;
		let (seq, opened) = self.offered(listing).await?;
		let call = self.wallet.restock(seq, &opened, pieces, &mut OsRng)?;
		self.send(bodies::restock(call)?, self.own_listing(listing)).await
	}

	/// Takes an own listing away. What was ordered and not accepted yet cannot be accepted any more.
	pub async fn delist(&self, listing: u64) -> Result<Done<ListingId<AccountId>>> {
		let _turn = self.turn().await?;
		let id = self.own_listing(listing);
		let (stored, seq) = try_join(self.chain.listing(&id, None), self.seq()).await?;
		// One that does not open any more can be taken away, too.
		stored.ok_or_else(|| no_listing(&id))?;
		self.send(Call::delist { seq, listing }, id).await
	}

	/// The sequence number, and an own listing as it is in the same block, which is final: the chain does not compare the note that
	/// is left beside price and stock with what is there.
	async fn offered(&self, listing: u64) -> Result<(u64, OpenedListing)> {
		let (at, _) = self.settled().await?;
		let id = self.own_listing(listing);
		let stored = self.chain.listing(&id, Some(at));
		let (stored, state) = try_join(stored, self.chain.account(&self.id, Some(at))).await?;
		let stored = stored.ok_or_else(|| no_listing(&id))?;
		Ok((state.seq, self.open_listing(&id, stored)?))
	}

	pub(crate) fn own_listing(&self, seq: u64) -> ListingId<AccountId> {
		ListingId {
			seller: self.id.clone(),
			seq,
		}
	}
}
