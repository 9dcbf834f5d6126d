//! Opening shares.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use curve25519_dalek::{ristretto::RistrettoPoint, traits::VartimeMultiscalarMul};
use rand_core::{CryptoRng, RngCore};
use scale_info::TypeInfo;
use zeroize::Zeroizing;

use crate::{
	dealing::VerifiedDealing,
	encoding::{EncodedPoint, EncodedScalar, EncodingError},
	polynomial::random_scalar,
	setting::ShareSecret,
	transcript,
};

/// A decrypted share `S_i = Y_i / tdsh_i = a(i)·G` with the proof that it is the one dealt. 98 bytes.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct OpenedShare {
	/// The holder's position `i - 1` in the set.
	holder: u16,
	/// `S_i`.
	point: EncodedPoint,
	/// `c` of the proof.
	challenge: EncodedScalar,
	/// `z` of the proof.
	response: EncodedScalar,
}

impl OpenedShare {
	/// The position in the set, from 0, of the authority whose share this claims to be.
	pub fn holder(&self) -> u16 {
		self.holder
	}
}

/// Why an opened share is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareError {
	/// No authority has this position.
	Holder,
	/// A point or scalar is not acceptable.
	Encoding(EncodingError),
	/// The share is not the one dealt to the holder, or it is of another dealing.
	Proof,
}

impl core::fmt::Display for ShareError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Holder => "no authority has this position",
			Self::Encoding(error) => return write!(f, "the opened share has bad bytes: {error}"),
			Self::Proof => "the opened share is not the one dealt, or it is of another dealing",
		})
	}
}

impl From<EncodingError> for ShareError {
	fn from(error: EncodingError) -> Self {
		Self::Encoding(error)
	}
}

/// The secret belongs to no authority of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHolder;

impl core::fmt::Display for NotAHolder {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("no share was dealt to this key")
	}
}

/// A share that was verified. [`VerifiedDealing::verify_share`] is the only way to one.
#[derive(Clone, Debug)]
pub struct VerifiedShare {
	pub(crate) opened: OpenedShare,
	pub(crate) point: RistrettoPoint,
	/// The hash of the dealing that it is of.
	pub(crate) dealing: [u8; 32],
}

impl VerifiedDealing {
	/// Opens the share that was dealt to the holder of `secret`.
	pub fn open(
		&self,
		secret: &ShareSecret,
		rng: &mut (impl RngCore + CryptoRng),
	) -> Result<OpenedShare, NotAHolder> {
		let (holder, (key, (encrypted, encrypted_point))) = (0..)
			.zip(self.keys.encoded.iter().zip(&self.encrypted))
			.find(|(_, (key, _))| **key == secret.public)
			.ok_or(NotAHolder)?;
		let inverse = Zeroizing::new(secret.scalar.invert());
		let opened = encrypted_point * *inverse;
		let point = EncodedPoint::new(&opened);
		let mut transcript = transcript::opening(&self.hash, holder, key, encrypted, &point);
		// The nonce hangs on the share, the secret and fresh entropy: a repeated random source alone does not reveal
		// the secret.
		let mut rng = transcript
			.build_rng()
			.rekey_with_witness_bytes(b"tdsh", secret.scalar.as_bytes())
			.finalize(rng);
		let nonce = Zeroizing::new(random_scalar(&mut rng));
		let commitments = [RistrettoPoint::mul_base(&nonce), opened * *nonce];
		let challenge = transcript::opening_challenge(&mut transcript, &commitments);
		Ok(OpenedShare {
			holder,
			point,
			challenge: EncodedScalar::new(&challenge),
			response: EncodedScalar::new(&(*nonce + challenge * secret.scalar)),
		})
	}

	/// Verifies that an opened share is the one dealt to its holder in this dealing.
	pub fn verify_share(&self, share: &OpenedShare) -> Result<VerifiedShare, ShareError> {
		let holder = usize::from(share.holder);
		let (Some(key), Some(key_point), Some((encrypted, encrypted_point))) = (
			self.keys.encoded.get(holder),
			self.keys.points.get(holder),
			self.encrypted.get(holder),
		) else {
			return Err(ShareError::Holder);
		};
		let challenge = share.challenge.scalar()?;
		let response = share.response.scalar()?;
		let point = share.point.point()?;
		// A = z·G - c·share_key_i, B = z·S_i - c·Y_i
		let commitments = [
			RistrettoPoint::vartime_double_scalar_mul_basepoint(&-challenge, key_point, &response),
			RistrettoPoint::vartime_multiscalar_mul([response, -challenge], [&point, encrypted_point]),
		];
		let mut transcript = transcript::opening(&self.hash, share.holder, key, encrypted, &share.point);
		if transcript::opening_challenge(&mut transcript, &commitments) != challenge {
			return Err(ShareError::Proof);
		}
		Ok(VerifiedShare {
			opened: *share,
			point,
			dealing: self.hash,
		})
	}
}
