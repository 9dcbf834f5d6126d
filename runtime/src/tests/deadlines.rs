//! Deadlines in real blocks: the agenda's share, closing blocks, halts, pauses.

use frame_support::{assert_ok, traits::Get, weights::Weight};
use pallet_ecommerce::{ListingId, OrderId, OrderState};
use pallet_td_raft_election::LastBlock;
use sp_keyring::Sr25519Keyring::{Bob, Charlie};

use super::{market::*, *};
use crate::{
	configs::{AgendaWeight, HaltThreshold, RuntimeBlockWeights},
	Certificates, Ecommerce, TxPause,
};

/// Ends the block and begins the next, so much later.
pub(super) fn next_block(milliseconds: u64) {
	Executive::finalize_block();
	let number = System::block_number() + 1;
	let now = pallet_timestamp::Now::<Runtime>::get() + milliseconds;
	begin_block_with(number, Hash::default(), digest(number, Hash::default()), now);
}

/// An order of Charlie's for something of Bob's.
fn placed() -> OrderId<AccountId> {
	let (buyer, seller) = (account(Charlie), account(Bob));
	let view_key = pallet_certificates::ViewKey::new([9; 32]).expect("not of small order");
	assert_ok!(Certificates::set_view_key(signed(Charlie), view_key, 1));
	let (money, balance) = issue(&buyer, 1_000);
	let dispatch = |who: RuntimeOrigin, call: RuntimeCall| {
		use sp_runtime::traits::Dispatchable;
		assert!(call.dispatch(who).is_ok());
	};
	dispatch(RuntimeOrigin::signed(issuer()), money);
	dispatch(signed(Charlie), collect(&buyer));
	let (offer, price) = list_at(&seller, 0, 255);
	dispatch(signed(Bob), offer);
	let id = OrderId {
		buyer: buyer.clone(),
		seq: seq(&buyer),
	};
	let listing = ListingId { seller, seq: 0 };
	dispatch(signed(Charlie), order(&buyer, &listing, &price, &balance, 2));
	id
}

pub(super) fn state(id: &OrderId<AccountId>) -> OrderState {
	Ecommerce::order_of(id).expect("the order is there").state
}

#[test]
fn a_deadline_acts_in_the_block_after_it_has_fallen_and_weighs_something() {
	development().execute_with(|| {
		// In the middle of a session.
		(0..3).for_each(|_| next_block(10_000));
		let id = placed();
		for _ in 0..6 {
			next_block(10_000);
			assert_eq!(state(&id), OrderState::Placed);
		}
		let quiet = System::block_weight().total();
		next_block(1);
		assert_eq!(state(&id), OrderState::Refunded);
		assert!(System::block_weight().total().ref_time() > quiet.ref_time());
	});
}

/// Such a block is full before the marketplace is asked.
#[test]
fn a_block_that_begins_a_session_leaves_the_agenda_to_the_next() {
	development().execute_with(|| {
		let id = placed();
		// The session is over when the deadline falls.
		(0..6).for_each(|_| next_block(10_000));
		let session = pallet_session::CurrentIndex::<Runtime>::get();
		next_block(1);
		assert_eq!(pallet_session::CurrentIndex::<Runtime>::get(), session + 1);
		assert_eq!(state(&id), OrderState::Placed);
		next_block(1);
		assert_eq!(state(&id), OrderState::Refunded);
	});
}

#[test]
fn a_closing_block_leaves_the_agenda_to_the_next() {
	development().execute_with(|| {
		let share = AgendaWeight::get();
		let whole = RuntimeBlockWeights::get().max_block;
		assert_eq!(share.ref_time(), whole.ref_time() / 4);
		LastBlock::<Runtime>::mutate(|head| head.closing = true);
		assert_eq!(AgendaWeight::get(), Weight::zero());
	});
}

#[test]
fn a_halt_moves_deadlines_before_any_transaction_of_the_next_block() {
	development().execute_with(|| {
		let id = placed();
		assert_eq!(HaltThreshold::get(), 15_000);
		next_block(15_000);
		assert_eq!(Ecommerce::market().halted, 0);
		next_block(3_600_000);
		assert_eq!(Ecommerce::market().halted, 3_600_000);
		next_block(1);
		assert_eq!(state(&id), OrderState::Placed);
	});
}

/// Half of the council can pause a call. It cannot by that make sellers forfeit their bonds or orders lapse.
#[test]
fn while_a_call_that_keeps_a_deadline_is_paused_no_time_passes() {
	let name = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
	for (call, counts) in [
		("accept", false),
		("ship", false),
		("dispute", false),
		("resolve", false),
		("list", true),
	] {
		development().execute_with(|| {
			(0..3).for_each(|_| next_block(10_000));
			let id = placed();
			let full_name = (name("Ecommerce"), name(call));
			assert_ok!(TxPause::pause(RuntimeOrigin::root(), full_name.clone()));
			(0..12).for_each(|_| next_block(10_000));
			let after = if counts {
				OrderState::Refunded
			} else {
				OrderState::Placed
			};
			assert_eq!(state(&id), after, "{call}");
			assert_eq!(Ecommerce::market().halted, if counts { 0 } else { 120_000 });
			assert_ok!(TxPause::unpause(RuntimeOrigin::root(), full_name));
			(0..7).for_each(|_| next_block(10_000));
			next_block(1);
			assert_eq!(state(&id), OrderState::Refunded, "{call}");
		});
	}
}

/// Anybody may poke, and nobody needs to: with all calls paused that do not stop the clock, the penalty is collected in its time.
#[test]
fn no_pause_keeps_the_penalty_from_being_collected() {
	use frame_support::traits::GetCallName;

	let name = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
	development().execute_with(|| {
		let id = accepted();
		let burned = pallet_ecommerce::Redeemed::<Runtime>::get();
		let stop_the_clock = ["accept", "ship", "dispute", "resolve"];
		for call in pallet_ecommerce::Call::<Runtime>::get_call_names()
			.iter()
			.copied()
		{
			if !stop_the_clock.contains(&call) {
				assert_ok!(TxPause::pause(
					RuntimeOrigin::root(),
					(name("Ecommerce"), name(call))
				));
			}
		}
		(0..24).for_each(|_| next_block(10_000));
		assert_eq!(state(&id), OrderState::Accepted);
		let poke = pallet_ecommerce::Call::poke {
			seq: seq(&account(Charlie)),
			order: id.clone(),
		};
		assert_eq!(
			apply(Charlie, poke.into()),
			Ok(Err(frame_system::Error::<Runtime>::CallFiltered.into()))
		);
		// The second, if the first begins a session.
		(0..2).for_each(|_| next_block(1));
		assert_eq!(Ecommerce::market().halted, 0);
		assert_eq!(state(&id), OrderState::Penalised);
		let seller = Certificates::certificate(account(Bob)).expect("it has one");
		assert_eq!(seller.status, pallet_certificates::Status::Blacklisted(id));
		assert_ne!(pallet_ecommerce::Redeemed::<Runtime>::get(), burned);
	});
}

/// A pause of what keeps a deadline, as long as it may be, only puts the penalty off.
#[test]
fn a_pause_of_ship_puts_the_penalty_off_and_no_more() {
	let name = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
	development().execute_with(|| {
		let id = accepted();
		(0..23).for_each(|_| next_block(10_000));
		let full_name = (name("Ecommerce"), name("ship"));
		assert_ok!(TxPause::pause(RuntimeOrigin::root(), full_name.clone()));
		(0..20).for_each(|_| next_block(10_000));
		assert_eq!(state(&id), OrderState::Accepted);
		assert_ok!(TxPause::unpause(RuntimeOrigin::root(), full_name));
		next_block(10_000);
		(0..2).for_each(|_| next_block(1));
		assert_eq!(state(&id), OrderState::Penalised);
	});
}
