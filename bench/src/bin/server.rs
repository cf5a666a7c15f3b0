//! `interlock-bench-server`: an MCP server over HTTP that costs next to nothing. It knows the messages of the
//! benchmarks by what stands in them and parses nothing. Below `/sse` calls are answered as streams of one event.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use interlock_bench::messages;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let answer = service_fn(|request| async move { Ok::<_, Infallible>(answer(request).await) });
            // A client that leaves is none of a benchmark's business.
            let _broken = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

static SESSIONS: AtomicU64 = AtomicU64::new(1);

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        let is_end = request.method() == Method::DELETE;
        return empty(if is_end { StatusCode::NO_CONTENT } else { StatusCode::METHOD_NOT_ALLOWED });
    }
    let streams = request.uri().path().starts_with("/sse");
    let Ok(body) = request.into_body().collect().await else { return empty(StatusCode::BAD_REQUEST) };
    let body = body.to_bytes();
    let body = String::from_utf8_lossy(&body);
    let Some(answer) = messages::answer(&body) else { return empty(StatusCode::ACCEPTED) };
    let is_stream = streams && body.contains("\"tools/call\"");
    let text = if is_stream { format!("event: message\ndata: {answer}\n\n") } else { answer };
    let kind = if is_stream { "text/event-stream" } else { "application/json" };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if body.contains("\"initialize\"") {
        let session = format!("s{}", SESSIONS.fetch_add(1, Ordering::Relaxed));
        if let Ok(session) = HeaderValue::from_str(&session) {
            response.headers_mut().insert("mcp-session-id", session);
        }
    }
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
