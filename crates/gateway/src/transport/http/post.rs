//! A message that is posted, by its client's era.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use interlock_wire::http::{self, Fields, Rejection};
use interlock_wire::{Era, Message, Outcome, Parsed, Refusal, Shape, Version, is_answer, modern_meta};

use super::body::{self, Body};
use super::headers;
use super::refused::HttpRefused;
use super::traced;
use crate::capabilities::Capabilities;
use crate::front::{self, Front, RequestPlace, TurnedAway};
use crate::way::Way;

/// Who posts, and where to.
pub(super) struct Caller<'c> {
    pub(super) front: &'c Arc<Front>,
    pub(super) known: &'c front::Caller,
    /// `None`: all servers.
    pub(super) server: Option<&'c str>,
    /// The request's place among those of its grant.
    pub(super) place: RequestPlace,
}

/// The whole body, within its limits of size and time.
pub(super) async fn whole(front: &Front, body: Incoming) -> Result<Vec<u8>, HttpRefused> {
    let limits = &front.gateway().options.limits;
    let most = limits.message.bytes;
    let read = tokio::time::timeout(limits.request, Limited::new(body, most).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(HttpRefused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a message has at most {most} bytes"),
        )),
        Ok(Err(_)) => Err(HttpRefused::bad_request("the body ended early")),
        Err(_) => Err(HttpRefused::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    }
}

/// Reads what is left of a short body that nobody wants. Over HTTP/2 an answer that comes before the end of the request
/// is followed by a reset of its stream (RFC 9113, section 8.1), and clients there are lose the answer over it.
pub(super) async fn discard(body: Incoming) {
    const MOST: usize = 64 << 10;
    const WAIT: Duration = Duration::from_secs(1);
    let _unwanted = tokio::time::timeout(WAIT, Limited::new(body, MOST).collect()).await;
}

impl Caller<'_> {
    /// Takes what was posted; gives what goes back.
    pub(super) async fn post(
        &self,
        fields: Fields<'_>,
        bytes: Vec<u8>,
    ) -> Result<Response<Body>, HttpRefused> {
        let named = http::session_id(fields).map_err(HttpRefused::bad_request)?;
        let session = named.map(|name| self.front.way_of(self.known, self.server, name)).transpose();
        let spoken = session.as_ref().ok().and_then(Option::as_ref).map(Way::spoken);
        let limits = &self.front.gateway().options.limits.message;
        match (interlock_wire::parse(bytes, spoken, limits), session) {
            (Ok(Parsed::One(message)), session) => self.message(message, fields, session, spoken).await,
            // What came in a session is answered and recorded there.
            (read, Ok(Some(session))) => self.exchange(&session, read, Era::Legacy).await,
            (Err(refusal), Ok(None)) => Err(HttpRefused::of(&refusal.clone().into(), refusal.id.as_ref())),
            (Ok(Parsed::Batch(_)), Ok(None)) => Err(HttpRefused::bad_request("there are no batches here")),
            (_, Err(why)) => Err(why.into()),
        }
    }

    /// Takes one message. A modern one stands by itself, whatever session it names.
    async fn message(
        &self,
        message: Message,
        fields: Fields<'_>,
        session: Result<Option<Way>, TurnedAway>,
        spoken: Option<Version>,
    ) -> Result<Response<Body>, HttpRefused> {
        let gateway = self.front.gateway();
        let message = match gateway.traces() {
            Some(_) => traced::received(message, fields, &gateway.options.limits.message),
            None => message,
        };
        let id = message.id().map(|id| id.to_request_id());
        let rejected = |rejection: Rejection| HttpRefused::of(&rejection, id.as_ref());
        let version = http::version_of(&message, fields, spoken, &SPOKEN).map_err(rejected)?;
        if version.era() == Era::Modern {
            http::check_request(&message, fields).map_err(rejected)?;
            let way = self.front.modern_way(self.known, self.server, capabilities(&message))?;
            // A definition may have to be read for it, and that takes as long as its server does.
            tokio::select! {
                biased;
                checked = way.check_params(&message, fields) => checked.map_err(|why| rejected(why.into()))?,
                () = self.known.credential.ended() => return Err(HttpRefused::ended()),
            }
            return self.exchange(&way, Ok(Parsed::One(message)), Era::Modern).await;
        }
        match session? {
            Some(session) => self.exchange(&session, Ok(Parsed::One(message)), Era::Legacy).await,
            None if message.method().as_deref() == Some("initialize") => {
                Box::pin(self.initialize(message)).await
            }
            None => Err(rejected(Rejection::no_session())),
        }
    }

    async fn initialize(&self, message: Message) -> Result<Response<Body>, HttpRefused> {
        let (name, way) = self.front.begin_way(self.known, self.server)?;
        let mut unnamed = Unnamed { front: self.front, name: Some(name) };
        let mut response = self.exchange(&way, Ok(Parsed::One(message)), Era::Legacy).await?;
        // A server that takes long to start has not answered yet; the client must know the session all the same. One
        // that fails then is swept.
        let is_open = matches!(response.body(), Body::Events(_));
        if is_open || way.has_negotiated() {
            let name = unnamed.name.take().unwrap_or_default();
            if let Ok(name) = HeaderValue::from_str(&name) {
                response.headers_mut().insert(headers::SESSION, name);
            }
        }
        Ok(response)
    }

    async fn exchange(
        &self,
        way: &Way,
        read: Result<Parsed, Refusal>,
        era: Era,
    ) -> Result<Response<Body>, HttpRefused> {
        let is_unreadable = read.is_err();
        let asks = matches!(&read, Ok(Parsed::One(message)) if message.id().is_some());
        let keep_alive = self.front.gateway().options.limits.keep_alive;
        let credential = &self.known.credential;
        let modern = (era == Era::Modern).then_some(credential);
        let _answering = self.front.gateway().recorder.answering();
        let mut ended = pin!(credential.ended());
        // The body may have taken its time, and so may what is sent before it: what vouched for the caller may have ended
        // since it was looked at.
        let mut taking = pin!(self.front.exchange_on(way, read, modern, &self.place));
        let mut exchange = tokio::select! {
            biased;
            () = ended.as_mut() => return Err(HttpRefused::ended()),
            exchange = taking.as_mut() => exchange,
        };
        let first = tokio::select! {
            biased;
            first = tokio::time::timeout(keep_alive, exchange.next()) => first,
            () = ended => return Err(HttpRefused::ended()),
        };
        let Ok(first) = first else {
            // What waits for long is kept open, so that nobody on the way takes it for dead.
            return Ok(body::exchange(None, exchange, credential.clone(), keep_alive, self.front));
        };
        let Some(first) = first else {
            // A legacy client may have cancelled it; this one would have left.
            if asks && era == Era::Modern {
                return Err(HttpRefused::new(StatusCode::INTERNAL_SERVER_ERROR, "there is no answer"));
            }
            return Ok(if is_unreadable {
                HttpRefused::bad_request("the message could not be read").response()
            } else {
                body::empty(StatusCode::ACCEPTED)
            });
        };
        // What the caller is told has been recorded before.
        self.front.gateway().recorder.write().await;
        // An array may be followed by another.
        if first.line.starts_with('{') && is_answer(first.line.as_bytes()) {
            let status = if is_unreadable { StatusCode::BAD_REQUEST } else { status_of(&first.line, era) };
            return Ok(body::json(status, first.line));
        }
        Ok(body::exchange(Some(first.line), exchange, credential.clone(), keep_alive, self.front))
    }
}

/// A session whose client does not know its name yet. One that leaves before it does, or fails to agree on a version,
/// leaves nobody who could end it.
struct Unnamed<'f> {
    front: &'f Front,
    name: Option<String>,
}

impl Drop for Unnamed<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.front.end(&name);
        }
    }
}

/// The versions in which requests stand by themselves, that are spoken here.
const SPOKEN: [Version; 1] = [Version::V2026_07_28];

/// What a modern request's client declared that it can be asked: those that may be asked the same share a connection
/// to the server.
fn capabilities(message: &Message) -> Capabilities {
    let Shape::Request(request) = message.shape() else { return Capabilities::default() };
    Capabilities::read(modern_meta(&request).ok().map(|meta| meta.client_capabilities))
}

/// The status that goes with an answer.
fn status_of(answer: &str, era: Era) -> StatusCode {
    // Most answers are results.
    if era == Era::Legacy || !answer.contains("\"error\"") {
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
    StatusCode::from_u16(http::status_of_answer(code, era)).unwrap_or_default()
}
