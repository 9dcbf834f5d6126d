//! The blocks that are not final yet, and what follows from those that are: the set, the dealing in force, the beacon.

use codec::{Decode, Encode};
use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};
use veilmart_td_raft::{Evidence as AnyEvidence, Number, SetId};

use crate::{
	block::Block,
	crypto::{Crypto, Dealt, Evidence, Hashed, Qc, Scheme, Set},
};

/// How many of a set's dealings are remembered: candidates of late elections may refer to them.
const DEALINGS: usize = 64;
/// How many handovers from set to set are remembered for those who come late. Who comes later synchronizes final blocks
/// by other means (see [`crate::Input::Imported`]) and finds the certificate in the header of the closing block's child.
const HANDOVERS: usize = 8;
/// How many blocks of one height and term are kept without being certified: two are the evidence.
///
/// One that is known to be certified, or to lead to a block that is, is kept beside them: a leader could otherwise keep an
/// authority from ever following the others, by sending it two blocks in place of the one that they have certified. At most
/// one of a height and term is certified, hence there are at most three; if whoever says so is wrong, [`BLOCKS`] bounds them.
/// No rule of voting asks what is kept ([`crate::safety`] counts what was prepared), so that safety does not depend on it.
const SIBLINGS: usize = 2;
/// How many blocks are kept beside those on the way to the highest certificates. A block that was given up is fetched
/// again if a certificate asks for it.
const BLOCKS: usize = 1_024;

/// What follows from the final blocks. Stored beside the last final block, and read at start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Anchor<S: Scheme> {
	/// The last final block.
	pub root: Arc<Block<S>>,
	/// The height of the first block of its term.
	pub first: Number,
	/// The beacon of its newest first ancestor, or of itself.
	pub beacon: S::BlockHash,
	/// The set that judges its children.
	pub set: Set<S>,
	/// The set before that.
	pub previous: Option<Set<S>>,
	/// The dealings to this set in final blocks, the one in force last.
	pub dealings: Vec<Dealt<S>>,
	/// The commit certificates of the last closing blocks, in order.
	pub handovers: Vec<Qc<S>>,
	/// The highest commit certificate known: of the root, or of a block that is not there yet.
	pub commit_qc: Qc<S>,
}

impl<S: Scheme> Anchor<S> {
	/// At genesis, with the first set.
	pub fn genesis(root: Arc<Block<S>>, set: Set<S>) -> Self {
		let commit_qc = Qc::<S>::genesis(root.hash);
		let beacon = root.hash;
		let dealings = dealt(&root, beacon).into_iter().collect();
		Self {
			first: root.number,
			beacon,
			set,
			previous: None,
			dealings,
			handovers: Vec::new(),
			commit_qc,
			root,
		}
	}

	/// The dealing in force.
	pub fn in_force(&self) -> Option<&Dealt<S>> {
		self.dealings.last()
	}

	/// The set with this number, if it is the current or the last one.
	pub fn set_of(&self, id: SetId) -> Option<&Set<S>> {
		[Some(&self.set), self.previous.as_ref()]
			.into_iter()
			.flatten()
			.find(|set| set.id() == id)
	}
}

/// The dealing that a block carries.
fn dealt<S: Scheme>(block: &Block<S>, beacon: S::BlockHash) -> Option<Dealt<S>> {
	block.dealing.clone().map(|dealing| Dealt {
		block: block.hash,
		sealed_in: block.set_id(),
		place: block.dealing_place(),
		dealing,
		beacon,
	})
}

/// A block that is not final yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending<S: Scheme> {
	/// The block.
	pub block: Arc<Block<S>>,
	/// The height of the first block of its term.
	pub first: Number,
	/// The beacon of its newest first ancestor, or of itself.
	pub beacon: S::BlockHash,
	/// When it is dated, in milliseconds of Unix time, if the driver has said so. Of no account once it is final.
	pub date: Option<u64>,
}

/// What became of a block given to [`Chain::insert`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Inserted<S: Scheme> {
	/// It is new. Perhaps its sealer sealed another at the same height and term.
	New(Option<Box<Evidence<S>>>),
	/// It was there, it is final or abandoned, or one of too many of its height and term.
	Ignored,
	/// Its parent is not there.
	Orphan,
}

/// The blocks from the last final one on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain<S: Scheme> {
	anchor: Anchor<S>,
	pending: BTreeMap<S::BlockHash, Pending<S>>,
}

impl<S: Scheme> Chain<S> {
	pub(crate) fn new(anchor: Anchor<S>) -> Self {
		Self {
			anchor,
			pending: BTreeMap::new(),
		}
	}

	/// What follows from the final blocks.
	pub fn anchor(&self) -> &Anchor<S> {
		&self.anchor
	}

	/// The last final block.
	pub fn root(&self) -> &Arc<Block<S>> {
		&self.anchor.root
	}

	/// The blocks that are not final.
	pub fn pending(&self) -> impl Iterator<Item = &Pending<S>> {
		self.pending.values()
	}

	/// A block that is not final, or the last that is.
	pub fn get(&self, hash: &S::BlockHash) -> Option<Pending<S>> {
		if *hash == self.anchor.root.hash {
			let Anchor {
				root, first, beacon, ..
			} = &self.anchor;
			return Some(Pending {
				block: root.clone(),
				first: *first,
				beacon: *beacon,
				date: None,
			});
		}
		self.pending.get(hash).cloned()
	}

	/// Whether a block is not final, or the last that is.
	pub(crate) fn has(&self, hash: &S::BlockHash) -> bool {
		*hash == self.anchor.root.hash || self.pending.contains_key(hash)
	}

	/// Takes note of a higher commit certificate.
	pub(crate) fn set_commit_qc(&mut self, qc: &Qc<S>) {
		if qc.rank() > self.anchor.commit_qc.rank() {
			self.anchor.commit_qc = qc.clone();
		}
	}

	/// The commit certificate of the block that closed the set.
	pub(crate) fn handover(&self, set_id: SetId) -> Option<&Qc<S>> {
		self.anchor.handovers.iter().find(|qc| qc.target.set_id == set_id)
	}

	/// The dealing of this block, if it is final.
	pub fn dealing(&self, block: &S::BlockHash) -> Option<&Dealt<S>> {
		self.anchor.dealings.iter().find(|dealt| dealt.block == *block)
	}

	/// Set held to and beacon of the dealing in a block that is `before` or an ancestor of it.
	pub(crate) fn dealing_before(
		&self,
		before: &S::BlockHash,
		block: &S::BlockHash,
	) -> Option<(SetId, S::BlockHash)> {
		if let Some(dealt) = self.dealing(block) {
			return Some((dealt.place.holders, dealt.beacon));
		}
		let mut hash = *before;
		while let Some(pending) = self.pending.get(&hash) {
			if hash == *block {
				let holders = pending.block.dealing_place().holders;
				return pending.block.dealing.as_ref().map(|_| (holders, pending.beacon));
			}
			hash = pending.block.parent;
		}
		None
	}

	/// Takes a block that was verified. `high` has the highest certificate; `certified` says that this block leads to one.
	pub(crate) fn insert<C: Crypto<Scheme = S>>(
		&mut self,
		crypto: &C,
		block: &Arc<Block<S>>,
		high: &S::BlockHash,
		certified: bool,
	) -> Inserted<S> {
		if block.number <= self.anchor.root.number || self.pending.contains_key(&block.hash) {
			return Inserted::Ignored;
		}
		let Some(parent) = self.get(&block.parent) else {
			return Inserted::Orphan;
		};
		let wanted = certified || [*high, self.anchor.commit_qc.target.hash].contains(&block.hash);
		let siblings = self
			.pending
			.values()
			.filter(|other| other.block.rank() == block.rank());
		let sibling = siblings.clone().next().map(|other| other.block.clone());
		if !wanted && siblings.count() >= SIBLINGS {
			return Inserted::Ignored;
		}
		if self.pending.len() >= BLOCKS {
			self.make_room(&[*high, self.anchor.commit_qc.target.hash, block.parent]);
		}
		let Some(beacon) = self.beacon(crypto, block, &parent.beacon) else {
			return Inserted::Ignored;
		};
		let goes_on = !parent.block.child_is_first(block.set_id(), block.term());
		let first = if goes_on { parent.first } else { block.number };
		self.pending.insert(
			block.hash,
			Pending {
				block: block.clone(),
				first,
				beacon,
				date: None,
			},
		);
		Inserted::New(sibling.map(|other| Box::new(two_seals(&other, block))))
	}

	/// Gives up the blocks that are not on the way to these. What stays has a certified child, but for these
	/// themselves, so that its number is not in the hands of a Byzantine leader.
	fn make_room(&mut self, ways: &[S::BlockHash]) {
		let mut kept = BTreeSet::new();
		for end in ways {
			let mut hash = *end;
			while let Some(pending) = self.pending.get(&hash).filter(|_| kept.insert(hash)) {
				hash = pending.block.parent;
			}
		}
		self.pending.retain(|hash, _| kept.contains(hash));
	}

	/// The beacon that a block brings: a first block's own, otherwise its parent's.
	fn beacon<C: Crypto<Scheme = S>>(
		&self,
		crypto: &C,
		block: &Block<S>,
		parents: &S::BlockHash,
	) -> Option<Hashed<S>> {
		let Some(election) = &block.digest.election else {
			return Some(*parents);
		};
		if election.certificate.set_id != block.set_id() {
			// Only a deliberate mistake lets such a block pass verification.
			return Some(*parents);
		}
		let (_, used) = self.dealing_before(&block.parent, &election.dealing)?;
		let sealer = self.anchor.set_of(block.set_id())?.get(block.digest.sealer)?;
		let lot = crypto.lot(&sealer.id, block.set_id(), &used, block.term(), &election.vrf)?;
		Some(crypto.beacon(&used, &lot.output, block.term()))
	}

	/// The blocks from the first after the root to this one, if it descends from the root.
	pub(crate) fn path(&self, to: &S::BlockHash) -> Option<Vec<Arc<Block<S>>>> {
		let mut path = Vec::new();
		let mut hash = *to;
		while hash != self.anchor.root.hash {
			let pending = self.pending.get(&hash)?;
			path.push(pending.block.clone());
			hash = pending.block.parent;
		}
		path.reverse();
		Some(path)
	}

	/// Whether a block is this end, or an ancestor of it that is not final.
	pub(crate) fn leads_to(&self, end: &S::BlockHash, block: &S::BlockHash) -> bool {
		let mut hash = *end;
		while hash != *block {
			match self.pending.get(&hash) {
				Some(pending) => hash = pending.block.parent,
				None => return false,
			}
		}
		true
	}

	/// Notes when a block is dated.
	pub(crate) fn set_date(&mut self, block: &S::BlockHash, date: Option<u64>) {
		if let Some(pending) = self.pending.get_mut(block) {
			pending.date = date;
		}
	}

	/// Forgets a block, and what was built on it.
	pub(crate) fn give_up(&mut self, block: &S::BlockHash) {
		if self.pending.remove(block).is_some() {
			self.prune();
		}
	}

	/// Makes a child of the root final, with the certificate that says so, and drops what contradicts it.
	pub(crate) fn advance(&mut self, child: &S::BlockHash, qc: &Qc<S>) {
		let Some(Pending {
			block,
			first,
			beacon,
			date: _,
		}) = self.pending.remove(child)
		else {
			return;
		};
		let anchor = &mut self.anchor;
		if let Some(next) = &block.next_set {
			anchor.previous = Some(std::mem::replace(&mut anchor.set, next.clone()));
			anchor.dealings.clear();
			anchor.handovers.push(qc.clone());
			if anchor.handovers.len() > HANDOVERS {
				anchor.handovers.remove(0);
			}
		}
		anchor.dealings.extend(dealt(&block, beacon));
		if anchor.dealings.len() > DEALINGS {
			anchor.dealings.remove(0);
		}
		(anchor.root, anchor.first, anchor.beacon) = (block, first, beacon);
		self.prune();
	}

	/// Keeps descendants of the root only.
	fn prune(&mut self) {
		let mut by_height: Vec<_> = self
			.pending
			.values()
			.map(|pending| pending.block.clone())
			.collect();
		by_height.sort_by_key(|block| block.number);
		for block in by_height {
			if block.parent != self.anchor.root.hash && !self.pending.contains_key(&block.parent) {
				self.pending.remove(&block.hash);
			}
		}
	}

	/// Whether a block above the final ones, up to this one, carries a dealing.
	pub(crate) fn deals_before(&self, to: &S::BlockHash) -> bool {
		self.path(to)
			.is_some_and(|path| path.iter().any(|block| block.dealing.is_some()))
	}
}

/// Two blocks sealed at one height of one term.
fn two_seals<S: Scheme>(first: &Block<S>, second: &Block<S>) -> Evidence<S> {
	AnyEvidence::Seals {
		signer: first.digest.sealer,
		set_id: first.set_id(),
		first: (first.seal_body(), first.seal.clone()),
		second: (second.seal_body(), second.seal.clone()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		lab::{keys, Lab, SymbolicBlock},
		symbolic::Digest,
	};

	/// Leaders of hundreds of terms leave blocks behind that nobody certified: there is always room for the next, and
	/// what leads to the highest certificate stays.
	#[test]
	fn there_is_room_for_the_next_block() {
		let lab = Lab::new();
		let mut chain = Chain::new(Anchor::genesis(lab.genesis.clone(), lab.set.clone()));
		let mut way = vec![lab.genesis.clone()];
		for _ in 0..5 {
			let block = lab.child(way.last().unwrap(), 1, 0, |_| {});
			assert_eq!(
				chain.insert(&keys(0), &block, &lab.genesis.hash, false),
				Inserted::New(None)
			);
			way.push(block);
		}
		let high = way[5].hash;
		for term in 2..3_000 {
			let block = lab.child(&lab.genesis, term, 0, |_| {});
			assert_eq!(
				chain.insert(&keys(0), &block, &high, false),
				Inserted::New(None),
				"term {term}"
			);
			assert!(chain.pending.len() <= BLOCKS);
			assert!(way.iter().all(|block| chain.has(&block.hash)), "term {term}");
		}
	}
	#[test]
	fn with_a_block_goes_what_was_built_on_it() {
		let lab = Lab::new();
		let mut chain = Chain::new(Anchor::genesis(lab.genesis.clone(), lab.set.clone()));
		let genesis = lab.genesis.hash;
		let first = lab.child(&lab.genesis, 1, 0, |_| {});
		let second = lab.child(&first, 1, 0, |_| {});
		let third = lab.child(&second, 1, 0, |_| {});
		let other = lab.child(&first, 2, 0, |_| {});
		for block in [&first, &second, &third, &other] {
			assert_eq!(
				chain.insert(&keys(0), block, &genesis, false),
				Inserted::New(None)
			);
		}
		for block in [&first, &second, &third] {
			assert!(chain.leads_to(&third.hash, &block.hash));
		}
		assert!(!chain.leads_to(&third.hash, &other.hash));
		assert!(!chain.leads_to(&second.hash, &third.hash));
		chain.give_up(&second.hash);
		assert!(!chain.has(&second.hash) && !chain.has(&third.hash));
		assert!(chain.has(&first.hash) && chain.has(&other.hash));
		assert_eq!(
			chain.insert(&keys(0), &second, &genesis, false),
			Inserted::New(None),
			"it may come back"
		);
	}

	/// A leader sends two blocks of a height and has a third certified, on which it builds: that one is kept, and what follows.
	#[test]
	fn a_block_that_leads_to_a_certificate_is_kept_beside_its_siblings() {
		let lab = Lab::new();
		let mut chain = Chain::new(Anchor::genesis(lab.genesis.clone(), lab.set.clone()));
		let first = lab.child(&lab.genesis, 1, 0, |_| {});
		let genesis = lab.genesis.hash;
		assert_eq!(
			chain.insert(&keys(0), &first, &genesis, false),
			Inserted::New(None)
		);
		let child_of = |parent: &SymbolicBlock, another: u64| {
			lab.child(parent, 1, 0, |block| {
				block.digest.commit_qc.target.hash = Digest(another)
			})
		};
		let siblings: Vec<_> = (0..4).map(|number| child_of(&first, number)).collect();
		for (block, report) in siblings.iter().zip([false, true]) {
			let inserted = chain.insert(&keys(0), block, &genesis, false);
			assert!(matches!(inserted, Inserted::New(evidence) if evidence.is_some() == report));
		}
		let certified = &siblings[2];
		let highest = child_of(certified, 9);
		assert_eq!(
			chain.insert(&keys(0), certified, &highest.hash, false),
			Inserted::Ignored,
			"nobody says where it leads"
		);
		assert!(matches!(
			chain.insert(&keys(0), certified, &highest.hash, true),
			Inserted::New(Some(_))
		));
		assert_eq!(
			chain.insert(&keys(0), &highest, &highest.hash, false),
			Inserted::New(None)
		);
		assert!(chain.path(&highest.hash).is_some());
		assert_eq!(
			chain.insert(&keys(0), &siblings[3], &highest.hash, false),
			Inserted::Ignored
		);
	}
}
