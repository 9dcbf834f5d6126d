//! What each call and each deadline tells: who and what, never how much.

use super::quota::example;
use crate::{
	mock::*, Call, CreditId, CreditKind, DeclineReason, Disclosure, Event, ListingId, OrderId, RedemptionId,
	RefreshTarget, Terms, Verdict,
};
use frame_support::{assert_ok, traits::GetCallName};
use scale_info::{Type, TypeDef, TypeInfo};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{traits::Dispatchable, AccountId32};
use std::collections::BTreeSet;

type Registry = pallet_certificates::Event<Test>;

/// Everything that was told since the events were last cleared, by whatever pallet.
fn told() -> Vec<RuntimeEvent> {
	System::events().into_iter().map(|record| record.event).collect()
}

fn of_market(events: Vec<Event<Test>>) -> Vec<RuntimeEvent> {
	events.into_iter().map(RuntimeEvent::from).collect()
}

// In a market that has just opened the issuer has made two calls (numbers 0 and 1), the buyer has collected (0), the seller
// has collected (0) and listed (1). What comes next has the next numbers.

fn listing() -> ListingId<AccountId32> {
	ListingId {
		seller: SELLER.to_account_id(),
		seq: 1,
	}
}

fn order() -> OrderId<AccountId32> {
	OrderId {
		buyer: BUYER.to_account_id(),
		seq: 1,
	}
}

fn credit(creator: Sr25519Keyring, seq: u64, kind: CreditKind) -> CreditId<AccountId32> {
	CreditId {
		creator: creator.to_account_id(),
		seq,
		kind,
	}
}

/// Terms other than those of genesis.
fn other_terms() -> Terms {
	Terms {
		accept_period: 61_000,
		bond_multiple: 3,
		..Terms::default()
	}
}

/// A call of this name that succeeds, with its origin: governance and the certificate authority have theirs as well.
fn call_of(name: &str) -> (RuntimeOrigin, Call<Test>) {
	let authority = RuntimeOrigin::signed(CA.to_account_id());
	match name {
		"set_terms" => {
			let terms = other_terms();
			(RuntimeOrigin::root(), Call::set_terms { terms })
		}
		"set_issuer_quota" => {
			let (issuer, quota) = (TRADER.to_account_id(), 77);
			(authority, Call::set_issuer_quota { issuer, quota })
		}
		"record_disclosure" => {
			let subject = Disclosure::Order(order());
			(authority, Call::record_disclosure { subject })
		}
		_ => {
			let (party, call) = example(name);
			(RuntimeOrigin::signed(party.who), call)
		}
	}
}

/// What the call of this name tells.
fn told_by(name: &str) -> Vec<Event<Test>> {
	let [issuer, buyer, seller] = [ISSUER, BUYER, SELLER].map(|party| party.to_account_id());
	let (order, listing) = (order(), listing());
	let redemption = RedemptionId {
		holder: buyer.clone(),
		seq: 1,
	};
	match name {
		"issue" => vec![Event::Issued {
			issuer,
			to: buyer,
			credit: credit(ISSUER, 2, CreditKind::Issued),
		}],
		"collect" => vec![Event::Collected {
			account: buyer,
			credits: vec![credit(ISSUER, 2, CreditKind::Issued)],
		}],
		"list" => vec![Event::Listed {
			listing: ListingId { seller, seq: 2 },
		}],
		"quote" => vec![Event::Quoted {
			listing,
			buyer,
			version: 0,
		}],
		"order" => vec![Event::Placed { order, listing }],
		"cancel" => vec![Event::Cancelled { order }],
		"accept" => vec![Event::Accepted { order, seller }],
		"decline" => vec![Event::Declined {
			order,
			seller,
			reason: DeclineReason::Unspecified,
		}],
		"ship" => vec![Event::Shipped { order, seller }],
		"confirm" => vec![Event::Completed { order, seller }],
		// Who poked is not told: it is what the deadline does.
		"poke" => vec![Event::Lapsed { order, seller }],
		"dispute" => vec![Event::Disputed { order, seller }],
		"resolve" => vec![
			Event::Resolved {
				order: order.clone(),
				arbiter: Some(ARBITER.to_account_id()),
				verdict: Verdict::Refunded,
			},
			Event::Refunded { order, seller },
		],
		"set_terms" => vec![Event::TermsSet { terms: other_terms() }],
		"transfer" => vec![Event::Transferred {
			from: buyer,
			to: seller,
			credit: credit(BUYER, 1, CreditKind::Transfer),
		}],
		"refuse" => vec![Event::Refused {
			by: seller,
			credit: credit(BUYER, 1, CreditKind::Returned),
		}],
		"reclaim" => vec![Event::Reclaimed {
			from: seller,
			credit: credit(BUYER, 1, CreditKind::Returned),
		}],
		"redeem" => vec![Event::Redeemed { issuer, redemption }],
		"settle" => vec![Event::Settled { issuer, redemption }],
		"refresh" => vec![Event::Refreshed {
			account: buyer,
			target: RefreshTarget::Balance,
		}],
		"reprice" => vec![Event::Repriced { listing, version: 1 }],
		"restock" => vec![Event::Restocked { listing }],
		"delist" => vec![Event::Delisted { listing }],
		"set_issuer_quota" => vec![Event::IssuerQuotaSet {
			issuer: TRADER.to_account_id(),
			quota: 77,
		}],
		"record_disclosure" => vec![Event::Disclosed {
			subject: Disclosure::Order(order),
		}],
		other => panic!("what `{other}` tells is not said here"),
	}
}

#[test]
fn every_call_tells_what_it_did_and_nothing_else() {
	for name in Call::<Test>::get_call_names() {
		execute(|| {
			let (origin, call) = call_of(name);
			System::reset_events();
			assert_ok!(RuntimeCall::from(call).dispatch(origin));
			assert_eq!(told(), of_market(told_by(name)), "{name}");
		});
	}
}

/// The event of a seller barred because of the order.
fn barred() -> RuntimeEvent {
	Registry::Blacklisted {
		account: SELLER.to_account_id(),
		order: order(),
	}
	.into()
}

#[test]
fn a_decision_is_told_and_then_what_it_comes_to() {
	for council in [false, true] {
		for verdict in [Verdict::Completed, Verdict::Refunded, Verdict::Penalised] {
			execute(|| {
				let arbiter = example("resolve").0;
				let (order, seller) = (order(), SELLER.to_account_id());
				let call = Call::<Test>::resolve {
					seq: arbiter.seq(),
					order: order.clone(),
					verdict,
				};
				let origin = if council {
					RuntimeOrigin::root()
				} else {
					RuntimeOrigin::signed(arbiter.who)
				};
				System::reset_events();
				assert_ok!(RuntimeCall::from(call).dispatch(origin));
				let decision = Event::Resolved {
					order: order.clone(),
					arbiter: (!council).then(|| ARBITER.to_account_id()),
					verdict,
				};
				let end = match verdict {
					Verdict::Completed => Event::Completed { order, seller },
					Verdict::Refunded => Event::Refunded { order, seller },
					Verdict::Penalised => Event::Penalised { order, seller },
				};
				let mut expected = of_market(vec![decision, end]);
				if verdict == Verdict::Penalised {
					expected.push(barred());
				}
				assert_eq!(told(), expected);
			});
		}
	}
}

#[test]
fn what_a_deadline_did_is_told_when_it_acts() {
	fn told_of(event: fn(OrderId<AccountId32>, AccountId32) -> Event<Test>) -> Vec<RuntimeEvent> {
		of_market(vec![event(order(), SELLER.to_account_id())])
	}
	let lapsed = told_of(|order, seller| Event::Lapsed { order, seller });
	let mut penalised = told_of(|order, seller| Event::Penalised { order, seller });
	penalised.push(barred());
	let completed = told_of(|order, seller| Event::Completed { order, seller });
	let refunded = told_of(|order, seller| Event::Refunded { order, seller });
	// The call for which an order waits, for how long it does, and what is told when nobody makes it.
	let deadlines = [
		("accept", 60_000, lapsed),
		("ship", 240_000, penalised),
		("confirm", 120_000, completed),
		("resolve", 120_000, refunded),
	];
	for (name, period, expected) in deadlines {
		execute(|| {
			let _ = example(name);
			System::reset_events();
			pass(period);
			assert_eq!(told(), of_market(vec![]), "{name}");
			block_after(1);
			assert_eq!(told(), expected, "{name}");
		});
	}
}

#[test]
fn what_waited_for_a_barred_seller_is_told_as_refunded() {
	for poked in [false, true] {
		execute(|| {
			let mut market = Market::open();
			let disputed = market.buyer.orders(&market.listed, 1);
			market.seller.accepts(&mut market.listed, &disputed);
			market.seller.ships(&disputed);
			market.buyer.disputes(&disputed);
			let waits = market.buyer.orders(&market.listed, 1);
			let arbiter = Party::new(ARBITER);
			assert_ok!(arbiter.dispatch(arbiter.resolve(&disputed, Verdict::Penalised)));
			System::reset_events();
			if poked {
				assert_ok!(market.buyer.dispatch(market.buyer.poke(&waits)));
			} else {
				block_after(1);
			}
			// The buyer's fourth call, after it collected, ordered and disputed.
			let refunded = Event::Refunded {
				order: OrderId {
					buyer: BUYER.to_account_id(),
					seq: 3,
				},
				seller: SELLER.to_account_id(),
			};
			assert_eq!(told(), of_market(vec![refunded]));
		});
	}
}

#[test]
fn that_the_clock_stood_still_is_told_with_its_length() {
	let halted = |length| of_market(vec![Event::Halted { length }]);
	execute(|| {
		System::reset_events();
		block_after(15_000);
		assert_eq!(told(), of_market(vec![]), "no halt yet");
		block_after(15_001);
		assert_eq!(told(), halted(15_001));
		System::reset_events();
		Suspended::set(true);
		block_after(3_000);
		assert_eq!(told(), halted(3_000));
		System::reset_events();
		Ecommerce::postpone(7_000);
		assert_eq!(told(), halted(7_000));
	});
}

/// What is told of a market in which all amounts come from this one: of all that moves money into it, within it and out of it.
fn tale(unit: u64) -> Vec<RuntimeEvent> {
	let mut tale = Vec::new();
	execute(|| {
		// Of the proofs nothing is told but that they were right.
		VerifyBy::set(By::Credulous);
		let (mut issuer, mut buyer, mut seller) = (Party::new(ISSUER), Party::new(BUYER), Party::new(SELLER));
		buyer.endow(&mut issuer, 1_000 * unit);
		seller.endow(&mut issuer, 1_000 * unit);
		let listed = seller.offers(unit, 10 * unit);
		let (call, listed) = seller.reprice(&listed, 2 * unit);
		assert_ok!(seller.dispatch(call));
		let (call, mut listed) = seller.restock(&listed, unit);
		assert_ok!(seller.dispatch(call));
		let placed = buyer.orders(&listed, unit);
		seller.accepts(&mut listed, &placed);
		seller.ships(&placed);
		buyer.disputes(&placed);
		let arbiter = Party::new(ARBITER);
		assert_ok!(arbiter.dispatch(arbiter.resolve(&placed, Verdict::Completed)));
		buyer.transfers(&seller, unit);
		register_view_key(&issuer);
		let redemption = RedemptionId {
			holder: buyer.who.clone(),
			seq: buyer.seq(),
		};
		let (call, _, after) = buyer.redeem(&issuer, unit);
		assert_ok!(buyer.dispatch(call));
		buyer.balance = after;
		let seq = issuer.seq();
		assert_ok!(issuer.dispatch(Call::settle { seq, redemption }));
		let call = buyer.refresh(RefreshTarget::Balance, &buyer.balance).0;
		assert_ok!(buyer.dispatch(call));
		// Total and deposit, and two payments of one unit.
		assert_eq!(
			buyer.ledger_balance(),
			1_000 * unit - 2 * 2 * unit * unit - 2 * unit
		);
		tale = told();
	});
	tale
}

#[test]
fn the_same_calls_with_other_amounts_tell_the_same() {
	let tale_of_two = tale(2);
	// Fifteen calls that tell one thing each, and a decision, which tells two.
	let events = tale_of_two
		.iter()
		.filter(|event| matches!(event, RuntimeEvent::Ecommerce(_)))
		.count();
	assert_eq!(events, 17);
	assert_eq!(tale_of_two, tale(3));
}

/// Collects under which names numbers and bytes are in a type, at whatever depth. Accounts are left out.
fn find_numbers(name: &'static str, ty: Type, found: &mut BTreeSet<&'static str>) {
	if ty.path.segments.last() == Some(&"AccountId32") {
		return;
	}
	match ty.type_def {
		TypeDef::Composite(composite) => {
			for field in composite.fields {
				find_numbers(field.name.unwrap_or(name), field.ty.type_info(), found);
			}
		}
		TypeDef::Variant(choice) => {
			for variant in choice.variants {
				for field in variant.fields {
					find_numbers(field.name.unwrap_or(variant.name), field.ty.type_info(), found);
				}
			}
		}
		TypeDef::Sequence(list) => find_numbers(name, list.type_param.type_info(), found),
		TypeDef::Array(list) => find_numbers(name, list.type_param.type_info(), found),
		TypeDef::Tuple(tuple) => {
			for ty in tuple.fields {
				find_numbers(name, ty.type_info(), found);
			}
		}
		_ => {
			found.insert(name);
		}
	}
}

/// The numbers that an event of this name may hold. Amounts are public in one only: what an issuer may issue is a decision of
/// the authority's.
fn public_numbers(event: &str) -> &'static [&'static str] {
	match event {
		"Quoted" | "Repriced" => &["seq", "version"],
		"Halted" => &["length"],
		"TermsSet" => &[
			"accept_period",
			"bond_multiple",
			"confirm_period",
			"grace_period",
			"penalty_share",
			"resolve_period",
			"ship_period",
		],
		"Refreshed" => &["Stock", "seq"],
		"IssuerQuotaSet" => &["quota"],
		// The numbers in the names of things.
		"Issued" | "Collected" | "Listed" | "Placed" | "Cancelled" | "Accepted" | "Declined" | "Shipped"
		| "Completed" | "Lapsed" | "Penalised" | "Disputed" | "Resolved" | "Refunded" | "Transferred"
		| "Refused" | "Reclaimed" | "Redeemed" | "Settled" | "Restocked" | "Delisted" | "Disclosed" => &["seq"],
		other => panic!("which numbers `{other}` may hold is not said here"),
	}
}

#[test]
fn no_event_has_room_for_an_amount() {
	let TypeDef::Variant(events) = Event::<Test>::type_info().type_def else {
		panic!("events are variants");
	};
	assert_eq!(events.variants.len(), 28);
	for event in events.variants {
		let mut found = BTreeSet::new();
		for field in event.fields {
			find_numbers(field.name.unwrap_or(event.name), field.ty.type_info(), &mut found);
		}
		let found: Vec<_> = found.into_iter().collect();
		assert_eq!(found, public_numbers(event.name), "{}", event.name);
	}
}
