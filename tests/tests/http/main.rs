//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod admin_api;
mod document;
mod grants;
mod listener;
mod old;
mod operators;
mod params;
mod peers;
mod resuming;
mod scene;
mod sessions;
mod together;
