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
	let cli = parse("veilmart --account buyer batch --anew orders.txt").unwrap();
	assert!(matches!(cli.command, Command::Batch { anew: true, .. }));
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
	let cli =
		parse("veilmart --account ca ca decrypt --key k --key-passphrase-file p --order //Bob:5").unwrap();
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
