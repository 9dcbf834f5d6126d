//! A test's body in a second process, in namespaces that the system takes down with everything in them when it ends,
//! however it ends.

use std::{
	env, fs, io,
	process::{self, Command, Stdio},
	thread,
};

use crate::scene::the_machine;

/// Where the second process says that it came to its end: a file. It is named in this variable, so that the process knows
/// that it is the second.
const PASSED: &str = "VEILMART_SECOND_PROCESS";
/// Where it is set, tests do as if the machine let nobody make namespaces, if they have another way.
const WITHOUT: &str = "VEILMART_WITHOUT_NAMESPACES";
/// What every second process is started with.
const ALWAYS: [&str; 5] = ["--pid", "--fork", "--kill-child", "--mount-proc", "--"];

/// Whether this is a second process.
pub fn is_second() -> bool {
	env::var_os(PASSED).is_some()
}

/// Why a second process under `unshare` with these options is not to be had, or not one in which this script of the shell
/// succeeds. None if it is. The script complains to its standard error.
pub fn refused(options: &[&str], script: &str) -> Option<String> {
	if is_second() {
		return None;
	}
	if env::var_os(WITHOUT).is_some() {
		return Some(format!("{WITHOUT} is set"));
	}
	let tried = Command::new("unshare")
		.args(options)
		.args(ALWAYS)
		.args(["sh", "-ec", script])
		.stdin(Stdio::null())
		.output();
	match tried {
		Ok(output) if output.status.success() => None,
		Ok(output) => {
			let complained = String::from_utf8_lossy(&output.stderr);
			Some(format!("{}: {}", output.status, complained.trim()))
		}
		Err(error) => Some(format!("unshare: {error}")),
	}
}

/// Runs the body in a second process under `unshare` with these options (a process namespace is among them, see below). The
/// name is what the test program calls the test. `needed` says what a machine has to allow.
///
/// # Panics
///
/// Panics if the namespaces cannot be had, or the body did not come to its end.
pub fn in_second_process(name: &str, options: &[&str], needed: &str, body: impl FnOnce()) {
	if let Some(passed) = env::var_os(PASSED) {
		end_with_the_first_process();
		body();
		fs::write(passed, name).unwrap();
		return;
	}
	let _machine = the_machine();
	let folder = tempfile::tempdir().unwrap();
	let passed = folder.path().join("passed");
	let mut second = Command::new("unshare")
		.args(options)
		.args(ALWAYS)
		.arg(env::current_exe().unwrap())
		.args(["--exact", name, "--nocapture", "--include-ignored"])
		.env(PASSED, &passed)
		.env("TMPDIR", folder.path())
		.stdin(Stdio::piped())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.spawn()
		.unwrap_or_else(|error| panic!("unshare: {error}. {needed}"));
	// It ends when this is closed, also by the end of this process.
	let lifeline = second.stdin.take();
	let output = second.wait_with_output().unwrap();
	drop(lifeline);
	let said = String::from_utf8_lossy(&output.stdout);
	println!("{said}");
	let complained = String::from_utf8_lossy(&output.stderr);
	eprintln!("{complained}");
	// The test program's first words: without them it was never started.
	if !said.contains("running ") {
		panic!("No namespaces: {}. {needed}", complained.trim());
	}
	// A name that is wrong would run nothing, and succeed.
	if !output.status.success() || !passed.is_file() {
		let folder = folder.keep();
		panic!("{name}: {}; files are in {}", output.status, folder.display());
	}
}

/// The first process of a process namespace takes all others with it.
fn end_with_the_first_process() {
	thread::spawn(|| {
		// Nothing comes. It ends when the other process does.
		let _ = io::copy(&mut io::stdin(), &mut io::sink());
		process::exit(1);
	});
}
