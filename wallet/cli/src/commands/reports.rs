//! What the commands of a session say, for people and as JSON.

use pallet_certificates::OrderId;
use serde_json::{json, Value};
use veilmart_runtime::AccountId;

use crate::{
	account::address,
	amount, commodity,
	names::{credit_kind, order_state, show_credit, show_listing, show_order, show_redemption},
	output::{table, time, Report},
	session::{Done, Holdings, OpenListing, OpenOrder, OpenQuote, OpenRedemption, Side},
	transaction::Way,
};

/// The report of a call: what happened, and where it stands on the chain.
pub(super) fn done_report<T>(done: &Done<T>, mut text: String, mut json: Value) -> Report {
	json["transaction"] = json!(done.transaction);
	json["block"] = json!(done.block);
	let way = match done.way {
		Way::Open => "open",
		Way::Sealed => {
			text += "\nWho passed it on to the leader could not read it.";
			"sealed"
		}
		Way::OpenInTheEnd => {
			text += "\nLeaders did not include it while it was sealed to them, so it was sent openly: others may have read it first.";
			"openInTheEnd"
		}
	};
	json["way"] = json!(way);
	Report::new(text, json)
}

pub(super) fn order_report(verb: &str, done: &Done<OrderId<AccountId>>) -> Report {
	let name = show_order(&done.id);
	done_report(done, format!("{verb} order {name}."), json!({ "order": name }))
}

pub(super) fn holdings_report(holdings: &Holdings) -> Report {
	let mut text = format!("Balance  {}", amount::show(holdings.balance));
	if !holdings.incoming.is_empty() {
		let rows: Vec<_> = holdings
			.incoming
			.iter()
			.map(|credit| {
				let id = &credit.id;
				vec![
					credit_kind(id.kind).into(),
					format!("{}:{}", address(&id.creator), id.seq),
					open_amount(credit.amount),
				]
			})
			.collect();
		text += "\n\nTo collect:\n";
		text += &table(&["kind", "from", "amount>"], &rows);
	}
	if holdings.quota > 0 {
		text = format!(
			"{}\n\nIssued   {} of {}",
			text.trim_end(),
			amount::show(holdings.issued),
			amount::show(holdings.quota)
		);
	}
	let incoming: Vec<_> = holdings
		.incoming
		.iter()
		.map(|credit| json!({ "credit": show_credit(&credit.id), "amount": credit.amount.map(amount::show) }))
		.collect();
	let mut json = json!({
		"balance": amount::show(holdings.balance),
		"incoming": incoming,
		"sequence": holdings.seq,
	});
	if holdings.quota > 0 {
		json["issued"] = json!(amount::show(holdings.issued));
		json["quota"] = json!(amount::show(holdings.quota));
	}
	Report::new(text, json)
}

pub(super) fn redemptions_report(redemptions: &[OpenRedemption]) -> Report {
	let rows: Vec<_> = redemptions
		.iter()
		.map(|redemption| vec![show_redemption(&redemption.id), open_amount(redemption.amount)])
		.collect();
	let json: Vec<_> = redemptions
		.iter()
		.map(|redemption| {
			json!({
				"redemption": show_redemption(&redemption.id),
				"holder": address(&redemption.id.holder),
				"amount": redemption.amount.map(amount::show),
			})
		})
		.collect();
	Report::new(table(&["redemption", "amount>"], &rows), json.into())
}

/// An amount whose note may not open it.
pub(super) fn open_amount(amount: Option<u64>) -> String {
	amount.map_or("does not open".into(), amount::show)
}

pub(super) fn orders_report(orders: &[OpenOrder]) -> Report {
	let side = |order: &OpenOrder| match order.side {
		Side::Buyer => "buyer",
		Side::Seller => "seller",
	};
	let rows: Vec<_> = orders
		.iter()
		.map(|order| {
			let mut row = vec![
				show_order(&order.id),
				side(order).into(),
				order_state(order.state).into(),
			];
			match &order.contents {
				Ok(contents) => row.extend([
					contents.commodity.map_or("?".into(), commodity::decode),
					contents.quantity.to_string(),
					amount::show(contents.price),
					amount::show(contents.total),
					order.due.map(time).unwrap_or_default(),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = orders
		.iter()
		.map(|order| {
			let mut json = json!({
				"order": show_order(&order.id),
				"side": side(order),
				"state": order_state(order.state),
				"listing": show_listing(&order.listing),
				"since": order.since,
				"due": order.due,
			});
			match &order.contents {
				Ok(contents) => {
					json["item"] = json!(contents.commodity.map(commodity::decode));
					json["quantity"] = json!(contents.quantity);
					json["price"] = json!(amount::show(contents.price));
					json["total"] = json!(amount::show(contents.total));
					json["bond"] = json!(amount::show_wide(contents.bond));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(
		table(
			&[
				"order", "as", "state", "item", "pieces>", "price>", "total>", "due",
			],
			&rows,
		),
		json.into(),
	)
}

pub(super) fn listings_report(listings: &[OpenListing]) -> Report {
	let rows: Vec<_> = listings
		.iter()
		.map(|listing| {
			let mut row = vec![show_listing(&listing.id)];
			match &listing.contents {
				Ok(contents) => row.extend([
					commodity::decode(contents.commodity),
					contents.stock.to_string(),
					amount::show(contents.price),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = listings
		.iter()
		.map(|listing| {
			let mut json = json!({ "listing": show_listing(&listing.id), "priceVersion": listing.version });
			match &listing.contents {
				Ok(contents) => {
					json["item"] = json!(commodity::decode(contents.commodity));
					json["stock"] = json!(contents.stock);
					json["price"] = json!(amount::show(contents.price));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(
		table(&["listing", "item", "stock>", "price>"], &rows),
		json.into(),
	)
}

pub(super) fn quotes_report(quotes: &[OpenQuote]) -> Report {
	let rows: Vec<_> = quotes
		.iter()
		.map(|quote| {
			let mut row = vec![show_listing(&quote.listing)];
			match &quote.contents {
				Ok(contents) => row.extend([
					commodity::decode(contents.commodity),
					amount::show(contents.price),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = quotes
		.iter()
		.map(|quote| {
			let mut json = json!({ "listing": show_listing(&quote.listing), "priceVersion": quote.version });
			match &quote.contents {
				Ok(contents) => {
					json["item"] = json!(commodity::decode(contents.commodity));
					json["price"] = json!(amount::show(contents.price));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(table(&["listing", "item", "price>"], &rows), json.into())
}
