//! The protocol core of TD-Raft: a pure state machine, and the protocol's specification.
//!
//! A stable leader orders blocks as in Raft, quorum certificates make every commit safe against Byzantine authorities,
//! and nobody becomes leader without a trapdoor that has to be recovered from the others' shares. The core has no
//! clock, no sockets, no storage, no Substrate: [`Core::step`] takes an [`Input`] and gives [`Output`]s in order. The
//! engine, the simulator and the model checker drive the same code, with cryptography behind [`crypto::Crypto`].
//!
//! ```
//! use std::sync::Arc;
//! use veilmart_td_raft::{Phase, Timing};
//! use veilmart_td_raft_core::{symbolic, Anchor, Config, Core, Input, Mutants, Output};
//!
//! // One authority: it leads alone.
//! let set = symbolic::set(0, &[0]).unwrap();
//! let genesis = Arc::new(symbolic::genesis(&set, None));
//! let keys = symbolic::Keys::new(symbolic::Name(0));
//! let config = Config {
//! 	genesis: genesis.hash,
//! 	me: symbolic::Name(0),
//! 	timing: Timing::LOCAL,
//! 	mutants: Mutants::default(),
//! };
//! let mut core = Core::restore(config, keys.clone(), Anchor::genesis(genesis.clone(), set), None, 0);
//!
//! let mut inputs = vec![Input::Ready(true)];
//! let mut finalized = 0;
//! while let Some(input) = inputs.pop() {
//! 	for output in core.step(0, input) {
//! 		match output {
//! 			// The engine executes; here a block is its header.
//! 			Output::Build(build) => {
//! 				let block = symbolic::seal(&keys, &genesis.hash, &build, &genesis, None, 0);
//! 				inputs.push(Input::Built(Arc::new(block)));
//! 			},
//! 			// Write, sync, then say so: the votes come out only after that.
//! 			Output::Persist(sequence, _) => inputs.insert(0, Input::Persisted(sequence)),
//! 			Output::Finalize { number, certificate, .. } => {
//! 				assert_eq!(certificate.target.number, number);
//! 				assert_eq!(certificate.phase, Phase::Commit);
//! 				finalized += 1;
//! 			},
//! 			_ => {},
//! 		}
//! 	}
//! }
//! assert_eq!(finalized, 1);
//! ```
//!
//! # Setting
//!
//! `n` authorities, at most `f = ⌊(n-1)/3⌋` of them Byzantine; partial synchrony: after some time that nobody knows,
//! messages between honest authorities arrive within Δ. A quorum is `Q = n - f`, a trapdoor is recovered by
//! `t = ⌈2(n-1)/3⌉` shares, and `f < t ≤ n - f - 1` for n ≥ 2. With n = 2 or 3 a single crash halts the chain.
//!
//! A *QC* is Q votes of one phase for one block ([`crypto::Qc`]); QCs are ordered by `(set_id, term, number)`. A commit
//! QC counts as a prepare QC of the same block. A block is *first* if its parent's `(set_id, term)` is lower, except the
//! child of a closing block with the same term; exactly first blocks carry an election certificate, of their own set.
//!
//! # Messages
//!
//! | message | from, to | what repeats it, until |
//! |---|---|---|
//! | proposal ([`Output::Propose`]) | leader, all | its heartbeat names it, and who lacks it for half of `election_timeout` fetches it |
//! | `Vote{Prepare}`, `Vote{Commit}` | authority, leader | the voter, until the block is certified, final |
//! | `Certified{QC}` | leader, all | its heartbeat names the highest QCs, and who lacks one asks by `Status` |
//! | `Heartbeat{term, sequence, tip, ranks of the QCs}` | leader, all | itself |
//! | `Reconfirm{certificate, QC}` | leader, all | the leader, until the block is final |
//! | `Down{b, sequence, reason}` | authority, all | the sender, while it stands; a withdrawal three times |
//! | `Entry{Q Downs}` | authority, all | the answer to a `Status` with a lower attempt |
//! | `RequestShares{b, dealing, commit QC, lot, key}` | candidate, all | the candidate, until it stands |
//! | `Share{b, candidate, dealing, sealed share}` | holder, candidate | the answer to each request |
//! | `Behind{commit QC}` | holder, candidate | the answer to each request |
//! | `RequestVote{b, dealing, lot, proof, QC}` | candidate, all | the candidate, until the attempt is over |
//! | `ElectionVote{b, candidate, QC}` | authority, candidate | the voter, until it knows the leader |
//! | `Elected{certificate}` | leader, all | the answer to a `Status` that lacks it |
//! | `Status` | all | itself, every `status` |
//! | `CatchUp` | whoever has more | the answer to a `Status` |
//!
//! Besides messages there are blocks. Who lacks one asks for it ([`Output::Fetch`], `fetch.rs`), going round the signers of
//! its certificate: at once, or, if the live leader is expected to send it, after half of `election_timeout` without a
//! block. The same half is how long a lost proposal takes to be asked for.
//!
//! Of each kind the latest is repeated every `heartbeat` until it is superseded, and receivers are idempotent. All but
//! QCs, certificates, `Status` and `CatchUp`, which prove themselves or promise nothing, carry their sender's signature.
//!
//! A certificate is sent to all once, when it is formed. Q signatures in every heartbeat would take most of a leader's
//! uplink: with 70 authorities and 20 heartbeats a second 71 Mbit/s. So heartbeats have two ranks of 24 bytes each, and whoever
//! has less sends the leader its `Status` at once, which is answered with what is missing. Who lost a certificate that
//! the leader has thus gets it, after the network is well, one `heartbeat` and 3Δ later; from a leader that sends it no
//! heartbeats, or does not answer, one `status` and 2Δ later from any other that has it.
//!
//! # What one authority can make another compute
//!
//! A message costs its receiver at least one signature to verify, a certificate Q of them. Beyond that:
//!
//! - what was verified is not verified again: repeated votes and requests, and QCs in headers that are known already;
//! - a candidate costs one lot, one opened share and one proof for each dealing that serves in the attempt: the first
//!   request with a dealing counts, and others than that are dropped unverified (`election.rs`); a holder costs a candidate one
//!   false share;
//! - an honest authority passes on no certificate that it has not verified. So who sends a false one is not listened to
//!   until the receiver's next `Status`, and nothing that follows it in its message is verified: one false certificate from
//!   each per `status`. Whose connection it came from is the driver's to remember ([`Core::doubts`]);
//! - of the blocks of one height and term two are kept, which are the evidence, and beside them the one that is certified
//!   ([`Input::Imported`]);
//! - a block is refused by its seal before its certificates are verified, so that only an authority makes others verify
//!   those, in a block that it has signed. Whose connection false blocks come from is the driver's to remember.
//!
//! # Rules
//!
//! **Normal operation** ([`safety`] has the voting rules on one page).
//!
//! 1. The leader proposes block `k` on the block of its highest QC, within its term on nothing but its own last block.
//!    With transactions waiting it does so as soon as it has the parent's QC, at most every `min_block_interval`;
//!    otherwise every `idle_block_interval`.
//! 2. *Prepare.* An authority votes for an imported block of its current term, sealed by that term's leader. A first
//!    block: if it has prepared nothing in this term, and the header's QC is at least what each voter of the election
//!    certificate named. Another: if the parent is block `k-1` of the same term with its QC, and what it last prepared is lower. And
//!    `k` is at most 16 above what is final or the term's beginning. A block that is dated more than [`MAX_BEHIND`] before the
//!    authority's wall clock gets no first vote ([`Core::set_date`]): to abstain is always safe.
//! 3. *Commit.* On the prepare QC of a block of its current term it votes to commit. Q of these votes finalize the block
//!    and its ancestors.
//! 4. Its highest QC is the maximum over all valid ones seen; of two for one block the commit QC. It never falls. QCs of any term are processed and can
//!    finalize, those in headers, too, so that who is behind by any number of blocks finalizes block by block; only
//!    signing is confined to the current term.
//! 5. Before a message leaves, everything that it depends on is on disk: set, term and leader, attempt and highest
//!    `Down`, the election vote, what was last prepared and proposed, the highest QC, the block. Types see to it
//!    (`log.rs`). A leader that finds no own block of its term in the log after a restart stays silent for the term.
//!
//! **Changing the set.** A closing block names the next set and carries a dealing to it. Its child carries its commit QC.
//! If a new leader of the old set finds it prepared and not committed, it has it certified again in the new term
//! (`Reconfirm`); whoever votes for that has verified the QC, has prepared nothing else in the term, and that QC is at
//! least what each voter of the certificate named. On finalizing it an authority enters the next set in the closing block's own term,
//! with nothing voted or prepared, and signs nothing more for the old one. What it writes with the new set has that commit
//! QC as its highest QC: at a restart it is what shows why the set changed. The sealer leads on if it belongs to the next
//! set; otherwise, or if the commit QC is of a later term, the gate opens at once.
//!
//! **Elections** (`gate.rs`, `election.rs`, `ballots.rs`).
//!
//! 1. *Patience* is reset by a higher commit QC of the current term, by a new term, and by heartbeats while there is
//!    nothing to do, for at most twice `idle_block_interval`. When it runs out, or a transaction is overdue
//!    (`overdue.rs`), the *gate* is open, and the authority wishes for a higher term (`Down`). With an open gate it joins
//!    the wish of more than f others. On Q wishes for `b` or more everybody enters attempt `b`, open gate or not, and
//!    passes those wishes on. No attempt is entered twice. An attempt lasts `T·min(2^j, 4)`, j of them having failed
//!    since the last commit.
//! 2. *Candidates* draw a lot (VRF) over a beacon, and stand `u·spread` after entering unless they saw a lower `u`. The
//!    beacon of a first block is `hash(beacon of the dealing used, leader's lot, term)`.
//! 3. *Shares.* After the candidate's `u·spread` a holder in the same attempt opens its share to it, if the dealing was
//!    in force when the holder entered the attempt, or came into force since.
//! 4. With `t` shares the candidate recovers the trapdoor, or proves that the dealer lied, and asks for votes.
//! 5. *Vote.* `vote_delay` after the first valid request an authority votes for the lowest `u`, if the term is above its
//!    current one. From then on it signs nothing of a lower term. The vote names its highest QC.
//! 6. Q votes are the certificate. Whoever adopts it may prepare and commit in its term, and gives no vote in it.
//!
//! # Why it is safe
//!
//! None of this rests on time, lots or trapdoors: they decide who may stand, and when. Let at most f authorities sign
//! what the rules forbid. Two quorums share `n - 2f > f` authorities, so an honest one.
//!
//! - *One leader per set and term*: an honest authority gives one election vote per term, on disk before it leaves, and
//!   none in a term that it adopted.
//! - *One certified block per (set, term, number)*: an honest authority prepares one block per height and term: first
//!   blocks and reconfirmations once per term, others in increasing order. Heights and terms of a QC are the block's own,
//!   but for closing blocks, which when certified again count as the one thing prepared in that term. So two QCs of one
//!   rank certify one block.
//! - *Commits survive elections.* Let block B be committed with rank r, in term v of its set. Claim: every block
//!   certified in that set with a rank above r descends from B or is B. By induction over the rank. In term v blocks of
//!   higher numbers descend from B, because each other block's parent is the certified block before it of the same term,
//!   and that is unique. In a term w > v take the first block or reconfirmation: its certificate has Q voters, of whom one
//!   is honest and voted to commit B. It did so before its election vote, as it signs nothing of v after voting for w; so
//!   its highest QC, of some block A, was at least r, and it has not fallen: A is B or, by induction, descends from B. The
//!   first block builds on a QC that covers what each voter named: it ranks at least as high as this honest one's, or
//!   certifies A itself. Its parent is B or descends from B, and later blocks of w descend from the first.
//! - *Commits survive changes of the set.* Children of a closing block carry its commit QC and are judged by the new set,
//!   where no election of the old one counts; the new set begins above the closing block, because every honest member's
//!   highest QC is at least its commit QC, and `(set_id, term)` never falls. The old set certifies nothing beyond the
//!   closing block: its children are not of the old set. That a closing block may have certificates of several terms is
//!   harmless: they certify the same block.
//!   Whoever entered the new set has its commit QC on disk, or a higher QC of the new set, and then f+1 honest
//!   authorities have the closing block's child on disk, whose header carries it: a power loss of all loses neither.
//! - *Restarts.* All that the arguments say of an authority's past is in [`safety::Durable`], which is on disk before a
//!   vote leaves. The block is there, too: with all nodes losing power at once a certified block could otherwise exist
//!   nowhere.
//!
//! # Why it goes on
//!
//! After the network is well: terms are bounded by wishes of Q, so f cannot raise them alone. If nothing is committed,
//! the patience of every honest authority runs out; their wishes converge, since each joins the (f+1)-th highest; the
//! first to see Q of them passes them on, so that all enter the attempt within Δ. Candidates stand in the order of their
//! lots, `spread/n ≥ Δ` apart on average; the lowest gets `t` shares and, voters waiting `vote_delay ≥ 4Δ` for it, all
//! honest votes, in `u·spread + 12Δ ≤ T`. If it is honest, it knows every voter's QC, fetches the block, and commits its
//! first block. It asks one signer at a time, at once the first and each next after twice the time, from `heartbeat` to T: at
//! least f+1 honest signers of a prepare QC have the block on disk, and at least one of a commit QC's, whose Q signers
//! share an honest one with those of the prepare QC under it. More than half of a prepare QC's signers answer with the
//! block, and each that does not takes T at most. Should that exceed the patience of the others, a later leader has it:
//! everybody who lacks the block asks meanwhile. The lowest lot is honest with probability above 2/3.
//! Every attempt draws new lots; the dealer of the trapdoor does not control the beacon.
//!
//! A leader that sends some no blocks does not stop them: they have the certificates from it or from others, wait half of
//! T, and fetch. If too few get a block, nothing is certified, and patience runs out.
//!
//! A Byzantine leader may be slow by a little less than the patience of the others, and order as it likes what it
//! includes within `sync_timeout`. A client that fills every block at equal priority delays others: that is left to the
//! quota of the runtime.
//!
//! # Where it departs from the paper, and why
//!
//! - The paper replicates as Raft does: a leader's word commits. A Byzantine leader forks that. Here two rounds of signed
//!   votes commit, so that trapdoor and election decide who leads, not what is final.
//! - "More than two thirds of the followers" do not intersect in an honest node for n = 5; quorums here are of all
//!   authorities.
//! - The paper shares a scalar by plain Shamir. A faulty leader hands out bad shares unseen, and the next election fails.
//!   Here dealings are publicly verifiable, and a lie about the key is evidence once the shares are open.
//! - The paper seeds the lots with the chameleon hash, whose maker can grind it until an accomplice wins. The beacon is
//!   not in the dealer's hand.
//! - A collision gives the trapdoor to whoever sees it. The paper would have it secret for the term; nothing here rests on
//!   that, since a new term needs Q authorities' wishes. A leader that sees its dealing opened deals anew.
//! - Raft's candidates raise terms alone, which lets one isolated node disturb all. Here Q wishes enter an attempt.
//! - The paper's seller answers a buyer's request with its terms; here that answer is the marketplace's call `quote`, and
//!   the core orders it as any transaction.
//! - The paper offloads work of mobile devices to edge servers. Nothing here does: a wallet proves in seconds by itself.
//!
//! Refinements of the project's own design (its page on TD-Raft), found by running and checking it:
//!
//! - *The dealing of an attempt.* "With that dealing in force" is read as: in force when the attempt was entered, or
//!   since. A leader that leaves out a transaction and goes on finalizing blocks, each with a new dealing, could otherwise
//!   end every attempt to replace it; even an honest one does so, which deals anew when it sees its dealing opened. A
//!   candidate starts over with a newer dealing only when more than f holders say that it is behind.
//! - *At least the maximum* includes the same block: after a reconfirmation one authority may know a closing block's
//!   commit QC of the old term and another its prepare QC of the later one, which ranks higher and certifies the same.
//!   It is asked of *each* ballot instead of the maximum: a Byzantine leader's own ballot may name a block far back under
//!   a rank that never was; as the maximum it would let the leader build on that block, below what is committed.
//!
//! - *The commit QC that changes the set.* "Persists together `high_qc ≥ QC(c)`" allows a prepare QC of the closing block `c`,
//!   which shows nothing. Of two QCs for one block the commit QC is the higher here.
//! - *Fetching.* A heartbeat names the leader's last block, and certificates overtake blocks: whoever asked for each block
//!   that is not there would have everything sent twice. What is expected from a live leader is waited for.
//! - *Heartbeats* name the highest QCs by rank instead of carrying them (see Messages).
//! - *Early requests are held*: one of each kind per candidate, and their lots are verified in the attempt, once. A holder
//!   answers the same request with the same answer.
//! - *The dealing in genesis* is its author's, no authority's: a lie in it elects by its proof and is nobody's offence.
//!
//! New commit QCs are relayed by `Status` and `CatchUp` rather than each by each at once, so that messages per block stay
//! linear in n.

#![deny(missing_docs)]

mod ballots;
mod block;
mod bounds;
mod catch_up;
mod chain;
mod core;
pub mod crypto;
mod dates;
mod election;
mod fetch;
mod gate;
mod io;
#[cfg(test)]
mod lab;
mod leader;
mod log;
pub mod message;
mod mutants;
mod overdue;
pub mod real;
pub mod safety;
pub mod symbolic;
mod timers;
pub mod verify;

pub use self::{
	block::Block,
	bounds::{progress_bound, recovery_bound},
	chain::{Anchor, Chain, Pending},
	core::{Config, Core},
	dates::MAX_BEHIND,
	io::{Build, Input, Instant, Output, To},
	log::{Record, Sequence},
	timers::{Timer, Timers},
};
#[cfg(feature = "mutants")]
pub use mutants::Mutant;
pub use mutants::Mutants;
