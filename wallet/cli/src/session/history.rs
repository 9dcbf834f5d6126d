//! What happened to an account: its statement, read from blocks.
//!
//! An own call carries a note of the account to itself, which says what it left behind; so a statement needs nothing but
//! the mnemonic and a node that still has the blocks and their events. What a call changed is the difference between two
//! such notes. Every call raises the sequence number: where one is missing (a proxy's call, a batch) the difference is left
//! out, never guessed.
//!
//! An own note counts here because the account itself signed the call that it is in. Nothing is spent on what it says.

use futures::{StreamExt, TryStreamExt};
use pallet_certificates::{Moment, OrderId};
use pallet_ecommerce::{
	Call, CreditId, CreditKind, Event, ListingId, RedemptionId, RefreshTarget, SealedNote,
};
use veilmart_runtime::{AccountId, BlockNumber, Runtime, RuntimeCall, RuntimeEvent};
use veilmart_wallet::{notes::NoteCall, Wallet};

use super::Session;
use crate::{
	account::address,
	error::{Error, Result},
	names::{show_credit, show_listing, show_order, show_redemption},
	transaction::Body,
	watch,
};

/// How many blocks are asked for at a time.
const AT_ONCE: usize = 16;

/// Something that happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
	/// The block.
	pub block: BlockNumber,
	/// The block's time, in milliseconds since the Unix epoch.
	pub time: Moment,
	/// The account's sequence number, if it was its own call.
	pub seq: Option<u64>,
	/// The call's name, or the event's if somebody else or time made it happen.
	pub what: String,
	/// The order, listing, credit, redemption or account.
	pub about: String,
	/// The other account, as far as the call names one.
	pub with: Option<AccountId>,
	/// By how much the balance rose or fell, in minor units, if that is known.
	pub change: Option<i128>,
	/// The balance afterwards, in minor units, if the call says.
	pub balance: Option<u64>,
	/// What the account has issued in all, in minor units, if the call says.
	pub issued: Option<u64>,
}

/// An own call, before it is known what was there earlier.
#[derive(Debug, PartialEq, Eq)]
struct OwnCall {
	seq: u64,
	what: &'static str,
	about: String,
	with: Option<AccountId>,
	balance: Option<u64>,
	issued: Option<u64>,
}

/// The balance as of the last own call, and the number that the next one has to have.
#[derive(Clone, Copy, Debug)]
struct Books {
	balance: Option<u64>,
	next: Option<u64>,
}

impl Books {
	/// By how much the balance changed. Only if nothing is missing in between.
	fn change(&mut self, seq: u64, balance: Option<u64>) -> Option<i128> {
		let before = self.balance.filter(|_| self.next == Some(seq));
		let change = before.zip(balance);
		self.balance = balance.or(before);
		self.next = seq.checked_add(1);
		change.map(|(before, after)| i128::from(after) - i128::from(before))
	}
}

impl Session {
	/// What happened to the account in the blocks from `from` to the last final one. The node has to have kept their state.
	pub async fn history(&self, from: BlockNumber) -> Result<Vec<Entry>> {
		let last = self.chain.header(self.chain.finalized().await?).await?.number;
		// Genesis has no history.
		let from = from.max(1);
		let mut books = self.books(from).await?;
		let mut blocks = futures::stream::iter(from..=last)
			.map(|number| async move {
				self.chain
					.body(number)
					.await
					.map_err(|error| forgotten(number, error))
			})
			.buffered(AT_ONCE);
		let mut entries = Vec::new();
		while let Some(body) = blocks.try_next().await? {
			self.enter(body, &mut books, &mut entries).await?;
		}
		Ok(entries)
	}

	/// What the account had before this block.
	async fn books(&self, from: BlockNumber) -> Result<Books> {
		let before = self.chain.block_hash(from - 1).await?;
		let before = before.ok_or_else(|| Error::usage(format!("There is no block {from} yet.")))?;
		let state = self.chain.account(&self.id, Some(before)).await;
		let state = state.map_err(|error| forgotten(from - 1, error))?;
		Ok(Books {
			balance: self.open_balance(&state).ok().map(|balance| balance.value()),
			next: Some(state.seq),
		})
	}

	async fn enter(&self, body: Body, books: &mut Books, entries: &mut Vec<Entry>) -> Result<()> {
		let (block, time) = (body.number, body.time);
		self.tell(&body, &body.begun, entries).await?;
		for transaction in &body.transactions {
			let own = transaction
				.call
				.as_ref()
				.filter(|_| transaction.sender.as_ref() == Some(&self.id))
				.and_then(|call| own_call(&self.wallet, &self.id, call));
			match own {
				Some(call) => entries.push(Entry {
					block,
					time,
					seq: Some(call.seq),
					what: call.what.into(),
					about: call.about,
					with: call.with,
					change: books.change(call.seq, call.balance),
					balance: call.balance,
					issued: call.issued,
				}),
				None => self.tell(&body, &transaction.events, entries).await?,
			}
		}
		self.tell(&body, &body.ended, entries).await
	}

	/// What of these events of a block concerns the account.
	async fn tell(&self, body: &Body, events: &[RuntimeEvent], entries: &mut Vec<Entry>) -> Result<()> {
		for event in events {
			let RuntimeEvent::Ecommerce(event) = event else {
				continue;
			};
			let reader = watch::reader(self, event, body.hash)
				.await
				.map_err(|error| forgotten(body.number, error))?;
			entries.extend(reader.and_then(|reader| told(reader, body.number, body.time, event)));
		}
		Ok(())
	}
}

/// What somebody else, or time, did to the account, read by these eyes ([`watch::reader`]).
fn told(reader: &AccountId, block: BlockNumber, time: Moment, event: &Event<Runtime>) -> Option<Entry> {
	let (_, json) = watch::describe(event, reader)?;
	let text = |name: &str| json.get(name).and_then(|value| value.as_str()).map(str::to_owned);
	let redemption = || Some(format!("{}:{}", text("holder")?, json.get("seq")?));
	Some(Entry {
		block,
		time,
		seq: None,
		what: text("event")?,
		about: ["order", "credit", "listing", "account"]
			.into_iter()
			.find_map(text)
			.or_else(redemption)
			.unwrap_or_default(),
		with: None,
		change: None,
		balance: None,
		issued: None,
	})
}

/// Nodes keep the state of few blocks unless they are told to.
fn forgotten(number: BlockNumber, error: Error) -> Error {
	match error {
		Error::Node(reason) => Error::node(format!(
			"The node does not tell what block {number} did ({}). Ask one that runs with `--state-pruning archive`, or begin \
			later with --from.",
			reason.trim_end_matches('.')
		)),
		error => error,
	}
}

/// What an own call of the marketplace was about, and what its note says.
fn own_call(wallet: &Wallet, me: &AccountId, call: &RuntimeCall) -> Option<OwnCall> {
	let RuntimeCall::Ecommerce(call) = call else {
		return None;
	};
	let listing = |seq: &u64| {
		show_listing(&ListingId {
			seller: me.clone(),
			seq: *seq,
		})
	};
	let order = |seq: &u64| {
		show_order(&OrderId {
			buyer: me.clone(),
			seq: *seq,
		})
	};
	let credit = |seq: &u64, kind| {
		show_credit(&CreditId {
			creator: me.clone(),
			seq: *seq,
			kind,
		})
	};
	let entry = |seq: &u64, what, about, with: Option<&AccountId>| OwnCall {
		seq: *seq,
		what,
		about,
		with: with.cloned(),
		balance: None,
		issued: None,
	};
	// Which of the four values is meant depends on the call: docs/formats.md.
	let noted = |note: &SealedNote, call, seq: &u64, index: usize| {
		wallet.noted(&note.0, call, *seq).ok()?.get(index).copied()
	};
	Some(match call {
		Call::issue {
			seq, to, own_note, ..
		} => OwnCall {
			issued: noted(own_note, NoteCall::Issue, seq, 1),
			..entry(seq, "issue", credit(seq, CreditKind::Issued), Some(to))
		},
		Call::collect {
			seq,
			credits,
			own_note,
		} => OwnCall {
			balance: noted(own_note, NoteCall::Collect, seq, 0),
			..entry(
				seq,
				"collect",
				credits.iter().map(show_credit).collect::<Vec<_>>().join(" "),
				None,
			)
		},
		Call::list { seq, .. } => entry(seq, "list", listing(seq), None),
		Call::quote {
			seq,
			listing: of,
			buyer,
			..
		} => entry(seq, "quote", listing(of), Some(buyer)),
		Call::order {
			seq,
			listing,
			own_note,
			..
		} => OwnCall {
			balance: noted(own_note, NoteCall::Order, seq, 0),
			..entry(seq, "order", order(seq), Some(&listing.seller))
		},
		Call::cancel { seq, order: of } => entry(seq, "cancel", order(of), None),
		Call::accept {
			seq, order, own_note, ..
		} => OwnCall {
			balance: noted(own_note, NoteCall::Accept, seq, 0),
			..entry(seq, "accept", show_order(order), Some(&order.buyer))
		},
		Call::decline { seq, order, .. } => entry(seq, "decline", show_order(order), Some(&order.buyer)),
		Call::ship { seq, order } => entry(seq, "ship", show_order(order), Some(&order.buyer)),
		Call::confirm { seq, order: of } => entry(seq, "confirm", order(of), None),
		Call::poke { seq, order } => entry(seq, "poke", show_order(order), None),
		Call::dispute {
			seq,
			order: of,
			own_note,
			..
		} => OwnCall {
			balance: noted(own_note, NoteCall::Dispute, seq, 0),
			..entry(seq, "dispute", order(of), None)
		},
		Call::resolve { seq, order, .. } => entry(seq, "resolve", show_order(order), None),
		Call::transfer {
			seq, to, own_note, ..
		} => OwnCall {
			balance: noted(own_note, NoteCall::Transfer, seq, 1),
			..entry(seq, "transfer", credit(seq, CreditKind::Transfer), Some(to))
		},
		Call::refuse { seq, credit } => entry(seq, "refuse", show_credit(credit), Some(&credit.creator)),
		Call::reclaim { seq, from, transfer } => {
			entry(seq, "reclaim", credit(transfer, CreditKind::Transfer), Some(from))
		}
		Call::redeem {
			seq,
			issuer,
			own_note,
			..
		} => OwnCall {
			balance: noted(own_note, NoteCall::Redeem, seq, 1),
			..entry(seq, "redeem", redemption(me, *seq), Some(issuer))
		},
		Call::settle { seq, redemption } => entry(
			seq,
			"settle",
			show_redemption(redemption),
			Some(&redemption.holder),
		),
		Call::refresh {
			seq,
			target,
			own_note,
			..
		} => match target {
			RefreshTarget::Balance => OwnCall {
				balance: noted(own_note, NoteCall::Refresh, seq, 0),
				..entry(seq, "refresh", address(me), None)
			},
			RefreshTarget::Credit(credit) => entry(seq, "refresh", show_credit(credit), None),
			RefreshTarget::Stock(of) => entry(seq, "refresh", listing(of), None),
		},
		Call::reprice { seq, listing: of, .. } => entry(seq, "reprice", listing(of), None),
		Call::restock { seq, listing: of, .. } => entry(seq, "restock", listing(of), None),
		Call::delist { seq, listing: of } => entry(seq, "delist", listing(of), None),
		Call::set_terms { .. } | Call::set_issuer_quota { .. } | Call::record_disclosure { .. } => {
			return None
		}
		// The macro's own, which is never there.
		Call::__Ignore(..) => return None,
	})
}

fn redemption(holder: &AccountId, seq: u64) -> String {
	show_redemption(&RedemptionId::<AccountId> {
		holder: holder.clone(),
		seq,
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{account::Account, ca::unhex, convert};
	use pallet_ecommerce::{Disclosure, Verdict};
	use rand_core::OsRng;
	use veilmart_paillier::SecretKey;
	use veilmart_wallet::{market::PaymentCall, opening::Opened, state::Party};

	fn wallet(name: &str) -> (Wallet, AccountId) {
		let factors: Vec<_> = include_str!("../../../../primitives/paillier/test-keys/2048.factors")
			.lines()
			.filter_map(unhex)
			.collect();
		let secret = SecretKey::from_factors(&factors[0], &factors[1]).unwrap();
		let account = Account::development(name).unwrap();
		let wallet = Wallet::new(account.keys(), secret.public().clone(), [7; 32]).unwrap();
		(wallet, account.id())
	}

	fn party(wallet: &Wallet) -> Party {
		Party {
			account: wallet.account(),
			view_key: wallet.keys().view_key(0).public(),
		}
	}

	fn transfer(call: PaymentCall) -> RuntimeCall {
		RuntimeCall::Ecommerce(Call::transfer {
			seq: call.seq,
			salt: convert::salt(call.salt),
			to: call.to.into(),
			amount: Box::new(call.amount),
			balance_after: Box::new(call.balance_after),
			own_note: convert::note(call.own_note),
			note: convert::note(call.note),
			proof: convert::proof(call.proof).unwrap(),
		})
	}

	#[test]
	fn own_calls_say_what_they_left_behind() {
		let ((alice, alice_id), (bob, bob_id)) = (wallet("//Alice"), wallet("//Bob"));
		let issued = alice
			.issue(0, &Opened::zero(), 500, &party(&bob), 500, &mut OsRng)
			.unwrap();
		let money = issued.issued.clone();
		let call = RuntimeCall::Ecommerce(Call::issue {
			seq: 0,
			salt: convert::salt(issued.salt),
			to: bob_id.clone(),
			amount: Box::new(issued.amount),
			issued_after: Box::new(issued.issued_after),
			own_note: convert::note(issued.own_note),
			note: convert::note(issued.note),
			proof: convert::proof(issued.proof).unwrap(),
		});
		let entry = own_call(&alice, &alice_id, &call).unwrap();
		assert_eq!(
			(entry.what, entry.issued, entry.balance),
			("issue", Some(500), None)
		);
		assert_eq!(entry.about, format!("issued:{}:0", address(&alice_id)));

		let paid = alice.transfer(1, &money, &party(&bob), 200, &mut OsRng).unwrap();
		let call = transfer(paid);
		let entry = own_call(&alice, &alice_id, &call).unwrap();
		assert_eq!(
			(entry.seq, entry.what, entry.balance, entry.with),
			(1, "transfer", Some(300), Some(bob_id.clone()))
		);
		// What somebody else's note says, this account cannot read.
		assert_eq!(own_call(&bob, &bob_id, &call).unwrap().balance, None);

		let order = OrderId {
			buyer: bob_id,
			seq: 4,
		};
		let call = RuntimeCall::Ecommerce(Call::resolve {
			seq: 2,
			order: order.clone(),
			verdict: Verdict::Refunded,
		});
		let entry = own_call(&alice, &alice_id, &call).unwrap();
		assert_eq!(
			(entry.seq, entry.what, entry.about, entry.balance),
			(2, "resolve", show_order(&order), None)
		);
	}

	#[test]
	fn a_note_counts_for_its_own_call_only() {
		let (alice, alice_id) = wallet("//Alice");
		let (bob, _) = wallet("//Bob");
		let issued = alice
			.issue(0, &Opened::zero(), 500, &party(&bob), 500, &mut OsRng)
			.unwrap();
		let mut paid = alice
			.transfer(1, &issued.issued, &party(&bob), 200, &mut OsRng)
			.unwrap();
		paid.seq = 2;
		let entry = own_call(&alice, &alice_id, &transfer(paid)).unwrap();
		assert_eq!((entry.seq, entry.balance), (2, None));
	}

	#[test]
	fn changes_are_told_only_where_nothing_is_missing() {
		let mut books = Books {
			balance: Some(500),
			next: Some(1),
		};
		for (seq, balance, change) in [
			(1, Some(300), Some(-200)),
			(2, None, None),
			(3, Some(310), Some(10)),
			// A call by other means than the account's signature.
			(7, Some(5), None),
			(8, Some(6), Some(1)),
			(10, None, None),
			(11, Some(9), None),
			(12, Some(u64::MAX), Some(i128::from(u64::MAX) - 9)),
		] {
			assert_eq!(books.change(seq, balance), change, "call {seq}");
		}
		// From a node that does not know what there was.
		let mut books = Books {
			balance: None,
			next: Some(0),
		};
		assert_eq!(books.change(0, Some(4)), None);
		assert_eq!(books.change(1, Some(3)), Some(-1));
	}

	#[test]
	fn what_others_did_is_told_without_amounts() {
		let [buyer, seller, other] = [1, 2, 3].map(|byte| AccountId::from([byte; 32]));
		let order = OrderId {
			buyer: buyer.clone(),
			seq: 4,
		};
		let event = Event::<Runtime>::Shipped {
			order: order.clone(),
			seller,
		};
		let entry = told(&buyer, 5, 6, &event).unwrap();
		assert_eq!(
			(entry.what.as_str(), entry.about, entry.balance),
			("shipped", show_order(&order), None)
		);
		assert_eq!(told(&other, 5, 6, &event), None);
		let event = Event::<Runtime>::Settled {
			issuer: other,
			redemption: RedemptionId {
				holder: buyer.clone(),
				seq: 9,
			},
		};
		let entry = told(&buyer, 5, 6, &event).unwrap();
		assert_eq!(entry.about, redemption(&buyer, 9));
		let event = Event::<Runtime>::Disclosed {
			subject: Disclosure::Account(buyer.clone()),
		};
		let entry = told(&buyer, 5, 6, &event).unwrap();
		assert_eq!((entry.what.as_str(), entry.about), ("disclosed", address(&buyer)));
	}
}
