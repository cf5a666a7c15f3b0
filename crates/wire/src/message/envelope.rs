//! Reading the envelope: what the message is, and where its parts stand.

use interlock_json::{NodeId, Value};

use super::params;
use crate::fold;
use crate::id::Id;
use crate::method::{self, Kind};
use crate::refusal::{Place, RefusalKind};

/// What a message is and where its parts stand.
#[derive(Copy, Clone, Debug)]
pub(super) enum Layout {
    Request { id: NodeId, method: NodeId, params: Option<NodeId> },
    Notification { method: NodeId, params: Option<NodeId> },
    Result { id: NodeId, result: NodeId },
    Error { id: Option<NodeId>, error: NodeId, code: i64 },
}

pub(super) fn read(root: Value<'_>) -> Result<Layout, RefusalKind> {
    if !root.is_object() {
        return Err(if root.is_array() { RefusalKind::Batch } else { RefusalKind::NotAnObject });
    }
    let parts = Parts::of(root)?;
    if !parts.jsonrpc.is_some_and(|version| version.is_str("2.0")) {
        return Err(RefusalKind::Jsonrpc);
    }
    match (parts.method, parts.result, parts.error) {
        (Some(method), None, None) => read_call(method, &parts),
        (None, Some(result), None) => read_result(result, &parts),
        (None, None, Some(error)) => read_error(error, &parts),
        (None, None, None) => Err(RefusalKind::NoMethod),
        _ => Err(RefusalKind::Ambiguous),
    }
}

#[derive(Default)]
struct Parts<'d> {
    jsonrpc: Option<Value<'d>>,
    id: Option<Value<'d>>,
    method: Option<Value<'d>>,
    params: Option<Value<'d>>,
    result: Option<Value<'d>>,
    error: Option<Value<'d>>,
    meta: Option<Value<'d>>,
}

impl<'d> Parts<'d> {
    fn of(root: Value<'d>) -> Result<Self, RefusalKind> {
        let mut parts = Self::default();
        for (key, value) in root.members() {
            let text = key.text();
            match &*text {
                "jsonrpc" => parts.jsonrpc = Some(value),
                "id" => parts.id = Some(value),
                "method" => parts.method = Some(value),
                "params" => parts.params = Some(value),
                "result" => parts.result = Some(value),
                "error" => parts.error = Some(value),
                "_meta" => parts.meta = Some(value),
                other => refuse_variant(Place::Message, other)?,
            }
        }
        Ok(parts)
    }
}

fn read_call(method: Value<'_>, parts: &Parts<'_>) -> Result<Layout, RefusalKind> {
    let name = method.as_str().ok_or(RefusalKind::InvalidMethod)?;
    let id = parts.id.map(|id| Id::new(id).ok_or(RefusalKind::InvalidId)).transpose()?;
    match (method::kind(&name), id) {
        (Some(Kind::Request), None) => return Err(RefusalKind::MissingId),
        (Some(Kind::Notification), Some(_)) => return Err(RefusalKind::UnexpectedId),
        _ => {}
    }
    // Bindings of other protocols to JSON-RPC put credentials there, which would reach the server unseen.
    if parts.meta.is_some() {
        return Err(RefusalKind::MisplacedMeta);
    }
    if let Some(params) = parts.params {
        if !params.is_object() {
            return Err(RefusalKind::InvalidParams);
        }
        refuse_variants(Place::Params, params)?;
        refuse_meta_variants(Place::Params, params)?;
        refuse_variants_in(Place::Reference, params.get("ref"))?;
        refuse_variants_in(Place::Notifications, params.get("notifications"))?;
        refuse_question_variants(params)?;
    }
    params::check(&name, parts.params)?;
    let params = parts.params.map(Value::id);
    Ok(match id {
        Some(id) => Layout::Request { id: id.value().id(), method: method.id(), params },
        None => Layout::Notification { method: method.id(), params },
    })
}

fn read_result(result: Value<'_>, parts: &Parts<'_>) -> Result<Layout, RefusalKind> {
    let id = parts.id.ok_or(RefusalKind::MissingId)?;
    let id = Id::new(id).ok_or(RefusalKind::InvalidId)?;
    if !result.is_object() {
        return Err(RefusalKind::InvalidResult);
    }
    refuse_variants(Place::Result, result)?;
    refuse_meta_variants(Place::Result, result)?;
    refuse_question_variants(result)?;
    Ok(Layout::Result { id: id.value().id(), result: result.id() })
}

fn read_error(error: Value<'_>, parts: &Parts<'_>) -> Result<Layout, RefusalKind> {
    // JSON-RPC 2.0 section 5: null where the id could not be read; MCP 2025-11-25 leaves it out.
    let id = parts.id.filter(|id| !id.is_null());
    let id = id.map(|id| Id::new(id).ok_or(RefusalKind::InvalidId)).transpose()?;
    if !error.is_object() {
        return Err(RefusalKind::InvalidError);
    }
    refuse_variants(Place::Error, error)?;
    let code = error.get("code").and_then(Value::as_number).and_then(|code| code.parse().ok());
    let message = error.get("message").and_then(Value::as_str);
    let (Some(code), Some(_)) = (code, message) else { return Err(RefusalKind::InvalidError) };
    Ok(Layout::Error { id: id.map(|id| id.value().id()), error: error.id(), code })
}

fn refuse_meta_variants(place: Place, holder: Value<'_>) -> Result<(), RefusalKind> {
    let Some(meta) = holder.get("_meta") else { return Ok(()) };
    if !meta.is_object() {
        return Err(RefusalKind::InvalidMember { place, key: "_meta", expected: "an object" });
    }
    refuse_variants(Place::Meta, meta)
}

/// What a server asks the client inside an answer, or in the news of a task, is judged like a message.
fn refuse_question_variants(holder: Value<'_>) -> Result<(), RefusalKind> {
    let Some(questions) = holder.get("inputRequests") else { return Ok(()) };
    questions.members().try_for_each(|(_, question)| {
        refuse_variants(Place::InputRequest, question)?;
        refuse_variants_in(Place::InputRequest, question.get("params"))
    })
}

fn refuse_variants_in(place: Place, object: Option<Value<'_>>) -> Result<(), RefusalKind> {
    object.map_or(Ok(()), |object| refuse_variants(place, object))
}

fn refuse_variants(place: Place, object: Value<'_>) -> Result<(), RefusalKind> {
    object.members().try_for_each(|(key, _)| refuse_variant(place, &key.text()))
}

fn refuse_variant(place: Place, key: &str) -> Result<(), RefusalKind> {
    match fold::variant_of(key) {
        Some(of) => Err(RefusalKind::CaseVariant { place, key: key.into(), of }),
        None => Ok(()),
    }
}
