//! JSON-RPC and MCP envelopes borrowed from the received bytes, the method table, and the codecs.
//!
//! A line is parsed once and strictly. What passes keeps its bytes: forwarding rewrites an id, a progress
//! token or a cursor by [`splice`] and leaves everything else as it was received. What does not pass
//! becomes a [`Refusal`], with an answer where it is certain whom to answer.
//!
//! For transports there are the event streams and the headers of Streamable HTTP ([`sse`], [`http`]), and for
//! clients and servers of different eras what stands between them ([`bridge`]): all without I/O, clock or
//! randomness.
//!
//! ```
//! use interlock_json::Limits;
//! use interlock_wire::{Message, Shape};
//!
//! let line = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"}}"#;
//! let message = Message::parse(line.to_vec(), &Limits::default())?;
//! let Shape::Request(request) = message.shape() else { unreachable!() };
//! assert_eq!((request.id.raw(), &*request.method), ("7", "tools/call"));
//! assert_eq!(
//!     message.with_id("\"u-1\""),
//!     r#"{"jsonrpc":"2.0","id":"u-1","method":"tools/call","params":{"name":"read"}}"#,
//! );
//! # Ok::<(), interlock_wire::Refusal>(())
//! ```

mod batch;
pub mod bridge;
mod fold;
pub mod http;
mod id;
mod likely;
pub mod line;
mod message;
mod meta;
pub mod method;
pub mod payment;
mod recover;
mod refusal;
pub mod reply;
pub mod splice;
pub mod sse;
pub mod trace;
mod version;

pub use batch::{Parsed, parse};
pub use id::{Id, RequestId};
pub use likely::{Likely, is_answer, likely};
pub use message::{Message, Notification, Outcome, Request, Response, RpcError, Shape};
pub use meta::{ModernMeta, modern_meta};
pub use refusal::{Place, Refusal, RefusalKind};
pub use version::{Era, Version};
