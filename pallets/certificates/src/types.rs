//! The types that a certificate is made of. They are the ones that clients decode, so each is named.

use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, Input, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};

/// A point of chain time: milliseconds since the Unix epoch.
pub type Moment = u64;

/// What a certificate holder may be on the marketplace. The discriminant is the role's bit in [`Roles`].
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
)]
pub enum Role {
	/// Orders goods and pays for them.
	#[codec(index = 0)]
	Buyer = 0,
	/// Lists goods, accepts orders, puts up the bond and ships.
	#[codec(index = 1)]
	Seller = 1,
	/// Brings money onto the ledger, within a public quota, and settles redeemed notes off chain.
	#[codec(index = 2)]
	Issuer = 2,
	/// Decides disputed orders.
	#[codec(index = 3)]
	Arbiter = 3,
	/// Reads along where a party discloses to it; changes nothing.
	#[codec(index = 4)]
	Auditor = 4,
	/// Runs an authority node.
	#[codec(index = 5)]
	Validator = 5,
}

impl Role {
	/// Every role, by rising bit.
	pub const ALL: [Role; 6] = [
		Role::Buyer,
		Role::Seller,
		Role::Issuer,
		Role::Arbiter,
		Role::Auditor,
		Role::Validator,
	];

	const fn bit(self) -> u8 {
		1 << (self as u8)
	}
}

/// A set of roles, one byte in SCALE.
///
/// Bit 0 is Buyer, bit 1 Seller, bit 2 Issuer, bit 3 Arbiter, bit 4 Auditor, bit 5 Validator. Bits 6 and 7
/// mean nothing yet; a byte that sets one does not decode, so that no role is ever granted before it exists.
/// In JSON it is a list of names: `["Buyer", "Seller"]`.
#[derive(Encode, MaxEncodedLen, TypeInfo, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Roles(u8);

impl Roles {
	/// The set with these bits, or nothing when a bit has no meaning.
	pub fn from_bits(bits: u8) -> Option<Self> {
		let known = Role::ALL.iter().fold(0, |all, role| all | role.bit());
		(bits & !known == 0).then_some(Self(bits))
	}

	/// The byte that SCALE writes.
	pub const fn bits(self) -> u8 {
		self.0
	}

	/// Whether the role belongs to the set.
	pub const fn contains(self, role: Role) -> bool {
		self.0 & role.bit() != 0
	}

	/// Whether the set holds no role at all. Such a set decodes, but no certificate carries it.
	pub const fn is_empty(self) -> bool {
		self.0 == 0
	}

	/// The roles of the set, by rising bit.
	pub fn iter(self) -> impl Iterator<Item = Role> {
		Role::ALL.into_iter().filter(move |role| self.contains(*role))
	}
}

impl FromIterator<Role> for Roles {
	fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
		Self(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
	}
}

impl<const N: usize> From<[Role; N]> for Roles {
	fn from(roles: [Role; N]) -> Self {
		roles.into_iter().collect()
	}
}

impl core::fmt::Debug for Roles {
	fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		formatter.debug_set().entries(self.iter()).finish()
	}
}

impl Decode for Roles {
	fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
		Self::from_bits(u8::decode(input)?).ok_or_else(|| "a role that does not exist".into())
	}
}

impl DecodeWithMemTracking for Roles {}

impl Serialize for Roles {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_seq(self.iter())
	}
}

impl<'de> Deserialize<'de> for Roles {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let names = Vec::<Role>::deserialize(deserializer)?;
		let roles: Self = names.iter().copied().collect();
		if roles.iter().count() != names.len() {
			return Err(D::Error::custom("a role is named twice"));
		}
		Ok(roles)
	}
}

/// What X25519 reads as a point of small order, on Curve25519 or its twist, with the bit cleared that it ignores.
///
/// Both groups have the order 4 or 8 times a large prime, so a point of small order doubles to the neutral element in at
/// most three steps, and `u` doubles to `(u² - 1)²/(4u(u² + Au + 1))`, `A` being 486662. The denominator is zero for `u = 0`
/// only, since `A² - 4` is no square; 0 comes from `±1`, and 1 from the two roots of `u⁴ - 4u³ - (2 + 4A)u² - 4u + 1`. The
/// equation for -1 has no root. These are five numbers; 0 and 1 have a second encoding each, `p` and `p + 1`.
#[rustfmt::skip]
const SMALL_ORDER: [[u8; 32]; 7] = [
	[0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
	[0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
	[0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00],
	[0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57],
	[0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
	[0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
	[0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
];

/// An X25519 public key to which notes for an account are sealed.
///
/// A key of small order (the all-zero one among them) does not exist as a value of this type: it neither decodes nor
/// deserialises, because what it shares with any secret is zero, and so anybody could open what is sealed to it. In JSON a
/// key is a hexadecimal string.
#[derive(Encode, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewKey([u8; 32]);

impl ViewKey {
	/// The key with these bytes, or nothing when it is of small order.
	pub fn new(bytes: [u8; 32]) -> Option<Self> {
		let mut read = bytes;
		if let Some(last) = read.last_mut() {
			*last &= 0x7f;
		}
		(!SMALL_ORDER.contains(&read)).then_some(Self(bytes))
	}

	/// The 32 bytes of the public key.
	pub const fn as_bytes(&self) -> &[u8; 32] {
		&self.0
	}
}

impl Decode for ViewKey {
	fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
		Self::new(<[u8; 32]>::decode(input)?).ok_or_else(|| "a view key of small order".into())
	}
}

impl DecodeWithMemTracking for ViewKey {}

impl Serialize for ViewKey {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		sp_core::bytes::serialize(&self.0, serializer)
	}
}

impl<'de> Deserialize<'de> for ViewKey {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let mut bytes = [0; 32];
		sp_core::bytes::deserialize_check_len(deserializer, sp_core::bytes::ExpectedLen::Exact(&mut bytes))?;
		Self::new(bytes).ok_or_else(|| D::Error::custom("a view key of small order"))
	}
}

/// The view key in force, with its place among all that the account ever registered.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct ViewKeyRecord {
	/// The key.
	pub key: ViewKey,
	/// How many other keys the account registered before this one. A wallet derives its view keys by index
	/// from the mnemonic, the one with index `n` for the `n`-th change, and so finds them all again.
	pub index: u32,
}

/// How far a counter of requests and view keys may be above the one before it. Who takes the last one from a node takes it
/// from whoever runs that node: after a lie the account still has counters left. Moments in milliseconds fit.
pub const MAX_COUNTER_STEP: u64 = 1 << 48;

/// The name of the organisation that a certificate holder belongs to: 1 to 64 bytes of UTF-8 without control characters.
pub type Organisation = BoundedVec<u8, ConstU32<64>>;

/// Whether the bytes are a name: UTF-8, not empty, and nothing in it that a terminal obeys or that begins another line. The
/// length is the type's business.
pub(crate) fn is_name(organisation: &[u8]) -> bool {
	!organisation.is_empty()
		&& core::str::from_utf8(organisation).is_ok_and(|name| !name.chars().any(char::is_control))
}

/// The name of an order: its buyer and the buyer's sequence number when it was placed. Defined here because a
/// blacklisting names the order that caused it; the marketplace uses the same type.
#[derive(
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
)]
pub struct OrderId<AccountId> {
	/// Who placed the order.
	pub buyer: AccountId,
	/// The buyer's sequence number in the call that placed it.
	pub seq: u64,
}

/// What the registry thinks of a certificate, apart from its age.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub enum Status<AccountId> {
	/// Good for new business.
	#[codec(index = 0)]
	Active,
	/// Withdrawn by the certificate authority, whatever the marketplace would bar the holder for since.
	#[codec(index = 1)]
	Revoked,
	/// Barred by the marketplace for what happened with this order, the first one if there were several.
	#[codec(index = 2)]
	Blacklisted(OrderId<AccountId>),
}

/// What the certificate authority vouches for.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct Certificate<AccountId, M> {
	/// In which roles the holder may act. Never empty.
	pub roles: Roles,
	/// For whom the holder acts.
	pub organisation: Organisation,
	/// The key to which notes for the holder are sealed, if the holder registered one.
	pub view_key: Option<ViewKeyRecord>,
	/// The first moment at which the certificate is no longer valid; without one it does not expire.
	pub valid_until: Option<M>,
	/// Whether it was withdrawn.
	pub status: Status<AccountId>,
}

/// Why a certificate that exists is no good for new business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inactive {
	Revoked,
	Blacklisted,
	Expired,
}

impl<AccountId, M: PartialOrd> Certificate<AccountId, M> {
	/// The one place where the rule stands: active is neither withdrawn nor expired, and a certificate expires
	/// at `valid_until`, not after it.
	pub(crate) fn standing(&self, now: M) -> Result<(), Inactive> {
		match self.status {
			Status::Revoked => Err(Inactive::Revoked),
			Status::Blacklisted(_) => Err(Inactive::Blacklisted),
			Status::Active if self.valid_until.as_ref().is_some_and(|end| now >= *end) => {
				Err(Inactive::Expired)
			}
			Status::Active => Ok(()),
		}
	}

	/// Replaces the view key, when one is offered that is not the one in force. Returns whether it did.
	pub(crate) fn replace_view_key(&mut self, offered: Option<ViewKey>) -> Option<ViewKeyRecord> {
		let key = offered?;
		let record = match self.view_key {
			Some(current) if current.key == key => return None,
			Some(current) => ViewKeyRecord {
				key,
				index: current.index.saturating_add(1),
			},
			None => ViewKeyRecord { key, index: 0 },
		};
		self.view_key = Some(record);
		Some(record)
	}
}

/// A certificate in a chain specification.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisCertificate {
	/// The roles, by name.
	pub roles: Roles,
	/// The organisation's name, 1 to 64 bytes.
	pub organisation: String,
	/// The X25519 view key, if the account has one from the start.
	#[serde(default)]
	pub view_key: Option<ViewKey>,
	/// Until when the certificate is valid, in milliseconds since the Unix epoch; for ever without.
	#[serde(default)]
	pub valid_until: Option<Moment>,
}

/// How many units of its quota an account has used up, and in which window. The only thing that the quota
/// stores for an account.
#[derive(
	Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
pub struct Usage {
	/// The number of the window: chain time divided by the quota's period.
	pub window: u64,
	/// Units used up in that window.
	pub used: u32,
}

/// Units of quota that the extrinsic being dispatched has paid for on behalf of its signer.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct PrepaidUnits<AccountId> {
	/// The signer.
	pub account: AccountId,
	/// Units charged for the extrinsic and not yet claimed by a call.
	pub units: u32,
}
