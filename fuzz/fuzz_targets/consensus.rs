//! What authorities send each other and what stands in headers: any bytes decode or are refused, and what decodes encodes
//! to the same bytes, so that one statement has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parity_scale_codec::{Decode, Encode};
use veilmart_td_raft::{ElectionCertificate, EntryCertificate, Evidence, HeaderDigest, QuorumCertificate};
use veilmart_td_raft_core::{message::Message, real::OnChain};

fn check<T: Decode + Encode>(data: &[u8]) {
	let mut rest = data;
	if let Ok(value) = T::decode(&mut rest) {
		assert_eq!(value.encode(), data[..data.len() - rest.len()]);
	}
}

fuzz_target!(|data: &[u8]| {
	check::<Message<OnChain>>(data);
	check::<HeaderDigest>(data);
	check::<QuorumCertificate>(data);
	check::<ElectionCertificate>(data);
	check::<EntryCertificate>(data);
	check::<Evidence>(data);
});
