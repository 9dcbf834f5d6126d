//! What clients may ask the runtime without a transaction.

// The macro makes public items whose documentation is that of the traits.
#![allow(missing_docs)]

use alloc::{boxed::Box, vec::Vec};

use frame_support::{
	dispatch::DispatchClass,
	genesis_builder_helper::{build_state, get_preset},
	view_functions::{ViewFunctionDispatchError, ViewFunctionId},
	weights::{constants::WEIGHT_REF_TIME_PER_MICROS, Weight},
};
use pallet_certificates::{Certificate, Moment};
use pallet_ecommerce::{
	runtime_api::{AccountState, Market},
	Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderId, OrderState, Quote, Redemption,
	RedemptionId,
};
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
	impl_opaque_keys,
	traits::Block as BlockT,
	transaction_validity::{TransactionSource, TransactionValidity},
	ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;
use veilmart_td_raft::{
	keys::{share, vote},
	runtime_api::ElectionRecord,
	AuthorityId, AuthorityRecord, AuthoritySet, BlockHash, Evidence, Term, Timing,
};
use veilmart_trapdoor::Dealing;

use crate::{
	composition, configs::RuntimeBlockWeights, extensions, genesis_presets, AccountId, Balance, Block,
	Certificates, Ecommerce, Executive, Header, Nonce, Runtime, RuntimeCall, RuntimeGenesisConfig, System,
	TdRaft, TransactionPayment, VERSION,
};

impl_opaque_keys! {
	/// The keys that an authority registers for its sessions.
	pub struct SessionKeys {
		/// For votes, seals and lots.
		pub tdrf: vote::Public,
		/// For opening its share of a dealing.
		pub tdsh: share::Public,
	}
}

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
			composition::inherent_extrinsics(&data)
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: InherentData,
		) -> CheckInherentsResult {
			composition::check_inherents(&block, &data)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			transaction: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, transaction, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &Header) {
			Executive::offchain_worker(header)
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl veilmart_td_raft::runtime_api::TdRaftApi<Block> for Runtime {
		fn authorities() -> Option<AuthoritySet> {
			TdRaft::authorities()
		}

		fn queued_set() -> Option<AuthoritySet> {
			TdRaft::queued_set()
		}

		fn is_closing_next() -> bool {
			TdRaft::is_closing_next()
		}

		fn leader() -> Option<(Term, AuthorityId)> {
			TdRaft::leader()
		}

		fn dealing() -> Option<Dealing> {
			pallet_td_raft_election::CurrentDealing::<Runtime>::get()
		}

		fn genesis_binding() -> BlockHash {
			pallet_td_raft_election::GenesisBinding::<Runtime>::get()
		}

		fn timing() -> Timing {
			pallet_td_raft_election::CurrentTiming::<Runtime>::get()
		}

		fn records() -> Vec<AuthorityRecord> {
			TdRaft::records()
		}

		fn elections() -> Vec<ElectionRecord> {
			pallet_td_raft_election::Elections::<Runtime>::get().into_inner()
		}

		fn offence_report(evidence: Evidence) -> Option<<Block as BlockT>::Extrinsic> {
			TdRaft::examine(&evidence).ok()?;
			let evidence = Box::new(evidence);
			let report = pallet_td_raft_election::Call::report_offence { evidence };
			Some(extensions::authorized_extrinsic(report.into()))
		}

		fn work() -> Option<u64> {
			// What the last block weighed stays in the state until the next begins.
			let weight = System::block_weight();
			let limit = RuntimeBlockWeights::get().max_block.ref_time();
			let of = |class| weight.get(class).ref_time();
			(of(DispatchClass::Mandatory) < limit).then(|| {
				let picoseconds = of(DispatchClass::Normal).saturating_add(of(DispatchClass::Operational));
				picoseconds.saturating_div(WEIGHT_REF_TIME_PER_MICROS)
			})
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_certificates::runtime_api::CertificatesApi<Block, AccountId> for Runtime {
		fn certificate(account: AccountId) -> Option<Certificate<AccountId, Moment>> {
			Certificates::certificate(account)
		}

		fn certificate_authority() -> Option<AccountId> {
			Certificates::certificate_authority()
		}

		fn quota_left(account: AccountId) -> u32 {
			Certificates::quota_left(account)
		}

		fn request_counter(account: AccountId) -> u64 {
			Certificates::request_counter(account)
		}
	}

	impl pallet_ecommerce::runtime_api::EcommerceApi<Block, AccountId> for Runtime {
		fn market() -> Market {
			Ecommerce::market()
		}

		fn modulus_proof() -> Vec<u8> {
			pallet_ecommerce::ModulusProof::<Runtime>::get().into_inner()
		}

		fn account(account: AccountId) -> AccountState {
			Ecommerce::account(&account)
		}

		fn incoming(account: AccountId) -> Vec<(CreditId<AccountId>, Credit)> {
			Ecommerce::incoming(&account)
		}

		fn redemptions(issuer: AccountId) -> Vec<(RedemptionId<AccountId>, Redemption)> {
			Ecommerce::redemptions(&issuer)
		}

		fn listing(listing: ListingId<AccountId>) -> Option<Listing> {
			Ecommerce::listing_of(&listing)
		}

		fn listings(seller: AccountId) -> Vec<(ListingId<AccountId>, Listing)> {
			Ecommerce::listings(&seller)
		}

		fn quote(buyer: AccountId, listing: ListingId<AccountId>) -> Option<Quote> {
			Ecommerce::quote_of(&buyer, &listing)
		}

		fn quotes(buyer: AccountId) -> Vec<(ListingId<AccountId>, Quote)> {
			Ecommerce::quotes(&buyer)
		}

		fn order(order: OrderId<AccountId>) -> Option<Order<AccountId>> {
			Ecommerce::order_of(&order)
		}

		fn orders_of_buyer(
			buyer: AccountId,
			state: Option<OrderState>,
		) -> Vec<(OrderId<AccountId>, Order<AccountId>)> {
			Ecommerce::orders_of_buyer(&buyer, state)
		}

		fn orders_of_seller(
			seller: AccountId,
			state: Option<OrderState>,
		) -> Vec<(OrderId<AccountId>, Order<AccountId>)> {
			Ecommerce::orders_of_seller(&seller, state)
		}

		fn accumulators() -> Option<Accumulators> {
			Ecommerce::accumulators()
		}

		fn verify(statement: Vec<u8>, proof: Vec<u8>) -> u32 {
			Ecommerce::verdict(&statement, &proof)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
		fn query_info(extrinsic: <Block as BlockT>::Extrinsic, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(extrinsic, len)
		}

		fn query_fee_details(extrinsic: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_fee_details(extrinsic, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
		for Runtime
	{
		fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}

		fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, genesis_presets::get_preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			genesis_presets::preset_names()
		}
	}

	#[cfg(feature = "try-runtime")]
	impl frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
			// The caller wants the error, and a panic is the only way to hand it over.
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade's checks failed");
			(weight, crate::configs::RuntimeBlockWeights::get().max_block)
		}

		fn execute_block(
			block: <Block as BlockT>::LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: frame_try_runtime::TryStateSelect,
		) -> Weight {
			Executive::try_execute_block(block, state_root_check, signature_check, select)
				.expect("the block's execution failed")
		}
	}
	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (
			Vec<frame_benchmarking::BenchmarkList>,
			Vec<frame_support::traits::StorageInfo>,
		) {
			crate::benchmarks::metadata(extra)
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			crate::benchmarks::dispatch(config)
		}
	}
}
