//! A message that is posted, by its client's era.

use std::sync::Arc;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use interlock_json::canonical;
use interlock_wire::{
    Era, Likely, Message, ModernMeta, Outcome, Parsed, Refusal, Shape, Version, likely, modern_meta,
};

use super::body::{self, Body};
use super::entry::only;
use super::headers;
use super::refused::HttpRefused;
use crate::connection::Connection;
use crate::front::Front;
use crate::registry::Grant;

/// Who posts, and where to.
pub(super) struct Caller<'c> {
    pub(super) front: &'c Front,
    pub(super) grant: &'c Arc<Grant>,
    pub(super) server: &'c str,
}

/// Media types and encodings (MCP, "Sending Messages to the Server"): strictly, because readers differ in what
/// they make of anything else.
pub(super) fn check_media(headers: &HeaderMap) -> Result<(), HttpRefused> {
    let unsupported = |reason: &str| Err(HttpRefused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    if headers.contains_key(CONTENT_ENCODING) {
        return unsupported("an encoded body is not read");
    }
    let media = only(headers, &CONTENT_TYPE)?.unwrap_or_default().to_ascii_lowercase();
    let mut parts = media.split(';').map(str::trim);
    let is_json = parts.next() == Some("application/json")
        && parts.all(|parameter| matches!(parameter, "charset=utf-8" | "charset=\"utf-8\""));
    if !is_json {
        return unsupported("the body must be `application/json`");
    }
    let accepted: Vec<String> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    let accepts = |media: &str, group: &str| {
        accepted.iter().any(|range| range == media || range == group || range == "*/*")
    };
    if accepts("application/json", "application/*") && accepts("text/event-stream", "text/*") {
        return Ok(());
    }
    let reason = "the request must accept both `application/json` and `text/event-stream`";
    Err(HttpRefused::new(StatusCode::NOT_ACCEPTABLE, reason))
}

/// The whole body, within its limits of size and time.
pub(super) async fn whole(front: &Front, body: Incoming) -> Result<Vec<u8>, HttpRefused> {
    let limits = &front.gateway().options.limits;
    let most = limits.message.bytes;
    let read = tokio::time::timeout(limits.request, Limited::new(body, most).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(HttpRefused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a message has at most {most} bytes"),
        )),
        Ok(Err(_)) => Err(HttpRefused::bad_request("the body ended early")),
        Err(_) => Err(HttpRefused::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    }
}

impl Caller<'_> {
    /// Takes what was posted; gives what goes back.
    pub(super) async fn post(
        &self,
        headers: &HeaderMap,
        bytes: Vec<u8>,
    ) -> Result<Response<Body>, HttpRefused> {
        let session = only(headers, &headers::SESSION)?;
        let named = only(headers, &headers::PROTOCOL_VERSION)?;
        let limits = &self.front.gateway().options.limits.message;
        if let Some(name) = session {
            let connection = self.front.session(self.grant, self.server, name)?;
            self.agrees(&connection, named)?;
            let read = connection.relay().read(bytes);
            return self.exchange(&connection, read, false).await;
        }
        let read = interlock_wire::parse(bytes, None, limits);
        let message = match &read {
            Ok(Parsed::One(message)) => message,
            Ok(Parsed::Batch(_)) => return Err(HttpRefused::bad_request("there are no batches here")),
            Err(refusal) => return Ok(self.refused(refusal)),
        };
        match asks(message) {
            Asks::Initialize => self.initialize(read).await,
            Asks::Modern { capabilities } => {
                let capabilities = capabilities.map_err(|refusal| self.not_modern(&refusal))?;
                self.agrees_with_body(message, named, headers)?;
                let connection = self.front.sharing(self.grant, self.server, capabilities)?;
                self.exchange(&connection, read, true).await
            }
            Asks::Legacy => Err(HttpRefused::bad_request(
                "the `Mcp-Session-Id` header is missing; initialize, and send what the answer's header says",
            )),
        }
    }

    async fn initialize(&self, read: Result<Parsed, Refusal>) -> Result<Response<Body>, HttpRefused> {
        let (name, connection) = self.front.begin(self.grant, self.server)?;
        let response = self.exchange(&connection, read, false).await;
        match response {
            Ok(mut response) if connection.relay().has_negotiated() => {
                if let Ok(name) = HeaderValue::from_str(&name) {
                    response.headers_mut().insert(headers::SESSION, name);
                }
                Ok(response)
            }
            refused => {
                self.front.end(&name);
                refused
            }
        }
    }

    /// On a session the version is the one that was negotiated, whatever header is missing; one that is there
    /// agrees.
    fn agrees(&self, connection: &Connection, named: Option<&str>) -> Result<(), HttpRefused> {
        let spoken = connection.relay().spoken();
        match named {
            Some(named) if named != spoken.as_str() => Err(HttpRefused::bad_request(format!(
                "`MCP-Protocol-Version` is not {}, which this session speaks",
                spoken.as_str()
            ))),
            _ => Ok(()),
        }
    }

    fn agrees_with_body(
        &self,
        message: &Message,
        named: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), HttpRefused> {
        headers::agree(message, named, headers)
    }

    fn not_modern(&self, refusal: &Refusal) -> HttpRefused {
        HttpRefused::bad_request(refusal)
    }

    /// What could not be read is answered as far as it is certain whom to answer.
    fn refused(&self, refusal: &Refusal) -> Response<Body> {
        match refusal.answer() {
            Some(answer) => body::json(StatusCode::BAD_REQUEST, answer),
            None => HttpRefused::bad_request(refusal).response(),
        }
    }

    async fn exchange(
        &self,
        connection: &Connection,
        read: Result<Parsed, Refusal>,
        is_modern: bool,
    ) -> Result<Response<Body>, HttpRefused> {
        let is_unreadable = read.is_err();
        let mut exchange = self.front.exchange(connection, read, is_modern).await;
        let Some(first) = exchange.back.next().await else {
            return Ok(if is_unreadable {
                HttpRefused::bad_request("the message could not be read").response()
            } else {
                body::empty(StatusCode::ACCEPTED)
            });
        };
        // What the caller is told has been recorded before.
        self.front.gateway().recorder.write().await;
        if matches!(likely(first.line.as_bytes()), Likely::Response(_)) {
            let status =
                if is_unreadable { StatusCode::BAD_REQUEST } else { status_of(&first.line, is_modern) };
            return Ok(body::json(status, first.line));
        }
        let keep_alive = self.front.gateway().options.limits.keep_alive;
        Ok(body::exchange(first.line, exchange, keep_alive))
    }
}

/// What a message without a session asks for.
enum Asks {
    Initialize,
    /// A request that carries everything itself; its client's capabilities in canonical form.
    Modern {
        capabilities: Result<String, Refusal>,
    },
    /// What belongs to a session.
    Legacy,
}

fn asks(message: &Message) -> Asks {
    match message.shape() {
        Shape::Request(request) if ModernMeta::is_claimed_by(&request) => Asks::Modern {
            capabilities: modern_meta(&request).map(|meta| canonical::to_string(meta.client_capabilities)),
        },
        Shape::Request(request) if request.method == "initialize" => Asks::Initialize,
        _ => Asks::Legacy,
    }
}

/// The status that goes with an answer (2026-07-28, "Streamable HTTP"): errors of the protocol have their own, and
/// everything else is an answer like any other.
fn status_of(answer: &str, is_modern: bool) -> StatusCode {
    if !is_modern || !answer.contains("\"error\"") {
        return StatusCode::OK;
    }
    let message = Message::parse(answer.as_bytes().to_vec(), &interlock_json::Limits::default());
    let code = message.ok().and_then(|message| match message.shape() {
        Shape::Response(response) => match response.outcome {
            Outcome::Error(error) => Some(error.code),
            Outcome::Result(_) => None,
        },
        _ => None,
    });
    match code {
        Some(-32_601) => StatusCode::NOT_FOUND,
        Some(-32_700 | -32_600 | -32_099..=-32_020) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// Whether a version's requests stand by themselves.
pub(super) fn is_modern(named: Option<&str>) -> bool {
    named.and_then(Version::parse).is_some_and(|version| version.era() == Era::Modern)
}
