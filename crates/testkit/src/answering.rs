//! A small HTTP server that answers as it is told and remembers every request, byte for byte: the outside world, such as
//! a server that wants a credential, an authorization server, or a collector.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// This status, these headers and this body.
    Now(u16, Vec<(&'static str, String)>, String),
    /// Nothing, while the connection stays open.
    Never,
    /// Nothing, and the connection is closed.
    Close,
}

/// A server that answers. It ends when this is dropped.
#[derive(Debug)]
pub struct Answering {
    /// `127.0.0.1:PORT`.
    pub address: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    accepting: AbortHandle,
}

type Handler = dyn Fn(&Arrived) -> Answer + Send + Sync;

impl Arrived {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Answer {
    /// A status alone.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Now(status, Vec::new(), String::new())
    }

    /// JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Now(status, vec![("Content-Type", "application/json".to_owned())], body.to_string())
    }
}

impl Answering {
    /// Begins to answer at a port of its own.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(handler: impl Fn(&Arrived) -> Answer + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let arrived: Arc<Mutex<Vec<Arrived>>> = Arc::default();
        let (handler, noted): (Arc<Handler>, _) = (Arc::new(handler), Arc::clone(&arrived));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handler), Arc::clone(&noted)));
            }
        });
        Ok(Self { address, arrived, accepting: accepting.abort_handle() })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that has come so far.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has come to this path so far.
    #[must_use]
    pub fn arrived_at(&self, path: &str) -> Vec<Arrived> {
        self.arrived().into_iter().filter(|arrived| arrived.path == path).collect()
    }

    /// Waits until `reached` holds of what has come.
    ///
    /// # Errors
    /// When it does not in a while.
    pub async fn wait_until(&self, what: &str, reached: impl Fn(&[Arrived]) -> bool) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !reached(&self.arrived()) {
            ensure!(Instant::now() < deadline, "waited for {what}; {:#?}", self.arrived());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, handler: Arc<Handler>, noted: Arc<Mutex<Vec<Arrived>>>) {
    let Some(arrived) = read(&mut stream).await else { return };
    noted.lock().unwrap_or_else(PoisonError::into_inner).push(arrived.clone());
    match handler(&arrived) {
        Answer::Now(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\n");
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
            // Whoever asked may have gone.
            let _gone = stream.write_all(text.as_bytes()).await;
        }
        Answer::Close => {}
        Answer::Never => {
            let mut rest = [0; 64];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut chunk).await.ok()? {
            0 => return None,
            read => bytes.extend_from_slice(chunk.get(..read)?),
        }
    };
    let text = String::from_utf8_lossy(bytes.get(..head)?).into_owned();
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        match stream.read(&mut chunk).await.ok()? {
            0 => return None,
            read => body.extend_from_slice(chunk.get(..read)?),
        }
    }
    Some(Arrived { method, path, headers, body })
}
