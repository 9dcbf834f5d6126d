//! How weights are put together from what was measured: [`crate::weights`] says what the parts weigh.
//!
//! A call weighs what [`WeightInfo`] says of it, and if it carries a proof, also what [`ProofWeight`] says of verifying that
//! proof where the runtime has it verified. The whole proof is in a call's weight although dispatch usually finds the verdict
//! remembered: forgetting must not make a block too heavy. A call that is refused before the verifier was asked gives the
//! proof's part back.

use crate::WeightInfo;
use frame_support::weights::Weight;

/// Calls that do different things in different states weigh what the heaviest of them does.
pub trait HeaviestCase: WeightInfo {
	/// `poke`, whatever it does. (An order that waits for a barred account is refunded, as one that was not accepted.)
	fn poke() -> Weight {
		Self::poke_placed()
			.max(Self::poke_accepted())
			.max(Self::poke_shipped())
			.max(Self::poke_disputed())
	}

	/// `resolve`, however it is decided.
	fn resolve() -> Weight {
		Self::resolve_completed()
			.max(Self::resolve_refunded())
			.max(Self::resolve_penalised())
	}
}

impl<Weights: WeightInfo> HeaviestCase for Weights {}

/// What it weighs to verify the proof of each call that carries one, by the verifier that the runtime chose.
pub trait ProofWeight {
	/// Two values, one of them with a limit; two equations.
	fn issue() -> Weight;
	/// Three values, three equations.
	fn list() -> Weight;
	/// Two values; three equations, one of them over the price.
	fn order() -> Weight;
	/// Two values, two equations.
	fn accept() -> Weight;
	/// One value, one equation.
	fn dispute() -> Weight;
	/// Two values, two equations.
	fn transfer() -> Weight;
	/// As `transfer`.
	fn redeem() -> Weight;
	/// One value, one equation.
	fn reprice() -> Weight;
	/// One value, one equation.
	fn restock() -> Weight;
	/// An N-th residue: a power with an exponent as long as N.
	fn refresh() -> Weight;
}

/// As measured through the node. A proof touches no storage, so the database does not matter.
macro_rules! as_measured {
	($verifier:ty) => {
		impl ProofWeight for $verifier {
			fn issue() -> Weight {
				<() as WeightInfo>::verify_issue()
			}

			fn list() -> Weight {
				<() as WeightInfo>::verify_list()
			}

			fn order() -> Weight {
				<() as WeightInfo>::verify_order()
			}

			fn accept() -> Weight {
				<() as WeightInfo>::verify_accept()
			}

			fn dispute() -> Weight {
				<() as WeightInfo>::verify_dispute()
			}

			fn transfer() -> Weight {
				<() as WeightInfo>::verify_transfer()
			}

			fn redeem() -> Weight {
				<() as WeightInfo>::verify_redeem()
			}

			fn reprice() -> Weight {
				<() as WeightInfo>::verify_reprice()
			}

			fn restock() -> Weight {
				<() as WeightInfo>::verify_restock()
			}

			fn refresh() -> Weight {
				<() as WeightInfo>::verify_refresh()
			}
		}
	};
}

// One weight for both: what blocks weigh is state, and the twin that replays a chain must come to the same root, with the
// blocks filled as they were. It takes some 25 times as long, so a chain's authorities do not run it.
as_measured!(veilmart_verification_host::Native);
as_measured!(veilmart_verification_host::Portable);
