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
//! - Certificates that differ in nothing but whose signatures are in them count as the same, and so do authorities that
//!   differ only in which blocks they ask for: what is sent can always be delivered.
//! - The Byzantine authority makes two versions of one first block on each certified block that its election allows, and
//!   as many of each other block as the scenario says. Its certificates travel in its blocks and requests.
//! - Commit certificates are delivered where the set changes; elsewhere all that is certified is judged without anybody
//!   finalizing it ([`scenario::Scenario::finality`]).
//! - Records reach the disk at once, unless the scenario is about crashes; there wishes do.
//!
//! The random walks ([`walks`]) have none of these bounds but those on terms, heights and versions.
//!
//! # What was covered
//!
//! n = 4, the fourth Byzantine; where the set changes, a fifth may come in. By
//! `cargo test -p veilmart-td-raft-core --features mutants --test model`, the same numbers every time:
//!
//! | search | states | transitions | |
//! |---|---|---|---|
//! | honest, then Byzantine leader, blocks 1 and 2 | 255,704 | 961,230 | everything |
//! | two candidates of one term, voters that wait | 110,854 | 521,220 | everything |
//! | a follower crashes, with or without its database, over two terms | 1,574,463 | 7,659,142 | everything |
//! | two closing blocks of a Byzantine leader, one reconfirmed in term 2 | 32,288 | 157,849 | everything |
//! | Byzantine leader with two versions of each block, then an honest one | 634,189 | 2,002,293 | 13 steps |
//! | closing block, the same members, old and new set elect for term 2 | 489,553 | 2,006,246 | 12 steps |
//! | closing block, a follower leaves, from the commit on | 614,765 | 2,009,305 | 10 steps |
//! | closing block, the sealer leaves, from the commit on | 541,908 | 2,003,346 | 11 steps |
//! | closing block, a crash, from the commit on | 538,596 | 2,010,152 | 11 steps |
//!
//! Those that stop have judged every state that is so many steps away, and some beyond.
//!
//! A state is everybody's local state, what was sent and the crashes left. A search also fails that does not come
//! across what it is about ([`properties::Goal`]): commits in both terms, blocks of the next set, a reconfirmed block.
//! 300 random walks of up to six terms and six blocks come on top.
//!
//! The deep searches, in `make check-all`, have three terms, finality everywhere and crashes of two, each within
//! 10,000,000 transitions and 100 s, together ten minutes on two idle cores; they print how far they came.
//!
//! # What shows that it would find something
//!
//! Each mistake of [`negative`] breaks the rule that it has to; most of them end in two certified blocks where there
//! may be one, or in a commit that is lost, not only in a vote too many. Every rule of [`properties::Rule`] is broken
//! by one of them. `VotersQcForgotten` is not among them: a candidate that forgets what its voters had certified is
//! refused by everybody, which costs its term and no commit.
//!
//! # What is not covered
//!
//! Progress, and everything that has to do with time: the simulator's part. Real signatures, the trapdoor and shares:
//! symbols here. More than one Byzantine authority, and n other than 4. The window of 16 blocks. What a Byzantine
//! authority writes into heartbeats, `Status` and `CatchUp`, but for the certificates and blocks in them. States are
//! told apart by 128 bits of a hash, and by 64 in the checker.

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
