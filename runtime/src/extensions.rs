//! What a transaction passes before it is dispatched.
//!
//! The order is the order of cost: what is cheap to refuse is refused first, and what needs real
//! work (a proof) comes when nothing else can fail any more. The fee extension is left out on
//! purpose: with it, small transactions overtake orders even at fee zero.

use crate::{Nonce, Runtime};

/// The transaction extensions, in the order in which they run.
///
/// 1. `AuthorizeCall`: authorized (unsigned) calls name their own check; first, so that every other
///    extension sees their origin.
/// 2. The chain's own: no all-zero sender, this runtime version, this transaction version, this
///    genesis, an era that has not ended.
/// 3. `CheckCertificate`: a signer whom the consortium lets in, within its quota.
/// 4. `CheckNonce`, `CheckWeight`: order of an account's transactions, no further ahead than the quota;
///    room in the block.
/// 5. `CheckMetadataHash`: for wallets that prove what they display.
/// 6. `WeightReclaim`: last, gives back to the block what the dispatch did not use.
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
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// The extensions of a transaction with number `nonce` of its sender, valid in `era`.
///
/// One place knows the tuple, so that clients and tests do not.
pub fn tx_extension(nonce: Nonce, era: sp_runtime::generic::Era) -> TxExtension {
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
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	)
}
