//! PBFT (Castro and Liskov, OSDI 1999) written for the comparison: three phases, view change, checkpoints.
//!
//! # The protocol as built
//!
//! `n` replicas, `f = ⌊(n-1)/3⌋`, quorum `Q = n - f`. In view `v` replica `v mod n` is the primary.
//!
//! 1. The primary gives a body the next sequence number and sends PRE-PREPARE with it to all others.
//! 2. A backup that accepts it (first for this view and number, within the water marks) sends PREPARE to all.
//! 3. With the pre-prepare and `Q - 1` matching prepares of backups the request is *prepared*: every replica sends
//!    COMMIT to all. With `Q` matching commits it is *decided*, and executed in order.
//!
//! One block costs `(n-1) + (n-1)² + n(n-1) = 2n(n-1)` messages.
//!
//! Every [`PbftSettings::checkpoint_interval`] requests each replica sends CHECKPOINT; `Q` of them make it stable and
//! move the water marks, which are twice the interval apart. A replica that waits longer than its timeout for an
//! execution sends VIEW-CHANGE with everything prepared beyond its stable checkpoint; so does one that sees `f + 1`
//! others do it. The new primary takes `Q` of them, proposes for every number the prepared request of the highest
//! view, or none, and proves it by sending the view changes along. The timeout doubles with every view change
//! without an execution in between, and starts when `Q` view changes have arrived.
//!
//! # Where it differs from the paper
//!
//! - Signatures throughout, as in the blockchains that use PBFT, and no MAC authenticators. Votes are checked
//!   together when there are enough of them, at the price of a batch; one by one if that fails.
//! - A log on disk: accepted proposals, prepared certificates and the view are synced before what depends on them
//!   leaves, so that a crash of all nodes loses nothing. The paper keeps them in memory. All three protocols of the
//!   simulator have this discipline.
//! - Clients are the simulator's workload; there are no requests on the wire and no replies.
//! - A replica that lags is sent decided requests with their `Q` commits, and a stalled one asks by STATUS.

pub mod adversary;
pub mod keys;
pub mod messages;
pub mod replica;
mod view_change;

use crate::{
	clock::Micros,
	replica::{byzantine_bound, NodeId, Protocol, Tamper},
};
use adversary::{Behaviour, PbftAdversary};
use keys::Keys;
use messages::{Group, PbftMessage, PbftRecord};
use replica::PbftReplica;

/// Timeouts and sizes of PBFT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PbftSettings {
	/// How long a replica waits for an execution before it wants another view, in microseconds.
	pub view_timeout: Micros,
	/// The timeout doubles at most so many times.
	pub doublings: u32,
	/// A replica without progress for so long, in microseconds, tells the others where it stands.
	pub status_interval: Micros,
	/// Requests between checkpoints; the water marks are twice as far apart.
	pub checkpoint_interval: u64,
}

/// PBFT among `n` nodes.
#[derive(Clone)]
pub struct PbftProtocol {
	group: Group,
	keys: Keys,
	settings: PbftSettings,
}

impl PbftProtocol {
	/// PBFT with these timeouts; the seed is that of the run.
	///
	/// # Errors
	///
	/// If a timeout or the checkpoint interval is zero.
	pub fn new(n: u32, seed: u64, settings: PbftSettings) -> anyhow::Result<Self> {
		anyhow::ensure!(n >= 1, "there must be a node");
		anyhow::ensure!(settings.view_timeout > 0, "the view timeout must not be zero");
		anyhow::ensure!(
			settings.status_interval > 0,
			"the status interval must not be zero"
		);
		anyhow::ensure!(
			settings.checkpoint_interval > 0,
			"the checkpoint interval must not be zero"
		);
		anyhow::ensure!(settings.doublings < 32, "more than 31 doublings of the timeout");
		Ok(Self {
			group: Group::new(n),
			keys: Keys::new(n, seed),
			settings,
		})
	}
}

impl Protocol for PbftProtocol {
	type Replica = PbftReplica;

	fn name(&self) -> &'static str {
		"PBFT"
	}

	fn tolerated_crashes(&self, n: u32) -> u32 {
		byzantine_bound(n)
	}

	fn tolerated_byzantine(&self, n: u32) -> u32 {
		byzantine_bound(n)
	}

	fn boot(&self, id: NodeId, _start: u32, _behaviour: Option<&str>, log: &[PbftRecord]) -> PbftReplica {
		let signer = self
			.keys
			.signer(id)
			.expect("the world starts nodes 0 to n - 1, which all have keys");
		PbftReplica::restore(
			self.group,
			signer,
			self.keys.verifier(),
			self.settings.clone(),
			log,
		)
	}

	fn adversaries(&self) -> &'static [&'static str] {
		Behaviour::NAMES
	}

	fn adversary(&self, name: &str, id: NodeId) -> Option<Box<dyn Tamper<PbftMessage>>> {
		let behaviour = Behaviour::by_name(name)?;
		Some(Box::new(PbftAdversary::new(
			behaviour,
			self.group,
			self.keys.signer(id)?,
		)))
	}

	/// The timeout of the view in progress has doubled to its most, and is doubled on; then up to `f` primaries in a
	/// row are faulty, and one more view is lost to bringing all nodes into one.
	fn progress_bound(&self, delay: Micros) -> Micros {
		let longest = self.settings.view_timeout << self.settings.doublings;
		(self.group.f as u64 + 3) * (longest + self.settings.status_interval + 10 * delay)
	}
}
