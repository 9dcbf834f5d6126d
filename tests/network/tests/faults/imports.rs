//! Blocks from a file, as `export-blocks` writes and `import-blocks` reads them: those that a leader has tampered with are
//! refused. Most of them carry a good seal, since the test has the keys of all authorities: each is refused for what is wrong with it.

use std::{
	fs,
	path::{Path, PathBuf},
	process::{Command, Output},
};

use codec::{Decode, DecodeAll, Encode};
use sp_core::{sr25519::Pair, Pair as _};
use sp_runtime::{generic::SignedBlock, traits::Header as _, DigestItem, Justifications};
use veilmart_demo_parts::process::program;
use veilmart_network_tests::scene::Scene;
use veilmart_runtime::opaque::Block;
use veilmart_td_raft::{
	header, sign, AuthorityId, AuthorityIndex, HeaderDigest, PerAuthority, QuorumCertificate, SealBody,
	Signature, Sr25519, Term, Verifier, ENGINE_ID,
};

type Signed = SignedBlock<Block>;

/// What a chain was exported to, and how a tampered copy is imported.
struct Export {
	specification: PathBuf,
	folder: PathBuf,
	genesis: [u8; 32],
	blocks: Vec<Signed>,
	authorities: Vec<Pair>,
}

/// A folder into which blocks were imported.
struct Imported {
	output: Output,
	best: u64,
	finalized: u64,
}

impl Imported {
	fn words(&self) -> String {
		String::from_utf8_lossy(&self.output.stderr).into_owned()
	}
}

fn node(arguments: &[&str], specification: &Path, base: &Path) -> Output {
	Command::new(program("veilmart-node").unwrap())
		.args(arguments)
		.arg("--chain")
		.arg(specification)
		.arg("--base-path")
		.arg(base)
		.output()
		.unwrap()
}

impl Export {
	/// Imports blocks into an empty folder.
	fn import(&self, blocks: &[Signed]) -> Imported {
		let base = tempfile::tempdir_in(&self.folder).unwrap();
		let file = base.path().join("blocks");
		let mut bytes = (blocks.len() as u64).encode();
		for block in blocks {
			block.encode_to(&mut bytes);
		}
		fs::write(&file, bytes).unwrap();
		let file = file.to_str().unwrap();
		let output = node(
			&["import-blocks", "--binary", file],
			&self.specification,
			base.path(),
		);
		let info = node(&["chain-info"], &self.specification, base.path());
		let info = String::from_utf8(info.stdout).unwrap();
		let number = |field: &str| {
			let (_, rest) = info
				.split_once(&format!("\"{field}\":"))
				.expect("chain-info says it");
			let digits: String = rest
				.trim_start()
				.chars()
				.take_while(char::is_ascii_digit)
				.collect();
			digits.parse().unwrap()
		};
		Imported {
			best: number("best_number"),
			finalized: number("finalized_number"),
			output,
		}
	}

	/// Changes a block, and seals it as its leader would, or somebody else.
	fn resealed(
		&self,
		block: &Signed,
		by: Option<usize>,
		change: impl FnOnce(&mut HeaderDigest, &mut Block),
	) -> Signed {
		let mut changed = block.clone();
		let block = &mut changed.block;
		let seal = header::take_seal(block.header.digest_mut()).unwrap().unwrap();
		let mut digest = header::items(block.header.digest()).unwrap().digest;
		let payload = |header: &veilmart_runtime::Header, digest: &HeaderDigest| {
			let body = SealBody {
				term: digest.term,
				number: veilmart_td_raft::Number((*header.number()).into()),
				header: header.hash().0,
			};
			body.payload(&self.genesis, digest.set_id)
		};
		let before = payload(&block.header, &digest);
		let leader = self.authorities.iter().position(|pair| {
			let id = AuthorityId(pair.public().0);
			Verifier::<AuthorityId, Signature>::verify(&Sr25519, &id, &before, &seal)
		});
		let sealer = by.or(leader).expect("one of the authorities sealed it");
		change(&mut digest, block);
		block.header.digest_mut().logs[0] = DigestItem::PreRuntime(ENGINE_ID, digest.encode());
		let seal = sign(
			&self.authorities[sealer].clone().into(),
			&payload(&block.header, &digest),
		);
		block.header.digest_mut().push(header::seal(&seal));
		changed
	}

	/// Imports the chain up to a block that is changed, which must be refused, and only that.
	fn refuses(&self, what: &str, position: usize, changed: Signed) {
		let mut blocks = self.blocks[..position].to_vec();
		blocks.push(changed);
		let imported = self.import(&blocks);
		let words = imported.words();
		// Not by a panic, whose code is 101.
		assert_eq!(imported.output.status.code(), Some(1), "{what}: {words}");
		assert_eq!(imported.best, position as u64, "{what}: {words}");
	}
}

fn with_another_signature(qc: &QuorumCertificate) -> QuorumCertificate {
	let mut signatures: Vec<_> = qc.signatures.iter().copied().collect();
	signatures[0].1 .0[5] ^= 1;
	QuorumCertificate {
		signatures: PerAuthority::from_iter(signatures),
		..qc.clone()
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_from_a_file_are_verified_like_those_of_peers() {
	let mut scene = Scene::new().await;
	while scene.ledger.height() < 12 {
		scene.progress().await;
	}
	scene.network.nodes[0].kill().await.unwrap();
	let folder = tempfile::tempdir().unwrap();
	let specification = scene.network.nodes[0]
		.folder()
		.parent()
		.unwrap()
		.join("chain.json");
	let file = folder.path().join("exported");
	let exported = node(
		&["export-blocks", "--binary", "--from", "1", file.to_str().unwrap()],
		&specification,
		scene.network.nodes[0].folder(),
	);
	assert!(exported.status.success(), "{exported:?}");
	let bytes = fs::read(&file).unwrap();
	let input = &mut &bytes[..];
	let count = u64::decode(input).unwrap();
	let blocks: Vec<Signed> = (0..count).map(|_| Signed::decode(input).unwrap()).collect();
	assert!(input.is_empty());
	let mut authorities =
		["//Alice", "//Bob", "//Charlie", "//Dave"].map(|name| Pair::from_string(name, None).unwrap());
	// As in the set.
	authorities.sort_by_key(|pair| pair.public().0);
	let export = Export {
		genesis: blocks[0].block.header.parent_hash.0,
		authorities: authorities.into(),
		specification,
		folder: folder.path().to_owned(),
		blocks,
	};
	tokio::task::block_in_place(|| tampering(&export));
	scene.restart(0).await;
	scene.progress().await;
	scene.end().await;
}

fn tampering(export: &Export) {
	// As it is: what is certified by a justification is final.
	let certified = |blocks: &[Signed]| {
		let highest = blocks.iter().rposition(|block| block.justifications.is_some());
		highest.map_or(0, |position| position as u64 + 1)
	};
	let whole = export.import(&export.blocks);
	assert!(whole.output.status.success(), "{}", whole.words());
	assert_eq!(whole.best, export.blocks.len() as u64);
	let last = certified(&export.blocks);
	assert!(last > 8, "the chain has final blocks");
	assert_eq!(whole.finalized, last);

	// A false justification makes nothing final, and refuses no block; headers hold certificates of lower blocks.
	let position = last as usize - 1;
	let mut blocks = export.blocks[..=position].to_vec();
	let justifications = blocks[position].justifications.take().unwrap();
	let bytes = justifications.into_justification(ENGINE_ID).unwrap();
	let without = export.import(&blocks);
	let certificate = QuorumCertificate::decode_all(&mut &bytes[..]).unwrap();
	let lie = with_another_signature(&certificate).encode();
	blocks[position].justifications = Some(Justifications::from((ENGINE_ID, lie)));
	let lied = export.import(&blocks);
	assert_eq!((lied.best, lied.finalized), (last, without.finalized));
	assert!(lied.finalized < last);

	let first = &export.blocks[0];
	let fifth = &export.blocks[4];
	let mut unsealed = fifth.clone();
	let DigestItem::Seal(_, seal) = unsealed.block.header.digest_mut().logs.last_mut().unwrap() else {
		panic!("the seal comes last");
	};
	seal[7] ^= 1;
	export.refuses("a false seal", 4, unsealed);

	let digest = header_digest(fifth);
	let other = AuthorityIndex((digest.sealer.0 + 1) % 4);
	let usurped = export.resealed(fifth, Some(usize::from(other.0)), |digest, _| {
		digest.sealer = other
	});
	export.refuses("a sealer that was not elected", 4, usurped);
	let skipped = export.resealed(fifth, None, |digest, _| digest.term = Term(digest.term.0 + 1));
	export.refuses("a term without an election", 4, skipped);
	let uncertified = export.resealed(fifth, None, |digest, _| {
		digest.parent_qc = with_another_signature(&digest.parent_qc);
	});
	export.refuses("a parent's certificate with a false vote", 4, uncertified);
	let committed = export.resealed(fifth, None, |digest, _| {
		digest.commit_qc = with_another_signature(&digest.commit_qc);
	});
	export.refuses("a commit certificate with a false vote", 4, committed);
	let foreign = export.resealed(fifth, None, |_, block| {
		block
			.header
			.digest_mut()
			.logs
			.push(DigestItem::PreRuntime(*b"aura", vec![1]));
	});
	export.refuses("an item of another consensus", 4, foreign);
	let state = export.resealed(fifth, None, |_, block| block.header.state_root.0[0] ^= 1);
	export.refuses("another state than execution gives", 4, state);
	let mut shorter = fifth.clone();
	shorter.block.extrinsics.pop();
	export.refuses("a body that is not the header's", 4, shorter);
	let unelected = export.resealed(first, None, |digest, _| digest.election = None);
	export.refuses("a first block without an election", 0, unelected);
	let lot = export.resealed(first, None, |digest, _| {
		let election = digest.election.as_mut().expect("a first block");
		election.vrf.proof[9] ^= 1;
	});
	export.refuses("a lot that is not the leader's", 0, lot);
}

fn header_digest(block: &Signed) -> HeaderDigest {
	let mut digest = block.block.header.digest().clone();
	header::take_seal(&mut digest).unwrap();
	header::items(&digest).unwrap().digest
}
