//! Everything that is refused, each beside a benign twin: the recording server says that the first never
//! arrived and that the second did, byte for byte; the client got the answer it was owed, and no other; the
//! audit log has one record for each refusal, and no more.

mod batches;
mod envelope;
mod keys;
mod lines;
mod methods;
mod modern;
mod names;
mod numbers;
mod over_http;
mod params;
#[path = "../http/scene.rs"]
#[allow(dead_code, reason = "the room of HTTP uses more of it")]
mod scene;
mod session;
mod text;
