//! One account's situation, from which the statement of every call is built twice: by the code under attack and from
//! the table of `docs/formats.md`.

use crate::{
	arithmetic::{Rng, World},
	forge::Plan,
	spec::{Base, Equation, Spec, Value},
};
use num_bigint::BigInt;
use rand_core::RngCore;
use std::collections::BTreeMap;
use veilmart_confidential::{
	statements::{self, AcceptParts, ListingName, OrderName, OrderParts, Terms},
	Call, Context, Statement,
};

/// Everything that statements are made of.
#[derive(Clone)]
pub struct Scene {
	/// The key.
	pub world: &'static World,
	/// The chain, the caller, its sequence number and salt.
	pub context: Context,
	/// The other party of `issue`, `transfer` and `redeem`.
	pub counterparty: [u8; 32],
	/// The issuer's quota.
	pub quota: u64,
	/// The listing.
	pub listing: ListingName,
	/// Its price version.
	pub version: u32,
	/// The order.
	pub order: OrderName,
	/// Its terms.
	pub terms: Terms,
	/// Hashes of the notes, by name.
	pub notes: BTreeMap<&'static str, [u8; 32]>,
	/// Ciphertexts, by role.
	pub ciphertexts: BTreeMap<&'static str, Vec<u8>>,
	/// Their plaintexts.
	pub x: BTreeMap<&'static str, BigInt>,
	/// Their nonces; in `total`'s case `ρ`.
	pub r: BTreeMap<&'static str, BigInt>,
}

/// Roles whose ciphertext encrypts a value of its own.
pub const ROLES: [&str; 9] = [
	"amount",
	"balance-after",
	"issued-after",
	"price",
	"stock",
	"commodity",
	"delivery",
	"quantity",
	"stock-after",
];

impl Scene {
	/// A scene with random names and values.
	pub fn new(world: &'static World, rng: &mut Rng) -> Self {
		let mut scene = Self {
			world,
			context: Context {
				genesis: rng.array(),
				account: rng.array(),
				seq: rng.next_u64(),
				salt: rng.array(),
			},
			counterparty: rng.array(),
			quota: u64::MAX >> 1,
			listing: ListingName {
				seller: rng.array(),
				seq: rng.next_u64(),
			},
			version: rng.next_u32(),
			order: OrderName {
				buyer: rng.array(),
				seq: rng.next_u64(),
			},
			terms: Terms {
				accept_period: rng.next_u64(),
				ship_period: rng.next_u64(),
				grace_period: rng.next_u64(),
				confirm_period: rng.next_u64(),
				resolve_period: rng.next_u64(),
				bond_multiple: 10,
				penalty_share: 0,
			},
			notes: ["own", "counterparty", "quote", "stock"]
				.map(|name| (name, rng.array()))
				.into(),
			ciphertexts: BTreeMap::new(),
			x: BTreeMap::new(),
			r: BTreeMap::new(),
		};
		for role in ROLES {
			let x = BigInt::from((rng.next_u64() >> 2).max(1));
			scene.encrypt(role, &x, rng);
		}
		let num = BigInt::from(3);
		scene.encrypt("quantity", &num, rng);
		scene.total(&num, rng);
		scene
	}

	/// Gives a role this plaintext, under a fresh nonce.
	pub fn encrypt(&mut self, role: &'static str, x: &BigInt, rng: &mut Rng) {
		let r = rng.bits(self.world.half());
		self.encrypt_with(role, x, &r);
	}

	/// Gives a role this plaintext and nonce.
	pub fn encrypt_with(&mut self, role: &'static str, x: &BigInt, r: &BigInt) {
		self.ciphertexts.insert(role, self.world.encrypt(x, r));
		self.x.insert(role, x.clone());
		self.r.insert(role, r.clone());
	}

	/// `S = P^num·h_s^ρ`.
	pub fn total(&mut self, num: &BigInt, rng: &mut Rng) {
		let price = self.ciphertexts["price"].clone();
		self.total_of(&price, num, rng);
	}

	/// `S = P^num·h_s^ρ` for any `P`.
	pub fn total_of(&mut self, price: &[u8], num: &BigInt, rng: &mut Rng) {
		let world = self.world;
		let rho = rng.bits(world.half());
		let total = world.mul(&world.power(&world.residue(price), num), &world.nonce_power(&rho));
		self.ciphertexts.insert("total", world.key.encode(&total));
		self.r.insert("total", rho);
	}

	/// The statement of the code under attack.
	pub fn statement(&self, call: Call) -> Statement {
		let (set, context) = (self.world.set, &self.context);
		let c = |role: &str| &self.ciphertexts[role][..];
		let note = |name: &str| self.notes[name];
		match call {
			Call::Issue => statements::issue(
				set,
				context,
				self.counterparty,
				self.quota,
				c("amount"),
				c("issued-after"),
				note("own"),
				note("counterparty"),
			),
			Call::Transfer | Call::Redeem => {
				let build = if call == Call::Transfer {
					statements::transfer
				} else {
					statements::redeem
				};
				build(
					set,
					context,
					self.counterparty,
					c("amount"),
					c("balance-after"),
					note("own"),
					note("counterparty"),
				)
			}
			Call::List => statements::list(set, context, c("price"), c("stock"), c("commodity"), note("own")),
			Call::Reprice => {
				statements::reprice(set, context, self.listing, self.version, c("price"), note("own"))
			}
			Call::Restock => statements::restock(
				set,
				context,
				self.listing,
				self.version,
				c("delivery"),
				note("own"),
			),
			Call::Order => statements::order(
				set,
				context,
				&OrderParts {
					listing: self.listing,
					version: self.version,
					terms: self.terms,
					price: c("price"),
					quantity: c("quantity"),
					total: c("total"),
					balance_after: c("balance-after"),
					own_note: note("own"),
					note: note("counterparty"),
					quote: note("quote"),
				},
			),
			Call::Dispute => statements::dispute(
				set,
				context,
				self.order,
				c("total"),
				c("balance-after"),
				note("own"),
			),
			Call::Accept => statements::accept(
				set,
				context,
				&AcceptParts {
					order: self.order,
					listing: self.listing,
					terms: self.terms,
					quantity: c("quantity"),
					total: c("total"),
					stock_after: c("stock-after"),
					balance_after: c("balance-after"),
					own_note: note("own"),
					stock_note: note("stock"),
				},
			),
			Call::Refresh => unreachable!("its proof is about no value, and of another kind"),
		}
	}

	/// The statement by the table of `docs/formats.md`.
	pub fn spec(&self, call: Call) -> Spec {
		let listing = || {
			vec![
				("listing-seller", self.listing.seller.to_vec()),
				("listing-seq", self.listing.seq.to_le_bytes().to_vec()),
			]
		};
		let version = ("price-version", self.version.to_le_bytes().to_vec());
		let order = || {
			vec![
				("order-buyer", self.order.buyer.to_vec()),
				("order-seq", self.order.seq.to_le_bytes().to_vec()),
			]
		};
		let terms = || {
			vec![
				("accept-period", self.terms.accept_period.to_le_bytes().to_vec()),
				("ship-period", self.terms.ship_period.to_le_bytes().to_vec()),
				("grace-period", self.terms.grace_period.to_le_bytes().to_vec()),
				("confirm-period", self.terms.confirm_period.to_le_bytes().to_vec()),
				("resolve-period", self.terms.resolve_period.to_le_bytes().to_vec()),
				("bond-multiple", self.terms.bond_multiple.to_le_bytes().to_vec()),
				("penalty-share", self.terms.penalty_share.to_le_bytes().to_vec()),
			]
		};
		let counterparty = ("counterparty", self.counterparty.to_vec());
		let quota = ("quota", self.quota.to_le_bytes().to_vec());
		let plain = |role| Value {
			role,
			shift: false,
			limit: None,
		};
		let shifted = |role| Value {
			role,
			shift: true,
			limit: None,
		};
		use Base::{Ciphertext as C, Generator as G, None as O};
		type Table = (
			&'static str,
			Vec<(&'static str, Vec<u8>)>,
			Vec<&'static str>,
			Vec<&'static str>,
			Vec<Value>,
			Vec<(u64, Vec<Base>)>,
		);
		let (name, bindings, notes, roles, values, equations): Table = match call {
			Call::Issue => (
				"issue",
				vec![counterparty, quota],
				vec!["own", "counterparty"],
				vec!["amount", "issued-after"],
				vec![
					shifted("amount"),
					Value {
						role: "issued-after",
						shift: false,
						limit: Some(self.quota),
					},
				],
				vec![(0, vec![G, O]), (1, vec![O, G])],
			),
			Call::Transfer | Call::Redeem => (
				if call == Call::Transfer {
					"transfer"
				} else {
					"redeem"
				},
				vec![counterparty],
				vec!["own", "counterparty"],
				vec!["amount", "balance-after"],
				vec![shifted("amount"), plain("balance-after")],
				vec![(0, vec![G, O]), (1, vec![O, G])],
			),
			Call::List => (
				"list",
				vec![],
				vec!["own"],
				vec!["price", "stock", "commodity"],
				vec![shifted("price"), plain("stock"), plain("commodity")],
				vec![(0, vec![G, O, O]), (1, vec![O, G, O]), (2, vec![O, O, G])],
			),
			Call::Reprice => (
				"reprice",
				[listing(), vec![version]].concat(),
				vec!["own"],
				vec!["price"],
				vec![shifted("price")],
				vec![(0, vec![G])],
			),
			Call::Restock => (
				"restock",
				[listing(), vec![version]].concat(),
				vec!["own"],
				vec!["delivery"],
				vec![plain("delivery")],
				vec![(0, vec![G])],
			),
			Call::Order => (
				"order",
				[listing(), vec![version], terms()].concat(),
				vec!["own", "counterparty", "quote"],
				vec!["price", "quantity", "total", "balance-after"],
				vec![shifted("quantity"), plain("balance-after")],
				vec![(1, vec![G, O]), (2, vec![C(0), O]), (3, vec![O, G])],
			),
			Call::Dispute => (
				"dispute",
				order(),
				vec!["own"],
				vec!["total", "balance-after"],
				vec![plain("balance-after")],
				vec![(1, vec![G])],
			),
			Call::Accept => (
				"accept",
				[order(), listing(), terms()].concat(),
				vec!["own", "stock"],
				vec!["quantity", "total", "stock-after", "balance-after"],
				vec![plain("stock-after"), plain("balance-after")],
				vec![(2, vec![G, O]), (3, vec![O, G])],
			),
			Call::Refresh => unreachable!("its proof is about no value, and of another kind"),
		};
		Spec {
			set: self.world.set,
			genesis: self.context.genesis,
			modulus: self.world.key.modulus_bytes(),
			call: name,
			account: self.context.account,
			seq: self.context.seq,
			salt: self.context.salt,
			bindings,
			notes: notes.into_iter().map(|name| (name, self.notes[name])).collect(),
			ciphertexts: roles
				.into_iter()
				.map(|role| (role, self.ciphertexts[role].clone()))
				.collect(),
			values,
			equations: equations
				.into_iter()
				.map(|(target, bases)| Equation { target, bases })
				.collect(),
		}
	}

	/// An honest plan for the statement.
	pub fn plan(&self, spec: &Spec) -> Plan {
		let x = spec
			.values
			.iter()
			.map(|value| self.x[value.role].clone())
			.collect();
		let target = |equation: &Equation| spec.ciphertexts[equation.target as usize].0;
		let r = spec
			.equations
			.iter()
			.map(|equation| self.r[target(equation)].clone())
			.collect();
		Plan::honest(x, r)
	}
}
