//! The parts of a running node, put together.

use std::{sync::Arc, time::Duration};

use baseline_runtime::{opaque::Block, Hash, RuntimeApi};
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_client_api::BlockBackend;
use sc_consensus_aura::{ImportQueueParams, SlotProportion, StartAuraParams};
use sc_executor::WasmExecutor;
use sc_network::{config::FullNetworkConfiguration, NetworkBackend};
use sc_service::{
	error::Error as ServiceError, Configuration, SpawnTasksParams, TFullBackend, TFullClient, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::{sr25519::AuthorityPair, SlotDuration};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// Runs the runtime's wasm.
type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;
/// The chain, as this node holds it.
type FullClient = TFullClient<Block, RuntimeApi, Executor>;
/// The database.
type FullBackend = TFullBackend<Block>;
/// The transactions that wait.
type FullPool = TransactionPoolHandle<Block, FullClient>;

/// Blocks after which GRANDPA keeps a proof that others can check, at the latest.
const JUSTIFICATION_PERIOD: u32 = 512;

/// How long a message of GRANDPA is expected to travel.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// Share of a slot in which a block has to be made.
const PROPOSING_SHARE: f32 = 2.0 / 3.0;

/// What a block begins with: the slot, and the time.
async fn inherents(
	slot: SlotDuration,
) -> Result<
	(
		sp_consensus_aura::inherents::InherentDataProvider,
		sp_timestamp::InherentDataProvider,
	),
	Box<dyn std::error::Error + Send + Sync>,
> {
	let time = sp_timestamp::InherentDataProvider::from_system_time();
	let slot =
		sp_consensus_aura::inherents::InherentDataProvider::from_timestamp_and_slot_duration(*time, slot);
	Ok((slot, time))
}

/// What the node answers beside the standard methods: account nonces with regard to the pool, fees.
fn rpc(client: Arc<FullClient>, pool: Arc<FullPool>) -> Result<RpcModule<()>, ServiceError> {
	let application =
		|error: jsonrpsee::core::RegisterMethodError| ServiceError::Application(Box::new(error));
	let mut module = RpcModule::new(());
	module
		.merge(System::new(client.clone(), pool).into_rpc())
		.map_err(application)?;
	module
		.merge(TransactionPayment::new(client).into_rpc())
		.map_err(application)?;
	Ok(module)
}

/// Starts a node with the network backend `N`.
pub fn new_full<N>(config: Configuration) -> Result<TaskManager, ServiceError>
where
	N: NetworkBackend<Block, Hash>,
{
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

	let executor = sc_service::new_wasm_executor::<sp_io::SubstrateHostFunctions>(&config.executor);
	let (client, backend, keystore, mut task_manager) = sc_service::new_full_parts::<Block, RuntimeApi, _>(
		&config,
		telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
		executor,
		Default::default(),
	)?;
	let client: Arc<FullClient> = Arc::new(client);
	let backend: Arc<FullBackend> = backend;
	let mut telemetry: Option<Telemetry> = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});

	let select_chain = sc_consensus::LongestChain::new(backend.clone());
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

	// A block passes GRANDPA's import, which learns of justifications, before the client's own.
	let (block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(|telemetry| telemetry.handle()),
	)?;
	let slot = sc_consensus_aura::slot_duration(&*client)?;
	let import_queue = sc_consensus_aura::import_queue::<AuthorityPair, _, _, _, _, _>(ImportQueueParams {
		block_import: block_import.clone(),
		justification_import: Some(Box::new(block_import.clone())),
		client: client.clone(),
		create_inherent_data_providers: move |_, ()| inherents(slot),
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		check_for_equivocation: Default::default(),
		telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
		compatibility_mode: Default::default(),
	})?;

	let mut net_config = FullNetworkConfiguration::<Block, Hash, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let genesis = client
		.block_hash(0)?
		.ok_or_else(|| ServiceError::Other("the chain has no genesis".into()))?;
	let grandpa_protocol = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (protocol_config, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<Block, N>(
		grandpa_protocol.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
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

	let role = config.role;
	let force_authoring = config.force_authoring;
	let node_name = config.network.node_name.clone();
	let registry = config.prometheus_registry().cloned();

	let rpc_builder = {
		let client = client.clone();
		let pool = pool.clone();
		Box::new(move |_| rpc(client.clone(), pool.clone()))
	};
	// It also makes the keys of `--alice` and the like, without which GRANDPA would wait in its first round for ever.
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool.clone(),
		rpc_builder,
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	if role.is_authority() {
		let proposer_factory = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			pool.clone(),
			registry.as_ref(),
			telemetry.as_ref().map(|telemetry| telemetry.handle()),
		);
		let aura =
			sc_consensus_aura::start_aura::<AuthorityPair, _, _, _, _, _, _, _, _, _, _>(StartAuraParams {
				slot_duration: slot,
				client: client.clone(),
				select_chain,
				block_import,
				proposer_factory,
				sync_oracle: sync_service.clone(),
				justification_sync_link: sync_service.clone(),
				create_inherent_data_providers: move |_, ()| inherents(slot),
				force_authoring,
				backoff_authoring_blocks: Some(
					sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging::default(),
				),
				keystore: keystore.keystore(),
				block_proposal_slot_portion: SlotProportion::new(PROPOSING_SHARE),
				max_block_proposal_slot_portion: None,
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				compatibility_mode: Default::default(),
			})?;
		task_manager
			.spawn_essential_handle()
			.spawn_blocking("aura", Some("block-authoring"), aura);

		let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: GOSSIP_DURATION,
				justification_generation_period: JUSTIFICATION_PERIOD,
				observer_enabled: false,
				local_role: role,
				name: Some(node_name),
				keystore: Some(keystore.keystore()),
				telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
				protocol_name: grandpa_protocol,
			},
			link: grandpa_link,
			network: network.clone(),
			sync: sync_service.clone(),
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry: registry,
			shared_voter_state: sc_consensus_grandpa::SharedVoterState::empty(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(pool.clone()),
		})?;
		task_manager
			.spawn_essential_handle()
			.spawn_blocking("grandpa", None, voter);
	}
	Ok(task_manager)
}
