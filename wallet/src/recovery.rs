//! Recovery: the letter in which the certificate authority tells an owner an opening that was lost.
//!
//! The letter is sealed to the owner's view key, like a note, but it does not go through the ledger: it is longer
//! than one, and concerns nobody else. Layout: docs/formats.md, *Recovery letters*.
//!
//! Nothing vouches for who wrote it, and nothing has to: value and root give the ledger's ciphertext bit for bit or
//! they do not, and no other value does ([`Wallet::recovered`]). What the owner then does with them is a `refresh`,
//! which only the owner can sign.

use crate::{
	notes,
	state::{AccountBytes, Ciphertext, CreditKind, CreditName, ListingName, RefreshTarget},
	Wallet, WalletError,
};
use alloc::vec::Vec;
use rand_core::{CryptoRng, RngCore};
use veilmart_paillier::{ParameterSet, PublicKey, SecretRoot};
use zeroize::{Zeroize, Zeroizing};

const VERSION: u8 = 1;

/// Bytes before ciphertext and root: version, target, account, number, kind, three values.
const HEAD_BYTES: usize = 1 + 1 + 32 + 8 + 1 + 3 * 8;

/// Bytes that sealing adds: an ephemeral key and an authentication tag.
const SEAL_BYTES: usize = 48;

/// Bytes of a sealed letter: all have one length, so that it does not tell what it is about.
pub const fn sealed_letter_bytes(set: ParameterSet) -> usize {
	HEAD_BYTES + set.ciphertext_bytes() + set.modulus_bytes() + SEAL_BYTES
}

/// What the certificate authority tells about one ciphertext of its owner's. Wiped when dropped.
#[derive(Clone)]
pub struct Letter {
	/// What the ciphertext is.
	pub target: RefreshTarget,
	/// The ciphertext as it was on the ledger.
	pub ciphertext: Ciphertext,
	/// Its plaintext: minor units, or pieces.
	pub value: u64,
	/// Of a stock: the price of one piece in minor units, which the note beside the stock held, too. Else 0.
	pub price: u64,
	/// Of a stock: the item code, for the same reason. Else 0.
	pub commodity: u64,
	/// The root.
	pub root: SecretRoot,
}

impl Drop for Letter {
	fn drop(&mut self) {
		self.value.zeroize();
		self.price.zeroize();
		self.commodity.zeroize();
	}
}

impl core::fmt::Debug for Letter {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		write!(f, "Letter({:?}, secret)", self.target)
	}
}

impl Letter {
	/// The bytes of the letter.
	pub fn encode(&self) -> Zeroizing<Vec<u8>> {
		let (number, account, seq, kind) = match self.target {
			RefreshTarget::Balance => (0, [0; 32], 0, 0),
			RefreshTarget::Credit(name) => (1, name.creator, name.seq, name.kind.number() as u8),
			RefreshTarget::Stock(name) => (2, name.seller, name.seq, 0),
		};
		let (ciphertext, root) = (self.ciphertext.as_ref(), self.root.as_bytes());
		// Of its full length at once, so that it never moves in memory and leaves a copy behind.
		let mut out = Zeroizing::new(Vec::with_capacity(HEAD_BYTES + ciphertext.len() + root.len()));
		out.extend([VERSION, number]);
		out.extend(account);
		out.extend(seq.to_le_bytes());
		out.push(kind);
		for value in [self.value, self.price, self.commodity] {
			out.extend(value.to_le_bytes());
		}
		out.extend(ciphertext);
		out.extend(root);
		out
	}

	/// Reads a letter strictly: exact length, known version, target and kind, zeros where a target has nothing to
	/// say, a unit modulo `N` as root.
	pub fn decode(key: &PublicKey, bytes: &[u8]) -> Result<Self, WalletError> {
		Self::decode_fields(key, bytes).ok_or(WalletError::LetterMalformed)
	}

	fn decode_fields(key: &PublicKey, bytes: &[u8]) -> Option<Self> {
		let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
		let (ciphertext, root) = rest.split_at_checked(key.set().ciphertext_bytes())?;
		let (start, values) = head.split_at_checked(HEAD_BYTES - 3 * 8)?;
		let [version, number, name @ .., kind] = start else {
			return None;
		};
		let (account, seq) = name.split_at_checked(32)?;
		let account: AccountBytes = account.try_into().ok()?;
		let seq = u64::from_le_bytes(seq.try_into().ok()?);
		let mut values = values
			.chunks_exact(8)
			.map(|bytes| bytes.try_into().map(u64::from_le_bytes).ok());
		let mut value = || values.next().flatten();
		let letter = Self {
			target: match number {
				0 => RefreshTarget::Balance,
				1 => RefreshTarget::Credit(CreditName {
					creator: account,
					seq,
					kind: *CreditKind::ALL.get(usize::from(*kind))?,
				}),
				2 => RefreshTarget::Stock(ListingName { seller: account, seq }),
				_ => return None,
			},
			value: value()?,
			price: value()?,
			commodity: value()?,
			ciphertext: Ciphertext::from_slice(ciphertext)?,
			root: key.secret_root(root).ok()?,
		};
		// One letter has one encoding.
		let is_canonical = *version == VERSION && letter.encode()[..] == *bytes;
		let of_stock = matches!(letter.target, RefreshTarget::Stock(_));
		(is_canonical && (of_stock || letter.price == 0 && letter.commodity == 0)).then_some(letter)
	}

	/// Seals the letter to its owner's view key, which is taken from final state.
	pub fn seal(
		&self,
		view_key: &[u8; 32],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<Vec<u8>, WalletError> {
		notes::seal(&self.encode(), view_key, rng)
	}
}

impl Wallet {
	/// Opens a letter that was sealed to this account, to its present view key or an earlier one. Whether it tells
	/// the truth [`Wallet::recovered`] says.
	pub fn open_letter(&self, sealed: &[u8]) -> Result<Letter, WalletError> {
		let key = self.public_key();
		if sealed.len() != sealed_letter_bytes(key.set()) {
			return Err(WalletError::LetterMalformed);
		}
		(0..=self.view_index)
			.rev()
			.find_map(|index| self.keys.view_key(index).unseal(sealed))
			.ok_or(WalletError::LetterUnreadable)
			.and_then(|plain| Letter::decode(key, &plain))
	}
}
