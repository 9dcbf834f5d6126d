//! The chain of a consortium: a file says who takes part, and a chain specification comes out.
//!
//! Everything is checked before anything is written. What is wrong is said with the name that it has in the file, and a key
//! never with its value: somebody may have put a secret there.

use std::{
	collections::BTreeMap,
	fs,
	io::{self, Write},
	path::Path,
	time::{SystemTime, UNIX_EPOCH},
};

use pallet_certificates::{GenesisCertificate, Moment, Role, Roles, ViewKey};
use pallet_ecommerce::Terms;
use pallet_td_raft_election::GenesisAuthority;
use sc_service::{config::MultiaddrWithPeerId, ChainType};
use serde::Deserialize;
use sp_core::{crypto::Ss58Codec, sr25519};
use veilmart_runtime::{
	consortium::{largest_council, least_period, Consortium},
	genesis_presets::preset_names,
	AccountId, SS58_PREFIX,
};
use veilmart_td_raft::{Authority, AuthorityId, ShareKey, Timing, MAX_AUTHORITIES};

use crate::{
	chain_spec::{self, ChainSpec},
	cli::ConsortiumParams,
};

#[cfg(test)]
mod tests;

/// The longest id and the longest name of a chain, and the longest name of an organisation, in bytes.
const LONGEST_NAME: usize = 64;

/// An hour and a day in milliseconds.
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Δ in milliseconds if the file says nothing: the first that serves so many authorities. In a large set it has to be small, or
/// a transaction could have to wait for too long.
const DELTAS: [u32; 3] = [100, 50, 25];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
	id: String,
	name: String,
	ca: String,
	council: Vec<String>,
	#[serde(default)]
	boot_nodes: Vec<String>,
	authority: Vec<AuthorityEntry>,
	certificate: Vec<CertificateEntry>,
	#[serde(default)]
	terms: TermsEntry,
	#[serde(default)]
	timing: TimingEntry,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityEntry {
	account: String,
	tdrf: String,
	tdsh: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateEntry {
	account: String,
	organisation: String,
	roles: Roles,
	/// In minor units.
	quota: Option<u64>,
	valid_until: Option<Moment>,
	view_key: Option<String>,
}

/// Periods as texts, see [`duration`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermsEntry {
	accept: Option<String>,
	ship: Option<String>,
	grace: Option<String>,
	confirm: Option<String>,
	resolve: Option<String>,
	bond_multiple: Option<u32>,
	penalty_share: Option<u32>,
}

/// Times as texts, see [`duration`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingEntry {
	delta: Option<String>,
	min_block_interval: Option<String>,
	idle_block_interval: Option<String>,
	heartbeat: Option<String>,
	status: Option<String>,
	election_timeout: Option<String>,
	spread: Option<String>,
	vote_delay: Option<String>,
	sync_timeout: Option<String>,
}

/// What a file says, checked.
#[derive(Debug)]
struct Description {
	name: String,
	boot_nodes: Vec<MultiaddrWithPeerId>,
	consortium: Consortium,
}

/// Makes the specification that the file describes and writes it. Nothing is written unless genesis can be built from it.
pub fn run(params: &ConsortiumParams) -> Result<(), String> {
	let path = params.config.display();
	let text = fs::read_to_string(&params.config).map_err(|error| format!("Cannot read {path}: {error}"))?;
	let now = SystemTime::now()
		.duration_since(UNIX_EPOCH)
		.map_err(|_| "The clock of this machine is before 1970.")?;
	let now = Moment::try_from(now.as_millis()).unwrap_or(Moment::MAX);
	let description = read(&text, now).map_err(|error| format!("{path}: {error}"))?;
	let mut specification = specification(description)?;
	match &params.ca.ca_key {
		Some(key) => specification = chain_spec::with_ca_key(&specification, chain_spec::read_ca_key(key)?)?,
		None if params.raw => {
			return Err("--raw needs --ca-key: a raw specification takes no key later.".into())
		}
		None => eprintln!("There is no key of the certificate authority in it: see --ca-key."),
	}
	let raw = specification
		.as_json(true)
		.map_err(|error| format!("Genesis cannot be built from {path}: {error}"))?;
	let json = if params.raw {
		raw
	} else {
		specification.as_json(false)?
	};
	match &params.output {
		Some(output) => write(output, &json).map_err(|error| format!("{}: {error}", output.display())),
		None => {
			let mut output = io::stdout().lock();
			output
				.write_all(json.as_bytes())
				.and_then(|()| output.flush())
				.map_err(|error| format!("The specification was not written: {error}"))
		}
	}
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
	let mut partial = path.as_os_str().to_owned();
	partial.push(".partial");
	let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, path));
	if written.is_err() {
		let _ = fs::remove_file(&partial);
	}
	written
}

/// The specification, with a new dealing and without the ledger's key.
fn specification(description: Description) -> Result<ChainSpec, String> {
	let Description {
		name,
		boot_nodes,
		consortium,
	} = description;
	Ok(ChainSpec::builder(chain_spec::code()?, None)
		.with_name(&name)
		.with_id(&consortium.chain_id)
		.with_protocol_id(chain_spec::PROTOCOL)
		.with_chain_type(ChainType::Live)
		.with_boot_nodes(boot_nodes)
		.with_properties(chain_spec::properties())
		.with_genesis_config_patch(consortium.genesis()?)
		.build())
}

/// Reads a file. `now` in milliseconds since 1970: certificates have to be valid then.
fn read(text: &str, now: Moment) -> Result<Description, String> {
	let file: File = toml::from_str(text).map_err(|error| explain(&error, text))?;
	check_id(&file.id)?;
	check_name("name", &file.name)?;
	let authorities = authorities(&file.authority)?;
	let count = u16::try_from(authorities.len()).unwrap_or(u16::MAX);
	let council = council(&file.council)?;
	let (certificates, issuer_quotas) = certificates(&file.certificate, now)?;
	for (authority, number) in authorities.iter().zip(1..) {
		let is_validator = |(account, certificate): &(AccountId, GenesisCertificate)| {
			*account == authority.account && certificate.roles.contains(Role::Validator)
		};
		if !certificates.iter().any(is_validator) {
			return Err(format!(
				"authority {number}: account has no certificate with the role Validator"
			));
		}
	}
	let timing = timing(&file.timing, count)?;
	let terms = terms(&file.terms, least_period(&timing, count))?;
	let boot_nodes = file.boot_nodes.iter().zip(1..).map(|(address, number)| {
		address.parse::<MultiaddrWithPeerId>().map_err(|error| {
			format!("boot_nodes, {number}: {error}; it ends with /p2p/ and the node's identity")
		})
	});
	Ok(Description {
		name: file.name,
		boot_nodes: boot_nodes.collect::<Result<_, String>>()?,
		consortium: Consortium {
			chain_id: file.id,
			authorities,
			ca: AccountId::from(public_key("ca", &file.ca)?),
			council,
			certificates,
			issuer_quotas,
			terms,
			timing,
		},
	})
}

/// What is wrong with a file that has not the form of one, and where.
fn explain(error: &toml::de::Error, text: &str) -> String {
	let before = error.span().and_then(|span| text.get(..span.start));
	let index = before.unwrap_or_default().matches('\n').count();
	let line = text.lines().nth(index).unwrap_or_default().trim();
	// Not what is behind the sign.
	let what = match line.split_once('=') {
		Some((key, _)) => format!(", {}", key.trim()),
		None if line.starts_with('[') => format!(", {line}"),
		None => String::new(),
	};
	format!("line {}{what}: {}", index.saturating_add(1), error.message())
}

/// The id names a folder, and a chain of the node's own when it is given as `--chain`.
fn check_id(id: &str) -> Result<(), String> {
	let is_fit = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
	if id.is_empty() || id.len() > LONGEST_NAME || !id.chars().all(is_fit) {
		return Err(format!(
			"id: 1 to {LONGEST_NAME} letters, digits, hyphens and underscores"
		));
	}
	let known = preset_names();
	if ["dev", "local"].contains(&id) || known.iter().any(|name| name.as_str() == id) {
		return Err(format!("id: {id} is a chain for tests"));
	}
	Ok(())
}

/// A name that people read.
fn check_name(field: &str, name: &str) -> Result<(), String> {
	if name.trim().is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
		return Err(format!(
			"{field}: 1 to {LONGEST_NAME} bytes, and no control characters"
		));
	}
	Ok(())
}

/// A public key: an address of this chain's format, or `0x` and 64 hexadecimal digits.
fn public_key(field: &str, text: &str) -> Result<[u8; 32], String> {
	let key = match text.starts_with("0x") {
		true => hexadecimal(text),
		false => AccountId::from_ss58check_with_version(text)
			.ok()
			.filter(|(_, format)| u16::from(*format) == SS58_PREFIX)
			.map(|(account, _)| account.into()),
	};
	key.ok_or_else(|| {
		format!(
			"{field}: it is no address of prefix {SS58_PREFIX} (5…), and not 0x and 64 hexadecimal digits"
		)
	})
}

/// 32 bytes: `0x` and 64 digits.
fn hexadecimal(text: &str) -> Option<[u8; 32]> {
	if text.len() != 2 + 64 || !text.starts_with("0x") {
		return None;
	}
	sp_core::bytes::from_hex(text).ok()?.try_into().ok()
}

/// Fails if a value comes twice, and names both places.
fn all_differ<T: Ord>(values: impl IntoIterator<Item = (String, T)>) -> Result<(), String> {
	let mut places = BTreeMap::new();
	for (place, value) in values {
		if let Some(first) = places.insert(value, place.clone()) {
			return Err(format!("{place}: the same as {first}"));
		}
	}
	Ok(())
}

/// The authorities. No key serves two purposes: an account's is kept away from the node, and the others stay there.
fn authorities(entries: &[AuthorityEntry]) -> Result<Vec<GenesisAuthority<AccountId>>, String> {
	if !(1..=usize::from(MAX_AUTHORITIES)).contains(&entries.len()) {
		return Err(format!(
			"authority: there are 1 to {MAX_AUTHORITIES}, not {}",
			entries.len()
		));
	}
	let mut keys = Vec::new();
	let mut authorities = Vec::new();
	for (entry, number) in entries.iter().zip(1..) {
		let field = |name| format!("authority {number}: {name}");
		let account = public_key(&field("account"), &entry.account)?;
		let tdrf = public_key(&field("tdrf"), &entry.tdrf)?;
		let tdsh = public_key(&field("tdsh"), &entry.tdsh)?;
		for (name, key) in [("tdrf", tdrf), ("tdsh", tdsh)] {
			let both = Authority {
				id: AuthorityId(key),
				share_key: ShareKey(key),
			};
			if !both.is_acceptable() {
				return Err(format!("{}: no public key of the scheme sr25519", field(name)));
			}
		}
		keys.extend([
			(field("account"), account),
			(field("tdrf"), tdrf),
			(field("tdsh"), tdsh),
		]);
		authorities.push(GenesisAuthority {
			account: account.into(),
			tdrf: sr25519::Public::from_raw(tdrf),
			tdsh: sr25519::Public::from_raw(tdsh),
		});
	}
	all_differ(keys)?;
	Ok(authorities)
}

/// The council. Without one nobody could ever change anything.
fn council(entries: &[String]) -> Result<Vec<AccountId>, String> {
	let largest = usize::try_from(largest_council()).unwrap_or(usize::MAX);
	if !(1..=largest).contains(&entries.len()) {
		return Err(format!(
			"council: it has 1 to {largest} members, not {}",
			entries.len()
		));
	}
	let place = |number: usize| format!("council, {number}");
	let members = entries
		.iter()
		.zip(1..)
		.map(|(member, number)| public_key(&place(number), member).map(AccountId::from))
		.collect::<Result<Vec<_>, _>>()?;
	all_differ((1..).map(place).zip(&members))?;
	Ok(members)
}

/// Accounts with certificates, and issuers with quotas.
type Certified = (Vec<(AccountId, GenesisCertificate)>, Vec<(AccountId, u64)>);

/// The certificates.
fn certificates(entries: &[CertificateEntry], now: Moment) -> Result<Certified, String> {
	let mut certificates = Vec::new();
	let mut quotas: Vec<(AccountId, u64)> = Vec::new();
	let place = |number: usize| format!("certificate {number}");
	for (entry, number) in entries.iter().zip(1..) {
		let field = |name| format!("{}: {name}", place(number));
		let account = AccountId::from(public_key(&field("account"), &entry.account)?);
		check_name(&field("organisation"), &entry.organisation)?;
		if entry.roles.is_empty() {
			return Err(format!("{}: there is none", field("roles")));
		}
		if entry.valid_until.is_some_and(|end| end <= now) {
			return Err(format!(
				"{}: that is past; it is in milliseconds since 1970",
				field("valid_until")
			));
		}
		let view_key = entry.view_key.as_ref().map(|text| {
			hexadecimal(text)
				.and_then(ViewKey::new)
				.ok_or_else(|| format!("{}: no public key of X25519 (0x…)", field("view_key")))
		});
		if let Some(quota) = entry.quota {
			if !entry.roles.contains(Role::Issuer) {
				return Err(format!("{}: only for the role Issuer", field("quota")));
			}
			let others = quotas.iter().map(|(_, quota)| *quota).sum::<u64>();
			if others.checked_add(quota).is_none() {
				return Err(format!("{}: all quotas together exceed 2^64", field("quota")));
			}
			quotas.push((account.clone(), quota));
		}
		let certificate = GenesisCertificate {
			roles: entry.roles,
			organisation: entry.organisation.clone(),
			view_key: view_key.transpose()?,
			valid_until: entry.valid_until,
		};
		certificates.push((account, certificate));
	}
	let accounts = certificates.iter().map(|(account, _)| account);
	all_differ(
		(1..)
			.map(|number| format!("{}: account", place(number)))
			.zip(accounts),
	)?;
	Ok((certificates, quotas))
}

/// Milliseconds: a whole number and one of `ms`, `s`, `min`, `h`, `d`.
fn duration(field: &str, text: &str) -> Result<u64, String> {
	let end = text
		.find(|character: char| !character.is_ascii_digit())
		.unwrap_or(text.len());
	let (number, unit) = text.split_at(end);
	let unit = match unit {
		"ms" => Some(1),
		"s" => Some(1_000),
		"min" => Some(60_000),
		"h" => Some(HOUR),
		"d" => Some(DAY),
		_ => None,
	};
	unit.zip(number.parse::<u64>().ok())
		.and_then(|(unit, number)| number.checked_mul(unit))
		.ok_or_else(|| format!("{field}: a number and ms, s, min, h or d, such as \"36h\", not {text:?}"))
}

/// The terms of trade. `least` is the shortest period in which anybody may lose money.
fn terms(entry: &TermsEntry, least: Moment) -> Result<Terms, String> {
	let period = |name: &str, given: &Option<String>, usual: u64, least: u64| {
		let field = format!("terms.{name}");
		let period = given.as_ref().map_or(Ok(usual), |text| duration(&field, text))?;
		if !(least..=Terms::MAX_PERIOD).contains(&period) {
			return Err(format!(
				"{field}: {period} ms; with these authorities and this timing it has at least {least} ms, and at most {} d",
				Terms::MAX_PERIOD / DAY
			));
		}
		Ok(period)
	};
	let terms = Terms {
		accept_period: period("accept", &entry.accept, DAY, 1)?,
		ship_period: period("ship", &entry.ship, 5 * DAY, 1)?,
		grace_period: period("grace", &entry.grace, 2 * DAY, least)?,
		confirm_period: period("confirm", &entry.confirm, 7 * DAY, least)?,
		resolve_period: period("resolve", &entry.resolve, 14 * DAY, least)?,
		bond_multiple: entry.bond_multiple.unwrap_or(10),
		penalty_share: entry.penalty_share.unwrap_or(0),
	};
	// The periods are good: what is left are bond and share.
	terms
		.check(least)
		.map_err(|unfit| format!("terms.bond_multiple or terms.penalty_share: {}", unfit.sentence()))?;
	Ok(terms)
}

/// The timing of [`Timing::LOCAL`], stretched for another Δ and set size: the same with 50 ms and up to ten authorities.
fn stretched(delta: u32, authorities: u16) -> Timing {
	let times = |number: u32| delta.saturating_mul(number);
	let spread = times(u32::from(authorities.max(10)));
	let election_timeout = spread.saturating_add(times(20));
	Timing {
		delta,
		heartbeat: times(5),
		status: times(20),
		election_timeout,
		spread,
		vote_delay: times(4),
		sync_timeout: election_timeout.saturating_mul(2),
		..Timing::LOCAL
	}
}

/// What is wrong with a timing.
fn check_timing(timing: &Timing, authorities: u16) -> Result<(), String> {
	timing
		.check(authorities)
		.and_then(|()| timing.check_wait())
		.map_err(|error| format!("timing: {error}"))
}

/// The timing: what the file says, and the rest by Δ.
fn timing(entry: &TimingEntry, authorities: u16) -> Result<Timing, String> {
	let time = |name: &str, given: &Option<String>, usual: u32| match given {
		None => Ok(usual),
		Some(text) => {
			let field = format!("timing.{name}");
			let time = duration(&field, text)?;
			u32::try_from(time).map_err(|_| format!("{field}: {time} ms is too long"))
		}
	};
	let serves = |delta: &u32| check_timing(&stretched(*delta, authorities), authorities).is_ok();
	let usual = DELTAS.into_iter().find(serves).unwrap_or(Timing::LOCAL.delta);
	let usual = stretched(time("delta", &entry.delta, usual)?, authorities);
	let timing = Timing {
		delta: usual.delta,
		min_block_interval: time(
			"min_block_interval",
			&entry.min_block_interval,
			usual.min_block_interval,
		)?,
		idle_block_interval: time(
			"idle_block_interval",
			&entry.idle_block_interval,
			usual.idle_block_interval,
		)?,
		heartbeat: time("heartbeat", &entry.heartbeat, usual.heartbeat)?,
		status: time("status", &entry.status, usual.status)?,
		election_timeout: time(
			"election_timeout",
			&entry.election_timeout,
			usual.election_timeout,
		)?,
		spread: time("spread", &entry.spread, usual.spread)?,
		vote_delay: time("vote_delay", &entry.vote_delay, usual.vote_delay)?,
		sync_timeout: time("sync_timeout", &entry.sync_timeout, usual.sync_timeout)?,
	};
	check_timing(&timing, authorities)?;
	Ok(timing)
}
