//! The parties of the demo, and their books in the clear.

use crate::{
	report::{Ended, PartyLine, Refused, Steps},
	retail::OrderLine,
};
use pallet_certificates::{Role, Roles};
use pallet_ecommerce::ListingId;
use std::{collections::BTreeMap, error::Error, time::Instant};
use veilmart_cli::{
	account::Account,
	amount,
	ca::Audit,
	certificate::SignedRequest,
	chain::Chain,
	commodity,
	session::{NewListing, Session},
	transaction::Until,
};
use veilmart_paillier::SecretKey;
use veilmart_runtime::{AccountId, RuntimeCall};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The shops that divide the catalogue among them.
const SELLERS: [&str; 3] = ["Lantern & Co", "Nesting Box Ltd", "Union Street Gifts"];

/// A party with its session and its books.
pub struct Party {
	/// Its name in the report.
	pub name: String,
	/// Its account on the chain.
	pub session: Session,
	/// What it should have, in minor units.
	pub expected: u64,
}

/// Everybody.
pub struct Market {
	chain: Chain,
	issuer: Session,
	issued: u64,
	/// What each seller and customer wrote down.
	words: BTreeMap<AccountId, String>,
	/// The sellers.
	pub sellers: Vec<Party>,
	/// The customers, by their number in the file.
	pub customers: BTreeMap<String, Party>,
	/// Each item at its price, with the seller's index and the listing.
	pub catalogue: BTreeMap<(String, u64), (usize, ListingId<AccountId>)>,
}

/// Which shop sells an item: any fixed rule will do.
fn seller_of(item: &str) -> usize {
	item.bytes().map(usize::from).sum::<usize>() % SELLERS.len()
}

/// Has the certificate authority certify an account, which signs its request itself.
async fn certify(chain: &Chain, ca: &Account, account: &Account, roles: Roles, name: &str) -> Result<()> {
	let counter = chain.request_counter(&account.id()).await? + 1;
	let view_key = account.view_key(0)?;
	let request = SignedRequest::sign(account, roles, name, Some(view_key), counter, chain.genesis())?;
	let (request, signature) = request.verify(chain.genesis())?;
	let known = chain.certificate(&account.id(), None).await?.is_some();
	let call = if known {
		pallet_certificates::Call::renew {
			request,
			signature,
			valid_until: None,
		}
	} else {
		pallet_certificates::Call::issue {
			request,
			signature,
			valid_until: None,
		}
	};
	chain
		.submit_and_watch(ca, RuntimeCall::Certificates(call), Until::Finalized)
		.await?;
	Ok(())
}

impl Market {
	/// Certifies the issuer (which genesis knows, without a view key), the sellers and the customers of these lines.
	pub async fn open(chain: &Chain, lines: &[OrderLine]) -> Result<Self> {
		let ca = Account::development("//CA")?;
		let issuer = Account::development("//Issuer")?;
		certify(
			chain,
			&ca,
			&issuer,
			[Role::Issuer].into(),
			"The consortium's bank",
		)
		.await?;
		let join = |roles: Roles, name: String| {
			let ca = &ca;
			async move {
				let (account, phrase) = Account::generate()?;
				certify(chain, ca, &account, roles, &name).await?;
				let session = Session::open(chain.clone(), account).await?;
				let party = Party {
					name,
					session,
					expected: 0,
				};
				Ok::<_, Box<dyn Error>>((party, phrase.to_string()))
			}
		};
		let mut words = BTreeMap::new();
		let mut sellers = Vec::new();
		for name in SELLERS {
			let (party, phrase) = join([Role::Seller].into(), name.into()).await?;
			words.insert(party.session.id().clone(), phrase);
			sellers.push(party);
		}
		let mut customers = BTreeMap::new();
		for line in lines {
			if !customers.contains_key(&line.customer) {
				let (party, phrase) =
					join([Role::Buyer].into(), format!("customer {}", line.customer)).await?;
				words.insert(party.session.id().clone(), phrase);
				customers.insert(line.customer.clone(), party);
			}
		}
		let issuer = Session::open(chain.clone(), issuer).await?;
		Ok(Self {
			chain: chain.clone(),
			issuer,
			issued: 0,
			words,
			sellers,
			customers,
			catalogue: BTreeMap::new(),
		})
	}

	/// The consortium's bank.
	pub fn issuer(&self) -> &Session {
		&self.issuer
	}

	/// The mnemonic of a seller or a customer that the market began with.
	pub fn words(&self, of: &AccountId) -> Option<&str> {
		self.words.get(of).map(String::as_str)
	}

	/// The chain that it is on.
	pub fn chain(&self) -> &Chain {
		&self.chain
	}

	/// What was issued so far, in minor units.
	pub fn issued(&self) -> u64 {
		self.issued
	}

	/// Certifies somebody else.
	pub async fn newcomer(&self, roles: Roles, name: &str) -> Result<Session> {
		let (account, _) = Account::generate()?;
		self.admit(account, roles, name).await
	}

	/// Certifies the owner of an account.
	pub async fn admit(&self, account: Account, roles: Roles, name: &str) -> Result<Session> {
		let ca = Account::development("//CA")?;
		certify(&self.chain, &ca, &account, roles, name).await?;
		Ok(Session::open(self.chain.clone(), account).await?)
	}

	/// Issues an amount to a party, which collects it.
	pub async fn fund(&mut self, party: &mut Party, minor: u64) -> Result<()> {
		self.issued += give(&self.issuer, party, minor).await?;
		Ok(())
	}

	/// Lists each item at each of its prices, with as many pieces as will be ordered and a hundred more.
	pub async fn list(&mut self, lines: &[OrderLine]) -> Result<()> {
		let mut wanted: BTreeMap<(String, u64), u64> = BTreeMap::new();
		for line in lines {
			*wanted.entry((line.item.clone(), line.price)).or_default() += line.quantity;
		}
		for (index, seller) in self.sellers.iter().enumerate() {
			let mine: Vec<_> = wanted
				.iter()
				.filter(|((item, _), _)| seller_of(item) == index)
				.collect();
			let items = mine
				.iter()
				.map(|((item, price), pieces)| {
					Ok(NewListing {
						price: *price,
						stock: **pieces + 100,
						commodity: commodity::encode(item)?,
					})
				})
				.collect::<Result<Vec<_>>>()?;
			for (done, (key, _)) in seller.session.list_all(&items).await?.into_iter().zip(mine) {
				self.catalogue.insert(key.clone(), (index, done.id));
			}
		}
		println!("   {} items are listed.", self.catalogue.len());
		Ok(())
	}

	/// Issues what the customers will spend and a little more, and for each seller the bond of its largest order.
	pub async fn endow(&mut self, lines: &[OrderLine]) -> Result<()> {
		let total = |line: &OrderLine| line.price * line.quantity;
		for (number, customer) in &mut self.customers {
			let spent: u64 = lines
				.iter()
				.filter(|line| line.customer == *number)
				.map(total)
				.sum();
			self.issued += give(&self.issuer, customer, spent + 1_250).await?;
		}
		for (index, seller) in self.sellers.iter_mut().enumerate() {
			let largest = lines
				.iter()
				.filter(|line| seller_of(&line.item) == index)
				.map(total)
				.max();
			self.issued += give(&self.issuer, seller, 10 * largest.unwrap_or_default() + 10_000).await?;
		}
		println!("   {} were issued.", amount::show(self.issued));
		Ok(())
	}

	/// One order line, from quote to collect.
	pub async fn purchase(&mut self, number: usize, line: &OrderLine, steps: &mut Steps) -> Result<()> {
		let (index, listing) = self
			.catalogue
			.get(&(line.item.clone(), line.price))
			.ok_or("an item is not listed")?
			.clone();
		let seller = self.sellers.get_mut(index).ok_or("a seller is missing")?;
		let customer = self
			.customers
			.get_mut(&line.customer)
			.ok_or("a customer is missing")?;
		let total = line.price * line.quantity;
		let purchase = Instant::now();
		let start = Instant::now();
		seller.session.quote(listing.seq, customer.session.id()).await?;
		steps.call("quote", start);
		let start = Instant::now();
		let order = customer
			.session
			.order(&listing, line.quantity, Some(line.price))
			.await?
			.id;
		steps.call("order", start);
		let start = Instant::now();
		seller.session.accept(&order).await?;
		steps.call("accept", start);
		let start = Instant::now();
		seller.session.ship(&order).await?;
		steps.call("ship", start);
		let start = Instant::now();
		customer.session.confirm(order.seq).await?;
		steps.call("confirm", start);
		steps.call("purchase, quote to confirm", purchase);
		let start = Instant::now();
		seller.session.collect_all().await?;
		steps.call("collect", start);
		customer.expected -= total;
		seller.expected += total;
		println!(
			"   {:>3}  invoice {}  customer {}  {:>3} × {:<36} {:>9}  {:>5} ms",
			number + 1,
			line.invoice,
			line.customer,
			line.quantity,
			line.description,
			amount::show(total),
			purchase.elapsed().as_millis()
		);
		Ok(())
	}

	/// Opens every balance and has the ledger audited.
	pub async fn settle(&self, secret: &SecretKey, refused: Vec<Refused>) -> Result<Ended> {
		let mut parties = Vec::new();
		for party in self.customers.values().chain(&self.sellers) {
			parties.push(PartyLine {
				name: party.name.clone(),
				opened: party.session.balance().await?,
				expected: party.expected,
			});
		}
		let audit = Audit::of(secret, &self.chain.accumulators(None).await?)?;
		Ok(Ended {
			parties,
			audit,
			issued: self.issued,
			refused,
		})
	}
}

/// Issues an amount to a party and has it collected.
async fn give(issuer: &Session, to: &mut Party, minor: u64) -> Result<u64> {
	issuer.issue(to.session.id(), minor).await?;
	to.session.collect_all().await?;
	to.expected += minor;
	Ok(minor)
}
