//! What would cost the seller its bonds or a second parcel: each of these once did.

use std::path::Path;

use pallet_ecommerce::{Call, OrderState};
use veilmart_cli::{
	names::show_order,
	serve::{journal::Step, rules::Rules},
	transaction::Until,
};
use veilmart_runtime::RuntimeCall;

use crate::{
	ledger::START,
	stage::{journal, of_kind, parcels, rules, rules_with, script, serve, serve_at, Order, Stage},
};

const MANUAL: &str = "[accept]\nlistings = \"all\"\n[ship]\nwhen = \"manual\"\n";

/// As `rules_with`, with a command that may take a second.
fn hasty(script: &str) -> Rules {
	rules(&format!(
		"[accept]\nlistings = \"all\"\n[ship]\nwhen = \"command\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\ntimeout_seconds = 1\n"
	))
}

/// That the agent asks a person about this order, and ships nothing.
async fn asks_about(stage: &Stage, folder: &Path, order: &Order) {
	let (result, said) = serve(&stage.ledger, &rules_with(&script(folder)), folder, &[]).await;
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains(&show_order(order)), "{error}");
	let asked = of_kind(&said, "needsYou");
	assert_eq!(asked.len(), 1, "{said:#?}");
	let why = asked[0]["because"].as_str().unwrap();
	assert!(why.contains("--not-shipped"), "{why}");
	assert!(parcels(folder).is_empty(), "it shipped on a guess");
	assert_eq!(stage.state(order).await, Some(OrderState::Accepted));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_command_fails_or_hangs_nothing_more_is_accepted() {
	let stage = Stage::set().await;
	let begin = stage.ledger.with(|inner| inner.snapshot());
	for (command, questions) in [("exit 1", 0), ("sleep 30", 1)] {
		let begin = begin.clone();
		stage.ledger.with(move |inner| inner.restore(begin));
		let folder = tempfile::tempdir().unwrap();
		let first = stage.order(1).await;
		let (result, said) = serve(&stage.ledger, &hasty(command), folder.path(), &[]).await;
		assert!(result.unwrap().is_err(), "{command}");
		assert_eq!(of_kind(&said, "failed").len(), 1, "{command}: {said:#?}");
		let behind = [stage.order(1).await, stage.order(2).await];
		for _ in 0..2 {
			let (result, said) = serve(&stage.ledger, &hasty(command), folder.path(), &[]).await;
			assert!(result.unwrap().is_err(), "{command}");
			assert_eq!(of_kind(&said, "paused").len(), 1, "{command}: {said:#?}");
			assert_eq!(
				of_kind(&said, "needsYou").len(),
				questions,
				"{command}: {said:#?}"
			);
			for order in &behind {
				assert_eq!(
					stage.state(order).await,
					Some(OrderState::Placed),
					"{command}: {said:#?}"
				);
			}
		}
		// Once it ships again, so are they.
		let works = rules_with(&script(folder.path()));
		let answers = [(first.clone(), Step::NotShipped)];
		let (result, said) = serve(&stage.ledger, &works, folder.path(), &answers).await;
		result.unwrap().unwrap();
		for order in [&first, &behind[0], &behind[1]] {
			assert_eq!(stage.state(order).await, Some(OrderState::Shipped), "{said:#?}");
		}
		assert_eq!(parcels(folder.path()).len(), 3);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_orders_are_open_than_the_rules_allow() {
	let stage = Stage::set().await;
	let orders = [stage.order(1).await, stage.order(1).await, stage.order(1).await];
	let folder = tempfile::tempdir().unwrap();
	let few = rules("[accept]\nlistings = \"all\"\nmax_open = 2\n[ship]\nwhen = \"manual\"\n");
	let (result, said) = serve(&stage.ledger, &few, folder.path(), &[]).await;
	result.unwrap().unwrap();
	let states = [OrderState::Accepted, OrderState::Accepted, OrderState::Placed];
	for (order, state) in orders.iter().zip(states) {
		assert_eq!(stage.state(order).await, Some(state), "{said:#?}");
	}
	assert_eq!(of_kind(&said, "paused").len(), 1, "{said:#?}");
	stage.shop.ship(&orders[0]).await.unwrap();
	let (result, _) = serve(&stage.ledger, &few, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&orders[2]).await, Some(OrderState::Accepted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_shows_the_past_does_not_make_it_ship_again() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let works = rules_with(&script(folder.path()));
	let order = stage.order(1).await;
	// A command that fails leaves the order accepted.
	let (result, _) = serve(&stage.ledger, &hasty("exit 1"), folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	let past = stage.ledger.with(|inner| inner.snapshot());
	let (result, _) = serve(&stage.ledger, &works, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
	// A start at a time when the order is finished.
	stage.order(1).await;
	let (result, _) = serve(&stage.ledger, &works, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(parcels(folder.path()).len(), 2);
	// The node shows it as accepted: the journal remembers.
	stage.ledger.with(move |inner| inner.restore(past));
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
	let (result, said) = serve(&stage.ledger, &works, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(parcels(folder.path()).len(), 2, "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_month_a_finished_order_is_forgotten() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let works = rules_with(&script(folder.path()));
	let order = show_order(&stage.order(1).await);
	for (days, known) in [(0, true), (29, true), (2, false)] {
		stage.ledger.with(move |inner| {
			if days > 0 {
				inner.block(days * 24 * 60 * 60 * 1_000);
			}
		});
		// The first round ships it; what is old is forgotten at a start.
		let (result, _) = serve(&stage.ledger, &works, folder.path(), &[]).await;
		result.unwrap().unwrap();
		assert_eq!(journal(folder.path()).contains(&order), known, "{days} more days");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_node_that_is_behind_no_parcel_leaves() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let works = rules_with(&script(folder.path()));
	let late = START + 3_600_000;
	let order = stage.order(1).await;
	let (result, said) = serve_at(late, &stage.ledger, &works, folder.path(), &[]).await;
	let error = result.unwrap().unwrap_err().to_string();
	assert!(error.contains("behind"), "{error}");
	assert_eq!(of_kind(&said, "paused").len(), 1, "{said:#?}");
	assert_eq!(stage.state(&order).await, Some(OrderState::Placed));
	assert_eq!(journal(folder.path()), "", "what is accepted by now is not known");
	// With an order that is the command's to ship.
	let (result, _) = serve(&stage.ledger, &hasty("exit 1"), folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	let (result, _) = serve_at(late, &stage.ledger, &works, folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	assert!(parcels(folder.path()).is_empty());
	let (result, _) = serve(&stage.ledger, &works, folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(parcels(folder.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_accepted_the_command_does_not_ship() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	// By rules that leave shipping to a person.
	let order = stage.order(1).await;
	let (result, _) = serve(&stage.ledger, &rules(MANUAL), folder.path(), &[]).await;
	result.unwrap().unwrap();
	asks_about(&stage, folder.path(), &order).await;
	let answers = [(order.clone(), Step::Shipped)];
	let works = rules_with(&script(folder.path()));
	let (result, _) = serve(&stage.ledger, &works, folder.path(), &answers).await;
	result.unwrap().unwrap();
	assert!(parcels(folder.path()).is_empty(), "it was shipped");
	// By hand, while the agent is off.
	let order = stage.order(1).await;
	stage.shop.accept(&order).await.unwrap();
	asks_about(&stage, folder.path(), &order).await;
	let answers = [(order.clone(), Step::NotShipped)];
	let (result, _) = serve(&stage.ledger, &works, folder.path(), &answers).await;
	result.unwrap().unwrap();
	assert_eq!(parcels(folder.path()), [show_order(&order)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_the_commands_and_is_left_to_a_person_is_the_persons() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let order = stage.order(1).await;
	let (result, _) = serve(&stage.ledger, &hasty("exit 1"), folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	// The rules are changed, and changed back.
	let (result, said) = serve(&stage.ledger, &rules(MANUAL), folder.path(), &[]).await;
	result.unwrap().unwrap();
	assert_eq!(of_kind(&said, "waiting").len(), 1, "{said:#?}");
	asks_about(&stage, folder.path(), &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_runs_for_what_is_accepted_in_that_moment() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let order = stage.order(1).await;
	let (result, _) = serve(&stage.ledger, &hasty("exit 1"), folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	// A round that declines something, and waits until that is final.
	stage.order(6).await;
	stage.ledger.with(|inner| inner.mining = false);
	let works = rules_with(&script(folder.path()));
	let serving = serve(&stage.ledger, &works, folder.path(), &[]);
	let meddling = async {
		while stage.ledger.with(|inner| inner.pooled()) == 0 {
			tokio::time::sleep(std::time::Duration::from_millis(10)).await;
		}
		// Meanwhile a person ships the first one, and says so.
		let chain = stage.shop.chain();
		let seq = chain.account(stage.shop.id(), None).await.unwrap().seq + 1;
		let ship = RuntimeCall::Ecommerce(Call::ship {
			seq,
			order: order.clone(),
		});
		let sent = chain.submit(stage.shop.account(), ship).await.unwrap();
		stage.ledger.with(|inner| inner.mining = true);
		sent.wait(Until::Finalized).await.unwrap();
	};
	let ((result, said), ()) = tokio::join!(serving, meddling);
	result.unwrap().unwrap();
	assert_eq!(of_kind(&said, "declined").len(), 1, "{said:#?}");
	assert!(
		parcels(folder.path()).is_empty(),
		"it was shipped twice: {said:#?}"
	);
	assert_eq!(stage.state(&order).await, Some(OrderState::Shipped));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_has_time_to_spare() {
	let stage = Stage::set().await;
	let folder = tempfile::tempdir().unwrap();
	let works = rules_with(&script(folder.path()));
	let order = stage.order(1).await;
	let (result, _) = serve(&stage.ledger, &hasty("exit 1"), folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	// Of four minutes 80 seconds are left, and the command may take 60.
	stage.ledger.with(|inner| inner.pass(160_000));
	let (result, said) = serve(&stage.ledger, &works, folder.path(), &[]).await;
	assert!(result.unwrap().is_err());
	let why = of_kind(&said, "needsYou")[0]["because"].as_str().unwrap();
	assert!(why.contains("too short"), "{said:#?}");
	assert!(parcels(folder.path()).is_empty());
	assert_eq!(stage.state(&order).await, Some(OrderState::Accepted));
}
