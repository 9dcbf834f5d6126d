//! A runtime of five pallets, and a chain whose headers are well formed unless a test spoils them.

use crate::{self as pallet_td_raft_election, Call, Event, GenesisAuthority, Head, Moment};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{Contains, OnFinalize, OnInitialize},
};
use frame_system::EnsureRoot;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use sp_core::{proof_of_possession::ProofOfPossessionGenerator, sr25519, Bytes, Pair, H256};
use sp_runtime::{
	impl_opaque_keys,
	traits::{ConvertInto, IdentityLookup},
	BuildStorage, Digest, DispatchResult,
};
use std::collections::BTreeSet;
use veilmart_td_raft::{
	genesis_dealing, header, keys, AuthorityId, AuthorityIndex, AuthorityRecord, AuthoritySet,
	ElectionBallot, ElectionCertificate, ElectionDigest, HeaderDigest, Number, PeerIdBytes, Phase,
	QuorumCertificate, RecordBody, SetId, Signature, Target, Term, Timing, VrfProof,
};
use veilmart_trapdoor::{Context, Dealing};

/// The hash of the genesis block.
pub const GENESIS: [u8; 32] = [0x47; 32];
/// The id of the chain.
pub const CHAIN: &str = "mock";
/// The length of a session.
pub const SESSION: Moment = 60_000;
/// The time between blocks: six of them make a session.
pub const SPACING: Moment = 10_000;

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Timestamp: pallet_timestamp,
		Balances: pallet_balances,
		TdRaft: pallet_td_raft_election,
		Session: pallet_session,
	}
);

impl_opaque_keys! {
	pub struct SessionKeys {
		pub tdrf: keys::vote::Public,
		pub tdsh: keys::share::Public,
	}
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type AccountData = pallet_balances::AccountData<u64>;
	type AccountId = u64;
	type Block = Block;
	type Lookup = IdentityLookup<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

parameter_types! {
	pub static Tip: H256 = GENESIS.into();
	pub static Barred: BTreeSet<u64> = BTreeSet::new();
	pub static Longer: Vec<Moment> = Vec::new();
	pub const SessionLength: Moment = SESSION;
	pub const NoDeposit: u64 = 0;
}

/// Keeps what it is told.
pub struct Told;

impl crate::OnLonger for Told {
	fn on_longer(by: Moment) {
		Longer::mutate(|told| told.push(by));
	}
}

/// Everybody may become an authority who is not barred.
pub struct Candidates;

impl Contains<u64> for Candidates {
	fn contains(account: &u64) -> bool {
		!Barred::get().contains(account)
	}
}

impl pallet_session::Config for Test {
	type Currency = Balances;
	type DisablingStrategy = ();
	type KeyDeposit = NoDeposit;
	type Keys = SessionKeys;
	type NextSessionRotation = ();
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = TdRaft;
	type SessionManager = TdRaft;
	type ShouldEndSession = TdRaft;
	type ValidatorId = u64;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = ();
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Candidates {
	fn make_candidate(_: &u64) {}

	fn set_time(now: Moment) {
		pallet_timestamp::Now::<Test>::put(now);
	}
}

/// Where benchmarks run once, to see that they do: with a keystore that signs votes.
#[cfg(feature = "runtime-benchmarks")]
pub fn for_benchmarks() -> sp_io::TestExternalities {
	let mut ext = four();
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext
}

impl pallet_td_raft_election::Config for Test {
	type AuthorityOrigin = EnsureRoot<u64>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Candidates;
	type Candidates = Candidates;
	type OnLonger = Told;
	type SessionLength = SessionLength;
	type Time = Timestamp;
	type WeightInfo = ();
}

/// The key for votes of the authority behind an account.
pub fn vote_keys(account: u64) -> Keypair {
	MiniSecretKey::from_bytes(&vote_seed(account))
		.expect("32 bytes")
		.expand_to_keypair(ExpansionMode::Ed25519)
}

fn vote_seed(account: u64) -> [u8; 32] {
	[account as u8 + 1; 32]
}

fn share_seed(account: u64) -> [u8; 32] {
	[0xff - account as u8; 32]
}

/// The key that opens shares, as `veilmart-trapdoor` takes it.
pub fn share_secret(account: u64) -> veilmart_trapdoor::ShareSecret {
	let keys = MiniSecretKey::from_bytes(&share_seed(account))
		.expect("32 bytes")
		.expand_to_keypair(ExpansionMode::Ed25519);
	veilmart_trapdoor::ShareSecret::from_sr25519(&keys.secret.to_bytes()).expect("a secret key")
}

/// The authority's name.
pub fn id(account: u64) -> AuthorityId {
	AuthorityId(vote_keys(account).public.to_bytes())
}

/// The keys of an account as genesis names them.
pub fn genesis_authority(account: u64) -> GenesisAuthority<u64> {
	GenesisAuthority {
		account,
		tdrf: sr25519::Pair::from_seed(&vote_seed(account)).public(),
		tdsh: sr25519::Pair::from_seed(&share_seed(account)).public(),
	}
}

/// The keys of an account as it registers them.
pub fn session_keys(account: u64) -> SessionKeys {
	let GenesisAuthority { tdrf, tdsh, .. } = genesis_authority(account);
	SessionKeys {
		tdrf: tdrf.into(),
		tdsh: tdsh.into(),
	}
}

/// The set of these accounts.
pub fn set_of(id: u64, accounts: &[u64]) -> AuthoritySet {
	let mut members: Vec<_> = accounts
		.iter()
		.map(|account| genesis_authority(*account).authority())
		.collect();
	members.sort();
	AuthoritySet::new(SetId(id), members).expect("different keys")
}

/// Registers the keys of one account for another, with proofs of ownership.
pub fn register_as(account: u64, keys_of: u64) -> DispatchResult {
	let owner = account.encode();
	let proofs = [vote_seed(keys_of), share_seed(keys_of)]
		.map(|seed| sr25519::Pair::from_seed(&seed).generate_proof_of_possession(&owner));
	if System::providers(&account) == 0 {
		System::inc_providers(&account);
	}
	let [vote, share] = proofs;
	Session::set_keys(
		RuntimeOrigin::signed(account),
		session_keys(keys_of),
		(vote, share).encode(),
	)
}

/// Registers an account's keys.
pub fn register(account: u64) {
	register_as(account, account).expect("the keys are good");
}

/// The genesis of these authorities.
pub fn genesis(accounts: &[u64]) -> crate::GenesisConfig<Test> {
	let mut rng = ChaCha20Rng::from_seed(GENESIS);
	let dealing = genesis_dealing(CHAIN, &set_of(0, accounts), &mut rng).expect("good keys");
	crate::GenesisConfig {
		chain_id: CHAIN.into(),
		authorities: accounts
			.iter()
			.map(|account| genesis_authority(*account))
			.collect(),
		records: vec![],
		timing: Some(Timing {
			delta: 10,
			..Timing::LOCAL
		}),
		dealing: dealing.map(|dealing| Bytes(dealing.encode())),
	}
}

/// The state of a genesis, with these session keys.
pub fn build(td_raft: crate::GenesisConfig<Test>, accounts: &[u64]) -> sp_io::TestExternalities {
	Tip::set(GENESIS.into());
	Barred::set(BTreeSet::new());
	Longer::set(Vec::new());
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.iter().map(|account| (*account, 1)).collect(),
			..Default::default()
		},
		td_raft,
		session: pallet_session::GenesisConfig {
			keys: accounts
				.iter()
				.map(|account| (*account, *account, session_keys(*account)))
				.collect(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("the configuration is valid")
	.into()
}

/// A chain of these authorities, at genesis.
pub fn chain(accounts: &[u64]) -> sp_io::TestExternalities {
	build(genesis(accounts), accounts)
}

/// A chain of four, at genesis.
pub fn four() -> sp_io::TestExternalities {
	chain(&[1, 2, 3, 4])
}

/// What a leader puts into the next header.
#[derive(Clone)]
pub struct Next {
	pub digest: HeaderDigest,
	pub dealing: Option<Dealing>,
}

/// What is true of the next block.
pub fn head() -> Head {
	crate::LastBlock::<Test>::get()
}

/// The set that judges it.
pub fn present() -> AuthoritySet {
	TdRaft::authorities().expect("genesis was built")
}

/// The set that follows if it closes the set.
pub fn closes_to() -> Option<AuthoritySet> {
	if TdRaft::is_closing_next() {
		TdRaft::queued_set()
	} else {
		None
	}
}

/// Whether a block of this term would be the first one.
fn is_first(term: u64) -> bool {
	let head = head();
	(head.set_id, head.term) < (present().id(), Term(term)) && !(head.closing && head.term == Term(term))
}

/// A target for a certificate of the last block.
pub fn last_target() -> Target {
	let head = head();
	Target {
		set_id: head.set_id,
		term: head.term,
		number: Number(System::block_number()),
		hash: Tip::get().0,
	}
}

/// A dealing by the authority at this position in the next block.
pub fn deal(holders: &AuthoritySet, term: u64, dealer: u16) -> Dealing {
	let context = Context {
		genesis: GENESIS,
		set_id: holders.id().0,
		term,
		dealer,
		parent: Tip::get().0,
	};
	// The same chain has the same dealings each time.
	let mut rng = ChaCha20Rng::from_seed(context.parent);
	Dealing::deal(&context, &holders.share_keys().expect("good keys"), &mut rng)
}

/// A well-formed next header of this term. A first one is the leader's whose turn it is.
pub fn next(term: u64) -> Next {
	let set = present();
	let first = is_first(term);
	let sealer = if first {
		AuthorityIndex((term % u64::from(set.count())) as u16)
	} else {
		let leader = head().leader.expect("a block that is not first has a leader");
		set.index_of(&leader).expect("and it belongs to the set")
	};
	let qc = QuorumCertificate {
		phase: Phase::Commit,
		target: last_target(),
		signatures: [].into_iter().collect(),
	};
	let election = (first && set.count() > 1).then(|| ElectionDigest {
		certificate: ElectionCertificate {
			set_id: set.id(),
			term: Term(term),
			leader: sealer,
			ballots: (0..set.quorum())
				.map(|voter| ElectionBallot {
					voter: AuthorityIndex(voter),
					high_qc: last_target(),
					signature: Signature([0; 64]),
				})
				.collect(),
		},
		vrf: VrfProof {
			pre_output: [0; 32],
			proof: [0; 64],
		},
		dealing: [9; 32],
	});
	let holders = closes_to();
	let dealing = (first || holders.is_some()).then(|| holders.unwrap_or(set.clone()));
	Next {
		digest: HeaderDigest {
			set_id: set.id(),
			term: Term(term),
			sealer,
			parent_qc: qc.clone(),
			commit_qc: qc,
			election,
		},
		dealing: dealing
			.filter(|holders| holders.count() > 1)
			.map(|holders| deal(&holders, term, sealer.0)),
	}
}

/// The next block's digest.
pub fn digest(next: &Next) -> Digest {
	Digest {
		logs: header::pre_runtime(&next.digest, next.dealing.as_ref()),
	}
}

/// Begins a block with this digest, and sets its time.
pub fn begin_with(digest: &Digest) {
	let number = System::block_number() + 1;
	System::reset_events();
	System::initialize(&number, &Tip::get(), digest);
	AllPalletsWithSystem::on_initialize(number);
	let now = pallet_timestamp::Now::<Test>::get().max(1_000_000) + SPACING;
	Timestamp::set(RuntimeOrigin::none(), now).expect("the clock's inherent");
}

/// Begins a block.
pub fn begin(next: &Next) {
	begin_with(&digest(next));
}

/// Ends the block, and checks all that has to hold.
pub fn end() {
	AllPalletsWithSystem::on_finalize(System::block_number());
	let header = System::finalize();
	Tip::set(header.hash());
	TdRaft::do_try_state().expect("the state is sound");
}

/// The term that a leader goes on in, or else a new one.
pub fn next_term() -> u64 {
	let head = head();
	match head.leader {
		Some(leader) if present().index_of(&leader).is_some() => head.term.0,
		_ => head.term.0 + 1,
	}
}

/// Makes a block in which `calls` happen.
pub fn block(calls: impl FnOnce()) {
	begin(&next(next_term()));
	calls();
	end();
}

/// Makes blocks until another session has begun.
pub fn session() {
	let index = Session::current_index();
	for _ in 0..20 {
		block(|| ());
		if Session::current_index() != index {
			return;
		}
	}
	panic!("no session began in 20 blocks");
}

/// The pallet's events in this block, or in the last one.
pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::TdRaft(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// The accounts behind the present set, sorted.
pub fn authorities() -> Vec<u64> {
	let mut accounts = crate::Current::<Test>::get()
		.expect("genesis was built")
		.accounts
		.to_vec();
	accounts.sort();
	accounts
}

/// A record of an account's authority.
pub fn record(account: u64, counter: u64) -> AuthorityRecord {
	let body = RecordBody {
		authority: id(account),
		counter,
		peer_id: PeerIdBytes::new(vec![account as u8; 38]).expect("38 bytes"),
		sealing_key: [counter as u8; 32],
	};
	let binding = crate::GenesisBinding::<Test>::get();
	let signature = veilmart_td_raft::sign(&vote_keys(account), &body.payload(&binding));
	AuthorityRecord { body, signature }
}

/// A call of the pallet.
pub fn call(call: Call<Test>) -> RuntimeCall {
	RuntimeCall::TdRaft(call)
}
