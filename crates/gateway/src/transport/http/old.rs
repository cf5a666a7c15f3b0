//! HTTP with SSE (MCP 2024-11-05), for clients that speak nothing newer: `GET /sse` opens the stream and says where to
//! post; what is posted there is answered on the stream.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Response, StatusCode};
use interlock_wire::http::{self, Fields, MediaError};
use interlock_wire::sse::Event;
use interlock_wire::{ModernMeta, Parsed, Shape};

use super::body::{self, Body, Writer};
use super::post::{self, Caller};
use super::refused::HttpRefused;
use super::traced;
use crate::streams::Opened;

/// The parameter of the address that names the session.
const SESSION: &str = "session=";

impl Caller<'_> {
    /// A request at `/sse` or `/sse/{server}`.
    pub(super) async fn old(
        &self,
        method: &Method,
        query: Option<&str>,
        fields: Fields<'_>,
        body: Incoming,
    ) -> Result<Response<Body>, HttpRefused> {
        match *method {
            Method::GET => self.open(fields),
            Method::POST => {
                let name = query.and_then(|query| query.strip_prefix(SESSION)).unwrap_or_default();
                self.post_on(name, fields, body).await
            }
            _ => Err(HttpRefused::method("GET, POST")),
        }
    }

    fn open(&self, fields: Fields<'_>) -> Result<Response<Body>, HttpRefused> {
        http::check_accept_stream(fields).map_err(|why| HttpRefused::of(&why.into(), None))?;
        let opened = self.front.open_stream(self.known, self.server)?;
        let place = self.server.map_or_else(|| "/sse".to_owned(), |server| format!("/sse/{server}"));
        let address = format!("{place}?{SESSION}{}", opened.name);
        let keep_alive = self.front.gateway().options.limits.keep_alive;
        Ok(stream(opened, address, keep_alive, self))
    }

    async fn post_on(
        &self,
        name: &str,
        fields: Fields<'_>,
        body: Incoming,
    ) -> Result<Response<Body>, HttpRefused> {
        let unfit = |why: MediaError| HttpRefused::of(&why.into(), None);
        http::check_content(fields).map_err(unfit)?;
        let way = self.front.stream_way(self.known, self.server, name)?;
        let bytes = post::whole(self.front, body).await?;
        let limits = &self.front.gateway().options.limits.message;
        let is_traced = self.front.gateway().traces().is_some();
        let read = match interlock_wire::parse(bytes, Some(way.spoken()), limits) {
            Ok(Parsed::One(message)) if is_traced => {
                Ok(Parsed::One(traced::received(message, fields, limits)))
            }
            read => read,
        };
        if let Ok(Parsed::One(message)) = &read
            && let Shape::Request(request) = message.shape()
            && ModernMeta::is_claimed_by(&request)
        {
            let reason = "requests that stand by themselves (2026-07-28) are posted to /mcp";
            return Err(HttpRefused::bad_request(reason));
        }
        tokio::select! {
            biased;
            // It may have ended while the body was sent.
            () = self.known.credential.ended() => return Err(HttpRefused::ended()),
            taken = self.front.take_on_stream(self.known, self.server, name, read, &self.place) => taken?,
        }
        Ok(body::empty(StatusCode::ACCEPTED))
    }
}

/// Everything that a session's servers say, after where to post.
fn stream(opened: Opened, address: String, keep_alive: Duration, caller: &Caller<'_>) -> Response<Body> {
    let (chunks, response) = body::events();
    let gateway = Arc::clone(caller.front.gateway());
    let credential = caller.known.credential.clone();
    tokio::spawn(async move {
        let mut opened = opened;
        let mut writer = Writer::new(chunks, keep_alive, gateway);
        let endpoint = Event { event: "endpoint".to_owned(), ..Event::message(address) };
        if !writer.send(endpoint).await {
            return;
        }
        let Some(mut letters) = opened.way.mailbox().map(|mailbox| mailbox.read(None)) else { return };
        loop {
            let message = tokio::select! {
                biased;
                // Whoever opened it has no right to it any more, however much there is to tell.
                () = credential.ended() => return,
                // What a server that has gone leaves unanswered is told before the end.
                taken = opened.back.next() => taken.map(|taken| taken.line.into_bytes()),
                letter = letters.next() => letter.map(|letter| letter.message.as_bytes().to_vec()),
                () = writer.gone() => return,
                // Whoever listens uses the session.
                () = tokio::time::sleep(keep_alive) => {
                    opened.way.touch();
                    continue;
                }
            };
            let Some(message) = message else { return };
            if !writer.send(Event::message(message)).await {
                return;
            }
        }
    });
    response
}
