//! What the system has told of the files on the way, until somebody asks.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Event, EventKind};
use tokio::sync::Notify;

/// Whether the system tells when a file that was written is closed.
const TELLS_CLOSING: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Any number of events are one: whoever wakes reads the file as it is then.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) wake: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    changed: bool,
    removed: bool,
    /// The names on the way to the file. Other files beside them may change all the time.
    names: BTreeSet<OsString>,
    /// Those of them that somebody is writing: half a policy may be a policy, and another one.
    written: BTreeSet<OsString>,
}

/// What an event says of a name.
enum Says {
    Nothing,
    /// Somebody writes it, and will close it.
    IsWritten,
    /// It is as it was meant to be.
    IsChanged,
}

impl Told {
    /// Takes an event. What is not understood counts as a change.
    pub(super) fn take(&self, event: &notify::Result<Event>) {
        let mut state = self.state();
        match event {
            Ok(event) if !event.need_rescan() && !event.paths.is_empty() => state.take(event),
            _ => state.changed = true,
        }
        if state.changed || state.removed {
            self.wake.notify_one();
        }
    }

    pub(super) fn expect(&self, names: BTreeSet<OsString>) {
        let mut state = self.state();
        state.written.retain(|name| names.contains(name));
        state.names = names;
    }

    /// Whether something has changed since this was asked last, and nobody is still writing it.
    pub(super) fn changed(&self) -> bool {
        let mut state = self.state();
        state.written.is_empty() && std::mem::take(&mut state.changed)
    }

    /// Whether somebody is writing.
    pub(super) fn is_written(&self) -> bool {
        !self.state().written.is_empty()
    }

    /// Whoever was writing is not waited for any longer.
    pub(super) fn give_up_waiting(&self) {
        self.state().written.clear();
    }

    /// Whether a directory may be gone, and with it the watching of it, even if another has taken its place.
    pub(super) fn removed(&self) -> bool {
        std::mem::take(&mut self.state().removed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, event: &Event) {
        self.removed |= event.kind.is_remove();
        for path in &event.paths {
            let Some(name) = path.file_name() else {
                self.changed |= !event.kind.is_access();
                continue;
            };
            if self.names.contains(name) {
                self.say(name, &says(&event.kind, path));
            }
        }
    }

    fn say(&mut self, name: &OsStr, says: &Says) {
        match says {
            Says::Nothing => {}
            Says::IsWritten => {
                self.written.insert(name.to_owned());
            }
            Says::IsChanged => {
                self.written.remove(name);
                self.changed = true;
            }
        }
    }
}

fn says(kind: &EventKind, path: &Path) -> Says {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Says::IsChanged,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Says::Nothing,
        EventKind::Modify(ModifyKind::Data(_)) if TELLS_CLOSING => Says::IsWritten,
        EventKind::Create(CreateKind::File) if TELLS_CLOSING && is_being_made(path) => Says::IsWritten,
        _ => Says::IsChanged,
    }
}

/// Links are there as a whole at once; a file is opened first, and written then.
fn is_being_made(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}
