//! Calls that a person decides about: each approved call reaches the recording server once, and no other does.

mod bound;
mod commands;
mod decided;
mod desk;
mod restart;
