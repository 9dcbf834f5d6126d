//! What runs came to, a line each, written as they end: a measurement may be stopped at any time, and goes on where it
//! was. The lines depend on conditions, costs and program; the first line says which conditions and costs, and it is the
//! caller's to begin a new file with a new program.

use anyhow::{ensure, Context, Result};
use std::{
	collections::BTreeMap,
	fs::{self, File, OpenOptions},
	io::Write,
	path::Path,
	sync::{Mutex, PoisonError},
};

/// Values of a run, or why it came to none.
pub type Outcome<const N: usize> = Result<[f64; N], String>;

/// The runs that have ended.
pub struct Journal<const N: usize> {
	known: BTreeMap<String, Outcome<N>>,
	file: Option<Mutex<File>>,
}

impl<const N: usize> Journal<N> {
	/// One that is not kept.
	pub fn none() -> Self {
		Self {
			known: BTreeMap::new(),
			file: None,
		}
	}

	/// Reads the file and goes on with it, or begins it. A last line that was not finished is dropped.
	///
	/// # Errors
	///
	/// If the file cannot be read or written, is of other conditions, or has a line that is no run's.
	pub fn open(path: &Path, conditions: &str) -> Result<Self> {
		let about = || format!("the journal {}", path.display());
		let first = format!("conditions {conditions}\n");
		let text = if path.exists() {
			fs::read_to_string(path).with_context(about)?
		} else {
			String::new()
		};
		let whole = text.rfind('\n').map_or(0, |end| end + 1);
		let text = &text[..whole];
		let file = OpenOptions::new()
			.create(true)
			.append(true)
			.open(path)
			.with_context(about)?;
		file.set_len(whole as u64).with_context(about)?;
		let mut known = BTreeMap::new();
		if text.is_empty() {
			(&file).write_all(first.as_bytes()).with_context(about)?;
		} else {
			let lines = text.strip_prefix(&first);
			ensure!(
				lines.is_some(),
				"{} is of other conditions or costs than the present ones ({conditions})",
				about()
			);
			for line in lines.unwrap_or_default().lines() {
				let (key, outcome) = parse(line).with_context(|| format!("{}: {line}", about()))?;
				known.insert(key, outcome);
			}
		}
		Ok(Self {
			known,
			file: Some(Mutex::new(file)),
		})
	}

	/// What a run came to, if it has ended.
	pub fn get(&self, run: &str) -> Option<Outcome<N>> {
		self.known.get(run).cloned()
	}

	/// Takes note of a run. Its name has no tabulator in it.
	///
	/// # Errors
	///
	/// If the file cannot be written.
	pub fn add(&self, run: &str, outcome: &Outcome<N>) -> Result<()> {
		let Some(file) = &self.file else { return Ok(()) };
		let line = match outcome {
			// Rust writes as many digits as it needs to read the same number again.
			Ok(values) => values.iter().fold(format!("{run}\tcame to"), |line, value| {
				format!("{line}\t{value:?}")
			}),
			Err(why) => format!("{run}\tfailed\t{}", why.replace(['\n', '\t'], " ")),
		};
		let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
		file.write_all(format!("{line}\n").as_bytes())
			.context("cannot write the journal")
	}
}

fn parse<const N: usize>(line: &str) -> Result<(String, Outcome<N>)> {
	let mut fields = line.split('\t');
	let key = fields.next().unwrap_or_default().to_owned();
	let outcome = match fields.next() {
		Some("failed") => Err(fields.next().unwrap_or_default().to_owned()),
		Some("came to") => {
			let values = fields.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
			let count = values.len();
			Ok(<[f64; N]>::try_from(values)
				.map_err(|_| anyhow::anyhow!("{count} values where {N} are expected"))?)
		}
		_ => anyhow::bail!("neither values nor a failure"),
	};
	Ok((key, outcome))
}

#[cfg(test)]
mod tests {
	use super::*;

	/// What was written is read back exactly; a line cut off by a crash is dropped and written again; a file of other
	/// conditions, or with another number of values, is refused.
	#[test]
	fn a_journal_goes_on_where_it_was() {
		let path = std::env::temp_dir().join(format!("veilmart-journal-{}", std::process::id()));
		let _ = fs::remove_file(&path);
		let open = |conditions| Journal::<2>::open(&path, conditions);
		let values = Ok([0.1 + 0.2, 1.0 / 3.0]);
		let failed = Err("a reason\nof two lines".to_owned());
		let journal = open("ab").expect("a new file");
		journal.add("a,1", &values).expect("written");
		journal.add("a,2", &failed).expect("written");
		drop(journal);
		let text = fs::read_to_string(&path).expect("a file");
		fs::write(&path, format!("{text}a,3\tcame to\t1")).expect("written");
		let journal = open("ab").expect("the file again");
		assert_eq!(journal.get("a,1"), Some(values));
		assert_eq!(journal.get("a,2"), Some(Err("a reason of two lines".into())));
		assert_eq!(journal.get("a,3"), None);
		journal.add("a,3", &Ok([3.0, 4.0])).expect("written");
		drop(journal);
		assert_eq!(
			open("ab").expect("the file again").get("a,3"),
			Some(Ok([3.0, 4.0]))
		);
		assert!(open("cd").is_err(), "other conditions");
		assert!(Journal::<3>::open(&path, "ab").is_err(), "two values, not three");
		fs::remove_file(&path).expect("it was made here");
	}
}
