//! The first authorities.

use alloc::{format, string::String, vec::Vec};
use codec::DecodeAll;
use veilmart_td_raft::{genesis_binding, genesis_context, AuthorityRecord, AuthoritySet, SetId, Timing};
use veilmart_trapdoor::Dealing;

use crate::{
	types::Roster, verification::HostSr25519, Config, Current, CurrentDealing, CurrentTiming, GenesisBinding,
	GenesisConfig, Records, Wanted,
};

impl<T: Config> GenesisConfig<T> {
	/// Checks and writes everything, or says what is wrong. The dealing is verified by portable code: genesis is built
	/// where no host function of ours exists.
	pub(crate) fn build_or_explain(&self) -> Result<(), String> {
		let nothing = self.authorities.is_empty() && self.records.is_empty() && self.dealing.is_none();
		if nothing && self.timing.is_none() && self.chain_id.is_empty() {
			// The default, which the SDK's own tests build. Such a chain has no blocks.
			return Ok(());
		}
		let mut members: Vec<_> = self
			.authorities
			.iter()
			.map(|genesis| (genesis.authority(), genesis.account.clone()))
			.collect();
		for (authority, account) in &members {
			if !authority.is_acceptable() {
				return Err(format!("a key of {account:?} is no point or the identity"));
			}
		}
		members.sort();
		let accounts: Vec<_> = members.iter().map(|(_, account)| account.clone()).collect();
		let members = members.into_iter().map(|(authority, _)| authority).collect();
		let set = AuthoritySet::new(SetId(0), members).map_err(|error| format!("{error}"))?;
		let keys = set.share_keys().map_err(|error| format!("{error}"))?;
		let mut wanted = accounts.clone();
		wanted.sort();
		if wanted.windows(2).any(|pair| pair[0] == pair[1]) {
			return Err("an account is listed twice".into());
		}

		let timing = self.timing.unwrap_or(Timing::LOCAL);
		timing
			.check(set.count())
			.and_then(|()| timing.check_wait())
			.map_err(|error| format!("the timing does not serve: {error}"))?;

		let binding = genesis_binding(&self.chain_id, &set);
		match &self.dealing {
			Some(_) if set.count() == 1 => return Err("a single authority needs no dealing".into()),
			None if set.count() > 1 => return Err("there is no dealing".into()),
			None => {}
			Some(bytes) => {
				let dealing =
					Dealing::decode_all(&mut &bytes[..]).map_err(|_| "the dealing does not decode")?;
				dealing
					.verify(&genesis_context(binding), &keys)
					.map_err(|error| {
						format!("the dealing is not one to these authorities for this chain id: {error}")
					})?;
				CurrentDealing::<T>::put(dealing);
			}
		}

		for bytes in &self.records {
			let record =
				AuthorityRecord::decode_all(&mut &bytes[..]).map_err(|_| "a record does not decode")?;
			let id = record.body.authority;
			if set.index_of(&id).is_none() || Records::<T>::contains_key(id) {
				return Err(format!("a record of somebody else, or a second one: {id:?}"));
			}
			if !record.verify(&binding, &HostSr25519) {
				return Err(format!("the record of {id:?} is not signed by it for this chain"));
			}
			Records::<T>::insert(id, record);
		}

		GenesisBinding::<T>::put(binding);
		CurrentTiming::<T>::put(timing);
		Wanted::<T>::put(
			frame_support::BoundedVec::try_from(wanted).map_err(|_| "there are too many authorities")?,
		);
		Current::<T>::put(Roster {
			set,
			accounts: accounts.into_iter().collect(),
		});
		Ok(())
	}
}
