//! The parts of a running node, put together.

use std::{
	path::{Path, PathBuf},
	sync::Arc,
};

use sc_executor::{
	sp_wasm_interface::ExtendedHostFunctions, HeapAllocStrategy, WasmExecutor, DEFAULT_HEAP_ALLOC_STRATEGY,
};
use sc_network::{
	config::{FullNetworkConfiguration, NetworkBackendType},
	Litep2pNetworkBackend, NetworkBackend, NetworkWorker,
};
use sc_service::{
	config::{BasePath, ExecutorConfiguration},
	error::Error as ServiceError,
	Configuration, KeystoreContainer, RpcHandlers, SpawnTasksParams, TFullBackend, TFullClient, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sp_keystore::Keystore;
use veilmart_runtime::{opaque::Block, Hash, RuntimeApi};
use veilmart_td_raft::keys::{SHARE_KEY, VOTE_KEY};
use veilmart_td_raft_engine as engine;

use crate::{pool::Pool, proofs, rpc, signatures};

/// The functions that the runtime may call in the node: Substrate's, one of them with a memory, and ours beside them.
pub type HostFunctions = (
	ExtendedHostFunctions<sp_io::SubstrateHostFunctions, signatures::HostFunctions>,
	veilmart_verification_host::HostFunctions,
);

/// Runs the runtime's wasm.
pub type Executor = WasmExecutor<HostFunctions>;
/// The chain, as this node holds it.
pub type FullClient = TFullClient<Block, RuntimeApi, Executor>;
/// The database.
pub type FullBackend = TFullBackend<Block>;
/// Imports blocks from outside.
pub type ImportQueue = sc_consensus::BasicQueue<Block>;

/// What an operator says beyond Substrate's own options.
#[derive(Debug, Clone)]
pub struct Options {
	/// Limits of the pool of transactions.
	pub pool: sc_transaction_pool::Options,
	/// Start without the vote log.
	pub forget_votes: bool,
	/// Where compiled runtimes are kept, if anywhere.
	pub runtime_cache: Option<PathBuf>,
}

/// What every command that touches the chain needs.
pub struct Parts {
	/// The chain.
	pub client: Arc<FullClient>,
	/// The database.
	pub backend: Arc<FullBackend>,
	/// The background tasks.
	pub task_manager: TaskManager,
	/// Imports blocks from outside, once the engine runs.
	pub import_queue: ImportQueue,
	/// Talks to the engine.
	pub engine: engine::EngineHandle,
	/// What the engine is asked: it takes this when it starts.
	pub requests: engine::Requests,
	/// The node's keys.
	pub keystore: KeystoreContainer,
	/// Reports to a telemetry server, if one is configured.
	pub telemetry: Option<Telemetry>,
}

/// Executes runtimes as the node's configuration says.
fn executor(config: &ExecutorConfiguration, cache: Option<&Path>) -> Result<Executor, ServiceError> {
	let strategy = config
		.default_heap_pages
		.map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| HeapAllocStrategy::Static {
			extra_pages: pages.try_into().unwrap_or(u32::MAX),
		});
	let mut builder = Executor::builder()
		.with_execution_method(config.wasm_method)
		.with_onchain_heap_alloc_strategy(strategy)
		.with_offchain_heap_alloc_strategy(strategy)
		.with_max_runtime_instances(config.max_runtime_instances)
		.with_runtime_cache_size(config.runtime_cache_size);
	if let Some(cache) = cache {
		builder = builder.with_cache_path(std::path::absolute(cache)?);
	}
	Ok(builder.build())
}

/// Opens the database and prepares what every command needs. `runtime_cache` is where compiled runtimes are kept.
pub fn new_parts(config: &Configuration, runtime_cache: Option<&Path>) -> Result<Parts, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = executor(&config.executor, runtime_cache)?;
	let (client, backend, keystore, task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
		config,
		telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
		executor,
		Default::default(),
	)?;
	let client = Arc::new(client);

	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let (engine, requests) = engine::handle();
	let import_queue = engine::import_queue::<FullBackend, FullClient>(
		client.clone(),
		engine.clone(),
		&task_manager.spawn_essential_handle(),
		config.prometheus_registry(),
	);

	Ok(Parts {
		client,
		backend,
		task_manager,
		import_queue,
		engine,
		requests,
		keystore,
		telemetry,
	})
}

/// Starts an engine that takes part in nothing, for commands that import blocks.
pub fn start_importing(
	client: &Arc<FullClient>,
	backend: &Arc<FullBackend>,
	requests: engine::Requests,
	task_manager: &TaskManager,
) -> Result<(), ServiceError> {
	let setup = engine::Setup::read::<FullBackend, FullClient>(client, None)
		.map_err(|error| ServiceError::Application(Box::new(error)))?;
	let parts = engine::Parts {
		client: client.clone(),
		backend: backend.clone(),
		pool: None,
		proposer: None,
		network: None,
		registry: None,
	};
	engine::Engine::start(setup, parts, requests, &task_manager.spawn_essential_handle())
		.map_err(|error| ServiceError::Application(Box::new(error)))
}

/// Where an authority's vote log is.
fn vote_log(config: &Configuration) -> PathBuf {
	BasePath::new(config.base_path.path())
		.config_dir(config.chain_spec.id())
		.join("td-raft")
		.join("votes")
}

/// What the node takes part with, if it is to be an authority.
fn authority(
	config: &Configuration,
	keystore: &KeystoreContainer,
	options: &Options,
) -> Result<Option<engine::Authority>, ServiceError> {
	if !config.role.is_authority() {
		return Ok(None);
	}
	let keystore = keystore.local_keystore();
	if let Some(seed) = &config.dev_key_seed {
		// The presets' authorities have two keys each: `//Alice` and `//Alice//tdsh`. The SDK would make both alike, and
		// later.
		for (kind, seed) in [(VOTE_KEY, seed.clone()), (SHARE_KEY, format!("{seed}//tdsh"))] {
			keystore
				.sr25519_generate_new(kind, Some(&seed))
				.map_err(|error| ServiceError::Other(format!("cannot keep a key: {error}")))?;
		}
	}
	let database = config
		.database
		.path()
		.ok_or_else(|| ServiceError::Other("an authority needs a database on a disk".into()))?;
	Ok(Some(engine::Authority {
		keystore,
		vote_log: vote_log(config),
		database: database.to_owned(),
		forget_votes: options.forget_votes,
	}))
}

/// Starts a node with the network backend `N`. Also returns a way to ask the node without a network.
fn new_full<N>(config: Configuration, options: Options) -> Result<(TaskManager, RpcHandlers), ServiceError>
where
	N: NetworkBackend<Block, Hash>,
{
	if let Some(database) = config.database.path() {
		engine::check_room(database).map_err(|error| ServiceError::Other(error.to_string()))?;
	}
	let Parts {
		client,
		backend,
		mut task_manager,
		import_queue,
		engine: handle,
		requests,
		keystore,
		mut telemetry,
	} = new_parts(&config, options.runtime_cache.as_deref())?;
	let application = |error| ServiceError::Application(Box::new(error));

	if let Some(database) = config.database.path() {
		let watch = engine::watch_room(database.to_owned());
		let tasks = task_manager.spawn_essential_handle();
		tasks.spawn("room-on-disk", None, watch);
	}
	let authority = authority(&config, &keystore, &options)?;
	let setup = engine::Setup::read::<FullBackend, FullClient>(&client, authority).map_err(application)?;

	if let Some(registry) = config.prometheus_registry() {
		proofs::register_metrics(registry).map_err(|error| ServiceError::Other(error.to_string()))?;
	}
	let pool = Arc::new(Pool::new(
		options.pool,
		&config,
		task_manager.spawn_essential_handle(),
		&client,
	));

	let mut net_config = FullNetworkConfiguration::<Block, Hash, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let genesis = sp_blockchain::HeaderBackend::info(&*client).genesis_hash;
	let protocol = engine::protocol_name(&genesis, config.chain_spec.fork_id());
	let (protocol_config, notifications) =
		engine::notification_config::<N>(protocol.clone(), metrics.clone(), net_config.peer_store_handle());
	net_config.add_notification_protocol(protocol_config);

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: None,
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;
	let peer = network.local_peer_id();

	let rpc_builder = {
		let client = client.clone();
		let pool = pool.clone();
		let keystore = keystore.local_keystore();
		let engine = handle.clone();
		// One for all connections.
		let round_state = rpc::SharedAnswer::default();
		Box::new(move |executor| {
			rpc::create(rpc::Deps {
				client: client.clone(),
				pool: pool.clone(),
				consensus: rpc::Consensus {
					client: client.clone(),
					engine: engine.clone(),
					round_state: round_state.clone(),
					keystore: keystore.clone(),
					peer,
					executor,
				},
			})
			.map_err(ServiceError::Application)
		})
	};

	let proposer = config.role.is_authority().then(|| {
		let proposer = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			pool.clone(),
			config.prometheus_registry(),
			telemetry.as_ref().map(|telemetry| telemetry.handle()),
		);
		Box::new(proposer) as Box<dyn engine::Propose>
	});
	let parts = engine::Parts {
		client: client.clone(),
		backend: backend.clone(),
		pool: Some(pool.clone()),
		proposer,
		network: Some(engine::Network {
			notifications,
			peers: Arc::new(network.clone()),
			protocol,
			local: peer,
			spawner: Box::new(task_manager.spawn_handle()),
		}),
		registry: config.prometheus_registry().cloned(),
	};

	let rpc = sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client,
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool,
		rpc_builder,
		network,
		system_rpc_tx,
		tx_handler_controller,
		sync_service,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	engine::Engine::start(setup, parts, requests, &task_manager.spawn_essential_handle())
		.map_err(application)?;
	Ok((task_manager, rpc))
}

/// Starts a node with the network backend of its configuration.
pub fn start(config: Configuration, options: Options) -> Result<(TaskManager, RpcHandlers), ServiceError> {
	match config.network.network_backend {
		NetworkBackendType::Litep2p => new_full::<Litep2pNetworkBackend>(config, options),
		NetworkBackendType::Libp2p => new_full::<NetworkWorker<Block, Hash>>(config, options),
	}
}
