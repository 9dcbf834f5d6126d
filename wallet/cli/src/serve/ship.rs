//! Running the seller's ship command.
//!
//! The command gets the order as JSON on its standard input: nothing of it stands on a command line, which others can see,
//! and nothing secret is in it. Exit status 0 says that the order is shipped; any other up to 128, that it is not, and that the
//! command may run again. A command that was killed, or took too long and is killed now, has said neither; nor has one that
//! ended with a status above 128, with which shells say that what they ran was killed. What takes too long is killed with all
//! that it started: a half of it must not ship later.
//!
//! It runs in a process group of its own, so that Ctrl-C at a terminal ends the agent and not the parcel. What it prints
//! goes to the standard error: the standard output is the agent's own.

use std::{io, process::Stdio};

use serde_json::Value;
use tokio::{
	io::AsyncWriteExt,
	process::{Child, Command},
};

use super::rules::ShipCommand;
use crate::keystore::PASSPHRASE_FILE;

/// The last exit status that is an answer of the command itself.
const LAST_ANSWER: i32 = 128;

/// How a ship command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
	/// It shipped.
	Shipped,
	/// It did not, and why.
	NotShipped(String),
	/// Nobody knows whether it did, and why.
	Unclear(String),
}

/// Runs the command with this input and waits until it has ended, or its time is over.
pub(super) async fn run(command: &ShipCommand, input: &Value) -> Ended {
	let mut child = match start(command) {
		Ok(child) => child,
		Err(error) => return Ended::NotShipped(format!("it cannot be started: {error}")),
	};
	let work = async {
		if let Some(mut stdin) = child.stdin.take() {
			// A command that knows what to do without reading may close it.
			let _ = stdin.write_all(format!("{input}\n").as_bytes()).await;
		}
		child.wait().await
	};
	match tokio::time::timeout(command.timeout, work).await {
		Ok(Ok(status)) if status.success() => Ended::Shipped,
		Ok(Ok(status)) => match status.code() {
			Some(code) if code > LAST_ANSWER => {
				Ended::Unclear(format!("it ended with status {code}, as if it was killed"))
			}
			Some(code) => Ended::NotShipped(format!("it ended with status {code}")),
			None => Ended::Unclear(format!("it was killed ({status})")),
		},
		Ok(Err(error)) => Ended::Unclear(format!("its end was missed: {error}")),
		Err(_) => {
			let killed = kill(&mut child).await;
			let how = killed.map_or_else(
				|error| format!("could not be killed ({error})"),
				|()| "was killed".into(),
			);
			Ended::Unclear(format!(
				"it took longer than {} s and {how}",
				command.timeout.as_secs()
			))
		}
	}
}

/// Kills the command and all that it started, unless that left its process group.
#[cfg(unix)]
async fn kill(child: &mut Child) -> io::Result<()> {
	use rustix::process::{kill_process_group, Pid, Signal};
	// There is a number as long as nobody has waited for the process: it is nobody else's.
	let group = child
		.id()
		.and_then(|id| i32::try_from(id).ok())
		.and_then(Pid::from_raw);
	if let Some(group) = group {
		kill_process_group(group, Signal::KILL)?;
	}
	child.wait().await.map(|_| ())
}

#[cfg(not(unix))]
async fn kill(child: &mut Child) -> io::Result<()> {
	child.kill().await
}

fn start(command: &ShipCommand) -> io::Result<Child> {
	let mut words = command.words.iter();
	let program = words
		.next()
		.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no command is named"))?;
	let mut process = Command::new(program);
	process
		.args(words)
		.env_remove(PASSPHRASE_FILE)
		.stdin(Stdio::piped())
		.stdout(to_standard_error());
	#[cfg(unix)]
	process.process_group(0);
	process.spawn()
}

#[cfg(unix)]
fn to_standard_error() -> Stdio {
	use std::os::fd::AsFd;
	io::stderr()
		.as_fd()
		.try_clone_to_owned()
		.map_or_else(|_| Stdio::null(), Stdio::from)
}

#[cfg(not(unix))]
fn to_standard_error() -> Stdio {
	Stdio::null()
}

#[cfg(all(test, unix))]
mod tests {
	use super::*;
	use serde_json::json;
	use std::time::Duration;

	fn shell(script: &str, seconds: u64) -> ShipCommand {
		ShipCommand {
			words: ["sh", "-c", script].map(Into::into).to_vec(),
			timeout: Duration::from_secs(seconds),
		}
	}

	#[tokio::test]
	async fn the_exit_status_is_the_answer() {
		let input = json!({ "order": "x:1" });
		let told = run(&shell("grep -q '\"order\":\"x:1\"'", 10), &input).await;
		assert_eq!(told, Ended::Shipped);
		assert_eq!(
			run(&shell("exit 0", 10), &input).await,
			Ended::Shipped,
			"without reading"
		);
		let told = run(&shell("exit 3", 10), &input).await;
		assert!(matches!(told, Ended::NotShipped(why) if why.contains('3')));
		let missing = ShipCommand {
			words: vec!["/nowhere/to/be/found".into()],
			timeout: Duration::from_secs(10),
		};
		assert!(matches!(run(&missing, &input).await, Ended::NotShipped(_)));
	}

	#[tokio::test]
	async fn who_does_not_answer_may_have_shipped() {
		let input = json!({});
		let told = run(&shell("kill -9 $$", 10), &input).await;
		assert!(matches!(told, Ended::Unclear(_)), "{told:?}");
		// What a shell says of what was killed under it.
		let told = run(&shell("sh -c 'kill -9 $$'; exit $?", 10), &input).await;
		assert!(
			matches!(&told, Ended::Unclear(why) if why.contains("137")),
			"{told:?}"
		);
		let told = run(&shell("exit 128", 10), &input).await;
		assert!(matches!(told, Ended::NotShipped(_)), "{told:?}");
		let told = run(&shell("exec sleep 60", 1), &input).await;
		assert!(matches!(told, Ended::Unclear(why) if why.contains("longer than 1 s")));
	}

	#[tokio::test]
	async fn what_takes_too_long_is_killed_with_all_that_it_started() {
		let folder = tempfile::tempdir().unwrap();
		let parcel = folder.path().join("parcel");
		let script = format!("(sleep 2; touch '{}') & wait", parcel.display());
		let told = run(&shell(&script, 1), &json!({})).await;
		assert!(matches!(told, Ended::Unclear(_)), "{told:?}");
		tokio::time::sleep(Duration::from_secs(2)).await;
		assert!(!parcel.exists(), "half of it shipped later");
	}
}
