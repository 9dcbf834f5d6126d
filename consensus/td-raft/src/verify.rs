//! What a block has to prove before it is imported, by whoever imports it. No state: the same for a voter, a node that
//! synchronizes, and an archive.

use veilmart_td_raft::{CertificateError, Phase, SetId, Term};

use crate::{
	block::Block,
	crypto::{Crypto, Hashed, Qc, Scheme, Set},
	mutants::{self, mutated, Mutants},
};

/// What a block is verified against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a, S: Scheme> {
	/// Genesis hash.
	pub genesis: &'a S::BlockHash,
	/// Its parent, which was verified.
	pub parent: &'a Block<S>,
	/// The set that judges the parent's children.
	pub set: &'a Set<S>,
	/// The set before that.
	pub previous: Option<&'a Set<S>>,
	/// Set held to and beacon of the dealing that the block's election refers to, if it has one and that is found in
	/// the block's ancestry.
	pub dealing: Option<(SetId, S::BlockHash)>,
}

/// Why a block is refused. Each check has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
	/// Its parent or height is another.
	Parent,
	/// Not of the set that judges it.
	Set,
	/// Its term is below its parent's, or 0.
	Term,
	/// The certificate that it carries is not its parent's; after a closing block, not a commit certificate.
	ParentQc,
	/// The certificate of its parent is false.
	ParentQcVotes(CertificateError),
	/// The other certificate that it carries is no commit certificate of an earlier block.
	CommitQc,
	/// The commit certificate that it carries is false.
	CommitQcVotes(CertificateError),
	/// A first block without election, or another with one.
	Election,
	/// The election is not of this set, term and sealer.
	Mandate,
	/// The election's votes are false.
	MandateVotes(CertificateError),
	/// A first block that builds below its election's maximum.
	Maximum,
	/// The dealing used is none to this set in the block's ancestry.
	Dealing,
	/// The lot is false.
	Lot,
	/// The sealer does not belong to the set, or is not its parent's.
	Sealer,
	/// The seal is false.
	Seal,
	/// It closes a set although it should not, or should but does not, or hands over to another set.
	Closing,
	/// A first or closing block without a new dealing, or one that is not valid.
	NewDealing,
}

impl core::fmt::Display for Invalid {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Parent => f.write_str("not a child of its parent"),
			Self::Set => f.write_str("of another authority set"),
			Self::Term => f.write_str("of a lower term than its parent"),
			Self::ParentQc => f.write_str("without its parent's certificate"),
			Self::ParentQcVotes(error) => write!(f, "parent's certificate: {error}"),
			Self::CommitQc => f.write_str("no commit certificate of an earlier block"),
			Self::CommitQcVotes(error) => write!(f, "commit certificate: {error}"),
			Self::Election => {
				f.write_str("an election in another than a first block, or none in a first block")
			}
			Self::Mandate => f.write_str("election of another set, term or leader"),
			Self::MandateVotes(error) => write!(f, "election: {error}"),
			Self::Maximum => f.write_str("does not build on what the voters had certified"),
			Self::Dealing => f.write_str("election with an unknown dealing"),
			Self::Lot => f.write_str("false lot"),
			Self::Sealer => f.write_str("not sealed by the leader"),
			Self::Seal => f.write_str("false seal"),
			Self::Closing => f.write_str("the wrong change of the authority set"),
			Self::NewDealing => f.write_str("no valid new dealing"),
		}
	}
}

/// Verifies what a block says of the protocol.
pub fn block<C: Crypto>(
	crypto: &C,
	context: &Context<C::Scheme>,
	block: &Block<C::Scheme>,
) -> Result<(), Invalid> {
	with_mutants(crypto, context, block, &[], &Mutants::default())
}

/// The same, with certificates that were verified already, and deliberate mistakes.
pub(crate) fn with_mutants<C: Crypto>(
	crypto: &C,
	context: &Context<C::Scheme>,
	block: &Block<C::Scheme>,
	verified: &[&Qc<C::Scheme>],
	mutants: &Mutants,
) -> Result<(), Invalid> {
	let Context {
		genesis,
		parent,
		set,
		previous,
		..
	} = *context;
	let digest = &block.digest;
	if block.parent != parent.hash || block.number != parent.number.next() {
		return Err(Invalid::Parent);
	}
	if block.set_id() != parent.child_set_id() || block.set_id() != set.id() {
		return Err(Invalid::Set);
	}
	if block.term() < parent.term() || block.term() == Term(0) {
		return Err(Invalid::Term);
	}
	// One signature before the hundreds of the certificates: who makes others verify those has sealed it.
	let sealer = set.get(digest.sealer).ok_or(Invalid::Sealer)?;
	let sealed = block.seal_body().payload(genesis, block.set_id());
	if !crypto.verify(&sealer.id, &sealed, &block.seal) {
		return Err(Invalid::Seal);
	}
	let set_of = |id: SetId| {
		[Some(set), previous]
			.into_iter()
			.flatten()
			.find(|set| set.id() == id)
	};
	let qc = &digest.parent_qc;
	let of_parent = parent.is_certified_by(qc);
	let committed =
		qc.phase == Phase::Commit || !parent.is_closing() || mutated!(mutants, SetChangeWithoutCommit);
	if !of_parent || !committed {
		return Err(Invalid::ParentQc);
	}
	// Of a set that judges neither the block nor its parent no certificate serves, verified or not.
	let verify = |qc: &Qc<C::Scheme>| match set_of(qc.target.set_id) {
		Some(_) if verified.contains(&qc) => Ok(()),
		set => verify_qc(crypto, genesis, set, qc, mutants),
	};
	verify(qc).map_err(Invalid::ParentQcVotes)?;
	let commit_qc = &digest.commit_qc;
	if commit_qc.phase != Phase::Commit && !mutated!(mutants, SetChangeWithoutCommit)
		|| commit_qc.target.number > parent.number
	{
		return Err(Invalid::CommitQc);
	}
	verify(commit_qc).map_err(Invalid::CommitQcVotes)?;
	mandate(crypto, context, block, mutants)?;
	if block.next_set != parent.child_closes
		|| block
			.next_set
			.as_ref()
			.is_some_and(|next| next.id() != set.id().next())
	{
		return Err(Invalid::Closing);
	}
	let holders = block.next_set.as_ref().unwrap_or(set);
	let needs_dealing = block.is_closing() || parent.child_is_first(block.set_id(), block.term());
	match &block.dealing {
		Some(dealing) if !crypto.verify_dealing(holders, &block.dealing_place(), dealing) => {
			Err(Invalid::NewDealing)
		}
		None if needs_dealing && holders.count() > 1 => Err(Invalid::NewDealing),
		_ => Ok(()),
	}
}

/// Verifies that who sealed the block might.
fn mandate<C: Crypto>(
	crypto: &C,
	context: &Context<C::Scheme>,
	block: &Block<C::Scheme>,
	mutants: &Mutants,
) -> Result<(), Invalid> {
	let Context {
		genesis,
		parent,
		set,
		previous,
		dealing,
	} = *context;
	let digest = &block.digest;
	let sealer = set.get(digest.sealer).ok_or(Invalid::Sealer)?;
	let first = parent.child_is_first(block.set_id(), block.term());
	match &digest.election {
		Some(_) if !first || set.count() == 1 => return Err(Invalid::Election),
		// A single authority needs no votes.
		None if first && set.count() > 1 => return Err(Invalid::Election),
		None if first => {}
		None => {
			let parents_set = if parent.is_closing() { previous } else { Some(set) };
			let parents = parents_set.and_then(|set| set.get(parent.digest.sealer));
			if parents.map(|parent| &parent.id) != Some(&sealer.id) {
				return Err(Invalid::Sealer);
			}
		}
		Some(election) => {
			let certificate = &election.certificate;
			let of_old_set = mutated!(mutants, OldCertificateLeads)
				&& previous.is_some_and(|previous| previous.id() == certificate.set_id);
			let electorate = if of_old_set {
				previous.ok_or(Invalid::Mandate)?
			} else {
				set
			};
			if certificate.set_id != electorate.id()
				|| certificate.term != block.term()
				|| certificate.leader != digest.sealer
			{
				return Err(Invalid::Mandate);
			}
			certificate
				.verify(genesis, electorate, crypto)
				.map_err(Invalid::MandateVotes)?;
			if !mutants::allows::<C::Scheme>(mutants, certificate, &digest.parent_qc.target) {
				return Err(Invalid::Maximum);
			}
			if !of_old_set {
				let (_, beacon) = dealing
					.filter(|(holders, _)| *holders == set.id())
					.ok_or(Invalid::Dealing)?;
				crypto
					.lot(&sealer.id, set.id(), &beacon, block.term(), &election.vrf)
					.ok_or(Invalid::Lot)?;
			}
		}
	}
	Ok(())
}

/// Verifies a certificate with the set that it is of.
pub(crate) fn verify_qc<C: Crypto>(
	crypto: &C,
	genesis: &Hashed<C::Scheme>,
	set: Option<&Set<C::Scheme>>,
	qc: &Qc<C::Scheme>,
	mutants: &Mutants,
) -> Result<(), CertificateError> {
	if *qc == Qc::<C::Scheme>::genesis(*genesis) {
		return Ok(());
	}
	let set = set.ok_or(CertificateError::Set)?;
	let verified = qc.verify(genesis, set, crypto);
	if mutated!(mutants, QuorumTooSmall) && verified == Err(CertificateError::Quorum) {
		// Formed by a core with the same mistake.
		return if qc.signatures.len() + 1 == usize::from(set.quorum()) {
			Ok(())
		} else {
			verified
		};
	}
	verified
}

#[cfg(test)]
mod tests;
