//! The protocol core, model-checked: sections 2 and 6 of the design.
//!
//! Every authority but the Byzantine one is a real [`veilmart_td_raft_core::Core`] over symbols. What they send goes
//! into a set from which nothing is taken: a message may be delivered late, in any order, never, and again, so that
//! loss, delay, reordering, duplication and retransmission are all in it. The Byzantine authority has no state of its
//! own: whatever it can make of what was sent (votes for everything, certificates from any quorum, blocks on any
//! certified block, certificates with invented ballots) is in the set, too, as soon as it can make it, and to deliver
//! it to some and not to others is as free as with everything else.
//!
//! # What was bounded, and why safety does not notice
//!
//! - Terms, heights, who stands in which term, how often authorities crash: each [`scenario::Scenario`] says. Most begin
//!   when the leader of term 1 is elected ([`scenario::Prologue`]): with nothing certified all its elections are alike.
//! - There is no clock. Patience runs out for all members of a set at once ([`world::Action::Gate`]); wishes, entry
//!   certificates, requests for shares and shares reach everybody at once, withdrawn wishes nobody, and states that
//!   differ in wishes only count as one ([`canonical`]). All these decide when a candidate may ask, none what an
//!   authority may vote for.
//! - A request for a vote is answered at once or delivered later; a leader proposes as soon as it can, and its block is
//!   delivered later; a block that is neither voted for nor certified is delivered later.
//! - Votes for a block reach an honest leader by the quorum ([`world::Action::Collect`]). The Byzantine authority makes
//!   the same certificate of them at any time.
//! - `Status`, `CatchUp` and heartbeats repeat what was sent before and stays in the set.
//! - Certificates that differ in nothing but whose signatures are in them count as the same.
//! - The Byzantine authority makes two versions of one first block on each certified block that its election allows, and
//!   as many of each other block as the scenario says. Its certificates travel in its blocks and requests.
//! - Commit certificates are delivered where the set changes; elsewhere all that is certified is judged without anybody
//!   finalizing it ([`scenario::Scenario::finality`]).
//! - Records reach the disk at once, unless the scenario is about crashes; there wishes do.
//!
//! The random walks ([`walks`]) have none of these bounds but those on terms, heights and versions.

mod byzantine;
mod canonical;
#[cfg(feature = "mutants")]
mod negative;
mod node;
mod properties;
mod scenario;
mod scenarios;
mod search;
mod tables;
mod trace;
mod walks;
mod world;

#[cfg(not(feature = "mutants"))]
#[test]
#[ignore = "needs the feature `mutants`, which the workspace's tests have"]
fn negative_models() {}
