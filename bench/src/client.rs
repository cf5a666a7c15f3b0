//! A client with one connection, one request at a time on it.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use interlock_benches::messages::{INITIALIZE, INITIALIZED, TOOL};
use tokio::net::TcpStream;

use crate::messages::{self, Era};

const SESSION: &str = "mcp-session-id";

/// Where a server is, and how it answers.
#[derive(Debug, Clone)]
pub struct Target {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// The path on it.
    pub path: String,
}

/// A connection of a client.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    path: String,
    headers: HeaderMap,
    era: Era,
    next_id: u64,
}

impl Client {
    /// Connects; a legacy client does its handshake.
    ///
    /// # Errors
    /// When the server does not answer as it should.
    pub async fn connect(target: &Target, era: Era) -> Result<Self> {
        let stream = TcpStream::connect(&target.address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told.
            let _broken = connection.await;
        });
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&target.address)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert("mcp-protocol-version", HeaderValue::from_static(era.version()));
        let mut client = Self { sender, path: target.path.clone(), headers, era, next_id: 1 };
        match era {
            Era::Legacy => client.initialize().await?,
            Era::Modern => {
                client.headers.insert("mcp-method", HeaderValue::from_static("tools/call"));
                client.headers.insert("mcp-name", HeaderValue::from_static(TOOL));
            }
        }
        Ok(client)
    }

    async fn initialize(&mut self) -> Result<()> {
        let response = self.send(Method::POST, INITIALIZE.to_owned()).await?;
        let session = response.headers().get(SESSION).cloned();
        text_of(response, StatusCode::OK).await?;
        if let Some(session) = session {
            self.headers.insert(SESSION, session);
        }
        let told = self.send(Method::POST, INITIALIZED.to_owned()).await?;
        text_of(told, StatusCode::ACCEPTED).await.map(|_| ())
    }

    /// Begins this many sessions more, which stay open.
    ///
    /// # Errors
    /// When the server does not answer as it should.
    pub async fn sessions(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.headers.remove(SESSION);
            self.initialize().await?;
        }
        Ok(())
    }

    /// Makes a call and waits for its answer, which must be a good one.
    ///
    /// # Errors
    /// When it is not.
    pub async fn call(&mut self) -> Result<()> {
        let id = self.next_id;
        self.next_id += 1;
        let response = self.send(Method::POST, messages::call(self.era, id)).await?;
        let text = text_of(response, StatusCode::OK).await?;
        let is_good = text.contains("\"isError\":false") && text.contains(&format!("\"id\":{id},"));
        ensure!(is_good, "call {id} was answered with {text}");
        Ok(())
    }

    /// Ends the session, where there is one.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn end(mut self) -> Result<()> {
        if self.headers.contains_key(SESSION) {
            let response = self.send(Method::DELETE, String::new()).await?;
            text_of(response, StatusCode::NO_CONTENT).await?;
        }
        Ok(())
    }

    async fn send(&mut self, method: Method, body: String) -> Result<Response<hyper::body::Incoming>> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = self.path.parse()?;
        request.headers_mut().clone_from(&self.headers);
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }
}

async fn text_of(response: Response<hyper::body::Incoming>, wanted: StatusCode) -> Result<String> {
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    ensure!(status == wanted, "{status} in place of {wanted}: {text}");
    Ok(text)
}
