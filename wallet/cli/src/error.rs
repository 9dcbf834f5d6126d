//! What can go wrong, as a person reads it and as a script tells it apart.

use std::ffi::OsString;

use frame_support::traits::PalletInfoAccess;
use scale_info::{TypeDef, TypeInfo};
use serde_json::{json, Value};
use sp_runtime::DispatchError;
use veilmart_runtime::{AccountId, Runtime};
use veilmart_wallet::WalletError;

use crate::account::address;

/// A result of this crate.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
	/// The command line asks for something that cannot be meant.
	Usage(String),
	/// The wallet sees that the chain would refuse, or that something is not as it was promised. Nothing was sent.
	Wallet(String),
	/// The chain refused, at the pool's door or when it dispatched the call.
	Refused(Refusal),
	/// The node cannot be reached, or answers something that makes no sense.
	Node(String),
	/// A file cannot be read or written, or is not what it should be.
	File(String),
}

/// Where a transaction is refused that came into no block.
const POOL: &str = "Pool";

/// The name of what a pool says that did not come to look at a transaction.
const NOT_LOOKED_AT: &str = "NotLookedAt";

/// The name of what a pool says of a transaction that it has.
const ALREADY_IMPORTED: &str = "AlreadyImported";

/// A refusal by the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
	/// Where: a pallet's name, or `Pool`.
	pub origin: String,
	/// The error's name, such as `PriceChanged`.
	pub name: String,
	/// One sentence about it.
	pub sentence: String,
}

impl Error {
	/// An error in the command line.
	pub fn usage(message: impl Into<String>) -> Self {
		Self::Usage(message.into())
	}

	/// What a command line that asks for `--json` has wrong, for a program to read; none if a person asks.
	pub fn in_command_line(error: &clap::Error, words: &[OsString]) -> Option<Self> {
		(error.use_stderr() && words.iter().any(|word| word == "--json"))
			.then(|| Self::usage(Self::reason(error)))
	}

	/// What a command line has wrong.
	pub fn reason(error: &clap::Error) -> String {
		let text = error.render().to_string();
		text.strip_prefix("error: ")
			.unwrap_or(&text)
			.trim_end()
			.to_owned()
	}

	/// The wallet's own refusal.
	pub fn wallet(message: impl Into<String>) -> Self {
		Self::Wallet(message.into())
	}

	/// Somebody without a certificate cannot take part.
	pub fn no_certificate(account: &AccountId) -> Self {
		Self::Wallet(format!(
			"{} has no certificate. Its owner makes a request with `veilmart certificate request`, which the certificate \
			authority puts on chain.",
			address(account)
		))
	}

	/// Trouble with the node.
	pub fn node(message: impl Into<String>) -> Self {
		Self::Node(message.into())
	}

	/// Trouble with a file.
	pub fn file(message: impl Into<String>) -> Self {
		Self::File(message.into())
	}

	/// 1 for what failed or was refused, 2 for wrong usage (as clap exits, too). 0 is success.
	pub fn exit_code(&self) -> u8 {
		match self {
			Self::Usage(_) => 2,
			_ => 1,
		}
	}

	/// The word by which scripts tell the kinds apart.
	pub fn kind(&self) -> &'static str {
		match self {
			Self::Usage(_) => "usage",
			Self::Wallet(_) => "wallet",
			Self::Refused(_) => "refused",
			Self::Node(_) => "node",
			Self::File(_) => "file",
		}
	}

	/// Whether the node was only too busy to look at what it was sent, which says nothing about that.
	pub fn is_busy(&self) -> bool {
		matches!(self, Self::Refused(refusal) if refusal.origin == POOL && refusal.name == NOT_LOOKED_AT)
	}

	/// As `--json` prints it.
	pub fn to_json(&self) -> Value {
		let mut error = json!({ "kind": self.kind(), "message": self.to_string() });
		if let Self::Refused(refusal) = self {
			error["origin"] = json!(refusal.origin);
			error["name"] = json!(refusal.name);
		}
		json!({ "error": error })
	}
}

impl core::fmt::Display for Error {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		match self {
			Self::Usage(message) | Self::Wallet(message) | Self::Node(message) | Self::File(message) => {
				f.write_str(message)
			}
			Self::Refused(Refusal {
				origin,
				name,
				sentence,
			}) => {
				write!(f, "The chain refused: {sentence} ({origin}: {name})")
			}
		}
	}
}

impl std::error::Error for Error {}

impl Refusal {
	fn new(origin: &str, name: &str, sentence: &str) -> Self {
		Self {
			origin: origin.into(),
			name: name.into(),
			sentence: sentence.into(),
		}
	}

	/// The refusal of a transaction for the custom reason with this number.
	pub fn from_custom_code(code: u8) -> Self {
		let sentence = pallet_certificates::refusal_sentence(code)
			.or_else(|| pallet_ecommerce::refusal_sentence(code))
			.unwrap_or("The chain gives a reason that this program does not know.");
		let name = pallet_certificates::Refusal::from_code(code)
			.map(|refusal| format!("{refusal:?}"))
			.or_else(|| {
				let index = code.checked_sub(pallet_ecommerce::FIRST_REFUSAL)?;
				documented::<pallet_ecommerce::Error<Runtime>>(index).map(|(name, _)| name)
			})
			.unwrap_or_else(|| format!("Custom({code})"));
		Self::new(POOL, &name, sentence)
	}

	/// Whether the node refused because it has this very transaction: it is on its way.
	pub fn is_known(&self) -> bool {
		self.origin == POOL && self.name == ALREADY_IMPORTED
	}

	/// What a node answers when its pool does not take a transaction: the JSON-RPC error's number, message and data.
	/// `None` if it is another kind of error.
	pub fn from_pool(number: i32, message: &str, data: Option<&str>) -> Option<Self> {
		// The numbers are those of the `author` methods: 1010 and the next twelve are the pool's.
		const INVALID: i32 = 1010;
		const UNKNOWN: i32 = 1011;
		const BANNED: i32 = 1012;
		const KNOWN: i32 = 1013;
		const LAST: i32 = 1022;
		// The pool did not come to look at it.
		const VERIFICATION: i32 = 1002;
		// How sc-rpc writes the number of a custom reason: of what is invalid, and of what may pass later.
		let custom = |data: &str| match number {
			INVALID => data.strip_prefix("Custom error: ")?.parse().ok(),
			UNKNOWN => data.strip_prefix("Custom(")?.strip_suffix(')')?.parse().ok(),
			_ => None,
		};
		let data = data.unwrap_or(message).trim_matches('"');
		if let Some(code) = custom(data) {
			return Some(Self::from_custom_code(code));
		}
		Some(match number {
			INVALID => Self::new(POOL, "Invalid", &sentence(data)),
			BANNED => Self::new(
				POOL,
				"Banned",
				"The node refused this very transaction a moment ago and does not look at it again for a while; try later.",
			),
			KNOWN => Self::new(POOL, ALREADY_IMPORTED, "The node has this very transaction already."),
			VERIFICATION => {
				let why = message.trim_start_matches("Verification Error: ");
				Self::new(POOL, NOT_LOOKED_AT, &sentence(why.trim_start_matches("Runtime error: ")))
			}
			number if (INVALID..=LAST).contains(&number) => Self::new(POOL, message, &sentence(data)),
			_ => return None,
		})
	}

	/// The transaction left the pool without getting into a block.
	pub fn left_pool(how: &str) -> Self {
		let text = format!("The transaction left the pool without getting into a block; it was {how} there.");
		Self::new(POOL, how, &text)
	}

	/// A dispatch that failed.
	pub fn from_dispatch(error: DispatchError) -> Self {
		if let DispatchError::Module(module) = error {
			let index = usize::from(module.index);
			let variant = module.error[0];
			let ours = if index == veilmart_runtime::Ecommerce::index() {
				documented::<pallet_ecommerce::Error<Runtime>>(variant).map(|found| ("Ecommerce", found))
			} else if index == veilmart_runtime::Certificates::index() {
				documented::<pallet_certificates::Error<Runtime>>(variant)
					.map(|found| ("Certificates", found))
			} else if index == veilmart_runtime::System::index() {
				documented::<frame_system::Error<Runtime>>(variant).map(|found| ("System", found))
			} else {
				None
			};
			if let Some((pallet, (name, sentence))) = ours {
				return Self::new(pallet, &name, &sentence);
			}
			return Self::new(
				"Runtime",
				&format!("Module({index}, {variant})"),
				"A call failed for a reason that this program does not know.",
			);
		}
		let text: &'static str = error.into();
		Self::new("Runtime", &format!("{error:?}"), &sentence(text))
	}
}

impl From<WalletError> for Error {
	fn from(error: WalletError) -> Self {
		let text = error.to_string();
		let mut letters = text.chars();
		let first = letters
			.next()
			.map(|letter| letter.to_uppercase().to_string())
			.unwrap_or_default();
		Self::Wallet(sentence(&format!("{first}{}", letters.as_str())))
	}
}

impl From<Refusal> for Error {
	fn from(refusal: Refusal) -> Self {
		Self::Refused(refusal)
	}
}

/// Name and documentation of a variant, by its index: the one text about it is in the pallet.
fn documented<E: TypeInfo>(index: u8) -> Option<(String, String)> {
	let TypeDef::Variant(variants) = E::type_info().type_def else {
		return None;
	};
	let variant = variants.variants.iter().find(|variant| variant.index == index)?;
	let docs = variant
		.docs
		.iter()
		.map(|line| line.trim())
		.collect::<Vec<_>>()
		.join(" ");
	Some((variant.name.into(), sentence(docs.trim())))
}

/// The text with a full stop.
pub(crate) fn sentence(text: &str) -> String {
	if text.is_empty() || text.ends_with(['.', '!', '?']) {
		text.into()
	} else {
		format!("{text}.")
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;
	use sp_runtime::ModuleError;

	fn module<E: Encode>(index: usize, error: E) -> DispatchError {
		let mut bytes = [0; 4];
		let encoded = error.encode();
		bytes[..encoded.len()].copy_from_slice(&encoded);
		DispatchError::Module(ModuleError {
			index: index as u8,
			error: bytes,
			message: None,
		})
	}

	#[test]
	fn module_errors_have_name_and_sentence() {
		let error = pallet_ecommerce::Error::<Runtime>::PriceChanged;
		let refusal = Refusal::from_dispatch(module(veilmart_runtime::Ecommerce::index(), error));
		assert_eq!(
			refusal,
			Refusal::new(
				"Ecommerce",
				"PriceChanged",
				"The price changed since the version that the order names."
			)
		);
		let error = pallet_certificates::Error::<Runtime>::StaleCounter;
		let refusal = Refusal::from_dispatch(module(veilmart_runtime::Certificates::index(), error));
		assert_eq!(refusal.name, "StaleCounter");
		assert_eq!(refusal.origin, "Certificates");
		assert!(!refusal.sentence.is_empty());
	}

	#[test]
	fn every_pool_reason_agrees_with_the_pallets_documentation() {
		let TypeDef::Variant(variants) = pallet_ecommerce::Error::<Runtime>::type_info().type_def else {
			panic!("the pallet's error is an enum")
		};
		for variant in variants.variants {
			let code = pallet_ecommerce::FIRST_REFUSAL + variant.index;
			let refusal = Refusal::from_custom_code(code);
			assert_eq!(
				refusal.name, variant.name,
				"reason {code} has another name in the pallet"
			);
			let (_, sentence) = documented::<pallet_ecommerce::Error<Runtime>>(variant.index).unwrap();
			assert_eq!(
				refusal.sentence, sentence,
				"reason {code} says something else in the pallet"
			);
		}
		for refusal in pallet_certificates::Refusal::ALL {
			let shown = Refusal::from_custom_code(refusal.code());
			assert_eq!(
				(shown.name, shown.sentence),
				(format!("{refusal:?}"), refusal.sentence().into())
			);
		}
	}

	#[test]
	fn pool_answers_are_understood() {
		let certificate =
			Refusal::from_pool(1010, "Invalid Transaction", Some("\"Custom error: 1\"")).unwrap();
		assert_eq!(certificate.name, "NotCertified");
		let proof = Refusal::from_pool(1010, "Invalid Transaction", Some("Custom error: 64")).unwrap();
		assert_eq!(proof.name, "ProofMismatch");
		let early = Refusal::from_pool(1011, "Unknown Transaction Validity", Some("\"Custom(40)\"")).unwrap();
		assert_eq!(early.name, "NoSuchOrder");
		let stale = Refusal::from_pool(1010, "Invalid Transaction", Some("Transaction is outdated")).unwrap();
		assert_eq!(stale.sentence, "Transaction is outdated.");
		assert_eq!(
			Refusal::from_pool(1012, "Transaction is temporarily banned", None)
				.unwrap()
				.name,
			"Banned"
		);
		let unknown = Refusal::from_pool(1010, "Invalid Transaction", Some("Custom error: 250")).unwrap();
		assert_eq!(unknown.name, "Custom(250)");
		let busy =
			Refusal::from_pool(1002, "Verification Error: Runtime error: too many wait", None).unwrap();
		assert!(Error::from(busy).is_busy());
		let twice = Refusal::from_pool(1013, "Transaction Already Imported", None).unwrap();
		assert!(twice.is_known());
		assert!(!certificate.is_known());
		assert!(!Error::from(unknown).is_busy());
		assert!(Refusal::from_pool(-32601, "Method not found", None).is_none());
	}

	#[test]
	fn the_wallets_errors_are_sentences() {
		let error = Error::from(WalletError::NotEnoughBalance {
			have: 1250,
			cost: 1530,
		});
		assert_eq!(
			error.to_string(),
			"Not enough balance: you have 12.50, the order costs 15.30."
		);
		assert_eq!((error.kind(), error.exit_code()), ("wallet", 1));
	}

	#[test]
	fn exit_codes_tell_usage_from_failure() {
		assert_eq!(Error::usage("x").exit_code(), 2);
		assert_eq!(Error::wallet("x").exit_code(), 1);
		assert_eq!(Error::from(Refusal::from_custom_code(1)).exit_code(), 1);
	}

	#[test]
	fn json_errors_name_kind_and_reason() {
		let json = Error::from(Refusal::from_custom_code(1)).to_json();
		assert_eq!(json["error"]["kind"], "refused");
		assert_eq!(json["error"]["name"], "NotCertified");
		assert_eq!(json["error"]["origin"], "Pool");
		let json = Error::wallet("no").to_json();
		assert_eq!(json, json!({ "error": { "kind": "wallet", "message": "no" } }));
	}
}
