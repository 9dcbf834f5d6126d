//! `veilmart certificate`: from a request to a certificate on the chain, and what becomes of it there.

use std::path::PathBuf;

use clap::Subcommand;

use super::RoleName;

/// Certificates.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
	/// Sign a request for the certificate authority; offline if --genesis is given
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop certificate request --role buyer --role seller --organisation 'Corner Shop' --genesis 0x… > shop.json"
	)]
	Request {
		/// A role to apply for; once for each.
		#[arg(long = "role", value_enum, required = true)]
		roles: Vec<RoleName>,
		/// The organisation's name, up to 64 bytes.
		#[arg(long)]
		organisation: String,
		/// Higher than in every request before. Without it, the node is asked; 1 if --genesis is given.
		#[arg(long)]
		counter: Option<u64>,
		/// The number of the view key to register, as `certificate show` shows it. Without it, the node is asked for the one
		/// in force; 0 if --genesis is given.
		#[arg(long, value_name = "NUMBER")]
		view_key: Option<u32>,
	},

	/// Put a requested certificate on chain, or renew one (the certificate authority's account)
	#[command(
		visible_alias = "renew",
		after_help = "EXAMPLES:\n  veilmart --account ca certificate issue shop.json\n  veilmart --suri //CA certificate issue shop.json --valid-until 1798761600000"
	)]
	Issue {
		/// The request's file; - for the standard input.
		request: PathBuf,
		/// When it expires, in milliseconds since the Unix epoch; never without.
		#[arg(long, value_name = "MILLISECONDS")]
		valid_until: Option<u64>,
	},

	/// Withdraw a certificate: its holder finishes what it began, and begins nothing new (the certificate authority's
	/// account)
	#[command(after_help = "EXAMPLES:\n  veilmart --account ca certificate revoke shop")]
	Revoke {
		/// Whose: an address, an account's name or a development key.
		of: String,
	},

	/// Put a revoked or blacklisted certificate back in force, for as long as it is valid (the certificate authority's
	/// account)
	#[command(after_help = "EXAMPLES:\n  veilmart --account ca certificate reinstate shop")]
	Reinstate {
		/// Whose: an address, an account's name or a development key.
		of: String,
	},

	/// Set how much an issuer may issue in all (the certificate authority's account)
	#[command(after_help = "EXAMPLES:\n  veilmart --account ca certificate quota bank 1000000.00")]
	Quota {
		/// Whose: an address, an account's name or a development key.
		of: String,
		/// What it may issue in all from now on, with what it has issued before, like 1000000.00.
		amount: String,
	},

	/// Show an account's certificate
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop certificate show\n  veilmart certificate show //Bob"
	)]
	Show {
		/// Whose; the acting account's if nobody is named.
		of: Option<String>,
	},

	/// Register the account's view key, without which nobody can send it notes
	#[command(
		after_help = "EXAMPLES:\n  veilmart --suri //Bob certificate view-key\n  veilmart --account shop certificate view-key --rotate"
	)]
	ViewKey {
		/// Replace the view key in force by the next one, as when somebody may know it. Notes sealed to earlier ones still
		/// open here.
		#[arg(long)]
		rotate: bool,
	},
}
