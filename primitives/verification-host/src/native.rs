//! The node's side: tables per key and the memory of positive verdicts, both per process and bounded.

use crate::{code, throttle::Throttle, MALFORMED, UNSEEN};
use codec::DecodeAll;
use schnellru::{ByLength, LruMap};
use std::{
	sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
	time::Instant,
};
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

static THROTTLE: LazyLock<Mutex<Throttle>> = LazyLock::new(|| Mutex::new(Throttle::new()));

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

pub(crate) fn verify_at_door(modulus: &[u8], statement: &[u8], proof: &[u8]) -> u32 {
	// What waits in the pool is asked about again after each block. What was seen to be good costs nothing.
	if lock(&VERDICTS)
		.get(&fingerprint(modulus, statement, proof))
		.is_some()
	{
		return 0;
	}
	let Ok(decoded) = Statement::decode_all(&mut &statement[..]) else {
		return MALFORMED;
	};
	let account = decoded.context().account;
	if !lock(&THROTTLE).allows(&account, Instant::now()) {
		return UNSEEN;
	}
	let verdict = verify(modulus, statement, proof);
	if verdict != 0 {
		lock(&THROTTLE).record(account, Instant::now());
	}
	verdict
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

/// Empties the memory of verdicts and that of bad proofs. For tests and benchmarks that want to see the full cost.
pub fn forget_everything() {
	lock(&VERDICTS).clear();
	lock(&THROTTLE).forget();
}
