//! What is asked of the listener, and the routes that there are.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use interlock_wire::http::{self, Fields, MediaError};

use super::accept::Peer;
use super::body::{self, Body};
use super::entry::{self, Names, NotHere, Place};
use super::headers;
use super::post::{self, Caller};
use super::refused::HttpRefused;
use crate::front::{Asker, Front, RequestPlace, Shown};
use crate::identify::Resource;
use crate::record::now_ms;
use crate::way::Way;

/// The answer to one request, and the place that it takes among those of its grant.
pub(super) async fn answer(
    front: &Arc<Front>,
    names: &Names,
    peer: &Peer,
    request: Request<Incoming>,
) -> (Response<Body>, Option<RequestPlace>) {
    let mut known = Known::default();
    let (head, incoming) = request.into_parts();
    let mut incoming = Some(incoming);
    match admitted(front, names, peer, &head, &mut incoming, &mut known).await {
        Ok(response) => (response, known.place),
        Err(refused) => {
            let asker = known.grant.map_or(Asker::Stranger(peer.address), Asker::Grant);
            front.refused(&asker, known.server, refused.category(), refused.status.as_u16(), &refused.reason);
            front.gateway().recorder.write().await;
            if let Some(unread) = incoming.filter(|_| head.version == Version::HTTP_2) {
                post::discard(unread).await;
            }
            let challenge = Called::new(peer, &head).challenge(front.registry().resource.as_ref(), &refused);
            let mut response = refused.response();
            if let Some(challenge) = challenge {
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
            (response, None)
        }
    }
}

/// What is known of a request so far, for the record of its refusal.
#[derive(Debug, Default)]
struct Known {
    grant: Option<Arc<str>>,
    server: Option<String>,
    place: Option<RequestPlace>,
}

/// The address that a caller has used.
#[derive(Debug)]
struct Called {
    base: String,
    path: String,
}

impl Called {
    fn new(peer: &Peer, head: &Parts) -> Self {
        let scheme = if peer.is_secure { "https" } else { "http" };
        let host = entry::host(&head.headers, &head.uri).ok().flatten().unwrap_or_default();
        Self { base: format!("{scheme}://{host}"), path: head.uri.path().to_owned() }
    }

    /// What a caller is told who has no token, or not the right one. Nothing that is not known to be a path of ours is
    /// sent back.
    fn challenge(&self, resource: Option<&Resource>, refused: &HttpRefused) -> Option<HeaderValue> {
        let challenge = refused.challenge()?;
        let path = if entry::is_route(&self.path) { self.path.as_str() } else { "" };
        let text = match (resource, challenge.error) {
            (Some(resource), error) => resource.challenge(&self.base, path, error, &challenge.scopes),
            (None, None) => "Bearer".to_owned(),
            (None, Some(error)) => format!("Bearer error=\"{error}\""),
        };
        HeaderValue::from_str(&text).ok()
    }
}

async fn admitted(
    front: &Arc<Front>,
    names: &Names,
    peer: &Peer,
    head: &Parts,
    incoming: &mut Option<Incoming>,
    known: &mut Known,
) -> Result<Response<Body>, HttpRefused> {
    names.check(&head.headers, &head.uri)?;
    let path = head.uri.path();
    if let Some(described) = entry::described(path) {
        return describe(front, &Called::new(peer, head), &head.method, described);
    }
    let nothing = || {
        HttpRefused::new(StatusCode::NOT_FOUND, "there is nothing here; servers are at /mcp and /mcp/NAME")
    };
    let Place { server, is_old } = entry::place(path).map_err(|NotHere| nothing())?;
    let shown = Shown { token: entry::bearer(&head.headers)?, certificate: peer.certificate.as_ref(), path };
    let caller = front.caller(&shown, now_ms()).await?;
    // What a stranger asked for is not in the record: it may be anything, and as much as they like.
    known.server = server.map(str::to_owned);
    known.grant = Some(Arc::clone(&caller.grant.name));
    let place = front.request_place(&caller.grant)?;
    known.place = Some(place.clone());
    if let Some(server) = server.filter(|server| !front.serves(&caller.grant, server)) {
        // What a grant does not name does not exist for it.
        return Err(HttpRefused::new(StatusCode::NOT_FOUND, format!("there is no server `{server}` here")));
    }
    let caller = Caller { front, known: &caller, server, place };
    if is_old {
        let lines = headers::lines(&head.headers);
        let Some(incoming) = incoming.take() else { return Err(nothing()) };
        let taking = caller.old(&head.method, head.uri.query(), Fields::new(&lines), incoming);
        return Box::pin(taking).await;
    }
    match head.method {
        Method::POST => {
            let lines = headers::lines(&head.headers);
            let fields = Fields::new(&lines);
            let unfit = |why: MediaError| HttpRefused::of(&why.into(), None);
            http::check_content(fields).and_then(|()| http::check_accept(fields)).map_err(unfit)?;
            let Some(incoming) = incoming.take() else { return Err(nothing()) };
            let bytes = post::whole(front, incoming).await?;
            caller.post(fields, bytes).await
        }
        Method::GET => caller.listen(Fields::new(&headers::lines(&head.headers))),
        Method::DELETE => caller.end(Fields::new(&headers::lines(&head.headers))),
        _ => Err(HttpRefused::method("GET, POST, DELETE")),
    }
}

/// Where tokens for what is at a path are from (RFC 9728). Whoever asks this has none yet.
fn describe(
    front: &Front,
    called: &Called,
    method: &Method,
    path: &str,
) -> Result<Response<Body>, HttpRefused> {
    let registry = front.registry();
    let Some(resource) = &registry.resource else {
        let reason = "nobody who issues tokens is known here; tokens are from the operator";
        return Err(HttpRefused::new(StatusCode::NOT_FOUND, reason));
    };
    match *method {
        Method::GET | Method::HEAD => Ok(body::json(StatusCode::OK, resource.metadata(&called.base, path))),
        _ => Err(HttpRefused::method("GET")),
    }
}

impl Caller<'_> {
    /// The session's own stream (MCP, "Listening for Messages from the Server").
    fn listen(&self, fields: Fields<'_>) -> Result<Response<Body>, HttpRefused> {
        let way = self.session(fields)?;
        http::check_accept_stream(fields).map_err(|why| HttpRefused::of(&why.into(), None))?;
        let after = http::event_id(fields).map_err(HttpRefused::bad_request)?.and_then(|id| id.parse().ok());
        let keep_alive = self.front.gateway().options.limits.keep_alive;
        let mailbox = way.mailbox().ok_or_else(|| HttpRefused::method("POST"))?;
        let reader = mailbox.read(after);
        let credential = self.known.credential.clone();
        Ok(body::mailbox(reader, way, credential, keep_alive, self.front))
    }

    fn end(&self, fields: Fields<'_>) -> Result<Response<Body>, HttpRefused> {
        self.session(fields)?;
        if let Ok(name) = http::session_of_stream(fields) {
            self.front.end(name);
        }
        Ok(body::empty(StatusCode::NO_CONTENT))
    }

    /// What only a session has, in its version.
    fn session(&self, fields: Fields<'_>) -> Result<Way, HttpRefused> {
        let name = http::session_of_stream(fields).map_err(|why| match why.status {
            405 => HttpRefused::method("POST"),
            _ => HttpRefused::of(&why, None),
        })?;
        Ok(self.front.way_of(self.known, self.server, name)?)
    }
}
