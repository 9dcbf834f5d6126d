//! The core in a small deterministic network.

mod costs;
mod dates;
mod faults;
mod fetch;
mod network;
mod normal;
mod real;
mod requests;
mod sets;

/// What the second implementation of the dealing deals for unless told otherwise.
fn context() -> veilmart_trapdoor::Context {
	veilmart_trapdoor::Context {
		genesis: [1; 32],
		set_id: 0,
		term: 1,
		dealer: 0,
		parent: [2; 32],
	}
}
