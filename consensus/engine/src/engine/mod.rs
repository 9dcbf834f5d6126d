//! The task in the middle: gives the core what happens, in one order, and carries out what it says.

mod blocks;
mod names;
mod packets;
mod report;
#[cfg(test)]
mod tests;

use futures::{
	channel::{
		mpsc::{unbounded, UnboundedReceiver, UnboundedSender},
		oneshot,
	},
	future::BoxFuture,
	stream::{BoxStream, FuturesUnordered},
	StreamExt,
};
use sc_client_api::Backend;
use sc_transaction_pool_api::TransactionSource;
use sp_core::{traits::SpawnEssentialNamed, H256};
use sp_runtime::traits::Header as _;
use std::{
	collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};
use substrate_prometheus_endpoint::Registry;
use veilmart_td_raft::{AuthorityId, CertificateError, Phase, QuorumCertificate, SetId, Sr25519, Term};
use veilmart_td_raft_core::{
	message::{Message, Notice, Status},
	real::{Keys, OnChain},
	Core as ProtocolCore, Input, Output, To,
};

use crate::{
	allowance::{Allowance, Load, Places, Sender, Shares},
	block::Core,
	chain::{Chain, Pool, Propose},
	fetch::{Bodies, Orphans},
	held::Held,
	import::{Brought, EngineHandle, Justified, Request, Verdict},
	log_writer::{LogWriter, Written},
	metrics::Metrics,
	packet::{Packet, BYTES_AT_ONCE, MAX_PACKET},
	peers::{Event, Network, Peers},
	siblings::{Shelf, Siblings},
	start::{Error, Setup},
	transactions::Transactions,
	vote_log::Entry,
	worker::{ChainWorker, Done, Finality, StorageChanges, Task},
	Block, Header, LOG_TARGET,
};

/// How often what waits is looked through.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between looks at what the chain governs and at all that is ready, and between repetitions of one's name.
const GOVERN: u32 = 5;

/// Packets of others' transactions on their way into the pool at a time, at most, of which each authority has its share. What is
/// left out comes by gossip, or again.
const SUBMITTING: usize = 256;

/// Bytes of the packets of one authority among them, at most: room for one of the largest, and for some others.
const SUBMITTING_BYTES: usize = 2 * MAX_PACKET as usize;

/// What this node itself wants in a block, on its way into the pool, at most: overdue transactions, reports of offences.
const SUBMITTING_OWN: usize = 64;

/// Sealed transactions on their way into the pool at a time, at most. Anybody may send them, so they have room of their own.
const SUBMITTING_SEALED: usize = 64;

/// Records that wait for the disk, from which on the node waits, too: each may hold a block.
const BEHIND: usize = 32;

/// Own blocks in a row that may be empty although transactions are ready, until it is believed that none of those fits.
const FUTILE: u32 = 2;

/// A block, and who wants to know what is to become of it.
type Asked = (Box<Brought>, oneshot::Sender<Result<Verdict, String>>);

/// What an engine works with.
pub struct Parts<BE, C> {
	/// The chain.
	pub client: Arc<C>,
	/// The database.
	pub backend: Arc<BE>,
	/// The transactions that wait. A node that only imports has none.
	pub pool: Option<Arc<dyn Pool>>,
	/// Makes blocks. A node that is no authority needs none.
	pub proposer: Option<Box<dyn Propose>>,
	/// The network. A node that only imports has none.
	pub network: Option<Network>,
	/// Where metrics are registered.
	pub registry: Option<Registry>,
}

/// The engine of a node.
pub struct Engine<BE, C> {
	client: Arc<C>,
	backend: Arc<BE>,
	pool: Option<Arc<dyn Pool>>,
	peers: Option<Peers>,
	metrics: Metrics,
	setup: Setup,
	core: ProtocolCore<Keys>,
	started: Instant,
	/// Given to the core one after the other.
	inputs: VecDeque<Input<OnChain>>,
	/// Blocks that the database has and the core lacks, the lowest first.
	found: VecDeque<Header>,
	writer: LogWriter,
	written: UnboundedReceiver<Written>,
	/// Records on their way to the disk.
	writing: VecDeque<(veilmart_td_raft_core::Sequence, Instant)>,
	tasks: UnboundedSender<Task>,
	done: UnboundedReceiver<Done>,
	requests: UnboundedReceiver<Request>,
	/// Whole blocks that are not final.
	bodies: Bodies,
	/// Which blocks were executed in each other's place.
	siblings: Siblings,
	/// Blocks that were given up.
	shelf: Shelf,
	/// What execution of own blocks changed that are not in the database.
	changes: HashMap<H256, StorageChanges>,
	/// Blocks given to the chain worker, and who sent them.
	importing: HashMap<H256, Option<sc_network::PeerId>>,
	/// The block below the orphans that was asked for last.
	wanted: Option<(H256, Instant)>,
	/// Blocks that the node's own synchronization asks about, whose parents are being imported.
	asked: Vec<Asked>,
	orphans: Orphans,
	transactions: Transactions,
	/// Answers of the pool: whether any transaction is ready on a block.
	reviews: FuturesUnordered<BoxFuture<'static, (H256, bool)>>,
	/// Transactions on their way into the pool.
	submitting: FuturesUnordered<BoxFuture<'static, ()>>,
	submitting_own: FuturesUnordered<BoxFuture<'static, ()>>,
	submitting_sealed: FuturesUnordered<BoxFuture<'static, ()>>,
	/// What each authority has in `submitting`.
	loads: BTreeMap<AuthorityId, Load>,
	/// Requests for blocks that each authority may still make.
	fetches: BTreeMap<AuthorityId, Allowance>,
	/// Sealed transactions that may still be opened or passed on.
	sealed: Shares<AuthorityId>,
	ready: bool,
	/// Whether transactions arrived while the pool was being asked.
	arrived_meanwhile: bool,
	/// Own empty blocks in a row although transactions were ready.
	futile: u32,
	/// Those who get what goes to all.
	members: BTreeSet<AuthorityId>,
	/// What the others last said of themselves.
	statuses: BTreeMap<AuthorityId, Status>,
	/// The highest set that one of them was in before the blocks up to it were here.
	ahead: SetId,
	/// Set, term and leader that were last logged.
	led: Option<(u64, Term, AuthorityId)>,
	impatient: Option<Instant>,
	/// Since when dates have kept the node from voting, and when that was last said.
	abstains: Option<Instant>,
	said: Option<Instant>,
	ticks: u32,
	/// Since when the node has had its keys. None if it takes no part.
	held: Option<Held>,
	/// Another name, which the node has in the new set.
	renamed: Option<AuthorityId>,
	failure: Option<String>,
}

/// Prepares the handle by which the rest of the node talks to the engine, and what the engine takes from it.
pub fn handle() -> (EngineHandle, Requests) {
	let (requests, receiver) = unbounded();
	let handle = EngineHandle {
		requests,
		sealed: Places::default(),
		questions: Places::default(),
	};
	(handle, Requests(receiver))
}

/// What the engine is asked through its handle.
pub struct Requests(UnboundedReceiver<Request>);

/// An engine, its chain worker, and what that has to do.
type WithWorker<BE, C> = (Engine<BE, C>, ChainWorker<BE, C>, UnboundedReceiver<Task>);

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// Starts an engine. It takes in what it has from before, then runs as long as the node does: its end is the node's.
	pub fn start(
		setup: Setup,
		parts: Parts<BE, C>,
		requests: Requests,
		spawner: &dyn SpawnEssentialNamed,
	) -> Result<(), Error> {
		let (engine, worker, todo) = Self::new(setup, parts, requests)?;
		spawner.spawn_essential_blocking("td-raft-chain", Some("td-raft"), Box::pin(worker.run(todo)));
		spawner.spawn_essential_blocking("td-raft", Some("td-raft"), Box::pin(engine.run()));
		Ok(())
	}

	/// An engine that is not started.
	fn new(mut setup: Setup, parts: Parts<BE, C>, requests: Requests) -> Result<WithWorker<BE, C>, Error> {
		let Parts {
			client,
			backend,
			pool,
			proposer,
			network,
			registry,
		} = parts;
		let shelf = Shelf::read(&*backend)?;
		let held = setup.held.take();
		let (done_sender, done) = unbounded();
		let (tasks, todo) = unbounded();
		let worker = ChainWorker::<BE, C>::new(client.clone(), proposer, setup.genesis, done_sender);
		let (answers, written) = unbounded();
		let writer = LogWriter::start(setup.log.take(), answers).map_err(Error::Thread)?;
		let peers = network.map(|network| Peers::new(network, setup.genesis.0, setup.identity.clone()));
		let core = ProtocolCore::restore(
			setup.config(),
			setup.identity.keys.clone(),
			setup.anchor.clone(),
			setup.durable.take(),
			0,
		);
		let engine = Self {
			metrics: Metrics::new(registry.as_ref()),
			client,
			backend,
			pool,
			peers,
			setup,
			core,
			started: Instant::now(),
			inputs: VecDeque::new(),
			found: VecDeque::new(),
			writer,
			written,
			writing: VecDeque::new(),
			tasks,
			done,
			requests: requests.0,
			bodies: Bodies::default(),
			siblings: Siblings::default(),
			shelf,
			changes: HashMap::new(),
			importing: HashMap::new(),
			wanted: None,
			asked: Vec::new(),
			orphans: Orphans::default(),
			transactions: Transactions::default(),
			reviews: FuturesUnordered::new(),
			submitting: FuturesUnordered::new(),
			submitting_own: FuturesUnordered::new(),
			loads: BTreeMap::new(),
			fetches: BTreeMap::new(),
			sealed: Shares::full(Instant::now()),
			submitting_sealed: FuturesUnordered::new(),
			ready: false,
			arrived_meanwhile: false,
			futile: 0,
			members: BTreeSet::new(),
			statuses: BTreeMap::new(),
			ahead: SetId(0),
			led: None,
			impatient: None,
			abstains: None,
			said: None,
			ticks: 0,
			held,
			renamed: None,
			failure: None,
		};
		Ok((engine, worker, todo))
	}

	async fn run(mut self) {
		if let Err(error) = self.take_in().await {
			log::error!(target: LOG_TARGET, "The consensus cannot go on from what is on the disk: {error}");
			return;
		}
		let mut arrivals: BoxStream<'static, H256> = match &self.pool {
			Some(pool) => pool.arrivals(),
			None => futures::stream::pending().boxed(),
		};
		let mut tick = tokio::time::interval(TICK);
		tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
		self.look_at_keys();
		self.review_pool();
		while self.failure.is_none() {
			let deadline = self
				.core
				.deadline()
				.filter(|_| !self.waits_for_disk())
				.map(|at| tokio::time::Instant::from_std(self.started + Duration::from_millis(at)));
			let due = async move {
				match deadline {
					Some(deadline) => tokio::time::sleep_until(deadline).await,
					None => futures::future::pending().await,
				}
			};
			let peers = &mut self.peers;
			let event = async move {
				match peers {
					Some(peers) => peers.next().await,
					None => futures::future::pending().await,
				}
			};
			tokio::select! {
				Some(written) = self.written.next() => self.on_written(written),
				Some(done) = self.done.next() => self.on_done(done),
				event = event => match event {
					Some(event) => self.on_event(event),
					// The network ends with the node.
					None => self.peers = None,
				},
				Some(request) = self.requests.next() => self.on_request(request),
				Some((at, ready)) = self.reviews.next(), if !self.reviews.is_empty() => self.pool_reviewed(at, ready),
				Some(()) = self.submitting.next(), if !self.submitting.is_empty() => {}
				Some(()) = self.submitting_own.next(), if !self.submitting_own.is_empty() => {}
				Some(()) = self.submitting_sealed.next(), if !self.submitting_sealed.is_empty() => {}
				Some(hash) = arrivals.next() => self.on_arrival(hash),
				() = due => self.step(Input::Tick),
				_ = tick.tick() => self.on_tick(),
			}
			if let Some(id) = self.renamed.take() {
				if let Err(error) = self.rename(id).await {
					self.fail(format!("cannot go on under another key: {error}"));
				}
			}
		}
		if let Some(failure) = self.failure {
			log::error!(target: LOG_TARGET, "The node stops: {failure}");
		}
	}

	/// Whether the disk is so far behind that nothing more of other authorities is taken, and nothing said for which the time has
	/// come. They take this node for a slow one, and send again what counts.
	pub(super) fn waits_for_disk(&self) -> bool {
		self.writing.len() >= BEHIND
	}

	fn now(&self) -> u64 {
		u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
	}

	fn fail(&mut self, failure: impl Into<String>) {
		self.failure.get_or_insert(failure.into());
	}

	/// Gives the core an input, and carries out what it says; and what follows from that.
	fn step(&mut self, input: Input<OnChain>) {
		self.inputs.push_back(input);
		while let Some(input) = self.inputs.pop_front().or_else(|| self.next_found()) {
			self.say_date(&input);
			let outputs = self.core.step(self.now(), input);
			let mut finalized = Vec::new();
			for output in outputs {
				self.carry_out(output, &mut finalized);
			}
			if !finalized.is_empty() {
				self.finalized(finalized);
			}
		}
		self.note_leader();
		self.note_abstention();
	}

	fn carry_out(&mut self, output: Output<OnChain>, finalized: &mut Vec<Finality>) {
		match output {
			Output::Persist(sequence, record) => {
				let block = match &record.block {
					None => None,
					Some(block) => match self.whole_block(H256(block.hash)) {
						Some(block) => Some(block),
						None => return self.fail("a block that is to be voted for is not there"),
					},
				};
				let durable = record.durable.clone();
				self.writing.push_back((sequence, Instant::now()));
				self.writer.write(sequence, Entry { durable, block });
			}
			Output::Send(to, message) => self.send(to, message),
			Output::Propose(block) => self.propose(&block),
			Output::Build(build) => {
				let identity = self.setup.identity.clone();
				self.task(Task::Build(Box::new((build, identity))));
			}
			Output::Finalize {
				hash,
				number,
				certificate,
			} => match u32::try_from(number.0) {
				Ok(number) => finalized.push(Finality {
					hash: H256(hash),
					number,
					certificate,
				}),
				Err(_) => self.fail("the chain is too high"),
			},
			Output::Fetch { hash, number, from } => self.fetch(H256(hash), number, from),
			Output::Report(evidence) => {
				let (set_id, offender) = evidence.offender();
				log::warn!(
					target: LOG_TARGET,
					"Authority {} of set {set_id} has broken the protocol; it is reported to the chain.",
					offender.0,
				);
				self.metrics.offence();
				self.task(Task::Report(Box::new(evidence)));
			}
			Output::Submit(transaction) => self.submit(transaction, "overdue"),
		}
	}

	fn task(&mut self, task: Task) {
		if self.tasks.unbounded_send(task).is_err() {
			self.fail("the chain worker has stopped");
		}
	}

	fn on_written(&mut self, written: Written) {
		match written {
			Written::Persisted(sequence) => {
				while let Some((_, since)) = self.writing.front().filter(|(written, _)| *written <= sequence)
				{
					self.metrics.persisted(*since);
					self.writing.pop_front();
				}
				self.step(Input::Persisted(sequence));
			}
			Written::Failed(error) => self.fail(format!("the vote log cannot be written: {error}")),
		}
	}

	/// Sends a message of the core's.
	fn send(&mut self, to: To<AuthorityId>, message: Message<OnChain>) {
		if let Message::Promise(veilmart_td_raft_core::message::Promise::Vote(_)) = &message {
			self.metrics.voted();
		}
		let Some(peers) = &mut self.peers else { return };
		// What makes blocks final is for those who follow, too.
		let for_all = matches!(&message, Message::Notice(Notice::Certified(qc)) if qc.phase == Phase::Commit);
		let packet = Packet::Core(message);
		match to {
			To::One(id) => peers.send(&id, &packet),
			To::Others => {
				let members = &self.members;
				peers.send_to_all(&packet, |id| for_all || members.contains(id));
			}
		}
	}

	fn on_event(&mut self, event: Event) {
		match event {
			Event::Named(id) => {
				self.step(Input::Connected(id));
				// It may have lost what it was sent, with its pool.
				if self.core.leader() == Some(&id) {
					self.pass_on(Some(id), self.transactions.watched());
				}
			}
			Event::Packet { peer, id, packet } => self.on_packet(peer, id, *packet),
		}
	}

	fn on_request(&mut self, request: Request) {
		// Whoever asked may be gone.
		match request {
			Request::Verify(brought, answer) => {
				if self.importing.contains_key(brought.header.parent_hash()) {
					self.asked.push((brought, answer));
				} else {
					let _ = answer.send(self.judge(&brought));
				}
			}
			Request::Imported(header, answer) => {
				let block = self
					.watches_blocks()
					.then(|| self.whole_block(header.hash()))
					.flatten();
				self.imported(&header, block.as_ref());
				let _ = answer.send(());
			}
			Request::Justified(certificate, answer) => {
				let number = certificate.target.number;
				let hash = certificate.target.hash;
				// Judged before the core is told: it would not listen for a while to whoever sends it a false one.
				let verified = self.verify_certificate(&certificate);
				if verified.is_ok() {
					self.step(Input::Message {
						from: self.setup.identity.id,
						message: Message::Notice(Notice::Certified(*certificate)),
					});
				}
				let root = self.core.chain().root();
				let is_final = if root.number == number {
					root.hash == hash
				} else {
					root.number > number
				};
				let _ = answer.send(match verified {
					_ if is_final => Justified::Final,
					Ok(()) | Err(CertificateError::Set) => Justified::Early,
					Err(_) => Justified::False,
				});
			}
			Request::Sealed(sealed, _place, answer) => {
				let _ = answer.send(self.on_sealed(sealed, Sender::Own));
			}
			Request::Round(_place, answer) => {
				let _ = answer.send(self.round_state());
			}
			Request::Handovers(_place, answer) => {
				let anchor = self.core.chain().anchor();
				let _ = answer.send((anchor.handovers.clone(), anchor.commit_qc.clone()));
			}
		}
	}

	/// Whether a certificate is of a set that is known, and its votes are good.
	fn is_certificate(&self, certificate: &QuorumCertificate) -> bool {
		self.verify_certificate(certificate).is_ok()
	}

	/// The same, and if not, why: one of a set that is not known, or no longer, is nobody's fault.
	fn verify_certificate(&self, certificate: &QuorumCertificate) -> Result<(), CertificateError> {
		let set = self.core.chain().anchor().set_of(certificate.target.set_id);
		set.ok_or(CertificateError::Set)
			.and_then(|set| certificate.verify(&self.setup.genesis.0, set, &Sr25519))
	}

	fn on_tick(&mut self) {
		self.ticks = self.ticks.wrapping_add(1);
		self.look_at_keys();
		if let Some(pool) = self.pool.clone() {
			let gone = self.transactions.gone(|hash| pool.ready(hash).is_some());
			self.settled(gone);
			if self.ticks % GOVERN == 1 {
				self.transactions.look(pool.all_ready());
			}
			let turn = self.transactions.next_turn(|hash| pool.ready(hash));
			let all = turn.iter().map(|(_, bytes)| bytes.clone()).collect();
			self.pass_on(self.core.leader().copied(), all);
			for (hash, bytes) in turn {
				self.step(Input::Relayed(hash.0, bytes));
			}
		}
		// Should a review have been missed, the next is a tick away.
		if !self.ready && self.reviews.is_empty() {
			self.review_pool();
		}
		let old = self.transactions.old();
		self.pass_on(None, old);
		if let Some(leader) = self.core.leader().copied() {
			let again = self.transactions.again(Instant::now());
			self.pass_on(Some(leader), again);
		}
		let members = &self.members;
		self.loads
			.retain(|id, load| members.contains(id) || !load.is_none());
		self.fetches.retain(|id, _| members.contains(id));
		if self.ticks % GOVERN == 1 {
			self.task(Task::Govern);
			if let Some(peers) = &mut self.peers {
				peers.greet_all();
			}
		}
		let state = self.round_state();
		let left_out = self.peers.as_ref().map_or(0, Peers::left_out);
		self.metrics.observe(&state, left_out);
	}

	/// A transaction has become ready.
	fn on_arrival(&mut self, hash: H256) {
		let Some(pool) = self.pool.clone() else { return };
		let watched = self.transactions.arrived(hash, || pool.ready(&hash));
		self.futile = 0;
		if let Some(bytes) = watched {
			self.pass_on(self.core.leader().copied(), vec![bytes.clone()]);
			self.step(Input::Relayed(hash.0, bytes));
		}
		// While the pool takes note of a block it is asked afterwards: what it says then may be from before this arrival.
		if self.reviews.is_empty() {
			self.set_ready(true);
		} else {
			self.arrived_meanwhile = true;
		}
	}

	/// Asks the pool whether transactions wait, once it has taken note of the best block.
	fn review_pool(&mut self) {
		if let Some(pool) = self.pool.clone() {
			let best = self.client.info().best_hash;
			self.reviews
				.push(Box::pin(async move { (best, pool.any_ready_at(best).await) }));
		}
	}

	fn pool_reviewed(&mut self, at: H256, ready: bool) {
		if at == self.client.info().best_hash {
			self.set_ready(ready && self.futile < FUTILE);
		}
		if self.arrived_meanwhile && self.reviews.is_empty() {
			self.arrived_meanwhile = false;
			self.review_pool();
		}
	}

	fn set_ready(&mut self, ready: bool) {
		if self.ready != ready {
			self.ready = ready;
			self.step(Input::Ready(ready));
		}
	}

	/// Watched transactions were included, or cannot be any more.
	fn settled(&mut self, transactions: Vec<H256>) {
		if !transactions.is_empty() {
			let hashes = transactions.into_iter().map(|hash| hash.0).collect();
			self.step(Input::Settled(hashes));
		}
	}

	/// Sends transactions to an authority, or to all. Not to oneself.
	fn pass_on(&mut self, to: Option<AuthorityId>, transactions: Vec<Vec<u8>>) {
		if to == Some(self.setup.identity.id) {
			return;
		}
		let Some(peers) = &mut self.peers else { return };
		for some in by_bytes(transactions, BYTES_AT_ONCE) {
			let packet = Packet::Transactions(some);
			match to {
				Some(id) => peers.send(&id, &packet),
				None => {
					let members = &self.members;
					peers.send_to_all(&packet, |id| members.contains(id));
				}
			}
		}
	}

	/// Gives the pool a transaction that this node wants included, unless too many are on their way there.
	fn submit(&mut self, transaction: Vec<u8>, why: &'static str) {
		if self.submitting_own.len() < SUBMITTING_OWN {
			let submit = self.submission(TransactionSource::Local, transaction, why);
			self.submitting_own.extend(submit);
		}
	}

	/// Gives the pool the transactions of a packet that an authority wants included, one after the other, unless too many packets of
	/// its own, or too many bytes in them, are on their way there. A share may be as small as two places, and a packet has many
	/// transactions.
	fn submit_of(&mut self, authority: AuthorityId, transactions: Vec<Vec<u8>>) {
		let share = (SUBMITTING / self.members.len().max(1)).max(1);
		let bytes = transactions.iter().map(Vec::len).sum();
		let load = self.loads.entry(authority).or_default();
		let Some([place, place_of_bytes]) = load.take(bytes, share, SUBMITTING_BYTES) else {
			return;
		};
		let submit =
			|transaction| self.submission(TransactionSource::Local, transaction, "from an authority");
		let submissions: Vec<_> = transactions.into_iter().filter_map(submit).collect();
		self.submitting.push(Box::pin(async move {
			place.until_done(submissions).await;
			drop(place_of_bytes);
		}));
	}

	/// Gives the pool a transaction that was sealed to this authority, by anybody.
	fn submit_sealed(&mut self, transaction: Vec<u8>) {
		if self.submitting_sealed.len() < SUBMITTING_SEALED {
			let submit = self.submission(TransactionSource::External, transaction, "sealed");
			self.submitting_sealed.extend(submit);
		}
	}

	fn submission(
		&self,
		source: TransactionSource,
		transaction: Vec<u8>,
		why: &'static str,
	) -> Option<BoxFuture<'static, ()>> {
		let pool = self.pool.clone()?;
		let client = self.client.clone();
		Some(Box::pin(async move {
			let best = client.info().best_hash;
			if let Err(error) = pool.submit(best, source, transaction).await {
				log::debug!(target: LOG_TARGET, "The pool does not take a transaction ({why}): {error}");
			}
		}))
	}
}

/// Transactions in parts of so many bytes, at most; one is always a part.
fn by_bytes(transactions: Vec<Vec<u8>>, most: usize) -> Vec<Vec<Vec<u8>>> {
	let mut parts: Vec<Vec<Vec<u8>>> = Vec::new();
	let mut bytes = 0;
	for transaction in transactions {
		bytes += transaction.len();
		match parts.last_mut().filter(|_| bytes <= most) {
			Some(part) => part.push(transaction),
			None => {
				bytes = transaction.len();
				parts.push(vec![transaction]);
			}
		}
	}
	parts
}

/// Whether an extrinsic is an inherent: neither signed nor general.
fn is_inherent(extrinsic: &sp_runtime::OpaqueExtrinsic) -> bool {
	// The two highest bits of the first byte say what it is.
	let version = extrinsic.inner().first();
	version.is_some_and(|version| version & 0b1100_0000 == 0)
}

/// As the core sees it, shared.
type Shared = Arc<Core>;
