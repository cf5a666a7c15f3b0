//! A server that does what a scenario says and records what reaches it.
//!
//! It is as careless as servers are that attacks succeed at: it takes the last of two keys of a name, arrays of messages,
//! any session identifier and any token, and believes the body and not the headers. What stops an attack is never it.

mod http;
mod recording;

use std::io::{BufRead as _, BufReader, Read as _, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use interlock_catalog::attacks::{FixtureServer, FixtureTool};
use serde_json::{Value, json};

use crate::exit::Exit;

use recording::Record;
pub(crate) use recording::{Arrived, read};

/// The longest message that it reads.
const MOST_BYTES: u64 = 64 << 20;
/// The revision that it speaks to those who name none.
const REVISION: &str = "2025-11-25";

#[derive(Debug, Args)]
pub(crate) struct FixtureArgs {
    /// What the scenario says of the server (JSON)
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// Where it writes what reaches it
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
    /// Speak HTTP, and write the address there
    #[arg(long, value_name = "FILE")]
    listen: Option<PathBuf>,
}

impl FixtureArgs {
    /// The same as words of a command line.
    pub(crate) fn words(server: &Path, record: &Path, listen: Option<&Path>) -> Vec<std::ffi::OsString> {
        let mut words: Vec<std::ffi::OsString> = vec!["attacks".into(), "fixture".into()];
        for (option, value) in [("--server", Some(server)), ("--record", Some(record)), ("--listen", listen)]
        {
            if let Some(value) = value {
                words.extend([option.into(), value.into()]);
            }
        }
        words
    }
}

/// Who sends a message, where the transport says so.
#[derive(Debug, Clone, Default)]
struct Sender {
    authorization: Option<String>,
}

/// The server: what it offers, and what it has seen.
struct Fixture {
    server: FixtureServer,
    record: Record,
    calls: u32,
}

pub(crate) fn run(args: &FixtureArgs) -> anyhow::Result<Exit> {
    let text = std::fs::read_to_string(&args.server)
        .with_context(|| format!("cannot read `{}`", args.server.display()))?;
    let server = serde_json::from_str(&text)
        .with_context(|| format!("`{}` describes no server", args.server.display()))?;
    let fixture = Fixture { server, record: Record::start(&args.record)?, calls: 0 };
    match &args.listen {
        None => over_lines(fixture)?,
        Some(place) => http::serve(fixture, place)?,
    }
    Ok(Exit::Yes)
}

fn over_lines(mut fixture: Fixture) -> anyhow::Result<()> {
    let mut input = BufReader::new(stdin().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        for answer in fixture.receive(&String::from_utf8_lossy(&line), &Sender::default())? {
            let mut out = stdout().lock();
            writeln!(out, "{answer}")?;
            out.flush()?;
        }
    }
}

impl Fixture {
    /// Records a text and answers what is in it.
    fn receive(&mut self, text: &str, sender: &Sender) -> anyhow::Result<Vec<Value>> {
        let messages = match serde_json::from_str(text.trim()) {
            Ok(Value::Array(batch)) => batch,
            Ok(message) => vec![message],
            Err(error) => {
                self.record.arrived(&Arrived::unreadable(text))?;
                let error = json!({ "code": -32700, "message": error.to_string() });
                return Ok(vec![json!({ "jsonrpc": "2.0", "id": null, "error": error })]);
            }
        };
        let mut answers = Vec::new();
        for message in &messages {
            self.record.arrived(&Arrived::new(message, text, sender))?;
            answers.extend(self.answer(message));
        }
        Ok(answers)
    }

    /// The answer, where one is owed, and the news that come with it.
    fn answer(&mut self, message: &Value) -> Vec<Value> {
        let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str))
        else {
            return Vec::new();
        };
        let params = message.get("params").unwrap_or(&Value::Null);
        let answered = |result: Value| json!({ "jsonrpc": "2.0", "id": id, "result": result });
        match method {
            "initialize" => {
                let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or(REVISION);
                vec![answered(json!({
                    "protocolVersion": asked,
                    "capabilities": { "tools": { "listChanged": true } },
                    "serverInfo": { "name": "fixture", "version": "1" },
                }))]
            }
            "ping" => vec![answered(json!({}))],
            "tools/list" => {
                let tools: Vec<Value> = self.tools().iter().map(listed).collect();
                vec![answered(json!({ "tools": tools }))]
            }
            "tools/call" => {
                let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
                let result = self.called(name);
                self.calls += 1;
                let mut answers = vec![answered(result)];
                if self.changes_now() {
                    let news = "notifications/tools/list_changed";
                    answers.push(json!({ "jsonrpc": "2.0", "method": news }));
                }
                answers
            }
            _ => {
                let error = json!({ "code": -32601, "message": "no such method" });
                vec![json!({ "jsonrpc": "2.0", "id": id, "error": error })]
            }
        }
    }

    fn called(&self, name: &str) -> Value {
        match self.tools().iter().find(|tool| tool.name == name) {
            Some(tool) => {
                json!({ "content": [{ "type": "text", "text": tool.answers }], "isError": tool.fails })
            }
            None => json!({ "content": [{ "type": "text", "text": "no such tool" }], "isError": true }),
        }
    }

    /// What it offers now.
    fn tools(&self) -> &[FixtureTool] {
        let changed = self.server.change.as_ref().filter(|change| {
            change.after_calls.is_some_and(|calls| self.calls >= calls)
                || change.at_start.is_some_and(|start| self.record.starts() >= start)
        });
        changed.map_or(&self.server.tools, |change| &change.tools)
    }

    /// Whether the call just made was the one after which it offers something else.
    fn changes_now(&self) -> bool {
        self.server.change.as_ref().is_some_and(|change| change.after_calls == Some(self.calls))
    }
}

/// A tool as `tools/list` shows it.
fn listed(tool: &FixtureTool) -> Value {
    let mut listed = json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.input_schema,
    });
    if let (Some(annotations), Some(listed)) = (&tool.annotations, listed.as_object_mut()) {
        listed.insert("annotations".to_owned(), Value::Object(annotations.clone()));
    }
    listed
}
