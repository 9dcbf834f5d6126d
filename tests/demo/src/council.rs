//! The council, as its members govern: with transactions, two of the three being enough for what Root may do.

use codec::Encode;
use frame_support::{dispatch::GetDispatchInfo, weights::Weight};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use std::error::Error;
use veilmart_cli::{account::Account, chain::Chain, transaction::Until};
use veilmart_runtime::{configs::CouncilCollective, governance, Runtime, RuntimeCall, RuntimeEvent};

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Motion = pallet_collective::Call<Runtime, CouncilCollective>;

/// Has two of the three council members carry a motion, and the chain execute it.
pub async fn carry(chain: &Chain, call: RuntimeCall) -> Result<()> {
	carry_with(call, async |member, call| {
		let account = Account::development(member)?;
		let included = chain.submit_and_watch(&account, call, Until::Finalized).await?;
		Ok(included.events)
	})
	.await
}

/// The same for who sends transactions in a way of its own: `send` takes the sender and the call, and gives the events.
pub async fn carry_with(
	call: RuntimeCall,
	send: impl AsyncFn(&'static str, RuntimeCall) -> Result<Vec<RuntimeEvent>>,
) -> Result<()> {
	let length_bound = u32::try_from(call.encoded_size())?;
	let proposal_hash = BlakeTwo256::hash_of(&call);
	let proposal_weight_bound = call
		.get_dispatch_info()
		.call_weight
		.saturating_add(Weight::from_parts(1, 1));
	let propose = Motion::propose {
		threshold: 2,
		proposal: Box::new(call),
		length_bound,
	};
	let proposed = send("//Alice", RuntimeCall::Council(propose)).await?;
	let index = proposed
		.iter()
		.find_map(|event| match event {
			RuntimeEvent::Council(pallet_collective::Event::Proposed { proposal_index, .. }) => {
				Some(*proposal_index)
			}
			_ => None,
		})
		.ok_or("the motion was not proposed")?;
	for member in ["//Alice", "//Bob"] {
		let vote = Motion::vote {
			proposal: proposal_hash,
			index,
			approve: true,
		};
		send(member, RuntimeCall::Council(vote)).await?;
	}
	let close = Motion::close {
		proposal_hash,
		index,
		proposal_weight_bound,
		length_bound,
	};
	let closed = send("//Alice", RuntimeCall::Council(close)).await?;
	closed
		.iter()
		.find_map(|event| match event {
			RuntimeEvent::Council(pallet_collective::Event::Executed { result, .. }) => Some(*result),
			_ => None,
		})
		.ok_or("the motion was not executed")?
		.map_err(|error| format!("the motion failed: {error:?}").into())
}

/// The call as the council may decide it: two thirds of it act as Root.
pub fn as_root(call: impl Into<RuntimeCall>) -> RuntimeCall {
	let call = Box::new(call.into());
	RuntimeCall::Governance(governance::Call::dispatch_as_root { call })
}
