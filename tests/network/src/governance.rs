//! How the council changes who the authorities are: with transactions, as its members do it.

use std::{
	fs,
	path::Path,
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use codec::Encode;
use frame_support::storage::storage_prefix;
use serde_json::{json, Value};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use veilmart_cli::chain::Chain;
use veilmart_demo_parts::{council, process::Node};
use veilmart_runtime::{AccountId, Runtime, RuntimeCall};
use veilmart_td_raft::{AuthoritySet, SetId};

use crate::{
	clients::{remark, send},
	Result,
};

/// How long a change of the set may take: what was decided takes effect when the session after the next begins, and a session is
/// a minute and, where blocks are rare, some seconds.
pub const TWO_SESSIONS: Duration = Duration::from_secs(150);

/// Has two of the three council members carry a motion through a node, and the chain execute it.
pub async fn carry(node: &Node, call: RuntimeCall) -> Result<()> {
	council::carry(&Chain::connect(&node.url).await?, call).await
}

/// The motion that a runtime with this code may replace the present one.
pub fn authorize_upgrade(code: &[u8]) -> RuntimeCall {
	let code_hash = BlakeTwo256::hash(code);
	council::as_root(frame_system::Call::<Runtime>::authorize_upgrade { code_hash })
}

/// The motion that an account be no authority any more.
pub fn remove_authority(account: AccountId) -> RuntimeCall {
	RuntimeCall::TdRaft(pallet_td_raft_election::Call::<Runtime>::remove_authority { account })
}

/// The motion that an account become an authority.
pub fn add_authority(account: AccountId) -> RuntimeCall {
	RuntimeCall::TdRaft(pallet_td_raft_election::Call::<Runtime>::add_authority { account })
}

/// Lets the chain's first session begin some time before its genesis, so that it ends as much sooner: nothing that a test waits
/// for happens in it.
pub fn shorten_first_session(specification: &Path, by: Duration) -> Result<()> {
	let mut chain: Value = serde_json::from_slice(&fs::read(specification)?)?;
	let begin = SystemTime::now().duration_since(UNIX_EPOCH)? - by;
	let key = storage_prefix(b"TdRaft", b"SessionStart");
	let value = u64::try_from(begin.as_millis())?.encode();
	let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
	let state = chain["genesis"]["raw"]["top"]
		.as_object_mut()
		.ok_or("the specification has no state")?;
	state.insert(hex(&key), json!(hex(&value)));
	fs::write(specification, serde_json::to_vec(&chain)?)?;
	Ok(())
}

/// The set that judges the children of the node's last final block.
pub async fn authorities(node: &Node) -> Result<AuthoritySet> {
	let chain = Chain::connect(&node.url).await?;
	let at = chain.finalized().await?;
	let set: Option<AuthoritySet> = chain.call("TdRaftApi_authorities", (), Some(at)).await?;
	set.ok_or_else(|| "the chain has no authorities".into())
}

/// The set that is to follow, as soon as it is decided.
pub async fn queued(node: &Node) -> Result<AuthoritySet> {
	wait(node, |chain| async move {
		Ok(chain.call("TdRaftApi_queued_set", (), None).await?)
	})
	.await
}

/// The set with this number or a later one, as soon as it is in force.
pub async fn set_in_force(node: &Node, id: SetId) -> Result<AuthoritySet> {
	wait(node, |_| async move {
		let set = authorities(node).await?;
		Ok((set.id() >= id).then_some(set))
	})
	.await
}

/// Waits for something that happens when a session begins, and sees to it that there are blocks.
async fn wait<T, F>(node: &Node, look: impl Fn(Chain) -> F) -> Result<T>
where
	F: core::future::Future<Output = Result<Option<T>>>,
{
	let started = Instant::now();
	while started.elapsed() < TWO_SESSIONS {
		let chain = Chain::connect(&node.url).await?;
		if let Some(found) = look(chain).await? {
			return Ok(found);
		}
		send(node, "//Auditor", remark("a block, please")).await?;
		tokio::time::sleep(Duration::from_millis(500)).await;
	}
	Err(format!(
		"after {TWO_SESSIONS:?} the set has not changed\n{}",
		node.last_words()
	)
	.into())
}
