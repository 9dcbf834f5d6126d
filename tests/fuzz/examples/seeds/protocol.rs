//! What authorities sign: votes, certificates, evidence, records, headers, dealings.

use codec::Encode;
use sp_core::H256;
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use veilmart_fuzz_targets::{
	authorities,
	consensus::BINDING,
	trapdoor::{Answer, CANDIDACY, CONTEXT},
	SecretAuthority, GENESIS,
};
use veilmart_runtime::apis::SessionKeys;
use veilmart_td_raft::{
	finality::{FinalityProof, Handover, Header},
	header, payload, AuthorityIndex, AuthoritySet, ConsensusLog, Down, ElectionBallot, ElectionCertificate,
	ElectionDigest, ElectionVote, EntryCertificate, Evidence, HeaderDigest, Kind, Number, Phase,
	QuorumCertificate, Rank, Reason, SealBody, SealedContent, SealedTransaction, SetId, Signature,
	SignedDown, Target, Term, Vote, VrfProof, ENGINE_ID,
};
use veilmart_td_raft_core::{
	message::{CatchUp, Heartbeat, Message, Notice, Promise, RequestShares, Signed, Status},
	real::OnChain,
	safety::Durable,
};
use veilmart_trapdoor::{Collision, Dealing, Recovery};

use crate::{
	broken,
	chain::{record, sign},
	rng, Corpora,
};

/// A set with its secrets.
struct Authorities {
	set: AuthoritySet,
	secrets: Vec<SecretAuthority>,
}

impl Authorities {
	fn quorum(&self) -> impl ExactSizeIterator<Item = AuthorityIndex> {
		(0..self.set.quorum()).map(AuthorityIndex)
	}

	fn sign(&self, signer: AuthorityIndex, bytes: &[u8]) -> Signature {
		Signature(sign(&self.secrets[usize::from(signer.0)].keys, bytes))
	}

	fn target(number: u64, hash: [u8; 32]) -> Target {
		Target {
			set_id: SetId(0),
			term: Term(1),
			number: Number(number),
			hash,
		}
	}

	fn vote(&self, voter: u16, target: Target) -> Vote {
		let (phase, voter) = (Phase::Commit, AuthorityIndex(voter));
		Vote {
			phase,
			signature: self.sign(voter, &Vote::<_, Signature>::payload(&GENESIS, phase, &target)),
			target,
			voter,
		}
	}

	fn qc(&self, target: Target) -> QuorumCertificate {
		let votes = self.quorum().map(|voter| self.vote(voter.0, target));
		QuorumCertificate {
			phase: Phase::Commit,
			signatures: votes.map(|vote| (vote.voter, vote.signature)).collect(),
			target,
		}
	}

	fn ballot(&self, voter: AuthorityIndex, candidate: u16) -> ElectionVote {
		let (set_id, term, candidate) = (SetId(0), Term(2), AuthorityIndex(candidate));
		let high_qc = Self::target(5, [5; 32]);
		let bytes = ElectionBallot::<_, Signature>::payload(&GENESIS, set_id, term, candidate, &high_qc);
		ElectionVote {
			set_id,
			term,
			candidate,
			ballot: ElectionBallot {
				voter,
				signature: self.sign(voter, &bytes),
				high_qc,
			},
		}
	}

	fn election(&self) -> ElectionCertificate {
		ElectionCertificate {
			set_id: SetId(0),
			term: Term(2),
			leader: AuthorityIndex(1),
			ballots: self.quorum().map(|voter| self.ballot(voter, 1).ballot).collect(),
		}
	}

	fn entry(&self) -> EntryCertificate {
		let downs = self.quorum().map(|authority| {
			let down = Down {
				term: Term(2),
				sequence: 9,
				reason: Reason::Silence,
			};
			let bytes = SignedDown::<_, Signature>::payload(&GENESIS, SetId(0), &down);
			SignedDown {
				authority,
				signature: self.sign(authority, &bytes),
				down,
			}
		});
		EntryCertificate {
			set_id: SetId(0),
			term: Term(2),
			downs: downs.collect(),
		}
	}

	fn evidence(&self) -> [Evidence; 3] {
		let signer = AuthorityIndex(3);
		let seal = |header| {
			let body = SealBody {
				term: Term(1),
				number: Number(7),
				header,
			};
			let bytes = body.payload(&GENESIS, SetId(0));
			(body, self.sign(signer, &bytes))
		};
		[
			Evidence::Seals {
				signer,
				set_id: SetId(0),
				first: seal([1; 32]),
				second: seal([2; 32]),
			},
			Evidence::Votes(
				self.vote(3, Self::target(7, [1; 32])),
				self.vote(3, Self::target(7, [2; 32])),
			),
			Evidence::ElectionVotes(self.ballot(signer, 0), self.ballot(signer, 1)),
		]
	}

	fn messages(&self) -> Vec<(&'static str, Message<OnChain>)> {
		let qc = self.qc(Self::target(5, [5; 32]));
		let (set_id, signer) = (SetId(0), AuthorityIndex(1));
		let heartbeat = Heartbeat {
			term: Term(1),
			sequence: 12,
			tip: Some((Number(6), [6; 32])),
			high_qc: qc.rank(),
			commit_qc: qc.rank(),
		};
		let request = RequestShares {
			term: Term(2),
			dealing: [4; 32],
			commit_qc: qc.clone(),
			vrf: VrfProof {
				pre_output: [1; 32],
				proof: [2; 64],
			},
			ephemeral: [3; 32],
		};
		let status = Status {
			set_id,
			term: Term(1),
			led: true,
			attempt: Term(0),
			high_qc: Rank(set_id, Term(1), Number(5)),
			commit_qc: Rank(set_id, Term(1), Number(4)),
		};
		let catch_up = CatchUp {
			handover: None,
			high_qc: Some(qc.clone()),
			commit_qc: None,
			certificate: Some(self.election()),
			entry: Some(self.entry()),
		};
		let signature = self.sign(signer, &payload(Kind::Heartbeat, &GENESIS, set_id, &heartbeat));
		vec![
			(
				"heartbeat",
				Message::Promise(Promise::Heartbeat(Signed {
					set_id,
					signer,
					body: heartbeat,
					signature,
				})),
			),
			(
				"request-shares",
				Message::Promise(Promise::RequestShares(Signed {
					set_id,
					signer,
					signature: self.sign(signer, &payload(Kind::RequestShares, &GENESIS, set_id, &request)),
					body: request,
				})),
			),
			("status", Message::Notice(Notice::Status(status))),
			("catch-up", Message::Notice(Notice::CatchUp(catch_up))),
		]
	}

	fn header(&self, number: u32, parent: H256, closes: Option<&AuthoritySet>) -> Header {
		let qc = self.qc(Self::target(u64::from(number) - 1, parent.0));
		let digest = HeaderDigest {
			set_id: SetId(0),
			term: Term(2),
			sealer: AuthorityIndex(1),
			parent_qc: qc.clone(),
			commit_qc: qc,
			election: (number == 6).then(|| ElectionDigest {
				certificate: self.election(),
				vrf: VrfProof {
					pre_output: [1; 32],
					proof: [2; 64],
				},
				dealing: [4; 32],
			}),
		};
		let mut logs = header::pre_runtime(&digest, None);
		logs.extend(
			closes
				.map(|set| DigestItem::Consensus(ENGINE_ID, ConsensusLog::ChildCloses(set.clone()).encode())),
		);
		logs.push(header::seal(&self.sign(AuthorityIndex(1), &logs.encode())));
		Header::new(number, H256::zero(), H256::zero(), parent, Digest { logs })
	}

	fn finality(&self) -> [FinalityProof; 2] {
		let first = self.header(7, H256::repeat_byte(6), None);
		let second = self.header(8, first.hash(), None);
		let certified = |header: &Header| self.qc(Self::target(u64::from(*header.number()), header.hash().0));
		let qc = certified(&second);
		let simple = FinalityProof::new(Vec::new(), vec![first, second], qc);

		// The next set has the same members.
		let next = AuthoritySet::new(SetId(1), self.set.members().to_vec()).expect("as good as the first");
		let parent = self.header(9, H256::repeat_byte(8), Some(&next));
		let closing = self.header(10, parent.hash(), None);
		let handover = Handover {
			certificate: certified(&closing),
			parent,
			closing: closing.clone(),
		};
		let last = self.header(11, closing.hash(), None);
		let target = Target {
			set_id: SetId(1),
			..Self::target(11, last.hash().0)
		};
		let handed_over = FinalityProof::new(vec![handover], vec![last], self.qc(target));
		[simple, handed_over].map(|proof| proof.expect("short"))
	}
}

fn trapdoors(corpora: &mut Corpora, authorities: &Authorities) {
	let mut rng = rng("dealing");
	let keys = authorities.set.share_keys().expect("four different points");
	let dealing = Dealing::deal(&CONTEXT, &keys, &mut rng);
	let verified = dealing.verify(&CONTEXT, &keys).expect("honest");
	let shares: Vec<_> = authorities
		.secrets
		.iter()
		.map(|secret| verified.open(&secret.share, &mut rng).expect("a holder"))
		.collect();
	let good: Vec<_> = shares
		.iter()
		.map(|share| verified.verify_share(share).expect("honest"))
		.collect();
	let Ok(Recovery::Trapdoor(trapdoor)) = verified.recover(&good) else {
		panic!("an honest dealing has its trapdoor");
	};
	let box_of_share = (BINDING, &shares[0]).encode();
	corpora.add(
		"consensus",
		"broken-share",
		broken(&box_of_share, box_of_share.len() - 1),
	);
	corpora.add(
		"consensus",
		"broken-share-end",
		[&box_of_share[..], &[0]].concat(),
	);
	corpora.add("consensus", "share", box_of_share);
	let collision: Collision = trapdoor.collide(&CANDIDACY).expect("another message");
	let answer: Answer = (shares.into_iter().collect(), collision);
	let whole = (&dealing, &answer).encode();
	corpora.add("trapdoor", "dealing", dealing.encode());
	corpora.add("trapdoor", "broken-dealing", broken(&dealing.encode(), 0));
	corpora.add("trapdoor", "broken-collision", broken(&whole, 31));
	corpora.add("trapdoor", "broken-share", broken(&whole, 40));
	corpora.add("trapdoor", "answer", whole);
}

/// The corpora of the consensus.
pub fn add(corpora: &mut Corpora) {
	let (set, secrets) = authorities();
	let authorities = Authorities { set, secrets };
	let qc = authorities.qc(Authorities::target(5, [5; 32]));
	let mut few = qc.clone();
	few.signatures = qc.signatures.iter().take(2).cloned().collect();
	for (name, bytes) in [
		("quorum", qc.encode()),
		("broken-quorum", few.encode()),
		("broken-signature", broken(&qc.encode(), 20)),
		("election", authorities.election().encode()),
		("entry", authorities.entry().encode()),
		(
			"vote",
			authorities.vote(2, Authorities::target(5, [5; 32])).encode(),
		),
		("election-vote", authorities.ballot(AuthorityIndex(2), 1).encode()),
		("broken-durable", Durable::<OnChain>::genesis(GENESIS).encode()),
	] {
		corpora.add("consensus", name, bytes);
	}
	for (name, evidence) in ["seals", "votes", "election-votes"]
		.into_iter()
		.zip(authorities.evidence())
	{
		corpora.add("consensus", name, evidence.encode());
	}
	for (name, message) in authorities.messages() {
		corpora.add("consensus", name, message.encode());
	}

	for (name, proof) in ["proof", "handover"].into_iter().zip(authorities.finality()) {
		corpora.add("finality", name, proof.encode());
		corpora.add("finality", &format!("broken-{name}"), broken(&proof.encode(), 7));
	}
	let first = authorities.header(6, H256::repeat_byte(5), None);
	corpora.add("finality", "header", first.encode());

	let keys = &authorities.secrets[0].keys;
	let record = record(keys, &GENESIS).encode();
	let sealed = SealedTransaction {
		leader: authorities.set.members()[0].id,
		sealed: vec![7; 100],
	};
	let content = SealedContent {
		genesis: GENESIS,
		transaction: vec![8; 60],
	};
	let session = SessionKeys {
		tdrf: sp_core::sr25519::Public::from_raw(keys.account()).into(),
		tdsh: sp_core::sr25519::Public::from_raw([9; 32]).into(),
	};
	for (name, bytes) in [
		("broken-record", broken(&record, 0)),
		("record", record),
		("set", authorities.set.encode()),
		("sealed", sealed.encode()),
		("content", content.encode()),
		("broken-session", session.encode()),
	] {
		corpora.add("record", name, bytes);
	}
	trapdoors(corpora, &authorities);
}
