//! Notes: how openings travel to whom they concern, sealed.
//!
//! A note discloses what it opens and no more. All notes have one length, so that a sealed one does not tell
//! what it is. Layout: docs/formats.md, *Notes*. Whether a note says the truth is not decided here: see
//! [`crate::opening`].

use crate::{keys::ViewKey, WalletError};
use alloc::vec::Vec;
use curve25519_dalek::montgomery::MontgomeryPoint;
use merlin::Transcript;
use rand_core::{CryptoRng, RngCore};
use veilmart_confidential::Salt;
use veilmart_paillier::{hash, Nonce, ParameterSet};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a note.
pub const NOTE_BYTES: usize = 320;

/// Bytes of a sealed note: an ephemeral key and an authentication tag more.
pub const SEALED_NOTE_BYTES: usize = 368;

/// A sealed note as calls carry it and the ledger stores it.
pub type SealedNote = [u8; SEALED_NOTE_BYTES];

const VERSION: u8 = 1;

/// The hash by which a proof binds a sealed note.
pub fn note_hash(sealed: &SealedNote) -> [u8; 32] {
	hash::hash("veilmart/note/1", &[sealed])
}

/// What a nonce expands from. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed(pub [u8; 32]);

/// The call that an own note belongs to, with what its four values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteCall {
	/// Amount, issued after; the nonce of what was issued.
	Issue,
	/// Amount, balance after; the nonce of the balance.
	Transfer,
	/// Amount, balance after; the nonce of the balance.
	Redeem,
	/// Price, stock, item code; the nonce of the stock.
	List,
	/// Price, stock, item code; the nonce of the stock.
	Reprice,
	/// Price, stock, item code; the nonce of the stock.
	Restock,
	/// Balance after, quantity, price, total; the nonce of the balance.
	Order,
	/// Balance after; the nonce of the balance.
	Dispute,
	/// As its own note: balance after, quantity, price, total; the nonce of the balance. As the listing's
	/// note: price, stock after, item code; the nonce of the stock.
	Accept,
	/// Balance after; the nonce of the balance.
	Collect,
	/// Of a balance or a credit: its value; its new nonce. Of a stock: price, stock, item code; the stock's new
	/// nonce.
	Refresh,
}

impl NoteCall {
	/// All calls, each at the index that is its byte.
	const ALL: [Self; 11] = [
		Self::Issue,
		Self::Transfer,
		Self::Redeem,
		Self::List,
		Self::Reprice,
		Self::Restock,
		Self::Order,
		Self::Dispute,
		Self::Accept,
		Self::Collect,
		Self::Refresh,
	];
}

/// An account's note to itself, with which it finds its openings again.
#[derive(Clone)]
pub struct OwnNote {
	/// The call that it travelled with.
	pub call: NoteCall,
	/// The account's sequence number in that call.
	pub seq: u64,
	/// The salt of that call.
	pub salt: Salt,
	/// The plaintexts; which they are depends on the call.
	pub values: [u64; 4],
	/// The one nonce that does not expand from a seed.
	pub nonce: Nonce,
}

impl Drop for OwnNote {
	fn drop(&mut self) {
		self.values.zeroize();
	}
}

/// Opens price and item code of a listing.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct QuoteNote {
	/// The price of one piece, in minor units.
	pub price: u64,
	/// The item code.
	pub commodity: u64,
	/// Expands to the nonce of the price.
	pub price_seed: Seed,
	/// Expands to the nonce of the item code.
	pub commodity_seed: Seed,
}

/// Opens quantity and total of an order for a seller, who knows the nonce of its own price.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OrderNote {
	/// The number of pieces.
	pub quantity: u64,
	/// The price of one piece, in minor units.
	pub price: u64,
	/// Expands to the nonce of the quantity.
	pub quantity_seed: Seed,
	/// Expands to `ρ`, the part of the total's nonce that the buyer added.
	pub total_seed: Seed,
}

/// Opens an amount that was issued, transferred or redeemed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CreditNote {
	/// The amount, in minor units.
	pub amount: u64,
	/// Expands to the nonce of the amount.
	pub amount_seed: Seed,
}

/// A note.
// Short-lived, and one at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Note {
	/// To oneself.
	Own(OwnNote),
	/// From a seller to a buyer; also from a buyer to itself, beside an order.
	Quote(QuoteNote),
	/// From a buyer to a seller.
	Order(OrderNote),
	/// From who issues, sends or redeems to who receives.
	Credit(CreditNote),
}

macro_rules! redacted {
	($($name:ident),*) => { $(
		impl core::fmt::Debug for $name {
			fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
				f.write_str(concat!(stringify!($name), "(secret)"))
			}
		}
	)* };
}

redacted!(Seed, OwnNote, QuoteNote, OrderNote, CreditNote);

impl Note {
	/// The 320 bytes of the note.
	pub fn encode(&self, set: ParameterSet) -> Zeroizing<[u8; NOTE_BYTES]> {
		let mut out = Zeroizing::new([0; NOTE_BYTES]);
		let mut at = 0;
		let mut put = |bytes: &[u8]| {
			out.iter_mut()
				.skip(at)
				.zip(bytes)
				.for_each(|(out, byte)| *out = *byte);
			at += bytes.len();
		};
		match self {
			Self::Own(note) => {
				put(&[VERSION, 0, note.call as u8]);
				put(&note.seq.to_le_bytes());
				put(&note.salt);
				note.values.iter().for_each(|value| put(&value.to_le_bytes()));
				put(&Zeroizing::new(note.nonce.encode(set)));
			}
			Self::Quote(note) => {
				put(&[VERSION, 1]);
				put(&note.price.to_le_bytes());
				put(&note.commodity.to_le_bytes());
				put(&note.price_seed.0);
				put(&note.commodity_seed.0);
			}
			Self::Order(note) => {
				put(&[VERSION, 2]);
				put(&note.quantity.to_le_bytes());
				put(&note.price.to_le_bytes());
				put(&note.quantity_seed.0);
				put(&note.total_seed.0);
			}
			Self::Credit(note) => {
				put(&[VERSION, 3]);
				put(&note.amount.to_le_bytes());
				put(&note.amount_seed.0);
			}
		}
		out
	}

	/// Reads a note strictly: exact length, known version, kind and call, a nonce in range, zeros after the
	/// fields.
	pub fn decode(set: ParameterSet, bytes: &[u8]) -> Result<Self, WalletError> {
		if bytes.len() != NOTE_BYTES {
			return Err(WalletError::NoteMalformed);
		}
		Self::decode_fields(set, &mut Fields(bytes)).ok_or(WalletError::NoteMalformed)
	}

	fn decode_fields(set: ParameterSet, fields: &mut Fields) -> Option<Self> {
		if fields.byte()? != VERSION {
			return None;
		}
		let note = match fields.byte()? {
			0 => Self::Own(OwnNote {
				call: *NoteCall::ALL.get(usize::from(fields.byte()?))?,
				seq: fields.number()?,
				salt: fields.array()?,
				values: [
					fields.number()?,
					fields.number()?,
					fields.number()?,
					fields.number()?,
				],
				nonce: Nonce::decode(set, fields.take(Nonce::encoded_len(set))?)?,
			}),
			1 => Self::Quote(QuoteNote {
				price: fields.number()?,
				commodity: fields.number()?,
				price_seed: fields.seed()?,
				commodity_seed: fields.seed()?,
			}),
			2 => Self::Order(OrderNote {
				quantity: fields.number()?,
				price: fields.number()?,
				quantity_seed: fields.seed()?,
				total_seed: fields.seed()?,
			}),
			3 => Self::Credit(CreditNote {
				amount: fields.number()?,
				amount_seed: fields.seed()?,
			}),
			_ => return None,
		};
		fields.0.iter().all(|byte| *byte == 0).then_some(note)
	}

	/// Seals the note to a view key.
	pub fn seal(
		&self,
		set: ParameterSet,
		view_key: &[u8; 32],
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<SealedNote, WalletError> {
		seal(&*self.encode(set), view_key, rng)?
			.try_into()
			.map_err(|_| WalletError::NoteMalformed)
	}

	/// Opens a note that was sealed to this view key.
	pub fn open(set: ParameterSet, sealed: &SealedNote, view_key: &ViewKey) -> Result<Self, WalletError> {
		let plain = view_key.unseal(sealed).ok_or(WalletError::NoteUnreadable)?;
		Self::decode(set, &plain)
	}
}

/// Seals bytes to a view key.
///
/// The ephemeral key is drawn from `rng` mixed with the bytes and the recipient: with a source that repeats
/// itself, two different notes would otherwise be encrypted with one key stream.
pub(crate) fn seal(
	plain: &[u8],
	view_key: &[u8; 32],
	rng: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<u8>, WalletError> {
	if !is_safe_view_key(view_key) {
		return Err(WalletError::UnsafeViewKey);
	}
	let mut transcript = Transcript::new(b"veilmart/seal");
	transcript.append_message(b"recipient", view_key);
	let mut rng = transcript
		.build_rng()
		.rekey_with_witness_bytes(b"note", plain)
		.finalize(rng);
	crypto_box::PublicKey::from_bytes(*view_key)
		.seal(&mut rng, plain)
		.map_err(|_| WalletError::NoteMalformed)
}

/// Whether a secret can be shared with this key at all. With one of the few points of small order as "view
/// key" everybody could open what a careless wallet seals to it, and the amounts in it are the sender's, too.
fn is_safe_view_key(key: &[u8; 32]) -> bool {
	// Clamped scalars are multiples of the cofactor, which takes every such point to zero.
	MontgomeryPoint(*key).mul_clamped([0; 32]).to_bytes() != [0; 32]
}

/// The fields of a note that were not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
	fn take(&mut self, len: usize) -> Option<&'a [u8]> {
		let (field, rest) = self.0.split_at_checked(len)?;
		self.0 = rest;
		Some(field)
	}

	fn array<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
		self.take(LEN)?.try_into().ok()
	}

	fn byte(&mut self) -> Option<u8> {
		self.array::<1>().map(|[byte]| byte)
	}

	fn number(&mut self) -> Option<u64> {
		self.array().map(u64::from_le_bytes)
	}

	fn seed(&mut self) -> Option<Seed> {
		self.array().map(Seed)
	}
}
