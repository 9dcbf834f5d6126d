//! Honest runs, and for each check an input that exactly that check refuses.

mod collisions;
mod dealings;
mod encodings;
mod independent;
mod keys;
mod plain_shamir;
mod recoveries;
mod shares;

use independent::random_scalar;
use rand_core::{CryptoRng, OsRng, RngCore};
use veilmart_trapdoor::{
	Context, Dealing, Recovery, Scalar, ShareKeys, ShareSecret, Trapdoor, VerifiedDealing, VerifiedShare,
};

/// The sizes that every honest run is made for.
const SIZES: [u16; 9] = [1, 2, 3, 4, 5, 7, 10, 30, 100];

/// A set of authorities with the secrets of all of them.
struct Set {
	scalars: Vec<Scalar>,
	secrets: Vec<ShareSecret>,
	keys: ShareKeys,
}

impl Set {
	fn new(n: u16) -> Self {
		let scalars: Vec<Scalar> = (0..n).map(|_| random_scalar()).collect();
		let secrets: Vec<ShareSecret> = scalars
			.iter()
			.map(|scalar| ShareSecret::from_scalar(scalar).expect("not zero"))
			.collect();
		let public: Vec<[u8; 32]> = secrets.iter().map(ShareSecret::public).collect();
		Self {
			scalars,
			secrets,
			keys: ShareKeys::new(&public).expect("good keys"),
		}
	}

	fn deal(&self) -> VerifiedDealing {
		Dealing::deal(&context(), &self.keys, &mut OsRng)
			.verify(&context(), &self.keys)
			.expect("an honest dealing")
	}

	/// The verified shares of these holders.
	fn open(&self, dealing: &VerifiedDealing, holders: impl IntoIterator<Item = u16>) -> Vec<VerifiedShare> {
		holders
			.into_iter()
			.map(|holder| {
				let share = dealing
					.open(&self.secrets[usize::from(holder)], &mut OsRng)
					.expect("a holder");
				assert_eq!(share.holder(), holder);
				dealing.verify_share(&share).expect("an honest share")
			})
			.collect()
	}
}

/// A random source that always gives the same.
struct Stuck;

impl RngCore for Stuck {
	fn next_u32(&mut self) -> u32 {
		7
	}

	fn next_u64(&mut self) -> u64 {
		7
	}

	fn fill_bytes(&mut self, dest: &mut [u8]) {
		dest.fill(7);
	}

	fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
		dest.fill(7);
		Ok(())
	}
}

impl CryptoRng for Stuck {}

fn context() -> Context {
	Context {
		genesis: [1; 32],
		set_id: 2,
		term: 3,
		dealer: 4,
		parent: [5; 32],
	}
}

fn trapdoor(recovery: Recovery) -> Trapdoor {
	match recovery {
		Recovery::Trapdoor(trapdoor) => trapdoor,
		Recovery::Fault(_) => panic!("an honest dealer was accused"),
	}
}
