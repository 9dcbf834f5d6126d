//! Signatures that were found good are remembered.
//!
//! A node verifies the signature of a transaction when it comes, and again when it builds or executes the block that holds it.
//! The second time costs as much as the first. So the host function that the runtime calls is replaced by one that remembers
//! what was good. That it was good depends on the bytes only, so the memory changes no verdict. It is bounded; forgetting
//! costs time.

use std::sync::{LazyLock, Mutex, PoisonError};

use schnellru::{ByLength, LruMap};
use sp_core::{sr25519, Pair};
use sp_io::hashing::blake2_256;
use sp_runtime_interface::{
	pass_by::{PassFatPointerAndRead, PassPointerAndRead},
	runtime_interface,
};

/// How many are remembered, 32 bytes each: more than the pool holds.
const CAPACITY: u32 = 32_768;

static GOOD: LazyLock<Mutex<LruMap<[u8; 32], ()>>> =
	LazyLock::new(|| Mutex::new(LruMap::new(ByLength::new(CAPACITY))));

/// The host functions, in place of Substrate's of the same names.
pub type HostFunctions = crypto::HostFunctions;

/// The name of the trait is part of the functions' names.
#[runtime_interface]
trait Crypto {
	/// The rule of old runtimes, as Substrate's function of this version has it. Ours never calls it.
	#[version(1, register_only)]
	fn sr25519_verify(
		signature: PassPointerAndRead<&sr25519::Signature, 64>,
		message: PassFatPointerAndRead<&[u8]>,
		public: PassPointerAndRead<&sr25519::Public, 32>,
	) -> bool {
		sr25519::Pair::verify_deprecated(signature, message, public)
	}

	/// Whether `signature` is `public`'s signature over `message`.
	#[version(2, register_only)]
	fn sr25519_verify(
		signature: PassPointerAndRead<&sr25519::Signature, 64>,
		message: PassFatPointerAndRead<&[u8]>,
		public: PassPointerAndRead<&sr25519::Public, 32>,
	) -> bool {
		verify(signature, message, public)
	}
}

/// The lengths of the first two are fixed, so no two triples have one encoding.
fn fingerprint(signature: &sr25519::Signature, message: &[u8], public: &sr25519::Public) -> [u8; 32] {
	blake2_256(&[&signature.0[..], &public.0[..], message].concat())
}

fn verify(signature: &sr25519::Signature, message: &[u8], public: &sr25519::Public) -> bool {
	// A panic while the map was held leaves a map of valid entries.
	let good = || GOOD.lock().unwrap_or_else(PoisonError::into_inner);
	let fingerprint = fingerprint(signature, message, public);
	if good().get(&fingerprint).is_some() {
		return true;
	}
	let verdict = sr25519::Pair::verify(signature, message, public);
	if verdict {
		good().insert(fingerprint, ());
	}
	verdict
}

#[cfg(test)]
mod tests {
	use sc_executor::sp_wasm_interface::HostFunctions as _;
	use sp_keyring::Sr25519Keyring::{Alice, Bob};

	use super::*;

	#[test]
	fn what_is_remembered_is_this_signature_of_this_key_over_this_message() {
		let message = b"one";
		let signature = Alice.pair().sign(message);
		let mut other = signature;
		other.0[0] ^= 1;
		for _ in 0..2 {
			assert!(verify(&signature, message, &Alice.public()));
			assert!(!verify(&signature, b"two", &Alice.public()));
			assert!(!verify(&signature, message, &Bob.public()));
			assert!(!verify(&other, message, &Alice.public()));
		}
	}

	#[test]
	fn it_stands_in_for_the_function_that_runtimes_call() {
		let name = |functions: Vec<&'static dyn sc_executor::sp_wasm_interface::Function>| {
			functions
				.iter()
				.map(|function| function.name().to_string())
				.collect::<Vec<_>>()
		};
		let ours = name(HostFunctions::host_functions());
		let both = [
			"ext_crypto_sr25519_verify_version_1",
			"ext_crypto_sr25519_verify_version_2",
		];
		assert_eq!(ours, both);
		let standard = name(sp_io::SubstrateHostFunctions::host_functions());
		let all = name(crate::service::HostFunctions::host_functions());
		for one in both {
			assert!(standard.iter().any(|name| name == one), "{one} is Substrate's");
			assert_eq!(all.iter().filter(|name| *name == one).count(), 1, "{one}, once");
		}
	}
}
