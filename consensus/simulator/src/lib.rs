//! Consensus protocols in virtual time: TD-Raft beside Raft and PBFT, under one network, one model of disks and one of
//! processors.
//!
//! It is for two things: to look for runs in which a guarantee breaks ([`world`], [`faults`], adversaries), and to
//! measure how the protocols compare when nothing but the protocol differs. It is not a model checker (that is with
//! the core), and its figures are those of the model: a run takes no account of how well a program is written.
//!
//! A run is a function of its settings and its seed; the same run gives the same trace on every machine.

pub mod chaos;
pub mod chart;
pub mod clock;
pub mod config;
pub mod costs;
pub mod counters;
pub mod cpu;
pub mod disk;
pub mod experiment;
pub mod faults;
pub mod figures;
pub mod finality;
pub mod journal;
pub mod network;
pub mod page;
pub mod parallel;
pub mod pbft;
pub mod raft_replica;
pub mod replica;
pub mod rng;
pub mod td_raft;
pub mod trace;
pub mod workload;
pub mod world;
