//! The pallets' parameters, by concern.

mod accounts;
mod claims;
mod commerce;
mod consensus;
mod governance;
mod system;

pub use accounts::{Keepers, MaxPlaces, OnePlace, ProxyType};
pub use claims::NoMoreThanUsed;
pub use commerce::{
	AgendaWeight, CallQuota, FinishingCalls, HaltThreshold, HeldCallsCount, LeastPeriod,
	LeastPeriodOfVersion5, LeastPeriodOfVersion6, MaxCreditsPerPair, MaxListings, MaxOrders,
	MaxQuotesPerPair, MaxRedemptionsPerPair, ProofVerification, QuotaPeriod, ReclaimPeriod, Suspended,
};
pub use consensus::{CertifiedValidators, DeadlinesWait, RegistrableKeys, SessionLength};
pub use governance::{
	CouncilCollective, CouncilMajority, CouncilMembers, CouncilTwoThirds, MaxProposalWeight, MotionDuration,
	NeverPaused, RootOrCouncilTwoThirds,
};
pub use system::{
	BlockHashCount, Migrations, RuntimeBlockLength, RuntimeBlockWeights, MINIMUM_BLOCK_SPACING,
};
