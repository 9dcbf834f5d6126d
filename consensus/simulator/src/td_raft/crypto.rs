//! The core's symbols in place of cryptography, with every operation noted, so that it can be charged.

use crate::cpu::Operation;
use std::{cell::RefCell, rc::Rc};
use veilmart_td_raft::{AuthorityIndex, SetId, Term, Verifier};
use veilmart_td_raft_core::{
	crypto::{Candidacy, Crypto, Dealt, Lot, Place, Recovery, Set, ShareBinding},
	symbolic::{Dealing, Digest, Keys, Name, Symbols, Token},
};

/// Operations done and not charged yet.
pub(super) type Work = Rc<RefCell<Vec<Operation>>>;

/// One authority's symbolic keys.
#[derive(Clone, Debug)]
pub struct NotedKeys {
	pub(super) keys: Keys,
	work: Work,
}

impl NotedKeys {
	pub(super) fn new(keys: Keys, work: Work) -> Self {
		Self { keys, work }
	}

	fn note(&self, operation: Operation) {
		self.work.borrow_mut().push(operation);
	}
}

impl Verifier<Name, Token> for NotedKeys {
	fn verify_all(&self, items: &[(&Name, &[u8], &Token)]) -> bool {
		self.note(match items.len() {
			1 => Operation::Verify,
			count => Operation::VerifyBatch(count as u32),
		});
		self.keys.verify_all(items)
	}
}

impl Crypto for NotedKeys {
	type Scheme = Symbols;

	fn sign(&self, bytes: &[u8]) -> Token {
		self.note(Operation::Sign);
		self.keys.sign(bytes)
	}

	fn draw(&self, set_id: SetId, beacon: &Digest, term: Term) -> (Token, Lot<Digest>) {
		self.note(Operation::VrfProve);
		self.keys.draw(set_id, beacon, term)
	}

	fn lot(
		&self,
		id: &Name,
		set_id: SetId,
		beacon: &Digest,
		term: Term,
		proof: &Token,
	) -> Option<Lot<Digest>> {
		self.note(Operation::VrfVerify);
		self.keys.lot(id, set_id, beacon, term, proof)
	}

	fn beacon(&self, used: &Digest, output: &Digest, term: Term) -> Digest {
		self.keys.beacon(used, output, term)
	}

	fn deal(&mut self, holders: &Set<Symbols>, place: &Place<Digest>) -> Option<Dealing> {
		self.note(Operation::Deal(holders.count().into()));
		self.keys.deal(holders, place)
	}

	fn verify_dealing(&self, holders: &Set<Symbols>, place: &Place<Digest>, dealing: &Dealing) -> bool {
		self.note(Operation::VerifyDealing(holders.count().into()));
		self.keys.verify_dealing(holders, place, dealing)
	}

	fn open_share(&mut self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>) -> Option<Token> {
		self.note(Operation::OpenShare);
		self.keys.open_share(holders, dealt)
	}

	fn verify_share(
		&self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		holder: AuthorityIndex,
		share: &Token,
	) -> bool {
		self.note(Operation::VerifyShare);
		self.keys.verify_share(holders, dealt, holder, share)
	}

	fn ephemeral(&mut self) -> Name {
		// A key pair and a key agreement are one multiplication of a point each, as a signature is.
		self.note(Operation::Sign);
		self.keys.ephemeral()
	}

	fn seal_share(
		&mut self,
		to: &Name,
		binding: &ShareBinding<Digest>,
		share: &Token,
	) -> Option<(Token, Digest)> {
		self.note(Operation::Sign);
		self.keys.seal_share(to, binding, share)
	}

	fn unseal_share(&self, binding: &ShareBinding<Digest>, sealed: &(Token, Digest)) -> Option<Token> {
		self.note(Operation::Sign);
		self.keys.unseal_share(binding, sealed)
	}

	fn recover(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		shares: &[(AuthorityIndex, Token)],
	) -> Option<Recovery<Vec<Token>>> {
		self.note(Operation::Recover(holders.count().into()));
		self.keys.recover(holders, dealt, shares)
	}

	fn collide(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
	) -> Option<Token> {
		self.keys.collide(holders, dealt, candidacy)
	}

	fn verify_collision(
		&self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) -> bool {
		// `m·G + θ·pk`, as checking a signature.
		self.note(Operation::Verify);
		self.keys.verify_collision(holders, dealt, candidacy, collision)
	}

	fn learn(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) {
		self.keys.learn(holders, dealt, candidacy, collision);
	}

	fn verify_fault(&self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>, fault: &Vec<Token>) -> bool {
		fault.iter().for_each(|_| self.note(Operation::VerifyShare));
		self.keys.verify_fault(holders, dealt, fault)
	}
}
