//! What a node answers to the wallet, which has no reason to trust it: any bytes decode or are refused.

use codec::{Decode, Encode};
use pallet_certificates::{Certificate, Moment};
use pallet_ecommerce::{
	runtime_api::{AccountState, Market},
	Accumulators, Credit, CreditId, Listing, ListingId, Order, OrderId, Quote, Redemption, RedemptionId,
};
use sp_core::H256;
use veilmart_cli::chain::Event;
use veilmart_runtime::{AccountId, Header};
use veilmart_td_raft::{runtime_api::ElectionRecord, AuthorityRecord, Timing};

use crate::whole;

fn is<T: Decode + Encode>(data: &[u8]) -> bool {
	whole::<T>(data).is_some()
}

/// Accepted is an answer that says something: an empty list, or nothing, does not.
pub fn run(data: &[u8]) -> bool {
	let answers = [
		is::<AccountState>,
		is::<Market>,
		is::<Vec<(CreditId<AccountId>, Credit)>>,
		is::<Vec<(RedemptionId<AccountId>, Redemption)>>,
		is::<Option<Listing>>,
		is::<Vec<(ListingId<AccountId>, Listing)>>,
		is::<Option<Quote>>,
		is::<Vec<(ListingId<AccountId>, Quote)>>,
		is::<Option<Order<AccountId>>>,
		is::<Vec<(OrderId<AccountId>, Order<AccountId>)>>,
		is::<Option<Accumulators>>,
		is::<Option<Certificate<AccountId, Moment>>>,
		is::<Option<AccountId>>,
		is::<Vec<Event>>,
		is::<Vec<ElectionRecord>>,
		is::<Vec<AuthorityRecord>>,
		is::<Timing>,
		is::<Header>,
		is::<(H256, Vec<u8>)>,
	];
	// All of them, also when one knows the bytes.
	let known = answers.iter().filter(|is| is(data)).count();
	data.len() > 1 && known > 0
}
