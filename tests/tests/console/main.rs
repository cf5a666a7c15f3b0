//! People decide by the admin API and on its pages: in a real browser, and with what a browser would never send.

mod alone;
mod api;
mod browser;
mod forms;
mod links;
mod login;
mod room;
mod seen;

#[path = "../http/scene.rs"]
#[expect(dead_code, reason = "shared with the tests of serving, which need all of it")]
mod scene;
