//! The engine on a real database, without network: the chain of a single authority, whose key the tests have. Where a rule asks for
//! more than seals and certificates, the core's own tests have it.

mod busy;
mod dates;
mod leaders;
mod pool;

use super::*;
use crate::{
	block::{self, core_block},
	import::{block_import, HeaderVerifier},
	keys::{self, Identity},
	ledger::{peer_id, Author, Database, Ledger, EARLY, RECORDED},
	siblings::LEVEL,
	wire::Wire,
};
use codec::Encode;
use futures::{executor::block_on, FutureExt};
use sc_client_api::blockchain::Backend as _;
use sc_consensus::{
	import_single_block, BlockImportError, BlockImportStatus, IncomingBlock, JustificationImport,
};
use sc_network::{multiaddr::Multiaddr, PeerId};
use sp_blockchain::HeaderBackend as _;
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::{Digest, DigestItem};
use std::collections::HashSet;
use veilmart_td_raft::{
	header, sign, Authority, AuthorityIndex, AuthoritySet, BlockHash, HeaderDigest, Number, SealBody,
	SealedTransaction, ShareKey, Signature, Timing, Vote, ENGINE_ID,
};
use veilmart_td_raft_core::{
	crypto::{Crypto as _, Place},
	Anchor,
};
use veilmart_trapdoor::ShareSecret;

/// What the synchronization is told of a block.
type Told = Result<BlockImportStatus<u32>, BlockImportError>;

/// Blocks of a height that a database takes.
const TAKEN: u8 = 32;

/// An engine with what it works with.
struct Lab {
	engine: Engine<Database, Ledger>,
	handle: EngineHandle,
	ledger: Arc<Ledger>,
	authority: Identity,
	/// Who sends blocks.
	peer: PeerId,
}

impl Lab {
	/// An engine that follows the authority, or is the authority.
	fn new(is_authority: bool) -> Self {
		let ledger = Arc::new(Ledger::new());
		let genesis = ledger.info().genesis_hash;
		let keys = keys::Chain {
			genesis: genesis.0,
			genesis_binding: [2; 32],
		};
		let authority = Identity::observer(keys);
		let identity = match is_authority {
			true => authority.clone(),
			false => Identity::observer(keys),
		};
		let member = Authority {
			id: authority.id,
			share_key: ShareKey([1; 32]),
		};
		let set = AuthoritySet::new(SetId(0), vec![member]).unwrap();
		let setup = Setup {
			genesis,
			keys,
			identity,
			anchor: Anchor::genesis(block::genesis(genesis, None), set),
			durable: None,
			logged: HashMap::new(),
			log: None,
			timing: Timing::LOCAL,
			authority: None,
			held: None,
		};
		let parts = Parts {
			client: ledger.clone(),
			backend: ledger.database.clone(),
			pool: None,
			proposer: Some(Box::new(Author(ledger.clone()))),
			network: None,
			registry: None,
		};
		let (handle, requests) = handle();
		let (engine, worker, todo) = Engine::new(setup, parts, requests).unwrap();
		// It ends with the engine.
		std::thread::spawn(move || block_on(worker.run(todo)));
		let mut lab = Self {
			engine,
			handle,
			ledger,
			authority,
			peer: PeerId::random(),
		};
		block_on(lab.engine.take_in()).unwrap();
		lab
	}

	/// Lets the chain worker do what there is to do.
	fn work(&mut self) {
		let mut is_quiet = false;
		while !is_quiet {
			is_quiet = true;
			self.engine.task(Task::Flush);
			loop {
				match block_on(self.engine.done.next()).expect("the chain worker works") {
					Done::Flushed => break,
					done => {
						self.engine.on_done(done);
						is_quiet = false;
					}
				}
			}
		}
	}

	/// Lets the log say what is on the disk.
	fn write(&mut self) {
		while let Some(Some(written)) = self.engine.written.next().now_or_never() {
			self.engine.on_written(written);
		}
	}

	fn settle(&mut self) {
		self.work();
		self.write();
		self.work();
	}

	/// Others send a block.
	fn send(&mut self, block: &Block) {
		self.engine.offer(block.clone(), None);
		self.settle();
	}

	/// The authority shows a certificate.
	fn show(&mut self, certificate: &QuorumCertificate) {
		self.engine.step(Input::Message {
			from: self.authority.id,
			message: Message::Notice(Notice::Certified(certificate.clone())),
		});
	}

	/// Does something in another thread that asks the engine.
	fn answering<T: Send + 'static>(&mut self, ask: impl FnOnce() -> T + Send + 'static) -> T {
		let asking = std::thread::spawn(ask);
		while !asking.is_finished() {
			while let Some(Some(request)) = self.engine.requests.next().now_or_never() {
				self.engine.on_request(request);
			}
			std::thread::sleep(Duration::from_millis(1));
		}
		self.settle();
		asking.join().unwrap()
	}

	/// The node's own synchronization brings a block: what is told to it.
	fn bring(&mut self, block: &Block, certificate: Option<&QuorumCertificate>) -> Told {
		let (ledger, handle) = (self.ledger.clone(), self.handle.clone());
		let incoming = self.incoming(block, certificate);
		self.answering(move || bring(ledger, handle, incoming))
	}

	fn incoming(&self, block: &Block, certificate: Option<&QuorumCertificate>) -> IncomingBlock<Block> {
		IncomingBlock {
			hash: block.header.hash(),
			header: Some(block.header.clone()),
			body: Some(block.extrinsics.clone()),
			indexed_body: None,
			justifications: certificate.map(|certificate| (ENGINE_ID, certificate.encode()).into()),
			origin: Some(self.peer),
			allow_missing_state: false,
			skip_execution: false,
			import_existing: false,
			state: None,
		}
	}

	/// It brings a certificate by itself.
	fn bring_justification(&mut self, certificate: &QuorumCertificate) -> Result<(), ConsensusError> {
		let (ledger, handle) = (self.ledger.clone(), self.handle.clone());
		let hash = H256(certificate.target.hash);
		let number = u32::try_from(certificate.target.number.0).unwrap();
		let justification = (ENGINE_ID, certificate.encode());
		self.answering(move || {
			let mut import = block_import::<Database, Ledger>(ledger, handle);
			block_on(import.import_justification(hash, number, justification))
		})
	}

	fn genesis(&self) -> Header {
		let hash = self.ledger.info().genesis_hash;
		self.ledger.header(hash).unwrap().unwrap()
	}

	/// What the header of a block says that is built on this certificate in a term.
	fn digest(&self, term: u64, parent_qc: &QuorumCertificate) -> HeaderDigest {
		HeaderDigest {
			set_id: SetId(0),
			term: Term(term),
			sealer: AuthorityIndex(0),
			parent_qc: parent_qc.clone(),
			commit_qc: parent_qc.clone(),
			election: None,
		}
	}

	/// A block with these items, sealed by the authority.
	fn sealed(&self, parent: &Header, items: Vec<DigestItem>, transaction: &[u8]) -> Block {
		let mut block = self.ledger.build(parent, Digest { logs: items }, transaction);
		let body = SealBody {
			term: header::items(block.header.digest()).map_or(Term(0), |items| items.digest.term),
			number: Number(block.header.number.into()),
			header: block.header.hash().0,
		};
		let genesis = self.ledger.info().genesis_hash;
		let seal = sign(&self.authority.voting, &body.payload(&genesis.0, SetId(0)));
		block.header.digest_mut().push(header::seal(&seal));
		block
	}

	fn block(&self, parent: &Header, digest: &HeaderDigest, transaction: &[u8]) -> Block {
		self.sealed(parent, header::pre_runtime(digest, None), transaction)
	}

	/// A block on genesis.
	fn first(&self, term: u64, transaction: &[u8]) -> Block {
		let genesis = self.genesis();
		let certificate = QuorumCertificate::genesis(genesis.hash().0);
		self.block(&genesis, &self.digest(term, &certificate), transaction)
	}

	/// The authority's commit certificate of a block.
	fn certificate(&self, block: &Block) -> QuorumCertificate {
		let target = core_block(&block.header, None).unwrap().target();
		let genesis = self.ledger.info().genesis_hash;
		let bytes = Vote::<BlockHash, Signature>::payload(&genesis.0, Phase::Commit, &target);
		let signature = sign(&self.authority.voting, &bytes);
		QuorumCertificate {
			phase: Phase::Commit,
			target,
			signatures: [(AuthorityIndex(0), signature)].into_iter().collect(),
		}
	}

	/// A block on this one in its term, with the certificate of it.
	fn next(&self, parent: &Block, transaction: &[u8]) -> Block {
		let term = core_block(&parent.header, None).unwrap().term().0;
		let digest = self.digest(term, &self.certificate(parent));
		self.block(&parent.header, &digest, transaction)
	}

	fn leaves(&self) -> usize {
		self.ledger.database.blockchain().leaves().unwrap().len()
	}

	fn has(&self, block: &Block) -> bool {
		self.ledger.header(block.header.hash()).unwrap().is_some()
	}

	fn is_final(&self, block: &Block) -> bool {
		self.ledger.info().finalized_hash == block.header.hash()
	}

	/// What the engine alone says of it.
	fn judge(&mut self, block: &Block) -> Result<Verdict, String> {
		self.engine.judge(&Brought {
			header: block.header.clone(),
			certificate: None,
		})
	}

	/// Whether the synchronization drops the peer that it has this block from.
	fn is_blamed(&mut self, block: &Block) -> bool {
		let peer = self.peer;
		matches!(self.bring(block, None), Err(BlockImportError::VerificationFailed(Some(who), _)) if who == peer)
	}

	/// So many blocks of the first height are on their way into the database.
	fn crowd(&mut self) {
		for term in 0..LEVEL as u64 {
			let coming = self.first(1_000 + term, b"coming");
			self.engine.importing.insert(coming.header.hash(), None);
			self.engine.bodies.insert(coming.header.hash(), coming);
		}
	}

	/// The authority commits a block; then it comes.
	fn commit(&mut self, block: &Block) {
		self.show(&self.certificate(block));
		self.send(block);
		assert!(
			self.is_final(block),
			"height {}: {:?}",
			block.header.number,
			self.engine.failure
		);
	}
}

fn bring(ledger: Arc<Ledger>, handle: EngineHandle, incoming: IncomingBlock<Block>) -> Told {
	let verifier = HeaderVerifier::<Database, Ledger>::new(ledger.clone(), handle.clone());
	let mut import = block_import::<Database, Ledger>(ledger, handle);
	block_on(import_single_block(
		&mut import,
		BlockOrigin::NetworkBroadcast,
		incoming,
		&verifier,
	))
}

/// The same certificate with a vote that is none.
fn with_false_votes(mut certificate: QuorumCertificate) -> QuorumCertificate {
	certificate.signatures = [(AuthorityIndex(0), Signature([1; 64]))].into_iter().collect();
	certificate
}

/// Nobody is blamed, and the synchronization goes on.
fn is_left_out(told: &Told) -> bool {
	matches!(told, Err(BlockImportError::MissingState))
}

fn is_taken(told: &Told) -> bool {
	matches!(told, Ok(BlockImportStatus::ImportedUnknown(_, about, _)) if !about.bad_justification)
}

/// Whether others send them or the node's own synchronization brings them, and in which order.
#[test]
fn the_best_of_two_first_blocks_is_that_of_the_later_term() {
	for later_comes_first in [true, false] {
		for is_brought in [true, false] {
			let mut lab = Lab::new(false);
			let later = lab.first(9, b"later");
			let mut blocks = [later.clone(), lab.first(1, b"earlier")];
			if !later_comes_first {
				blocks.reverse();
			}
			for block in &blocks {
				if is_brought {
					assert!(is_taken(&lab.bring(block, None)));
				} else {
					lab.send(block);
				}
			}
			assert_eq!(lab.leaves(), 2);
			assert_eq!(lab.ledger.info().best_hash, later.header.hash());
		}
	}
}

/// A leader seals as many blocks of each height as a database takes. Two are executed, whichever way they come; what is certified
/// gets in, at this height and at the next.
#[test]
fn siblings_of_one_leader_leave_room_for_what_is_certified() {
	let mut lab = Lab::new(false);
	let mut siblings: Vec<_> = (0..TAKEN).map(|other| lab.first(1, &[other])).collect();
	let mut certified = lab.first(1, b"certified");
	for number in 1..=3 {
		let (pushed, synchronized) = siblings.split_at(siblings.len() / 2);
		for block in pushed {
			lab.send(block);
		}
		for block in synchronized {
			assert!(is_left_out(&lab.bring(block, None)));
		}
		lab.send(&certified);
		assert_eq!(lab.leaves(), 2, "height {number}");
		assert!(!lab.has(&certified));
		lab.commit(&certified);
		let next = lab.next(&certified, b"certified");
		siblings = (0..TAKEN).map(|other| lab.next(&certified, &[other])).collect();
		certified = next;
	}
	assert_eq!(lab.engine.failure, None);
}

/// Leaders of ever new terms leave a block behind that nobody certifies: those of the lowest terms make room, and are kept aside.
#[test]
fn blocks_of_many_terms_make_room_for_what_is_certified() {
	let mut lab = Lab::new(false);
	let blocks: Vec<_> = (1..=u64::from(TAKEN) + 8)
		.map(|term| lab.first(term, &term.encode()))
		.collect();
	for block in &blocks {
		lab.send(block);
		assert!(lab.has(block), "there are {}", lab.leaves());
		assert!(lab.leaves() <= LEVEL);
	}
	assert!(!lab.has(&blocks[0]));
	let aside = lab.engine.whole_block(blocks[0].header.hash());
	assert_eq!(
		aside.as_ref(),
		Some(&blocks[0]),
		"its voters have promised to have it"
	);
	// It turns out to be certified, after all.
	lab.commit(&blocks[0]);
	let next = lab.next(&blocks[0], b"next");
	lab.commit(&next);
	assert_eq!(lab.engine.failure, None);
}

/// A leader seals many blocks in place of a certified one. One more for each certificate is executed, since it may lead there, but
/// not where places are rare.
#[test]
fn the_last_places_of_a_height_are_for_what_is_certified() {
	let mut lab = Lab::new(false);
	for sibling in [&b"one"[..], b"two"] {
		lab.send(&lab.first(1, sibling));
	}
	let [certified, sought] = [&b"certified"[..], b"sought"].map(|what| lab.first(1, what));
	lab.show(&lab.certificate(&certified));
	lab.crowd();
	assert_eq!(lab.judge(&sought), Ok(Verdict::LeftOut));
	assert_eq!(lab.judge(&certified), Ok(Verdict::Certified));
}

/// It is nowhere else before it is proposed, and nobody sends it to its maker.
#[test]
fn the_own_block_has_a_place_where_others_have_none() {
	let mut lab = Lab::new(true);
	lab.engine.step(Input::Ready(true));
	lab.work();
	// What it writes is not on the disk yet.
	let other = lab.first(7, b"other");
	lab.engine.offer(other, None);
	lab.work();
	let own = lab.engine.core.durable().proposed.expect("it has proposed");
	let own = lab.engine.whole_block(H256(own.hash)).expect("it is kept");
	lab.crowd();
	assert_eq!(lab.judge(&lab.first(8, b"late")), Ok(Verdict::LeftOut));
	assert_eq!(lab.judge(&own), Ok(Verdict::Certified));
}

#[test]
fn an_authority_passes_on_as_much_as_one_and_a_stranger_takes_nothing_from_its_clients() {
	for (is_authority, most) in [(true, 400), (false, 40)] {
		let mut lab = Lab::new(is_authority);
		let sealed = SealedTransaction {
			leader: AuthorityId([9; 32]),
			sealed: vec![0; 64],
		};
		let mut passed_on = |from| {
			let each = 0..1_000;
			each.filter(|_| lab.engine.on_sealed(sealed.clone(), from).is_ok())
				.count()
		};
		let stranger = passed_on(Sender::Stranger(AuthorityId([7; 32])));
		assert!(stranger < most / 4, "{stranger}");
		let clients = passed_on(Sender::Own);
		assert!((most - 1..2 * most).contains(&clients), "{clients}");
	}
}

/// A packet is as large as it may be: places alone would let one authority fill the memory while the pool is slow.
#[test]
fn what_an_authority_sends_for_the_pool_is_bounded_by_bytes_too() {
	let mut lab = Lab::new(false);
	let (peer, id) = (lab.peer, lab.authority.id);
	let send = |lab: &mut Lab, bytes: usize| {
		let packet = Packet::Transactions(vec![vec![0; bytes / 2]; 2]);
		lab.engine.on_packet(peer, id, packet);
	};
	for _ in 0..8 {
		send(&mut lab, 10 << 20);
	}
	assert_eq!(lab.engine.submitting.len(), 3);
	send(&mut lab, 1 << 20);
	assert_eq!(lab.engine.submitting.len(), 4, "there is room for a small one");
	while block_on(lab.engine.submitting.next()).is_some() {}
	send(&mut lab, 10 << 20);
	assert_eq!(lab.engine.submitting.len(), 1);
}

/// The record of an own block is on the disk when another block of its height is final: the proposal is dropped, and the node goes on.
#[test]
fn a_proposal_of_a_height_that_is_final_does_not_end_the_node() {
	let mut lab = Lab::new(true);
	lab.engine.step(Input::Ready(true));
	lab.work();
	let built: Vec<_> = lab.engine.bodies.iter().map(|(_, block)| block.clone()).collect();
	let [own] = &built[..] else {
		panic!("{} blocks were built", built.len());
	};
	assert_eq!(
		lab.engine.changes.len(),
		1,
		"it waits for its record to be on the disk"
	);
	// The same authority on another machine, for one, was faster.
	let other = lab.first(1, b"other");
	lab.show(&lab.certificate(&other));
	lab.engine.offer(other.clone(), None);
	lab.work();
	assert!(lab.is_final(&other));

	lab.settle();
	assert_eq!(lab.engine.failure, None);
	assert!(lab.engine.changes.is_empty());
	assert!(!lab.has(own));
	let next = lab.next(&other, b"next");
	lab.commit(&next);
	assert_eq!(lab.engine.failure, None);
}

/// A disk that hangs without an error: what others send is left out, or all of it would be kept in memory until it goes on.
#[test]
fn while_the_disk_hangs_nothing_more_of_others_is_taken() {
	let mut lab = Lab::new(false);
	let (peer, id) = (lab.peer, lab.authority.id);
	let block = lab.first(1, b"");
	let certified = Message::Notice(Notice::Certified(lab.certificate(&block)));
	let packets = [Packet::Core(certified), Packet::Proposal(block.clone())];
	let hanging = (veilmart_td_raft_core::Sequence(u64::MAX), Instant::now());

	lab.engine.writing.extend([hanging; BEHIND]);
	for packet in &packets {
		lab.engine.on_packet(peer, id, packet.clone());
	}
	lab.settle();
	assert!(!lab.has(&block));
	assert!(lab.engine.waits_for_disk());

	lab.engine.writing.clear();
	for packet in packets {
		lab.engine.on_packet(peer, id, packet);
	}
	lab.settle();
	assert!(lab.is_final(&block));
	assert_eq!(lab.engine.failure, None);
}

/// A proposal whose record is on the disk in time is imported.
#[test]
fn a_proposal_that_is_in_time_is_imported() {
	let mut lab = Lab::new(true);
	lab.engine.step(Input::Ready(true));
	lab.work();
	assert_eq!((lab.engine.changes.len(), lab.ledger.info().best_number), (1, 0));
	lab.settle();
	assert_eq!(lab.engine.failure, None);
	assert!(lab.ledger.info().best_number > 0);
}

#[test]
fn a_block_of_an_abandoned_branch_is_left_out_without_blame() {
	let mut lab = Lab::new(false);
	let [abandoned, another] = [&b"abandoned"[..], b"another"].map(|what| lab.first(1, what));
	lab.send(&abandoned);
	let child = lab.next(&abandoned, b"child");
	let first = lab.first(1, b"first");
	lab.commit(&first);
	assert!(
		is_left_out(&lab.bring(&another, None)),
		"it contradicts what is final"
	);
	assert_eq!(lab.judge(&child), Ok(Verdict::LeftOut), "its parent does");
	let next = lab.next(&first, b"next");
	assert!(is_taken(&lab.bring(&next, None)));
}

/// The database has its parent, of which the core has not heard: it gave it up, or it had two others of its height.
#[test]
fn a_block_whose_parent_the_core_has_not_is_left_out_without_blame() {
	let mut lab = Lab::new(false);
	let parent = lab.first(1, b"parent");
	lab.send(&parent);
	let child = lab.next(&parent, b"child");
	lab.engine.core.give_up(&parent.header.hash().0);
	assert!(lab.has(&parent));
	assert!(is_left_out(&lab.bring(&child, None)));
	// One that says nothing of the protocol is false wherever it belongs.
	let garbage = lab.sealed(&parent.header, vec![DigestItem::Other(vec![1])], b"garbage");
	assert!(lab.is_blamed(&garbage));
}

#[test]
fn a_block_whose_parent_is_nowhere_is_early() {
	let mut lab = Lab::new(false);
	let parent = lab.first(1, b"parent");
	let child = lab.next(&parent, b"child");
	let told = lab.bring(&child, None);
	assert!(matches!(told, Err(BlockImportError::UnknownParent)), "{told:?}");
	assert_eq!(lab.judge(&child), Ok(Verdict::LeftOut));
	assert!(is_taken(&lab.bring(&parent, None)));
	let child = lab.next(&parent, b"child");
	assert!(is_taken(&lab.bring(&child, None)));
}

/// This node's clock may be the one that is wrong.
#[test]
fn a_block_that_is_dated_too_far_ahead_is_left_out_unless_it_is_certified() {
	let mut lab = Lab::new(false);
	let early = lab.first(1, EARLY);
	assert!(is_left_out(&lab.bring(&early, None)));
	assert!(!lab.has(&early));
	let certificate = lab.certificate(&early);
	lab.show(&certificate);
	assert!(is_taken(&lab.bring(&early, Some(&certificate))));
	assert!(lab.is_final(&early));
}

#[test]
fn what_is_false_in_a_block_is_blamed_on_who_sent_it() {
	let mut lab = Lab::new(false);
	let first = lab.first(1, b"first");
	lab.commit(&first);
	let certificate = lab.certificate(&first);
	let good = lab.digest(1, &certificate);

	let mut seal = lab.block(&first.header, &good, b"seal");
	seal.header.digest_mut().pop();
	seal.header.digest_mut().push(header::seal(&Signature([1; 64])));

	let other_votes = HeaderDigest {
		parent_qc: with_false_votes(certificate.clone()),
		..good.clone()
	};
	let votes = lab.block(&first.header, &other_votes, b"votes of the parent's certificate");

	let mut elsewhere = certificate.clone();
	elsewhere.target.hash = [9; 32];
	let other_parent = HeaderDigest {
		parent_qc: elsewhere,
		..good.clone()
	};
	let parent = lab.block(&first.header, &other_parent, b"certificate of another parent");

	let other_commit = HeaderDigest {
		commit_qc: with_false_votes(certificate),
		..good.clone()
	};
	let commit = lab.block(&first.header, &other_commit, b"commit certificate");

	let garbage = lab.sealed(&first.header, vec![DigestItem::Other(vec![1])], b"garbage");

	for (what, block) in [
		("seal", &seal),
		("votes", &votes),
		("parent", &parent),
		("commit", &commit),
		("dealing", &with_dealing(&lab, &first, &good)),
		("garbage", &garbage),
	] {
		assert!(lab.is_blamed(block), "{what}");
		assert!(!lab.has(block));
	}
	let next = lab.block(&first.header, &good, b"next");
	assert!(is_taken(&lab.bring(&next, None)));
}

/// A block with a dealing that was made for others.
fn with_dealing(lab: &Lab, parent: &Block, digest: &HeaderDigest) -> Block {
	let members = (1..=4).map(|name| {
		let voting = Identity::observer(lab.engine.setup.keys).voting;
		let share = ShareSecret::from_sr25519(&voting.secret.to_bytes()).ok().unwrap();
		Authority {
			id: AuthorityId([name; 32]),
			share_key: ShareKey(share.public()),
		}
	});
	let others = AuthoritySet::new(SetId(0), members.collect()).unwrap();
	let place = Place {
		holders: SetId(0),
		term: digest.term,
		dealer: AuthorityIndex(0),
		parent: Some(parent.header.hash().0),
	};
	let dealing = lab.authority.keys.clone().deal(&others, &place).unwrap();
	let items = header::pre_runtime(digest, Some(&dealing));
	lab.sealed(&parent.header, items, b"dealing")
}

/// A good block stays, whatever comes with it.
#[test]
fn a_false_certificate_with_a_good_block_is_blamed_on_who_sent_it() {
	let mut lab = Lab::new(false);
	let first = lab.first(1, b"first");
	let certificate = with_false_votes(lab.certificate(&first));
	let told = lab.bring(&first, Some(&certificate));
	assert!(
		matches!(&told, Ok(BlockImportStatus::ImportedUnknown(1, about, _)) if about.bad_justification),
		"{told:?}"
	);
	assert!(lab.has(&first) && !lab.is_final(&first));
	let next = lab.next(&first, b"next");
	let certificate = lab.certificate(&next);
	assert!(is_taken(&lab.bring(&next, Some(&certificate))));
	assert!(lab.is_final(&next));
}

#[test]
fn a_certificate_that_is_early_is_nobodys_fault() {
	let mut lab = Lab::new(false);
	let first = lab.first(1, b"first");
	let certificate = lab.certificate(&first);
	let early = lab.bring_justification(&certificate);
	assert!(
		matches!(early, Err(ConsensusError::OutdatedJustification)),
		"{early:?}"
	);
	let mut later = certificate.clone();
	later.target.set_id = SetId(7);
	let unknown = lab.bring_justification(&later);
	assert!(
		matches!(unknown, Err(ConsensusError::OutdatedJustification)),
		"{unknown:?}"
	);
	let refused = lab.bring_justification(&with_false_votes(certificate.clone()));
	assert!(
		matches!(refused, Err(ConsensusError::ClientImport(_))),
		"{refused:?}"
	);
	// It was kept.
	assert!(is_taken(&lab.bring(&first, None)));
	assert!(lab.is_final(&first));
	assert!(lab.bring_justification(&certificate).is_ok());
}

/// Peers are not to blame for a node that stops.
#[test]
fn an_engine_that_has_stopped_blames_nobody() {
	let lab = Lab::new(false);
	let incoming = lab.incoming(&lab.first(1, b"first"), None);
	let Lab {
		engine,
		handle,
		ledger,
		..
	} = lab;
	drop(engine);
	let told = bring(ledger, handle, incoming);
	assert!(matches!(told, Err(BlockImportError::Other(_))), "{told:?}");
}

/// The chain says so, from the first second on.
#[test]
fn connections_to_the_nodes_of_authorities_are_reserved() {
	let mut lab = Lab::new(false);
	let recorded = RECORDED.map(|key| PeerId::from_bytes(&peer_id(&key)).unwrap());
	let [own, others @ ..] = recorded;
	let wire = Wire::default();
	let genesis = lab.genesis().hash().0;
	lab.engine.peers = Some(Peers::new(
		wire.network(own),
		genesis,
		lab.engine.setup.identity.clone(),
	));
	lab.engine.on_tick();
	lab.work();
	let address = |node: &PeerId| -> Multiaddr { format!("/p2p/{node}").parse().unwrap() };
	let wanted: HashSet<Multiaddr> = others.iter().map(address).collect();
	assert_eq!(wire.reserved(), [wanted]);
}

#[test]
fn a_question_that_is_answered_leaves_its_place_to_others() {
	let mut lab = Lab::new(false);
	let handle = lab.handle.clone();
	let [state, highest] = lab.answering(move || {
		let state = block_on(handle.round_state()).map(|state| state.authorities);
		let highest = block_on(handle.handovers()).map(|(_, highest)| highest.target.number.0 as u16);
		[state, highest]
	});
	assert_eq!((state, highest), (Ok(1), Ok(0)));
	assert!(lab.handle.questions.is_unused());
}

#[test]
fn transactions_are_passed_on_in_parts_that_fit_into_a_packet() {
	let sizes = |parts: Vec<Vec<Vec<u8>>>| -> Vec<Vec<usize>> {
		let sizes = |part: &Vec<Vec<u8>>| part.iter().map(Vec::len).collect();
		parts.iter().map(sizes).collect()
	};
	let of = |sizes: &[usize]| sizes.iter().map(|size| vec![0; *size]).collect::<Vec<_>>();
	assert_eq!(sizes(by_bytes(of(&[]), 10)), Vec::<Vec<usize>>::new());
	let parts = by_bytes(of(&[4, 6, 1, 12, 3, 3]), 10);
	assert_eq!(sizes(parts), [vec![4, 6], vec![1], vec![12], vec![3, 3]]);
}
