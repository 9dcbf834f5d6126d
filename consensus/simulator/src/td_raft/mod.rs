//! TD-Raft: the core that the node runs, driven in virtual time, with symbols in place of cryptography whose cost is
//! charged from the table.

pub mod adversary;
mod ballots;
mod crypto;
pub mod messages;
pub mod replica;

use crate::{
	clock::Micros,
	replica::{byzantine_bound, NodeId, Protocol, Tamper},
};
use adversary::{Behaviour, TdRaftAdversary};
use anyhow::{anyhow, ensure, Result};
use messages::{TdRaftRecord, Wire};
use replica::TdRaftReplica;
use std::{rc::Rc, sync::Arc, time::Duration};
use veilmart_td_raft::{Number, Timing};
use veilmart_td_raft_core::{
	crypto::Set,
	progress_bound,
	symbolic::{digest, genesis_dealing, set, Digest, Name, Symbols, Token},
	Anchor, Block, Mutants,
};

/// What all nodes of a run have in common.
#[derive(Debug)]
pub(crate) struct Shared {
	n: u32,
	timing: Timing,
	mutants: Mutants,
	/// Blocks of a session; the set changes, to one of the same members, after each. 0 for one set for ever.
	session: u64,
	genesis: Arc<Block<Symbols>>,
	anchor: Rc<Anchor<Symbols>>,
}

fn members(n: u32, id: u64) -> Result<Set<Symbols>> {
	let names: Vec<u16> = (0..n as u16).collect();
	set(id, &names).map_err(|error| anyhow!("no set of {n} authorities: {error:?}"))
}

impl Shared {
	/// The set that follows the child of a block at this height, if that child closes one.
	fn closes_after(&self, number: Number) -> Option<Set<Symbols>> {
		closes_after(self.n, self.session, number)
	}

	fn quorum(&self) -> usize {
		(self.n - byzantine_bound(self.n)) as usize
	}
}

fn closes_after(n: u32, session: u64, number: Number) -> Option<Set<Symbols>> {
	let closing = number.0 + 1;
	(session > 0 && closing.is_multiple_of(session))
		.then(|| members(n, closing / session).ok())
		.flatten()
}

/// TD-Raft among `n` authorities.
#[derive(Clone)]
pub struct TdRaftProtocol {
	shared: Rc<Shared>,
}

impl TdRaftProtocol {
	/// TD-Raft with this timing, a set for `session` blocks each (0: for ever), and perhaps a deliberate mistake. The
	/// seed goes into the genesis block, from which the first lots are drawn.
	///
	/// # Errors
	///
	/// If the timing does not serve `n` authorities, or there are none or too many.
	pub fn new(n: u32, seed: u64, timing: Timing, session: u64, mutants: Mutants) -> Result<Self> {
		ensure!(
			n >= 1 && n <= veilmart_td_raft::MAX_AUTHORITIES.into(),
			"{n} authorities"
		);
		timing
			.check(n as u16)
			.map_err(|error| anyhow!("timing: {error}"))?;
		let first = members(n, 0)?;
		let dealing = (n > 1).then(|| genesis_dealing(&first));
		let nobody = Token {
			by: Name(u16::MAX),
			of: Digest(0),
		};
		let closes = closes_after(n, session, Number(0));
		let genesis = Arc::new(Block::genesis(
			digest(&("genesis", &first, seed)),
			nobody,
			dealing,
			closes,
		));
		let anchor = Rc::new(Anchor::genesis(genesis.clone(), first));
		Ok(Self {
			shared: Rc::new(Shared {
				n,
				timing,
				mutants,
				session,
				genesis,
				anchor,
			}),
		})
	}
}

impl Protocol for TdRaftProtocol {
	type Replica = TdRaftReplica;

	fn name(&self) -> &'static str {
		"TD-Raft"
	}

	fn tolerated_crashes(&self, n: u32) -> u32 {
		byzantine_bound(n)
	}

	fn tolerated_byzantine(&self, n: u32) -> u32 {
		byzantine_bound(n)
	}

	fn boot(&self, id: NodeId, _start: u32, behaviour: Option<&str>, log: &[TdRaftRecord]) -> TdRaftReplica {
		let deviation = behaviour
			.and_then(Behaviour::by_name)
			.map(Behaviour::deviation)
			.unwrap_or_default();
		TdRaftReplica::boot(self.shared.clone(), id, deviation, log)
	}

	fn adversaries(&self) -> &'static [&'static str] {
		Behaviour::NAMES
	}

	fn adversary(&self, name: &str, id: NodeId) -> Option<Box<dyn Tamper<Wire>>> {
		Some(Box::new(TdRaftAdversary::new(
			Behaviour::by_name(name)?,
			self.shared.clone(),
			id,
		)))
	}

	/// That of the protocol, with as many faulty authorities as it tolerates.
	fn progress_bound(&self, delay: Micros) -> Micros {
		let faulty = byzantine_bound(self.shared.n);
		let bound = progress_bound(&self.shared.timing, faulty, Duration::from_micros(delay));
		bound.as_micros() as Micros
	}
}
