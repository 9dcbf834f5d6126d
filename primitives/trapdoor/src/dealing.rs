//! Dealing and its verification.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use curve25519_dalek::{
	ristretto::RistrettoPoint,
	scalar::Scalar,
	traits::{IsIdentity, VartimeMultiscalarMul},
};
use rand_core::{CryptoRng, RngCore};
use scale_info::TypeInfo;
use zeroize::Zeroizing;

use crate::{
	encoding::{fmt_short, EncodedPoint, EncodedScalar, EncodingError, PerAuthority},
	hash,
	polynomial::{dual_weights, evaluate, random_scalar},
	setting::{Context, ShareKeys},
	transcript::{self, Commitments},
};

/// One authority's part of a dealing.
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
pub(crate) struct DealtShare {
	/// `X_i = a(i)·H`.
	commitment: EncodedPoint,
	/// `Y_i = a(i)·share_key_i`.
	encrypted: EncodedPoint,
	/// `z_i` of the proof that both have the same `a(i)`.
	response: EncodedScalar,
}

/// What a dealer publishes: the chameleon key and the shares of its trapdoor. 96 bytes for each authority and 97 or
/// 98 more.
#[derive(
	Clone,
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
pub struct Dealing {
	/// `pk_ch = x·G`.
	chameleon_key: EncodedPoint,
	/// `θ`, with which the chameleon hash `m·G + θ·pk_ch` opens to the dealer's message. The hash itself is derived: a
	/// hash that came instead of `θ` might be one that the dealer cannot open, and nobody could collide with.
	theta: EncodedScalar,
	/// `c` of the proofs.
	challenge: EncodedScalar,
	shares: PerAuthority<DealtShare>,
}

/// Why a dealing is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealingError {
	/// Not one share for each authority.
	Count,
	/// A point or scalar is not acceptable.
	Encoding(EncodingError),
	/// A share is not the one that its commitment fixes, or the dealing was made for something else.
	Proof,
	/// The shares lie on no polynomial of a degree below the threshold.
	Degree,
}

impl core::fmt::Display for DealingError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(match self {
			Self::Count => "the dealing has not one share for each authority",
			Self::Encoding(error) => return write!(f, "the dealing has bad bytes: {error}"),
			Self::Proof => "a share is not the one committed to, or the dealing was made for something else",
			Self::Degree => "different holders would recover different secrets",
		})
	}
}

impl From<EncodingError> for DealingError {
	fn from(error: EncodingError) -> Self {
		Self::Encoding(error)
	}
}

/// `x = hash(Z)`.
pub(crate) fn trapdoor_scalar(secret: &RistrettoPoint) -> Zeroizing<Scalar> {
	let bytes = Zeroizing::new(secret.compress().0);
	Zeroizing::new(hash::to_scalar("tdraft/1/trapdoor", &[&bytes[..]]))
}

/// `m = hash(genesis, set, term, dealer)`, the message of the dealer's own opening.
fn dealer_message(context: &Context) -> Scalar {
	hash::to_scalar(
		"tdraft/1/dealer",
		&[
			&context.genesis,
			&context.set_id.to_le_bytes(),
			&context.term.to_le_bytes(),
			&context.dealer.to_le_bytes(),
		],
	)
}

/// What a dealer has drawn and must forget.
struct Secrets {
	/// `a(1) … a(n)`.
	shares: Zeroizing<Vec<Scalar>>,
	/// `x`.
	trapdoor: Zeroizing<Scalar>,
}

impl Secrets {
	/// A uniform polynomial of a degree below `t`, evaluated; `None` if a share or the trapdoor is zero.
	fn draw(keys: &ShareKeys, rng: &mut (impl RngCore + CryptoRng)) -> Option<Self> {
		let polynomial: Zeroizing<Vec<Scalar>> =
			Zeroizing::new((0..keys.threshold()).map(|_| random_scalar(rng)).collect());
		let secret = Zeroizing::new(RistrettoPoint::mul_base(&evaluate(&polynomial, 0)));
		let shares: Zeroizing<Vec<Scalar>> =
			Zeroizing::new((1..=keys.count()).map(|i| evaluate(&polynomial, i)).collect());
		let trapdoor = trapdoor_scalar(&secret);
		let zero = *trapdoor == Scalar::ZERO || shares.contains(&Scalar::ZERO);
		(!zero).then_some(Self { shares, trapdoor })
	}
}

impl Dealing {
	/// Deals a fresh trapdoor to the holders of `keys`. The dealer keeps nothing.
	pub fn deal(context: &Context, keys: &ShareKeys, rng: &mut (impl RngCore + CryptoRng)) -> Self {
		let mut transcript = transcript::dealing(context, keys);
		// Secrets hang on the context and fresh entropy: a repeated random source alone does not repeat them in
		// another block.
		let mut rng = transcript.build_rng().finalize(rng);
		// A restart happens with probability below 2^-245.
		let secrets = loop {
			if let Some(secrets) = Secrets::draw(keys, &mut rng) {
				break secrets;
			}
		};
		let generator = hash::commitment_generator();
		let nonces: Zeroizing<Vec<Scalar>> =
			Zeroizing::new(secrets.shares.iter().map(|_| random_scalar(&mut rng)).collect());
		let both = |scalars: &[Scalar]| -> Vec<[RistrettoPoint; 2]> {
			scalars
				.iter()
				.zip(&keys.points)
				.map(|(a, key)| [generator * a, key * a])
				.collect()
		};
		let points: Vec<[EncodedPoint; 2]> = both(&secrets.shares)
			.iter()
			.map(|[x, y]| [EncodedPoint::new(x), EncodedPoint::new(y)])
			.collect();
		let commitments: Vec<Commitments> = both(&nonces);

		let chameleon_key = EncodedPoint::new(&RistrettoPoint::mul_base(&secrets.trapdoor));
		let theta = EncodedScalar::new(&random_scalar(&mut rng));
		let challenge = transcript::dealing_challenge(
			&mut transcript,
			&chameleon_key,
			&theta,
			points.iter().zip(&commitments).map(|([x, y], a)| (x, y, a)),
		);
		let shares = points
			.iter()
			.zip(secrets.shares.iter().zip(nonces.iter()))
			.map(|([x, y], (a, w))| DealtShare {
				commitment: *x,
				encrypted: *y,
				response: EncodedScalar::new(&(w + challenge * a)),
			});
		Self {
			chameleon_key,
			theta,
			challenge: EncodedScalar::new(&challenge),
			shares: shares.collect(),
		}
	}

	/// The number of authorities that it has a share for. Says nothing about the shares.
	pub fn count(&self) -> u16 {
		// At most MAX_AUTHORITIES by construction.
		self.shares.len() as u16
	}

	/// Verifies that any `t` holders of `keys` can recover one and the same secret. Cheap checks come first. That the
	/// secret is the trapdoor of the chameleon key shows only when it is recovered.
	pub fn verify(&self, context: &Context, keys: &ShareKeys) -> Result<VerifiedDealing, DealingError> {
		if self.shares.len() != keys.points.len() {
			return Err(DealingError::Count);
		}
		let theta = self.theta.scalar()?;
		let challenge = self.challenge.scalar()?;
		let responses: Vec<Scalar> = self
			.shares
			.iter()
			.map(|s| s.response.scalar())
			.collect::<Result<_, _>>()?;
		let chameleon_key = self.chameleon_key.point()?;
		let committed: Vec<RistrettoPoint> = self
			.shares
			.iter()
			.map(|s| s.commitment.point())
			.collect::<Result<_, _>>()?;
		let encrypted: Vec<RistrettoPoint> = self
			.shares
			.iter()
			.map(|s| s.encrypted.point())
			.collect::<Result<_, _>>()?;

		// A_i = z_i·H - c·X_i, B_i = z_i·share_key_i - c·Y_i
		let generator = hash::commitment_generator();
		let first_message = |z: &Scalar, base: &RistrettoPoint, value: &RistrettoPoint| {
			RistrettoPoint::vartime_multiscalar_mul([*z, -challenge], [base, value])
		};
		let commitments: Vec<Commitments> = responses
			.iter()
			.zip(&keys.points)
			.zip(committed.iter().zip(&encrypted))
			.map(|((z, key), (x, y))| [first_message(z, &generator, x), first_message(z, key, y)])
			.collect();
		let mut transcript = transcript::dealing(context, keys);
		let expected = transcript::dealing_challenge(
			&mut transcript,
			&self.chameleon_key,
			&self.theta,
			self.shares
				.iter()
				.zip(&commitments)
				.map(|(s, a)| (&s.commitment, &s.encrypted, a)),
		);
		if expected != challenge {
			return Err(DealingError::Proof);
		}

		let hash = transcript::dealing_hash(&mut transcript, self.shares.iter().map(|s| &s.response));
		let f = transcript::degree_test(&mut transcript, keys);
		let codeword = (1..=keys.count())
			.zip(dual_weights(keys.count()))
			.map(|(i, v)| v * evaluate(&f, i));
		if !RistrettoPoint::vartime_multiscalar_mul(codeword, &committed).is_identity() {
			return Err(DealingError::Degree);
		}
		Ok(VerifiedDealing {
			keys: keys.clone(),
			encrypted: self
				.shares
				.iter()
				.zip(encrypted)
				.map(|(s, point)| (s.encrypted, point))
				.collect(),
			chameleon_key,
			message: dealer_message(context),
			theta,
			hash,
		})
	}
}

/// A dealing that was verified, as far as opening and recovering need it. [`Dealing::verify`] is the only way to one,
/// so no share of an unverified dealing is ever opened.
#[derive(Clone)]
pub struct VerifiedDealing {
	pub(crate) keys: ShareKeys,
	/// `Y_i`.
	pub(crate) encrypted: Vec<(EncodedPoint, RistrettoPoint)>,
	/// `pk_ch`.
	pub(crate) chameleon_key: RistrettoPoint,
	/// `m`.
	pub(crate) message: Scalar,
	/// `θ`.
	pub(crate) theta: Scalar,
	pub(crate) hash: [u8; 32],
}

impl VerifiedDealing {
	/// The hash of the dealing, its context and its keys.
	pub fn hash(&self) -> [u8; 32] {
		self.hash
	}

	/// `t`, the number of shares that recover the trapdoor.
	pub fn threshold(&self) -> u16 {
		self.keys.threshold()
	}
}

impl core::fmt::Debug for VerifiedDealing {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("VerifiedDealing(")?;
		fmt_short(&self.hash, f)?;
		f.write_str(")")
	}
}
