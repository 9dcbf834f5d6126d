//! Faults and their schedule, drawn from a seed.

use crate::{
	clock::{Micros, Time, SECOND},
	rng::{Rng, Stream},
};
use std::fmt;

/// Something that happens to the nodes or to the network. Numbers are those of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
	/// Groups that cannot reach each other.
	Partition(Vec<Vec<usize>>),
	/// What the first send does not reach the second; the other way is open.
	OneWay(Vec<usize>, Vec<usize>),
	/// The network is whole again.
	Rejoin,
	/// Messages lost, doubled, held back, per million.
	Quality(u32, u32, u32),
	/// A node stops and loses what it had not synced.
	Crash(usize),
	/// A stopped node starts from its disk.
	Start(usize),
	/// All nodes lose power at once.
	PowerLoss,
	/// All stopped nodes start.
	PowerBack,
	/// A node's processor takes so many times as long.
	SlowProcessor(usize, u64),
	/// A node's disk takes so many times as long.
	SlowDisk(usize, u64),
}

impl fmt::Display for Fault {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Fault::Partition(groups) => write!(f, "partition {groups:?}"),
			Fault::OneWay(from, to) => write!(f, "nothing gets from {from:?} to {to:?}"),
			Fault::Rejoin => write!(f, "the network is whole"),
			Fault::Quality(loss, double, hold) => {
				write!(f, "per million: {loss} lost, {double} doubled, {hold} held back")
			}
			Fault::Crash(node) => write!(f, "n{node} crashes"),
			Fault::Start(node) => write!(f, "n{node} starts"),
			Fault::PowerLoss => write!(f, "power loss of all nodes"),
			Fault::PowerBack => write!(f, "power is back"),
			Fault::SlowProcessor(node, times) => write!(f, "processor of n{node} {times} times as slow"),
			Fault::SlowDisk(node, times) => write!(f, "disk of n{node} {times} times as slow"),
		}
	}
}

/// What a schedule may contain.
#[derive(Clone, Copy, Debug)]
pub struct FaultPlan {
	/// Number of authorities.
	pub n: usize,
	/// Number of instances, twins included.
	pub instances: usize,
	/// When the last fault ends.
	pub heal_at: Time,
	/// Mean time between faults in microseconds.
	pub interval: Micros,
}

/// Draws a schedule: faults until `heal_at`, at which everything works again.
///
/// More nodes may be down or cut off for a while than the protocol tolerates: agreement has to hold nevertheless.
pub fn schedule(seed: u64, plan: FaultPlan) -> Vec<(Time, Fault)> {
	let mut rng = Rng::new(seed, Stream::Faults);
	let mut faults = Vec::new();
	// A network that loses, doubles and holds back from the start, in two runs of three.
	if rng.below(3) > 0 {
		faults.push((
			Time(0),
			Fault::Quality(ppm(&mut rng, 50), ppm(&mut rng, 50), ppm(&mut rng, 100)),
		));
	}
	let mut now = Time(rng.between(0, SECOND));
	loop {
		now = now.after(rng.between(plan.interval / 4, plan.interval * 7 / 4).max(1));
		if now >= plan.heal_at {
			break;
		}
		let lasting = rng.between(plan.interval / 4, plan.interval * 2);
		let end = now.after(lasting).min(plan.heal_at);
		let node = rng.below(plan.n as u64) as usize;
		match rng.below(10) {
			0 | 1 => {
				faults.push((now, Fault::Partition(groups(&mut rng, plan.instances))));
				faults.push((end, Fault::Rejoin));
			}
			2 => {
				let mut parts = groups(&mut rng, plan.instances).into_iter();
				let (from, to) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
				faults.push((now, Fault::OneWay(from, to)));
				faults.push((end, Fault::Rejoin));
			}
			3 => {
				// One node hears the others, but they do not hear it; or the reverse.
				let others: Vec<_> = (0..plan.instances).filter(|other| *other != node).collect();
				let fault = if rng.below(2) == 0 {
					Fault::OneWay(vec![node], others)
				} else {
					Fault::OneWay(others, vec![node])
				};
				faults.push((now, fault));
				faults.push((end, Fault::Rejoin));
			}
			4..=6 => {
				faults.push((now, Fault::Crash(node)));
				faults.push((end, Fault::Start(node)));
			}
			7 => {
				faults.push((now, Fault::PowerLoss));
				// They come back one by one.
				for node in 0..plan.n {
					faults.push((
						now.after(rng.between(0, lasting)).min(plan.heal_at),
						Fault::Start(node),
					));
				}
			}
			8 => {
				let times = rng.between(2, 50);
				let slow = |times| {
					if times % 2 == 0 {
						Fault::SlowProcessor
					} else {
						Fault::SlowDisk
					}
				};
				faults.push((now, slow(times)(node, times)));
				faults.push((end, slow(times)(node, 1)));
			}
			_ => {
				let quality = Fault::Quality(ppm(&mut rng, 300), ppm(&mut rng, 200), ppm(&mut rng, 300));
				faults.push((now, quality));
				faults.push((end, Fault::Quality(0, 0, 0)));
			}
		}
	}
	faults.push((plan.heal_at, Fault::Rejoin));
	faults.push((plan.heal_at, Fault::Quality(0, 0, 0)));
	faults.push((plan.heal_at, Fault::PowerBack));
	for node in 0..plan.n {
		faults.push((plan.heal_at, Fault::SlowProcessor(node, 1)));
		faults.push((plan.heal_at, Fault::SlowDisk(node, 1)));
	}
	faults.sort_by_key(|(at, _)| *at);
	faults
}

/// Up to `most` thousandths, as parts per million.
fn ppm(rng: &mut Rng, most: u64) -> u32 {
	rng.between(0, most * 1_000) as u32
}

/// Two or three groups, none empty if there are enough instances.
fn groups(rng: &mut Rng, instances: usize) -> Vec<Vec<usize>> {
	let mut order: Vec<_> = (0..instances).collect();
	rng.shuffle(&mut order);
	let count = rng.between(2, 3) as usize;
	let mut groups = vec![Vec::new(); count];
	for (position, instance) in order.into_iter().enumerate() {
		let group = if position < count {
			position
		} else {
			rng.below(count as u64) as usize
		};
		groups[group].push(instance);
	}
	groups
}

#[cfg(test)]
mod tests {
	use super::*;

	fn plan() -> FaultPlan {
		FaultPlan {
			n: 4,
			instances: 5,
			heal_at: Time(60 * SECOND),
			interval: 2 * SECOND,
		}
	}

	#[test]
	fn schedules_repeat_and_end_whole() {
		for seed in 0..100 {
			let faults = schedule(seed, plan());
			assert_eq!(faults, schedule(seed, plan()));
			assert!(faults.iter().all(|(at, _)| *at <= plan().heal_at));
			let last = faults.iter().rev().take_while(|(at, _)| *at == plan().heal_at);
			let last: Vec<_> = last.map(|(_, fault)| fault.clone()).collect();
			assert!(last.contains(&Fault::Rejoin) && last.contains(&Fault::PowerBack));
			assert!(last.contains(&Fault::Quality(0, 0, 0)));
		}
		assert_ne!(schedule(1, plan()), schedule(2, plan()));
	}

	/// Every kind of fault occurs in some of 100 schedules; power comes back for all at once at the end only.
	#[test]
	fn all_kinds_occur() {
		let kinds: std::collections::HashSet<_> = (0..100)
			.flat_map(|seed| schedule(seed, plan()))
			.filter(|(at, _)| *at < plan().heal_at)
			.map(|(_, fault)| std::mem::discriminant(&fault))
			.collect();
		assert_eq!(kinds.len(), 9);
	}
}
