//! The trapdoor behind elections.
#![cfg_attr(not(feature = "std"), no_std)]
