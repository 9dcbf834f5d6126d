//! What each command does: reads the arguments, asks session, chain or keystore, and says what came out.

mod audits;
mod authorities;
mod authority;
mod batch;
mod beside;
mod certificates;
mod finality;
mod input;
mod local;
mod reports;
mod serve;
mod statement;

use std::path::PathBuf;

use serde_json::json;
use veilmart_runtime::{AccountId, Hash};

use crate::{
	account::{address, Account},
	amount,
	chain::Chain,
	chain_key::Pins,
	cli::{Cli, Command, Options, ACCOUNT_VARIABLE, DEFAULT_URL, URL_VARIABLE},
	commodity,
	error::{Error, Result},
	keystore::{Keystore, PassphraseSource, PASSPHRASE_FILE},
	names::{show_credit, show_listing, show_order, Names},
	output::{count, table, Format, Output, Report},
	session::{NewListing, Session},
	watch,
};

use reports::{done_report, holdings_report, listings_report, order_report, orders_report, quotes_report};

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
	genesis: Option<Hash>,
	account: Option<String>,
	suri: Option<String>,
	base_path: PathBuf,
	keystore: Keystore,
	pins: Pins,
	names: Names,
	passphrase: PassphraseSource,
	sealed: bool,
	output: Output,
}

impl Context {
	fn new(options: Options, output: Output) -> Result<Self> {
		let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
		let text = |name| variable(name).and_then(|value| value.into_string().ok());
		let base_path = options.base_path.map_or_else(Keystore::default_base_path, Ok)?;
		let keystore = Keystore::new(&base_path);
		let url = options.url.or_else(|| text(URL_VARIABLE));
		let account = options.account;
		// A key that the command line names acts instead of what the environment names; clap refuses both in one line only.
		let account = account.or_else(|| options.suri.is_none().then(|| text(ACCOUNT_VARIABLE)).flatten());
		let file = options
			.passphrase_file
			.or_else(|| variable(PASSPHRASE_FILE).map(PathBuf::from));
		Ok(Self {
			url: url.unwrap_or_else(|| DEFAULT_URL.into()),
			genesis: options.genesis,
			account,
			suri: options.suri,
			names: Names::new(keystore.clone()),
			keystore,
			pins: Pins::new(&base_path),
			base_path,
			passphrase: PassphraseSource::from_file(file),
			sealed: options.sealed,
			output,
		})
	}

	async fn connect(&self) -> Result<Chain> {
		let chain = self.output.wait("Connecting", Chain::connect(&self.url)).await?;
		match self.genesis.filter(|genesis| *genesis != chain.genesis()) {
			None => Ok(chain.sealing(self.sealed)),
			Some(genesis) => Err(Error::wallet(format!(
				"{} is a node of another chain: its genesis hash is {:?}, --genesis demands {genesis:?}.",
				self.url,
				chain.genesis()
			))),
		}
	}

	/// The acting account with its secret.
	fn acting(&self) -> Result<Account> {
		match (&self.suri, &self.account) {
			(Some(suri), _) => Account::development(suri),
			(None, Some(name)) => self.keystore.open(name, &self.passphrase),
			(None, None) => Err(Error::usage(
				"Which account acts? Name one with --account or VEILMART_ACCOUNT (`veilmart account show` lists them).",
			)),
		}
	}

	/// The acting account where no secret is needed.
	fn acting_id(&self) -> Result<AccountId> {
		match (&self.suri, &self.account) {
			(Some(suri), _) => Account::development(suri).map(|account| account.id()),
			(None, Some(name)) => self.keystore.account_id(name),
			(None, None) => Err(Error::usage(
				"Which account? Name one with --account or VEILMART_ACCOUNT (`veilmart account show` lists them).",
			)),
		}
	}

	/// A session of the acting account, under a key that was verified. Nobody types a passphrase before it is clear that
	/// there is such an account, a node, and a key to trust.
	async fn session(&self) -> Result<Session> {
		self.acting_id()?;
		let chain = self.connect().await?;
		let key = self.pins.key(&chain, &self.output).await?;
		let account = self.acting()?;
		let session = Session::open_with_key(chain, account, key);
		self.output.wait("Reading the account", session).await
	}

	async fn run(self, command: Command) -> Result<()> {
		let report = match command {
			Command::Ca(command) => self.ca(command).await?,
			Command::Audit(command) => self.check_audit(command).await?,
			Command::Certificate(command) => self.certificate(command).await?,
			Command::Account(command) => self.account(command)?,
			Command::Chain(command) => self.chain(command)?,
			Command::Finality(command) => self.finality(command).await?,
			Command::Authority(command) => self.authority(command).await?,
			Command::Watch { blocks } => {
				let session = self.session().await?;
				return watch::run(session, blocks, &self.output).await;
			}
			Command::Batch { file, anew } => return self.batch(&file, anew).await,
			Command::Serve {
				rules,
				check,
				once,
				shipped,
				not_shipped,
			} => {
				let answers = self.answers(&shipped, &not_shipped)?;
				return self.serve(&rules, check, once, answers).await;
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
			command => self.beside(command).await,
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
}
