//! Transactions that nobody but the leader can read until it opens them: the paper's Step 3, from the client's side.
//!
//! A client seals a transaction to the X25519 key in the leader's record and hands it to any node; nodes pass it on, the
//! leader opens it and gives it to its pool. A leader that drops it is not found out, because nobody else can know, so the
//! client looks after it itself ([`Chain::submit_sealed`]):
//!
//! - when another leader is elected, it seals the same transaction to that one;
//! - when a leader does not include it in time, or leaders change too often, it sends it openly. From then on every
//!   authority knows of it, and replaces a leader that passes it over (the synchronization timeout).
//!
//! It is one signed transaction with one number all the time, so it happens once at most. Once a node was given it, an error
//! means that nobody knows whether it happens, unless a final block says so: to make the call anew would be to do it twice.
//!
//! What the node that is asked can do: drop it, or say that somebody else leads. The record is signed by the authority whose
//! key it names; that this authority is one is the node's word. Who does not trust the node compares with
//! `veilmart finality authorities`.

use std::time::{Duration, Instant};

use codec::Encode;
use crypto_box::PublicKey;
use jsonrpsee::rpc_params;
use rand_core::OsRng;
use serde_json::Value;
use sp_core::Bytes;
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use veilmart_runtime::{BlockNumber, Hash, Nonce, RuntimeCall, UncheckedExtrinsic};
use veilmart_td_raft::{
	AuthorityId, AuthorityRecord, BlockHash, SealedContent, SealedTransaction, Sr25519, Term,
};

use crate::{
	account::Account,
	ca::unhex,
	chain::Chain,
	error::{sentence, Error, Result},
	transaction::{Included, ERA, FINALITY_TIMEOUT},
};

/// How long a leader may take to include a sealed transaction, if the caller has no other wish. A good one takes a second; three
/// leaders that drop it together take less than a transaction stays valid when blocks come fastest.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// To how many leaders a transaction is sealed, at most. Of f + 1 leaders one is honest; it is for the open way to find it.
const LEADERS: usize = 3;

/// How often is looked for a new leader and new blocks.
const LOOK: Duration = Duration::from_millis(200);

/// What became of a transaction that was sealed at first.
#[derive(Clone, Debug)]
pub struct Delivered {
	/// What the chain did.
	pub included: Included,
	/// To whom it was sealed, one after the other.
	pub sealed_to: Vec<AuthorityId>,
	/// Whether it was sent openly in the end, so that anybody may have read it before it was in a block.
	pub openly: bool,
}

/// Seals an encoded transaction to the authority of a record.
pub fn seal(genesis: &Hash, record: &AuthorityRecord, transaction: Vec<u8>) -> Result<SealedTransaction> {
	let plain = SealedContent {
		genesis: genesis.0,
		transaction,
	}
	.encode();
	let sealed = PublicKey::from(record.body.sealing_key)
		.seal(&mut OsRng, &plain)
		.map_err(|_| Error::wallet("The transaction cannot be sealed."))?;
	Ok(SealedTransaction {
		leader: record.body.authority,
		sealed,
	})
}

/// Who leads by what the node says of its consensus (`tdRaft_roundState`), if it says so.
pub fn leader_in(round_state: &Value) -> Option<AuthorityId> {
	let bytes = round_state["leader"].as_str().and_then(unhex)?;
	bytes.try_into().ok().map(AuthorityId)
}

impl Chain {
	/// The record of the authority that leads, as the node sees it. None if none leads, or if it has not published one that is
	/// good.
	pub async fn leader_record(&self) -> Result<Option<AuthorityRecord>> {
		let leader = leader_in(&self.round_state().await?);
		let leader = match leader {
			Some(leader) => Some(leader),
			// A node that was started since the election has not heard of it, but of blocks.
			None => {
				let led: Option<(Term, AuthorityId)> = self.call("TdRaftApi_leader", (), None).await?;
				led.map(|(_, leader)| leader)
			}
		};
		let Some(leader) = leader else { return Ok(None) };
		let binding: BlockHash = self.call("TdRaftApi_genesis_binding", (), None).await?;
		let records: Vec<AuthorityRecord> = self.call("TdRaftApi_records", (), None).await?;
		Ok(records
			.into_iter()
			.find(|record| record.body.authority == leader && record.verify(&binding, &Sr25519)))
	}

	/// Hands a sealed transaction to the node. That says nothing of what becomes of it.
	pub async fn pass_sealed(&self, sealed: &SealedTransaction) -> Result<()> {
		self.request("tdRaft_submitSealed", rpc_params![Bytes(sealed.encode())])
			.await
	}

	/// Signs a call, sends it sealed to the leader, and waits until it is final. A leader that has not included it after
	/// `patience` has dropped it: then it is sent openly.
	///
	/// Nothing is sent if there is no leader with a record. The account's other transactions have to wait: this one is in no
	/// pool that would count it.
	///
	/// # Errors
	///
	/// Before the node was given anything, the error says that nothing was sent. Afterwards an error is what a final block says
	/// of the transaction: that its dispatch failed, or that it is too late for it. Where the client does not come to know that,
	/// the error is an [`Error::Node`] that says so, names the transaction, and how to find out.
	pub async fn submit_sealed(
		&self,
		account: &Account,
		call: RuntimeCall,
		patience: Duration,
	) -> Result<Delivered> {
		let (mut delivery, sealed) = self.prepared(account, call).await.map_err(unsent)?;
		let followed = delivery.follow(&sealed, patience).await;
		match followed {
			Ok(verdict) => Ok(Delivered {
				included: verdict?,
				sealed_to: delivery.sealed_to,
				openly: delivery.openly,
			}),
			Err(why) => Err(delivery.unknown(&why)),
		}
	}

	/// The signed transaction, and the same sealed to who leads.
	async fn prepared(
		&self,
		account: &Account,
		call: RuntimeCall,
	) -> Result<(Delivery<'_>, SealedTransaction)> {
		let leader = self.leader_record().await?.ok_or_else(|| {
			Error::wallet(
				"There is no key to seal to: no authority leads, or the one that does has published no record. \
				Nothing was sent.",
			)
		})?;
		let nonce = self.next_nonce(&account.id()).await?;
		let validity = self.validity().await?;
		let begins = self.header(validity.1).await?.number;
		let extrinsic = self.sign(account, nonce, validity, call);
		let sealed = seal(&self.genesis(), &leader, extrinsic.encode())?;
		let delivery = Delivery {
			chain: self,
			extrinsic,
			nonce,
			next: begins.saturating_add(1),
			started: Instant::now(),
			begins,
			sealed_to: Vec::new(),
			openly: false,
		};
		Ok((delivery, sealed))
	}
}

/// What the chain did with a transaction; an error if its dispatch failed or it is too late for it.
type Verdict = Result<Included>;

/// A transaction on its way. It is looked for in the final blocks: no pool that this client may ask knows of it.
struct Delivery<'a> {
	chain: &'a Chain,
	extrinsic: UncheckedExtrinsic,
	nonce: Nonce,
	/// The first block that was not looked into.
	next: BlockNumber,
	started: Instant,
	/// The block from which on the transaction is valid.
	begins: BlockNumber,
	sealed_to: Vec<AuthorityId>,
	/// Whether it was sent openly, or was about to be.
	openly: bool,
}

impl Delivery<'_> {
	/// Sends it one way after the other until a final block tells what became of it. An error is why that is not known.
	async fn follow(&mut self, sealed: &SealedTransaction, patience: Duration) -> Result<Verdict> {
		self.hand_over(sealed).await?;
		let mut since = Instant::now();
		while since.elapsed() < patience {
			if let Some(verdict) = self.look().await? {
				return Ok(verdict);
			}
			let next = self.chain.leader_record().await?;
			let next = next.filter(|next| self.sealed_to.last() != Some(&next.body.authority));
			if let Some(next) = next {
				if self.sealed_to.len() >= LEADERS {
					break;
				}
				let sealed = seal(&self.chain.genesis(), &next, self.extrinsic.encode())?;
				// A node that does not pass it on now is asked again. What is on its way already may still happen.
				if self.hand_over(&sealed).await.is_ok() {
					since = Instant::now();
				}
			}
			tokio::time::sleep(LOOK).await;
		}
		self.openly = true;
		let refusal = self.submit_openly().await.err();
		let since = Instant::now();
		loop {
			if let Some(verdict) = self.look().await? {
				return Ok(verdict);
			}
			// The pool does not take what it has, or what a block has, from the leader after all; that block may still become
			// final.
			if let (Some(refusal), true) = (&refusal, since.elapsed() > patience) {
				return Err(refusal.clone());
			}
			tokio::time::sleep(LOOK).await;
		}
	}

	async fn hand_over(&mut self, sealed: &SealedTransaction) -> Result<()> {
		self.chain.pass_sealed(sealed).await?;
		self.sealed_to.push(sealed.leader);
		Ok(())
	}

	async fn submit_openly(&self) -> Result<Hash> {
		let encoded = Bytes(self.extrinsic.encode());
		self.chain
			.request("author_submitExtrinsic", rpc_params![encoded])
			.await
	}

	/// What the final blocks say of it, if they say anything.
	async fn look(&mut self) -> Result<Option<Verdict>> {
		let encoded = self.extrinsic.encode();
		let height = self.chain.header(self.chain.finalized().await?).await?.number;
		while self.next <= height {
			let block = self
				.chain
				.block_hash(self.next)
				.await?
				.ok_or_else(|| Error::node(format!("The node has no block {}.", self.next)))?;
			if self.chain.place_in(&encoded, block).await?.is_some() {
				return match self.chain.outcome(&self.extrinsic, block).await {
					Err(error @ Error::Node(_)) => Err(error),
					verdict => Ok(Some(verdict)),
				};
			}
			self.next += 1;
		}
		if height > self.last() {
			return Ok(Some(Err(Error::node(
				"The transaction was not included while it was valid; it will not happen.",
			))));
		}
		if self.started.elapsed() > FINALITY_TIMEOUT {
			return Err(Error::node(format!(
				"After {} s it is still not final.",
				FINALITY_TIMEOUT.as_secs()
			)));
		}
		Ok(None)
	}

	/// The last block that it can be in.
	fn last(&self) -> BlockNumber {
		self.begins
			.saturating_add(BlockNumber::try_from(ERA).unwrap_or(BlockNumber::MAX))
	}

	/// The error of somebody who may have sent something, for somebody who would otherwise send it again: made anew, it has the
	/// next numbers and happens beside this one.
	fn unknown(&self, why: &Error) -> Error {
		let why = why.to_string();
		// A node's advice is about its request.
		let why = sentence(why.strip_suffix("; try again").unwrap_or(&why));
		let way = if self.openly {
			"sealed and then openly"
		} else {
			"sealed"
		};
		Error::node(format!(
			"Whether transaction {:?} happens is not known. It was sent {way}. {why} It happens once at most, and nothing is paid \
			twice by it: its transaction number {} and its sequence number are used once. After block {} it cannot happen any more. \
			Do not give the command again before you know: `veilmart history --from {}` shows what happened once it is final.",
			BlakeTwo256::hash(&self.extrinsic.encode()),
			self.nonce,
			self.last(),
			self.begins.saturating_add(1),
		))
	}
}

/// The error of somebody who has not sent anything.
fn unsent(error: Error) -> Error {
	match error {
		Error::Node(why) => Error::node(format!("{} Nothing was sent.", sentence(&why))),
		error => error,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::DecodeAll;
	use crypto_box::SecretKey;
	use veilmart_td_raft::{PeerIdBytes, RecordBody, Signature};

	#[test]
	fn what_is_sealed_only_the_leader_reads() {
		let secret = SecretKey::generate(&mut OsRng);
		let record = AuthorityRecord {
			body: RecordBody {
				authority: AuthorityId([1; 32]),
				counter: 1,
				peer_id: PeerIdBytes::new(vec![2]).unwrap(),
				sealing_key: *secret.public_key().as_bytes(),
			},
			signature: Signature([3; 64]),
		};
		let genesis = Hash::repeat_byte(4);
		let sealed = seal(&genesis, &record, b"buy".to_vec()).unwrap();
		assert_eq!(sealed.leader, AuthorityId([1; 32]));
		assert!(!sealed.encode().windows(3).any(|window| window == b"buy"));
		let plain = secret.unseal(&sealed.sealed).unwrap();
		let opened = <(Hash, Vec<u8>)>::decode_all(&mut &plain[..]).unwrap();
		assert_eq!(opened, (genesis, b"buy".to_vec()));
		assert!(SecretKey::generate(&mut OsRng).unseal(&sealed.sealed).is_err());
		let again = seal(&genesis, &record, b"buy".to_vec()).unwrap();
		assert_ne!(
			sealed, again,
			"whoever passes it on cannot tell that it is the same"
		);
	}
}
