//! An agent that is killed between any two of its steps: the next one does what is left, and nothing twice.

use std::{path::Path, time::Duration};

use pallet_ecommerce::OrderState;
use rand_core::RngCore;
use veilmart_cli::serve::journal::Step;

use crate::{
	ledger::Death,
	stage::{of_kind, parcels, rules_with, script, serve, Order, Stage, MONEY, PRICE, STOCK},
};

/// What has to be true in the end, however often the agent was killed.
async fn everything_was_done_once(stage: &Stage, folder: &Path, good: &[Order], bad: &Order, when: &str) {
	for order in good {
		assert_eq!(stage.state(order).await, Some(OrderState::Shipped), "{when}");
	}
	assert_eq!(
		stage.state(bad).await,
		Some(OrderState::Refunded),
		"{when}: not declined"
	);
	let mut names: Vec<_> = good.iter().map(veilmart_cli::names::show_order).collect();
	names.sort();
	assert_eq!(parcels(folder), names, "{when}: other parcels than orders");
	let balance = stage.shop.balance().await.unwrap();
	assert_eq!(balance, MONEY + 500 - 10 * 5 * PRICE, "{when}");
	assert_eq!(stage.stock().await, STOCK - 5, "{when}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_it_does_all_and_nothing_twice() {
	let stage = Stage::set().await;
	let good = [stage.order(2).await, stage.order(3).await];
	let bad = stage.order(6).await;
	stage.issuer.issue(stage.shop.id(), 500).await.unwrap();
	let start = stage.ledger.with(|inner| inner.snapshot());

	// Undisturbed, to know how many requests there are.
	let folder = tempfile::tempdir().unwrap();
	stage.ledger.with(|inner| inner.revive(None));
	let rules = rules_with(&script(folder.path()));
	let (result, said) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
	result.unwrap().unwrap();
	let (requests, sent) = stage.ledger.with(|inner| inner.requests());
	for (action, times) in [
		("collected", 1),
		("accepted", 2),
		("declined", 1),
		("command", 2),
		("shipped", 2),
	] {
		assert_eq!(of_kind(&said, action).len(), times, "{action}: {said:#?}");
	}
	everything_was_done_once(&stage, folder.path(), &good, &bad, "undisturbed").await;

	// Before each request is handled; and after it, where that is something else: what was sent arrived, and nobody knows. In the short
	// form before every fifth request, other ones each time.
	let (first, step) = match std::env::var_os("VEILMART_SOAK") {
		Some(_) => (0, 1),
		None => (usize::from(rand_core::OsRng.next_u32().to_le_bytes()[0]) % 5, 5),
	};
	println!("Killed before request {} and every {step} after it", first + 1);
	let before = (1..=requests).skip(first).step_by(step).map(Death::Before);
	let after = sent.into_iter().map(Death::After);
	let (mut tried, mut deaths) = (0, 0);
	for (index, death) in before.chain(after).enumerate() {
		// The node keeps its pool, or loses it.
		let pool_lost = index % 2 == 0;
		let folder = tempfile::tempdir().unwrap();
		let rules = rules_with(&script(folder.path()));
		let begin = start.clone();
		stage.ledger.with(move |inner| {
			inner.restore(begin);
			inner.revive(Some(death));
		});
		let (killed, said) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
		let when = format!("killed {death:?}, pool lost: {pool_lost}, after {said:#?}");
		tried += 1;
		deaths += usize::from(!matches!(killed, Some(Ok(()))));
		stage.ledger.with(move |inner| {
			if pool_lost {
				inner.empty_pool();
			}
			inner.revive(None);
		});
		let (result, _) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
		result
			.expect("nobody kills it now")
			.unwrap_or_else(|error| panic!("{when}: {error}"));
		everything_was_done_once(&stage, folder.path(), &good, &bad, &when).await;
	}
	// Waiting takes more or fewer requests from time to time, so the last deaths may come too late.
	assert!(
		deaths * 10 > tried * 9,
		"only {deaths} deaths in {tried} attempts"
	);
}

/// All calls are sent, and the agent cannot read of the first what became of it: those behind it are its own all the same.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_when_all_is_sent_it_still_knows_what_it_accepted() {
	let stage = Stage::set().await;
	let good = [stage.order(2).await, stage.order(3).await];
	let bad = stage.order(6).await;
	stage.issuer.issue(stage.shop.id(), 500).await.unwrap();
	let folder = tempfile::tempdir().unwrap();
	let rules = rules_with(&script(folder.path()));
	stage.ledger.with(|inner| inner.revive(Some(Death::AtEvents(4))));
	let (ended, said) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
	assert!(matches!(ended, Some(Err(_))), "{said:#?}");
	// The node still has in its pool what is in no block yet.
	stage.ledger.with(|inner| inner.revive(None));
	assert!(!of_kind(&said, "forgotten").is_empty(), "{said:#?}");
	let (result, _) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
	result
		.expect("nobody kills it now")
		.unwrap_or_else(|error| panic!("after {said:#?}: {error}"));
	everything_was_done_once(
		&stage,
		folder.path(),
		&good,
		&bad,
		"without a node when all was sent",
	)
	.await;
}

/// Serves until the file `started` is there, and is killed then.
async fn killed_within_the_command(stage: &Stage, folder: &Path, script: &str) {
	let rules = rules_with(script);
	let started = async {
		while !folder.join("started").exists() {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
	};
	tokio::select! {
		() = started => {}
		ended = serve(&stage.ledger, &rules, folder, &[]) => panic!("it was not killed: {ended:?}"),
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_within_the_ship_command_it_stops_and_asks() {
	let stage = Stage::set().await;
	let order = stage.order(2).await;
	let name = veilmart_cli::names::show_order(&order);
	let start = stage.ledger.with(|inner| inner.snapshot());
	for (did_ship, answer) in [(true, Step::Shipped), (false, Step::NotShipped)] {
		let begin = start.clone();
		stage.ledger.with(move |inner| inner.restore(begin));
		let folder = tempfile::tempdir().unwrap();
		let started = folder.path().join("started");
		let hangs = if did_ship {
			format!(
				"{}; touch '{}'; sleep 2",
				script(folder.path()),
				started.display()
			)
		} else {
			format!("touch '{}'; sleep 2", started.display())
		};
		killed_within_the_command(&stage, folder.path(), &hangs).await;
		let before = parcels(folder.path());
		assert_eq!(before.len(), usize::from(did_ship));

		// The next one does not guess, and says which order needs somebody.
		let rules = rules_with(&script(folder.path()));
		let (result, said) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
		let error = result.unwrap().unwrap_err().to_string();
		assert!(error.contains(&name), "{error}");
		assert_eq!(of_kind(&said, "needsYou").len(), 1, "{said:#?}");
		assert_eq!(parcels(folder.path()), before, "it shipped on a guess");
		assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));

		// Told what happened, it goes on.
		let (result, _) = serve(&stage.ledger, &rules, folder.path(), &[(order.clone(), answer)]).await;
		result.unwrap().unwrap();
		assert_eq!(parcels(folder.path()), std::slice::from_ref(&name));
		assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
		let (result, _) = serve(&stage.ledger, &rules, folder.path(), &[(order.clone(), answer)]).await;
		assert!(result.unwrap().is_err(), "it is not waiting any more");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_new_journal_nothing_is_shipped_that_was_accepted_before() {
	let stage = Stage::set().await;
	let order = stage.order(2).await;
	stage.shop.accept(&order).await.unwrap();
	let folder = tempfile::tempdir().unwrap();
	let rules = rules_with(&script(folder.path()));
	let (result, _) = serve(&stage.ledger, &rules, folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	assert!(
		parcels(folder.path()).is_empty(),
		"somebody may have shipped it already"
	);
	let (result, _) = serve(
		&stage.ledger,
		&rules,
		folder.path(),
		&[(order.clone(), Step::NotShipped)],
	)
	.await;
	result.unwrap().unwrap();
	assert_eq!(parcels(folder.path()).len(), 1);
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}
