//! Proofs that a block is final, for those who know an authority set and nothing else of the chain.
//!
//! A proof begins with the set that the verifier trusts. For each change of the set since, it has the closing block's
//! header with its commit certificate by the set before, and its parent's header, which names the next set. Then come
//! the headers from the block in question up to one with a commit certificate. Nothing in it is believed that does not follow
//! from a certificate.

use alloc::vec::Vec;
use codec::{Compact, Decode, Encode, Error, Input};
use sp_runtime::{generic, traits::BlakeTwo256, traits::Header as _};

use crate::{
	header, AuthorityId, AuthoritySet, BlockHash, CertificateError, Phase, QuorumCertificate, SetId,
	Signature, Verifier,
};

/// A header of the chain.
pub type Header = generic::Header<u32, BlakeTwo256>;

/// Changes of the set in one proof, at most.
pub const MAX_HANDOVERS: usize = 64;

/// Headers from the block to the certified one, at most.
pub const MAX_HEADERS: usize = 1_024;

/// A change of the authority set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Handover {
	/// The header of the closing block's parent, which names the next set.
	pub parent: Header,
	/// The header of the closing block.
	pub closing: Header,
	/// The closing block's commit certificate.
	pub certificate: QuorumCertificate,
}

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FinalityProof {
	handovers: Bounded<Handover, MAX_HANDOVERS>,
	headers: Bounded<Header, MAX_HEADERS>,
	certificate: QuorumCertificate,
}

/// A list whose length is checked before its items are read.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
struct Bounded<T, const MOST: usize>(Vec<T>);

impl<T: Decode, const MOST: usize> Decode for Bounded<T, MOST> {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		let Compact(count) = Compact::<u32>::decode(input)?;
		if usize::try_from(count).map_or(true, |count| count > MOST) {
			return Err("a proof of finality with too many items".into());
		}
		(0..count)
			.map(|_| T::decode(input))
			.collect::<Result<_, _>>()
			.map(Self)
	}
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalityError {
	/// It begins with another set than the one that is trusted, or a set is left out.
	Set {
		/// The set whose certificate was expected.
		expected: SetId,
		/// The set of the certificate found.
		found: SetId,
	},
	/// A certificate is not of the block that it stands for.
	OtherBlock,
	/// A certificate has votes to prepare, which make nothing final.
	NotCommitted,
	/// A certificate's votes are not good.
	Votes(CertificateError),
	/// A header does not belong to its parent's.
	Chain,
	/// The header before a closing block names no set, or not the next one.
	NoNextSet,
	/// There is no header in it.
	Empty,
}

impl core::fmt::Display for FinalityError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Set { expected, found } => {
				write!(
					f,
					"a certificate of authority set {found} where one of set {expected} has to be"
				)
			}
			Self::OtherBlock => f.write_str("a certificate is not of the block that it stands for"),
			Self::NotCommitted => f.write_str("a certificate has votes to prepare, which make nothing final"),
			Self::Votes(error) => write!(f, "a certificate's votes: {error}"),
			Self::Chain => f.write_str("a header does not belong to its parent's"),
			Self::NoNextSet => f.write_str("the header before a closing block does not name the next set"),
			Self::Empty => f.write_str("the proof names no block"),
		}
	}
}

/// What a good proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Final {
	/// The block's hash.
	pub hash: BlockHash,
	/// The block's header.
	pub header: Header,
	/// The set that made it final.
	pub set: AuthoritySet,
}

impl FinalityProof {
	/// Puts a proof together: `headers` go from the block in question to the one that `certificate` certifies.
	pub fn new(
		handovers: Vec<Handover>,
		headers: Vec<Header>,
		certificate: QuorumCertificate,
	) -> Option<Self> {
		let fits = handovers.len() <= MAX_HANDOVERS && (1..=MAX_HEADERS).contains(&headers.len());
		fits.then_some(Self {
			handovers: Bounded(handovers),
			headers: Bounded(headers),
			certificate,
		})
	}

	/// Checks the proof. `trusted` is an authority set of the chain with this genesis hash.
	pub fn verify(
		&self,
		genesis: &BlockHash,
		trusted: &AuthoritySet,
		verifier: &impl Verifier<AuthorityId, Signature>,
	) -> Result<Final, FinalityError> {
		let mut set = trusted.clone();
		for Handover {
			parent,
			closing,
			certificate,
		} in &self.handovers.0
		{
			commits(certificate, closing, genesis, &set, verifier)?;
			if *closing.parent_hash() != parent.hash() {
				return Err(FinalityError::Chain);
			}
			let mut digest = parent.digest().clone();
			let next = header::take_seal(&mut digest)
				.and_then(|_| header::items(&digest))
				.ok()
				.and_then(|items| items.child_closes)
				.filter(|next| next.id() == set.id().next());
			set = next.ok_or(FinalityError::NoNextSet)?;
		}
		let (Some(first), Some(last)) = (self.headers.0.first(), self.headers.0.last()) else {
			return Err(FinalityError::Empty);
		};
		commits(&self.certificate, last, genesis, &set, verifier)?;
		let linked = self
			.headers
			.0
			.iter()
			.zip(self.headers.0.iter().skip(1))
			.all(|(parent, child)| *child.parent_hash() == parent.hash());
		if !linked {
			return Err(FinalityError::Chain);
		}
		Ok(Final {
			hash: first.hash().0,
			header: first.clone(),
			set,
		})
	}
}

/// Whether a certificate of this set commits the block with this header.
fn commits(
	certificate: &QuorumCertificate,
	header: &Header,
	genesis: &BlockHash,
	set: &AuthoritySet,
	verifier: &impl Verifier<AuthorityId, Signature>,
) -> Result<(), FinalityError> {
	let target = &certificate.target;
	if target.set_id != set.id() {
		return Err(FinalityError::Set {
			expected: set.id(),
			found: target.set_id,
		});
	}
	if target.hash != header.hash().0 || target.number.0 != u64::from(*header.number()) {
		return Err(FinalityError::OtherBlock);
	}
	if certificate.phase != Phase::Commit {
		return Err(FinalityError::NotCommitted);
	}
	certificate
		.verify(genesis, set, verifier)
		.map_err(FinalityError::Votes)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		payload, sign,
		test_set::{self, at, GENESIS},
		AuthorityIndex, ConsensusLog, HeaderDigest, Kind, Number, Sr25519, Target, Term, ENGINE_ID,
	};
	use schnorrkel::Keypair;
	use sp_runtime::{Digest, DigestItem};

	fn a_header(number: u32, parent: sp_core_hash::Hash, closes: Option<&AuthoritySet>) -> Header {
		let digest = HeaderDigest {
			set_id: SetId(0),
			term: Term(1),
			sealer: AuthorityIndex(0),
			parent_qc: QuorumCertificate::genesis([4; 32]),
			commit_qc: QuorumCertificate::genesis([4; 32]),
			election: None,
		};
		let mut logs = header::pre_runtime(&digest, None);
		logs.extend(
			closes
				.map(|set| DigestItem::Consensus(ENGINE_ID, ConsensusLog::ChildCloses(set.clone()).encode())),
		);
		logs.push(header::seal(&Signature([5; 64])));
		Header::new(
			number,
			Default::default(),
			Default::default(),
			parent,
			Digest { logs },
		)
	}

	mod sp_core_hash {
		pub type Hash = <super::Header as sp_runtime::traits::Header>::Hash;
	}

	fn qc(phase: Phase, header: &Header, set: &AuthoritySet, keys: &[Keypair]) -> QuorumCertificate {
		let target = Target {
			set_id: set.id(),
			term: Term(1),
			number: Number((*header.number()).into()),
			hash: header.hash().0,
		};
		let body = (phase, target.term, target.number, target.hash);
		let bytes = payload(Kind::Vote, &GENESIS, set.id(), &body);
		QuorumCertificate {
			phase,
			target,
			signatures: (0..set.quorum())
				.map(|index| (at(index), sign(&keys[usize::from(index)], &bytes)))
				.collect(),
		}
	}

	/// Blocks 1 to 5; 3 hands over to a second set; 5 is committed by it.
	struct Scene {
		first: AuthoritySet,
		headers: Vec<Header>,
		handover: Handover,
		last: QuorumCertificate,
		keys: Vec<Keypair>,
		second: AuthoritySet,
	}

	fn scene() -> Scene {
		let (first, keys) = test_set::set(0, 4);
		let (second, second_keys) = test_set::set(1, 7);
		let mut headers: Vec<Header> = Vec::new();
		for number in 1..=5 {
			let parent = headers.last().map(|header| header.hash()).unwrap_or_default();
			headers.push(a_header(number, parent, (number == 2).then_some(&second)));
		}
		Scene {
			handover: Handover {
				parent: headers[1].clone(),
				closing: headers[2].clone(),
				certificate: qc(Phase::Commit, &headers[2], &first, &keys),
			},
			last: qc(Phase::Commit, &headers[4], &second, &second_keys),
			keys: second_keys,
			first,
			second,
			headers,
		}
	}

	fn check(
		scene: &Scene,
		handovers: Vec<Handover>,
		headers: &[Header],
		last: &QuorumCertificate,
	) -> Result<Final, FinalityError> {
		let proof = FinalityProof::new(handovers, headers.to_vec(), last.clone()).unwrap();
		let proof = FinalityProof::decode(&mut &proof.encode()[..]).unwrap();
		proof.verify(&GENESIS, &scene.first, &Sr25519)
	}

	#[test]
	fn a_good_proof_over_a_change_of_the_set_shows_its_block() {
		let scene = scene();
		let shown = check(
			&scene,
			[scene.handover.clone()].to_vec(),
			&scene.headers[3..],
			&scene.last,
		)
		.unwrap();
		assert_eq!(shown.hash, scene.headers[3].hash().0);
		assert_eq!(shown.set, scene.second);
		let early = check(
			&scene,
			Vec::new(),
			&scene.headers[..3],
			&scene.handover.certificate,
		)
		.unwrap();
		assert_eq!((early.header.number, early.set), (1, scene.first.clone()));
	}

	#[test]
	fn each_lie_is_found() {
		let scene = scene();
		let with = |change: &dyn Fn(&mut Handover)| {
			let mut handover = scene.handover.clone();
			change(&mut handover);
			check(&scene, [handover].to_vec(), &scene.headers[3..], &scene.last).unwrap_err()
		};
		let skipped = check(&scene, Vec::new(), &scene.headers[3..], &scene.last);
		let expected = FinalityError::Set {
			expected: SetId(0),
			found: SetId(1),
		};
		assert_eq!(skipped, Err(expected));
		assert_eq!(
			with(&|h| h.closing = scene.headers[3].clone()),
			FinalityError::OtherBlock
		);
		assert_eq!(
			with(&|h| h.parent = scene.headers[0].clone()),
			FinalityError::Chain
		);
		assert_eq!(
			with(&|h| h.certificate.phase = Phase::Prepare),
			FinalityError::NotCommitted
		);
		assert!(matches!(
			with(&|h| h.certificate.target.term = Term(2)),
			FinalityError::Votes(_)
		));
		// Block 4 closes nothing: block 3 names no set.
		let (first, keys) = test_set::set(0, 4);
		let no_change = Handover {
			parent: scene.headers[2].clone(),
			closing: scene.headers[3].clone(),
			certificate: qc(Phase::Commit, &scene.headers[3], &first, &keys),
		};
		let error = check(&scene, [no_change].to_vec(), &scene.headers[3..], &scene.last);
		assert_eq!(error, Err(FinalityError::NoNextSet));
		// A line with a gap, and a certificate to prepare.
		let handovers = [scene.handover.clone()].to_vec();
		let gap = [scene.headers[2].clone(), scene.headers[4].clone()];
		assert_eq!(
			check(&scene, handovers.clone(), &gap, &scene.last),
			Err(FinalityError::Chain)
		);
		let prepared = qc(Phase::Prepare, &scene.headers[4], &scene.second, &scene.keys);
		assert_eq!(
			check(&scene, handovers.clone(), &scene.headers[3..], &prepared),
			Err(FinalityError::NotCommitted)
		);
		// Another chain.
		let proof = FinalityProof::new(handovers, scene.headers[3..].to_vec(), scene.last.clone()).unwrap();
		assert!(matches!(
			proof.verify(&[1; 32], &scene.first, &Sr25519),
			Err(FinalityError::Votes(_))
		));
	}

	#[test]
	fn proofs_are_bounded() {
		let scene = scene();
		let one = scene.headers[0].clone();
		assert!(FinalityProof::new(Vec::new(), Vec::new(), scene.last.clone()).is_none());
		let many = alloc::vec![one; MAX_HEADERS + 1];
		assert!(FinalityProof::new(Vec::new(), many.clone(), scene.last.clone()).is_none());
		let encoded = (Vec::<Handover>::new(), many, scene.last).encode();
		assert!(FinalityProof::decode(&mut &encoded[..]).is_err());
		let empty = (
			Vec::<Handover>::new(),
			Vec::<Header>::new(),
			scene.handover.certificate,
		)
			.encode();
		let empty = FinalityProof::decode(&mut &empty[..]).unwrap();
		assert_eq!(
			empty.verify(&GENESIS, &scene.first, &Sr25519),
			Err(FinalityError::Empty)
		);
	}
}
