//! Blocks: those that come, those that are made, those that become final.

use sc_client_api::{blockchain::Backend as _, Backend};
use sc_network::PeerId;
use sp_api::ApiExt as _;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::{
	cmp::Reverse,
	collections::{HashMap, HashSet},
	sync::Arc,
	time::{Duration, Instant},
};
use veilmart_td_raft::{runtime_api::TdRaftApi, AuthorityId, Number, QuorumCertificate, Rank};
use veilmart_td_raft_core::{real::OnChain, verify::Invalid, Input};

use super::{is_inherent, Engine, Shared, TICK};
use crate::{
	block::{core_block, Core},
	chain::Chain,
	dates,
	fetch::is_too_long,
	import::{Brought, Verdict},
	packet::Packet,
	peers::BAD_BLOCK,
	siblings::{trees, Why, FULL, LEVEL},
	start::{blocks_above, Error},
	worker::{block_of, Built, ChainWorker, Done, Finality, Refused, Task},
	Block, Header, LOG_TARGET,
};

/// Blocks given to the chain worker at a time, at most; more come again when they are asked for.
const IMPORTING: usize = 64;

/// Blocks whose execution's changes are kept, at most: the core has one of its own under way.
const CHANGES: usize = 4;

/// What ordinary transactions of a block may take, and how many bytes they may have, about: three quarters of half a second, and of five
/// MiB. A block that is full is one by either.
const FULL_BLOCK: (Duration, u32) = (Duration::from_millis(375), 15 << 18);

/// What a block's transactions may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
	Known(Duration),
	/// It has no room for any: it begins a session.
	NoRoom,
	/// Its runtime does not say.
	Unknown,
}

/// Why a header is not taken for that of a good block.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unfit {
	/// It cannot be judged: it is early, or of a branch that was abandoned or given up. Honest nodes have such blocks, and pass
	/// them on.
	LeftOut(&'static str),
	/// Something in it is false. Nobody honest passes it on.
	Invalid(String),
}

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// Takes in what the database and the log have above the anchor: what leads to the highest certificates first.
	pub(super) async fn take_in(&mut self) -> Result<(), Error> {
		let mut logged: Vec<_> = std::mem::take(&mut self.setup.logged).into_values().collect();
		// Of one height those of the highest terms first: there may be too many.
		logged.sort_by_cached_key(|block| {
			let rank = core_block(&block.header, None).map(|core| core.rank());
			(block.header.number, Reverse(rank.ok()))
		});
		let mut restored = 0;
		for block in logged {
			let hash = block.header.hash();
			let number = block.header.number;
			let parent = *block.header.parent_hash();
			let known = |hash| self.client.header(hash).map(|header| header.is_some());
			if known(hash)? || number <= self.client.info().finalized_number {
				continue;
			}
			if known(parent)? && self.level(number) < LEVEL {
				match ChainWorker::<BE, C>::restore(&self.client, block.clone()).await {
					Ok(()) => {
						restored += 1;
						continue;
					}
					Err(error) => {
						log::debug!(target: LOG_TARGET, "Block {number} of the vote log is not imported: {error}")
					}
				}
			}
			// Its voters have promised to have it.
			self.shelf.put(&*self.backend, hash, &block)?;
		}
		if restored > 0 {
			log::info!(
				target: LOG_TARGET,
				"{restored} blocks that the database had lost were restored from the vote log.",
			);
		}
		self.members_may_have_changed();
		let root = self.core.chain().root().number;
		let mut headers: Vec<_> = blocks_above(&*self.client, &*self.backend, root)?
			.into_iter()
			.map(|header| (header.hash(), header))
			.collect();
		// First what leads to the highest certificates, then the others.
		let parents: HashMap<H256, H256> = headers
			.iter()
			.map(|(hash, header)| (*hash, *header.parent_hash()))
			.collect();
		let mut line = HashSet::new();
		for end in self.certified() {
			let mut next = end;
			while let Some(parent) = parents.get(&next).filter(|_| line.insert(next)) {
				next = *parent;
			}
		}
		headers.sort_by_key(|(hash, header)| (!line.contains(hash), header.number));
		// The header of a child shows a certificate, too.
		let certified: HashSet<H256> = parents.into_values().chain(line).collect();
		for (hash, header) in headers {
			if let Some(block) = self.as_core(&header) {
				let certified = certified.contains(&hash);
				self.siblings.note(block.rank(), hash, Why::of(certified));
				self.step(Input::Imported { block, certified });
			}
		}
		Ok(())
	}

	/// A header as the core sees it, if its parent is there.
	pub(super) fn as_core(&self, header: &Header) -> Option<Shared> {
		let parent = self.core.chain().get(&header.parent_hash().0)?;
		match core_block(header, parent.block.child_closes.clone()) {
			Ok(block) => Some(Arc::new(block)),
			Err(error) => {
				log::debug!(target: LOG_TARGET, "Header of block {}: {error}", header.number);
				None
			}
		}
	}

	/// A block with its body, if it is anywhere.
	pub(super) fn whole_block(&self, hash: H256) -> Option<Block> {
		let kept = self.bodies.get(&hash).map(|(block, _)| block.clone());
		kept.or_else(|| block_of(&*self.client, hash))
			.or_else(|| self.shelf.get(&*self.backend, &hash))
	}

	/// A block that the database has not, or not in its chain.
	pub(super) fn unwritten(&self, hash: &H256) -> Option<Block> {
		let kept = self.bodies.get(hash).map(|(block, _)| block.clone());
		kept.or_else(|| self.shelf.get(&*self.backend, hash))
	}

	/// Whether bodies of imported blocks are of interest.
	pub(super) fn watches_blocks(&self) -> bool {
		self.pool.is_some()
	}

	/// What is to become of a block that the node's own synchronization brings. An error is the fault of whoever passed it on.
	pub(super) fn judge(&mut self, brought: &Brought) -> Result<Verdict, String> {
		if is_too_long(&brought.header) {
			return Err("the header is too long".into());
		}
		let block = match self.judged(&brought.header) {
			Ok(block) => block,
			Err(Unfit::LeftOut(why)) => {
				log::debug!(target: LOG_TARGET, "Block {} is left out: {why}", brought.header.number);
				return Ok(Verdict::LeftOut);
			}
			Err(Unfit::Invalid(error)) => return Err(error),
		};
		Ok(match self.admit(&block, brought.certificate.as_ref()) {
			Some(true) => Verdict::Certified,
			Some(false) => Verdict::Open,
			None => Verdict::LeftOut,
		})
	}

	/// The block of a header, if that is good.
	fn judged(&self, header: &Header) -> Result<Core, Unfit> {
		// What is in it says that it is none of the protocol, wherever it belongs.
		let mut block = core_block(header, None).map_err(|error| Unfit::Invalid(error.to_string()))?;
		let number = block.number;
		if number <= self.core.chain().root().number {
			return Err(Unfit::LeftOut("it contradicts the last final one, or is older"));
		}
		let parent = self
			.core
			.chain()
			.get(&header.parent_hash().0)
			.ok_or(Unfit::LeftOut("its parent is not there, or was given up"))?;
		block.next_set = parent.block.child_closes.clone();
		match self.core.verify(&block) {
			Some(Ok(())) => Ok(block),
			// Its parent says the same set: one that begins above the last final block.
			Some(Err(Invalid::Set)) if block.set_id() == parent.block.child_set_id() => {
				Err(Unfit::LeftOut("its authority set is not known yet"))
			}
			Some(Err(invalid)) => Err(Unfit::Invalid(format!("block {number}: {invalid}"))),
			None => Err(Unfit::LeftOut("its parent is not there")),
		}
	}

	/// Whether a block is the last own one. The others may have certified it, and nobody sends it to this node.
	fn is_own(&self, hash: &H256) -> bool {
		let proposed = self.core.durable().proposed;
		proposed.is_some_and(|proposed| proposed.hash == hash.0)
	}

	/// Whether a good block is executed; if so, whether it is known to be certified, by `certificate` for one, or is the own. None
	/// if it is left out: too many were executed in its place, and nothing is known to lead from it to a certificate. That is
	/// not the fault of who sent it.
	fn admit(&mut self, block: &Core, certificate: Option<&QuorumCertificate>) -> Option<bool> {
		let (hash, rank) = (H256(block.hash), block.rank());
		let mut certified = self.is_certified(&hash) || self.is_own(&hash);
		let mut why = Why::of(certified);
		if !certified && self.siblings.are_enough(rank, &hash) {
			let shows = |qc: &&QuorumCertificate| block.is_certified_by(qc) && self.is_certificate(qc);
			certified = certificate.filter(shows).is_some() || self.is_shown_by_orphan(block);
			let sought = self.sought(block.number);
			if !certified && !self.siblings.may_seek(rank, sought) {
				return None;
			}
			why = if certified { Why::Certified } else { Why::Sought };
		}
		// The last places of a height are for what is certified: a leader can make as many that are sought as there are
		// certificates.
		let room = if certified { FULL } else { LEVEL };
		if self.make_room(u32::try_from(block.number.0).ok()?) >= room {
			return None;
		}
		self.siblings.note(rank, hash, why);
		Some(certified)
	}

	/// The rank of the highest certificate whose block is not there, if it is of this height or above.
	fn sought(&self, number: Number) -> Option<Rank> {
		let chain = self.core.chain();
		[&self.core.durable().high_qc, &chain.anchor().commit_qc]
			.into_iter()
			.filter(|qc| qc.target.number >= number && chain.get(&qc.target.hash).is_none())
			.map(|qc| qc.rank())
			.max()
	}

	/// Whether an orphan above a block shows its certificate. One that shows a false one is none of the chain.
	fn is_shown_by_orphan(&mut self, block: &Core) -> bool {
		for (hash, header) in self.orphans.headers_above(&H256(block.hash)) {
			let child = core_block(&header, None);
			let qc = child.as_ref().map(|child| &child.digest.parent_qc);
			// Of a set that begins above the last final block no certificate can be judged yet.
			let anchor = self.core.chain().anchor();
			if qc.is_ok_and(|qc| anchor.set_of(qc.target.set_id).is_none()) {
				continue;
			}
			if qc.is_ok_and(|qc| block.is_certified_by(qc) && self.is_certificate(qc)) {
				return true;
			}
			let from = self.orphans.take(&hash).and_then(|(_, from)| from);
			self.blame(from);
		}
		false
	}

	/// The blocks of a height and above that the database has, by height; none if they are few anyway: each block of a height
	/// is a leaf, or has one of its own.
	fn crowd(&self, number: u32) -> Vec<Core> {
		let leaves = self
			.backend
			.blockchain()
			.leaves()
			.map_or(0, |leaves| leaves.len());
		if leaves + self.importing.len() < LEVEL {
			return Vec::new();
		}
		let below = Number(u64::from(number.saturating_sub(1)));
		let headers = blocks_above(&*self.client, &*self.backend, below).unwrap_or_default();
		headers
			.iter()
			.filter_map(|header| core_block(header, None).ok())
			.collect()
	}

	/// How many blocks of a height the database has, if there are many.
	fn level(&self, number: u32) -> usize {
		let blocks = self.crowd(number);
		trees(&blocks, Number(number.into())).len()
	}

	/// Sees to it that the database has room for one more block of a height. Gives how many are there, if there are many, with those
	/// on their way.
	fn make_room(&mut self, number: u32) -> usize {
		let blocks = self.crowd(number);
		if blocks.is_empty() {
			return 0;
		}
		let trees = trees(&blocks, Number(number.into()));
		let there: HashSet<H256> = blocks.iter().map(|block| H256(block.hash)).collect();
		let coming = self
			.bodies
			.iter()
			.filter(|(hash, block)| block.header.number == number && !there.contains(*hash));
		let mut count = trees.len() + coming.count();
		for tree in trees {
			if count < LEVEL {
				break;
			}
			if self.may_give_up(&tree) && tree.into_iter().rev().all(|block| self.give_up(block)) {
				count -= 1;
			}
		}
		count
	}

	/// Whether nothing rests on a block and its descendants.
	fn may_give_up(&self, tree: &[&Core]) -> bool {
		let has = |hash: &H256| tree.iter().any(|block| block.hash == hash.0);
		let is_built_on = self
			.bodies
			.iter()
			.any(|(hash, block)| has(block.header.parent_hash()) && !has(hash));
		let is_needed = |block: &&Core| {
			let hash = H256(block.hash);
			!self.core.may_give_up(block) || self.is_certified(&hash) || self.importing.contains_key(&hash)
		};
		!is_built_on && !has(&self.client.info().best_hash) && !tree.iter().any(is_needed)
	}

	/// Takes a leaf out of the chain of the database, and puts it aside.
	fn give_up(&mut self, block: &Core) -> bool {
		let hash = H256(block.hash);
		let Some(whole) = self.whole_block(hash) else {
			return false;
		};
		if let Err(error) = self.shelf.take_out(&*self.backend, hash, &whole) {
			log::debug!(target: LOG_TARGET, "Block {} cannot be given up: {error}", block.number);
			return false;
		}
		log::debug!(target: LOG_TARGET, "Block {} of term {} is given up.", block.number, block.term());
		self.bodies.remove(&hash);
		self.siblings.given_up(block.rank());
		self.core.give_up(&block.hash);
		true
	}

	/// Whether the highest certificates are of this block, or of one that is known to descend from it.
	fn is_certified(&self, hash: &H256) -> bool {
		self.certified()
			.into_iter()
			.any(|certified| certified == *hash || self.orphans.descends(certified, hash))
	}

	/// The blocks of the highest certificates.
	fn certified(&self) -> [H256; 2] {
		let commit_qc = &self.core.chain().anchor().commit_qc;
		[&self.core.durable().high_qc, commit_qc].map(|qc| H256(qc.target.hash))
	}

	/// A block has come from a peer, or out of the orphans.
	pub(super) fn offer(&mut self, block: Block, from: Option<PeerId>) {
		if is_too_long(&block.header) {
			log::debug!(target: LOG_TARGET, "A block is refused: its header is too long");
			return self.blame(from);
		}
		let hash = block.header.hash();
		let number = Number(block.header.number.into());
		let chain = self.core.chain();
		if number <= chain.root().number || chain.get(&hash.0).is_some() || self.importing.contains_key(&hash)
		{
			return;
		}
		if chain.get(&block.header.parent_hash().0).is_none() {
			let parent = *block.header.parent_hash();
			self.orphans.keep(hash, block, from);
			let missing = self.orphans.lowest_missing(parent);
			if let (Some(peer), false) = (from, self.importing.contains_key(&missing)) {
				self.ask(peer, missing);
			}
			return;
		}
		let good = match self.judged(&block.header) {
			Ok(good) => good,
			Err(Unfit::LeftOut(why)) => {
				log::debug!(target: LOG_TARGET, "Block {number} is left out: {why}");
				return;
			}
			Err(Unfit::Invalid(error)) => {
				log::debug!(target: LOG_TARGET, "A block is refused: {error}");
				return self.blame(from);
			}
		};
		let client = &self.client;
		let is_there = |hash: &H256| client.header(*hash).is_ok_and(|header| header.is_some());
		let has_room = self.bodies.make_room(is_there) && self.importing.len() < IMPORTING;
		if !has_room && !self.is_certified(&hash) && !self.is_own(&hash) {
			log::debug!(target: LOG_TARGET, "Block {number} is left out: too many are on their way.");
			return;
		}
		let Some(certified) = self.admit(&good, None) else {
			log::debug!(target: LOG_TARGET, "Block {number} has siblings enough; it is left out.");
			return;
		};
		self.importing.insert(hash, from);
		self.bodies.insert(hash, block.clone());
		self.task(Task::Import {
			block: Box::new(block),
			certified,
		});
	}

	fn blame(&self, peer: Option<PeerId>) {
		if let (Some(peer), Some(peers)) = (peer, &self.peers) {
			peers.report(peer, BAD_BLOCK);
		}
	}

	/// Asks a peer for a block that is missing, and its ancestors; not again for each orphan above it.
	fn ask(&mut self, peer: PeerId, hash: H256) {
		let repeated = |(last, since): &(H256, Instant)| *last == hash && since.elapsed() < TICK;
		if self.wanted.as_ref().is_some_and(repeated) {
			return;
		}
		self.wanted = Some((hash, Instant::now()));
		let above = self.core.chain().root().number;
		let packet = Packet::Fetch {
			hash,
			above: u32::try_from(above.0).unwrap_or(u32::MAX),
		};
		if let Some(peers) = &mut self.peers {
			peers.send_to(&peer, &packet);
		}
	}

	/// The core lacks a block.
	pub(super) fn fetch(&mut self, hash: H256, number: Number, from: AuthorityId) {
		// What the database has, the core is given. What was put aside is an orphan then, until its parent is there.
		let mut line = Vec::new();
		let mut aside = None;
		let mut next = hash;
		while self.core.chain().get(&next.0).is_none() {
			if let Ok(Some(header)) = self.client.header(next) {
				if u64::from(header.number) <= self.core.chain().root().number.0 {
					break;
				}
				next = *header.parent_hash();
				line.push(header);
			} else if let Some(block) = self.unwritten(&next) {
				if self.importing.contains_key(&next) {
					return;
				}
				let parent = *block.header.parent_hash();
				self.orphans.keep(next, block, None);
				aside = Some(next);
				line.clear();
				next = parent;
			} else {
				break;
			}
		}
		if self.core.chain().get(&next.0).is_some() {
			let lowest = aside.filter(|_| line.is_empty());
			if let Some((block, from)) = lowest.and_then(|lowest| self.orphans.take(&lowest)) {
				return self.offer(block, from);
			}
			// One after the other: each is judged by its parent.
			self.found = line.into_iter().rev().collect();
			return;
		}
		// One that was dated too far ahead is kept, and certified now, perhaps.
		if let Some((block, from)) = self
			.orphans
			.parent_known(next, |parent| self.core.chain().get(&parent.0).is_some())
		{
			return self.offer(block, from);
		}
		let missing = self.orphans.lowest_missing(next);
		if self.importing.contains_key(&missing) {
			return;
		}
		let below = line.last().map_or(number, |lowest| Number(lowest.number.into()));
		let above = match line.is_empty() && missing == hash {
			true => self.highest().min(Number(below.0.saturating_sub(1))),
			false => self.core.chain().root().number,
		};
		let packet = Packet::Fetch {
			hash: missing,
			above: u32::try_from(above.0).unwrap_or(u32::MAX),
		};
		if let Some(peers) = &mut self.peers {
			peers.send(&from, &packet);
		}
	}

	/// The next block that the database has and the core is to be given.
	pub(super) fn next_found(&mut self) -> Option<Input<OnChain>> {
		let header = self.found.pop_front()?;
		// Those that follow are its descendants: the header of the next shows its certificate.
		let certified = !self.found.is_empty() || self.is_certified(&header.hash());
		let Ok(block) = self.judged(&header) else {
			self.found.clear();
			return None;
		};
		Some(Input::Imported {
			block: Arc::new(block),
			certified,
		})
	}

	/// The height up to which blocks are there.
	pub(super) fn highest(&self) -> Number {
		let chain = self.core.chain();
		let pending = chain.pending().map(|pending| pending.block.number).max();
		pending.unwrap_or(chain.root().number)
	}

	/// A block is in the database.
	pub(super) fn imported(&mut self, header: &Header, block: Option<&Block>) {
		let hash = header.hash();
		// Its parent may be gone when it is final.
		let is_closing = self.is_closing(header);
		if let Some(block) = self.as_core(header) {
			let closes = block.child_closes.is_some();
			let why = self.siblings.why(block.rank(), &hash);
			let certified = why == Some(Why::Certified) || self.is_certified(&hash);
			self.step(match why {
				Some(Why::Sought) if !certified => Input::Sought(block),
				_ => Input::Imported { block, certified },
			});
			if closes {
				self.members_may_have_changed();
			}
		}
		if let Some(block) = block {
			self.look_through(block, is_closing);
		}
		self.release(&hash);
	}

	/// Whether a block of the core's chain, or one whose parent is there, closes its set.
	fn is_closing(&self, header: &Header) -> bool {
		let known = self
			.core
			.chain()
			.get(&header.hash().0)
			.map(|pending| pending.block);
		let block = known.or_else(|| self.as_core(header));
		block.is_some_and(|block| block.is_closing())
	}

	/// Tells the core what the clock shows, and when a block is dated that it is given: it judges dates at the moment of the vote.
	pub(super) fn say_date(&mut self, input: &Input<OnChain>) {
		self.core.set_clock(dates::clock());
		let (block, date) = match input {
			Input::Imported { block, .. } | Input::Sought(block) => {
				(block, dates::of_block(&*self.backend, H256(block.hash)))
			}
			Input::Built(block) => {
				let changes = self.changes.get(&H256(block.hash));
				(block, changes.and_then(dates::of_changes))
			}
			_ => return,
		};
		match date {
			Some(date) => self.core.set_date(&block.hash, date),
			None => dates::note_undated(block.number),
		}
	}

	/// Looks at the orphans whose parent this block is, now that it is there.
	fn release(&mut self, parent: &H256) {
		if self.core.chain().get(&parent.0).is_none() {
			return;
		}
		for (child, from) in self.orphans.children(parent) {
			self.offer(child, from);
		}
	}

	/// How long the transactions of a block in the database may take.
	fn work_in(&self, block: H256) -> Work {
		let api = self.client.runtime_api();
		match api.api_version::<dyn TdRaftApi<Block>>(block) {
			Ok(Some(version)) if version >= 2 => {}
			_ => return Work::Unknown,
		}
		match api.work(block) {
			Ok(Some(microseconds)) => Work::Known(Duration::from_micros(microseconds)),
			Ok(None) => Work::NoRoom,
			Err(_) => Work::Unknown,
		}
	}

	/// What a block did with the transactions that are watched, and with those that wait. One that closes its set passes nothing over, nor
	/// does one that begins a session: what the chain does by itself then leaves no room that can be counted on.
	fn look_through(&mut self, block: &Block, is_closing: bool) {
		let Some(pool) = self.pool.clone() else { return };
		let transactions: Vec<H256> = block
			.extrinsics
			.iter()
			.filter(|extrinsic| !is_inherent(extrinsic))
			.map(|extrinsic| pool.hash_of(extrinsic))
			.collect();
		let work = self.work_in(block.header.hash());
		// A block can be full of few bytes that take long, or of many that take no time.
		let length: usize = block
			.extrinsics
			.iter()
			.map(|extrinsic| extrinsic.inner().len())
			.sum();
		let known = match work {
			Work::Known(work) => Some(work.max(FULL_BLOCK.0.saturating_mul(length as u32) / FULL_BLOCK.1)),
			Work::NoRoom | Work::Unknown => None,
		};
		let (included, passed_over) = self.transactions.in_block(&transactions, known, Instant::now());
		self.settled(included);
		if work != Work::NoRoom && !is_closing {
			let passed_over = passed_over.into_iter().map(|hash| hash.0).collect();
			self.step(Input::Sealed(passed_over));
		}
		if transactions.is_empty() {
			if self.ready && self.core.is_leading() {
				self.futile += 1;
			}
		} else {
			self.futile = 0;
			self.set_ready(false);
		}
		self.review_pool();
	}

	/// Something that the chain worker did.
	pub(super) fn on_done(&mut self, done: Done) {
		match done {
			Done::Built(built) => self.built(*built),
			Done::NotBuilt(error) => {
				log::warn!(target: LOG_TARGET, "A block could not be built: {error}");
				self.step(Input::NotBuilt);
			}
			Done::ImportedOwn { block, is_closing } => {
				self.look_through(&block, is_closing);
				self.release(&block.header.hash());
			}
			Done::NotImported(block, error) => {
				log::warn!(
					target: LOG_TARGET,
					"The own block {} could not be imported, and is executed again: {error}",
					block.header.number,
				);
				self.core.give_up(&block.header.hash().0);
				self.offer(*block, None);
				self.step(Input::Tick);
			}
			Done::Imported(block, result) => {
				let hash = block.header.hash();
				let from = self.importing.remove(&hash).flatten();
				match result {
					Ok(()) => self.imported(&block.header, Some(&block)),
					Err(Refused::Early) => {
						log::debug!(target: LOG_TARGET, "Block {} is dated too far ahead.", block.header.number);
						self.bodies.remove(&hash);
						self.orphans.keep(hash, *block, from);
					}
					Err(Refused::NoParent) => {
						log::debug!(target: LOG_TARGET, "The parent of block {} was given up.", block.header.number);
						self.bodies.remove(&hash);
					}
					Err(Refused::Invalid(error)) => {
						log::debug!(target: LOG_TARGET, "Block {} is not valid: {error}", block.header.number);
						self.bodies.remove(&hash);
						self.blame(from);
					}
				}
				// The node's own synchronization asked about its children meanwhile.
				let (asked, waiting) = std::mem::take(&mut self.asked)
					.into_iter()
					.partition(|(brought, _)| *brought.header.parent_hash() == hash);
				self.asked = waiting;
				for (brought, answer) in asked {
					// Whoever asked may be gone.
					let _ = answer.send(self.judge(&brought));
				}
			}
			Done::Finalized(number) => self.writer.finalized(number),
			Done::Governed(timing, records) => {
				self.core.set_timing(timing);
				self.setup.timing = timing;
				let wanted = records
					.iter()
					.filter_map(|record| sc_network::PeerId::from_bytes(record.body.peer_id.as_bytes()).ok());
				if let Some(peers) = &mut self.peers {
					peers.reserve(wanted);
				}
			}
			Done::Report(transaction) => self.submit(transaction, "an offence"),
			// Only while the node changes its name.
			Done::Flushed => {}
			Done::Failed(error) => self.fail(error),
		}
	}

	fn built(&mut self, built: Built) {
		let Built {
			block,
			mut core,
			changes,
		} = built;
		let Some(parent) = self.core.chain().get(&core.parent) else {
			return self.step(Input::NotBuilt);
		};
		core.next_set = parent.block.child_closes.clone();
		let hash = block.header.hash();
		if self.changes.len() >= CHANGES {
			self.changes.clear();
		}
		self.changes.insert(hash, changes);
		self.bodies.insert(hash, block);
		self.siblings.note(core.rank(), hash, Why::of(false));
		self.step(Input::Built(Arc::new(core)));
		// The core may have another leader meanwhile, and no use for it.
		if self.core.chain().get(&hash.0).is_none() {
			self.changes.remove(&hash);
			self.bodies.remove(&hash);
		}
	}

	/// The own block may leave.
	pub(super) fn propose(&mut self, block: &Shared) {
		let hash = H256(block.hash);
		// While the log waited for its disk, others have made another block of this height final.
		let root = self.core.chain().root();
		if block.number <= root.number && block.hash != root.hash {
			self.changes.remove(&hash);
			self.bodies.remove(&hash);
			return;
		}
		let (Some((whole, _)), Some(changes)) = (self.bodies.get(&hash).cloned(), self.changes.remove(&hash))
		else {
			return self.fail("an own block is not there");
		};
		if let Some(peers) = &mut self.peers {
			let members = &self.members;
			peers.send_to_all(&Packet::Proposal(whole.clone()), |id| members.contains(id));
		}
		let closes = block.child_closes.is_some();
		self.make_room(whole.header.number);
		self.task(Task::ImportOwn {
			block: Box::new(whole),
			changes: Box::new(changes),
			is_closing: block.is_closing(),
		});
		if closes {
			self.members_may_have_changed();
		}
	}

	/// Blocks are final for the core: the database is told.
	pub(super) fn finalized(&mut self, blocks: Vec<Finality>) {
		let anchor = self.core.chain().anchor().clone();
		let root = anchor.root.number;
		let set = anchor.set.clone();
		self.task(Task::Finalize(blocks, Box::new(anchor)));
		let Ok(number) = u32::try_from(root.0) else { return };
		let metrics = &self.metrics;
		self.bodies.forget_up_to(number, |since| metrics.finalized(since));
		self.orphans.forget_up_to(number);
		self.siblings.forget_up_to(root);
		if let Err(error) = self.shelf.forget_up_to(&*self.backend, number) {
			log::debug!(target: LOG_TARGET, "What was given up cannot be forgotten: {error}");
		}
		if set.id() != self.setup.anchor.set.id() {
			log::info!(
				target: LOG_TARGET,
				"Authority set {} begins after block {number}: {} authorities.",
				set.id(),
				set.count(),
			);
			self.setup.anchor.set = set;
			self.members_may_have_changed();
			self.keys_may_have_changed();
		}
	}
}
