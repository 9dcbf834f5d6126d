//! Independent runs on several threads, with results in the order of the runs.

use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Mutex,
};

/// Runs `job` for each of `count` indices on `threads` threads and returns the results by index.
///
/// `progress` is told the number of finished runs, now and then and from any thread. What a run computes does not
/// depend on the number of threads.
pub fn run<T: Send>(
	threads: usize,
	count: usize,
	job: impl Fn(usize) -> T + Sync,
	progress: impl Fn(usize) + Sync,
) -> Vec<T> {
	let next = AtomicUsize::new(0);
	let done = AtomicUsize::new(0);
	let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
	std::thread::scope(|scope| {
		for _ in 0..threads.clamp(1, count.max(1)) {
			scope.spawn(|| loop {
				let index = next.fetch_add(1, Ordering::Relaxed);
				if index >= count {
					break;
				}
				let result = job(index);
				match results.lock() {
					Ok(mut results) => results.push((index, result)),
					// Another thread failed; the scope passes its panic on.
					Err(_) => break,
				}
				progress(done.fetch_add(1, Ordering::Relaxed) + 1);
			});
		}
	});
	let mut results = results
		.into_inner()
		.unwrap_or_else(|poisoned| poisoned.into_inner());
	results.sort_by_key(|(index, _)| *index);
	results.into_iter().map(|(_, result)| result).collect()
}

/// Threads to use unless told otherwise: one per processor.
pub fn threads() -> usize {
	std::thread::available_parallelism().map_or(1, |count| count.get())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn results_come_in_order_whatever_the_threads() {
		for threads in [0, 1, 4, 100] {
			let squares = run(threads, 20, |index| index * index, |_| ());
			assert_eq!(squares, (0..20).map(|index| index * index).collect::<Vec<_>>());
		}
		assert!(run(2, 0, |index| index, |_| ()).is_empty());
	}
}
