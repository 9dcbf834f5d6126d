//! A pool for tests of what is asked of leaders.

use super::*;
use sp_runtime::OpaqueExtrinsic;

/// How transactions begin that are ready, and of which the pool has not said so.
pub(super) const SILENT: u8 = 0xff;

/// A pool in which whatever is asked for is ready, and that knows transactions by their first byte.
struct Full;

impl Pool for Full {
	fn arrivals(&self) -> BoxStream<'static, H256> {
		futures::stream::pending().boxed()
	}

	fn ready(&self, hash: &H256) -> Option<Vec<u8>> {
		Some(hash.0.to_vec())
	}

	fn all_ready(&self) -> Vec<H256> {
		vec![named(SILENT)]
	}

	fn hash_of(&self, transaction: &OpaqueExtrinsic) -> H256 {
		named(transaction.inner().first().copied().unwrap_or_default())
	}

	fn any_ready_at(self: Arc<Self>, _at: H256) -> BoxFuture<'static, bool> {
		async { true }.boxed()
	}

	fn submit(
		self: Arc<Self>,
		_at: H256,
		_source: TransactionSource,
		_transaction: Vec<u8>,
	) -> BoxFuture<'static, Result<(), String>> {
		async { Ok(()) }.boxed()
	}
}

/// The hash of transactions that begin with this byte.
pub(super) fn named(byte: u8) -> H256 {
	H256::repeat_byte(byte)
}

/// A node with such a pool, by whose clock whatever waits has had its time.
pub(super) fn impatient() -> Lab {
	let mut lab = Lab::new(false);
	lab.engine.pool = Some(Arc::new(Full));
	lab.engine.core.set_timing(Timing {
		sync_timeout: 0,
		..Timing::LOCAL
	});
	lab
}
