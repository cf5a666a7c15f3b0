//! Spans as collectors take them: OTLP/HTTP in its JSON form (OpenTelemetry Protocol 1.7, "OTLP/HTTP"), which needs
//! nothing but the JSON that is here already.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use interlock_policy::Section;
use serde::Serialize;
use serde_json::{Value, json};

use super::Spans;

/// Characters of a name that somebody else has chosen.
const MOST: usize = 128;

/// Kinds of spans, by their numbers.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// The status of a span that failed.
const ERROR: u8 = 2;

/// A span, by the names that its JSON has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'c> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_state: Option<&'c str>,
    flags: u8,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
}

/// One request to the collector.
pub(super) fn request(service: &str, calls: &[Spans]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Span<'_>> = calls.iter().flat_map(of_call).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", service),
            attribute("service.version", version),
        ] },
        "scopeSpans": [{ "scope": { "name": "interlock", "version": version }, "spans": spans }],
    }] })
}

fn of_call(call: &Spans) -> Vec<Span<'_>> {
    let whole = call.ended.unwrap_or_default();
    let decided = [call.reserving, call.recording].into_iter().flatten().map(|(start, _)| start).next();
    let mut spans = vec![of_whole(call, whole)];
    spans.push(part(call, "decide", (Duration::ZERO, decided.unwrap_or(whole))));
    spans.extend(call.reserving.map(|time| part(call, "reserve", time)));
    spans.extend(call.recording.map(|time| part(call, "record", time)));
    spans.extend(call.forwarded.map(|forwarded| Span {
        attributes: attributes(call),
        status: failure(call),
        ..span(call, call.to_server, name(call), CLIENT, (forwarded, whole))
    }));
    spans
}

/// The span of the whole call, whose parent is its caller's.
fn of_whole(call: &Spans, whole: Duration) -> Span<'_> {
    let mut attributes = attributes(call);
    attributes.push(attribute("interlock.grant", &call.identity.grant));
    attributes.push(attribute("interlock.verdict", call.verdict));
    attributes.push(attribute("interlock.status", call.status));
    attributes.extend(call.rule.as_ref().map(|rule| attribute("interlock.rule", rule)));
    Span {
        parent_span_id: call.parent.map(hex::encode),
        trace_state: call.state.as_deref(),
        attributes,
        status: failure(call),
        ..span(call, call.context.span_id, name(call), SERVER, (Duration::ZERO, whole))
    }
}

fn part<'c>(call: &'c Spans, what: &str, time: (Duration, Duration)) -> Span<'c> {
    let mut id = [0; 8];
    // Without randomness the part has no name of its own, and collectors leave it out.
    let _unnamed = getrandom::fill(&mut id);
    span(call, id, format!("interlock.{what}"), INTERNAL, time)
}

/// One below the whole call's.
fn span(call: &Spans, id: [u8; 8], name: String, kind: u8, (start, end): (Duration, Duration)) -> Span<'_> {
    Span {
        trace_id: hex::encode(call.context.trace_id),
        span_id: hex::encode(id),
        parent_span_id: Some(hex::encode(call.context.span_id)),
        trace_state: None,
        flags: 1,
        name,
        kind,
        start_time_unix_nano: nanos(call.received, start),
        end_time_unix_nano: nanos(call.received, end),
        attributes: Vec::new(),
        status: None,
    }
}

/// By the conventions for MCP ("Semantic conventions for Model Context Protocol").
fn attributes(call: &Spans) -> Vec<Value> {
    let mut attributes =
        vec![attribute("mcp.method.name", &call.method), attribute("interlock.server", &call.server)];
    match &call.subject {
        Some((Section::Tools, name)) => attributes.push(attribute("gen_ai.tool.name", name)),
        Some((Section::Prompts, name)) => attributes.push(attribute("gen_ai.prompt.name", name)),
        Some((Section::Resources, _)) | None => {}
    }
    if call.failed {
        attributes.push(attribute("error.type", call.status));
    }
    attributes
}

fn failure(call: &Spans) -> Option<Value> {
    call.failed.then(|| json!({ "code": ERROR, "message": call.status }))
}

fn name(call: &Spans) -> String {
    let method = bounded(&call.method);
    match &call.subject {
        Some((_, subject)) => format!("{method} {}", bounded(subject)),
        None => method,
    }
}

fn attribute(key: &str, text: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": bounded(text) } })
}

fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

/// A 64-bit number is text in this form.
fn nanos(received: SystemTime, after: Duration) -> String {
    let since = received.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.saturating_add(after).as_nanos().to_string()
}
