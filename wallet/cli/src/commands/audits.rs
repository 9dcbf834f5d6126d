//! Audits: the certificate authority opens the ledger's sums, anybody checks what it says of them.

use std::path::PathBuf;

use pallet_ecommerce::GenesisKey;
use serde_json::json;

use super::{input, Context};
use crate::{
	audit_report::{AuditReport, Finding},
	ca::{self, Audit},
	cli::{AuditCommand, CaKey},
	error::{Error, Result},
	keystore,
	output::{table, Report},
};

impl Context {
	/// Opens the sums at the last final block; writes the report that anybody can check, if asked to.
	pub(super) async fn make_audit(&self, key: &CaKey, out: Option<PathBuf>) -> Result<Report> {
		if let Some(out) = &out {
			keystore::refuse_existing(out)?;
		}
		let chain = self.connect().await?;
		let secret = self.authority_key(key)?;
		// All of it is read at this block, whatever happens meanwhile.
		let block = chain.finalized().await?;
		let number = chain.header(block).await?.number;
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
		let genesis = chain.genesis();
		report.text = format!(
			"Chain {genesis:?}\nBlock {block:?} (number {number})\n\n{}",
			report.text
		);
		report.json["genesis"] = json!(genesis);
		report.json["block"] = json!(block);
		report.json["number"] = json!(number);
		// Also of a ledger that does not add up: then it is evidence.
		let written = match &out {
			Some(out) => AuditReport::of(&secret, genesis, (number, block), &accumulators)
				.and_then(|audited| keystore::write_new(out, &audited.to_json()?)),
			None => Ok(()),
		};
		if let (Some(out), Ok(())) = (&out, &written) {
			let shown = out.display();
			report.text +=
				&format!("\n\nReport: {shown}; anybody checks it with `veilmart audit verify {shown}`.");
			report.json["report"] = json!(shown.to_string());
		}
		if audit.passed() {
			return written.map(|()| report);
		}
		self.output.report(&report);
		if let Err(error) = written {
			self.output.note(&error.to_string());
		}
		Err(Error::wallet("The ledger does not add up."))
	}

	/// Checks a report against the chain.
	pub(super) async fn check_audit(&self, command: AuditCommand) -> Result<Report> {
		let AuditCommand::Verify { report: path } = command;
		let claimed = AuditReport::from_json(&input::read(&path, "the audit report")?)?;
		let findings = self.audit_findings(&claimed).await?;
		let report = findings_report(&claimed, &findings);
		let problems: Vec<_> = findings
			.iter()
			.filter_map(|finding| Some(format!("{}: {}", finding.check, finding.problem.as_ref()?)))
			.collect();
		if problems.is_empty() {
			return Ok(report);
		}
		self.output.report(&report);
		Err(Error::wallet(format!(
			"The report is refused. {}.",
			problems.join("; ")
		)))
	}

	/// Each claim of a report, judged; the first that shows that the rest cannot be compared ends it.
	async fn audit_findings(&self, claimed: &AuditReport) -> Result<Vec<Finding>> {
		let chain = self.connect().await?;
		let mut findings = vec![claimed.check_genesis(chain.genesis())];
		let is_good = |findings: &[Finding]| findings.iter().all(Finding::is_good);
		if !is_good(&findings) {
			return Ok(findings);
		}
		let last = chain.header(chain.finalized().await?).await?.number;
		findings.push(claimed.check_block(last, chain.block_hash(claimed.number).await?));
		if !is_good(&findings) {
			return Ok(findings);
		}
		let pinned = self.pins.key(&chain, &self.output).await?;
		let forgotten = |error: Error| {
			match error {
			Error::Node(message) => Error::node(format!(
				"{message} The node may not have kept the state of block {}; ask one that runs with --state-pruning archive.",
				claimed.number
			)),
			error => error,
		}
		};
		let market = chain.market(Some(claimed.block)).await.map_err(forgotten)?;
		findings.push(claimed.check_modulus(&pinned, &market.modulus));
		if !is_good(&findings) {
			return Ok(findings);
		}
		let accumulators = chain.accumulators(Some(claimed.block));
		let on_chain = self
			.output
			.wait("Multiplying the whole ledger", accumulators)
			.await
			.map_err(forgotten)?;
		findings.extend(claimed.check_aggregates(&pinned, &on_chain));
		Ok(findings)
	}
}

fn findings_report(claimed: &AuditReport, findings: &[Finding]) -> Report {
	let rows: Vec<_> = findings
		.iter()
		.map(|finding| {
			let verdict = finding
				.problem
				.as_deref()
				.map_or("true".into(), |why| format!("WRONG: {why}"));
			vec![finding.check.clone(), verdict]
		})
		.collect();
	let passed = findings.iter().all(Finding::is_good);
	let text = format!(
		"Chain {:?}\nBlock {:?} (number {})\n\n{}{}",
		claimed.genesis,
		claimed.block,
		claimed.number,
		table(&["claim", "verdict"], &rows),
		if passed {
			"\nThe report is true: these are the ledger's sums after that block, and nothing was made or lost."
		} else {
			""
		}
	);
	let json = json!({
		"passed": passed,
		"genesis": claimed.genesis,
		"block": claimed.block,
		"number": claimed.number,
		"findings": findings,
	});
	Report::new(text, json)
}
