//! The transcript, from `docs/formats.md`.

use merlin::Transcript;
use veilmart_paillier::ParameterSet;

/// A base of an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
	/// 0: none.
	None,
	/// 1: `1 + N`.
	Generator,
	/// `2 + index`: a ciphertext.
	Ciphertext(u64),
}

/// A value.
#[derive(Clone, Debug)]
pub struct Value {
	/// Whose plaintext the value is.
	pub role: &'static str,
	/// Whether the Bulletproof is about `V - B`.
	pub shift: bool,
	/// The limit, if there is one.
	pub limit: Option<u64>,
}

/// An equation.
#[derive(Clone, Debug)]
pub struct Equation {
	/// The index of the target among the ciphertexts.
	pub target: u64,
	/// One base for each value.
	pub bases: Vec<Base>,
}

/// A statement, every part of it open to be tampered with.
#[derive(Clone, Debug)]
pub struct Spec {
	/// The size of the key.
	pub set: ParameterSet,
	/// The genesis hash.
	pub genesis: [u8; 32],
	/// `N`.
	pub modulus: Vec<u8>,
	/// The call's name.
	pub call: &'static str,
	/// The caller.
	pub account: [u8; 32],
	/// Its sequence number.
	pub seq: u64,
	/// The salt.
	pub salt: [u8; 16],
	/// Names and values.
	pub bindings: Vec<(&'static str, Vec<u8>)>,
	/// Names and hashes.
	pub notes: Vec<(&'static str, [u8; 32])>,
	/// Roles and ciphertexts.
	pub ciphertexts: Vec<(&'static str, Vec<u8>)>,
	/// The values.
	pub values: Vec<Value>,
	/// The equations.
	pub equations: Vec<Equation>,
}

/// A label and what is appended under it.
pub type Message = (&'static [u8], Vec<u8>);

impl Spec {
	/// Everything that the transcript takes in before `V`.
	pub fn messages(&self) -> Vec<Message> {
		let mut out: Vec<Message> = Vec::new();
		let mut put = |label: &'static str, bytes: &[u8]| out.push((label.as_bytes(), bytes.to_vec()));
		let le64 = |number: usize| (number as u64).to_le_bytes();
		put("version", &le64(1));
		put(
			"set",
			match self.set {
				ParameterSet::Paillier2048 => b"paillier-2048",
				ParameterSet::Paillier3072 => b"paillier-3072",
			},
		);
		put("genesis", &self.genesis);
		put("modulus", &self.modulus);
		put("call", self.call.as_bytes());
		put("account", &self.account);
		put("seq", &self.seq.to_le_bytes());
		put("salt", &self.salt);
		put("bindings", &le64(self.bindings.len()));
		for (name, value) in &self.bindings {
			put("name", name.as_bytes());
			put("value", value);
		}
		put("notes", &le64(self.notes.len()));
		for (name, hash) in &self.notes {
			put("name", name.as_bytes());
			put("hash", hash);
		}
		put("ciphertexts", &le64(self.ciphertexts.len()));
		for (role, ciphertext) in &self.ciphertexts {
			put("role", role.as_bytes());
			put("ciphertext", ciphertext);
		}
		put("values", &le64(self.values.len()));
		for value in &self.values {
			put("shift", &le64(value.shift.into()));
			put(
				"limit",
				&value
					.limit
					.map(|limit| limit.to_le_bytes().to_vec())
					.unwrap_or_default(),
			);
		}
		put("equations", &le64(self.equations.len()));
		for equation in &self.equations {
			put("target", &equation.target.to_le_bytes());
			for base in &equation.bases {
				let code = match base {
					Base::None => 0,
					Base::Generator => 1,
					Base::Ciphertext(index) => 2 + index,
				};
				put("base", &code.to_le_bytes());
			}
		}
		out
	}

	/// Commitments of the Bulletproof, padding included.
	pub fn range_count(&self) -> usize {
		let count: usize = self
			.values
			.iter()
			.map(|value| 1 + usize::from(value.limit.is_some()))
			.sum();
		count.next_power_of_two()
	}

	/// Bytes of a response `w`: `|N|/2 + 384` bits.
	pub fn w_bytes(&self) -> usize {
		match self.set {
			ParameterSet::Paillier2048 => 176,
			ParameterSet::Paillier3072 => 240,
		}
	}

	/// Bytes of the proof.
	pub fn proof_len(&self) -> usize {
		let logarithm = (64 * self.range_count()).ilog2() as usize;
		17 + 96 * self.values.len() + self.w_bytes() * self.equations.len() + 32 * (9 + 2 * logarithm)
	}
}

/// A transcript that can leave one message out.
pub struct Absorber {
	/// The transcript.
	pub transcript: Transcript,
	omit: Option<usize>,
	count: usize,
}

impl Absorber {
	/// A new transcript that leaves out the message with this index.
	pub fn new(omit: Option<usize>) -> Self {
		Self {
			transcript: Transcript::new(b"veilmart/confidential"),
			omit,
			count: 0,
		}
	}

	/// Appends a message, or leaves it out.
	pub fn put(&mut self, (label, bytes): &Message) {
		if self.omit != Some(self.count) {
			self.transcript.append_message(label, bytes);
		}
		self.count += 1;
	}

	/// Appends several messages.
	pub fn put_all<'a>(&mut self, messages: impl IntoIterator<Item = &'a Message>) {
		messages.into_iter().for_each(|message| self.put(message));
	}

	/// The challenge.
	pub fn challenge(&mut self) -> u128 {
		let mut e = [0; 16];
		self.transcript.challenge_bytes(b"e", &mut e);
		u128::from_le_bytes(e)
	}
}
