//! Searching a model breadth first.
//!
//! Each search has one thread: its numbers are then the same every time. The tests run beside each other.

use stateright::{Checker, HasDiscoveries, Model};
use std::{
	io::Write,
	time::{Duration, Instant},
};
use veilmart_td_raft_core::Mutants;

use crate::{properties::Rule, scenario::Scenario, world::Protocol};

/// Where a search stops that is not over by then: it is then exhaustive up to a depth only.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
	/// Transitions, about.
	pub transitions: usize,
	pub time: Duration,
}

impl Bound {
	pub const fn new(transitions: usize, seconds: u64) -> Self {
		Self {
			transitions,
			time: Duration::from_secs(seconds),
		}
	}
}

/// What a search found.
pub struct Found {
	/// The rules broken, each with a shortest way there.
	pub broken: Vec<(Rule, String)>,
	/// Whether everything was searched.
	pub is_whole: bool,
}

/// Searches until one of these rules is broken, or everything is searched.
pub fn search(scenario: Scenario, until: &[Rule], bound: Bound) -> Found {
	let (name, mutants, began) = (scenario.name, scenario.mutants, Instant::now());
	let until = until.iter().map(|rule| rule.name()).collect();
	let checker = Protocol::until(scenario, began + bound.time)
		.checker()
		.finish_when(HasDiscoveries::AnyOf(until))
		.target_state_count(bound.transitions)
		.spawn_bfs()
		.join();
	let model = checker.model();
	let is_late = model.end();
	let discoveries = checker.discoveries();
	let trace = |rule: Rule| {
		let path = discoveries.get(rule.name())?.clone();
		let last = *path.last_state();
		let mut steps: Vec<_> = path
			.into_actions()
			.iter()
			.map(|action| model.describe(action))
			.collect();
		steps.push(model.describe_world(&last));
		Some((rule, steps.join("\n")))
	};
	let broken: Vec<_> = Rule::ALL.into_iter().filter_map(trace).collect();
	let is_whole = broken.is_empty() && checker.state_count() < bound.transitions && !is_late;
	let sizes = model.sizes();
	let outcome = match (&broken[..], is_whole) {
		([], true) => "everything".into(),
		([], false) => "stopped".into(),
		(broken, _) => {
			let names: Vec<_> = broken.iter().map(|(rule, _)| rule.name()).collect();
			format!("BROKEN: {}", names.join(", "))
		}
	};
	let line = format!(
		"{name}, {mutants:?}: {} states, {} transitions, depth {}, {:.1} s, {outcome} ({} local states, {} sets of messages, {} steps of cores; came across {:?})",
		checker.unique_state_count(),
		checker.state_count(),
		checker.max_depth(),
		began.elapsed().as_secs_f32(),
		sizes.local_states,
		sizes.pools,
		sizes.steps,
		model.reached_by_any(),
	);
	if mutants == Mutants::default() {
		say(&line);
	} else {
		println!("{line}");
	}
	if broken.is_empty() && !is_late {
		for goal in model.scenario.goals {
			let reached = model.reached_by_any();
			assert!(
				reached.contains(goal),
				"{name}: a search that never comes across {goal:?} shows nothing"
			);
		}
	}
	Found { broken, is_whole }
}

/// Writes a line that the test harness does not swallow: what was covered belongs to the result.
pub fn say(line: &str) {
	let mut out = std::io::stdout().lock();
	// Without somebody to read it, it is lost.
	let _ = writeln!(out, "{line}");
}

#[test]
fn a_search_whose_time_is_over_ends_and_what_it_found_can_still_be_shown() {
	let model = Protocol::until(crate::scenarios::two_closing(), Instant::now());
	let possible = || {
		let mut actions = Vec::new();
		model.actions(&model.init_states()[0], &mut actions);
		actions
	};
	assert_eq!(possible(), []);
	assert!(model.end(), "it had to end");
	assert_ne!(possible(), []);
}
