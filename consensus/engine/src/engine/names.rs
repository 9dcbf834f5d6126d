//! Who the members are, and which of them this node is: both may change with the set.

use futures::{channel::mpsc::unbounded, StreamExt};
use sc_client_api::Backend;
use veilmart_td_raft::{AuthorityId, Number, SetId};
use veilmart_td_raft_core::{message::Status, Core as ProtocolCore, Input};

use super::{report::name, Engine};
use crate::{
	chain::Chain,
	held::Now,
	keys::Identity,
	log_writer::LogWriter,
	start::{reopen_log, Begin, Error, Setup},
	vote_log::LogError,
	worker::{Done, Task},
	Block, LOG_TARGET,
};

impl<BE: Backend<Block> + 'static, C: Chain<BE>> Engine<BE, C> {
	/// Who gets what goes to all: the last, the present, and the next set.
	pub(super) fn members_may_have_changed(&mut self) {
		let chain = self.core.chain();
		let anchor = chain.anchor();
		let pending = chain
			.pending()
			.filter_map(|pending| pending.block.child_closes.as_ref());
		let sets = [
			Some(&anchor.set),
			anchor.previous.as_ref(),
			anchor.root.child_closes.as_ref(),
		];
		self.members = sets
			.into_iter()
			.flatten()
			.chain(pending)
			.flat_map(|set| set.members())
			.map(|member| member.id)
			.filter(|id| *id != self.setup.identity.id)
			.collect();
		self.statuses.retain(|id, _| self.members.contains(id));
		if let Some(peers) = &mut self.peers {
			peers.set_members(self.members.clone());
		}
	}

	/// Notes which keys the node has.
	pub(super) fn look_at_keys(&mut self) {
		let (Some(authority), Some(held)) = (&self.setup.authority, &mut self.held) else {
			return;
		};
		let writes = self.writer.has_log().then_some(&self.setup.identity.id);
		if let Err(error) = held.look(authority, writes, Now::read()) {
			self.fail(format!("cannot note since when it has its keys: {error}"));
		}
	}

	/// An authority has said where it is.
	pub(super) fn on_status(&mut self, id: AuthorityId, status: Status) {
		let coming = self.bodies.iter().map(|(_, block)| block.header.number).max();
		let highest = self.highest().max(Number(coming.unwrap_or_default().into()));
		let set_id = self.core.chain().anchor().set.id();
		// Who takes part at the same time may be in the next set a moment earlier.
		if status.set_id > set_id && status.commit_qc.2 > highest {
			self.ahead = self.ahead.max(status.set_id);
		}
		self.statuses.insert(id, status);
	}

	/// Who has been told that others were in this set before it could begin here has not seen it begin, whatever the dates say: its
	/// clock was wrong when it noted since when it has the key. A liar keeps a node from beginning a log, and no more.
	pub(super) fn review_key(&mut self, id: &AuthorityId, set_id: SetId) -> Result<(), Error> {
		if let Some(held) = self.held.as_mut().filter(|_| set_id <= self.ahead) {
			held.comes_now(id, Now::read())?;
		}
		Ok(())
	}

	/// In a new set the node may have another name: keys are changed by changing the set.
	pub(super) fn keys_may_have_changed(&mut self) {
		let set = self.core.chain().anchor().set.clone();
		let Some(authority) = &self.setup.authority else {
			return;
		};
		if set.index_of(&self.setup.identity.id).is_some() {
			return;
		}
		match Identity::find(&authority.keystore, self.setup.keys, [&set]) {
			Ok(None) => {}
			Ok(Some(identity)) => self.renamed = Some(identity.id),
			Err(error) => log::warn!(target: LOG_TARGET, "{error}"),
		}
	}

	/// Goes on as another authority: from what is on the disk, as after a start, with a log of its own.
	///
	/// The log of the name before stays as it is, with its blocks. Should the power go, the database may be back in the set
	/// that this name votes in, and may lack those blocks: they are left out at a start, when what can be read is on the disk.
	///
	/// If the log of the new name is missing, and it may have been this name in the new set before, it goes on as it was. It is
	/// asked again when the next set begins.
	pub(super) async fn rename(&mut self, id: AuthorityId) -> Result<(), Error> {
		self.task(Task::Flush);
		let mut before = Vec::new();
		while let Some(done) = self.done.next().await {
			match done {
				Done::Flushed => break,
				Done::Failed(error) => return Err(Error::Database(error)),
				done => before.push(done),
			}
		}
		let (had_log, answers) = (self.writer.has_log(), self.writer.answers());
		let nobody = LogWriter::start(None, answers.clone()).map_err(Error::Thread)?;
		std::mem::replace(&mut self.writer, nobody).close();
		self.look_at_keys();
		self.review_key(&id, self.core.chain().anchor().set.id())?;
		let begin = Begin::NewName {
			started: self.started,
		};
		let authority = self.setup.authority.clone();
		let read = Setup::read_at::<BE, C>(&self.client, authority, self.held.as_mut(), begin);
		let mut setup = match read {
			Err(Error::Log(missing @ LogError::Missing { .. })) => {
				log::warn!(
					target: LOG_TARGET,
					"This node does not take part in authority set {} as {}, and is asked again when the next one begins: {missing}",
					self.core.chain().anchor().set.id(),
					name(&id),
				);
				let log = match &self.setup.authority {
					Some(authority) if had_log => {
						let log = reopen_log(authority, &self.setup.genesis.0, &self.setup.identity.id)?;
						Some((log, authority.database.clone()))
					}
					_ => None,
				};
				self.writer = LogWriter::start(log, answers).map_err(Error::Thread)?;
				for done in before {
					self.on_done(done);
				}
				return Ok(());
			}
			read => read?,
		};
		let (answers, written) = unbounded();
		self.writer = LogWriter::start(setup.log.take(), answers).map_err(Error::Thread)?;
		self.written = written;
		self.writing.clear();
		self.importing.clear();
		self.changes.clear();
		self.core = ProtocolCore::restore(
			setup.config(),
			setup.identity.keys.clone(),
			setup.anchor.clone(),
			setup.durable.take(),
			self.now(),
		);
		self.transactions.begin_anew();
		if let Some(peers) = &mut self.peers {
			peers.rename(setup.identity.clone());
		}
		log::info!(target: LOG_TARGET, "This node is authority {} now.", name(&setup.identity.id));
		self.setup = setup;
		self.take_in().await?;
		// What was being imported was so before the change: nobody is left waiting for it.
		for (header, answer) in std::mem::take(&mut self.asked) {
			// Whoever asked may be gone.
			let _ = answer.send(self.judge(&header));
		}
		self.step(Input::Ready(self.ready));
		Ok(())
	}
}
