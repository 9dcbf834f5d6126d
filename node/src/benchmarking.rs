//! The command `benchmark`: what weights are made of, measured through this node and its host functions.
//!
//! `pallet` measures calls, hooks and proofs; `overhead` an empty block and an empty transaction; `storage` the database;
//! `machine` the processor and the disk.

use std::time::{SystemTime, UNIX_EPOCH};

use codec::Encode;
use frame_benchmarking_cli::{
	BenchmarkCmd, ExtrinsicBuilder, ExtrinsicFactory, SUBSTRATE_REFERENCE_HARDWARE,
};
use sc_cli::SubstrateCli;
use sp_blockchain::HeaderBackend;
use sp_inherents::InherentData;
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::{generic::Era, traits::HashingFor, DigestItem, OpaqueExtrinsic};
use veilmart_runtime::{extensions::signed_extrinsic, opaque::Block, Hash};
use veilmart_td_raft::{header, AuthorityIndex, HeaderDigest, QuorumCertificate, SetId, Term};

use crate::{
	cli::Cli,
	service::{self, FullBackend},
};

/// The functions that the runtime finds beside Substrate's while pallets are measured. Signatures are verified without a memory:
/// each costs what it costs.
type ExtraHostFunctions = veilmart_verification_host::HostFunctions;

/// Does what the command says.
pub fn run(cli: &Cli, command: &BenchmarkCmd) -> sc_cli::Result<()> {
	let runner = cli.create_runner(command)?;
	runner.sync_run(|config| match command {
		BenchmarkCmd::Pallet(command) => {
			command.run_with_spec::<HashingFor<Block>, ExtraHostFunctions>(Some(config.chain_spec))
		}
		BenchmarkCmd::Block(command) => {
			command.run::<Block, FullBackend, _>(service::new_parts(&config, None)?.client)
		}
		BenchmarkCmd::Storage(command) => {
			let parts = service::new_parts(&config, None)?;
			let database = parts.backend.expose_db();
			let storage = parts.backend.expose_storage();
			let cache = parts.backend.expose_shared_trie_cache();
			command.run::<Block, FullBackend, _>(config, parts.client, database, storage, cache)
		}
		BenchmarkCmd::Overhead(command) => {
			let parts = service::new_parts(&config, None)?;
			let genesis = parts.client.info().genesis_hash;
			let name = config.chain_spec.name().to_owned();
			command.run::<Block, _>(
				name,
				parts.client,
				inherents()?,
				first_digest(genesis),
				&Remark { genesis },
				false,
			)
		}
		BenchmarkCmd::Extrinsic(command) => {
			let parts = service::new_parts(&config, None)?;
			let genesis = parts.client.info().genesis_hash;
			let factory = ExtrinsicFactory(vec![Box::new(Remark { genesis })]);
			command.run::<Block, _>(parts.client, inherents()?, first_digest(genesis), &factory)
		}
		BenchmarkCmd::Machine(command) => command.run(&config, SUBSTRATE_REFERENCE_HARDWARE.clone()),
	})
}

/// A remark of Alice's, who is in the council of the preset `development` and so has no quota.
struct Remark {
	genesis: Hash,
}

impl ExtrinsicBuilder for Remark {
	fn pallet(&self) -> &str {
		"system"
	}

	fn extrinsic(&self) -> &str {
		"remark"
	}

	fn build(&self, nonce: u32) -> Result<OpaqueExtrinsic, &'static str> {
		let transaction = signed_extrinsic(
			frame_system::Call::remark { remark: Vec::new() }.into(),
			Alice.to_account_id(),
			nonce,
			Era::Immortal,
			self.genesis,
			self.genesis,
			|bytes| Alice.sign(bytes).into(),
		);
		OpaqueExtrinsic::try_from_encoded_extrinsic(&transaction.encode())
			.map_err(|_| "an encoded transaction is one")
	}
}

/// The clock's inherent: now.
fn inherents() -> sc_cli::Result<InherentData> {
	let now = SystemTime::now()
		.duration_since(UNIX_EPOCH)
		.map_err(|error| sc_cli::Error::Application(Box::new(error)))?;
	let mut data = InherentData::new();
	data.put_data(*b"timstap0", &(now.as_millis() as u64))
		.map_err(|error| sc_cli::Error::Application(Box::new(error)))?;
	Ok(data)
}

/// What a single authority puts into the header of its first block.
fn first_digest(genesis: Hash) -> Vec<DigestItem> {
	let certificate = QuorumCertificate::genesis(genesis.0);
	let digest = HeaderDigest {
		set_id: SetId(0),
		term: Term(1),
		sealer: AuthorityIndex(0),
		parent_qc: certificate.clone(),
		commit_qc: certificate,
		election: None,
	};
	header::pre_runtime(&digest, None)
}
