//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod admin_api;
mod authorized;
mod changes;
mod credentials;
mod document;
mod ending;
mod frames;
mod grants;
mod identity;
mod listener;
mod oauth;
mod old;
mod operators;
mod params;
mod peers;
mod resuming;
mod scene;
mod secrets;
mod server_log;
mod sessions;
mod slow;
mod tls;
mod together;
mod traces;
mod troubled;
mod ways;
