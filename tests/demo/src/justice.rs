//! Orders that do not go their straight way: a seller that does not ship, disputes, a seller that may not take part any more.

use crate::{
	market::{Market, Party},
	report::Findings,
};
use pallet_certificates::{OrderId, Role, Status};
use pallet_ecommerce::{Ciphertext, OrderState, Verdict};
use std::{
	error::Error,
	time::{Duration, Instant},
};
use veilmart_cli::{
	account::Account,
	amount,
	chain::Chain,
	commodity,
	error::Error as Refusal,
	names::order_state,
	session::{NewListing, Session},
	transaction::Until,
};
use veilmart_runtime::{AccountId, RuntimeCall};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The bond in multiples of an order's total.
pub const BOND: u32 = 10;

/// How long the chain may take to act on a deadline of four minutes: slow machines run the demo, too.
const PATIENCE: Duration = Duration::from_secs(600);

/// An order that its seller has accepted.
struct Deal {
	id: OrderId<AccountId>,
	/// In minor units.
	total: u64,
	/// The total as it lies in escrow.
	encrypted: Ciphertext,
}

/// What was burned, by the books.
#[derive(Default)]
pub struct Burned {
	/// In minor units.
	pub amount: u64,
	/// The totals of which it was made, each with how often it was taken.
	pub factors: Vec<(Ciphertext, u32)>,
}

impl Burned {
	fn add(&mut self, deal: &Deal, multiple: u32) {
		self.amount += deal.total * u64::from(multiple);
		self.factors.push((deal.encrypted.clone(), multiple));
	}
}

/// Somebody new with a role and some money.
async fn join(market: &mut Market, name: &str, role: Role, minor: u64) -> Result<Party> {
	let session = market.newcomer([role].into(), name).await?;
	let mut party = Party {
		name: name.into(),
		session,
		expected: 0,
	};
	market.fund(&mut party, minor).await?;
	Ok(party)
}

/// Something to list.
fn novelty(price: u64) -> Result<NewListing> {
	Ok(NewListing {
		price,
		stock: 100,
		commodity: commodity::encode("NOVELTY")?,
	})
}

/// Lets a seller list something and a buyer order it, up to the seller's bond in escrow.
async fn deal(seller: &mut Party, buyer: &mut Party, price: u64, pieces: u64) -> Result<Deal> {
	let listing = seller.session.list(novelty(price)?).await?.id;
	seller.session.quote(listing.seq, buyer.session.id()).await?;
	let id = buyer.session.order(&listing, pieces, Some(price)).await?.id;
	seller.session.accept(&id).await?;
	let order = buyer.session.chain().order(&id, None).await?;
	let encrypted = order.ok_or("an accepted order is gone")?.total;
	let total = price * pieces;
	buyer.expected -= total;
	seller.expected -= total * u64::from(BOND);
	Ok(Deal { id, total, encrypted })
}

/// Where an order is on its way, in a word.
async fn state_of(chain: &Chain, id: &OrderId<AccountId>) -> Result<&'static str> {
	let order = chain.order(id, None).await?;
	Ok(order.map_or("gone", |order| order_state(order.state)))
}

/// How a party stands with the certificate authority, in a word.
async fn standing_of(party: &Party) -> Result<&'static str> {
	let session = &party.session;
	let certificate = session.chain().certificate(session.id(), None).await?;
	Ok(match certificate.map(|certificate| certificate.status) {
		Some(Status::Active) => "active",
		Some(Status::Revoked) => "revoked",
		Some(Status::Blacklisted(_)) => "blacklisted",
		None => "not certified",
	})
}

/// Lets a seller try to list something more, which should be refused, and gives the reason's name.
async fn try_to_list(seller: &Party) -> Result<String> {
	let Err(error) = seller.session.list(novelty(100)?).await else {
		return Ok("listed".into());
	};
	println!("   {} tries to list something more. {error}", seller.name);
	Ok(match error {
		Refusal::Refused(refusal) => refusal.name,
		other => other.to_string(),
	})
}

/// A seller that does not ship, and who ordered from it.
pub struct Idle {
	seller: Party,
	buyer: Party,
	deal: Deal,
	accepted: Instant,
}

impl Idle {
	/// The seller accepts, and from then on its time runs out.
	pub async fn begin(market: &mut Market) -> Result<Self> {
		let mut seller = join(market, "Slow Boat Trading", Role::Seller, 60_000).await?;
		let mut buyer = join(market, "Early Bird Stores", Role::Buyer, 10_000).await?;
		let deal = deal(&mut seller, &mut buyer, 2_500, 2).await?;
		println!(
			"   {} orders for {}. {} accepts, which takes a bond of {} out of its hands, and then does nothing.",
			buyer.name,
			amount::show(deal.total),
			seller.name,
			amount::show(deal.total * u64::from(BOND))
		);
		Ok(Self {
			seller,
			buyer,
			deal,
			accepted: Instant::now(),
		})
	}

	/// When the seller accepted.
	pub fn accepted(&self) -> Instant {
		self.accepted
	}

	/// Waits for the penalty, which nobody asks for: the chain keeps an agenda.
	pub async fn end(&mut self, burned: &mut Burned, findings: &mut Findings) -> Result<()> {
		let Self {
			seller,
			buyer,
			deal,
			accepted,
		} = self;
		let chain = seller.session.chain();
		let still = order_state(OrderState::Accepted);
		while state_of(chain, &deal.id).await? == still {
			if accepted.elapsed() > PATIENCE {
				return Err(format!("after {PATIENCE:?} the seller is still not penalised").into());
			}
			tokio::time::sleep(Duration::from_millis(500)).await;
		}
		println!(
			"   {} s after it accepted, the chain has penalised {} by itself: nobody had to ask for it.",
			accepted.elapsed().as_secs(),
			seller.name
		);
		findings.compare(
			"Not shipped: the order",
			state_of(chain, &deal.id).await?,
			"penalised",
		);
		findings.compare(
			"Not shipped: the seller is",
			standing_of(seller).await?,
			"blacklisted",
		);
		let refused = try_to_list(seller).await?;
		findings.compare("Not shipped: its next listing", refused, "Blacklisted");

		burned.add(deal, BOND - 1);
		buyer.expected += 2 * deal.total;
		buyer.session.collect_all().await?;
		seller.session.collect_all().await?;
		let of_buyer = buyer.session.balance().await?;
		let of_seller = seller.session.balance().await?;
		println!(
			"   {} collects the price and as much again from the bond: it has {}. {} has {}; the rest of the bond is burned.",
			buyer.name,
			amount::show(of_buyer),
			seller.name,
			amount::show(of_seller)
		);
		findings.amount("Not shipped: the buyer has", of_buyer, buyer.expected);
		findings.amount("Not shipped: the seller has", of_seller, seller.expected);
		Ok(())
	}
}

/// A dispute and how it is decided.
struct Case<'a> {
	complaint: &'static str,
	seller: &'a mut Party,
	price: u64,
	verdict: Verdict,
	/// The verdict for people.
	means: &'static str,
}

/// Three shipped orders that their buyer disputes, and an arbiter who decides each another way. What comes out of them is left
/// for the buyer to collect.
pub async fn disputes(
	market: &mut Market,
	buyer: &mut Party,
	burned: &mut Burned,
	findings: &mut Findings,
) -> Result<()> {
	let arbiter = Session::open(market.chain().clone(), Account::development("//Arbiter")?).await?;
	let mut honest = join(market, "Good Measure Ltd", Role::Seller, 40_000).await?;
	let mut unlucky = join(market, "Windward Parcels", Role::Seller, 40_000).await?;
	let mut cheat = join(market, "False Bottom Boxes", Role::Seller, 40_000).await?;
	let mut cases = [
		Case {
			complaint: "The goods came, and the buyer denies it",
			seller: &mut honest,
			price: 1_000,
			verdict: Verdict::Completed,
			means: "the seller gets price and bond, and the buyer's deposit is burned",
		},
		Case {
			complaint: "The goods were lost on the way, and nobody is to blame",
			seller: &mut unlucky,
			price: 2_000,
			verdict: Verdict::Refunded,
			means: "both get back what they put up",
		},
		Case {
			complaint: "There was a brick in the parcel",
			seller: &mut cheat,
			price: 3_000,
			verdict: Verdict::Penalised,
			means: "the buyer gets price, deposit and a share of the bond, the rest is burned, and the seller is blacklisted",
		},
	];
	let chain = market.chain();
	let mut deals = Vec::new();
	for case in &mut cases {
		let deal = deal(case.seller, buyer, case.price, 1).await?;
		case.seller.session.ship(&deal.id).await?;
		buyer.session.dispute(deal.id.seq).await?;
		buyer.expected -= deal.total;
		findings.compare(
			format!("{}: the order", case.seller.name),
			state_of(chain, &deal.id).await?,
			"disputed",
		);
		deals.push(deal);
	}
	findings.amount(
		"In dispute: the buyer has",
		buyer.session.balance().await?,
		buyer.expected,
	);
	for (case, deal) in cases.iter_mut().zip(&deals) {
		arbiter.resolve(&deal.id, case.verdict).await?;
		let bond = deal.total * u64::from(BOND);
		let (state, standing) = match case.verdict {
			Verdict::Completed => {
				case.seller.expected += deal.total + bond;
				burned.add(deal, 1);
				("completed", "active")
			}
			Verdict::Refunded => {
				case.seller.expected += bond;
				buyer.expected += 2 * deal.total;
				("refunded", "active")
			}
			Verdict::Penalised => {
				buyer.expected += 3 * deal.total;
				burned.add(deal, BOND - 1);
				("penalised", "blacklisted")
			}
		};
		println!(
			"   {}. The arbiter decides: {state}.\n      So {}.",
			case.complaint, case.means
		);
		let (seller, name) = (&case.seller.session, &case.seller.name);
		findings.compare(
			format!("{name}: the order"),
			state_of(chain, &deal.id).await?,
			state,
		);
		seller.collect_all().await?;
		findings.amount(
			format!("{name} has"),
			seller.balance().await?,
			case.seller.expected,
		);
		findings.compare(format!("{name} is"), standing_of(case.seller).await?, standing);
	}
	let refused = try_to_list(&cheat).await?;
	findings.compare(
		format!("{}: its next listing", cheat.name),
		refused,
		"Blacklisted",
	);
	Ok(())
}

/// A seller whose certificate is revoked while it has an order to fulfil.
pub struct Revoked {
	seller: Party,
	deal: Deal,
}

impl Revoked {
	/// The certificate goes, and new business with it; the order is shipped nevertheless.
	pub async fn begin(market: &mut Market, buyer: &mut Party, findings: &mut Findings) -> Result<Self> {
		let mut seller = join(market, "Borrowed Time Clocks", Role::Seller, 25_000).await?;
		let deal = deal(&mut seller, buyer, 500, 4).await?;
		let account = seller.session.id().clone();
		let revoke = RuntimeCall::Certificates(pallet_certificates::Call::revoke { account });
		let ca = Account::development("//CA")?;
		let chain = market.chain();
		chain.submit_and_watch(&ca, revoke, Until::Finalized).await?;
		findings.compare("Revoked: the seller is", standing_of(&seller).await?, "revoked");
		let refused = try_to_list(&seller).await?;
		findings.compare("Revoked: its next listing", refused, "Revoked");
		seller.session.ship(&deal.id).await?;
		println!("   What it has accepted it may still ship, and does: nobody else shall lose by its fall.");
		findings.compare(
			"Revoked: its open order",
			state_of(chain, &deal.id).await?,
			"shipped",
		);
		Ok(Self { seller, deal })
	}

	/// The number by which the buyer confirms the order.
	pub fn number(&self) -> u64 {
		self.deal.id.seq
	}

	/// The buyer has confirmed.
	pub async fn end(&mut self, findings: &mut Findings) -> Result<()> {
		let Self { seller, deal } = self;
		findings.compare(
			"Revoked: its order, confirmed",
			state_of(seller.session.chain(), &deal.id).await?,
			"completed",
		);
		seller.expected += deal.total * u64::from(1 + BOND);
		seller.session.collect_all().await?;
		let balance = seller.session.balance().await?;
		println!(
			"   {} collects price and bond in spite of its revoked certificate: it has {}.",
			seller.name,
			amount::show(balance)
		);
		findings.amount("Revoked: the seller has", balance, seller.expected);
		Ok(())
	}
}
