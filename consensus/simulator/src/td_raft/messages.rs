//! What travels between the authorities of TD-Raft and what they log, with the sizes that it has with real
//! cryptography: the symbols are smaller.

use crate::{
	clock::Micros,
	network::Lane,
	replica::{BlockHash, Body, StableRecord, WireMessage},
};
use std::{fmt, rc::Rc, sync::Arc};
use veilmart_td_raft::{Number, Phase};
use veilmart_td_raft_core::{
	crypto::{Certificate, Entry, Qc},
	message::{CatchUp, Message, Notice, Promise},
	symbolic::{digest, Digest, Symbols},
	Anchor, Block, Record,
};

/// Bytes of a frame, the kind of a message, its signature and signer.
const SIGNED: u64 = 90;
/// Bytes of phase, set, term, number, hash.
const TARGET: u64 = 57;
/// Bytes of a signature with the index of its signer.
const INDEXED: u64 = 66;
/// Bytes of a heartbeat: term, sequence number, tip, two ranks; frame and signature are in [`SIGNED`].
const HEARTBEAT: u64 = 60 + 2 * 24;
/// Bytes of a VRF output with its proof.
const VRF: u64 = 96;
/// Bytes of an opened share with its proof, and of the box in which it travels: a nonce and a tag.
const SHARE: u64 = 98 + 24 + 16;
/// Bytes of a dealing per authority (see the encodings of `veilmart_trapdoor`).
const DEALT: u64 = 96;
/// Bytes of a dealing besides.
const DEALING: u64 = 98;

/// The hash of a block's transactions, which its header commits to.
pub fn content(body: Body) -> u64 {
	digest(&("body", body.id, body.bytes)).0
}

/// What the driver knows of a block beside what the core sees of it. The header does not commit to it here: nobody lies about it to some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
	/// How far behind the clocks it is dated. Clocks of a run have no common origin, so that it is said like this.
	pub behind: Micros,
	/// Its transactions are older than what anybody watches, and its leader does next to nothing beside them.
	pub trickles: bool,
}

/// A block with its transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullBlock {
	/// Its header.
	pub block: Arc<Block<Symbols>>,
	/// Its transactions.
	pub body: Body,
	/// What else is known of it.
	pub marks: Marks,
}

impl FullBlock {
	/// Whether these are the transactions that the header commits to, and the hash is the header's.
	pub fn is_whole(&self) -> bool {
		let Block {
			parent,
			number,
			digest: header,
			dealing,
			next_set,
			hash,
			unsealed,
			..
		} = &*self.block;
		let expected = digest(&(parent, number, header, dealing, next_set, content(self.body)));
		*unsealed == expected && *hash == expected
	}

	fn bytes(&self, n: u32) -> u64 {
		let header = &self.block.digest;
		let election = header
			.election
			.as_ref()
			.map_or(0, |election| VRF + 32 + certificate_bytes(&election.certificate));
		let dealing = if self.block.dealing.is_some() {
			DEALING + n as u64 * DEALT
		} else {
			0
		};
		200 + qc_bytes(&header.parent_qc) + qc_bytes(&header.commit_qc) + election + dealing + self.body.bytes
	}
}

/// A hash of the core's symbols as the world compares it.
pub fn block_hash(hash: Digest) -> BlockHash {
	let mut bytes = [0; 32];
	bytes
		.iter_mut()
		.zip(hash.0.to_be_bytes())
		.for_each(|(to, from)| *to = from);
	BlockHash(bytes)
}

fn qc_bytes(qc: &Qc<Symbols>) -> u64 {
	TARGET + 1 + qc.signatures.len() as u64 * INDEXED
}

/// Bytes of a heartbeat, whatever the number of authorities.
pub const HEARTBEAT_BYTES: u64 = SIGNED + HEARTBEAT;

fn certificate_bytes(certificate: &Certificate<Symbols>) -> u64 {
	20 + certificate.ballots.len() as u64 * (INDEXED + TARGET)
}

fn entry_bytes(entry: &Entry<Symbols>) -> u64 {
	20 + entry.downs.len() as u64 * (INDEXED + 49)
}

fn catch_up_bytes(catch_up: &CatchUp<Symbols>) -> u64 {
	let qcs = [&catch_up.handover, &catch_up.high_qc, &catch_up.commit_qc];
	let certificate = catch_up.certificate.as_ref().map_or(0, certificate_bytes);
	let entry = catch_up.entry.as_ref().map_or(0, entry_bytes);
	qcs.into_iter().flatten().map(qc_bytes).sum::<u64>() + certificate + entry
}

/// A message of TD-Raft's core, or one of its driver: a proposal, a request for blocks, the answer.
#[derive(Clone)]
pub enum Wire {
	/// The core's.
	Core(Rc<Message<Symbols>>),
	/// A leader proposes; the number of authorities gives the size of a dealing.
	Propose(Rc<FullBlock>, u32),
	/// Asks for this block and its ancestors above a height.
	Fetch(Digest, Number),
	/// Asks for the final blocks above a height.
	Sync(Number),
	/// Blocks asked for, from the lowest up.
	Blocks(Rc<[FullBlock]>, u32),
}

impl WireMessage for Wire {
	fn kind(&self) -> &'static str {
		match self {
			Wire::Propose(..) => "proposal",
			Wire::Fetch(..) => "fetch",
			Wire::Sync(_) => "sync",
			Wire::Blocks(..) => "blocks",
			Wire::Core(message) => match &**message {
				Message::Promise(promise) => match promise {
					Promise::Vote(vote) if vote.phase == Phase::Prepare => "prepare",
					Promise::Vote(_) => "commit",
					Promise::ElectionVote(..) => "election vote",
					Promise::Down(..) => "down",
					Promise::Heartbeat(_) => "heartbeat",
					Promise::Reconfirm(_) => "reconfirm",
					Promise::RequestShares(_) => "request shares",
					Promise::RequestVote(_) => "request vote",
				},
				Message::Notice(notice) => match notice {
					Notice::Certified(qc) if qc.phase == Phase::Prepare => "prepare certificate",
					Notice::Certified(_) => "commit certificate",
					Notice::Elected(_) => "elected",
					Notice::Share(_) => "share",
					Notice::Behind(_) => "behind",
					Notice::Entry(_) => "entry",
					Notice::Status(_) => "status",
					Notice::CatchUp(_) => "catch-up",
				},
			},
		}
	}

	fn bytes(&self) -> u64 {
		let message = match self {
			Wire::Propose(block, n) => return block.bytes(*n),
			Wire::Fetch(..) | Wire::Sync(_) => return SIGNED,
			Wire::Blocks(blocks, n) => return blocks.iter().map(|block| block.bytes(*n)).sum(),
			Wire::Core(message) => &**message,
		};
		SIGNED
			+ match message {
				Message::Promise(promise) => match promise {
					Promise::Vote(_) => TARGET,
					Promise::ElectionVote(_, qc) => TARGET + 20 + qc_bytes(qc),
					Promise::Down(_, transaction) => 49 + if transaction.is_some() { 512 } else { 0 },
					Promise::Heartbeat(_) => HEARTBEAT,
					Promise::Reconfirm(signed) => {
						certificate_bytes(&signed.body.certificate) + qc_bytes(&signed.body.qc)
					}
					Promise::RequestShares(signed) => 72 + VRF + qc_bytes(&signed.body.commit_qc),
					Promise::RequestVote(signed) => 136 + VRF + qc_bytes(&signed.body.high_qc),
				},
				Message::Notice(notice) => match notice {
					Notice::Certified(qc) => qc_bytes(qc),
					Notice::Elected(certificate) => certificate_bytes(certificate),
					Notice::Share(_) => 50 + SHARE,
					Notice::Behind(signed) => 8 + qc_bytes(&signed.body.commit_qc),
					Notice::Entry(entry) => entry_bytes(entry),
					Notice::Status(_) => 73,
					Notice::CatchUp(catch_up) => catch_up_bytes(catch_up),
				},
			}
	}

	fn lane(&self) -> Lane {
		match self {
			Wire::Propose(..) | Wire::Blocks(..) => Lane::Ordered,
			_ => Lane::Urgent,
		}
	}

	fn block(&self) -> Option<u64> {
		match self {
			Wire::Propose(block, _) => Some(block.block.number.0),
			Wire::Core(message) => match &**message {
				Message::Promise(Promise::Vote(vote)) => Some(vote.target.number.0),
				Message::Notice(Notice::Certified(qc)) => Some(qc.target.number.0),
				_ => None,
			},
			_ => None,
		}
	}
}

impl fmt::Display for Wire {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.kind())?;
		let message = match self {
			Wire::Propose(block, _) => {
				let Block { number, hash, .. } = &*block.block;
				return write!(f, " {} t{} {}", number.0, block.block.term().0, block_hash(*hash));
			}
			Wire::Fetch(hash, above) => return write!(f, " {} above {}", block_hash(*hash), above.0),
			Wire::Sync(above) => return write!(f, " above {}", above.0),
			Wire::Blocks(blocks, _) => {
				return blocks
					.iter()
					.try_for_each(|block| write!(f, " {}", block.block.number.0))
			}
			Wire::Core(message) => &**message,
		};
		match message {
			Message::Promise(Promise::Vote(vote)) => {
				let target = &vote.target;
				write!(
					f,
					" {} t{} s{} {}",
					target.number.0,
					target.term.0,
					target.set_id.0,
					block_hash(target.hash)
				)
			}
			Message::Promise(Promise::ElectionVote(vote, _)) => {
				write!(f, " t{} for n{}", vote.term.0, vote.candidate.0)
			}
			Message::Promise(Promise::Down(down, _)) => {
				write!(
					f,
					" t{} #{} {:?}",
					down.down.term.0, down.down.sequence, down.down.reason
				)
			}
			Message::Promise(Promise::Heartbeat(signed)) => {
				write!(f, " t{} #{}", signed.body.term.0, signed.body.sequence)
			}
			Message::Promise(Promise::RequestShares(signed)) => write!(f, " t{}", signed.body.term.0),
			Message::Promise(Promise::RequestVote(signed)) => write!(f, " t{}", signed.body.term.0),
			Message::Notice(Notice::Certified(qc)) => {
				let target = &qc.target;
				write!(
					f,
					" {} t{} s{} {}",
					target.number.0,
					target.term.0,
					target.set_id.0,
					block_hash(target.hash)
				)
			}
			Message::Notice(Notice::Elected(certificate)) => {
				write!(f, " n{} t{}", certificate.leader.0, certificate.term.0)
			}
			Message::Notice(Notice::Entry(entry)) => write!(f, " t{}", entry.term.0),
			Message::Notice(Notice::Status(status)) => {
				write!(
					f,
					" t{} attempt {} high {:?}",
					status.term.0, status.attempt.0, status.high_qc
				)
			}
			_ => Ok(()),
		}
	}
}

/// A record on a node's disk.
#[derive(Clone)]
pub enum TdRaftRecord {
	/// Of the core's log, with the transactions of the block in it.
	Log(Arc<Record<Symbols>>, Body),
	/// Of the block database: blocks imported since the last such record, and what follows from the last final one.
	Database(Rc<[FullBlock]>, Rc<Anchor<Symbols>>),
}

impl StableRecord for TdRaftRecord {
	fn bytes(&self) -> u64 {
		match self {
			TdRaftRecord::Log(record, body) => 300 + 2 * qc_bytes(&record.durable.high_qc) + body.bytes,
			// The database's writes are its own affair: they are not in the way of the log's syncs.
			TdRaftRecord::Database(..) => 0,
		}
	}
}
