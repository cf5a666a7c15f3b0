//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod admin_api;
mod document;
mod grants;
mod listener;
mod operators;
mod peers;
mod scene;
mod sessions;
