//! What the agent does about accepted orders: the ship command, and questions to a person.
//!
//! A parcel that is sent twice is lost, and a bond that is lost is ten times the total. So the command runs only for an order
//! that the agent itself accepted for it, as the journal says; on a node that is not behind; with an order that was read again
//! at that moment; and with time to spare. Whatever else is found is a question to a person, and while there is one, or while
//! the command fails, nothing more is accepted.

use std::collections::BTreeSet;

use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::OrderState;
use serde_json::json;
use veilmart_runtime::{AccountId, Hash};

use super::{
	agent::{Agent, Said},
	journal::Step,
	look::{details, look_again, Look, Stored},
	memory::Matter,
	rules::{Ship, ShipCommand},
	ship::{self, Ended},
};
use crate::{
	error::{Error, Result},
	names::show_order,
	output::time,
	session::Session,
};

/// How far the last final block may be behind the clock for the ship command to run, in milliseconds. Blocks without
/// transactions come every few seconds.
const LARGEST_LAG: Moment = 60_000;

/// What has to be left of the time to ship after the command's own, in milliseconds: for the call that says so.
const MARGIN: u128 = 30_000;

/// An accepted order that is the agent's to ship.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
	pub(super) stored: &'a Stored,
	/// Whether it is shipped, and the chain has to be told.
	pub(super) ready: bool,
}

/// By how much a block of this time is behind the clock, if that is too much.
pub(super) fn lag(clock: Moment, block: Moment) -> Option<Moment> {
	let lag = clock.saturating_sub(block);
	(lag > LARGEST_LAG).then_some(lag)
}

/// Whether there is time for the command and for what comes after it.
fn is_time(command: &ShipCommand, due: Moment, now: Moment) -> bool {
	u128::from(due.saturating_sub(now)) > command.timeout.as_millis().saturating_add(MARGIN)
}

impl Agent<'_> {
	/// Whether a command ships.
	pub(super) fn ships_by_command(&self) -> bool {
		matches!(self.rules.ship, Ship::Command(_))
	}

	/// The time, for the journal and for deadlines: of the clock, or of the chain if that is later.
	pub(super) fn now(&self, block: Moment) -> Moment {
		(self.clock)().max(block)
	}

	/// Gives up what the journal calls the command's own and is not: orders that are not accepted, whatever became of the
	/// call, and all orders as long as a person ships. Somebody else may accept and ship them.
	pub(super) fn disown(&mut self, seen: &Look) -> Result<()> {
		let manual = self.rules.ship == Ship::Manual;
		let placed = seen.placed.iter().map(|((id, _), _)| (id, false));
		let accepted = seen.accepted.iter().map(|(id, _)| (id, true));
		let not_mine: Vec<_> = placed
			.chain(accepted)
			.filter(|(id, accepted)| match self.journal.step(id) {
				Some(Step::Mine) => !accepted || manual,
				Some(Step::NotShipped) => *accepted && manual,
				_ => false,
			})
			.map(|(id, _)| id.clone())
			.collect();
		if not_mine.is_empty() {
			return Ok(());
		}
		self.journal.forget(&not_mine)
	}

	/// Whether the parcels of accepted orders have to be seen to before more is accepted: a person is asked, or the command
	/// failed.
	pub(super) fn has_open_questions(&self, seen: &Look) -> bool {
		let failed = |(id, _): &Stored| self.journal.step(id) == Some(Step::NotShipped);
		self.ships_by_command() && (!self.needs_you.is_empty() || seen.accepted.iter().any(failed))
	}

	/// What is done about each accepted order. On a node that is behind nothing is asked, since it may have been answered.
	pub(super) fn shipments<'s>(&mut self, seen: &'s Look) -> Vec<Parcel<'s>> {
		let mut parcels = Vec::new();
		let ship = self.rules.ship.clone();
		let now = self.now(seen.now);
		for stored in &seen.accepted {
			let (id, order) = stored;
			let due = order.due.map(|due| seen.market.falls(due));
			if let Some(due) = due.filter(|due| seen.now >= *due) {
				let why = format!("it had to be shipped before {}; its bond is lost", time(due));
				self.needs(id, "lost", &why);
				continue;
			}
			let before = due.map(time).unwrap_or_default();
			let name = show_order(id);
			let parcel = |ready| Parcel { stored, ready };
			match (&ship, self.journal.step(id)) {
				// What a command shipped is shipped, whatever the rules say by now.
				(Ship::Always, _) | (_, Some(Step::Shipped)) => parcels.push(parcel(true)),
				(Ship::Manual, _) => {
					let why = format!("ship it before {before}, or its bond is lost");
					self.tell_once("waiting", "waiting", id, &why);
				}
				(Ship::Command(_), _) if self.behind => {}
				(Ship::Command(_), None) => self.needs(
					id,
					"not mine",
					&format!(
						"it was not accepted for the ship command, so somebody may have shipped it already. Find out, and start \
						again with --shipped or --not-shipped {name}; before {before}, or its bond is lost"
					),
				),
				(Ship::Command(_), Some(Step::Begun)) => self.needs(
					id,
					"begun",
					&format!(
						"whether it was shipped is not known, so the ship command does not run again. Find out, and start again \
						with --shipped or --not-shipped {name}; before {before}, or its bond is lost"
					),
				),
				(Ship::Command(command), Some(Step::Mine | Step::NotShipped)) => {
					if is_time(command, due.unwrap_or(Moment::MAX), now) {
						parcels.push(parcel(false));
					} else {
						let why =
							format!("the time until {before} is too short for the ship command; ship it yourself");
						self.needs(id, "too short", &why);
					}
				}
			}
		}
		parcels
	}

	/// The most urgent order that the ship command may run for.
	pub(super) fn next_command<'s>(&self, parcels: &[Parcel<'s>]) -> Option<(ShipCommand, &'s Stored)> {
		let Ship::Command(command) = &self.rules.ship else {
			return None;
		};
		let next = parcels.iter().find(|parcel| {
			let (id, _) = parcel.stored;
			!parcel.ready && !self.rests.rests(&Matter::Order(id.clone()))
		})?;
		Some((command.clone(), next.stored))
	}

	/// Runs the ship command for an order, between two lines of the journal. Whether there was something to do: not if the
	/// order, read again, is no longer one to run it for, which the next round finds out, too.
	pub(super) async fn run_command(
		&mut self,
		session: &Session,
		command: &ShipCommand,
		stored: &Stored,
		at: Hash,
	) -> Result<bool> {
		let (id, _) = stored;
		let said = |text: &str, json| Said::order("command", id, text.to_owned(), json);
		let mut input = match details(session, stored, at).await {
			Ok(input) => input,
			Err(error @ Error::Node(_)) => return Err(error),
			Err(error) => {
				self.failed(&said("", json!({})), &error);
				return Ok(true);
			}
		};
		// The round's calls took their time, and the command before this one, too.
		let fresh = look_again(session, id).await?;
		let Some(order) = fresh.order.filter(|order| order.state == OrderState::Accepted) else {
			return Ok(false);
		};
		let due = order.due.map_or(Moment::MAX, |due| fresh.market.falls(due));
		let now = self.now(fresh.now);
		if lag((self.clock)(), fresh.now).is_some() || !is_time(command, due, now) {
			return Ok(false);
		}
		input["shipBefore"] = json!(time(due));
		self.journal.note(id, Step::Begun, now)?;
		let ended = ship::run(command, &input).await;
		let now = self.now(fresh.now);
		match ended {
			Ended::Shipped => {
				self.journal.note(id, Step::Shipped, now)?;
				self.tell(
					&said(": the ship command shipped it", json!({ "ended": "shipped" })),
					json!({}),
				);
				self.rests.done(&Matter::Order(id.clone()));
			}
			Ended::NotShipped(why) => {
				self.journal.note(id, Step::NotShipped, now)?;
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
		Ok(true)
	}

	/// Orders that a round has to do with.
	pub(super) fn present(seen: &Look) -> BTreeSet<OrderId<AccountId>> {
		let placed = seen.placed.iter().map(|((id, _), _)| id);
		let accepted = seen.accepted.iter().map(|(id, _)| id);
		placed.chain(accepted).cloned().collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::time::Duration;

	#[test]
	fn a_command_has_its_time_and_half_a_minute() {
		let command = ShipCommand {
			words: Vec::new(),
			timeout: Duration::from_secs(60),
		};
		assert!(is_time(&command, 190_001, 100_000));
		assert!(!is_time(&command, 190_000, 100_000));
		assert!(!is_time(&command, 0, 100_000));
		assert!(is_time(&command, Moment::MAX, 0));
	}

	#[test]
	fn a_minute_behind_is_not_too_much() {
		assert_eq!(lag(160_000, 100_000), None);
		assert_eq!(lag(160_001, 100_000), Some(60_001));
		assert_eq!(lag(0, 100_000), None, "a clock that is behind the chain");
	}
}
