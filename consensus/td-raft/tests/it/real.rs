//! End to end with the chain's own cryptography: real votes, lots, dealings, shares, collisions.

use codec::Decode;
use curve25519_dalek::{constants::RISTRETTO_BASEPOINT_POINT, scalar::Scalar};
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use std::{
	collections::{BTreeMap, VecDeque},
	sync::Arc,
};
use veilmart_td_raft::{
	Authority, AuthorityId, AuthorityIndex, AuthoritySet, CertificateError, Evidence, EvidenceError, SetId,
	ShareKey, Signature, Sr25519, Term, Timing,
};
use veilmart_td_raft_core::{
	crypto::{Crypto, Dealt, Place, Qc, Recovery},
	message::{Message, Notice, Promise, TrapdoorProof},
	real::{Keys, OnChain},
	Anchor, Block, Build, Config, Core, Input, Mutants, Output, To,
};
use veilmart_trapdoor::{Context, Dealing, ShareSecret};

/// A second implementation of the dealing, by which a dealer can lie.
#[allow(dead_code)]
#[path = "../../../../primitives/trapdoor/tests/trapdoor/independent.rs"]
mod independent;

const GENESIS: [u8; 32] = [0x47; 32];
const CHAIN: [u8; 32] = [0x43; 32];

fn pair(seed: u8) -> Keypair {
	MiniSecretKey::from_bytes(&[seed; 32])
		.unwrap()
		.expand_to_keypair(ExpansionMode::Ed25519)
}

fn keys(number: u8) -> Keys {
	let secret = ShareSecret::from_sr25519(&pair(number + 101).secret.to_bytes()).unwrap();
	Keys::new(GENESIS, CHAIN, pair(number + 1), secret)
}

/// What the dealing in genesis is made for.
const IN_GENESIS: Place<[u8; 32]> = Place {
	holders: SetId(0),
	term: Term(0),
	dealer: AuthorityIndex(0),
	parent: None,
};

/// The seeds of the keys, in the order of the set.
fn order(n: u8) -> Vec<u8> {
	let mut numbers: Vec<_> = (0..n).collect();
	numbers.sort_by_key(|number| pair(number + 1).public.to_bytes());
	numbers
}

fn set(n: u8) -> AuthoritySet {
	let members = order(n).into_iter().map(|number| Authority {
		id: AuthorityId(pair(number + 1).public.to_bytes()),
		share_key: ShareKey(pair(number + 101).public.to_bytes()),
	});
	AuthoritySet::new(SetId(0), members.collect()).unwrap()
}

/// A dealing by a dealer that lies about its chameleon key and about nothing else.
fn lie(n: u8, context: Context) -> Dealing {
	let holders: Vec<_> = order(n)
		.into_iter()
		.map(|number| {
			let secret = pair(number + 101).secret.to_bytes();
			let scalar: [u8; 32] = secret[..32].try_into().unwrap();
			Option::from(Scalar::from_canonical_bytes(scalar)).unwrap()
		})
		.collect();
	let other_key = (RISTRETTO_BASEPOINT_POINT * independent::random_scalar())
		.compress()
		.0;
	let plan = independent::Plan {
		context,
		chameleon_key: other_key,
		..independent::Plan::honest(&holders)
	};
	Dealing::decode(&mut &plan.publish().bytes[..]).unwrap()
}

#[allow(clippy::large_enum_variant)]
enum Event {
	Message(AuthorityId, Message<OnChain>),
	Block(Arc<Block<OnChain>>),
}

struct Room {
	cores: BTreeMap<AuthorityId, Core<Keys>>,
	blocks: BTreeMap<[u8; 32], Arc<Block<OnChain>>>,
	queue: VecDeque<(AuthorityId, Event)>,
	finalized: BTreeMap<AuthorityId, Vec<Qc<OnChain>>>,
	reports: usize,
	seen: BTreeMap<&'static str, usize>,
	now: u64,
}

impl Room {
	fn new(n: u8) -> Self {
		let set = set(n);
		let dealing = keys(0).deal(&set, &IN_GENESIS).unwrap();
		Self::with(n, dealing)
	}

	/// With this dealing in genesis.
	fn with(n: u8, dealing: Dealing) -> Self {
		let set = set(n);
		let genesis = Arc::new(Block::genesis(GENESIS, Signature([0; 64]), Some(dealing), None));
		let cores = (0..n).map(|number| {
			let me = AuthorityId(pair(number + 1).public.to_bytes());
			let config = Config {
				genesis: GENESIS,
				me,
				timing: Timing::LOCAL,
				mutants: Mutants::default(),
			};
			let anchor = Anchor::genesis(genesis.clone(), set.clone());
			(me, Core::restore(config, keys(number), anchor, None, 0))
		});
		Self {
			cores: cores.collect(),
			blocks: [(GENESIS, genesis.clone())].into(),
			queue: VecDeque::new(),
			finalized: BTreeMap::new(),
			reports: 0,
			seen: BTreeMap::new(),
			now: 0,
		}
	}

	fn step(&mut self, who: AuthorityId, input: Input<OnChain>) {
		let Some(core) = self.cores.get_mut(&who) else {
			return;
		};
		for output in core.step(self.now, input) {
			self.carry_out(who, output);
		}
	}

	fn seal(&self, who: AuthorityId, build: Build<OnChain>) -> Arc<Block<OnChain>> {
		// A stand-in for the header's hash; the engine has the real one.
		let unsealed = veilmart_td_raft::beacon(
			&build.parent,
			&veilmart_td_raft::VrfOutput(who.0),
			Term(build.digest.term.0 << 32 | build.number.0),
		);
		let mut block = Block {
			hash: unsealed,
			parent: build.parent,
			number: build.number,
			digest: build.digest,
			unsealed,
			seal: Signature([0; 64]),
			dealing: build.dealing,
			next_set: None,
			child_closes: None,
		};
		let bytes = block.seal_body().payload(&GENESIS, block.set_id());
		block.seal = self.cores[&who].crypto().sign(&bytes);
		Arc::new(block)
	}

	fn carry_out(&mut self, who: AuthorityId, output: Output<OnChain>) {
		let others: Vec<_> = self.cores.keys().copied().filter(|other| *other != who).collect();
		match output {
			Output::Persist(sequence, _) => self.step(who, Input::Persisted(sequence)),
			Output::Send(to, message) => {
				let kind = match &message {
					Message::Notice(Notice::Share(_)) => "share",
					Message::Promise(Promise::RequestVote(signed)) => match signed.body.proof {
						TrapdoorProof::Collision(_) => "collision",
						TrapdoorProof::Fault(_) => "fault",
					},
					_ => "other",
				};
				*self.seen.entry(kind).or_default() += 1;
				let to = match to {
					To::One(to) => vec![to],
					To::Others => others,
				};
				for to in to {
					self.queue.push_back((to, Event::Message(who, message.clone())));
				}
			}
			Output::Propose(block) => {
				self.blocks.insert(block.hash, block.clone());
				for to in others {
					self.queue.push_back((to, Event::Block(block.clone())));
				}
			}
			Output::Build(build) => {
				let block = self.seal(who, build);
				self.step(who, Input::Built(block));
			}
			Output::Finalize {
				hash, certificate, ..
			} => {
				assert_eq!(certificate.target.hash, hash);
				self.finalized.entry(who).or_default().push(certificate);
			}
			Output::Fetch { hash, .. } => {
				let block = self.blocks[&hash].clone();
				self.queue.push_back((who, Event::Block(block)));
			}
			Output::Report(_) => self.reports += 1,
			Output::Submit(_) => {}
		}
	}

	fn run(&mut self, until: u64) {
		while self.now < until {
			while let Some((to, event)) = self.queue.pop_front() {
				match event {
					Event::Message(from, message) => self.step(to, Input::Message { from, message }),
					Event::Block(block) => {
						let verified = self.cores.get(&to).and_then(|core| core.verify(&block));
						if verified
							.is_some_and(|verified| verified.map_err(|error| panic!("{error}")).is_ok())
						{
							let certified = false;
							self.step(to, Input::Imported { block, certified });
						}
					}
				}
			}
			self.now += 5;
			for who in self.cores.keys().copied().collect::<Vec<_>>() {
				self.step(who, Input::Tick);
			}
		}
	}
}

#[test]
fn four_authorities_elect_commit_and_elect_again() {
	let mut room = Room::new(4);
	room.run(4_000);
	let leader = *room.cores.values().next().unwrap().leader().unwrap();
	for who in room.cores.keys().copied().collect::<Vec<_>>() {
		room.step(who, Input::Ready(true));
	}
	room.run(5_000);
	assert!(
		room.seen["share"] >= 2 && room.seen["collision"] >= 1,
		"{:?}",
		room.seen
	);
	let first = room.finalized.values().map(Vec::len).min().unwrap();
	assert!(first >= 5, "{first}");

	// The second election uses the dealing of the first block, whose dealer is gone.
	room.cores.remove(&leader);
	room.run(12_000);
	let new = *room.cores.values().next().unwrap().leader().unwrap();
	assert_ne!(new, leader);
	assert_eq!(room.reports, 0);
	let core = &room.cores[&new];
	assert!(core.term() > Term(1));
	let set = &core.chain().anchor().set;
	for justifications in room.finalized.values() {
		for justification in justifications {
			assert_eq!(justification.verify(&GENESIS, set, &Sr25519), Ok(()));
		}
	}
	let mut heights = BTreeMap::new();
	for (who, justification) in room
		.finalized
		.iter()
		.flat_map(|(who, all)| all.iter().map(move |one| (who, one)))
	{
		let hash = heights
			.entry(justification.target.number)
			.or_insert(justification.target.hash);
		assert_eq!(*hash, justification.target.hash, "{who:?}");
	}
	assert!(room.finalized[&new].len() > first + 5);
}

/// The dealer of a block lied about its key: any `t` holders prove it to whoever knows the set.
#[test]
fn a_dealer_that_lied_is_convicted_on_chain() {
	const N: u8 = 4;
	let set = set(N);
	let place = Place {
		holders: SetId(0),
		term: Term(3),
		dealer: AuthorityIndex(2),
		parent: Some([5; 32]),
	};
	let context = Context {
		genesis: GENESIS,
		set_id: 0,
		term: 3,
		dealer: 2,
		parent: [5; 32],
	};
	let dealt = |dealing| Dealt::<OnChain> {
		block: [6; 32],
		sealed_in: SetId(0),
		place,
		dealing,
		beacon: [7; 32],
	};
	let guilty = dealt(lie(N, context));
	let shares = |dealt: &Dealt<OnChain>| -> Vec<_> {
		let holders = (0..).zip(order(N)).take(2);
		let open = |(index, number)| {
			(
				AuthorityIndex(index),
				keys(number).open_share(&set, dealt).unwrap(),
			)
		};
		holders.map(open).collect()
	};
	let mut judge = keys(0);
	assert!(
		judge.verify_dealing(&set, &place, &guilty.dealing),
		"nobody sees the lie"
	);
	let Some(Recovery::Fault(proof)) = judge.recover(&set, &guilty, &shares(&guilty)) else {
		panic!("the shares show it");
	};
	assert!(judge.verify_fault(&set, &guilty, &proof));
	let evidence = Evidence::DealerFault {
		dealer: AuthorityIndex(2),
		set_id: SetId(0),
		fault: proof.clone(),
	};
	assert_eq!(evidence.verify_on_chain(&GENESIS, &set, &set), Ok(()));
	// Each part of the proof is bound.
	let verify = |proof: &veilmart_td_raft::DealerFaultProof, dealer| {
		proof.verify(&GENESIS, AuthorityIndex(dealer), &set)
	};
	assert_eq!(verify(&proof, 1), Err(EvidenceError::Dealing), "another dealer");
	assert_eq!(
		proof.verify(&CHAIN, AuthorityIndex(2), &set),
		Err(EvidenceError::Dealing),
		"another chain"
	);
	let mut changed = proof.clone();
	changed.term = Term(4);
	assert_eq!(verify(&changed, 2), Err(EvidenceError::Dealing));
	changed = proof.clone();
	changed.parent = [8; 32];
	assert_eq!(verify(&changed, 2), Err(EvidenceError::Dealing));
	changed = proof.clone();
	changed.holders = SetId(1);
	assert_eq!(
		verify(&changed, 2),
		Err(EvidenceError::Statement(CertificateError::Set))
	);
	// The shares of an honest dealing convict nobody.
	let innocent = dealt(keys(0).deal(&set, &place).unwrap());
	assert_eq!(
		judge.recover(&set, &innocent, &shares(&innocent)),
		Some(Recovery::Trapdoor)
	);
	changed = proof;
	changed.dealing = innocent.dealing.clone();
	assert_eq!(verify(&changed, 2), Err(EvidenceError::Fault));
	assert!(!judge.verify_fault(&set, &innocent, &changed));
}

/// Who made the chain specification lied: the first election takes the proof of that, and blames no authority.
#[test]
fn a_lie_in_genesis_stops_no_election_and_blames_no_authority() {
	let context = Context {
		genesis: CHAIN,
		set_id: 0,
		term: 0,
		dealer: 0,
		parent: [0; 32],
	};
	let mut room = Room::with(4, lie(4, context));
	room.run(6_000);
	assert!(
		room.seen.contains_key("fault") && !room.seen.contains_key("collision"),
		"{:?}",
		room.seen
	);
	assert!(room.finalized.len() == 4 && room.reports == 0);
}
