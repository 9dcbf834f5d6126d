//! Registering an account's view keys, one after the other.
//!
//! Notes are sealed to the key in the account's certificate. A wallet opens those that were sealed to earlier keys, too:
//! it derives all of them, up to the number that the chain counts.

use pallet_certificates::{Call, Event, ViewKey, ViewKeyRecord};
use veilmart_runtime::{Runtime, RuntimeCall, RuntimeEvent};

use crate::{
	account::Account,
	chain::Chain,
	error::{Error, Result},
	transaction::Until,
};

/// Registers the account's first view key, if it has registered none. `None` if it has.
pub async fn register(chain: &Chain, account: &Account, until: Until) -> Result<Option<ViewKeyRecord>> {
	match in_force(chain, account).await? {
		Some(_) => Ok(None),
		None => put(chain, account, 0, until).await.map(Some),
	}
}

/// Registers the view key after the one in force, or the first one. Also the way out if the key in force is not the
/// account's own.
pub async fn rotate(chain: &Chain, account: &Account, until: Until) -> Result<ViewKeyRecord> {
	let index = match in_force(chain, account).await? {
		None => 0,
		Some(record) => after(record)?,
	};
	put(chain, account, index, until).await
}

/// The view key, with its number, that a request for a certificate names: the one in force, so that nothing changes. Where
/// that is not the account's own, the next one takes its place.
pub fn for_request(account: &Account, in_force: Option<ViewKeyRecord>) -> Result<ViewKey> {
	let index = match in_force {
		None => 0,
		Some(record) if account.view_key(record.index)? == record.key => record.index,
		Some(record) => after(record)?,
	};
	account.view_key(index)
}

async fn in_force(chain: &Chain, account: &Account) -> Result<Option<ViewKeyRecord>> {
	let certificate = chain.certificate(&account.id(), None).await?;
	certificate
		.map(|certificate| certificate.view_key)
		.ok_or_else(|| Error::no_certificate(&account.id()))
}

fn after(record: ViewKeyRecord) -> Result<u32> {
	record
		.index
		.checked_add(1)
		.ok_or_else(|| Error::wallet("There are no more view keys."))
}

/// Registers the view key with this number, which has to be the next that the chain counts.
async fn put(chain: &Chain, account: &Account, index: u32, until: Until) -> Result<ViewKeyRecord> {
	let key = account.view_key(index)?;
	let counter = chain.request_counter(&account.id()).await?.saturating_add(1);
	let call = RuntimeCall::Certificates(Call::set_view_key {
		view_key: key,
		counter,
	});
	let included = chain.submit_and_watch(account, call, until).await?;
	let counted = included.events.iter().find_map(|event| match event {
		RuntimeEvent::Certificates(Event::<Runtime>::ViewKeySet { account: of, index })
			if *of == account.id() =>
		{
			Some(*index)
		}
		_ => None,
	});
	// Otherwise somebody registered another key between reading and writing.
	if counted == Some(index) {
		Ok(ViewKeyRecord { key, index })
	} else {
		Err(Error::wallet(
			"Another program registered a view key for this account at the same time; register the next one.",
		))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_request_changes_no_view_key_that_is_the_accounts_own() {
		let account = Account::development("//Shop").unwrap();
		let own = |index| account.view_key(index).unwrap();
		let record = |key, index| Some(ViewKeyRecord { key, index });
		assert_eq!(for_request(&account, None), Ok(own(0)));
		assert_eq!(for_request(&account, record(own(3), 3)), Ok(own(3)));
		// An old request brought an old key back, or somebody else's.
		assert_eq!(for_request(&account, record(own(0), 3)), Ok(own(4)));
		let foreign = Account::development("//Other").unwrap().view_key(3).unwrap();
		assert_eq!(for_request(&account, record(foreign, 3)), Ok(own(4)));
		assert!(for_request(&account, record(own(0), u32::MAX)).is_err());
	}
}
