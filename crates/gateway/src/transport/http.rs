//! Streamable HTTP (MCP 2025-03-26 to 2026-07-28, "Transports"): the way to a server, and the way in for clients.

mod accept;
mod activity;
mod body;
mod client;
mod collector;
mod direct;
mod entry;
mod failure;
mod fetch;
mod flight;
mod headers;
mod hearing;
mod listener;
mod media;
mod oauth;
mod old;
mod old_server;
mod patient;
mod places;
mod post;
mod receiver;
mod refused;
mod server;
mod traced;
mod upstream;

pub(crate) use accept::serve;
pub(crate) use activity::Activity;
pub use collector::Collector;
pub(crate) use direct::Direct;
pub(crate) use entry::{Names, is_server_name};
pub use fetch::{RemoteDocument, UnsafeAddress};
pub use oauth::{ClientAuthentication, OAuth, OAuthError, OAuthSettings, TokenSource};
pub(crate) use places::{Place, Places};
pub(crate) use receiver::{NotReceived, Receiver};
pub use server::{HttpServer, HttpServerError, HttpTransport};
pub(crate) use upstream::HttpLink;
