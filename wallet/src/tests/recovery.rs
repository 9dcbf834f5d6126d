//! Letters about lost openings, true ones and others.

use super::*;
use crate::{
	market::RefreshCall,
	recovery::{sealed_letter_bytes, Letter},
	state::{Ciphertext, CreditKind, ListingName, RefreshTarget},
	WalletError,
};

/// A sealed note that no key of the account opens.
const LOST: [u8; 368] = [0x17; 368];

/// What an honest authority writes.
fn letter(world: &World, target: RefreshTarget, ciphertext: &Ciphertext) -> Letter {
	let (value, root) = world.ledger.tell(ciphertext);
	Letter {
		target,
		ciphertext: ciphertext.clone(),
		value,
		price: 0,
		commodity: 0,
		root: world.ledger.key().secret_root(&root).expect("a unit"),
	}
}

fn sealed(world: &mut World, letter: &Letter) -> Vec<u8> {
	let view_key = world.buyer.keys().view_key(0).public();
	letter.seal(&view_key, &mut world.rng).expect("a safe key")
}

fn apply(world: &mut World, call: &RefreshCall) {
	let who = world.buyer.account();
	world.ledger.refresh(&who, call).expect("accepted");
	world.ledger.assert_conserved();
}

/// Money for the buyer whose note is lost, and the letter about it.
fn lost() -> (World, Letter, Vec<u8>) {
	let mut world = World::funded(10_000, 20_000);
	let who = world.buyer.account();
	world.ledger.account(&who).balance.note = Some(LOST);
	let ciphertext = world.ledger.account(&who).balance.ciphertext.clone();
	let letter = letter(&world, RefreshTarget::Balance, &ciphertext);
	let sealed = sealed(&mut world, &letter);
	(world, letter, sealed)
}

#[test]
fn a_letter_brings_a_lost_balance_back() {
	let (mut world, letter, sealed) = lost();
	let opened = world.buyer.open_letter(&sealed).expect("opens");
	assert_eq!(opened.encode(), letter.encode());
	let known = world.buyer.recovered(&opened, &letter.ciphertext).expect("true");
	let seq = world.ledger.seq(&world.buyer.account());
	let call = world
		.buyer
		.refresh_balance(seq, &known, &mut world.rng)
		.expect("refreshes");
	apply(&mut world, &call);
	// The wallet knows it again from its own note, and the letter is spent.
	let balance = world.ledger.accounts[&world.buyer.account()].balance.clone();
	assert_eq!(world.buyer.open_balance(&balance).expect("opens").value(), 10_000);
	assert_eq!(
		world.buyer.recovered(&opened, &balance.ciphertext).err(),
		Some(WalletError::LetterOutdated)
	);
}

#[test]
fn an_authority_that_lies_is_not_believed() {
	let (world, letter, _) = lost();
	let told = |letter: &Letter| world.buyer.recovered(letter, &letter.ciphertext).err();
	assert_eq!(told(&letter), None);
	for value in [0, letter.value - 1, letter.value + 1, u64::MAX] {
		let mut lie = letter.clone();
		lie.value = value;
		assert_eq!(told(&lie), Some(WalletError::RootMismatch), "{value}");
	}
	let other = world.ledger.accounts[&world.seller.account()]
		.balance
		.ciphertext
		.clone();
	let (_, root) = world.ledger.tell(&other);
	let mut lie = letter.clone();
	lie.root = world.ledger.key().secret_root(&root).expect("a unit");
	assert_eq!(told(&lie), Some(WalletError::RootMismatch));
	// True, and about something that the ledger does not hold for this account.
	let of_other = self::letter(&world, RefreshTarget::Balance, &other);
	assert_eq!(
		world.buyer.recovered(&of_other, &letter.ciphertext).err(),
		Some(WalletError::LetterOutdated)
	);
}

#[test]
fn only_the_owner_reads_a_letter() {
	let (world, _, sealed) = lost();
	let reads = |wallet: &Wallet, sealed: &[u8]| wallet.open_letter(sealed).err();
	assert_eq!(reads(&world.buyer, &sealed), None);
	for other in [&world.seller, &world.issuer] {
		assert_eq!(reads(other, &sealed), Some(WalletError::LetterUnreadable));
	}
	for place in [0, 40, sealed.len() - 1] {
		let mut damaged = sealed.clone();
		damaged[place] ^= 1;
		assert_eq!(reads(&world.buyer, &damaged), Some(WalletError::LetterUnreadable));
	}
	for length in [0, 368, sealed.len() - 1] {
		assert_eq!(
			reads(&world.buyer, &sealed[..length]),
			Some(WalletError::LetterMalformed)
		);
	}
	// To a key that was replaced since.
	let later = Wallet::new(
		Keys::from_mnemonic(PHRASE).expect("a phrase"),
		world.ledger.key().clone(),
		world.ledger.genesis,
	);
	let later = later.expect("the ledger's size").with_view_index(3);
	assert_eq!(reads(&later, &sealed), None);
}

#[test]
fn letters_have_one_encoding_and_one_length() {
	let (mut world, letter, sealed) = lost();
	let key = world.ledger.key().clone();
	let seller = world.seller.account();
	let mut stock = letter.clone();
	stock.target = RefreshTarget::Stock(ListingName { seller, seq: 9 });
	(stock.price, stock.commodity) = (PRICE, ITEM);
	let mut credit = letter.clone();
	credit.target = RefreshTarget::Credit(CreditName {
		creator: seller,
		seq: 7,
		kind: CreditKind::Transfer,
	});
	for letter in [&letter, &stock, &credit] {
		let bytes = letter.encode();
		let back = Letter::decode(&key, &bytes).expect("well formed");
		assert_eq!((back.target, back.encode()), (letter.target, bytes.clone()));
		assert_eq!(self::sealed(&mut world, letter).len(), sealed.len());
	}
	assert_eq!(sealed.len(), sealed_letter_bytes(key.set()));

	// Version, target, account, number, kind, value, price, item, ciphertext, root: as docs/formats.md says.
	let bytes = credit.encode();
	assert_eq!(bytes[..2], [1, 1]);
	assert_eq!(bytes[2..34], seller);
	assert_eq!(bytes[34..42], 7u64.to_le_bytes());
	assert_eq!(bytes[42], 6);
	assert_eq!(bytes[43..51], credit.value.to_le_bytes());
	assert_eq!(bytes[51..67], [0; 16]);
	assert_eq!(bytes[67..579], credit.ciphertext.as_ref()[..]);
	assert_eq!(bytes[579..], credit.root.as_bytes()[..]);
	assert_eq!(stock.encode()[51..59], PRICE.to_le_bytes());
	assert_eq!(stock.encode()[59..67], ITEM.to_le_bytes());

	let refused = |letter: &Letter, place: usize, byte: u8| {
		let mut bytes = letter.encode().to_vec();
		bytes[place] = byte;
		assert_eq!(
			Letter::decode(&key, &bytes).err(),
			Some(WalletError::LetterMalformed),
			"byte {place} may be {byte}"
		);
	};
	// Another version, no such target, a name where there is none, no such kind, a price where there is none.
	refused(&letter, 0, 2);
	refused(&letter, 1, 3);
	refused(&letter, 2, 1);
	refused(&letter, 34, 1);
	refused(&letter, 42, 1);
	refused(&stock, 42, 1);
	refused(&credit, 42, 8);
	refused(&letter, 51, 1);
	refused(&credit, 66, 1);
	let mut root = letter.encode().to_vec();
	root[579..].fill(0);
	assert!(Letter::decode(&key, &root).is_err(), "0 is a root");
	assert!(Letter::decode(&key, &bytes[1..]).is_err());
}

#[test]
fn nothing_is_sealed_to_a_key_that_everybody_opens() {
	let (mut world, letter, _) = lost();
	assert_eq!(
		letter.seal(&[0; 32], &mut world.rng).err(),
		Some(WalletError::UnsafeViewKey)
	);
}

#[test]
fn a_letter_shows_nothing_in_a_log() {
	let (_, letter, _) = lost();
	assert_eq!(format!("{letter:?}"), "Letter(Balance, secret)");
}
