//! The runtime interface: native verification of confidential proofs, and its pure-wasm twin.
//!
//! [`Verification`] gives one verdict by one of two ways, chosen by a type of the runtime: [`Native`] or [`Portable`]. Both run the same
//! verifier: natively, compiled for the machine, with tables per key that live as long as the process; or inside
//! the runtime's wasm, with nothing but what the call brings. The verdict depends on the bytes only.
//!
//! The native side remembers positive verdicts, so that a proof that the pool has verified costs nothing at dispatch on the
//! same node. The memory is bounded and advisory: forgetting costs time, never correctness, and what it remembers is that
//! *these bytes* are a valid proof of *this statement* under *this key*. Whether the statement fits the ledger's state is
//! the pallet's to compare, every time.
//!
//! At the pool's door a node also counts bad proofs by account, and looks at no more than ten in a minute.
//!
//! Host functions of ours do not exist while genesis is built.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

#[cfg(not(substrate_runtime))]
mod native;
#[cfg(not(substrate_runtime))]
mod throttle;

use codec::{Decode, Encode};
use sp_runtime_interface::{pass_by::PassFatPointerAndRead, runtime_interface};
use veilmart_confidential::{ProofError, Statement, Verifier};
use veilmart_paillier::PublicKey;

#[cfg(not(substrate_runtime))]
pub use native::{bad, forget_everything, good, remembered, unseen, verified, CAPACITY};
#[cfg(not(substrate_runtime))]
pub use throttle::{BAD_PROOFS, PERIOD};

/// Where a runtime has its proofs verified: a type, not a value, so that a runtime links only what it uses, and one that
/// verifies by itself runs on nodes that do not offer the host function.
pub trait Verification {
	/// Verifies a proof.
	fn verify(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), ProofError>;

	/// Verifies a proof at the pool's door, where a node does not look at more bad proofs of one account than it has time
	/// for. Never asked in a block: nodes need not agree about it.
	fn verify_at_door(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), Turned> {
		Self::verify(key, statement, proof).map_err(Turned::Bad)
	}
}

/// Why a proof is turned away at the pool's door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
	/// It is a bad proof.
	Bad(ProofError),
	/// Its account sent so many bad proofs that nobody looked at it.
	Unseen,
}

/// By the node's host function.
pub struct Native;

/// By the same code inside the runtime.
pub struct Portable;

/// The code of a proof that nobody looked at; no [`ProofError`] has it.
const UNSEEN: u32 = u32::MAX - 1;

/// The code of a key or statement that does not decode; no [`ProofError`] has it.
#[cfg(not(substrate_runtime))]
const MALFORMED: u32 = u32::MAX;

/// Verification by the node. Versioned: a change of verdict is a new version, and old runtimes keep theirs.
#[runtime_interface]
pub trait ConfidentialVerification {
	/// 0 if `proof` proves the SCALE-encoded `statement` under the key with this modulus, else the code of the
	/// [`ProofError`].
	fn verify(
		modulus: PassFatPointerAndRead<&[u8]>,
		statement: PassFatPointerAndRead<&[u8]>,
		proof: PassFatPointerAndRead<&[u8]>,
	) -> u32 {
		native::verify(modulus, statement, proof)
	}

	/// As `verify`, at the pool's door: `u32::MAX - 1` if the statement's account has sent too many bad proofs.
	fn verify_at_door(
		modulus: PassFatPointerAndRead<&[u8]>,
		statement: PassFatPointerAndRead<&[u8]>,
		proof: PassFatPointerAndRead<&[u8]>,
	) -> u32 {
		native::verify_at_door(modulus, statement, proof)
	}
}

/// The host functions that a node of this chain offers beside the standard ones.
#[cfg(not(substrate_runtime))]
pub type HostFunctions = confidential_verification::HostFunctions;

/// The public key as the ledger stores it: `N` and the `h_s` that genesis derived from it.
#[derive(Clone, Copy, Debug)]
pub struct LedgerKey<'a> {
	/// `N`.
	pub modulus: &'a [u8],
	/// `h_s`.
	pub h_s: &'a [u8],
}

impl Verification for Native {
	fn verify(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
		match confidential_verification::verify(key.modulus, &statement.encode(), proof) {
			0 => Ok(()),
			code => Err(ProofError::from_code(code).unwrap_or(ProofError::Statement)),
		}
	}

	fn verify_at_door(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), Turned> {
		match confidential_verification::verify_at_door(key.modulus, &statement.encode(), proof) {
			0 => Ok(()),
			UNSEEN => Err(Turned::Unseen),
			code => Err(Turned::Bad(
				ProofError::from_code(code).unwrap_or(ProofError::Statement),
			)),
		}
	}
}

impl Verification for Portable {
	fn verify(key: LedgerKey, statement: &Statement, proof: &[u8]) -> Result<(), ProofError> {
		// Through the same encoding as the native way, so that both refuse the same.
		let statement = Statement::decode(&mut &statement.encode()[..]).map_err(|_| ProofError::Statement)?;
		let key = PublicKey::from_derived(key.modulus, key.h_s).map_err(|_| ProofError::Statement)?;
		Verifier::verify_once(key, &statement, proof)
	}
}

/// A verdict as it crosses the interface.
#[cfg(not(substrate_runtime))]
fn code(verdict: Result<(), ProofError>) -> u32 {
	verdict.map_or_else(ProofError::code, |()| 0)
}
