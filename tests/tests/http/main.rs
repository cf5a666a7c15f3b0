//! Over HTTP: `interlock serve`, and `interlock run --url`.

mod grants;
mod identity;
mod listener;
mod oauth;
mod peers;
mod scene;
mod sessions;
mod slow;
mod tls;
