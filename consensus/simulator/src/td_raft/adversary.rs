//! Faulty authorities of TD-Raft, by the names of the threat model. Each holds its own key only.

use super::{
	ballots::Ballots,
	messages::{content, FullBlock, Wire},
	replica::Deviation,
	Shared,
};
use crate::{
	clock::{LocalTime, SECOND},
	replica::{Body, NodeId, Tamper},
};
use std::{collections::BTreeMap, rc::Rc, sync::Arc};
use veilmart_td_raft::{
	AuthorityIndex, Down, ElectionBallot, Number, Phase, Reason, SetId, SignedDown, Target, Term, Vote,
};
use veilmart_td_raft_core::{
	crypto::{Crypto, ElectionVote, Qc},
	message::{Message, Notice, Promise, RequestVote, Signed},
	symbolic::{seal, Digest, Keys, Name, Symbols, Token},
	Build,
};

/// What a faulty authority does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
	/// Sends nothing.
	Silent,
	/// Takes no notice of half of the others and sends them nothing.
	Ignoring,
	/// Spoils its signatures and certificates.
	Garbling,
	/// Votes in the names of others.
	Forging,
	/// Wishes for terms far above.
	TermInflating,
	/// Stands, opens shares and votes at once, whatever its lot.
	StandingEarly,
	/// Sends its wishes for a new term to half of the others.
	SelectiveDowns,
	/// Stands early, serves only its accomplices in elections, and keeps what it knows from the others.
	Colluding,
	/// As leader leaves out all transactions.
	CensoringLeader,
	/// Deals for a key that is not the secret's.
	BadDealer,
	/// As leader proposes two blocks at each height.
	EquivocatingLeader,
	/// As leader serves as few as it can.
	LeaderServingSome,
	/// As leader keeps commit certificates to itself.
	LeaderWithholdingCommits,
	/// As leader proposes two first blocks, each to everybody, has both certified if it can, and shows each
	/// certificate to half of the others.
	TwoFirstBlocks,
	/// The same with the third block of its term.
	TwoLaterBlocks,
	/// The same as with two first blocks, and shows certificates with a vote less, too, in case that somebody takes them.
	SmallCertificates,
	/// As leader builds its first block on the block below the one that the voters named, with an invented certificate
	/// in its own ballot that would allow that.
	BuildingBelow,
	/// Never stands, and votes for everybody at once, naming a certificate that does not exist.
	InventingVoter,
	/// Stands early, and does nothing as leader.
	IdleLeader,
	/// Stands early; as leader sends one other two blocks of its own in place of each that the rest certify, and shows that one
	/// no certificate and no other block.
	FeedingLeader,
	/// Stands early; as leader dates its blocks one moment after the other, to make up for it when that is of use.
	Backdating,
	/// Stands early; as leader leaves transactions out behind older ones, of which it includes one in each block.
	Trickling,
}

impl Behaviour {
	/// The name of the one that the evaluation counts attempts with. Schedules of chaos do not draw it: it is another
	/// mixture of behaviours that they draw.
	pub const IDLE_LEADER: &'static str = "standing early, idle leader";

	/// The name of the one that keeps an authority busy with siblings of certified blocks. It has a test of its own: chaos does not draw it,
	/// since then each seed would be another run.
	pub const FEEDING_LEADER: &'static str = "leader feeding siblings";

	/// The names of those that play with the deadlines of the market. They have tests of their own.
	pub const BACKDATING: &'static str = "backdating leader";
	/// See [`Self::BACKDATING`].
	pub const TRICKLING: &'static str = "trickling leader";

	/// All names that schedules draw from.
	pub const NAMES: &'static [&'static str] = &[
		"silent",
		"ignoring",
		"garbling",
		"forging",
		"term-inflating",
		"standing early",
		"sending selective Downs",
		"colluding",
		"censoring leader",
		"bad dealer",
		"equivocating leader",
		"leader serving only some",
		"leader withholding commits",
		"leader with two first blocks",
		"leader with two later blocks",
		"leader with too small certificates",
		"leader building below",
		"inventing voter",
	];

	/// The behaviour of a name.
	pub fn by_name(name: &str) -> Option<Self> {
		Some(match name {
			"silent" => Behaviour::Silent,
			"ignoring" => Behaviour::Ignoring,
			"garbling" => Behaviour::Garbling,
			"forging" => Behaviour::Forging,
			"term-inflating" => Behaviour::TermInflating,
			"standing early" => Behaviour::StandingEarly,
			"sending selective Downs" => Behaviour::SelectiveDowns,
			"colluding" => Behaviour::Colluding,
			"censoring leader" => Behaviour::CensoringLeader,
			"bad dealer" => Behaviour::BadDealer,
			"equivocating leader" => Behaviour::EquivocatingLeader,
			"leader serving only some" => Behaviour::LeaderServingSome,
			"leader withholding commits" => Behaviour::LeaderWithholdingCommits,
			"leader with two first blocks" => Behaviour::TwoFirstBlocks,
			"leader with two later blocks" => Behaviour::TwoLaterBlocks,
			"leader with too small certificates" => Behaviour::SmallCertificates,
			"leader building below" => Behaviour::BuildingBelow,
			"inventing voter" => Behaviour::InventingVoter,
			Self::IDLE_LEADER => Behaviour::IdleLeader,
			Self::FEEDING_LEADER => Behaviour::FeedingLeader,
			Self::BACKDATING => Behaviour::Backdating,
			Self::TRICKLING => Behaviour::Trickling,
			_ => return None,
		})
	}

	/// What is different inside such a node.
	pub(super) fn deviation(self) -> Deviation {
		Deviation {
			early: matches!(
				self,
				Behaviour::StandingEarly
					| Behaviour::Colluding
					| Behaviour::TwoFirstBlocks
					| Behaviour::SmallCertificates
					| Behaviour::BuildingBelow
					| Behaviour::IdleLeader
					| Behaviour::FeedingLeader
					| Behaviour::Backdating
					| Behaviour::Trickling
			),
			censors: self == Behaviour::CensoringLeader,
			lies: self == Behaviour::BadDealer,
			below: self == Behaviour::BuildingBelow,
			backdates: self == Behaviour::Backdating,
			trickles: self == Behaviour::Trickling,
		}
	}
}

/// A faulty authority.
pub struct TdRaftAdversary {
	behaviour: Behaviour,
	shared: Rc<Shared>,
	id: NodeId,
	keys: Keys,
	/// The highest set seen in own messages.
	set_id: SetId,
	inflated: u64,
	inflate_at: LocalTime,
	ballots: Ballots,
	/// The own blocks that have a twin, and their twins.
	doubled: BTreeMap<Digest, FullBlock>,
	answers: Vec<(NodeId, Wire)>,
}

impl TdRaftAdversary {
	pub(super) fn new(behaviour: Behaviour, shared: Rc<Shared>, id: NodeId) -> Self {
		Self {
			behaviour,
			shared,
			id,
			keys: Keys::new(Name(id.0 as u16)),
			set_id: SetId(0),
			inflated: 1_000_000,
			inflate_at: LocalTime(0),
			ballots: Ballots::default(),
			doubled: BTreeMap::new(),
			answers: Vec::new(),
		}
	}

	fn index(&self) -> AuthorityIndex {
		AuthorityIndex(self.id.0 as u16)
	}

	/// The one that is fed: the last of the others.
	fn is_fed(&self, to: NodeId) -> bool {
		let last = self.shared.n - 1;
		to.0 == if self.id.0 == last { last - 1 } else { last }
	}

	fn is_odd(to: NodeId) -> bool {
		to.0 % 2 == 1
	}

	/// Another block in the place of one's own: without transactions, or with other ones missing.
	fn twin(&self, full: &FullBlock) -> FullBlock {
		self.sibling(full, Body::EMPTY)
	}

	/// A block in the place of one's own, with these transactions.
	fn sibling(&self, full: &FullBlock, body: Body) -> FullBlock {
		let block = &full.block;
		let build = Build {
			parent: block.parent,
			number: block.number,
			digest: block.digest.clone(),
			dealing: block.dealing,
		};
		// The set that follows the closing block comes from its parent, which is like this block here.
		let mut parent = (**block).clone();
		parent.child_closes = block.next_set.clone();
		let closes = block.child_closes.clone();
		let genesis = self.shared.genesis.hash;
		let twin = seal(&self.keys, &genesis, &build, &parent, closes, content(body));
		FullBlock {
			block: Arc::new(twin),
			body,
			marks: full.marks,
		}
	}

	/// Whether a proposal is one to make twice.
	fn doubles(&self, full: &FullBlock) -> bool {
		let first = full.block.digest.election.is_some();
		match self.behaviour {
			Behaviour::TwoFirstBlocks | Behaviour::SmallCertificates => first,
			Behaviour::TwoLaterBlocks => !first && full.block.number.0 % 4 == 3,
			_ => false,
		}
	}

	/// The block and its twin: to half of the others in this order, to half of them in the other.
	fn both(&mut self, full: &Rc<FullBlock>, n: u32, to: NodeId) -> Vec<(NodeId, Wire)> {
		let twin = match self.doubled.get(&full.block.hash) {
			Some(twin) => twin.clone(),
			None => self.twin(full),
		};
		self.doubled.insert(full.block.hash, twin.clone());
		let (own, twin) = (Wire::Propose(full.clone(), n), Wire::Propose(Rc::new(twin), n));
		if Self::is_odd(to) {
			vec![(to, twin), (to, own)]
		} else {
			vec![(to, own), (to, twin)]
		}
	}

	/// Makes certificates of votes. Those of twins are for the odd ones and those of their counterparts for the even
	/// ones; a commit certificate for one of them alone.
	fn count(&mut self, vote: &Vote<Digest, Token>) {
		let hash = vote.target.hash;
		let is_twin = self.doubled.values().any(|twin| twin.block.hash == hash);
		let is_doubled = is_twin || self.doubled.contains_key(&hash);
		if !is_doubled && self.behaviour != Behaviour::BuildingBelow {
			return;
		}
		let genesis = self.shared.genesis.hash;
		let quorum = self.shared.quorum();
		// A false certificate would cost it the ear of who receives it.
		let least = match self.behaviour {
			Behaviour::SmallCertificates => quorum.saturating_sub(1),
			_ => quorum,
		};
		let formed = self
			.ballots
			.take(vote, &self.keys, self.index(), &genesis, least..=quorum);
		let (me, n) = (self.id, self.shared.n);
		for qc in formed {
			let of_face = move |to: &NodeId| *to != me && (!is_doubled || Self::is_odd(*to) == is_twin);
			let alone = is_doubled && qc.phase == Phase::Commit;
			let to = NodeId::all(n)
				.filter(of_face)
				.take(if alone { 1 } else { n as usize });
			let message = Rc::new(Message::Notice(Notice::Certified(qc)));
			self.answers
				.extend(to.map(|to| (to, Wire::Core(message.clone()))));
		}
	}

	/// A vote for whoever asks, naming a certificate that does not exist.
	fn inventing(&self, request: &Signed<RequestVote<Symbols>, Symbols>) -> Message<Symbols> {
		let (set_id, term, high_qc) = (request.set_id, request.body.term, &request.body.high_qc);
		let target = Target {
			number: Number(1_000_000),
			hash: Digest(7),
			..high_qc.target
		};
		let ballot = ballot(
			&self.keys,
			&self.shared.genesis.hash,
			set_id,
			term,
			request.signer,
			target,
		);
		let vote = ElectionVote::<Symbols> {
			set_id,
			term,
			candidate: request.signer,
			ballot,
		};
		let qc = Qc::<Symbols> {
			target,
			..high_qc.clone()
		};
		Message::Promise(Promise::ElectionVote(vote, qc))
	}

	/// A vote in the name of the receiver's neighbour.
	fn forged(&self, vote: &Vote<Digest, Token>, to: NodeId) -> Message<Symbols> {
		let voter = AuthorityIndex(((to.0 + 1) % self.shared.n) as u16);
		Message::Promise(Promise::Vote(Vote {
			voter,
			..vote.clone()
		}))
	}

	fn inflating(&mut self, clock: LocalTime) -> Option<Message<Symbols>> {
		if clock < self.inflate_at {
			return None;
		}
		self.inflate_at = clock.after(SECOND);
		self.inflated += 1_000_000;
		let down = Down {
			term: Term(self.inflated),
			sequence: u64::MAX / 2 + self.inflated,
			reason: Reason::Silence,
		};
		let genesis = self.shared.genesis.hash;
		let signature = self.keys.sign(&SignedDown::<Digest, Token>::payload(
			&genesis,
			self.set_id,
			&down,
		));
		let signed = SignedDown {
			authority: self.index(),
			down,
			signature,
		};
		Some(Message::Promise(Promise::Down(signed, None)))
	}
}

/// A ballot of its own that names this.
pub(super) fn ballot(
	keys: &Keys,
	genesis: &Digest,
	set_id: SetId,
	term: Term,
	candidate: AuthorityIndex,
	high_qc: Target<Digest>,
) -> ElectionBallot<Digest, Token> {
	let bytes = ElectionBallot::<Digest, Token>::payload(genesis, set_id, term, candidate, &high_qc);
	ElectionBallot {
		voter: AuthorityIndex(keys.name.0),
		high_qc,
		signature: keys.sign(&bytes),
	}
}

fn garbled(message: &Message<Symbols>) -> Message<Symbols> {
	let mut message = message.clone();
	match &mut message {
		Message::Promise(Promise::Vote(vote)) => vote.signature.of.0 ^= 1,
		Message::Promise(Promise::ElectionVote(vote, _)) => vote.ballot.signature.of.0 ^= 1,
		Message::Promise(Promise::Down(down, _)) => down.signature.of.0 ^= 1,
		Message::Promise(Promise::Heartbeat(signed)) => signed.body.high_qc.2 .0 ^= 1,
		Message::Promise(Promise::Reconfirm(signed)) => signed.body.qc.target.hash.0 ^= 1,
		Message::Promise(Promise::RequestShares(signed)) => signed.body.vrf.of.0 ^= 1,
		Message::Promise(Promise::RequestVote(signed)) => signed.signature.of.0 ^= 1,
		Message::Notice(Notice::Certified(qc)) => qc.target.hash.0 ^= 1,
		Message::Notice(Notice::Elected(certificate)) => certificate.term.0 += 1,
		Message::Notice(Notice::Share(signed)) => signed.body.share.0.of.0 ^= 1,
		Message::Notice(Notice::Behind(signed)) => signed.body.commit_qc.target.hash.0 ^= 1,
		Message::Notice(Notice::Entry(entry)) => entry.term.0 += 1,
		Message::Notice(Notice::Status(_)) => {}
		Message::Notice(Notice::CatchUp(catch_up)) => {
			if let Some(qc) = &mut catch_up.high_qc {
				qc.target.term.0 += 1;
			}
		}
	}
	message
}

/// Whether a message belongs to the election of a leader or to the wish for one.
fn elects(message: &Message<Symbols>) -> bool {
	matches!(
		message,
		Message::Promise(
			Promise::ElectionVote(..)
				| Promise::Down(..)
				| Promise::RequestShares(_)
				| Promise::RequestVote(_)
		) | Message::Notice(Notice::Share(_) | Notice::Behind(_) | Notice::Entry(_))
	)
}

impl Tamper<Wire> for TdRaftAdversary {
	fn outgoing(&mut self, clock: LocalTime, to: NodeId, message: Wire) -> Vec<(NodeId, Wire)> {
		let core = |message: Message<Symbols>| Wire::Core(Rc::new(message));
		if let Wire::Core(message) = &message {
			if let Message::Notice(Notice::Status(status)) = &**message {
				self.set_id = self.set_id.max(status.set_id);
			}
		}
		let inner = match &message {
			Wire::Core(message) => Some(message.clone()),
			_ => None,
		};
		match self.behaviour {
			Behaviour::Silent => Vec::new(),
			Behaviour::Ignoring if Self::is_odd(to) => Vec::new(),
			Behaviour::Garbling => match inner {
				Some(inner) => vec![(to, core(garbled(&inner)))],
				None => vec![(to, message)],
			},
			Behaviour::Forging => match inner.as_deref() {
				Some(Message::Promise(Promise::Vote(vote))) => {
					let forged = self.forged(vote, to);
					vec![(to, core(forged)), (to, message)]
				}
				_ => vec![(to, message)],
			},
			Behaviour::TermInflating => {
				let mut all = vec![(to, message)];
				if let Some(down) = self.inflating(clock) {
					all.extend(NodeId::all(self.shared.n).map(|to| (to, core(down.clone()))));
				}
				all
			}
			Behaviour::SelectiveDowns => match inner.as_deref() {
				Some(Message::Promise(Promise::Down(..)) | Message::Notice(Notice::Entry(_)))
					if Self::is_odd(to) =>
				{
					Vec::new()
				}
				_ => vec![(to, message)],
			},
			// Accomplices are the faulty ones; who they are is not known here, so it is one in two.
			Behaviour::Colluding => match inner.as_deref() {
				Some(inner) if elects(inner) && Self::is_odd(to) != Self::is_odd(self.id) => Vec::new(),
				_ => vec![(to, message)],
			},
			Behaviour::EquivocatingLeader => match &message {
				Wire::Propose(full, n) if Self::is_odd(to) => {
					vec![(to, Wire::Propose(Rc::new(self.twin(full)), *n))]
				}
				_ => vec![(to, message)],
			},
			Behaviour::LeaderServingSome => match &message {
				Wire::Propose(..) | Wire::Blocks(..) if to.index() + 1 >= self.shared.quorum() => Vec::new(),
				_ => vec![(to, message)],
			},
			// Its votes and answers in elections leave, so that it wins what it can.
			Behaviour::IdleLeader => match inner.as_deref() {
				None | Some(Message::Promise(Promise::Heartbeat(_))) => Vec::new(),
				_ => vec![(to, message)],
			},
			Behaviour::LeaderWithholdingCommits => match inner.as_deref() {
				Some(Message::Notice(Notice::Certified(qc))) if qc.phase == Phase::Commit => Vec::new(),
				Some(Message::Promise(Promise::Heartbeat(_)) | Message::Notice(Notice::CatchUp(_))) => {
					Vec::new()
				}
				_ => vec![(to, message)],
			},
			Behaviour::FeedingLeader if self.is_fed(to) => match &message {
				Wire::Propose(full, n) => [1, 2]
					.map(|number| {
						let id = u64::MAX / 2 + number;
						let sibling = self.sibling(full, Body { id, bytes: 0 });
						(to, Wire::Propose(Rc::new(sibling), *n))
					})
					.into(),
				Wire::Blocks(..) => Vec::new(),
				_ => match inner.as_deref() {
					Some(Message::Notice(Notice::Certified(_) | Notice::CatchUp(_))) => Vec::new(),
					_ => vec![(to, message)],
				},
			},
			Behaviour::TwoFirstBlocks | Behaviour::TwoLaterBlocks | Behaviour::SmallCertificates => {
				match &message {
					Wire::Propose(full, n) if self.doubles(full) => self.both(full, *n, to),
					_ => vec![(to, message)],
				}
			}
			Behaviour::InventingVoter => match inner.as_deref() {
				Some(Message::Promise(
					Promise::ElectionVote(..) | Promise::RequestShares(_) | Promise::RequestVote(_),
				)) => Vec::new(),
				_ => vec![(to, message)],
			},
			Behaviour::Ignoring
			| Behaviour::FeedingLeader
			| Behaviour::Backdating
			| Behaviour::Trickling
			| Behaviour::BuildingBelow
			| Behaviour::StandingEarly
			| Behaviour::CensoringLeader
			| Behaviour::BadDealer => {
				vec![(to, message)]
			}
		}
	}

	fn incoming(&mut self, from: NodeId, message: &Wire) -> bool {
		let inner = match message {
			Wire::Core(message) => Some(&**message),
			_ => None,
		};
		match (self.behaviour, inner) {
			(Behaviour::Ignoring, _) => !Self::is_odd(from),
			(
				Behaviour::TwoFirstBlocks
				| Behaviour::TwoLaterBlocks
				| Behaviour::SmallCertificates
				| Behaviour::BuildingBelow,
				Some(Message::Promise(Promise::Vote(vote))),
			) => {
				self.count(vote);
				// What it counts itself its replica does not count.
				let hash = vote.target.hash;
				let is_twin = self.doubled.values().any(|twin| twin.block.hash == hash);
				!is_twin && !self.doubled.contains_key(&hash)
			}
			(Behaviour::InventingVoter, Some(Message::Promise(Promise::RequestVote(request)))) => {
				let vote = self.inventing(request);
				self.answers.push((from, Wire::Core(Rc::new(vote))));
				true
			}
			_ => true,
		}
	}

	fn answers(&mut self) -> Vec<(NodeId, Wire)> {
		std::mem::take(&mut self.answers)
	}
}
