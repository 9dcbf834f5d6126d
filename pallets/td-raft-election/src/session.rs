//! How sets change: the three parts of `pallet-session` that this pallet plays.
//!
//! `pallet-session` plans one session ahead: when session *i* begins, it queues validators and keys of session *i + 1*,
//! which nothing changes afterwards. This pallet makes a set of them at that moment, [`Queued`], if it is another than
//! the present one, and that very set takes over when session *i + 1* begins. Between the two nothing writes it. So what
//! the block before announces ([`veilmart_td_raft::ConsensusLog::ChildCloses`]) and what the closing block does are one
//! value, whatever happens to keys, wishes or code in between. `pallet-session`'s own word that something changed is not
//! used: it does not notice that the last validator of its list has purged its keys.

use alloc::{collections::BTreeSet, vec::Vec};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::{SessionHandler, SessionManager, ShouldEndSession};
use sp_runtime::{traits::OpaqueKeys, KeyTypeId};
use veilmart_td_raft::{
	keys::{SHARE_KEY, VOTE_KEY},
	Authority, AuthorityId, AuthoritySet, SetId, ShareKey, MAX_AUTHORITIES,
};

use crate::{
	types::Roster, Config, Current, Ending, Event, Pallet, Past, Queued, Records, Reported, SessionStart,
	Wanted, OFFENCES_PER_SET, PAST_SETS,
};

impl<T: Config> Pallet<T> {
	/// The authority with these session keys, if a set may have it.
	pub fn authority_of(keys: &impl OpaqueKeys) -> Option<Authority> {
		let authority = Authority {
			id: keys.get::<AuthorityId>(VOTE_KEY)?,
			share_key: keys.get::<ShareKey>(SHARE_KEY)?,
		};
		authority.is_acceptable().then_some(authority)
	}

	/// The authority that the account has registered keys for, if a set may have it.
	pub fn registered(account: &T::AccountId) -> Option<Authority> {
		pallet_session::Pallet::<T>::load_keys(account).and_then(|keys| Self::authority_of(&keys))
	}

	/// The set of those validators whose keys it may have. None if that is none of them.
	pub(crate) fn roster_of<Keys: OpaqueKeys>(
		id: SetId,
		validators: &[(T::AccountId, Keys)],
	) -> Option<Roster<T::AccountId>> {
		// A key serves one authority: `pallet-session` sees to that, and this does not rely on it.
		let mut share_keys = BTreeSet::new();
		let mut members: Vec<_> = validators
			.iter()
			.filter_map(|(account, keys)| Some((Self::authority_of(keys)?, account.clone())))
			.filter(|(authority, _)| share_keys.insert(authority.share_key))
			.take(usize::from(MAX_AUTHORITIES))
			.collect();
		members.sort();
		members.dedup_by_key(|(authority, _)| authority.id);
		let accounts = members.iter().map(|(_, account)| account.clone()).collect();
		let members = members.into_iter().map(|(authority, _)| authority).collect();
		let set = AuthoritySet::new(id, members).ok()?;
		Some(Roster { set, accounts })
	}

	/// What is queued if `pallet-session` has queued these validators: nothing if they are the present authorities, or if
	/// none of them can be in a set.
	pub(crate) fn plan<Keys: OpaqueKeys>(
		current: &Roster<T::AccountId>,
		queued: &[(T::AccountId, Keys)],
	) -> Option<Roster<T::AccountId>> {
		Self::roster_of(current.set.id().next(), queued)
			.filter(|next| next.set.members() != current.set.members() || *next.accounts != *current.accounts)
	}

	/// Puts the next set in place of the present one, which is remembered for a while.
	fn hand_over(current: Roster<T::AccountId>, next: &Roster<T::AccountId>) {
		let id = current.set.id();
		Past::<T>::insert(id, current);
		if let Some(forgotten) = id.0.checked_sub(u64::from(PAST_SETS)).map(SetId) {
			Past::<T>::remove(forgotten);
			// All there can be: each authority once for each kind.
			let _ = Reported::<T>::clear_prefix(forgotten, OFFENCES_PER_SET, None);
		}
		Current::<T>::put(next);
		Self::deposit_event(Event::SetChanged {
			set_id: next.set.id(),
			authorities: next.accounts.to_vec(),
		});
	}

	/// Forgets how authorities are reached who are neither in the present nor in the queued set.
	fn drop_records() {
		let gone: Vec<_> = Records::<T>::iter_keys()
			.filter(|id| !Self::is_known(id))
			.collect();
		for id in gone {
			Records::<T>::remove(id);
		}
	}
}

/// The session ends in the block for which the last one decided so.
impl<T: Config> ShouldEndSession<BlockNumberFor<T>> for Pallet<T> {
	fn should_end_session(_: BlockNumberFor<T>) -> bool {
		// Asked once a block. Taken, so that it says nothing of this block any more.
		Ending::<T>::take()
	}
}

/// Plans a session only if other validators are wanted than the present ones.
impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
	fn new_session(_: u32) -> Option<Vec<T::AccountId>> {
		let eligible: Vec<_> = Wanted::<T>::get()
			.into_iter()
			.filter(|account| Self::registered(account).is_some())
			.collect();
		(!eligible.is_empty() && eligible != pallet_session::Validators::<T>::get()).then_some(eligible)
	}

	fn end_session(_: u32) {}

	fn start_session(_: u32) {
		// It begins with the timestamp of its first block.
		SessionStart::<T>::kill();
	}
}

impl<T: Config> SessionHandler<T::AccountId> for Pallet<T> {
	const KEY_TYPE_IDS: &'static [KeyTypeId] = &[VOTE_KEY, SHARE_KEY];

	fn on_genesis_session<Keys: OpaqueKeys>(validators: &[(T::AccountId, Keys)]) {
		// In genesis only, where a panic is how one refuses.
		assert!(
			Self::roster_of(SetId(0), validators) == Current::<T>::get(),
			"session keys in genesis: they are not those of the authorities"
		);
	}

	fn on_new_session<Keys: OpaqueKeys>(
		_: bool,
		_: &[(T::AccountId, Keys)],
		queued: &[(T::AccountId, Keys)],
	) {
		let Some(mut current) = Current::<T>::get() else {
			return;
		};
		// The queued set may have less members than the wanted one, and be a set of its own between the two then.
		Self::telling(|| {
			if let Some(next) = Queued::<T>::take() {
				Self::hand_over(current, &next);
				current = next;
			}
			if let Some(next) = Self::plan(&current, queued) {
				Self::deposit_event(Event::SetQueued {
					set_id: next.set.id(),
					authorities: next.accounts.to_vec(),
				});
				Queued::<T>::put(next);
			}
		});
		Self::drop_records();
	}

	fn on_disabled(_: u32) {}
}
