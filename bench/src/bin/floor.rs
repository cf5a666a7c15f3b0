//! `interlock-bench-floor`: a reverse proxy that parses nothing. What it costs is what going through any process
//! costs, with the same HTTP library as the gateway's.
//!
//! With `--inspect` it does the least that whoever judges by content and keeps a record cannot do without: it reads
//! both messages as JSON and appends a line for each to a file, with one write each.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::uri::{Authority, Scheme};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::de::IgnoredAny;
use tokio::net::TcpListener;

/// A reverse proxy that parses nothing.
#[derive(Debug, Parser)]
struct Options {
    /// The server behind it: `127.0.0.1:PORT`.
    to: Authority,
    /// Reads messages as JSON and appends a record of each to this file.
    #[arg(long, value_name = "FILE")]
    inspect: Option<PathBuf>,
}

type Body = Either<Incoming, Full<Bytes>>;

/// What stands behind every connection.
struct Proxy {
    client: Client<HttpConnector, Body>,
    to: Authority,
    records: Option<File>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let records = options.inspect.map(|path| File::options().append(true).create(true).open(path));
    let proxy = Arc::new(Proxy {
        client: Client::builder(TokioExecutor::new()).build(connector),
        to: options.to,
        records: records.transpose().context("open the file of records")?,
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            let pass = service_fn(|request| proxy.pass(request));
            // A client that leaves is none of a benchmark's business.
            let _broken = http1::Builder::new().serve_connection(TokioIo::new(stream), pass).await;
        });
    }
}

impl Proxy {
    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Body>> {
        let (mut head, body) = request.into_parts();
        let mut parts = head.uri.into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.to.clone());
        head.uri = Uri::from_parts(parts)?;
        let request = Request::from_parts(head, self.inspected(body).await?);
        let response = self.client.request(request).await.context("the server does not answer")?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, self.inspected(body).await?))
    }

    async fn inspected(&self, body: Incoming) -> Result<Body> {
        let Some(mut records) = self.records.as_ref() else { return Ok(Either::Left(body)) };
        let bytes = body.collect().await?.to_bytes();
        let text = std::str::from_utf8(&bytes)?;
        // Of a stream of events, the data of each.
        let messages = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
        let messages = messages.filter(|line| line.starts_with('{'));
        let read: Result<Vec<IgnoredAny>, _> = messages.map(serde_json::from_str).collect();
        let record =
            format!("{{\"messages\":{},\"said\":{:?}}}\n", read?.len(), text.get(..300).unwrap_or(text));
        records.write_all(record.as_bytes()).context("write a record")?;
        Ok(Either::Right(Full::new(bytes)))
    }
}
