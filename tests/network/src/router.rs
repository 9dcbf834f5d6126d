//! What lies between nodes, so that a test can cut them off from each other: network namespaces where the machine lets its
//! user make them, else proxies. Never nothing.
//!
//! `VEILMART_WITHOUT_NAMESPACES=1` has proxies take their place where there are namespaces, too.

use std::{collections::BTreeSet, future::Future, time::Duration};
use tokio::runtime::Runtime;
use veilmart_demo_parts::process::AUTHORITIES;

use crate::{
	namespaces::{self, in_namespaces, Wires},
	proxies::Proxies,
	scene::Scene,
};

/// From a node to another.
pub type Way = (usize, usize);

/// Every way.
pub fn pairs() -> impl Iterator<Item = Way> {
	let count = AUTHORITIES.len();
	(0..count * count)
		.map(move |pair| (pair / count, pair % count))
		.filter(|(from, to)| from != to)
}

fn ways(cut: impl Fn(usize, usize) -> bool) -> BTreeSet<Way> {
	pairs().filter(|(from, to)| cut(*from, *to)).collect()
}

/// All ways between sides. Who is on no side is alone.
pub fn separated(sides: &[&[usize]]) -> BTreeSet<Way> {
	let side = |node: usize| sides.iter().position(|side| side.contains(&node));
	ways(|from, to| side(from).is_none() || side(from) != side(to))
}

/// All ways from this node.
pub fn muted(node: usize) -> BTreeSet<Way> {
	ways(|from, _| from == node)
}

/// All ways to this node.
pub fn deafened(node: usize) -> BTreeSet<Way> {
	ways(|_, to| to == node)
}

/// What carries from nodes to others.
pub trait Ways {
	/// Lets nothing pass on these ways, and everything on all others. Makes sure of it.
	fn cut_exactly(&mut self, ways: BTreeSet<Way>);

	/// From now on everything takes this long, and a part of the packets gets lost.
	fn slow_down(&mut self, delay: Duration, loss: f64);

	/// Makes sure that what passes is what should.
	fn check(&self);
}

/// What lies between the nodes.
pub struct Router {
	ways: Box<dyn Ways>,
}

impl Router {
	fn of(ways: impl Ways + 'static) -> Self {
		Self { ways: Box::new(ways) }
	}

	/// Lets nothing pass between sides, and everything within each. Who is on no side is alone.
	pub fn separate(&mut self, sides: &[&[usize]]) {
		self.ways.cut_exactly(separated(sides));
	}

	/// Lets nothing pass from this node, and everything to it.
	pub fn mute(&mut self, node: usize) {
		self.ways.cut_exactly(muted(node));
	}

	/// Lets nothing pass to this node, and everything from it.
	pub fn deafen(&mut self, node: usize) {
		self.ways.cut_exactly(deafened(node));
	}

	/// Lets everything pass.
	pub fn heal(&mut self) {
		self.ways.cut_exactly(BTreeSet::new());
	}

	/// From now on everything between nodes takes this long, and a part of the packets gets lost.
	pub fn slow_down(&mut self, delay: Duration, loss: f64) {
		self.ways.slow_down(delay, loss);
	}

	/// Makes sure that what passes is what should.
	pub fn check(&self) {
		self.ways.check();
	}
}

/// What a test does with the ways between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
	/// Cuts them.
	Cuts,
	/// Slows them down.
	Delays,
}

/// Runs the body of the test of this name with four nodes at work that can be cut off from each other. The name is what the
/// test program calls the test.
pub fn isolated<F: Future<Output = ()>>(name: &str, needs: Needs, body: impl FnOnce(Scene, Router) -> F) {
	match namespaces::refused(needs) {
		None => in_namespaces(name, || {
			run(async {
				let (scene, wires) = Wires::with_nodes().await.unwrap();
				body(scene, Router::of(wires)).await;
			});
		}),
		Some(why) => {
			println!("Proxies lie between the nodes. No namespaces: {why}");
			behind_proxies(body);
		}
	}
}

/// Runs the body with four nodes at work and proxies between them, whatever else the machine has.
pub fn behind_proxies<F: Future<Output = ()>>(body: impl FnOnce(Scene, Router) -> F) {
	run(async {
		let (scene, proxies) = Proxies::with_nodes().await.unwrap();
		body(scene, Router::of(proxies)).await;
	});
}

fn run(body: impl Future<Output = ()>) {
	Runtime::new().unwrap().block_on(body);
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ways_between_sides_from_a_node_and_to_it() {
		assert_eq!(pairs().count(), 12);
		assert_eq!(separated(&[&[0, 1], &[2, 3]]).len(), 8);
		assert_eq!(separated(&[&[1, 2, 3]]), &muted(0) | &deafened(0));
		assert_eq!(separated(&[]).len(), 12);
		assert!(separated(&[&[0, 1, 2, 3]]).is_empty());
		assert_eq!(muted(1), BTreeSet::from([(1, 0), (1, 2), (1, 3)]));
		assert_eq!(deafened(3), BTreeSet::from([(0, 3), (1, 3), (2, 3)]));
	}
}
