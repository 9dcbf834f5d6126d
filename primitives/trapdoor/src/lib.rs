//! Publicly verifiable secret sharing and the chameleon hash behind the election of a leader.
//!
//! A leader deals a trapdoor to all authorities. The next leader is one who recovered it from `t` of their shares and
//! shows that by a collision of the chameleon hash. This crate has the dealing, the shares, the recovery, the collision
//! and the evidence against a dealer that lied. It knows neither blocks nor votes: who may ask for shares, and when, is
//! the business of the consensus, and so is their encryption on the way to the candidate.
//!
//! # Usage
//!
//! ```
//! use rand_core::OsRng;
//! use veilmart_trapdoor::{Candidacy, Context, Dealing, Recovery, Scalar, ShareKeys, ShareSecret};
//!
//! // Four authorities; secrets come from sr25519 keys by `ShareSecret::from_sr25519`.
//! let secrets: Vec<ShareSecret> =
//! 	(11u64..15).map(|i| ShareSecret::from_scalar(&Scalar::from(i)).unwrap()).collect();
//! let keys: Vec<[u8; 32]> = secrets.iter().map(|secret| secret.public()).collect();
//! let keys = ShareKeys::new(&keys).unwrap();
//! let context = Context { genesis: [1; 32], set_id: 0, term: 7, dealer: 2, parent: [3; 32] };
//!
//! // The leader of term 7 deals. Everybody verifies.
//! let dealing = Dealing::deal(&context, &keys, &mut OsRng);
//! let dealing = dealing.verify(&context, &keys).unwrap();
//! assert_eq!(dealing.threshold(), 2);
//!
//! // A candidate asks for shares, verifies them and recovers.
//! let shares: Vec<_> = [0, 3]
//! 	.map(|holder: usize| dealing.open(&secrets[holder], &mut OsRng).unwrap())
//! 	.iter()
//! 	.map(|share| dealing.verify_share(share).unwrap())
//! 	.collect();
//! let Recovery::Trapdoor(trapdoor) = dealing.recover(&shares).unwrap() else {
//! 	panic!("the dealer lied about its key")
//! };
//!
//! // It stands for term 8. Voters verify.
//! let candidacy = Candidacy { term: 8, candidate: 0, high_qc: b"its highest QC" };
//! let collision = trapdoor.collide(&candidacy).unwrap();
//! assert!(dealing.verify_collision(&collision, &candidacy).is_ok());
//! ```
//!
//! # The protocol
//!
//! The group is Ristretto (RFC 9496) of prime order `ℓ ≈ 2^252`, `G` its base point, `H` hashed to the group. There
//! are `n` authorities, from 1 to [`MAX_AUTHORITIES`]; the one at position `i - 1` has the secret scalar `s_i` and the
//! share key `K_i = s_i·G`, an sr25519 key pair of its own for this purpose. [`threshold`] gives `t`.
//!
//! - **Deal.** A uniform polynomial `a` of a degree below `t`, `X_i = a(i)·H`, `Y_i = a(i)·K_i`. The trapdoor is
//!   `x = hash(a(0)·G)`, the chameleon key `x·G`, and `θ` a random scalar: the dealer's opening of the chameleon hash
//!   `m·G + θ·(x·G)` (Krawczyk and Rabin 2000) to `m = hash(genesis, set, term, dealer)`.
//! - **Verify.** For all `i`, `X_i` and `Y_i` have one and the same `a(i)`: proofs of Chaum and Pedersen (1992) with a
//!   common challenge `c` and responses `z_i`. And all `a(i)` lie on one polynomial of a degree below `t`:
//!   `Σ v_i·f(i)·X_i = 0` for `v_i = Π_{j≠i} (i-j)^{-1}` and a random `f` of a degree of at most `n-t-1` (SCRAPE,
//!   Cascudo and David 2017).
//! - **Open.** `S_i = Y_i/s_i = a(i)·G`, with a proof that `K_i` to the base `G` and `Y_i` to the base `S_i` have the
//!   same logarithm (Schoenmakers 1999).
//! - **Recover.** `Z = a(0)·G` from `t` verified `S_i` by Lagrange, then `x = hash(Z)`.
//! - **Collide.** `θ' = θ + (m - m')/x` opens the same hash to `m' = hash(dealing, term, candidate, high QC)`.
//! - **Convict.** If `x·G` is not the chameleon key, the `t` opened shares are the evidence.
//!
//! Challenges, `f` and the dealing's hash come from Merlin transcripts, which bind context, `n`, `t`, every key and all
//! that was published before, under the labels `tdraft/1/dealing` and `tdraft/1/opened share`. The other hashes are
//! BLAKE2b-512 with framed inputs under labels of their own. A change of protocol or encoding takes another number than
//! 1.
//!
//! With one authority `t` is 1: the dealing is a secret that its only holder recovers alone, and there is nothing to
//! test about the degree. It protects nobody, and nobody is there to be protected from.
//!
//! # Why it is safe
//!
//! **All holders recover the same.** The `(v_i·f(i))` are the code dual to that of all `(a(i))` with a degree below
//! `t`. If the `X_i` are no codeword, a uniform element of the dual code is orthogonal to them with probability `1/ℓ`;
//! `f` is drawn from the transcript after the whole dealing, so a dealer that tries `k` dealings passes with
//! probability `k/ℓ`. By the proofs' special soundness the `Y_i` carry the same values as the `X_i` (two answers to
//! different challenges give `a(i) = Δz_i/Δc` in both), and by the proof with an opened share so does `S_i`. Thus for a
//! verified dealing every `t` verified shares give one and the same `Z`, whatever dealer and holders tried.
//!
//! **Fewer than `t` holders learn nothing of use.** From a dealing and `t-1` of the secrets, finding `Z` is the
//! computational Diffie–Hellman problem (Schoenmakers 1999, for holders corrupted beforehand, in the random oracle
//! model): `H`, `a(0)·H` and `G` are given, `a(0)·G` is sought, and the values of the corrupted holders can be chosen
//! first. As `x` is a hash of `Z`, it is of no help that the chameleon key lets anybody test a guess of `Z`. With a
//! known logarithm of `H` to `G` everybody would have `Z`; hence `H` is hashed. All this is about an honest dealer: a
//! faulty one knows `x` and can tell it to whom it likes. Nothing in the election relies on more.
//!
//! **Nobody is an oracle.** Opening divides a given point by the holder's secret. For an arbitrary point this would
//! decrypt shares of other dealings: `Y_i` of the dealing in force, copied or multiplied into a new one. The proofs
//! make the dealer know every `a(i)`, so that it learns nothing from `S_i = a(i)·G`; and they bind genesis, set, term,
//! dealer, parent and holders, so that they cannot be copied with the points. Therefore shares are opened only through
//! a [`VerifiedDealing`], which only [`Dealing::verify`] makes.
//!
//! **A share says what it is for.** An opened share is proved under a label of its own and bound to the dealing's hash
//! and the holder, so that no proof serves at another place. A wrong share is refused before it is used and cannot
//! spoil a recovery.
//!
//! **What a faulty dealer can do.** A dealing that does not verify makes its block invalid. In one that does, only the
//! chameleon key may be wrong, and recovery shows it: [`Recovery::Fault`]. The shares then prove the same as a
//! collision, namely that `t` holders answered, so the election goes on and the dealer is convicted. An honest dealer
//! cannot be: evidence is exactly `t` shares of different holders that each verify, so they lead to the dealer's `Z`
//! and its key. (`x = 0` needs no rule: a chameleon key that is the identity is refused, any other differs from `0·G`.)
//!
//! **A collision reveals `x`,** as `(m - m')/(θ' - θ)`. It proves recovery once; nothing may rely on `x` afterwards.
//! The collision is bound to dealing, term, candidate and QC, so it cannot be used for another candidacy, but who saw
//! it can make another one ([`VerifiedDealing::trapdoor_of`]).
//!
//! **Identity points** would make statements empty: `K_i = 0` has `Y_i = 0` for every `a(i)`. They are refused as share
//! key, `X_i`, `Y_i`, `S_i` and chameleon key. A set with an unacceptable share key can have no dealing and no second
//! leader. A proof of possession does not prevent one, since anybody can sign for the identity: [`ShareKeys::new`] must
//! be asked *before* a key gets into a set.
//!
//! # Deviations from the paper
//!
//! - The paper splits the scalar trapdoor by plain Shamir sharing: a faulty leader can hand out bad shares unseen and
//!   block the next election, and a faulty holder spoils a recovery. Here everything is verifiable. Ours shares a
//!   point and takes its hash as the trapdoor, because a scalar cannot be recovered from shares in the exponent.
//!   [`plain_shamir`] is there to compare the cost.
//! - `m'` contains the dealing's hash, so that a collision is for one dealing also where keys and `θ` were repeated.
//! - `t` is at least 1.
//!
//! # Encodings
//!
//! SCALE, points and scalars as 32 bytes each in the canonical encoding of RFC 9496, other ones refused when verified:
//!
//! | | bytes |
//! |---|---|
//! | [`Dealing`] | chameleon key, `θ`, `c`, compact `n`, then `X_i, Y_i, z_i` each: `97 + 96n`, from `n = 64` on `98 + 96n` |
//! | [`OpenedShare`] | position as `u16`, `S_i, c, z`: 98 |
//! | [`DealerFault`] | compact `t`, opened shares: `1 + 98t`, from `t = 64` on `2 + 98t` |
//! | [`Collision`] | `θ'`: 32 |
//!
//! Decoding is bounded by the lengths for [`MAX_AUTHORITIES`] before it allocates.
//!
//! The proofs are `(c, z_1 … z_n)`. With the first messages in place of `c` a verifier could check all equations in one
//! multiplication over `5n` points: for `n = 100`, 3.6 ms of processor time instead of 8.6, of 11.8 for the whole
//! verification (measured on one core). But the dealing would have 64 bytes more for each authority. A leader sends it
//! to `n-1` others before the first vote of a term: 634 kB more for `n = 100`, 5 ms at 1 Gbit/s and 51 ms at 100 Mbit/s;
//! and every node keeps the header.
//!
//! # Secrets
//!
//! Secret scalars go through code of `curve25519-dalek` whose time and addresses do not depend on them. Polynomials,
//! shares' values, `Z`, `x`, nonces and share secrets are wiped when dropped; intermediate results on the stack are
//! not. Nonces of opened shares hang on the secret besides the random source. Verification and interpolation take what
//! time they like: their scalars are public.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(missing_docs)]

extern crate alloc;

mod dealing;
mod encoding;
mod hash;
pub mod plain_shamir;
mod polynomial;
mod setting;
mod share;
mod transcript;
mod trapdoor;

pub use curve25519_dalek::scalar::Scalar;
pub use dealing::{Dealing, DealingError, VerifiedDealing};
pub use encoding::EncodingError;
pub use setting::{threshold, Context, KeyError, SecretError, ShareKeys, ShareSecret, MAX_AUTHORITIES};
pub use share::{NotAHolder, OpenedShare, ShareError, VerifiedShare};
pub use trapdoor::{
	Candidacy, Collision, CollisionError, DealerFault, FaultError, Recovery, RecoveryError, Trapdoor,
};
