//! The trace that a request belongs to, between its headers and its message (W3C Trace Context, section 3).

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use interlock_json::Limits;
use interlock_wire::http::Fields;
use interlock_wire::trace::{self, TRACEPARENT, TRACESTATE, TraceContext};
use interlock_wire::{Message, Shape};

/// For what has been read before.
const UNBOUNDED: Limits = Limits { bytes: usize::MAX, depth: 1_000 };

/// The message, saying of its trace what its headers say, where it does not say anything itself.
pub(super) fn received(message: Message, fields: Fields<'_>, limits: &Limits) -> Message {
    if !matches!(message.shape(), Shape::Request(_)) || trace::of_message(&message).is_some() {
        return message;
    }
    let context = fields.one(TRACEPARENT).ok().flatten().and_then(TraceContext::parse);
    let Some(context) = context else { return message };
    let edits = trace::carry(&message, &context, fields.one(TRACESTATE).ok().flatten());
    // One that would be too long with it goes without.
    Message::parse(message.with_edits(edits).into_bytes(), limits).unwrap_or(message)
}

/// Has headers say of the trace what the message says, or what is sent in its place.
pub(super) fn send(message: &Message, line: Option<&str>, headers: &mut HeaderMap) {
    // The gateway wrote it from a message that was within all limits.
    let sent = line.and_then(|line| Message::parse(line.as_bytes().to_vec(), &UNBOUNDED).ok());
    let message = sent.as_ref().unwrap_or(message);
    let Some(context) = trace::of_message(message) else { return };
    let state = trace::state_of_message(message).map(|state| (TRACESTATE, state));
    for (name, text) in std::iter::once((TRACEPARENT, context.to_string())).chain(state) {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
