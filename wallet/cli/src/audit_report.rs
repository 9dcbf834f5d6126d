//! The audit report: each of the ledger's sums opened by the certificate authority, in a form that anybody checks.
//!
//! A report names one final block of one chain and says of each aggregate `C` there: this is its ciphertext, it holds
//! the amount `m`, and here is `u` with `C = (1+N)^m·u^N mod N²`. For a modulus that is coprime to `φ(N)`, which genesis
//! proves, no other `m` has such a `u`. So nobody has to believe the report; the reader has to know the chain, though:
//! the checks compare with what a node says of that block, and with the key that is pinned here.
//!
//! Nothing stands in a report that is not checked. A field that this program does not know makes the whole of it
//! unreadable, so that no claim can travel in the company of true ones.

use pallet_ecommerce::{Accumulators, Ciphertext};
use serde::{Deserialize, Serialize};
use veilmart_paillier::{ProductGroup, PublicKey, SecretKey};
use veilmart_runtime::{BlockNumber, Hash};

use crate::{
	amount,
	ca::{hex, unhex},
	error::{Error, Result},
	output::one_line,
};

/// The form of the reports that this program writes and reads.
const VERSION: u8 = 1;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditReport {
	/// The form of the report.
	pub version: u8,
	/// The genesis hash of the chain.
	pub genesis: Hash,
	/// The number of the block.
	pub number: BlockNumber,
	/// Its hash.
	pub block: Hash,
	/// `N`, big-endian, hexadecimal.
	pub modulus: String,
	/// The sums after that block.
	pub aggregates: Aggregates,
}

/// The factors of the conservation identity, as in the runtime's [`Accumulators`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aggregates {
	/// All that was issued.
	pub issued: Aggregate,
	/// What refreshing added: nothing.
	pub zeroed: Aggregate,
	/// All balances.
	pub balances: Aggregate,
	/// All credits that are not collected.
	pub incoming: Aggregate,
	/// All totals in escrow.
	pub totals: Aggregate,
	/// All bonds in escrow.
	pub bonds: Aggregate,
	/// All deposits of disputes.
	pub deposits: Aggregate,
	/// All that was redeemed or burned.
	pub redeemed: Aggregate,
}

/// One sum, opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aggregate {
	/// Its ciphertext.
	pub ciphertext: Ciphertext,
	/// What it holds, like 12.50.
	pub amount: String,
	/// The N-th root `u` of the rest, big-endian, as long as `N`, hexadecimal.
	pub root: String,
}

/// The side of the identity on which an aggregate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
	In,
	Out,
}

/// What was found about one claim of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
	/// Which claim: a field, or an identity of them.
	pub check: String,
	/// What is wrong with it; `None` if it is true.
	pub problem: Option<String>,
}

impl Finding {
	fn new(check: impl Into<String>, verdict: core::result::Result<(), String>) -> Self {
		Self {
			check: check.into(),
			problem: verdict.err(),
		}
	}

	/// Whether the claim is true.
	pub fn is_good(&self) -> bool {
		self.problem.is_none()
	}
}

fn ensure(good: bool, problem: impl FnOnce() -> String) -> core::result::Result<(), String> {
	if good {
		Ok(())
	} else {
		Err(problem())
	}
}

impl Aggregate {
	fn of(secret: &SecretKey, name: &str, ciphertext: &Ciphertext) -> Result<Self> {
		let failed =
			|error: &dyn core::fmt::Display| Error::wallet(format!("The aggregate \"{name}\": {error}."));
		let value = secret
			.decrypt_amount(ciphertext.as_ref())
			.map_err(|error| failed(&error))?
			.ok_or_else(|| {
				failed(&"it is no amount, which an intact ledger excludes; there is nothing to report")
			})?;
		let root = secret
			.root_of(ciphertext.as_ref())
			.map_err(|error| failed(&error))?
			.ok_or_else(|| failed(&"this key has no roots: the modulus shares a factor with its totient"))?;
		Ok(Self {
			ciphertext: ciphertext.clone(),
			amount: amount::show(value),
			root: hex(root.as_bytes()),
		})
	}

	/// `C = (1+N)^m·u^N mod N²`, bit for bit, for this ciphertext.
	fn opens(&self, key: &PublicKey, ciphertext: &Ciphertext) -> core::result::Result<(), String> {
		let value = amount::parse(&self.amount).map_err(|_| {
			let amount: String = self.amount.chars().take(40).collect();
			format!("{amount:?} is no amount")
		})?;
		let root = unhex(&self.root).ok_or("the root is not written in hexadecimal digits")?;
		let root = key
			.parse_root(&root)
			.map_err(|_| "the root is not a number below N, of N's length, that is coprime to N")?;
		ensure(
			key.encode(&key.compose(&[value], &root)) == ciphertext.as_ref(),
			|| {
				format!(
					"the amount {} and the root do not give the ciphertext: one of the two is wrong",
					self.amount
				)
			},
		)
	}
}

impl AuditReport {
	/// Opens each aggregate of a final block. An error if one of them holds no amount.
	pub fn of(
		secret: &SecretKey,
		genesis: Hash,
		(number, block): (BlockNumber, Hash),
		on_chain: &Accumulators,
	) -> Result<Self> {
		let open = |name, ciphertext| Aggregate::of(secret, name, ciphertext);
		Ok(Self {
			version: VERSION,
			genesis,
			number,
			block,
			modulus: hex(&secret.public().modulus_bytes()),
			aggregates: Aggregates {
				issued: open("issued", &on_chain.issued)?,
				zeroed: open("zeroed", &on_chain.zeroed)?,
				balances: open("balances", &on_chain.balances)?,
				incoming: open("incoming", &on_chain.incoming)?,
				totals: open("totals", &on_chain.totals)?,
				bonds: open("bonds", &on_chain.bonds)?,
				deposits: open("deposits", &on_chain.deposits)?,
				redeemed: open("redeemed", &on_chain.redeemed)?,
			},
		})
	}

	/// The file's content.
	pub fn to_json(&self) -> Result<Vec<u8>> {
		serde_json::to_vec_pretty(self).map_err(|error| Error::file(error.to_string()))
	}

	/// Reads a file's content, strictly.
	pub fn from_json(text: &str) -> Result<Self> {
		let report: Self = serde_json::from_str(text).map_err(|error| {
			Error::file(format!(
				"This is no audit report: {}.",
				one_line(&error.to_string())
			))
		})?;
		if report.version == VERSION {
			Ok(report)
		} else {
			Err(Error::file(format!(
				"This is an audit report of version {}; this program knows version {VERSION}.",
				report.version
			)))
		}
	}

	/// Each aggregate with its name, its side, and the chain's ciphertext.
	fn beside<'a>(
		&'a self,
		on_chain: &'a Accumulators,
	) -> [(&'static str, Side, &'a Aggregate, &'a Ciphertext); 8] {
		let Aggregates {
			issued,
			zeroed,
			balances,
			incoming,
			totals,
			bonds,
			deposits,
			redeemed,
		} = &self.aggregates;
		[
			("issued", Side::In, issued, &on_chain.issued),
			("zeroed", Side::In, zeroed, &on_chain.zeroed),
			("balances", Side::Out, balances, &on_chain.balances),
			("incoming", Side::Out, incoming, &on_chain.incoming),
			("totals", Side::Out, totals, &on_chain.totals),
			("bonds", Side::Out, bonds, &on_chain.bonds),
			("deposits", Side::Out, deposits, &on_chain.deposits),
			("redeemed", Side::Out, redeemed, &on_chain.redeemed),
		]
	}

	/// Whether the report is about this chain.
	pub fn check_genesis(&self, genesis: Hash) -> Finding {
		Finding::new(
			"genesis",
			ensure(self.genesis == genesis, || {
				format!(
					"the report is about the chain {:?}, the node is one of {genesis:?}",
					self.genesis
				)
			}),
		)
	}

	/// Whether the report's block is final: `last` is the number of the last final block, `there` the block that the
	/// node has at the report's number.
	pub fn check_block(&self, last: BlockNumber, there: Option<Hash>) -> Finding {
		let verdict = match there {
			_ if self.number > last => Err(format!(
				"block {} is not final at this node, whose last final block is {last}",
				self.number
			)),
			None => Err(format!("the node has no block {}", self.number)),
			Some(there) => ensure(there == self.block, || {
				format!(
					"block {} of the chain is {there:?}, not {:?}",
					self.number, self.block
				)
			}),
		};
		Finding::new("block", verdict)
	}

	/// Whether the report's modulus is the one that was pinned and the one that the chain had at the block.
	pub fn check_modulus(&self, pinned: &PublicKey, at_the_block: &[u8]) -> Finding {
		let verdict = match unhex(&self.modulus) {
			None => Err("it is not written in hexadecimal digits".into()),
			Some(modulus) if modulus != pinned.modulus_bytes() => {
				Err("it is not the chain's: the report was made with another key".into())
			}
			Some(modulus) => ensure(modulus == at_the_block, || {
				"the chain had another modulus at the report's block".into()
			}),
		};
		Finding::new("modulus", verdict)
	}

	/// Whether each aggregate is the chain's and is what the report says, and whether they add up.
	pub fn check_aggregates(&self, key: &PublicKey, on_chain: &Accumulators) -> Vec<Finding> {
		let lines = self.beside(on_chain);
		let mut findings = Vec::with_capacity(2 * lines.len() + 2);
		for (name, _, aggregate, ciphertext) in &lines {
			findings.push(Finding::new(
				format!("{name}: ciphertext"),
				ensure(aggregate.ciphertext == **ciphertext, || {
					"the chain holds another one".into()
				}),
			));
			findings.push(Finding::new(
				format!("{name}: amount and root"),
				aggregate.opens(key, ciphertext),
			));
		}
		let group = ProductGroup::new(&key.modulus_bytes());
		let product = |of: Side| {
			let side = lines.iter().filter(|(_, side, ..)| *side == of);
			group
				.product(side.map(|(.., ciphertext)| (ciphertext.as_ref(), 1)))
				.map_err(|error| format!("the aggregates cannot be multiplied: {error}"))
		};
		let ciphertexts = product(Side::In).and_then(|into| {
			ensure(into == product(Side::Out)?, || {
				"the products of both sides differ: money was made or lost".into()
			})
		});
		findings.push(Finding::new("identity of ciphertexts", ciphertexts));
		let sum = |of: Side| {
			lines
				.iter()
				.filter(|(_, side, ..)| *side == of)
				.map(|(_, _, aggregate, _)| amount::parse(&aggregate.amount).ok().map(u128::from))
				.sum::<Option<u128>>()
		};
		let amounts = match (sum(Side::In), sum(Side::Out)) {
			(Some(into), Some(out)) => ensure(into == out, || {
				format!(
					"{} came in, and there are {}",
					amount::show_wide(into),
					amount::show_wide(out)
				)
			}),
			_ => Err("an amount is none".into()),
		};
		findings.push(Finding::new("identity of amounts", amounts));
		findings
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand_core::OsRng;
	use veilmart_paillier::{generate, Encryptor, FreshNonce, ParameterSet, PrimeKind};

	const GENESIS: Hash = Hash::repeat_byte(1);
	const BLOCK: (BlockNumber, Hash) = (7, Hash::repeat_byte(8));

	struct World {
		secret: SecretKey,
		on_chain: Accumulators,
		report: AuditReport,
	}

	/// 12.50 were issued: 7.00 are somebody's, 2.00 wait, 1.00 is an order's total, 2.50 were redeemed.
	fn world() -> World {
		let set = ParameterSet::Paillier2048;
		let secret = generate(set, PrimeKind::Plain, &mut OsRng, &mut || {});
		let encryptor = Encryptor::new(secret.public().clone());
		let encrypt = |amount| {
			let residue = encryptor.encrypt(amount, &FreshNonce::random(set, &mut OsRng));
			Ciphertext::from_slice(&secret.public().encode(&residue)).unwrap()
		};
		let parts = [700, 200, 100, 250].map(encrypt);
		let group = ProductGroup::new(&secret.public().modulus_bytes());
		let issued = group
			.product(parts.iter().map(|part| (part.as_ref(), 1)))
			.unwrap();
		let [balances, incoming, totals, redeemed] = parts;
		let on_chain = Accumulators {
			issued: Ciphertext::from_slice(&issued).unwrap(),
			zeroed: Ciphertext::ONE,
			balances,
			incoming,
			totals,
			redeemed,
			bonds: Ciphertext::ONE,
			deposits: Ciphertext::ONE,
		};
		let report = AuditReport::of(&secret, GENESIS, BLOCK, &on_chain).unwrap();
		World {
			secret,
			on_chain,
			report,
		}
	}

	impl World {
		/// What a reader finds wrong, the name of the check before the problem.
		fn problems(&self, report: &AuditReport) -> Vec<String> {
			let key = self.secret.public();
			let mut findings = vec![
				report.check_genesis(GENESIS),
				report.check_block(BLOCK.0 + 2, (report.number == BLOCK.0).then_some(BLOCK.1)),
				report.check_modulus(key, &key.modulus_bytes()),
			];
			findings.extend(report.check_aggregates(key, &self.on_chain));
			findings
				.into_iter()
				.filter_map(|finding| Some(format!("{}: {}", finding.check, finding.problem?)))
				.collect()
		}
	}

	#[test]
	fn a_true_report_passes_and_comes_back_from_its_file() {
		let world = world();
		assert_eq!(world.problems(&world.report), Vec::<String>::new());
		assert_eq!(world.report.aggregates.issued.amount, "12.50");
		assert_eq!(world.report.aggregates.bonds.amount, "0.00");
		let json = String::from_utf8(world.report.to_json().unwrap()).unwrap();
		assert_eq!(AuditReport::from_json(&json).unwrap(), world.report);
	}

	#[test]
	fn a_lie_about_chain_block_or_key_is_found() {
		let world = world();
		let lie = |change: fn(&mut AuditReport)| {
			let mut report = world.report.clone();
			change(&mut report);
			let problems = world.problems(&report);
			assert_eq!(problems.len(), 1, "{problems:?}");
			problems[0].clone()
		};
		assert!(lie(|report| report.genesis = Hash::zero()).starts_with("genesis: the report is about"));
		assert!(lie(|report| report.number = 10).contains("not final"));
		assert!(lie(|report| report.number = 9).contains("no block 9"));
		assert!(lie(|report| report.block = Hash::zero()).starts_with("block: block 7 of the chain is"));
		assert!(lie(|report| report.modulus = "0x12".into()).contains("another key"));
		assert!(lie(|report| report.modulus = "N".into()).contains("hexadecimal"));
		let key = world.secret.public();
		let since = world.report.check_modulus(key, &[1; 256]);
		assert!(since.problem.unwrap().contains("at the report's block"));
	}

	#[test]
	fn a_lie_about_any_aggregate_is_found_by_the_check_about_it() {
		let world = world();
		let names = world.report.beside(&world.on_chain).map(|(name, ..)| name);
		let field = |report: &mut AuditReport, name: &str, change: &dyn Fn(&mut Aggregate)| {
			let mut json = serde_json::to_value(&*report).unwrap();
			let place = &mut json["aggregates"][name];
			let mut aggregate = serde_json::from_value(place.clone()).unwrap();
			change(&mut aggregate);
			*place = serde_json::to_value(aggregate).unwrap();
			*report = serde_json::from_value(json).unwrap();
		};
		for name in names {
			let lie = |change: &dyn Fn(&mut Aggregate)| {
				let mut report = world.report.clone();
				field(&mut report, name, change);
				world.problems(&report)
			};
			let other = world.report.aggregates.balances.ciphertext.clone();
			let other = if name == "balances" {
				Ciphertext::ONE
			} else {
				other
			};
			assert_eq!(
				lie(&|aggregate| aggregate.ciphertext = other.clone()),
				[format!("{name}: ciphertext: the chain holds another one")]
			);
			let problems = lie(&|aggregate| aggregate.amount = "12.51".into());
			assert_eq!(problems.len(), 2, "{problems:?}");
			assert!(problems[0].starts_with(&format!("{name}: amount and root: the amount 12.51")));
			assert!(problems[1].starts_with("identity of amounts: "));
			let problems = lie(&|aggregate| aggregate.amount = "much".into());
			assert!(problems[0].starts_with(&format!("{name}: amount and root: \"much\"")));
			let another = hex(&[1; 256]);
			for root in ["", "0x", "0xzz", &hex(&[0; 256]), &hex(&[0xFF; 256]), &another] {
				let problems = lie(&|aggregate| aggregate.root = root.into());
				assert_eq!(problems.len(), 1, "{problems:?}");
				assert!(problems[0].starts_with(&format!("{name}: amount and root: ")));
			}
		}
	}

	#[test]
	fn amounts_that_were_moved_from_one_aggregate_to_another_are_found() {
		let world = world();
		let mut report = world.report.clone();
		report.aggregates.balances.amount = "6.00".into();
		report.aggregates.incoming.amount = "3.00".into();
		let problems = world.problems(&report);
		assert_eq!(problems.len(), 2, "the sums agree: {problems:?}");
	}

	#[test]
	fn a_ledger_that_does_not_add_up_is_shown_by_a_true_report() {
		let mut world = world();
		// Opened truly, and not what it was made of.
		world.on_chain.totals = Ciphertext::ONE;
		world.report = AuditReport::of(&world.secret, GENESIS, BLOCK, &world.on_chain).unwrap();
		let problems = world.problems(&world.report);
		assert_eq!(
			problems,
			[
				"identity of ciphertexts: the products of both sides differ: money was made or lost",
				"identity of amounts: 12.50 came in, and there are 11.50",
			]
		);
	}

	#[test]
	fn what_holds_no_amount_is_not_reported() {
		let mut world = world();
		let key = world.secret.public();
		let negative = key.invert(&key.parse(world.on_chain.totals.as_ref()).unwrap());
		world.on_chain.totals = Ciphertext::from_slice(&key.encode(&negative.unwrap())).unwrap();
		let error = AuditReport::of(&world.secret, GENESIS, BLOCK, &world.on_chain).unwrap_err();
		assert!(
			error.to_string().contains("\"totals\": it is no amount"),
			"{error}"
		);
	}

	#[test]
	fn fields_that_nobody_checks_are_not_read() {
		let world = world();
		let json = serde_json::to_value(&world.report).unwrap();
		let refused = |change: &dyn Fn(&mut serde_json::Value)| {
			let mut json = json.clone();
			change(&mut json);
			AuditReport::from_json(&json.to_string()).unwrap_err().to_string()
		};
		assert!(refused(&|json| json["version"] = 2.into()).contains("version 2"));
		assert!(refused(&|json| json["auditor"] = "me".into()).contains("auditor"));
		assert!(
			refused(&|json| json["aggregates"]["gifts"] = json["aggregates"]["bonds"].clone())
				.contains("gifts")
		);
		assert!(refused(&|json| json["aggregates"]["bonds"]["note"] = "none".into()).contains("note"));
		let missing = refused(&|json| {
			json["aggregates"].as_object_mut().unwrap().remove("bonds");
		});
		assert!(missing.contains("bonds"), "{missing}");
		let short = refused(&|json| json["aggregates"]["bonds"]["ciphertext"] = "0x01".into());
		assert!(short.contains("expected 512 bytes"), "{short}");
		// One name twice: whoever reads the first and whoever reads the last would check different reports.
		let twice = json.to_string().replacen('{', "{\"number\":1,", 1);
		assert!(AuditReport::from_json(&twice)
			.unwrap_err()
			.to_string()
			.contains("duplicate"));
	}
}
