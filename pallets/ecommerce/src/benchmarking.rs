//! What calls, hooks and proofs cost; `scripts/weights` makes weights of it.
//!
//! Proof and storage apart, as [`crate::WeightInfo`] has them:
//!
//! - *Storage.* Each call is dispatched whole, with a real proof that the node has seen before, as it has when its pool took the
//!   transaction. The node remembers the verdict, so what is left is everything else: the statement, the question to the
//!   verifier, products modulo N², reads, writes, the event.
//! - *Proof.* `verify_*` has a proof of each kind verified through the node's host function. The proof is good but for its very
//!   last number. Every check before that one is made in full, none is remembered, since only good proofs are: each
//!   repetition costs what a node pays that sees the proof for the first time. (Remembering it would be some hashing, no more.)
//!
//! The sum of both is a bound for a call in a block. Neither needs a verifier that believes everything, nor vectors that would
//! have to follow each change of a statement.
//!
//! Accounts have the longest certificates, terms are the dearest, counters do not become zero; so it is the worst case that is
//! measured, except that the trie is small.

mod scene;

use crate::{
	types::Progress, Agenda, Call, Cascades, CheckProof, Config, DeclineReason, Delisted, Disclosure, Halted,
	Incoming, LastTimestamp, Orders, Pallet, Redemptions, Sequence, Standstill, Verdict, WeightInfo as _,
	MAX_COLLECT,
};
use alloc::boxed::Box;
use frame_benchmarking::v2::*;
use frame_support::{
	dispatch::DispatchInfo,
	pallet_prelude::TransactionSource,
	traits::{EnsureOrigin, Get, IsSubType, OnTimestampSet},
	weights::WeightMeter,
};
use frame_system::RawOrigin;
use pallet_certificates::{EnsureAuthority, Moment};
use scene::{Proved, Scene, ARBITER, BUYER, ISSUER, NOTE, SALT, SELLER, SEQ, TERMS};
use sp_runtime::traits::{AsSystemOriginSigner, Dispatchable, TransactionExtension, TxBaseImplication};
use veilmart_confidential::ProofError;

use crate::OrderState::{self, Accepted, Disputed, Placed, Refunded, Shipped};

/// What the runtime arranges for benchmarks.
pub trait BenchmarkHelper {
	/// Makes it as dear as it gets to say what [`Config::LeastPeriod`] is.
	fn crowd();
}

/// What became of the scene's order.
fn state<T: Config>() -> Option<OrderState> {
	Orders::<T>::get(BUYER, SEQ).map(|order| order.state)
}

#[benchmarks(
	where
		T: Send + Sync,
		T::RuntimeCall: Dispatchable<Info = DispatchInfo> + IsSubType<Call<T>> + From<Call<T>>,
		<T::RuntimeCall as Dispatchable>::RuntimeOrigin: AsSystemOriginSigner<T::AccountId> + Clone,
)]
mod benchmarks {
	use super::*;

	// The calls, without their proofs.

	#[benchmark]
	fn issue() {
		let Proved { parts, proof, .. } = Scene::<T>::open().issue().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(ISSUER),
			SEQ,
			SALT,
			parts.to,
			Box::new(parts.amount),
			Box::new(parts.issued_after),
			Box::new(parts.own_note),
			Box::new(parts.note),
			proof,
		);
		assert_eq!(Sequence::<T>::get(ISSUER), SEQ + 1);
	}

	#[benchmark]
	fn collect(c: Linear<1, MAX_COLLECT>) {
		let credits = Scene::<T>::open().last_credits(c);
		#[extrinsic_call]
		_(
			RawOrigin::Signed(BUYER),
			SEQ,
			credits.try_into().expect("at most 16"),
			Box::new(NOTE),
		);
		assert_eq!(Orders::<T>::iter_prefix(BUYER).count(), 0);
	}

	#[benchmark]
	fn list() {
		let Proved { parts, proof, .. } = Scene::<T>::open().list().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(SELLER),
			SEQ,
			SALT,
			Box::new(parts.price),
			Box::new(parts.stock),
			Box::new(parts.commodity),
			Box::new(parts.own_note),
			proof,
		);
		assert_eq!(Sequence::<T>::get(SELLER), SEQ + 1);
	}

	#[benchmark]
	fn quote() {
		Scene::<T>::open().listing();
		#[extrinsic_call]
		_(RawOrigin::Signed(SELLER), SEQ, SEQ, BUYER, Box::new(NOTE));
		assert_eq!(Sequence::<T>::get(SELLER), SEQ + 1);
	}

	#[benchmark]
	fn order() {
		let Proved { parts, proof, .. } = Scene::<T>::open().order().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(BUYER),
			SEQ,
			SALT,
			parts.listing,
			parts.version,
			Box::new(parts.quantity),
			Box::new(parts.total),
			Box::new(parts.balance_after),
			Box::new(parts.own_note),
			Box::new(parts.note),
			Box::new(parts.quote),
			proof,
		);
		assert!(Orders::<T>::contains_key(BUYER, SEQ));
	}

	#[benchmark]
	fn cancel() {
		Scene::<T>::open().order_in(Placed);
		#[extrinsic_call]
		_(RawOrigin::Signed(BUYER), SEQ, SEQ);
		assert_eq!(state::<T>(), Some(Refunded));
	}

	#[benchmark]
	fn accept() {
		let Proved { parts, proof, .. } = Scene::<T>::open().accept().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(SELLER),
			SEQ,
			SALT,
			parts.order,
			Box::new(parts.stock_after),
			Box::new(parts.balance_after),
			Box::new(parts.own_note),
			Box::new(parts.stock_note),
			proof,
		);
		assert_eq!(state::<T>(), Some(Accepted));
	}

	#[benchmark]
	fn decline() {
		let id = Scene::<T>::open().order_in(Placed);
		#[extrinsic_call]
		_(RawOrigin::Signed(SELLER), SEQ, id, DeclineReason::NoBond);
		assert_eq!(state::<T>(), Some(Refunded));
	}

	#[benchmark]
	fn ship() {
		let id = Scene::<T>::open().order_in(Accepted);
		#[extrinsic_call]
		_(RawOrigin::Signed(SELLER), SEQ, id);
		assert_eq!(state::<T>(), Some(Shipped));
	}

	#[benchmark]
	fn confirm() {
		Scene::<T>::open().order_in(Shipped);
		#[extrinsic_call]
		_(RawOrigin::Signed(BUYER), SEQ, SEQ);
		assert_eq!(Sequence::<T>::get(BUYER), SEQ + 1);
	}

	#[benchmark]
	fn poke_placed() {
		let id = Scene::<T>::open().overdue(Placed);
		#[extrinsic_call]
		poke(RawOrigin::Signed(ARBITER), SEQ, id);
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn poke_accepted() {
		let id = Scene::<T>::open().overdue(Accepted);
		#[extrinsic_call]
		poke(RawOrigin::Signed(ARBITER), SEQ, id);
		assert!(Cascades::<T>::contains_key(SELLER));
	}

	#[benchmark]
	fn poke_shipped() {
		let id = Scene::<T>::open().overdue(Shipped);
		#[extrinsic_call]
		poke(RawOrigin::Signed(ARBITER), SEQ, id);
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn poke_disputed() {
		let id = Scene::<T>::open().overdue(Disputed);
		#[extrinsic_call]
		poke(RawOrigin::Signed(ARBITER), SEQ, id);
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn dispute() {
		let Proved { parts, proof, .. } = Scene::<T>::open().dispute().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(BUYER),
			SEQ,
			SALT,
			parts.order,
			Box::new(parts.balance_after),
			Box::new(parts.own_note),
			proof,
		);
		assert_eq!(state::<T>(), Some(Disputed));
	}

	#[benchmark]
	fn resolve_completed() {
		let id = Scene::<T>::open().order_in(Disputed);
		#[extrinsic_call]
		resolve(RawOrigin::Signed(ARBITER), SEQ, id, Verdict::Completed);
		assert_eq!(Sequence::<T>::get(ARBITER), SEQ + 1);
	}

	#[benchmark]
	fn resolve_refunded() {
		let id = Scene::<T>::open().order_in(Disputed);
		#[extrinsic_call]
		resolve(RawOrigin::Signed(ARBITER), SEQ, id, Verdict::Refunded);
		assert_eq!(Sequence::<T>::get(ARBITER), SEQ + 1);
	}

	#[benchmark]
	fn resolve_penalised() {
		let id = Scene::<T>::open().order_in(Disputed);
		#[extrinsic_call]
		resolve(RawOrigin::Signed(ARBITER), SEQ, id, Verdict::Penalised);
		assert!(Cascades::<T>::contains_key(SELLER));
	}

	#[benchmark]
	fn set_terms() -> Result<(), BenchmarkError> {
		let origin = T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		T::BenchmarkHelper::crowd();
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, TERMS);
		assert_eq!(crate::CurrentTerms::<T>::get(), TERMS);
		Ok(())
	}

	#[benchmark]
	fn transfer() {
		let Proved { parts, proof, .. } = Scene::<T>::open().transfer().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(BUYER),
			SEQ,
			SALT,
			parts.to,
			Box::new(parts.amount),
			Box::new(parts.balance_after),
			Box::new(parts.own_note),
			Box::new(parts.note),
			proof,
		);
		assert_eq!(Incoming::<T>::iter_prefix(SELLER).count(), 1);
	}

	#[benchmark]
	fn refuse() {
		let credit = Scene::<T>::open().transferred();
		#[extrinsic_call]
		_(RawOrigin::Signed(SELLER), SEQ, credit);
		assert_eq!(Incoming::<T>::iter_prefix(SELLER).count(), 0);
	}

	#[benchmark]
	fn reclaim() {
		let credit = Scene::<T>::open().transferred();
		#[extrinsic_call]
		_(RawOrigin::Signed(BUYER), SEQ, SELLER, credit.seq);
		assert_eq!(Incoming::<T>::iter_prefix(SELLER).count(), 0);
	}

	#[benchmark]
	fn redeem() {
		let Proved { parts, proof, .. } = Scene::<T>::open().redeem().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(BUYER),
			SEQ,
			SALT,
			parts.to,
			Box::new(parts.amount),
			Box::new(parts.balance_after),
			Box::new(parts.own_note),
			Box::new(parts.note),
			proof,
		);
		assert_eq!(Redemptions::<T>::iter_prefix(ISSUER).count(), 1);
	}

	#[benchmark]
	fn settle() {
		let redemption = Scene::<T>::open().redemption();
		#[extrinsic_call]
		_(RawOrigin::Signed(ISSUER), SEQ, redemption);
		assert_eq!(Redemptions::<T>::iter_prefix(ISSUER).count(), 0);
	}

	#[benchmark]
	fn refresh() {
		let Proved { parts, proof, .. } = Scene::<T>::open().refresh().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(SELLER),
			SEQ,
			SALT,
			parts.target,
			Box::new(parts.after),
			Box::new(parts.residue),
			Box::new(parts.own_note),
			proof,
		);
		assert_eq!(Sequence::<T>::get(SELLER), SEQ + 1);
	}

	#[benchmark]
	fn reprice() {
		let Proved { parts, proof, .. } = Scene::<T>::open().reprice().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(SELLER),
			SEQ,
			SALT,
			parts.listing,
			parts.version,
			Box::new(parts.price),
			Box::new(parts.own_note),
			proof,
		);
		assert_eq!(Sequence::<T>::get(SELLER), SEQ + 1);
	}

	#[benchmark]
	fn restock() {
		let Proved { parts, proof, .. } = Scene::<T>::open().restock().seen::<T>();
		#[extrinsic_call]
		_(
			RawOrigin::Signed(SELLER),
			SEQ,
			SALT,
			parts.listing,
			parts.version,
			Box::new(parts.delivery),
			Box::new(parts.own_note),
			proof,
		);
		assert_eq!(Sequence::<T>::get(SELLER), SEQ + 1);
	}

	#[benchmark]
	fn delist() {
		let mut scene = Scene::<T>::open();
		let listing = scene.listing();
		scene.quote(&listing);
		// Not the last one.
		Pallet::<T>::count_listing(&SELLER);
		#[extrinsic_call]
		_(RawOrigin::Signed(SELLER), SEQ, SEQ);
		assert!(Delisted::<T>::contains_key(&listing));
	}

	#[benchmark]
	fn set_issuer_quota() -> Result<(), BenchmarkError> {
		Scene::<T>::open().issued();
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, ISSUER, 2);
		assert_eq!(crate::IssuerQuota::<T>::get(ISSUER), 2);
		Ok(())
	}

	#[benchmark]
	fn record_disclosure() -> Result<(), BenchmarkError> {
		let id = Scene::<T>::open().order_in(Disputed);
		let origin = EnsureAuthority::<T>::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, Disclosure::Order(id));
		Ok(())
	}

	// What happens without anybody calling.

	/// Once a block that is no halt, where the market is asked whether it is suspended and stands still all the same, and once a
	/// halt.
	#[benchmark]
	fn clock() {
		LastTimestamp::<T>::put(1);
		Standstill::<T>::put(1_000);
		let halt: Moment = T::HaltThreshold::get().saturating_add(10);
		#[block]
		{
			Pallet::<T>::on_timestamp_set(2);
			Pallet::<T>::on_timestamp_set(halt);
		}
		assert!(Halted::<T>::get() > 0);
		assert_eq!(Standstill::<T>::get(), 999);
	}

	#[benchmark]
	fn agenda_base() {
		Scene::<T>::open().order_in(Accepted);
		#[block]
		{
			Pallet::<T>::run_agenda();
		}
		assert_eq!(Agenda::<T>::iter_keys().count(), 2);
	}

	#[benchmark]
	fn lapse_placed() {
		Scene::<T>::open().overdue(Placed);
		let mut meter = WeightMeter::new();
		#[block]
		{
			Pallet::<T>::run_deadlines(&mut meter);
		}
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn lapse_accepted() {
		Scene::<T>::open().overdue(Accepted);
		let mut meter = WeightMeter::new();
		#[block]
		{
			Pallet::<T>::run_deadlines(&mut meter);
		}
		assert!(Cascades::<T>::contains_key(SELLER));
	}

	#[benchmark]
	fn lapse_shipped() {
		Scene::<T>::open().overdue(Shipped);
		let mut meter = WeightMeter::new();
		#[block]
		{
			Pallet::<T>::run_deadlines(&mut meter);
		}
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn lapse_disputed() {
		Scene::<T>::open().overdue(Disputed);
		let mut meter = WeightMeter::new();
		#[block]
		{
			Pallet::<T>::run_deadlines(&mut meter);
		}
		assert_eq!(Agenda::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn cascade_step() {
		let id = Scene::<T>::open().order_in(Placed);
		pallet_certificates::Pallet::<T>::blacklist(&SELLER, id).expect("the seller has a certificate");
		Cascades::<T>::insert(SELLER, Progress::Sales(None));
		let mut meter = WeightMeter::with_limit(<T as Config>::WeightInfo::cascade_step());
		#[block]
		{
			Pallet::<T>::run_cascades(&mut meter);
		}
		assert!(matches!(
			Cascades::<T>::get(SELLER),
			Some(Progress::Sales(Some(_)))
		));
	}

	#[benchmark]
	fn quote_removal() {
		let mut scene = Scene::<T>::open();
		let listing = scene.listing();
		scene.quote(&listing);
		Delisted::<T>::insert(&listing, ());
		let mut meter = WeightMeter::with_limit(<T as Config>::WeightInfo::quote_removal());
		#[block]
		{
			Pallet::<T>::remove_quotes(&mut meter);
		}
		assert!(crate::Quotes::<T>::get(BUYER, &listing).is_none());
	}

	#[benchmark]
	fn check_proof() -> Result<(), BenchmarkError> {
		Scene::<T>::open();
		let call: T::RuntimeCall = Call::<T>::ship {
			seq: SEQ,
			order: crate::OrderId {
				buyer: BUYER,
				seq: SEQ,
			},
		}
		.into();
		let origin: T::RuntimeOrigin = RawOrigin::Signed(SELLER).into();
		let info = DispatchInfo::default();
		let admitted;
		#[block]
		{
			admitted = CheckProof::<T>::new()
				.validate(
					origin,
					&call,
					&info,
					0,
					(),
					&TxBaseImplication(()),
					TransactionSource::InBlock,
				)
				.is_ok();
		}
		assert!(admitted);
		Ok(())
	}

	// The proofs.

	#[benchmark]
	fn verify_issue() {
		let spoiled = Scene::<T>::open().issue().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_list() {
		let spoiled = Scene::<T>::open().list().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_order() {
		let spoiled = Scene::<T>::open().order().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_accept() {
		let spoiled = Scene::<T>::open().accept().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_dispute() {
		let spoiled = Scene::<T>::open().dispute().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_transfer() {
		let spoiled = Scene::<T>::open().transfer().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_redeem() {
		let spoiled = Scene::<T>::open().redeem().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_reprice() {
		let spoiled = Scene::<T>::open().reprice().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	#[benchmark]
	fn verify_restock() {
		let spoiled = Scene::<T>::open().restock().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Range));
	}

	/// A residue's proof has one check at its end, the challenge.
	#[benchmark]
	fn verify_refresh() {
		let spoiled = Scene::<T>::open().refresh().spoiled::<T>();
		let verdict;
		#[block]
		{
			verdict = spoiled.verify();
		}
		assert_eq!(verdict, Err(ProofError::Challenge));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::for_benchmarks(), crate::mock::Test);
}
