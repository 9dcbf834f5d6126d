//! Statements about ciphertexts of the ledger and the proofs that carry them.
//!
//! A statement names `k` values in `[0, 2^64)` and some Paillier equations over them; the proof shows that the equations
//! hold for values in that range, bound to one call of one account at one sequence number on one chain. It is for the
//! ledger's calls and nothing else: [`statements`] builds every statement that there is, and there is no way to make
//! up another.
//!
//! Protocol, soundness argument and byte layout: `docs/confidential-commerce.md` and `docs/formats.md`.
//!
//! # Why it is exact
//!
//! From two accepting transcripts with the same first message and challenges `e ≠ e*`, write `Δe = e - e*` and so on.
//!
//! 1. The Bulletproof extracts `V_j = v_j·B + …` with `v_j` in `[0, 2^64]` (`2^64` only where it runs on `V_j - B`).
//! 2. `T_j` gives `Δz_j + v_j·Δe ≡ 0 (mod ℓ)`, unless two openings of `V_j` yield the discrete logarithm between `B` and
//!    `B̃`. Both `z` are in `[0, 2^250)`, so `|Δz_j| < 2^250`, and `|v_j·Δe| ≤ 2^64·2^128 = 2^192`: the sum is smaller than
//!    `ℓ > 2^252` in size, so it is zero *over the integers*, and `Δz_j = -v_j·Δe`. No fraction survives: a prover that
//!    commits to `1/2 mod N` would need `v_j = 1/2`, which is no integer.
//! 3. `A_i` gives `C_i^{Δe}·Π_j G_ij^{Δz_j} = (C_i / Π_j G_ij^{v_j})^{Δe} = h_s^{-Δw_i}`, which is an N-th residue since
//!    `h_s` is one by construction.
//! 4. With `[·]` the plaintext modulo `N`: `Δe·([C_i] - Σ_j v_j·[G_ij]) ≡ 0 (mod N)`. Every `|Δe| < 2^128` is coprime to
//!    `M`, the larger prime factor if the smaller is below `2^128` and `N` otherwise, so
//!    `[C_i] ≡ Σ_j v_j·[G_ij] (mod M)`. All plaintexts are below `2^128 < M`: equality.
//!
//! Not proved, because nothing relies on it: the sign (`N² - C` decrypts alike) and any bound on `r_i`. Recipients compare
//! ciphertexts bit for bit.
//!
//! # Features
//!
//! `prover` brings [`Prover`]; the ledger compiles without it. `paillier-3072` makes the ledger's [`Ciphertext`] 768 bytes.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod proof;
#[cfg(feature = "prover")]
mod prover;
pub mod refresh;
mod statement;
pub mod statements;
mod transcript;
mod verifier;

pub use proof::{proof_len, ProofError, MAX_PROOF_BYTES};
#[cfg(feature = "prover")]
pub use prover::{ProveError, Prover, Witness};
pub use statement::{AccountBytes, Binding, Call, Context, NoteKind, Role, Salt, Statement};
pub use transcript::VERSION;
pub use verifier::Verifier;

use veilmart_paillier::ParameterSet;

/// The size of the ledger's key.
#[cfg(not(feature = "paillier-3072"))]
pub const PARAMETER_SET: ParameterSet = ParameterSet::Paillier2048;
/// The size of the ledger's key.
#[cfg(feature = "paillier-3072")]
pub const PARAMETER_SET: ParameterSet = ParameterSet::Paillier3072;

/// A ciphertext of the ledger.
pub type Ciphertext = veilmart_paillier::Ciphertext<{ PARAMETER_SET.ciphertext_bytes() }>;
