//! What goes in and what comes out.

use codec::{Decode, Encode};
use std::sync::Arc;
use veilmart_td_raft::Number;

use crate::{
	block::Block,
	crypto::{Digest, Evidence, Qc, Scheme},
	log::{Record, Sequence},
	message::Message,
	timers::Timer,
};

/// Monotonic time in milliseconds from any origin. It need not go on after a restart.
pub type Instant = u64;

/// What happens to an authority.
// An input is made, handed over and gone.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<S: Scheme> {
	/// Time has passed.
	Tick,
	/// A timer runs out, whatever the clock says. For a driver without a clock, the model checker.
	Elapsed(Timer),
	/// There is a new connection to this authority.
	Connected(S::Id),
	/// A message came over the connection to `from`.
	Message {
		/// Whose connection it is.
		from: S::Id,
		/// The message.
		message: Message<S>,
	},
	/// A block is in the database with all its ancestors; [`crate::verify::block`] found it good.
	///
	/// Besides those that the core asks for, blocks come from the leader and from the node's own synchronization, which
	/// is needed by one that is behind by more than eight changes of the set: it can verify no certificate that
	/// the others still have.
	Imported {
		/// The block.
		block: Arc<Block<S>>,
		/// Whether a certificate is known to be of this block or of one that descends from it: such a block is kept, however
		/// many others of its height and term there are. No vote depends on it.
		certified: bool,
	},
	/// As [`Input::Imported`], of a block that is taken only because it may lead to the block of a certificate that is not
	/// there. It is kept as if it did, and does not put off the next request for that block.
	Sought(Arc<Block<S>>),
	/// The answer to [`Output::Build`]: executed and sealed, not yet imported, and not to leave before
	/// [`Output::Propose`] says so. One that is dated too long ago by now, because the machine slept, counts as not built.
	Built(Arc<Block<S>>),
	/// The block asked for could not be built. It is asked for again with the next repetition.
	NotBuilt,
	/// All records up to this one are on disk.
	Persisted(Sequence),
	/// Whether transactions wait to be included.
	Ready(bool),
	/// This transaction was sent to the leader: its clock starts.
	Relayed(S::BlockHash, S::Transaction),
	/// A block was imported in which these relayed transactions had room, or which carried later ones. Also to be
	/// given for a block that passed over none, and not for one that rotates the session, nor for one that closes a set.
	Sealed(Vec<S::BlockHash>),
	/// These relayed transactions were included, or do not validate on the best block any more, or fit no empty block. All of a
	/// block are given at once: a wish for a new term goes on with one that is still overdue, and is sent again for that.
	Settled(Vec<S::BlockHash>),
}

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum To<I> {
	/// One authority.
	One(I),
	/// Every connected authority of the last, the current and the next set but oneself.
	Others,
}

/// What an authority does, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<S: Scheme> {
	/// Write this durably, then give [`Input::Persisted`]. With a block in it, write the block's body, too, and keep it
	/// until the database has it and it is finalized.
	Persist(Sequence, Arc<Record<S>>),
	/// Send a message.
	Send(To<S::Id>, Message<S>),
	/// Import the own block that was built, and send it to all other authorities. If the log was slow, others may have made a
	/// block of this height final meanwhile: then it is of no use any more.
	Propose(Arc<Block<S>>),
	/// Build, execute and seal a block, then give [`Input::Built`].
	Build(Build<S>),
	/// This block and its ancestors are final; the certificate is the justification. The anchor to store is that of the
	/// core after the step, which belongs to the last of these in it.
	Finalize {
		/// The block.
		hash: S::BlockHash,
		/// Its height.
		number: Number,
		/// Q commit votes.
		certificate: Qc<S>,
	},
	/// Get this block and those of its ancestors that are not there, from this authority, then give
	/// [`Input::Imported`] for each, the lowest first; at once for those that the database has. After a power loss it may
	/// have a block without its parent, so what to ask for is the highest ancestor that is not there. The core asks
	/// again, another one, if nothing comes.
	Fetch {
		/// The block.
		hash: S::BlockHash,
		/// Its height.
		number: Number,
		/// Who should have it.
		from: S::Id,
	},
	/// Report an offence to the chain.
	Report(Evidence<S>),
	/// Give this transaction, which another authority holds to be overdue, to the pool.
	Submit(S::Transaction),
}

/// A block to build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Build<S: Scheme> {
	/// On this block.
	pub parent: S::BlockHash,
	/// Its height.
	pub number: Number,
	/// What its header says of the protocol.
	pub digest: Digest<S>,
	/// The dealing that it carries.
	pub dealing: Option<S::Dealing>,
}
