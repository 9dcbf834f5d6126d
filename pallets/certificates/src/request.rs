//! What an applicant signs, away from the chain.

use crate::types::{Organisation, Roles, ViewKey};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The first bytes of everything that an applicant signs, so that the signature means nothing elsewhere. As the
/// start of an extrinsic they would address pallet 118, an index that a runtime must leave free.
pub const REQUEST_TAG: [u8; 15] = *b"veilmart/cert/1";

/// An account's application for a certificate, or for a change of the one that it has.
#[derive(Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest<AccountId> {
	/// The applicant. Its bytes are the sr25519 public key that verifies the signature, so an account without
	/// a key of its own (a multisig, a pure proxy) cannot apply.
	pub account: AccountId,
	/// The roles applied for; at least one.
	pub roles: Roles,
	/// The organisation's name; UTF-8 and not empty.
	pub organisation: Organisation,
	/// The view key to register. In a renewal, none leaves the registered one in force.
	pub view_key: Option<ViewKey>,
	/// Higher than in anything that the chain accepted from this account before; the first is at least 1. The
	/// highest possible number ends the account's applications for good.
	pub counter: u64,
}

/// The bytes that the applicant signs with sr25519 (context `substrate`): the SCALE encoding of
/// (`"veilmart/cert/1"`, genesis hash, account, roles, organisation, view key, counter), the tag without a
/// length.
///
/// The genesis hash keeps a request from being used on another chain, the account from being used for another
/// holder.
pub fn signing_payload<Hash: Encode, AccountId: Encode>(
	genesis: &Hash,
	request: &CertificateRequest<AccountId>,
) -> Vec<u8> {
	let CertificateRequest {
		account,
		roles,
		organisation,
		view_key,
		counter,
	} = request;
	(
		REQUEST_TAG,
		genesis,
		account,
		roles,
		organisation,
		view_key,
		counter,
	)
		.encode()
}
