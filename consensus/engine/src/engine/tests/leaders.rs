//! How long leaders may leave transactions out.

use super::{
	pool::{impatient, named, SILENT},
	*,
};
use veilmart_td_raft::ConsensusLog;

/// A transaction has waited for long enough, and three blocks carry others: whether it is overdue.
fn is_overdue_after_three(third_closes: bool) -> bool {
	let mut lab = impatient();
	let waits = named(7);
	assert!(lab.engine.transactions.arrived(waits, || Some(vec![7])).is_some());
	lab.engine.step(Input::Relayed(waits.0, vec![7]));
	let first = lab.first(1, b"first");
	lab.send(&first);
	let mut items = header::pre_runtime(&lab.digest(1, &lab.certificate(&first)), None);
	if third_closes {
		let member = Authority {
			id: lab.authority.id,
			share_key: ShareKey([1; 32]),
		};
		let next = AuthoritySet::new(SetId(1), vec![member]).unwrap();
		let log = ConsensusLog::ChildCloses(next);
		items.push(DigestItem::Consensus(ENGINE_ID, log.encode()));
	}
	let second = lab.sealed(&first.header, items, b"second");
	lab.send(&second);
	assert!(!lab.engine.core.gate_is_open(), "two are not enough");
	let third = lab.next(&second, b"third");
	lab.send(&third);
	let taken = lab.engine.core.chain().get(&third.header.hash().0);
	assert_eq!(
		taken.map(|pending| pending.block.is_closing()),
		Some(third_closes)
	);
	lab.engine.core.gate_is_open()
}

#[test]
fn a_block_that_closes_a_set_passes_nothing_over() {
	assert!(is_overdue_after_three(false));
	assert!(!is_overdue_after_three(true));
}

/// The pool does not say of a transaction that it is ready because another one came, for one.
#[test]
fn what_became_ready_without_a_word_may_not_be_left_out_either() {
	let mut lab = impatient();
	for _ in 0..GOVERN {
		lab.engine.on_tick();
	}
	assert_eq!(lab.engine.transactions.watched(), Vec::<Vec<u8>>::new());
	for _ in 0..GOVERN {
		lab.engine.on_tick();
	}
	assert_eq!(lab.engine.transactions.watched(), [named(SILENT).0.to_vec()]);
	lab.engine.step(Input::Tick);
	assert!(lab.engine.core.gate_is_open(), "there was no block for it");
	assert_eq!(lab.engine.failure, None);
}

/// A leader did enough while the last set lasted, and next to nothing since: whether it has passed over what waits behind an older one, if
/// `led` says who led until now.
fn passes_over(led: impl Fn(Term, AuthorityId) -> (u64, Term, AuthorityId)) -> bool {
	let mut lab = Lab::new(true);
	let (term, leader) = (lab.engine.core.term(), *lab.engine.core.leader().unwrap());
	let start = Instant::now();
	let at = |seconds| start + Duration::from_secs(seconds);
	let [older, waits] = [1, 2].map(named);
	for hash in [older, waits] {
		lab.engine.transactions.arrived(hash, || Some(Vec::new()));
	}
	let transactions = &mut lab.engine.transactions;
	transactions.in_block(&[], Some(Duration::from_secs(9)), at(10));
	lab.engine.led = Some(led(term, leader));
	lab.engine.note_leader();
	let short = Some(Duration::from_millis(1));
	let (_, passed_over) = lab.engine.transactions.in_block(&[older], short, at(20));
	passed_over == [waits]
}

/// What it did in the set before counts, for it and against it.
#[test]
fn a_leader_that_leads_on_in_another_set_is_not_judged_anew() {
	assert!(!passes_over(|term, leader| (7, term, leader)));
	assert!(passes_over(|term, leader| (0, Term(term.0 + 1), leader)));
	assert!(passes_over(|term, _| (0, term, AuthorityId([9; 32]))));
}
