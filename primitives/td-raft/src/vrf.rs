//! The lot that decides who stands for leader first.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use merlin::Transcript;
use scale_info::TypeInfo;
#[cfg(feature = "std")]
use schnorrkel::Keypair;
use schnorrkel::{
	vrf::{VRFPreOut, VRFProof},
	PublicKey,
};

use crate::{AuthorityId, BlockHash, SetId, Term};

/// What an authority draws its lot over. The beacon is out of the reach of whoever made the dealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct VrfInput {
	/// Genesis hash.
	pub genesis: BlockHash,
	/// The set that elects.
	pub set_id: SetId,
	/// The beacon of the block with the dealing in force.
	pub beacon: [u8; 32],
	/// The term stood for.
	pub term: Term,
}

/// Pre-output and proof of the VRF (sr25519).
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct VrfProof {
	/// The pre-output.
	pub pre_output: [u8; 32],
	/// The proof.
	pub proof: [u8; 64],
}

/// The output of the VRF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VrfOutput(pub [u8; 32]);

impl VrfOutput {
	/// The output as a fraction: `u = fraction / 2^64`. The lowest wins.
	pub fn fraction(&self) -> u64 {
		let [a, b, c, d, e, f, g, h, ..] = self.0;
		u64::from_le_bytes([a, b, c, d, e, f, g, h])
	}
}

impl VrfInput {
	/// As Substrate's keystores build it from a label and items.
	fn transcript(&self) -> Transcript {
		let mut transcript = Transcript::new(b"tdraft/1 vrf");
		transcript.append_message(b"input", &self.encode());
		transcript
	}

	/// Draws.
	#[cfg(feature = "std")]
	pub fn prove(&self, keys: &Keypair) -> (VrfOutput, VrfProof) {
		let (in_out, proof, _) = keys.vrf_sign(self.transcript());
		let proof = VrfProof {
			pre_output: in_out.to_preout().to_bytes(),
			proof: proof.to_bytes(),
		};
		(VrfOutput(in_out.make_bytes(b"tdraft/1 u")), proof)
	}

	/// The output, if the proof is the authority's for this input.
	pub fn verify(&self, id: &AuthorityId, proof: &VrfProof) -> Option<VrfOutput> {
		let key = PublicKey::from_bytes(&id.0).ok()?;
		let pre_output = VRFPreOut::from_bytes(&proof.pre_output).ok()?;
		let proof = VRFProof::from_bytes(&proof.proof).ok()?;
		let (in_out, _) = key.vrf_verify(self.transcript(), &pre_output, &proof).ok()?;
		Some(VrfOutput(in_out.make_bytes(b"tdraft/1 u")))
	}
}

/// The beacon of a first block: of the beacon of the dealing that its leader used, the leader's lot, and the term.
/// Whoever made the dealing does not control it.
pub fn beacon(used: &[u8; 32], output: &VrfOutput, term: Term) -> [u8; 32] {
	let mut transcript = Transcript::new(b"tdraft/1 beacon");
	transcript.append_message(b"used", used);
	transcript.append_message(b"output", &output.0);
	transcript.append_u64(b"term", term.0);
	let mut beacon = [0; 32];
	transcript.challenge_bytes(b"beacon", &mut beacon);
	beacon
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::test_set::{keys, GENESIS};

	#[test]
	fn a_lot_is_its_owners_and_for_one_term_of_one_set_and_beacon() {
		let input = VrfInput {
			genesis: GENESIS,
			set_id: SetId(1),
			beacon: [2; 32],
			term: Term(3),
		};
		let (output, proof) = input.prove(&keys(0));
		let id = AuthorityId(keys(0).public.to_bytes());
		assert_eq!(input.verify(&id, &proof), Some(output));
		assert_eq!(input.prove(&keys(0)).0, output, "an authority cannot draw twice");
		assert_eq!(output.fraction().to_le_bytes(), output.0[..8]);
		assert_eq!(
			input.verify(&AuthorityId(keys(1).public.to_bytes()), &proof),
			None
		);
		for other in [
			VrfInput {
				genesis: [0; 32],
				..input
			},
			VrfInput {
				set_id: SetId(2),
				..input
			},
			VrfInput {
				beacon: [0; 32],
				..input
			},
			VrfInput {
				term: Term(4),
				..input
			},
		] {
			assert_eq!(other.verify(&id, &proof), None);
		}
		let no_point = VrfProof {
			pre_output: [0xff; 32],
			..proof
		};
		assert_eq!(input.verify(&id, &no_point), None);
	}

	#[test]
	fn all_that_goes_into_a_beacon_counts() {
		let base = beacon(&[1; 32], &VrfOutput([2; 32]), Term(3));
		assert_ne!(base, beacon(&[0; 32], &VrfOutput([2; 32]), Term(3)));
		assert_ne!(base, beacon(&[1; 32], &VrfOutput([0; 32]), Term(3)));
		assert_ne!(base, beacon(&[1; 32], &VrfOutput([2; 32]), Term(4)));
	}
}
