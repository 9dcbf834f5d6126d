//! The rule file: what the agent does, written down by the seller.
//!
//! TOML; `docs/merchants.md` explains it with an example. A key that nobody knows, a value that cannot be meant, two rules
//! that contradict each other: each is an error that names file, line and key, because a rule that is silently ignored costs
//! money.

use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
	path::Path,
	time::Duration,
};

use clap::ValueEnum;
use pallet_ecommerce::DeclineReason;
use serde::{
	de::{Error as _, SeqAccess, Visitor},
	Deserialize, Deserializer,
};
use toml::Spanned;
use veilmart_runtime::AccountId;

use crate::{
	account::address,
	amount,
	cli::Reason,
	error::{Error, Result},
	names::Names,
};

/// The largest rule file that is read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The longest that a ship command may take, in seconds: orders wait meanwhile.
const LONGEST_COMMAND: u64 = 3_600;

/// How many accepted orders may wait to be shipped by a command, if the file says nothing: what is lost at most if the
/// command ships none of them.
const OPEN_FOR_COMMAND: u64 = 20;

/// What the agent does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
	/// Which orders are accepted.
	pub accept: Accept,
	/// Whose.
	pub buyers: Buyers,
	/// What is done about an order that breaks a rule.
	pub answers: BTreeMap<Rule, Answer>,
	/// How accepted orders are shipped.
	pub ship: Ship,
	/// When credits are collected; `None` leaves them to a person.
	pub collect: Option<Collect>,
	/// Who always has a quote for every listing that orders are accepted for.
	pub quote: Vec<AccountId>,
}

/// Which orders are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
	/// Of which listings.
	pub listings: Listings,
	/// The most pieces of one order.
	pub max_quantity: Option<u64>,
	/// The least total of one order, in minor units.
	pub min_total: Option<u64>,
	/// The largest total of one order, in minor units.
	pub max_total: Option<u64>,
	/// Pieces of each listing that are not sold.
	pub stock_reserve: u64,
	/// What the balance does not fall below for bonds, in minor units.
	pub balance_reserve: u64,
	/// The most orders that are accepted and not shipped at the same time.
	pub max_open: Option<u64>,
}

/// Own listings, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listings {
	/// Every one.
	All,
	/// These.
	These(BTreeSet<u64>),
}

impl Listings {
	/// Whether the listing with this number is among them.
	pub fn contains(&self, listing: u64) -> bool {
		match self {
			Self::All => true,
			Self::These(numbers) => numbers.contains(&listing),
		}
	}
}

/// Whose orders are accepted. What is denied counts before what is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buyers {
	/// These accounts; with [`Buyers::allow_organisations`], nobody else. Everybody if both are empty.
	pub allow: BTreeSet<AccountId>,
	/// The accounts of these organisations, as their certificates name them.
	pub allow_organisations: BTreeSet<String>,
	/// Never these accounts.
	pub deny: BTreeSet<AccountId>,
	/// Never accounts of these organisations.
	pub deny_organisations: BTreeSet<String>,
}

impl Buyers {
	/// Whether certificates have to be read.
	pub fn need_organisations(&self) -> bool {
		!self.allow_organisations.is_empty() || !self.deny_organisations.is_empty()
	}

	/// Whether the buyer is served.
	pub fn serve(&self, buyer: &AccountId, organisation: Option<&str>) -> bool {
		let among = |names: &BTreeSet<String>| organisation.is_some_and(|name| names.contains(name));
		if self.deny.contains(buyer) || among(&self.deny_organisations) {
			return false;
		}
		let open = self.allow.is_empty() && self.allow_organisations.is_empty();
		open || self.allow.contains(buyer) || among(&self.allow_organisations)
	}
}

/// A rule that an order can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
	/// The note does not open the order's ciphertexts, bit for bit.
	Note,
	/// The listing is no longer for sale.
	Gone,
	/// The listing is not one that the agent sells.
	Listing,
	/// The buyer is not served.
	Buyer,
	/// Too many pieces.
	Quantity,
	/// The total is too small or too large.
	Total,
	/// The stock does not suffice.
	Stock,
	/// The balance does not suffice for the bond.
	Bond,
}

impl Rule {
	const ALL: [Self; 8] = [
		Self::Note,
		Self::Gone,
		Self::Listing,
		Self::Buyer,
		Self::Quantity,
		Self::Total,
		Self::Stock,
		Self::Bond,
	];

	/// What is done if the file says nothing.
	fn default_answer(self) -> Answer {
		Answer::Decline(match self {
			Self::Note => Reason::NoteMismatch,
			Self::Gone | Self::Stock => Reason::OutOfStock,
			Self::Buyer => Reason::NotServed,
			Self::Quantity | Self::Total => Reason::Unspecified,
			Self::Bond => Reason::NoBond,
			// Somebody else may look after it.
			Self::Listing => return Answer::Leave,
		})
	}
}

/// What is done about an order that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
	/// It is declined, with this reason on the chain.
	Decline(Reason),
	/// It is left to a person. Unanswered it lapses, and the buyer gets its money back.
	Leave,
}

impl Answer {
	/// The reason on the chain.
	pub fn reason(self) -> Option<DeclineReason> {
		match self {
			Self::Decline(reason) => Some(reason.into()),
			Self::Leave => None,
		}
	}
}

/// How accepted orders are shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ship {
	/// By a person, with `veilmart ship`.
	Manual,
	/// At once: for what is delivered without anybody doing something.
	Always,
	/// When a command has shipped it.
	Command(ShipCommand),
}

/// The command that ships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipCommand {
	/// The program and its arguments. No shell is involved.
	pub words: Vec<String>,
	/// How long it may take.
	pub timeout: Duration,
}

/// When credits are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
	/// From which sum on, in minor units.
	pub at_least: u64,
	/// How much time passes at least between one time and the next.
	pub every: Duration,
}

impl Rules {
	/// Reads a rule file. Accounts are named as on the command line.
	pub fn read(path: &Path, names: &Names) -> Result<Self> {
		let shown = path.display();
		let failed =
			|error: std::io::Error| Error::file(format!("Cannot read the rules from {shown}: {error}"));
		if std::fs::metadata(path).map_err(failed)?.len() > LARGEST_FILE {
			return Err(Error::file(format!("{shown} is too large for a rule file.")));
		}
		let text = std::fs::read_to_string(path).map_err(failed)?;
		Self::parse(&text, names).map_err(|problem| Error::usage(format!("{shown}, {problem}")))
	}

	/// The rules, or the line with what is wrong there.
	pub fn parse(text: &str, names: &Names) -> Result<Self, String> {
		let file: RulesFile = toml::from_str(text).map_err(|error| {
			let line = error.span().map_or(1, |span| line_of(text, span.start));
			format!("line {line}: {}", error.message().trim().replace('\n', "; "))
		})?;
		file.resolve(
			&|start, problem| format!("line {}: {problem}", line_of(text, start)),
			names,
		)
	}

	/// What is done about an order that breaks this rule.
	pub fn answer(&self, rule: Rule) -> Answer {
		self.answers
			.get(&rule)
			.copied()
			.unwrap_or_else(|| rule.default_answer())
	}

	/// The rules in words, one in each line.
	pub fn describe(&self) -> Vec<String> {
		let mut lines = Vec::new();
		lines.push(match &self.accept.listings {
			Listings::All => "Accepts orders of every listing of yours.".into(),
			Listings::These(numbers) => format!("Accepts orders of the listings {}.", joined(numbers)),
		});
		if let Some(pieces) = self.accept.max_quantity {
			lines.push(format!("At most {pieces} pieces each."));
		}
		if let Some(total) = self.accept.min_total {
			lines.push(format!("At least {} in all each.", amount::show(total)));
		}
		if let Some(total) = self.accept.max_total {
			lines.push(format!("At most {} in all each.", amount::show(total)));
		}
		lines.push(format!(
			"Keeps {} pieces of each listing and {} of the balance.",
			self.accept.stock_reserve,
			amount::show(self.accept.balance_reserve)
		));
		if let Some(orders) = self.accept.max_open {
			lines.push(format!(
				"Accepts nothing more while {} to be shipped.",
				if orders == 1 {
					"an accepted order waits".into()
				} else {
					format!("{orders} accepted orders wait")
				}
			));
		}
		let accounts = |accounts: &BTreeSet<AccountId>| joined(accounts.iter().map(address));
		for (what, list) in [
			("Serves", accounts(&self.buyers.allow)),
			(
				"Serves the organisations",
				joined(&self.buyers.allow_organisations),
			),
			("Never serves", accounts(&self.buyers.deny)),
			(
				"Never serves the organisations",
				joined(&self.buyers.deny_organisations),
			),
		] {
			if !list.is_empty() {
				lines.push(format!("{what} {list}."));
			}
		}
		for rule in Rule::ALL {
			let rule_name = format!("{rule:?}").to_lowercase();
			lines.push(match self.answer(rule) {
				Answer::Leave => format!("Leaves to you what breaks the rule \"{rule_name}\"."),
				Answer::Decline(reason) => {
					format!(
						"Declines what breaks the rule \"{rule_name}\": {}.",
						reason_name(reason)
					)
				}
			});
		}
		lines.push(match &self.ship {
			Ship::Manual => "Leaves shipping to you.".into(),
			Ship::Always => "Says of every accepted order at once that it was shipped.".into(),
			Ship::Command(command) => format!(
				"Ships with the command {:?}, which has {} s.",
				command.words,
				command.timeout.as_secs()
			),
		});
		lines.push(match &self.collect {
			None => "Leaves collecting to you.".into(),
			Some(collect) => format!(
				"Collects {} and more, at most every {} s.",
				amount::show(collect.at_least),
				collect.every.as_secs()
			),
		});
		if !self.quote.is_empty() {
			lines.push(format!(
				"Sees to it that these always have quotes: {}.",
				joined(self.quote.iter().map(address))
			));
		}
		lines
	}
}

/// The word of the command line for a reason.
pub(super) fn reason_name(reason: Reason) -> String {
	reason
		.to_possible_value()
		.map(|value| value.get_name().to_owned())
		.unwrap_or_default()
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
	let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
	items.join(", ")
}

/// The number of the line that this byte is in, from 1.
fn line_of(text: &str, byte: usize) -> usize {
	1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

// What stands in the file.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
	accept: AcceptTable,
	#[serde(default)]
	buyers: BuyersTable,
	#[serde(default)]
	decline: DeclineTable,
	ship: Spanned<ShipTable>,
	#[serde(default)]
	collect: Option<CollectTable>,
	#[serde(default)]
	quote: QuoteTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptTable {
	listings: Listings,
	max_quantity: Option<u64>,
	min_total: Option<Amount>,
	max_total: Option<Spanned<Amount>>,
	#[serde(default)]
	stock_reserve: u64,
	#[serde(default)]
	balance_reserve: Amount,
	max_open: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BuyersTable {
	allow: Vec<Spanned<String>>,
	allow_organisations: BTreeSet<String>,
	deny: Vec<Spanned<String>>,
	deny_organisations: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DeclineTable {
	note: Option<AnswerWord>,
	gone: Option<AnswerWord>,
	listing: Option<AnswerWord>,
	buyer: Option<AnswerWord>,
	quantity: Option<AnswerWord>,
	total: Option<AnswerWord>,
	stock: Option<AnswerWord>,
	bond: Option<AnswerWord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShipTable {
	when: When,
	command: Option<Vec<String>>,
	timeout_seconds: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
	Manual,
	Always,
	Command,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectTable {
	#[serde(default)]
	at_least: Amount,
	#[serde(default)]
	every_seconds: u64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct QuoteTable {
	buyers: Vec<Spanned<String>>,
}

/// An amount like "12.50", in quotation marks: a number of TOML could be meant in either unit.
#[derive(Clone, Copy, Default)]
struct Amount(u64);

impl<'de> Deserialize<'de> for Amount {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Written;
		impl Visitor<'_> for Written {
			type Value = Amount;
			fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
				f.write_str("an amount in quotation marks, like \"12.50\"")
			}
			fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
				amount::parse(text).map(Amount).map_err(E::custom)
			}
		}
		deserializer.deserialize_str(Written)
	}
}

impl<'de> Deserialize<'de> for Listings {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Written;
		impl<'de> Visitor<'de> for Written {
			type Value = Listings;
			fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
				f.write_str("\"all\" or numbers of listings, like [3, 7]")
			}
			fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Listings, E> {
				match text {
					"all" => Ok(Listings::All),
					_ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
				}
			}
			fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Listings, A::Error> {
				let mut numbers = BTreeSet::new();
				while let Some(number) = seq.next_element()? {
					numbers.insert(number);
				}
				Ok(Listings::These(numbers))
			}
		}
		deserializer.deserialize_any(Written)
	}
}

struct AnswerWord(Answer);

impl<'de> Deserialize<'de> for AnswerWord {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let word = String::deserialize(deserializer)?;
		if word == "leave" {
			return Ok(Self(Answer::Leave));
		}
		Reason::from_str(&word, false)
			.map(|reason| Self(Answer::Decline(reason)))
			.map_err(|_| {
				let known = joined(Reason::value_variants().iter().map(|reason| reason_name(*reason)));
				D::Error::custom(format!("\"{word}\" is no answer; write leave or one of {known}"))
			})
	}
}

/// Puts the line in front of a problem at a byte of the file.
type AtLine<'a> = &'a dyn Fn(usize, &str) -> String;

impl RulesFile {
	fn resolve(self, at_line: AtLine<'_>, names: &Names) -> Result<Rules, String> {
		let accounts = |list: &[Spanned<String>]| {
			let account = |text: &Spanned<String>| {
				names
					.account(text.get_ref())
					.map_err(|error| at_line(text.span().start, &error.to_string()))
			};
			list.iter().map(account).collect::<Result<Vec<_>, String>>()
		};
		let (allow, deny) = (accounts(&self.buyers.allow)?, accounts(&self.buyers.deny)?);
		if let Some((index, both)) = deny.iter().enumerate().find(|(_, denied)| allow.contains(denied)) {
			let place = self.buyers.deny.get(index).map_or(0, |text| text.span().start);
			return Err(at_line(
				place,
				&format!("{} is allowed and denied at once", address(both)),
			));
		}
		let organisations = &self.buyers.deny_organisations;
		if let Some(both) = organisations
			.intersection(&self.buyers.allow_organisations)
			.next()
		{
			return Err(format!("[buyers]: {both:?} is allowed and denied at once"));
		}
		let max_total = self.accept.max_total;
		if let (Some(least), Some(most)) = (&self.accept.min_total, &max_total) {
			if least.0 > most.get_ref().0 {
				return Err(at_line(most.span().start, "max_total is less than min_total"));
			}
		}
		let ship = ship(self.ship, at_line)?;
		let max_open = match self.accept.max_open {
			Some(most) if *most.get_ref() == 0 => {
				return Err(at_line(
					most.span().start,
					"max_open = 0 would accept nothing; leave it out, or stop the agent",
				))
			}
			Some(most) => Some(most.into_inner()),
			None => matches!(ship, Ship::Command(_)).then_some(OPEN_FOR_COMMAND),
		};
		let given = [
			(Rule::Note, self.decline.note),
			(Rule::Gone, self.decline.gone),
			(Rule::Listing, self.decline.listing),
			(Rule::Buyer, self.decline.buyer),
			(Rule::Quantity, self.decline.quantity),
			(Rule::Total, self.decline.total),
			(Rule::Stock, self.decline.stock),
			(Rule::Bond, self.decline.bond),
		];
		Ok(Rules {
			accept: Accept {
				listings: self.accept.listings,
				max_quantity: self.accept.max_quantity,
				min_total: self.accept.min_total.map(|total| total.0),
				max_total: max_total.map(|total| total.into_inner().0),
				stock_reserve: self.accept.stock_reserve,
				balance_reserve: self.accept.balance_reserve.0,
				max_open,
			},
			buyers: Buyers {
				allow: allow.into_iter().collect(),
				allow_organisations: self.buyers.allow_organisations,
				deny: deny.into_iter().collect(),
				deny_organisations: self.buyers.deny_organisations,
			},
			answers: given
				.into_iter()
				.filter_map(|(rule, word)| Some((rule, word?.0)))
				.collect(),
			ship,
			collect: self.collect.map(|table| Collect {
				at_least: table.at_least.0,
				every: Duration::from_secs(table.every_seconds),
			}),
			quote: accounts(&self.quote.buyers)?,
		})
	}
}

fn ship(table: Spanned<ShipTable>, at_line: AtLine<'_>) -> Result<Ship, String> {
	let start = table.span().start;
	let ShipTable {
		when,
		command,
		timeout_seconds,
	} = table.into_inner();
	let wrong = |problem: &str| Err(at_line(start, &format!("[ship] {problem}")));
	if when != When::Command {
		if command.is_some() || timeout_seconds.is_some() {
			return wrong("command and timeout_seconds are for when = \"command\" only");
		}
		return Ok(match when {
			When::Always => Ship::Always,
			_ => Ship::Manual,
		});
	}
	let words = command.unwrap_or_default();
	if words.first().is_none_or(|program| program.is_empty()) {
		return wrong("needs a command, like command = [\"/usr/local/bin/pack\"]");
	}
	let seconds = timeout_seconds.unwrap_or(60);
	if !(1..=LONGEST_COMMAND).contains(&seconds) {
		return wrong(&format!("timeout_seconds is between 1 and {LONGEST_COMMAND}"));
	}
	Ok(Ship::Command(ShipCommand {
		words,
		timeout: Duration::from_secs(seconds),
	}))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{account::Account, keystore::Keystore};

	fn parse(text: &str) -> Result<Rules, String> {
		let folder = tempfile::tempdir().unwrap();
		Rules::parse(text, &Names::new(Keystore::new(folder.path())))
	}

	fn id(name: &str) -> AccountId {
		Account::development(name).unwrap().id()
	}

	const LEAST: &str = "[accept]\nlistings = \"all\"\n[ship]\nwhen = \"manual\"\n";

	#[test]
	fn a_complete_file_is_understood() {
		let rules = parse(
			"[accept]\nlistings = [3, 7]\nmax_quantity = 10\nmin_total = \"5.00\"\nmax_total = \"100\"\nstock_reserve = 2\nbalance_reserve = \"50.00\"\nmax_open = 7\n\
			[buyers]\nallow = [\"//Bob\"]\nallow_organisations = [\"Corner Shop\"]\ndeny = [\"//Charlie\"]\n\
			[decline]\nquantity = \"out-of-stock\"\nbond = \"leave\"\n\
			[ship]\nwhen = \"command\"\ncommand = [\"pack\", \"--now\"]\ntimeout_seconds = 5\n\
			[collect]\nat_least = \"10.00\"\nevery_seconds = 60\n\
			[quote]\nbuyers = [\"//Bob\"]\n",
		)
		.unwrap();
		assert!(rules.accept.listings.contains(7) && !rules.accept.listings.contains(4));
		assert_eq!(
			(rules.accept.min_total, rules.accept.max_total),
			(Some(500), Some(10_000))
		);
		assert_eq!(rules.answer(Rule::Quantity), Answer::Decline(Reason::OutOfStock));
		assert_eq!(rules.answer(Rule::Bond), Answer::Leave);
		assert_eq!(
			rules.answer(Rule::Note).reason(),
			Some(DeclineReason::NoteMismatch)
		);
		assert_eq!(rules.quote, [id("//Bob")]);
		let Ship::Command(command) = &rules.ship else {
			panic!("a command was given")
		};
		assert_eq!(command.timeout, Duration::from_secs(5));
		assert_eq!(rules.accept.max_open, Some(7));
		assert!(rules.describe().len() > 10);
	}

	#[test]
	fn what_is_wrong_is_named_with_its_line() {
		for (text, line, named) in [
			("[accept]\nlistings = \"all\"\nmax_quantitty = 3\n[ship]\nwhen = \"manual\"", 3, "max_quantitty"),
			("[accept]\nlistings = \"all\"\n[shipp]\nwhen = \"manual\"", 3, "shipp"),
			("[accept]\nlistings = \"some\"\n[ship]\nwhen = \"manual\"", 2, "some"),
			("[accept]\nlistings = [1, -2]\n[ship]\nwhen = \"manual\"", 2, "-2"),
			("[accept]\nlistings = \"all\"\nmin_total = 5\n[ship]\nwhen = \"manual\"", 3, "quotation marks"),
			("[accept]\nlistings = \"all\"\nmin_total = \"5,00\"\n[ship]\nwhen = \"manual\"", 3, "5,00"),
			("[accept]\nlistings = \"all\"\n\n[ship]\nwhen = \"sometimes\"", 5, "sometimes"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"command\"", 3, "command"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"always\"\ncommand = [\"x\"]", 3, "command"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"command\"\ncommand = [\"x\"]\ntimeout_seconds = 0", 3, "timeout_seconds"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"manual\"\n[decline]\nbond = \"never\"", 6, "no-bond"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"manual\"\n[buyers]\nallow = [\"//Bob\",\n\"nobody\"]", 7, "nobody"),
			("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"manual\"\n[buyers]\nallow = [\"//Bob\"]\ndeny = [\"//Bob\"]", 7, "at once"),
			("[accept]\nlistings = \"all\"\nmax_open = 0\n[ship]\nwhen = \"manual\"", 3, "max_open"),
			("[accept]\nlistings = \"all\"\nmin_total = \"5\"\nmax_total = \"4\"\n[ship]\nwhen = \"manual\"", 4, "max_total"),
			("[ship]\nwhen = \"manual\"", 1, "accept"),
			("[accept]\nlistings = \"all\"", 1, "ship"),
			("accept", 1, ""),
		] {
			let problem = parse(text).expect_err(text);
			assert!(
				problem.starts_with(&format!("line {line}: ")) && problem.contains(named),
				"{text:?}: {problem}"
			);
		}
	}

	#[test]
	fn who_is_denied_is_not_served_whoever_else_is() {
		let mut buyers = Buyers::default();
		assert!(buyers.serve(&id("//Bob"), None));
		buyers.deny = [id("//Bob")].into();
		assert!(!buyers.serve(&id("//Bob"), None) && buyers.serve(&id("//Eve"), None));
		buyers.allow_organisations = ["Corner Shop".to_owned()].into();
		assert!(buyers.need_organisations());
		assert!(!buyers.serve(&id("//Bob"), Some("Corner Shop")));
		assert!(buyers.serve(&id("//Eve"), Some("Corner Shop")));
		assert!(!buyers.serve(&id("//Eve"), None));
		buyers.deny_organisations = ["Corner Shop".to_owned()].into();
		buyers.allow = [id("//Eve")].into();
		assert!(!buyers.serve(&id("//Eve"), Some("Corner Shop")));
		assert!(buyers.serve(&id("//Eve"), Some("Other")));
	}

	#[test]
	fn the_least_that_a_file_can_say() {
		let rules = parse(LEAST).unwrap();
		assert_eq!(rules.ship, Ship::Manual);
		assert_eq!((rules.collect, rules.accept.stock_reserve), (None, 0));
		assert_eq!(rules.accept.max_open, None, "a person looks after it");
		let command =
			parse("[accept]\nlistings = \"all\"\n[ship]\nwhen = \"command\"\ncommand = [\"x\"]\n").unwrap();
		assert_eq!(command.accept.max_open, Some(OPEN_FOR_COMMAND));
		assert_eq!(rules.answer(Rule::Listing), Answer::Leave);
		for rule in Rule::ALL {
			let _ = rules.answer(rule);
		}
	}
}
