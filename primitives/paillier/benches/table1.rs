//! The paper's Table 1 and Figure 4: keys, encryption and decryption, lightweight beside original, in processor time.
//!
//! `cargo bench -p veilmart-paillier --bench table1 --features test-keys -- --output FILE` writes the figures as JSON, from
//! which the page of the evaluation is made. Without `--output` they are printed; `--test` runs everything once.
//!
//! Times are the thread's processor time, so that others on the machine distort them little. Key generation varies
//! from key to key by the luck of finding primes; hence a mean, with its deviation, over several keys.

use num_bigint::BigUint;
use num_traits::One;
use rand_core::OsRng;
use rustix::time::{clock_gettime, ClockId};
use serde_json::{json, Value};
use std::{env, error::Error, fs, hint::black_box, time::Duration};
use veilmart_paillier::{
	generate, original, test_keys, Encryptor, FreshNonce, ParameterSet, PrimeKind, PublicKey, SecretKey,
};

/// How often an operation is repeated, and how long at most once there are [`Effort::least`] of it.
#[derive(Clone, Copy)]
struct Effort {
	least: usize,
	most: usize,
	budget: Duration,
}

impl Effort {
	const ONCE: Self = Self {
		least: 1,
		most: 1,
		budget: Duration::ZERO,
	};
	const OPERATION: Self = Self {
		least: 50,
		most: 500,
		budget: Duration::from_secs(2),
	};
	const KEY: Self = Self {
		least: 5,
		most: 100,
		budget: Duration::from_secs(30),
	};
}

fn processor_time() -> Duration {
	let time = clock_gettime(ClockId::ThreadCPUTime);
	Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A row: mean, median and standard deviation of one call in microseconds.
fn row<T>(bits: usize, operation: &str, effort: Effort, mut call: impl FnMut() -> T) -> Value {
	let start = processor_time();
	let mut times = Vec::new();
	while times.len() < effort.least
		|| (times.len() < effort.most && processor_time() - start < effort.budget)
	{
		let before = processor_time();
		black_box(call());
		times.push((processor_time() - before).as_secs_f64() * 1e6);
	}
	times.sort_by(f64::total_cmp);
	let count = times.len();
	let mean = times.iter().sum::<f64>() / count as f64;
	let squares: f64 = times.iter().map(|time| (time - mean) * (time - mean)).sum();
	let deviation = (squares / (count.max(2) - 1) as f64).sqrt();
	let median = (times[(count - 1) / 2] + times[count / 2]) / 2.0;
	eprintln!("{bits} bits, {operation}: {median:.1} µs (median of {count})");
	let rounded = |value: f64| (value * 10.0).round() / 10.0;
	json!({
		"bits": bits,
		"operation": operation,
		"samples": count,
		"mean_us": rounded(mean),
		"median_us": rounded(median),
		"deviation_us": rounded(deviation),
	})
}

/// Decryption as both schemes define it, `L(c^δ mod N²)·δ^-1 mod N` with `δ = (p-1)(q-1)/2`, without the remainder
/// theorem: the same work for both.
struct ByDefinition {
	delta: Vec<u64>,
	inverse: BigUint,
}

impl ByDefinition {
	fn new(secret: &SecretKey) -> Option<Self> {
		let [p, q] = secret.factors().map(|factor| BigUint::from_bytes_be(&factor));
		let delta = (p - 1u32) * (q - 1u32) / 2u32;
		Some(Self {
			inverse: delta.modinv(secret.public().modulus())?,
			delta: delta.to_u64_digits(),
		})
	}

	fn decrypt(&self, encryptor: &Encryptor, ciphertext: &[u8]) -> Option<BigUint> {
		let key = encryptor.key();
		let power = encryptor.power_of(&key.parse(ciphertext).ok()?, &self.delta);
		let power = BigUint::from_bytes_be(&key.encode(&power));
		let l = (power - BigUint::one()) / key.modulus();
		Some(l * &self.inverse % key.modulus())
	}
}

fn rows(set: ParameterSet, once: bool, rows: &mut Vec<Value>) {
	let bits = set.modulus_bits();
	let effort = |effort: Effort| if once { Effort::ONCE } else { effort };
	let operation = effort(Effort::OPERATION);
	let secret = test_keys::secret(set).expect("the test keys are well formed");
	let key = secret.public().clone();
	let encryptor = Encryptor::new(key.clone());
	let nonce = FreshNonce::random(set, &mut OsRng);
	let exponent = &nonce.nonce().words()[..set.nonce_bits() / 64];
	let value = 1220;
	let lightweight = key.encode(&encryptor.encrypt(value, &nonce));
	let original = key.encode(&original::encrypt(&key, value, &mut OsRng));
	let definition = ByDefinition::new(&secret).expect("δ and N have no common divisor");
	for ciphertext in [&lightweight, &original] {
		assert_eq!(
			definition.decrypt(&encryptor, ciphertext),
			Some(BigUint::from(value))
		);
		assert_eq!(secret.decrypt_amount(ciphertext), Ok(Some(value)));
	}

	rows.push(row(bits, "encrypt, lightweight", operation, || {
		encryptor.encrypt(black_box(value), &nonce)
	}));
	rows.push(row(bits, "encrypt, lightweight, no tables", operation, || {
		let mask = encryptor.power_of(key.h_s(), black_box(exponent));
		key.ring().mul(&key.generator_power(&[value]), &mask)
	}));
	rows.push(row(bits, "encrypt, original", operation, || {
		original::encrypt(&key, black_box(value), &mut OsRng)
	}));
	rows.push(row(bits, "decrypt", operation, || {
		secret.decrypt_amount(black_box(&lightweight))
	}));
	rows.push(row(bits, "decrypt, by definition", operation, || {
		definition.decrypt(&encryptor, black_box(&lightweight))
	}));
	rows.push(row(bits, "tables of a key", effort(Effort::OPERATION), || {
		Encryptor::new(key.clone())
	}));
	rows.push(row(
		bits,
		"public key from its modulus",
		effort(Effort::OPERATION),
		|| PublicKey::from_modulus(black_box(&key.modulus_bytes())),
	));
	for (kind, name) in [
		(PrimeKind::Plain, "key generation, plain primes"),
		(PrimeKind::Safe, "key generation, safe primes"),
	] {
		// A safe prime of 1536 bits takes minutes: once through everything is not the place for it.
		if once && kind == PrimeKind::Safe {
			continue;
		}
		rows.push(row(bits, name, effort(Effort::KEY), || {
			generate(set, kind, &mut OsRng, &mut || ())
		}));
	}
}

/// The processor's name as the system gives it.
fn cpu() -> String {
	let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	let name = info.lines().find_map(|line| {
		line.strip_prefix("model name")?
			.split_once(':')
			.map(|(_, name)| name)
	});
	name.unwrap_or("unknown").trim().to_owned()
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<_> = env::args().skip(1).collect();
	let once = arguments.iter().any(|argument| argument == "--test");
	let output = match arguments.iter().position(|argument| argument == "--output") {
		Some(index) => Some(arguments.get(index + 1).ok_or("--output needs a file")?),
		None => None,
	};
	let mut all = Vec::new();
	for set in ParameterSet::ALL {
		rows(set, once, &mut all);
	}
	let text = serde_json::to_string_pretty(&json!({ "cpu": cpu(), "rows": all }))? + "\n";
	match output {
		Some(path) => fs::write(path, text)?,
		None => print!("{text}"),
	}
	Ok(())
}
