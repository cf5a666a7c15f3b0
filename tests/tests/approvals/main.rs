//! Calls that a person decides about: each approved call reaches the recording server once, and no other does.

mod as_task;
mod attacks;
mod bound;
mod clients;
mod commands;
mod decided;
mod desk;
mod many;
mod restart;
mod served;

#[path = "../http/scene.rs"]
#[expect(dead_code, reason = "shared with the tests of serving, which need all of it")]
mod scene;
