//! What a client is told to do, and what it says came of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Connections to make, one after another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Each of them.
    pub runs: Vec<Run>,
}

/// One connection and what to do over it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The server's command.
    pub command: Vec<String>,
    /// Where the server is, instead of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The protocol version to offer, or `auto`.
    pub version: String,
    /// Whether to declare and answer sampling, elicitation and roots.
    #[serde(default)]
    pub handlers: bool,
    /// What to do.
    pub steps: Vec<Step>,
}

/// One thing to do; its result is one entry of [`Report::results`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// Reads all pages of a list.
    List {
        /// `tools`, `resources`, `templates` or `prompts`.
        what: String,
    },
    /// Calls a tool.
    Call {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
        /// Whether to ask for progress.
        #[serde(default)]
        progress: bool,
    },
    /// Calls a tool so many times at once, each time with its own `message`. The client from npm cannot.
    Many {
        /// Its name.
        name: String,
        /// The other arguments.
        arguments: Value,
        /// How often.
        count: usize,
    },
    /// Calls a tool and cancels the call at its first progress.
    CancelCall {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// Calls a tool, and again and again as long as it is told that a person has to approve the call first; each time
    /// is the event `told_to_wait`.
    Insist {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// Calls a tool that becomes a task of the extension, asks once how it stands, and cancels it. Only the client from
    /// crates.io can.
    Task {
        /// Its name.
        name: String,
    },
    /// Calls a tool that becomes a task of the extension, and asks how it stands until it has ended. Only the client from
    /// crates.io can.
    FollowTask {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// Reads a resource.
    Read {
        /// Its URI.
        uri: String,
    },
    /// Gets a prompt.
    Prompt {
        /// Its name.
        name: String,
        /// Its arguments.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        arguments: Value,
    },
    /// Completes a prompt's argument.
    Complete {
        /// The prompt.
        prompt: String,
        /// `{name, value}`.
        argument: Value,
    },
    /// Pings.
    Ping,
    /// Sets the level of log messages.
    LogLevel {
        /// The level.
        level: String,
    },
    /// Subscribes to a resource.
    Subscribe {
        /// Its URI.
        uri: String,
    },
    /// Unsubscribes.
    Unsubscribe {
        /// Its URI.
        uri: String,
    },
    /// Opens a stream of a resource's updates, in 2026-07-28.
    Listen {
        /// Its URI.
        uri: String,
    },
    /// Waits until an event has come so many times.
    Wait {
        /// The event.
        event: String,
        /// How often.
        #[serde(default = "once")]
        count: usize,
    },
}

fn once() -> usize {
    1
}

/// What came of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The negotiated version.
    pub version: String,
    /// For each step `{"ok": …}` or `{"error": {"code", "message"}}`.
    pub results: Vec<Value>,
    /// What came meanwhile, each `{"event": kind, …}`.
    pub events: Vec<Value>,
}

impl Report {
    /// How often an event came.
    #[must_use]
    pub fn count(&self, event: &str) -> usize {
        self.events.iter().filter(|seen| seen["event"] == event).count()
    }

    /// The text of the first content of a call's result.
    #[must_use]
    pub fn text(&self, step: usize) -> &str {
        self.results
            .get(step)
            .and_then(|result| result["ok"]["content"][0]["text"].as_str())
            .unwrap_or_default()
    }
}

/// Reads all pages of a list.
#[must_use]
pub fn list(what: &str) -> Step {
    Step::List { what: what.to_owned() }
}

/// Calls a tool.
#[must_use]
pub fn call(name: &str, arguments: Value) -> Step {
    Step::Call { name: name.to_owned(), arguments, progress: false }
}

/// Calls a tool until it is not told to wait for a person any more.
#[must_use]
pub fn insist(name: &str, arguments: Value) -> Step {
    Step::Insist { name: name.to_owned(), arguments }
}

/// Calls a tool and cancels the call at its first progress.
#[must_use]
pub fn cancel_call(name: &str, arguments: Value) -> Step {
    Step::CancelCall { name: name.to_owned(), arguments }
}

/// Calls a tool and asks for progress.
#[must_use]
pub fn call_with_progress(name: &str, arguments: Value) -> Step {
    Step::Call { name: name.to_owned(), arguments, progress: true }
}

/// Waits for an event.
#[must_use]
pub fn wait(event: &str) -> Step {
    Step::Wait { event: event.to_owned(), count: 1 }
}

/// `{"name": …, "value": …}` of a completion.
#[must_use]
pub fn argument(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}
