//! What authorities send each other and what stands in headers: any bytes decode or are refused, what decodes has one
//! encoding, and verifying it ends with a verdict. Also what an authority reads from its own disk: a damaged one must not make
//! it panic.

use veilmart_td_raft::{
	ElectionCertificate, ElectionVote, EntryCertificate, Evidence, HeaderDigest, QuorumCertificate, Sr25519,
	Vote,
};
use veilmart_td_raft_core::{message::Message, real::OnChain, safety::Durable, Anchor};

use crate::{
	setting::{GENESIS, SET},
	take,
};

/// Whether the bytes begin with one, for which the check holds.
fn begins<T: codec::Decode + codec::Encode>(mut data: &[u8], holds: impl FnOnce(T) -> bool) -> bool {
	take::<T>(&mut data).is_some_and(holds)
}

/// Accepted is what proves itself, and a message of the protocol.
pub fn run(data: &[u8]) -> bool {
	let set = &*SET;
	begins::<HeaderDigest>(data, |_| true);
	begins::<Durable<OnChain>>(data, |_| true);
	begins::<Anchor<OnChain>>(data, |_| true);
	let verdicts = [
		begins::<QuorumCertificate>(data, |qc| qc.verify(&GENESIS, set, &Sr25519).is_ok()),
		begins::<ElectionCertificate>(data, |certificate| {
			let verified = certificate.verify(&GENESIS, set, &Sr25519).is_ok();
			if let (true, Some(maximum)) = (verified, certificate.maximum()) {
				certificate.allows(maximum);
			}
			verified
		}),
		begins::<EntryCertificate>(data, |certificate| {
			certificate.verify(&GENESIS, set, &Sr25519).is_ok()
		}),
		begins::<Vote>(data, |vote| vote.verify(&GENESIS, set, &Sr25519).is_ok()),
		begins::<ElectionVote>(data, |vote| vote.verify(&GENESIS, set, &Sr25519).is_ok()),
		begins::<Evidence>(data, |evidence| {
			evidence.offender();
			evidence.verify_on_chain(&GENESIS, set, set).is_ok()
		}),
		crate::whole::<Message<OnChain>>(data).is_some(),
	];
	verdicts.contains(&true)
}
