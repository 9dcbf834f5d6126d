//! Money from account to account and out of the ledger, and new nonces for what the account has.

use futures::future::{join, try_join, try_join4};
use pallet_ecommerce::{Call, CreditId, CreditKind, RedemptionId, RefreshTarget};
use rand_core::OsRng;
use veilmart_runtime::{AccountId, Hash};
use veilmart_wallet::{
	market::{PaymentCall, RefreshCall},
	opening::Opened,
	state::Party,
	WalletError,
};

use super::{bodies, calls::no_listing, Done, OpenRedemption, Session};
use crate::{
	account::address,
	convert,
	error::{Error, Result},
	names::{show_credit, show_redemption},
	output::time,
};

/// How the wallet makes a payment from sequence number, balance and recipient.
type Pay<'a> = &'a (dyn Fn(u64, &Opened, &Party) -> Result<PaymentCall, WalletError> + Sync);

impl Session {
	/// Sends money to an account; it waits there to be collected.
	pub async fn transfer(&self, to: &AccountId, amount: u64) -> Result<Done<CreditId<AccountId>>> {
		let _turn = self.turn().await?;
		let call = self
			.payment(to, &|seq, balance, party| {
				self.wallet.transfer(seq, balance, party, amount, &mut OsRng)
			})
			.await?;
		let id = CreditId {
			creator: self.id.clone(),
			seq: call.seq,
			kind: CreditKind::Transfer,
		};
		self.send(bodies::transfer(call)?, id).await
	}

	/// Burns money, which the issuer has to pay outside of the chain.
	pub async fn redeem(&self, issuer: &AccountId, amount: u64) -> Result<Done<RedemptionId<AccountId>>> {
		let _turn = self.turn().await?;
		let call = self
			.payment(issuer, &|seq, balance, party| {
				self.wallet.redeem(seq, balance, party, amount, &mut OsRng)
			})
			.await?;
		let id = RedemptionId {
			holder: self.id.clone(),
			seq: call.seq,
		};
		self.send(bodies::redeem(call)?, id).await
	}

	async fn payment(&self, to: &AccountId, pay: Pay<'_>) -> Result<PaymentCall> {
		let at = self.chain.best().await?;
		let state = self.chain.account(&self.id, Some(at));
		let (state, party) = join(state, self.party(to, at)).await;
		let (state, party) = (state?, party?);
		Ok(pay(state.seq, &self.open_balance(&state)?, &party)?)
	}

	/// Returns a credit to who sent it, uncollected.
	pub async fn refuse(&self, credit: &CreditId<AccountId>) -> Result<Done<CreditId<AccountId>>> {
		let _turn = self.turn().await?;
		let incoming = self.chain.incoming(&self.id, None);
		let (incoming, seq) = try_join(incoming, self.seq()).await?;
		let (_, stored) = incoming
			.into_iter()
			.find(|(id, _)| id == credit)
			.ok_or_else(|| no_credit(credit))?;
		if stored.sender_note.is_none() {
			return Err(Error::wallet(
				"This credit cannot be returned: nobody sent it, or it was refreshed.",
			));
		}
		let call = Call::refuse {
			seq,
			credit: credit.clone(),
		};
		self.send(call, returned(credit)).await
	}

	/// Takes back the transfer with this number, which its recipient has not collected in a long time.
	pub async fn reclaim(&self, from: &AccountId, transfer: u64) -> Result<Done<CreditId<AccountId>>> {
		let _turn = self.turn().await?;
		let credit = CreditId {
			creator: self.id.clone(),
			seq: transfer,
			kind: CreditKind::Transfer,
		};
		let at = self.chain.best().await?;
		let (incoming, state, market, now) = try_join4(
			self.chain.incoming(from, Some(at)),
			self.chain.account(&self.id, Some(at)),
			self.chain.market(Some(at)),
			self.chain.time(at),
		)
		.await?;
		let (_, stored) = incoming.into_iter().find(|(id, _)| *id == credit).ok_or_else(|| {
			Error::wallet(format!(
				"No transfer of yours with the number {transfer} waits for {}: it was collected, or it came back already.",
				address(from)
			))
		})?;
		if stored.sender_note.is_none() {
			return Err(Error::wallet(
				"This transfer cannot be taken back: its recipient has refreshed it.",
			));
		}
		let earliest = stored.reclaim_from.map(|moment| market.falls(moment));
		if let Some(earliest) = earliest.filter(|earliest| now < *earliest) {
			return Err(Error::wallet(format!(
				"This transfer can be taken back from {} on.",
				time(earliest)
			)));
		}
		let call = Call::reclaim {
			seq: state.seq,
			from: from.clone(),
			transfer,
		};
		self.send(call, returned(&credit)).await
	}

	/// Records that the account, an issuer, has paid a redemption.
	pub async fn settle(&self, id: &RedemptionId<AccountId>) -> Result<Done<OpenRedemption>> {
		let _turn = self.turn().await?;
		let (redemptions, seq) = try_join(self.redemptions(), self.seq()).await?;
		let open = redemptions
			.into_iter()
			.find(|redemption| redemption.id == *id)
			.ok_or_else(|| {
				Error::wallet(format!(
					"Nothing with the name {} was redeemed with you and waits to be settled; `veilmart redemptions` shows what does.",
					show_redemption(id)
				))
			})?;
		let call = Call::settle {
			seq,
			redemption: id.clone(),
		};
		self.send(call, open).await
	}

	/// Gives the balance, a credit or a stock a new nonce. The value stays.
	pub async fn refresh(&self, target: &RefreshTarget<AccountId>) -> Result<Done<RefreshTarget<AccountId>>> {
		let _turn = self.turn().await?;
		let at = self.chain.best().await?;
		let call = self.refresh_call(target, at).await?;
		self.send_refresh(call, target.clone()).await
	}

	pub(super) async fn send_refresh(
		&self,
		call: RefreshCall,
		target: RefreshTarget<AccountId>,
	) -> Result<Done<RefreshTarget<AccountId>>> {
		let call = Call::refresh {
			seq: call.seq,
			salt: convert::salt(call.salt),
			target: target.clone(),
			after: Box::new(call.after),
			residue: Box::new(call.residue),
			own_note: convert::note(call.own_note),
			proof: convert::proof(call.proof)?,
		};
		self.send(call, target).await
	}

	async fn refresh_call(&self, target: &RefreshTarget<AccountId>, at: Hash) -> Result<RefreshCall> {
		let state = self.chain.account(&self.id, Some(at)).await?;
		let (wallet, seq) = (&self.wallet, state.seq);
		Ok(match target {
			RefreshTarget::Balance => {
				let balance = wallet.known(&self.open_balance(&state)?)?;
				wallet.refresh_balance(seq, &balance, &mut OsRng)?
			}
			RefreshTarget::Credit(id) => {
				let incoming = self.chain.incoming(&self.id, Some(at)).await?;
				let (_, stored) = incoming
					.into_iter()
					.find(|(found, _)| found == id)
					.ok_or_else(|| no_credit(id))?;
				let opened = self.open_credit(id, stored, at).await?.ok_or_else(|| {
					Error::wallet("The note of this credit does not open it; leave it where it is.")
				})?;
				let name = convert::credit_name(id);
				wallet.refresh_credit(seq, name, &wallet.known(&opened)?, &mut OsRng)?
			}
			RefreshTarget::Stock(listing) => {
				let id = self.own_listing(*listing);
				let stored = self.chain.listing(&id, Some(at)).await?;
				let stored = stored.ok_or_else(|| no_listing(&id))?;
				wallet.refresh_stock(seq, &self.open_listing(&id, stored)?, &mut OsRng)?
			}
		})
	}
}

/// What a credit is called once it has come back.
fn returned(credit: &CreditId<AccountId>) -> CreditId<AccountId> {
	CreditId {
		kind: CreditKind::Returned,
		..credit.clone()
	}
}

pub(super) fn no_credit(id: &CreditId<AccountId>) -> Error {
	Error::wallet(format!(
		"No credit {} waits for you; `veilmart balance` shows those that do.",
		show_credit(id)
	))
}
