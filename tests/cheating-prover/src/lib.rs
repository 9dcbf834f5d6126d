//! A cheating prover.
//!
//! Transcript, proof and encoding are written a second time here, from `docs/formats.md` and directly on `merlin`,
//! `bulletproofs` and `curve25519-dalek`; of the project only the public arithmetic of `veilmart-paillier` is used.
//! `veilmart-confidential` is what is attacked: its statements and its verifier, never its prover.
//!
//! [`attacks::ATTACKS`] lists the attacks. Each says which rule it attacks and what the verifier has to answer: an honest
//! proof is accepted (so this is a true second implementation), almost everything else is refused, and the few
//! deviations that the protocol allows on purpose are accepted and shown to be harmless.
//!
//! Nothing here is constant-time and nothing is wiped: the keys are published test keys.

#![deny(missing_docs)]

pub mod arithmetic;
pub mod attacks;
pub mod check;
pub mod forge;
pub mod scene;
pub mod spec;

pub use arithmetic::World;
