//! The scheme against its definition, written with a general-purpose big integer library.

mod common;

use common::secret;
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::One;
use rand_core::{OsRng, RngCore};
use veilmart_paillier::{
	hash, original, Ciphertext2048, CiphertextError, Encryptor, FreshNonce, KeyError, Nonce, Opening,
	ParameterSet, PublicKey, SecretKey, SecretKeyError,
};

fn random(len: usize) -> Vec<u8> {
	let mut bytes = vec![0; len];
	OsRng.fill_bytes(&mut bytes);
	bytes
}

/// `N`, `N²` and `h_s` by definition.
fn reference(key: &PublicKey) -> (BigUint, BigUint, BigUint) {
	let n = BigUint::from_bytes_be(&key.modulus_bytes());
	let n2 = &n * &n;
	let mut a = vec![0; key.set().modulus_bytes() + 16];
	hash::expand(
		"veilmart/paillier/h/1",
		&[key.set().name().as_bytes(), &key.modulus_bytes()],
		&mut a,
	);
	let a = BigUint::from_bytes_be(&a) % &n;
	let h = &n - &a * &a % &n;
	(n.clone(), n2.clone(), h.modpow(&n, &n2))
}

fn pad(number: &BigUint, len: usize) -> Vec<u8> {
	let bytes = number.to_bytes_be();
	[vec![0; len - bytes.len()], bytes].concat()
}

#[test]
fn bases_are_those_of_the_definition() {
	for set in ParameterSet::ALL {
		let key = secret(set).public().clone();
		let (_, _, h_s) = reference(&key);
		assert_eq!(BigUint::from_bytes_be(&key.h_s_bytes()), h_s, "{set:?}");
		let again = PublicKey::from_derived(&key.modulus_bytes(), &key.h_s_bytes()).unwrap();
		assert_eq!(again.h_s_bytes(), key.h_s_bytes(), "{set:?}");
	}
}

#[test]
fn products_are_those_of_ordinary_arithmetic() {
	for set in ParameterSet::ALL {
		let key = secret(set).public().clone();
		let (n, n2, _) = reference(&key);
		let len = set.ciphertext_bytes();
		// Numbers at which carries and final subtractions happen, then random ones.
		let mut numbers = vec![
			BigUint::one(),
			BigUint::from(2u8),
			&n - 1u8,
			&n + 1u8,
			&n2 - 1u8,
			&n2 - &n + 1u8,
			&n2 - &n - 1u8,
			(BigUint::one() << (set.modulus_bits() - 1)) + 1u8,
		];
		numbers.retain(|x| x.gcd(&n).is_one());
		for _ in 0..40 {
			numbers.push(BigUint::from_bytes_be(&random(len)) % &n2);
		}
		for a in &numbers {
			for b in &numbers {
				let [x, y] = [a, b].map(|c| key.parse(&pad(c, len)).unwrap());
				let product = key.add(&x, &y);
				assert_eq!(key.encode(&product), pad(&(a * b % &n2), len), "{a} times {b}");
			}
			let mut square = key.parse(&pad(a, len)).unwrap();
			key.ring().square_in_place(&mut square);
			assert_eq!(key.encode(&square), pad(&(a * a % &n2), len), "{a} squared");
			let inverse = key.invert(&key.parse(&pad(a, len)).unwrap()).unwrap();
			assert_eq!(
				BigUint::from_bytes_be(&key.encode(&inverse)) * a % &n2,
				BigUint::one()
			);
		}
	}
}

#[test]
fn encryption_follows_its_formula_and_decrypts() {
	for set in ParameterSet::ALL {
		let secret = secret(set);
		let key = secret.public().clone();
		let (n, n2, h_s) = reference(&key);
		let encryptor = Encryptor::new(key.clone());
		for value in [0, 1, 1220, u64::MAX] {
			let bytes = random(set.nonce_bits() / 8);
			let nonce = FreshNonce::from_uniform(set, &bytes).unwrap();
			let c = key.encode(&encryptor.encrypt(value, &nonce));
			let r = BigUint::from_bytes_le(&bytes);
			let expected = (BigUint::one() + &n * value) * h_s.modpow(&r, &n2) % &n2;
			assert_eq!(c, pad(&expected, set.ciphertext_bytes()));
			assert_eq!(secret.decrypt_amount(&c), Ok(Some(value)));
			let opening = Opening {
				value,
				nonce: nonce.nonce().clone(),
			};
			assert_eq!(key.encode(&encryptor.encrypt_opening(&opening).unwrap()), c);
		}
		let c = key.encode(&original::encrypt(&key, 77, &mut OsRng));
		assert_eq!(secret.decrypt_amount(&c), Ok(Some(77)));
		let large = key.encode(
			&key.ring()
				.mul(&key.generator_power(&[5, 1]), &encryptor.encrypt(0, &fresh(set))),
		);
		assert_eq!(secret.decrypt_amount(&large), Ok(None));
		assert_eq!(secret.decrypt(&large), Ok((BigUint::one() << 64) + 5u8));
	}
}

fn fresh(set: ParameterSet) -> FreshNonce {
	FreshNonce::random(set, &mut OsRng)
}

#[test]
fn plaintexts_add_scale_and_survive_rerandomising() {
	let set = ParameterSet::Paillier2048;
	let secret = secret(set);
	let key = secret.public().clone();
	let encryptor = Encryptor::new(key.clone());
	let (r, s) = (fresh(set), fresh(set));
	let (a, b) = (encryptor.encrypt(255, &r), encryptor.encrypt(339, &s));
	let sum = key.encode(&key.add(&a, &b));
	assert_eq!(secret.decrypt_amount(&sum), Ok(Some(594)));
	let opening = Opening {
		value: 255,
		nonce: r.nonce().clone(),
	};
	let both = opening
		.add(&Opening {
			value: 339,
			nonce: s.nonce().clone(),
		})
		.unwrap();
	assert_eq!(key.encode(&encryptor.encrypt_opening(&both).unwrap()), sum);
	let scaled = key.encode(&key.scale(&a, 32));
	assert_eq!(secret.decrypt_amount(&scaled), Ok(Some(255 * 32)));
	assert_eq!(
		key.encode(&encryptor.encrypt_opening(&opening.scale(32).unwrap()).unwrap()),
		scaled
	);
	let again = key.encode(&encryptor.rerandomise(&a, &s));
	assert_ne!(again, key.encode(&a));
	assert_eq!(secret.decrypt_amount(&again), Ok(Some(255)));
}

#[test]
fn negative_nonces_encrypt_to_the_quotient() {
	let set = ParameterSet::Paillier2048;
	let key = secret(set).public().clone();
	let encryptor = Encryptor::new(key.clone());
	let (r, s) = (fresh(set), fresh(set));
	let (a, b) = (encryptor.encrypt(900, &r), encryptor.encrypt(100, &s));
	for (x, y, value) in [(&a, &b, 800), (&b, &a, 0)] {
		let quotient = key.add(x, &key.invert(y).unwrap());
		let nonce = if value == 800 {
			r.nonce().sub(s.nonce())
		} else {
			s.nonce().sub(r.nonce())
		};
		if value == 800 {
			let c = encryptor.encrypt_opening(&Opening { value, nonce }).unwrap();
			assert_eq!(key.encode(&c), key.encode(&quotient));
		} else {
			// 100 - 900 is no amount, so only the nonces are compared: take the plaintext out again.
			let c = encryptor.encrypt_opening(&Opening { value: 0, nonce }).unwrap();
			let back = key.add(&quotient, &key.generator_power(&[800]));
			assert_eq!(key.encode(&c), key.encode(&back));
		}
	}
}

#[test]
fn under_its_nonce_a_ciphertext_shows_its_value() {
	for set in ParameterSet::ALL {
		let key = secret(set).public().clone();
		let (n, n2, h_s) = reference(&key);
		let encryptor = Encryptor::new(key.clone());
		let parse = |number: &BigUint| key.parse(&pad(number, set.ciphertext_bytes())).unwrap();
		let bytes = random(set.nonce_bits() / 8);
		let nonce = Nonce::from_uniform(&bytes);
		let mask = h_s.modpow(&BigUint::from_bytes_le(&bytes), &n2);
		let inverse = mask.modinv(&n2).unwrap();
		let holds = |value: BigUint, mask: &BigUint| (BigUint::one() + &n * value) * mask % &n2;
		for value in [0, 1, 1220, u64::from(u32::MAX), 1 << 32, u64::MAX] {
			let c = holds(value.into(), &mask);
			assert_eq!(encryptor.value_under(&parse(&c), &nonce), Some(value), "{set:?}");
			let c = holds(value.into(), &inverse);
			assert_eq!(
				encryptor.value_under(&parse(&c), &nonce.negate()),
				Some(value),
				"{set:?}"
			);
			let other = nonce.add(&Nonce::from_uniform(&[1]));
			assert_eq!(encryptor.value_under(&parse(&c), &other), None, "{set:?}");
		}
		// One more than an amount can be, minus one, and the minus sign that no proof sees.
		let large = holds(BigUint::one() << 64, &mask);
		let minus_one = holds(&n - 1u8, &mask);
		let negated = &n2 - holds(1220u64.into(), &mask);
		for c in [large, minus_one, negated] {
			assert_eq!(encryptor.value_under(&parse(&c), &nonce), None, "{set:?}");
		}
		let beyond = Nonce::from_uniform(&vec![0xFF; Nonce::encoded_len(set)]);
		assert_eq!(encryptor.value_under(&parse(&mask), &beyond), None, "{set:?}");
	}
}

#[test]
fn nonces_are_integers() {
	let set = ParameterSet::Paillier3072;
	let big = |nonce: &Nonce| BigInt::from_signed_bytes_le(&nonce.encode(set));
	let limit = BigInt::one() << set.nonce_limit_bits();
	for _ in 0..200 {
		let [a, b] = [(); 2].map(|_| rand_nonce(set));
		assert_eq!(big(&a.add(&b)), big(&a) + big(&b));
		assert_eq!(big(&a.sub(&b)), big(&a) - big(&b));
		assert_eq!(big(&a.negate().scale(1_000_003)), big(&a) * -1_000_003);
		assert_eq!(
			Nonce::decode(set, &a.negate().encode(set)).map(|x| big(&x)),
			Some(-big(&a))
		);
	}
	let edge = |value: &BigInt| {
		let mut bytes = value.to_signed_bytes_le();
		bytes.resize(
			Nonce::encoded_len(set),
			if value.sign() == Sign::Minus { 0xff } else { 0 },
		);
		Nonce::decode(set, &bytes).is_some()
	};
	assert!(
		edge(&(&limit - 1)) && edge(&-&limit),
		"the range's ends are in range"
	);
	assert!(!edge(&limit) && !edge(&(-&limit - 1)), "one beyond is not");
	assert!(Nonce::decode(set, &[0; 3]).is_none(), "a wrong length is refused");
}

fn rand_nonce(set: ParameterSet) -> Nonce {
	let bytes = random(set.nonce_bits() / 8);
	Nonce::from_uniform(&bytes)
}

#[test]
fn unacceptable_ciphertexts_are_refused_each_with_its_reason() {
	let set = ParameterSet::Paillier2048;
	let secret = secret(set);
	let key = secret.public();
	let (n, n2, _) = reference(key);
	let len = set.ciphertext_bytes();
	let [p, _] = secret.factors();
	let p = BigUint::from_bytes_be(&p);
	let parse = |number: &BigUint| key.parse(&pad(number, len)).map(|_| ());
	assert_eq!(parse(&BigUint::from(0u8)), Err(CiphertextError::Zero));
	assert_eq!(parse(&n), Err(CiphertextError::NotUnit));
	assert_eq!(parse(&p), Err(CiphertextError::NotUnit));
	assert_eq!(parse(&(&n2 - &p)), Err(CiphertextError::NotUnit));
	assert_eq!(parse(&n2), Err(CiphertextError::NotReduced));
	assert_eq!(parse(&(&n2 + 1u8)), Err(CiphertextError::NotReduced));
	assert_eq!(parse(&(&n2 - 1u8)), Ok(()));
	assert_eq!(parse(&BigUint::one()), Ok(()));
	assert_eq!(
		key.parse(&vec![1; len - 1]).map(|_| ()),
		Err(CiphertextError::Length)
	);
	assert_eq!(
		key.parse(&vec![1; len + 1]).map(|_| ()),
		Err(CiphertextError::Length)
	);
	let good = pad(&BigUint::from(7u8), len);
	let bad = pad(&p, len);
	assert_eq!(
		key.parse_all([&good[..], &bad, &good]).map(|_| ()),
		Err(CiphertextError::NotUnit),
		"one bad among good ones"
	);
}

#[test]
fn malformed_keys_are_refused() {
	let key = secret(ParameterSet::Paillier2048).public().clone();
	let modulus = key.modulus_bytes();
	let from = |bytes: &[u8]| PublicKey::from_modulus(bytes).map(|_| ());
	assert_eq!(from(&modulus[1..]), Err(KeyError::Length));
	let mut even = modulus.clone();
	even[255] ^= 1;
	assert_eq!(from(&even), Err(KeyError::Even));
	let mut short = modulus.clone();
	short[0] &= 0x7f;
	assert_eq!(from(&short), Err(KeyError::TopBit));
	let [p, q] = secret(ParameterSet::Paillier2048).factors();
	assert_eq!(
		SecretKey::from_factors(&p, &p).map(|_| ()),
		Err(SecretKeyError::Factors)
	);
	assert_eq!(
		SecretKey::from_factors(&p, &q[1..]).map(|_| ()),
		Err(SecretKeyError::Length)
	);
}

#[test]
fn roots_are_roots() {
	let secret = secret(ParameterSet::Paillier2048);
	let n = BigUint::from_bytes_be(&secret.public().modulus_bytes());
	let x = BigUint::from_bytes_be(&random(300)) % &n;
	let root = secret.nth_root(&x).unwrap();
	assert_eq!(root.modpow(&n, &n), x);
}

/// `N^-1 mod lcm(p-1, q-1)`, by Euclid's algorithm on big integers.
fn root_exponent(secret: &SecretKey) -> BigUint {
	let [p, q] = secret
		.factors()
		.map(|factor| BigInt::from_bytes_be(Sign::Plus, &factor));
	let order = (p.clone() - 1u8).lcm(&(q.clone() - 1u8));
	let (mut exponent, mut next) = (BigInt::one(), BigInt::from(0u8));
	let (mut a, mut b) = (&p * &q % &order, order.clone());
	while b != BigInt::from(0u8) {
		let quotient = &a / &b;
		(a, b) = (b.clone(), a - &quotient * &b);
		(exponent, next) = (next.clone(), exponent - &quotient * &next);
	}
	assert_eq!(a, BigInt::one());
	exponent.mod_floor(&order).to_biguint().unwrap()
}

#[test]
fn value_and_root_of_a_ciphertext_are_those_that_it_was_made_of() {
	for set in ParameterSet::ALL {
		let secret = secret(set);
		let key = secret.public();
		let (n, n2, _) = reference(key);
		let (len, exponent) = (set.ciphertext_bytes(), root_exponent(&secret));
		let small = [BigUint::one(), BigUint::from(2u8), &n - 1u8];
		let roots = small
			.into_iter()
			.chain((0..4).map(|_| BigUint::from_bytes_be(&random(len)) % &n));
		for (value, u) in [0, 1, 1220, u64::MAX].into_iter().cycle().zip(roots) {
			let c = (BigUint::one() + &n * value) * u.modpow(&n, &n2) % &n2;
			let root = secret.root_of(&pad(&c, len)).unwrap().unwrap();
			assert_eq!(root.as_bytes(), pad(&u, len / 2), "{set:?}, {value}");
			assert_eq!(secret.decrypt_amount(&pad(&c, len)), Ok(Some(value)));
			// The definition, with the plaintext taken out first.
			let rest = c * (&n2 + BigUint::one() - &n * value) % &n2;
			assert_eq!((rest % &n).modpow(&exponent, &n), u, "{set:?}, {value}");
		}
	}
}

#[test]
fn value_and_root_together_give_the_ciphertext_and_no_others_do() {
	for set in ParameterSet::ALL {
		let secret = secret(set);
		let key = secret.public();
		let (n, n2, _) = reference(key);
		let encryptor = Encryptor::new(key.clone());
		let c = key.encode(&encryptor.encrypt(1220, &fresh(set)));
		let told = secret.root_of(&c).unwrap().unwrap();
		let root = key.parse_root(told.as_bytes()).unwrap();
		assert_eq!(key.encode(&key.compose(&[1220], &root)), c);
		assert_ne!(key.encode(&key.compose(&[1221], &root)), c);
		let other = BigUint::from_bytes_be(told.as_bytes()) + 1u8;
		let other = key.parse_root(&pad(&other, set.modulus_bytes())).unwrap();
		assert_ne!(key.encode(&key.compose(&[1220], &other)), c);
		// What decrypts alike and is another ciphertext has another root.
		let negated = pad(&(&n2 - BigUint::from_bytes_be(&c)), c.len());
		let negated = secret.root_of(&negated).unwrap().unwrap();
		assert_eq!(
			BigUint::from_bytes_be(negated.as_bytes()) + BigUint::from_bytes_be(told.as_bytes()),
			n
		);
		// A plaintext as long as N.
		let minus_one = (&n - 1u8).to_u64_digits();
		let c = key.compose(&minus_one, &root);
		assert_eq!(secret.decrypt(&key.encode(&c)), Ok(&n - 1u8));
		assert_eq!(
			secret.root_of(&key.encode(&c)).unwrap().unwrap().as_bytes(),
			told.as_bytes()
		);
	}
}

#[test]
fn what_is_no_ciphertext_has_no_root() {
	let secret = secret(ParameterSet::Paillier2048);
	let (_, n2, _) = reference(secret.public());
	let [p, _] = secret.factors();
	let root_of = |bytes: &[u8]| secret.root_of(bytes).err();
	assert_eq!(root_of(&[0; 512]), Some(CiphertextError::Zero));
	assert_eq!(root_of(&[1; 511]), Some(CiphertextError::Length));
	assert_eq!(root_of(&pad(&n2, 512)), Some(CiphertextError::NotReduced));
	let factor = pad(&BigUint::from_bytes_be(&p), 512);
	assert_eq!(root_of(&factor), Some(CiphertextError::NotUnit));
}

#[test]
fn ciphertexts_encode_in_a_fixed_length() {
	use codec::{Decode, Encode};
	let c = Ciphertext2048::ONE;
	assert_eq!(c.encode().len(), 512);
	assert_eq!(Ciphertext2048::decode(&mut &c.encode()[..]), Ok(c.clone()));
	assert!(Ciphertext2048::decode(&mut &c.encode()[1..]).is_err());
	let json = serde_json::to_string(&c).unwrap();
	assert_eq!(serde_json::from_str::<Ciphertext2048>(&json).unwrap(), c);
	assert!(serde_json::from_str::<Ciphertext2048>("\"0x01\"").is_err());
}
