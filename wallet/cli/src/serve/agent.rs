//! A round of the agent: looks at a final block, does what is due, waits until that is final.
//!
//! All calls of a round are one [`crate::session::Pipeline`]. What became of them is logged; what did not happen is decided
//! anew in the next round, from the chain, later and later each time. The ship command runs between rounds, one order
//! at a time, so that a slow one does not keep buyers waiting longer than it takes.
//!
//! A buyer who takes an order back at the last moment fails the answer to it and all that is behind that in the round. So
//! who did that is answered last, one order in each round.

use std::{
	collections::BTreeSet,
	time::{Instant, SystemTime, UNIX_EPOCH},
};

use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::{OrderState, MAX_COLLECT};
use serde_json::{json, Value};
use veilmart_runtime::{AccountId, Hash};

use super::{
	decide::{decide, needs_credits, Contents, Verdict, Waiting},
	journal::{Journal, Step},
	look::{look, sum, Look},
	memory::{Matter, Rests, Spoilers, Told},
	parcels::{lag, Parcel},
	rules::{reason_name, Answer, Rules},
	Stop,
};
use crate::{
	account::address,
	amount,
	error::{Error, Result},
	names::{show_credit, show_listing, show_order},
	output::{count, time, Report},
	session::{Outcome, Pipeline, Session},
};

/// The most calls of a round that are kept for shipping what is accepted. The quota is renewed each minute, so that many more
/// can be shipped in time.
const MOST_KEPT: usize = 25;

/// Whether one more order may be accepted when so many calls are left, and so many orders have to be shipped with them.
fn leaves_room(room: usize, unshipped: usize) -> bool {
	room > unshipped.min(MOST_KEPT)
}

/// Why a round ends early.
const OUT_OF_CALLS: &str = "the account's calls of this minute are used up";

/// A call that was sent, and what is said about it once it has happened.
pub(super) struct Said {
	matter: Matter,
	action: &'static str,
	text: String,
	json: Value,
}

/// How a round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
	/// Something was done, or tried: there may be more.
	Busy,
	/// Nothing was due.
	Idle,
	/// The account's view key changed: the session has to be opened anew.
	Reopen,
}

/// A seller's agent.
pub struct Agent<'a> {
	pub(super) rules: Rules,
	pub(super) journal: Journal,
	pub(super) clock: Box<dyn Fn() -> Moment + Send + Sync>,
	answers: Vec<(OrderId<AccountId>, Step)>,
	say: &'a (dyn Fn(&Report) + Send + Sync),
	once: bool,
	started: bool,
	pub(super) rests: Rests,
	spoilers: Spoilers,
	/// Orders whose answers failed in the last round, perhaps because their buyers took them back.
	suspects: BTreeSet<OrderId<AccountId>>,
	collected: Option<Instant>,
	told: Told,
	pub(super) needs_you: BTreeSet<OrderId<AccountId>>,
	/// What keeps this round from doing all that is due.
	unfinished: BTreeSet<&'static str>,
	/// Whether the node is too far behind for parcels.
	pub(super) behind: bool,
	/// Whether the node was too busy to look at a call of this round.
	busy: bool,
	failures: usize,
}

impl<'a> Agent<'a> {
	/// An agent that acts by these rules and says what it does. `once` is for one that ends when nothing more is due.
	pub fn new(rules: Rules, journal: Journal, once: bool, say: &'a (dyn Fn(&Report) + Send + Sync)) -> Self {
		let clock = || {
			let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
			u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
		};
		Self {
			rules,
			journal,
			clock: Box::new(clock),
			answers: Vec::new(),
			say,
			once,
			started: false,
			rests: Rests::default(),
			spoilers: Spoilers::default(),
			suspects: BTreeSet::new(),
			collected: None,
			told: Told::default(),
			needs_you: BTreeSet::new(),
			unfinished: BTreeSet::new(),
			behind: false,
			busy: false,
			failures: 0,
		}
	}

	/// With another clock than the computer's: milliseconds since the Unix epoch.
	pub fn with_clock(mut self, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
		self.clock = Box::new(clock);
		self
	}

	/// With what a person says about shipments that nobody else can know.
	pub fn with_answers(mut self, answers: impl IntoIterator<Item = (OrderId<AccountId>, Step)>) -> Self {
		self.answers.extend(answers);
		self
	}

	/// What is left for a person, as an error; for one that ends.
	pub(super) fn verdict(&self) -> Result<()> {
		let mut left = Vec::new();
		if !self.needs_you.is_empty() {
			let orders: Vec<_> = self.needs_you.iter().map(show_order).collect();
			left.push(format!("these orders need you: {}", orders.join(", ")));
		}
		if self.failures > 0 {
			left.push(format!(
				"{} failed, see above",
				count(self.failures as u64, "action")
			));
		}
		left.extend(self.unfinished.iter().map(|why| (*why).to_owned()));
		if left.is_empty() {
			Ok(())
		} else {
			Err(Error::wallet(format!(
				"Not everything was done: {}.",
				left.join("; ")
			)))
		}
	}

	pub(super) fn once(&self) -> bool {
		self.once
	}

	/// One round. An error of the node means that nothing more can be said over this connection.
	pub(super) async fn round(&mut self, session: &Session, stop: &mut Stop) -> Result<Round> {
		let begin = async {
			let pipeline = session.pipeline().await?;
			let seen = look(session, &pipeline, &self.rules).await?;
			Ok::<_, Error>((pipeline, seen))
		};
		// Nothing was sent so far.
		let Some(begun) = stop.or(begin).await else {
			return Ok(Round::Idle);
		};
		let (mut pipeline, seen) = begun?;
		if seen.view_index > session.view_index() {
			return Ok(Round::Reopen);
		}
		let at = pipeline.at();
		self.begin_round(session, &seen, at).await?;
		let parcels = self.shipments(&seen);
		let mut sent = Vec::new();
		let calls = self
			.calls(session, &mut pipeline, &seen, &parcels, &mut sent, stop)
			.await;
		let mut busy = !sent.is_empty();
		self.finish(pipeline, sent).await.and(calls)?;
		if let Some((command, stored)) = self.next_command(&parcels).filter(|_| !stop.is_set()) {
			let ran = self.run_command(session, &command, stored, at).await?;
			// What is not to be run any more a later final block shows. An agent that ends waits for none.
			busy |= ran || self.once;
		}
		Ok(if busy { Round::Busy } else { Round::Idle })
	}

	/// Forgets what is over, finds out whether the node is behind, and starts if that is still to be done.
	async fn begin_round(&mut self, session: &Session, seen: &Look, at: Hash) -> Result<()> {
		self.needs_you.clear();
		self.unfinished.clear();
		self.busy = false;
		let present = Self::present(seen);
		self.told.keep(&present);
		self.rests.keep(&present, &seen.versions);
		let now = self.now(seen.now);
		for order in std::mem::take(&mut self.suspects) {
			if !present.contains(&order) {
				self.spoilers.spoiled(&order.buyer, now);
			}
		}
		let lag = lag((self.clock)(), seen.now);
		if lag.is_none() {
			if !self.started {
				self.start(session, seen, at).await?;
				self.started = true;
			}
			self.disown(seen)?;
		}
		// Who ships otherwise has no use for the journal.
		let matters = self.ships_by_command() || !self.answers.is_empty();
		let lag = lag.filter(|_| matters);
		if lag.is_some() {
			self.unfinished
				.insert("the node is behind, or this computer's clock is wrong");
		}
		self.tell_state("behind", lag.is_some(), || {
			format!(
				"the last final block is {} s behind this computer's clock; until it is newer nothing is accepted, and the ship \
				command does not run",
				lag.unwrap_or_default() / 1_000
			)
		});
		self.behind = lag.is_some();
		Ok(())
	}

	/// What has to be known before anything is done: what the journal cannot know is asked, what it need not know any more
	/// is forgotten.
	async fn start(&mut self, session: &Session, seen: &Look, at: Hash) -> Result<()> {
		let accepted: BTreeSet<_> = seen.accepted.iter().map(|(id, _)| id.clone()).collect();
		let now = self.now(seen.now);
		if self.journal.is_new() {
			self.journal.begin(accepted.iter().cloned(), now)?;
		}
		let mut finished = Vec::new();
		// By the chain's time: the computer's may have jumped.
		for order in self.journal.old(seen.now) {
			if !accepted.contains(&order) && is_finished(session, &order, at).await? {
				finished.push(order);
			}
		}
		if !finished.is_empty() {
			self.journal.forget(&finished)?;
		}
		for (order, step) in std::mem::take(&mut self.answers) {
			let name = show_order(&order);
			if !accepted.contains(&order) {
				return Err(Error::wallet(format!(
					"Order {name} is not one of yours that waits to be shipped; `veilmart orders --state accepted` shows those."
				)));
			}
			if self.journal.step(&order) == Some(Step::Shipped) {
				return Err(Error::wallet(format!(
					"How the shipment of order {name} went is known already."
				)));
			}
			self.journal.note(&order, step, now)?;
		}
		Ok(())
	}

	/// Makes the calls that are due. An error is one of the node.
	async fn calls(
		&mut self,
		session: &Session,
		pipeline: &mut Pipeline<'_>,
		seen: &Look,
		parcels: &[Parcel<'_>],
		sent: &mut Vec<Said>,
		stop: &Stop,
	) -> Result<()> {
		let now = self.now(seen.now);
		let mut waiting: Vec<Waiting> = seen
			.placed
			.iter()
			.filter(|((id, _), _)| !self.rests.rests(&Matter::Order(id.clone())))
			.map(|(_, waiting)| waiting.clone())
			.collect();
		// The oldest first among those who spoiled as many rounds.
		waiting.sort_by_key(|order| self.spoilers.times(&order.id.buyer, now));
		let questions = self.has_open_questions(seen);
		let mut means = seen.means.clone();
		means.closed = self.behind || questions;
		let verdicts = decide(&self.rules, means.clone(), seen.now, &waiting);
		// A pipeline collects first or not at all.
		let needed = needs_credits(&verdicts);
		if let Some(collected) = self.collect(pipeline, seen, needed, sent, stop).await? {
			means.balance = pipeline.balance();
			means.credits = means.credits.saturating_sub(collected);
		}
		let mut unshipped = seen.accepted.len();
		for parcel in parcels.iter().filter(|parcel| parcel.ready) {
			if self.ends(pipeline, stop) {
				return Ok(());
			}
			let (id, _) = parcel.stored;
			let said = Said::order("shipped", id, String::new(), json!({}));
			if !self.rests.rests(&said.matter) {
				let result = pipeline.ship(id).await;
				self.sent(said, result, sent)?;
				unshipped = unshipped.saturating_sub(1);
			}
		}
		let verdicts = decide(&self.rules, means, seen.now, &waiting);
		self.tell_waits(&verdicts, questions);
		let mut answers: Vec<_> = waiting.iter().zip(verdicts).collect();
		let spoils = |(order, _): &(&Waiting, Verdict)| self.spoilers.times(&order.id.buyer, now) > 0;
		let spoiled = answers.split_off(answers.partition_point(|answer| !spoils(answer)));
		for (last, answers) in [(false, answers), (true, spoiled)] {
			// Behind an answer that may spoil the round there is nothing.
			if last {
				self.quotes(session, pipeline, seen, sent, stop).await?;
			}
			for (order, verdict) in answers {
				if self.ends(pipeline, stop) {
					return Ok(());
				}
				let accepts = verdict == Verdict::Accept;
				if accepts && !leaves_room(pipeline.room(), unshipped) {
					self.unfinished.insert(OUT_OF_CALLS);
					return Ok(());
				}
				let before = sent.len();
				self.answer(pipeline, seen, order, verdict, sent).await?;
				let answered = sent.len() > before;
				unshipped = unshipped.saturating_add(usize::from(answered && accepts));
				if last && answered {
					return Ok(());
				}
			}
		}
		Ok(())
	}

	/// Whether no further call is made in this round.
	fn ends(&mut self, pipeline: &Pipeline<'_>, stop: &Stop) -> bool {
		if pipeline.room() == 0 {
			self.unfinished.insert(OUT_OF_CALLS);
		}
		self.busy || pipeline.room() == 0 || stop.is_set()
	}

	/// Says why orders wait that could be accepted otherwise.
	fn tell_waits(&mut self, verdicts: &[Verdict], questions: bool) {
		let waits = questions && verdicts.contains(&Verdict::Wait);
		self.tell_state("questions", waits, || {
			"an accepted order needs you, or could not be shipped; until that is over nothing more is accepted".into()
		});
		let full = verdicts.contains(&Verdict::Full);
		let most = self.rules.accept.max_open.unwrap_or_default();
		self.tell_state("full", full, || {
			format!(
				"{} not shipped yet, as many as max_open allows; until they are nothing more is accepted",
				count(most, "accepted order")
			)
		});
	}

	/// Collects what waits, if it is time or a bond needs it, and says how much.
	async fn collect(
		&mut self,
		pipeline: &mut Pipeline<'_>,
		seen: &Look,
		needed: bool,
		sent: &mut Vec<Said>,
		stop: &Stop,
	) -> Result<Option<u128>> {
		let Some(rule) = self.rules.collect else {
			return Ok(None);
		};
		let enough = sum(&seen.credits) >= u128::from(rule.at_least);
		let due = enough && self.collected.is_none_or(|last| last.elapsed() >= rule.every);
		let wanted = !seen.credits.is_empty() && (due || needed) && !self.rests.rests(&Matter::Collect);
		if !wanted || self.ends(pipeline, stop) {
			return Ok(None);
		}
		let some: Vec<_> = seen.credits.iter().take(MAX_COLLECT as usize).cloned().collect();
		if some.len() == seen.credits.len() {
			self.collected = Some(Instant::now());
		}
		let names: Vec<_> = some.iter().map(|(id, _)| show_credit(id)).collect();
		let collected = sum(&some);
		let shown = amount::show_wide(collected);
		let said = Said {
			matter: Matter::Collect,
			action: "collected",
			text: format!(
				"collected {}, {shown} in all",
				count(names.len() as u64, "credit")
			),
			json: json!({ "credits": names, "amount": shown }),
		};
		let result = pipeline.collect(&some).await;
		let before = sent.len();
		self.sent(said, result, sent)?;
		Ok((sent.len() > before).then_some(collected))
	}

	/// Accepts an order or declines it, or says why not.
	async fn answer(
		&mut self,
		pipeline: &mut Pipeline<'_>,
		seen: &Look,
		order: &Waiting,
		verdict: Verdict,
		sent: &mut Vec<Said>,
	) -> Result<()> {
		let id = &order.id;
		match verdict {
			Verdict::Accept => {
				let Some(((_, stored), _)) = seen.placed.iter().find(|((found, _), _)| found == id) else {
					return Ok(());
				};
				let said = accepted(order);
				let mine = self.ships_by_command();
				if mine {
					if let Some(step) = self.journal.step(id) {
						let why =
							format!("the journal says of its shipment {step:?}, but the ledger, that it was never accepted");
						self.needs(id, "journal", &why);
						return Ok(());
					}
					self.journal.note(id, Step::Mine, self.now(seen.now))?;
				}
				let result = pipeline.accept(id, stored.clone()).await;
				let refused = matches!(&result, Err(error) if !matches!(error, Error::Node(_)));
				if mine && refused {
					self.journal.forget(std::slice::from_ref(id))?;
				}
				self.sent(said, result, sent)
			}
			Verdict::Answer(rule, answer @ Answer::Decline(reason), why) => {
				let rule = format!("{rule:?}").to_lowercase();
				let word = reason_name(reason);
				let said = Said::order(
					"declined",
					id,
					format!(" ({word}): {why}"),
					json!({ "reason": word, "rule": rule, "because": why }),
				);
				match answer.reason() {
					Some(reason) => {
						let result = pipeline.decline(id, reason).await;
						self.sent(said, result, sent)
					}
					None => Ok(()),
				}
			}
			Verdict::Answer(rule, Answer::Leave, why) => {
				let rule = format!("{rule:?}").to_lowercase();
				let text = format!("it breaks the rule \"{rule}\": {why}");
				self.tell_once("left", &rule, id, &text);
				Ok(())
			}
			Verdict::Nothing(why) => {
				self.tell_once("left", "nothing", id, &why);
				Ok(())
			}
			Verdict::Collect(why) => {
				if self.rules.collect.is_none() {
					self.tell_once("left", "collect", id, &format!("{why}; collect first what waits"));
				}
				Ok(())
			}
			Verdict::Wait | Verdict::Full => Ok(()),
		}
	}

	/// Sees to it that those who are to have quotes have them.
	async fn quotes(
		&mut self,
		session: &Session,
		pipeline: &mut Pipeline<'_>,
		seen: &Look,
		sent: &mut Vec<Said>,
		stop: &Stop,
	) -> Result<()> {
		for buyer in self.rules.quote.clone() {
			let quotes = session.chain().quotes(&buyer, Some(pipeline.at())).await?;
			for (listing, version) in &seen.versions {
				let id = session.own_listing(*listing);
				let known = quotes
					.iter()
					.any(|(of, quote)| *of == id && quote.version == *version);
				let matter = Matter::Quote(*listing, buyer.clone());
				if known || !self.rules.accept.listings.contains(*listing) || self.rests.rests(&matter) {
					continue;
				}
				if self.ends(pipeline, stop) {
					return Ok(());
				}
				let (name, whom) = (show_listing(&id), address(&buyer));
				let said = Said {
					matter,
					action: "quoted",
					text: format!("quoted listing {name} to {whom}"),
					json: json!({ "listing": name, "buyer": whom }),
				};
				let result = pipeline.quote(*listing, &buyer).await;
				self.sent(said, result, sent)?;
			}
		}
		Ok(())
	}

	/// A call is on its way, or was refused. Fails if nobody knows which.
	fn sent(&mut self, said: Said, result: Result<()>, sent: &mut Vec<Said>) -> Result<()> {
		match result {
			Ok(()) => {
				self.told.enters("busy", false);
				sent.push(said);
			}
			Err(error @ Error::Node(_)) => return Err(error),
			// This says nothing about the call, which is made again in the next round.
			Err(error) if error.is_busy() => {
				self.busy = true;
				self.unfinished.insert("the node was too busy");
				self.tell_state("busy", true, || format!("the node is too busy: {error}"));
			}
			Err(error) => self.failed(&said, &error),
		}
		Ok(())
	}

	/// Waits for what was sent and says what became of it.
	async fn finish(&mut self, pipeline: Pipeline<'_>, sent: Vec<Said>) -> Result<()> {
		let mut lost = Ok(());
		let mut forgotten = 0;
		// What was not accepted is not the command's: somebody else may accept it now.
		let mut not_mine = Vec::new();
		for (said, outcome) in sent.into_iter().zip(pipeline.finish().await) {
			// Also a call behind one that failed was sent, and may be in a block. What did not happen the next round finds out.
			let failed = matches!(&outcome, Outcome::Failed(error) if !matches!(error, Error::Node(_)));
			if let Matter::Order(id) = &said.matter {
				if failed && said.action == "accepted" && self.journal.step(id) == Some(Step::Mine) {
					not_mine.push(id.clone());
				}
				let answers = ["accepted", "declined"].contains(&said.action);
				if answers && matches!(outcome, Outcome::Failed(Error::Refused(_))) {
					self.suspects.insert(id.clone());
				}
			}
			match outcome {
				Outcome::Done(included) => {
					self.rests.done(&said.matter);
					let place = json!({ "transaction": included.transaction, "block": included.block });
					self.tell(&said, place);
				}
				Outcome::Failed(error @ Error::Node(_)) => {
					self.tell_failure(&said, "unknown", &error);
					lost = Err(error);
				}
				Outcome::Failed(error) => self.failed(&said, &error),
				Outcome::Forgotten => forgotten += 1,
			}
		}
		if forgotten > 0 {
			let text = format!("{} behind it are decided anew", count(forgotten, "call"));
			self.line("forgotten", &text, json!({ "calls": forgotten }));
		}
		if !not_mine.is_empty() {
			self.journal.forget(&not_mine)?;
		}
		lost
	}

	/// Something failed: it rests for a while.
	pub(super) fn failed(&mut self, said: &Said, error: &Error) {
		self.failures += 1;
		self.rests.failed(&said.matter, self.once);
		self.tell_failure(said, "failed", error);
	}

	// What is said.

	pub(super) fn needs(&mut self, id: &OrderId<AccountId>, what: &str, why: &str) {
		self.needs_you.insert(id.clone());
		self.tell_once("needsYou", what, id, why);
	}

	/// Says of an order what is worth saying once.
	pub(super) fn tell_once(&mut self, action: &'static str, what: &str, id: &OrderId<AccountId>, why: &str) {
		if self.told.first(id, what) {
			let said = Said::order(action, id, format!(": {why}"), json!({ "because": why }));
			self.tell(&said, json!({}));
		}
	}

	/// Says why less is done than usual, each time that it begins.
	fn tell_state(&mut self, state: &'static str, is_so: bool, why: impl FnOnce() -> String) {
		if self.told.enters(state, is_so) {
			let why = why();
			self.line(
				"paused",
				&format!("paused: {why}"),
				json!({ "state": state, "because": why }),
			);
		}
	}

	fn tell_failure(&self, said: &Said, action: &str, error: &Error) {
		let mut json = said.json.clone();
		json["what"] = json!(said.action);
		json["error"] = error.to_json()["error"].clone();
		let what = match &said.matter {
			Matter::Order(id) => format!("order {}", show_order(id)),
			_ => said.text.clone(),
		};
		self.line(
			action,
			&format!("{action}: {what}, to be {}: {error}", said.action),
			json,
		);
	}

	pub(super) fn tell(&self, said: &Said, more: Value) {
		let mut json = said.json.clone();
		if let (Some(json), Some(more)) = (json.as_object_mut(), more.as_object()) {
			json.extend(more.clone());
		}
		self.line(said.action, &said.text, json);
	}

	/// One line, with the time.
	fn line(&self, action: &str, text: &str, mut json: Value) {
		let now = (self.clock)();
		json["action"] = json!(action);
		json["time"] = json!(now);
		(self.say)(&Report::new(format!("{}  {text}", time(now)), json));
	}
}

impl Said {
	pub(super) fn order(
		action: &'static str,
		id: &OrderId<AccountId>,
		text: String,
		mut json: Value,
	) -> Self {
		let name = show_order(id);
		json["order"] = json!(name);
		Self {
			matter: Matter::Order(id.clone()),
			action,
			text: format!("{action} order {name}{text}"),
			json,
		}
	}
}

fn accepted(order: &Waiting) -> Said {
	let (text, json) = match &order.contents {
		Contents::Opened {
			quantity,
			total,
			bond,
		} => {
			let (total, bond) = (amount::show(*total), amount::show_wide(*bond));
			(
				format!(
					": {} of listing {}, {total} in all, bond {bond}",
					count(*quantity, "piece"),
					order.listing
				),
				json!({ "listing": order.listing, "quantity": quantity, "total": total, "bond": bond }),
			)
		}
		Contents::Mismatch(_) => (String::new(), json!({})),
	};
	Said::order("accepted", &order.id, text, json)
}

/// Whether an order that is not accepted now will never be again. A node that lags behind does not know it yet: then its
/// buyer has not come to its number.
async fn is_finished(session: &Session, id: &OrderId<AccountId>, at: Hash) -> Result<bool> {
	let chain = session.chain();
	Ok(match chain.order(id, Some(at)).await? {
		Some(order) => !matches!(order.state, OrderState::Placed | OrderState::Accepted),
		None => chain.account(&id.buyer, Some(at)).await?.seq > id.seq,
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn calls_are_left_for_what_is_accepted() {
		assert!(leaves_room(1, 0) && leaves_room(3, 2));
		assert!(!leaves_room(0, 0) && !leaves_room(2, 2) && !leaves_room(2, 9));
		// However much a person has to ship, business goes on.
		assert!(leaves_room(MOST_KEPT + 1, 1_000));
	}
}
