//! A pallet's `weights.rs`.

use std::fmt::Write as _;

use crate::figures::{Figures, Line};

/// By how much what is measured is multiplied.
const FACTOR: u32 = 2;

/// The pallet whose weights depend on the size of key.
const KEYED: &str = "pallet_ecommerce";

const USES: &str = "
use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, Weight},
};
";

const USES_KEYED: &str = "use veilmart_confidential::PARAMETER_SET;
use veilmart_paillier::ParameterSet;
";

const TIME: &str = "
fn time(picoseconds: u64) -> Weight {
	Weight::from_parts(picoseconds.saturating_mul(FACTOR), 0)
}
";

const TIME_KEYED: &str = "
/// By how much again for the size of key: powers cost its third power, and nothing costs more. Measured is the smaller key.
const KEY: u64 = match PARAMETER_SET {
	ParameterSet::Paillier2048 => 1,
	ParameterSet::Paillier3072 => 4,
};

fn time(picoseconds: u64) -> Weight {
	Weight::from_parts(picoseconds.saturating_mul(FACTOR).saturating_mul(KEY), 0)
}
";

const IMPLEMENTATIONS: &str = "
/// The weights with the runtime's own database weights.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	measured!(T::DbWeight::get());
}

/// The weights with the figures of a disk database, for mocks.
impl WeightInfo for () {
	measured!(RocksDbWeight::get());
}
";

/// The file. rustfmt is for its caller.
pub fn of(pallet: &str, all: &[Figures], steps: u32, repeat: u32) -> String {
	let (uses, time) = if pallet == KEYED {
		(USES_KEYED, TIME_KEYED)
	} else {
		("", TIME)
	};
	let trait_functions: String = all
		.iter()
		.map(|figures| {
			format!(
				"\t/// `{}` in `benchmarking.rs`.\n\t{};\n",
				figures.name,
				signature(figures, "")
			)
		})
		.collect();
	let functions: Vec<String> = all.iter().map(function).collect();
	format!(
		"//! Weights of `{pallet}`, measured. `scripts/weights` writes this file; what somebody edits here is lost with the next run.
//!
//! Measured on {}, with {steps} steps and {repeat} repetitions.
//! A weight is {FACTOR} times the measured time, and the database's own weights for what was read and written.
{USES}{uses}
/// By how much every measured time is multiplied: for slower machines, and for worse moments than those of the measurement.
const FACTOR: u64 = {FACTOR};
{time}
/// What the benchmarks measure, by their names.
pub trait WeightInfo {{
{trait_functions}}}

macro_rules! measured {{
	($db:expr) => {{
{}	}};
}}
{IMPLEMENTATIONS}",
		processor(),
		functions.join("\n")
	)
}

/// A function with its components, the unused ones with a prefix.
fn signature(figures: &Figures, unused: &str) -> String {
	let lines = [&figures.time, &figures.reads, &figures.writes, &figures.proof];
	let parameters: Vec<_> = figures
		.components
		.iter()
		.map(|(name, ..)| {
			let used = lines
				.iter()
				.any(|line| line.slopes.iter().any(|(slope, _)| slope == name));
			format!("{}{name}: u32", if used { "" } else { unused })
		})
		.collect();
	format!("fn {}({}) -> Weight", figures.name, parameters.join(", "))
}

fn function(figures: &Figures) -> String {
	let mut out = String::new();
	for (name, low, high) in &figures.components {
		let _ = writeln!(out, "\t\t// {name} from {low} to {high}");
	}
	let _ = writeln!(out, "\t\t{} {{", signature(figures, "_"));
	let _ = writeln!(out, "\t\t\ttime({})", grouped(figures.time.base));
	for (name, slope) in &figures.time.slopes {
		let slope = grouped(*slope);
		let _ = writeln!(
			out,
			"\t\t\t\t.saturating_add(time({slope}).saturating_mul({name}.into()))"
		);
	}
	summands(&mut out, &figures.proof, |bytes| {
		format!("Weight::from_parts(0, {bytes})")
	});
	summands(&mut out, &figures.reads, |count| format!("$db.reads({count})"));
	summands(&mut out, &figures.writes, |count| format!("$db.writes({count})"));
	out.push_str("\t\t}\n");
	out
}

/// What a line adds to a weight.
fn summands(out: &mut String, line: &Line, weight: impl Fn(String) -> String) {
	if line.base > 0 {
		let base = weight(grouped(line.base));
		let _ = writeln!(out, "\t\t\t\t.saturating_add({base})");
	}
	for (name, slope) in &line.slopes {
		let slope = weight(grouped(*slope));
		let _ = writeln!(
			out,
			"\t\t\t\t.saturating_add({slope}.saturating_mul({name}.into()))"
		);
	}
}

/// A number with its thousands apart.
fn grouped(number: u128) -> String {
	let digits = number.to_string();
	let mut out = String::new();
	for (place, digit) in digits.chars().enumerate() {
		if place > 0 && (digits.len() - place).is_multiple_of(3) {
			out.push('_');
		}
		out.push(digit);
	}
	out
}

/// What measured, as Linux calls it. `veilmart-paillier` uses no AVX-512 IFMA here, whether the processor has it or not.
fn processor() -> String {
	let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	let name = about
		.lines()
		.find_map(|line| line.strip_prefix("model name")?.split_once(": "))
		.map_or("an unknown processor", |(_, name)| name.trim());
	format!("{name} without AVX-512 IFMA")
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn thousands_are_apart() {
		assert_eq!(grouped(7), "7");
		assert_eq!(grouped(123_456), "123_456");
		assert_eq!(grouped(1_000_000), "1_000_000");
	}

	#[test]
	fn a_function_adds_what_is_not_zero() {
		let slope = |slope| vec![("n".to_owned(), slope)];
		let figures = Figures {
			name: "hooks".into(),
			components: vec![("n".into(), 2, 100), ("x".into(), 0, 1)],
			time: Line {
				base: 12_345,
				slopes: slope(1_000),
			},
			reads: Line {
				base: 3,
				slopes: vec![],
			},
			writes: Line {
				base: 0,
				slopes: slope(2),
			},
			proof: Line::default(),
		};
		let expected = "\
\t\t// n from 2 to 100
\t\t// x from 0 to 1
\t\tfn hooks(n: u32, _x: u32) -> Weight {
\t\t\ttime(12_345)
\t\t\t\t.saturating_add(time(1_000).saturating_mul(n.into()))
\t\t\t\t.saturating_add($db.reads(3))
\t\t\t\t.saturating_add($db.writes(2).saturating_mul(n.into()))
\t\t}
";
		assert_eq!(function(&figures), expected);
	}
}
