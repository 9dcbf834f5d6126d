//! The protocol core of TD-Raft.
