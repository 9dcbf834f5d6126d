//! `veilmart finality`: that a block is final, proved to somebody who has no node.

use std::path::PathBuf;

use clap::Subcommand;

/// Proofs of finality.
#[derive(Clone, Debug, Subcommand)]
pub enum FinalityCommand {
	/// Print the authority set that judges the next block, in hexadecimal: what a verifier trusts
	#[command(
		after_help = "EXAMPLES:\n  veilmart finality authorities > authorities.hex\n\nThe node is believed. Compare the result with that of nodes of others before you rely on it."
	)]
	Authorities {
		/// At this block instead of the last final one: block 0 has the set of genesis.
		#[arg(long, value_name = "NUMBER")]
		at: Option<u32>,
	},

	/// Ask a node for a proof that a block is final, in hexadecimal
	#[command(after_help = "EXAMPLES:\n  veilmart finality prove 1200 --from 0 > proof.hex")]
	Prove {
		/// The block's number.
		block: u32,
		/// The authority set that the verifier knows.
		#[arg(long, value_name = "SET", default_value_t = 0)]
		from: u64,
	},

	/// Verify a proof with nothing but the chain's genesis hash (--genesis) and an authority set
	#[command(
		after_help = "EXAMPLES:\n  veilmart --genesis 0x9b3a… finality verify --authorities authorities.hex proof.hex"
	)]
	Verify {
		/// File with the authority set, as `finality authorities` prints it.
		#[arg(long, value_name = "FILE")]
		authorities: PathBuf,
		/// File with the proof, as `finality prove` prints it.
		proof: PathBuf,
	},
}
