//! Cryptography behind a trait.
//!
//! [`Scheme`] names the types, [`Crypto`] is what holds an authority's keys and does the work. The protocol core knows
//! no other cryptography, so that the model checker and the simulator drive the same code with symbols
//! ([`crate::symbolic`]), and the engine with sr25519 and the trapdoor's dealings ([`crate::real`]).

use codec::{Decode, Encode};
use std::{fmt::Debug, hash::Hash};
use veilmart_td_raft as td;
use veilmart_td_raft::{AuthorityIndex, SetId, Target, Term, Verifier};

/// Data that is sent, stored and compared.
pub trait Value: Clone + Debug + PartialEq + Eq + Hash + Encode + Decode + Send + Sync + 'static {}
impl<T: Clone + Debug + PartialEq + Eq + Hash + Encode + Decode + Send + Sync + 'static> Value for T {}

/// The types that cryptography brings.
pub trait Scheme: Copy + Debug + PartialEq + Eq + PartialOrd + Ord + Hash + Send + Sync + 'static {
	/// The hash of a block or transaction; beacons, too.
	type BlockHash: Value + Copy + Ord;
	/// What names an authority: its voting key.
	type Id: Value + Copy + Ord;
	/// An authority's key for shares.
	type ShareKey: Value;
	/// A signature.
	type Signature: Value;
	/// A lot with its proof.
	type Vrf: Value;
	/// A dealing with its chameleon key and hash.
	type Dealing: Value;
	/// An opened share with its proof.
	type Share: Value;
	/// An opened share, encrypted to a candidate.
	type SealedShare: Value;
	/// A candidate's public key for one attempt.
	type Ephemeral: Value;
	/// A collision of the chameleon hash.
	type Collision: Value;
	/// Opened shares that prove a dealer's fault.
	type Fault: Value;
	/// A transaction.
	type Transaction: Value;
}

/// Block hash of a scheme.
pub type Hashed<S> = <S as Scheme>::BlockHash;
/// Quorum certificate of a scheme.
pub type Qc<S> = td::QuorumCertificate<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Vote of a scheme.
pub type Vote<S> = td::Vote<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Authority set of a scheme.
pub type Set<S> = td::AuthoritySet<<S as Scheme>::Id, <S as Scheme>::ShareKey>;
/// Election vote of a scheme.
pub type ElectionVote<S> = td::ElectionVote<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Election certificate of a scheme.
pub type Certificate<S> = td::ElectionCertificate<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Signed wish of a scheme.
pub type SignedDown<S> = td::SignedDown<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Entry certificate of a scheme.
pub type Entry<S> = td::EntryCertificate<<S as Scheme>::BlockHash, <S as Scheme>::Signature>;
/// Header digest of a scheme.
pub type Digest<S> = td::HeaderDigest<<S as Scheme>::BlockHash, <S as Scheme>::Signature, <S as Scheme>::Vrf>;
/// Evidence of a scheme.
pub type Evidence<S> = td::Evidence<<S as Scheme>::BlockHash, <S as Scheme>::Signature, <S as Scheme>::Fault>;

/// What a dealing is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Place<H> {
	/// The set that holds the shares.
	pub holders: SetId,
	/// The term of the block with the dealing.
	pub term: Term,
	/// The sealer of that block, in the set that sealed it.
	pub dealer: AuthorityIndex,
	/// The parent of that block. None for the dealing in genesis.
	pub parent: Option<H>,
}

/// A dealing on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Dealt<S: Scheme> {
	/// The block that carries it.
	pub block: S::BlockHash,
	/// The set that sealed that block.
	pub sealed_in: SetId,
	/// What it was made for.
	pub place: Place<S::BlockHash>,
	/// The dealing.
	pub dealing: S::Dealing,
	/// The beacon that lots are drawn over when this dealing is used.
	pub beacon: S::BlockHash,
}

/// What a candidate's collision is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Candidacy<H> {
	/// The term stood for.
	pub term: Term,
	/// Who stands.
	pub candidate: AuthorityIndex,
	/// The candidate's highest certificate.
	pub high_qc: Target<H>,
}

/// What an encrypted share is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct ShareBinding<H> {
	/// The set.
	pub set_id: SetId,
	/// The term of the attempt.
	pub term: Term,
	/// For whom.
	pub candidate: AuthorityIndex,
	/// From whom.
	pub holder: AuthorityIndex,
	/// The block with the dealing.
	pub dealing: H,
}

/// A lot drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lot<H> {
	/// `u = fraction / 2^64`. The lowest stands first.
	pub fraction: u64,
	/// The full output, which goes into the next beacon.
	pub output: H,
}

/// What shares lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery<F> {
	/// The trapdoor, kept inside.
	Trapdoor,
	/// The dealer lied about the chameleon key: the shares prove it.
	Fault(F),
}

/// An authority's keys at work. Verification takes `&self`; what draws randomness or keeps a secret takes `&mut self`.
///
/// Secrets (the trapdoor of the last dealing recovered, the last ephemeral key) stay inside, are not part of the
/// core's state, and may be lost at any time: nothing but an attempt at an election is lost with them.
pub trait Crypto:
	Clone + Debug + Verifier<<Self::Scheme as Scheme>::Id, <Self::Scheme as Scheme>::Signature>
{
	/// The types.
	type Scheme: Scheme;

	/// Signs.
	fn sign(&self, bytes: &[u8]) -> <Self::Scheme as Scheme>::Signature;

	/// Draws this authority's lot.
	fn draw(
		&self,
		set_id: SetId,
		beacon: &Hashed<Self::Scheme>,
		term: Term,
	) -> (<Self::Scheme as Scheme>::Vrf, Lot<Hashed<Self::Scheme>>);

	/// Another's lot, if the proof is valid.
	fn lot(
		&self,
		id: &<Self::Scheme as Scheme>::Id,
		set_id: SetId,
		beacon: &Hashed<Self::Scheme>,
		term: Term,
		proof: &<Self::Scheme as Scheme>::Vrf,
	) -> Option<Lot<Hashed<Self::Scheme>>>;

	/// The beacon of a first block: `hash(beacon of the dealing used, leader's VRF output, term)`.
	fn beacon(
		&self,
		used: &Hashed<Self::Scheme>,
		output: &Hashed<Self::Scheme>,
		term: Term,
	) -> Hashed<Self::Scheme>;

	/// Makes a dealing. None if the holders' share keys are unacceptable.
	fn deal(
		&mut self,
		holders: &Set<Self::Scheme>,
		place: &Place<Hashed<Self::Scheme>>,
	) -> Option<<Self::Scheme as Scheme>::Dealing>;

	/// Whether a dealing is valid for its place.
	fn verify_dealing(
		&self,
		holders: &Set<Self::Scheme>,
		place: &Place<Hashed<Self::Scheme>>,
		dealing: &<Self::Scheme as Scheme>::Dealing,
	) -> bool;

	/// Opens this authority's share. None if it holds none.
	fn open_share(
		&mut self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
	) -> Option<<Self::Scheme as Scheme>::Share>;

	/// Whether a share is the holder's of this dealing.
	fn verify_share(
		&self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		holder: AuthorityIndex,
		share: &<Self::Scheme as Scheme>::Share,
	) -> bool;

	/// A new key for shares to be encrypted to; the one before is forgotten.
	fn ephemeral(&mut self) -> <Self::Scheme as Scheme>::Ephemeral;

	/// Encrypts a share to a candidate. None if the candidate's key is unacceptable.
	fn seal_share(
		&mut self,
		to: &<Self::Scheme as Scheme>::Ephemeral,
		binding: &ShareBinding<Hashed<Self::Scheme>>,
		share: &<Self::Scheme as Scheme>::Share,
	) -> Option<<Self::Scheme as Scheme>::SealedShare>;

	/// Decrypts a share with the last ephemeral key.
	fn unseal_share(
		&self,
		binding: &ShareBinding<Hashed<Self::Scheme>>,
		sealed: &<Self::Scheme as Scheme>::SealedShare,
	) -> Option<<Self::Scheme as Scheme>::Share>;

	/// Recovers the trapdoor from `t` verified shares and keeps it. None if there are too few.
	fn recover(
		&mut self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		shares: &[(AuthorityIndex, <Self::Scheme as Scheme>::Share)],
	) -> Option<Recovery<<Self::Scheme as Scheme>::Fault>>;

	/// A collision, if this dealing's trapdoor is known.
	fn collide(
		&mut self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		candidacy: &Candidacy<Hashed<Self::Scheme>>,
	) -> Option<<Self::Scheme as Scheme>::Collision>;

	/// Whether a collision is valid for the candidacy.
	fn verify_collision(
		&self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		candidacy: &Candidacy<Hashed<Self::Scheme>>,
		collision: &<Self::Scheme as Scheme>::Collision,
	) -> bool;

	/// Keeps the trapdoor that a valid collision reveals.
	fn learn(
		&mut self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		candidacy: &Candidacy<Hashed<Self::Scheme>>,
		collision: &<Self::Scheme as Scheme>::Collision,
	);

	/// Whether the shares prove the dealer's fault.
	fn verify_fault(
		&self,
		holders: &Set<Self::Scheme>,
		dealt: &Dealt<Self::Scheme>,
		fault: &<Self::Scheme as Scheme>::Fault,
	) -> bool;
}
