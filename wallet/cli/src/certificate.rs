//! Requests for certificates: signed offline by the applicant, carried as JSON, submitted by the certificate authority.

use pallet_certificates::{
	signing_payload, Certificate, CertificateRequest, Moment, Organisation, Roles, Status, ViewKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sp_core::{crypto::Ss58Codec, sr25519, Pair};
use veilmart_runtime::{AccountId, Hash};

use crate::{
	account::{address, Account},
	ca::hex,
	error::{Error, Result},
	names::show_order,
	output::one_line,
};

/// A signed request as it travels from applicant to certificate authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedRequest {
	/// The applicant's address.
	pub account: String,
	/// The roles applied for.
	pub roles: Roles,
	/// The organisation's name.
	pub organisation: String,
	/// The view key to register.
	pub view_key: Option<ViewKey>,
	/// The request's counter.
	pub counter: u64,
	/// The chain that the request is for.
	pub genesis: Hash,
	/// The applicant's signature, 64 bytes, hexadecimal.
	pub signature: String,
}

impl SignedRequest {
	/// Signs a request.
	pub fn sign(
		account: &Account,
		roles: Roles,
		organisation: &str,
		view_key: Option<ViewKey>,
		counter: u64,
		genesis: Hash,
	) -> Result<Self> {
		let mut request = Self {
			account: account.address(),
			roles,
			organisation: organisation.into(),
			view_key,
			counter,
			genesis,
			signature: String::new(),
		};
		let signature = account.sign_raw(&signing_payload(&genesis, &request.unsigned()?));
		request.signature = hex(signature.as_ref());
		Ok(request)
	}

	/// The request without its signature, as the chain takes it.
	fn unsigned(&self) -> Result<CertificateRequest<AccountId>> {
		let account = AccountId::from_ss58check(&self.account)
			.map_err(|_| Error::usage(format!("\"{}\" is no address.", one_line(&self.account))))?;
		let organisation = self.organisation.trim();
		let organisation = Organisation::try_from(organisation.as_bytes().to_vec())
			.ok()
			.filter(|name| !name.is_empty())
			.ok_or_else(|| Error::usage("An organisation's name has 1 to 64 bytes."))?;
		if self.roles.is_empty() {
			return Err(Error::usage("A request names at least one role."));
		}
		if self.counter == 0 {
			return Err(Error::usage("The counter of a request is at least 1."));
		}
		Ok(CertificateRequest {
			account,
			roles: self.roles,
			organisation,
			view_key: self.view_key,
			counter: self.counter,
		})
	}

	/// The request and its signature, after both were checked against each other and against the chain.
	pub fn verify(&self, genesis: Hash) -> Result<(CertificateRequest<AccountId>, sr25519::Signature)> {
		if self.genesis != genesis {
			return Err(Error::wallet(
				"The request is for another chain: its genesis hash differs.",
			));
		}
		let request = self.unsigned()?;
		let signature = crate::ca::unhex(&self.signature)
			.and_then(|bytes| sr25519::Signature::try_from(&bytes[..]).ok())
			.ok_or_else(|| Error::wallet("The request's signature is not 64 bytes in hexadecimal digits."))?;
		let public = sr25519::Public::from_raw(*AsRef::<[u8; 32]>::as_ref(&request.account));
		if sr25519::Pair::verify(&signature, signing_payload(&genesis, &request), &public) {
			Ok((request, signature))
		} else {
			Err(Error::wallet(
				"The signature is not the applicant's over this request.",
			))
		}
	}
}

/// A certificate as JSON.
pub fn certificate_json(account: &AccountId, certificate: &Certificate<AccountId, Moment>) -> Value {
	let Certificate {
		roles,
		organisation,
		view_key,
		valid_until,
		status,
	} = certificate;
	json!({
		"account": address(account),
		"roles": roles,
		"organisation": String::from_utf8_lossy(organisation),
		"viewKey": view_key.map(|record| json!({ "key": record.key, "index": record.index })),
		"validUntil": valid_until,
		"status": match status {
			Status::Active => json!("active"),
			Status::Revoked => json!("revoked"),
			Status::Blacklisted(order) => json!({ "blacklisted": show_order(order) }),
		},
	})
}

/// A certificate for people.
pub fn certificate_text(account: &AccountId, certificate: &Certificate<AccountId, Moment>) -> String {
	let roles: Vec<_> = certificate.roles.iter().map(|role| format!("{role:?}")).collect();
	format!(
		"Account       {}\nOrganisation  {}\nRoles         {}\nStatus        {}\nValid until   {}\nView key      {}",
		address(account),
		one_line(&String::from_utf8_lossy(&certificate.organisation)),
		roles.join(", "),
		match &certificate.status {
			Status::Active => "active".into(),
			Status::Revoked => "revoked".into(),
			Status::Blacklisted(order) => format!("blacklisted because of order {}", show_order(order)),
		},
		certificate.valid_until.map_or("for ever".into(), |end| format!("{end} ms since 1970")),
		certificate.view_key.map_or("none; nobody can send notes to this account".into(), |record| {
			format!("{} (number {})", hex(record.key.as_bytes()), record.index)
		}),
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use pallet_certificates::Role;

	fn request() -> SignedRequest {
		SignedRequest::sign(
			&Account::development("//Shop").unwrap(),
			[Role::Buyer, Role::Seller].into(),
			"Corner Shop",
			ViewKey::new([7; 32]),
			1,
			Hash::repeat_byte(9),
		)
		.unwrap()
	}

	#[test]
	fn requests_survive_their_way_as_json() {
		let json = serde_json::to_string(&request()).unwrap();
		let back: SignedRequest = serde_json::from_str(&json).unwrap();
		assert_eq!(back, request().signature_of(&back));
		let (request, _) = back.verify(Hash::repeat_byte(9)).unwrap();
		assert_eq!(request.organisation.to_vec(), b"Corner Shop");
	}

	impl SignedRequest {
		/// The same with another's signature: sr25519 signatures differ from time to time.
		fn signature_of(mut self, other: &Self) -> Self {
			self.signature.clone_from(&other.signature);
			self
		}
	}

	#[test]
	fn a_requests_json_has_these_fields() {
		let json = serde_json::to_value(request()).unwrap();
		let mut names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
		names.sort();
		assert_eq!(
			names,
			[
				"account",
				"counter",
				"genesis",
				"organisation",
				"roles",
				"signature",
				"viewKey"
			]
		);
		assert_eq!(json["roles"], json!(["Buyer", "Seller"]));
		assert_eq!(json["viewKey"], hex(&[7; 32]));
	}

	#[test]
	fn a_changed_request_is_refused() {
		let genesis = Hash::repeat_byte(9);
		let changes: [fn(&mut SignedRequest); 5] = [
			|request| request.counter = 2,
			|request| request.organisation = "Other Shop".into(),
			|request| request.roles = [Role::Issuer].into(),
			|request| request.view_key = None,
			|request| request.account = Account::development("//Other").unwrap().address(),
		];
		for (number, change) in changes.into_iter().enumerate() {
			let mut request = request();
			change(&mut request);
			assert!(request.verify(genesis).is_err(), "change {number} passed");
		}
		assert!(
			request().verify(Hash::zero()).is_err(),
			"a request for another chain passed"
		);
		let mut empty = request();
		empty.signature = "0x".into();
		assert!(empty.verify(genesis).is_err());
	}
}
