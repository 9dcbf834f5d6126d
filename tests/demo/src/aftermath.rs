//! The second part of the demo: what becomes of everybody's money when somebody does not do what it should.
//!
//! A seller does not ship, three disputes are decided, each another way, a certificate is revoked, a wallet is lost and restored,
//! and the certificate authority shows its audit to somebody who has no key. The first takes longest, so it begins first and all
//! else happens while its time runs out. Every outcome is compared with books in the clear.

use crate::{
	council,
	justice::{disputes, Burned, Idle, Revoked, BOND},
	market::Market,
	program::Program,
	report::{Findings, Steps},
	restore::Wallet,
};
use pallet_ecommerce::{Call, Ciphertext, Terms};
use serde_json::Value;
use std::{error::Error, ffi::OsStr, fs, path::Path, time::Instant};
use veilmart_cli::{
	amount,
	ca::{Audit, Line},
	chain::Chain,
};
use veilmart_paillier::{ProductGroup, SecretKey};
use veilmart_runtime::genesis_presets::{least_period, LOCAL_TESTNET_RUNTIME_PRESET};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The certificate authority.
pub struct Authority<'a> {
	/// Its key.
	pub secret: &'a SecretKey,
	/// The folder with the file of the key; other files go there as well.
	pub folder: &'a Path,
	/// A file with the passphrase of the key, which the owner of the wallet uses as well.
	pub passphrase_file: &'a Path,
}

/// Plays the second part on the market that the first has left, through the node at `url`.
pub async fn play(
	market: &mut Market,
	url: &str,
	authority: &Authority<'_>,
	steps: &mut Steps,
) -> Result<Findings> {
	let mut findings = Findings::default();
	let chain = market.chain().clone();
	let burned_before = chain.accumulators(None).await?.redeemed;
	let mut burned = Burned::default();
	let program = |folder: &str| Program::of(url, &authority.folder.join(folder), authority.passphrase_file);

	println!("\n8. The council changes a rule while the chain runs.");
	let start = Instant::now();
	shorten_deadlines(&chain, &mut findings).await?;
	steps.add("a motion of the council", start);

	println!("9. A seller does not ship.");
	let mut idle = Idle::begin(market).await?;
	println!("   Its time runs out while the following happens.");

	println!(
		"10. Three disputes. The buyer puts up a deposit as large as the price, and an arbiter decides."
	);
	let start = Instant::now();
	let mut wallet = Wallet::new(market, program("wallet")?, 22_000).await?;
	disputes(market, &mut wallet.party, &mut burned, &mut findings).await?;
	steps.add("disputes", start);

	println!(
		"11. The certificate authority revokes the certificate of a seller that has an order to fulfil."
	);
	let start = Instant::now();
	let mut revoked = Revoked::begin(market, &mut wallet.party, &mut findings).await?;
	steps.add("a certificate revoked", start);

	println!(
		"12. {}, which bought all that, loses its computer. What it has left is twelve words on paper.",
		wallet.party.name
	);
	let start = Instant::now();
	wallet.lose_and_restore(&mut findings).await?;
	wallet.confirm(revoked.number()).await?;
	println!("   It confirms that the last order came.");
	revoked.end(&mut findings).await?;
	steps.add("a wallet lost and restored", start);

	println!("13. The seller that does not ship: its time is up.");
	idle.end(&mut burned, &mut findings).await?;
	steps.add("a seller that does not ship, from accept on", idle.accepted());

	println!(
		"14. The certificate authority publishes an audit report, which anybody can verify without its key."
	);
	let start = Instant::now();
	count(
		&chain,
		&burned_before,
		&burned,
		authority.secret,
		market.issued(),
		&mut findings,
	)
	.await?;
	publish(&program("auditor")?, authority, &mut findings).await?;
	steps.add("an audit report", start);
	Ok(findings)
}

/// Has the council set the shortest time to ship that the chain allows, and a share of the bond for who was cheated.
async fn shorten_deadlines(chain: &Chain, findings: &mut Findings) -> Result<()> {
	let before = chain.market(None).await?.terms;
	let wanted = Terms {
		ship_period: 10_000,
		// The chain allows no less: a leader that leaves out a seller's transactions must not cost it the bond.
		grace_period: least_period(LOCAL_TESTNET_RUNTIME_PRESET),
		penalty_share: 1,
		..before
	};
	council::carry(chain, council::as_root(Call::set_terms { terms: wanted })).await?;
	let after = chain.market(None).await?.terms;
	println!(
		"   Two of its three members vote for it: a seller has {} s to ship and {} s of grace instead of {} and {}, and who is\n   \
		cheated gets the price once more out of the seller's bond, which is {} times the price. So this demo need not wait long.",
		after.ship_period / 1_000,
		after.grace_period / 1_000,
		before.ship_period / 1_000,
		before.grace_period / 1_000,
		after.bond_multiple
	);
	findings.compare(
		"The rule is as the council decided",
		if after == wanted { "yes" } else { "no" },
		"yes",
	);
	findings.compare("Bond, in prices", after.bond_multiple, BOND);
	Ok(())
}

/// Compares what was burned with the books: the ciphertext, as anybody can, and the amount, as who has the key can.
async fn count(
	chain: &Chain,
	before: &Ciphertext,
	burned: &Burned,
	secret: &SecretKey,
	issued: u64,
	findings: &mut Findings,
) -> Result<()> {
	let now = chain.accumulators(None).await?;
	let group = ProductGroup::new(&chain.market(None).await?.modulus);
	let factors = burned
		.factors
		.iter()
		.map(|(total, multiple)| (total.as_ref(), *multiple));
	let product = group
		.product([(before.as_ref(), 1)].into_iter().chain(factors))
		.map_err(|error| format!("the ciphertexts cannot be multiplied: {error}"))?;
	let word = |same| if same { "identical" } else { "different" };
	findings.compare(
		"Burned: the ciphertext, beside the product of what was forfeited",
		word(product == now.redeemed.as_ref()),
		"identical",
	);
	let audit = Audit::of(secret, &now)?;
	findings.compare(
		"Audit: what came in and where it is, as ciphertexts",
		word(audit.ciphertexts_agree),
		"identical",
	);
	findings.compare(
		"Audit: what came in and where it is, in amounts",
		word(audit.amounts_agree),
		"identical",
	);
	let opened = |lines: &[Line], name| {
		let line = lines.iter().find(|line| line.name == name);
		line.and_then(|line| line.amount)
			.ok_or_else(|| format!("the audit has no amount for \"{name}\""))
	};
	let burned_before = secret
		.decrypt_amount(before.as_ref())
		.map_err(|error| error.to_string())?
		.ok_or("what was burned earlier is no amount")?;
	findings.amount("Audit: issued", opened(&audit.sources, "issued")?, issued);
	findings.amount(
		"Audit: burned",
		opened(&audit.uses, "redeemed")?,
		burned_before + burned.amount,
	);
	Ok(())
}

/// Has the program write an audit report with the key, and verify it, and a falsified copy, without one.
async fn publish(program: &Program, authority: &Authority<'_>, findings: &mut Findings) -> Result<()> {
	let [report, falsified] = ["report.json", "falsified.json"].map(|name| authority.folder.join(name));
	let words: [&OsStr; 6] = [
		"ca".as_ref(),
		"audit".as_ref(),
		"--key".as_ref(),
		authority.folder.as_ref(),
		"--out".as_ref(),
		report.as_ref(),
	];
	program.result(&words, "").await?;
	let verified = verify(program, &report).await?;
	findings.compare("Audit report: exit status of its verification", verified, "0");

	let mut value: Value = serde_json::from_slice(&fs::read(&report)?)?;
	falsify(&mut value)?;
	fs::write(&falsified, serde_json::to_vec_pretty(&value)?)?;
	let verified = verify(program, &falsified).await?;
	findings.compare("Audit report: the same with one amount changed", verified, "1");
	Ok(())
}

/// Has the program verify a report, and gives its exit status.
async fn verify(program: &Program, report: &Path) -> Result<String> {
	let words: [&OsStr; 3] = ["audit".as_ref(), "verify".as_ref(), report.as_ref()];
	let ran = program.run(&words, "").await?;
	// The verdict comes last, after each claim by itself or on the other stream.
	let said = if ran.status == Some(0) {
		&ran.result
	} else {
		&ran.remarks
	};
	let name = report.file_name().unwrap_or_default().display();
	println!("   {name}: {}", said.lines().last().unwrap_or("nothing was said"));
	Ok(ran.status.map_or("none".into(), |status| status.to_string()))
}

/// Takes a cent from what a report says was burned.
fn falsify(report: &mut Value) -> Result<()> {
	let claim = report
		.pointer_mut("/aggregates/redeemed/amount")
		.ok_or("the report does not say what was burned")?;
	let said = amount::parse(claim.as_str().ok_or("what was burned is not text")?)?;
	*claim = amount::show(said - 1).into();
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	#[test]
	fn a_falsified_report_differs_in_one_amount() {
		let mut report =
			json!({ "number": 7, "aggregates": { "redeemed": { "amount": "730.00", "root": "0x12" } } });
		falsify(&mut report).unwrap();
		assert_eq!(
			report,
			json!({ "number": 7, "aggregates": { "redeemed": { "amount": "729.99", "root": "0x12" } } })
		);
		assert!(falsify(&mut json!({})).is_err());
	}
}
