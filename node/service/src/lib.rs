//! A node without its command line: the parts of a running one, put together.
//!
//! The rules of the chain are in `veilmart-runtime`, agreement on blocks in `veilmart-td-raft-engine`. Here are
//!
//! - [`service`]: the client, its database, the network and the engine, joined;
//! - [`pool`]: the SDK's pool of transactions with this chain's rules;
//! - [`proofs`]: what is counted of proofs;
//! - [`signatures`]: verified once a node;
//! - [`rpc`]: what a node answers beside the standard methods.
//!
//! It is apart from the program because the program changes with every commit, whose number it tells, and this is what takes
//! minutes to compile.

// The SDK's errors are large, and are handed on as they are.
#![allow(clippy::result_large_err)]

pub mod pool;
pub mod proofs;
pub mod rpc;
pub mod service;
pub mod signatures;

#[cfg(test)]
mod tests {
	use codec::Encode as _;

	/// The engine votes for no block that is dated long ago, and reads the date from the state.
	#[test]
	fn the_date_of_a_block_is_where_the_engine_reads_it() {
		sp_io::TestExternalities::new_empty().execute_with(|| {
			sp_io::storage::set(&veilmart_td_raft_engine::DATE_KEY, &5_u64.encode());
			assert_eq!(veilmart_runtime::Timestamp::get(), 5);
		});
	}
}
