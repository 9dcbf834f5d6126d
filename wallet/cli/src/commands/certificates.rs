//! The commands about certificates and view keys.

use std::path::Path;

use pallet_certificates::{Call, CertificateRequest, Event, Roles, Status};
use serde_json::json;
use veilmart_runtime::{AccountId, RuntimeCall, RuntimeEvent};

use super::{input, Context};
use crate::{
	account::address,
	amount,
	ca::hex,
	certificate::{certificate_json, certificate_text, SignedRequest},
	chain::Chain,
	cli::CertificateCommand,
	error::{Error, Result},
	output::{one_line, time, Report},
	transaction::{Included, Until},
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
				let authority = self.acting_id()?;
				let chain = self.connect().await?;
				let (request, signature) = request.verify(chain.genesis())?;
				Self::ensure_authority(&chain, &authority).await?;
				let holder = request.account.clone();
				let before = chain.certificate(&holder, None).await?;
				let renewal = before.is_some();
				// Whoever types the passphrase sees first what it is for.
				let status = before.map_or(Status::Active, |certificate| certificate.status);
				let asked = asked_for(&request, valid_until);
				self.output.note(&asked);
				let account = self.acting()?;
				let (roles, wanted) = (request.roles, holder.clone());
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
				let event = if renewal {
					Event::Renewed {
						account: wanted,
						roles,
						valid_until,
					}
				} else {
					Event::Issued {
						account: wanted,
						roles,
						valid_until,
					}
				};
				ensure_announced(&included, &RuntimeEvent::Certificates(event))?;
				let verb = if renewal { "Renewed" } else { "Issued" };
				let barred = match status {
					Status::Active => "",
					Status::Revoked => {
						" It is revoked as before: `certificate reinstate` puts it back in force."
					}
					Status::Blacklisted(_) => {
						" It is blacklisted as before: `certificate reinstate` puts it back in force."
					}
				};
				Ok(Report::new(
					format!("{verb} the certificate of {}.{barred}", address(&holder)),
					json!({
						"account": address(&holder),
						"roles": roles,
						"renewal": renewal,
						"barred": status != Status::Active,
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
				let text = format!("Revoked the certificate of {}.", address(&holder));
				self.by_authority(call.into(), Event::Revoked { account }.into(), text, &holder)
					.await
			}
			CertificateCommand::Reinstate { of } => {
				let account = self.names.account(&of)?;
				let holder = account.clone();
				let call = Call::reinstate {
					account: account.clone(),
				};
				let text = format!("Reinstated the certificate of {}.", address(&holder));
				self.by_authority(call.into(), Event::Reinstated { account }.into(), text, &holder)
					.await
			}
			CertificateCommand::Quota { of, amount } => {
				let issuer = self.names.account(&of)?;
				let quota = amount::parse(&amount)?;
				let call = pallet_ecommerce::Call::set_issuer_quota {
					issuer: issuer.clone(),
					quota,
				};
				let event = pallet_ecommerce::Event::IssuerQuotaSet {
					issuer: issuer.clone(),
					quota,
				};
				let text = format!("{} may issue {} in all.", address(&issuer), amount::show(quota));
				self.by_authority(call.into(), event.into(), text, &issuer).await
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
	/// Makes a call of the certificate authority's about who has a certificate, and waits for the event that says that it
	/// happened.
	async fn by_authority(
		&self,
		call: RuntimeCall,
		event: RuntimeEvent,
		text: String,
		holder: &AccountId,
	) -> Result<Report> {
		let authority = self.acting_id()?;
		let chain = self.connect().await?;
		Self::ensure_authority(&chain, &authority).await?;
		if chain.certificate(holder, None).await?.is_none() {
			return Err(Error::no_certificate(holder));
		}
		let account = self.acting()?;
		let sent = chain.submit_and_watch(&account, call, Until::Finalized);
		let included = self.output.wait("Waiting until it is final", sent).await?;
		ensure_announced(&included, &event)?;
		Ok(Report::new(
			text,
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

/// Complains if the block that holds the transaction does not say that it did what it was for.
fn ensure_announced(included: &Included, event: &RuntimeEvent) -> Result<()> {
	if included.events.contains(event) {
		return Ok(());
	}
	Err(Error::node(format!(
		"Block {:?} holds the transaction and does not say that it was done.",
		included.block
	)))
}

/// What a request asks for, for whoever grants it.
fn asked_for(request: &CertificateRequest<AccountId>, valid_until: Option<u64>) -> String {
	let roles: Vec<_> = request.roles.iter().map(|role| format!("{role:?}")).collect();
	format!(
		"Account       {}\nOrganisation  {}\nRoles         {}\nView key      {}\nValid until   {}",
		address(&request.account),
		one_line(&String::from_utf8_lossy(&request.organisation)),
		roles.join(", "),
		request
			.view_key
			.map_or("the one that is registered".into(), |key| hex(key.as_bytes())),
		valid_until.map_or("for ever".into(), time),
	)
}

fn read_request(path: &Path) -> Result<SignedRequest> {
	let text = input::read(path, "the request")?;
	serde_json::from_str(&text).map_err(|error| {
		Error::file(format!(
			"{} is no request for a certificate: {}",
			path.display(),
			one_line(&error.to_string())
		))
	})
}
