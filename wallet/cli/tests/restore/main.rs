//! A wallet whose disk was lost: the command with nothing but the mnemonic and a node, here one that holds what the test put
//! on its chain.

mod bodies;
mod node;
#[path = "../rpc/mod.rs"]
mod rpc;
mod shop;
mod statement;
