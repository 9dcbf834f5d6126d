//! For tests: a network from which nothing comes, and which keeps what it is told.

use futures::{
	future::{pending, BoxFuture},
	FutureExt,
};
use sc_network::{
	error::Error,
	multiaddr::Multiaddr,
	service::traits::{MessageSink, NotificationEvent, NotificationService},
	PeerId, ProtocolName, ReputationChange,
};
use sp_core::traits::SpawnNamed;
use std::{
	collections::HashSet,
	sync::{Arc, Mutex},
};

use crate::peers::{Connections, Network};

/// Packets, in the order in which they were sent.
type Packets = Arc<Mutex<Vec<Vec<u8>>>>;

/// The network. What is to be sent waits until the test says so.
#[derive(Clone, Default)]
pub struct Wire {
	sent: Packets,
	sending: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
	reserved: Arc<Mutex<Vec<HashSet<Multiaddr>>>>,
}

impl Wire {
	/// What an engine needs of it.
	pub fn network(&self, local: PeerId) -> Network {
		Network {
			notifications: Box::new(Notifications {
				sent: self.sent.clone(),
				protocol: "/test/td-raft/1".into(),
			}),
			peers: Arc::new(self.clone()),
			protocol: "/test/td-raft/1".into(),
			local,
			spawner: Box::new(self.clone()),
		}
	}

	/// The nodes to which connections were reserved, each time anew.
	pub fn reserved(&self) -> Vec<HashSet<Multiaddr>> {
		self.reserved.lock().unwrap().clone()
	}

	/// Sends everything that waits, and gives it.
	pub fn send(&self) -> Vec<Vec<u8>> {
		let mut sending = self.sending.lock().unwrap();
		sending.retain_mut(|task| task.now_or_never().is_none());
		std::mem::take(&mut *self.sent.lock().unwrap())
	}
}

impl Connections for Wire {
	fn report(&self, _peer: PeerId, _change: ReputationChange) {}

	fn disconnect(&self, _peer: PeerId, _protocol: ProtocolName) {}

	fn reserve(&self, _protocol: ProtocolName, nodes: HashSet<Multiaddr>) -> Result<(), String> {
		self.reserved.lock().unwrap().push(nodes);
		Ok(())
	}
}

impl SpawnNamed for Wire {
	fn spawn_blocking(
		&self,
		name: &'static str,
		group: Option<&'static str>,
		future: BoxFuture<'static, ()>,
	) {
		self.spawn(name, group, future);
	}

	fn spawn(&self, _name: &'static str, _group: Option<&'static str>, future: BoxFuture<'static, ()>) {
		self.sending.lock().unwrap().push(future);
	}
}

/// One end of the protocol.
#[derive(Debug)]
struct Notifications {
	sent: Packets,
	protocol: ProtocolName,
}

#[async_trait::async_trait]
impl NotificationService for Notifications {
	async fn open_substream(&mut self, _peer: PeerId) -> Result<(), ()> {
		Err(())
	}

	async fn close_substream(&mut self, _peer: PeerId) -> Result<(), ()> {
		Err(())
	}

	fn send_sync_notification(&mut self, _peer: &PeerId, notification: Vec<u8>) {
		self.sent.lock().unwrap().push(notification);
	}

	async fn send_async_notification(&mut self, _peer: &PeerId, notification: Vec<u8>) -> Result<(), Error> {
		self.sent.lock().unwrap().push(notification);
		Ok(())
	}

	async fn set_handshake(&mut self, _handshake: Vec<u8>) -> Result<(), ()> {
		Err(())
	}

	fn try_set_handshake(&mut self, _handshake: Vec<u8>) -> Result<(), ()> {
		Err(())
	}

	async fn next_event(&mut self) -> Option<NotificationEvent> {
		pending().await
	}

	fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
		Err(())
	}

	fn protocol(&self) -> &ProtocolName {
		&self.protocol
	}

	fn message_sink(&self, _peer: &PeerId) -> Option<Box<dyn MessageSink>> {
		Some(Box::new(Sink(self.sent.clone())))
	}
}

/// Takes whatever comes.
struct Sink(Packets);

#[async_trait::async_trait]
impl MessageSink for Sink {
	fn send_sync_notification(&self, notification: Vec<u8>) {
		self.0.lock().unwrap().push(notification);
	}

	async fn send_async_notification(&self, notification: Vec<u8>) -> Result<(), Error> {
		self.0.lock().unwrap().push(notification);
		Ok(())
	}
}
