//! Everything that can follow `veilmart`, in the order in which its help shows it.
//!
//! What a participant does on the marketplace stands here itself; what the others can do stands in a file each, beside this
//! one.

use std::path::PathBuf;

use clap::Subcommand;

use super::{
	AccountCommand, AuditCommand, AuthorityCommand, CaCommand, CertificateCommand, ChainCommand, Decision,
	FinalityCommand, Reason, State,
};

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
		after_help = "EXAMPLES:\n  veilmart --account buyer batch orders.txt\n  veilmart --account buyer batch --anew orders.txt\n\nEach line is a command as it is written behind `veilmart --account buyer`, such as `order shop:3 2`; lines that begin\nwith # are left out. What is sent is noted in a journal beside the file, orders.txt.journal, before it leaves: after whatever\nhappened the same command goes on where it was, and nothing is done twice or left out. The first call that fails ends it; put\nthat line right and give the file again. Lines that are done have to stay as they are."
	)]
	Batch {
		/// The file. Commands: issue, transfer, redeem, list, reprice, restock, quote, order, cancel,
		/// confirm, dispute, accept, decline, ship.
		file: PathBuf,
		/// Make the calls of a file that was done before once more, and name them. Not in the middle of a file: to go on after an
		/// interruption, leave it out. The journal gets the ending .old.
		#[arg(long)]
		anew: bool,
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
