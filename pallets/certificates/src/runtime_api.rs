//! What wallets and nodes ask about certificates.

use crate::types::{Certificate, Moment};
use codec::Codec;

sp_api::decl_runtime_apis! {
	/// Reads of the registry, for clients that know no view functions. Each answers for the state of the block
	/// that it is asked at.
	pub trait CertificatesApi<AccountId>
	where
		AccountId: Codec,
	{
		/// The account's certificate, whatever its standing.
		fn certificate(account: AccountId) -> Option<Certificate<AccountId, Moment>>;

		/// The account of the certificate authority.
		fn certificate_authority() -> Option<AccountId>;

		/// How many calls the account may still make in the current period: none without a certificate, always
		/// the whole quota for the certificate authority and the council.
		fn quota_left(account: AccountId) -> u32;

		/// The counter of the last request or view key that was accepted from the account, 0 if there is none.
		/// The next one must be higher.
		fn request_counter(account: AccountId) -> u64;
	}
}
