//! Dealings, shares, faults: any bytes decode or are refused, what decodes encodes to the same bytes, and verifying it
//! ends with a verdict. Nobody can make a valid one without the keys' challenges: none is expected to pass.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parity_scale_codec::{Decode, Encode};
use std::sync::LazyLock;
use veilmart_trapdoor::{
	Collision, Context, DealerFault, Dealing, OpenedShare, Scalar, ShareKeys, ShareSecret,
};

static KEYS: LazyLock<ShareKeys> = LazyLock::new(|| {
	let keys: Vec<_> = (1u64..=4)
		.map(|i| {
			ShareSecret::from_scalar(&Scalar::from(i))
				.expect("not zero")
				.public()
		})
		.collect();
	ShareKeys::new(&keys).expect("four different points")
});

const CONTEXT: Context = Context {
	genesis: [1; 32],
	set_id: 0,
	term: 1,
	dealer: 0,
	parent: [1; 32],
};

fn decoded<T: Decode + Encode>(data: &[u8]) -> Option<T> {
	let mut rest = data;
	let value = T::decode(&mut rest).ok()?;
	assert_eq!(value.encode(), data[..data.len() - rest.len()]);
	Some(value)
}

fuzz_target!(|data: &[u8]| {
	decoded::<OpenedShare>(data);
	decoded::<DealerFault>(data);
	decoded::<Collision>(data);
	if let Some(dealing) = decoded::<Dealing>(data) {
		assert!(dealing.verify(&CONTEXT, &KEYS).is_err());
	}
});
