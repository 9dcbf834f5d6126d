//! Transactions, encoded by what a node's metadata say: for this chain and for others of the SDK that have balances.
//!
//! What is taken for granted is what nearly all of them have: format V4, sr25519 signatures in `MultiSignature`, accounts in
//! `MultiAddress`. Transactions are immortal, so that they can be signed long before they are sent.

use codec::{Compact, Decode, Encode};
use frame_metadata::{v14::RuntimeMetadataV14, RuntimeMetadata, RuntimeMetadataPrefixed};
use jsonrpsee::rpc_params;
use scale_info::{form::PortableForm, TypeDef, Variant};
use serde::Deserialize;
use sp_core::{Bytes, H256};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use veilmart_cli::{
	account::Account,
	error::{Error, Result},
};
use veilmart_runtime::{AccountId, Nonce};

use crate::client::Node;

/// First byte of a signed transaction of format V4.
const SIGNED_V4: u8 = 0b1000_0100;
/// An account by its identity, in `MultiAddress`.
const ID: u8 = 0;
/// sr25519, in `MultiSignature`.
const SR25519: u8 = 1;
/// From this length on a signature is over the hash.
const LONGEST_PAYLOAD: usize = 256;

/// How transactions of a chain are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
	/// Names the chain.
	pub genesis: H256,
	/// The least that an account may have.
	pub existential: u128,
	/// Whether accounts need a certificate.
	pub certified: bool,
	spec_version: u32,
	transaction_version: u32,
	extensions: Vec<Extension>,
	transfer: [u8; 2],
}

/// An extension that a transaction carries something for, or that has its signature cover something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
	/// Neither.
	Silent,
	SpecVersion,
	TransactionVersion,
	Genesis,
	Mortality,
	Nonce,
	Tip,
	MetadataHash,
}

impl Extension {
	fn named(name: &str) -> Result<Self> {
		Ok(match name {
			"AuthorizeCall"
			| "CheckNonZeroSender"
			| "CheckWeight"
			| "CheckCertificate"
			| "CheckProof"
			| "WeightReclaim"
			| "StorageWeightReclaim" => Self::Silent,
			"CheckSpecVersion" => Self::SpecVersion,
			"CheckTxVersion" => Self::TransactionVersion,
			"CheckGenesis" => Self::Genesis,
			"CheckMortality" | "CheckEra" => Self::Mortality,
			"CheckNonce" => Self::Nonce,
			"ChargeTransactionPayment" => Self::Tip,
			"CheckMetadataHash" => Self::MetadataHash,
			other => {
				return Err(Error::node(format!(
					"The chain has an extension that is not known here: {other}."
				)))
			}
		})
	}
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
	spec_version: u32,
	transaction_version: u32,
}

impl Dialect {
	/// Asks a node.
	pub async fn of(node: &Node) -> Result<Self> {
		let versions: Versions = node.request("state_getRuntimeVersion", rpc_params![]).await?;
		let metadata: Bytes = node.request("state_getMetadata", rpc_params![]).await?;
		let genesis = node.block_hash(0).await?;
		Self::read(&metadata, genesis, &versions)
	}

	fn read(metadata: &[u8], genesis: H256, versions: &Versions) -> Result<Self> {
		let strange = || Error::node("The node's metadata cannot be read.");
		let metadata = RuntimeMetadataPrefixed::decode(&mut &metadata[..]).map_err(|_| strange())?;
		let RuntimeMetadata::V14(metadata) = metadata.1 else {
			return Err(strange());
		};
		let extensions = metadata.extrinsic.signed_extensions.iter();
		let extensions = extensions
			.map(|extension| Extension::named(&extension.identifier))
			.collect::<Result<Vec<_>>>()?;
		let balances = metadata.pallets.iter().find(|pallet| pallet.name == "Balances");
		let balances = balances.ok_or_else(|| Error::node("The chain has no balances."))?;
		let call = balances
			.calls
			.as_ref()
			.and_then(|calls| variant(&metadata, calls.ty.id, "transfer_keep_alive"))
			.ok_or_else(|| Error::node("The chain has no call transfer_keep_alive."))?;
		let existential = balances
			.constants
			.iter()
			.find(|constant| constant.name == "ExistentialDeposit")
			.and_then(|constant| u128::decode(&mut &constant.value[..]).ok())
			.ok_or_else(strange)?;
		Ok(Self {
			genesis,
			existential,
			certified: metadata
				.pallets
				.iter()
				.any(|pallet| pallet.name == "Certificates"),
			spec_version: versions.spec_version,
			transaction_version: versions.transaction_version,
			extensions,
			transfer: [balances.index, call.index],
		})
	}

	/// The call that sends an amount.
	pub fn transfer(&self, to: &AccountId, amount: u128) -> Vec<u8> {
		[&self.transfer[..], &[ID], to.as_ref(), &Compact(amount).encode()].concat()
	}

	/// The signed transaction of a call.
	pub fn sign(&self, account: &Account, nonce: Nonce, call: &[u8]) -> Vec<u8> {
		let (carried, covered) = self.extensions(nonce);
		let mut payload = [call, &carried, &covered].concat();
		if payload.len() > LONGEST_PAYLOAD {
			payload = BlakeTwo256::hash(&payload).0.to_vec();
		}
		let signature = account.sign_raw(&payload);
		let id = account.id();
		let id: &[u8] = id.as_ref();
		[
			&[SIGNED_V4, ID][..],
			id,
			&[SR25519],
			signature.as_ref(),
			&carried,
			call,
		]
		.concat()
		.encode()
	}

	/// What a transaction carries for the extensions, and what its signature covers for them besides.
	fn extensions(&self, nonce: Nonce) -> (Vec<u8>, Vec<u8>) {
		let (mut carried, mut covered) = (Vec::new(), Vec::new());
		for extension in &self.extensions {
			match extension {
				Extension::Silent => {}
				Extension::SpecVersion => self.spec_version.encode_to(&mut covered),
				Extension::TransactionVersion => self.transaction_version.encode_to(&mut covered),
				Extension::Genesis => self.genesis.encode_to(&mut covered),
				Extension::Mortality => {
					// Immortal: from genesis on.
					carried.push(0);
					self.genesis.encode_to(&mut covered);
				}
				Extension::Nonce => Compact(nonce).encode_to(&mut carried),
				Extension::Tip => Compact(0_u128).encode_to(&mut carried),
				Extension::MetadataHash => {
					// Not checked, hence no hash.
					carried.push(0);
					covered.push(0);
				}
			}
		}
		(carried, covered)
	}
}

/// The alternative of this name in a type of the registry.
fn variant<'a>(metadata: &'a RuntimeMetadataV14, of: u32, name: &str) -> Option<&'a Variant<PortableForm>> {
	match &metadata.types.resolve(of)?.type_def {
		TypeDef::Variant(alternatives) => alternatives
			.variants
			.iter()
			.find(|alternative| alternative.name == name),
		_ => None,
	}
}

/// By which blocks know a transaction.
pub fn hash_of(transaction: &[u8]) -> H256 {
	BlakeTwo256::hash(transaction)
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::{generic::Era, traits::Verify as _, MultiSignature};
	use veilmart_runtime::{
		extensions::{signed_extrinsic, tx_extension, tx_implicit},
		Runtime, RuntimeCall, SignedPayload, UncheckedExtrinsic, VERSION,
	};

	fn dialect() -> Dialect {
		let versions = Versions {
			spec_version: VERSION.spec_version,
			transaction_version: VERSION.transaction_version,
		};
		Dialect::read(&Runtime::metadata().encode(), H256::repeat_byte(7), &versions).unwrap()
	}

	#[test]
	fn a_transaction_is_the_one_that_the_runtimes_own_types_encode() {
		let (dialect, alice) = (dialect(), Account::development("//Alice").unwrap());
		let bob = Account::development("//Bob").unwrap().id();
		let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
			dest: bob.clone().into(),
			value: 1 << 70,
		});
		assert_eq!(dialect.transfer(&bob, 1 << 70), call.encode());
		for nonce in [0, 63, 64, 70_000] {
			let bytes = dialect.sign(&alice, nonce, &call.encode());
			// Signatures are randomized: everything else is compared, and the signature verified.
			let decoded = UncheckedExtrinsic::decode(&mut &bytes[..]).unwrap();
			let mut signature = None;
			let genesis = dialect.genesis;
			let expected = signed_extrinsic(
				call.clone(),
				alice.id(),
				nonce,
				Era::Immortal,
				genesis,
				genesis,
				|_| {
					let start = bytes.windows(2).position(|two| two == [SIGNED_V4, ID]).unwrap() + 35;
					let raw: [u8; 64] = bytes[start..start + 64].try_into().unwrap();
					let given: MultiSignature = sp_core::sr25519::Signature::from_raw(raw).into();
					signature = Some(given.clone());
					given
				},
			);
			assert_eq!(decoded.encode(), expected.encode());
			let payload = SignedPayload::from_raw(
				call.clone(),
				tx_extension(nonce, Era::Immortal),
				tx_implicit(genesis, genesis),
			);
			assert!(payload.using_encoded(|payload| signature.unwrap().verify(payload, &alice.id())));
		}
	}

	#[test]
	fn an_extension_that_is_not_known_is_an_error_and_not_left_out() {
		assert!(Extension::named("ChargeAssetTxPayment").is_err());
		assert_eq!(Extension::named("CheckNonce").ok(), Some(Extension::Nonce));
		assert!(dialect().certified);
	}
}
