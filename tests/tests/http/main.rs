//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod grants;
mod listener;
mod old;
mod peers;
mod scene;
mod sessions;
mod together;
