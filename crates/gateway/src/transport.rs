//! Transports: the only place that knows how bytes reach a peer.

pub mod child;
pub mod http;
pub(crate) mod lines;
pub mod stdio;
pub mod tls;
