//! The calls of a file in a row.
//!
//! Each transaction is noted in a [`Journal`] before it leaves. A file that is given again goes on by what the final blocks say of those
//! that left: a line is done if one of its transactions is there and succeeded, and is made again only when none of them can
//! happen any more, or with the same transaction number, which gets into a block once.

use std::{
	collections::{BTreeMap, BTreeSet},
	fs,
	path::Path,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use clap::Parser;
use pallet_certificates::OrderId;
use pallet_ecommerce::{CreditId, DeclineReason, ListingId, OrderState};
use serde_json::{json, Value};
use veilmart_runtime::{AccountId, BlockNumber, Hash, Nonce};

use super::{input, Context};
use crate::{
	amount,
	batch_journal::{self, Journal, Sent},
	cli::Command,
	commodity,
	error::{sentence, Error, Result},
	names::{show_credit, show_listing, show_order, show_redemption, Names},
	output::{count, one_line, Report},
	session::{NewListing, Numbers, Outcome, Pipeline, Session, Side},
	transaction::ERA,
};

/// How long it is waited for that nothing can come of what was sent behind a call that failed.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether that is so.
const PAUSE: Duration = Duration::from_millis(250);

/// How a person gets on where the node's memory ends.
const WHERE_TO_LOOK: &str = "Nothing is sent on a guess. Give the same command with the --url of a node that runs with `--state-pruning \
	archive`. If there is none, find out from whom the line was for or from `veilmart balance` whether it was done, and put the lines that \
	were not into a file of another name.";

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
	/// One of its transactions is in a final block.
	DoneBefore,
	Failed(Error),
	/// It was sent, and nothing can come of it any more.
	Void,
	/// It was sent, and whether it happens is not known.
	Unknown(Option<Error>),
	NotSent,
}

impl Context {
	/// Makes the calls of a file; those of one that is done already only `anew`.
	pub(super) async fn batch(&self, file: &Path, anew: bool) -> Result<()> {
		if file.as_os_str() == "-" {
			return Err(Error::usage(
				"What is sent is noted beside the file, so the calls have to be in one: the standard input is none.",
			));
		}
		// What is wrong with any of the lines is said before the first is sent.
		let lines = read(&input::read(file, "the file")?, &self.names)?;
		if self.sealed {
			return Err(Error::usage(
				"A batch has several transactions on their way at a time, which cannot be sealed: leave --sealed out.",
			));
		}
		// One file has one journal, by whatever name it is called.
		let file = fs::canonicalize(file)
			.map_err(|error| Error::file(format!("Cannot find {}: {error}", file.display())))?;
		let session = self.session().await?;
		let (genesis, account) = (session.chain().genesis(), session.id());
		let _alone = batch_journal::lock(&self.base_path.join("batch"), genesis, account)?;
		let mut journal = Journal::open(Journal::path_of(&file), genesis, account)?;
		if anew {
			let interrupted = !journal.open_ones().is_empty();
			self.settled(&session, &mut journal, &[]).await?;
			self.begin_anew(&mut journal, &lines, interrupted)?;
		} else {
			check_unchanged(&journal, &lines)?;
			if lines.iter().all(|line| is_done(&journal, line)) {
				return Err(Error::usage(format!(
					"All of this file, {}, was done before: {} says so. To do it once more, say --anew.",
					count(lines.len() as u64, "call"),
					journal.path().display()
				)));
			}
		}
		let begin = self.settled(&session, &mut journal, &lines).await?;
		// What was under way may be done by now.
		check_unchanged(&journal, &lines)?;
		let (done, left): (Vec<_>, Vec<_>) = lines.iter().partition(|line| is_done(&journal, line));
		for line in done {
			self.say(line, &End::DoneBefore);
		}
		if left.is_empty() {
			return Ok(());
		}
		self.output.note(&format!(
			"What is sent is noted in {}. Should this be interrupted, give the same command again{}.",
			journal.path().display(),
			if anew { ", without --anew" } else { "" }
		));
		let journal = Mutex::new(journal);
		let undone = self.rows(&session, begin, &journal, &left).await?;
		if undone == 0 {
			return Ok(());
		}
		// While the node still has the blocks. What it does not tell now is asked for again by the next run.
		let mut journal = journal.into_inner().unwrap_or_else(PoisonError::into_inner);
		let _ = look(&session, &mut journal).await;
		Err(Error::wallet(format!(
			"{undone} of {} not done. Put right what is wrong there and give the same command again{}: what is done is left out, and \
			nothing is done twice. Leave the lines that are done as they are.",
			if lines.len() == 1 {
				"1 call was".into()
			} else {
				format!("{} calls were", lines.len())
			},
			if anew { ", without --anew" } else { "" }
		)))
	}

	/// Has the journal forget what is done, and says which lines of the file do it once more.
	///
	/// An error in the middle of a file, after a run that was interrupted, and where a line that was done is somewhere else in the file now:
	/// there `--anew` is what was left standing in the command, or a way out of another error, and would pay twice.
	fn begin_anew(&self, journal: &mut Journal, lines: &[Line], interrupted: bool) -> Result<()> {
		let known = journal.lines().values();
		let done: BTreeSet<String> = known
			.filter(|line| line.done.is_some())
			.map(|line| line.command.clone())
			.collect();
		let again = lines.iter().filter(|line| done.contains(&line.text)).count();
		let is_whole =
			check_unchanged(journal, lines).is_ok() && lines.iter().all(|line| is_done(journal, line));
		let is_another = again == 0 && !done.is_empty();
		if !done.is_empty() && (interrupted || !is_whole && !is_another) {
			return Err(Error::usage(format!(
				"This file was begun before: {again} of {} done. Leave --anew out, and what is done is not made again. To make all of it \
				nevertheless, give the file another name.",
				if lines.len() == 1 {
					"1 call is".into()
				} else {
					format!("{} calls are", lines.len())
				}
			)));
		}
		for line in lines.iter().filter(|line| done.contains(&line.text)) {
			self.output.note(&format!(
				"line {}  {}: done before, made once more",
				line.number, line.text
			));
		}
		journal.begin_anew()
	}

	/// Once it is known of every transaction that left what became of it, a pipeline that may send these lines: none of them is done by
	/// a transaction that may yet happen beside the one that the pipeline sends for it.
	async fn settled<'a>(
		&self,
		session: &'a Session,
		journal: &mut Journal,
		lines: &[Line],
	) -> Result<Pipeline<'a>> {
		loop {
			let begin = self.begin(session).await?;
			let look = look(session, journal);
			self.output.wait("Looking for what was sent before", look).await?;
			let Some(last) = in_the_way(journal, lines, begin.numbers().nonce) else {
				return Ok(begin);
			};
			drop(begin);
			let over = passed(session, journal, last);
			self.output
				.wait(
					&format!("What was sent before may yet happen; waiting for block {last} to be final"),
					over,
				)
				.await?;
		}
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
		journal: &'a Mutex<Journal>,
		mut left: &[&Line],
	) -> Result<usize> {
		loop {
			let mut sent = Vec::new();
			let mut refused = None;
			let begins = session.chain().header(pipeline.begins()).await?.number;
			pipeline = pipeline.announcing(Box::new(move |transaction, numbers| {
				locked(journal).leaves(transaction, numbers.nonce, begins)
			}));
			while let Some((line, behind)) = left.split_first() {
				if pipeline.room() == 0 || (line.call.goes_first() && !pipeline.is_empty()) {
					break;
				}
				let numbers = pipeline.numbers();
				left = behind;
				locked(journal).turn_to(line.number, &line.text);
				match line.call.make(&mut pipeline).await {
					Ok(name) => sent.push((line, numbers, name)),
					Err(error) => {
						refused = Some((line, error));
						break;
					}
				}
			}
			let mut undone = usize::from(refused.is_some());
			let mut trouble = None;
			let full = sent.is_empty() && refused.is_none() && !left.is_empty();
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
						let noted = locked(journal).done(line.number, included.transaction, included.block);
						trouble = trouble.or(noted.err());
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
				// A refusal is an answer: the pool has not taken it. What it has already is the one.
				if matches!(&error, Error::Refused(refusal) if !refusal.is_known()) {
					let noted = forget(&mut locked(journal), line);
					trouble = trouble.or(noted.err());
				}
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
			}
			if let Some(trouble) = trouble {
				return Err(trouble);
			}
			if undone > 0 || full {
				return Ok(undone + left.len());
			}
			if left.is_empty() {
				return Ok(0);
			}
			pipeline = self.begin(session).await?;
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

fn locked(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
	// A panic while it was held leaves a journal that says what is on the disk.
	journal.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_done(journal: &Journal, line: &Line) -> bool {
	journal
		.lines()
		.get(&line.number)
		.is_some_and(|known| known.done.is_some())
}

/// What the pool refused is not on its way.
fn forget(journal: &mut Journal, line: &Line) -> Result<()> {
	let known = journal.lines().get(&line.number);
	let last = known.and_then(|known| known.open().last().copied());
	match last {
		Some(last) => journal.void(line.number, last.transaction),
		None => Ok(()),
	}
}

/// The last block that a transaction can be in.
fn last_block(sent: &Sent) -> BlockNumber {
	sent.begins
		.saturating_add(BlockNumber::try_from(ERA).unwrap_or(BlockNumber::MAX))
}

/// Looks in the final blocks for the transactions that may have happened, and notes what became of them.
async fn look(session: &Session, journal: &mut Journal) -> Result<()> {
	let mut open: BTreeMap<_, _> = journal
		.open_ones()
		.into_iter()
		.map(|(line, sent)| (sent.transaction, (line, sent)))
		.collect();
	let sent = || open.values().map(|(_, sent)| sent);
	let Some(first) = sent().map(|sent| sent.begins.saturating_add(1)).min() else {
		return Ok(());
	};
	let last = sent().map(last_block).max().unwrap_or(first);
	let chain = session.chain();
	let at = chain.finalized().await?;
	let height = chain.header(at).await?.number;
	let nonce = chain.nonce(session.id(), at).await?;
	for number in first..=height.min(last) {
		let found = chain.transactions_in(number).await;
		let (block, transactions) = found.map_err(|error| no_body(journal, &error))?;
		for (index, transaction) in transactions.iter().enumerate() {
			let Some((line, _)) = open.remove(transaction) else {
				continue;
			};
			let succeeded = chain.succeeded_at(index, block).await;
			if succeeded.map_err(|error| not_told(line, *transaction, block, &error))? {
				journal.done(line, *transaction, block)?;
			} else {
				journal.void(line, *transaction)?;
			}
		}
	}
	for (transaction, (line, sent)) in open {
		// Beside one that was found, it cannot happen either.
		let is_open = journal
			.lines()
			.get(&line)
			.is_some_and(|known| known.open().any(|open| open.transaction == transaction));
		if is_open && (height > last_block(&sent) || nonce > sent.nonce) {
			journal.void(line, transaction)?;
		}
	}
	Ok(())
}

/// The last block that has to be final before these lines can be sent with the transaction numbers from `next` on: until then
/// something that was sent before may do a line's work beside the transaction that is sent for it now.
fn in_the_way(journal: &Journal, lines: &[Line], next: Nonce) -> Option<BlockNumber> {
	let numbers: BTreeMap<usize, (Nonce, &str)> = lines
		.iter()
		.filter(|line| !is_done(journal, line))
		.zip(next..)
		.map(|(line, nonce)| (line.number, (nonce, line.text.as_str())))
		.collect();
	let takes_its_place = |line: usize, sent: &Sent| {
		let said = journal.lines().get(&line).map(|known| known.command.as_str());
		numbers
			.get(&line)
			.is_some_and(|(nonce, text)| *nonce == sent.nonce && Some(*text) == said)
	};
	journal
		.open_ones()
		.iter()
		.filter(|(line, sent)| !takes_its_place(*line, sent))
		.map(|(_, sent)| last_block(sent))
		.max()
}

/// Once a block behind this one is final, or it is known of another transaction what became of it.
async fn passed(session: &Session, journal: &mut Journal, last: BlockNumber) -> Result<()> {
	let chain = session.chain();
	let open = journal.open_ones();
	let mut seen = None;
	loop {
		let at = chain.finalized().await?;
		if seen != Some(at) {
			look(session, journal).await?;
			if journal.open_ones() != open || chain.header(at).await?.number > last {
				return Ok(());
			}
			seen = Some(at);
		}
		tokio::time::sleep(PAUSE).await;
	}
}

/// What somebody has to look at if a node does not tell how a transaction ended.
fn not_told(line: usize, transaction: Hash, block: Hash, error: &Error) -> Error {
	Error::node(format!(
		"Line {line} was sent as transaction {transaction:?}, which is in block {block:?}; whether it succeeded there the node does not \
		tell ({}). {WHERE_TO_LOOK}",
		error.to_string().trim_end_matches('.')
	))
}

/// What somebody has to look at if a node does not have a block.
fn no_body(journal: &Journal, error: &Error) -> Error {
	let open = journal.open_ones();
	let lines: BTreeSet<usize> = open.iter().map(|(line, _)| *line).collect();
	let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
	Error::node(format!(
		"What became of lines that were sent ({}) is not known: {} {WHERE_TO_LOOK}",
		lines.join(", "),
		sentence(&error.to_string())
	))
}

/// Lines that are done say what they said.
fn check_unchanged(journal: &Journal, lines: &[Line]) -> Result<()> {
	let done = journal.lines().iter().filter(|(_, known)| known.done.is_some());
	for (number, known) in done {
		let now = lines.iter().find(|line| line.number == *number);
		if now.is_none_or(|line| line.text != known.command) {
			return Err(Error::usage(format!(
				"Line {number} was done when it said `{}`; now {}. Leave lines that are done as they are, where they are, and give \
				a file of other calls another name.",
				known.command,
				match now {
					Some(line) => format!("it says `{}`", line.text),
					None => "there is no call in it".into(),
				}
			)));
		}
	}
	Ok(())
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
