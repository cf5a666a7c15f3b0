//! Definitions of tools are pinned: what a server changes is hidden and denied until somebody accepts it.

mod changes;
mod commands;
mod flapping;
mod malformed;
mod pages;
mod scanned;
#[path = "../http/scene.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod scene;
mod sharing;
mod troubled;
mod trust;
mod way;
