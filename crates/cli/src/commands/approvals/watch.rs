//! `interlock approvals watch`: the screen at a terminal, fed with what waits.

use std::io::{self, IsTerminal as _, Stdout, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use interlock_audit::Filter;
use interlock_gateway::Account;
use interlock_gateway::approvals::Saying;
use interlock_store::{Approval, Approvals as _, Standing, Which};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use rustix::termios::QueueSelector;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::{Desk, PAGE};
use crate::approvals::person;
use crate::approvals::screen::{Screen, Wish};
use crate::exit::Exit;
use crate::terminal;

/// How often it is looked for what changed, and how soon a key is heard that is pressed as the screen ends.
const LOOK: Duration = Duration::from_millis(250);
/// How often what is said of time is made anew.
const TICKS: u32 = 4;
/// Calls on the screen.
const MOST: usize = 2_000;

impl Desk<'_> {
    /// Shows what waits until somebody leaves.
    pub(super) fn watch(&self) -> anyhow::Result<Exit> {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            bail!(
                "the screen needs a terminal to write to and to read keys from; `interlock approvals list` prints what \
                 waits"
            );
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        self.record_look("approvals watch", &Filter::default());
        // Without colours where they are not wanted (https://no-color.org).
        let has_colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut watching = Watching {
            desk: self,
            screen: Screen::new(has_colors),
            person: person::of_this_process(),
            seen: None,
            turns: 0,
        };
        let mut taken = Taken::take()?;
        let watched = runtime.block_on(watching.run(&mut taken.terminal));
        drop(taken);
        watched.map(|()| Exit::Yes)
    }
}

/// The terminal, given back as it was however this ends.
struct Taken {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Taken {
    fn take() -> anyhow::Result<Self> {
        // What is said of a fault is read on the terminal as it was.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |fault| {
            give_back();
            before(fault);
        }));
        enable_raw_mode().context("cannot read keys from this terminal")?;
        // What was typed before anything could be seen is about nothing that is shown.
        let _flushed = rustix::termios::tcflush(stdin(), QueueSelector::IFlush);
        let made = execute!(stdout(), EnterAlternateScreen, cursor::Hide)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        match made {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                give_back();
                Err(error).context("cannot draw on this terminal")
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // A terminal that is gone cannot be given back.
    drop(disable_raw_mode());
    drop(execute!(stdout(), LeaveAlternateScreen, cursor::Show));
}

/// The keys of a terminal, read on a thread of their own.
struct Keys {
    keys: mpsc::Receiver<io::Result<Event>>,
    ends: Arc<AtomicBool>,
}

impl Keys {
    fn read() -> Self {
        let (tell, keys) = mpsc::channel(64);
        let ends = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&ends);
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let event = match event::poll(LOOK) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let failed = event.is_err();
                if tell.blocking_send(event).is_err() || failed {
                    return;
                }
            }
        });
        Self { keys, ends }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

struct Watching<'d> {
    desk: &'d Desk<'d>,
    screen: Screen,
    person: anyhow::Result<Account>,
    /// The last change of all that is on the screen.
    seen: Option<i64>,
    turns: u32,
}

impl Watching<'_> {
    async fn run(&mut self, terminal: &mut Terminal<CrosstermBackend<Stdout>>) -> anyhow::Result<()> {
        let mut keys = Keys::read();
        let mut ticks = tokio::time::interval(LOOK);
        let mut ends = Ends::new()?;
        loop {
            tokio::select! {
                () = ends.next() => return Ok(()),
                key = keys.keys.recv() => match key {
                    Some(Ok(Event::Key(key))) => {
                        let wish = self.screen.key(key);
                        if !self.fulfil(wish).await {
                            return Ok(());
                        }
                    }
                    // Whatever else happens to a terminal, it is drawn anew.
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error).context("cannot read keys from this terminal"),
                    None => bail!("no keys can be read from this terminal any more"),
                },
                _ = ticks.tick() => self.look().await,
            }
            self.look_at_selected().await;
            terminal.draw(|frame| self.screen.draw(frame)).context("cannot draw on this terminal")?;
        }
    }

    /// `false` where somebody leaves.
    async fn fulfil(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::None => {}
            Wish::Quit => return false,
            Wish::Decide { id, approves, reason } => {
                let said = self.decide(&id, approves, reason.as_deref()).await;
                self.screen.say(said);
                self.look().await;
            }
        }
        true
    }

    /// Says yes or no, and what came of it.
    async fn decide(&self, id: &str, approves: bool, reason: Option<&str>) -> String {
        let by = match &self.person {
            Ok(by) => by,
            Err(error) => return format!("not decided: {}", terminal::with_causes(error)),
        };
        match self.desk.desk.decide(id, &Saying { by, approves, reason }).await {
            Ok(decided) => decided.said(by),
            Err(error) => error.to_string(),
        }
    }

    /// Looks for what changed.
    async fn look(&mut self) {
        if let Err(error) = self.looked().await {
            self.screen.say(format!("what waits cannot be read: {error}"));
        }
    }

    async fn looked(&mut self) -> anyhow::Result<()> {
        let now_ms = self.desk.desk.now_ms().await?;
        self.screen.at(now_ms);
        self.turns = self.turns.wrapping_add(1);
        let (_, last) = self.desk.store.changes(i64::MAX).await?;
        // What expires is no change until somebody notes it.
        if self.seen == Some(last) && !self.turns.is_multiple_of(TICKS) {
            return Ok(());
        }
        let (waiting, is_cut) = self.waiting().await?;
        self.screen.hold(waiting, is_cut);
        self.seen = Some(last);
        Ok(())
    }

    /// What waits, those that changed last where there are too many.
    async fn waiting(&self) -> anyhow::Result<(Vec<Approval>, bool)> {
        let mut which = Which { standing: Some(Standing::Waiting), ..Which::default() };
        let mut found: Vec<Approval> = Vec::new();
        loop {
            let page = self.desk.store.approvals(which.clone(), PAGE).await?;
            let Some(last) = page.last() else { return Ok((found, false)) };
            which.before = Some(last.change);
            let is_last = page.len() < PAGE;
            found.extend(page);
            if found.len() > MOST {
                found.truncate(MOST);
                return Ok((found, true));
            }
            if is_last {
                return Ok((found, false));
            }
        }
    }

    /// Reads all of the call that is selected.
    async fn look_at_selected(&mut self) {
        let Some(id) = self.screen.selected().map(str::to_owned) else { return };
        if !self.screen.wants_page() {
            return;
        }
        match self.desk.desk.look(&id).await {
            Ok(Some(looked)) => self.screen.look(&id, &looked.sheet()),
            Ok(None) => {}
            Err(error) => self.screen.say(format!("this call cannot be read: {error}")),
        }
    }
}

/// The signals that end it.
struct Ends([tokio::signal::unix::Signal; 3]);

impl Ends {
    fn new() -> io::Result<Self> {
        Ok(Self([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [terminate, interrupt, hang_up] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}
