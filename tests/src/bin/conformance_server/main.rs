//! A server that passes the official conformance suite, made with `rmcp`: the tools, prompts and resources that the
//! suite asks for, in either era or both, over Streamable HTTP or stdio.
//!
//! Every tool that asks its client something is written once: to a legacy client the question is a request, to a
//! modern one an `InputRequiredResult`.
#![allow(
    deprecated,
    reason = "sampling, roots and logging are deprecated in 2026-07-28 and current in the others"
)]

mod asking;
mod calling;
mod catalogue;
mod listening;
mod server;

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::Parser;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rmcp::ServiceExt;
use rmcp::transport::stdio;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use crate::server::{Era, Server, Shared};

/// A server for the conformance suite.
#[derive(Debug, Parser)]
struct Options {
    /// The versions that are spoken.
    #[arg(long, value_enum, default_value = "both")]
    era: Era,
    /// Serves Streamable HTTP at this address and prints where; without it, standard input and output.
    #[arg(long)]
    http: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let shared = Shared::new(options.era)?;
    match options.http {
        Some(address) => serve_http(address, Server::new(shared)).await,
        None => {
            Server::new(shared).serve(stdio()).await?.waiting().await?;
            Ok(())
        }
    }
}

async fn serve_http(address: SocketAddr, server: Server) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("listen at {address}"))?;
    println!("http://{}/mcp", listener.local_addr()?);
    let config = StreamableHttpServerConfig::default();
    let sessions = std::sync::Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.for_session()), sessions, config);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.handle(request).await) }
            });
            let served = auto::Builder::new(TokioExecutor::new())
                .serve_connection_with_upgrades(TokioIo::new(stream), answer)
                .await;
            if let Err(error) = served {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}
