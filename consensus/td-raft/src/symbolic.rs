//! Symbols in place of cryptography, for the model checker and the simulator.
//!
//! A signature is who signed and a digest of what; a share is who opened it. Nobody can make another's, because only
//! [`Keys`] makes them, with its own name. Digests are 64 bits of FNV-1a: no adversary here looks for collisions.

use codec::{Decode, Encode};
use std::collections::BTreeSet;
use veilmart_td_raft::{Authority, AuthorityIndex, AuthoritySet, SetError, SetId, Term, Verifier};

use crate::{
	block::Block,
	crypto::{Candidacy, Crypto, Dealt, Lot, Place, Recovery, Scheme, Set, ShareBinding},
	io::Build,
};

/// The types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbols;

/// The digest of what a symbol is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Digest(pub u64);

/// An authority's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Name(pub u16);

/// Something that only one authority can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Token {
	/// Who made it.
	pub by: Name,
	/// For what.
	pub of: Digest,
}

/// A dealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Dealing {
	/// What it was made for.
	pub place: Digest,
	/// Whether anybody's shares are good.
	pub valid: bool,
	/// Whether the chameleon key is another one's.
	pub lies: bool,
}

impl Scheme for Symbols {
	type BlockHash = Digest;
	type Id = Name;
	type ShareKey = Name;
	type Signature = Token;
	type Vrf = Token;
	type Dealing = Dealing;
	type Share = Token;
	type SealedShare = (Token, Digest);
	type Ephemeral = Name;
	type Collision = Token;
	type Fault = Vec<Token>;
	type Transaction = u64;
}

/// The digest of anything.
pub fn digest(what: &impl Encode) -> Digest {
	digest_bytes(&what.encode())
}

/// FNV-1a, then a finalizer, so that a digest's upper bits are as good as its lower ones: lots are read from them.
fn digest_bytes(bytes: &[u8]) -> Digest {
	let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
		(hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
	});
	hash ^= hash >> 33;
	hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
	hash ^= hash >> 33;
	Digest(hash)
}

/// A set of these authorities, in any order.
pub fn set(id: u64, names: &[u16]) -> Result<AuthoritySet<Name, Name>, SetError> {
	let names: BTreeSet<_> = names.iter().map(|name| Name(*name)).collect();
	let members = names
		.into_iter()
		.map(|name| Authority {
			id: name,
			share_key: name,
		})
		.collect();
	AuthoritySet::new(SetId(id), members)
}

/// The dealing in genesis to a set.
pub fn genesis_dealing(set: &AuthoritySet<Name, Name>) -> Dealing {
	let place = Place::<Digest> {
		holders: set.id(),
		term: Term(0),
		dealer: AuthorityIndex(0),
		parent: None,
	};
	Dealing {
		place: digest(&place),
		valid: true,
		lies: false,
	}
}

/// The genesis block of a chain whose first set this is.
pub fn genesis(
	set: &AuthoritySet<Name, Name>,
	child_closes: Option<AuthoritySet<Name, Name>>,
) -> Block<Symbols> {
	let token = Token {
		by: Name(u16::MAX),
		of: Digest(0),
	};
	let dealing = (set.count() > 1).then(|| genesis_dealing(set));
	Block::genesis(digest(&("genesis", set)), token, dealing, child_closes)
}

/// Builds and seals what a core asked for. `content` stands for the block's body.
pub fn seal(
	keys: &Keys,
	genesis: &Digest,
	build: &Build<Symbols>,
	parent: &Block<Symbols>,
	child_closes: Option<AuthoritySet<Name, Name>>,
	content: u64,
) -> Block<Symbols> {
	let next_set = parent.child_closes.clone();
	let unsealed = digest(&(
		build.parent,
		build.number,
		&build.digest,
		&build.dealing,
		&next_set,
		content,
	));
	let mut block = Block {
		hash: unsealed,
		parent: build.parent,
		number: build.number,
		digest: build.digest.clone(),
		unsealed,
		seal: Token {
			by: keys.name,
			of: Digest(0),
		},
		dealing: build.dealing,
		next_set,
		child_closes,
	};
	block.seal = keys.sign(&block.seal_body().payload(genesis, block.set_id()));
	block
}

/// One authority's keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keys {
	/// Whose.
	pub name: Name,
	/// Whether it deals as a liar does.
	pub lies: bool,
	/// The dealings whose trapdoor it knows. Lost with a restart.
	known: BTreeSet<Digest>,
}

impl Keys {
	/// The keys of an authority.
	pub fn new(name: Name) -> Self {
		Self {
			name,
			lies: false,
			known: BTreeSet::new(),
		}
	}

	fn token(&self, of: Digest) -> Token {
		Token { by: self.name, of }
	}
}

fn draw_input(name: Name, set_id: SetId, beacon: &Digest, term: Term) -> Digest {
	digest(&("vrf", name, set_id, beacon, term))
}

fn share_of(dealt: &Dealt<Symbols>) -> Digest {
	digest(&("share", dealt.dealing))
}

fn collision_of(dealt: &Dealt<Symbols>, candidacy: &Candidacy<Digest>) -> Digest {
	digest(&("collision", dealt.dealing, candidacy))
}

impl Verifier<Name, Token> for Keys {
	fn verify_all(&self, items: &[(&Name, &[u8], &Token)]) -> bool {
		items
			.iter()
			.all(|(signer, bytes, token)| token.by == **signer && token.of == digest_bytes(bytes))
	}
}

impl Crypto for Keys {
	type Scheme = Symbols;

	fn sign(&self, bytes: &[u8]) -> Token {
		self.token(digest_bytes(bytes))
	}

	fn draw(&self, set_id: SetId, beacon: &Digest, term: Term) -> (Token, Lot<Digest>) {
		let output = draw_input(self.name, set_id, beacon, term);
		(
			self.token(output),
			Lot {
				fraction: output.0,
				output,
			},
		)
	}

	fn lot(
		&self,
		id: &Name,
		set_id: SetId,
		beacon: &Digest,
		term: Term,
		proof: &Token,
	) -> Option<Lot<Digest>> {
		let output = draw_input(*id, set_id, beacon, term);
		(*proof == Token { by: *id, of: output }).then_some(Lot {
			fraction: output.0,
			output,
		})
	}

	fn beacon(&self, used: &Digest, output: &Digest, term: Term) -> Digest {
		digest(&("beacon", used, output, term))
	}

	fn deal(&mut self, _: &Set<Symbols>, place: &Place<Digest>) -> Option<Dealing> {
		Some(Dealing {
			place: digest(place),
			valid: true,
			lies: self.lies,
		})
	}

	fn verify_dealing(&self, _: &Set<Symbols>, place: &Place<Digest>, dealing: &Dealing) -> bool {
		dealing.valid && dealing.place == digest(place)
	}

	fn open_share(&mut self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>) -> Option<Token> {
		holders.index_of(&self.name)?;
		Some(self.token(share_of(dealt)))
	}

	fn verify_share(
		&self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		holder: AuthorityIndex,
		share: &Token,
	) -> bool {
		holders
			.get(holder)
			.is_some_and(|holder| holder.share_key == share.by)
			&& share.of == share_of(dealt)
	}

	fn ephemeral(&mut self) -> Name {
		self.name
	}

	fn seal_share(
		&mut self,
		to: &Name,
		binding: &ShareBinding<Digest>,
		share: &Token,
	) -> Option<(Token, Digest)> {
		Some((*share, digest(&(to, binding))))
	}

	fn unseal_share(&self, binding: &ShareBinding<Digest>, sealed: &(Token, Digest)) -> Option<Token> {
		(sealed.1 == digest(&(self.name, binding))).then_some(sealed.0)
	}

	fn recover(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		shares: &[(AuthorityIndex, Token)],
	) -> Option<Recovery<Vec<Token>>> {
		let holders_of: BTreeSet<_> = shares
			.iter()
			.filter(|(holder, share)| self.verify_share(holders, dealt, *holder, share))
			.map(|(holder, _)| holder)
			.collect();
		if holders_of.len() < usize::from(holders.threshold()) {
			return None;
		}
		if dealt.dealing.lies {
			return Some(Recovery::Fault(shares.iter().map(|(_, share)| *share).collect()));
		}
		self.known = [digest(&dealt.dealing)].into();
		Some(Recovery::Trapdoor)
	}

	fn collide(
		&mut self,
		_: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
	) -> Option<Token> {
		self.known
			.contains(&digest(&dealt.dealing))
			.then(|| self.token(collision_of(dealt, candidacy)))
	}

	fn verify_collision(
		&self,
		_: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) -> bool {
		collision.of == collision_of(dealt, candidacy) && !dealt.dealing.lies
	}

	fn learn(
		&mut self,
		holders: &Set<Symbols>,
		dealt: &Dealt<Symbols>,
		candidacy: &Candidacy<Digest>,
		collision: &Token,
	) {
		if self.verify_collision(holders, dealt, candidacy, collision) {
			self.known = [digest(&dealt.dealing)].into();
		}
	}

	fn verify_fault(&self, holders: &Set<Symbols>, dealt: &Dealt<Symbols>, fault: &Vec<Token>) -> bool {
		let by: BTreeSet<_> = fault
			.iter()
			.filter(|share| share.of == share_of(dealt))
			.map(|share| share.by)
			.collect();
		let held = by.iter().filter(|name| holders.index_of(name).is_some()).count();
		dealt.dealing.lies && held >= usize::from(holders.threshold())
	}
}
