//! Random walks through models that are too large to search: every message and timer on its own, heartbeats, status
//! and catching up, a change of the set, crashes, more terms.

use stateright::Model;
use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant},
};
use veilmart_td_raft_core::Timer;

use crate::{
	properties::{Goal, Rule},
	scenario::{scenario, Closing, Scenario},
	search::say,
	world::{Action, Protocol, World},
};

/// Everybody may stand in each term.
const ALL: &[u16] = &[0, 1, 2, 3, 4];

fn large() -> Scenario {
	Scenario {
		candidates: &[(1, ALL), (2, ALL), (3, ALL), (4, ALL), (5, ALL), (6, ALL)],
		terms: 6,
		height: 6,
		versions: 2,
		finality: true,
		is_fine: true,
		..scenario("walk")
	}
}

fn with_change_of_set(members: &'static [u16]) -> Scenario {
	Scenario {
		closing: Some(Closing { height: 2, members }),
		..large()
	}
}

/// A generator of pseudo-random numbers (xorshift64*).
struct Dice(u64);

impl Dice {
	fn roll(&mut self, below: u64) -> u64 {
		self.0 ^= self.0 >> 12;
		self.0 ^= self.0 << 25;
		self.0 ^= self.0 >> 27;
		(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % below.max(1)
	}
}

/// What walks came across.
#[derive(Default)]
struct Seen {
	steps: usize,
	goals: BTreeMap<Goal, usize>,
}

/// Goes that many steps at random, mostly to what was not tried before.
fn walk(scenario: Scenario, seed: u64, length: usize, seen: &mut Seen) -> Result<(), String> {
	let model = Protocol::new(scenario);
	let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
	let mut world = model.init_states()[0];
	let mut trace = Vec::new();
	let mut tried: BTreeMap<(u32, u8), u64> = BTreeMap::new();
	let mut actions = Vec::new();
	for _ in 0..length {
		actions.clear();
		model.actions(&world, &mut actions);
		let weight = |action: &Action| match action {
			Action::Deliver { wire, to } => {
				(64 >> tried.get(&(*wire, *to)).copied().unwrap_or(0).min(6)).max(1)
			}
			Action::Sync { .. } => 64,
			Action::Elapse {
				timer: Timer::Repeat | Timer::Status,
				..
			} => 1,
			Action::Elapse {
				timer: Timer::Patience | Timer::Attempt,
				..
			} => 4,
			Action::Elapse { .. } => 32,
			Action::Crash { .. } => 2,
			Action::Collect { .. } | Action::Gate { .. } => 0,
		};
		let mut point = dice.roll(actions.iter().map(weight).sum());
		let chosen = actions.iter().find(|action| {
			let weight = weight(action);
			let is_it = point < weight;
			point = point.saturating_sub(weight);
			is_it
		});
		let Some(action) = chosen.cloned() else { break };
		if let Action::Deliver { wire, to } = action {
			*tried.entry((wire, to)).or_default() += 1;
		}
		let Some(next) = model.next_state(&world, action.clone()) else {
			continue;
		};
		trace.push(action);
		world = next;
		seen.steps += 1;
		judge(&model, &world, seed, &trace)?;
	}
	for goal in model.reached(&world) {
		*seen.goals.entry(goal).or_default() += 1;
	}
	Ok(())
}

fn judge(model: &Protocol, world: &World, seed: u64, trace: &[Action]) -> Result<(), String> {
	let Some(broken) = Rule::ALL.into_iter().find(|rule| world.broken.has(*rule)) else {
		return Ok(());
	};
	let steps: Vec<_> = trace.iter().map(|action| model.describe(action)).collect();
	let (steps, last) = (steps.join("\n"), model.describe_world(world));
	Err(format!("seed {seed}: {}\n{steps}\n{last}", broken.name()))
}

/// With and without a change of the set, with and without crashes.
fn scenario_of(seed: u64) -> Scenario {
	let scenario = match seed % 3 {
		0 => large(),
		1 => with_change_of_set(&[0, 1, 2, 3]),
		_ => with_change_of_set(&[1, 2, 3, 4]),
	};
	let crashes = if seed.is_multiple_of(2) { 3 } else { 0 };
	Scenario { crashes, ..scenario }
}

/// The first walk that breaks something.
#[cfg(feature = "mutants")]
pub fn find(mutant: veilmart_td_raft_core::Mutant, mut seeds: std::ops::Range<u64>) -> Option<String> {
	seeds.find_map(|seed| walk(scenario_of(seed).with(mutant), seed, 800, &mut Seen::default()).err())
}

/// Walks until there are no more seeds, or the time is over.
fn walks(seeds: std::ops::Range<u64>, length: usize, time: Duration) {
	let (mut seen, began, mut count) = (Seen::default(), Instant::now(), 0);
	for seed in seeds {
		if began.elapsed() > time {
			break;
		}
		if let Err(broken) = walk(scenario_of(seed), seed, length, &mut seen) {
			panic!("{broken}");
		}
		count += 1;
	}
	say(&format!(
		"{count} walks, {} steps, {:.1} s, came across {:?}",
		seen.steps,
		began.elapsed().as_secs_f32(),
		seen.goals
	));
	let reached: BTreeSet<_> = seen.goals.keys().copied().collect();
	for goal in [
		Goal::Commit(1),
		Goal::Commit(2),
		Goal::NextSet(2),
		Goal::Reconfirmed,
		Goal::Equivocation,
	] {
		assert!(reached.contains(&goal), "no walk came across {goal:?}");
	}
}

#[test]
fn random_walks_break_nothing() {
	walks(0..300, 1_200, Duration::from_secs(3_600));
}

#[test]
#[ignore = "minutes; `make check-all` runs it"]
fn many_random_walks_break_nothing() {
	walks(1_000..11_000, 2_000, Duration::from_secs(180));
}
