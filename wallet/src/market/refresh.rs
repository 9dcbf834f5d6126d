//! `refresh`: a new nonce for a balance, a credit or a stock; the value stays.
//!
//! Two reasons: nonces have grown, or an opening was lost and the certificate authority told the owner value
//! and root. Either way what the caller has to know is an N-th root `u` with `C = (1+N)^m·u^N`, a [`Known`].
//! The new ciphertext has a nonce `r` of the call's own, so the residue between the two has the root
//! `h^r·u^{-1}`, and that is what is proved.

use super::*;
use crate::{
	recovery::Letter,
	state::{Listing, RefreshTarget},
};
use veilmart_confidential::ProveError;
use veilmart_paillier::SecretRoot;

/// A ciphertext with its value and an N-th root of the rest, seen to give exactly this ciphertext: less than
/// an [`Opened`], as much as a `refresh` needs.
#[derive(Clone)]
pub struct Known {
	ciphertext: Ciphertext,
	value: u64,
	root: SecretRoot,
}

impl Known {
	/// The plaintext.
	pub fn value(&self) -> u64 {
		self.value
	}

	/// The ciphertext.
	pub fn ciphertext(&self) -> &Ciphertext {
		&self.ciphertext
	}
}

impl core::fmt::Debug for Known {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Known({:?})", self.ciphertext)
	}
}

impl Wallet {
	/// What a recovery letter tells about this ciphertext of the ledger. [`WalletError::LetterOutdated`] if it is
	/// about another one; [`WalletError::RootMismatch`] if what it tells is not true.
	pub fn recovered(&self, letter: &Letter, current: &Ciphertext) -> Result<Known, WalletError> {
		if letter.ciphertext != *current {
			return Err(WalletError::LetterOutdated);
		}
		self.told(current, letter.value, letter.root.as_bytes())
	}

	/// What an opening knows of its ciphertext.
	pub fn known(&self, opened: &Opened) -> Result<Known, WalletError> {
		let root = self.prover.encryptor().root(&opened.opening.nonce);
		Ok(Known {
			ciphertext: opened.ciphertext.clone(),
			value: opened.value(),
			root: root.ok_or(WalletError::RefreshFirst)?,
		})
	}

	/// What the certificate authority told: the value of a ciphertext of the ledger, and the root, big-endian
	/// and as long as `N`. [`WalletError::RootMismatch`] if they do not give it bit for bit.
	pub fn told(&self, ciphertext: &Ciphertext, value: u64, root: &[u8]) -> Result<Known, WalletError> {
		let key = self.public_key();
		let root = key.secret_root(root).map_err(|_| WalletError::RootMismatch)?;
		let rest = key.power_of_root(&root);
		let given = key.encode(&key.add(&key.generator_power(&[value]), &rest));
		if given != ciphertext.as_ref() {
			return Err(WalletError::RootMismatch);
		}
		Ok(Known {
			ciphertext: ciphertext.clone(),
			value,
			root,
		})
	}

	/// Refreshes the balance.
	pub fn refresh_balance(
		&self,
		seq: u64,
		balance: &Known,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		let (salt, refreshed) = self.renewed(seq, balance, rng)?;
		let own_note = self.amount_note(seq, salt, &refreshed, rng)?;
		self.refresh(
			seq,
			salt,
			RefreshTarget::Balance,
			balance,
			refreshed,
			own_note,
			rng,
		)
	}

	/// Refreshes a credit that waits for this account. Nobody can take it back afterwards, nor can this
	/// account refuse it.
	pub fn refresh_credit(
		&self,
		seq: u64,
		name: CreditName,
		credit: &Known,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		let (salt, refreshed) = self.renewed(seq, credit, rng)?;
		let own_note = self.amount_note(seq, salt, &refreshed, rng)?;
		let target = RefreshTarget::Credit(name);
		self.refresh(seq, salt, target, credit, refreshed, own_note, rng)
	}

	/// Refreshes the stock of a listing.
	pub fn refresh_stock(
		&self,
		seq: u64,
		listing: &OpenedListing,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		self.ensure_own(listing)?;
		let stock = self.known(&listing.stock)?;
		self.renew_stock(seq, listing.clone(), &stock, rng)
	}

	/// Refreshes the stock of a listing whose note does not open it any more. Price and item code are what the
	/// certificate authority told, too; what the listing holds this account sees by itself, because it derives
	/// their nonces, and [`WalletError::NoteMismatch`] says that it was told something else.
	pub fn refresh_lost_stock(
		&self,
		seq: u64,
		listing: &Listing,
		price: u64,
		commodity: u64,
		stock: &Known,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		if listing.name.seller != self.account() {
			return Err(WalletError::NotYours);
		}
		if stock.ciphertext != listing.stock {
			return Err(WalletError::RootMismatch);
		}
		// The stock is replaced before anything is made of it.
		let listing = self.with_stock(listing, Opened::zero())?;
		if (listing.price.value(), listing.commodity.value()) != (price, commodity) {
			return Err(WalletError::NoteMismatch);
		}
		self.renew_stock(seq, listing, stock, rng)
	}

	fn renew_stock(
		&self,
		seq: u64,
		listing: OpenedListing,
		stock: &Known,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		let (salt, refreshed) = self.renewed(seq, stock, rng)?;
		let listing = OpenedListing {
			stock: refreshed.clone(),
			..listing
		};
		let own_note = self.listing_note(NoteCall::Refresh, seq, salt, &listing, rng)?;
		let target = RefreshTarget::Stock(listing.name);
		self.refresh(seq, salt, target, stock, refreshed, own_note, rng)
	}

	/// The same value under a nonce that only this call has.
	fn renewed(
		&self,
		seq: u64,
		old: &Known,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<(Salt, Opened), WalletError> {
		let call = Call::Refresh;
		let salt = self.salt(call.name(), seq, &[old.value], &[&old.ciphertext], rng);
		let fresh = self.fresh(call, seq, &salt, Role::Refreshed, old.value)?;
		Ok((salt, fresh.opened))
	}

	/// The note beside a balance or a credit.
	fn amount_note(
		&self,
		seq: u64,
		salt: Salt,
		refreshed: &Opened,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<SealedNote, WalletError> {
		let values = [refreshed.value(), 0, 0, 0];
		self.own_note(NoteCall::Refresh, seq, salt, values, refreshed, rng)
	}

	#[allow(clippy::too_many_arguments)]
	fn refresh(
		&self,
		seq: u64,
		salt: Salt,
		target: RefreshTarget,
		old: &Known,
		refreshed: Opened,
		own_note: SealedNote,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<RefreshCall, WalletError> {
		let key = self.public_key();
		let no_root = WalletError::Proof(ProveError::Shape);
		let new_root = self.prover.encryptor().root(&refreshed.opening.nonce);
		let root = new_root
			.zip(key.invert_root(&old.root, rng))
			.map(|(new, old)| key.multiply_roots(&new, &old))
			.ok_or(no_root)?;
		let residue = key.encode(&key.power_of_root(&root));
		let residue = Ciphertext::from_slice(&residue).ok_or(WalletError::KeySize)?;
		let about = match target {
			RefreshTarget::Balance => statements::RefreshTarget::Balance,
			RefreshTarget::Credit(name) => statements::RefreshTarget::Credit {
				creator: name.creator,
				seq: name.seq,
				kind: name.kind.number(),
			},
			RefreshTarget::Stock(name) => statements::RefreshTarget::Stock(name),
		};
		let statement = statements::refresh(
			self.set(),
			&self.context(seq, salt),
			about,
			refreshed.ciphertext.as_ref(),
			residue.as_ref(),
			note_hash(&own_note),
		);
		let proof = self.prover.prove_refresh(&statement, &root, rng)?;
		Ok(RefreshCall {
			seq,
			salt,
			target,
			after: refreshed.ciphertext.clone(),
			residue,
			own_note,
			proof,
			refreshed,
		})
	}
}
