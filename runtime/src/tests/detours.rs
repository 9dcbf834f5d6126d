//! Calls that no transaction extension sees: whatever way they come, dispatch asks the same of the account that they act for.

use codec::Encode;
use frame_support::{
	assert_ok,
	dispatch::{DispatchResultWithPostInfo, RawOrigin},
	weights::Weight,
};
use pallet_certificates::{Certificate, OrderId, Refusal, Role, Roles, Status, ViewKey};
use pallet_ecommerce::{Error, ListingId};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie, Dave, Ferdie};
use sp_runtime::{
	traits::{BlakeTwo256, Dispatchable, Hash as _},
	transaction_validity::{TransactionValidityError, UnknownTransaction},
	DispatchError,
};

use super::{governance::motion, market::*, *};
use crate::{
	configs::{CallQuota, ProxyType, QuotaPeriod},
	Certificates, Council, Ecommerce, Multisig, OriginCaller, Proxy, RuntimeEvent,
};

/// Acts through others, or for itself: nobody whom genesis knows.
const ACTOR: Sr25519Keyring = Ferdie;
/// Wraps the calls: certified as buyer and seller, and in the council.
const HELPER: Sr25519Keyring = Alice;
/// The other signatory, certified likewise.
const SECOND: Sr25519Keyring = Bob;

/// The ways in which a call can reach the marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
	Signed,
	Batch,
	BatchAll,
	ForceBatch,
	IfElse,
	Derivative,
	Proxy,
	Announced,
	Multisig,
	MultisigOfOne,
	Council,
}

impl Way {
	const ALL: [Way; 11] = [
		Way::Signed,
		Way::Batch,
		Way::BatchAll,
		Way::ForceBatch,
		Way::IfElse,
		Way::Derivative,
		Way::Proxy,
		Way::Announced,
		Way::Multisig,
		Way::MultisigOfOne,
		Way::Council,
	];

	/// The account that calls act for on this way.
	fn account(self) -> AccountId {
		let mut signatories = [HELPER, SECOND].map(account);
		signatories.sort();
		match self {
			Way::Derivative => pallet_utility::derivative_account_id(account(HELPER), 7),
			Way::Multisig => Multisig::multi_account_id(&signatories, 2),
			Way::MultisigOfOne => Multisig::multi_account_id(&signatories, 1),
			_ => account(ACTOR),
		}
	}

	/// Sends a call this way and says how the call itself ended, whatever became of its wrapping.
	fn dispatch(self, call: RuntimeCall) -> Result<(), DispatchError> {
		System::reset_events();
		let real = account(ACTOR);
		let calls = vec![call.clone()];
		let held = Box::new(call.clone());
		let (who, wrapped): (_, RuntimeCall) = match self {
			Way::Signed => return plain(call.dispatch(signed(ACTOR))),
			Way::Batch => (ACTOR, pallet_utility::Call::batch { calls }.into()),
			Way::BatchAll => {
				let batch: RuntimeCall = pallet_utility::Call::batch_all { calls }.into();
				return plain(batch.dispatch(signed(ACTOR)));
			}
			Way::ForceBatch => (ACTOR, pallet_utility::Call::force_batch { calls }.into()),
			Way::IfElse => {
				let (main, fallback) = (held, Box::new(remark()));
				(ACTOR, pallet_utility::Call::if_else { main, fallback }.into())
			}
			Way::Derivative => {
				let derivative: RuntimeCall =
					pallet_utility::Call::as_derivative { index: 7, call: held }.into();
				return plain(derivative.dispatch(signed(HELPER)));
			}
			Way::Proxy => (HELPER, proxied(&real, call)),
			Way::Announced => {
				let call_hash = BlakeTwo256::hash_of(&call);
				let (delegate, real) = (account(HELPER).into(), real.into());
				let (announce, proxied) = (
					pallet_proxy::Call::announce {
						real: account(ACTOR).into(),
						call_hash,
					},
					pallet_proxy::Call::proxy_announced {
						delegate,
						real,
						force_proxy_type: None,
						call: held,
					},
				);
				plain(RuntimeCall::from(announce).dispatch(signed(HELPER))).expect("a proxy announces");
				(SECOND, proxied.into())
			}
			Way::Multisig => {
				plain(approve(HELPER, call.clone()).dispatch(signed(HELPER))).expect("the first approves");
				(SECOND, approve(SECOND, call))
			}
			Way::MultisigOfOne => {
				let other_signatories = vec![account(SECOND)];
				let of_one: RuntimeCall = pallet_multisig::Call::as_multi_threshold_1 {
					other_signatories,
					call: held,
				}
				.into();
				return plain(of_one.dispatch(signed(HELPER)));
			}
			Way::Council => {
				by_council(RawOrigin::Signed(real).into(), call);
				return outcome();
			}
		};
		plain(wrapped.dispatch(signed(who))).expect("the wrapping goes through");
		outcome()
	}
}

/// The result without the weight.
fn plain(result: DispatchResultWithPostInfo) -> Result<(), DispatchError> {
	result.map(|_| ()).map_err(|failed| failed.error)
}

fn proxied(real: &AccountId, call: RuntimeCall) -> RuntimeCall {
	pallet_proxy::Call::proxy {
		real: real.clone().into(),
		force_proxy_type: None,
		call: Box::new(call),
	}
	.into()
}

/// The approval of one of the two signatories; the second one's dispatches.
fn approve(who: Sr25519Keyring, call: RuntimeCall) -> RuntimeCall {
	let other = if who == HELPER { SECOND } else { HELPER };
	let hash = sp_io::hashing::blake2_256(&call.encode());
	pallet_multisig::Call::as_multi {
		threshold: 2,
		other_signatories: vec![account(other)],
		maybe_timepoint: pallet_multisig::Multisigs::<Runtime>::get(Way::Multisig.account(), hash)
			.map(|open| open.when),
		call: Box::new(call),
		max_weight: Weight::MAX,
	}
	.into()
}

/// Has the council schedule a call with this origin for the next block, and begins that block.
fn by_council(origin: OriginCaller, call: RuntimeCall) {
	let next = System::block_number() + 1;
	let dispatch_as: RuntimeCall = pallet_utility::Call::dispatch_as {
		as_origin: Box::new(origin),
		call: Box::new(call),
	}
	.into();
	let schedule: RuntimeCall = pallet_scheduler::Call::schedule {
		when: next,
		maybe_periodic: None,
		priority: 0,
		call: Box::new(dispatch_as),
	}
	.into();
	let as_root = crate::governance::Call::dispatch_as_root {
		call: Box::new(schedule),
	};
	assert_ok!(motion(as_root.into(), &[Alice, Bob]));
	Executive::finalize_block();
	begin_block(next);
}

/// How the innermost call ended, as the wrapping's events tell.
fn outcome() -> Result<(), DispatchError> {
	use pallet_utility::Event as Utility;
	System::events()
		.into_iter()
		.rev()
		.find_map(|record| match record.event {
			RuntimeEvent::Utility(
				Utility::BatchInterrupted { error, .. } | Utility::ItemFailed { error },
			) => Some(Err(error)),
			RuntimeEvent::Utility(Utility::IfElseFallbackCalled { main_error }) => Some(Err(main_error)),
			RuntimeEvent::Utility(Utility::DispatchedAs { result }) => Some(result),
			RuntimeEvent::Utility(Utility::BatchCompleted | Utility::IfElseMainSuccess) => Some(Ok(())),
			RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
			RuntimeEvent::Multisig(pallet_multisig::Event::MultisigExecuted { result, .. }) => Some(result),
			_ => None,
		})
		.expect("the wrapping says how the call ended")
}

/// All that marketplace and registry have in the state, but for what every block writes: its time.
fn ledger() -> Vec<(Vec<u8>, Vec<u8>)> {
	let mut entries = Vec::new();
	for pallet in ["Ecommerce", "Certificates"] {
		let prefix = sp_io::hashing::twox_128(pallet.as_bytes());
		let mut key = prefix.to_vec();
		while let Some(next) = sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix)) {
			let value = sp_io::storage::get(&next).expect("the key is there");
			if next != pallet_ecommerce::LastTimestamp::<Runtime>::hashed_key() {
				entries.push((next.clone(), value.to_vec()));
			}
			key = next;
		}
	}
	assert!(entries.len() > 10, "genesis wrote certificates and a key");
	entries
}

/// Puts a certificate on chain: accounts without a key of their own cannot request one.
pub(super) fn certify(who: &AccountId, roles: impl Into<Roles>) {
	if System::providers(who) == 0 {
		System::inc_providers(who);
	}
	let certificate = Certificate {
		roles: roles.into(),
		organisation: b"Corner Shop".to_vec().try_into().expect("short"),
		view_key: None,
		valid_until: None,
		status: Status::Active,
	};
	pallet_certificates::Certificates::<Runtime>::insert(who, certificate);
}

fn set_status(who: &AccountId, status: Status<AccountId>) {
	pallet_certificates::Certificates::<Runtime>::mutate(who, |certificate| {
		certificate.as_mut().expect("it was certified").status = status;
	});
}

/// The chain `development`, where the actor has two proxies.
fn with_proxies() -> TestExternalities {
	let mut state = development();
	state.execute_with(|| {
		// To name proxies takes a place, which takes a certificate; the tests begin without one.
		certify(&account(ACTOR), [Role::Buyer]);
		assert_ok!(Proxy::add_proxy(
			signed(ACTOR),
			account(HELPER).into(),
			ProxyType::Any,
			0
		));
		pallet_certificates::Certificates::<Runtime>::remove(account(ACTOR));
	});
	state
}

/// A call is refused for this reason, and marketplace and registry are as before.
fn refused(way: Way, call: RuntimeCall, error: Error<Runtime>) {
	let before = ledger();
	assert_eq!(way.dispatch(call), Err(error.into()), "{way:?}");
	assert!(ledger() == before, "{way:?}: a refused call left something");
}

#[test]
fn no_way_leads_around_certificate_role_proof_and_sequence() {
	for way in Way::ALL {
		with_proxies().execute_with(|| {
			let who = way.account();
			let honest = list_at(&who, 0, 255).0;
			refused(way, honest.clone(), Error::NotCertified);
			certify(&who, [Role::Buyer]);
			refused(way, honest.clone(), Error::WrongRole);
			certify(&who, [Role::Buyer, Role::Seller]);
			set_status(&who, Status::Revoked);
			refused(way, honest.clone(), Error::Revoked);
			let order = OrderId {
				buyer: account(Bob),
				seq: 3,
			};
			set_status(&who, Status::Blacklisted(order));
			refused(way, honest.clone(), Error::Blacklisted);
			set_status(&who, Status::Active);

			// A proof for the one who sends it, who has every right, is none for the account that it acts for.
			let other = if who == account(HELPER) { SECOND } else { HELPER };
			refused(way, list_at(&account(other), 0, 255).0, Error::ProofMismatch);
			// A proof for another call.
			let mut foreign = honest.clone();
			if let (
				RuntimeCall::Ecommerce(pallet_ecommerce::Call::list { proof, .. }),
				RuntimeCall::Ecommerce(pallet_ecommerce::Call::issue { proof: issued, .. }),
			) = (&mut foreign, issue(&who, 5).0)
			{
				*proof = issued;
			}
			refused(way, foreign, Error::ProofLength);
			refused(way, list_at(&who, 1, 255).0, Error::FutureSequence);

			let left = Certificates::quota_left(who.clone());
			assert_ok!(way.dispatch(honest.clone()));
			assert_eq!(Ecommerce::listings(&who).len(), 1, "{way:?}");
			assert_eq!(Certificates::quota_left(who.clone()), left - 1, "{way:?}");
			refused(way, honest, Error::StaleSequence);

			while Certificates::quota_left(who.clone()) > 0 {
				assert_ok!(Certificates::consume_quota(&who));
			}
			refused(way, list(&who), Error::QuotaExhausted);
		});
	}
}

#[test]
fn the_council_has_no_way_of_its_own() {
	with_proxies().execute_with(|| {
		let before = ledger();
		by_council(RawOrigin::Root.into(), list(&account(ACTOR)));
		assert_eq!(outcome(), Err(DispatchError::BadOrigin));
		// Nor the members together, nor a member without a certificate.
		let call = list(&account(ACTOR));
		assert_eq!(motion(call, &[Alice, Bob]), Err(DispatchError::BadOrigin));
		assert_ok!(Council::set_members(
			RuntimeOrigin::root(),
			vec![account(ACTOR)],
			None,
			3
		));
		assert!(ledger() == before);
		refused(Way::Signed, list(&account(ACTOR)), Error::NotCertified);
	});
}

#[test]
fn one_bad_call_in_a_batch() {
	let calls = |who: &AccountId| {
		let good = |seq| list_at(who, seq, 255).0;
		let bad = list_at(&account(HELPER), 1, 255).0;
		vec![good(0), bad, good(1)]
	};
	let who = account(ACTOR);
	for (way, listings, used) in [
		("batch_all: nothing of it stays", 0, 0),
		("batch: what came before stays", 1, 1),
		("force_batch: all others stay", 2, 2),
	] {
		with_proxies().execute_with(|| {
			certify(&who, [Role::Seller]);
			let calls = calls(&who);
			let batch: RuntimeCall = match listings {
				0 => pallet_utility::Call::batch_all { calls },
				1 => pallet_utility::Call::batch { calls },
				_ => pallet_utility::Call::force_batch { calls },
			}
			.into();
			let result = plain(batch.dispatch(signed(ACTOR)));
			assert_eq!(result.is_err(), listings == 0, "{way}");
			let error = result.err().unwrap_or_else(|| {
				System::events()
					.into_iter()
					.find_map(|record| match record.event {
						RuntimeEvent::Utility(
							pallet_utility::Event::BatchInterrupted { error, .. }
							| pallet_utility::Event::ItemFailed { error },
						) => Some(error),
						_ => None,
					})
					.expect("one call failed")
			});
			assert_eq!(error, Error::<Runtime>::ProofMismatch.into(), "{way}");
			assert_eq!(Ecommerce::listings(&who).len(), listings, "{way}");
			assert_eq!(
				Certificates::quota_left(who.clone()),
				CallQuota::get() - used,
				"{way}"
			);
		});
	}
}

#[test]
fn a_batch_in_a_transaction_pays_for_every_call_that_it_holds() {
	with_proxies().execute_with(|| {
		let who = account(ACTOR);
		certify(&who, [Role::Seller]);
		let calls = vec![
			list_at(&who, 0, 255).0,
			list_at(&account(HELPER), 1, 255).0,
			list_at(&who, 1, 255).0,
		];
		let batch = pallet_utility::Call::batch_all { calls };
		assert_eq!(
			apply(ACTOR, batch.into()),
			Ok(Err(Error::<Runtime>::ProofMismatch.into()))
		);
		assert_eq!(Certificates::quota_left(who), CallQuota::get() - 3);
	});
}

#[test]
fn a_proxied_call_is_the_real_accounts_and_costs_both() {
	development().execute_with(|| {
		// The delegate's certificate lets the transaction in, the real account's lets the call through.
		assert_ok!(Council::set_members(
			RuntimeOrigin::root(),
			vec![account(Alice)],
			None,
			3
		));
		let (real, delegate) = (account(Charlie), account(Dave));
		assert_ok!(Proxy::add_proxy(
			signed(Charlie),
			delegate.clone().into(),
			ProxyType::Any,
			0
		));
		System::inc_providers(&delegate);
		let call = || proxied(&real, list(&real));
		let no_certificate: TransactionValidityError =
			UnknownTransaction::Custom(Refusal::NotCertified.code()).into();
		assert_eq!(apply(Dave, call()), Err(no_certificate));
		// Any role will do for the delegate.
		certify(&delegate, [Role::Auditor]);
		assert_eq!(apply(Dave, call()), Ok(Ok(())));
		assert_eq!(outcome(), Ok(()));
		assert_eq!(Ecommerce::listings(&real).len(), 1);
		assert_eq!(Ecommerce::listings(&delegate).len(), 0);
		for who in [&real, &delegate] {
			assert_eq!(Certificates::quota_left(who.clone()), CallQuota::get() - 1);
		}
		// A call that fails costs the delegate, whose transaction took its place in the block, and not the real account.
		assert_eq!(apply(Dave, proxied(&real, list_at(&real, 7, 255).0)), Ok(Ok(())));
		assert_eq!(outcome(), Err(Error::<Runtime>::FutureSequence.into()));
		assert_eq!(Certificates::quota_left(real.clone()), CallQuota::get() - 1);
		assert_eq!(Certificates::quota_left(delegate.clone()), CallQuota::get() - 2);
		// The delegate's quota is none of the real account's.
		while Certificates::quota_left(real.clone()) > 0 {
			assert_ok!(Certificates::consume_quota(&real));
		}
		assert_eq!(apply(Dave, call()), Ok(Ok(())));
		assert_eq!(outcome(), Err(Error::<Runtime>::QuotaExhausted.into()));
		// Nor is the delegate's certificate.
		set_status(&real, Status::Revoked);
		begin_next_quota();
		assert_eq!(apply(Dave, call()), Ok(Ok(())));
		assert_eq!(outcome(), Err(Error::<Runtime>::Revoked.into()));
	});
}

/// Moves chain time into the next period of quotas.
fn begin_next_quota() {
	pallet_timestamp::Now::<Runtime>::mutate(|now| *now += QuotaPeriod::get());
}

#[test]
fn a_multisig_with_a_certificate_trades() {
	with_proxies().execute_with(|| {
		let who = Way::Multisig.account();
		certify(&who, [Role::Buyer, Role::Seller]);
		let issuer_signs = |call: RuntimeCall| plain(call.dispatch(RuntimeOrigin::signed(issuer())));
		// Without a view key nobody can send it money; it registers one as it does everything else.
		let (money, balance) = issue(&who, 1_000);
		assert_eq!(
			issuer_signs(money.clone()),
			Err(Error::<Runtime>::NoViewKey.into())
		);
		let view_key = ViewKey::new([9; 32]).expect("not of small order");
		let register = pallet_certificates::Call::set_view_key { view_key, counter: 1 };
		assert_ok!(Way::Multisig.dispatch(register.into()));
		assert_ok!(issuer_signs(money));
		assert_ok!(Way::Multisig.dispatch(collect(&who)));

		let seller = account(Charlie);
		let (offer, price) = list_at(&seller, 0, 255);
		assert_ok!(plain(offer.dispatch(signed(Charlie))));
		let listing = ListingId { seller, seq: 0 };
		assert_ok!(Way::Multisig.dispatch(order(&who, &listing, &price, &balance, 3)));
		assert_eq!(Ecommerce::orders_of_buyer(&who, None).len(), 1);
		assert_ok!(Way::Multisig.dispatch(list(&who)));
		assert_eq!(Ecommerce::listings(&who).len(), 1);
		// The signatories did nothing of it.
		for signatory in [HELPER, SECOND].map(account) {
			assert_eq!(seq(&signatory), 0);
			assert_eq!(Ecommerce::listings(&signatory).len(), 0);
		}
		assert_eq!(Certificates::quota_left(who), CallQuota::get() - 4);
	});
}
