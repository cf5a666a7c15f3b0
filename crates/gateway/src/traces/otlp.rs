//! Spans as collectors take them: OTLP/HTTP in its JSON form (OpenTelemetry Protocol 1.7, "OTLP/HTTP"), which needs
//! nothing but the JSON that is here already.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use interlock_policy::Section;
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

/// One request to the collector.
pub(super) fn request(service: &str, calls: &[Box<Spans>]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Value> = calls.iter().flat_map(|call| of_call(call)).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", service),
            attribute("service.version", version),
        ] },
        "scopeSpans": [{ "scope": { "name": "interlock", "version": version }, "spans": spans }],
    }] })
}

fn of_call(call: &Spans) -> Vec<Value> {
    let whole = call.ended.unwrap_or_default();
    let own = hex::encode(call.context.span_id);
    let decided = [call.reserving, call.recording].into_iter().flatten().map(|(start, _)| start).next();
    let mut spans = vec![of_whole(call, whole)];
    spans.push(part(call, "decide", (Duration::ZERO, decided.unwrap_or(whole)), &own));
    spans.extend(call.reserving.map(|time| part(call, "reserve", time, &own)));
    spans.extend(call.recording.map(|time| part(call, "record", time, &own)));
    if let Some(forwarded) = call.forwarded {
        let mut span = span(call, &hex::encode(call.to_server), &name(call), CLIENT, (forwarded, whole));
        span["parentSpanId"] = json!(own);
        span["attributes"] = json!(attributes(call));
        fail(&mut span, call);
        spans.push(span);
    }
    spans
}

/// The span of the whole call, whose parent is its caller's.
fn of_whole(call: &Spans, whole: Duration) -> Value {
    let mut span =
        span(call, &hex::encode(call.context.span_id), &name(call), SERVER, (Duration::ZERO, whole));
    if let Some(parent) = call.parent {
        span["parentSpanId"] = json!(hex::encode(parent));
    }
    if let Some(state) = &call.state {
        span["traceState"] = json!(state);
    }
    let mut attributes = attributes(call);
    attributes.push(attribute("interlock.grant", &call.identity.grant));
    attributes.push(attribute("interlock.verdict", call.verdict));
    attributes.push(attribute("interlock.status", call.status));
    attributes.extend(call.rule.as_ref().map(|rule| attribute("interlock.rule", rule)));
    span["attributes"] = json!(attributes);
    fail(&mut span, call);
    span
}

fn part(call: &Spans, what: &str, time: (Duration, Duration), parent: &str) -> Value {
    let mut id = [0; 8];
    // Without randomness the part has no name of its own, and collectors leave it out.
    let _unnamed = getrandom::fill(&mut id);
    let mut span = span(call, &hex::encode(id), &format!("interlock.{what}"), INTERNAL, time);
    span["parentSpanId"] = json!(parent);
    span
}

fn span(call: &Spans, id: &str, name: &str, kind: u8, (start, end): (Duration, Duration)) -> Value {
    json!({
        "traceId": hex::encode(call.context.trace_id),
        "spanId": id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(call.received, start),
        "endTimeUnixNano": nanos(call.received, end),
        "flags": 1,
    })
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

fn fail(span: &mut Value, call: &Spans) {
    if call.failed {
        span["status"] = json!({ "code": ERROR, "message": call.status });
    }
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
