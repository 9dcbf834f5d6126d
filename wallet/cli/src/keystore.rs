//! Secrets on disk: files that age encrypted with a passphrase.
//!
//! A file `NAME.age` is an ordinary age file (scrypt recipient), which the `age` program opens, too. Beside it stands
//! `NAME.json` with what is public about the account, so that a name can be looked up without a passphrase; when the
//! secret is opened the two are compared. Both are written under another name first and then renamed, so that a full
//! disk or a power cut leaves the old file or the new one. Secrets are readable by their owner only (mode 0600), and a
//! file that others may read is not opened.
//!
//! A passphrase comes from the terminal, or from a file for scripts; never from the command line or the environment,
//! which other programs can see. Such a file is refused, too, if others may read or write it: whoever writes it chooses
//! what protects the next secret.

use std::{
	fs,
	io::{self, IsTerminal, Read, Write},
	path::{Path, PathBuf},
	result::Result as StdResult,
};

use age::secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sp_core::crypto::Ss58Codec;
use veilmart_runtime::AccountId;
use zeroize::{Zeroize, Zeroizing};

use crate::{
	account::Account,
	error::{Error, Result},
};

/// Names the file with the passphrase, for scripts.
pub const PASSPHRASE_FILE: &str = "VEILMART_PASSPHRASE_FILE";

/// The largest secret file that is read: a key of the certificate authority has about two kilobytes.
const LARGEST_FILE: u64 = 64 * 1024;

/// Where the passphrase comes from.
#[derive(Clone, Debug, Default)]
pub enum PassphraseSource {
	/// Somebody types it.
	#[default]
	Terminal,
	/// The first line of a file.
	File(PathBuf),
	/// It is known already, for programs that keep house by themselves (the demo, tests).
	Known(SecretString),
}

/// Whether a passphrase opens something or is chosen for something new.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
	Open,
	Choose,
}

impl PassphraseSource {
	/// The file if there is one, else the terminal.
	pub fn from_file(file: Option<PathBuf>) -> Self {
		file.map_or(Self::Terminal, Self::File)
	}

	/// A passphrase that the program has chosen by itself.
	pub fn known(passphrase: &str) -> Self {
		Self::Known(SecretString::from(passphrase.to_owned()))
	}

	/// Asks for a new passphrase now, for work that takes long before it needs it.
	pub fn chosen(&self, what: &str) -> Result<Self> {
		self.ask(what, Purpose::Choose).map(Self::Known)
	}

	fn ask(&self, what: &str, purpose: Purpose) -> Result<SecretString> {
		let passphrase = match self {
			Self::Known(passphrase) => passphrase.clone(),
			Self::File(path) => first_line(path)?,
			Self::Terminal => ask_terminal(what, purpose)?,
		};
		if purpose == Purpose::Choose && passphrase.expose_secret().is_empty() {
			return Err(Error::usage("An empty passphrase protects nothing."));
		}
		Ok(passphrase)
	}
}

fn first_line(path: &Path) -> Result<SecretString> {
	let failed = |error: io::Error| {
		Error::file(format!(
			"Cannot read the passphrase from {}: {error}",
			path.display()
		))
	};
	let mut file = fs::File::open(path).map_err(failed)?;
	// Of the file that is open: another may have the name by now.
	let metadata = file.metadata().map_err(failed)?;
	// Who hands over a pipe, as a shell does for <(…), has chosen who writes to it.
	if metadata.is_file() {
		refuse_others(path, &metadata)?;
	}
	let mut text = Zeroizing::new(String::new());
	file.read_to_string(&mut text).map_err(failed)?;
	Ok(SecretString::from(
		text.lines().next().unwrap_or_default().to_owned(),
	))
}

fn ask_terminal(what: &str, purpose: Purpose) -> Result<SecretString> {
	if !io::stdin().is_terminal() {
		return Err(Error::usage(format!(
			"There is no terminal to ask for the passphrase of {what}; name a file with --passphrase-file or {PASSPHRASE_FILE}."
		)));
	}
	let ask = |prompt: String| {
		rpassword::prompt_password(prompt)
			.map(SecretString::from)
			.map_err(|error| Error::file(format!("Cannot read the passphrase: {error}")))
	};
	match purpose {
		Purpose::Open => ask(format!("Passphrase of {what}: ")),
		Purpose::Choose => {
			let first = ask(format!("New passphrase for {what}: "))?;
			let second = ask("Once more: ".into())?;
			if first.expose_secret() == second.expose_secret() {
				Ok(first)
			} else {
				Err(Error::usage("The passphrases differ."))
			}
		}
	}
}

/// Writes `secret` to `path`, encrypted with a new passphrase. An existing file is never overwritten.
pub fn write_secret(path: &Path, what: &str, secret: &[u8], passphrase: &PassphraseSource) -> Result<()> {
	refuse_existing(path)?;
	write_new(path, &encrypt(what, secret, passphrase, None)?)
}

fn encrypt(
	what: &str,
	secret: &[u8],
	passphrase: &PassphraseSource,
	work_factor: Option<u8>,
) -> Result<Vec<u8>> {
	let mut recipient = age::scrypt::Recipient::new(passphrase.ask(what, Purpose::Choose)?);
	if let Some(work_factor) = work_factor {
		recipient.set_work_factor(work_factor);
	}
	age::encrypt(&recipient, secret).map_err(|error| Error::file(format!("Cannot encrypt {what}: {error}")))
}

/// The content of an age file. Its place in memory is as long as the file from the start: one that grows leaves copies behind.
fn decrypt(
	identity: &age::scrypt::Identity,
	encrypted: &[u8],
) -> StdResult<Zeroizing<Vec<u8>>, age::DecryptError> {
	let mut reader =
		age::Decryptor::new_buffered(encrypted)?.decrypt(std::iter::once(identity as &dyn age::Identity))?;
	let mut secret = Zeroizing::new(Vec::with_capacity(encrypted.len()));
	reader.read_to_end(&mut secret)?;
	Ok(secret)
}

/// A secret as JSON, in memory of its full length from the start.
pub fn secret_json(secret: &impl Serialize) -> Result<Zeroizing<Vec<u8>>> {
	let mut json = Zeroizing::new(Vec::with_capacity(LARGEST_FILE as usize));
	serde_json::to_writer(&mut *json, secret).map_err(|error| Error::file(error.to_string()))?;
	Ok(json)
}

/// Reads what [`write_secret`] wrote.
pub fn read_secret(path: &Path, what: &str, passphrase: &PassphraseSource) -> Result<Zeroizing<Vec<u8>>> {
	let shown = path.display();
	let metadata = fs::metadata(path)
		.map_err(|error| Error::file(format!("Cannot read {what} from {shown}: {error}")))?;
	refuse_others(path, &metadata)?;
	if metadata.len() > LARGEST_FILE {
		return Err(Error::file(format!("{shown} is too large to be {what}.")));
	}
	let encrypted =
		fs::read(path).map_err(|error| Error::file(format!("Cannot read {what} from {shown}: {error}")))?;
	let identity = age::scrypt::Identity::new(passphrase.ask(what, Purpose::Open)?);
	decrypt(&identity, &encrypted).map_err(|error| {
		use age::DecryptError::{DecryptionFailed, ExcessiveWork, KeyDecryptionFailed, NoMatchingKeys};
		Error::file(match error {
			KeyDecryptionFailed | DecryptionFailed | NoMatchingKeys => {
				format!("The passphrase does not open {shown}.")
			}
			ExcessiveWork { .. } => format!("{shown} asks for more work than a passphrase is worth; it was tampered with or comes from a far faster machine."),
			error => format!("{shown} is damaged: {error}"),
		})
	})
}

/// Complains about a file of which its owner is not the only one who may do something with it.
#[cfg(unix)]
fn refuse_others(path: &Path, metadata: &fs::Metadata) -> Result<()> {
	use std::os::unix::fs::PermissionsExt;
	let mode = metadata.permissions().mode() & 0o777;
	if mode & 0o077 == 0 {
		return Ok(());
	}
	Err(Error::file(format!(
		"{path} is not its owner's alone (mode {mode:03o}). Once you know why, say `chmod 600 {path}`.",
		path = path.display()
	)))
}

#[cfg(not(unix))]
fn refuse_others(_path: &Path, _metadata: &fs::Metadata) -> Result<()> {
	Ok(())
}

/// Complains if there is something at `path`.
pub fn refuse_existing(path: &Path) -> Result<()> {
	match path.symlink_metadata() {
		Ok(_) => Err(Error::file(format!(
			"{} exists already; nothing was written.",
			path.display()
		))),
		Err(_) => Ok(()),
	}
}

/// Writes a file that only its owner can read, all of it or nothing, and never over another.
pub fn write_new(path: &Path, content: &[u8]) -> Result<()> {
	let failed = |error: io::Error| match error.kind() {
		io::ErrorKind::AlreadyExists => {
			Error::file(format!("{} exists already; nothing was written.", path.display()))
		}
		_ => Error::file(format!("Cannot write {}: {error}", path.display())),
	};
	let folder = path
		.parent()
		.filter(|folder| !folder.as_os_str().is_empty())
		.unwrap_or(Path::new("."));
	create_private(folder).map_err(failed)?;
	// The temporary file has mode 0600 from the start.
	let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
	file.write_all(content).map_err(failed)?;
	file.as_file().sync_all().map_err(failed)?;
	file.persist_noclobber(path)
		.map_err(|error| failed(error.error))?;
	// The rename is durable once the folder is.
	fs::File::open(folder)
		.and_then(|folder| folder.sync_all())
		.map_err(failed)
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
	use std::os::unix::fs::DirBuilderExt;
	fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
	fs::create_dir_all(folder)
}

/// What is known about an account without its passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicAccount {
	/// The SS58 address.
	pub address: String,
}

/// What an account's file holds, encrypted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecretAccount {
	version: u8,
	mnemonic: String,
}

impl Drop for SecretAccount {
	fn drop(&mut self) {
		self.mnemonic.zeroize();
	}
}

/// What an account's file holds, to be encrypted.
pub fn account_json(mnemonic: &str) -> Result<Zeroizing<Vec<u8>>> {
	secret_json(&SecretAccount {
		version: 1,
		mnemonic: mnemonic.into(),
	})
}

/// The account in what its file held, decrypted. `path` is the file's, to be named in what is wrong with it.
pub fn read_account(json: &[u8], path: &Path) -> Result<Account> {
	let damaged = |_| Error::file(format!("{} does not hold an account.", path.display()));
	let secret: SecretAccount = serde_json::from_slice(json).map_err(damaged)?;
	if secret.version != 1 {
		return Err(Error::file(format!(
			"{} was written by a newer version.",
			path.display()
		)));
	}
	Account::from_mnemonic(&secret.mnemonic)
}

/// The accounts of one person, in the folder `accounts` of a base path.
#[derive(Clone, Debug)]
pub struct Keystore {
	folder: PathBuf,
}

impl Keystore {
	/// The keystore in a base path.
	pub fn new(base_path: &Path) -> Self {
		Self {
			folder: base_path.join("accounts"),
		}
	}

	/// `$XDG_DATA_HOME/veilmart`, or what stands for it when it is not set.
	pub fn default_base_path() -> Result<PathBuf> {
		let set = |name| {
			std::env::var_os(name)
				.filter(|value| !value.is_empty())
				.map(PathBuf::from)
		};
		set("XDG_DATA_HOME")
			.or_else(|| set("HOME").map(|home| home.join(".local/share")))
			.map(|data| data.join("veilmart"))
			.ok_or_else(|| {
				Error::usage("Neither XDG_DATA_HOME nor HOME is set; name a folder with --base-path.")
			})
	}

	fn path(&self, name: &str, extension: &str) -> Result<PathBuf> {
		let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
		if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
			return Err(Error::usage(format!(
				"\"{name}\" is no account name; it has up to 64 letters, digits, - and _"
			)));
		}
		Ok(self.folder.join(format!("{name}.{extension}")))
	}

	/// Whether there is an account with this name.
	pub fn contains(&self, name: &str) -> bool {
		self.path(name, "age").is_ok_and(|path| path.exists())
	}

	/// Stores an account of a mnemonic under a name that is free.
	pub fn add(&self, name: &str, mnemonic: &str, passphrase: &PassphraseSource) -> Result<Account> {
		self.add_with(name, mnemonic, passphrase, None)
	}

	fn add_with(
		&self,
		name: &str,
		mnemonic: &str,
		passphrase: &PassphraseSource,
		work_factor: Option<u8>,
	) -> Result<Account> {
		let (secret, public) = (self.path(name, "age")?, self.path(name, "json")?);
		refuse_existing(&secret)?;
		let account = Account::from_mnemonic(mnemonic)?;
		let json = account_json(mnemonic)?;
		let about = PublicAccount {
			address: account.address(),
		};
		let about = serde_json::to_vec_pretty(&about).map_err(|error| Error::file(error.to_string()))?;
		let encrypted = encrypt(&format!("account {name}"), &json, passphrase, work_factor)?;
		// There is an account once its secret is there. A public file without one was left when something went wrong between
		// the two.
		if public.exists() {
			fs::remove_file(&public)
				.map_err(|error| Error::file(format!("Cannot replace {}: {error}", public.display())))?;
		}
		write_new(&public, &about)?;
		write_new(&secret, &encrypted)?;
		Ok(account)
	}

	/// Opens an account.
	pub fn open(&self, name: &str, passphrase: &PassphraseSource) -> Result<Account> {
		let path = self.path(name, "age")?;
		if !path.exists() {
			return Err(self.unknown(name));
		}
		let json = read_secret(&path, &format!("account {name}"), passphrase)?;
		let account = read_account(&json, &path)?;
		if self
			.about(name)
			.is_ok_and(|public| public.address != account.address())
		{
			return Err(Error::file(format!(
				"{} names another address than the account has; somebody changed it.",
				self.path(name, "json")?.display()
			)));
		}
		Ok(account)
	}

	/// What is public about an account.
	pub fn about(&self, name: &str) -> Result<PublicAccount> {
		let path = self.path(name, "json")?;
		let text = fs::read(&path).map_err(|_| self.unknown(name))?;
		serde_json::from_slice(&text)
			.map_err(|error| Error::file(format!("{} is damaged: {error}", path.display())))
	}

	/// The account of a name, without its secret.
	pub fn account_id(&self, name: &str) -> Result<AccountId> {
		let public = self.about(name)?;
		AccountId::from_ss58check(&public.address)
			.map_err(|_| Error::file(format!("The file of account {name} holds no valid address.")))
	}

	/// The names of all accounts, sorted.
	pub fn names(&self) -> Result<Vec<String>> {
		let entries = match fs::read_dir(&self.folder) {
			Ok(entries) => entries,
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
			Err(error) => {
				return Err(Error::file(format!(
					"Cannot read {}: {error}",
					self.folder.display()
				)))
			}
		};
		let mut names: Vec<_> = entries
			.filter_map(|entry| {
				let path = entry.ok()?.path();
				let name = path.file_stem()?.to_str()?.to_owned();
				(path.extension()? == "age" && self.path(&name, "age").is_ok()).then_some(name)
			})
			.collect();
		names.sort();
		Ok(names)
	}

	fn unknown(&self, name: &str) -> Error {
		Error::usage(format!(
			"There is no account {name} in {}; `veilmart account new {name}` creates one.",
			self.folder.display()
		))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The mnemonic of the well-known development keys.
	const MNEMONIC: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
	/// Cheap: tests need no protection.
	const CHEAP: Option<u8> = Some(2);

	fn keystore() -> (tempfile::TempDir, Keystore) {
		let folder = tempfile::tempdir().unwrap();
		let keystore = Keystore::new(folder.path());
		keystore
			.add_with("shop", MNEMONIC, &PassphraseSource::known("correct horse"), CHEAP)
			.unwrap();
		(folder, keystore)
	}

	#[test]
	fn accounts_come_back() {
		let (_folder, keystore) = keystore();
		let account = keystore
			.open("shop", &PassphraseSource::known("correct horse"))
			.unwrap();
		assert_eq!(account.address(), keystore.about("shop").unwrap().address);
		assert_eq!(keystore.names().unwrap(), ["shop"]);
		assert!(keystore.contains("shop") && !keystore.contains("other"));
	}

	#[test]
	fn a_wrong_passphrase_is_named_as_such() {
		let (_folder, keystore) = keystore();
		let error = keystore
			.open("shop", &PassphraseSource::known("wrong"))
			.unwrap_err();
		assert!(error.to_string().contains("passphrase does not open"), "{error}");
	}

	#[test]
	fn a_truncated_file_is_not_opened() {
		let (_folder, keystore) = keystore();
		let path = keystore.path("shop", "age").unwrap();
		let whole = fs::read(&path).unwrap();
		for length in [0, 10, whole.len() / 2, whole.len() - 1] {
			fs::write(&path, &whole[..length]).unwrap();
			let error = keystore
				.open("shop", &PassphraseSource::known("correct horse"))
				.unwrap_err();
			assert!(
				matches!(error, Error::File(_)),
				"a file of {length} bytes: {error}"
			);
		}
		let mut changed = whole.clone();
		*changed.last_mut().unwrap() ^= 1;
		fs::write(&path, &changed).unwrap();
		assert!(keystore
			.open("shop", &PassphraseSource::known("correct horse"))
			.is_err());
	}

	#[cfg(unix)]
	#[test]
	fn secrets_are_for_their_owner_only() {
		use std::os::unix::fs::PermissionsExt;
		let (_folder, keystore) = keystore();
		let path = keystore.path("shop", "age").unwrap();
		assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
		assert_eq!(
			fs::metadata(&keystore.folder).unwrap().permissions().mode() & 0o777,
			0o700
		);
		fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
		let error = keystore
			.open("shop", &PassphraseSource::known("correct horse"))
			.unwrap_err();
		assert!(error.to_string().contains("not its owner's alone"), "{error}");
	}

	#[test]
	fn nothing_is_overwritten_and_nothing_is_left_over() {
		let (_folder, keystore) = keystore();
		let before = fs::read(keystore.path("shop", "age").unwrap()).unwrap();
		let error = keystore
			.add_with("shop", MNEMONIC, &PassphraseSource::known("other"), CHEAP)
			.unwrap_err();
		assert!(error.to_string().contains("exists already"), "{error}");
		assert_eq!(fs::read(keystore.path("shop", "age").unwrap()).unwrap(), before);
		assert_eq!(
			fs::read_dir(&keystore.folder).unwrap().count(),
			2,
			"a temporary file stayed"
		);
	}

	#[test]
	fn the_file_shows_nothing_of_the_secret() {
		let (_folder, keystore) = keystore();
		for extension in ["age", "json"] {
			let bytes = fs::read(keystore.path("shop", extension).unwrap()).unwrap();
			let text = String::from_utf8_lossy(&bytes);
			assert!(
				MNEMONIC.split(' ').all(|word| !text.contains(word)),
				"a word stands in the {extension} file"
			);
		}
	}

	#[test]
	fn a_changed_public_part_is_noticed() {
		let (_folder, keystore) = keystore();
		let other = PublicAccount {
			address: Account::development("//Alice").unwrap().address(),
		};
		fs::write(
			keystore.path("shop", "json").unwrap(),
			serde_json::to_vec(&other).unwrap(),
		)
		.unwrap();
		let error = keystore
			.open("shop", &PassphraseSource::known("correct horse"))
			.unwrap_err();
		assert!(error.to_string().contains("another address"), "{error}");
	}

	#[test]
	fn names_stay_in_the_folder() {
		let (_folder, keystore) = keystore();
		for name in ["", "..", "../shop", "a/b", "a.b", "shop\0", &"x".repeat(65)] {
			assert!(
				keystore.open(name, &PassphraseSource::known("x")).is_err(),
				"{name:?} passed for a name"
			);
		}
	}

	#[test]
	fn what_was_left_half_is_no_account_and_in_nobodys_way() {
		let (_folder, keystore) = keystore();
		fs::write(keystore.path("half", "json").unwrap(), "{}").unwrap();
		assert_eq!(keystore.names().unwrap(), ["shop"]);
		assert!(!keystore.contains("half"));
		let passphrase = PassphraseSource::known("x");
		let added = keystore.add_with("half", MNEMONIC, &passphrase, CHEAP).unwrap();
		assert_eq!(
			keystore.open("half", &passphrase).unwrap().address(),
			added.address()
		);
	}

	#[test]
	fn a_passphrase_file_gives_its_first_line() {
		let (folder, keystore) = keystore();
		let path = folder.path().join("passphrase");
		write_new(&path, b"correct horse\r\nmore\n").unwrap();
		assert!(keystore
			.open("shop", &PassphraseSource::File(path.clone()))
			.is_ok());
		fs::write(&path, "\n").unwrap();
		let empty = keystore.add_with("new", MNEMONIC, &PassphraseSource::File(path), CHEAP);
		assert!(matches!(empty, Err(Error::Usage(_))));
	}

	#[cfg(unix)]
	#[test]
	fn a_passphrase_file_is_for_its_owner_only() {
		use std::os::unix::fs::PermissionsExt;
		let (folder, keystore) = keystore();
		let path = folder.path().join("passphrase");
		fs::write(&path, "correct horse\n").unwrap();
		let with_mode = |mode| {
			fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
			keystore.open("shop", &PassphraseSource::File(path.clone()))
		};
		for mode in [0o600, 0o400] {
			assert!(with_mode(mode).is_ok(), "mode {mode:o}");
		}
		for mode in [0o640, 0o620, 0o604, 0o602, 0o644, 0o666] {
			let error = with_mode(mode).unwrap_err();
			let shown = path.display();
			assert_eq!(
				error,
				Error::File(format!(
					"{shown} is not its owner's alone (mode {mode:03o}). Once you know why, say `chmod 600 {shown}`."
				))
			);
		}
		// A new secret is not protected by such a passphrase either.
		let new = keystore.add_with("new", MNEMONIC, &PassphraseSource::File(path.clone()), CHEAP);
		assert!(matches!(new, Err(Error::File(_))));
		assert!(!keystore.contains("new"));
	}

	#[cfg(unix)]
	#[test]
	fn a_passphrase_comes_through_a_pipe() {
		use std::os::fd::AsRawFd;
		let (folder, keystore) = keystore();
		// As a shell's <(…).
		let (reader, mut writer) = io::pipe().unwrap();
		writer.write_all(b"correct horse\n").unwrap();
		drop(writer);
		let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
		let opened = keystore.open("shop", &PassphraseSource::File(path));
		assert!(opened.is_ok(), "{:?}", opened.err());

		// With a name, and the mode that mkfifo gives it.
		let path = folder.path().join("fifo");
		let made = std::process::Command::new("mkfifo")
			.args(["-m", "644"])
			.arg(&path)
			.status();
		assert!(made.unwrap().success());
		let fifo = path.clone();
		// It waits until somebody reads.
		let writes = std::thread::spawn(move || fs::write(fifo, "correct horse\n"));
		let opened = keystore.open("shop", &PassphraseSource::File(path));
		assert!(opened.is_ok(), "{:?}", opened.err());
		writes.join().unwrap().unwrap();
	}
}
