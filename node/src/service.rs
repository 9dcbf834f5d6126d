//! The parts of a running node, put together.

use std::sync::Arc;

use sc_consensus::LongestChain;
use sc_executor::WasmExecutor;
use sc_network::{config::FullNetworkConfiguration, NetworkBackend};
use sc_service::{
	error::Error as ServiceError, Configuration, KeystoreContainer, RpcHandlers, SpawnTasksParams,
	TFullBackend, TFullClient, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use veilmart_runtime::{opaque::Block, Hash, RuntimeApi};

use crate::{
	consensus::{self, ImportQueue},
	rpc,
};

/// The functions that the runtime may call in the node: Substrate's, and ours beside them.
pub type HostFunctions = (
	sp_io::SubstrateHostFunctions,
	veilmart_verification_host::HostFunctions,
);

/// Runs the runtime's wasm.
pub type Executor = WasmExecutor<HostFunctions>;
/// The chain, as this node holds it.
pub type FullClient = TFullClient<Block, RuntimeApi, Executor>;
/// The database.
pub type FullBackend = TFullBackend<Block>;
/// The transactions that wait.
pub type FullPool = TransactionPoolHandle<Block, FullClient>;
/// Chooses the best chain.
pub type FullSelectChain = LongestChain<FullBackend, Block>;

/// What every command that touches the chain needs.
pub struct Parts {
	/// The chain.
	pub client: Arc<FullClient>,
	/// The database.
	pub backend: Arc<FullBackend>,
	/// The background tasks.
	pub task_manager: TaskManager,
	/// Imports blocks from outside.
	pub import_queue: ImportQueue,
	/// The node's keys.
	pub keystore: KeystoreContainer,
	/// Chooses the best chain.
	pub select_chain: FullSelectChain,
	/// Reports to a telemetry server, if one is configured.
	pub telemetry: Option<Telemetry>,
}

/// Opens the database and starts what every command needs.
pub fn new_parts(config: &Configuration) -> Result<Parts, ServiceError> {
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

	let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
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

	let import_queue =
		consensus::import_queue(config, client.clone(), &task_manager.spawn_essential_handle());

	Ok(Parts {
		select_chain: LongestChain::new(backend.clone()),
		client,
		backend,
		task_manager,
		import_queue,
		keystore,
		telemetry,
	})
}

/// Starts a node with the network backend `N`. Also returns a way to ask the node without a network.
pub fn new_full<N>(
	config: Configuration,
	sealing: consensus::Sealing,
) -> Result<(TaskManager, RpcHandlers), ServiceError>
where
	N: NetworkBackend<Block, Hash>,
{
	let Parts {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore,
		select_chain,
		mut telemetry,
	} = new_parts(&config)?;

	let pool = Arc::new(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let net_config = FullNetworkConfiguration::<Block, Hash, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let metrics = N::register_notification_metrics(config.prometheus_registry());

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

	let rpc_builder = {
		let client = client.clone();
		let pool = pool.clone();
		Box::new(move |_| {
			rpc::create(rpc::Deps {
				client: client.clone(),
				pool: pool.clone(),
			})
			.map_err(ServiceError::Application)
		})
	};

	let author = config.role.is_authority().then(|| {
		consensus::Author::new(
			&config,
			&task_manager,
			consensus::Deps {
				client: client.clone(),
				pool: pool.clone(),
				select_chain,
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			},
			sealing,
		)
	});

	let rpc = sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool.clone(),
		rpc_builder,
		network,
		system_rpc_tx,
		tx_handler_controller,
		sync_service,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if let Some(author) = author {
		author.start(&task_manager);
	}

	Ok((task_manager, rpc))
}
