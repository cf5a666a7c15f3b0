//! Requests written byte by byte, and their responses: what a library would not send is what a listener must refuse.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers as they stand, the names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, put together where it came in chunks.
    pub body: String,
}

impl Response {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The messages of the body: one of JSON, or those of a stream.
    ///
    /// # Errors
    /// When one is not JSON.
    pub fn messages(&self) -> Result<Vec<Value>> {
        if self.header("content-type") != Some("text/event-stream") {
            return Ok(vec![serde_json::from_str(&self.body).with_context(|| self.body.clone())?]);
        }
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).with_context(|| data.to_owned())).collect()
    }

    /// The last message: the answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn answer(&self) -> Result<Value> {
        self.messages()?.pop().with_context(|| format!("no answer: {self:?}"))
    }
}

/// A request as it will be written.
#[derive(Debug, Clone)]
pub struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    /// A POST of this message with everything that it must have.
    #[must_use]
    pub fn post(address: &str, path: &str, body: &str) -> Self {
        Self::new(address, "POST", path)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(body)
    }

    /// Any request, with a Host and nothing else.
    #[must_use]
    pub fn new(address: &str, method: &str, path: &str) -> Self {
        let headers = vec![("Host".to_owned(), address.to_owned())];
        Self { line: format!("{method} {path} HTTP/1.1"), headers, body: String::new() }
    }

    /// At another path, with the same method.
    #[must_use]
    pub fn to(mut self, path: &str) -> Self {
        let method = self.line.split(' ').next().unwrap_or_default();
        self.line = format!("{method} {path} HTTP/1.1");
        self
    }

    /// With a header in the place of all of this name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self.also(name, value)
    }

    /// With one more header of this name.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    /// To another path.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        let method = self.line.split(' ').next().unwrap_or_default();
        self.line = format!("{method} {path} HTTP/1.1");
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// With one text in the body in the place of another.
    #[must_use]
    pub fn replacing(mut self, text: &str, by: &str) -> Self {
        self.body = self.body.replace(text, by);
        self
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("Connection: close\r\n\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }

    /// As it goes over a connection that is used again.
    #[must_use]
    pub fn kept(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.bytes()).replacen("Connection: close\r\n", "", 1);
        text.into_bytes()
    }

    /// Sends it on a connection of its own and reads the whole response.
    ///
    /// # Errors
    /// When there is none.
    pub async fn send(&self, address: &str) -> Result<Response> {
        send_bytes(address, &self.bytes()).await
    }

    /// Sends it and reads the response up to where this text stands in it; the connection stays open in what is given
    /// back.
    ///
    /// # Errors
    /// When the text does not come.
    pub async fn open(&self, address: &str) -> Result<Stream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&self.bytes()).await?;
        Ok(Stream { stream, text: String::new() })
    }
}

/// A response that is still coming.
#[derive(Debug)]
pub struct Stream {
    stream: TcpStream,
    /// What has come so far.
    pub text: String,
}

impl Stream {
    /// Reads until this stands in what has come.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn until(&mut self, wanted: &str) -> Result<&str> {
        self.until_times(wanted, 1).await
    }

    /// Reads until the text holds `wanted` so many times; gives all that was read so far.
    ///
    /// # Errors
    /// When the stream ends before, or nothing comes for long.
    pub async fn until_times(&mut self, wanted: &str, times: usize) -> Result<&str> {
        let mut chunk = [0; 4096];
        while self.text.matches(wanted).count() < times {
            let read = timeout(PATIENCE, self.stream.read(&mut chunk))
                .await
                .with_context(|| format!("`{wanted}` does not come; so far {}", self.text))??;
            ensure!(read > 0, "the stream ended before `{wanted}`: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(chunk.get(..read).unwrap_or_default()));
        }
        Ok(&self.text)
    }

    /// Reads until the stream ends.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn to_end(&mut self) -> Result<&str> {
        let mut chunk = [0; 4096];
        loop {
            let read = timeout(PATIENCE, self.stream.read(&mut chunk))
                .await
                .context("the stream does not end")??;
            if read == 0 {
                return Ok(&self.text);
            }
            self.text.push_str(&String::from_utf8_lossy(chunk.get(..read).unwrap_or_default()));
        }
    }
}

/// Sends a request on a connection that is used again, and reads the response up to the end of its body, whose length it
/// says.
///
/// # Errors
/// When no response comes.
pub async fn send_on(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &Request,
) -> Result<Response> {
    stream.write_all(&request.kept()).await?;
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read =
            timeout(PATIENCE, stream.read(&mut chunk)).await.context("the response does not come")??;
        ensure!(read > 0, "the connection was closed: {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(chunk.get(..read).unwrap_or_default());
        let text = String::from_utf8_lossy(&all);
        if !text.contains("\r\n\r\n") {
            continue;
        }
        let response = parse(&text)?;
        let length = response.header("content-length").context("it says no length")?.parse()?;
        if response.body.len() >= length {
            return Ok(response);
        }
    }
}

/// Sends any bytes on a connection of their own and reads what comes until it is closed.
///
/// # Errors
/// When no response comes.
pub async fn send_bytes(address: &str, bytes: &[u8]) -> Result<Response> {
    let mut stream = TcpStream::connect(address).await?;
    // A listener that has seen enough may close before it has read everything.
    let _refused = stream.write_all(bytes).await;
    let mut all = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut all)).await.context("the response does not end")?;
    if all.is_empty() {
        read?;
    }
    parse(&String::from_utf8_lossy(&all))
}

pub(crate) fn parse(text: &str) -> Result<Response> {
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no response: {text:?}"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("no status")?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    Ok(Response { status, headers, body })
}

fn unchunked(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|_| size > 0) else { break };
        whole.push_str(chunk);
        text = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
