//! `veilmart authority`: the authorities of the consensus. The certificate authority is another one.

use clap::Subcommand;

/// The authorities of the consensus.
#[derive(Clone, Debug, Subcommand)]
pub enum AuthorityCommand {
	/// Show the present authorities, who leads, and the keys that transactions to them are sealed to
	#[command(after_help = "EXAMPLES:\n  veilmart authority show")]
	Show,

	/// Put on the chain how the authority of a node is reached, as often as that changes
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop authority publish\n  veilmart --account shop --url ws://10.0.0.2:9944 authority publish --node ws://127.0.0.1:9944\n\nThe node signs the record with its authority's key, and only for a client that it trusts: run this on the node's machine. Any account may send it."
	)]
	Publish {
		/// The authority's own node, if --url names another one.
		#[arg(long, value_name = "URL")]
		node: Option<String>,
	},
}
