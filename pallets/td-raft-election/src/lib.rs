//! # TD-Raft on chain
//!
//! Who the authorities are, when their set changes, and what became of each election. The pallet reads what the
//! consensus engine writes into each header, refuses headers whose structure is wrong, and answers proven offences.
//!
//! It orders no blocks, elects nobody and verifies neither votes nor seals nor lots: the engine does, on every node,
//! before a block is executed. It holds no secret.
//!
//! ## Key terms
//!
//! - **Set**: the authorities that vote together, numbered from 0, sorted by their keys `tdrf`. The present set judges
//!   the next block.
//! - **Wanted**: the accounts that governance wants as authorities. What is wanted now is *queued* when the next session
//!   begins, and *present* one session later.
//! - **Closing block**: the block in which a queued set takes over. The old set judges it, the new one its children. The
//!   block before announces it in its header.
//! - **First block**: the first one of a term. It carries the election of its leader.
//! - **Dealing**: the shares of the next trapdoor, in the header of each first and closing block; see
//!   `veilmart-trapdoor`.
//! - **Genesis binding**: the hash of chain id and first authorities, which stands for the genesis hash in what is
//!   signed or dealt before there is one.
//!
//! ## Usage
//!
//! Somebody who wants to be an authority registers session keys (`Session::set_keys` with those of
//! `author_rotateKeysWithOwner`). Then governance adds the account ([`Pallet::add_authority`]); two sessions later it is
//! an authority. With [`Pallet::set_record`] it says how it is reached: as soon as it is queued, so that others find it
//! when its set takes over. To change keys, an authority registers new ones; they take the same way.
//!
//! ## Implementor's guide
//!
//! - **Runtime.** This pallet's index is below that of `pallet-session`, so that a header is judged by the set before
//!   the closing block changes it. The pallet is `pallet-session`'s `SessionHandler`, `SessionManager` and
//!   `ShouldEndSession`. Registration of keys that no set may have is refused where calls are filtered:
//!   [`Pallet::authority_of`]. `frame_system::AuthorizeCall` is the first transaction extension.
//! - **Genesis.** Session keys and authorities are the same; [`veilmart_td_raft::genesis_dealing`] deals. `chain_id` is the id of
//!   the chain specification: with another id the dealing is another one's.
//! - **Engine.** A dealing is in the state as soon as its block is, and in force when that block is final. The block
//!   after one for which [`Pallet::is_closing_next`] holds is closing; so says that block's header, too.
//!
//! ## Goals
//!
//! 1. What a header announces of the set, the next block does, whatever happens in between.
//! 2. No set is empty, none has more than [`MAX_AUTHORITIES`], none has a key that would halt the election.
//! 3. Only governance makes anybody an authority. Governance, the authority itself (by its keys), or a proven offence
//!    ends it; the certificate authority alone does not.
//! 4. No offence is punished twice, nobody for what another did, and nothing on anybody's word.
//! 5. The state is bounded by constants and the size of the sets.
//!
//! An authority that purges its keys leaves the set one session later, and so does one whose keys have become
//! unacceptable. If that is everybody, the present set stays.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod genesis;
#[cfg(any(test, feature = "std", feature = "try-runtime"))]
mod invariants;
#[cfg(test)]
mod mock;
mod offences;
mod session;
mod structure;
#[cfg(test)]
mod tests;
mod types;
mod verification;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::{crowd, BenchmarkHelper};
pub use offences::{Offence, Unproven};
pub use pallet::*;
pub use structure::{Malformed, Place};
pub use types::{GenesisAuthority, Head, Moment, OffenceKind, OnLonger, Roster};
pub use verification::HostSr25519;
pub use weights::WeightInfo;

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use codec::Encode;
use frame_support::{ensure, traits::Get, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use offences::dealing_hash;
use sp_core::{Bytes, H256};
use sp_runtime::{traits::UniqueSaturatedInto, DigestItem, SaturatedConversion};
use veilmart_td_raft::{
	header::{self, Items},
	runtime_api::ElectionRecord,
	AuthorityId, AuthorityIndex, AuthorityRecord, AuthoritySet, BlockHash, ConsensusLog, Evidence, Number,
	SetId, Term, Timing, ENGINE_ID, MAX_AUTHORITIES,
};
use veilmart_trapdoor::Dealing;

/// The number of elections in the history.
pub const HISTORY: u32 = 64;
/// The number of sets before the present one in which offences can be proven.
pub const PAST_SETS: u32 = 8;
/// The number of dealings for which a fault can be proven. A leader that hides a report behind this many new dealings
/// takes, at one a block, longer than it may leave a transaction out.
pub const DEALINGS: u32 = 128;
/// The largest number of offences in one set: each authority once for each kind.
pub const OFFENCES_PER_SET: u32 = 4 * MAX_AUTHORITIES as u32;

/// The accounts that shall be authorities.
pub type Accounts<T> = BoundedVec<<T as frame_system::Config>::AccountId, MaxAuthorities>;

/// How far the counter of an authority's record may be above the one before it. Who takes the last one from a node takes it
/// from whoever runs that node: after a lie the authority still has counters left.
pub const MAX_COUNTER_STEP: u64 = 1 << 48;

/// [`MAX_AUTHORITIES`] as a type.
pub type MaxAuthorities = sp_core::ConstU32<{ MAX_AUTHORITIES as u32 }>;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use alloc::string::String;
	use frame_support::{
		pallet_prelude::*,
		traits::{Contains, EnsureOrigin, PalletInfoAccess, Time},
	};
	use frame_system::pallet_prelude::*;

	/// The version of the storage.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// What the runtime decides for the consensus.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<Hash = H256, RuntimeEvent: From<Event<Self>>>
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// The weights of hooks and calls.
		type WeightInfo: WeightInfo;

		/// Chain time in milliseconds: pallet-timestamp.
		type Time: Time<Moment = Moment>;

		/// Who decides about authorities and timing: the council.
		type AuthorityOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Who may become an authority: holders of a certificate that names the role. Asked when somebody is added, and
		/// not again: whoever withdraws certificates does not choose the authorities.
		type Candidates: Contains<Self::AccountId>;

		/// Who is told that leaders can keep transactions out of blocks for longer than until now.
		type OnLonger: OnLonger;

		/// The length of a session in milliseconds; not zero.
		#[pallet::constant]
		type SessionLength: Get<Moment>;

		/// What benchmarks need to have arranged.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;
	}

	/// The chain's side of TD-Raft.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// The set that judges the next block.
	#[pallet::storage]
	pub type Current<T: Config> = StorageValue<_, Roster<T::AccountId>, OptionQuery>;

	/// The set that takes over when the next session begins, if that changes the set. Written only when a session begins.
	#[pallet::storage]
	pub type Queued<T: Config> = StorageValue<_, Roster<T::AccountId>, OptionQuery>;

	/// Whether the next block begins a session. False within a block.
	#[pallet::storage]
	pub type Ending<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// The accounts that shall be authorities, sorted.
	#[pallet::storage]
	pub type Wanted<T: Config> = StorageValue<_, Accounts<T>, ValueQuery>;

	/// The last sets, by number, for proofs of offences.
	#[pallet::storage]
	pub type Past<T: Config> = StorageMap<_, Twox64Concat, SetId, Roster<T::AccountId>, OptionQuery>;

	/// Offences that were proven, by set, offender and kind, with the height of the report.
	#[pallet::storage]
	pub type Reported<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		SetId,
		Twox64Concat,
		(AuthorityIndex, OffenceKind),
		BlockNumberFor<T>,
		OptionQuery,
	>;

	/// The last block.
	#[pallet::storage]
	pub type LastBlock<T: Config> = StorageValue<_, Head, ValueQuery>;

	/// The newest dealing to the present set. None for a single authority.
	#[pallet::storage]
	pub type CurrentDealing<T: Config> = StorageValue<_, Dealing, OptionQuery>;

	/// Hashes of the last dealings with their places, the newest last; without that of genesis, which nobody answers for.
	#[pallet::storage]
	pub type Dealt<T: Config> = StorageValue<_, BoundedVec<[u8; 32], ConstU32<DEALINGS>>, ValueQuery>;

	/// The election that this block brings, until its time is known.
	#[pallet::storage]
	pub type Elected<T: Config> = StorageValue<_, ElectionRecord, OptionQuery>;

	/// The last elections, the newest last.
	#[pallet::storage]
	pub type Elections<T: Config> =
		StorageValue<_, BoundedVec<ElectionRecord, ConstU32<HISTORY>>, ValueQuery>;

	/// How authorities of the present and the queued set are reached, as far as they said so.
	#[pallet::storage]
	pub type Records<T: Config> = StorageMap<_, Twox64Concat, AuthorityId, AuthorityRecord, OptionQuery>;

	/// What [`CurrentTiming`] is before genesis.
	#[pallet::type_value]
	pub fn LocalTiming() -> Timing {
		Timing::LOCAL
	}

	/// How long things take.
	#[pallet::storage]
	pub type CurrentTiming<T: Config> = StorageValue<_, Timing, ValueQuery, LocalTiming>;

	/// The timestamp of the session's first block.
	#[pallet::storage]
	pub type SessionStart<T: Config> = StorageValue<_, Moment, OptionQuery>;

	/// The hash of chain id and first authorities.
	#[pallet::storage]
	pub type GenesisBinding<T: Config> = StorageValue<_, BlockHash, ValueQuery>;

	/// The first authorities. What does not fit together stops the building of genesis.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The id of the chain specification.
		pub chain_id: String,
		/// The authorities. Their session keys are in `pallet-session`'s genesis as well.
		pub authorities: Vec<GenesisAuthority<T::AccountId>>,
		/// How they are reached: encoded [`AuthorityRecord`]s.
		pub records: Vec<Bytes>,
		/// The timing; [`Timing::LOCAL`] if there is none.
		pub timing: Option<Timing>,
		/// The first dealing, encoded. None for a single authority.
		pub dealing: Option<Bytes>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Err(error) = self.build_or_explain() {
				panic!("authorities in genesis: {error}");
			}
		}
	}

	/// What happened to the authorities.
	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A leader was elected.
		Elected {
			/// The set that elected.
			set_id: SetId,
			/// The term.
			term: Term,
			/// The leader.
			leader: AuthorityId,
		},
		/// Governance wants these accounts as authorities.
		AuthoritiesWanted {
			/// All of them.
			authorities: Vec<T::AccountId>,
		},
		/// A set was planned. It takes over when the next session begins.
		SetQueued {
			/// Its number.
			set_id: SetId,
			/// The accounts behind it, in its order.
			authorities: Vec<T::AccountId>,
		},
		/// A set took over. It judges the next block.
		SetChanged {
			/// Its number.
			set_id: SetId,
			/// The accounts behind it, in its order.
			authorities: Vec<T::AccountId>,
		},
		/// Governance set the timing.
		TimingSet {
			/// The timing.
			timing: Timing,
		},
		/// An authority said how it is reached.
		RecordSet {
			/// The authority.
			authority: AuthorityId,
		},
		/// An authority was proven to have broken the protocol.
		OffenceProven {
			/// The set in which it did.
			set_id: SetId,
			/// The authority.
			offender: AuthorityId,
			/// Its account.
			account: T::AccountId,
			/// What it did.
			kind: OffenceKind,
			/// Whether the account is not wanted as an authority any more: false if it was not wanted anyway, or if
			/// nobody else is.
			removed: bool,
		},
	}

	/// Why a call was refused.
	#[pallet::error]
	#[derive(PartialEqNoBound, EqNoBound)]
	pub enum Error<T> {
		/// There would be no authority.
		NoAuthorities,
		/// There would be more authorities than a set may have.
		TooManyAuthorities,
		/// An account is named twice.
		DuplicateAccount,
		/// The account may not become an authority.
		NotACandidate,
		/// The account has registered no session keys, or keys that no set may have.
		NoKeys,
		/// The account is not among the authorities.
		NotAnAuthority,
		/// The call would leave everything as it is.
		Unchanged,
		/// The timing does not serve sets of this size.
		UnfitTiming,
		/// The counter is not higher than that of the authority's last record.
		StaleCounter,
		/// The signature is not the authority's over this record on this chain.
		BadSignature,
		/// The offence was reported before, or its set is forgotten.
		UnknownOffence,
		/// The counter is more than 2^48 above that of the authority's last record.
		CounterTooFar,
		/// With the timing somebody could have to wait for a place in a block for more than an hour.
		WaitTooLong,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			match Self::begin_block() {
				Ok(authorities) => <T as Config>::WeightInfo::hooks(authorities.into()),
				// The one way to refuse a block.
				Err(malformed) => panic!("This header is none of TD-Raft on its parent: {malformed}"),
			}
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Self::end_block(T::Time::now());
		}

		fn integrity_test() {
			assert!(T::SessionLength::get() > 0, "SessionLength is a length of time");
			assert!(
				<Self as PalletInfoAccess>::index()
					< <pallet_session::Pallet<T> as PalletInfoAccess>::index(),
				"a closing block is judged by the set before it: this pallet comes before pallet-session"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call(weight(<T as Config>::WeightInfo))]
	impl<T: Config> Pallet<T> {
		/// Names all accounts that shall be authorities. Takes effect when the session after the next begins.
		///
		/// By governance. Whoever is new has to be a candidate and to have registered session keys. Fails with
		/// `NoAuthorities`, `DuplicateAccount`, `Unchanged`, `NotACandidate`, `NoKeys`, or with `UnfitTiming` if the
		/// timing does not serve so many.
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::set_authorities(authorities.len() as u32))]
		pub fn set_authorities(origin: OriginFor<T>, authorities: Accounts<T>) -> DispatchResult {
			T::AuthorityOrigin::ensure_origin(origin)?;
			let present = Wanted::<T>::get();
			let mut wanted = authorities;
			wanted.sort();
			ensure!(!wanted.is_empty(), Error::<T>::NoAuthorities);
			ensure!(
				wanted.windows(2).all(|pair| pair[0] != pair[1]),
				Error::<T>::DuplicateAccount
			);
			ensure!(wanted != present, Error::<T>::Unchanged);
			for account in wanted.iter().filter(|account| !present.contains(account)) {
				Self::ensure_candidate(account)?;
			}
			Self::want(wanted)
		}

		/// Makes an account an authority, from the session after the next on.
		///
		/// By governance. Fails with `Unchanged` if it shall be one already, `TooManyAuthorities`, `NotACandidate`,
		/// `NoKeys`, or with `UnfitTiming` if the timing does not serve one more.
		#[pallet::call_index(1)]
		pub fn add_authority(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			T::AuthorityOrigin::ensure_origin(origin)?;
			let mut wanted = Wanted::<T>::get();
			let Err(place) = wanted.binary_search(&account) else {
				return Err(Error::<T>::Unchanged.into());
			};
			Self::ensure_candidate(&account)?;
			wanted
				.try_insert(place, account)
				.map_err(|_| Error::<T>::TooManyAuthorities)?;
			Self::want(wanted)
		}

		/// Ends an account's being an authority when the session after the next begins.
		///
		/// By governance. Fails with `NotAnAuthority`, or with `NoAuthorities` if it is the last one.
		#[pallet::call_index(2)]
		pub fn remove_authority(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
			T::AuthorityOrigin::ensure_origin(origin)?;
			let mut wanted = Wanted::<T>::get();
			let place = wanted
				.binary_search(&account)
				.map_err(|_| Error::<T>::NotAnAuthority)?;
			ensure!(wanted.len() > 1, Error::<T>::NoAuthorities);
			wanted.remove(place);
			Self::want(wanted)
		}

		/// Sets the timing.
		///
		/// By governance. Fails with `Unchanged`, with `UnfitTiming` if it does not serve the present, the queued
		/// and the wanted authorities, or with `WaitTooLong` if it let leaders keep a transaction out of blocks for more than
		/// an hour ([`Timing::check_wait`]).
		#[pallet::call_index(3)]
		pub fn set_timing(origin: OriginFor<T>, timing: Timing) -> DispatchResult {
			T::AuthorityOrigin::ensure_origin(origin)?;
			ensure!(timing != CurrentTiming::<T>::get(), Error::<T>::Unchanged);
			let largest = Self::largest_set(Wanted::<T>::decode_len().unwrap_or_default());
			ensure!(timing.check(largest).is_ok(), Error::<T>::UnfitTiming);
			ensure!(timing.check_wait().is_ok(), Error::<T>::WaitTooLong);
			Self::telling(|| CurrentTiming::<T>::put(timing));
			Self::deposit_event(Event::TimingSet { timing });
			Ok(())
		}

		/// Says how an authority of the present or the queued set is reached.
		///
		/// By anybody: the record is signed by the authority. It is dropped when the authority is in neither set any
		/// more. Fails with `NotAnAuthority`, `StaleCounter`, `CounterTooFar` or `BadSignature`.
		#[pallet::call_index(4)]
		pub fn set_record(origin: OriginFor<T>, record: AuthorityRecord) -> DispatchResult {
			ensure_signed(origin)?;
			let authority = record.body.authority;
			ensure!(Self::is_known(&authority), Error::<T>::NotAnAuthority);
			let counter = record.body.counter;
			let last = Records::<T>::get(authority).map(|last| last.body.counter);
			ensure!(last.is_none_or(|last| counter > last), Error::<T>::StaleCounter);
			ensure!(
				counter.saturating_sub(last.unwrap_or(0)) <= MAX_COUNTER_STEP,
				Error::<T>::CounterTooFar
			);
			ensure!(
				record.verify(&GenesisBinding::<T>::get(), &HostSr25519),
				Error::<T>::BadSignature
			);
			Records::<T>::insert(authority, record);
			Self::deposit_event(Event::RecordSet { authority });
			Ok(())
		}

		/// Reports an offence. The offender's account is not wanted as an authority any more, unless nobody else is.
		///
		/// By nobody in particular: the transaction is valid if and only if the evidence is ([`Pallet::examine`]).
		/// Fails with `UnknownOffence` if another report came first.
		#[pallet::call_index(5)]
		#[pallet::weight((<T as Config>::WeightInfo::report_offence(), DispatchClass::Operational))]
		#[pallet::authorize(Pallet::<T>::authorize_report)]
		#[pallet::weight_of_authorize(
			Pallet::<T>::weight_of_report(evidence)
		)]
		pub fn report_offence(origin: OriginFor<T>, evidence: Box<Evidence>) -> DispatchResult {
			ensure_authorized(origin)?;
			let (set_id, index) = evidence.offender();
			let kind = OffenceKind::of(&evidence);
			let (offender, account) = Self::roster(set_id)
				.and_then(|roster| Self::offender(&roster, index, kind))
				.map_err(|_| Error::<T>::UnknownOffence)?;
			let mut wanted = Wanted::<T>::get();
			let removed = match wanted.binary_search(&account) {
				Ok(place) if wanted.len() > 1 => {
					wanted.remove(place);
					Wanted::<T>::put(wanted);
					true
				}
				_ => false,
			};
			Reported::<T>::insert(set_id, (index, kind), frame_system::Pallet::<T>::block_number());
			Self::deposit_event(Event::OffenceProven {
				set_id,
				offender,
				account,
				kind,
				removed,
			});
			Ok(())
		}
	}
}

/// What engine and clients ask.
impl<T: Config> Pallet<T> {
	/// The set that judges the next block. None before genesis.
	pub fn authorities() -> Option<AuthoritySet> {
		Current::<T>::get().map(|roster| roster.set)
	}

	/// The set that follows at the next change, if one is planned.
	pub fn queued_set() -> Option<AuthoritySet> {
		Queued::<T>::get().map(|roster| roster.set)
	}

	/// Whether the next block closes the set.
	pub fn is_closing_next() -> bool {
		Ending::<T>::get() && Queued::<T>::exists()
	}

	/// The last block's term and leader. None at genesis.
	pub fn leader() -> Option<(Term, AuthorityId)> {
		let head = LastBlock::<T>::get();
		head.leader.map(|leader| (head.term, leader))
	}

	/// How the authorities of the present and the queued set are reached.
	pub fn records() -> Vec<AuthorityRecord> {
		Records::<T>::iter_values().collect()
	}

	/// Whether the authority is in the present or the queued set.
	pub fn is_known(authority: &AuthorityId) -> bool {
		let among = |roster: Option<Roster<T::AccountId>>| {
			roster.is_some_and(|roster| roster.set.index_of(authority).is_some())
		};
		among(Current::<T>::get()) || among(Queued::<T>::get())
	}

	/// The longest for which a transaction may have to wait for its place in a block, in milliseconds, by the timing in force and
	/// the faulty authorities of all sets that may lead meanwhile: see [`Timing::wait`].
	///
	/// It becomes longer by what governance decides, at once, and so a session or more before another set leads; and when a session begins whose
	/// queued set is neither the present nor the wanted one, because some who are wanted have no keys. Whoever relies on it is told. It
	/// becomes shorter when a set is gone.
	pub fn longest_wait() -> Moment {
		CurrentTiming::<T>::get().wait(Self::most_faulty())
	}

	/// How many leaders may be faulty, one after the other, before governance decides again: those of the present set and, if
	/// the set changes meanwhile, those of the next.
	///
	/// Only three sets can lead until then: the present one, the queued one, and the one that is wanted. The first has f that may
	/// be faulty. A later one has as many more as it has f, but no more than there are accounts in it that are in none before it: who
	/// was an authority already is counted. So neither new keys, nor an account that leaves a set, nor one that comes back while its set is
	/// there, make it more: nobody moves deadlines but governance. When that wants others, before the last ones lead or after, those
	/// are more, and whoever relies on this is told.
	pub fn most_faulty() -> u32 {
		let rosters = [Current::<T>::get(), Queued::<T>::get()];
		let wanted = Wanted::<T>::get();
		let sets = rosters
			.iter()
			.flatten()
			.map(|roster| &roster.accounts[..])
			.chain([&wanted[..]]);
		let mut known = BTreeSet::new();
		let mut faulty: u32 = 0;
		for accounts in sets {
			let first = known.is_empty();
			let new = accounts.iter().filter(|account| known.insert(*account)).count();
			let of_set = Timing::faulty(accounts.len().saturated_into());
			let more = if first {
				of_set
			} else {
				of_set.min(new.saturated_into())
			};
			faulty = faulty.saturating_add(more);
		}
		faulty
	}

	/// The hash of the genesis block.
	pub fn genesis_hash() -> BlockHash {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::default()).0
	}
}

impl<T: Config> Pallet<T> {
	/// The height of the present block.
	pub(crate) fn height() -> u64 {
		UniqueSaturatedInto::<u64>::unique_saturated_into(frame_system::Pallet::<T>::block_number())
	}

	/// The size of the largest of the present, the queued, and a wanted set.
	pub(crate) fn largest_set(wanted: usize) -> u16 {
		let count = |roster: Option<Roster<T::AccountId>>| roster.map_or(0, |roster| roster.set.count());
		count(Current::<T>::get())
			.max(count(Queued::<T>::get()))
			.max(wanted.saturated_into())
	}

	fn ensure_candidate(account: &T::AccountId) -> Result<(), Error<T>> {
		use frame_support::traits::Contains;
		ensure!(T::Candidates::contains(account), Error::<T>::NotACandidate);
		ensure!(Self::registered(account).is_some(), Error::<T>::NoKeys);
		Ok(())
	}

	/// Wants these accounts as authorities, unless the timing does not serve so many.
	fn want(wanted: Accounts<T>) -> frame_support::dispatch::DispatchResult {
		let timing = CurrentTiming::<T>::get();
		ensure!(
			timing.check(Self::largest_set(wanted.len())).is_ok(),
			Error::<T>::UnfitTiming
		);
		Self::deposit_event(Event::AuthoritiesWanted {
			authorities: wanted.to_vec(),
		});
		Self::telling(|| Wanted::<T>::put(wanted));
		Ok(())
	}

	/// Makes a change, and tells if a transaction may have to wait for longer from now on.
	fn telling(change: impl FnOnce()) {
		let before = Self::longest_wait();
		change();
		let longer = Self::longest_wait().saturating_sub(before);
		if longer > 0 {
			T::OnLonger::on_longer(longer);
		}
	}

	/// Judges the header by the set before the block, and records what it says. Returns the number of authorities.
	fn begin_block() -> Result<u16, Malformed> {
		let set = Self::authorities().ok_or(Malformed::NoAuthorities)?;
		let next = if Ending::<T>::get() {
			Self::queued_set()
		} else {
			None
		};
		let head = LastBlock::<T>::get();
		let place = Place {
			parent: Number(Self::height().saturating_sub(1)),
			parent_hash: frame_system::Pallet::<T>::parent_hash().0,
			head: &head,
			set: &set,
			next: next.as_ref(),
		};
		let items = header::items(&frame_system::Pallet::<T>::digest()).map_err(Malformed::Items)?;
		place.check(&items)?;
		Self::record(&place, items)?;
		Ok(set.count())
	}

	/// Records what a header says that was checked.
	fn record(place: &Place, Items { digest, dealing, .. }: Items) -> Result<(), Malformed> {
		let leader = place.set.get(digest.sealer).ok_or(Malformed::Sealer)?.id;
		LastBlock::<T>::put(Head {
			set_id: digest.set_id,
			term: digest.term,
			leader: Some(leader),
			closing: place.next.is_some(),
		});
		if let Some(election) = digest.election {
			Elected::<T>::put(ElectionRecord {
				set_id: digest.set_id,
				term: digest.term,
				leader,
				number: place.parent.next(),
				moment: 0,
				votes: election.certificate.ballots.len().saturated_into(),
				dealing: election.dealing,
			});
		}
		match dealing {
			Some(dealing) => {
				let hash = dealing_hash(
					(digest.set_id, digest.sealer),
					place.holders().id(),
					digest.term,
					&place.parent_hash,
					&dealing,
				);
				Dealt::<T>::mutate(|hashes| push(hashes, hash));
				CurrentDealing::<T>::put(dealing);
			}
			// A single authority takes over.
			None if place.next.is_some() => CurrentDealing::<T>::kill(),
			None => {}
		}
		Ok(())
	}

	/// Puts the election into the history, and decides whether the next block begins a session.
	fn end_block(now: Moment) {
		if let Some(election) = Elected::<T>::take() {
			let election = ElectionRecord {
				moment: now,
				..election
			};
			Elections::<T>::mutate(|elections| push(elections, election));
			Self::deposit_event(Event::Elected {
				set_id: election.set_id,
				term: election.term,
				leader: election.leader,
			});
		}

		let start = SessionStart::<T>::get().unwrap_or_else(|| {
			SessionStart::<T>::put(now);
			now
		});
		if now.saturating_sub(start) < T::SessionLength::get() {
			return;
		}
		Ending::<T>::put(true);
		if let Some(next) = Self::queued_set() {
			let log = ConsensusLog::ChildCloses(next).encode();
			frame_system::Pallet::<T>::deposit_log(DigestItem::Consensus(ENGINE_ID, log));
		}
	}
}

/// Puts an item at the end, and takes away the first if there would be too many.
fn push<Item, Most: Get<u32>>(items: &mut BoundedVec<Item, Most>, item: Item) {
	if items.is_full() && !items.is_empty() {
		items.remove(0);
	}
	// There is room now, unless there is none at all.
	let _ = items.try_push(item);
}
