//! Products of limbs on x86-64 processors with two chains of carries (ADX) and a multiplication that touches no flag (BMI2).
//!
//! Numbers are those of [`crate::limbs`]; only how they are multiplied differs. A *strip* is the product of eight limbs with
//! a number of any multiple of eight limbs, added to an accumulator. Eight registers are a window that slides over the
//! accumulator: each row multiplies the eight limbs by one more, adds low words along one chain of carries and high words
//! along the other, and lets the lowest limb leave the window. Both chains end within their row, since what slides on is
//! below `2^512`:
//!
//! ```text
//! (2^512 - 1) + (2^512 - 1)·(2^64 - 1)  <  2^64 · 2^512
//! ```
//!
//! Every eight rows the next eight limbs of the accumulator are added to the window, whose carry waits in memory for the
//! next eight.
//!
//! Time depends on lengths only: the one branch counts blocks of rows, and no address hangs on a limb.

// Assembly and the promise that the processor has its instructions are what this module is for. Each block says why it
// holds.
#![allow(unsafe_code)]

use crate::limbs::{mask, Arithmetic, Limb, MAX_LIMBS};
use core::{arch::asm, mem::offset_of};

/// Limbs of a strip, and rows of a block.
const BLOCK: usize = 8;

/// A processor that has the instructions: a value exists only where [`Adx::detect`] found them.
#[derive(Clone, Copy)]
pub(crate) struct Adx(());

/// What a strip reads and writes beside the accumulator, in the order in which the assembly finds it.
#[repr(C)]
struct Strip {
	/// The limbs multiplied.
	limbs: [Limb; BLOCK],
	/// What they are multiplied by: the next block of it.
	digits: *const Limb,
	/// Blocks that are left.
	blocks: usize,
	/// The carry out of the window.
	carry: Limb,
	/// The carry out of the accumulator's part above the strip before this one, at the weight of this one's last eight limbs.
	top: Limb,
	/// `-n^-1 mod 2^64`.
	negated_inverse: Limb,
	/// The lowest limbs of the modulus.
	modulus: [Limb; BLOCK],
}

/// One product of a row: `rdx` times the limb at `$base + $at`, its low word added to `$low` and its high word to `$high`.
#[rustfmt::skip]
macro_rules! step {
	($base:literal, $at:literal, $low:literal, $high:literal) => {
		concat!(
			"mulx rcx, rax, [rsi + ", $base, " + ", $at, "]\n",
			"adcx ", $low, ", rax\n",
			"adox ", $high, ", rcx\n",
		)
	};
}

/// The last product of a row, and the end of both chains. The register of the limb that left takes the highest.
#[rustfmt::skip]
macro_rules! row_end {
	($base:literal, $w0:literal, $w7:literal) => {
		concat!(
			"mulx ", $w0, ", rax, [rsi + ", $base, " + 56]\n",
			"adcx ", $w7, ", rax\n",
			"mov eax, 0\n",
			"adox ", $w0, ", rax\n",
			"adcx ", $w0, ", rax\n",
		)
	};
}

/// The products of a row but the first, after which the lowest limb leaves.
#[rustfmt::skip]
macro_rules! row_tail {
	($base:literal, $w0:literal, $w1:literal, $w2:literal, $w3:literal, $w4:literal, $w5:literal, $w6:literal, $w7:literal) => {
		concat!(
			step!($base, 8, $w1, $w2),
			step!($base, 16, $w2, $w3),
			step!($base, 24, $w3, $w4),
			step!($base, 32, $w4, $w5),
			step!($base, 40, $w5, $w6),
			step!($base, 48, $w6, $w7),
			row_end!($base, $w0, $w7),
		)
	};
}

/// A row of a product: the digit at `$at`, whose limb of the accumulator leaves the window.
#[rustfmt::skip]
macro_rules! row {
	($at:literal, $w0:literal $(, $w:literal)*) => {
		concat!(
			"mov rdx, [rsi + {digits}]\n",
			"mov rdx, [rdx + ", $at, "]\n",
			"xor eax, eax\n",
			row_head!("{limbs}", $w0 $(, $w)*),
			"mov [rdi + ", $at, "], ", $w0, "\n",
			row_tail!("{limbs}", $w0 $(, $w)*),
		)
	};
}

/// A row of a reduction: the digit of the quotient, kept at `$at`, is the one that makes the limb zero that leaves.
#[rustfmt::skip]
macro_rules! reducing_row {
	($at:literal, $w0:literal $(, $w:literal)*) => {
		concat!(
			"mov rdx, ", $w0, "\n",
			"imul rdx, [rsi + {negated_inverse}]\n",
			"mov [rsi + {limbs} + ", $at, "], rdx\n",
			"xor eax, eax\n",
			row_head!("{modulus}", $w0 $(, $w)*),
			row_tail!("{modulus}", $w0 $(, $w)*),
		)
	};
}

/// The first product of a row.
macro_rules! row_head {
	($base:literal, $w0:literal, $w1:literal $(, $w:literal)*) => {
		step!($base, 0, $w0, $w1)
	};
}

/// Eight rows: the window returns to the registers in which it began.
macro_rules! rows {
	($row:ident) => {
		concat!(
			$row!(0, "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
			$row!(8, "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r8"),
			$row!(16, "r10", "r11", "r12", "r13", "r14", "r15", "r8", "r9"),
			$row!(24, "r11", "r12", "r13", "r14", "r15", "r8", "r9", "r10"),
			$row!(32, "r12", "r13", "r14", "r15", "r8", "r9", "r10", "r11"),
			$row!(40, "r13", "r14", "r15", "r8", "r9", "r10", "r11", "r12"),
			$row!(48, "r14", "r15", "r8", "r9", "r10", "r11", "r12", "r13"),
			$row!(56, "r15", "r8", "r9", "r10", "r11", "r12", "r13", "r14"),
		)
	};
}

/// A row of a square: the products of the digit at `$at`, itself one of the limbs, with the limbs behind it. `$step`s are
/// those of their registers; the limb that leaves is none of them.
#[rustfmt::skip]
macro_rules! own_row {
	($at:literal, $w0:literal, $w7:literal $(, $step:expr)*) => {
		concat!(
			"mov rdx, [rsi + {limbs} + ", $at, "]\n",
			"xor eax, eax\n",
			"mov [rdi + ", $at, "], ", $w0, "\n",
			$($step,)*
			row_end!("{limbs}", $w0, $w7),
		)
	};
}

/// The eight rows of a square: every product of two different limbs once.
#[rustfmt::skip]
macro_rules! own_rows {
	() => {
		concat!(
			own_row!(0, "r8", "r15",
				step!("{limbs}", 8, "r9", "r10"),
				step!("{limbs}", 16, "r10", "r11"),
				step!("{limbs}", 24, "r11", "r12"),
				step!("{limbs}", 32, "r12", "r13"),
				step!("{limbs}", 40, "r13", "r14"),
				step!("{limbs}", 48, "r14", "r15")),
			own_row!(8, "r9", "r8",
				step!("{limbs}", 16, "r11", "r12"),
				step!("{limbs}", 24, "r12", "r13"),
				step!("{limbs}", 32, "r13", "r14"),
				step!("{limbs}", 40, "r14", "r15"),
				step!("{limbs}", 48, "r15", "r8")),
			own_row!(16, "r10", "r9",
				step!("{limbs}", 24, "r13", "r14"),
				step!("{limbs}", 32, "r14", "r15"),
				step!("{limbs}", 40, "r15", "r8"),
				step!("{limbs}", 48, "r8", "r9")),
			own_row!(24, "r11", "r10",
				step!("{limbs}", 32, "r15", "r8"),
				step!("{limbs}", 40, "r8", "r9"),
				step!("{limbs}", 48, "r9", "r10")),
			own_row!(32, "r12", "r11",
				step!("{limbs}", 40, "r9", "r10"),
				step!("{limbs}", 48, "r10", "r11")),
			own_row!(40, "r13", "r12",
				step!("{limbs}", 48, "r11", "r12")),
			own_row!(48, "r14", "r13"),
			"mov [rdi + 56], r15\n",
			"mov r15d, 0\n",
		)
	};
}

/// The accumulator's next eight limbs added to the window, with the carry that waited.
macro_rules! take {
	() => {
		concat!(
			"mov rax, [rsi + {carry}]\n",
			"add rax, -1\n",
			"adc r8, [rdi]\n",
			"adc r9, [rdi + 8]\n",
			"adc r10, [rdi + 16]\n",
			"adc r11, [rdi + 24]\n",
			"adc r12, [rdi + 32]\n",
			"adc r13, [rdi + 40]\n",
			"adc r14, [rdi + 48]\n",
			"adc r15, [rdi + 56]\n",
			"setc al\n",
			"movzx eax, al\n",
			"mov [rsi + {carry}], rax\n",
		)
	};
}

/// From a window on: the blocks of rows that are left, and the window added to the accumulator at its end.
macro_rules! slide {
	() => {
		concat!(
			"cmp qword ptr [rsi + {blocks}], 0\n",
			"je 3f\n",
			"2:\n",
			take!(),
			rows!(row),
			"add qword ptr [rsi + {digits}], 64\n",
			"add rdi, 64\n",
			"dec qword ptr [rsi + {blocks}]\n",
			"jnz 2b\n",
			"3:\n",
			// Both flags from the two carries: 2^31 - 1 overflows with one more and does not carry, then -1 carries with one more.
			"mov eax, 0x7fffffff\n",
			"add eax, [rsi + {top}]\n",
			"mov rax, -1\n",
			"adcx rax, [rsi + {carry}]\n",
			"mov ecx, 0\n",
			last!(0, "r8"),
			last!(8, "r9"),
			last!(16, "r10"),
			last!(24, "r11"),
			last!(32, "r12"),
			last!(40, "r13"),
			last!(48, "r14"),
			last!(56, "r15"),
			"mov eax, 0\n",
			"adcx rax, rcx\n",
			"adox rax, rcx\n",
			"mov [rsi + {top}], rax\n",
		)
	};
}

/// One limb of the window added to the accumulator's, with both carries; `rcx` is zero.
#[rustfmt::skip]
macro_rules! last {
	($at:literal, $w:literal) => {
		concat!(
			"adcx ", $w, ", [rdi + ", $at, "]\n",
			"adox ", $w, ", rcx\n",
			"mov [rdi + ", $at, "], ", $w, "\n",
		)
	};
}

/// Two limbs doubled, with the square of the limb at `$at` added.
#[rustfmt::skip]
macro_rules! double {
	($at:literal, $low:literal, $high:literal) => {
		concat!(
			"mov rdx, [rsi + ", $at, "]\n",
			"mulx r9, r8, rdx\n",
			"mov rax, [rdi + ", $low, "]\n",
			"adcx rax, rax\n",
			"adox rax, r8\n",
			"mov [rdi + ", $low, "], rax\n",
			"mov rax, [rdi + ", $high, "]\n",
			"adcx rax, rax\n",
			"adox rax, r9\n",
			"mov [rdi + ", $high, "], rax\n",
		)
	};
}

/// One limb of a difference.
#[rustfmt::skip]
macro_rules! difference {
	($at:literal) => {
		concat!(
			"mov {word}, [{a} + ", $at, "]\n",
			"sbb {word}, [{n} + ", $at, "]\n",
			"mov [{out} + ", $at, "], {word}\n",
		)
	};
}

impl Adx {
	/// The arithmetic for numbers of this many limbs, if this processor and this module have one.
	pub(crate) fn detect(len: usize) -> Option<Self> {
		(len > 0
			&& len.is_multiple_of(BLOCK)
			&& std::arch::is_x86_feature_detected!("adx")
			&& std::arch::is_x86_feature_detected!("bmi2"))
		.then_some(Self(()))
	}

	/// `accumulator ← accumulator + strip.limbs·digits`, and `strip.top` added at the weight of the last eight limbs. The
	/// carry out becomes `strip.top`.
	#[inline(never)]
	fn multiply(self, strip: &mut Strip, digits: &[Limb], accumulator: &mut [Limb]) {
		assert!(digits.len().is_multiple_of(BLOCK));
		assert!(accumulator.len() == digits.len() + BLOCK);
		strip.prepare(digits);
		// SAFETY: `self` says that the processor has ADX and BMI2. `rsi` points to a `Strip`, of which fields are read and
		// written at their own offsets. Each of the `blocks` rounds reads eight digits and reads and writes eight limbs of
		// the accumulator, and the eight behind them are read and written at the end: the lengths asserted. The references
		// keep the three apart. Registers that are written are named, the flags are not promised to be kept, the stack is
		// not used.
		unsafe {
			asm!(
				"xor r8d, r8d",
				"xor r9d, r9d",
				"xor r10d, r10d",
				"xor r11d, r11d",
				"xor r12d, r12d",
				"xor r13d, r13d",
				"xor r14d, r14d",
				"xor r15d, r15d",
				slide!(),
				limbs = const offset_of!(Strip, limbs),
				digits = const offset_of!(Strip, digits),
				blocks = const offset_of!(Strip, blocks),
				carry = const offset_of!(Strip, carry),
				top = const offset_of!(Strip, top),
				in("rsi") &raw mut *strip,
				inout("rdi") accumulator.as_mut_ptr() => _,
				out("rax") _, out("rcx") _, out("rdx") _,
				out("r8") _, out("r9") _, out("r10") _, out("r11") _,
				out("r12") _, out("r13") _, out("r14") _, out("r15") _,
				options(nostack),
			);
		}
	}

	/// `accumulator ← accumulator + strip.limbs·digits·2^512` and the products of two different limbs of the strip, each
	/// once; carries as in [`Adx::multiply`].
	#[inline(never)]
	fn multiply_itself(self, strip: &mut Strip, digits: &[Limb], accumulator: &mut [Limb]) {
		assert!(digits.len().is_multiple_of(BLOCK));
		assert!(accumulator.len() == digits.len() + 2 * BLOCK);
		strip.prepare(digits);
		// SAFETY: as in `multiply`, with eight limbs of the accumulator read and written before the rounds begin behind
		// them.
		unsafe {
			asm!(
				"xor r8d, r8d",
				"xor r9d, r9d",
				"xor r10d, r10d",
				"xor r11d, r11d",
				"xor r12d, r12d",
				"xor r13d, r13d",
				"xor r14d, r14d",
				"xor r15d, r15d",
				take!(),
				own_rows!(),
				"add rdi, 64",
				slide!(),
				limbs = const offset_of!(Strip, limbs),
				digits = const offset_of!(Strip, digits),
				blocks = const offset_of!(Strip, blocks),
				carry = const offset_of!(Strip, carry),
				top = const offset_of!(Strip, top),
				in("rsi") &raw mut *strip,
				inout("rdi") accumulator.as_mut_ptr() => _,
				out("rax") _, out("rcx") _, out("rdx") _,
				out("r8") _, out("r9") _, out("r10") _, out("r11") _,
				out("r12") _, out("r13") _, out("r14") _, out("r15") _,
				options(nostack),
			);
		}
	}

	/// Eight steps of Montgomery reduction: the multiple of the modulus that makes the eight lowest limbs of the accumulator
	/// zero is added to the others; carries as in [`Adx::multiply`]. The lowest limbs themselves are left as they are. The
	/// digits of the quotient become `strip.limbs`.
	#[inline(never)]
	fn reduce_block(self, strip: &mut Strip, modulus: &[Limb], accumulator: &mut [Limb]) {
		assert!(modulus.len() >= BLOCK && modulus.len().is_multiple_of(BLOCK));
		assert!(accumulator.len() == modulus.len() + BLOCK);
		strip.prepare(&modulus[BLOCK..]);
		// SAFETY: as in `multiply`, with eight limbs of the accumulator read before the rounds begin behind them.
		unsafe {
			asm!(
				"mov r8, [rdi]",
				"mov r9, [rdi + 8]",
				"mov r10, [rdi + 16]",
				"mov r11, [rdi + 24]",
				"mov r12, [rdi + 32]",
				"mov r13, [rdi + 40]",
				"mov r14, [rdi + 48]",
				"mov r15, [rdi + 56]",
				rows!(reducing_row),
				"add rdi, 64",
				slide!(),
				limbs = const offset_of!(Strip, limbs),
				digits = const offset_of!(Strip, digits),
				blocks = const offset_of!(Strip, blocks),
				carry = const offset_of!(Strip, carry),
				top = const offset_of!(Strip, top),
				negated_inverse = const offset_of!(Strip, negated_inverse),
				modulus = const offset_of!(Strip, modulus),
				in("rsi") &raw mut *strip,
				inout("rdi") accumulator.as_mut_ptr() => _,
				out("rax") _, out("rcx") _, out("rdx") _,
				out("r8") _, out("r9") _, out("r10") _, out("r11") _,
				out("r12") _, out("r13") _, out("r14") _, out("r15") _,
				options(nostack),
			);
		}
	}

	/// `out ← 2·out + Σ a_i²·2^(128·i)`.
	#[inline(never)]
	fn double_and_add_squares(self, out: &mut [Limb], a: &[Limb]) {
		assert!(!a.is_empty() && a.len().is_multiple_of(4));
		assert!(out.len() == 2 * a.len());
		// SAFETY: `self` says that the processor has ADX and BMI2. Each of the rounds, at least one, reads four limbs of `a`
		// and reads and writes eight of `out`: the lengths asserted. Registers that are written are named, the flags are not
		// promised to be kept, the stack is not used.
		unsafe {
			asm!(
				// Both chains run through all rounds: nothing between them touches a flag.
				"xor eax, eax",
				"2:",
				double!(0, 0, 8),
				double!(8, 16, 24),
				double!(16, 32, 40),
				double!(24, 48, 56),
				"lea rsi, [rsi + 32]",
				"lea rdi, [rdi + 64]",
				"lea rcx, [rcx - 1]",
				"jrcxz 3f",
				"jmp 2b",
				"3:",
				inout("rsi") a.as_ptr() => _,
				inout("rdi") out.as_mut_ptr() => _,
				inout("rcx") a.len() / 4 => _,
				out("rax") _, out("rdx") _, out("r8") _, out("r9") _,
				options(nostack),
			);
		}
	}
}

impl Strip {
	fn new() -> Self {
		Self {
			limbs: [0; BLOCK],
			digits: core::ptr::null(),
			blocks: 0,
			carry: 0,
			top: 0,
			negated_inverse: 0,
			modulus: [0; BLOCK],
		}
	}

	/// Before the first of its rows.
	fn prepare(&mut self, digits: &[Limb]) {
		self.digits = digits.as_ptr();
		self.blocks = digits.len() / BLOCK;
		self.carry = 0;
	}
}

impl Arithmetic for Adx {
	#[inline]
	fn mul_add(self, out: &mut [Limb], a: &[Limb], b: &[Limb]) -> Limb {
		let mut strip = Strip::new();
		for (i, limbs) in a.chunks_exact(BLOCK).enumerate() {
			strip.limbs.copy_from_slice(limbs);
			let at = i * BLOCK;
			self.multiply(&mut strip, b, &mut out[at..at + b.len() + BLOCK]);
		}
		strip.top
	}

	/// Products of different limbs once and doubled, then the square of each limb.
	#[inline]
	fn square(self, out: &mut [Limb], a: &[Limb]) {
		out.fill(0);
		let mut strip = Strip::new();
		for at in (0..a.len()).step_by(BLOCK) {
			let (limbs, behind) = a[at..].split_at(BLOCK);
			strip.limbs.copy_from_slice(limbs);
			self.multiply_itself(&mut strip, behind, &mut out[2 * at..at + a.len() + BLOCK]);
		}
		self.double_and_add_squares(out, a);
	}

	#[inline]
	fn reduce(self, t: &mut [Limb], quotient: &mut [Limb], modulus: &[Limb], negated_inverse: Limb) -> Limb {
		let len = modulus.len();
		let mut strip = Strip::new();
		strip.negated_inverse = negated_inverse;
		strip.modulus.copy_from_slice(&modulus[..BLOCK]);
		for (i, digits) in quotient[..len].chunks_exact_mut(BLOCK).enumerate() {
			let at = i * BLOCK;
			self.reduce_block(&mut strip, modulus, &mut t[at..at + len + BLOCK]);
			digits.copy_from_slice(&strip.limbs);
		}
		strip.top
	}
	/// The difference aside, and then one of the two.
	#[inline]
	fn sub_if_not_less(self, a: &mut [Limb], high: Limb, n: &[Limb]) -> (Limb, Limb) {
		let mut difference = [0; MAX_LIMBS];
		let difference = &mut difference[..a.len()];
		let mut borrow = 0;
		for ((out, a), n) in difference
			.chunks_exact_mut(BLOCK)
			.zip(a.chunks_exact(BLOCK))
			.zip(n.chunks_exact(BLOCK))
		{
			borrow = subtract_block(out, a, n, borrow);
		}
		let (lower, below) = high.overflowing_sub(borrow);
		let below = Limb::from(below);
		let keep = mask(below);
		for (x, y) in a.iter_mut().zip(difference.iter()) {
			*x = (*x & keep) | (*y & !keep);
		}
		((high & keep) | (lower & !keep), 1 ^ below)
	}
}

/// `out ← a - n - borrow` over eight limbs each, and the borrow.
#[inline(always)]
fn subtract_block(out: &mut [Limb], a: &[Limb], n: &[Limb], borrow: Limb) -> Limb {
	assert!(out.len() == BLOCK && a.len() == BLOCK && n.len() == BLOCK);
	let mut borrow = borrow;
	// SAFETY: eight limbs are read from `a` and `n` and written to `out`: the lengths asserted. Registers that are written
	// are named, the flags are not promised to be kept, the stack is not used. No instruction is beyond plain x86-64.
	unsafe {
		asm!(
			// The carry flag from the borrow.
			"neg {borrow}",
			difference!(0),
			difference!(8),
			difference!(16),
			difference!(24),
			difference!(32),
			difference!(40),
			difference!(48),
			difference!(56),
			"sbb {borrow}, {borrow}",
			"neg {borrow}",
			out = in(reg) out.as_mut_ptr(),
			a = in(reg) a.as_ptr(),
			n = in(reg) n.as_ptr(),
			borrow = inout(reg) borrow,
			word = out(reg) _,
			options(nostack),
		);
	}
	borrow
}

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::vec::Vec;
	use num_bigint::BigUint;
	use rand_core::{OsRng, RngCore};

	/// Lengths of the product, of the factors of its moduli, and others that are whole blocks.
	const LENGTHS: [usize; 6] = [8, 16, 24, 32, 40, 48];

	fn number(limbs: &[Limb]) -> BigUint {
		limbs
			.iter()
			.rev()
			.fold(BigUint::from(0u8), |acc, limb| (acc << 64) + *limb)
	}

	/// Nothing but ones, nothing, one at either end, random limbs, and limbs that are often all ones or zero, so that
	/// carries run far.
	fn samples(len: usize) -> Vec<Vec<Limb>> {
		let mut first = alloc::vec![0; len];
		first[0] = 1;
		let mut last = alloc::vec![0; len];
		last[len - 1] = 1 << 63;
		let mut all = alloc::vec![alloc::vec![Limb::MAX; len], alloc::vec![0; len], first, last];
		for i in 0..8 {
			all.push(
				(0..len)
					.map(|_| match OsRng.next_u32() % 4 {
						0 if i % 2 == 0 => Limb::MAX,
						1 if i % 2 == 0 => 0,
						_ => OsRng.next_u64(),
					})
					.collect(),
			);
		}
		all
	}

	fn each_length(test: impl Fn(Adx, usize)) {
		for len in LENGTHS {
			match Adx::detect(len) {
				Some(adx) => test(adx, len),
				None => println!("this processor lacks ADX or BMI2: nothing was tested"),
			}
		}
	}

	#[test]
	fn products_are_those_of_integers() {
		each_length(|adx, len| {
			for a in samples(len) {
				for b in samples(len) {
					let product = number(&a) * number(&b);
					for before in samples(2 * len) {
						let mut out = before.clone();
						let carry = adx.mul_add(&mut out, &a, &b);
						let sum = number(&out) + (BigUint::from(carry) << (128 * len));
						assert_eq!(sum, number(&before) + &product, "{len} limbs");
					}
					let mut out = alloc::vec![1; 2 * len];
					adx.mul(&mut out, &a, &b);
					assert_eq!(number(&out), product, "{len} limbs");
				}
			}
		});
	}

	#[test]
	fn squares_are_those_of_integers() {
		each_length(|adx, len| {
			for a in samples(len) {
				let mut out = alloc::vec![1; 2 * len];
				adx.square(&mut out, &a);
				assert_eq!(number(&out), number(&a).pow(2), "{len} limbs");
			}
		});
	}

	/// `t + m·n` is the high half times R, whatever `t` is.
	#[test]
	fn reduction_adds_the_multiple_that_it_says() {
		each_length(|adx, len| {
			for mut n in samples(len) {
				n[0] |= 1;
				let inverse = BigUint::from(n[0]).modinv(&(BigUint::from(1u8) << 64)).unwrap();
				let negated_inverse = inverse.to_u64_digits()[0].wrapping_neg();
				for before in samples(2 * len) {
					let (mut t, mut quotient) = (before.clone(), alloc::vec![0; len]);
					let carry = adx.reduce(&mut t, &mut quotient, &n, negated_inverse);
					let high = number(&t[len..]) + (BigUint::from(carry) << (64 * len));
					assert_eq!(
						high << (64 * len),
						number(&before) + number(&quotient) * number(&n),
						"{len} limbs"
					);
				}
			}
		});
	}

	#[test]
	fn conditional_subtraction_is_that_of_integers() {
		each_length(|adx, len| {
			for n in samples(len) {
				for before in samples(len).into_iter().chain([n.clone()]) {
					for high in [0, 1, 2] {
						let mut a = before.clone();
						let (left, subtracted) = adx.sub_if_not_less(&mut a, high, &n);
						let (value, n) = (number(&before) + (BigUint::from(high) << (64 * len)), number(&n));
						let expected = if value >= n { &value - &n } else { value.clone() };
						assert_eq!(number(&a) + (BigUint::from(left) << (64 * len)), expected);
						assert_eq!(subtracted == 1, value >= n);
					}
				}
			}
		});
	}

	#[test]
	fn lengths_that_are_no_whole_blocks_are_left_to_others() {
		for len in [0, 1, 15, 17, 20, 31, 33] {
			assert!(Adx::detect(len).is_none());
		}
	}
}
