//! What holds after every block, whatever was called.

use alloc::collections::BTreeSet;
use codec::DecodeAll;
use frame_support::ensure;
use sp_runtime::{DigestItem, TryRuntimeError};
use veilmart_td_raft::{ConsensusLog, Number, ENGINE_ID};

use crate::{
	types::Roster, Config, Current, CurrentDealing, CurrentTiming, Elected, Elections, Ending, Head,
	LastBlock, Pallet, Past, Queued, Records, Reported, SessionStart, Wanted, PAST_SETS,
};

impl<T: Config> Pallet<T> {
	/// Checks the invariants; also natively, for who looks at the state of a node.
	///
	/// 1. There is a present set; it and the queued one have an account for each authority, no account twice, and
	///    authorities whose keys a set may have. (That they are sorted, their type sees to.)
	/// 2. The queued set has the next number, is another than the present one, and is what `pallet-session` has queued.
	/// 3. The next block closes the set if and only if this block's header says so, and to that set.
	/// 4. The last block's set is the present one, or the one before if it closed it.
	/// 5. There is a dealing if there are several authorities, with one share for each.
	/// 6. Somebody is wanted, nobody twice.
	/// 7. The timing serves the present, the queued, and the wanted set.
	/// 8. The history rises in set, term and height, and not beyond the last block.
	/// 9. Records are of authorities of the present or the queued set.
	/// 10. The last sets are remembered and no others; reports are of sets that are remembered and of their authorities.
	/// 11. The session's time has begun if a block has been made.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let current = Current::<T>::get().ok_or("no authorities")?;
		Self::check_roster(&current)?;
		let queued = Queued::<T>::get();
		if let Some(next) = &queued {
			Self::check_roster(next)?;
			ensure!(
				next.set.id() == current.set.id().next(),
				"a queued set with another number than the next"
			);
		}
		ensure!(
			queued == Self::plan(&current, &pallet_session::QueuedKeys::<T>::get()),
			"a queued set that is not the session's, or none although the session has one"
		);

		let closes = if Ending::<T>::get() { queued.as_ref() } else { None };
		let announced = Self::announced()?;
		ensure!(
			announced.as_ref() == closes.map(|next| &next.set),
			"the header does not announce what the next block does"
		);

		let head: Head = LastBlock::<T>::get();
		let expected = if head.closing {
			head.set_id.next()
		} else {
			head.set_id
		};
		ensure!(
			current.set.id() == expected,
			"a last block of another set than that before the present one"
		);

		let shares = CurrentDealing::<T>::get().map(|dealing| dealing.count());
		ensure!(
			shares == Some(current.set.count()) || (shares.is_none() && current.set.count() == 1),
			"a dealing that is not to the present set"
		);

		let wanted = Wanted::<T>::get();
		ensure!(!wanted.is_empty(), "nobody is wanted");
		ensure!(
			wanted.windows(2).all(|pair| pair[0] < pair[1]),
			"the wanted authorities are not sorted, or one is there twice"
		);
		ensure!(
			CurrentTiming::<T>::get()
				.check(Self::largest_set(wanted.len()))
				.is_ok(),
			"a timing that does not serve"
		);

		let elections = Elections::<T>::get();
		ensure!(
			!Elected::<T>::exists(),
			"an election that did not get into the history"
		);
		ensure!(
			elections.windows(2).all(|pair| {
				(pair[0].set_id, pair[0].term) < (pair[1].set_id, pair[1].term)
					&& pair[0].number < pair[1].number
			}),
			"a history that does not rise"
		);
		if let Some(last) = elections.last() {
			ensure!(
				last.term <= head.term && last.number <= Number(Self::height()),
				"an election in the future"
			);
		}

		for (id, record) in Records::<T>::iter() {
			ensure!(Self::is_known(&id), "a record of nobody's");
			ensure!(record.body.authority == id, "a record under another's name");
		}
		Self::check_past(&current)?;
		ensure!(
			Self::height() == 0 || SessionStart::<T>::exists(),
			"a session that did not begin"
		);
		Ok(())
	}

	fn check_roster(roster: &Roster<T::AccountId>) -> Result<(), TryRuntimeError> {
		ensure!(
			roster.accounts.len() == roster.set.members().len(),
			"not one account for each authority"
		);
		let accounts: BTreeSet<_> = roster.accounts.iter().collect();
		ensure!(
			accounts.len() == roster.accounts.len(),
			"an account with two authorities in a set"
		);
		ensure!(
			roster.set.members().iter().all(|member| member.is_acceptable()),
			"an authority with an unacceptable key"
		);
		ensure!(roster.set.share_keys().is_ok(), "a set that cannot be dealt to");
		Ok(())
	}

	/// The set that the header announces.
	fn announced() -> Result<Option<veilmart_td_raft::AuthoritySet>, TryRuntimeError> {
		let mut announced = None;
		for item in &frame_system::Pallet::<T>::digest().logs {
			if let DigestItem::Consensus(ENGINE_ID, bytes) = item {
				let ConsensusLog::ChildCloses(next) = ConsensusLog::decode_all(&mut &bytes[..])
					.map_err(|_| "a message to the engine that does not decode")?;
				ensure!(
					announced.replace(next).is_none(),
					"two messages to the engine in one header"
				);
			}
		}
		Ok(announced)
	}

	fn check_past(current: &Roster<T::AccountId>) -> Result<(), TryRuntimeError> {
		let id = current.set.id().0;
		let remembered: BTreeSet<u64> = Past::<T>::iter_keys().map(|set| set.0).collect();
		let expected: BTreeSet<u64> = (id.saturating_sub(u64::from(PAST_SETS))..id).collect();
		ensure!(remembered == expected, "not the last sets are remembered");
		for (set, roster) in Past::<T>::iter() {
			ensure!(roster.set.id() == set, "a set remembered under another number");
			Self::check_roster(&roster)?;
		}
		for (set, (index, _)) in Reported::<T>::iter_keys() {
			let count = if set == current.set.id() {
				current.set.count()
			} else {
				let roster = Past::<T>::get(set).ok_or("a report of a set that is forgotten")?;
				roster.set.count()
			};
			ensure!(index.0 < count, "a report of nobody's offence");
		}
		Ok(())
	}
}
