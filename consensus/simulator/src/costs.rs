//! Measures what work costs on this machine, for the table that all protocols pay by.
//!
//! Work is measured in processor time, the thread's own clock, so that others on the machine distort it little; of several
//! rounds the shortest counts, for what others do (caches, the second thread of a core) only makes it longer. A sync is the
//! one thing whose wall time is meant: there the median counts.

use crate::{
	cpu::{CostTable, TrapdoorCosts},
	rng::{Rng, Stream},
};
use anyhow::{anyhow, Context, Result};
use blake2::{
	digest::{consts::U32, Digest},
	Blake2b,
};
use rustix::time::{clock_gettime, ClockId};
use schnorrkel::{context::attach_rng, signing_context, Keypair};
use std::{
	fs,
	hint::black_box,
	io::{Read, Write},
	net::{TcpListener, TcpStream},
	path::Path,
	time::{Duration, Instant},
};
use veilmart_trapdoor::{Context as Place, Dealing, ShareKeys, ShareSecret};

/// Signatures in the batch that is timed.
const BATCH: usize = 64;
/// Numbers of authorities at which the trapdoor is timed.
const SIZES: [u32; 5] = [4, 10, 25, 50, 100];
/// Timed rounds.
const ROUNDS: usize = 31;

fn clock(id: ClockId) -> Duration {
	let time = clock_gettime(id);
	Duration::new(
		u64::try_from(time.tv_sec).unwrap_or(0),
		u32::try_from(time.tv_nsec).unwrap_or(0),
	)
}

/// Shortest processor time of one call in nanoseconds, over [`ROUNDS`] rounds of `calls` calls.
fn shortest(calls: u32, call: impl FnMut() -> Result<()>) -> Result<u64> {
	let times = rounds(|| clock(ClockId::ThreadCPUTime), calls, call)?;
	Ok(times.first().copied().unwrap_or(0))
}

/// Times of one call by a clock, from the shortest to the longest round.
fn rounds(now: impl Fn() -> Duration, calls: u32, mut call: impl FnMut() -> Result<()>) -> Result<Vec<u64>> {
	let mut times = Vec::new();
	for _ in 0..ROUNDS {
		let start = now();
		for _ in 0..calls {
			call()?;
		}
		let span = now().saturating_sub(start);
		times.push(u64::try_from(span.as_nanos())? / u64::from(calls.max(1)));
	}
	times.sort();
	Ok(times)
}

/// Measures all operations; files of the disk measurement are made in `directory`, which should be on the disk meant.
///
/// # Errors
///
/// If the disk, the loopback interface or a signature fails.
pub fn measure(directory: &Path, mut progress: impl FnMut(&str)) -> Result<CostTable> {
	let mut rng = Rng::new(1, Stream::Keys);
	let key = Keypair::generate_with(rng.inner());
	let context = signing_context(b"costs");
	let message = [7u8; 128];
	let wrong = |error| anyhow::anyhow!("a signature just made does not hold: {error}");

	progress("signatures");
	let sign = shortest(100, || {
		black_box(key.sign(attach_rng(context.bytes(&message), rng.inner())));
		Ok(())
	})?;
	let signature = key.sign(attach_rng(context.bytes(&message), rng.inner()));
	let verify = shortest(100, || {
		key.public
			.verify(context.bytes(&message), &signature)
			.map_err(wrong)
	})?;
	let keys: Vec<_> = (0..BATCH).map(|_| Keypair::generate_with(rng.inner())).collect();
	let signatures: Vec<_> = keys
		.iter()
		.map(|key| key.sign(attach_rng(context.bytes(&message), rng.inner())))
		.collect();
	let public: Vec<_> = keys.iter().map(|key| key.public).collect();
	let batch = shortest(4, || {
		let transcripts = (0..BATCH).map(|_| context.bytes(&message));
		schnorrkel::verify_batch(transcripts, &signatures, &public, false).map_err(wrong)
	})?;

	progress("VRF");
	let vrf_prove = shortest(50, || {
		black_box(key.vrf_sign_extra(
			context.bytes(&message),
			attach_rng(
				schnorrkel::context::signing_context(b"extra").bytes(b""),
				rng.inner(),
			),
		));
		Ok(())
	})?;
	let (in_out, proof, _) = key.vrf_sign_extra(
		context.bytes(&message),
		attach_rng(
			schnorrkel::context::signing_context(b"extra").bytes(b""),
			rng.inner(),
		),
	);
	let output = in_out.to_preout();
	let vrf_verify = shortest(50, || {
		let extra = schnorrkel::context::signing_context(b"extra").bytes(b"");
		key.public
			.vrf_verify_extra(context.bytes(&message), &output, &proof, extra)
			.map(drop)
			.map_err(wrong)
	})?;

	progress("hash");
	let mebibyte = vec![0x5au8; 1 << 20];
	let hash_mebibyte = shortest(5, || {
		black_box(Blake2b::<U32>::digest(&mebibyte));
		Ok(())
	})?;

	progress("trapdoor");
	let trapdoor = trapdoor().context("the trapdoor")?;

	progress("messages");
	let message_cost = messages().context("messages over the loopback interface")?;

	progress("disk");
	let (sync, sync_mebibyte) =
		syncs(directory).with_context(|| format!("syncs in {}", directory.display()))?;

	Ok(CostTable {
		cpu: cpu_name(),
		sign,
		verify,
		verify_in_batch: batch / BATCH as u64,
		vrf_prove,
		vrf_verify,
		hash_mebibyte,
		message: message_cost,
		sync,
		sync_mebibyte,
		trapdoor: Some(trapdoor),
	})
}

/// Dealing, checking, opening, recovering at several sizes. Shares cost the same at all of them: the last counts.
fn trapdoor() -> Result<TrapdoorCosts> {
	let failed = |error: &dyn std::fmt::Display| anyhow!("{error}");
	let mut rng = Rng::new(2, Stream::Keys);
	let mut costs = TrapdoorCosts::default();
	for n in SIZES {
		let keys: Vec<_> = (0..n).map(|_| Keypair::generate_with(rng.inner())).collect();
		let secrets = keys
			.iter()
			.map(|key| ShareSecret::from_sr25519(&key.secret.to_bytes()));
		let secrets: Vec<_> = secrets
			.collect::<Result<_, _>>()
			.map_err(|error| failed(&error))?;
		let public: Vec<_> = secrets.iter().map(ShareSecret::public).collect();
		let public = ShareKeys::new(&public).map_err(|error| failed(&error))?;
		let place = Place {
			genesis: [1; 32],
			set_id: 1,
			term: 1,
			dealer: 0,
			parent: [2; 32],
		};
		let deal = shortest(2, || {
			black_box(Dealing::deal(&place, &public, rng.inner()));
			Ok(())
		})?;
		let dealing = Dealing::deal(&place, &public, rng.inner());
		let verified = dealing.verify(&place, &public).map_err(|error| failed(&error))?;
		let verify = shortest(2, || {
			dealing
				.verify(&place, &public)
				.map(drop)
				.map_err(|error| failed(&error))
		})?;
		let mut shares = Vec::new();
		for secret in secrets.iter().take(verified.threshold().into()) {
			shares.push(
				verified
					.open(secret, rng.inner())
					.map_err(|error| failed(&error))?,
			);
		}
		let (Some(secret), Some(share)) = (secrets.first(), shares.first()) else {
			continue;
		};
		costs.open_share = shortest(20, || {
			verified
				.open(secret, rng.inner())
				.map(drop)
				.map_err(|error| failed(&error))
		})?;
		costs.verify_share = shortest(20, || {
			verified
				.verify_share(share)
				.map(drop)
				.map_err(|error| failed(&error))
		})?;
		let shares = shares.iter().map(|share| verified.verify_share(share));
		let shares: Vec<_> = shares.collect::<Result<_, _>>().map_err(|error| failed(&error))?;
		let recover = shortest(2, || {
			verified
				.recover(&shares)
				.map(drop)
				.map_err(|error| failed(&error))
		})?;
		costs.deal.insert(n, deal);
		costs.verify_dealing.insert(n, verify);
		costs.recover.insert(n, recover);
	}
	Ok(costs)
}

/// One message there and one back over a local connection is four halves: two sends, two receptions. What both ends
/// take is the processor time of the whole process; nothing else runs in it.
fn messages() -> Result<u64> {
	let listener = TcpListener::bind(("127.0.0.1", 0))?;
	let address = listener.local_addr()?;
	let echo = std::thread::spawn(move || -> std::io::Result<()> {
		let (mut stream, _) = listener.accept()?;
		stream.set_nodelay(true)?;
		let mut buffer = [0u8; 256];
		while stream.read_exact(&mut buffer).is_ok() {
			stream.write_all(&buffer)?;
		}
		Ok(())
	});
	let mut stream = TcpStream::connect(address)?;
	stream.set_nodelay(true)?;
	let mut buffer = [0u8; 256];
	let round_trips = rounds(
		|| clock(ClockId::ProcessCPUTime),
		200,
		|| {
			stream.write_all(&buffer)?;
			Ok(stream.read_exact(&mut buffer)?)
		},
	)?;
	drop(stream);
	echo.join()
		.map_err(|_| anyhow::anyhow!("the other end of the connection failed"))??;
	Ok(round_trips.first().copied().unwrap_or(0) / 4)
}

/// Syncing 4 KiB appended, and what each further mebibyte adds.
fn syncs(directory: &Path) -> Result<(u64, u64)> {
	let path = directory.join(format!("veilmart-sync-{}", std::process::id()));
	let mut file = fs::OpenOptions::new().create_new(true).write(true).open(&path)?;
	let mut time = |bytes: usize| -> Result<u64> {
		let data = vec![0xa5u8; bytes];
		let start = Instant::now();
		let times = rounds(
			|| start.elapsed(),
			1,
			|| {
				file.write_all(&data)?;
				Ok(file.sync_data()?)
			},
		)?;
		Ok(times.get(ROUNDS / 2).copied().unwrap_or(0))
	};
	let measured = time(4 << 10).and_then(|small| Ok((small, time((4 << 10) + (1 << 20))?)));
	fs::remove_file(&path)?;
	let (small, large) = measured?;
	Ok((small, large.saturating_sub(small)))
}

/// The processor's name as the system gives it.
fn cpu_name() -> String {
	let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
	let name = info.lines().find_map(|line| {
		line.strip_prefix("model name")?
			.split_once(':')
			.map(|(_, name)| name)
	});
	name.unwrap_or("unknown").trim().to_owned()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Everything is measured, and the table survives its file. How the times compare is the machine's affair: others
	/// that run beside the tests can turn any order around.
	#[test]
	fn all_is_measured() {
		let costs = measure(&std::env::temp_dir(), |_| ()).expect("a measurement");
		let one = [
			costs.sign,
			costs.verify,
			costs.verify_in_batch,
			costs.vrf_prove,
			costs.vrf_verify,
		];
		assert!(one.iter().all(|cost| *cost > 0), "{one:?}");
		assert!(costs.hash_mebibyte > 0 && costs.message > 0 && costs.sync > 0);
		let trapdoor = costs.trapdoor.as_ref().expect("measured");
		for table in [&trapdoor.deal, &trapdoor.verify_dealing, &trapdoor.recover] {
			assert_eq!(table.keys().copied().collect::<Vec<_>>(), SIZES);
			assert!(table.values().all(|cost| *cost > 0));
		}
		let text = serde_json::to_string(&costs).expect("a table has a text");
		assert_eq!(
			serde_json::from_str::<CostTable>(&text).expect("the same table"),
			costs
		);
	}
}
