//! One server's session for one client of several: reached, greeted and made ready beside the others, and reached
//! again when it has gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use interlock_wire::{Message, reply};
use tokio::sync::watch;

use super::session::{Session, result_of};
use super::{Combined, Reached, greeting};
use crate::connection::Connection;
use crate::front::Front;

/// One server of a session's.
#[derive(Debug)]
pub(super) struct Member {
    server: Arc<str>,
    /// The name of its session, and its connection; nothing where it could not be reached.
    reached: Option<(String, Arc<Connection>)>,
    standing: watch::Sender<Standing>,
    /// How often in a row it did not become ready.
    failures: u32,
}

#[derive(Debug, Clone)]
enum Standing {
    Starting,
    /// It has answered `initialize`.
    Greeted(Message),
    /// It has been told that the client is ready.
    Ready(Message),
    /// Why it cannot be used, and until when it is not tried again.
    Failed {
        why: String,
        until: Instant,
    },
}

/// How long a server that did not become ready is left alone; twice as long after each time.
const LEFT_ALONE: Duration = Duration::from_secs(1);
const LEFT_ALONE_MOST: Duration = Duration::from_secs(60);

impl Member {
    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        self.reached.as_ref().map(|(_, connection)| connection)
    }

    /// Whether another has to be made in its place.
    fn is_spent(&self) -> bool {
        match &*self.standing.borrow() {
            Standing::Failed { until, .. } => *until <= Instant::now(),
            _ => self.connection().is_none_or(|connection| connection.has_ended()),
        }
    }

    /// How often in a row there was none that became ready, with this one.
    fn failures_so_far(&self) -> u32 {
        if matches!(&*self.standing.borrow(), Standing::Ready(_)) {
            0
        } else {
            self.failures.saturating_add(1)
        }
    }

    fn failed(&self, why: String) {
        let pause = LEFT_ALONE.saturating_mul(1 << self.failures.min(6)).min(LEFT_ALONE_MOST);
        self.standing.send_replace(Standing::Failed { why, until: Instant::now() + pause });
    }

    /// Whether it has said that it has this.
    pub(super) fn offers(&self, capability: &[&str]) -> bool {
        match &*self.standing.borrow() {
            Standing::Greeted(answer) | Standing::Ready(answer) => {
                greeting::has(&(Arc::clone(&self.server), Ok(answer.clone())), capability)
            }
            Standing::Starting | Standing::Failed { .. } => true,
        }
    }

    /// Waits for its answer to `initialize`.
    async fn answer(&self) -> Result<Message, String> {
        self.until(|standing| match standing {
            Standing::Starting => None,
            Standing::Greeted(answer) | Standing::Ready(answer) => Some(Ok(answer.clone())),
            Standing::Failed { why, .. } => Some(Err(why.clone())),
        })
        .await
    }

    /// Whether it can be sent requests.
    pub(super) fn can_be_told(&self) -> bool {
        matches!(&*self.standing.borrow(), Standing::Ready(_))
    }

    /// Waits until it can be sent requests.
    pub(super) async fn is_ready(&self) -> Result<(), String> {
        self.until(|standing| match standing {
            Standing::Starting | Standing::Greeted(_) => None,
            Standing::Ready(_) => Some(Ok(())),
            Standing::Failed { why, .. } => Some(Err(why.clone())),
        })
        .await
    }

    async fn until<T>(&self, done: impl Fn(&Standing) -> Option<Result<T, String>>) -> Result<T, String> {
        let mut standing = self.standing.subscribe();
        let reached = standing.wait_for(|standing| done(standing).is_some()).await;
        reached.ok().and_then(|standing| done(&standing)).unwrap_or_else(|| Err("it has gone".to_owned()))
    }

    /// Ends its session.
    pub(super) fn end(&self, front: &Front) {
        if let Some((name, _)) = &self.reached {
            front.end(name);
        }
        self.failed("the session has ended".to_owned());
    }
}

impl Combined {
    /// What a server answered to the client's `initialize`.
    pub(super) async fn greeted(self: &Arc<Self>, server: &str) -> Result<Message, String> {
        self.member(server)?.answer().await
    }

    /// The server's session for this client; a new one where there is none, or none any more.
    pub(super) fn member(self: &Arc<Self>, server: &str) -> Result<Arc<Member>, String> {
        let session = self.session().ok_or("there is no session")?;
        let mut members = session.members();
        if session.has_ended() {
            return Err("the session has ended".to_owned());
        }
        let before = members.get(server).map(Arc::clone);
        if let Some(member) = before.as_ref().filter(|member| !member.is_spent()) {
            return Ok(Arc::clone(member));
        }
        let failures = before.as_ref().map_or(0, |member| member.failures_so_far());
        if let Some(before) = &before {
            before.end(&self.front);
        }
        let member = Arc::new(self.start(session, server, failures));
        members.insert(server.to_owned(), Arc::clone(&member));
        drop(members);
        if member.reached.is_some() {
            tokio::spawn(Arc::clone(self).lead(Arc::clone(&member), before.is_some()));
        }
        Ok(member)
    }

    fn start(&self, session: &Session, server: &str, failures: u32) -> Member {
        let registry = self.front.registry();
        let begun = match registry.grant(&self.grant) {
            Some(grant) => self
                .front
                .begin_in(grant, server, session.credential(), Some(session.identity().session.clone()))
                .map_err(|why| why.to_string()),
            None => Err("it is not for this grant any more".to_owned()),
        };
        let (reached, why) = match begun {
            Ok(reached) => (Some(reached), None),
            Err(why) => (None, Some(why)),
        };
        let standing = watch::Sender::new(Standing::Starting);
        let member = Member { server: Arc::from(server), reached, standing, failures };
        if let Some(why) = why {
            member.failed(why);
        }
        member
    }

    /// Greets a server, makes it ready, and hears what it says of its own for as long as it is there.
    async fn lead(self: Arc<Self>, member: Arc<Member>, is_again: bool) {
        match self.make_ready(&member).await {
            Ok(answer) => {
                let was_slow = self.together().has_answered(&member.server);
                member.standing.send_replace(Standing::Ready(answer));
                if is_again || was_slow {
                    self.lists_changed();
                }
                self.hear(&member).await;
            }
            Err(why) => {
                member.end(&self.front);
                member.failed(why);
            }
        }
    }

    async fn make_ready(&self, member: &Member) -> Result<Message, String> {
        let session = self.session().ok_or("there is no session")?;
        let greeting = session.greeting().ok_or("the client has not greeted")?.with_id("0");
        let connection = member.connection().ok_or("it has gone")?;
        let reached = Reached { connection: Arc::clone(connection), exchange: 0 };
        let answer = result_of(self.ask(&reached, greeting).await?)?;
        member.standing.send_replace(Standing::Greeted(answer.clone()));
        session.is_initialized().await;
        let ready = reply::notification("notifications/initialized", None);
        let _nothing_comes_back = self.send(&reached, ready, 0).await;
        if let Some(level) = session.level().filter(|_| member.offers(&["logging"])) {
            // What it answers is of no matter: the client has its answer.
            let _answer = self.send(&reached, level.with_id("0"), self.front.next_number()).await;
        }
        Ok(answer)
    }

    async fn hear(&self, member: &Member) {
        let Some(connection) = member.connection() else { return };
        let mut reader = connection.mailbox().read(None);
        while let Some(letter) = reader.next().await {
            self.heard(&member.server, &letter.message);
        }
    }
}
