//! Makes a published test key: `cargo run -p veilmart-paillier --example test_key -- 2048 test-keys`.
//! Writes the factors as text and the proof about the modulus. Such a key protects nothing.

use std::{env, fs, path::Path, time::Instant};
use veilmart_paillier::{generate, BlumProof, ParameterSet, PrimeKind};

fn main() {
	let mut args = env::args().skip(1);
	let (Some(bits), Some(folder)) = (args.next(), args.next()) else {
		eprintln!("usage: test_key 2048|3072 FOLDER");
		std::process::exit(2);
	};
	let set = match bits.as_str() {
		"2048" => ParameterSet::Paillier2048,
		_ => ParameterSet::Paillier3072,
	};
	let start = Instant::now();
	let mut candidates = 0;
	let secret = generate(set, PrimeKind::Safe, &mut rand_core::OsRng, &mut || {
		candidates += 1
	});
	eprintln!("{bits} bits: {candidates} candidates, {:?}", start.elapsed());
	let [p, q] = secret.factors();
	let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
	let start = Instant::now();
	let proof = BlumProof::prove(&secret, &mut rand_core::OsRng).expect("the key was just generated");
	eprintln!("proved in {:?}", start.elapsed());
	let start = Instant::now();
	proof.verify(secret.public()).expect("an honest proof verifies");
	eprintln!("verified in {:?}", start.elapsed());
	let folder = Path::new(&folder);
	fs::write(
		folder.join(format!("{bits}.factors")),
		format!("{}\n{}\n", hex(&p), hex(&q)),
	)
	.expect("writes");
	fs::write(folder.join(format!("{bits}.proof")), proof.as_bytes()).expect("writes");
}
