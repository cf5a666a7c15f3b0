//! The embedded backend: one SQLite database, shared by any number of processes on one machine.
//!
//! Who asks first does what waits, for all, in one transaction on one connection; where somebody is at it or
//! another process holds the database, a thread of the store does it. The database is in write-ahead mode: a
//! commit is with the operating system when it is answered and survives the death of the process. A second
//! thread brings it to the disk, at most 100 ms later, and moves the log into the database, so that callers
//! wait for neither. With [`Durability::PowerLoss`] each commit is on the disk before it is answered.
//!
//! No lock of one process stands for the ledger: what a process remembers of it holds only as long as SQLite
//! says, within a transaction, that no other connection has written since.

mod announcements;
mod approvals;
mod clock;
mod credentials;
mod database;
mod desk;
mod engine;
mod in_memory;
mod kept_clock;
mod listing;
mod pins;
mod reclocking;
mod reserving;
mod servers;
mod sync;
mod syncing;
mod tallies;
mod tokens;
mod work;

use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use interlock_json::Decimal;
use interlock_meter::Jump;

use crate::counters::{
    CounterRef, CounterStatus, Counters, ReservationId, ReserveAnswer, ReserveRequest, Settle,
};
use crate::credentials::{CredentialEntry, Credentials, Resealed};
use crate::instances::{Instance, Instances};
use crate::pins::{AcceptOutcome, Acceptance, Observed, Pin, Pins, PinsOfServer, Seen};
use crate::servers::{ServerEntry, Servers};
use crate::timekeeping::{Dates, Reclocked, Timekeeping};
use crate::tokens::{Revoked, TokenEntry, TokenKind, Tokens};
use crate::{BoxFuture, StoreError};

pub use clock::{ClockSource, SystemClock};
use desk::Desk;
use engine::Engine;
pub use in_memory::InMemory;
use syncing::Syncing;
use work::{Asked, Work};

/// When a commit is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the operating system has it: it survives the process. The disk has it 100 ms later.
    #[default]
    Process,
    /// When the disk has it.
    PowerLoss,
}

/// How the embedded store works.
#[derive(Clone)]
pub struct Options {
    /// When a commit is answered.
    pub durability: Durability,
    /// Counters kept at once.
    pub max_counters: u64,
    /// How long to wait for other processes.
    pub busy_timeout: Duration,
    /// The machine's clocks.
    pub clock: Arc<dyn ClockSource>,
    /// Who is told when the wall clock jumps forward.
    pub on_jump: Option<Arc<dyn Fn(Jump) + Send + Sync>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Process,
            max_counters: 1_000_000,
            busy_timeout: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
            on_jump: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("durability", &self.durability)
            .field("max_counters", &self.max_counters)
            .field("busy_timeout", &self.busy_timeout)
            .finish_non_exhaustive()
    }
}

/// A handle to the store; clones share it, and the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Embedded(Arc<Opened>);

struct Opened {
    desk: Arc<Desk<Engine>>,
    /// Whether those who ask may do the work themselves. They must not where a commit waits for the disk.
    inline: bool,
    thread: Option<JoinHandle<()>>,
    /// Goes last: what the thread commits is synced, too.
    _syncing: Syncing,
}

impl Embedded {
    /// Opens the store in a data directory, making both where they are missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or what is in it is not a ledger of this version.
    pub fn open(directory: &Path, options: Options) -> Result<Self, StoreError> {
        database::prepare_directory(directory)?;
        let connection = database::open(directory, &options)?;
        let (dirty, syncing) = syncing::start(directory, &options)?;
        let (inline, patience) = (options.durability == Durability::Process, options.busy_timeout);
        let desk = Desk::new(Engine::new(connection, options, dirty));
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn({
                let desk = Arc::clone(&desk);
                move || desk.run(patience)
            })
            .map_err(|error| StoreError::Failed { action: "start its thread", message: error.to_string() })?;
        Ok(Self(Arc::new(Opened { desk, inline, thread: Some(thread), _syncing: syncing })))
    }

    async fn ask<Q, A>(&self, question: Q, work: impl FnOnce(Asked<Q, A>) -> Work) -> Result<A, StoreError> {
        let (asked, mut answer) = Asked::new(question);
        self.0.desk.put(work(asked))?;
        if self.0.inline {
            // Others who are ready to ask come first, and share the transaction. Should the one who asks be gone
            // by then, the thread does what is left.
            let left = Left(Some(&self.0.desk));
            let mut yielded = false;
            poll_fn(|context| {
                if std::mem::replace(&mut yielded, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            left.taken();
            // What came after the work that answered this is left to its own group.
            if let Ok(answer) = answer.try_recv() {
                return answer;
            }
            self.0.desk.try_work();
        } else {
            self.0.desk.call_thread();
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Work that was put on the desk and has nobody to do it, once this goes.
struct Left<'d>(Option<&'d Desk<Engine>>);

impl Left<'_> {
    fn taken(mut self) {
        self.0 = None;
    }
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        if let Some(desk) = self.0 {
            desk.call_thread();
        }
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("inline", &self.inline).finish_non_exhaustive()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.desk.close();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Counters for Embedded {
    fn read(&self, counters: Vec<CounterRef>) -> BoxFuture<'_, Result<Vec<Decimal>, StoreError>> {
        Box::pin(self.ask(counters, Work::Read))
    }

    fn reserve(&self, request: ReserveRequest) -> BoxFuture<'_, Result<ReserveAnswer, StoreError>> {
        Box::pin(self.ask(request, Work::Reserve))
    }

    fn settle(&self, reservation: ReservationId, how: Settle) -> BoxFuture<'_, Result<(), StoreError>> {
        let counted = reservation.settle(how);
        // What counts is written already.
        if counted.is_empty() {
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(self.ask(counted, Work::Release))
    }

    fn list(&self, most: usize) -> BoxFuture<'_, Result<Vec<CounterStatus>, StoreError>> {
        Box::pin(self.ask(most, Work::List))
    }
}

impl Timekeeping for Embedded {
    fn dates(&self) -> BoxFuture<'_, Result<Dates, StoreError>> {
        Box::pin(self.ask((), Work::Dates))
    }

    fn reclock(&self) -> BoxFuture<'_, Result<Reclocked, StoreError>> {
        Box::pin(self.ask((), Work::Reclock))
    }
}

impl Instances for Embedded {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(instance, Work::Register))
    }

    fn finish<'a>(&'a self, id: &str, now_ms: i64) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.ask((id.to_owned(), now_ms), Work::Finish))
    }

    fn instances(&self) -> BoxFuture<'_, Result<Vec<Instance>, StoreError>> {
        Box::pin(self.ask((), Work::Instances))
    }
}

impl Embedded {
    /// The tokens of operators, in a register of their own.
    #[must_use]
    pub fn admin_tokens(&self) -> AdminTokens {
        AdminTokens(self.clone())
    }
}

/// The register of operators' tokens.
#[derive(Debug, Clone)]
pub struct AdminTokens(Embedded);

impl Tokens for Embedded {
    fn add(&self, entry: TokenEntry, instead_of: Option<Revoked>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask((TokenKind::Grant, entry, instead_of), Work::AddToken))
    }

    fn revoke(&self, which: Revoked, now_ms: i64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.ask((TokenKind::Grant, which, now_ms), Work::RevokeTokens))
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<TokenEntry>, StoreError>> {
        Box::pin(self.ask(TokenKind::Grant, Work::Tokens))
    }
}

impl Tokens for AdminTokens {
    fn add(&self, entry: TokenEntry, instead_of: Option<Revoked>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.0.ask((TokenKind::Admin, entry, instead_of), Work::AddToken))
    }

    fn revoke(&self, which: Revoked, now_ms: i64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.0.ask((TokenKind::Admin, which, now_ms), Work::RevokeTokens))
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<TokenEntry>, StoreError>> {
        Box::pin(self.0.ask(TokenKind::Admin, Work::Tokens))
    }
}

impl Servers for Embedded {
    fn add_server(&self, entry: ServerEntry) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.ask(entry, Work::AddServer))
    }

    fn remove_server<'a>(&'a self, name: &str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.ask(name.to_owned(), Work::RemoveServer))
    }

    fn servers(&self) -> BoxFuture<'_, Result<Vec<ServerEntry>, StoreError>> {
        Box::pin(self.ask((), Work::Servers))
    }
}

impl Credentials for Embedded {
    fn keep_credential(&self, entry: CredentialEntry) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(entry, Work::KeepCredential))
    }

    fn reseal(&self, resealed: Vec<Resealed>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.ask(resealed, Work::Reseal))
    }

    fn forget_credential<'a>(&'a self, server: &str, name: &str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.ask((server.to_owned(), name.to_owned()), Work::ForgetCredential))
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Vec<CredentialEntry>, StoreError>> {
        Box::pin(self.ask((), Work::Credentials))
    }
}

impl Pins for Embedded {
    fn observe(&self, seen: Seen) -> BoxFuture<'_, Result<Observed, StoreError>> {
        Box::pin(self.ask(seen, Work::Observe))
    }

    fn pins_of<'a>(&'a self, server: &str) -> BoxFuture<'a, Result<PinsOfServer, StoreError>> {
        Box::pin(self.ask(server.to_owned(), Work::PinsOf))
    }

    fn pin_changes(&self) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(self.ask((), Work::PinChanges))
    }

    fn pins<'a>(&'a self, server: Option<&str>) -> BoxFuture<'a, Result<Vec<Pin>, StoreError>> {
        Box::pin(self.ask(server.map(str::to_owned), Work::Pins))
    }

    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<(String, u64)>, StoreError>> {
        Box::pin(self.ask((), Work::Quarantined))
    }

    fn accept(&self, acceptance: Acceptance) -> BoxFuture<'_, Result<Vec<AcceptOutcome>, StoreError>> {
        Box::pin(self.ask(acceptance, Work::Accept))
    }
}
