//! The seller's agent from the command line.

use std::path::Path;

use pallet_certificates::OrderId;
use serde_json::json;
use veilmart_runtime::AccountId;

use super::Context;
use crate::{
	error::{Error, Result},
	output::Report,
	serve::{
		journal::{Journal, Step},
		rules::Rules,
		run, Agent, Stop,
	},
	session::Session,
};

/// The exit status of who is interrupted for the second time, as shells count it.
const INTERRUPTED: i32 = 130;

/// What a person says about shipments.
type Answers = Vec<(OrderId<AccountId>, Step)>;

impl Context {
	pub(super) fn answers(&self, shipped: &[String], not_shipped: &[String]) -> Result<Answers> {
		let shipped = shipped.iter().map(|order| (order, Step::Shipped));
		let not_shipped = not_shipped.iter().map(|order| (order, Step::NotShipped));
		let mut answers: Answers = Vec::new();
		for (name, step) in shipped.chain(not_shipped) {
			let order = self.names.order(name)?;
			if answers.iter().any(|(known, _)| *known == order) {
				return Err(Error::usage(format!("Order {name} is named twice.")));
			}
			answers.push((order, step));
		}
		Ok(answers)
	}

	/// Serves by the rules, or only checks them.
	pub(super) async fn serve(&self, path: &Path, check: bool, once: bool, answers: Answers) -> Result<()> {
		let rules = Rules::read(path, &self.names)?;
		if check {
			let lines = rules.describe();
			let text = format!("The rules are in order.\n{}", lines.join("\n"));
			self.output.report(&Report::new(text, json!({ "rules": lines })));
			return Ok(());
		}
		if self.sealed {
			return Err(Error::usage(
				"The agent has several transactions on their way at a time, which cannot be sealed: leave --sealed out.",
			));
		}
		let session = self.session().await?;
		let (account, genesis) = (session.account().clone(), session.chain().genesis());
		let journal = Journal::open(&self.base_path.join("serve"), genesis, session.id())?;
		// A signal ends the process at once as long as nothing was begun.
		let mut stop = Stop::by_signal(INTERRUPTED)?;
		let connect = || async {
			let chain = self.connect().await?;
			if chain.genesis() != genesis {
				return Err(Error::wallet(format!(
					"{} is a node of another chain now: its genesis hash is {:?}, no longer {genesis:?}.",
					self.url,
					chain.genesis()
				)));
			}
			let key = self.pins.key(&chain, &self.output).await?;
			Session::open_with_key(chain, account.clone(), key).await
		};
		let say = |report: &Report| self.output.report(report);
		let note = |text: &str| self.output.note(text);
		if !once {
			note(&format!(
				"Serving {}; stop with Ctrl-C.",
				session.account().address()
			));
		}
		let mut agent = Agent::new(rules, journal, once, &say).with_answers(answers);
		run(&mut agent, session, connect, &mut stop, &note).await
	}
}
