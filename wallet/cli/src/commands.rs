//! What each command does: reads the arguments, asks session, chain or keystore, and says what came out.

use std::{
	io::{self, IsTerminal, Read},
	path::{Path, PathBuf},
};

use pallet_certificates::{OrderId, Roles};
use pallet_ecommerce::GenesisKey;
use serde_json::{json, Value};
use sp_core::H256;
use veilmart_runtime::{AccountId, RuntimeCall};
use zeroize::Zeroizing;

use crate::{
	account::{address, Account},
	amount,
	ca::{self, hex, Audit},
	certificate::{certificate_json, certificate_text, SignedRequest},
	chain::{Chain, Until},
	cli::{AccountCommand, CaCommand, CertificateCommand, Cli, Command, Options, DEFAULT_URL, URL_VARIABLE},
	commodity,
	error::{Error, Result},
	keystore::{Keystore, PassphraseSource, PASSPHRASE_FILE},
	names::{credit_kind, order_state, show_credit, show_listing, show_order, Names},
	output::{count, table, Counter, Format, Output, Report},
	session::{Done, Holdings, NewListing, OpenListing, OpenOrder, OpenQuote, Session, Side},
	watch,
};

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<(), (Error, Output)> {
	let output = Output::new(if cli.options.json {
		Format::Json
	} else {
		Format::Text
	});
	let context = Context::new(cli.options, output);
	async { context?.run(cli.command).await }
		.await
		.map_err(|error| (error, output))
}

/// What the options of all commands amount to.
struct Context {
	url: String,
	account: Option<String>,
	suri: Option<String>,
	keystore: Keystore,
	names: Names,
	passphrase: PassphraseSource,
	output: Output,
}

impl Context {
	fn new(options: Options, output: Output) -> Result<Self> {
		let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
		let base_path = options.base_path.map_or_else(Keystore::default_base_path, Ok)?;
		let keystore = Keystore::new(&base_path);
		let url = options
			.url
			.or_else(|| variable(URL_VARIABLE).and_then(|url| url.into_string().ok()));
		let file = options
			.passphrase_file
			.or_else(|| variable(PASSPHRASE_FILE).map(PathBuf::from));
		Ok(Self {
			url: url.unwrap_or_else(|| DEFAULT_URL.into()),
			account: options.account,
			suri: options.suri,
			names: Names::new(keystore.clone()),
			keystore,
			passphrase: PassphraseSource::from_file(file),
			output,
		})
	}

	async fn connect(&self) -> Result<Chain> {
		self.output.wait("Connecting", Chain::connect(&self.url)).await
	}

	/// The acting account with its secret.
	fn acting(&self) -> Result<Account> {
		match (&self.suri, &self.account) {
			(Some(suri), _) => Account::development(suri),
			(None, Some(name)) => self.keystore.open(name, &self.passphrase),
			(None, None) => Err(Error::usage("Which account acts? Name one with --account.")),
		}
	}

	/// The acting account where no secret is needed.
	fn acting_id(&self) -> Result<AccountId> {
		match (&self.suri, &self.account) {
			(Some(suri), _) => Account::development(suri).map(|account| account.id()),
			(None, Some(name)) => self.keystore.account_id(name),
			(None, None) => Err(Error::usage("Which account? Name one with --account.")),
		}
	}

	async fn session(&self) -> Result<Session> {
		let account = self.acting()?;
		let chain = self.connect().await?;
		self.output
			.wait("Reading the account", Session::open(chain, account))
			.await
	}

	async fn run(self, command: Command) -> Result<()> {
		let report = match command {
			Command::Ca(command) => self.ca(command).await?,
			Command::Certificate(command) => self.certificate(command).await?,
			Command::Account(command) => self.account(command)?,
			Command::Watch { blocks } => {
				let session = self.session().await?;
				return watch::run(&session, blocks, &self.output).await;
			}
			Command::Listings { seller: Some(seller) } => {
				let seller = self.names.account(&seller)?;
				self.listings_of(&seller).await?
			}
			command => self.trade(command).await?,
		};
		self.output.report(&report);
		Ok(())
	}

	/// The commands of somebody who takes part.
	async fn trade(&self, command: Command) -> Result<Report> {
		let names = &self.names;
		// What is wrong with the arguments is said before a passphrase is asked for.
		match command {
			Command::Issue { to, amount } => {
				let (to, amount) = (names.account(&to)?, amount::parse(&amount)?);
				let session = self.session().await?;
				let done = self.sent(session.issue(&to, amount)).await?;
				let credit = show_credit(&done.id);
				Ok(done_report(
					&done,
					format!(
						"Issued {} to {}: credit {credit}.",
						amount::show(amount),
						address(&to)
					),
					json!({ "credit": credit, "to": address(&to), "amount": amount::show(amount) }),
				))
			}
			Command::List { price, stock, item } => {
				let listing = NewListing {
					price: amount::parse(&price)?,
					stock,
					commodity: commodity::encode(&item)?,
				};
				let session = self.session().await?;
				let done = self.sent(session.list(listing)).await?;
				let name = show_listing(&done.id);
				Ok(done_report(
					&done,
					format!(
						"Listed {stock} × {item} at {}: listing {name}.",
						amount::show(listing.price)
					),
					json!({ "listing": name }),
				))
			}
			Command::Quote { listing, buyer } => {
				let buyer = names.account(&buyer)?;
				let session = self.session().await?;
				let done = self.sent(session.quote(listing, &buyer)).await?;
				let name = show_listing(&done.id);
				Ok(done_report(
					&done,
					format!("Quoted listing {name} to {}.", address(&buyer)),
					json!({ "listing": name, "buyer": address(&buyer) }),
				))
			}
			Command::Order {
				listing,
				quantity,
				max_price,
			} => {
				let listing = names.listing(&listing)?;
				let max_price = max_price.as_deref().map(amount::parse).transpose()?;
				let session = self.session().await?;
				let done = self.sent(session.order(&listing, quantity, max_price)).await?;
				let name = show_order(&done.id);
				Ok(done_report(
					&done,
					format!(
						"Ordered {} of {}: order {name}.",
						count(quantity, "piece"),
						show_listing(&listing)
					),
					json!({ "order": name, "listing": show_listing(&listing), "quantity": quantity }),
				))
			}
			Command::Accept { order } => {
				let order = names.order(&order)?;
				let session = self.session().await?;
				Ok(order_report(
					"Accepted",
					&self.sent(session.accept(&order)).await?,
				))
			}
			Command::Decline { order, reason } => {
				let order = names.order(&order)?;
				let session = self.session().await?;
				Ok(order_report(
					"Declined",
					&self.sent(session.decline(&order, reason.into())).await?,
				))
			}
			Command::Ship { order } => {
				let order = names.order(&order)?;
				let session = self.session().await?;
				Ok(order_report("Shipped", &self.sent(session.ship(&order)).await?))
			}
			Command::Cancel { order } => {
				let session = self.session().await?;
				Ok(order_report(
					"Cancelled",
					&self.sent(session.cancel(order)).await?,
				))
			}
			Command::Confirm { order } => {
				let session = self.session().await?;
				Ok(order_report(
					"Confirmed",
					&self.sent(session.confirm(order)).await?,
				))
			}
			Command::Collect => {
				let session = self.session().await?;
				let collected = self.sent(session.collect_all()).await?;
				let credits: Vec<_> = collected.iter().flat_map(|done| &done.id).collect();
				let rows: Vec<_> = credits.iter().map(|credit| show_credit(&credit.id)).collect();
				let sum: u128 = credits
					.iter()
					.map(|credit| u128::from(credit.amount.unwrap_or(0)))
					.sum();
				let text = match rows.len() {
					0 => "Nothing waits to be collected.".into(),
					credits => format!(
						"Collected {}, {} in all.",
						count(credits as u64, "credit"),
						amount::show_wide(sum)
					),
				};
				Ok(Report::new(
					text,
					json!({ "collected": rows, "amount": amount::show_wide(sum) }),
				))
			}
			Command::Balance => {
				let session = self.session().await?;
				Ok(holdings_report(
					&self.output.wait("Reading", session.holdings()).await?,
				))
			}
			Command::Orders { state } => {
				let session = self.session().await?;
				let state = state.map(Into::into);
				Ok(orders_report(
					&self.output.wait("Reading", session.orders(state)).await?,
				))
			}
			Command::Listings { .. } => {
				let session = self.session().await?;
				Ok(listings_report(
					&self.output.wait("Reading", session.listings()).await?,
				))
			}
			Command::Quotes => {
				let session = self.session().await?;
				Ok(quotes_report(
					&self.output.wait("Reading", session.quotes()).await?,
				))
			}
			Command::Ca(_) | Command::Certificate(_) | Command::Account(_) | Command::Watch { .. } => {
				Err(Error::usage("This command is not one of a session."))
			}
		}
	}

	async fn sent<T>(&self, call: impl core::future::Future<Output = Result<T>>) -> Result<T> {
		self.output
			.wait("Proving, sending and waiting until it is final", call)
			.await
	}

	async fn listings_of(&self, seller: &AccountId) -> Result<Report> {
		let chain = self.connect().await?;
		let listings = chain.listings(seller, None).await?;
		let names: Vec<_> = listings.iter().map(|(id, _)| show_listing(id)).collect();
		let rows: Vec<_> = listings
			.iter()
			.map(|(id, listing)| vec![show_listing(id), listing.version.to_string()])
			.collect();
		let json = listings
			.iter()
			.zip(&names)
			.map(|((_, listing), name)| json!({ "listing": name, "priceVersion": listing.version }))
			.collect::<Vec<_>>();
		Ok(Report::new(
			table(&["listing", "price version>"], &rows),
			json.into(),
		))
	}

	async fn ca(&self, command: CaCommand) -> Result<Report> {
		match command {
			CaCommand::Keygen { bits, out } => self.keygen(&bits, out).await,
			CaCommand::Decrypt {
				key,
				ciphertext: Some(ciphertext),
				..
			} => {
				let ciphertext = read_ciphertext(&ciphertext)?;
				let secret = ca::read(&key, &self.passphrase)?;
				Ok(amount_report(ca::decrypt(&secret, &ciphertext)?))
			}
			CaCommand::Decrypt { key, of, .. } => {
				let account = self.names.account(&of.unwrap_or_default())?;
				let secret = ca::read(&key, &self.passphrase)?;
				let chain = self.connect().await?;
				ca::ensure_key_of(&secret, &chain.market(None).await?.modulus)?;
				let state = chain.account(&account, None).await?;
				Ok(amount_report(ca::decrypt(
					&secret,
					state.balance.ciphertext.as_ref(),
				)?))
			}
			CaCommand::Audit { key } => {
				let secret = ca::read(&key, &self.passphrase)?;
				let chain = self.connect().await?;
				let block = chain.finalized().await?;
				let market = chain.market(Some(block)).await?;
				ca::ensure_key_of(&secret, &market.modulus)?;
				let proof = chain.modulus_proof().await?;
				ca::verify_public(&GenesisKey {
					modulus: market.modulus,
					proof,
				})?;
				let accumulators = self
					.output
					.wait("Multiplying the whole ledger", chain.accumulators(Some(block)))
					.await?;
				let audit = Audit::of(&secret, &accumulators)?;
				let mut report = audit.report();
				report.text = format!("Block {block:?}\n\n{}", report.text);
				report.json["block"] = json!(block);
				if audit.passed() {
					return Ok(report);
				}
				self.output.report(&report);
				Err(Error::wallet("The ledger does not add up."))
			}
		}
	}

	async fn keygen(&self, bits: &str, out: PathBuf) -> Result<Report> {
		let set = ca::parameter_set(bits.parse().map_err(|_| Error::usage("The bits are a number."))?)?;
		if [ca::SECRET_FILE, ca::PUBLIC_FILE]
			.iter()
			.any(|file| out.join(file).exists())
		{
			return Err(Error::file(format!(
				"There is a key in {} already; nothing was written.",
				out.display()
			)));
		}
		self.output
			.note("Looking for two safe primes; this takes from seconds to minutes.");
		let generation = tokio::task::spawn_blocking(move || {
			let mut counter = Counter::new("Candidates tried");
			let secret = ca::generate_key(set, &mut || counter.step());
			counter.finish();
			secret
		});
		let secret = generation
			.await
			.map_err(|error| Error::file(format!("The generation stopped: {error}")))?;
		self.output.note("Proving that the modulus is well formed.");
		let files = ca::write(&secret, &out, &self.passphrase)?;
		let (secret_file, public_file) = (
			files.secret.display().to_string(),
			files.public.display().to_string(),
		);
		Ok(Report::new(
			format!(
				"Secret, encrypted:  {secret_file}\nFor the genesis:    {public_file}\nKeep a copy of the secret file and its passphrase in two places; without them nobody can audit."
			),
			json!({
				"secret": secret_file,
				"public": public_file,
				"bits": set.modulus_bits(),
				"modulus": hex(&secret.public().modulus_bytes()),
			}),
		))
	}

	async fn certificate(&self, command: CertificateCommand) -> Result<Report> {
		match command {
			CertificateCommand::Request {
				roles,
				organisation,
				genesis,
				counter,
			} => {
				let roles: Roles = roles.into_iter().map(Into::into).collect();
				let account = self.acting()?;
				let (genesis, counter, index) = match genesis {
					Some(genesis) => (parse_hash(&genesis)?, counter.unwrap_or(1), 0),
					None => {
						let chain = self.connect().await?;
						let next = chain.request_counter(&account.id()).await?.saturating_add(1);
						let certificate = chain.certificate(&account.id(), None).await?;
						let index = certificate
							.and_then(|c| c.view_key)
							.map_or(0, |record| record.index);
						(chain.genesis(), counter.unwrap_or(next), index)
					}
				};
				let view_key = Session::view_key(&account, index)?;
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
				let authority = chain.certificate_authority().await?;
				if authority != Some(account.id()) {
					return Err(Error::wallet(format!(
						"{} is not this chain's certificate authority; that is {}.",
						account.address(),
						authority.as_ref().map_or("nobody".into(), address)
					)));
				}
				let holder = request.account.clone();
				let renewal = chain.certificate(&holder, None).await?.is_some();
				let call = if renewal {
					pallet_certificates::Call::renew {
						request,
						signature,
						valid_until,
					}
				} else {
					pallet_certificates::Call::issue {
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
			CertificateCommand::Show { of } => {
				let account = of.map_or_else(|| self.acting_id(), |of| self.names.account(&of))?;
				let chain = self.connect().await?;
				let certificate = chain
					.certificate(&account, None)
					.await?
					.ok_or_else(|| Error::wallet(format!("{} has no certificate.", address(&account))))?;
				Ok(Report::new(
					certificate_text(&account, &certificate),
					certificate_json(&account, &certificate),
				))
			}
			CertificateCommand::ViewKey => {
				let session = self.session().await?;
				let registered = self.sent(session.register_view_key()).await?;
				let text = match &registered {
					Some(_) => "The view key is registered; notes can be sent to this account now.",
					None => "The view key was registered before.",
				};
				Ok(Report::new(
					text,
					json!({ "registered": registered.is_some(), "viewKey": hex(session.own_view_key()?.as_bytes()) }),
				))
			}
		}
	}

	fn account(&self, command: AccountCommand) -> Result<Report> {
		match command {
			AccountCommand::New { name } => {
				if self.keystore.contains(&name) {
					return Err(Error::usage(format!("There is an account {name} already.")));
				}
				let (_, words) = Account::generate()?;
				let account = self.keystore.add(&name, &words, &self.passphrase)?;
				// The only time that a secret is printed; it is no result, so it does not end up in a file by accident.
				self.output.note(&format!(
					"\nThese words are the account. Write them down; they are not shown again:\n\n    {}\n",
					words.as_str()
				));
				Ok(account_report(&name, &account.address()))
			}
			AccountCommand::Import { name } => {
				if self.keystore.contains(&name) {
					return Err(Error::usage(format!("There is an account {name} already.")));
				}
				let words = read_mnemonic()?;
				let account = self.keystore.add(&name, &words, &self.passphrase)?;
				Ok(account_report(&name, &account.address()))
			}
			AccountCommand::Show { name: Some(name) } => {
				Ok(account_report(&name, &self.keystore.about(&name)?.address))
			}
			AccountCommand::Show { name: None } => {
				let names = self.keystore.names()?;
				let rows = names
					.into_iter()
					.map(|name| Ok(vec![name.clone(), self.keystore.about(&name)?.address]))
					.collect::<Result<Vec<_>>>()?;
				let json: Vec<_> = rows
					.iter()
					.map(|row| json!({ "name": row[0], "address": row[1] }))
					.collect();
				Ok(Report::new(table(&["name", "address"], &rows), json.into()))
			}
		}
	}
}

fn read_mnemonic() -> Result<Zeroizing<String>> {
	let failed = |error: io::Error| Error::file(format!("Cannot read the mnemonic: {error}"));
	if io::stdin().is_terminal() {
		return rpassword::prompt_password("Mnemonic (not shown): ")
			.map(Zeroizing::new)
			.map_err(failed);
	}
	let mut words = Zeroizing::new(String::new());
	io::stdin()
		.take(4096)
		.read_to_string(&mut words)
		.map_err(failed)?;
	Ok(words)
}

fn read_request(path: &Path) -> Result<SignedRequest> {
	let failed =
		|error: io::Error| Error::file(format!("Cannot read the request {}: {error}", path.display()));
	let mut text = String::new();
	if path.as_os_str() == "-" {
		io::stdin().read_to_string(&mut text).map_err(failed)?;
	} else {
		text = std::fs::read_to_string(path).map_err(failed)?;
	}
	serde_json::from_str(&text).map_err(|error| {
		Error::file(format!(
			"{} is no request for a certificate: {error}",
			path.display()
		))
	})
}

fn read_ciphertext(text: &str) -> Result<Vec<u8>> {
	let content = match text.strip_prefix('@') {
		Some(path) => std::fs::read_to_string(path)
			.map_err(|error| Error::file(format!("Cannot read a ciphertext from {path}: {error}")))?,
		None => text.into(),
	};
	ca::unhex(content.trim()).ok_or_else(|| Error::usage("A ciphertext is written in hexadecimal digits."))
}

fn parse_hash(text: &str) -> Result<H256> {
	ca::unhex(text)
		.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
		.map(H256)
		.ok_or_else(|| Error::usage(format!("\"{text}\" is no hash; it has 64 hexadecimal digits.")))
}

fn amount_report(minor: u64) -> Report {
	Report::new(
		format!("{} (as a plain number: {minor})", amount::show(minor)),
		json!({ "amount": amount::show(minor), "number": minor.to_string() }),
	)
}

fn account_report(name: &str, address: &str) -> Report {
	Report::new(
		format!("{name}  {address}"),
		json!({ "name": name, "address": address }),
	)
}

/// The report of a call: what happened, and where it stands on the chain.
fn done_report<T>(done: &Done<T>, text: String, mut json: Value) -> Report {
	json["transaction"] = json!(done.transaction);
	json["block"] = json!(done.block);
	Report::new(text, json)
}

fn order_report(verb: &str, done: &Done<OrderId<AccountId>>) -> Report {
	let name = show_order(&done.id);
	done_report(done, format!("{verb} order {name}."), json!({ "order": name }))
}

fn holdings_report(holdings: &Holdings) -> Report {
	let mut text = format!("Balance  {}", amount::show(holdings.balance));
	let shown = |amount: Option<u64>| amount.map_or("does not open".into(), amount::show);
	if !holdings.incoming.is_empty() {
		let rows: Vec<_> = holdings
			.incoming
			.iter()
			.map(|credit| {
				let id = &credit.id;
				vec![
					credit_kind(id.kind).into(),
					format!("{}:{}", address(&id.creator), id.seq),
					shown(credit.amount),
				]
			})
			.collect();
		text += "\n\nTo collect:\n";
		text += &table(&["kind", "from", "amount>"], &rows);
	}
	if holdings.quota > 0 {
		text = format!(
			"{}\n\nIssued   {} of {}",
			text.trim_end(),
			amount::show(holdings.issued),
			amount::show(holdings.quota)
		);
	}
	let incoming: Vec<_> = holdings
		.incoming
		.iter()
		.map(|credit| json!({ "credit": show_credit(&credit.id), "amount": credit.amount.map(amount::show) }))
		.collect();
	let mut json = json!({
		"balance": amount::show(holdings.balance),
		"incoming": incoming,
		"sequence": holdings.seq,
	});
	if holdings.quota > 0 {
		json["issued"] = json!(amount::show(holdings.issued));
		json["quota"] = json!(amount::show(holdings.quota));
	}
	Report::new(text, json)
}

fn orders_report(orders: &[OpenOrder]) -> Report {
	let side = |order: &OpenOrder| match order.side {
		Side::Buyer => "buyer",
		Side::Seller => "seller",
	};
	let rows: Vec<_> = orders
		.iter()
		.map(|order| {
			let mut row = vec![
				show_order(&order.id),
				side(order).into(),
				order_state(order.state).into(),
			];
			match &order.contents {
				Ok(contents) => row.extend([
					contents.commodity.map_or("?".into(), commodity::decode),
					contents.quantity.to_string(),
					amount::show(contents.price),
					amount::show(contents.total),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = orders
		.iter()
		.map(|order| {
			let mut json = json!({
				"order": show_order(&order.id),
				"side": side(order),
				"state": order_state(order.state),
				"listing": show_listing(&order.listing),
				"since": order.since,
			});
			match &order.contents {
				Ok(contents) => {
					json["item"] = json!(contents.commodity.map(commodity::decode));
					json["quantity"] = json!(contents.quantity);
					json["price"] = json!(amount::show(contents.price));
					json["total"] = json!(amount::show(contents.total));
					json["bond"] = json!(amount::show_wide(contents.bond));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(
		table(
			&["order", "as", "state", "item", "pieces>", "price>", "total>"],
			&rows,
		),
		json.into(),
	)
}

fn listings_report(listings: &[OpenListing]) -> Report {
	let rows: Vec<_> = listings
		.iter()
		.map(|listing| {
			let mut row = vec![show_listing(&listing.id)];
			match &listing.contents {
				Ok(contents) => row.extend([
					commodity::decode(contents.commodity),
					contents.stock.to_string(),
					amount::show(contents.price),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = listings
		.iter()
		.map(|listing| {
			let mut json = json!({ "listing": show_listing(&listing.id), "priceVersion": listing.version });
			match &listing.contents {
				Ok(contents) => {
					json["item"] = json!(commodity::decode(contents.commodity));
					json["stock"] = json!(contents.stock);
					json["price"] = json!(amount::show(contents.price));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(
		table(&["listing", "item", "stock>", "price>"], &rows),
		json.into(),
	)
}

fn quotes_report(quotes: &[OpenQuote]) -> Report {
	let rows: Vec<_> = quotes
		.iter()
		.map(|quote| {
			let mut row = vec![show_listing(&quote.listing)];
			match &quote.contents {
				Ok(contents) => row.extend([
					commodity::decode(contents.commodity),
					amount::show(contents.price),
				]),
				Err(problem) => row.push(problem.clone()),
			}
			row
		})
		.collect();
	let json: Vec<_> = quotes
		.iter()
		.map(|quote| {
			let mut json = json!({ "listing": show_listing(&quote.listing), "priceVersion": quote.version });
			match &quote.contents {
				Ok(contents) => {
					json["item"] = json!(commodity::decode(contents.commodity));
					json["price"] = json!(amount::show(contents.price));
				}
				Err(problem) => json["problem"] = json!(problem),
			}
			json
		})
		.collect();
	Report::new(table(&["listing", "item", "price>"], &rows), json.into())
}
