//! What the recording server is told to do: a JSON document that tests write with these types and the server
//! reads with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every protocol version there is, oldest first.
pub const VERSIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
/// The versions with an `initialize` handshake.
pub const LEGACY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// The stateless version.
pub const MODERN: &[&str] = &["2026-07-28"];

/// What the server offers and how it behaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The protocol versions it speaks, oldest first. Default: all.
    pub versions: Vec<String>,
    /// Definitions as `tools/list` shows them.
    pub tools: Vec<Value>,
    /// Definitions as `resources/list` shows them; each can be read and answers its own URI.
    pub resources: Vec<Value>,
    /// Definitions as `resources/templates/list` shows them.
    pub templates: Vec<Value>,
    /// Definitions as `prompts/list` shows them; each can be got.
    pub prompts: Vec<Value>,
    /// How many entries a page of a list holds; 0: all on one page.
    pub page: usize,
    /// What to do on a request or notification of this method, or on `tools/call:NAME` for one tool. What is
    /// not listed gets its ordinary answer.
    pub on: BTreeMap<String, Vec<Step>>,
    /// What to do on the first such request, on the second, and so on; the last of these on all that follow.
    pub in_turn: BTreeMap<String, Vec<Vec<Step>>>,
    /// What to do once this many lines have arrived, whatever they are.
    pub after: BTreeMap<usize, Vec<Step>>,
    /// What to do at the start, before anything has been read.
    pub start: Vec<Step>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            versions: VERSIONS.map(str::to_owned).to_vec(),
            tools: vec![tool("echo", &[])],
            resources: Vec::new(),
            templates: Vec::new(),
            prompts: Vec::new(),
            page: 0,
            on: BTreeMap::new(),
            in_turn: BTreeMap::new(),
            after: BTreeMap::new(),
            start: Vec::new(),
        }
    }
}

/// The definition of a tool with these required string arguments; others are allowed.
#[must_use]
pub fn tool(name: &str, required: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        required.iter().map(|name| ((*name).to_owned(), serde_json::json!({ "type": "string" }))).collect();
    serde_json::json!({
        "name": name,
        "description": format!("The tool {name}."),
        "inputSchema": { "type": "object", "properties": properties, "required": required },
    })
}

impl Script {
    /// A server with these tools, none of which requires an argument.
    #[must_use]
    pub fn with_tools(names: &[&str]) -> Self {
        Self { tools: names.iter().map(|name| tool(name, &[])).collect(), ..Self::default() }
    }

    /// The same, but speaking only these versions.
    #[must_use]
    pub fn speaking(mut self, versions: &[&str]) -> Self {
        self.versions = versions.iter().map(|version| (*version).to_owned()).collect();
        self
    }

    /// The same, but doing `steps` on `trigger` (a method, or `tools/call:NAME`).
    #[must_use]
    pub fn on(mut self, trigger: &str, steps: impl Into<Vec<Step>>) -> Self {
        self.on.insert(trigger.to_owned(), steps.into());
        self
    }

    /// The same, but doing the first of these on the first `trigger`, the second on the second, and the last on all that
    /// follow.
    #[must_use]
    pub fn in_turn(mut self, trigger: &str, turns: impl Into<Vec<Vec<Step>>>) -> Self {
        self.in_turn.insert(trigger.to_owned(), turns.into());
        self
    }

    /// The same, but doing `steps` once `lines` lines have arrived.
    #[must_use]
    pub fn after(mut self, lines: usize, steps: impl Into<Vec<Step>>) -> Self {
        self.after.insert(lines, steps.into());
        self
    }

    /// The same, but doing `steps` before anything is read.
    #[must_use]
    pub fn at_start(mut self, steps: impl Into<Vec<Step>>) -> Self {
        self.start = steps.into();
        self
    }
}

/// One thing to do. Steps of one request run in order, in a thread of their own, so that a request that waits
/// holds up no other. A list of steps without an answering one leaves the request unanswered.
///
/// In texts, `$ID` stands for the id of the request as it was written, `$TOKEN` for its progress token,
/// `$ANSWER` for the whole last response of the client to [`Step::Ask`], and `$ARGUMENTS` for the arguments.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The ordinary answer.
    Answer,
    /// A result with this JSON text, not looked at: it may hold anything, twice.
    Result {
        /// The text of the `result` member.
        text: String,
    },
    /// A JSON-RPC error.
    Error {
        /// Its code.
        code: i64,
        /// Its message.
        message: String,
    },
    /// A line of this text.
    Line {
        /// The text, without the line feed.
        text: String,
    },
    /// These bytes as they are, without a line feed.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A `notifications/message` line of about this many bytes.
    Oversized {
        /// Bytes in the line.
        bytes: usize,
    },
    /// The same line many times, as fast as the pipe takes them.
    Flood {
        /// How often.
        times: usize,
        /// The line.
        text: String,
    },
    /// A request to the client; the next step runs when it has been answered.
    Ask {
        /// The id, as JSON text.
        id: String,
        /// The method.
        method: String,
        /// The params.
        params: Value,
    },
    /// A notification to the client.
    Notify {
        /// The method.
        method: String,
        /// The params.
        params: Value,
    },
    /// Progress notifications under the request's own token, 1 to `total`.
    Progress {
        /// How many.
        total: usize,
    },
    /// Waits until a line that contains this text has arrived.
    AwaitLine {
        /// The text.
        contains: String,
    },
    /// Waits until this file exists.
    AwaitFile {
        /// The file.
        path: String,
    },
    /// Offers other tools from now on.
    SetTools {
        /// The new definitions.
        tools: Vec<Value>,
    },
    /// A line on standard error.
    Stderr {
        /// The text.
        text: String,
    },
    /// Closes standard output and goes on reading.
    CloseOutput,
    /// Ends the process.
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// Ends the process as a crash does: by SIGKILL to itself.
    Crash,
}
