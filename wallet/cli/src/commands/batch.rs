//! The calls of a file in a row.
//!
//! Every call has the next sequence number of the account, so the number of the first one tells those of all. A number is used
//! once: whatever happens to this program, to its connection or to a node's pool, a call with a number that the chain has passed
//! is done and is not made again, and of one that was given up and made anew only one can get into a block.

use std::{
	path::Path,
	time::{Duration, Instant},
};

use clap::Parser;
use pallet_certificates::OrderId;
use pallet_ecommerce::{CreditId, DeclineReason, ListingId, OrderState};
use serde_json::{json, Value};
use veilmart_runtime::AccountId;

use super::{input, Context};
use crate::{
	amount,
	cli::Command,
	commodity,
	error::{Error, Result},
	names::{show_credit, show_listing, show_order, show_redemption, Names},
	output::{count, one_line, Report},
	session::{NewListing, Numbers, Outcome, Pipeline, Session, Side},
};

/// How long it is waited for that nothing can come of what was sent behind a call that failed.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether that is so.
const PAUSE: Duration = Duration::from_millis(250);

/// A line, as the command line would read it.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_subcommand = true)]
struct Words {
	#[command(subcommand)]
	command: Command,
}

/// A call to be made.
struct Line {
	/// Where in the file it is.
	number: usize,
	text: String,
	call: Wanted,
}

/// A call, before the wallet has seen it.
enum Wanted {
	Issue {
		to: AccountId,
		amount: u64,
	},
	Transfer {
		to: AccountId,
		amount: u64,
	},
	Redeem {
		issuer: AccountId,
		amount: u64,
	},
	List(NewListing),
	Reprice {
		listing: u64,
		price: u64,
	},
	Restock {
		listing: u64,
		pieces: u64,
	},
	Quote {
		listing: u64,
		buyer: AccountId,
	},
	Order {
		listing: ListingId<AccountId>,
		quantity: u64,
		max_price: Option<u64>,
	},
	Cancel(u64),
	Confirm(u64),
	Dispute(u64),
	Accept(OrderId<AccountId>),
	Decline(OrderId<AccountId>, DeclineReason),
	Ship(OrderId<AccountId>),
}

/// How a line ended.
enum End {
	Done(Value),
	/// Its number was passed before.
	DoneBefore,
	Failed(Error),
	/// It was sent, and nothing can come of it any more.
	Void,
	/// It was sent, and whether it happens is not known.
	Unknown(Option<Error>),
	NotSent,
}

impl Context {
	/// Makes the calls of a file.
	pub(super) async fn batch(&self, file: &Path, first: Option<u64>) -> Result<()> {
		// What is wrong with any of the lines is said before the first is sent.
		let lines = read(&input::read(file, "the file")?, &self.names)?;
		if self.sealed {
			return Err(Error::usage(
				"A batch has several transactions on their way at a time, which cannot be sealed: leave --sealed out.",
			));
		}
		let session = self.session().await?;
		let begin = self.begin(&session).await?;
		let next = begin.numbers().seq;
		let first = first.unwrap_or(next);
		let done = next
			.checked_sub(first)
			.and_then(|done| usize::try_from(done).ok())
			.filter(|done| *done <= lines.len())
			.ok_or_else(|| {
				Error::usage(format!(
					"The next call of this account has the number {next}, so the file, of {}, was not begun with the number {first}.",
					count(lines.len() as u64, "call")
				))
			})?;
		self.output.note(&format!(
			"The first call has the number {first}. Should this be interrupted, go on with --first {first}."
		));
		let (before, left) = lines.split_at(done);
		for line in before {
			self.say(line, &End::DoneBefore);
		}
		let undone = self.rows(&session, begin, left).await?;
		if undone == 0 {
			return Ok(());
		}
		Err(Error::wallet(format!(
			"{} of {} not done. Put right what is wrong there and give the file again with --first {first}, without a change to the \
			lines that are done. Nothing else may act for this account in between, not even `collect`: its number would be taken for a \
			line that is done. If something did, take the lines that are done out and begin without --first.",
			undone,
			if lines.len() == 1 {
				"1 call was".into()
			} else {
				format!("{} calls were", lines.len())
			}
		)))
	}

	async fn begin<'a>(&self, session: &'a Session) -> Result<Pipeline<'a>> {
		let begin = session.pipeline();
		self.output
			.wait("Waiting until earlier calls are final", begin)
			.await
	}

	/// Makes these calls, as many in a row as may be, and says of each how it ended. Gives how many were not done.
	async fn rows<'a>(
		&self,
		session: &'a Session,
		mut pipeline: Pipeline<'a>,
		mut left: &[Line],
	) -> Result<usize> {
		loop {
			let mut sent = Vec::new();
			let mut refused = None;
			while let Some((line, behind)) = left.split_first() {
				if pipeline.room() == 0 || (line.call.goes_first() && !pipeline.is_empty()) {
					break;
				}
				let numbers = pipeline.numbers();
				left = behind;
				match line.call.make(&mut pipeline).await {
					Ok(name) => sent.push((line, numbers, name)),
					Err(error) => {
						refused = Some((line, error));
						break;
					}
				}
			}
			let mut undone = usize::from(refused.is_some());
			let full = sent.is_empty() && refused.is_none() && !left.is_empty();
			let next = pipeline.numbers().seq;
			let outcomes = self
				.output
				.wait("Waiting until they are final", pipeline.finish())
				.await;
			let patience = Instant::now() + PATIENCE;
			for ((line, numbers, name), outcome) in sent.into_iter().zip(outcomes) {
				let forgotten = matches!(outcome, Outcome::Forgotten);
				let void = forgotten && is_void(session, numbers, patience).await;
				let end = match outcome {
					Outcome::Done(included) => {
						let mut done = name;
						done["transaction"] = json!(included.transaction);
						done["block"] = json!(included.block);
						End::Done(done)
					}
					Outcome::Failed(error @ Error::Node(_)) => End::Unknown(Some(error)),
					Outcome::Failed(error) => End::Failed(error),
					Outcome::Forgotten if void => End::Void,
					Outcome::Forgotten => End::Unknown(None),
				};
				undone += usize::from(!matches!(end, End::Done(_)));
				self.say(line, &end);
			}
			if let Some((line, error)) = refused {
				// Whether the pool has it, nobody can say if the connection broke.
				let end = if matches!(error, Error::Node(_)) {
					End::Unknown(Some(error))
				} else {
					End::Failed(error)
				};
				self.say(line, &end);
			}
			if full {
				self.output
					.note("The calls that an account may make in a minute are used up; try again later.");
			}
			if undone > 0 || full {
				left.iter().for_each(|line| self.say(line, &End::NotSent));
				return Ok(undone + left.len());
			}
			if left.is_empty() {
				return Ok(0);
			}
			pipeline = self.begin(session).await?;
			if pipeline.numbers().seq != next {
				left.iter().for_each(|line| self.say(line, &End::NotSent));
				return Err(Error::wallet(
					"Somebody else acted for this account meanwhile, so the numbers of the file are not known any more.",
				));
			}
		}
	}

	fn say(&self, line: &Line, end: &End) {
		let (word, text, mut json) = match end {
			End::Done(json) => {
				let names = ["order", "credit", "redemption", "listing"];
				let name = names.into_iter().find_map(|key| json[key].as_str());
				("done", name.unwrap_or_default().to_owned(), json.clone())
			}
			End::DoneBefore => ("doneBefore", "done before".into(), json!({})),
			End::Failed(error) => (
				"failed",
				format!("failed: {error}"),
				json!({ "error": error.to_json()["error"] }),
			),
			End::Void => (
				"void",
				"not done, and nothing comes of it any more: a call before it failed".into(),
				json!({}),
			),
			End::Unknown(Some(error)) => (
				"unknown",
				format!("nobody can say: {error}"),
				json!({ "error": error.to_json()["error"] }),
			),
			End::Unknown(None) => (
				"unknown",
				"not known: it was sent, and a call before it failed, or nobody can say what became of that"
					.into(),
				json!({}),
			),
			End::NotSent => ("notSent", "not sent".into(), json!({})),
		};
		json["line"] = json!(line.number);
		json["command"] = json!(line.text);
		json["outcome"] = json!(word);
		let text = match end {
			End::Done(_) => format!("line {}  {}: done, {text}", line.number, line.text),
			_ => format!("line {}  {}: {text}", line.number, line.text),
		};
		self.output.report(&Report::new(text, json));
	}
}

/// Whether nothing can come of a call, once that is so or it was waited for long enough.
async fn is_void(session: &Session, numbers: Numbers, until: Instant) -> bool {
	loop {
		match session.is_void(numbers).await {
			Ok(true) => return true,
			Ok(false) if Instant::now() < until => tokio::time::sleep(PAUSE).await,
			_ => return false,
		}
	}
}

fn read(text: &str, names: &Names) -> Result<Vec<Line>> {
	let mut lines = Vec::new();
	for (index, text) in text.lines().enumerate() {
		let (number, text) = (index + 1, text.trim());
		if text.is_empty() || text.starts_with('#') {
			continue;
		}
		let wrong = |why: &str| Error::usage(format!("Line {number}: {}", one_line(why)));
		let words = Words::try_parse_from(text.split_whitespace());
		let words = words.map_err(|error| wrong(&first_sentence(&Error::reason(&error))))?;
		lines.push(Line {
			number,
			text: one_line(text),
			call: Wanted::of(words.command, names).map_err(|error| wrong(&error.to_string()))?,
		});
	}
	if lines.is_empty() {
		return Err(Error::usage("There is no call in the file."));
	}
	Ok(lines)
}

/// What comes before the hints, in one line.
fn first_sentence(text: &str) -> String {
	let lines = text.lines().map(str::trim);
	lines
		.take_while(|line| !line.is_empty())
		.collect::<Vec<_>>()
		.join(" ")
}

impl Wanted {
	fn of(command: Command, names: &Names) -> Result<Self> {
		Ok(match command {
			Command::Issue { to, amount } => Self::Issue {
				to: names.account(&to)?,
				amount: amount::parse(&amount)?,
			},
			Command::Transfer { to, amount } => Self::Transfer {
				to: names.account(&to)?,
				amount: amount::parse(&amount)?,
			},
			Command::Redeem { issuer, amount } => Self::Redeem {
				issuer: names.account(&issuer)?,
				amount: amount::parse(&amount)?,
			},
			Command::List { price, stock, item } => Self::List(NewListing {
				price: amount::parse(&price)?,
				stock,
				commodity: commodity::encode(&item)?,
			}),
			Command::Reprice { listing, price } => Self::Reprice {
				listing,
				price: amount::parse(&price)?,
			},
			Command::Restock { listing, pieces } => Self::Restock { listing, pieces },
			Command::Quote { listing, buyer } => Self::Quote {
				listing,
				buyer: names.account(&buyer)?,
			},
			Command::Order {
				listing,
				quantity,
				max_price,
			} => Self::Order {
				listing: names.listing(&listing)?,
				quantity,
				max_price: max_price.as_deref().map(amount::parse).transpose()?,
			},
			Command::Cancel { order } => Self::Cancel(order),
			Command::Confirm { order } => Self::Confirm(order),
			Command::Dispute { order } => Self::Dispute(order),
			Command::Accept { order } => Self::Accept(names.order(&order)?),
			Command::Decline { order, reason } => Self::Decline(names.order(&order)?, reason.into()),
			Command::Ship { order } => Self::Ship(names.order(&order)?),
			_ => {
				return Err(Error::usage(
					"this command is none that goes in a row with others; `veilmart batch --help` names those that do",
				))
			}
		})
	}

	/// Whether it goes behind others only when they are final.
	fn goes_first(&self) -> bool {
		matches!(self, Self::Reprice { .. } | Self::Restock { .. })
	}

	/// Has it made and sent. Gives what it is about, as the commands name it.
	async fn make(&self, pipeline: &mut Pipeline<'_>) -> Result<Value> {
		let of_credit = |id: &CreditId<AccountId>| json!({ "credit": show_credit(id) });
		let of_order = |id: &OrderId<AccountId>| json!({ "order": show_order(id) });
		let of_listing = |id: &ListingId<AccountId>| json!({ "listing": show_listing(id) });
		Ok(match self {
			Self::Issue { to, amount } => of_credit(&pipeline.issue(to, *amount).await?),
			Self::Transfer { to, amount } => of_credit(&pipeline.transfer(to, *amount).await?),
			Self::Redeem { issuer, amount } => {
				let id = pipeline.redeem(issuer, *amount).await?;
				json!({ "redemption": show_redemption(&id) })
			}
			Self::List(item) => of_listing(&pipeline.list(*item).await?),
			Self::Reprice { listing, price } => of_listing(&pipeline.reprice(*listing, *price).await?),
			Self::Restock { listing, pieces } => of_listing(&pipeline.restock(*listing, *pieces).await?),
			Self::Quote { listing, buyer } => {
				pipeline.quote(*listing, buyer).await?;
				of_listing(&pipeline.own_listing(*listing))
			}
			Self::Order {
				listing,
				quantity,
				max_price,
			} => of_order(&pipeline.order(listing, *quantity, *max_price).await?),
			Self::Cancel(order) => of_order(&pipeline.cancel(*order).await?),
			Self::Confirm(order) => of_order(&pipeline.confirm(*order).await?),
			Self::Dispute(order) => of_order(&pipeline.dispute(*order).await?),
			Self::Accept(id) => {
				let order = pipeline.order_in(id, OrderState::Placed, Side::Seller).await?;
				pipeline.accept(id, order).await?;
				of_order(id)
			}
			Self::Decline(id, reason) => {
				pipeline.order_in(id, OrderState::Placed, Side::Seller).await?;
				pipeline.decline(id, *reason).await?;
				of_order(id)
			}
			Self::Ship(id) => {
				pipeline.order_in(id, OrderState::Accepted, Side::Seller).await?;
				pipeline.ship(id).await?;
				of_order(id)
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::keystore::Keystore;

	fn names() -> Names {
		let folder = tempfile::tempdir().unwrap();
		Names::new(Keystore::new(folder.path()))
	}

	#[test]
	fn lines_are_commands() {
		let text = "# Monday's orders\n\n  order //Alice:3 2 --max-price 12.50\ntransfer //Alice 25.00\nlist --price 1 --stock 2 --item #7\n";
		let lines = read(text, &names()).unwrap();
		assert_eq!(
			lines.iter().map(|line| line.number).collect::<Vec<_>>(),
			[3, 4, 5]
		);
		assert!(matches!(
			lines[0].call,
			Wanted::Order {
				quantity: 2,
				max_price: Some(1_250),
				..
			}
		));
		assert!(matches!(lines[1].call, Wanted::Transfer { amount: 2_500, .. }));
		assert!(matches!(
			lines[2].call,
			Wanted::List(NewListing { commodity: 7, .. })
		));
		assert!(lines.iter().all(|line| !line.call.goes_first()));
	}

	#[test]
	fn a_wrong_line_is_named() {
		for (text, said) in [
			("", "no call"),
			("confirm 3\n\nconfirm three", "Line 3"),
			("confirm 3\nsing", "Line 2"),
			("balance", "Line 1: this command is none"),
			("batch other.txt", "Line 1: this command is none"),
			("order //Alice:3 2 --json", "Line 1"),
			("transfer nobody 1", "Line 1: \"nobody\""),
			("transfer //Alice 1,50", "Line 1: \"1,50\""),
			("help", "Line 1"),
		] {
			let error = read(text, &names()).err().expect(text);
			assert_eq!(error.exit_code(), 2, "{text}");
			assert!(error.to_string().contains(said), "{text}: {error}");
		}
	}
}
