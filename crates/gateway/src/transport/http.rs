//! Streamable HTTP (MCP 2025-03-26 to 2026-07-28, "Transports"): the way to a server, and the way in for clients.

mod body;
mod client;
mod entry;
mod headers;
pub(crate) mod listener;
mod old;
mod old_server;
mod post;
mod refused;
mod server;
mod upstream;

pub(crate) use entry::{Names, is_server_name};
pub use server::{HttpServer, HttpServerError, HttpTransport};
pub(crate) use upstream::HttpLink;
