//! `interlock-bench-floor`: a reverse proxy that parses nothing. What it costs is what going through any process
//! costs, with the same HTTP library as the gateway's.

use anyhow::{Context, Result};
use clap::Parser;
use hyper::body::Incoming;
use hyper::http::uri::{Authority, Scheme};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

/// A reverse proxy that parses nothing.
#[derive(Debug, Parser)]
struct Options {
    /// The server behind it: `127.0.0.1:PORT`.
    to: Authority,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, to) = (client.clone(), options.to.clone());
        tokio::spawn(async move {
            let pass = service_fn(|request| pass(&client, &to, request));
            // A client that leaves is none of a benchmark's business.
            let _broken = http1::Builder::new().serve_connection(TokioIo::new(stream), pass).await;
        });
    }
}

async fn pass(
    client: &Client<HttpConnector, Incoming>,
    to: &Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(to.clone());
    *request.uri_mut() = Uri::from_parts(parts)?;
    client.request(request).await.context("the server does not answer")
}
