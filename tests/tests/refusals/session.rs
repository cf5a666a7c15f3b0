//! A table of refusals, run over one connection.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::ScriptedClient;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::{MODERN, Script, Step};
use serde_json::{Value, json};

/// What a connection's policy lists, hides and limits.
const POLICY: &str = r#"
version: "1"
default: deny
hide: [secret, "hidden_*"]
tools:
  echo: {}
  "file_*": {}
  "caf\u00e9": {}
  denied: { rules: [{ action: deny, on_deny: not this one }] }
  asks: { rules: [{ action: require_approval, on_deny: it is expensive }] }
  never: { rules: [{ rate_limit: 0/hour }] }
  at_most: { require: [{ conditions: [{ path: args.n, op: lte, value: 9007199254740992 }] }] }
  exactly: { require: [{ conditions: [{ path: args.n, op: eq, value: 9007199254740993 }] }] }
  one: { require: [{ conditions: [{ path: args.n, op: eq, value: 1 }] }] }
  not_above: { deny_if: [{ conditions: [{ path: args.n, op: gt, value: 100 }] }] }
resources: { "doc:///open": {}, "file:///public/*": {} }
prompts: { greet: {}, refused: { rules: [{ action: deny, on_deny: not this prompt }] } }
"#;

/// Names of tools that the server has; `secret` and `other` are there but not for this client.
const TOOLS: &[&str] = &[
    "echo",
    "file_read",
    "caf\u{e9}",
    "denied",
    "asks",
    "never",
    "at_most",
    "exactly",
    "one",
    "not_above",
    "secret",
    "hidden_one",
    "other",
    "file_slow",
];

/// Methods that leave an intent and an outcome, as they stand in a message that passed.
const JUDGED: &[&str] = &[
    "\"tools/call\"",
    "\"tools/c\\u0061ll\"",
    "\"resources/read\"",
    "\"resources/subscribe\"",
    "\"resources/unsubscribe\"",
    "\"prompts/get\"",
    "\"completion/complete\"",
    "\"vendor/special\"",
    "\"notifications/vendor\"",
];

/// The members of a modern `_meta` that every request carries.
const INNER: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"#;

/// What the sender of a refused message gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing: there is no id to answer.
    Nothing,
    /// A JSON-RPC error of this code.
    Error(i64),
    /// A tool result that says so, with this text behind the prefix.
    Denied(String),
}

/// A message that is refused, and its benign twin.
///
/// In both, `$ID` stands for a new id, `$META` for the `_meta` member of the version's params (with a comma
/// behind it, or nothing), and `$INNER` for what that member holds.
#[derive(Debug, Clone)]
pub struct Case {
    sent: Vec<u8>,
    twin: String,
    answer: Answer,
    reason: String,
}

impl Case {
    /// A message that is refused with an error of this code, because of `reason` (a part of the record's).
    pub fn error(sent: impl Into<Vec<u8>>, code: i64, reason: &str) -> Self {
        Self::new(sent, Answer::Error(code), reason)
    }

    /// A message that is refused and has nobody to answer.
    pub fn silent(sent: impl Into<Vec<u8>>, reason: &str) -> Self {
        Self::new(sent, Answer::Nothing, reason)
    }

    /// A tool call that policy denies with these words.
    pub fn denied(sent: impl Into<Vec<u8>>, words: &str) -> Self {
        Self::new(sent, Answer::Denied(words.to_owned()), words)
    }

    /// A tool call that policy denies, in whatever words.
    pub fn denied_any(sent: impl Into<Vec<u8>>) -> Self {
        Self::new(sent, Answer::Denied(String::new()), "")
    }

    fn new(sent: impl Into<Vec<u8>>, answer: Answer, reason: &str) -> Self {
        Self { sent: sent.into(), twin: call("{}"), answer, reason: reason.to_owned() }
    }

    /// The message beside it that must pass; a plain call unless this says otherwise.
    pub fn twin(mut self, twin: impl Into<String>) -> Self {
        self.twin = twin.into();
        self
    }
}

/// A call of `file_read`, whose answer does not repeat the arguments.
pub fn quiet_call(arguments: &str) -> String {
    call_of("\"file_read\"", arguments)
}

/// A call of `echo` with these arguments.
pub fn call(arguments: &str) -> String {
    call_of("\"echo\"", arguments)
}

/// A call of a tool, its name as JSON text.
pub fn call_of(name: &str, arguments: &str) -> String {
    request("tools/call", &format!(r#"$META"name":{name},"arguments":{arguments}"#))
}

/// A request with these members of `params`.
pub fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":$ID,"method":"{method}","params":{{{params}}}}}"#)
}

/// A connection over which refusals are tried.
pub struct Session {
    interlock: Interlock,
    server: RecordingServer,
    pub client: ScriptedClient,
    version: &'static str,
    next: u64,
    expected: Vec<(String, Option<u64>, Answer, String)>,
}

impl Session {
    /// Connects in this version.
    pub async fn start(version: &'static str) -> Result<Self> {
        Self::with(version, "{}").await
    }

    /// The same, with a settings file of this text.
    pub async fn with(version: &'static str, settings: &str) -> Result<Self> {
        Self::of("recording", version, settings).await
    }

    /// The same, with the server under this name.
    pub async fn of(name: &str, version: &'static str, settings: &str) -> Result<Self> {
        let interlock = Interlock::with_policy(POLICY)?.server(name).settings(settings)?;
        let directory = interlock.data().parent().context("a directory")?.to_owned();
        let server = RecordingServer::new(&script(&directory.join("release")))?;
        let client = interlock.connect(&server.command()?)?;
        let mut session = Self { interlock, server, client, version, next: 1000, expected: Vec::new() };
        if session.is_modern() {
            session.pass(&request("server/discover", "$META\"x\":0")).await?;
            // Before the first call the gateway reads the server's tools for itself.
            session.settled().await?;
        } else {
            session.client.initialize(version).await?;
            // Behind this, everything that belongs to the handshake has arrived.
            session.client.ask("tools/list", json!({})).await?;
        }
        Ok(session)
    }

    /// Lets the calls of `file_slow` be answered.
    pub fn release(&self) -> Result<()> {
        let directory = self.interlock.data().parent().context("a directory")?.to_owned();
        Ok(std::fs::write(directory.join("release"), "")?)
    }

    fn is_modern(&self) -> bool {
        MODERN.contains(&self.version)
    }

    /// The message with its placeholders filled; gives the id too, where it has one.
    pub fn fill(&mut self, template: &[u8]) -> (Vec<u8>, Option<u64>) {
        let inner = if self.is_modern() { INNER } else { "" };
        let whole = inner.trim_end_matches(',');
        let meta = if whole.is_empty() { String::new() } else { format!(r#""_meta":{{{whole}}},"#) };
        let filled = replace(&replace(template, b"$META", meta.as_bytes()), b"$INNER", inner.as_bytes());
        self.next += 1;
        let with_id = replace(&filled, b"$ID", self.next.to_string().as_bytes());
        let id = (with_id != filled).then_some(self.next);
        (with_id, id)
    }

    /// Waits until everything that was sent before has arrived or been refused.
    pub async fn settled(&mut self) -> Result<()> {
        let (line, id) = self.fill(call("{}").as_bytes());
        self.client.send(&line).await?;
        self.client.response(&json!(id)).await?;
        Ok(())
    }

    /// Sends one message that must pass, waits until it has been answered, and asserts what arrived.
    pub async fn pass(&mut self, twin: &str) -> Result<()> {
        let before = self.server.received_bytes()?.len();
        self.send_twin(twin, before).await
    }

    async fn send_twin(&mut self, twin: &str, before: usize) -> Result<()> {
        let (line, id) = self.fill(twin.as_bytes());
        let text = String::from_utf8(line)?;
        self.client.send(&text).await?;
        let mut lines = vec![text];
        let id = match id {
            Some(id) => id,
            // A notification is followed by a call, so that it is known when it has arrived.
            None => {
                let (behind, id) = self.fill(call("{}").as_bytes());
                self.client.send(&behind).await?;
                lines.push(String::from_utf8(behind)?);
                id.context("a call has an id")?
            }
        };
        let answer = self.client.response(&json!(id)).await?;
        ensure!(
            answer["error"].is_null() && answer["result"]["isError"] != true,
            "the twin was not answered: {answer}"
        );
        let arrived = String::from_utf8(self.server.received_bytes()?.split_off(before))?;
        let arrived: Vec<&str> = arrived.lines().collect();
        ensure!(arrived.len() == lines.len(), "sent {lines:#?}, arrived {arrived:#?}");
        for (arrived, sent) in arrived.iter().zip(&lines) {
            ensure!(same_but_id(arrived, sent, id), "sent {sent}, arrived {arrived}");
        }
        Ok(())
    }

    /// Sends one message that must be refused, and its twin.
    pub async fn refuse(&mut self, case: &Case) -> Result<()> {
        let what = String::from_utf8_lossy(&case.sent).chars().take(300).collect::<String>();
        self.try_case(case).await.with_context(|| format!("{}: {what}", self.version))
    }

    async fn try_case(&mut self, case: &Case) -> Result<()> {
        let before = self.server.received_bytes()?.len();
        let (line, id) = self.fill(&case.sent);
        self.client.send(&line).await?;
        self.send_twin(&case.twin, before).await?;
        if let Some(id) = id.filter(|_| case.answer != Answer::Nothing) {
            let answer = self.client.response(&json!(id)).await?;
            check_answer(&answer, &case.answer)?;
        }
        let unasked = self.client.unclaimed();
        ensure!(unasked.is_empty(), "answers that nobody is owed: {unasked:#?}");
        let what = String::from_utf8_lossy(&case.sent).chars().take(300).collect();
        let id = id.filter(|_| case.answer != Answer::Nothing);
        self.expected.push((what, id, case.answer.clone(), case.reason.clone()));
        Ok(())
    }

    /// Notes a refusal that a test brought about by itself.
    pub fn expect(&mut self, what: &str, id: Option<u64>, answer: Answer, reason: &str) {
        self.expected.push((what.to_owned(), id, answer, reason.to_owned()));
    }

    /// A new id, for a test that writes its messages itself.
    pub fn new_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Every line that arrived.
    pub fn arrived(&self) -> Result<Vec<String>> {
        self.server.received()
    }

    /// Ends the connection and gives the records of refusals.
    pub async fn stop(mut self) -> Result<Vec<Value>> {
        ensure!(self.client.finish().await?.success(), "{}", self.client.stderr());
        self.interlock.records_of("refusal").await
    }

    /// Ends the connection and asserts that there is one record for each refusal, in order, and no more.
    pub async fn finish(mut self) -> Result<()> {
        ensure!(self.client.finish().await?.success(), "{}", self.client.stderr());
        let records = self.interlock.records_of("refusal").await?;
        for (record, (what, id, answer, reason)) in records.iter().zip(&self.expected) {
            check_record(record, *id, answer, reason)
                .with_context(|| format!("{}: {what}: {record:#}", self.version))?;
        }
        let (found, expected) = (records.len(), self.expected.len());
        ensure!(found == expected, "{expected} refusals left {found} records: {records:#?}");
        self.check_calls().await
    }

    /// What passed has its two records, and nothing else has.
    async fn check_calls(&self) -> Result<()> {
        let mut judged = 0;
        for line in self.server.received()? {
            judged += usize::from(JUDGED.iter().any(|method| line.replace("\\/", "/").contains(method)));
        }
        let intents = self.interlock.records_of("intent").await?.len();
        let outcomes = self.interlock.records_of("outcome").await?.len();
        ensure!(
            (intents, outcomes) == (judged, judged),
            "{}: {judged} calls arrived, there are {intents} intents and {outcomes} outcomes",
            self.version
        );
        Ok(())
    }
}

fn script(release: &Path) -> Script {
    let mut script = Script::with_tools(TOOLS);
    script.resources = ["doc:///open", "doc:///shut"].map(|uri| json!({ "uri": uri, "name": uri })).to_vec();
    script.prompts = ["greet", "shut"].map(|name| json!({ "name": name })).to_vec();
    let path = release.display().to_string();
    // Numbers that the client could not read back are not repeated to it.
    for quiet in ["file_read", "at_most", "not_above"] {
        script = script
            .on(&format!("tools/call:{quiet}"), [Step::Result { text: r#"{"content":[]}"#.to_owned() }]);
    }
    script
        .on("tools/call:file_slow", [Step::AwaitFile { path }, Step::Answer])
        .on("vendor/special", [Step::Result { text: "{}".to_owned() }])
}

/// Runs a table in one version. What is refused before policy is recorded one by one only up to 50 a second,
/// so that long tables take several connections.
pub async fn check(version: &'static str, cases: &[Case]) -> Result<()> {
    for some in cases.chunks(40) {
        let mut session = Session::start(version).await?;
        for case in some {
            session.refuse(case).await?;
        }
        session.finish().await?;
    }
    Ok(())
}

fn check_answer(answer: &Value, expected: &Answer) -> Result<()> {
    match expected {
        Answer::Nothing => {}
        Answer::Error(code) => {
            ensure!(answer["error"]["code"] == *code, "expected the error {code}, got {answer}");
            ensure!(answer["error"]["message"].is_string(), "an error without a message: {answer}");
        }
        Answer::Denied(words) => {
            let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
            ensure!(answer["result"]["isError"] == true, "not denied: {answer}");
            let told = text.strip_prefix("[INTERLOCK DENIED] ");
            ensure!(told.is_some_and(|told| !told.is_empty()), "no reason: {answer}");
            ensure!(words.is_empty() || told == Some(words), "expected {words:?}, got {answer}");
            ensure!(answer["result"]["_meta"]["interlock/decision"]["verdict"] == "deny", "{answer}");
        }
    }
    Ok(())
}

fn check_record(record: &Value, id: Option<u64>, answer: &Answer, reason: &str) -> Result<()> {
    let id = id.map(|id| id.to_string());
    let words = record["reason"].as_str().unwrap_or_default();
    ensure!(words.contains(reason), "the reason does not say {reason:?}");
    match answer {
        Answer::Nothing => {}
        Answer::Error(code) => {
            ensure!(record["request"].as_str() == id.as_deref(), "the request is not {id:?}");
            ensure!(*code == 40_300 || record["code"] == *code, "the code is not {code}");
        }
        Answer::Denied(_) => {
            ensure!(record["request"].as_str() == id.as_deref(), "the request is not {id:?}");
            ensure!(record["verdict"] == "deny" && record["rule"].is_string(), "no verdict and rule");
        }
    }
    Ok(())
}

/// Whether a line is the one that was sent, with another id in the place of `id`.
fn same_but_id(arrived: &str, sent: &str, id: u64) -> bool {
    let Some((head, tail)) = sent.split_once(&id.to_string()) else { return arrived == sent };
    arrived
        .strip_prefix(head)
        .and_then(|rest| rest.strip_suffix(tail))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
