//! Recovery, and evidence against dealers.

use crate::{
	context,
	independent::{random_scalar, trapdoor as trapdoor_of_secret, value, Plan},
	trapdoor, Set, SIZES,
};
use codec::{Compact, Decode, Encode};
use curve25519_dalek::{
	constants::RISTRETTO_BASEPOINT_POINT as G,
	ristretto::{CompressedRistretto, RistrettoPoint},
	scalar::Scalar,
	traits::Identity,
};
use rand_core::OsRng;
use veilmart_trapdoor::{
	Candidacy, DealerFault, Dealing, FaultError, OpenedShare, Recovery, RecoveryError, ShareError,
	VerifiedDealing,
};

const CANDIDACY: Candidacy<'static> = Candidacy {
	term: 9,
	candidate: 1,
	high_qc: b"highest QC",
};

/// A dealing under a chameleon key of the dealer's choice, and the shares of everybody.
fn dealt(set: &Set, chameleon_key: Option<[u8; 32]>) -> (VerifiedDealing, Vec<OpenedShare>) {
	let mut plan = Plan::honest(&set.scalars);
	plan.chameleon_key = chameleon_key.unwrap_or(plan.chameleon_key);
	let dealing = Dealing::decode(&mut &plan.publish().bytes[..])
		.expect("well formed")
		.verify(&context(), &set.keys)
		.expect("nobody can tell yet");
	let shares = set
		.secrets
		.iter()
		.map(|secret| dealing.open(secret, &mut OsRng).expect("a holder"))
		.collect();
	(dealing, shares)
}

fn wrong_key() -> Option<[u8; 32]> {
	Some((G * random_scalar()).compress().0)
}

fn evidence(shares: &[OpenedShare]) -> DealerFault {
	DealerFault::decode(&mut &shares.encode()[..]).expect("well formed")
}

/// `Σ S_i·Π_{j≠i} j/(j-i)`, in single steps.
fn interpolate(shares: &[OpenedShare]) -> RistrettoPoint {
	let mut sum = RistrettoPoint::identity();
	for share in shares {
		let i = Scalar::from(share.holder() + 1);
		let mut weight = Scalar::ONE;
		for other in shares.iter().filter(|other| other.holder() != share.holder()) {
			let j = Scalar::from(other.holder() + 1);
			weight = weight * j * (j - i).invert();
		}
		let point = share.encode()[2..34].try_into().expect("32 bytes");
		sum += CompressedRistretto(point).decompress().expect("a point") * weight;
	}
	sum
}

#[test]
fn every_choice_of_holders_recovers_the_same() {
	let set = Set::new(5);
	let dealing = set.deal();
	assert_eq!(dealing.threshold(), 3);
	let mut collisions = Vec::new();
	for a in 0..5 {
		for b in 0..a {
			for c in 0..b {
				let shares = set.open(&dealing, [a, b, c]);
				let trapdoor = trapdoor(dealing.recover(&shares).expect("enough shares"));
				collisions.push(trapdoor.collide(&CANDIDACY).expect("a collision"));
			}
		}
	}
	assert_eq!(collisions.len(), 10);
	assert!(collisions.iter().all(|collision| collision == &collisions[0]));
}

/// What recovery is, against the polynomial itself.
#[test]
fn recovery_finds_the_value_at_zero() {
	for n in SIZES {
		let set = Set::new(n);
		let t = usize::from(set.keys.threshold());
		let polynomial: Vec<Scalar> = (0..t).map(|_| random_scalar()).collect();
		let plan = Plan::new(&set.scalars, &polynomial);
		let dealing = Dealing::decode(&mut &plan.publish().bytes[..])
			.expect("well formed")
			.verify(&context(), &set.keys)
			.expect("honest");
		let last = n - set.keys.threshold();
		let shares = set.open(&dealing, last..n);
		// θ' - θ = (m - m')/x: the trapdoor is the hash of a(0)·G.
		let x = trapdoor_of_secret(value(&polynomial, 0));
		let collision = trapdoor(dealing.recover(&shares).expect("enough shares"))
			.collide(&CANDIDACY)
			.expect("a collision");
		let theta = |bytes: &[u8]| {
			Scalar::from_canonical_bytes(bytes.try_into().expect("32 bytes")).expect("canonical")
		};
		let distance = theta(&collision.encode()) - theta(&plan.theta);
		let (m, m_new) = crate::collisions::messages(&dealing, &CANDIDACY);
		assert_eq!(distance * x, m - m_new, "n = {n}");
	}
}

#[test]
fn fewer_shares_lead_elsewhere() {
	for n in [2, 4, 7, 10, 30] {
		let set = Set::new(n);
		let dealing = set.deal();
		let shares: Vec<OpenedShare> = set
			.secrets
			.iter()
			.map(|secret| dealing.open(secret, &mut OsRng).expect("a holder"))
			.collect();
		let t = usize::from(dealing.threshold());
		let secret = interpolate(&shares[..t]);
		assert_eq!(secret, interpolate(&shares[shares.len() - t..]));
		assert_ne!(secret, interpolate(&shares[..t - 1]), "n = {n}");
		assert_ne!(secret, interpolate(&shares[shares.len() + 1 - t..]), "n = {n}");
	}
}

#[test]
fn too_few_shares_are_refused() {
	for n in SIZES {
		let set = Set::new(n);
		let dealing = set.deal();
		let shares = set.open(&dealing, 0..dealing.threshold() - 1);
		assert_eq!(
			dealing.recover(&shares).err(),
			Some(RecoveryError::TooFew),
			"n = {n}"
		);
	}
}

#[test]
fn shares_are_of_different_holders() {
	let set = Set::new(4);
	let dealing = set.deal();
	assert_eq!(
		dealing.recover(&set.open(&dealing, [2, 2])).err(),
		Some(RecoveryError::Duplicate)
	);
}

#[test]
fn shares_of_another_dealing_are_refused() {
	let set = Set::new(4);
	let (dealing, other) = (set.deal(), set.deal());
	let shares = [set.open(&dealing, [0]), set.open(&other, [1])].concat();
	assert_eq!(dealing.recover(&shares).err(), Some(RecoveryError::OtherDealing));
}

#[test]
fn a_dealer_that_lied_about_its_key_is_convicted() {
	for n in SIZES {
		let set = Set::new(n);
		let (dealing, _) = dealt(&set, wrong_key());
		let shares = set.open(&dealing, (0..n).rev());
		let Recovery::Fault(fault) = dealing.recover(&shares).expect("enough shares") else {
			panic!("the key is wrong");
		};
		assert_eq!(dealing.verify_fault(&fault), Ok(()), "n = {n}");
		let bytes = fault.encode();
		assert_eq!(
			bytes.len(),
			Compact(u32::from(set.keys.threshold())).encode().len() + 98 * usize::from(set.keys.threshold())
		);
		assert_eq!(DealerFault::decode(&mut &bytes[..]), Ok(fault));
	}
}

#[test]
fn an_honest_dealer_is_not_convicted() {
	let set = Set::new(7);
	let (dealing, shares) = dealt(&set, None);
	assert_eq!(
		dealing.verify_fault(&evidence(&shares[..4])),
		Err(FaultError::NoFault)
	);
	assert_eq!(
		dealing.verify_fault(&evidence(&shares[3..])),
		Err(FaultError::NoFault)
	);
}

/// Shares that lead to another secret, so that only the check in question stands between them and a conviction.
#[test]
fn evidence_is_exactly_threshold_verified_shares_in_order() {
	let set = Set::new(7);
	for key in [None, wrong_key()] {
		let (dealing, shares) = dealt(&set, key);
		assert_eq!(dealing.threshold(), 4);
		let refused = |shares: &[OpenedShare]| dealing.verify_fault(&evidence(shares));
		assert_eq!(refused(&[]), Err(FaultError::Count));
		assert_eq!(refused(&shares[..3]), Err(FaultError::Count));
		assert_eq!(refused(&shares[..5]), Err(FaultError::Count));
		let pick = |holders: [usize; 4]| holders.map(|holder| shares[holder]);
		assert_eq!(refused(&pick([0, 1, 1, 2])), Err(FaultError::Order));
		assert_eq!(refused(&pick([3, 2, 1, 0])), Err(FaultError::Order));
		assert_eq!(refused(&pick([0, 1, 3, 2])), Err(FaultError::Order));
	}
}

#[test]
fn evidence_with_a_bad_share_is_refused() {
	let set = Set::new(7);
	let (dealing, shares) = dealt(&set, None);
	let (_, others) = dealt(&set, None);
	for bad in 0..4 {
		let mut shares = shares[..4].to_vec();
		shares[bad] = others[bad];
		assert_eq!(
			dealing.verify_fault(&evidence(&shares)),
			Err(FaultError::Share(ShareError::Proof)),
			"share {bad}"
		);
	}
}

#[test]
fn evidence_against_one_dealing_convicts_for_no_other() {
	let set = Set::new(4);
	let (guilty, shares) = dealt(&set, wrong_key());
	let innocent = set.deal();
	let fault = evidence(&shares[..2]);
	assert_eq!(guilty.verify_fault(&fault), Ok(()));
	assert_eq!(
		innocent.verify_fault(&fault),
		Err(FaultError::Share(ShareError::Proof))
	);
}
