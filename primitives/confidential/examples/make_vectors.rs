//! Prints a proof of every statement, made with the published test key, as the part of docs/vectors.json that
//! scripts/vectors.py checks: `cargo run -p veilmart-confidential --example make_vectors`. Always the same, because
//! what is random elsewhere is hashed here.

#[path = "../tests/vector_format/mod.rs"]
mod vector_format;

use codec::Encode;
use rand_core::{CryptoRng, Error, RngCore};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use vector_format::{statement, test_key, text};
use veilmart_confidential::{Prover, Statement, Verifier, Witness};
use veilmart_paillier::{hash, Encryptor, FreshNonce, Nonce, Opening, ParameterSet};

/// A random source that is none.
struct Hashed(u64);

impl RngCore for Hashed {
	fn next_u32(&mut self) -> u32 {
		self.next_u64() as u32
	}

	fn next_u64(&mut self) -> u64 {
		let mut bytes = [0; 8];
		self.fill_bytes(&mut bytes);
		u64::from_le_bytes(bytes)
	}

	fn fill_bytes(&mut self, dest: &mut [u8]) {
		self.0 += 1;
		hash::expand("veilmart/vectors/rust/1", &[&self.0.to_le_bytes()], dest);
	}

	fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
		self.fill_bytes(dest);
		Ok(())
	}
}

impl CryptoRng for Hashed {}

/// Everything that the entries of one parameter set share.
struct Maker {
	set: ParameterSet,
	prover: Prover,
	verifier: Verifier,
	rng: Hashed,
	entries: Vec<Value>,
}

impl Maker {
	fn new(set: ParameterSet) -> Self {
		let key = test_key(set);
		let (prover, verifier) = (Prover::new(Encryptor::new(key.clone())), Verifier::new(key));
		Self {
			set,
			prover,
			verifier,
			rng: Hashed(set.modulus_bits() as u64 * 1000),
			entries: Vec::new(),
		}
	}

	fn bytes<const L: usize>(&mut self) -> [u8; L] {
		let mut bytes = [0; L];
		self.rng.fill_bytes(&mut bytes);
		bytes
	}

	fn fresh(&mut self, value: u64) -> Opening {
		Opening {
			value,
			nonce: FreshNonce::random(self.set, &mut self.rng).nonce().clone(),
		}
	}

	/// An opening as a balance has one after many payments.
	fn grown(&mut self, value: u64) -> Opening {
		let nonce = self.fresh(0).nonce.scale(1 << 40).negate();
		Opening {
			value,
			nonce: nonce.add(&self.fresh(0).nonce),
		}
	}

	fn encrypt(&self, opening: &Opening) -> Vec<u8> {
		let encryptor = self.prover.encryptor();
		encryptor
			.key()
			.encode(&encryptor.encrypt_opening(opening).expect("a nonce in range"))
	}

	/// `price^num·h_s^ρ`.
	fn total(&self, price: &[u8], num: u64, rho: &Nonce) -> Vec<u8> {
		let key = self.prover.encryptor().key();
		let mask = self.encrypt(&Opening {
			value: 0,
			nonce: rho.clone(),
		});
		let [price, mask] = [price, &mask].map(|bytes| key.parse(bytes).expect("just made"));
		key.encode(&key.add(&key.scale(&price, num), &mask))
	}

	/// A statement by its parts, with what binds it made up.
	fn parts(&mut self, call: &str, bindings: Value, notes: &[&str], ciphertexts: &[(&str, &[u8])]) -> Value {
		let notes: BTreeMap<&str, String> = notes
			.iter()
			.map(|name| (*name, text(&self.bytes::<32>())))
			.collect();
		let ciphertexts: BTreeMap<&str, String> = ciphertexts
			.iter()
			.map(|(role, bytes)| (*role, text(bytes)))
			.collect();
		json!({
			"call": call,
			"genesis": text(&self.bytes::<32>()),
			"account": text(&self.bytes::<32>()),
			"seq": self.rng.next_u64(),
			"salt": text(&self.bytes::<16>()),
			"bindings": bindings,
			"notes": notes,
			"ciphertexts": ciphertexts,
		})
	}

	/// Proves the statement with these parts and keeps the entry.
	fn prove(
		&mut self,
		call: &str,
		bindings: Value,
		notes: &[&str],
		ciphertexts: &[(&str, &[u8])],
		values: &[u64],
		nonces: &[&Nonce],
	) {
		let parts = self.parts(call, bindings, notes, ciphertexts);
		let statement = statement(self.set, &parts);
		let nonces: Vec<Nonce> = nonces.iter().map(|nonce| (*nonce).clone()).collect();
		let encoded: Vec<String> = nonces.iter().map(|nonce| text(&nonce.encode(self.set))).collect();
		let witness = Witness {
			values: values.to_vec(),
			nonces,
		};
		let proof = self
			.prover
			.prove(&statement, &witness, &mut self.rng)
			.expect("an honest witness");
		let witness = json!({ "values": values, "nonces": encoded });
		self.keep(parts, &statement, witness, &proof);
	}

	fn keep(&mut self, parts: Value, statement: &Statement, witness: Value, proof: &[u8]) {
		self.verifier.verify(statement, proof).expect("an honest proof");
		self.entries.push(json!({
			"set": self.set.name(),
			"statement": parts,
			"scale-hash": text(&hash::hash("veilmart/vectors/1", &[&statement.encode()])),
			"witness": witness,
			"proof": text(proof),
		}));
	}

	/// `refresh` of a number to which another one's nonce is given.
	fn refresh(&mut self, bindings: Value, value: u64) {
		let (before, after) = (self.grown(value), self.fresh(value));
		let difference = after.nonce.sub(&before.nonce);
		let residue = self.encrypt(&Opening {
			value: 0,
			nonce: difference.clone(),
		});
		let refreshed = self.encrypt(&after);
		let ciphertexts: [(&str, &[u8]); 2] = [("refreshed", &refreshed), ("residue", &residue)];
		let parts = self.parts("refresh", bindings, &["own"], &ciphertexts);
		let statement = statement(self.set, &parts);
		let root = self
			.prover
			.encryptor()
			.root(&difference)
			.expect("a nonce in range");
		let proof = self
			.prover
			.prove_refresh(&statement, &root, &mut self.rng)
			.expect("the statement fits together");
		let witness = json!({ "root": text(root.as_bytes()) });
		self.keep(parts, &statement, witness, &proof);
	}

	fn issue(&mut self, amount: u64, after: u64, quota: u64) {
		let (a, i) = (self.fresh(amount), self.grown(after));
		let (c_a, c_i) = (self.encrypt(&a), self.encrypt(&i));
		let bindings = json!({ "counterparty": text(&self.bytes::<32>()), "quota": quota });
		let ciphertexts: [(&str, &[u8]); 2] = [("amount", &c_a), ("issued-after", &c_i)];
		let nonces = [&a.nonce, &i.nonce];
		self.prove(
			"issue",
			bindings,
			&["own", "counterparty"],
			&ciphertexts,
			&[amount, after],
			&nonces,
		);
	}

	fn debit(&mut self, call: &str, amount: u64, after: u64) {
		let (a, b) = (self.fresh(amount), self.grown(after));
		let (c_a, c_b) = (self.encrypt(&a), self.encrypt(&b));
		let bindings = json!({ "counterparty": text(&self.bytes::<32>()) });
		let ciphertexts: [(&str, &[u8]); 2] = [("amount", &c_a), ("balance-after", &c_b)];
		self.prove(
			call,
			bindings,
			&["own", "counterparty"],
			&ciphertexts,
			&[amount, after],
			&[&a.nonce, &b.nonce],
		);
	}

	fn list(&mut self, price: u64, stock: u64, commodity: u64) {
		let [v, r, c] = [price, stock, commodity].map(|value| self.fresh(value));
		let [c_v, c_r, c_c] = [&v, &r, &c].map(|opening| self.encrypt(opening));
		let ciphertexts: [(&str, &[u8]); 3] = [("price", &c_v), ("stock", &c_r), ("commodity", &c_c)];
		let nonces = [&v.nonce, &r.nonce, &c.nonce];
		self.prove(
			"list",
			json!({}),
			&["own"],
			&ciphertexts,
			&[price, stock, commodity],
			&nonces,
		);
	}

	fn listing(&mut self) -> Value {
		json!({ "listing-seller": text(&self.bytes::<32>()), "listing-seq": self.rng.next_u64() })
	}

	fn order_name(&mut self) -> Value {
		json!({ "order-buyer": text(&self.bytes::<32>()), "order-seq": self.rng.next_u64() })
	}

	fn terms(&mut self) -> Value {
		json!({
			"accept-period": self.rng.next_u64(),
			"ship-period": self.rng.next_u64(),
			"grace-period": self.rng.next_u64(),
			"confirm-period": self.rng.next_u64(),
			"resolve-period": self.rng.next_u64(),
			"bond-multiple": self.rng.next_u32(),
			"penalty-share": self.rng.next_u32(),
		})
	}

	/// `reprice` and `restock`.
	fn change_listing(&mut self, call: &str, role: &str, value: u64) {
		let x = self.fresh(value);
		let c = self.encrypt(&x);
		let bindings = merged([self.listing(), json!({ "price-version": self.rng.next_u32() })]);
		self.prove(call, bindings, &["own"], &[(role, &c)], &[value], &[&x.nonce]);
	}

	fn order(&mut self, price: u64, num: u64, after: u64) {
		let (p, x, b) = (self.fresh(price), self.fresh(num), self.grown(after));
		let [c_p, c_x, c_b] = [&p, &x, &b].map(|opening| self.encrypt(opening));
		let rho = self.fresh(0).nonce.clone();
		let c_s = self.total(&c_p, num, &rho);
		let bindings = merged([
			self.listing(),
			json!({ "price-version": self.rng.next_u32() }),
			self.terms(),
		]);
		let ciphertexts: [(&str, &[u8]); 4] = [
			("price", &c_p),
			("quantity", &c_x),
			("total", &c_s),
			("balance-after", &c_b),
		];
		let notes = ["own", "counterparty", "quote"];
		self.prove(
			"order",
			bindings,
			&notes,
			&ciphertexts,
			&[num, after],
			&[&x.nonce, &rho, &b.nonce],
		);
	}

	fn dispute(&mut self, total: u64, after: u64) {
		let (s, b) = (self.grown(total), self.grown(after));
		let (c_s, c_b) = (self.encrypt(&s), self.encrypt(&b));
		let bindings = self.order_name();
		let ciphertexts: [(&str, &[u8]); 2] = [("total", &c_s), ("balance-after", &c_b)];
		self.prove("dispute", bindings, &["own"], &ciphertexts, &[after], &[&b.nonce]);
	}

	fn accept(&mut self, num: u64, total: u64, stock: u64, after: u64) {
		let (x, s, r, k) = (
			self.fresh(num),
			self.grown(total),
			self.grown(stock),
			self.grown(after),
		);
		let [c_x, c_s, c_r, c_k] = [&x, &s, &r, &k].map(|opening| self.encrypt(opening));
		let bindings = merged([self.order_name(), self.listing(), self.terms()]);
		let ciphertexts: [(&str, &[u8]); 4] = [
			("quantity", &c_x),
			("total", &c_s),
			("stock-after", &c_r),
			("balance-after", &c_k),
		];
		self.prove(
			"accept",
			bindings,
			&["own", "stock"],
			&ciphertexts,
			&[stock, after],
			&[&r.nonce, &k.nonce],
		);
	}
}

/// The members of all these objects.
fn merged<const L: usize>(objects: [Value; L]) -> Value {
	objects
		.into_iter()
		.filter_map(|object| object.as_object().cloned())
		.flatten()
		.collect::<serde_json::Map<_, _>>()
		.into()
}

fn main() {
	let mut small = Maker::new(ParameterSet::Paillier2048);
	// The ends of the ranges: the quota is used up, a balance is empty, numbers of 64 bits.
	small.issue(1, u64::MAX, u64::MAX);
	small.debit("transfer", u64::MAX, 0);
	small.debit("redeem", 1, u64::MAX);
	small.list(1999, 0, u64::MAX);
	small.change_listing("reprice", "price", 1);
	small.change_listing("restock", "delivery", 0);
	small.order(1999, 12, 1_000_000);
	small.dispute(23_988, 0);
	small.accept(12, 23_988, 88, 760_120);
	small.refresh(json!({ "target": 0 }), u64::MAX);
	let credit = json!({
		"target": 1,
		"credit-creator": text(&small.bytes::<32>()),
		"credit-seq": u64::MAX,
		"credit-kind": 7,
	});
	small.refresh(credit, 1);
	let stock = merged([json!({ "target": 2 }), small.listing()]);
	small.refresh(stock, 0);
	let mut large = Maker::new(ParameterSet::Paillier3072);
	large.issue(500, 1500, 2000);
	large.refresh(json!({ "target": 0 }), 500);
	let entries = [small.entries, large.entries].concat();
	println!("{}", json!({ "proofs": entries }));
}
