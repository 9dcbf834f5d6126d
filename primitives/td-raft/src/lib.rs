//! What the pallet, the engine and clients share.
#![cfg_attr(not(feature = "std"), no_std)]
