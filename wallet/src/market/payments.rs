//! Money that leaves the balance: `transfer` to another account, `redeem` with an issuer.
//!
//! The two differ in what happens to the amount, not in what is proved about it. A transfer that comes back
//! is opened by the note that the payer sealed to itself, see [`Wallet::open_credit`]; the issuer opens a
//! redemption with [`Wallet::open_redemption`].

use super::*;

impl Wallet {
	/// Sends `amount` minor units to `to`, where they wait to be collected.
	pub fn transfer(
		&self,
		seq: u64,
		balance: &Opened,
		to: &Party,
		amount: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<PaymentCall, WalletError> {
		if to.account == self.account() {
			return Err(WalletError::SelfPayment);
		}
		self.payment(Call::Transfer, seq, balance, to, amount, rng)
	}

	/// Burns `amount` minor units, which `issuer` has to pay outside of the chain.
	pub fn redeem(
		&self,
		seq: u64,
		balance: &Opened,
		issuer: &Party,
		amount: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<PaymentCall, WalletError> {
		self.payment(Call::Redeem, seq, balance, issuer, amount, rng)
	}

	fn payment(
		&self,
		call: Call,
		seq: u64,
		balance: &Opened,
		to: &Party,
		amount: u64,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<PaymentCall, WalletError> {
		if amount == 0 {
			return Err(WalletError::ZeroAmount);
		}
		let have = balance.value();
		let not_enough = WalletError::NotEnoughToPay { have, amount };
		let after = have.checked_sub(amount).ok_or(not_enough.clone())?;
		let salt = self.salt(call.name(), seq, &[amount, after], &[&balance.ciphertext], rng);
		let fresh = self.fresh(call, seq, &salt, Role::Amount, amount)?;
		let after = balance.opening.sub(&fresh.opened.opening).ok_or(not_enough)?;
		let after = self.encrypt(after)?;

		let (note_call, statement) = match call {
			Call::Redeem => (NoteCall::Redeem, statements::redeem as PaymentStatement),
			_ => (NoteCall::Transfer, statements::transfer as PaymentStatement),
		};
		let own_note = self.own_note(note_call, seq, salt, [amount, after.value(), 0, 0], &after, rng)?;
		let note = CreditNote {
			amount,
			amount_seed: fresh.seed,
		};
		let note = self.seal(Note::Credit(note), &to.view_key, rng)?;
		let statement = statement(
			self.set(),
			&self.context(seq, salt),
			to.account,
			fresh.opened.ciphertext.as_ref(),
			after.ciphertext.as_ref(),
			note_hash(&own_note),
			note_hash(&note),
		);
		let proof = self.prove(
			&statement,
			&[amount, after.value()],
			&[&fresh.opened, &after],
			rng,
		)?;
		Ok(PaymentCall {
			seq,
			salt,
			to: to.account,
			amount: fresh.opened.ciphertext,
			balance_after: after.ciphertext.clone(),
			own_note,
			note,
			proof,
			balance: after,
		})
	}
}

/// What [`statements::transfer`] and [`statements::redeem`] have in common.
type PaymentStatement = fn(
	ParameterSet,
	&Context,
	AccountBytes,
	&[u8],
	&[u8],
	statements::NoteHash,
	statements::NoteHash,
) -> Statement;
