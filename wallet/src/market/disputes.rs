//! `dispute`: a buyer puts up as much as the order's total.

use super::*;

impl Wallet {
	/// Disputes an own order that was said to be shipped. The deposit comes back unless it is decided that the
	/// seller did what it had to.
	pub fn dispute(
		&self,
		seq: u64,
		balance: &Opened,
		order: &OpenedOrder,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<DisputeCall, WalletError> {
		if order.name.buyer != self.account() {
			return Err(WalletError::NotYours);
		}
		let after = balance
			.opening
			.sub(&order.total.opening)
			.ok_or(WalletError::NotEnoughForDeposit {
				have: balance.value(),
				deposit: order.total.value(),
			})?;
		let after = self.encrypt(after)?;
		let inputs = [&balance.ciphertext, &order.total.ciphertext];
		let salt = self.salt(Call::Dispute.name(), seq, &[after.value()], &inputs, rng);
		let values = [after.value(), 0, 0, 0];
		let own_note = self.own_note(NoteCall::Dispute, seq, salt, values, &after, rng)?;
		let statement = statements::dispute(
			self.set(),
			&self.context(seq, salt),
			order.name,
			order.total.ciphertext.as_ref(),
			after.ciphertext.as_ref(),
			note_hash(&own_note),
		);
		let proof = self.prove(&statement, &[after.value()], &[&after], rng)?;
		Ok(DisputeCall {
			seq,
			salt,
			order: order.name,
			balance_after: after.ciphertext.clone(),
			own_note,
			proof,
			balance: after,
		})
	}
}
