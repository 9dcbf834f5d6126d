//! Blocks as full as their weight allows, measured.
//!
//! For each call of our pallets a block that holds as many of it as fit, put together from parts. Each part is done as often as
//! the block does it, and timed every time:
//!
//! - *calls*: the call's benchmark. It begins anew each time, so each is the worst case; its proof was seen before.
//! - *proofs*: the benchmark that verifies the call's proof, which nobody has seen before; or the one that authorizes a call that
//!   nobody signs.
//! - *transactions*: a whole block with so many remarks instead, of the call's length, signed, executed as an importing node
//!   does. It has what every block and every transaction costs, the state root of its own changes included.
//! - *agenda*: on top of that what the marketplace does by itself when its agenda fills its share, whichever kind of entry takes
//!   longest; and what the consensus does at the beginning of a term of a hundred authorities.
//!
//! It is not one block of these very calls: each needs a scene of its own, which the benchmarks build inside the runtime. What is
//! left out is the state root of what the calls change, and the database, which is in memory here. Weights have both in the
//! database's figures. More is in these blocks than there can be: the calls fill the room of their class as if there were no agenda.

use std::{collections::BTreeSet, io::Write as _, time::Duration};

use anyhow::{bail, ensure, Context as _};
use codec::Encode as _;
use frame_benchmarking::{BenchmarkList, BenchmarkMetadata};
use frame_support::traits::GetCallMetadata as _;
use veilmart_runtime::full_blocks;

use crate::{
	chain::Chain,
	measure::{text, together},
};

/// What every block does besides, once.
const EVERY_BLOCK: [(&str, &str); 3] = [
	("pallet_td_raft_election", "hooks"),
	("pallet_ecommerce", "clock"),
	("pallet_ecommerce", "agenda_base"),
];

/// What is in the block of remarks.
const EVERY_TRANSACTION: [(&str, &str); 3] = [
	("pallet_certificates", "check_certificate"),
	("pallet_certificates", "check_nonce"),
	("pallet_ecommerce", "check_proof"),
];

/// One of the benchmarks.
#[derive(Clone, Copy)]
struct Benchmark<'a> {
	pallet: &'a BenchmarkList,
	what: &'a BenchmarkMetadata,
}

impl Benchmark<'_> {
	fn name(&self) -> String {
		text(&self.what.name)
	}

	fn is(&self, pallet: &str, name: &str) -> bool {
		self.pallet.pallet == pallet.as_bytes() && self.what.name == name.as_bytes()
	}

	fn together(&self, chain: &Chain, count: u32) -> anyhow::Result<Duration> {
		together(chain, self.pallet, self.what, count).with_context(|| self.name())
	}
}

fn each(pallets: &[BenchmarkList]) -> impl Iterator<Item = Benchmark<'_>> {
	pallets.iter().flat_map(|pallet| {
		pallet
			.benchmarks
			.iter()
			.map(move |what| Benchmark { pallet, what })
	})
}

fn find<'a>(pallets: &'a [BenchmarkList], pallet: &str, name: &str) -> anyhow::Result<Benchmark<'a>> {
	each(pallets)
		.find(|benchmark| benchmark.is(pallet, name))
		.with_context(|| format!("{pallet} has no benchmark {name}"))
}

/// The benchmark with the call's name, or all whose names begin with it, one for each thing that the call may do.
fn forms<'a>(pallets: &'a [BenchmarkList], pallet: &str, call: &str) -> Vec<Benchmark<'a>> {
	if let Ok(only) = find(pallets, pallet, call) {
		return vec![only];
	}
	let prefix = format!("{call}_");
	each(pallets)
		.filter(|form| form.pallet.pallet == pallet.as_bytes() && form.name().starts_with(&prefix))
		.collect()
}

/// The pallet as its benchmarks are listed.
fn listed_as(pallet: &str) -> anyhow::Result<&'static str> {
	Ok(match pallet {
		"Certificates" => "pallet_certificates",
		"Ecommerce" => "pallet_ecommerce",
		"TdRaft" => "pallet_td_raft_election",
		_ => bail!("{pallet}: a pallet that is not known here"),
	})
}

/// A block full of one call.
struct Full<'a> {
	name: String,
	/// How many fit.
	count: u32,
	/// Bytes of the call.
	length: usize,
	/// The call.
	form: Benchmark<'a>,
	/// Its proof, or its authorization.
	proof: Option<Benchmark<'a>>,
}

/// What is measured.
struct Plan<'a> {
	every_block: Vec<Benchmark<'a>>,
	agenda: Vec<(Benchmark<'a>, u32)>,
	blocks: Vec<Full<'a>>,
}

impl<'a> Plan<'a> {
	/// Fails if a call has no benchmark, or a benchmark is in no block.
	fn of(pallets: &'a [BenchmarkList]) -> anyhow::Result<Self> {
		let mut plan = Self {
			every_block: Vec::new(),
			agenda: Vec::new(),
			blocks: Vec::new(),
		};
		for (pallet, name) in EVERY_BLOCK {
			plan.every_block.push(find(pallets, pallet, name)?);
		}
		for (name, count) in full_blocks::agenda() {
			let entry = find(pallets, "pallet_ecommerce", name)?;
			plan.agenda.push((entry, u32::try_from(count)?));
		}
		for call in full_blocks::calls() {
			let metadata = call.get_call_metadata();
			let (pallet, function) = (listed_as(metadata.pallet_name)?, metadata.function_name);
			let count = u32::try_from(full_blocks::most_in_a_block(&call))?;
			let proof = match full_blocks::authorization(&call) {
				Some(name) => Some(find(pallets, pallet, name)?),
				None => find(pallets, pallet, &format!("verify_{function}")).ok(),
			};
			let forms = forms(pallets, pallet, function);
			ensure!(
				!forms.is_empty(),
				"{pallet} has no benchmark of the call {function}"
			);
			for form in forms {
				let by = match full_blocks::authorization(&call) {
					Some(name) => format!(", {name}"),
					None => String::new(),
				};
				plan.blocks.push(Full {
					name: format!("{}{by}", form.name()),
					count,
					length: call.encoded_size(),
					form,
					proof,
				});
			}
		}
		plan.ensure_complete(pallets)?;
		Ok(plan)
	}

	fn ensure_complete(&self, pallets: &[BenchmarkList]) -> anyhow::Result<()> {
		let blocks = self
			.blocks
			.iter()
			.flat_map(|block| [Some(block.form), block.proof]);
		let used: BTreeSet<_> = blocks
			.flatten()
			.chain(self.every_block.iter().copied())
			.chain(self.agenda.iter().map(|(entry, _)| *entry))
			.map(|benchmark| (&benchmark.pallet.pallet, &benchmark.what.name))
			.collect();
		let forgotten: Vec<_> = each(pallets)
			.filter(|benchmark| !used.contains(&(&benchmark.pallet.pallet, &benchmark.what.name)))
			.filter(|benchmark| {
				!EVERY_TRANSACTION
					.iter()
					.any(|(pallet, name)| benchmark.is(pallet, name))
			})
			.map(|benchmark| benchmark.name())
			.collect();
		ensure!(
			forgotten.is_empty(),
			"benchmarks that are in no block: {}",
			forgotten.join(", ")
		);
		Ok(())
	}
}

/// Measures the blocks of the chosen pallets, among all, and prints a table. Fails if one takes longer than it may.
pub fn measure(chain: &Chain, all: &[BenchmarkList], chosen: &[BenchmarkList]) -> anyhow::Result<()> {
	let plan = Plan::of(all)?;
	let limit = full_blocks::block_time();
	let mut out = std::io::stdout();

	let mut besides = Duration::ZERO;
	for benchmark in &plan.every_block {
		besides += benchmark.together(chain, 1)?;
	}
	writeln!(
		out,
		"What every block does besides: {} ms.\n",
		milliseconds(besides)
	)?;
	writeln!(out, "| agenda | in its share | ms |\n|---|---|---|")?;
	let mut agenda = Duration::ZERO;
	for (entry, count) in &plan.agenda {
		let took = entry.together(chain, *count)?;
		writeln!(out, "| `{}` | {count} | {} |", entry.name(), milliseconds(took))?;
		agenda = agenda.max(took);
	}

	writeln!(
		out,
		"\n| call | in a block | calls, ms | proofs, ms | transactions, ms | with a full agenda, ms | of {} ms |\n|---|---|---|---|---|---|---|",
		milliseconds(limit)
	)?;
	let mut wrong = Vec::new();
	let is_chosen = |block: &&Full| {
		chosen
			.iter()
			.any(|pallet| pallet.pallet == block.form.pallet.pallet)
	};
	for block in plan.blocks.iter().filter(is_chosen) {
		match block.measured(chain) {
			Ok([calls, proofs, transactions]) => {
				let whole = calls + proofs + transactions + besides + agenda;
				let [calls, proofs, transactions] = [calls, proofs, transactions].map(milliseconds);
				writeln!(
					out,
					"| `{}` | {} | {calls} | {proofs} | {transactions} | {} | {:.0} % |",
					block.name,
					block.count,
					milliseconds(whole),
					whole.as_secs_f64() / limit.as_secs_f64() * 100.0
				)?;
				if whole > limit {
					wrong.push(format!("{}: {} ms", block.name, milliseconds(whole)));
				}
			}
			Err(error) => {
				eprintln!("{}: FAILED", block.name);
				wrong.push(format!("{}: {error:#}", block.name));
			}
		}
	}
	if !wrong.is_empty() {
		bail!(
			"blocks that take longer than {} ms, or could not be measured:\n  {}",
			milliseconds(limit),
			wrong.join("\n  ")
		);
	}
	Ok(())
}

impl Full<'_> {
	/// How long its calls take, their proofs, and transactions that do nothing.
	fn measured(&self, chain: &Chain) -> anyhow::Result<[Duration; 3]> {
		let transactions = chain.execute(full_blocks::remarks(self.count, self.length))?;
		let calls = self.form.together(chain, self.count)?;
		let proofs = match &self.proof {
			Some(proof) => proof.together(chain, self.count)?,
			None => Duration::ZERO,
		};
		Ok([calls, proofs, transactions])
	}
}

fn milliseconds(duration: Duration) -> String {
	format!("{:.1}", duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn pallet(names: &[&str]) -> BenchmarkList {
		let benchmark = |name: &&str| BenchmarkMetadata {
			name: name.as_bytes().to_vec(),
			..Default::default()
		};
		BenchmarkList {
			pallet: b"pallet_market".to_vec(),
			benchmarks: names.iter().map(benchmark).collect(),
			..Default::default()
		}
	}

	#[test]
	fn a_call_that_does_different_things_has_several_forms() {
		let pallets = [pallet(&["order", "order_again", "poke_one", "poke_two", "pokes"])];
		let names = |call| -> Vec<_> {
			forms(&pallets, "pallet_market", call)
				.iter()
				.map(|form| form.name())
				.collect()
		};
		assert_eq!(names("order"), ["order"]);
		assert_eq!(names("poke"), ["poke_one", "poke_two"]);
		assert!(names("confirm").is_empty());
		assert!(forms(&pallets, "pallet_other", "order").is_empty());
	}

	#[test]
	fn a_benchmark_that_is_in_no_block_is_missed() {
		let pallets = [pallet(&["order", "order_again"])];
		let plan = |names: &[&str]| {
			let named = |name: &&str| (find(&pallets, "pallet_market", name).expect("it is there"), 1);
			Plan {
				every_block: Vec::new(),
				agenda: names.iter().map(named).collect(),
				blocks: Vec::new(),
			}
		};
		assert!(plan(&["order", "order_again"]).ensure_complete(&pallets).is_ok());
		let error = plan(&["order"])
			.ensure_complete(&pallets)
			.expect_err("one is left");
		assert!(error.to_string().ends_with(": order_again"), "{error}");
	}
}
