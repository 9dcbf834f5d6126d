//! End to end with the chain's own cryptography: real votes, lots, dealings, shares, collisions.

use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use std::{
	collections::{BTreeMap, VecDeque},
	sync::Arc,
};
use veilmart_td_raft::{
	Authority, AuthorityId, AuthorityIndex, AuthoritySet, SetId, ShareKey, Signature, Sr25519, Term, Timing,
};
use veilmart_td_raft_core::{
	crypto::{Crypto, Place, Qc},
	message::{Message, Notice, Promise, TrapdoorProof},
	real::{Keys, OnChain},
	Anchor, Block, Build, Config, Core, Input, Mutants, Output, To,
};
use veilmart_trapdoor::ShareSecret;

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
	seen: BTreeMap<&'static str, usize>,
	now: u64,
}

impl Room {
	fn new(n: u8) -> Self {
		let mut members: Vec<_> = (0..n)
			.map(|number| Authority {
				id: AuthorityId(pair(number + 1).public.to_bytes()),
				share_key: ShareKey(pair(number + 101).public.to_bytes()),
			})
			.collect();
		members.sort_by_key(|member| member.id);
		let set = AuthoritySet::new(SetId(0), members).unwrap();
		let place = Place {
			holders: SetId(0),
			term: Term(0),
			dealer: AuthorityIndex(0),
			parent: None,
		};
		let dealing = keys(0).deal(&set, &place).unwrap();
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
			Output::Report(evidence) => panic!("{evidence:?}"),
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
							self.step(to, Input::Imported(block));
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
