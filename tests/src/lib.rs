//! End-to-end tests with real servers and clients: the plans that all clients read, what each pair of them can
//! do, and the comparison of what went over the wire.

pub mod drive;
pub mod plan;
pub mod servers;
pub mod wire;
pub mod wrapped;
