//! Blocks: those that come, those that are made, those that become final.

use codec::Encode;
use futures::{channel::mpsc::unbounded, StreamExt};
use sc_client_api::Backend;
use sc_network::PeerId;
use sp_core::H256;
use sp_runtime::traits::Header as _;
use std::{
	collections::{HashMap, HashSet},
	sync::Arc,
	time::Instant,
};
use veilmart_td_raft::{AuthorityId, Number};
use veilmart_td_raft_core::{real::OnChain, Core as ProtocolCore, Input};

use super::{is_inherent, report::name, Engine, Shared, TICK};
use crate::{
	block::core_block,
	chain::Chain,
	fetch::MAX_HEADER,
	keys::Identity,
	log_writer::LogWriter,
	packet::Packet,
	peers::BAD_BLOCK,
	start::{blocks_above, Begin, Error, Setup},
	worker::{block_of, Built, ChainWorker, Done, Finality, Refused, Task},
	Block, Header, LOG_TARGET,
};

/// Children of one block that are executed without being certified, at most: two by one leader are the evidence, and
/// another leader's.
const SIBLINGS: usize = 4;

/// Blocks given to the chain worker at a time, at most; more come again when they are asked for.
const IMPORTING: usize = 64;

/// Blocks whose execution's changes are kept, at most: the core has one of its own under way.
const CHANGES: usize = 4;

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// Takes in what the database and the log have above the anchor, by height.
	pub(super) async fn take_in(&mut self) -> Result<(), Error> {
		let mut logged: Vec<_> = std::mem::take(&mut self.setup.logged).into_values().collect();
		logged.sort_by_key(|block| block.header.number);
		let mut restored = 0;
		for block in logged {
			let number = block.header.number;
			let parent = *block.header.parent_hash();
			let known = |hash| self.client.header(hash).map(|header| header.is_some());
			if known(block.header.hash())? || !known(parent)? || number <= self.client.info().finalized_number
			{
				continue;
			}
			match ChainWorker::<BE, C>::restore(&self.client, block).await {
				Ok(()) => restored += 1,
				Err(error) => {
					log::debug!(target: LOG_TARGET, "Block {number} of the vote log is not imported: {error}")
				}
			}
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
		self.bodies
			.get(&hash)
			.map(|(block, _)| block.clone())
			.or_else(|| block_of(&*self.client, hash))
	}

	/// Whether bodies of imported blocks are of interest.
	pub(super) fn watches_blocks(&self) -> bool {
		self.pool.is_some()
	}

	/// Whether a header is good; if so, whether a quorum has certified it.
	pub(super) fn judge(&self, header: &Header) -> Result<bool, String> {
		// By whatever way a block comes: what some took and others refused could not be agreed on.
		if header.encoded_size() > MAX_HEADER {
			return Err("the header is too long".into());
		}
		let number = Number(header.number.into());
		if number <= self.core.chain().root().number {
			return Err("the block contradicts the last final one, or is older".into());
		}
		let parent = self
			.core
			.chain()
			.get(&header.parent_hash().0)
			.ok_or("the block's parent is not there, or was given up")?;
		let block =
			core_block(header, parent.block.child_closes.clone()).map_err(|error| error.to_string())?;
		match self.core.verify(&block) {
			Some(Ok(())) => Ok(self.is_certified(&header.hash())),
			Some(Err(invalid)) => Err(format!("block {number}: {invalid}")),
			None => Err("the block's parent is not there".into()),
		}
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
		if block.header.encoded_size() > MAX_HEADER {
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
		match self.judge(&block.header) {
			Ok(false) if self.has_enough_of(&block.header) => {
				log::debug!(target: LOG_TARGET, "Block {number} has siblings enough; it is left out.");
			}
			Ok(certified) => {
				self.importing.insert(hash, from);
				self.bodies.insert(hash, (block.clone(), Instant::now()));
				self.task(Task::Import {
					block: Box::new(block),
					certified,
				});
			}
			Err(error) => {
				log::debug!(target: LOG_TARGET, "A block is refused: {error}");
				self.blame(from);
			}
		}
	}

	/// Whether blocks enough wait or were imported beside this one: a leader that seals ever more of them would have all
	/// executed. Two are the evidence, and what is certified is always taken.
	fn has_enough_of(&self, header: &Header) -> bool {
		let imported = self
			.core
			.chain()
			.pending()
			.filter(|pending| pending.block.parent == header.parent_hash().0)
			.count();
		imported >= SIBLINGS || self.importing.len() >= IMPORTING
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
		// What the database has, the core is given.
		let mut line = Vec::new();
		let mut next = hash;
		while self.core.chain().get(&next.0).is_none() {
			let Ok(Some(header)) = self.client.header(next) else {
				break;
			};
			if u64::from(header.number) <= self.core.chain().root().number.0 {
				break;
			}
			next = *header.parent_hash();
			line.push(header);
		}
		if self.core.chain().get(&next.0).is_some() {
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
		let block = self.as_core(&header).filter(|_| self.judge(&header).is_ok());
		if block.is_none() {
			self.found.clear();
		}
		Some(Input::Imported {
			block: block?,
			certified,
		})
	}

	/// The height up to which blocks are there.
	fn highest(&self) -> Number {
		let chain = self.core.chain();
		let pending = chain.pending().map(|pending| pending.block.number).max();
		pending.unwrap_or(chain.root().number)
	}

	/// A block is in the database.
	pub(super) fn imported(&mut self, header: &Header, block: Option<&Block>) {
		let hash = header.hash();
		if let Some(block) = self.as_core(header) {
			let closes = block.child_closes.is_some();
			let certified = self.is_certified(&hash);
			self.step(Input::Imported { block, certified });
			if closes {
				self.members_may_have_changed();
			}
		}
		if let Some(block) = block {
			self.look_through(block);
		}
		self.release(&hash);
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

	/// What a block did with the transactions that are watched, and with those that wait.
	fn look_through(&mut self, block: &Block) {
		let Some(pool) = self.pool.clone() else { return };
		let transactions: Vec<H256> = block
			.extrinsics
			.iter()
			.filter(|extrinsic| !is_inherent(extrinsic))
			.map(|extrinsic| pool.hash_of(extrinsic))
			.collect();
		let (included, passed_over) = self.transactions.in_block(&transactions);
		for hash in included {
			self.step(Input::Settled(hash.0));
		}
		let passed_over = passed_over.into_iter().map(|hash| hash.0).collect();
		self.step(Input::Sealed(passed_over));
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
			Done::ImportedOwn(block) => {
				self.look_through(&block);
				self.release(&block.header.hash());
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
					Err(Refused::Invalid(error)) => {
						log::debug!(target: LOG_TARGET, "Block {} is not valid: {error}", block.header.number);
						self.bodies.remove(&hash);
						self.blame(from);
					}
				}
				// The node's own synchronization asked about its children meanwhile.
				let (asked, waiting) = std::mem::take(&mut self.asked)
					.into_iter()
					.partition(|(header, _)| *header.parent_hash() == hash);
				self.asked = waiting;
				for (header, answer) in asked {
					// Whoever asked may be gone.
					let _ = answer.send(self.judge(&header));
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
		self.bodies.insert(hash, (block, Instant::now()));
		self.step(Input::Built(Arc::new(core)));
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
		self.task(Task::ImportOwn(Box::new(whole), Box::new(changes)));
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
		self.bodies.retain(|_, (block, since)| {
			let is_final = block.header.number <= number;
			if is_final {
				metrics.finalized(*since);
			}
			!is_final
		});
		self.orphans.forget_up_to(number);
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

	/// Who gets what goes to all: the last, the present, and the next set.
	pub(super) fn members_may_have_changed(&mut self) {
		let chain = self.core.chain();
		let anchor = chain.anchor();
		let pending = chain
			.pending()
			.filter_map(|pending| pending.block.child_closes.as_ref());
		let sets = [
			Some(&anchor.set),
			anchor.previous.as_ref(),
			anchor.root.child_closes.as_ref(),
		];
		self.members = sets
			.into_iter()
			.flatten()
			.chain(pending)
			.flat_map(|set| set.members())
			.map(|member| member.id)
			.filter(|id| *id != self.setup.identity.id)
			.collect();
		self.statuses.retain(|id, _| self.members.contains(id));
		if let Some(peers) = &mut self.peers {
			peers.set_members(self.members.clone());
		}
	}

	/// In a new set the node may have another name: keys are changed by changing the set.
	fn keys_may_have_changed(&mut self) {
		let set = self.core.chain().anchor().set.clone();
		let Some(authority) = &self.setup.authority else {
			return;
		};
		if set.index_of(&self.setup.identity.id).is_some() {
			return;
		}
		match Identity::find(&authority.keystore, self.setup.keys, [&set]) {
			Ok(None) => {}
			Ok(Some(_)) => self.renamed = true,
			Err(error) => log::warn!(target: LOG_TARGET, "{error}"),
		}
	}

	/// Goes on as another authority: from what is on the disk, as after a start, with a log of its own.
	pub(super) async fn rename(&mut self) -> Result<(), Error> {
		self.task(Task::Flush);
		while let Some(done) = self.done.next().await {
			match done {
				Done::Flushed => break,
				Done::Failed(error) => return Err(Error::Database(error)),
				_ => {}
			}
		}
		let (answers, written) = unbounded();
		let nobody = LogWriter::start(None, answers.clone()).map_err(Error::Thread)?;
		std::mem::replace(&mut self.writer, nobody).close();
		let mut setup = Setup::read::<BE, C>(&self.client, self.setup.authority.clone(), Begin::NewName)?;
		self.writer = LogWriter::start(setup.log.take(), answers).map_err(Error::Thread)?;
		self.written = written;
		self.writing.clear();
		self.importing.clear();
		self.changes.clear();
		self.core = ProtocolCore::restore(
			setup.config(),
			setup.identity.keys.clone(),
			setup.anchor.clone(),
			setup.durable.take(),
			self.now(),
		);
		if let Some(peers) = &mut self.peers {
			peers.rename(setup.identity.clone());
		}
		log::info!(target: LOG_TARGET, "This node is authority {} now.", name(&setup.identity.id));
		self.setup = setup;
		self.renamed = false;
		self.take_in().await?;
		// What was being imported was so before the change: nobody is left waiting for it.
		for (header, answer) in std::mem::take(&mut self.asked) {
			// Whoever asked may be gone.
			let _ = answer.send(self.judge(&header));
		}
		self.step(Input::Ready(self.ready));
		Ok(())
	}
}
