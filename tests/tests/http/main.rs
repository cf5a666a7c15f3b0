//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod admin_api;
mod document;
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
mod sessions;
mod slow;
mod tls;
mod together;
mod ways;
