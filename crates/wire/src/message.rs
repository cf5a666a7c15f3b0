//! One JSON-RPC message.

mod envelope;
mod params;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use interlock_json::{Document, Limits, NodeId, ScanError, ScanErrorKind, Value, scan_keeping};

use crate::id::Id;
use crate::likely::likely_response;
use crate::recover;
use crate::refusal::{Refusal, RefusalKind};
use crate::splice::{self, Edit};
use envelope::Layout;

/// One JSON-RPC message, parsed strictly. It owns its text, so that it can cross tasks; everything read
/// from it borrows.
#[derive(Clone, Debug)]
pub struct Message {
    document: Document<String>,
    layout: Layout,
}

/// What a message is.
#[derive(Clone, Debug)]
pub enum Shape<'m> {
    /// To be answered.
    Request(Request<'m>),
    /// Not to be answered.
    Notification(Notification<'m>),
    /// The answer to a request.
    Response(Response<'m>),
}

/// A message with a method and an id.
#[derive(Clone, Debug)]
pub struct Request<'m> {
    /// Names the request between the two peers.
    pub id: Id<'m>,
    /// The method, unescaped.
    pub method: Cow<'m, str>,
    /// An object.
    pub params: Option<Value<'m>>,
}

/// A message with a method and without an id.
#[derive(Clone, Debug)]
pub struct Notification<'m> {
    /// The method, unescaped.
    pub method: Cow<'m, str>,
    /// An object.
    pub params: Option<Value<'m>>,
}

/// A message with a result or an error.
#[derive(Clone, Debug)]
pub struct Response<'m> {
    /// The request's id; `None` on errors only, whose sender could not tell it.
    pub id: Option<Id<'m>>,
    /// What came of the request.
    pub outcome: Outcome<'m>,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Outcome<'m> {
    /// `result`, an object.
    Result(Value<'m>),
    /// `error`
    Error(RpcError<'m>),
}

/// The `error` of a response.
#[derive(Clone, Debug)]
pub struct RpcError<'m> {
    /// The error code.
    pub code: i64,
    /// The sender's message.
    pub message: Cow<'m, str>,
    /// Anything.
    pub data: Option<Value<'m>>,
    /// The whole object.
    pub value: Value<'m>,
}

impl Message {
    /// Parses one message from a line or body.
    ///
    /// # Errors
    /// [`Refusal`] for everything that two readers could understand differently or that is no MCP message,
    /// with the id to answer where it is certain.
    pub fn parse(line: Vec<u8>, limits: &Limits) -> Result<Self, Refusal> {
        if line.len() > limits.bytes {
            // Before looking at the text: its size must not decide what it costs.
            let kind = ScanErrorKind::TooLarge { limit: limits.bytes };
            return Err(Refusal::new(RefusalKind::Json(ScanError { kind, offset: limits.bytes })));
        }
        let text = String::from_utf8(line).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            let kind = RefusalKind::Json(ScanError { kind: ScanErrorKind::InvalidUtf8, offset });
            Refusal { likely_response_to: likely_response(error.as_bytes()), ..Refusal::new(kind) }
        })?;
        match scan_keeping(text, limits) {
            Ok(document) => Self::from_document(document),
            Err((error, text)) => Err(recover::refuse_text(error.into(), &text, limits)),
        }
    }

    /// Reads a scanned document as a message.
    ///
    /// # Errors
    /// [`Refusal`] where it is none.
    pub fn from_document(document: Document<String>) -> Result<Self, Refusal> {
        match envelope::read(document.root()) {
            Ok(layout) => Ok(Self { document, layout }),
            Err(kind) => Err(recover::refuse(kind, document.root())),
        }
    }

    /// The message's text, byte for byte as it was received.
    pub fn source(&self) -> &str {
        self.document.source()
    }

    /// Gives the text back.
    pub fn into_source(self) -> String {
        self.document.into_source()
    }

    /// The whole message.
    pub fn root(&self) -> Value<'_> {
        self.document.root()
    }

    /// The document, for keeping places in it ([`NodeId`]).
    pub fn document(&self) -> &Document<String> {
        &self.document
    }

    /// What the message is.
    pub fn shape(&self) -> Shape<'_> {
        match self.layout {
            Layout::Request { id, method, params } => match Id::new(self.document.at(id)) {
                Some(id) => {
                    Shape::Request(Request { id, method: self.text(method), params: self.at(params) })
                }
                // The envelope was read from this document, so the id is one.
                None => self.notification(method, params),
            },
            Layout::Notification { method, params } => self.notification(method, params),
            Layout::Result { id, result } => Shape::Response(Response {
                id: Id::new(self.document.at(id)),
                outcome: Outcome::Result(self.document.at(result)),
            }),
            Layout::Error { id, error, code } => Shape::Response(Response {
                id: self.at(id).and_then(Id::new),
                outcome: Outcome::Error(rpc_error(self.document.at(error), code)),
            }),
        }
    }

    /// The id: a request's own, or that of the request a response answers.
    pub fn id(&self) -> Option<Id<'_>> {
        let id = match self.layout {
            Layout::Request { id, .. } | Layout::Result { id, .. } => Some(id),
            Layout::Error { id, .. } => id,
            Layout::Notification { .. } => None,
        };
        self.at(id).and_then(Id::new)
    }

    /// The method of a request or notification.
    pub fn method(&self) -> Option<Cow<'_, str>> {
        match self.layout {
            Layout::Request { method, .. } | Layout::Notification { method, .. } => Some(self.text(method)),
            _ => None,
        }
    }

    /// The params of a request or notification.
    pub fn params(&self) -> Option<Value<'_>> {
        match self.layout {
            Layout::Request { params, .. } | Layout::Notification { params, .. } => self.at(params),
            _ => None,
        }
    }

    /// The progress token: of a request, what it asks to be told progress under
    /// (`params._meta.progressToken`); of a progress notification, what it names (`params.progressToken`).
    pub fn progress_token(&self) -> Option<Value<'_>> {
        let params = self.params()?;
        let token = match self.layout {
            Layout::Request { .. } => params.get("_meta")?.get("progressToken"),
            Layout::Notification { .. } => params.get("progressToken"),
            _ => None,
        };
        token.filter(|token| !token.is_null())
    }

    /// The text with another id, which is JSON; every other byte stays. A message without an id stays as
    /// it is.
    pub fn with_id(&self, new_id: &str) -> String {
        match self.id() {
            Some(id) => self.with_edits(vec![Edit::new(id.value().span(), new_id)]),
            None => self.source().to_owned(),
        }
    }

    /// The message without these members of its `params`; every other byte as it was.
    pub fn without_params(&self, names: &[&str]) -> String {
        let edits = self.params().map(|params| crate::bridge::edit::rewrite(params, names, ""));
        self.with_edits(edits.unwrap_or_default())
    }

    /// The text with parts rewritten; every other byte stays. See [`splice::apply`].
    pub fn with_edits(&self, mut edits: Vec<Edit>) -> String {
        splice::apply(self.source(), &mut edits)
    }

    fn notification(&self, method: NodeId, params: Option<NodeId>) -> Shape<'_> {
        Shape::Notification(Notification { method: self.text(method), params: self.at(params) })
    }

    fn at(&self, id: Option<NodeId>) -> Option<Value<'_>> {
        id.map(|id| self.document.at(id))
    }

    fn text(&self, id: NodeId) -> Cow<'_, str> {
        self.document.at(id).as_str().unwrap_or_default()
    }
}

fn rpc_error(value: Value<'_>, code: i64) -> RpcError<'_> {
    let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
    RpcError { code, message, data: value.get("data"), value }
}
