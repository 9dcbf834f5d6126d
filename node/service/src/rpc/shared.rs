//! One answer for all who ask within a moment.

use std::{
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt, Shared};

/// For how long an answer, or a question that waits for one, serves others who ask: it may be older by this, and the engine is asked
/// ten times in a second, however many clients there are.
const MOMENT: Duration = Duration::from_millis(100);

type Answer<T> = Shared<BoxFuture<'static, T>>;

/// When it was last asked, and what comes of it.
type Last<T> = Option<(Instant, Answer<T>)>;

/// A question that many ask, with its last answer or the one to come.
pub struct SharedAnswer<T: Clone>(Arc<Mutex<Last<T>>>);

impl<T: Clone> Clone for SharedAnswer<T> {
	fn clone(&self) -> Self {
		Self(self.0.clone())
	}
}

impl<T: Clone> Default for SharedAnswer<T> {
	fn default() -> Self {
		Self(Arc::default())
	}
}

impl<T: Clone + Send + Sync + 'static> SharedAnswer<T> {
	/// The answer to who asks now. `ask` asks, unless somebody else has within the last tenth of a second.
	pub fn get(&self, now: Instant, ask: impl FnOnce() -> BoxFuture<'static, T>) -> Answer<T> {
		// Nothing panics while it is held.
		let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		if let Some((since, answer)) = last.as_ref() {
			if now.saturating_duration_since(*since) < MOMENT {
				return answer.clone();
			}
		}
		let answer = ask().shared();
		*last = Some((now, answer.clone()));
		answer
	}
}

#[cfg(test)]
mod tests {
	use std::sync::atomic::{AtomicU32, Ordering};

	use futures::channel::oneshot;

	use super::*;

	#[test]
	fn who_asks_within_a_moment_shares_one_answer_and_later_ones_get_another() {
		let shared = SharedAnswer::default();
		let asked = Arc::new(AtomicU32::new(0));
		let ask = || -> BoxFuture<'static, u32> {
			let number = asked.fetch_add(1, Ordering::Relaxed);
			async move { number }.boxed()
		};
		let start = Instant::now();
		let at = |millis| start + Duration::from_millis(millis);
		for millis in [0, 1, 99] {
			for client in [shared.clone(), shared.clone()] {
				assert_eq!(client.get(at(millis), ask).now_or_never(), Some(0), "{millis} ms");
			}
		}
		assert_eq!(asked.load(Ordering::Relaxed), 1);
		for millis in [100, 150] {
			assert_eq!(shared.get(at(millis), ask).now_or_never(), Some(1), "{millis} ms");
		}
		assert_eq!(asked.load(Ordering::Relaxed), 2);
	}

	#[test]
	fn a_question_that_waits_is_asked_once_and_goes_on_when_who_asked_first_is_gone() {
		let shared = SharedAnswer::default();
		let now = Instant::now();
		let (sender, receiver) = oneshot::channel();
		let mut first = shared.get(now, || async move { receiver.await.is_ok() }.boxed());
		assert_eq!((&mut first).now_or_never(), None);
		let second = shared.get(now, || unreachable!("it is asked already"));
		drop(first);
		assert!(sender.send(()).is_ok());
		assert_eq!(second.now_or_never(), Some(true));
	}
}
