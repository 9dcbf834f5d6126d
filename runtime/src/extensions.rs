//! What a transaction passes before it is dispatched.
//!
//! The order is the order of cost: what is cheap to refuse is refused first, and what needs real
//! work (a proof) comes when nothing else can fail any more. The fee extension is left out on
//! purpose: with it, small transactions overtake orders even at fee zero.

use alloc::vec::Vec;
use codec::{Compact, Decode as _, DecodeLimit as _, Encode};
use frame_support::MAX_EXTRINSIC_DEPTH;
use sp_runtime::{
	generic::{Era, Preamble},
	traits::TransactionExtension,
	transaction_validity::TransactionTag,
	MultiAddress,
};

use crate::{
	AccountId, Hash, Nonce, Runtime, RuntimeCall, Signature, SignedPayload, UncheckedExtrinsic, VERSION,
};

/// The transaction extensions, in the order in which they run.
///
/// 1. `AuthorizeCall`: authorized (unsigned) calls name their own check; first, so that every other
///    extension sees their origin.
/// 2. The chain's own: no all-zero sender, this runtime version, this transaction version, this
///    genesis, an era that has not ended.
/// 3. `CheckCertificate`: a signer whom the consortium lets in, within its quota.
/// 4. `CheckNonce`, `CheckWeight`: order of an account's transactions, no further ahead than the quota;
///    room in the block.
/// 5. `CheckProof`: marketplace calls, in the pool: sequence, identities, and last the proof.
/// 6. `CheckMetadataHash`: for wallets that prove what they display.
/// 7. `WeightReclaim`: last, gives back to the block what the dispatch did not use.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	pallet_certificates::CheckCertificate<Runtime>,
	pallet_certificates::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_ecommerce::CheckProof<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// What a signature covers and the transaction does not carry, because the chain knows it.
pub type TxImplicit = <TxExtension as TransactionExtension<RuntimeCall>>::Implicit;

/// The extensions of a transaction with number `nonce` of its sender, valid in `era`.
pub fn tx_extension(nonce: Nonce, era: Era) -> TxExtension {
	(
		frame_system::AuthorizeCall::new(),
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(era),
		pallet_certificates::CheckCertificate::new(),
		pallet_certificates::CheckNonce(nonce),
		frame_system::CheckWeight::new(),
		pallet_ecommerce::CheckProof::new(),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	)
}

/// What the signature of [`tx_extension`] covers: this runtime's versions, the chain by its `genesis`, and the
/// block that the era begins with (the genesis for an immortal era).
pub fn tx_implicit(genesis: Hash, era_begins: Hash) -> TxImplicit {
	(
		(),
		(),
		VERSION.spec_version,
		VERSION.transaction_version,
		genesis,
		era_begins,
		(),
		(),
		(),
		(),
		None,
		(),
	)
}

/// A transaction as a block holds it; `None` if the bytes are none.
///
/// Also if its calls hold one another deeper than [`MAX_EXTRINSIC_DEPTH`], which some kilobytes can do and no native stack has
/// room for, or if it announces another length than it has, for which the SDK would reserve memory at once: whoever sends a
/// transaction must not be able to stop a program that reads it.
pub fn read_extrinsic(encoded: &[u8]) -> Option<UncheckedExtrinsic> {
	let mut rest = encoded;
	let Compact(length) = Compact::<u32>::decode(&mut rest).ok()?;
	if usize::try_from(length) != Ok(rest.len()) {
		return None;
	}
	UncheckedExtrinsic::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &*encoded).ok()
}

/// The tags that a signed transaction provides in the pool, as its validation says them: its account with its number, and with the
/// sequence number of a marketplace call. None of one that nobody signed, or that is none ([`read_extrinsic`]).
pub fn provided_tags(encoded: &[u8]) -> Option<Vec<TransactionTag>> {
	let transaction = read_extrinsic(encoded)?;
	let Preamble::Signed(MultiAddress::Id(who), _, extension) = &transaction.preamble else {
		return None;
	};
	let (.., nonce, _, _, _, _) = extension;
	let number = (who, nonce.0).encode();
	let sequence = match &transaction.function {
		RuntimeCall::Ecommerce(call) => pallet_ecommerce::CheckProof::<Runtime>::provided_by(who, call),
		_ => None,
	};
	Some(core::iter::once(number).chain(sequence).collect())
}

/// A transaction of format V5 that nobody signs: its call authorizes itself.
pub fn authorized_extrinsic(call: RuntimeCall) -> UncheckedExtrinsic {
	// Number and era are those of a signer, whom there is none.
	UncheckedExtrinsic::new_transaction(call, tx_extension(0, Era::Immortal))
}

/// A signed transaction of format V4.
///
/// The one place that knows the tuple and what is signed; for wallets and tests written in Rust. `sign` gets
/// the bytes to sign, as `sender`'s key would. The era's first block is `era_begins`, the genesis for an
/// immortal one.
pub fn signed_extrinsic(
	call: RuntimeCall,
	sender: AccountId,
	nonce: Nonce,
	era: Era,
	genesis: Hash,
	era_begins: Hash,
	sign: impl FnOnce(&[u8]) -> Signature,
) -> UncheckedExtrinsic {
	let extension = tx_extension(nonce, era);
	let payload = SignedPayload::from_raw(call, extension, tx_implicit(genesis, era_begins));
	let signature = payload.using_encoded(sign);
	let (call, extension, _) = payload.deconstruct();
	UncheckedExtrinsic::new_signed(call, sender.into(), signature, extension)
}
