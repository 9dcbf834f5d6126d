//! What is due, decided from a final block and the rules alone. Nothing here sends, waits or remembers.
//!
//! Orders are taken in the order given; each acceptance takes its pieces off the stock and its bond off the balance for those
//! behind it, as the chain will, and is one more order that has to be shipped. What is only a matter of time is no reason to
//! decline: as long as the agent accepts nothing, or credits that suffice wait to be collected, orders wait.

use std::collections::BTreeMap;

use pallet_certificates::{Moment, OrderId};
use veilmart_runtime::AccountId;

use super::rules::{Answer, Rule, Rules};
use crate::{amount, output::time};

/// An order that waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
	pub(super) id: OrderId<AccountId>,
	/// The number of the listing.
	pub(super) listing: u64,
	/// The buyer's organisation, if rules ask for it.
	pub(super) organisation: Option<String>,
	/// When it lapses, in chain time.
	pub(super) due: Option<Moment>,
	pub(super) contents: Contents,
}

/// What an order says to its seller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contents {
	/// The note opens its ciphertexts, bit for bit.
	Opened { quantity: u64, total: u64, bond: u128 },
	/// It does not.
	Mismatch(String),
}

/// What the seller has to give.
#[derive(Clone, Debug)]
pub(super) struct Means {
	pub(super) balance: u64,
	/// What waits to be collected, in all.
	pub(super) credits: u128,
	/// How many orders are accepted and not shipped.
	pub(super) open: u64,
	/// Whether nothing may be accepted for another reason.
	pub(super) closed: bool,
	/// Pieces of each listing that exists; `None` if the listing does not open.
	pub(super) stocks: BTreeMap<u64, Option<u64>>,
}

/// What is to be done with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
	Accept,
	/// It breaks a rule, and why.
	Answer(Rule, Answer, String),
	/// Nothing is accepted now.
	Wait,
	/// As many orders as the rules allow wait to be shipped.
	Full,
	/// Its bond is there once credits are collected, and what is missing.
	Collect(String),
	/// Nothing can be done.
	Nothing(String),
}

/// What is to be done with each order, in their order. `now` is the time of the block.
pub(super) fn decide(rules: &Rules, mut means: Means, now: Moment, orders: &[Waiting]) -> Vec<Verdict> {
	orders
		.iter()
		.map(|order| decide_one(rules, &mut means, now, order))
		.collect()
}

fn decide_one(rules: &Rules, means: &mut Means, now: Moment, order: &Waiting) -> Verdict {
	let breaks = |rule, why: String| Verdict::Answer(rule, rules.answer(rule), why);
	if let Some(due) = order.due.filter(|due| now >= *due) {
		return Verdict::Nothing(format!("it lapsed at {}", time(due)));
	}
	// A seller relies on nothing that its own computation does not give again.
	let (quantity, total, bond) = match &order.contents {
		Contents::Opened {
			quantity,
			total,
			bond,
		} => (*quantity, *total, *bond),
		Contents::Mismatch(problem) => return breaks(Rule::Note, problem.clone()),
	};
	if !rules.accept.listings.contains(order.listing) {
		return breaks(
			Rule::Listing,
			format!("listing {} is not among those served", order.listing),
		);
	}
	let stock = match means.stocks.get(&order.listing) {
		None => return breaks(Rule::Gone, format!("listing {} is gone", order.listing)),
		Some(None) => return Verdict::Nothing(format!("listing {} does not open", order.listing)),
		Some(Some(stock)) => *stock,
	};
	if !rules.buyers.serve(&order.id.buyer, order.organisation.as_deref()) {
		return breaks(Rule::Buyer, "the buyer is not served".into());
	}
	if let Some(most) = rules.accept.max_quantity.filter(|most| quantity > *most) {
		return breaks(Rule::Quantity, format!("{quantity} pieces, at most {most}"));
	}
	if let Some(least) = rules.accept.min_total.filter(|least| total < *least) {
		let (total, least) = (amount::show(total), amount::show(least));
		return breaks(Rule::Total, format!("{total} in all, at least {least}"));
	}
	if let Some(most) = rules.accept.max_total.filter(|most| total > *most) {
		let (total, most) = (amount::show(total), amount::show(most));
		return breaks(Rule::Total, format!("{total} in all, at most {most}"));
	}
	// What follows may be otherwise when something is accepted again.
	if means.closed {
		return Verdict::Wait;
	}
	if rules.accept.max_open.is_some_and(|most| means.open >= most) {
		return Verdict::Full;
	}
	let keep = rules.accept.stock_reserve;
	let Some(left) = stock.checked_sub(quantity).filter(|left| *left >= keep) else {
		return breaks(
			Rule::Stock,
			format!("{quantity} pieces of {stock}, of which {keep} are kept"),
		);
	};
	let keep = rules.accept.balance_reserve;
	let after = u64::try_from(bond)
		.ok()
		.and_then(|bond| means.balance.checked_sub(bond))
		.filter(|after| *after >= keep);
	let Some(after) = after else {
		let needed = bond.saturating_add(u128::from(keep));
		let suffices = u128::from(means.balance).saturating_add(means.credits) >= needed;
		let (bond, balance) = (amount::show_wide(bond), amount::show(means.balance));
		let keep = amount::show(keep);
		let why = format!("a bond of {bond} from {balance}, of which {keep} are kept");
		return if suffices {
			Verdict::Collect(why)
		} else {
			breaks(Rule::Bond, why)
		};
	};
	means.balance = after;
	means.open = means.open.saturating_add(1);
	means.stocks.insert(order.listing, Some(left));
	Verdict::Accept
}

/// Whether something would be accepted if what waits were collected.
pub(super) fn needs_credits(verdicts: &[Verdict]) -> bool {
	verdicts
		.iter()
		.any(|verdict| matches!(verdict, Verdict::Collect(_)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{account::Account, cli::Reason, keystore::Keystore, names::Names};

	fn rules(more: &str) -> Rules {
		let folder = tempfile::tempdir().unwrap();
		let text = format!("[ship]\nwhen = \"manual\"\n{more}");
		Rules::parse(&text, &Names::new(Keystore::new(folder.path()))).unwrap()
	}

	fn order(seq: u64, quantity: u64) -> Waiting {
		let buyer = Account::development("//Bob").unwrap().id();
		Waiting {
			id: OrderId { buyer, seq },
			listing: 3,
			organisation: None,
			due: Some(1_000),
			contents: Contents::Opened {
				quantity,
				total: 100 * quantity,
				bond: 1_000 * u128::from(quantity),
			},
		}
	}

	fn means(balance: u64, stock: u64) -> Means {
		Means {
			balance,
			credits: 0,
			open: 0,
			closed: false,
			stocks: [(3, Some(stock)), (4, None)].into(),
		}
	}

	fn broken(rules: &Rules, means: Means, order: Waiting) -> (Rule, Answer) {
		match decide(rules, means, 0, &[order]).remove(0) {
			Verdict::Answer(rule, answer, _) => (rule, answer),
			verdict => panic!("{verdict:?}"),
		}
	}

	#[test]
	fn each_acceptance_counts_for_those_behind_it() {
		let all = rules("[accept]\nlistings = \"all\"\n");
		let orders = [order(1, 2), order(2, 2), order(3, 1)];
		let verdicts = decide(&all, means(3_000, 9), 0, &orders);
		// The second finds 1000 for a bond of 2000; the third, smaller, still fits.
		assert_eq!([&verdicts[0], &verdicts[2]], [&Verdict::Accept, &Verdict::Accept]);
		assert!(matches!(verdicts[1], Verdict::Answer(Rule::Bond, ..)));
		assert!(!needs_credits(&verdicts), "there are none");
		let verdicts = decide(&all, means(9_000, 3), 0, &orders);
		assert!(matches!(verdicts[1], Verdict::Answer(Rule::Stock, ..)));
	}

	#[test]
	fn credits_that_suffice_are_waited_for() {
		let all = rules("[accept]\nlistings = \"all\"\nbalance_reserve = \"5.00\"\n");
		let with = |credits| Means {
			credits,
			..means(1_000, 9)
		};
		let verdicts = decide(&all, with(1_500), 0, &[order(1, 2)]);
		assert!(matches!(verdicts[0], Verdict::Collect(_)));
		assert!(needs_credits(&verdicts));
		// The reserve is not for bonds.
		assert_eq!(broken(&all, with(1_499), order(1, 2)).0, Rule::Bond);
	}

	#[test]
	fn no_more_are_accepted_than_may_be_open() {
		let few = rules("[accept]\nlistings = \"all\"\nmax_open = 3\nmax_quantity = 5\n");
		let one_open = Means {
			open: 1,
			..means(2_000, 9)
		};
		let orders = [1, 2, 3].map(|seq| order(seq, 1));
		let verdicts = decide(&few, one_open, 0, &orders);
		assert_eq!(verdicts, [Verdict::Accept, Verdict::Accept, Verdict::Full]);
		let closed = Means {
			closed: true,
			..means(0, 0)
		};
		// Neither stock nor bond is a reason as long as nothing is accepted; other rules are.
		let verdicts = decide(&few, closed, 0, &[order(1, 1), order(2, 6)]);
		assert_eq!(verdicts[0], Verdict::Wait);
		assert!(matches!(verdicts[1], Verdict::Answer(Rule::Quantity, ..)));
	}

	#[test]
	fn each_rule_has_its_reason() {
		let strict = rules(
			"[accept]\nlistings = [3, 4, 5]\nmax_quantity = 5\nmin_total = \"2.00\"\nmax_total = \"4.00\"\nstock_reserve = 2\nbalance_reserve = \"1.00\"\n\
			[buyers]\nallow_organisations = [\"Shop\"]\n[decline]\nquantity = \"not-served\"\nbond = \"leave\"\n",
		);
		let served = |seq, quantity| Waiting {
			organisation: Some("Shop".into()),
			..order(seq, quantity)
		};
		let decline = Answer::Decline;
		let rich = || means(1_000_000, 1_000);
		let accepted = decide(&strict, rich(), 0, &[served(1, 3)]);
		assert_eq!(accepted, [Verdict::Accept]);
		for (order, means, expected) in [
			(order(1, 3), rich(), (Rule::Buyer, decline(Reason::NotServed))),
			(served(1, 6), rich(), (Rule::Quantity, decline(Reason::NotServed))),
			(served(1, 1), rich(), (Rule::Total, decline(Reason::Unspecified))),
			(served(1, 5), rich(), (Rule::Total, decline(Reason::Unspecified))),
			(
				served(1, 3),
				means(1_000_000, 4),
				(Rule::Stock, decline(Reason::OutOfStock)),
			),
			(served(1, 3), means(3_099, 1_000), (Rule::Bond, Answer::Leave)),
			(
				Waiting {
					listing: 5,
					..served(1, 3)
				},
				rich(),
				(Rule::Gone, decline(Reason::OutOfStock)),
			),
			(
				Waiting {
					listing: 6,
					..served(1, 3)
				},
				rich(),
				(Rule::Listing, Answer::Leave),
			),
			(
				Waiting {
					contents: Contents::Mismatch("x".into()),
					..served(1, 3)
				},
				rich(),
				(Rule::Note, decline(Reason::NoteMismatch)),
			),
		] {
			assert_eq!(broken(&strict, means, order.clone()), expected, "{order:?}");
		}
		assert_eq!(
			decide(&strict, means(3_100, 5), 0, &[served(1, 3)]),
			[Verdict::Accept]
		);
	}

	#[test]
	fn what_is_late_or_unreadable_is_left_alone() {
		let all = rules("[accept]\nlistings = \"all\"\n");
		let verdicts = decide(&all, means(9_000, 9), 1_000, &[order(1, 1)]);
		assert!(matches!(verdicts[0], Verdict::Nothing(_)));
		let unreadable = Waiting {
			listing: 4,
			..order(1, 1)
		};
		let verdicts = decide(&all, means(9_000, 9), 999, &[unreadable]);
		assert!(matches!(verdicts[0], Verdict::Nothing(_)));
	}

	#[test]
	fn bonds_larger_than_any_balance_do_not_wrap() {
		let all = rules("[accept]\nlistings = \"all\"\n");
		let mut huge = order(1, 1);
		huge.contents = Contents::Opened {
			quantity: 1,
			total: u64::MAX,
			bond: u128::from(u64::MAX) * 10,
		};
		assert_eq!(broken(&all, means(u64::MAX, 9), huge).0, Rule::Bond);
	}
}
