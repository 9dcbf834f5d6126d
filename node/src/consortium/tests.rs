use super::*;
use crate::cli::{CaKeyParams, Cli, Subcommand};
use sc_service::ChainSpec as _;
use serde_json::Value;
use sp_core::Pair;
use veilmart_runtime::WASM_BINARY;

/// The file that the documentation shows.
const EXAMPLE: &str = include_str!("../../../docs/consortium.toml");

/// Some moment in 2027.
const NOW: Moment = 1_800_000_000_000;

/// The example with the first such text replaced. What is to be replaced has to be there.
fn with(from: &str, to: &str) -> String {
	assert!(EXAMPLE.contains(from), "the example has no {from:?}");
	EXAMPLE.replacen(from, to, 1)
}

/// What is said of a file that is no good.
fn complaint(text: &str) -> String {
	read(text, NOW).expect_err(text)
}

/// The address of a key that nobody had before.
fn fresh() -> String {
	sr25519::Pair::generate().0.public().to_ss58check()
}

/// A file of so many authorities with fresh keys, and nothing that may be left out.
fn strangers(count: usize) -> String {
	let mut text = format!("id = \"strangers\"\nname = \"Strangers\"\nca = \"{}\"\n", fresh());
	let accounts: Vec<_> = (0..count).map(|_| fresh()).collect();
	text += &format!("council = [\"{}\"]\n", accounts[0]);
	for account in accounts {
		text += &format!(
			"[[authority]]\naccount = \"{account}\"\ntdrf = \"{}\"\ntdsh = \"{}\"\n\
			[[certificate]]\naccount = \"{account}\"\norganisation = \"A shop\"\nroles = [\"Validator\"]\n",
			fresh(),
			fresh()
		);
	}
	text
}

#[test]
fn the_example_of_the_documentation_says_what_it_shows() {
	let Description {
		name,
		boot_nodes,
		consortium,
	} = read(EXAMPLE, NOW).expect("the example is good");
	assert_eq!(name, "Shops of the Riverside");
	assert_eq!(boot_nodes.len(), 1);
	assert_eq!(consortium.chain_id, "riverside");
	assert_eq!(consortium.authorities.len(), 4);
	assert_eq!(consortium.council.len(), 3);
	assert_eq!(consortium.certificates.len(), 4);
	assert_eq!(
		consortium
			.issuer_quotas
			.iter()
			.map(|(_, quota)| *quota)
			.collect::<Vec<_>>(),
		[100_000_000]
	);
	// Of the four, one has an end.
	let ends = consortium
		.certificates
		.iter()
		.filter_map(|(_, certificate)| certificate.valid_until);
	assert_eq!(ends.collect::<Vec<_>>(), [4_070_908_800_000]);
	assert_eq!(consortium.timing.delta, 100);
	// In milliseconds: a day has 86,400,000.
	let terms = consortium.terms;
	assert_eq!(terms.accept_period, 86_400_000);
	assert_eq!(terms.ship_period, 432_000_000);
	assert_eq!(terms.grace_period, 172_800_000);
	assert_eq!(terms.confirm_period, 604_800_000);
	assert_eq!(terms.resolve_period, 1_209_600_000);
	assert_eq!((terms.bond_multiple, terms.penalty_share), (10, 0));
}

#[test]
fn what_is_left_out_is_what_the_example_says() {
	let (full, _) = EXAMPLE
		.split_once("[terms]")
		.expect("the example has terms, and the timing after them");
	let short = read(full, NOW).expect("both may be left out").consortium;
	let example = read(EXAMPLE, NOW).expect("the example is good").consortium;
	assert_eq!(short.terms, example.terms);
	assert_eq!(short.timing, example.timing);
}

#[test]
fn keys_are_addresses_or_hexadecimal() {
	// The two ways to write `//Two`, the certificate authority of the example.
	let address = "5CUjxa4wVKMj3FqKdqAUf7zcEMr4MYAjXeWmUf44B41neLmJ";
	let account = AccountId::from_ss58check(address).expect("an address");
	let bytes: &[u8; 32] = account.as_ref();
	let hexadecimal = sp_core::bytes::to_hex(bytes, false);
	let read = read(&with(address, &hexadecimal), NOW).expect("it is the same key");
	assert_eq!(read.consortium.ca, account);
}

#[test]
fn each_field_that_is_wrong_is_named() {
	let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	let bob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
	let tdrf = "5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY";
	let tdsh = "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw";
	let identity = format!("0x{}", "0".repeat(64));
	let no_point = format!("0x{}", "f".repeat(64));
	let account_of_nobody = format!("[[authority]]\naccount = \"{}\"", fresh());
	let small_order = format!("view_key = \"{identity}\"");
	let long = format!("\"{}\"", "x".repeat(65));
	let [identity, no_point, account_of_nobody, small_order, long] =
		[&identity, &no_point, &account_of_nobody, &small_order, &long].map(String::as_str);
	let cases = [
		// The chain.
		("\"riverside\"", "\"river side\"", "id:"),
		("\"riverside\"", "\"\"", "id:"),
		("\"riverside\"", "\"../riverside\"", "id:"),
		("\"riverside\"", long, "id:"),
		("\"riverside\"", "\"local_testnet\"", "id: local_testnet"),
		("\"riverside\"", "\"dev\"", "id: dev"),
		("\"Shops of the Riverside\"", "\" \"", "name:"),
		("\"Shops of the Riverside\"", "\"a\\u0007b\"", "name:"),
		("\"Shops of the Riverside\"", long, "name:"),
		("name = \"Shops of the Riverside\"", "", "missing field `name`"),
		("id =", "ident =", "unknown field `ident`"),
		("5CUjxa4wVKMj3FqKdqAUf7zcEMr4MYAjXeWmUf44B41neLmJ", "//CA", "ca:"),
		// An address of another network.
		(
			"5CUjxa4wVKMj3FqKdqAUf7zcEMr4MYAjXeWmUf44B41neLmJ",
			"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
			"ca:",
		),
		// The council.
		(bob, alice, "council, 2: the same as council, 1"),
		(alice, "alice", "council, 1:"),
		// Addresses.
		("/p2p/12D3", "/tcp/12D3", "boot_nodes, 1:"),
		(
			"/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
			"",
			"boot_nodes, 1:",
		),
		// Authorities.
		(tdrf, &tdrf[1..], "authority 1: tdrf:"),
		(tdsh, no_point, "authority 1: tdsh:"),
		(tdrf, identity, "authority 1: tdrf:"),
		(tdsh, tdrf, "authority 1: tdsh: the same as authority 1: tdrf"),
		(
			"5HpG9w8EBLe5XCrbczpwq5TSXvedjrBGCwqxK1iQ7qUsSWFc",
			tdrf,
			"authority 2: tdrf: the same as authority 1: tdrf",
		),
		(
			"5FCfAonRZgTFrTd9HREEyeJjDpT397KMzizE6T3DvebLFE7n",
			tdsh,
			"authority 2: tdsh: the same as authority 1: tdsh",
		),
		(tdrf, alice, "authority 1: tdrf: the same as authority 1: account"),
		(
			"[[authority]]\naccount = \"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\"",
			account_of_nobody,
			"authority 1: account has no certificate",
		),
		("tdsh =", "tdhs =", "tdhs"),
		(
			"roles = [\"Buyer\", \"Seller\", \"Validator\"]",
			"roles = [\"Buyer\"]",
			"authority 1: account has no certificate",
		),
		// Certificates.
		("\"Gift House\"", "\"\"", "certificate 1: organisation:"),
		("\"Gift House\"", long, "certificate 1: organisation:"),
		(
			"[\"Buyer\", \"Seller\", \"Validator\"]",
			"[]",
			"certificate 1: roles:",
		),
		(
			"[\"Buyer\", \"Seller\"",
			"[\"Buyer\", \"Buyer\"",
			"roles: a role is named twice",
		),
		("[\"Buyer\"", "[\"Thief\"", "`Thief`"),
		("4070908800000", "1700000000000", "certificate 4: valid_until:"),
		// A line of the example that is a remark.
		("# view_key = \"0x…\"", small_order, "certificate 4: view_key:"),
		(
			"[\"Issuer\", \"Validator\"]",
			"[\"Validator\"]",
			"certificate 3: quota:",
		),
		("quota = 100_000_000", "quota = -1", "quota"),
		// Terms.
		("\"5d\"", "\"5 days\"", "terms.ship:"),
		("\"5d\"", "\"d\"", "terms.ship:"),
		("\"5d\"", "\"99999999999999999999d\"", "terms.ship:"),
		("\"5d\"", "\"0s\"", "terms.ship:"),
		("\"5d\"", "\"3651d\"", "terms.ship:"),
		("\"2d\"", "\"1s\"", "terms.grace:"),
		("\"7d\"", "\"1s\"", "terms.confirm:"),
		("\"14d\"", "\"1s\"", "terms.resolve:"),
		("bond_multiple = 10", "bond_multiple = 16", "terms.bond_multiple"),
		("penalty_share = 0", "penalty_share = 2", "terms.penalty_share"),
		// Timing.
		("\"100ms\"", "\"100\"", "timing.delta:"),
		("\"100ms\"", "\"0ms\"", "timing:"),
		("\"100ms\"", "\"100d\"", "timing.delta:"),
		("\"100ms\"", "\"1h\"", "timing:"),
		("delta = \"100ms\"", "spread = \"1ms\"", "timing: spread"),
		("delta =", "deltas =", "unknown field `deltas`"),
		// No TOML at all.
		("[terms]", "[terms", "line "),
	];
	for (from, to, expected) in cases {
		let said = complaint(&with(from, to));
		assert!(said.contains(expected), "{from} as {to}: {said}");
	}
}

#[test]
fn a_set_and_a_council_have_bounds() {
	let accounts = |count: usize| (0..count).map(|_| format!("\"{}\"", fresh())).collect::<Vec<_>>();
	let council = EXAMPLE
		.split_once("council = [")
		.and_then(|(_, rest)| rest.split_once("\n]"))
		.map(|(members, _)| members)
		.expect("the example has a council");
	assert!(complaint(&with(council, "")).contains("council: it has 1 to 100 members, not 0"));
	let many = accounts(101).join(",");
	assert!(complaint(&with(council, &many)).contains("council: it has 1 to 100 members, not 101"));
	assert!(complaint(&strangers(101)).contains("authority: there are 1 to 100, not 101"));
	let nobody = "id = \"a\"\nname = \"A\"\nca = \"\"\ncouncil = []\nauthority = []\ncertificate = []";
	assert!(complaint(nobody).contains("authority: there are 1 to 100, not 0"));
}

#[test]
fn an_account_has_one_certificate() {
	let twice = format!(
		"{}[[certificate]]\naccount = \"5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy\"\n\
		organisation = \"Another\"\nroles = [\"Buyer\"]\n",
		EXAMPLE
			.split_once("[terms]")
			.expect("the example has terms at its end")
			.0
	);
	assert!(complaint(&twice).contains("certificate 5: account: the same as certificate 4: account"));
}

#[test]
fn what_is_said_of_a_key_does_not_repeat_it() {
	let words = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
	let quoted = with("5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY", words);
	let bare = with("\"5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY\"", words);
	for text in [quoted, bare] {
		let said = complaint(&text);
		assert!(said.contains("tdrf"), "{said}");
		assert!(!said.contains("drive"), "{said}");
	}
}

#[test]
fn the_least_period_is_the_runtimes() {
	let timing = read(EXAMPLE, NOW).expect("the example is good").consortium.timing;
	let least = least_period(&timing, 4);
	for usual in ["grace = \"2d\"", "confirm = \"7d\"", "resolve = \"14d\""] {
		let (name, _) = usual.split_once(' ').expect("a name and a period");
		let so_long = |period: u64| with(usual, &format!("{name} = \"{period}ms\""));
		assert!(read(&so_long(least), NOW).is_ok(), "{name}");
		let said = complaint(&so_long(least - 1));
		assert!(said.contains(&format!("at least {least} ms")), "{said}");
	}
}

#[test]
fn there_is_a_timing_for_every_set() {
	assert_eq!(stretched(50, 4), Timing::LOCAL);
	assert_eq!(stretched(50, 10), Timing::LOCAL);
	for authorities in 1..=MAX_AUTHORITIES {
		let timing = timing(&TimingEntry::default(), authorities).expect("one of the usual serves");
		assert!(timing.delta >= 50, "{authorities}: {}", timing.delta);
	}
}

#[test]
fn strangers_get_a_specification_from_which_genesis_can_be_built() {
	if WASM_BINARY.is_none() {
		eprintln!("skipped: built without a wasm runtime");
		return;
	}
	for count in [1, 4] {
		let text = strangers(count);
		let description = read(&text, NOW).expect("everything is there");
		let authorities = description.consortium.authorities.clone();
		let spec = specification(description).expect("the keys are good");
		assert_eq!((spec.id(), spec.name()), ("strangers", "Strangers"));
		assert_eq!(spec.chain_type(), ChainType::Live);
		let properties = spec.properties();
		assert_eq!(properties["ss58Format"], SS58_PREFIX);
		// The runtime verifies the dealing here.
		spec.as_json(true).expect("genesis can be built");

		let json: Value =
			serde_json::from_str(&spec.as_json(false).expect("it can be written")).expect("it is JSON");
		let consensus = json
			.pointer("/genesis/runtimeGenesis/patch/tdRaft")
			.expect("a plain specification");
		assert_eq!(consensus["chainId"], "strangers");
		assert_eq!(
			consensus["authorities"].as_array().map(Vec::len),
			Some(authorities.len())
		);
		assert_eq!(consensus["dealing"].is_string(), count > 1);
		let mut other = json.clone();
		*other
			.pointer_mut("/genesis/runtimeGenesis/patch/tdRaft/chainId")
			.expect("it was just read") = "others".into();
		let other =
			ChainSpec::from_json_bytes(other.to_string().into_bytes()).expect("it is a specification");
		assert_eq!(
			other.as_json(true).is_err(),
			count > 1,
			"a dealing is not for another chain"
		);
	}
}

#[test]
fn the_command_line_names_the_file() {
	let line = ["veilmart-node", "consortium", "--config", "a.toml", "--raw"];
	let Some(Subcommand::Consortium(params)) = Cli::read(line).subcommand else {
		panic!("it is the subcommand");
	};
	assert_eq!(params.config, Path::new("a.toml"));
	assert!(params.raw && params.output.is_none() && params.ca.ca_key.is_none());
}

#[test]
fn a_file_that_is_no_good_leaves_no_specification() {
	let folder = std::env::temp_dir().join(format!("veilmart-consortium-{}", std::process::id()));
	fs::create_dir_all(&folder).expect("the temporary directory is writable");
	let config = folder.join("consortium.toml");
	let output = folder.join("consortium.json");
	let params = |raw| ConsortiumParams {
		config: config.clone(),
		output: Some(output.clone()),
		raw,
		ca: CaKeyParams { ca_key: None },
	};
	assert!(run(&params(false)).expect_err("no file").contains("Cannot read"));
	fs::write(&config, with("\"riverside\"", "\"river side\"")).expect("the folder is there");
	let said = run(&params(false)).expect_err("a bad id");
	assert!(said.contains("consortium.toml: id:"), "{said}");
	if WASM_BINARY.is_some() {
		fs::write(&config, EXAMPLE).expect("the folder is there");
		let said = run(&params(true)).expect_err("no key");
		assert!(said.contains("--ca-key"), "{said}");
		assert!(!output.exists());
		run(&params(false)).expect("the example is good");
		let spec = chain_spec::load(&output.to_string_lossy()).expect("it was written");
		assert_eq!(spec.id(), "riverside");
		fs::remove_file(&output).expect("it was just read");
	}
	let left: Vec<_> = fs::read_dir(&folder)
		.expect("the folder is there")
		.map(|entry| entry.expect("it can be read").file_name())
		.collect();
	assert_eq!(left, ["consortium.toml"]);
	fs::remove_dir_all(&folder).expect("it is ours");
}
