//! What happens to an account on the marketplace, as it becomes final.

use pallet_certificates::Event as Certificates;
use pallet_ecommerce::{Disclosure, Event};
use serde_json::{json, Value};
use veilmart_runtime::{AccountId, Hash, Runtime, RuntimeEvent};

use crate::{
	account::address,
	amount, commodity,
	error::{Error, Result},
	names::{show_credit, show_listing, show_order},
	output::{count, Output, Report},
	session::{Session, Side},
};

/// The most blocks that are made up for when the node leaves out announcements.
const LONGEST_GAP: u32 = 1_000;

/// Prints the account's events until the connection ends, or for this many blocks.
pub async fn run(mut session: Session, blocks: Option<u32>, output: &Output) -> Result<()> {
	let chain = session.chain().clone();
	let mut headers = chain.finalized_headers().await?;
	output.note(&format!(
		"Watching {}; stop with Ctrl-C.",
		session.account().address()
	));
	let mut last = None;
	let mut seen = 0;
	while let Some(header) = headers.next().await {
		let header = header
			.map_err(|error| Error::node(format!("The node's announcement cannot be read: {error}")))?;
		// Announcements of several blocks at once name the last one only. The first is where watching begins.
		let from = last.map_or(header.number, |last: u32| last.saturating_add(1));
		for number in from.max(header.number.saturating_sub(LONGEST_GAP))..=header.number {
			let Some(block) = chain.block_hash(number).await? else {
				continue;
			};
			for report in of_block(&mut session, number, block).await? {
				output.report(&report);
			}
			seen += 1;
			if blocks.is_some_and(|blocks| seen >= blocks) {
				return Ok(());
			}
		}
		last = Some(header.number);
	}
	Err(Error::node("The connection to the node was lost."))
}

async fn of_block(session: &mut Session, number: u32, block: Hash) -> Result<Vec<Report>> {
	let mut reports = Vec::new();
	for record in session.chain().events(block).await? {
		let event = match record.event {
			RuntimeEvent::Ecommerce(event) => event,
			RuntimeEvent::Certificates(Certificates::ViewKeySet { account, index })
				if account == *session.id() =>
			{
				// Notes are sealed to the new key from now on.
				*session = session.reopened().await?;
				let text = format!("#{number}  view key number {index} was registered");
				let json = json!({ "event": "viewKeySet", "index": index, "block": number });
				reports.push(Report::new(text, json));
				continue;
			}
			_ => continue,
		};
		let reader = reader(session, &event, block).await?;
		let Some((text, mut json)) = reader.and_then(|reader| describe(&event, reader)) else {
			continue;
		};
		json["block"] = json!(number);
		let mut text = format!("#{number}  {text}");
		if let Event::Placed { order, .. } = &event {
			// The order may be gone within the same block; then the event is all there is.
			if let Some(opened) = session.order_view_at(order, block).await? {
				match opened.contents {
					Ok(contents) => {
						let item = contents.commodity.map(commodity::decode);
						text += &format!(
							": {} × {} at {}, {} in all",
							contents.quantity,
							item.as_deref().unwrap_or("?"),
							amount::show(contents.price),
							amount::show(contents.total)
						);
						json["item"] = json!(item);
						json["quantity"] = json!(contents.quantity);
						json["total"] = json!(amount::show(contents.total));
					}
					Err(problem) if opened.side == Side::Seller => {
						text += &format!(": {problem}");
						json["problem"] = json!(problem);
					}
					Err(_) => {}
				}
			}
		}
		reports.push(Report::new(text, json));
	}
	Ok(reports)
}

/// By whose eyes the session's account reads an event of this block: its own, or the buyer's where it is the seller and the
/// event does not say so. Then the order does, until the buyer has its money back. `None` if it is neither.
pub(crate) async fn reader<'a>(
	session: &'a Session,
	event: &'a Event<Runtime>,
	block: Hash,
) -> Result<Option<&'a AccountId>> {
	match event {
		Event::Cancelled { order }
		| Event::Disclosed {
			subject: Disclosure::Order(order),
		} if order.buyer != *session.id() => {
			let found = session.chain().order(order, Some(block)).await?;
			Ok(found
				.filter(|found| found.listing.seller == *session.id())
				.map(|_| &order.buyer))
		}
		_ => Ok(Some(session.id())),
	}
}

/// The event in words and as JSON, if the account has to do with it.
pub(crate) fn describe(event: &Event<Runtime>, me: &AccountId) -> Option<(String, Value)> {
	let concerns = |parties: &[&AccountId]| parties.contains(&me).then_some(());
	let of_order = |name: &str, verb: &str, order: &pallet_ecommerce::OrderId<AccountId>| {
		let order = show_order(order);
		(
			format!("order {order} {verb}"),
			json!({ "event": name, "order": order }),
		)
	};
	Some(match event {
		Event::Issued { issuer, to, credit } => {
			concerns(&[issuer, to])?;
			(
				format!(
					"money was issued by {} to {}; it waits to be collected",
					address(issuer),
					address(to)
				),
				json!({ "event": "issued", "issuer": address(issuer), "to": address(to), "credit": show_credit(credit) }),
			)
		}
		Event::Collected { account, credits } => {
			concerns(&[account])?;
			let credits: Vec<_> = credits.iter().map(show_credit).collect();
			(
				format!("collected: {}", count(credits.len() as u64, "credit")),
				json!({ "event": "collected", "credits": credits }),
			)
		}
		Event::Listed { listing } => {
			concerns(&[&listing.seller])?;
			let name = show_listing(listing);
			(
				format!("listing {name} is for sale"),
				json!({ "event": "listed", "listing": name }),
			)
		}
		Event::Quoted {
			listing,
			buyer,
			version,
		} => {
			concerns(&[&listing.seller, buyer])?;
			let name = show_listing(listing);
			(
				format!("listing {name} was quoted to {}", address(buyer)),
				json!({ "event": "quoted", "listing": name, "buyer": address(buyer), "priceVersion": version }),
			)
		}
		Event::Placed { order, listing } => {
			concerns(&[&order.buyer, &listing.seller])?;
			let (text, mut json) = of_order("placed", "was placed", order);
			json["listing"] = json!(show_listing(listing));
			(text, json)
		}
		Event::Cancelled { order } => {
			concerns(&[&order.buyer])?;
			of_order("cancelled", "was cancelled", order)
		}
		Event::Accepted { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order("accepted", "was accepted", order)
		}
		Event::Declined {
			order,
			seller,
			reason,
		} => {
			concerns(&[&order.buyer, seller])?;
			let (text, mut json) = of_order("declined", "was declined", order);
			json["reason"] = json!(format!("{reason:?}"));
			(format!("{text} ({reason:?})"), json)
		}
		Event::Shipped { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order("shipped", "was shipped", order)
		}
		Event::Completed { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order(
				"completed",
				"is completed; total and bond are the seller's to collect",
				order,
			)
		}
		Event::Lapsed { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order(
				"lapsed",
				"was not accepted in time; its total is the buyer's to collect",
				order,
			)
		}
		Event::Penalised { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order(
				"penalised",
				"was not delivered; the seller's bond is forfeited",
				order,
			)
		}
		Event::Disputed { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order("disputed", "is disputed", order)
		}
		Event::Refunded { order, seller } => {
			concerns(&[&order.buyer, seller])?;
			of_order(
				"refunded",
				"is refunded; everybody gets back what it put up",
				order,
			)
		}
		Event::Resolved { order, verdict, .. } => {
			concerns(&[&order.buyer])?;
			let (text, mut json) = of_order("resolved", "was decided", order);
			json["verdict"] = json!(format!("{verdict:?}"));
			(format!("{text} ({verdict:?})"), json)
		}
		Event::Transferred { from, to, credit } => {
			concerns(&[from, to])?;
			let credit = show_credit(credit);
			(
				format!("money was sent and waits to be collected: {credit}"),
				json!({ "event": "transferred", "credit": credit }),
			)
		}
		Event::Refused { by, credit } => {
			concerns(&[by, &credit.creator])?;
			let credit = show_credit(credit);
			(
				format!("a credit was refused and came back: {credit}"),
				json!({ "event": "refused", "credit": credit }),
			)
		}
		Event::Reclaimed { from, credit } => {
			concerns(&[from, &credit.creator])?;
			let credit = show_credit(credit);
			(
				format!("a transfer was taken back: {credit}"),
				json!({ "event": "reclaimed", "credit": credit }),
			)
		}
		Event::Redeemed { issuer, redemption } => {
			concerns(&[issuer, &redemption.holder])?;
			(
				format!("money was redeemed with {}", address(issuer)),
				json!({ "event": "redeemed", "issuer": address(issuer), "holder": address(&redemption.holder), "seq": redemption.seq }),
			)
		}
		Event::Settled { issuer, redemption } => {
			concerns(&[issuer, &redemption.holder])?;
			(
				format!("a redemption was settled with {}", address(issuer)),
				json!({ "event": "settled", "issuer": address(issuer), "holder": address(&redemption.holder), "seq": redemption.seq }),
			)
		}
		Event::Refreshed { account, .. } => {
			concerns(&[account])?;
			(
				"a ciphertext has a new nonce".into(),
				json!({ "event": "refreshed" }),
			)
		}
		Event::Repriced { listing, .. } => {
			concerns(&[&listing.seller])?;
			let name = show_listing(listing);
			(
				format!("listing {name} has a new price"),
				json!({ "event": "repriced", "listing": name }),
			)
		}
		Event::Restocked { listing } => {
			concerns(&[&listing.seller])?;
			let name = show_listing(listing);
			(
				format!("listing {name} has more in stock"),
				json!({ "event": "restocked", "listing": name }),
			)
		}
		Event::Delisted { listing } => {
			concerns(&[&listing.seller])?;
			let name = show_listing(listing);
			(
				format!("listing {name} is no longer for sale"),
				json!({ "event": "delisted", "listing": name }),
			)
		}
		Event::IssuerQuotaSet { issuer, quota } => {
			concerns(&[issuer])?;
			(
				"the issuer's quota was set".into(),
				json!({ "event": "issuerQuotaSet", "quota": amount::show(*quota) }),
			)
		}
		Event::Disclosed {
			subject: Disclosure::Order(order),
		} => {
			concerns(&[&order.buyer])?;
			of_order(
				"disclosed",
				"was decrypted by the certificate authority, for those who decide about it",
				order,
			)
		}
		Event::Disclosed {
			subject: Disclosure::Account(account),
		} => {
			concerns(&[account])?;
			(
				"the certificate authority decrypted what this account owns".into(),
				json!({ "event": "disclosed", "account": address(account) }),
			)
		}
		// They concern everybody and nobody in particular.
		Event::Halted { .. } | Event::TermsSet { .. } => return None,
		// The macro's own, which is never there.
		Event::__Ignore(..) => return None,
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use pallet_ecommerce::{DeclineReason, ListingId, OrderId};

	#[test]
	fn events_are_for_those_whom_they_concern() {
		let [buyer, seller, other] = [1, 2, 3].map(|byte| AccountId::from([byte; 32]));
		let order = OrderId {
			buyer: buyer.clone(),
			seq: 4,
		};
		let listing = ListingId {
			seller: seller.clone(),
			seq: 5,
		};
		let placed = Event::<Runtime>::Placed {
			order: order.clone(),
			listing: listing.clone(),
		};
		for me in [&buyer, &seller] {
			let (text, json) = describe(&placed, me).unwrap();
			assert!(text.contains("was placed"));
			assert_eq!(json["order"], show_order(&order));
			assert_eq!(json["listing"], show_listing(&listing));
		}
		assert!(describe(&placed, &other).is_none());
		let disclosed = Event::<Runtime>::Disclosed {
			subject: Disclosure::Order(order.clone()),
		};
		assert_eq!(
			describe(&disclosed, &buyer).unwrap().1["order"],
			show_order(&order)
		);
		assert!(describe(&disclosed, &other).is_none());
		let disclosed = Event::<Runtime>::Disclosed {
			subject: Disclosure::Account(seller.clone()),
		};
		assert_eq!(describe(&disclosed, &seller).unwrap().1["event"], "disclosed");
		assert!(describe(&disclosed, &buyer).is_none());
		let declined = Event::<Runtime>::Declined {
			order,
			seller: seller.clone(),
			reason: DeclineReason::OutOfStock,
		};
		assert_eq!(describe(&declined, &buyer).unwrap().1["reason"], "OutOfStock");
		assert!(describe(&Event::<Runtime>::Listed { listing }, &buyer).is_none());
	}
}
