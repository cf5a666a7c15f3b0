//! What survives: processes that are killed, and a disk that is full.

mod disk;
mod killing;
mod steps;
mod strace;
