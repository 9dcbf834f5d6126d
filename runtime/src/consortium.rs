//! The genesis of a chain that is no preset, for whoever makes its specification.
//!
//! The first dealing is drawn from the system's randomness, so this is not part of the runtime on the chain.

use codec::Encode;
use frame_support::{build_struct_json_patch, traits::Get};
use pallet_certificates::{GenesisCertificate, Moment};
use pallet_ecommerce::Terms;
use pallet_td_raft_election::GenesisAuthority;
use rand_core::OsRng;
use serde_json::Value;
use sp_core::Bytes;
use veilmart_td_raft::{genesis_binding, genesis_context, genesis_dealing, AuthoritySet, SetId, Timing};

use crate::{
	configs::{CouncilCollective, LeastPeriod},
	genesis_presets::{session_keys, ENDOWMENT},
	AccountId, BalancesConfig, CertificatesConfig, CouncilConfig, EcommerceConfig, Runtime,
	RuntimeGenesisConfig, SessionConfig, TdRaftConfig,
};

/// Who and what a chain begins with, but for the key of its ledger.
#[derive(Clone, Debug)]
pub struct Consortium {
	/// The id of the chain specification, to which the first dealing is bound.
	pub chain_id: String,
	/// The authorities.
	pub authorities: Vec<GenesisAuthority<AccountId>>,
	/// The account of the certificate authority.
	pub ca: AccountId,
	/// The council.
	pub council: Vec<AccountId>,
	/// The first certificates.
	pub certificates: Vec<(AccountId, GenesisCertificate)>,
	/// How much the issuers may issue in all, in minor units.
	pub issuer_quotas: Vec<(AccountId, u64)>,
	/// The terms of trade.
	pub terms: Terms,
	/// How long the consensus takes.
	pub timing: Timing,
}

impl Consortium {
	/// The patch of the default genesis, with a new dealing. Fails if there can be none to these authorities; whatever else does not
	/// fit together stops the building of genesis.
	///
	/// No records: each node tells where it is. Every account holds some of the valueless token, so that it exists and can send.
	pub fn genesis(&self) -> Result<Value, String> {
		let Self {
			chain_id,
			authorities,
			ca,
			council,
			certificates,
			issuer_quotas,
			terms,
			timing,
		} = self;
		let dealing = first_dealing(chain_id, authorities)?.map(Bytes);
		let mut endowed: Vec<_> = certificates
			.iter()
			.map(|(account, _)| account)
			.chain(council)
			.chain([ca])
			.cloned()
			.collect();
		endowed.sort();
		endowed.dedup();
		Ok(build_struct_json_patch!(RuntimeGenesisConfig {
			balances: BalancesConfig {
				balances: endowed
					.into_iter()
					.map(|account| (account, ENDOWMENT))
					.collect::<Vec<_>>()
			},
			certificates: CertificatesConfig {
				ca: Some(ca.clone()),
				certificates: certificates.clone(),
			},
			ecommerce: EcommerceConfig {
				issuer_quotas: issuer_quotas.clone(),
				terms: Some(*terms),
			},
			council: CouncilConfig {
				members: council.clone()
			},
			session: SessionConfig {
				keys: session_keys(authorities).collect::<Vec<_>>()
			},
			td_raft: TdRaftConfig {
				chain_id: chain_id.clone(),
				authorities: authorities.clone(),
				timing: Some(*timing),
				dealing: dealing,
			},
		}))
	}
}

/// Deals to the first authorities of a chain, and verifies the dealing as genesis does. Encoded; none for a single authority.
///
/// The secret that is dealt is wiped at once. Fails if the authorities make no set, or a key to open shares is not acceptable.
pub fn first_dealing(
	chain_id: &str,
	authorities: &[GenesisAuthority<AccountId>],
) -> Result<Option<Vec<u8>>, String> {
	let mut members: Vec<_> = authorities.iter().map(|genesis| genesis.authority()).collect();
	members.sort();
	let set = AuthoritySet::new(SetId(0), members).map_err(|error| error.to_string())?;
	let keys = set.share_keys().map_err(|error| error.to_string())?;
	let dealing = genesis_dealing(chain_id, &set, &mut OsRng).map_err(|error| error.to_string())?;
	let Some(dealing) = dealing else {
		return Ok(None);
	};
	dealing
		.verify(&genesis_context(genesis_binding(chain_id, &set)), &keys)
		.map_err(|error| error.to_string())?;
	Ok(Some(dealing.encode()))
}

/// The shortest period in which somebody can lose money that a marketplace allows with this timing and so many authorities, in
/// milliseconds.
pub fn least_period(timing: &Timing, authorities: u16) -> Moment {
	LeastPeriod::of(timing, authorities)
}

/// The most members of a council.
pub fn largest_council() -> u32 {
	<<Runtime as pallet_collective::Config<CouncilCollective>>::MaxMembers as Get<u32>>::get()
}
