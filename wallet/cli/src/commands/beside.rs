//! The commands beside the straight way of a purchase: disputes, changes of listings, money in and out, statements.

use pallet_ecommerce::{CreditId, OrderState, RefreshTarget};
use serde_json::json;
use veilmart_runtime::AccountId;

use super::{
	input,
	reports::{done_report, open_amount, order_report, redemptions_report},
	statement, Context,
};
use crate::{
	account::address,
	amount,
	cli::{Command, Decision, RefreshCommand},
	error::{Error, Result},
	letter::LetterFile,
	names::{order_state, show_credit, show_listing, show_order, show_redemption},
	output::{count, Report},
	session::Done,
};

impl Context {
	pub(super) async fn beside(&self, command: Command) -> Result<Report> {
		let names = &self.names;
		// As for the other commands: what is wrong with the arguments is said before a passphrase is asked for.
		match command {
			Command::Dispute { order } => {
				let session = self.session().await?;
				Ok(order_report(
					"Disputed",
					&self.sent(session.dispute(order)).await?,
				))
			}
			Command::Resolve { order, verdict } => {
				let order = names.order(&order)?;
				let session = self.session().await?;
				let done = self.sent(session.resolve(&order, verdict.into())).await?;
				let (name, verdict) = (show_order(&done.id), order_state(ending(verdict)));
				Ok(done_report(
					&done,
					format!("Decided order {name}: {verdict}."),
					json!({ "order": name, "verdict": verdict }),
				))
			}
			Command::Poke { order } => {
				let order = names.order(&order)?;
				let session = self.session().await?;
				Ok(order_report("Poked", &self.sent(session.poke(&order)).await?))
			}
			Command::Reprice { listing, price } => {
				let price = amount::parse(&price)?;
				let session = self.session().await?;
				let done = self.sent(session.reprice(listing, price)).await?;
				let name = show_listing(&done.id);
				let price = amount::show(price);
				Ok(done_report(
					&done,
					format!("Listing {name} costs {price} from now on. Quotes for the old price are worth nothing."),
					json!({ "listing": name, "price": price }),
				))
			}
			Command::Restock { listing, pieces } => {
				let session = self.session().await?;
				let done = self.sent(session.restock(listing, pieces)).await?;
				let name = show_listing(&done.id);
				Ok(done_report(
					&done,
					format!("Added {} to listing {name}.", count(pieces, "piece")),
					json!({ "listing": name, "added": pieces }),
				))
			}
			Command::Delist { listing } => {
				let session = self.session().await?;
				let done = self.sent(session.delist(listing)).await?;
				let name = show_listing(&done.id);
				Ok(done_report(
					&done,
					format!("Listing {name} is no longer for sale."),
					json!({ "listing": name }),
				))
			}
			Command::Transfer { to, amount } => {
				let (to, amount) = (names.account(&to)?, amount::parse(&amount)?);
				let session = self.session().await?;
				let done = self.sent(session.transfer(&to, amount)).await?;
				let credit = show_credit(&done.id);
				let (to, amount) = (address(&to), amount::show(amount));
				Ok(done_report(
					&done,
					format!("Sent {amount} to {to}: credit {credit}."),
					json!({ "credit": credit, "to": to, "amount": amount }),
				))
			}
			Command::Refuse { credit } => {
				let credit = names.credit(&credit)?;
				let session = self.session().await?;
				Ok(returned_report(
					"Refused; its sender can collect it",
					&self.sent(session.refuse(&credit)).await?,
				))
			}
			Command::Reclaim { transfer, from } => {
				let from = names.account(&from)?;
				let session = self.session().await?;
				Ok(returned_report(
					"Taken back; you can collect it",
					&self.sent(session.reclaim(&from, transfer)).await?,
				))
			}
			Command::Redeem { issuer, amount } => {
				let (issuer, amount) = (names.account(&issuer)?, amount::parse(&amount)?);
				let session = self.session().await?;
				let done = self.sent(session.redeem(&issuer, amount)).await?;
				let name = show_redemption(&done.id);
				let (issuer, amount) = (address(&issuer), amount::show(amount));
				Ok(done_report(
					&done,
					format!("Redeemed {amount}, to be paid by {issuer}: redemption {name}."),
					json!({ "redemption": name, "issuer": issuer, "amount": amount }),
				))
			}
			Command::Redemptions => {
				let session = self.session().await?;
				Ok(redemptions_report(
					&self.output.wait("Reading", session.redemptions()).await?,
				))
			}
			Command::Settle { redemption } => {
				let redemption = names.redemption(&redemption)?;
				let session = self.session().await?;
				let done = self.sent(session.settle(&redemption)).await?;
				let name = show_redemption(&done.id.id);
				let paid = open_amount(done.id.amount);
				Ok(done_report(
					&done,
					format!("Settled redemption {name} (amount: {paid})."),
					json!({ "redemption": name, "amount": done.id.amount.map(amount::show) }),
				))
			}
			Command::Refresh(command) => {
				let (target, what, json) = match command {
					RefreshCommand::Balance => {
						let json = json!({ "refreshed": "balance" });
						(RefreshTarget::Balance, "the balance".into(), json)
					}
					RefreshCommand::Credit { credit } => {
						let credit = names.credit(&credit)?;
						let name = show_credit(&credit);
						let json = json!({ "refreshed": "credit", "credit": name });
						(RefreshTarget::Credit(credit), format!("credit {name}"), json)
					}
					RefreshCommand::Stock { listing } => {
						let json = json!({ "refreshed": "stock", "number": listing });
						let what = format!("the stock of listing {listing}");
						(RefreshTarget::Stock(listing), what, json)
					}
				};
				let session = self.session().await?;
				let done = self.sent(session.refresh(&target)).await?;
				Ok(done_report(
					&done,
					format!("Refreshed {what}: another ciphertext, the same value."),
					json,
				))
			}
			Command::Recover { letter } => {
				let file = LetterFile::from_json(&input::read(&letter, "the recovery letter")?)?;
				file.ensure_for(&self.acting_id()?)?;
				let session = self.session().await?;
				file.ensure_about(session.chain().genesis())?;
				let letter = file.open(session.wallet())?;
				let done = self.sent(session.recover(&letter)).await?;
				let (what, held, mut json) = match &done.id {
					RefreshTarget::Balance => {
						let held = amount::show(letter.value);
						let json = json!({ "recovered": "balance", "amount": held });
						("the balance".into(), held, json)
					}
					RefreshTarget::Credit(credit) => {
						let (held, name) = (amount::show(letter.value), show_credit(credit));
						let json = json!({ "recovered": "credit", "amount": held, "credit": name });
						(format!("credit {name}"), held, json)
					}
					RefreshTarget::Stock(listing) => (
						format!("the stock of listing {listing}"),
						count(letter.value, "piece"),
						json!({ "recovered": "stock", "pieces": letter.value, "number": listing }),
					),
				};
				json["account"] = json!(address(session.id()));
				Ok(done_report(
					&done,
					format!("Recovered {what}: {held}. This wallet opens it by itself from now on."),
					json,
				))
			}
			Command::History { from, csv } => {
				let session = self.session().await?;
				let entries = self.output.wait("Reading blocks", session.history(from)).await?;
				Ok(if csv {
					statement::csv(&entries)
				} else {
					statement::report(&entries)
				})
			}
			_ => Err(Error::usage("This command is not one of a session.")),
		}
	}
}

/// The state in which a decided order ends.
fn ending(decision: Decision) -> OrderState {
	match decision {
		Decision::Completed => OrderState::Completed,
		Decision::Refunded => OrderState::Refunded,
		Decision::Penalised => OrderState::Penalised,
	}
}

fn returned_report(what: &str, done: &Done<CreditId<AccountId>>) -> Report {
	let credit = show_credit(&done.id);
	done_report(
		done,
		format!("{what} as credit {credit}."),
		json!({ "credit": credit }),
	)
}
