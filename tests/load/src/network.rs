//! The nodes that get the load: four of our own, or those at the addresses given.

use std::{fs, time::Duration};

use tempfile::TempDir;
use veilmart_cli::error::{Error, Result};
use veilmart_demo_parts::process::{self, Node as Process, Place, AUTHORITIES};

use crate::{client::Node, crowd::at_all};

/// What the machine gives to a process in a second of processor time, in the units of `/proc` on Linux.
const TICKS: f64 = 100.0;

/// The nodes.
pub struct Network {
	/// Connections to them.
	pub nodes: Vec<Node>,
	/// Their processes, if they are our own.
	pub own: Option<Own>,
}

/// Processes of our own, and the folder that they live in.
pub struct Own {
	/// The processes.
	pub network: process::Network,
	/// With what a node is started beside what it needs.
	pub options: Vec<String>,
	folder: Option<TempDir>,
}

/// An error of what is shared with the demo.
pub fn failed(error: Box<dyn std::error::Error>) -> Error {
	Error::node(error.to_string())
}

impl Network {
	/// Connects to the nodes at these addresses; starts four authorities if there is none.
	pub async fn open(urls: &[String], options: &[String], keep: bool) -> Result<Self> {
		let mut this = if urls.is_empty() {
			Self::start(options, keep).await?
		} else {
			Self {
				nodes: Vec::new(),
				own: None,
			}
		};
		for url in urls {
			this.nodes.push(Node::connect(url).await?);
		}
		Ok(this)
	}

	async fn start(options: &[String], keep: bool) -> Result<Self> {
		let file = |error: std::io::Error| Error::file(error.to_string());
		let mut folder = tempfile::Builder::new()
			.prefix("veilmart-load-")
			.tempdir()
			.map_err(file)?;
		if keep {
			folder.disable_cleanup(true);
			eprintln!("The nodes' folder: {}", folder.path().display());
		}
		let specification = folder.path().join("chain.json");
		process::export_preset("local", &specification)
			.await
			.map_err(failed)?;
		let mut network = process::Network { nodes: Vec::new() };
		let words: Vec<_> = options.iter().map(String::as_str).collect();
		for name in AUTHORITIES {
			let folder = folder.path().join(name);
			fs::create_dir_all(&folder).map_err(file)?;
			let others: Vec<_> = network.nodes.iter().map(|node| node.address.clone()).collect();
			let place = Place::here_while_we_run().map_err(failed)?;
			let node = Process::prepare_at(name, &specification, &folder, &others, place).await;
			let mut node = node.map_err(failed)?;
			node.spawn(&words).map_err(failed)?;
			network.nodes.push(node);
		}
		let mut nodes = Vec::new();
		for node in &mut network.nodes {
			node.answers().await.map_err(failed)?;
			nodes.push(Node::connect(&node.url).await?);
		}
		network.leader().await.map_err(failed)?;
		eprintln!("Four authorities run, and one leads.");
		// The machine cools down from their start.
		tokio::time::sleep(Duration::from_secs(3)).await;
		Ok(Self {
			nodes,
			own: Some(Own {
				network,
				options: options.to_vec(),
				folder: Some(folder),
			}),
		})
	}

	/// Says that all is prepared and the load begins: `scripts/profile` waits for this line.
	pub fn load_begins(&self) {
		eprintln!("The load begins.");
	}

	/// Seconds of processor time used so far: by each node that is our own, and last by this program.
	pub fn processor_time(&self) -> Vec<(String, f64)> {
		let own = self.own.iter().flat_map(|own| &own.network.nodes);
		own.map(|node| (node.name.to_owned(), node.process_id()))
			.chain([("load".to_owned(), Some(std::process::id()))])
			.filter_map(|(name, id)| Some((name, processor_time(id?)?)))
			.collect()
	}

	/// Ends the processes, if they are our own.
	pub async fn close(self) -> Result<()> {
		drop(self.nodes);
		if let Some(own) = self.own {
			own.network.stop().await.map_err(failed)?;
			drop(own.folder);
		}
		Ok(())
	}

	/// The ends of the logs of our own nodes.
	pub fn last_words(&self) -> Option<String> {
		self.own.as_ref().map(|own| own.network.last_words())
	}

	/// The least height that is final at every node.
	pub async fn height(&self) -> Result<u32> {
		let heights = at_all(&self.nodes, Node::finalized_height).await?;
		Ok(heights.into_iter().min().unwrap_or_default())
	}
}

/// None where there is no `/proc`.
fn processor_time(process: u32) -> Option<f64> {
	let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
	// The name, in parentheses, may hold anything.
	let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
	let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
	Some((f64::from(ticks(11)?) + f64::from(ticks(12)?)) / TICKS)
}
