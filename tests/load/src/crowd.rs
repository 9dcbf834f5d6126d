//! Accounts that send and receive: named, certified and given money before anything is measured.

use std::time::{Duration, Instant};

use codec::Encode;
use futures::future::try_join_all;
use pallet_certificates::{Call, Role, Roles};
use veilmart_cli::{
	account::Account,
	certificate::SignedRequest,
	error::{Error, Result},
	output::Counter,
};
use veilmart_runtime::{AccountId, Nonce, RuntimeCall};

use crate::{client::Node, extrinsic::Dialect};

/// Transactions of one sender handed over in one message.
const TOGETHER: usize = 100;

/// Transactions of one sender that wait for a block, at most.
const AHEAD: u32 = 2_000;

/// How long preparations may go on without anything becoming final.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who sends to somebody.
pub struct Member {
	/// Who sends.
	pub account: Account,
	/// Who receives, and does nothing else.
	pub to: AccountId,
}

/// Everybody. Their names begin with a word of their own, so that a crowd starts anew on a chain that had others.
pub struct Crowd {
	/// The members.
	pub members: Vec<Member>,
	/// What every receiver was given.
	pub given: u128,
}

/// A word that no earlier crowd had: the time.
pub fn fresh_word() -> String {
	let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
	format!("{}", now.unwrap_or_default().as_millis())
}

/// Some account that nobody else uses.
pub fn stranger(word: &str, name: &str, number: usize) -> Result<Account> {
	Account::development(&format!("//load//{word}//{name}//{number}"))
}

impl Crowd {
	/// Makes a crowd of this size: the certificate authority `//CA` certifies those who send, where the chain wants that,
	/// and `//Alice` gives them what they will send, and the receivers the least that an account may have.
	pub async fn gather(nodes: &[Node], dialect: &Dialect, count: usize) -> Result<Self> {
		let [first, ..] = nodes else {
			return Err(Error::usage("There is no node."));
		};
		let word = fresh_word();
		let members = (0..count)
			.map(|number| {
				Ok(Member {
					account: stranger(&word, "from", number)?,
					to: stranger(&word, "to", number)?.id(),
				})
			})
			.collect::<Result<Vec<_>>>()?;
		let alice = Account::development("//Alice")?;
		let funds = first.accounts([&alice.id()], first.finalized().await?).await?;
		let funds = funds.first().map_or(0, |state| state.free);
		// Half of what there is, so that the next crowd finds something, too.
		let share = funds / (2 * count.max(1) as u128);
		let given = dialect.existential;
		if share <= 2 * given {
			return Err(Error::node("//Alice has not enough left for so many accounts."));
		}
		let mut gifts = Vec::new();
		for member in &members {
			gifts.push(dialect.transfer(&member.account.id(), share));
			gifts.push(dialect.transfer(&member.to, given));
		}
		let mut progress = Counter::new("preparations that are final");
		if dialect.certified {
			let accounts = members.iter().map(|member| &member.account);
			let calls = certificates(dialect, accounts, [Role::Buyer].into(), false)?;
			send_all(
				first,
				dialect,
				&Account::development("//CA")?,
				calls,
				&mut progress,
			)
			.await?;
		}
		send_all(first, dialect, &alice, gifts, &mut progress).await?;
		progress.finish();
		let this = Self { members, given };
		this.known_to(nodes).await?;
		Ok(this)
	}

	/// Waits until everybody is there at every node.
	async fn known_to(&self, nodes: &[Node]) -> Result<()> {
		let Some(last) = self.members.last() else {
			return Ok(());
		};
		let started = Instant::now();
		for node in nodes {
			loop {
				let at = node.finalized().await?;
				let states = node.accounts([&last.account.id(), &last.to], at).await?;
				if states.iter().all(|state| state.free > 0) {
					break;
				}
				if started.elapsed() > PATIENCE {
					return Err(Error::node(format!("{} does not follow the others.", node.url)));
				}
				tokio::time::sleep(Duration::from_millis(200)).await;
			}
		}
		Ok(())
	}
}

/// The calls that certify these accounts, which have none yet.
pub fn certificates<'a>(
	dialect: &Dialect,
	accounts: impl IntoIterator<Item = &'a Account>,
	roles: Roles,
	with_view_keys: bool,
) -> Result<Vec<Vec<u8>>> {
	accounts
		.into_iter()
		.map(|account| {
			let view_key = with_view_keys.then(|| account.view_key(0)).transpose()?;
			let request = SignedRequest::sign(account, roles, "Load", view_key, 1, dialect.genesis)?;
			let (request, signature) = request.verify(dialect.genesis)?;
			let call = Call::issue {
				request,
				signature,
				valid_until: None,
			};
			Ok(RuntimeCall::Certificates(call).encode())
		})
		.collect()
}

/// Sends all calls of one account and waits until they are final.
pub async fn send_all(
	node: &Node,
	dialect: &Dialect,
	sender: &Account,
	calls: Vec<Vec<u8>>,
	progress: &mut Counter,
) -> Result<()> {
	let first = node.next_nonce(&sender.id()).await?;
	let transactions = (first..)
		.zip(&calls)
		.map(|(nonce, call)| dialect.sign(sender, nonce, call));
	let transactions = transactions.collect::<Vec<_>>();
	let mut sent = first;
	for some in transactions.chunks(TOGETHER) {
		let some: Vec<_> = some.iter().map(Vec::as_slice).collect();
		sent += some.len() as Nonce;
		for answer in node.submit(&some).await? {
			answer.map_err(|refused| {
				Error::node(format!(
					"A preparation is refused: {} {}",
					refused.code, refused.reason
				))
			})?;
		}
		until_final(node, &sender.id(), sent.saturating_sub(AHEAD), progress).await?;
	}
	until_final(node, &sender.id(), sent, progress).await
}

/// Waits until the account has sent so many transactions.
async fn until_final(node: &Node, account: &AccountId, count: Nonce, progress: &mut Counter) -> Result<()> {
	let (mut last, mut since) = (None, Instant::now());
	loop {
		let states = node.accounts([account], node.finalized().await?).await?;
		let now = states.first().map_or(0, |state| state.nonce);
		if let Some(last) = last.filter(|last| now > *last) {
			(last..now).for_each(|_| progress.step());
			since = Instant::now();
		}
		last = Some(now);
		if now >= count {
			return Ok(());
		}
		if since.elapsed() > PATIENCE {
			return Err(Error::node("Preparations do not become final."));
		}
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
}

/// Runs something for every node at a time.
pub async fn at_all<'a, T, F: std::future::Future<Output = Result<T>>>(
	nodes: &'a [Node],
	ask: impl Fn(&'a Node) -> F,
) -> Result<Vec<T>> {
	try_join_all(nodes.iter().map(ask)).await
}
