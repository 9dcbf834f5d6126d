//! The node's side: tables per key and the memory of positive verdicts, both per process and bounded.

use crate::{code, MALFORMED};
use codec::DecodeAll;
use schnellru::{ByLength, LruMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use veilmart_confidential::{Statement, Verifier};
use veilmart_paillier::{hash, PublicKey};

/// How many positive verdicts are remembered: some minutes of a busy chain, 32 bytes each.
pub const CAPACITY: u32 = 16_384;

/// How many keys have their tables kept. A chain has one; tests have some.
const KEYS: u32 = 4;

type Fingerprint = [u8; 32];

static VERIFIERS: LazyLock<Mutex<LruMap<Fingerprint, Arc<Verifier>>>> =
	LazyLock::new(|| Mutex::new(LruMap::new(ByLength::new(KEYS))));
static VERDICTS: LazyLock<Mutex<LruMap<Fingerprint, ()>>> =
	LazyLock::new(|| Mutex::new(LruMap::new(ByLength::new(CAPACITY))));

/// A panic while one of the maps was held leaves a map of valid entries at worst.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn verifier(modulus: &[u8]) -> Option<Arc<Verifier>> {
	let name = hash::hash("veilmart/verifier", &[modulus]);
	if let Some(known) = lock(&VERIFIERS).get(&name) {
		return Some(known.clone());
	}
	// Built outside the lock: others may verify under other keys meanwhile.
	let built = Arc::new(Verifier::new(PublicKey::from_modulus(modulus).ok()?));
	lock(&VERIFIERS).insert(name, built.clone());
	Some(built)
}

pub(crate) fn verify(modulus: &[u8], statement: &[u8], proof: &[u8]) -> u32 {
	let fingerprint = fingerprint(modulus, statement, proof);
	if lock(&VERDICTS).get(&fingerprint).is_some() {
		return 0;
	}
	let (Some(verifier), Ok(statement)) = (verifier(modulus), Statement::decode_all(&mut &statement[..]))
	else {
		return MALFORMED;
	};
	let verdict = verifier.verify(&statement, proof);
	if verdict.is_ok() {
		lock(&VERDICTS).insert(fingerprint, ());
	}
	code(verdict)
}

/// The modulus has one of two lengths and fixes the parameters; each part is framed by its length.
fn fingerprint(modulus: &[u8], statement: &[u8], proof: &[u8]) -> Fingerprint {
	hash::hash("veilmart/verdict/1", &[modulus, statement, proof])
}

/// Whether this process remembers the proof as verified. For tests and metrics.
pub fn remembered(modulus: &[u8], statement: &Statement, proof: &[u8]) -> bool {
	use codec::Encode;
	lock(&VERDICTS)
		.peek(&fingerprint(modulus, &statement.encode(), proof))
		.is_some()
}

/// Empties the memory of verdicts. For tests and benchmarks that want to see the full cost.
pub fn forget_everything() {
	lock(&VERDICTS).clear();
}
