use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server that answers what each connection gets in this way, and counts connections.
struct Server {
    pool: Pool,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start<A>(answers: impl Fn(TcpStream, usize) -> A + Send + 'static) -> Self
    where
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/mcp", listener.local_addr().unwrap());
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answers(stream, counted.fetch_add(1, Ordering::SeqCst)));
            }
        });
        Self { pool: Pool::new(&address.parse().unwrap()).unwrap(), connections }
    }

    async fn ask(&self, body: Vec<u8>) -> Result<Response<Reply>, NotCarried> {
        let mut request = Request::new(Outgoing::new(Bytes::from(body), None));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.pool.server.clone();
        self.pool.carry(request).await
    }

    async fn answered(&self, body: Vec<u8>) -> Bytes {
        self.ask(body).await.unwrap().into_body().collect().await.unwrap().to_bytes()
    }
}

/// Reads one request; gives its head, or nothing where the connection is closed.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let head = loop {
        if let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        stream.read_buf(&mut read).await.ok().filter(|count| *count > 0)?;
    };
    let text = String::from_utf8_lossy(&read[..head]).into_owned();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    while read.len() < head + length.unwrap_or(0) {
        stream.read_buf(&mut read).await.ok().filter(|count| *count > 0)?;
    }
    Some(text)
}

async fn answer(stream: &mut TcpStream, body: &[u8]) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
}

#[tokio::test]
async fn a_connection_is_used_again_and_addressed_by_path_and_host() {
    let server = Server::start(async |mut stream, _| {
        while let Some(head) = request(&mut stream).await {
            answer(&mut stream, head.as_bytes()).await;
        }
    })
    .await;
    for _ in 0..3 {
        let head = server.answered(b"{}".to_vec()).await;
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("POST /mcp HTTP/1.1\r\n"), "{head}");
        let host = server.pool.server.authority().unwrap();
        assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    assert_eq!(server.pool.idle.kept().carriers.len(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_have_a_connection_each() {
    let server = Server::start(async |mut stream, _| {
        while request(&mut stream).await.is_some() {
            answer(&mut stream, b"1").await;
        }
    })
    .await;
    let (one, other) = tokio::join!(server.ask(vec![]), server.ask(vec![]));
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
    for response in [one, other] {
        assert_eq!(response.unwrap().into_body().collect().await.unwrap().to_bytes(), "1");
    }
    assert_eq!(server.pool.idle.kept().carriers.len(), 2);
}

#[tokio::test]
async fn one_that_the_server_has_closed_is_replaced_and_loses_no_request() {
    let (closed, mut gone) = tokio::sync::mpsc::channel(8);
    let server = Server::start(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            request(&mut stream).await.unwrap();
            answer(&mut stream, b"once").await;
            drop(stream);
            closed.send(()).await.unwrap();
        }
    })
    .await;
    for made in 1..=3 {
        assert_eq!(server.answered(b"{}".to_vec()).await, "once");
        gone.recv().await.unwrap();
        while server.pool.idle.kept().carriers.iter_mut().any(|(carrier, _)| carrier.is_free()) {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), made);
    }
}

#[tokio::test]
async fn what_is_asked_on_one_that_closes_meanwhile_comes_back_unsent() {
    /// More turns than the runtime takes before it looks at its sockets.
    const TURNS: usize = 1_000;
    let (is_taken, closed) = (Arc::<tokio::sync::Notify>::default(), Arc::<tokio::sync::Notify>::default());
    let (close, closes) = (Arc::clone(&is_taken), Arc::clone(&closed));
    let server = Server::start(move |mut stream, _| {
        let (close, closes) = (Arc::clone(&close), Arc::clone(&closes));
        async move {
            request(&mut stream).await.unwrap();
            answer(&mut stream, b"once").await;
            close.notified().await;
            drop(stream);
            closes.notify_one();
        }
    })
    .await;
    assert_eq!(server.answered(vec![]).await, "once");
    let mut carrier = server.pool.idle.take().unwrap();
    is_taken.notify_one();
    closed.notified().await;
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    let asked = Request::new(Outgoing::new(Bytes::from_static(b"{}"), None));
    let carried = tokio::time::timeout(Duration::from_secs(10), carrier.carry(asked)).await.unwrap();
    assert!(matches!(carried, Carried::Unsent(_)));
}

#[tokio::test]
async fn what_nobody_looks_at_costs_no_connection() {
    let server = Server::start(async |mut stream, _| {
        while request(&mut stream).await.is_some() {
            let head = b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    for _ in 0..3 {
        server.ask(b"{}".to_vec()).await.unwrap().into_body().pass().await;
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn large_bodies_go_both_ways_whoever_speaks_first() {
    const LARGE: usize = 3 << 20;
    let server = Server::start(async |mut stream, number| {
        let large = vec![b'x'; LARGE];
        if number > 0 {
            request(&mut stream).await.unwrap();
            return answer(&mut stream, &large).await;
        }
        // It answers before it has read anything.
        let (mut reading, mut writing) = stream.into_split();
        let write = async {
            writing
                .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n").as_bytes())
                .await?;
            writing.write_all(&large).await
        };
        let mut sink = tokio::io::sink();
        let (written, _read) = tokio::join!(write, tokio::io::copy(&mut reading, &mut sink));
        written.unwrap();
    })
    .await;
    let response = server.ask(vec![b'y'; LARGE]).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), LARGE);
    server.pool.idle.kept().carriers.clear();
    assert_eq!(server.answered(vec![b'y'; LARGE]).await.len(), LARGE);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_closes_its_connection() {
    let (left, mut seen) = tokio::sync::mpsc::channel(8);
    let server = Server::start(move |mut stream, _| {
        let left = left.clone();
        async move {
            request(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun").await.unwrap();
            let end = stream.read(&mut [0]).await;
            left.send(end.unwrap_or(0)).await.unwrap();
        }
    })
    .await;
    let response = server.ask(b"{}".to_vec()).await.unwrap();
    drop(response);
    assert_eq!(seen.recv().await, Some(0));
    assert!(server.pool.idle.kept().carriers.is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_has_seen_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let pool = Pool::new(&address.parse().unwrap()).unwrap();
    let refused = pool.carry(Request::new(Outgoing::new(Bytes::new(), None))).await;
    assert!(matches!(refused, Err(NotCarried::Unreachable(_))));
}

#[tokio::test]
async fn what_nobody_uses_is_closed() {
    let (left, mut seen) = tokio::sync::mpsc::channel(8);
    let server = Server::start(move |mut stream, _| {
        let left = left.clone();
        async move {
            while request(&mut stream).await.is_some() {
                answer(&mut stream, b"1").await;
            }
            left.send(()).await.unwrap();
        }
    })
    .await;
    server.answered(b"{}".to_vec()).await;
    assert_eq!(server.pool.idle.kept().carriers.len(), 1);
    seen.recv().await.unwrap();
    assert!(server.pool.idle.kept().carriers.is_empty());
    assert!(!server.pool.idle.kept().is_swept, "whoever comes next is swept for again");
}
