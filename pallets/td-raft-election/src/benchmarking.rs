//! What calls and hooks cost; `scripts/weights` makes weights of it.
//!
//! Sets are as large as the benchmark says or as they may be, lists are full. Votes are signed by keys of the node's keystore;
//! the keys that open shares are small multiples of the generator, whose secrets are known here.
//!
//! The report of a lying dealer is measured with the evidence against one that did not lie. It goes through all checks and fails
//! at the last, so it costs what a true one does.

use crate::{
	offences::dealing_hash, Call, Config, Current, CurrentTiming, Dealt, Elections, Ending, GenesisBinding,
	Head, LastBlock, MaxAuthorities, Moment, Pallet, Past, Queued, Records, Roster, SessionStart, Wanted,
	DEALINGS, HISTORY,
};
use alloc::{boxed::Box, vec, vec::Vec};
use codec::{Decode, Encode};
use frame_benchmarking::v2::*;
use frame_support::{
	pallet_prelude::TransactionSource,
	traits::{EnsureOrigin, Get, Hooks},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use rand_chacha::{rand_core::SeedableRng, ChaCha20Rng};
use sp_core::{sr25519, H256};
use sp_runtime::{traits::One, Digest};
use veilmart_td_raft::{
	header, keys::VOTE_KEY, runtime_api::ElectionRecord, Authority, AuthorityId, AuthorityIndex,
	AuthorityRecord, AuthoritySet, BlockHash, DealerFaultProof, ElectionBallot, ElectionCertificate,
	ElectionDigest, Evidence, HeaderDigest, Number, PeerIdBytes, Phase, QuorumCertificate, RecordBody, SetId,
	ShareKey, Signature, Target, Term, Timing, Vote, VrfProof, MAX_AUTHORITIES,
};
use veilmart_trapdoor::{Context, Dealing, ShareSecret};

/// What the runtime arranges for benchmarks.
pub trait BenchmarkHelper<AccountId> {
	/// Makes the account one that may become an authority.
	fn make_candidate(account: &AccountId);

	/// Sets chain time.
	fn set_time(now: Moment);
}

/// The largest set.
const MOST: u32 = MAX_AUTHORITIES as u32;

/// The hash of the block before.
const PARENT: BlockHash = [6; 32];

/// The same numbers in every run: what is dealt here opens nothing.
fn rng(seed: u64) -> ChaCha20Rng {
	ChaCha20Rng::seed_from_u64(seed)
}

fn vote_key(number: u32) -> sr25519::Public {
	let seed = alloc::format!("//Authority//{number}");
	sp_io::crypto::sr25519_generate(VOTE_KEY, Some(seed.into_bytes()))
}

fn sign(key: &AuthorityId, bytes: &[u8]) -> Signature {
	let key = sr25519::Public::from_raw(key.0);
	Signature(
		sp_io::crypto::sr25519_sign(VOTE_KEY, &key, bytes)
			.expect("the key was made before")
			.0,
	)
}

fn share_secret(number: u32) -> ShareSecret {
	let mut bytes = [0; 64];
	let scalar = number.saturating_add(1).to_le_bytes();
	bytes.iter_mut().zip(scalar).for_each(|(out, byte)| *out = byte);
	ShareSecret::from_sr25519(&bytes).expect("a small number that is not zero")
}

fn authority(number: u32) -> Authority {
	Authority {
		id: AuthorityId(vote_key(number).0),
		share_key: ShareKey(share_secret(number).public()),
	}
}

fn account_of<T: Config>(number: u32) -> T::AccountId {
	account("authority", number, 0)
}

/// The set of these authorities with its accounts.
fn roster<T: Config>(id: SetId, numbers: core::ops::Range<u32>) -> Roster<T::AccountId> {
	let mut members: Vec<_> = numbers
		.map(|number| (authority(number), account_of::<T>(number)))
		.collect();
	members.sort();
	Roster {
		accounts: members.iter().map(|(_, account)| account.clone()).collect(),
		set: AuthoritySet::new(id, members.into_iter().map(|(authority, _)| authority).collect())
			.expect("different keys"),
	}
}

/// A timing for any set.
const TIMING: Timing = Timing {
	delta: 1,
	..Timing::LOCAL
};

/// A chain with this many authorities, all of them wanted, the same number queued, and full lists.
fn chain<T: Config>(count: u32) -> Roster<T::AccountId> {
	let current = roster::<T>(SetId(0), 0..count);
	CurrentTiming::<T>::put(TIMING);
	GenesisBinding::<T>::put([8; 32]);
	Queued::<T>::put(roster::<T>(SetId(1), count..count.saturating_mul(2)));
	Ending::<T>::kill();
	LastBlock::<T>::put(Head::default());
	let mut wanted = current.accounts.to_vec();
	wanted.sort();
	Wanted::<T>::put(BoundedVec::<_, MaxAuthorities>::truncate_from(wanted));
	let hashes: Vec<[u8; 32]> = vec![[1; 32]; DEALINGS as usize];
	Dealt::<T>::put(BoundedVec::truncate_from(hashes));
	let election = ElectionRecord {
		set_id: SetId(0),
		term: Term(0),
		leader: AuthorityId([1; 32]),
		number: Number(0),
		moment: 0,
		votes: 1,
		dealing: [1; 32],
	};
	let elections: Vec<_> = vec![election; HISTORY as usize];
	Elections::<T>::put(BoundedVec::truncate_from(elections));
	Current::<T>::put(&current);
	current
}

/// Makes it as dear as it gets to say how long a transaction may have to wait ([`Pallet::longest_wait`]): three sets as large
/// as any, which have nobody in common. For benchmarks of who relies on that; none of these authorities has keys.
pub fn crowd<T: Config>() {
	let accounts = |from: u32| (from..from.saturating_add(MOST)).map(account_of::<T>);
	let roster = |id: u64, from: u32| {
		let members = (0..MOST).map(|number| {
			// Rising, as members of a set are.
			let mut key = [0; 32];
			let digits = number.to_be_bytes();
			key.iter_mut().zip(digits).for_each(|(out, byte)| *out = byte);
			Authority {
				id: AuthorityId(key),
				share_key: ShareKey(key),
			}
		});
		Roster::<T::AccountId> {
			set: AuthoritySet::new(SetId(id), members.collect()).expect("different keys, in order"),
			accounts: accounts(from).collect(),
		}
	};
	CurrentTiming::<T>::put(TIMING);
	Current::<T>::put(roster(0, 0));
	Queued::<T>::put(roster(1, MOST));
	let mut wanted: Vec<_> = accounts(MOST.saturating_mul(2)).collect();
	wanted.sort();
	Wanted::<T>::put(BoundedVec::<_, MaxAuthorities>::truncate_from(wanted));
}

/// Registers session keys for an account that may become an authority.
fn register<T: Config>(number: u32) -> T::AccountId {
	let who = account_of::<T>(number);
	T::BenchmarkHelper::make_candidate(&who);
	let Authority { id, share_key } = authority(number);
	let keys = <T as pallet_session::Config>::Keys::decode(&mut &(id.0, share_key.0).encode()[..])
		.expect("session keys are these two");
	pallet_session::NextKeys::<T>::insert(&who, keys);
	who
}

/// What is dealt by the first authority in the first block of term 1.
fn dealing(holders: &AuthoritySet, genesis: BlockHash) -> (Context, Dealing) {
	let context = Context {
		genesis,
		set_id: holders.id().0,
		term: 1,
		dealer: 0,
		parent: PARENT,
	};
	let keys = holders.share_keys().expect("good keys");
	let dealing = Dealing::deal(&context, &keys, &mut rng(0));
	(context, dealing)
}

fn target(hash: BlockHash) -> Target {
	Target {
		set_id: SetId(0),
		term: Term(0),
		number: Number(0),
		hash,
	}
}

/// The header of a first block, with the votes of all.
fn first_header(set: &AuthoritySet, genesis: BlockHash) -> Digest {
	let everybody = (0..set.count()).map(AuthorityIndex);
	let certificate = QuorumCertificate {
		phase: Phase::Commit,
		target: target(PARENT),
		signatures: everybody
			.clone()
			.map(|voter| (voter, Signature([0; 64])))
			.collect(),
	};
	let ballots = everybody.map(|voter| ElectionBallot {
		voter,
		high_qc: target(PARENT),
		signature: Signature([0; 64]),
	});
	let digest = HeaderDigest {
		set_id: set.id(),
		term: Term(1),
		sealer: AuthorityIndex(0),
		parent_qc: certificate.clone(),
		commit_qc: certificate,
		election: Some(ElectionDigest {
			certificate: ElectionCertificate {
				set_id: set.id(),
				term: Term(1),
				leader: AuthorityIndex(0),
				ballots: ballots.collect(),
			},
			vrf: VrfProof {
				pre_output: [0; 32],
				proof: [0; 64],
			},
			dealing: [9; 32],
		}),
	};
	Digest {
		logs: header::pre_runtime(&digest, Some(&dealing(set, genesis).1)),
	}
}

/// Two votes of the first authority that exclude each other.
fn two_votes(set: &AuthoritySet, genesis: BlockHash) -> Evidence {
	let voter = AuthorityIndex(0);
	let key = set.get(voter).expect("a set is not empty").id;
	let vote = |hash: u8| {
		let target = Target {
			set_id: set.id(),
			..target([hash; 32])
		};
		let bytes = Vote::<BlockHash, Signature>::payload(&genesis, Phase::Prepare, &target);
		Vote {
			phase: Phase::Prepare,
			target,
			voter,
			signature: sign(&key, &bytes),
		}
	};
	Evidence::Votes(vote(1), vote(2))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// Both hooks in the first block of a term that ends a session, before a set is closed.
	#[benchmark]
	fn hooks(n: Linear<2, MOST>) {
		let current = chain::<T>(n);
		let number = BlockNumberFor::<T>::one();
		let digest = first_header(&current.set, Pallet::<T>::genesis_hash());
		SessionStart::<T>::put(0);
		T::BenchmarkHelper::set_time(T::SessionLength::get());
		frame_system::Pallet::<T>::initialize(&number, &H256(PARENT), &digest);
		#[block]
		{
			Pallet::<T>::on_initialize(number);
			Pallet::<T>::on_finalize(number);
		}
		assert!(Ending::<T>::get());
		assert_eq!(LastBlock::<T>::get().term, Term(1));
	}

	#[benchmark]
	fn set_authorities(n: Linear<1, MOST>) -> Result<(), BenchmarkError> {
		let origin = T::AuthorityOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		chain::<T>(MOST);
		// All of them new, so that somebody is told if there are enough: not even queued.
		let accounts: Vec<_> = (0..n)
			.map(|number| register::<T>(number.saturating_add(2 * MOST)))
			.collect();
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, BoundedVec::truncate_from(accounts));
		assert_eq!(Wanted::<T>::get().len(), n as usize);
		Ok(())
	}

	#[benchmark]
	fn add_authority() -> Result<(), BenchmarkError> {
		let origin = T::AuthorityOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		chain::<T>(MOST.saturating_sub(1));
		// Not even queued, so that somebody is told.
		let who = register::<T>(2 * MOST);
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, who);
		assert_eq!(Wanted::<T>::get().len(), MOST as usize);
		Ok(())
	}

	#[benchmark]
	fn remove_authority() -> Result<(), BenchmarkError> {
		let origin = T::AuthorityOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		chain::<T>(MOST);
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, account_of::<T>(0));
		assert_eq!(Wanted::<T>::get().len(), MOST as usize - 1);
		Ok(())
	}

	#[benchmark]
	fn set_timing() -> Result<(), BenchmarkError> {
		let origin = T::AuthorityOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		chain::<T>(MOST);
		// More patience, so that somebody is told.
		let timing = Timing {
			election_timeout: 2_000,
			..TIMING
		};
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, timing);
		assert_eq!(CurrentTiming::<T>::get(), timing);
		Ok(())
	}

	/// Of an authority that is only queued, so that both sets are looked through.
	#[benchmark]
	fn set_record() {
		chain::<T>(MOST);
		let queued = Queued::<T>::get().expect("one is queued");
		let last = queued.set.members().last().expect("a set is not empty").id;
		let record = |counter: u64| {
			let body = RecordBody {
				authority: last,
				counter,
				peer_id: PeerIdBytes::new(vec![1; 64]).expect("as long as it may be"),
				sealing_key: [2; 32],
			};
			let signature = sign(&last, &body.payload(&GenesisBinding::<T>::get()));
			AuthorityRecord { body, signature }
		};
		Records::<T>::insert(last, record(1));
		#[extrinsic_call]
		_(RawOrigin::Signed(account_of::<T>(0)), record(2));
		assert_eq!(Records::<T>::get(last).map(|record| record.body.counter), Some(2));
	}

	/// Of an offence in a set that is past, once the report was authorized.
	#[benchmark]
	fn report_offence() {
		let past = chain::<T>(MOST);
		let evidence = two_votes(&past.set, Pallet::<T>::genesis_hash());
		Past::<T>::insert(SetId(0), past);
		Current::<T>::put(roster::<T>(SetId(1), MOST..2 * MOST));
		#[extrinsic_call]
		_(RawOrigin::<T::AccountId>::Authorized, Box::new(evidence));
		assert_eq!(Wanted::<T>::get().len(), MOST as usize - 1);
	}

	/// The authorization of a report with two signatures.
	#[benchmark]
	fn authorize_two_signatures() {
		let past = chain::<T>(MOST);
		let evidence = Box::new(two_votes(&past.set, Pallet::<T>::genesis_hash()));
		Past::<T>::insert(SetId(0), past);
		Current::<T>::put(roster::<T>(SetId(1), MOST..2 * MOST));
		let authorized;
		#[block]
		{
			authorized = Pallet::<T>::authorize_report(TransactionSource::InBlock, &evidence).is_ok();
		}
		assert!(authorized);
	}

	/// The authorization of a report of a dealing to `n` authorities.
	#[benchmark]
	fn authorize_dealer_fault(n: Linear<2, MOST>) {
		let past = chain::<T>(n);
		let holders = past.set.clone();
		let genesis = Pallet::<T>::genesis_hash();
		let (context, dealing) = dealing(&holders, genesis);
		let keys = holders.share_keys().expect("good keys");
		let verified = dealing.verify(&context, &keys).expect("dealt rightly");
		let mut opened: Vec<_> = (0..n)
			.filter_map(|number| verified.open(&share_secret(number), &mut rng(1)).ok())
			.collect();
		opened.sort_by_key(|share| share.holder());
		opened.truncate(holders.threshold().into());
		let fault = Decode::decode(&mut &opened.encode()[..]).expect("a list of shares");
		let hash = dealing_hash(
			(SetId(0), AuthorityIndex(0)),
			holders.id(),
			Term(1),
			&PARENT,
			&dealing,
		);
		Dealt::<T>::mutate(|hashes| {
			hashes.pop();
			let _ = hashes.try_push(hash);
		});
		let evidence = Box::new(Evidence::DealerFault {
			dealer: AuthorityIndex(0),
			set_id: SetId(0),
			fault: DealerFaultProof {
				holders: holders.id(),
				term: Term(1),
				parent: PARENT,
				dealing,
				fault,
			},
		});
		Past::<T>::insert(SetId(0), past);
		Current::<T>::put(roster::<T>(SetId(1), n..2 * n));
		let authorized;
		#[block]
		{
			authorized = Pallet::<T>::authorize_report(TransactionSource::InBlock, &evidence).is_ok();
		}
		assert!(!authorized);
		assert_eq!(
			Pallet::<T>::examine(&evidence),
			Err(crate::Unproven::Evidence(veilmart_td_raft::EvidenceError::Fault))
		);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::for_benchmarks(), crate::mock::Test);
}
