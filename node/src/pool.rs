//! The pool as the proposer sees it: up to date, or empty.
//!
//! The pool takes note of a block after it was imported. Asked in between, the SDK's single-state pool gives what was ready
//! before: transactions that the block holds already. To a proposer they look invalid, it reports them, and the pool
//! throws them out with all that follow from the same account, and refuses them for half an hour.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use futures::future::{select, Either};
use sc_transaction_pool_api::{
	ImportNotificationStream, PoolStatus, ReadyTransactions, TransactionFor, TransactionPool,
	TransactionSource, TransactionStatusStreamFor, TxHash, TxInvalidityReportMap,
};
use sp_runtime::{
	traits::Block as BlockT,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};

/// How long a proposer waits for the pool to take note of the parent, at least: most of the time it has for a block.
const PATIENCE: Duration = Duration::from_millis(400);

/// The pool.
pub struct UpToDate<P>(pub Arc<P>);

type Ready<P> = Box<dyn ReadyTransactions<Item = Arc<<P as TransactionPool>::InPoolTransaction>> + Send>;

/// Whether a transaction that failed so may be all right: it is in a block already, or another has to come first.
fn is_out_of_turn(error: &Option<TransactionValidityError>) -> bool {
	matches!(
		error,
		Some(TransactionValidityError::Invalid(
			InvalidTransaction::Stale | InvalidTransaction::Future
		))
	)
}

#[async_trait::async_trait]
impl<P: TransactionPool + 'static> TransactionPool for UpToDate<P> {
	type Block = P::Block;
	type Hash = P::Hash;
	type InPoolTransaction = P::InPoolTransaction;
	type Error = P::Error;

	async fn submit_at(
		&self,
		at: <P::Block as BlockT>::Hash,
		source: TransactionSource,
		transactions: Vec<TransactionFor<Self>>,
	) -> Result<Vec<Result<TxHash<Self>, P::Error>>, P::Error> {
		self.0.submit_at(at, source, transactions).await
	}

	async fn submit_one(
		&self,
		at: <P::Block as BlockT>::Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<TxHash<Self>, P::Error> {
		self.0.submit_one(at, source, transaction).await
	}

	async fn submit_and_watch(
		&self,
		at: <P::Block as BlockT>::Hash,
		source: TransactionSource,
		transaction: TransactionFor<Self>,
	) -> Result<Pin<Box<TransactionStatusStreamFor<Self>>>, P::Error> {
		self.0.submit_and_watch(at, source, transaction).await
	}

	async fn ready_at(&self, at: <P::Block as BlockT>::Hash) -> Ready<P> {
		self.0.ready_at(at).await
	}

	fn ready(&self) -> Ready<P> {
		self.0.ready()
	}

	async fn report_invalid(
		&self,
		at: Option<<P::Block as BlockT>::Hash>,
		mut errors: TxInvalidityReportMap<TxHash<Self>>,
	) -> Vec<Arc<P::InPoolTransaction>> {
		errors.retain(|_, error| !is_out_of_turn(error));
		self.0.report_invalid(at, errors).await
	}

	fn futures(&self) -> Vec<P::InPoolTransaction> {
		self.0.futures()
	}

	fn status(&self) -> PoolStatus {
		self.0.status()
	}

	fn import_notification_stream(&self) -> ImportNotificationStream<TxHash<Self>> {
		self.0.import_notification_stream()
	}

	fn on_broadcasted(&self, propagations: HashMap<TxHash<Self>, Vec<String>>) {
		self.0.on_broadcasted(propagations)
	}

	fn hash_of(&self, transaction: &TransactionFor<Self>) -> TxHash<Self> {
		self.0.hash_of(transaction)
	}

	fn ready_transaction(&self, hash: &TxHash<Self>) -> Option<Arc<P::InPoolTransaction>> {
		self.0.ready_transaction(hash)
	}

	async fn ready_at_with_timeout(&self, at: <P::Block as BlockT>::Hash, timeout: Duration) -> Ready<P> {
		let patience = tokio::time::sleep(PATIENCE.max(timeout));
		match select(self.0.ready_at(at), Box::pin(patience)).await {
			Either::Left((ready, _)) => ready,
			Either::Right(_) => Box::new(std::iter::empty()),
		}
	}
}
