//! The command line.

mod authority;
mod values;

pub use authority::{AuditCommand, CaCommand, CaKey, LostCommand};
pub use values::{Decision, Reason, RoleName, State};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use veilmart_runtime::Hash;

use crate::ca::unhex;

/// Where a node is looked for if nothing else is said.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// Names the node's address instead of `--url`.
pub const URL_VARIABLE: &str = "VEILMART_URL";

/// A consortium's confidential marketplace, from a terminal.
///
/// Prices, quantities, stocks and balances are encrypted on the chain; this program holds the keys, makes the proofs and
/// shows you the numbers.
#[derive(Debug, Parser)]
#[command(name = "veilmart", version, propagate_version = true)]
#[command(after_help = "\
EXAMPLES:
  veilmart account new shop
  veilmart --account shop balance
  veilmart --account shop list --price 12.50 --stock 40 --item 85123A
  veilmart --json --suri //Alice orders
  veilmart --sealed --account buyer order shop:3 2

EXIT STATUS: 0 done, 1 failed or refused, 2 wrong usage.")]
pub struct Cli {
	/// What holds for every command.
	#[command(flatten)]
	pub options: Options,

	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Options {
	/// WebSocket address of a node. Default: $VEILMART_URL, or ws://127.0.0.1:9944.
	#[arg(long, global = true, value_name = "URL")]
	pub url: Option<String>,

	/// The chain's genesis hash: a node of any other chain is refused. `certificate request` signs offline with it.
	#[arg(long, global = true, value_name = "HASH", value_parser = parse_hash)]
	pub genesis: Option<Hash>,

	/// The account that acts: a name in the keystore.
	#[arg(long, global = true, value_name = "NAME", conflicts_with = "suri")]
	pub account: Option<String>,

	/// A well-known development key that acts instead, such as //Alice. For tests only.
	#[arg(long, global = true, value_name = "//NAME")]
	pub suri: Option<String>,

	/// Where accounts are kept. Default: $XDG_DATA_HOME/veilmart.
	#[arg(long, global = true, value_name = "DIR")]
	pub base_path: Option<PathBuf>,

	/// A file whose first line is the passphrase, for its owner only (mode 600), or a pipe. Default:
	/// $VEILMART_PASSPHRASE_FILE; without one you are asked.
	#[arg(long, global = true, value_name = "FILE")]
	pub passphrase_file: Option<PathBuf>,

	/// Seal the transaction to the leader, so that nobody else reads it before it is in a block. If leaders do not include it,
	/// it is sent openly, and the result says so.
	#[arg(long, global = true)]
	pub sealed: bool,

	/// Print results (and errors, on the standard error) as JSON.
	#[arg(long, global = true)]
	pub json: bool,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
	/// The certificate authority's key: create it, decrypt with it, audit the ledger, help with lost openings
	#[command(subcommand)]
	Ca(CaCommand),

	/// Reports in which the certificate authority opens the ledger's sums: check them without any key
	#[command(subcommand)]
	Audit(AuditCommand),

	/// Certificates: request, issue, revoke, show; register a view key
	#[command(subcommand)]
	Certificate(CertificateCommand),

	/// Accounts on this machine
	#[command(subcommand)]
	Account(AccountCommand),

	/// Chains whose keys were verified here at their first use
	#[command(subcommand)]
	Chain(ChainCommand),

	/// Proofs that a block is final, and their verification without a node
	#[command(subcommand)]
	Finality(FinalityCommand),

	/// The authorities of the consensus: who they are, and how each is reached
	#[command(subcommand)]
	Authority(AuthorityCommand),

	/// Show the balance and what waits to be collected
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop balance\n  veilmart --suri //Bob --json balance"
	)]
	Balance,

	/// Issue money to an account (issuers only)
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account bank issue shop 1000.00\n  veilmart --suri //Issuer issue //Bob 250.00"
	)]
	Issue {
		/// Whom to: an address, an account's name or a development key.
		to: String,
		/// How much, like 12.50.
		amount: String,
	},

	/// Offer something for sale (sellers only)
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop list --price 12.50 --stock 40 --item 85123A"
	)]
	List {
		/// Price of one piece, like 12.50.
		#[arg(long)]
		price: String,
		/// How many pieces there are.
		#[arg(long)]
		stock: u64,
		/// Stock code of up to eight characters, like 85123A; or # and a number.
		#[arg(long)]
		item: String,
	},

	/// Tell a buyer the price of a listing, sealed to the buyer's view key
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop quote 3 5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty\n  veilmart --suri //Alice quote 3 //Bob"
	)]
	Quote {
		/// The number of one of your listings.
		listing: u64,
		/// Whom to tell.
		buyer: String,
	},

	/// Order pieces of something that you have a quote for
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account buyer order shop:3 2\n  veilmart --suri //Bob order //Alice:3 2"
	)]
	Order {
		/// The listing, as SELLER:NUMBER.
		listing: String,
		/// How many pieces.
		quantity: u64,
		/// Do not order if the price of one piece is above this.
		#[arg(long, value_name = "PRICE")]
		max_price: Option<String>,
	},

	/// Take back an own order that is not accepted yet
	#[command(after_help = "EXAMPLES:\n  veilmart --account buyer cancel 5")]
	Cancel {
		/// The number of one of your orders.
		order: u64,
	},

	/// Accept an order: puts up the bond of ten times its total
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop accept buyer:5\n  veilmart --suri //Alice accept //Bob:5"
	)]
	Accept {
		/// The order, as BUYER:NUMBER.
		order: String,
	},

	/// Decline an order; the buyer gets its money back
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop decline buyer:5 --reason out-of-stock")]
	Decline {
		/// The order, as BUYER:NUMBER.
		order: String,
		/// Why.
		#[arg(long, value_enum, default_value_t)]
		reason: Reason,
	},

	/// Say that an accepted order was shipped
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop ship buyer:5")]
	Ship {
		/// The order, as BUYER:NUMBER.
		order: String,
	},

	/// Confirm that an own order arrived; pays the seller
	#[command(after_help = "EXAMPLES:\n  veilmart --account buyer confirm 5")]
	Confirm {
		/// The number of one of your orders.
		order: u64,
	},

	/// Dispute an own order that is said to be shipped: puts up a deposit as large as its total
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account buyer dispute 5\n\nThe deposit is lost only if it is decided that the seller did what it had to."
	)]
	Dispute {
		/// The number of one of your orders.
		order: u64,
	},

	/// Decide a dispute (arbiters that are no party of the order)
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account judge resolve buyer:5 refunded\n  veilmart --suri //Arbiter resolve //Bob:5 penalised"
	)]
	Resolve {
		/// The order, as BUYER:NUMBER.
		order: String,
		/// How it ends.
		#[arg(value_enum)]
		verdict: Decision,
	},

	/// Let the deadline of an order act that has passed, instead of waiting until the chain does it
	#[command(after_help = "EXAMPLES:\n  veilmart --account buyer poke buyer:5")]
	Poke {
		/// The order, as BUYER:NUMBER.
		order: String,
	},

	/// Set another price for an own listing; who was quoted the old one needs a new quote
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop reprice 3 11.90")]
	Reprice {
		/// The number of one of your listings.
		listing: u64,
		/// The new price of one piece, like 12.50.
		price: String,
	},

	/// Add pieces to the stock of an own listing
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop restock 3 100")]
	Restock {
		/// The number of one of your listings.
		listing: u64,
		/// How many pieces are added.
		pieces: u64,
	},

	/// Take an own listing away; orders that were not accepted yet cannot be any more
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop delist 3")]
	Delist {
		/// The number of one of your listings.
		listing: u64,
	},

	/// Send money to an account; it waits there to be collected
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop transfer buyer 25.00\n  veilmart --suri //Bob transfer //Alice 0.50"
	)]
	Transfer {
		/// Whom to: an address, an account's name or a development key.
		to: String,
		/// How much, like 12.50.
		amount: String,
	},

	/// Return a credit that was sent or issued to you and that you have not collected
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop refuse transfer:5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty:12\n  veilmart --suri //Alice refuse transfer://Bob:12"
	)]
	Refuse {
		/// The credit, as KIND:SENDER:NUMBER; `balance` shows them.
		credit: String,
	},

	/// Take back a transfer that its recipient has not collected in a long time
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop reclaim 12 --from buyer")]
	Reclaim {
		/// The number of one of your transfers.
		transfer: u64,
		/// To whom it was sent.
		#[arg(long, value_name = "ACCOUNT")]
		from: String,
	},

	/// Burn money that the issuer has to pay out outside of the chain
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop redeem bank 500.00\n  veilmart --suri //Alice redeem //Issuer 500.00"
	)]
	Redeem {
		/// The issuer that pays: an address, an account's name or a development key.
		issuer: String,
		/// How much, like 12.50.
		amount: String,
	},

	/// Show what was redeemed with you and is not settled, opened (issuers)
	#[command(after_help = "EXAMPLES:\n  veilmart --account bank redemptions")]
	Redemptions,

	/// Record that you have paid what was redeemed with you (issuers)
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account bank settle shop:14\n  veilmart --suri //Issuer settle //Alice:14"
	)]
	Settle {
		/// The redemption, as HOLDER:NUMBER.
		redemption: String,
	},

	/// Give something that you own a new nonce; its value stays
	#[command(subcommand)]
	Refresh(RefreshCommand),

	/// Make use of a recovery letter: check it against the ledger, and give what it opens a new nonce
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop recover letter.json\n\nThe certificate authority writes such a letter with `veilmart ca recover`. Nothing in it is believed: it opens the\nledger's ciphertext bit for bit, or it is refused."
	)]
	Recover {
		/// The letter; - for the standard input.
		letter: PathBuf,
	},

	/// Take credits into the balance: all that wait
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop collect")]
	Collect,

	/// Show orders, as buyer and as seller, opened
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop orders\n  veilmart --account shop orders --state placed --json"
	)]
	Orders {
		/// Only those in this state.
		#[arg(long, value_enum)]
		state: Option<State>,
	},

	/// Show own listings opened, or what is public about a seller's
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop listings\n  veilmart listings --seller 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
	)]
	Listings {
		/// Another seller; its prices are not shown.
		#[arg(long)]
		seller: Option<String>,
	},

	/// Show the quotes that you got, opened and checked
	#[command(after_help = "EXAMPLES:\n  veilmart --account buyer quotes")]
	Quotes,

	/// Show what happened to the account and how its balance changed, from the blocks of a node that kept them all
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop history\n  veilmart --account shop history --csv > shop.csv\n  veilmart --account shop history --from 1200 --json\n\nThe node has to run with --state-pruning archive, or --from has to be recent."
	)]
	History {
		/// Begin with this block.
		#[arg(long, value_name = "NUMBER", default_value_t = 1)]
		from: u32,
		/// As a table for spreadsheets: commas, a line of names first.
		#[arg(long)]
		csv: bool,
	},

	/// Make the calls of a file in a row, without waiting for blocks in between
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account buyer batch orders.txt\n  veilmart --account buyer batch --first 17 orders.txt\n\nEach line is a command as it is written behind `veilmart --account buyer`, such as `order shop:3 2`; lines that begin\nwith # are left out. Each call has a number of its own, the first of which is told at the beginning: with it the file\ncan be given again after whatever happened, and nothing is done twice. Until it is through, nothing else may act for\nthe account. The first call that fails ends it."
	)]
	Batch {
		/// The file; - for the standard input. Commands: issue, transfer, redeem, list, reprice, restock, quote, order, cancel,
		/// confirm, dispute, accept, decline, ship.
		file: PathBuf,
		/// The number of the file's first call, if it was begun before: what is done already is left out.
		#[arg(long, value_name = "NUMBER")]
		first: Option<u64>,
	},

	/// Serve as a seller's agent: accept, decline, ship and collect by a rule file
	#[command(
		after_help = "EXAMPLES:\n  veilmart serve --rules rules.toml --check\n  veilmart --account shop serve --rules rules.toml\n  veilmart --account shop --json serve --rules rules.toml --once\n\nEnds with Ctrl-C or SIGTERM when what it sent is final; a second time, at once. With --once the exit status is 1 if\nsomething failed or needs you."
	)]
	Serve {
		/// The rule file; see docs/merchants.md.
		#[arg(long, value_name = "FILE")]
		rules: PathBuf,
		/// Only check the rule file, and say in words what it means.
		#[arg(long, conflicts_with_all = ["once", "shipped", "not_shipped"])]
		check: bool,
		/// Do what is due and end.
		#[arg(long)]
		once: bool,
		/// An order, as BUYER:NUMBER, that was shipped, which the agent cannot know.
		#[arg(long, value_name = "ORDER")]
		shipped: Vec<String>,
		/// An order that was not shipped: the ship command runs for it (again).
		#[arg(long, value_name = "ORDER")]
		not_shipped: Vec<String>,
	},

	/// Print what happens to the account on the marketplace, as it becomes final
	#[command(
		after_help = "EXAMPLES:\n  veilmart --account shop watch\n  veilmart --account shop --json watch --blocks 100"
	)]
	Watch {
		/// Stop after this many blocks.
		#[arg(long)]
		blocks: Option<u32>,
	},
}

/// What gets a new nonce.
#[derive(Clone, Debug, Subcommand)]
pub enum RefreshCommand {
	/// The balance
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop refresh balance")]
	Balance,

	/// A credit that waits to be collected; nobody can return it afterwards
	#[command(after_help = "EXAMPLES:\n  veilmart --suri //Alice refresh credit transfer://Bob:12")]
	Credit {
		/// The credit, as KIND:SENDER:NUMBER; `balance` shows them.
		credit: String,
	},

	/// The stock of an own listing
	#[command(after_help = "EXAMPLES:\n  veilmart --account shop refresh stock 3")]
	Stock {
		/// The number of one of your listings.
		listing: u64,
	},
}

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

/// Chains whose keys were verified.
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
	/// Show the chains and the hashes of their keys
	#[command(after_help = "EXAMPLES:\n  veilmart chain show")]
	Show,

	/// Forget a chain's key: it is verified anew at the next use
	#[command(
		after_help = "EXAMPLES:\n  veilmart chain forget 0x9b3a…\n\nDo so when the certificate authority confirms that it replaced the key, never because a node wants it."
	)]
	Forget {
		/// The chain's genesis hash.
		#[arg(value_name = "GENESIS", value_parser = parse_hash)]
		chain: Hash,
	},
}

/// Accounts on this machine.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
	/// Create an account; shows its mnemonic once
	#[command(after_help = "EXAMPLES:\n  veilmart account new shop")]
	New {
		/// A name for it, on this machine only.
		name: String,
	},

	/// Show one account, or all
	#[command(after_help = "EXAMPLES:\n  veilmart account show\n  veilmart account show shop")]
	Show {
		/// Which; all without a name.
		name: Option<String>,
	},

	/// Store the account of a mnemonic, which is read from the terminal or the standard input
	#[command(
		after_help = "EXAMPLES:\n  veilmart account import shop\n  veilmart account import shop < mnemonic.txt"
	)]
	Import {
		/// A name for it, on this machine only.
		name: String,
	},
}

/// A hash of 32 bytes, with or without `0x`.
fn parse_hash(text: &str) -> Result<Hash, String> {
	unhex(text)
		.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
		.map(Hash::from)
		.ok_or_else(|| "a hash has 64 hexadecimal digits".into())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::error::Error;
	use clap::CommandFactory;

	#[test]
	fn the_command_line_is_consistent() {
		Cli::command().debug_assert();
	}

	/// clap lets an argument hide an option of all commands that has the same identifier, and says nothing.
	#[test]
	fn no_argument_hides_an_option_of_all_commands() {
		fn check(command: &clap::Command, global: &[String]) {
			for argument in command.get_arguments() {
				let name = argument.get_id().to_string();
				assert!(!global.contains(&name), "{}: {name}", command.get_name());
			}
			command.get_subcommands().for_each(|sub| check(sub, global));
		}
		let command = Cli::command();
		let global: Vec<_> = command
			.get_arguments()
			.filter(|argument| argument.is_global_set())
			.map(|argument| argument.get_id().to_string())
			.collect();
		assert!(global.len() > 5);
		command.get_subcommands().for_each(|sub| check(sub, &global));
	}

	#[test]
	fn every_command_has_an_example() {
		fn check(command: &clap::Command, path: &str) {
			let path = format!("{path} {}", command.get_name());
			let mut subcommands = command
				.get_subcommands()
				.filter(|sub| sub.get_name() != "help")
				.peekable();
			if subcommands.peek().is_none() {
				let help = command
					.get_after_help()
					.map(ToString::to_string)
					.unwrap_or_default();
				assert!(help.contains("veilmart"), "{path} has no example");
				assert!(command.get_about().is_some(), "{path} has no description");
			}
			subcommands.for_each(|sub| check(sub, &path));
		}
		check(&Cli::command(), "");
	}

	fn parse(line: &str) -> Result<Cli, clap::Error> {
		Cli::try_parse_from(line.split(' '))
	}

	#[test]
	fn a_wrong_command_line_is_told_to_programs_as_json() {
		let told = |line: &str| {
			let words: Vec<_> = line.split(' ').map(Into::into).collect();
			Error::in_command_line(&parse(line).unwrap_err(), &words).map(|error| error.to_json())
		};
		let error = told("veilmart --json list --price").expect("a program asks");
		assert_eq!(error["error"]["kind"], "usage");
		let message = error["error"]["message"].as_str().unwrap();
		assert!(
			message.starts_with("a value is required for '--price"),
			"{message}"
		);
		assert_eq!(told("veilmart list --price"), None);
		assert_eq!(told("veilmart --json --help"), None);
	}

	#[test]
	fn commands_are_understood() {
		let cli = parse("veilmart --account shop order 5abc:3 2 --json --url ws://x:1").unwrap();
		assert!(cli.options.json);
		assert_eq!(cli.options.url.as_deref(), Some("ws://x:1"));
		assert!(matches!(
			cli.command,
			Command::Order {
				quantity: 2,
				max_price: None,
				..
			}
		));
		let cli = parse("veilmart --suri //Alice decline //Bob:5 --reason out-of-stock").unwrap();
		assert!(matches!(
			cli.command,
			Command::Decline {
				reason: Reason::OutOfStock,
				..
			}
		));
		let cli = parse("veilmart --account judge resolve buyer:5 penalised").unwrap();
		assert!(matches!(
			cli.command,
			Command::Resolve {
				verdict: Decision::Penalised,
				..
			}
		));
		let cli = parse("veilmart --account shop reclaim 12 --from buyer").unwrap();
		assert!(matches!(cli.command, Command::Reclaim { transfer: 12, from } if from == "buyer"));
		let cli = parse("veilmart --account shop history --csv").unwrap();
		assert!(matches!(cli.command, Command::History { from: 1, csv: true }));
		let cli = parse("veilmart --account shop serve --rules r.toml --once --shipped //Bob:4").unwrap();
		assert!(matches!(
			cli.command,
			Command::Serve { once: true, check: false, shipped, .. } if shipped == ["//Bob:4"]
		));
		let cli = parse("veilmart --account buyer batch --first 17 orders.txt").unwrap();
		assert!(matches!(cli.command, Command::Batch { first: Some(17), .. }));
		let cli = parse("veilmart refresh stock 3 --account shop").unwrap();
		assert!(matches!(
			cli.command,
			Command::Refresh(RefreshCommand::Stock { listing: 3 })
		));
		let cli = parse("veilmart ca keygen --out x").unwrap();
		assert!(matches!(cli.command, Command::Ca(CaCommand::Keygen { bits, .. }) if bits == "2048"));
		let cli = parse("veilmart ca recover --key k --of //Bob --out f credit transfer://Alice:3").unwrap();
		assert!(matches!(
			cli.command,
			Command::Ca(CaCommand::Recover {
				what: LostCommand::Credit { .. },
				unrecorded: false,
				..
			})
		));
		let cli = parse("veilmart --account ca ca decrypt --key k --key-passphrase-file p --order //Bob:5")
			.unwrap();
		assert!(matches!(
			cli.command,
			Command::Ca(CaCommand::Decrypt { order: Some(order), .. }) if order == "//Bob:5"
		));
		assert!(parse("veilmart --account ca certificate renew shop.json").is_ok());
		assert!(parse("veilmart certificate request --role buyer --role seller --organisation Shop").is_ok());
		assert!(parse("veilmart orders --state shipped").is_ok());
		let genesis = "ab".repeat(32);
		let cli = parse(&format!(
			"veilmart certificate request --role buyer --organisation Shop --genesis 0x{genesis}"
		));
		assert_eq!(cli.unwrap().options.genesis, Some(Hash::repeat_byte(0xAB)));
		let cli = parse("veilmart --suri //Bob certificate view-key --rotate").unwrap();
		assert!(matches!(
			cli.command,
			Command::Certificate(CertificateCommand::ViewKey { rotate: true })
		));
	}

	#[test]
	fn wrong_usage_is_refused_with_status_2() {
		for line in [
			"veilmart",
			"veilmart --account a --suri //Alice balance",
			"veilmart ca keygen --bits 1024 --out x",
			"veilmart ca decrypt --key k",
			"veilmart ca decrypt --key k --of a --ciphertext 0x00",
			"veilmart ca decrypt --key k --of a --order a:1",
			"veilmart ca recover --key k --of a --out f",
			"veilmart ca recover --key k --out f balance",
			"veilmart audit verify",
			"veilmart recover",
			"veilmart batch",
			"veilmart certificate revoke",
			"veilmart order //Alice:3 two",
			"veilmart reclaim 12",
			"veilmart refresh",
			"veilmart refresh stock",
			"veilmart resolve //Bob:5 guilty",
			"veilmart restock 3 -1",
			"veilmart settle",
			"veilmart serve",
			"veilmart serve --rules r.toml --check --once",
			"veilmart certificate request --organisation Shop",
			"veilmart --passphrase secret balance",
			"veilmart --genesis 0x12 balance",
			"veilmart authority",
			"veilmart chain forget",
			"veilmart chain forget Development",
		] {
			let error = parse(line).expect_err(line);
			assert_eq!(error.exit_code(), 2, "{line}");
		}
	}
}
