//! The soundness argument on parameters so small that everything is tried.
//!
//! What the two groups leave of a proof about one value: `V` holds an integer `v` in `[0, R)` (the Bulletproof), the
//! ciphertext a plaintext `x` modulo `N`; the first message is `a` modulo `ℓ` (in `T`) and `b` modulo `N` (in `A`). A
//! response to the challenge `e` is an integer `z` in `[0, bound)` with `z ≡ a - e·v (mod ℓ)` and `z ≡ b - e·x (mod N)`.
//! A false statement (`x ≠ v`) must not have responses to two challenges. Nothing of our code is called here: it is
//! the argument in the crate's documentation that is tested, and the part that the bound plays in it.

/// Small parameters: challenges in `[0, challenges)`, values in `[0, values)`.
struct Toy {
	order: u64,
	modulus: u64,
	challenges: u64,
	values: u64,
}

/// `ℓ > bound + values·challenges`, as `2^252 > 2^250 + 2^193`; every difference of challenges is coprime to `N`.
const TOY: Toy = Toy {
	order: 61,
	modulus: 11 * 13,
	challenges: 8,
	values: 3,
};

impl Toy {
	/// The largest bound for which the argument holds: `|Δz| < bound` and `|v·Δe| ≤ (values-1)·(challenges-1)`.
	fn safe_bound(&self) -> u64 {
		self.order - (self.values - 1) * (self.challenges - 1)
	}

	/// The integer below `ℓ·N` with these residues, for all pairs.
	fn integers(&self) -> Vec<Vec<u64>> {
		let mut table = vec![vec![0; self.modulus as usize]; self.order as usize];
		for z in 0..self.order * self.modulus {
			table[(z % self.order) as usize][(z % self.modulus) as usize] = z;
		}
		table
	}

	/// The most challenges that one first message answers for a plaintext `x` under `V = v`.
	fn best_of(&self, integers: &[Vec<u64>], v: u64, x: u64, bound: u64) -> usize {
		let mut best = 0;
		for a in 0..self.order {
			for b in 0..self.modulus {
				let answered = (0..self.challenges)
					.filter(|e| {
						let in_order = (a + self.order * self.challenges - e * v) % self.order;
						let in_modulus = (b + self.modulus * self.challenges - e * x) % self.modulus;
						integers[in_order as usize][in_modulus as usize] < bound
					})
					.count();
				best = best.max(answered);
			}
		}
		best
	}

	/// For every false statement, the most challenges that one first message answers.
	fn false_statements(&self, bound: u64) -> Vec<(u64, u64, usize)> {
		let integers = self.integers();
		let mut out = Vec::new();
		for v in 0..self.values {
			for x in (0..self.modulus).filter(|x| *x != v) {
				out.push((v, x, self.best_of(&integers, v, x, bound)));
			}
		}
		out
	}

	/// `1/d` modulo `N`.
	fn inverse(&self, d: u64) -> u64 {
		(1..self.modulus)
			.find(|x| x * d % self.modulus == 1)
			.expect("coprime")
	}
}

#[test]
fn true_statements_pass_at_every_challenge() {
	let integers = TOY.integers();
	for v in 0..TOY.values {
		let best = TOY.best_of(&integers, v, v, TOY.safe_bound());
		assert_eq!(best, TOY.challenges as usize, "{v}");
	}
}

#[test]
fn with_the_bound_no_false_statement_answers_two_challenges() {
	for (v, x, best) in TOY.false_statements(TOY.safe_bound()) {
		assert!(best <= 1, "V = {v}, plaintext {x}: {best} challenges");
	}
}

#[test]
fn without_the_bound_a_fraction_passes_at_half_the_challenges_and_anything_at_all_of_them() {
	let integers = TOY.integers();
	// Room for e/2·ℓ beside the rest: the fraction v + ℓ/2.
	let wide = TOY.order * (TOY.challenges / 2) + TOY.safe_bound();
	for v in 0..TOY.values {
		let x = (v + TOY.order * TOY.inverse(2)) % TOY.modulus;
		assert!(x != v);
		assert!(
			TOY.best_of(&integers, v, x, wide) >= TOY.challenges as usize / 2,
			"V = {v}, plaintext {x}"
		);
		assert_eq!(
			TOY.best_of(&integers, v, x, TOY.safe_bound()),
			1,
			"V = {v}, plaintext {x}"
		);
		let x = (v + TOY.order * TOY.inverse(3)) % TOY.modulus;
		assert!(
			TOY.best_of(&integers, v, x, wide) >= TOY.challenges.div_ceil(3) as usize,
			"V = {v}, plaintext {x}"
		);
	}
	for (v, x, best) in TOY.false_statements(TOY.order * TOY.modulus) {
		assert_eq!(best, TOY.challenges as usize, "V = {v}, plaintext {x}");
	}
}

#[test]
fn the_bound_is_needed_and_no_wider_one_serves() {
	// One more than the argument allows, and some false statement answers two challenges.
	let beyond = TOY.false_statements(TOY.safe_bound() + 1);
	assert!(beyond.iter().any(|(_, _, best)| *best >= 2));
}

#[test]
fn a_smaller_group_lets_fractions_pass_under_the_same_bound() {
	let bound = TOY.safe_bound();
	// ℓ below bound / (challenges/2): e/2 wraps fit below the same bound.
	let small = Toy { order: 7, ..TOY };
	let integers = small.integers();
	let x = small.order * small.inverse(2) % small.modulus;
	assert!(small.best_of(&integers, 0, x, bound) >= small.challenges as usize / 2);
}
