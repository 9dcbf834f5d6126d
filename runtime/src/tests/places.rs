//! Places: how much an account keeps that no deposit is taken for.

use frame_support::{assert_noop, assert_ok, weights::Weight};
use pallet_certificates::{Claims as _, Refusal, Role};
use pallet_multisig::Timepoint;
use sp_keyring::Sr25519Keyring::{Charlie, Dave, Ferdie};
use sp_runtime::{traits::Dispatchable, transaction_validity::UnknownTransaction, DispatchResult};

use super::{detours::certify, *};
use crate::{
	configs::{NoMoreThanUsed, ProxyType},
	places::{Error, Taken},
	Multisig, Places, Proxy,
};

/// As many as there are.
const PLACES: u32 = 64;
/// Has a certificate.
const SHOP: Sr25519Keyring = Charlie;

fn with_a_shop() -> TestExternalities {
	let mut state = development();
	state.execute_with(|| certify(&account(SHOP), [Role::Buyer]));
	state
}

fn taken(who: &AccountId) -> u32 {
	assert_ok!(Places::do_try_state());
	Taken::<Runtime>::get(who)
}

/// The first approval of operation `number`, of the account and Dave.
fn open(who: RuntimeOrigin, number: u8) -> DispatchResult {
	Multisig::approve_as_multi(who, 2, vec![account(Dave)], None, [number; 32], Weight::zero())
		.map(|_| ())
		.map_err(|failed| failed.error)
}

/// When operation `number` of the shop and Dave was opened.
fn opened(number: u8) -> Timepoint<u32> {
	let mut both = [SHOP, Dave].map(account);
	both.sort();
	pallet_multisig::Multisigs::<Runtime>::get(Multisig::multi_account_id(&both, 2), [number; 32])
		.expect("it is open")
		.when
}

fn pure(index: u16) -> DispatchResult {
	Proxy::create_pure(signed(SHOP), ProxyType::Any, 0, index)
}

#[test]
fn an_account_has_64_operations_open_and_one_more_when_one_is_cancelled() {
	with_a_shop().execute_with(|| {
		let shop = account(SHOP);
		for number in 0..64 {
			assert_ok!(open(signed(SHOP), number));
		}
		assert_eq!(taken(&shop), PLACES);
		assert_noop!(open(signed(SHOP), 64), Error::<Runtime>::NoPlaceLeft);
		// What was kept tells the place.
		let mut both = [SHOP, Dave].map(account);
		both.sort();
		let both = Multisig::multi_account_id(&both, 2);
		let kept = pallet_multisig::Multisigs::<Runtime>::get(both, [7; 32]).expect("it is open");
		assert_eq!((kept.deposit, kept.depositor), (1, shop.clone()));

		assert_ok!(Multisig::cancel_as_multi(
			signed(SHOP),
			2,
			vec![account(Dave)],
			opened(7),
			[7; 32]
		));
		assert_eq!(taken(&shop), PLACES - 1);
		assert_ok!(open(signed(SHOP), 64));
		assert_noop!(open(signed(SHOP), 65), Error::<Runtime>::NoPlaceLeft);
		// All kinds share them, and others have their own.
		assert_noop!(pure(0), Error::<Runtime>::NoPlaceLeft);
		certify(&account(Ferdie), [Role::Buyer]);
		assert_ok!(open(signed(Ferdie), 0));
	});
}

#[test]
fn pure_proxies_take_a_place_each_until_they_are_killed() {
	with_a_shop().execute_with(|| {
		let shop = account(SHOP);
		for index in 0..64 {
			assert_ok!(pure(index));
		}
		assert_eq!(taken(&shop), PLACES);
		assert_noop!(pure(64), Error::<Runtime>::NoPlaceLeft);
		let address = Proxy::pure_account(&shop, &ProxyType::Any, 5, None);
		// A pure proxy names a second proxy without a place of its own.
		assert_ok!(Proxy::add_proxy(
			RuntimeOrigin::signed(address.clone()),
			account(Dave).into(),
			ProxyType::Governance,
			0
		));
		assert_ok!(Proxy::kill_pure(
			RuntimeOrigin::signed(address),
			shop.clone().into(),
			ProxyType::Any,
			5,
			System::block_number(),
			System::extrinsic_index().unwrap_or_default()
		));
		assert_eq!(taken(&shop), PLACES - 1);
		assert_ok!(pure(64));
		assert_noop!(pure(65), Error::<Runtime>::NoPlaceLeft);
	});
}

/// With its last proxy gone nobody could give the place back.
#[test]
fn a_pure_proxy_is_not_given_up_without_giving_its_place_back() {
	with_a_shop().execute_with(|| {
		let shop = account(SHOP);
		let index = System::extrinsic_index().unwrap_or_default();
		assert_ok!(pure(0));
		let address = Proxy::pure_account(&shop, &ProxyType::Any, 0, None);
		let of_pure = |call: pallet_proxy::Call<Runtime>| -> RuntimeCall {
			pallet_proxy::Call::proxy {
				real: address.clone().into(),
				force_proxy_type: None,
				call: Box::new(call.into()),
			}
			.into()
		};
		let without = |who| pallet_proxy::Call::<Runtime>::remove_proxy {
			delegate: account(who).into(),
			proxy_type: ProxyType::Any,
			delay: 0,
		};
		let all = || pallet_proxy::Call::<Runtime>::remove_proxies {};
		let calls = vec![remark(), of_pure(all())];
		for call in [
			of_pure(all()),
			of_pure(without(SHOP)),
			pallet_utility::Call::batch { calls }.into(),
		] {
			assert_eq!(
				apply(SHOP, call),
				Err(UnknownTransaction::Custom(Refusal::NotEntitled.code()).into())
			);
		}
		// It may pass to somebody else, who is not let do it either.
		let origin = RuntimeOrigin::signed(address.clone());
		assert_ok!(Proxy::add_proxy(origin, account(Dave).into(), ProxyType::Any, 0));
		assert_eq!(apply(SHOP, of_pure(without(SHOP))), Ok(Ok(())));
		assert_eq!(
			NoMoreThanUsed::check(&account(Dave), &of_pure(without(Dave))),
			Err(Refusal::NotEntitled)
		);
		assert_eq!(taken(&shop), 1);
		let killed = of_pure(pallet_proxy::Call::kill_pure {
			spawner: shop.clone().into(),
			proxy_type: ProxyType::Any,
			index: 0,
			height: System::block_number(),
			ext_index: index,
		});
		assert_ok!(NoMoreThanUsed::check(&account(Dave), &killed));
		assert_ok!(killed.dispatch(signed(Dave)));
		assert_eq!(taken(&shop), 0);

		// A list on its own place is removed as ever.
		assert_ok!(Proxy::add_proxy(
			signed(SHOP),
			account(Dave).into(),
			ProxyType::Any,
			0
		));
		assert_eq!(apply(SHOP, without(Dave).into()), Ok(Ok(())));
		assert_ok!(Proxy::add_proxy(
			signed(SHOP),
			account(Dave).into(),
			ProxyType::Any,
			0
		));
		assert_eq!(apply(SHOP, all().into()), Ok(Ok(())));
		assert_eq!(taken(&shop), 0);
	});
}

/// Done where no transaction is looked at, it costs a place, and wins none: who made it has one less for ever, the pure proxy no more.
#[test]
fn a_place_of_a_pure_proxy_that_is_lost_is_not_won_by_another() {
	with_a_shop().execute_with(|| {
		let shop = account(SHOP);
		assert_ok!(pure(0));
		let address = Proxy::pure_account(&shop, &ProxyType::Any, 0, None);
		let origin = || RuntimeOrigin::signed(address.clone());
		// The most that an account can make of it: a pure proxy that has places of its own.
		let members = vec![address.clone()];
		assert_ok!(crate::Council::set_members(
			RuntimeOrigin::root(),
			members,
			None,
			3
		));
		certify(&shop, [Role::Buyer]);
		for number in 0..64 {
			assert_ok!(open(origin(), number));
		}
		assert_eq!((taken(&shop), taken(&address)), (1, PLACES));
		// Its list, whose place it never took, makes room for one more, on the place that is lost.
		assert_ok!(Proxy::remove_proxies(origin()));
		assert_ok!(open(origin(), 64));
		assert_noop!(open(origin(), 65), Error::<Runtime>::NoPlaceLeft);
		assert_noop!(
			Proxy::add_proxy(origin(), account(Dave).into(), ProxyType::Any, 0),
			Error::<Runtime>::NoPlaceLeft
		);
		// 65 entries on 65 places.
		assert_eq!((taken(&shop), taken(&address)), (1, PLACES));
	});
}

#[test]
fn a_list_of_proxies_and_one_of_announcements_take_a_place_however_long() {
	with_a_shop().execute_with(|| {
		let (shop, delegate) = (account(SHOP), account(Ferdie));
		certify(&delegate, [Role::Buyer]);
		for kind in [ProxyType::Any, ProxyType::Governance] {
			assert_ok!(Proxy::add_proxy(signed(SHOP), delegate.clone().into(), kind, 0));
			assert_eq!(taken(&shop), 1);
		}
		for hash in [1, 2] {
			let hash = Hash::repeat_byte(hash);
			assert_ok!(Proxy::announce(signed(Ferdie), shop.clone().into(), hash));
			assert_eq!(taken(&delegate), 1);
		}
		for (hash, left) in [(1, 1), (2, 0)] {
			let hash = Hash::repeat_byte(hash);
			assert_ok!(Proxy::remove_announcement(
				signed(Ferdie),
				shop.clone().into(),
				hash
			));
			assert_eq!(taken(&delegate), left);
		}
		assert_ok!(Proxy::remove_proxies(signed(SHOP)));
		assert_eq!(taken(&shop), 0);
		assert!(!Taken::<Runtime>::contains_key(&shop), "nothing is kept for none");
	});
}

#[test]
fn accounts_that_anybody_makes_up_have_no_places() {
	with_a_shop().execute_with(|| {
		let made_up = pallet_utility::derivative_account_id(account(SHOP), 1);
		let origin = || RuntimeOrigin::signed(made_up.clone());
		assert_noop!(open(origin(), 0), Error::<Runtime>::NoPlaces);
		assert_noop!(
			Proxy::create_pure(origin(), ProxyType::Any, 0, 0),
			Error::<Runtime>::NoPlaces
		);
		assert_noop!(
			Proxy::add_proxy(origin(), account(SHOP).into(), ProxyType::Any, 0),
			Error::<Runtime>::NoPlaces
		);
	});
}

#[test]
fn what_was_kept_before_places_were_counted_gives_none_back() {
	with_a_shop().execute_with(|| {
		assert_ok!(open(signed(SHOP), 1));
		assert_ok!(open(signed(SHOP), 2));
		let mut both = [SHOP, Dave].map(account);
		both.sort();
		let both = Multisig::multi_account_id(&both, 2);
		// As the former version left it.
		pallet_multisig::Multisigs::<Runtime>::mutate(both, [1; 32], |kept| {
			kept.as_mut().expect("it is open").deposit = 0;
		});
		Taken::<Runtime>::insert(account(SHOP), 1);
		assert_ok!(Multisig::cancel_as_multi(
			signed(SHOP),
			2,
			vec![account(Dave)],
			opened(1),
			[1; 32]
		));
		assert_eq!(taken(&account(SHOP)), 1);
	});
}

#[test]
fn whoever_lost_its_certificate_still_has_its_places() {
	with_a_shop().execute_with(|| {
		let ca = RuntimeOrigin::signed(crate::genesis_presets::certificate_authority());
		assert_ok!(open(signed(SHOP), 0));
		assert_ok!(crate::Certificates::revoke(ca, account(SHOP)));
		assert_ok!(open(signed(SHOP), 1));
		assert_eq!(taken(&account(SHOP)), 2);
	});
}
