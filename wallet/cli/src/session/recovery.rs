//! Openings that were lost, found again with what the certificate authority told.

use pallet_ecommerce::{ListingId, RefreshTarget};
use rand_core::OsRng;
use veilmart_runtime::{AccountId, Hash};
use veilmart_wallet::{market::RefreshCall, recovery::Letter, state, WalletError};

use super::{calls::no_listing, money::no_credit, Done, Session};
use crate::{
	convert,
	error::{Error, Result},
};

impl Session {
	/// Makes use of a recovery letter: checks it against the ledger and refreshes what it opens, so that the account's
	/// own note opens it from then on. Nothing is sent if the letter is not true, or not of today.
	pub async fn recover(&self, letter: &Letter) -> Result<Done<RefreshTarget<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let target = match letter.target {
			state::RefreshTarget::Balance => RefreshTarget::Balance,
			state::RefreshTarget::Credit(name) => RefreshTarget::Credit(convert::credit_id(&name)),
			state::RefreshTarget::Stock(name) if name.seller == convert::bytes(&self.id) => {
				RefreshTarget::Stock(name.seq)
			}
			state::RefreshTarget::Stock(_) => return Err(WalletError::NotYours.into()),
		};
		let call = self.recovery_call(letter, &target, at).await?;
		self.send_refresh(call, target).await
	}

	async fn recovery_call(
		&self,
		letter: &Letter,
		target: &RefreshTarget<AccountId>,
		at: Hash,
	) -> Result<RefreshCall> {
		let state = self.chain.account(&self.id, Some(at)).await?;
		let (wallet, seq) = (&self.wallet, state.seq);
		Ok(match target {
			RefreshTarget::Balance => {
				let known = wallet.recovered(letter, &state.balance.ciphertext)?;
				wallet.refresh_balance(seq, &known, &mut OsRng)?
			}
			RefreshTarget::Credit(id) => {
				let incoming = self.chain.incoming(&self.id, Some(at)).await?;
				let (_, stored) = incoming
					.into_iter()
					.find(|(found, _)| found == id)
					.ok_or_else(|| no_credit(id))?;
				let known = wallet.recovered(letter, &stored.amount)?;
				wallet.refresh_credit(seq, convert::credit_name(id), &known, &mut OsRng)?
			}
			RefreshTarget::Stock(number) => {
				let id = ListingId {
					seller: self.id.clone(),
					seq: *number,
				};
				let stored = self.chain.listing(&id, Some(at)).await?;
				let stored = stored.ok_or_else(|| no_listing(&id))?;
				let known = wallet.recovered(letter, &stored.stock)?;
				let listing = convert::listing(&id, stored);
				let (price, item) = (letter.price, letter.commodity);
				wallet
					.refresh_lost_stock(seq, &listing, price, item, &known, &mut OsRng)
					.map_err(|error| {
						match error {
						WalletError::NoteMismatch => Error::wallet(
							"The letter's price or item code is not the listing's: the price has changed since, or the letter \
							is not true; ask the certificate authority again.",
						),
						error => error.into(),
					}
					})?
			}
		})
	}
}
