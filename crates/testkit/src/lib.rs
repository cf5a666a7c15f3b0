//! What the tests of Interlock stand on: a [recording server](recording) that says what arrived, a
//! [scripted client](client) that sends any bytes, a [relay] that copies them, and the places where
//! [real peers](peers) and [our own binaries](binaries) are found. For tests only; nothing here is shipped.
//!
//! Every process that is started here leads a process group of its own, which is killed when its handle is
//! dropped: a test that fails half-way leaves nothing behind.

pub mod answering;
pub mod binaries;
pub mod client;
pub mod command;
pub mod http;
pub mod interlock;
pub mod issuer;
pub mod log;
pub mod peers;
pub mod recording;
pub mod recording_http;
pub mod relay;
pub mod script;
pub mod serving;
pub mod standin;
pub mod tls;
