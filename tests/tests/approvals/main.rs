//! Calls that a person decides about: each approved call reaches the recording server once, and no other does.

mod bound;
mod decided;
mod desk;
mod restart;
