//! What genesis refuses.

use crate::{mock::*, Current, CurrentDealing, GenesisBinding, Records, Wanted};
use codec::Encode;
use sp_core::{sr25519::Public, Bytes};
use veilmart_td_raft::{genesis_binding, Timing};

type Genesis = crate::GenesisConfig<Test>;

/// What is wrong with this genesis.
fn refusal(spoil: impl FnOnce(&mut Genesis)) -> String {
	let mut config = genesis(&[1, 2, 3, 4]);
	spoil(&mut config);
	sp_io::TestExternalities::new_empty()
		.execute_with(|| config.build_or_explain().expect_err("there is something wrong"))
}

#[test]
fn the_first_authorities_are_there_from_the_start() {
	four().execute_with(|| {
		assert_eq!(present(), set_of(0, &[1, 2, 3, 4]));
		assert_eq!(authorities(), [1, 2, 3, 4]);
		assert_eq!(Wanted::<Test>::get().to_vec(), [1, 2, 3, 4]);
		assert_eq!(CurrentDealing::<Test>::get().unwrap().count(), 4);
		assert_eq!(GenesisBinding::<Test>::get(), genesis_binding(CHAIN, &present()));
		let roster = Current::<Test>::get().unwrap();
		for (member, account) in roster.set.members().iter().zip(roster.accounts.iter()) {
			assert_eq!(member.id, id(*account), "each has its own account");
		}
		TdRaft::do_try_state().unwrap();
	});
}

#[test]
fn authorities_have_good_keys_of_their_own() {
	assert!(refusal(|genesis| genesis.authorities.clear()).contains("1 to 100"));
	assert!(refusal(|genesis| genesis.authorities[1].tdsh = Public::from_raw([0; 32])).contains("identity"));
	assert!(refusal(|genesis| genesis.authorities[1].tdrf = Public::from_raw([0; 32])).contains("identity"));
	assert!(refusal(|genesis| genesis.authorities[1].tdrf = genesis.authorities[2].tdrf).contains("order"));
	assert!(refusal(|genesis| genesis.authorities[1].tdsh = genesis.authorities[2].tdsh).contains("another"));
	assert!(refusal(|genesis| genesis.authorities[1].account = 3).contains("twice"));
}

#[test]
fn the_dealing_is_to_these_authorities_on_this_chain() {
	assert!(refusal(|genesis| genesis.dealing = None).contains("no dealing"));
	assert!(refusal(|genesis| genesis.chain_id = "another".into()).contains("chain id"));
	assert!(refusal(|genesis| genesis.authorities[3] = genesis_authority(5)).contains("chain id"));
	assert!(refusal(|genesis| genesis.authorities.truncate(3)).contains("not one share"));
	assert!(refusal(|genesis| genesis.dealing.as_mut().unwrap().0[100] ^= 1).contains("dealing"));
	assert!(refusal(|genesis| genesis.dealing.as_mut().unwrap().0.push(0)).contains("decode"));
	let dealing = genesis(&[1, 2]).dealing;
	let alone = refusal(|config| {
		*config = genesis(&[1]);
		config.dealing = dealing;
	});
	assert!(alone.contains("single"));
}

#[test]
fn the_timing_serves() {
	let bad = Timing {
		heartbeat: 0,
		..Timing::LOCAL
	};
	assert!(refusal(|genesis| genesis.timing = Some(bad)).contains("a time is 0"));
	// A hundred authorities would wait 1 s, 33 turns of 9 s and this, and 15 s: a millisecond more than an hour allows.
	let patient = Timing {
		sync_timeout: 99_607,
		..Timing::LOCAL
	};
	assert!(refusal(|genesis| genesis.timing = Some(patient)).contains("more than an hour"));
}

#[test]
fn records_are_the_authorities_own() {
	let good = four().execute_with(|| record(1, 1));
	let mut config = genesis(&[1, 2, 3, 4]);
	config.records = vec![Bytes(good.encode())];
	build(config, &[1, 2, 3, 4]).execute_with(|| {
		assert_eq!(Records::<Test>::get(id(1)), Some(good.clone()));
	});
	let with =
		|records: Vec<Vec<u8>>| refusal(|genesis| genesis.records = records.into_iter().map(Bytes).collect());
	assert!(with(vec![good.encode(), good.encode()]).contains("second"));
	assert!(with(vec![four().execute_with(|| record(5, 1)).encode()]).contains("somebody else"));
	assert!(with(vec![[good.encode(), vec![0]].concat()]).contains("decode"));
	let mut forged = good;
	forged.body.counter = 2;
	assert!(with(vec![forged.encode()]).contains("not signed"));
}

#[test]
#[should_panic(expected = "authorities in genesis: there is no dealing")]
fn a_bad_genesis_is_not_built() {
	let mut config = genesis(&[1, 2]);
	config.dealing = None;
	build(config, &[1, 2]);
}

#[test]
#[should_panic(expected = "session keys in genesis: they are not those of the authorities")]
fn session_keys_are_those_of_the_authorities() {
	build(genesis(&[1, 2]), &[1, 3]);
}

#[test]
#[should_panic(expected = "session keys in genesis: they are not those of the authorities")]
fn session_keys_alone_make_no_authorities() {
	build(Genesis::default(), &[1, 2]);
}

#[test]
fn the_default_is_a_chain_without_blocks() {
	build(Genesis::default(), &[]).execute_with(|| assert_eq!(TdRaft::authorities(), None));
}

#[test]
fn it_reads_as_it_is_written() {
	let config = genesis(&[1, 2]);
	let json = serde_json::to_value(&config).unwrap();
	assert!(
		json["authorities"][0]["tdrf"].as_str().unwrap().starts_with('5'),
		"as addresses"
	);
	assert!(json["dealing"].as_str().unwrap().starts_with("0x"));
	assert_eq!(json["timing"]["minBlockInterval"], 100);
	let back: Genesis = serde_json::from_value(json.clone()).unwrap();
	assert_eq!(serde_json::to_value(back).unwrap(), json);
	let mut unknown = json;
	unknown["timing"]["patience"] = 1.into();
	assert!(serde_json::from_value::<Genesis>(unknown).is_err());
}
