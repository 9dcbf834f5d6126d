//! The `veilmart` command as a library: a node's client, a wallet's session on it, encrypted accounts, and the
//! certificate authority's side. The demo and the tests of the whole system use it, too.
//!
//! It is not the wallet: openings, statements and proofs are `veilmart-wallet`'s, which knows no chain. Here they are
//! brought together with the chain's state and its transactions.
//!
//! - [`session`]: an account on a chain; one method for each thing that it can do;
//! - [`connection`], [`chain`], [`transaction`]: a node's socket; typed reads; signed transactions, with refusals in words;
//! - [`sealed`]: transactions that nobody but the leader can read until it opens them;
//! - [`chain_key`]: whether a chain's key can be trusted; [`view_key`]: what notes to an account are sealed to;
//! - [`account`], [`keystore`]: keys, and files in which they are encrypted;
//! - [`ca`], [`certificate`]: key ceremony, decryption, audit; requests for certificates;
//! - [`audit_report`]: sums that the certificate authority opens and anybody checks; [`disclosure`]: what it decrypts for
//!   somebody, on record; [`letter`]: how an owner gets a lost opening back;
//! - [`serve`]: a seller's agent, which acts by a rule file; [`batch_journal`]: what became of the lines of a file of calls;
//!   [`lines`]: what the journals of both have in common;
//! - [`amount`], [`commodity`], [`names`]: how numbers and objects are written; [`convert`]: the ledger's objects as the wallet
//!   takes them;
//! - [`cli`], [`commands`], [`watch`], [`output`], [`error`]: the program around it.

#![deny(missing_docs)]

pub mod account;
pub mod amount;
pub mod audit_report;
pub mod batch_journal;
pub mod ca;
pub mod certificate;
pub mod chain;
pub mod chain_key;
pub mod cli;
pub mod commands;
pub mod commodity;
pub mod connection;
pub mod convert;
pub mod disclosure;
pub mod error;
pub mod keystore;
pub mod letter;
pub mod lines;
pub mod names;
pub mod output;
pub mod sealed;
pub mod serve;
pub mod session;
pub mod transaction;
pub mod view_key;
pub mod watch;
