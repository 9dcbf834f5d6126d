//! A round of the agent: looks at a final block, does what is due, waits until that is final.
//!
//! All calls of a round are one [`crate::session::Pipeline`]. What became of them is logged; what did not happen is decided
//! anew in the next round, from the chain, later and later each time. The ship command runs between rounds, one order
//! at a time, so that a slow one does not keep buyers waiting longer than it takes.

use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::{OrderState, MAX_COLLECT};
use serde_json::{json, Value};
use veilmart_runtime::{AccountId, Hash};

use super::{
	decide::{decide, lacks_bond, Contents, Verdict, Waiting},
	journal::{Journal, Step},
	look::{details, look, Look, Stored},
	rules::{reason_name, Answer, Rules, Ship, ShipCommand},
	ship::{self, Ended},
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

/// How long a matter rests after it failed for the first time; twice as long each further time.
const FIRST_REST: Duration = Duration::from_secs(5);

/// The longest that it rests.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// What can fail by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Matter {
	Order(OrderId<AccountId>),
	Collect,
	Quote(u64, AccountId),
}

/// What rests, until when (for ever if there is no second time), and how often it failed in a row.
struct Rest {
	until: Option<Instant>,
	times: u32,
}

/// A call that was sent, and what is said about it once it has happened.
struct Said {
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
	rules: Rules,
	journal: Journal,
	answers: Vec<(OrderId<AccountId>, Step)>,
	say: &'a (dyn Fn(&Report) + Send + Sync),
	once: bool,
	started: bool,
	rests: BTreeMap<Matter, Rest>,
	collected: Option<Instant>,
	told: BTreeSet<(OrderId<AccountId>, String)>,
	needs_you: BTreeSet<OrderId<AccountId>>,
	failures: usize,
}

impl<'a> Agent<'a> {
	/// An agent that acts by these rules and says what it does. `once` is for one that ends when nothing more is due.
	pub fn new(rules: Rules, journal: Journal, once: bool, say: &'a (dyn Fn(&Report) + Send + Sync)) -> Self {
		Self {
			rules,
			journal,
			answers: Vec::new(),
			say,
			once,
			started: false,
			rests: BTreeMap::new(),
			collected: None,
			told: BTreeSet::new(),
			needs_you: BTreeSet::new(),
			failures: 0,
		}
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
		if !self.started {
			self.start(session, &seen, at).await?;
			self.started = true;
		}
		self.needs_you.clear();
		let mut sent = Vec::new();
		let parcels = self.shipments(&seen);
		let calls = self
			.calls(session, &mut pipeline, &seen, &parcels, &mut sent, stop)
			.await;
		let mut busy = !sent.is_empty();
		self.finish(pipeline, sent).await.and(calls)?;
		if let Some((command, stored)) = self.next_command(&parcels).filter(|_| !stop.is_set()) {
			self.run_command(session, &command, stored, at, &seen).await?;
			busy = true;
		}
		Ok(if busy { Round::Busy } else { Round::Idle })
	}

	/// What has to be known before anything is done: what the journal cannot know is asked, what it need not know any more
	/// is forgotten.
	async fn start(&mut self, session: &Session, seen: &Look, at: Hash) -> Result<()> {
		let accepted: BTreeSet<_> = seen.accepted.iter().map(|(id, _)| id.clone()).collect();
		if self.journal.is_new() {
			self.journal.begin(accepted.iter().cloned())?;
		}
		let mut finished = Vec::new();
		for order in self.journal.orders() {
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
			if !matches!(self.journal.step(&order), None | Some(Step::Begun)) {
				return Err(Error::wallet(format!(
					"How the shipment of order {name} went is known already."
				)));
			}
			self.journal.note(&order, step)?;
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
		let waiting: Vec<Waiting> = seen
			.placed
			.iter()
			.filter(|((id, _), _)| !self.rests(&Matter::Order(id.clone())))
			.map(|(_, waiting)| waiting.clone())
			.collect();
		let mut means = seen.means.clone();
		let verdicts = decide(&self.rules, means.clone(), seen.now, &waiting);
		// A pipeline collects first or not at all.
		if self.collect(pipeline, seen, lacks_bond(&verdicts), sent).await? {
			means.balance = pipeline.balance();
		}
		for parcel in parcels.iter().filter(|parcel| parcel.ready) {
			if pipeline.room() == 0 || stop.is_set() {
				return Ok(());
			}
			let (id, _) = parcel.stored;
			let said = Said::order("shipped", id, String::new(), json!({}));
			if !self.rests(&said.matter) {
				let result = pipeline.ship(id).await;
				self.sent(said, result, sent)?;
			}
		}
		let verdicts = decide(&self.rules, means, seen.now, &waiting);
		for (order, verdict) in waiting.iter().zip(verdicts) {
			if pipeline.room() == 0 || stop.is_set() {
				return Ok(());
			}
			self.answer(pipeline, seen, order, verdict, sent).await?;
		}
		self.quotes(session, pipeline, seen, sent, stop).await
	}

	/// Collects what waits, if it is time or a bond needs it. Whether it did.
	async fn collect(
		&mut self,
		pipeline: &mut Pipeline<'_>,
		seen: &Look,
		needed: bool,
		sent: &mut Vec<Said>,
	) -> Result<bool> {
		let Some(rule) = self.rules.collect else {
			return Ok(false);
		};
		let sum: u128 = seen
			.credits
			.iter()
			.map(|(_, opened)| u128::from(opened.value()))
			.sum();
		let enough = sum >= u128::from(rule.at_least);
		let due = enough && self.collected.is_none_or(|last| last.elapsed() >= rule.every);
		let wanted = !seen.credits.is_empty() && (due || needed) && !self.rests(&Matter::Collect);
		if !wanted || pipeline.room() == 0 {
			return Ok(false);
		}
		let some: Vec<_> = seen.credits.iter().take(MAX_COLLECT as usize).cloned().collect();
		if some.len() == seen.credits.len() {
			self.collected = Some(Instant::now());
		}
		let names: Vec<_> = some.iter().map(|(id, _)| show_credit(id)).collect();
		let sum: u128 = some.iter().map(|(_, opened)| u128::from(opened.value())).sum();
		let sum = amount::show_wide(sum);
		let said = Said {
			matter: Matter::Collect,
			action: "collected",
			text: format!("collected {}, {sum} in all", count(names.len() as u64, "credit")),
			json: json!({ "credits": names, "amount": sum }),
		};
		let result = pipeline.collect(&some).await;
		let before = sent.len();
		self.sent(said, result, sent)?;
		Ok(sent.len() > before)
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
				let result = pipeline.accept(id, stored.clone()).await;
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
				self.tell_once("left", id, &format!("it breaks the rule \"{rule}\": {why}"));
				Ok(())
			}
			Verdict::Nothing(why) => {
				self.tell_once("left", id, &why);
				Ok(())
			}
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
				if known || !self.rules.accept.listings.contains(*listing) || self.rests(&matter) {
					continue;
				}
				if pipeline.room() == 0 || stop.is_set() {
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

	/// What is done about each accepted order.
	fn shipments<'s>(&mut self, seen: &'s Look) -> Vec<Parcel<'s>> {
		let mut parcels = Vec::new();
		let ship = self.rules.ship.clone();
		for stored in &seen.accepted {
			let (id, order) = stored;
			let due = order.due.map(|due| due.saturating_add(seen.halted));
			if let Some(due) = due.filter(|due| seen.now >= *due) {
				self.needs(
					id,
					&format!("it had to be shipped before {}; its bond is lost", time(due)),
				);
				continue;
			}
			let before = due.map(time).unwrap_or_default();
			let parcel = |ready| Parcel { stored, ready };
			match (&ship, self.journal.step(id)) {
				// What a command shipped is shipped, whatever the rules say by now.
				(Ship::Always, _) | (_, Some(Step::Shipped)) => parcels.push(parcel(true)),
				(Ship::Manual, _) => {
					self.tell_once("waiting", id, &format!("ship it before {before}, or its bond is lost"));
				}
				(Ship::Command(_), Some(Step::Begun)) => self.needs(
					id,
					&format!(
						"whether it was shipped is not known, so the ship command does not run again. Find out, and start again \
						with --shipped or --not-shipped {}; before {before}, or its bond is lost",
						show_order(id)
					),
				),
				(Ship::Command(command), None | Some(Step::NotShipped)) => {
					let left = due.map_or(Moment::MAX, |due| due.saturating_sub(seen.now));
					if u128::from(left) > command.timeout.as_millis() {
						parcels.push(parcel(false));
					} else {
						self.needs(
							id,
							&format!("the time until {before} is too short for the ship command; ship it yourself"),
						);
					}
				}
			}
		}
		parcels
	}

	/// The most urgent order that the ship command may run for.
	fn next_command<'s>(&self, parcels: &[Parcel<'s>]) -> Option<(ShipCommand, &'s Stored)> {
		let Ship::Command(command) = &self.rules.ship else {
			return None;
		};
		let next = parcels.iter().find(|parcel| {
			let (id, _) = parcel.stored;
			!parcel.ready && !self.rests(&Matter::Order(id.clone()))
		})?;
		Some((command.clone(), next.stored))
	}

	/// Runs the ship command for an order, between two lines of the journal. An agent that is to end ends after it.
	async fn run_command(
		&mut self,
		session: &Session,
		command: &ShipCommand,
		stored: &Stored,
		at: Hash,
		seen: &Look,
	) -> Result<()> {
		let (id, order) = stored;
		let due = order
			.due
			.map_or(Moment::MAX, |due| due.saturating_add(seen.halted));
		let said = |text: &str, json| Said::order("command", id, text.to_owned(), json);
		let input = match details(session, stored, at, due).await {
			Ok(input) => input,
			Err(error @ Error::Node(_)) => return Err(error),
			Err(error) => {
				self.failed(&said("", json!({})), &error);
				return Ok(());
			}
		};
		self.journal.note(id, Step::Begun)?;
		let ended = ship::run(command, &input).await;
		match ended {
			Ended::Shipped => {
				self.journal.note(id, Step::Shipped)?;
				self.tell(
					&said(": the ship command shipped it", json!({ "ended": "shipped" })),
					json!({}),
				);
				self.rests.remove(&Matter::Order(id.clone()));
			}
			Ended::NotShipped(why) => {
				self.journal.note(id, Step::NotShipped)?;
				let error = Error::wallet(format!("The ship command did not ship it: {why}."));
				self.failed(&said("", json!({ "ended": "not-shipped" })), &error);
			}
			// The line in the journal stays as it is: nobody knows.
			Ended::Unclear(why) => {
				let error = Error::wallet(format!(
					"Whether the ship command shipped it is not known: {why}."
				));
				self.failed(&said("", json!({ "ended": "unclear" })), &error);
			}
		}
		Ok(())
	}

	/// A call is on its way, or was refused. Fails if nobody knows which.
	fn sent(&mut self, said: Said, result: Result<()>, sent: &mut Vec<Said>) -> Result<()> {
		match result {
			Ok(()) => sent.push(said),
			Err(error @ Error::Node(_)) => return Err(error),
			Err(error) => self.failed(&said, &error),
		}
		Ok(())
	}

	/// Waits for what was sent and says what became of it.
	async fn finish(&mut self, pipeline: Pipeline<'_>, sent: Vec<Said>) -> Result<()> {
		let mut lost = Ok(());
		let mut forgotten = 0;
		for (said, outcome) in sent.into_iter().zip(pipeline.finish().await) {
			match outcome {
				Outcome::Done(included) => {
					self.rests.remove(&said.matter);
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
		lost
	}

	fn rests(&self, matter: &Matter) -> bool {
		self.rests
			.get(matter)
			.is_some_and(|rest| rest.times > 0 && rest.until.is_none_or(|until| Instant::now() < until))
	}

	/// Something failed: it rests for a while.
	fn failed(&mut self, said: &Said, error: &Error) {
		self.failures += 1;
		let times = self
			.rests
			.get(&said.matter)
			.map_or(0, |rest| rest.times)
			.saturating_add(1);
		let pause = FIRST_REST
			.saturating_mul(1 << (times - 1).min(16))
			.min(LONGEST_REST);
		let until = (!self.once).then(|| Instant::now() + pause);
		self.rests.insert(said.matter.clone(), Rest { until, times });
		self.tell_failure(said, "failed", error);
	}

	// What is said.

	fn needs(&mut self, id: &OrderId<AccountId>, why: &str) {
		self.needs_you.insert(id.clone());
		self.tell_once("needsYou", id, why);
	}

	/// Says of an order what is worth saying once.
	fn tell_once(&mut self, action: &'static str, id: &OrderId<AccountId>, why: &str) {
		if self.told.insert((id.clone(), why.to_owned())) {
			let said = Said::order(action, id, format!(": {why}"), json!({ "because": why }));
			self.tell(&said, json!({}));
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

	fn tell(&self, said: &Said, more: Value) {
		let mut json = said.json.clone();
		if let (Some(json), Some(more)) = (json.as_object_mut(), more.as_object()) {
			json.extend(more.clone());
		}
		self.line(said.action, &said.text, json);
	}

	/// One line, with the time.
	fn line(&self, action: &str, text: &str, mut json: Value) {
		let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
		let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
		json["action"] = json!(action);
		json["time"] = json!(now);
		(self.say)(&Report::new(format!("{}  {text}", time(now)), json));
	}
}

/// An accepted order that is the agent's to ship.
#[derive(Clone, Copy)]
struct Parcel<'a> {
	stored: &'a Stored,
	/// Whether it is shipped, and the chain has to be told.
	ready: bool,
}

impl Said {
	fn order(action: &'static str, id: &OrderId<AccountId>, text: String, mut json: Value) -> Self {
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
