//! The node's side: tables per key and the memory of positive verdicts, both per process and bounded.

use crate::{
	code,
	throttle::{Answer, Bad, Throttle},
	MALFORMED, UNSEEN,
};
use codec::DecodeAll;
use schnellru::{ByLength, LruMap};
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError,
	},
	time::Instant,
};
use veilmart_confidential::{Statement, Verifier};
use veilmart_paillier::{hash, PublicKey};

/// How many positive verdicts are remembered: some minutes of a busy chain, 32 bytes each.
pub const CAPACITY: u32 = 16_384;

/// How many keys have their tables kept. A chain has one; tests have some.
const KEYS: u32 = 4;

/// The hash of a modulus, a statement and a proof.
pub(crate) type Fingerprint = [u8; 32];

/// A verdict to come.
type Coming = Arc<OnceLock<u32>>;

static VERIFIERS: LazyLock<Mutex<LruMap<Fingerprint, Arc<Verifier>>>> =
	LazyLock::new(|| Mutex::new(LruMap::new(ByLength::new(KEYS))));
static VERDICTS: LazyLock<Mutex<LruMap<Fingerprint, ()>>> =
	LazyLock::new(|| Mutex::new(LruMap::new(ByLength::new(CAPACITY))));

/// Proofs that are being verified now, each with its verdict to come: at most as many as there are threads that verify.
static UNDER_WAY: LazyLock<Mutex<HashMap<Fingerprint, Coming>>> = LazyLock::new(Mutex::default);

static GOOD: AtomicU64 = AtomicU64::new(0);
static BAD: AtomicU64 = AtomicU64::new(0);
static UNSEEN_AT_DOOR: AtomicU64 = AtomicU64::new(0);

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
	verify_once(modulus, statement, proof, |_| ())
}

/// Tells of the verdict, too, if the proof is examined for this caller and not for another one.
fn verify_once(modulus: &[u8], statement: &[u8], proof: &[u8], tell: impl FnOnce(u32)) -> u32 {
	let fingerprint = fingerprint(modulus, statement, proof);
	if lock(&VERDICTS).get(&fingerprint).is_some() {
		return 0;
	}
	// The same transaction comes from several peers at once: the first verifies, the others wait for its verdict.
	let verdict = lock(&UNDER_WAY).entry(fingerprint).or_default().clone();
	// Also if the verifier panics: nothing is under way then.
	let _forget = Forget(fingerprint, verdict.clone());
	*verdict.get_or_init(|| {
		// It may have been remembered since.
		if lock(&VERDICTS).peek(&fingerprint).is_some() {
			return 0;
		}
		let verdict = examine(modulus, statement, proof);
		if verdict == 0 {
			lock(&VERDICTS).insert(fingerprint, ());
		}
		tell(verdict);
		verdict
	})
}

/// Ends what is under way when it is dropped: this, and not what another caller began since under the same name.
struct Forget(Fingerprint, Coming);

impl Drop for Forget {
	fn drop(&mut self) {
		let mut under_way = lock(&UNDER_WAY);
		if under_way
			.get(&self.0)
			.is_some_and(|coming| Arc::ptr_eq(coming, &self.1))
		{
			under_way.remove(&self.0);
		}
	}
}

fn examine(modulus: &[u8], statement: &[u8], proof: &[u8]) -> u32 {
	let (Some(verifier), Ok(statement)) = (verifier(modulus), Statement::decode_all(&mut &statement[..]))
	else {
		return MALFORMED;
	};
	let verdict = verifier.verify(&statement, proof);
	let counter = if verdict.is_ok() { &GOOD } else { &BAD };
	counter.fetch_add(1, Ordering::Relaxed);
	code(verdict)
}

/// How many proofs this process has verified, good or bad; those remembered are not among them.
pub fn verified() -> u64 {
	good() + bad()
}

/// How many of the proofs that this process has verified were good.
pub fn good() -> u64 {
	GOOD.load(Ordering::Relaxed)
}

/// How many of the proofs that this process has verified were bad.
pub fn bad() -> u64 {
	BAD.load(Ordering::Relaxed)
}

/// How many proofs this process did not look at, because their accounts had sent too many bad ones.
pub fn unseen() -> u64 {
	UNSEEN_AT_DOOR.load(Ordering::Relaxed)
}

/// A proof of an account that is being looked at, until this is dropped.
struct Look {
	account: [u8; 32],
	/// What it was found to be, if it is bad.
	bad: Option<Bad>,
}

impl Drop for Look {
	fn drop(&mut self) {
		lock(&THROTTLE).end(self.account, self.bad, Instant::now());
	}
}

pub(crate) fn verify_at_door(modulus: &[u8], statement: &[u8], proof: &[u8]) -> u32 {
	// What waits in the pool is asked about again after each block. What was seen to be good costs nothing.
	let fingerprint = fingerprint(modulus, statement, proof);
	if lock(&VERDICTS).get(&fingerprint).is_some() {
		return 0;
	}
	let Ok(decoded) = Statement::decode_all(&mut &statement[..]) else {
		return MALFORMED;
	};
	let account = decoded.context().account;
	let answer = lock(&THROTTLE).begin(account, &fingerprint, Instant::now());
	match answer {
		Answer::Known(code) => return code,
		Answer::Unseen => {
			UNSEEN_AT_DOOR.fetch_add(1, Ordering::Relaxed);
			return UNSEEN;
		}
		Answer::Look => {}
	}
	// Not made where nobody looks: dropping it would end somebody else's.
	let mut look = Look { account, bad: None };
	verify_once(modulus, statement, proof, |code| {
		look.bad = (code != 0).then_some(Bad { fingerprint, code });
	})
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
