//! What authorities send each other and what stands in headers: any bytes decode or are refused, what decodes has one
//! encoding, and verifying it ends with a verdict. Also what an authority reads from its own disk: a damaged one must not make
//! it panic; and what it finds in a box that a holder of a share has sealed to it.

use veilmart_td_raft::{
	AuthorityIndex, BlockHash, ElectionCertificate, ElectionVote, EntryCertificate, Evidence, HeaderDigest,
	QuorumCertificate, SetId, Sr25519, Term, Vote,
};
use veilmart_td_raft_core::{
	crypto::ShareBinding,
	message::Message,
	real::{read_share, OnChain},
	safety::Durable,
	Anchor,
};
use veilmart_trapdoor::OpenedShare;

use crate::{
	setting::{GENESIS, SET},
	take,
};

/// What the share in a box is bound to.
pub const BINDING: ShareBinding<BlockHash> = ShareBinding {
	set_id: SetId(0),
	term: Term(2),
	candidate: AuthorityIndex(1),
	holder: AuthorityIndex(0),
	dealing: [4; 32],
};

/// Whether the bytes are a share for this attempt. One for another is none.
fn is_share(data: &[u8]) -> bool {
	let share = read_share(data, &BINDING);
	if let Some((binding, inside)) = crate::whole::<(ShareBinding<BlockHash>, OpenedShare)>(data) {
		assert_eq!(share.is_some(), binding == BINDING);
		assert_eq!(read_share(data, &binding), Some(inside));
	} else {
		assert_eq!(share, None);
	}
	share.is_some()
}

/// Whether the bytes begin with one, for which the check holds.
fn begins<T: codec::Decode + codec::Encode>(mut data: &[u8], holds: impl FnOnce(T) -> bool) -> bool {
	take::<T>(&mut data).is_some_and(holds)
}

/// Accepted is what proves itself, a message of the protocol, and a share that was in a box.
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
		is_share(data),
	];
	verdicts.contains(&true)
}
