//! The cryptography of the chain: sr25519 votes and lots, publicly verifiable dealings, shares encrypted with sealed
//! boxes (X25519, XSalsa20-Poly1305).

use codec::{DecodeAll, Encode};
use crypto_box::{PublicKey, SecretKey};
use rand_core::OsRng;
use schnorrkel::Keypair;
use std::sync::{Arc, Mutex};
use veilmart_td_raft::{
	sign, AuthorityId, AuthorityIndex, BlockHash, DealerFaultProof, SetId, ShareKey, Signature, Sr25519,
	Term, Verifier, VrfInput, VrfOutput, VrfProof,
};
use veilmart_trapdoor as trapdoor;
use veilmart_trapdoor::{
	Collision, Context, Dealing, OpenedShare, Recovery as Recovered, ShareKeys, ShareSecret, Trapdoor,
	VerifiedDealing, VerifiedShare,
};
use zeroize::Zeroizing;

use crate::crypto::{Candidacy, Crypto, Dealt, Lot, Place, Recovery, Scheme, Set, ShareBinding};

/// The types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnChain;

impl Scheme for OnChain {
	type BlockHash = BlockHash;
	type Id = AuthorityId;
	type ShareKey = ShareKey;
	type Signature = Signature;
	type Vrf = VrfProof;
	type Dealing = Dealing;
	type Share = OpenedShare;
	/// A sealed box of the binding's and the share's encoding.
	type SealedShare = Vec<u8>;
	type Ephemeral = [u8; 32];
	type Collision = Collision;
	type Fault = DealerFaultProof;
	/// As encoded.
	type Transaction = Vec<u8>;
}

/// How many verified dealings are remembered: those in force and those of blocks that may become final.
const VERIFIED: usize = 8;

/// What a dealing was verified for, with the result.
type Verified = (Vec<u8>, Option<Arc<VerifiedDealing>>);

/// One authority's keys.
#[derive(Clone)]
pub struct Keys {
	genesis: BlockHash,
	genesis_dealing: BlockHash,
	votes: Arc<Keypair>,
	shares: Arc<ShareSecret>,
	ephemeral: Option<Arc<SecretKey>>,
	known: Option<(BlockHash, Arc<Trapdoor>)>,
	verified: Arc<Mutex<Vec<Verified>>>,
}

impl core::fmt::Debug for Keys {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str("Keys(secret)")
	}
}

impl Keys {
	/// Keys `tdrf` and `tdsh`. `genesis_dealing` is the hash of chain id and authority list that the dealing in genesis
	/// binds in place of the genesis hash.
	pub fn new(genesis: BlockHash, genesis_dealing: BlockHash, votes: Keypair, shares: ShareSecret) -> Self {
		Self {
			genesis,
			genesis_dealing,
			votes: Arc::new(votes),
			shares: Arc::new(shares),
			ephemeral: None,
			known: None,
			verified: Arc::new(Mutex::new(Vec::new())),
		}
	}

	fn context(&self, place: &Place<BlockHash>) -> Context {
		Context {
			genesis: if place.parent.is_some() {
				self.genesis
			} else {
				self.genesis_dealing
			},
			set_id: place.holders.0,
			term: place.term.0,
			dealer: place.dealer.0,
			parent: place.parent.unwrap_or_default(),
		}
	}

	fn share_keys(holders: &Set<OnChain>) -> Option<ShareKeys> {
		let keys: Vec<_> = holders
			.members()
			.iter()
			.map(|member| member.share_key.0)
			.collect();
		ShareKeys::new(&keys).ok()
	}

	/// The dealing, verified for its place.
	fn verified(
		&self,
		holders: &Set<OnChain>,
		place: &Place<BlockHash>,
		dealing: &Dealing,
	) -> Option<Arc<VerifiedDealing>> {
		let what = (holders, place, dealing).encode();
		// A poisoned lock guards a list that is whole all the same.
		let mut remembered = self
			.verified
			.lock()
			.unwrap_or_else(|poisoned| poisoned.into_inner());
		if let Some((_, verdict)) = remembered.iter().find(|(known, _)| *known == what) {
			return verdict.clone();
		}
		let verdict = Self::share_keys(holders)
			.and_then(|keys| dealing.verify(&self.context(place), &keys).ok())
			.map(Arc::new);
		if remembered.len() >= VERIFIED {
			remembered.remove(0);
		}
		remembered.push((what, verdict.clone()));
		verdict
	}

	fn dealt(&self, holders: &Set<OnChain>, dealt: &Dealt<OnChain>) -> Option<Arc<VerifiedDealing>> {
		self.verified(holders, &dealt.place, &dealt.dealing)
	}

	fn vrf_input(&self, set_id: SetId, beacon: &BlockHash, term: Term) -> VrfInput {
		VrfInput {
			genesis: self.genesis,
			set_id,
			beacon: *beacon,
			term,
		}
	}
}

fn lot(output: &VrfOutput) -> Lot<BlockHash> {
	Lot {
		fraction: output.fraction(),
		output: output.0,
	}
}

/// The share in an opened box, if it is bound to this. The box has nothing beside both.
pub fn read_share(plain: &[u8], binding: &ShareBinding<BlockHash>) -> Option<OpenedShare> {
	let (bound_to, share) = <(ShareBinding<BlockHash>, OpenedShare)>::decode_all(&mut &*plain).ok()?;
	(bound_to == *binding).then_some(share)
}

/// With the certificate's encoding, which the candidacy borrows.
fn with_candidacy<R>(candidacy: &Candidacy<BlockHash>, f: impl FnOnce(&trapdoor::Candidacy) -> R) -> R {
	let high_qc = candidacy.high_qc.encode();
	f(&trapdoor::Candidacy {
		term: candidacy.term.0,
		candidate: candidacy.candidate.0,
		high_qc: &high_qc,
	})
}

impl Verifier<AuthorityId, Signature> for Keys {
	fn verify_all(&self, items: &[(&AuthorityId, &[u8], &Signature)]) -> bool {
		Sr25519.verify_all(items)
	}
}

impl Crypto for Keys {
	type Scheme = OnChain;

	fn sign(&self, bytes: &[u8]) -> Signature {
		sign(&self.votes, bytes)
	}

	fn draw(&self, set_id: SetId, beacon: &BlockHash, term: Term) -> (VrfProof, Lot<BlockHash>) {
		let (output, proof) = self.vrf_input(set_id, beacon, term).prove(&self.votes);
		(proof, lot(&output))
	}

	fn lot(
		&self,
		id: &AuthorityId,
		set_id: SetId,
		beacon: &BlockHash,
		term: Term,
		proof: &VrfProof,
	) -> Option<Lot<BlockHash>> {
		self.vrf_input(set_id, beacon, term)
			.verify(id, proof)
			.as_ref()
			.map(lot)
	}

	fn beacon(&self, used: &BlockHash, output: &BlockHash, term: Term) -> BlockHash {
		veilmart_td_raft::beacon(used, &VrfOutput(*output), term)
	}

	fn deal(&mut self, holders: &Set<OnChain>, place: &Place<BlockHash>) -> Option<Dealing> {
		let keys = Self::share_keys(holders)?;
		Some(Dealing::deal(&self.context(place), &keys, &mut OsRng))
	}

	fn verify_dealing(&self, holders: &Set<OnChain>, place: &Place<BlockHash>, dealing: &Dealing) -> bool {
		self.verified(holders, place, dealing).is_some()
	}

	fn open_share(&mut self, holders: &Set<OnChain>, dealt: &Dealt<OnChain>) -> Option<OpenedShare> {
		self.dealt(holders, dealt)?.open(&self.shares, &mut OsRng).ok()
	}

	fn verify_share(
		&self,
		holders: &Set<OnChain>,
		dealt: &Dealt<OnChain>,
		holder: AuthorityIndex,
		share: &OpenedShare,
	) -> bool {
		share.holder() == holder.0
			&& self
				.dealt(holders, dealt)
				.is_some_and(|verified| verified.verify_share(share).is_ok())
	}

	fn ephemeral(&mut self) -> [u8; 32] {
		let secret = SecretKey::generate(&mut OsRng);
		let public = *secret.public_key().as_bytes();
		self.ephemeral = Some(Arc::new(secret));
		public
	}

	fn seal_share(
		&mut self,
		to: &[u8; 32],
		binding: &ShareBinding<BlockHash>,
		share: &OpenedShare,
	) -> Option<Vec<u8>> {
		let plain = Zeroizing::new((binding, share).encode());
		PublicKey::from(*to).seal(&mut OsRng, &plain).ok()
	}

	fn unseal_share(&self, binding: &ShareBinding<BlockHash>, sealed: &Vec<u8>) -> Option<OpenedShare> {
		let plain = Zeroizing::new(self.ephemeral.as_ref()?.unseal(sealed).ok()?);
		read_share(&plain, binding)
	}

	fn recover(
		&mut self,
		holders: &Set<OnChain>,
		dealt: &Dealt<OnChain>,
		shares: &[(AuthorityIndex, OpenedShare)],
	) -> Option<Recovery<DealerFaultProof>> {
		let verified = self.dealt(holders, dealt)?;
		let shares: Vec<VerifiedShare> = shares
			.iter()
			.filter_map(|(_, share)| verified.verify_share(share).ok())
			.collect();
		match verified.recover(&shares).ok()? {
			Recovered::Trapdoor(trapdoor) => {
				self.known = Some((dealt.block, Arc::new(trapdoor)));
				Some(Recovery::Trapdoor)
			}
			Recovered::Fault(fault) => Some(Recovery::Fault(DealerFaultProof {
				holders: dealt.place.holders,
				term: dealt.place.term,
				parent: dealt.place.parent.unwrap_or_default(),
				dealing: dealt.dealing.clone(),
				fault,
			})),
		}
	}

	fn collide(
		&mut self,
		_: &Set<OnChain>,
		dealt: &Dealt<OnChain>,
		candidacy: &Candidacy<BlockHash>,
	) -> Option<Collision> {
		let (_, trapdoor) = self.known.as_ref().filter(|(block, _)| *block == dealt.block)?;
		with_candidacy(candidacy, |candidacy| trapdoor.collide(candidacy)).ok()
	}

	fn verify_collision(
		&self,
		holders: &Set<OnChain>,
		dealt: &Dealt<OnChain>,
		candidacy: &Candidacy<BlockHash>,
		collision: &Collision,
	) -> bool {
		self.dealt(holders, dealt).is_some_and(|verified| {
			with_candidacy(candidacy, |candidacy| {
				verified.verify_collision(collision, candidacy)
			})
			.is_ok()
		})
	}

	fn learn(
		&mut self,
		holders: &Set<OnChain>,
		dealt: &Dealt<OnChain>,
		candidacy: &Candidacy<BlockHash>,
		collision: &Collision,
	) {
		let Some(verified) = self.dealt(holders, dealt) else {
			return;
		};
		if let Ok(trapdoor) =
			with_candidacy(candidacy, |candidacy| verified.trapdoor_of(collision, candidacy))
		{
			self.known = Some((dealt.block, Arc::new(trapdoor)));
		}
	}

	fn verify_fault(&self, holders: &Set<OnChain>, dealt: &Dealt<OnChain>, fault: &DealerFaultProof) -> bool {
		fault.dealing == dealt.dealing
			&& self
				.dealt(holders, dealt)
				.is_some_and(|verified| verified.verify_fault(&fault.fault).is_ok())
	}
}
