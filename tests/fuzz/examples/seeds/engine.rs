//! What the engine of an authority sends and keeps.

use codec::{Decode, Encode};
use sp_core::H256;
use sp_io::hashing::blake2_128;
use sp_runtime::OpaqueExtrinsic;
use veilmart_fuzz_targets::{disk, input, votes as logs, GENESIS};
use veilmart_td_raft::{AuthorityId, SealedTransaction, Signature};
use veilmart_td_raft_core::{message::Message, real::OnChain, safety::Durable};
use veilmart_td_raft_formats::{
	dates::{self, Dates},
	packet::{Hello, Packet},
	shelf::Heights,
	votes::{self, Entry, Mark, HEAD, HEADER},
	Block, Header,
};

use crate::{broken, Corpora};

/// What another corpus has.
fn found<T: Decode>(corpora: &Corpora, target: &str, name: &str) -> T {
	T::decode(&mut &corpora.0[target][name][..]).expect("it was encoded")
}

fn block(corpora: &Corpora) -> Block {
	let header: Header = found(corpora, "finality", "header");
	let extrinsics: [OpaqueExtrinsic; 2] = ["bare", "signed"].map(|name| found(corpora, "extrinsic", name));
	Block {
		header,
		extrinsics: extrinsics.into(),
	}
}

fn packets(corpora: &mut Corpora) {
	let (core, sealed): (Message<OnChain>, SealedTransaction) = (
		found(corpora, "consensus", "heartbeat"),
		found(corpora, "record", "sealed"),
	);
	let transactions = ["bare", "signed"].map(|name| corpora.0["extrinsic"][name].clone());
	let hello = |id, signature| Packet::Hello(Hello { id, signature });
	// For the identity of the group anybody can sign.
	let mut anybody = [0; 64];
	anybody[63] = 128;
	let fetch = Packet::Fetch {
		hash: H256::repeat_byte(5),
		above: 3,
	};
	let fetch = fetch.encode();
	for (name, bytes) in [
		("hello", hello(AuthorityId([1; 32]), Signature([2; 64])).encode()),
		(
			"anybody",
			hello(AuthorityId([0; 32]), Signature(anybody)).encode(),
		),
		("core", Packet::Core(core).encode()),
		("proposal", Packet::Proposal(block(corpora)).encode()),
		("blocks", Packet::Blocks(vec![block(corpora)]).encode()),
		("transactions", Packet::Transactions(transactions.into()).encode()),
		("sealed", Packet::Sealed(sealed).encode()),
		("broken-end", [&fetch[..], &[0]].concat()),
		("broken-announced", vec![4, 0xfe, 0xff, 0xff, 0xff]),
		// A byte each, and many in memory.
		(
			"broken-crowded",
			Packet::Transactions(vec![Vec::new(); 5_000]).encode(),
		),
		("fetch", fetch),
	] {
		corpora.add("packet", name, bytes);
	}
}

/// What an authority keeps on its disk.
fn files(corpora: &mut Corpora) {
	let [one, other] =
		[(1, None), (2, Some(1_800_000_000_000_u64))].map(|(byte, date)| (AuthorityId([byte; 32]), date));
	let dates = dates::write(&Dates::from([one, other]), &GENESIS);
	let heights = Heights::from([1, 2].map(|byte| (H256::repeat_byte(byte), 7)));
	let reversed: Vec<_> = heights.iter().rev().collect();
	let block = block(corpora);
	let entry = (Durable::<OnChain>::genesis(GENESIS), Some(&block));
	for (format, name, content) in [
		("dates", "broken-dates", broken(&dates, 0)),
		("dates", "dates", dates),
		("content", "content", vec![one, other].encode()),
		("content", "broken-order", vec![other, one].encode()),
		("heights", "heights", heights.encode()),
		("heights", "broken-heights", reversed.encode()),
		("block", "block", block.encode()),
		("block", "broken-block", [block.encode(), vec![0]].concat()),
		("entries", "entries", vec![entry].encode()),
		("entries", "broken-entries", vec![0xfe, 0xff, 0xff, 0xff]),
	] {
		corpora.add("disk", name, input(&disk::FORMATS, format, content));
	}
}

/// Vote logs of each version, whole and not.
fn vote_logs(corpora: &mut Corpora) {
	let entry = |block| Entry {
		durable: Durable::genesis(GENESIS),
		block,
	};
	let records = vec![
		vec![entry(Some(block(corpora)))],
		vec![entry(None)],
		vec![entry(None), entry(None)],
	];
	let (name, mark) = (AuthorityId([1; 32]), Mark([0x5a; 16]));
	let mut third = votes::header(&GENESIS, &name, &mark);
	let mut second = third.clone();
	second[..16].copy_from_slice(votes::SECOND);
	let hash = blake2_128(&second[..HEADER - 16]);
	second[HEADER - 16..].copy_from_slice(&hash);
	let mut first = [&votes::FIRST[..], &GENESIS[..], &name.0[..]].concat();
	let mut begins = Vec::new();
	for entries in &records {
		begins.push(third.len());
		let frame = mark.frame(third.len() as u64, entries).expect("a short one");
		second.extend([&mark.0[..], &frame[16..]].concat());
		let sized = [&frame[16..20], &frame[HEAD..]].concat();
		first.extend([&sized[..4], &blake2_128(&sized)[..], &sized[4..]].concat());
		third.extend(frame);
	}
	let mut two = third.clone();
	for begin in &begins[1..] {
		two[begin + HEAD] ^= 1;
	}
	for (format, name, content) in [
		("file", "torn", third[..third.len() - 5].to_vec()),
		("file", "broken-two", two),
		("file", "broken-header", third[..HEADER - 1].to_vec()),
		("file", "first", first),
		("file", "second", second),
		("file", "third", third),
		("records", "records", (700_u32, records).encode()),
		(
			"records",
			"broken-none",
			(0_u32, vec![Vec::<Entry>::new()]).encode(),
		),
	] {
		corpora.add("votes", name, input(&logs::FORMATS, format, content));
	}
}

/// The corpora of packets and of what is on the disk.
pub fn add(corpora: &mut Corpora) {
	packets(corpora);
	files(corpora);
	vote_logs(corpora);
}
