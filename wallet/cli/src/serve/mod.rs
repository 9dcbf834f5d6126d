//! A seller's agent: accepts, ships and collects by a rule file, and declines with a reason on the chain.
//!
//! 1. *What is due follows from the chain's final state and the rules* ([`rules`]), and from nothing that was remembered: an
//!    agent that starts anew, anywhere, decides as the one before it would have. What a call does happens once, because
//!    the chain lets an order change its state once and an account use a sequence number once.
//! 2. *The one thing that the chain cannot know*, a parcel, stands in a small [`journal`] before and after it. What the journal
//!    does not vouch for is a question to a person; as long as there is one, nothing more is accepted.
//! 3. *One agent for an account on a machine*: the journal is locked. Two machines disturb each other and nothing more,
//!    except for the ship command, which each of them would run; do not do that.
//! 4. *A lost connection* is made anew, later and later. *Ctrl-C* and SIGTERM end the agent once the calls that it sent are
//!    final, or the ship command has ended; a second time they end it at once.
//!
//! The agent never reads a block that is not final. It signs with the account's key, so it runs where the account is.

mod agent;
mod decide;
pub mod journal;
mod look;
mod memory;
mod parcels;
pub mod rules;
mod ship;

pub use agent::Agent;

use std::{future::Future, time::Duration};

use tokio::sync::watch;

use agent::Round;

use crate::{
	error::{Error, Result},
	session::Session,
};

/// How often the node is asked for a new final block.
const PAUSE: Duration = Duration::from_millis(500);

/// How long it takes until a lost connection is made anew, the first time; twice as long each further time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest that it takes.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether the agent is to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
	/// By hand: true ends the agent.
	pub fn by_hand() -> (watch::Sender<bool>, Self) {
		let (sender, receiver) = watch::channel(false);
		(sender, Self(receiver))
	}

	/// By Ctrl-C and SIGTERM. The second one ends the process with this exit status.
	pub fn by_signal(second: i32) -> Result<Self> {
		let failed = |error| Error::file(format!("Cannot listen to signals: {error}"));
		let (sender, stop) = Self::by_hand();
		let mut signals = Signals::new().map_err(failed)?;
		tokio::spawn(async move {
			signals.next().await;
			// Nobody waits for it any more if this fails.
			let _ = sender.send(true);
			signals.next().await;
			std::process::exit(second);
		});
		Ok(stop)
	}

	/// Whether it is.
	pub fn is_set(&self) -> bool {
		*self.0.borrow()
	}

	/// What the work comes to, unless the agent is to end before: then the work is dropped.
	async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
		let set = async {
			if self.0.wait_for(|set| *set).await.is_err() {
				// Nobody is left who could say so.
				std::future::pending::<()>().await;
			}
		};
		tokio::select! {
			biased;
			() = set => None,
			done = work => Some(done),
		}
	}
}

#[cfg(unix)]
struct Signals {
	interrupt: tokio::signal::unix::Signal,
	terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
	fn new() -> std::io::Result<Self> {
		use tokio::signal::unix::{signal, SignalKind};
		Ok(Self {
			interrupt: signal(SignalKind::interrupt())?,
			terminate: signal(SignalKind::terminate())?,
		})
	}

	async fn next(&mut self) {
		tokio::select! {
			_ = self.interrupt.recv() => {}
			_ = self.terminate.recv() => {}
		}
	}
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
	fn new() -> std::io::Result<Self> {
		Ok(Self)
	}

	async fn next(&mut self) {
		if tokio::signal::ctrl_c().await.is_err() {
			std::future::pending::<()>().await;
		}
	}
}

/// How long to wait before a connection is tried again.
struct Pauses(Duration);

impl Pauses {
	fn next(&mut self) -> Duration {
		let pause = self.0;
		self.0 = pause.saturating_mul(2).min(LONGEST_PAUSE);
		pause
	}
}

/// Serves until it is to stop, or nothing more is due for an agent that is to end then. `connect` opens the session anew when
/// the connection was lost; `note` hears about that. An agent that is to end does not wait for connections.
pub async fn run<C, F>(
	agent: &mut Agent<'_>,
	first: Session,
	mut connect: C,
	stop: &mut Stop,
	note: &(dyn Fn(&str) + Send + Sync),
) -> Result<()>
where
	C: FnMut() -> F,
	F: Future<Output = Result<Session>>,
{
	let mut pauses = Pauses(FIRST_PAUSE);
	let mut next = Some(first);
	loop {
		let session = match next.take() {
			Some(session) => Ok(session),
			None => match stop.or(connect()).await {
				Some(session) => session,
				None => return Ok(()),
			},
		};
		let lost = match session {
			Ok(session) => match serve(agent, session, stop, &mut pauses).await {
				Err(error @ Error::Node(_)) => error,
				ended => return ended,
			},
			Err(error @ Error::Node(_)) => error,
			Err(error) => return Err(error),
		};
		if agent.once() {
			return Err(lost);
		}
		let pause = pauses.next();
		note(&format!("{lost} Trying again in {} s.", pause.as_secs()));
		if stop.or(tokio::time::sleep(pause)).await.is_none() {
			return Ok(());
		}
	}
}

/// Serves over one connection.
async fn serve(
	agent: &mut Agent<'_>,
	mut session: Session,
	stop: &mut Stop,
	pauses: &mut Pauses,
) -> Result<()> {
	while !stop.is_set() {
		let before = session.chain().finalized().await?;
		match agent.round(&session, stop).await? {
			Round::Busy => {}
			Round::Reopen => session = session.reopened().await?,
			Round::Idle if agent.once() => return agent.verdict(),
			Round::Idle => {
				while session.chain().finalized().await? == before {
					if stop.or(tokio::time::sleep(PAUSE)).await.is_none() {
						break;
					}
				}
			}
		}
		pauses.0 = FIRST_PAUSE;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn pauses_grow_to_a_minute() {
		let mut pauses = Pauses(FIRST_PAUSE);
		let seconds: Vec<_> = (0..8).map(|_| pauses.next().as_secs()).collect();
		assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
	}

	#[tokio::test]
	async fn work_is_dropped_when_it_is_time_to_end() {
		let (sender, mut stop) = Stop::by_hand();
		assert_eq!(stop.or(async { 7 }).await, Some(7));
		sender.send(true).unwrap();
		assert!(stop.is_set());
		assert_eq!(stop.or(std::future::pending::<()>()).await, None);
	}

	#[tokio::test]
	async fn without_anybody_who_ends_it_work_goes_on() {
		let (sender, mut stop) = Stop::by_hand();
		drop(sender);
		assert_eq!(stop.or(async { 7 }).await, Some(7));
	}
}
