//! Authorities as this runtime wires them: sessions, headers, presets, reports.

use codec::{Decode, Encode};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchClass, traits::Contains, weights::Weight};
use pallet_td_raft_election::{Current, CurrentDealing, Event, OffenceKind};
use sp_core::{proof_of_possession::ProofOfPossessionGenerator, sr25519};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave};
use sp_runtime::{
	traits::Dispatchable,
	transaction_validity::{InvalidTransaction, TransactionSource},
	DispatchError,
};
use veilmart_td_raft::{
	genesis_binding, genesis_context, header, runtime_api::runtime_decl_for_td_raft_api::TdRaftApi,
	AuthorityIndex, AuthoritySet, ElectionBallot, ElectionCertificate, ElectionDigest, Evidence,
	HeaderDigest, Number, Phase, QuorumCertificate, SetId, Signature, Target, Term, Timing, Vote, VrfProof,
};
use veilmart_trapdoor::{Context, Dealing};

use super::{governance::motion, *};
use crate::{
	apis::SessionKeys,
	configs::{CertifiedValidators, RegistrableKeys, SessionLength},
	extensions::authorized_extrinsic,
	genesis_presets::{authorities, LOCAL_TESTNET_RUNTIME_PRESET, LOCAL_TESTNET_SEVEN_RUNTIME_PRESET},
	Block, Certificates, RuntimeEvent, Session,
};

/// The genesis of `local_testnet`, built once.
static FOUR: LazyLock<Snapshot> = LazyLock::new(|| snapshot(LOCAL_TESTNET_RUNTIME_PRESET));

/// The pairs of an authority: for votes, and for opening shares.
pub(super) fn pairs(name: &str) -> [sr25519::Pair; 2] {
	[format!("//{name}"), format!("//{name}//tdsh")]
		.map(|uri| sr25519::Pair::from_string(&uri, None).expect("a derivation"))
}

/// The keys that an authority registers.
pub(super) fn session_keys(name: &str) -> SessionKeys {
	let [vote, share] = pairs(name);
	SessionKeys {
		tdrf: vote.public().into(),
		tdsh: share.public().into(),
	}
}

/// Registers an authority's keys for an account.
pub(super) fn set_keys(keys: SessionKeys, name: &str, owner: &AccountId) -> RuntimeCall {
	let [vote, share] = pairs(name).map(|pair| pair.clone().generate_proof_of_possession(&owner.encode()));
	pallet_session::Call::set_keys {
		keys,
		proof: (vote, share).encode(),
	}
	.into()
}

fn present() -> veilmart_td_raft::AuthoritySet {
	Runtime::authorities().expect("genesis names authorities")
}

/// A chain that makes one block after the other.
struct Chain {
	parent: Hash,
	now: u64,
}

impl Chain {
	fn new() -> Self {
		Self {
			parent: Hash::repeat_byte(7),
			now: START,
		}
	}

	/// A target for a certificate of the last block.
	fn last(&self) -> Target {
		let head = pallet_td_raft_election::LastBlock::<Runtime>::get();
		Target {
			set_id: head.set_id,
			term: head.term,
			number: Number(System::block_number().into()),
			hash: self.parent.0,
		}
	}

	/// The next block's digest; `first` begins a new term.
	fn digest(&self, first: bool) -> Digest {
		let head = pallet_td_raft_election::LastBlock::<Runtime>::get();
		let set = present();
		let term = Term(head.term.0 + u64::from(first));
		let sealer = match head.leader {
			Some(leader) if !first => set.index_of(&leader).expect("it is still there"),
			_ => AuthorityIndex((term.0 % u64::from(set.count())) as u16),
		};
		let qc = QuorumCertificate {
			phase: Phase::Commit,
			target: self.last(),
			signatures: [].into_iter().collect(),
		};
		let election = first.then(|| ElectionDigest {
			certificate: ElectionCertificate {
				set_id: set.id(),
				term,
				leader: sealer,
				ballots: (0..set.quorum())
					.map(|voter| ElectionBallot {
						voter: AuthorityIndex(voter),
						high_qc: self.last(),
						signature: Signature([0; 64]),
					})
					.collect(),
			},
			vrf: VrfProof {
				pre_output: [0; 32],
				proof: [0; 64],
			},
			dealing: [0; 32],
		});
		let closes = Runtime::is_closing_next().then(Runtime::queued_set).flatten();
		let dealing = (first || closes.is_some()).then(|| {
			let holders = closes.unwrap_or(set.clone());
			let context = Context {
				genesis: [7; 32],
				set_id: holders.id().0,
				term: term.0,
				dealer: sealer.0,
				parent: self.parent.0,
			};
			let keys = holders.share_keys().expect("good keys");
			Dealing::deal(&context, &keys, &mut rand_core::OsRng)
		});
		let digest = HeaderDigest {
			set_id: set.id(),
			term,
			sealer,
			parent_qc: qc.clone(),
			commit_qc: qc,
			election,
		};
		Digest {
			logs: header::pre_runtime(&digest, dealing.as_ref()),
		}
	}

	/// Makes a block with these transactions, `seconds` after the last one.
	fn block(&mut self, seconds: u64, transactions: impl FnOnce()) -> Header {
		self.now += seconds * 1_000;
		let first = System::block_number() == 0;
		let digest = self.digest(first);
		begin_block_with(System::block_number() + 1, self.parent, digest, self.now);
		transactions();
		let header = Executive::finalize_block();
		self.parent = header.hash();
		header
	}

	/// Makes blocks until another session has begun; returns the headers.
	fn session(&mut self) -> Vec<Header> {
		let index = Session::current_index();
		let mut headers = Vec::new();
		while Session::current_index() == index {
			headers.push(self.block(10, || ()));
			assert!(headers.len() < 20, "a session ends");
		}
		headers
	}
}

fn four() -> TestExternalities {
	FOUR.clone().restore()
}

#[test]
fn presets_have_the_authorities_they_say_with_a_dealing_for_their_own_chain() {
	for (preset, count) in [
		(DEV_RUNTIME_PRESET, 1),
		(LOCAL_TESTNET_RUNTIME_PRESET, 4),
		(LOCAL_TESTNET_SEVEN_RUNTIME_PRESET, 7),
	] {
		let mut members: Vec<_> = authorities(preset).iter().map(|one| one.authority()).collect();
		members.sort();
		let set = AuthoritySet::new(SetId(0), members).expect("different keys");
		let config = preset_config(preset);
		assert_eq!(config["tdRaft"]["chainId"], preset);
		assert_eq!(set.count(), count, "{preset}");
		let Some(hex) = config["tdRaft"]["dealing"].as_str() else {
			assert_eq!(count, 1, "{preset}");
			continue;
		};
		let bytes = sp_core::bytes::from_hex(hex).expect("hexadecimal");
		let dealing = Dealing::decode(&mut &bytes[..]).expect("a dealing");
		let verify = |chain_id| {
			let context = genesis_context(genesis_binding(chain_id, &set));
			dealing.verify(&context, &set.share_keys().expect("good keys"))
		};
		assert!(verify(preset).is_ok(), "{preset}");
		assert!(verify("another").is_err(), "{preset}");
	}
	assert!(authorities("staging").is_empty());
}

#[test]
fn a_chain_id_that_is_not_the_dealings_builds_no_genesis() {
	let mut config = preset_config(LOCAL_TESTNET_RUNTIME_PRESET);
	merge(
		&mut config,
		serde_json::json!({ "tdRaft": { "chainId": "another" } }),
	);
	let outcome = std::panic::catch_unwind(|| build(&config));
	let panic = outcome.expect_err("genesis is refused");
	let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
	assert!(text.contains("authorities in genesis"), "{text}");
}

#[test]
fn the_api_tells_the_consensus_what_it_needs() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		let set = present();
		assert_eq!((set.id(), set.count()), (SetId(0), 4));
		assert_eq!(Runtime::leader(), None);
		assert_eq!(Runtime::queued_set(), None);
		assert_eq!(Runtime::timing(), Timing::LOCAL);
		assert_eq!(
			Runtime::genesis_binding(),
			genesis_binding(LOCAL_TESTNET_RUNTIME_PRESET, &set)
		);
		assert!(Runtime::records().is_empty());
		let genesis = Runtime::dealing();
		assert_eq!(genesis.as_ref().map(Dealing::count), Some(4));
		chain.block(1, || ());
		let leader = set.members()[1].id;
		assert_eq!(Runtime::leader(), Some((Term(1), leader)));
		assert_ne!(Runtime::dealing(), genesis);
		let [election] = Runtime::elections()[..] else {
			panic!("one election")
		};
		assert_eq!(
			(election.leader, election.moment, election.votes),
			(leader, START + 1_000, 3)
		);
	});
}

/// By that authorities judge whether a leader leaves out what it had room for.
#[test]
fn a_block_tells_what_its_transactions_weigh_unless_it_has_room_for_none() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		chain.block(1, || ());
		assert_eq!(Runtime::work(), Some(0), "inherents are none");
		// A quarter of a millisecond, and one and a half.
		for (class, microseconds) in [(DispatchClass::Normal, 250), (DispatchClass::Operational, 1_500)] {
			chain.block(1, || {
				let weight = Weight::from_parts(microseconds * 1_000_000 + 999_999, 7);
				System::register_extra_weight_unchecked(weight, class);
			});
			assert_eq!(Runtime::work(), Some(microseconds));
		}
		chain.block(1, || ());
		assert_eq!(Runtime::work(), Some(0), "the last block's only");
		chain.session();
		assert_eq!(Runtime::work(), None, "the first block of a session");
		chain.block(1, || ());
		assert_eq!(Runtime::work(), Some(0));
	});
}

#[test]
fn the_council_changes_the_set_and_the_header_says_so_before() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		chain.block(1, || {
			let remove = pallet_td_raft_election::Call::remove_authority {
				account: account(Dave),
			};
			assert_noop!(
				RuntimeCall::from(remove.clone())
					.dispatch(signed(Alice))
					.map_err(|e| e.error),
				DispatchError::BadOrigin
			);
			assert_ok!(motion(remove.into(), &[Alice, Bob]));
		});
		let first = chain.session();
		assert!(Current::<Runtime>::get()
			.expect("there is one")
			.accounts
			.contains(&account(Dave)));
		let queued = Runtime::queued_set().expect("a set is queued");
		assert_eq!(queued.count(), 3);
		let second = chain.session();
		assert_eq!(present(), queued);
		assert_eq!(
			CurrentDealing::<Runtime>::get().map(|dealing| dealing.count()),
			Some(3)
		);
		let announced = |header: &Header| header::items(header.digest()).expect("well formed").child_closes;
		let headers = [first, second].concat();
		let (closing, before) = headers.split_last().expect("some blocks");
		let (announcing, before) = before.split_last().expect("more of them");
		assert_eq!(announced(closing), None);
		assert_eq!(announced(announcing), Some(queued));
		assert!(before.iter().all(|header| announced(header).is_none()));
		assert!(SessionLength::get() == 60_000);
		chain.block(1, || ());
	});
}

#[test]
fn validators_register_keys_that_a_set_may_have() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		chain.block(1, || {
			let issuer = crate::genesis_presets::certificate_authority();
			assert!(!CertifiedValidators::contains(&issuer));
			let good = set_keys(session_keys("Ferdie"), "Ferdie", &account(Dave));
			assert!(RegistrableKeys::contains(&good));
			assert_ok!(good.dispatch(signed(Dave)).map_err(|e| e.error));

			// The identity, for which anybody can sign, and bytes that are no point.
			for bad in [[0; 32], [0xff; 32]] {
				let bad = sr25519::Public::from_raw(bad);
				let share = SessionKeys {
					tdsh: bad.into(),
					..session_keys("Bob")
				};
				let vote = SessionKeys {
					tdrf: bad.into(),
					..session_keys("Bob")
				};
				for keys in [share, vote] {
					let call = set_keys(keys, "Bob", &account(Bob));
					assert_eq!(
						call.clone().dispatch(signed(Bob)).map_err(|e| e.error),
						Err(frame_system::Error::<Runtime>::CallFiltered.into())
					);
					let batch: RuntimeCall = pallet_utility::Call::batch_all { calls: vec![call] }.into();
					assert!(batch.dispatch(signed(Bob)).is_err(), "a batch is no way around");
				}
			}

			// Without the certificate of a validator there are no keys.
			let ca = RuntimeOrigin::signed(crate::genesis_presets::certificate_authority());
			assert_ok!(Certificates::revoke(ca, account(Charlie)));
			let keys = set_keys(session_keys("Eve"), "Eve", &account(Charlie));
			assert_eq!(
				keys.dispatch(signed(Charlie)).map_err(|e| e.error),
				Err(pallet_session::Error::<Runtime>::NoAssociatedValidatorId.into())
			);
		});
		chain.session();
		chain.session();
		let accounts = Current::<Runtime>::get().expect("there is one").accounts;
		assert!(
			accounts.contains(&account(Charlie)),
			"a lost certificate ends nothing by itself"
		);
		assert_eq!(present().id(), SetId(1), "Dave has new keys");
	});
}

/// Two votes of Bob's at one height.
fn two_votes() -> Evidence {
	let [pair, _] = pairs("Bob");
	let id = veilmart_td_raft::AuthorityId(pair.public().0);
	let voter = present().index_of(&id).expect("Bob is an authority");
	let vote = |hash: u8| {
		let target = Target {
			set_id: SetId(0),
			term: Term(1),
			number: Number(9),
			hash: [hash; 32],
		};
		let bytes = Vote::<[u8; 32], Signature>::payload(&[7; 32], Phase::Commit, &target);
		Vote {
			phase: Phase::Commit,
			target,
			voter,
			signature: Signature(pair.sign(&bytes).0),
		}
	};
	Evidence::Votes(vote(1), vote(2))
}

#[test]
fn an_offence_is_reported_by_nobody_in_particular() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		chain.block(1, || ());
		let evidence = two_votes();
		let report = Runtime::offence_report(evidence.clone()).expect("the chain takes it");
		let decoded = UncheckedExtrinsic::decode(&mut &report.encode()[..]).expect("it travels");
		chain.block(1, || {
			let valid = Executive::validate_transaction(
				TransactionSource::External,
				decoded.clone(),
				Default::default(),
			)
			.expect("the pool takes it");
			assert!(valid.propagate);
			assert_eq!(Executive::apply_extrinsic(decoded.clone()), Ok(Ok(())));
			let proven = System::events().into_iter().any(|record| {
				matches!(
					record.event,
					RuntimeEvent::TdRaft(Event::OffenceProven {
						kind: OffenceKind::Votes,
						removed: true,
						..
					})
				)
			});
			assert!(proven);
			assert_eq!(
				Executive::apply_extrinsic(decoded),
				Err(InvalidTransaction::Stale.into()),
				"once"
			);
			assert_eq!(Runtime::offence_report(evidence.clone()), None);
		});
		chain.session();
		chain.session();
		assert!(!Current::<Runtime>::get()
			.expect("there is one")
			.accounts
			.contains(&account(Bob)));
	});
}

#[test]
fn a_false_report_is_no_transaction() {
	four().execute_with(|| {
		let mut chain = Chain::new();
		chain.block(1, || ());
		let Evidence::Votes(first, mut second) = two_votes() else {
			unreachable!()
		};
		second.target.hash = [3; 32];
		let false_evidence = Evidence::Votes(first, second);
		assert_eq!(Runtime::offence_report(false_evidence.clone()), None);
		let report = authorized_extrinsic(
			pallet_td_raft_election::Call::report_offence {
				evidence: Box::new(false_evidence),
			}
			.into(),
		);
		chain.block(1, || {
			assert_eq!(
				Executive::apply_extrinsic(report.clone()),
				Err(InvalidTransaction::BadProof.into())
			);
			// Other calls are no better for coming unsigned.
			assert!(Executive::apply_extrinsic(authorized_extrinsic(remark())).is_err());
		});
	});
}

#[test]
fn the_node_makes_and_reads_session_keys() {
	let keys = session_keys("Alice");
	let raw =
		<Runtime as sp_session::runtime_decl_for_session_keys::SessionKeys<Block>>::decode_session_keys(
			keys.encode(),
		)
		.expect("they decode");
	let [vote, share] = pairs("Alice");
	assert_eq!(
		raw,
		[
			(vote.public().to_vec(), veilmart_td_raft::keys::VOTE_KEY),
			(share.public().to_vec(), veilmart_td_raft::keys::SHARE_KEY)
		]
	);
}
