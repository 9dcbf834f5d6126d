//! An account on a chain: one method for each thing that it can do.
//!
//! A session reads the account's state from the best block, opens what it needs, has the wallet check and prove, signs,
//! sends, and waits until the transaction has happened (final, unless told otherwise). It keeps no state of the ledger
//! between calls, so several programs may act for one account, one after the other. Calls of one session wait for each
//! other, and a call waits until transactions of the account that are already in the node's pool are in a block:
//! the next proof is about the balance that they leave behind. A [`Pipeline`] makes calls in a row without such waiting.
//!
//! What the wallet can see by itself (too little money, a changed price, a note that does not fit) is an
//! [`Error::Wallet`] before anything is sent.
//!
//! The one thing that is kept is the index of the account's view key, read when the session opens. Who changes the view
//! key opens a new session.

mod bodies;
mod calls;
mod disputes;
mod history;
mod money;
mod offers;
mod pipeline;
mod reading;
mod recovery;

pub use calls::{Done, NewListing};
pub use history::Entry;
pub use pipeline::{Announce, Numbers, Outcome, Pipeline};
pub use reading::{
	Holdings, ListingContents, OpenCredit, OpenListing, OpenOrder, OpenQuote, OpenRedemption, OrderContents,
	QuoteContents, Side,
};

use futures::lock::Mutex;
use veilmart_paillier::PublicKey;
use veilmart_runtime::AccountId;
use veilmart_wallet::Wallet;

use crate::{
	account::Account,
	chain::Chain,
	chain_key,
	error::{Error, Result},
	transaction::Until,
};

/// An account on a chain.
pub struct Session {
	chain: Chain,
	account: Account,
	id: AccountId,
	wallet: Wallet,
	view_index: u32,
	until: Until,
	turn: Mutex<()>,
}

impl Session {
	/// A session under the key that the node reports, `h_s` derived anew, which is to trust the node: whoever made
	/// the modulus reads everything. For a node of one's own; [`Session::open_with_key`] is for any other.
	pub async fn open(chain: Chain, account: Account) -> Result<Self> {
		let key = chain_key::reported(&chain).await?;
		Self::open_with_key(chain, account, key).await
	}

	/// A session under a key that the caller trusts, such as one that [`crate::chain_key::Pins`] vouches for.
	pub async fn open_with_key(chain: Chain, account: Account, key: PublicKey) -> Result<Self> {
		let id = account.id();
		let record = chain
			.certificate(&id, None)
			.await?
			.and_then(|certificate| certificate.view_key);
		let index = record.map_or(0, |record| record.index);
		if record.is_some_and(|record| account.view_key(index).ok() != Some(record.key)) {
			return Err(Error::wallet(format!(
				"The view key in the certificate, number {index}, is not the one that this account derives: somebody else \
				could read its notes. Register the next one with `veilmart certificate view-key --rotate`."
			)));
		}
		let wallet = Wallet::new(account.keys(), key, chain.genesis().0)?.with_view_index(index);
		Ok(Self {
			chain,
			account,
			id,
			wallet,
			view_index: index,
			until: Until::Finalized,
			turn: Mutex::new(()),
		})
	}

	/// The same session once the account's view key has changed.
	pub async fn reopened(&self) -> Result<Self> {
		let key = self.wallet.public_key().clone();
		let new = Self::open_with_key(self.chain.clone(), self.account.clone(), key).await?;
		Ok(new.with_until(self.until))
	}

	/// What calls wait for; [`Until::Finalized`] unless said otherwise.
	pub fn with_until(mut self, until: Until) -> Self {
		self.until = until;
		self
	}

	/// The chain.
	pub fn chain(&self) -> &Chain {
		&self.chain
	}

	/// The account.
	pub fn account(&self) -> &Account {
		&self.account
	}

	/// The account's identity.
	pub fn id(&self) -> &AccountId {
		&self.id
	}

	/// The number of the view key that the account had when the session was opened. Notes that are sealed to a later one do
	/// not open here.
	pub fn view_index(&self) -> u32 {
		self.view_index
	}

	/// The wallet, for what no method here does.
	pub fn wallet(&self) -> &Wallet {
		&self.wallet
	}
}

impl core::fmt::Debug for Session {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Session({})", self.account.address())
	}
}
