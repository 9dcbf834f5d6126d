//! Authorities, their sets, and how many make a quorum.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, Error, Input, MaxEncodedLen};
use scale_info::TypeInfo;
use veilmart_trapdoor::{KeyError, ShareKeys};

use crate::{PerAuthority, SetId, MAX_AUTHORITIES};

/// The public session key `tdrf` of an authority, sr25519: votes, seals, VRF. It names the authority.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct AuthorityId(pub [u8; 32]);

/// The public session key `tdsh` of an authority, sr25519: opens the authority's share of a dealing.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ShareKey(pub [u8; 32]);

/// An authority's position in its set, from 0. Its share of a dealing is the one at this position plus 1.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct AuthorityIndex(pub u16);

/// The two keys of an authority.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Authority<I = AuthorityId, K = ShareKey> {
	/// Key `tdrf`.
	pub id: I,
	/// Key `tdsh`.
	pub share_key: K,
}

impl Authority {
	/// Whether a set may have this authority: both its keys are points other than the identity. Whoever holds no secret
	/// at all can sign for the identity, and a set with such a share key can have no dealing and no second leader.
	pub fn is_acceptable(&self) -> bool {
		[self.id.0, self.share_key.0]
			.iter()
			.all(|key| ShareKeys::new(&[*key]).is_ok())
	}
}

/// Why authorities make no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
	/// None, or more than [`MAX_AUTHORITIES`].
	Count,
	/// The ids do not strictly increase.
	Order,
}

impl core::fmt::Display for SetError {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Count => write!(f, "a set has 1 to {MAX_AUTHORITIES} authorities"),
			Self::Order => {
				f.write_str("the authorities of a set stand in strictly increasing order of their ids")
			}
		}
	}
}

/// The authorities that vote together: 1 to [`MAX_AUTHORITIES`], sorted by id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, MaxEncodedLen, TypeInfo)]
pub struct AuthoritySet<I = AuthorityId, K = ShareKey> {
	id: SetId,
	members: PerAuthority<Authority<I, K>>,
}

impl<I: Ord, K> AuthoritySet<I, K> {
	/// A set of `members`, which come sorted.
	pub fn new(id: SetId, members: Vec<Authority<I, K>>) -> Result<Self, SetError> {
		if members.is_empty() || members.len() > usize::from(MAX_AUTHORITIES) {
			return Err(SetError::Count);
		}
		if !members
			.iter()
			.zip(members.iter().skip(1))
			.all(|(a, b)| a.id < b.id)
		{
			return Err(SetError::Order);
		}
		Ok(Self {
			id,
			members: members.into_iter().collect(),
		})
	}

	/// The set's number.
	pub fn id(&self) -> SetId {
		self.id
	}

	/// The authorities in order.
	pub fn members(&self) -> &[Authority<I, K>] {
		&self.members
	}

	/// The authority at a position.
	pub fn get(&self, index: AuthorityIndex) -> Option<&Authority<I, K>> {
		self.members.get(usize::from(index.0))
	}

	/// The position of an authority.
	pub fn index_of(&self, id: &I) -> Option<AuthorityIndex> {
		let position = self.members.binary_search_by(|member| member.id.cmp(id)).ok()?;
		u16::try_from(position).ok().map(AuthorityIndex)
	}

	/// `n`, from 1 to [`MAX_AUTHORITIES`].
	pub fn count(&self) -> u16 {
		// At most MAX_AUTHORITIES by construction.
		self.members.len() as u16
	}

	/// `f = ⌊(n-1)/3⌋`, the number of Byzantine authorities that the protocol bears.
	pub fn faulty(&self) -> u16 {
		(self.count() - 1) / 3
	}

	/// `Q = ⌊2n/3⌋ + 1 = n - f`.
	pub fn quorum(&self) -> u16 {
		self.count() - self.faulty()
	}

	/// `t = ⌈2(n-1)/3⌉`, the number of shares that recover a trapdoor; 1 for a single authority.
	pub fn threshold(&self) -> u16 {
		veilmart_trapdoor::threshold(self.count())
	}
}

impl AuthoritySet {
	/// The keys that a dealing to this set is made for.
	pub fn share_keys(&self) -> Result<ShareKeys, KeyError> {
		let keys: Vec<_> = self.members.iter().map(|member| member.share_key.0).collect();
		ShareKeys::new(&keys)
	}
}

impl<I: Decode + Ord, K: Decode> Decode for AuthoritySet<I, K> {
	fn decode<In: Input>(input: &mut In) -> Result<Self, Error> {
		let (id, members): (_, PerAuthority<_>) = Decode::decode(input)?;
		Self::new(id, members.into()).map_err(|_| "no authority set".into())
	}
}

impl<I: DecodeWithMemTracking + Ord, K: DecodeWithMemTracking> DecodeWithMemTracking for AuthoritySet<I, K> {}

#[cfg(test)]
mod tests {
	use super::*;

	fn set(ids: &[u16]) -> Result<AuthoritySet<u16, u8>, SetError> {
		AuthoritySet::new(
			SetId(3),
			ids.iter()
				.map(|id| Authority {
					id: *id,
					share_key: 0,
				})
				.collect(),
		)
	}

	#[test]
	fn quorums_thresholds_and_faults_are_those_of_the_paper_and_of_the_design() {
		// (n, f, Q, t), by hand from f = ⌊(n-1)/3⌋, Q = ⌊2n/3⌋ + 1, t = ⌈2(n-1)/3⌉.
		let by_hand = [
			(1, 0, 1, 1),
			(2, 0, 2, 1),
			(3, 0, 3, 2),
			(4, 1, 3, 2),
			(5, 1, 4, 3),
			(6, 1, 5, 4),
			(7, 2, 5, 4),
		];
		for (n, f, q, t) in by_hand.into_iter().chain([(10, 3, 7, 6), (100, 33, 67, 66)]) {
			let set = set(&(0..n).collect::<Vec<_>>()).unwrap();
			assert_eq!(
				(set.count(), set.faulty(), set.quorum(), set.threshold()),
				(n, f, q, t)
			);
		}
		for n in 2..=100u16 {
			let set = set(&(0..n).collect::<Vec<_>>()).unwrap();
			let (f, q, t) = (set.faulty(), set.quorum(), set.threshold());
			assert_eq!(q, 2 * n / 3 + 1);
			assert!(2 * q > n + f, "two quorums of {n} share an honest authority");
			assert!(
				f < t && t < n - f,
				"the f of {n} recover nothing, and the honest others of a candidate suffice"
			);
		}
	}

	#[test]
	fn an_authority_has_two_points_that_are_not_the_identity() {
		let point = crate::test_set::keys(0).public.to_bytes();
		let with = |id, share_key| {
			Authority {
				id: AuthorityId(id),
				share_key: ShareKey(share_key),
			}
			.is_acceptable()
		};
		assert!(with(point, point));
		for bad in [[0; 32], [0xff; 32]] {
			assert!(!with(bad, point));
			assert!(!with(point, bad));
		}
	}

	#[test]
	fn a_set_is_sorted_without_duplicates_and_neither_empty_nor_too_large() {
		assert_eq!(set(&[]), Err(SetError::Count));
		assert_eq!(set(&(0..101).collect::<Vec<_>>()), Err(SetError::Count));
		assert_eq!(set(&[1, 3, 2]), Err(SetError::Order));
		assert_eq!(set(&[1, 2, 2]), Err(SetError::Order));
		let good = set(&[1, 2, 9]).unwrap();
		assert_eq!(good.index_of(&9), Some(AuthorityIndex(2)));
		assert_eq!(good.index_of(&3), None);
		assert_eq!(good.get(AuthorityIndex(3)), None);
		assert_eq!(AuthoritySet::decode(&mut &good.encode()[..]), Ok(good.clone()));
		let unsorted = (
			SetId(0),
			alloc::vec![
				Authority {
					id: 2u16,
					share_key: 0u8
				},
				Authority { id: 1, share_key: 0 }
			],
		);
		assert!(AuthoritySet::<u16, u8>::decode(&mut &unsorted.encode()[..]).is_err());
	}
}
