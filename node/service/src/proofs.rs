//! What the node counts of proofs, for Prometheus: in a flood of bad ones it tells how many were worth a look.

use substrate_prometheus_endpoint::{
	register, MetricSource, Opts, PrometheusError, Registry, SourcedCounter,
};
use veilmart_verification_host::{bad, good, unseen};

/// The counters of verification, which belong to the process.
#[derive(Clone, Copy)]
struct Verdicts;

impl MetricSource for Verdicts {
	type N = u64;

	fn collect(&self, mut set: impl FnMut(&[&str], u64)) {
		set(&["good"], good());
		set(&["bad"], bad());
		set(&["unseen"], unseen());
	}
}

/// Registers `veilmart_proofs_total`, with the label `verdict`: `good` and `bad` are what this node verified, `unseen` what it
/// did not look at because the account had sent too many bad ones.
///
/// An error if the registry has a metric of this name.
pub fn register_metrics(registry: &Registry) -> Result<(), PrometheusError> {
	let name = "veilmart_proofs_total";
	let help = "Proofs by what became of them; those whose verdict was remembered are not among them";
	let options = Opts::new(name, help).variable_label("verdict");
	register(SourcedCounter::new(&options, Verdicts)?, registry)?;
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use substrate_prometheus_endpoint::prometheus::TextEncoder;

	#[test]
	fn each_verdict_is_there_from_the_beginning() {
		let registry = Registry::new();
		register_metrics(&registry).unwrap();
		let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
		assert!(text.contains("# TYPE veilmart_proofs_total counter"), "{text}");
		for verdict in ["good", "bad", "unseen"] {
			let sample = format!("veilmart_proofs_total{{verdict=\"{verdict}\"}} ");
			assert!(text.contains(&sample), "{text}");
		}
		assert!(register_metrics(&registry).is_err(), "a name is there once");
	}
}
