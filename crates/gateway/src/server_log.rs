//! What servers say on standard error, as lines of the gateway's own log that name the server.
//!
//! A server is read as fast as it writes, whatever becomes of its lines, so that it never waits for the log. Of what it
//! writes each line is cut to a length, and each server, whatever number of its processes run, has so many lines; what is
//! left out is counted. The lines are written by a thread of their own: who reads the log slowly holds up no call.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use interlock_json::is_deceptive;
use interlock_wire::line::{HEAD, Line};
use tokio::io::AsyncRead;

use crate::transport::lines::LineReader;

/// How much of what a server writes is read in one go.
const CHUNK: usize = 4 << 10;
/// Characters of a line that are shown, each with what its escape takes.
const SHOWN: usize = 2_048;
/// Lines of one server that come at once.
const BURST: u32 = 500;
/// And how long it takes until there is room for one more.
const REFILL: Duration = Duration::from_millis(200);
/// Lines that wait to be written.
const QUEUE: usize = 1_024;
/// Servers whose lines are counted. The names are the configuration's, so that there are hardly ever more.
const SERVERS: usize = 10_000;

/// Takes the lines of all servers.
#[derive(Debug, Default)]
pub(crate) struct ServerLog {
    servers: Mutex<HashMap<Arc<str>, Arc<Mutex<Allowance>>>>,
    /// Where the thread is that writes; none where the system gives none.
    writing: OnceLock<Option<SyncSender<Said>>>,
}

/// One line as it is logged.
#[derive(Debug)]
struct Said {
    server: Arc<str>,
    pid: Option<u32>,
    text: String,
    left_out: u64,
}

/// How many lines a server may still have written, and how many it could not.
#[derive(Debug)]
struct Allowance {
    room: u32,
    /// Until when the room that time gives has been given.
    given: Instant,
    left_out: u64,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self { room: BURST, given: now, left_out: 0 }
    }

    /// Takes room for one line, and says how many were left out before it; `None`, and counted, where there is no room.
    fn take(&mut self, now: Instant) -> Option<u64> {
        self.refill(now);
        match self.room.checked_sub(1) {
            Some(room) => {
                self.room = room;
                Some(std::mem::take(&mut self.left_out))
            }
            None => {
                self.left_out += 1;
                None
            }
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.given);
        let earned = u32::try_from(passed.as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
        if earned >= BURST - self.room {
            (self.room, self.given) = (BURST, now);
        } else {
            self.room += earned;
            self.given += REFILL * earned;
        }
    }

    fn is_whole(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.room == BURST && self.left_out == 0
    }
}

impl ServerLog {
    /// Reads what a process of this server writes, to its end.
    pub(crate) async fn follow(&self, server: Arc<str>, pid: Option<u32>, source: impl AsyncRead + Unpin) {
        let allowance = self.allowance(&server, Instant::now());
        let mut lines = LineReader::with_chunk(source, HEAD, CHUNK);
        // What cannot be read any more has nothing more to say.
        while let Ok(Some(line)) = lines.next().await {
            if let Some(text) = shown(&line) {
                self.say(&server, pid, text, &allowance);
            }
        }
        let left_out = std::mem::take(&mut lock(&allowance).left_out);
        if left_out > 0 {
            let text = "(its last lines were too many)".to_owned();
            self.write(Said { server, pid, text, left_out }, &allowance);
        }
    }

    fn say(&self, server: &Arc<str>, pid: Option<u32>, text: String, allowance: &Mutex<Allowance>) {
        let Some(left_out) = lock(allowance).take(Instant::now()) else { return };
        self.write(Said { server: Arc::clone(server), pid, text, left_out }, allowance);
    }

    /// Hands a line to the thread, unless that is still busy with too many others.
    fn write(&self, said: Said, allowance: &Mutex<Allowance>) {
        let left_out = said.left_out;
        let sent = self.writing.get_or_init(start).as_ref().is_some_and(|to| to.try_send(said).is_ok());
        if !sent {
            lock(allowance).left_out += left_out + 1;
        }
    }

    /// What all processes of one server share.
    fn allowance(&self, server: &Arc<str>, now: Instant) -> Arc<Mutex<Allowance>> {
        let mut servers = lock(&self.servers);
        if servers.len() >= SERVERS {
            servers.retain(|_, one| Arc::strong_count(one) > 1 || !lock(one).is_whole(now));
        }
        let own = servers.entry(Arc::clone(server));
        Arc::clone(own.or_insert_with(|| Arc::new(Mutex::new(Allowance::new(now)))))
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> Option<SyncSender<Said>> {
    let (to, from) = sync_channel(QUEUE);
    let started = std::thread::Builder::new().name("server-log".to_owned()).spawn(move || write_all(&from));
    match started {
        Ok(_) => Some(to),
        Err(error) => {
            tracing::error!("what servers say on standard error cannot be logged: {error}");
            None
        }
    }
}

/// Writes until nobody can say anything any more.
fn write_all(lines: &Receiver<Said>) {
    while let Ok(Said { server, pid, text, left_out }) = lines.recv() {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::info!(target: "server", server = &*server, pid, left_out, "{text}");
    }
}

/// A line as it may stand in a log; `None` where it is empty.
fn shown(line: &Line) -> Option<String> {
    let (bytes, is_cut) = match line {
        Line::Complete(bytes) => (bytes, false),
        Line::TooLong { head, .. } => (head, true),
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end();
    if text.is_empty() && !is_cut {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if out.len() >= SHOWN {
            out.push('…');
            return Some(out);
        }
        match c {
            '\t' => out.push(c),
            _ if is_deceptive(c) => {
                let _infallible = write!(out, "{}", c.escape_default());
            }
            _ => out.push(c),
        }
    }
    if is_cut {
        out.push('…');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_obey_nobody() {
        let complete = |text: &str| shown(&Line::Complete(text.as_bytes().to_vec()));
        for (text, expected) in [
            ("ready on port 1 ü 漢\r", Some("ready on port 1 ü 漢")),
            ("", None),
            (" \t\r", None),
            ("a\tb", Some("a\tb")),
            ("\u{1b}[2Jgone\u{7}", Some("\\u{1b}[2Jgone\\u{7}")),
            ("abc\u{202e}txt.exe", Some("abc\\u{202e}txt.exe")),
        ] {
            assert_eq!(complete(text).as_deref(), expected, "{text:?}");
        }
        let broken = shown(&Line::Complete(b"a\xffb".to_vec()));
        assert_eq!(broken.as_deref(), Some("a\u{fffd}b"));
        let cut = shown(&Line::TooLong { bytes_dropped_so_far: 5_000, head: b"x".repeat(HEAD) });
        assert_eq!(cut.unwrap(), format!("{}…", "x".repeat(HEAD)));
        let escapes = complete(&"\u{1b}".repeat(HEAD)).unwrap();
        assert!(escapes.len() <= SHOWN + 10 && escapes.ends_with('…'), "{}", escapes.len());
    }

    #[test]
    fn a_flood_is_counted_and_time_gives_room_again() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        for _ in 0..BURST {
            assert_eq!(allowance.take(begin), Some(0));
        }
        assert_eq!(allowance.take(begin), None);
        assert_eq!(allowance.take(begin + REFILL - Duration::from_millis(1)), None);
        assert_eq!(allowance.take(begin + REFILL), Some(2));
        assert_eq!(allowance.take(begin + REFILL), None);
        let later = begin + REFILL * 10 * BURST;
        assert!(!allowance.is_whole(later));
        assert_eq!(allowance.take(later), Some(1));
        assert_eq!(allowance.room, BURST - 1);
        assert!(allowance.is_whole(later + REFILL));
    }

    #[test]
    fn processes_of_one_server_share_and_servers_do_not() {
        let log = ServerLog::default();
        let now = Instant::now();
        let [one, other] = ["one", "other"].map(Arc::<str>::from);
        let shared = log.allowance(&one, now);
        assert!(Arc::ptr_eq(&shared, &log.allowance(&one, now)));
        assert!(!Arc::ptr_eq(&shared, &log.allowance(&other, now)));
    }

    /// Whoever writes without end is read without end, though nobody writes the lines down.
    #[tokio::test]
    async fn a_flood_is_read_to_its_end() {
        let log = ServerLog::default();
        let flood = "noise\n".repeat(200_000);
        log.follow("loud".into(), None, flood.as_bytes()).await;
        let allowance = log.allowance(&"loud".into(), Instant::now());
        assert!(lock(&allowance).room < BURST);
    }
}
