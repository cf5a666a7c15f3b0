//! A server that speaks HTTP with SSE (MCP 2024-11-05): everything it says comes on one stream, whose first event says
//! where to post.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use interlock_wire::line::Line;
use interlock_wire::sse::{self, Decoder};
use tokio::sync::oneshot;
use url::Url;

use super::client::CONNECT;
use super::failure::Failure;
use super::hearing::LINE;
use super::media::{Media, media_type};
use super::upstream::HttpLink;
use crate::crossing::Crossing;
use crate::fault::guarded;

/// Bytes of the address that the server names.
const MOST_ADDRESS: usize = 4 << 10;

impl HttpLink {
    /// Whether this status is what a server answers a POST with that speaks HTTP with SSE only (2025-03-26,
    /// "Backwards Compatibility").
    pub(super) fn may_be_old(status: StatusCode) -> bool {
        status.is_client_error()
            && !matches!(
                status,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
            )
    }

    /// Where messages are posted: the stream is opened where it is not open yet.
    pub(super) async fn old_address(self: &Arc<Self>, crossing: &Arc<Crossing>) -> Result<Uri, Failure> {
        let opening = || async { self.open_old(crossing).await.map(Box::new) };
        self.old.get_or_try_init(opening).await.map(|address| Uri::clone(address))
    }

    async fn open_old(self: &Arc<Self>, crossing: &Arc<Crossing>) -> Result<Uri, Failure> {
        let mut request = self.request(Method::GET, None, Bytes::new())?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(sse::MEDIA_TYPE));
        let response = self.send(request, None).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::Status { status });
        }
        if !matches!(media_type(&response)?, Media::Events) {
            return Err(Failure::NoEndpoint);
        }
        let (named, name) = oneshot::channel();
        let (link, crossing) = (Arc::clone(self), Arc::clone(crossing));
        let reading = tokio::spawn(async move {
            let mut named = Some(named);
            let reading = link.read_old(&crossing, response.into_body(), &mut named);
            if let Some(Err(failure)) =
                guarded(crossing.gateway(), "reading the server's stream", reading).await
            {
                tracing::debug!("the server's stream broke: {failure}");
            }
            // Nothing more comes: whoever waits is told.
            link.over.raise();
        });
        self.listens_with(reading.abort_handle());
        let named = tokio::time::timeout(CONNECT, name).await;
        let address = named.ok().and_then(Result::ok).ok_or(Failure::NoEndpoint)?;
        same_origin(&self.server.to.url, &address).ok_or(Failure::Elsewhere)
    }

    async fn read_old(
        &self,
        crossing: &Arc<Crossing>,
        mut body: super::carrier::Reply,
        named: &mut Option<oneshot::Sender<String>>,
    ) -> Result<(), Failure> {
        use http_body_util::BodyExt as _;
        let most = crossing.gateway().options.limits.message.bytes;
        let line = most.saturating_add(LINE);
        let mut decoder = Decoder::new(sse::Limits { data: most, line, ..sse::Limits::default() });
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let Some(data) = frame.data_ref() else { continue };
            decoder.feed(data).map_err(Failure::Stream)?;
            while let Some(event) = decoder.next() {
                match event.kind() {
                    "endpoint" if event.data.len() <= MOST_ADDRESS => {
                        // The first counts: where messages go does not change under way.
                        let address = String::from_utf8_lossy(&event.data).into_owned();
                        let _told = named.take().is_some_and(|named| named.send(address).is_err());
                    }
                    "message" if !event.data.is_empty() => {
                        crossing.from_server(Line::Complete(event.data), None).await;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The address that a server names, where it is one of its own: a server must not have messages sent elsewhere, nor the
/// headers that go with them.
fn same_origin(base: &Uri, named: &str) -> Option<Uri> {
    let base = Url::parse(&base.to_string()).ok()?;
    let mut joined = base.join(named.trim()).ok()?;
    joined.set_fragment(None);
    let own = joined.origin() == base.origin() && joined.username().is_empty() && joined.password().is_none();
    own.then(|| joined.as_str().parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_posted_to_the_server_itself_or_nowhere() {
        let base: Uri = "http://host:8000/a/sse?key=1".parse().unwrap();
        for (named, expected) in [
            ("/messages?session_id=1", Some("http://host:8000/messages?session_id=1")),
            ("messages/?s=1", Some("http://host:8000/a/messages/?s=1")),
            ("?s=1", Some("http://host:8000/a/sse?s=1")),
            ("http://host:8000/m#x", Some("http://host:8000/m")),
            ("HTTP://HOST:8000/m", Some("http://host:8000/m")),
            ("http://host/m", None),
            ("https://host:8000/m", None),
            ("http://other:8000/m", None),
            ("//other:8000/m", None),
            ("http://host:8000@other/m", None),
            ("http://u@host:8000/m", None),
            ("\\\\other\\m", None),
            ("file:///etc/passwd", None),
            ("javascript:x", None),
        ] {
            let found = same_origin(&base, named).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{named}");
        }
        let usual: Uri = "https://host/sse".parse().unwrap();
        assert!(same_origin(&usual, "https://host:443/m").is_some(), "443 is what goes without saying");
    }
}
