//! Signatures, verified by the node.

use sp_core::sr25519;
use veilmart_td_raft::{AuthorityId, Signature, Verifier};

/// Verifies sr25519 signatures through the node's own function for them, in Substrate's signing context, with the verdict
/// of [`veilmart_td_raft::Sr25519`], which inside the runtime is slow.
#[derive(Clone, Copy, Debug)]
pub struct HostSr25519;

impl Verifier<AuthorityId, Signature> for HostSr25519 {
	fn verify_all(&self, items: &[(&AuthorityId, &[u8], &Signature)]) -> bool {
		items.iter().all(|(signer, bytes, signature)| {
			sp_io::crypto::sr25519_verify(
				&sr25519::Signature::from_raw(signature.0),
				bytes,
				&sr25519::Public::from_raw(signer.0),
			)
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use veilmart_td_raft::{sign, Sr25519};

	#[test]
	fn the_node_and_the_portable_code_agree() {
		let keys = crate::mock::vote_keys(0);
		let id = AuthorityId(keys.public.to_bytes());
		let good = sign(&keys, b"x");
		let mut bad = good;
		bad.0[0] ^= 1;
		for (id, signature, valid) in [
			(id, good, true),
			(id, bad, false),
			(id, Signature([0xff; 64]), false),
			(AuthorityId([0xff; 32]), good, false),
		] {
			assert_eq!(HostSr25519.verify(&id, b"x", &signature), valid);
			assert_eq!(Sr25519.verify(&id, b"x", &signature), valid);
		}
		assert!(!HostSr25519.verify_all(&[(&id, b"x", &good), (&id, b"y", &good)]));
	}
}
