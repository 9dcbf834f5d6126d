//! What the node answers beside the standard methods of `sc-service` (`system`, `state`, `chain`,
//! `author`, and the specification's `chainHead_v1`, `chainSpec_v1`, `transaction_v1`).
//!
//! Only what a node alone knows belongs here; reads of the state are runtime APIs.

use std::{error::Error, sync::Arc};

use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use substrate_frame_rpc_system::{System, SystemApiServer};

use crate::{pool::Pool, service::FullClient};

mod shared;
mod td_raft;

pub use shared::SharedAnswer;
pub use td_raft::Consensus;
use td_raft::TdRaftApiServer;

/// What the methods need.
pub struct Deps {
	/// The chain.
	pub client: Arc<FullClient>,
	/// The transactions that wait.
	pub pool: Arc<Pool>,
	/// The consensus.
	pub consensus: Consensus,
}

/// The node's own methods: account nonces with regard to the pool, fees (always zero), the consensus.
pub fn create(deps: Deps) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
	let Deps {
		client,
		pool,
		consensus,
	} = deps;
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client).into_rpc())?;
	module.merge(consensus.into_rpc())?;
	Ok(module)
}
