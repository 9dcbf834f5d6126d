//! The commands about certificates and view keys.

use std::path::Path;

use pallet_certificates::{Call, Event, Roles};
use serde_json::json;
use veilmart_runtime::{AccountId, Runtime, RuntimeCall, RuntimeEvent};

use super::{input, Context};
use crate::{
	account::address,
	ca::hex,
	certificate::{certificate_json, certificate_text, SignedRequest},
	chain::Chain,
	cli::CertificateCommand,
	error::{Error, Result},
	output::Report,
	transaction::Until,
	view_key,
};

impl Context {
	pub(super) async fn certificate(&self, command: CertificateCommand) -> Result<Report> {
		match command {
			CertificateCommand::Request {
				roles,
				organisation,
				counter,
				view_key,
			} => {
				let roles: Roles = roles.into_iter().map(Into::into).collect();
				self.acting_id()?;
				let (genesis, counter, account, view_key) = match self.genesis {
					Some(genesis) => {
						let account = self.acting()?;
						let view_key = account.view_key(view_key.unwrap_or(0))?;
						(genesis, counter.unwrap_or(1), account, view_key)
					}
					None => {
						let id = self.acting_id()?;
						let chain = self.connect().await?;
						let next = chain.request_counter(&id).await?.saturating_add(1);
						let in_force = chain.certificate(&id, None).await?;
						let in_force = in_force.and_then(|certificate| certificate.view_key);
						let account = self.acting()?;
						let view_key = match view_key {
							Some(number) => account.view_key(number)?,
							None => view_key::for_request(&account, in_force)?,
						};
						(chain.genesis(), counter.unwrap_or(next), account, view_key)
					}
				};
				let request =
					SignedRequest::sign(&account, roles, &organisation, Some(view_key), counter, genesis)?;
				let json = serde_json::to_value(&request).map_err(|error| Error::file(error.to_string()))?;
				// The file that the certificate authority gets is this JSON, also where people look at it.
				Ok(Report::new(format!("{json:#}"), json))
			}
			CertificateCommand::Issue { request, valid_until } => {
				let request = read_request(&request)?;
				let account = self.acting()?;
				let chain = self.connect().await?;
				let (request, signature) = request.verify(chain.genesis())?;
				Self::ensure_authority(&chain, &account.id()).await?;
				let holder = request.account.clone();
				let renewal = chain.certificate(&holder, None).await?.is_some();
				let call = if renewal {
					Call::renew {
						request,
						signature,
						valid_until,
					}
				} else {
					Call::issue {
						request,
						signature,
						valid_until,
					}
				};
				let call = RuntimeCall::Certificates(call);
				let sent = chain.submit_and_watch(&account, call, Until::Finalized);
				let included = self.output.wait("Waiting until it is final", sent).await?;
				let verb = if renewal { "Renewed" } else { "Issued" };
				Ok(Report::new(
					format!("{verb} the certificate of {}.", address(&holder)),
					json!({
						"account": address(&holder),
						"renewal": renewal,
						"transaction": included.transaction,
						"block": included.block,
					}),
				))
			}
			CertificateCommand::Revoke { of } => {
				let account = self.names.account(&of)?;
				let holder = account.clone();
				let call = Call::revoke {
					account: account.clone(),
				};
				self.change_standing(call, Event::Revoked { account }, "Revoked", &holder)
					.await
			}
			CertificateCommand::Reinstate { of } => {
				let account = self.names.account(&of)?;
				let holder = account.clone();
				let call = Call::reinstate {
					account: account.clone(),
				};
				self.change_standing(call, Event::Reinstated { account }, "Reinstated", &holder)
					.await
			}
			CertificateCommand::Show { of } => {
				let account = of.map_or_else(|| self.acting_id(), |of| self.names.account(&of))?;
				let chain = self.connect().await?;
				let certificate = chain
					.certificate(&account, None)
					.await?
					.ok_or_else(|| Error::no_certificate(&account))?;
				Ok(Report::new(
					certificate_text(&account, &certificate),
					certificate_json(&account, &certificate),
				))
			}
			CertificateCommand::ViewKey { rotate } => {
				self.acting_id()?;
				let chain = self.connect().await?;
				let account = self.acting()?;
				let changed = async {
					if rotate {
						view_key::rotate(&chain, &account, Until::Finalized)
							.await
							.map(Some)
					} else {
						view_key::register(&chain, &account, Until::Finalized).await
					}
				};
				let changed = self.output.wait("Waiting until it is final", changed).await?;
				let certificate = chain.certificate(&account.id(), None).await?;
				let record = certificate
					.and_then(|certificate| certificate.view_key)
					.ok_or_else(|| Error::node("The node does not show the view key that is registered."))?;
				let text = match &changed {
					Some(record) if record.index > 0 => format!(
						"View key number {} is registered: new notes are sealed to it. Those sealed to earlier ones still open.",
						record.index
					),
					Some(_) => "The view key is registered; notes can be sent to this account now.".into(),
					None => format!(
						"View key number {} was registered before; --rotate registers the next one.",
						record.index
					),
				};
				Ok(Report::new(
					text,
					json!({
						"registered": changed.is_some(),
						"viewKey": hex(record.key.as_bytes()),
						"index": record.index,
					}),
				))
			}
		}
	}
}

impl Context {
	/// Makes a call of the certificate authority's about a certificate that exists, and waits for the event that says that
	/// it happened.
	async fn change_standing(
		&self,
		call: Call<Runtime>,
		event: Event<Runtime>,
		verb: &str,
		holder: &AccountId,
	) -> Result<Report> {
		let authority = self.acting_id()?;
		let chain = self.connect().await?;
		Self::ensure_authority(&chain, &authority).await?;
		if chain.certificate(holder, None).await?.is_none() {
			return Err(Error::no_certificate(holder));
		}
		let account = self.acting()?;
		let sent = chain.submit_and_watch(&account, RuntimeCall::Certificates(call), Until::Finalized);
		let included = self.output.wait("Waiting until it is final", sent).await?;
		if !included.events.contains(&RuntimeEvent::Certificates(event)) {
			return Err(Error::node(format!(
				"Block {:?} holds the transaction and does not say that it changed the certificate.",
				included.block
			)));
		}
		Ok(Report::new(
			format!("{verb} the certificate of {}.", address(holder)),
			json!({
				"account": address(holder),
				"transaction": included.transaction,
				"block": included.block,
			}),
		))
	}

	/// Complains if the account is not the certificate authority's.
	pub(super) async fn ensure_authority(chain: &Chain, account: &AccountId) -> Result<()> {
		let authority = chain.certificate_authority().await?;
		if authority.as_ref() == Some(account) {
			return Ok(());
		}
		Err(Error::wallet(format!(
			"{} is not this chain's certificate authority; that is {}.",
			address(account),
			authority.as_ref().map_or("nobody".into(), address)
		)))
	}
}

fn read_request(path: &Path) -> Result<SignedRequest> {
	let text = input::read(path, "the request")?;
	serde_json::from_str(&text).map_err(|error| {
		Error::file(format!(
			"{} is no request for a certificate: {error}",
			path.display()
		))
	})
}
