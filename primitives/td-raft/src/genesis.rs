//! What stands in genesis, before there is a genesis hash to bind.

use codec::Encode;
use merlin::Transcript;
use rand_core::{CryptoRng, RngCore};
use veilmart_trapdoor::{Context, Dealing, KeyError};

use crate::{AuthoritySet, BlockHash};

/// The hash of the chain specification's id and the first authorities. The dealing and the records in genesis bind it in
/// place of the genesis hash.
pub fn genesis_binding(chain_id: &str, set: &AuthoritySet) -> BlockHash {
	let mut transcript = Transcript::new(b"tdraft/1 genesis");
	transcript.append_message(b"chain", chain_id.as_bytes());
	transcript.append_message(b"authorities", &set.encode());
	let mut binding = [0; 32];
	transcript.challenge_bytes(b"binding", &mut binding);
	binding
}

/// What the dealing in genesis is made for: nobody's term, nobody dealt, no parent.
pub fn genesis_context(binding: BlockHash) -> Context {
	Context {
		genesis: binding,
		set_id: 0,
		term: 0,
		dealer: 0,
		parent: [0; 32],
	}
}

/// Deals to the first set of a chain: for the chain specification, whose author knows the secret. A single authority
/// needs none. Fails if a share key is unacceptable.
pub fn genesis_dealing(
	chain_id: &str,
	set: &AuthoritySet,
	rng: &mut (impl RngCore + CryptoRng),
) -> Result<Option<Dealing>, KeyError> {
	let keys = set.share_keys()?;
	let context = genesis_context(genesis_binding(chain_id, set));
	Ok((set.count() > 1).then(|| Dealing::deal(&context, &keys, rng)))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::test_set;
	use rand_core::OsRng;

	#[test]
	fn a_dealing_is_for_one_chain_and_one_set() {
		let (four, _) = test_set::set(0, 4);
		let (five, _) = test_set::set(0, 5);
		let dealing = genesis_dealing("one", &four, &mut OsRng).unwrap().unwrap();
		let verify = |chain_id, set: &AuthoritySet| {
			let context = genesis_context(genesis_binding(chain_id, set));
			dealing.verify(&context, &four.share_keys().unwrap()).is_ok()
		};
		assert!(verify("one", &four));
		assert!(!verify("two", &four));
		assert!(
			!verify("one", &five),
			"the list is bound, not only the keys dealt to"
		);
		assert_eq!(dealing.count(), 4);
	}

	#[test]
	fn a_single_authority_needs_no_dealing() {
		let (one, _) = test_set::set(0, 1);
		assert_eq!(genesis_dealing("one", &one, &mut OsRng), Ok(None));
	}
}
