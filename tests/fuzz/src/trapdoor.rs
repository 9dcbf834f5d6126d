//! Dealings, shares, collisions, faults: any bytes decode or are refused, verifying them ends with a verdict, and what is
//! recovered from verified shares is what the dealing says it is.

use std::sync::LazyLock;

use codec::Encode;
use veilmart_td_raft::PerAuthority;
use veilmart_trapdoor::{
	Candidacy, Collision, Context, DealerFault, Dealing, OpenedShare, Recovery, ShareKeys,
};

use crate::{
	setting::{GENESIS, SET},
	take,
};

static KEYS: LazyLock<ShareKeys> = LazyLock::new(|| SET.share_keys().expect("four different points"));

/// Where the dealings stand.
pub const CONTEXT: Context = Context {
	genesis: GENESIS,
	set_id: 0,
	term: 1,
	dealer: 0,
	parent: [1; 32],
};

/// What collisions open the chameleon hash to.
pub const CANDIDACY: Candidacy<'static> = Candidacy {
	term: 2,
	candidate: 1,
	high_qc: &[7],
};

/// What follows a dealing: shares of it, and a collision.
pub type Answer = (PerAuthority<OpenedShare>, Collision);

/// Accepted is a dealing that verifies; what follows it has to verify, too, if something does.
pub fn run(data: &[u8]) -> bool {
	take::<OpenedShare>(&mut { data });
	take::<DealerFault>(&mut { data });
	take::<Collision>(&mut { data });
	let mut rest = data;
	let Some(dealing) = take::<Dealing>(&mut rest).and_then(|dealing| dealing.verify(&CONTEXT, &KEYS).ok())
	else {
		return false;
	};
	if rest.is_empty() {
		return true;
	}
	let Some((shares, collision)) = take::<Answer>(&mut rest) else {
		return false;
	};
	let verified: Vec<_> = shares
		.iter()
		.filter_map(|share| dealing.verify_share(share).ok())
		.collect();
	match dealing.recover(&verified) {
		Ok(Recovery::Trapdoor(trapdoor)) => {
			let own = trapdoor
				.collide(&CANDIDACY)
				.expect("another message than the dealer's");
			assert_eq!(dealing.verify_collision(&own, &CANDIDACY), Ok(()));
		}
		Ok(Recovery::Fault(fault)) => assert_eq!(dealing.verify_fault(&fault), Ok(())),
		Err(_) => {}
	}
	let known = dealing.trapdoor_of(&collision, &CANDIDACY);
	assert_eq!(
		known.is_ok(),
		dealing.verify_collision(&collision, &CANDIDACY).is_ok()
	);
	if let Ok(trapdoor) = &known {
		assert_eq!(
			trapdoor.collide(&CANDIDACY).map(|own| own.encode()),
			Ok(collision.encode())
		);
	}
	verified.len() == shares.len() && known.is_ok()
}
