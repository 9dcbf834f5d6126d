//! The connection to a node: a WebSocket whose stream acknowledges what it receives at once.
//!
//! The node's server leaves Nagle's algorithm on: a second small message in a row waits there until the first is
//! acknowledged. Systems delay acknowledgements by some 40 ms, hoping to send them along with data, and a client that waits
//! for the news of its transaction has none to send. So each stage of a transaction would cost a delay.

use std::{
	io,
	pin::Pin,
	task::{Context, Poll},
	time::Duration,
};

use jsonrpsee::{
	core::client::Error as RpcError,
	ws_client::{WsClient, WsClientBuilder},
};
use tokio::{
	io::{AsyncRead, AsyncWrite, ReadBuf},
	net::TcpStream,
};

use crate::error::{Error, Result};

/// How long a single request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long it may take until a node has answered the greeting.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The port of `ws` addresses that name none.
const DEFAULT_PORT: u16 = 80;

/// Connects to a node.
pub async fn open(url: &str) -> Result<WsClient> {
	let secure = match url.split_once("://") {
		Some((scheme, _)) if scheme.eq_ignore_ascii_case("ws") => false,
		Some((scheme, _)) if scheme.eq_ignore_ascii_case("wss") => true,
		_ => {
			return Err(Error::usage(format!(
				"\"{url}\" is no address of a node; write it like ws://127.0.0.1:9944"
			)))
		}
	};
	let failed = |why: &str| {
		let hint = if secure {
			"wss is for a proxy that encrypts; a node itself is reached with ws"
		} else {
			"is it running? Name another with --url"
		};
		Error::node(format!("Cannot reach a node at {url}: {why} ({hint})."))
	};
	let attempt = async {
		if let Some((host, port)) = plain_address(url) {
			let stream = TcpStream::connect((host, port))
				.await
				.map_err(|error| failed(&error.to_string()))?;
			let stream = PromptStream::new(stream);
			if let Ok(client) = builder().build_with_stream(url, stream).await {
				return Ok(client);
			}
		}
		// Encryption and redirections are the library's. So is the reason why a node did not greet.
		builder()
			.build(url)
			.await
			.map_err(|error| failed(&reason(&error)))
	};
	let late = format!("nobody answered within {} s", CONNECTION_TIMEOUT.as_secs());
	tokio::time::timeout(CONNECTION_TIMEOUT, attempt)
		.await
		.unwrap_or_else(|_| Err(failed(&late)))
}

fn builder() -> WsClientBuilder {
	WsClientBuilder::default()
		.request_timeout(REQUEST_TIMEOUT)
		.connection_timeout(CONNECTION_TIMEOUT)
}

/// Host and port of a `ws` address, which is not encrypted; `None` for any other.
fn plain_address(url: &str) -> Option<(&str, u16)> {
	let (scheme, rest) = url.split_once("://")?;
	if !scheme.eq_ignore_ascii_case("ws") {
		return None;
	}
	let authority = rest.split(['/', '?', '#']).next()?;
	let place = authority.rsplit('@').next()?;
	let (host, port) = match place.strip_prefix('[') {
		Some(place) => place.split_once(']')?,
		None => place.find(':').map_or((place, ""), |colon| place.split_at(colon)),
	};
	let port = match port.strip_prefix(':') {
		None if port.is_empty() => DEFAULT_PORT,
		None => return None,
		Some("") => DEFAULT_PORT,
		Some(digits) => digits.parse().ok()?,
	};
	(!host.is_empty()).then_some((host, port))
}

/// The error with what caused it.
pub(crate) fn reason(error: &RpcError) -> String {
	let mut text = error.to_string();
	let mut cause = std::error::Error::source(error);
	while let Some(error) = cause {
		let more = error.to_string();
		if !text.contains(&more) {
			text += ": ";
			text += &more;
		}
		cause = error.source();
	}
	text
}

/// A TCP stream that neither delays acknowledgements nor gathers small messages before it sends.
struct PromptStream(TcpStream);

impl PromptStream {
	fn new(stream: TcpStream) -> Self {
		// Like all that this type does, it is about speed: where it fails, the connection works all the same.
		let _ = stream.set_nodelay(true);
		let this = Self(stream);
		this.acknowledge();
		this
	}

	/// Has the system acknowledge what has arrived, and what arrives next, without delay. It falls back to delays by
	/// itself, hence after every read.
	#[cfg(any(target_os = "linux", target_os = "android"))]
	fn acknowledge(&self) {
		let _ = self.0.set_quickack(true);
	}

	/// Other systems have no such switch.
	#[cfg(not(any(target_os = "linux", target_os = "android")))]
	fn acknowledge(&self) {}
}

impl AsyncRead for PromptStream {
	fn poll_read(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		buffer: &mut ReadBuf<'_>,
	) -> Poll<io::Result<()>> {
		let read = Pin::new(&mut self.0).poll_read(context, buffer);
		if read.is_ready() {
			self.acknowledge();
		}
		read
	}
}

impl AsyncWrite for PromptStream {
	fn poll_write(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		bytes: &[u8],
	) -> Poll<io::Result<usize>> {
		Pin::new(&mut self.0).poll_write(context, bytes)
	}

	fn poll_write_vectored(
		mut self: Pin<&mut Self>,
		context: &mut Context<'_>,
		parts: &[io::IoSlice<'_>],
	) -> Poll<io::Result<usize>> {
		Pin::new(&mut self.0).poll_write_vectored(context, parts)
	}

	fn is_write_vectored(&self) -> bool {
		self.0.is_write_vectored()
	}

	fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.0).poll_flush(context)
	}

	fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
		Pin::new(&mut self.0).poll_shutdown(context)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::future::poll_fn;
	use tokio::net::TcpListener;

	#[test]
	fn addresses_are_read_as_the_library_reads_them() {
		for (url, place) in [
			("ws://127.0.0.1:9944", Some(("127.0.0.1", 9944))),
			("WS://node", Some(("node", 80))),
			("ws://node:/x", Some(("node", 80))),
			("ws://node/path:1?q=a@b:2", Some(("node", 80))),
			("ws://node?q", Some(("node", 80))),
			("ws://me:secret@node:1/", Some(("node", 1))),
			("ws://[::1]:9944/x", Some(("::1", 9944))),
			("ws://[::1]", Some(("::1", 80))),
			("ws://[::1]9944", None),
			("ws://[::1", None),
			("ws://:9944", None),
			("ws://node:99999", None),
			("ws://a:b:1", None),
			("wss://node:443", None),
			("http://node", None),
			("node:9944", None),
			("", None),
		] {
			assert_eq!(plain_address(url), place, "{url}");
		}
	}

	async fn pair() -> (TcpStream, TcpStream) {
		let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
		let address = listener.local_addr().unwrap();
		let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
		(one.unwrap(), other.unwrap().0)
	}

	async fn read(stream: &mut PromptStream) -> Vec<u8> {
		let mut bytes = [0; 64];
		let mut buffer = ReadBuf::new(&mut bytes);
		poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer))
			.await
			.unwrap();
		buffer.filled().to_vec()
	}

	async fn write(stream: &mut PromptStream, bytes: &[u8]) {
		let written = poll_fn(|context| Pin::new(&mut *stream).poll_write(context, bytes))
			.await
			.unwrap();
		assert_eq!(written, bytes.len());
	}

	/// A conversation of question and answer is what makes a system delay acknowledgements.
	#[cfg(target_os = "linux")]
	#[tokio::test]
	async fn acknowledgements_are_not_delayed_after_any_read() {
		let (one, other) = pair().await;
		let (mut here, mut there) = (PromptStream::new(one), PromptStream::new(other));
		assert!(here.0.nodelay().unwrap());
		for round in 0..50 {
			write(&mut here, b"question").await;
			assert_eq!(read(&mut there).await, b"question");
			write(&mut there, b"answer").await;
			assert_eq!(read(&mut here).await, b"answer");
			assert!(
				here.0.quickack().unwrap(),
				"in round {round} the system went back to delays"
			);
		}
	}

	#[tokio::test]
	async fn who_does_not_answer_is_named() {
		let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
		let url = format!("ws://{}", listener.local_addr().unwrap());
		drop(listener);
		let error = open(&url).await.map(|_| ()).unwrap_err();
		assert!(
			error.to_string().contains(&url) && error.to_string().contains("refused"),
			"{error}"
		);
		for url in ["", "node", "127.0.0.1:9944", "http://127.0.0.1:9944"] {
			assert!(matches!(open(url).await, Err(Error::Usage(_))), "{url:?}");
		}
		for url in ["ws://", "ws://node:99999", "ws://[::1"] {
			assert!(matches!(open(url).await, Err(Error::Node(_))), "{url:?}");
		}
	}
}
