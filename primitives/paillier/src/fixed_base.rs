//! Exponentiation of one base, known in advance, by a comb (Lim and Lee, 1994).

use crate::{
	limbs::Limb,
	square_ring::{bits_at, Residue, SquareRing},
};
use alloc::vec::Vec;

/// A comb table for one base: `teeth` bits of the exponent are taken at once, `a` bits apart; the `a` columns are
/// divided into `blocks` of `b` columns that share their squarings.
///
/// A power takes `teeth⁻¹·bits` products and `b` squarings.
#[derive(Clone)]
pub struct FixedBase {
	teeth: usize,
	blocks: usize,
	/// `a`: columns in all, which is the distance between two teeth.
	columns: usize,
	/// `b`: columns in a block.
	rounds: usize,
	/// For each block `j` and each set of teeth `I`: the product over `i` in `I` of `base^(2^(i·a + j·b))`.
	table: Vec<Limb>,
	width: usize,
}

impl FixedBase {
	/// The comb of `base` for exponents of at most `bits` bits.
	pub fn new(ring: &SquareRing, base: &Residue, bits: usize, teeth: usize, blocks: usize) -> Self {
		let columns = bits.div_ceil(teeth);
		let rounds = columns.div_ceil(blocks);
		let width = base.limbs().len();
		let mut table = alloc::vec![0; (blocks << teeth) * width];
		let mut power = base.clone();
		let mut at = 0;
		let mut powers = Vec::with_capacity(teeth * blocks);
		for tooth in 0..teeth {
			for block in 0..blocks {
				let wanted = tooth * columns + block * rounds;
				while at < wanted {
					ring.square_in_place(&mut power);
					at += 1;
				}
				powers.push(power.clone());
			}
		}
		for block in 0..blocks {
			let entries = &mut table[(block << teeth) * width..((block + 1) << teeth) * width];
			entries[..width].copy_from_slice(ring.one().limbs());
			for tooth in 0..teeth {
				let factor = &powers[tooth * blocks + block];
				let (known, new) = entries.split_at_mut((1 << tooth) * width);
				for (old, out) in known.chunks(width).zip(new.chunks_mut(width)) {
					ring.mul_limbs(out, old, factor.limbs());
				}
			}
		}
		Self {
			teeth,
			blocks,
			columns,
			rounds,
			table,
			width,
		}
	}

	/// Squarings of one power.
	pub(crate) fn rounds(&self) -> usize {
		self.rounds
	}

	/// Bytes of the table.
	pub fn table_bytes(&self) -> usize {
		core::mem::size_of_val(&self.table[..])
	}

	/// The bits of `exponent` under the teeth in block `block`, column `column`.
	fn digit(&self, exponent: &[Limb], block: usize, column: usize) -> Limb {
		let offset = block * self.rounds + column;
		if offset >= self.columns {
			return 0;
		}
		(0..self.teeth).fold(0, |digit, tooth| {
			digit | (bits_at(exponent, tooth * self.columns + offset, 1) << tooth)
		})
	}

	/// Hands `multiply` the table entries of column `column`, for a public exponent.
	#[inline(always)]
	pub(crate) fn each_public(&self, exponent: &[Limb], column: usize, multiply: &mut impl FnMut(&[Limb])) {
		if column >= self.rounds {
			return;
		}
		for block in 0..self.blocks {
			let digit = self.digit(exponent, block, column) as usize;
			if digit != 0 {
				let start = ((block << self.teeth) + digit) * self.width;
				multiply(&self.table[start..start + self.width]);
			}
		}
	}

	/// `base^exponent` for a secret exponent: the same operations and addresses for every exponent below `2^bits`.
	pub fn pow_secret(&self, ring: &SquareRing, exponent: &[Limb]) -> Residue {
		let mut acc = ring.one().clone();
		let mut next = ring.one().clone();
		let mut picked = zeroize::Zeroizing::new(alloc::vec![0; self.width]);
		for column in (0..self.rounds).rev() {
			if column + 1 != self.rounds {
				ring.square_in_place(&mut acc);
			}
			for block in 0..self.blocks {
				let entries =
					&self.table[(block << self.teeth) * self.width..((block + 1) << self.teeth) * self.width];
				let entry = |i: usize| &entries[i * self.width..(i + 1) * self.width];
				ring.select(
					&mut picked,
					1 << self.teeth,
					entry,
					self.digit(exponent, block, column),
				);
				let (out, a) = (&mut next, &acc);
				ring.mul_slices(out, a, &picked);
				core::mem::swap(&mut acc, &mut next);
			}
		}
		acc
	}
}
