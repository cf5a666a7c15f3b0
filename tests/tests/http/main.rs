//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod grants;
mod listener;
mod old;
mod params;
mod peers;
mod resuming;
mod scene;
mod sessions;
mod together;
