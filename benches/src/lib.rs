//! What the benchmarks share: the messages and policies they work on, the process they drive, what it costs.

pub mod cost;
pub mod judging;
pub mod large;
pub mod messages;
pub mod peer;
pub mod policies;
pub mod recording;
pub mod reserving;
pub mod spread;
