//! One connection to a server, and what comes back on it. Whoever waits for an answer keeps the connection going in their
//! own task: no other task is woken for what it reads, and none hands it on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::flight::Outgoing;
use super::pool::Idle;

type Connection = http1::Connection<TokioIo<TcpStream>, Outgoing>;

/// How often a connection is looked at in a row before others have their turn.
const LOOKS: usize = 16;

/// How long, and for how many bytes, what nobody looks at is read.
const SHORT: Duration = Duration::from_millis(250);
const FEW: usize = 4 << 10;

/// A connection that carries one request at a time.
#[derive(Debug)]
pub(super) struct Carrier {
    sender: SendRequest<Outgoing>,
    /// Let go of once it has ended: only then does hyper give back a request that it has not begun.
    connection: Option<Connection>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Wakes whoever waits, but not for what happens while they look anyway.
#[derive(Debug, Default)]
struct Bell {
    waiting: AtomicWaker,
    is_looking: AtomicBool,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::SeqCst);
        if !self.is_looking.load(Ordering::SeqCst) {
            self.waiting.wake();
        }
    }
}

/// What came of a request.
pub(super) enum Carried {
    Response(Response<Incoming>),
    /// Nothing of it has been sent: the server had closed the connection before.
    Unsent(Box<Request<Outgoing>>),
    Broken(hyper::Error),
}

impl Carrier {
    /// A connection on what has just been connected.
    pub(super) async fn new(stream: TokioIo<TcpStream>) -> Result<Self, hyper::Error> {
        let (sender, connection) = http1::handshake(stream).await?;
        let bell = Arc::<Bell>::default();
        let waker = Waker::from(Arc::clone(&bell));
        Ok(Self { sender, connection: Some(connection), bell, waker })
    }

    /// Looks at the connection, which wakes nobody for it; whether it can carry a request.
    pub(super) fn is_free(&mut self) -> bool {
        self.bell.waiting.take();
        self.look();
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Moves on what there is to move.
    fn look(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let mut context = Context::from_waker(&self.waker);
        if let Poll::Ready(ended) = Pin::new(connection).poll(&mut context) {
            self.connection = None;
            if let Err(error) = ended {
                tracing::debug!("a connection to a server broke: {error}");
            }
        }
    }

    /// Waits for what `asked` gives once the connection has moved on.
    fn poll_until<T>(
        &mut self,
        context: &mut Context<'_>,
        mut asked: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.bell.waiting.register(context.waker());
        let bell = Arc::clone(&self.bell);
        for _ in 0..LOOKS {
            bell.is_looking.store(true, Ordering::SeqCst);
            bell.has_rung.store(false, Ordering::SeqCst);
            self.look();
            let mut own = Context::from_waker(&self.waker);
            let found = asked(&mut own);
            bell.is_looking.store(false, Ordering::SeqCst);
            // What rang before this is seen here, and what rings after it wakes.
            if found.is_ready() || !bell.has_rung.load(Ordering::SeqCst) {
                return found;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Carries a request, as far as the head of its response.
    pub(super) async fn carry(&mut self, request: Request<Outgoing>) -> Carried {
        let mut sending = std::pin::pin!(self.sender.try_send_request(request));
        let sent = std::future::poll_fn(|context| {
            // Whoever carries ends with an answer or an error, and so does what was sent on it.
            self.poll_until(context, |own| sending.as_mut().poll(own))
        })
        .await;
        match sent {
            Ok(response) => Carried::Response(response),
            Err(mut error) => match error.take_message() {
                Some(request) => Carried::Unsent(Box::new(request)),
                None => Carried::Broken(error.into_error()),
            },
        }
    }
}

/// The body of a response. With its end the connection is free for another request; one that is dropped before closes it,
/// which tells the server as much.
#[derive(Debug)]
pub(crate) struct Reply {
    incoming: Incoming,
    /// `None` where the connection keeps itself going, or has been given back.
    carried_by: Option<(Box<Carrier>, Arc<Idle>)>,
}

impl Reply {
    /// Of a connection that keeps itself going.
    pub(super) fn of(incoming: Incoming) -> Self {
        Self { incoming, carried_by: None }
    }

    /// Of a carrier, which goes back there.
    pub(super) fn carried(incoming: Incoming, carrier: Box<Carrier>, back_to: Arc<Idle>) -> Self {
        let mut reply = Self { incoming, carried_by: Some((carrier, back_to)) };
        if reply.incoming.is_end_stream() {
            reply.give_back();
        }
        reply
    }

    /// Reads what is left where nobody looks at it, as far as it is short: its connection can be used again.
    pub(super) async fn pass(self) {
        if self.carried_by.is_some() {
            let _rest = tokio::time::timeout(SHORT, Limited::new(self, FEW).collect()).await;
        }
    }

    fn give_back(&mut self) {
        if let Some((carrier, idle)) = self.carried_by.take() {
            idle.keep(carrier);
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Self { incoming, carried_by } = &mut *self;
        let Some((carrier, _)) = carried_by else { return Pin::new(incoming).poll_frame(context) };
        let frame = ready!(carrier.poll_until(context, |own| Pin::new(&mut *incoming).poll_frame(own)));
        match &frame {
            Some(Ok(_)) if !self.incoming.is_end_stream() => {}
            None | Some(Ok(_)) => self.give_back(),
            Some(Err(_)) => drop(self.carried_by.take()),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
