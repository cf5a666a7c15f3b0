//! One gateway for many: the listener, the sweeping of what nobody uses, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::front::Front;
use crate::transport::http::{self, Names};
use crate::transport::tls::Tls;

/// Where the gateway listens, and under which names.
#[derive(Debug, Clone)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// `Host` values beside those of the address itself.
    pub hosts: Vec<String>,
    /// `Origin` values of pages that may call.
    pub origins: Vec<String>,
    /// The certificate, where connections are encrypted.
    pub tls: Option<Arc<Tls>>,
}

/// Why it cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, or not ours.
    #[error("cannot listen at {address}: {source}; is another gateway running there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A gateway that has its address and answers nobody yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    names: Names,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

/// How often what nobody uses is looked for.
const SWEEP: Duration = Duration::from_secs(10);

impl Listening {
    /// Takes the address.
    ///
    /// # Errors
    /// [`ListenError`] when the system does not give it.
    pub async fn bind(&self) -> Result<Bound, ListenError> {
        let failed = |source| ListenError::Bind { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut hosts = self.hosts.clone();
        hosts.push(address.to_string());
        if address.ip().is_loopback() {
            hosts.push(format!("localhost:{}", address.port()));
        }
        Ok(Bound {
            listener,
            names: Names { hosts, origins: self.origins.clone() },
            address,
            tls: self.tls.clone(),
        })
    }
}

impl Bound {
    /// The address, with the port that the system chose where none was.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections are encrypted.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until `stop` is ready, then drains: what is in flight is answered, and every server is told goodbye.
    pub async fn serve(self, front: Arc<Front>, stop: impl Future<Output = ()>) {
        let sweeping = tokio::spawn(sweep(Arc::clone(&front)));
        let known = Arc::clone(&front);
        let reading = tokio::spawn(async move { known.keep_tokens().await });
        let told = Arc::clone(&front);
        let stop = async move {
            stop.await;
            told.drains();
        };
        front.listens();
        http::serve(self.listener, Arc::clone(&front), Arc::new(self.names), self.tls, stop).await;
        sweeping.abort();
        reading.abort();
        front.close().await;
    }
}

async fn sweep(front: Arc<Front>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        front.sweep(Instant::now());
    }
}
