//! Calls that a person decides about: each approved call reaches the recording server once, and no other does.

mod as_task;
mod at_client;
mod attacks;
mod bound;
mod by_link;
mod clients;
mod commands;
mod decided;
mod desk;
mod many;
mod modern_client;
mod outdated;
mod real_forms;
mod restart;
mod served;
mod watching;

#[path = "../http/scene.rs"]
#[expect(dead_code, reason = "shared with the tests of serving, which need all of it")]
mod scene;
