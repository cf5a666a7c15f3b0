//! What is played: servers that answer as they are told, what a fooled agent sends them, and what must not arrive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::part::Part;

/// A play for two runs: without the control, and with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// How the agent speaks.
    #[serde(default)]
    pub transport: Transport,
    /// The revision of the protocol that it speaks in sessions.
    #[serde(default = "usual_revision")]
    pub revision: String,
    /// The servers, by name.
    pub servers: BTreeMap<String, FixtureServer>,
    /// Over HTTP: those who call, by the name of their grant.
    #[serde(default)]
    pub grants: BTreeMap<String, GrantOf>,
    /// The policies of the run without the control, where that is a gateway too. Without these the agent speaks to the
    /// servers themselves.
    #[serde(default)]
    pub careless: BTreeMap<String, String>,
    /// What the agent does.
    pub steps: Vec<Step>,
    /// What it does afterwards that is harmless, and has to arrive in both runs.
    pub twin: Vec<Step>,
    /// What must arrive without the control, and must not with it.
    pub harm: Vec<Arrival>,
}

/// How an agent speaks to servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Lines, as with `interlock run`.
    #[default]
    Stdio,
    /// Streamable HTTP, as with `interlock serve`.
    Http,
}

/// A server that records what reaches it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureServer {
    /// What it offers.
    pub tools: Vec<FixtureTool>,
    /// What it offers later.
    #[serde(default)]
    pub change: Option<Change>,
    /// Over HTTP: the credential that the gateway shows it.
    #[serde(default)]
    pub credential: Option<String>,
}

/// A tool of such a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FixtureTool {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub description: String,
    /// What it takes.
    pub input_schema: Map<String, Value>,
    /// What its publisher says of its effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Map<String, Value>>,
    /// What a call is answered with.
    #[serde(default)]
    pub answers: String,
    /// Whether that is an error.
    #[serde(default)]
    pub fails: bool,
}

/// When a server offers something else, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// After so many calls; it says that its list has changed.
    #[serde(default)]
    pub after_calls: Option<u32>,
    /// From its so manyeth start on.
    #[serde(default)]
    pub at_start: Option<u32>,
    /// What it offers then.
    pub tools: Vec<FixtureTool>,
}

/// Who calls over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantOf {
    /// What policies can look at.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Something that an agent, or a person, does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The agent reads a server's list of tools.
    List(String),
    /// It calls a tool.
    Call(Call),
    /// It sends a message as it stands.
    Send(Send),
    /// A person approves what waits.
    Approve(Approve),
    /// The agent begins anew with a server, which is started again.
    Reconnect(String),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// At which server.
    pub server: String,
    /// Which tool.
    pub tool: String,
    /// With what.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// How often.
    #[serde(default = "once")]
    pub repeat: u32,
    /// Only if this text has reached the agent: whoever is not told cannot be fooled.
    #[serde(default)]
    pub told: Option<String>,
    /// Over HTTP: on behalf of which grant.
    #[serde(default, rename = "as")]
    pub grant: Option<String>,
    /// Over HTTP: with the session identifier of another.
    #[serde(default)]
    pub in_session_of: Option<String>,
}

/// A message byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// To which server.
    pub server: String,
    /// The message.
    pub message: String,
    /// `{fill}` in it stands for so many letters.
    #[serde(default)]
    pub fill: usize,
    /// Over HTTP: the headers beside those that every request has.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Over HTTP: on behalf of which grant.
    #[serde(default, rename = "as")]
    pub grant: Option<String>,
}

/// A person who says yes to whatever waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// At which server.
    pub server: String,
    /// Of which tool; any where none is named.
    #[serde(default)]
    pub tool: Option<String>,
}

/// Something that reaches a server. All that is said of it must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// What it means, in plain words.
    pub what: String,
    /// Which server it reaches.
    pub server: String,
    /// A call of this tool, as the server reads it.
    #[serde(default)]
    pub tool: Option<String>,
    /// With these arguments among others.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The message has this text somewhere.
    #[serde(default)]
    pub contains: Option<String>,
    /// Over HTTP: it carries the token that the caller has shown.
    #[serde(default)]
    pub with_the_callers_token: bool,
    /// The message is longer than so many bytes.
    #[serde(default)]
    pub longer_than: usize,
    /// It is no harm before it has happened more often than this.
    #[serde(default)]
    pub more_than: usize,
    /// The parts of the control that stop it: without them it arrives, with all else in place. Where this is not said, it
    /// is the one part of its server's policy that can.
    #[serde(default)]
    pub stopped_by: Vec<Part>,
}

fn once() -> u32 {
    1
}

fn usual_revision() -> String {
    "2025-11-25".to_owned()
}
