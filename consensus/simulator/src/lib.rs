//! TD-Raft in virtual time.
