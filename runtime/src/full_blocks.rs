//! Blocks as full as they may be, and what fills them: for the tests of weights, and for `veilmart-weights --blocks`, which
//! measures them.

use std::{collections::BTreeSet, time::Duration};

use codec::{Decode, Encode};
use frame_support::{
	dispatch::{DispatchInfo, GetDispatchInfo},
	traits::GetCallMetadata,
	weights::{constants::WEIGHT_REF_TIME_PER_NANOS, Weight},
};
use pallet_certificates::{CertificateRequest, OrderId, Roles, ViewKey};
use pallet_ecommerce::{
	Ciphertext, CreditId, CreditKind, DeclineReason, Disclosure, ListingId, Proof, RedemptionId,
	RefreshTarget, Salt, SealedNote, Terms, Verdict, WeightInfo as _, MAX_COLLECT,
};
use sp_core::{sr25519, Pair as _};
use sp_runtime::{generic::Era, traits::TransactionExtension};
use veilmart_td_raft::{
	AuthorityId, AuthorityIndex, AuthorityRecord, DealerFaultProof, Evidence, Number, PeerIdBytes, Phase,
	RecordBody, SetId, Signature, Target, Term, Timing, Vote, MAX_AUTHORITIES,
};
use veilmart_trapdoor::Dealing;

use crate::{
	configs::{AgendaWeight, CallQuota, RuntimeBlockWeights},
	extensions::{signed_extrinsic, tx_extension},
	AccountId, Hash, Nonce, Runtime, RuntimeCall, UncheckedExtrinsic,
};

/// Chain time of the block of [`remarks`], in milliseconds: some moment in 2027.
const MOMENT: u64 = 1_800_000_000_000;

fn somebody() -> AccountId {
	AccountId::new([1; 32])
}

/// Every call of the marketplace, with the most that its weight depends on.
fn market_calls() -> Vec<pallet_ecommerce::Call<Runtime>> {
	use pallet_ecommerce::Call;

	let who = somebody;
	let seq = 0;
	let salt = Salt([0; 16]);
	let c = || Box::new(Ciphertext::default());
	let note = || Box::new(SealedNote([0; 368]));
	let proof = Proof::default;
	let order = || OrderId { buyer: who(), seq: 0 };
	let credit = || CreditId {
		creator: who(),
		seq: 0,
		kind: CreditKind::Issued,
	};
	vec![
		Call::issue {
			seq,
			salt,
			to: who(),
			amount: c(),
			issued_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::collect {
			seq,
			credits: vec![credit(); MAX_COLLECT as usize]
				.try_into()
				.expect("as many as there may be"),
			own_note: note(),
		},
		Call::list {
			seq,
			salt,
			price: c(),
			stock: c(),
			commodity: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::quote {
			seq,
			listing: 0,
			buyer: who(),
			note: note(),
		},
		Call::order {
			seq,
			salt,
			listing: ListingId {
				seller: who(),
				seq: 0,
			},
			version: 0,
			quantity: c(),
			total: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			quote: note(),
			proof: proof(),
		},
		Call::cancel { seq, order: 0 },
		Call::accept {
			seq,
			salt,
			order: order(),
			stock_after: c(),
			balance_after: c(),
			own_note: note(),
			stock_note: note(),
			proof: proof(),
		},
		Call::decline {
			seq,
			order: order(),
			reason: DeclineReason::Unspecified,
		},
		Call::ship { seq, order: order() },
		Call::confirm { seq, order: 0 },
		Call::poke { seq, order: order() },
		Call::dispute {
			seq,
			salt,
			order: 0,
			balance_after: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::resolve {
			seq,
			order: order(),
			verdict: Verdict::Penalised,
		},
		Call::set_terms {
			terms: Terms::default(),
		},
		Call::transfer {
			seq,
			salt,
			to: who(),
			amount: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::refuse {
			seq,
			credit: credit(),
		},
		Call::reclaim {
			seq,
			from: who(),
			transfer: 0,
		},
		Call::redeem {
			seq,
			salt,
			issuer: who(),
			amount: c(),
			balance_after: c(),
			own_note: note(),
			note: note(),
			proof: proof(),
		},
		Call::settle {
			seq,
			redemption: RedemptionId {
				holder: who(),
				seq: 0,
			},
		},
		Call::refresh {
			seq,
			salt,
			target: RefreshTarget::Balance,
			after: c(),
			residue: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::reprice {
			seq,
			salt,
			listing: 0,
			version: 0,
			price: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::restock {
			seq,
			salt,
			listing: 0,
			version: 0,
			delivery: c(),
			own_note: note(),
			proof: proof(),
		},
		Call::delist { seq, listing: 0 },
		Call::set_issuer_quota {
			issuer: who(),
			quota: 0,
		},
		Call::record_disclosure {
			subject: Disclosure::Account(who()),
		},
	]
}

/// Every call of the registry.
fn registry_calls() -> Vec<pallet_certificates::Call<Runtime>> {
	use pallet_certificates::Call;

	let request = CertificateRequest {
		account: somebody(),
		roles: Roles::default(),
		organisation: Default::default(),
		view_key: None,
		counter: 1,
	};
	let signature = sp_core::sr25519::Signature::default();
	vec![
		Call::issue {
			request: request.clone(),
			signature,
			valid_until: None,
		},
		Call::renew {
			request,
			signature,
			valid_until: None,
		},
		Call::revoke { account: somebody() },
		Call::reinstate { account: somebody() },
		Call::set_view_key {
			view_key: ViewKey::new([7; 32]).expect("not of small order"),
			counter: 1,
		},
		Call::set_ca { account: somebody() },
	]
}

/// Every call of the consensus, for the largest set; reports of both costs.
fn consensus_calls() -> Vec<pallet_td_raft_election::Call<Runtime>> {
	use pallet_td_raft_election::Call;

	let most = u32::from(MAX_AUTHORITIES);
	// Three numbers, then three for each holder.
	let shares = vec![[[0u8; 32]; 3]; most as usize];
	let dealing = Dealing::decode(&mut &([[0u8; 32]; 3], shares).encode()[..]).expect("these are its parts");
	let vote = || Vote {
		phase: Phase::Commit,
		target: Target {
			set_id: SetId(0),
			term: Term(0),
			number: Number(0),
			hash: [0; 32],
		},
		voter: AuthorityIndex(0),
		signature: Signature([0; 64]),
	};
	let record = AuthorityRecord {
		body: RecordBody {
			authority: AuthorityId([0; 32]),
			counter: 0,
			peer_id: PeerIdBytes::new(vec![0; 64]).expect("as long as it may be"),
			sealing_key: [0; 32],
		},
		signature: Signature([0; 64]),
	};
	vec![
		Call::set_authorities {
			authorities: vec![somebody(); most as usize]
				.try_into()
				.expect("as many as there may be"),
		},
		Call::add_authority { account: somebody() },
		Call::remove_authority { account: somebody() },
		Call::set_timing {
			timing: Timing::LOCAL,
		},
		Call::set_record { record },
		Call::report_offence {
			evidence: Box::new(Evidence::Votes(vote(), vote())),
		},
		Call::report_offence {
			evidence: Box::new(Evidence::DealerFault {
				dealer: AuthorityIndex(0),
				set_id: SetId(0),
				fault: DealerFaultProof {
					holders: SetId(0),
					term: Term(0),
					parent: [0; 32],
					dealing,
					fault: Decode::decode(&mut &[0u8][..]).expect("a list of no shares"),
				},
			}),
		},
	]
}

/// Every call of our pallets in its heaviest form. What weighs more in another way is listed once for each way.
///
/// # Panics
///
/// If a pallet has a call that is not listed.
pub fn calls() -> Vec<RuntimeCall> {
	let mut all: Vec<RuntimeCall> = registry_calls().into_iter().map(Into::into).collect();
	all.extend(market_calls().into_iter().map(RuntimeCall::from));
	all.extend(consensus_calls().into_iter().map(RuntimeCall::from));
	for pallet in ["Certificates", "Ecommerce", "TdRaft"] {
		let listed: BTreeSet<_> = all
			.iter()
			.map(|call| call.get_call_metadata())
			.filter(|call| call.pallet_name == pallet)
			.map(|call| call.function_name)
			.collect();
		let existing: BTreeSet<_> = RuntimeCall::get_call_names(pallet).iter().copied().collect();
		assert_eq!(listed, existing, "{pallet}: a call that is not listed");
	}
	all
}

/// The benchmark of what authorizes a call that nobody signs.
pub fn authorization(call: &RuntimeCall) -> Option<&'static str> {
	let RuntimeCall::TdRaft(pallet_td_raft_election::Call::report_offence { evidence }) = call else {
		return None;
	};
	Some(match **evidence {
		Evidence::DealerFault { .. } => "authorize_dealer_fault",
		Evidence::Seals { .. } | Evidence::Votes(..) | Evidence::ElectionVotes(..) => {
			"authorize_two_signatures"
		}
	})
}

/// What a transaction with this call weighs, but for what every transaction does.
pub fn weight(call: &RuntimeCall) -> (Weight, DispatchInfo) {
	let info = call.get_dispatch_info();
	let extension = tx_extension(0, Era::Immortal).weight(call);
	(info.call_weight.saturating_add(extension), info)
}

/// How many such transactions a block holds that has nothing else to do.
pub fn most_in_a_block(call: &RuntimeCall) -> u64 {
	let (weight, info) = weight(call);
	let limits = RuntimeBlockWeights::get();
	let class = limits.get(info.class);
	let room = class.max_total.unwrap_or(limits.max_block).ref_time();
	room / class.base_extrinsic.saturating_add(weight).ref_time()
}

/// How long a block may take.
pub fn block_time() -> Duration {
	Duration::from_nanos(RuntimeBlockWeights::get().max_block.ref_time() / WEIGHT_REF_TIME_PER_NANOS)
}

/// What the agenda of the marketplace does in a block, each by its benchmark's name, and how often it fits into the agenda's
/// share.
pub fn agenda() -> Vec<(&'static str, u64)> {
	type Weights = pallet_ecommerce::weights::SubstrateWeight<Runtime>;

	let room = AgendaWeight::share()
		.saturating_sub(Weights::agenda_base())
		.ref_time();
	[
		("lapse_placed", Weights::lapse_placed()),
		("lapse_accepted", Weights::lapse_accepted()),
		("lapse_shipped", Weights::lapse_shipped()),
		("lapse_disputed", Weights::lapse_disputed()),
		("cascade_step", Weights::cascade_step()),
		("quote_removal", Weights::quote_removal()),
	]
	.into_iter()
	.map(|(name, weight)| (name, room / weight.ref_time()))
	.collect()
}

/// The transactions of the first block of `development` on a parent with the hash zero: the clock's, and so many remarks of
/// this length in bytes, signed by accounts with a certificate and a quota as long as there are any.
pub fn remarks(count: u32, length: usize) -> Vec<UncheckedExtrinsic> {
	let signers = ["//Issuer", "//Arbiter", "//Auditor", "//Alice"]
		.map(|key| sr25519::Pair::from_string(key, None).expect("a well-known key"));
	let quota = CallQuota::get();
	let genesis = Hash::default();
	let clock = UncheckedExtrinsic::new_bare(pallet_timestamp::Call::set { now: MOMENT }.into());
	let mut all = vec![clock];
	all.extend((0..count).map(|number| {
		// The last one is in the council, which has no quota.
		let place = (number / quota).min(3);
		let nonce: Nonce = number - place * quota;
		let signer = &signers[place as usize];
		let remark = vec![0; length];
		signed_extrinsic(
			frame_system::Call::remark { remark }.into(),
			signer.public().into(),
			nonce,
			Era::Immortal,
			genesis,
			genesis,
			|bytes| signer.sign(bytes).into(),
		)
	}));
	all
}
