//! Labels, and the words that they take.

use std::sync::Arc;

use interlock_audit::{RefusalCategory, Settlement, Status};
use prometheus_client::encoding::EncodeLabelSet;

/// By what a caller reached the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Transport {
    #[default]
    Stdio,
    Http,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfServer {
    pub(super) server: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Requested {
    pub(super) server: Arc<str>,
    pub(super) grant: Arc<str>,
    pub(super) method: &'static str,
    pub(super) transport: &'static str,
    pub(super) version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Decided {
    pub(super) server: Arc<str>,
    pub(super) grant: Arc<str>,
    pub(super) verdict: &'static str,
    pub(super) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Shadowed {
    pub(super) server: Arc<str>,
    pub(super) grant: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ToolCalled {
    pub(super) server: Arc<str>,
    pub(super) tool: Arc<str>,
    pub(super) verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) server: Arc<str>,
    pub(super) status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct How {
    pub(super) how: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Peer {
    pub(super) from: &'static str,
    pub(super) code: Arc<str>,
}

/// What a stream of events carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Stream {
    pub(crate) kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operation {
    pub(super) operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Step {
    pub(super) step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Told {
    pub(super) what: &'static str,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Announced {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Traced {
    pub(super) result: &'static str,
}

/// A method of the protocol by its name, any other as one.
pub(super) fn method(spec: Option<&'static str>) -> &'static str {
    spec.unwrap_or("(extension)")
}

pub(super) fn transport(by: Transport) -> &'static str {
    match by {
        Transport::Stdio => "stdio",
        Transport::Http => "http",
    }
}

/// Which step refused, in a word.
pub(crate) fn category(category: RefusalCategory) -> &'static str {
    match category {
        RefusalCategory::Malformed => "malformed",
        RefusalCategory::Unauthenticated => "unauthenticated",
        RefusalCategory::Unroutable => "unroutable",
        RefusalCategory::Policy => "policy",
        RefusalCategory::Limit => "limit",
        RefusalCategory::Approval => "approval",
        RefusalCategory::Pin => "pin",
        RefusalCategory::Unavailable => "unavailable",
        RefusalCategory::Server => "server",
    }
}

/// How a call ended, in a word.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::ToolError => "tool_error",
        Status::Error => "error",
        Status::Cancelled => "cancelled",
        Status::TimedOut => "timed_out",
        Status::Disconnected => "disconnected",
        Status::Blocked => "blocked",
        Status::NotSent => "not_sent",
        Status::Unknown => "unknown",
    }
}

pub(super) fn settlement(how: Settlement) -> &'static str {
    match how {
        Settlement::Commit => "commit",
        Settlement::Release => "release",
        Settlement::Refund => "refund",
    }
}
