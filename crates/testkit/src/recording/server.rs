//! The server's process: reads lines, records them, answers each in a thread of its own.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{EVENTS, RECEIVED};
use crate::script::{LEGACY, MODERN, Script, Step};

/// What of a message is looked at; the ids and the arguments keep their own spelling.
#[derive(Debug, Deserialize)]
struct Incoming<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<Params<'l>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Params<'l> {
    name: Option<String>,
    uri: Option<String>,
    cursor: Option<String>,
    protocol_version: Option<String>,
    #[serde(borrow)]
    arguments: Option<&'l RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'l>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta<'l> {
    #[serde(borrow, rename = "progressToken")]
    token: Option<&'l RawValue>,
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<String>,
}

/// The request that steps run for, in texts that outlive its line.
#[derive(Debug, Clone, Default)]
struct Asked {
    id: String,
    method: String,
    name: String,
    uri: String,
    cursor: Option<String>,
    version: Option<String>,
    modern: bool,
    token: String,
    arguments: String,
}

struct Server {
    script: Script,
    tools: Mutex<Vec<Value>>,
    output_open: AtomicBool,
    output: Mutex<()>,
    received: Mutex<File>,
    events: Mutex<File>,
    seen: Mutex<Vec<String>>,
    /// How many requests of a trigger there have been.
    turns: Mutex<HashMap<String, usize>>,
    responses: Mutex<HashMap<String, String>>,
    arrived: Condvar,
}

/// The server's program: `SCRIPT RECORD`, a script file and the directory of the record.
///
/// # Errors
/// When the script cannot be read or the record not be written.
pub fn serve(arguments: Vec<OsString>) -> Result<()> {
    let [script, record] = arguments.as_slice() else {
        bail!("usage: interlock-recording-server SCRIPT RECORD")
    };
    let server = Arc::new(Server::open(Path::new(script), Path::new(record))?);
    server.event(&format!("start {}", std::process::id()))?;
    server.perform(&server.script.start, &Asked::default())?;

    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    let mut count = 0;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        lock(&server.received).write_all(&line)?;
        count += 1;
        server.take(&line, count);
    }
    server.event("end of input")?;
    Ok(())
}

impl Server {
    fn open(script: &Path, record: &Path) -> Result<Self> {
        let text = std::fs::read(script).with_context(|| format!("read {}", script.display()))?;
        let script: Script = serde_json::from_slice(&text).context("read the script")?;
        let append = |name: &str| File::options().create(true).append(true).open(record.join(name));
        Ok(Self {
            tools: Mutex::new(script.tools.clone()),
            script,
            output_open: AtomicBool::new(true),
            output: Mutex::new(()),
            received: Mutex::new(append(RECEIVED)?),
            events: Mutex::new(append(EVENTS)?),
            seen: Mutex::default(),
            turns: Mutex::default(),
            responses: Mutex::default(),
            arrived: Condvar::new(),
        })
    }

    fn event(&self, text: &str) -> Result<()> {
        Ok(lock(&self.events).write_all(format!("{text}\n").as_bytes())?)
    }

    /// Looks at one line and starts what it asks for.
    fn take(self: &Arc<Self>, line: &[u8], count: usize) {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        lock(&self.seen).push(text.clone());
        if let Some(steps) = self.script.after.get(&count) {
            self.start(steps.clone(), Asked::default());
        }
        if let Ok(incoming) = serde_json::from_str::<Incoming<'_>>(&text) {
            match incoming.method {
                Some(_) => self.dispatch(&incoming),
                None => {
                    if let Some(id) = incoming.id {
                        lock(&self.responses).insert(id.get().to_owned(), text);
                    }
                }
            }
        }
        self.arrived.notify_all();
    }

    fn dispatch(self: &Arc<Self>, incoming: &Incoming<'_>) {
        let asked = Asked::from(incoming);
        let steps = self.script.on.get(&format!("{}:{}", asked.method, asked.name));
        let steps =
            steps.or_else(|| self.script.on.get(&asked.method)).or_else(|| self.turn(&asked.method)).cloned();
        match steps {
            Some(steps) => self.start(steps, asked),
            // In the reader's thread, so that ordinary answers keep the order of their questions.
            None if incoming.id.is_some() => {
                let _ = self.perform(&[Step::Answer], &asked);
            }
            None => {}
        }
    }

    /// What is done this time.
    fn turn(&self, trigger: &str) -> Option<&Vec<Step>> {
        let turns = self.script.in_turn.get(trigger)?;
        let mut counts = lock(&self.turns);
        let count = counts.entry(trigger.to_owned()).or_default();
        let now = (*count).min(turns.len().checked_sub(1)?);
        *count += 1;
        turns.get(now)
    }

    fn start(self: &Arc<Self>, steps: Vec<Step>, asked: Asked) {
        let server = Arc::clone(self);
        std::thread::spawn(move || {
            if let Err(error) = server.perform(&steps, &asked) {
                let _ = server.event(&format!("step failed: {error:#}"));
            }
        });
    }

    fn perform(&self, steps: &[Step], asked: &Asked) -> Result<()> {
        let mut answer = String::from("null");
        for step in steps {
            let fill = |text: &str| {
                text.replace("$ID", &asked.id)
                    .replace("$TOKEN", &asked.token)
                    .replace("$ANSWER", &answer)
                    .replace("$ARGUMENTS", &asked.arguments)
            };
            match step {
                Step::Answer => self.write(&self.answer(asked))?,
                Step::Result { text } => self.write(&result(&asked.id, &fill(text)))?,
                Step::Error { code, message } => self.write(&error(&asked.id, *code, message))?,
                Step::Line { text } => self.write(&fill(text))?,
                Step::Bytes { bytes } => self.write_bytes(bytes)?,
                Step::Oversized { bytes } => self.write(&notification(
                    "notifications/message",
                    &json!({ "level": "info", "data": "x".repeat(*bytes) }),
                ))?,
                Step::Flood { times, text } => {
                    let block = format!("{}\n", fill(text)).repeat(64);
                    for _ in 0..times.div_ceil(64) {
                        self.write_bytes(block.as_bytes())?;
                    }
                }
                Step::Ask { id, method, params } => {
                    let request =
                        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
                    self.write(&request)?;
                    answer = self.response(id);
                }
                Step::Notify { method, params } => self.write(&notification(method, params))?,
                Step::Progress { total } => {
                    for done in 1..=*total {
                        let token = &asked.token;
                        self.write(&format!(
                            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{done},"total":{total}}}}}"#
                        ))?;
                    }
                }
                Step::AwaitLine { contains } => self.await_line(&fill(contains)),
                Step::AwaitFile { path } => {
                    while !Path::new(path).exists() {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                }
                Step::SetTools { tools } => lock(&self.tools).clone_from(tools),
                Step::Stderr { text } => eprintln!("{text}"),
                Step::CloseOutput => self.close_output()?,
                Step::Exit { code } => {
                    self.event(&format!("exit {code}"))?;
                    std::process::exit(*code);
                }
                Step::Crash => {
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the null device in the place of standard output, so that the pipe's other end sees its end.
    fn close_output(&self) -> Result<()> {
        let _writing = lock(&self.output);
        self.output_open.store(false, Ordering::SeqCst);
        Ok(rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?)
    }

    fn await_line(&self, contains: &str) {
        let mut seen = lock(&self.seen);
        while !seen.iter().any(|line| line.contains(contains)) {
            seen = self.arrived.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn response(&self, id: &str) -> String {
        let mut seen = lock(&self.seen);
        loop {
            if let Some(response) = lock(&self.responses).remove(id) {
                return response;
            }
            // A response is put down after its line, so a missed wake-up is mended by the time-out.
            let wait = self.arrived.wait_timeout(seen, Duration::from_millis(20));
            seen = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn write(&self, line: &str) -> Result<()> {
        self.write_bytes(format!("{line}\n").as_bytes())
    }

    fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        let _writing = lock(&self.output);
        if self.output_open.load(Ordering::SeqCst) {
            let mut output = std::io::stdout().lock();
            output.write_all(bytes)?;
            output.flush()?;
        }
        Ok(())
    }

    /// What a well-behaved server answers.
    fn answer(&self, asked: &Asked) -> String {
        let outcome = match asked.method.as_str() {
            "initialize" => self.initialize(asked.version.as_deref()),
            "server/discover" if self.modern() => Ok(self.discover()),
            "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => Ok(json!({})),
            "tools/list" => self.page(asked, "tools", &lock(&self.tools)),
            "resources/list" => self.page(asked, "resources", &self.script.resources),
            "resources/templates/list" => self.page(asked, "resourceTemplates", &self.script.templates),
            "prompts/list" => self.page(asked, "prompts", &self.script.prompts),
            "tools/call" => return result(&asked.id, &self.call(asked)),
            "resources/read" => {
                Ok(json!({ "contents": [{ "uri": asked.uri, "mimeType": "text/plain", "text": asked.uri }] }))
            }
            "prompts/get" => Ok(json!({
                "messages": [{ "role": "user", "content": { "type": "text", "text": asked.name } }]
            })),
            "completion/complete" => Ok(json!({ "completion": { "values": ["one", "two"] } })),
            method => Err((-32601, format!("method not found: {method}"))),
        };
        match outcome {
            Ok(value) => result(&asked.id, &self.complete(asked, value).to_string()),
            Err((code, message)) => error(&asked.id, code, &message),
        }
    }

    fn modern(&self) -> bool {
        self.script.versions.iter().any(|version| MODERN.contains(&version.as_str()))
    }

    fn capabilities(&self) -> Value {
        let mut all = json!({ "tools": { "listChanged": true }, "logging": {}, "completions": {} });
        if !self.script.resources.is_empty() || !self.script.templates.is_empty() {
            all["resources"] = json!({ "subscribe": true, "listChanged": true });
        }
        if !self.script.prompts.is_empty() {
            all["prompts"] = json!({ "listChanged": true });
        }
        all
    }

    fn initialize(&self, offered: Option<&str>) -> Result<Value, (i64, String)> {
        let spoken = || self.script.versions.iter().filter(|version| LEGACY.contains(&version.as_str()));
        let Some(version) =
            spoken().find(|version| Some(version.as_str()) == offered).or_else(|| spoken().next_back())
        else {
            return Err((-32601, "method not found: initialize".to_owned()));
        };
        Ok(json!({
            "protocolVersion": version,
            "capabilities": self.capabilities(),
            "serverInfo": { "name": "recording-server", "version": "1" },
        }))
    }

    fn discover(&self) -> Value {
        json!({
            "supportedVersions": self.script.versions,
            "capabilities": self.capabilities(),
            "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "recording-server", "version": "1" } },
        })
    }

    fn page(&self, asked: &Asked, key: &str, all: &[Value]) -> Result<Value, (i64, String)> {
        let size = if self.script.page == 0 { all.len().max(1) } else { self.script.page };
        let first = match asked.cursor.as_deref() {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix("after-")
                .and_then(|count| count.parse::<usize>().ok())
                .filter(|first| *first < all.len())
                .ok_or_else(|| (-32602, format!("invalid cursor: {cursor}")))?,
        };
        let last = all.len().min(first + size);
        let mut list = json!({ key: all[first..last] });
        if last < all.len() {
            list["nextCursor"] = json!(format!("after-{last}"));
        }
        Ok(list)
    }

    /// A call's result: which tool, and the arguments as they were written.
    fn call(&self, asked: &Asked) -> String {
        if !lock(&self.tools).iter().any(|tool| tool["name"] == asked.name.as_str()) {
            let text = json!(format!("unknown tool: {}", asked.name));
            return format!(
                r#"{{{}"content":[{{"type":"text","text":{text}}}],"isError":true}}"#,
                result_type(asked)
            );
        }
        format!(
            r#"{{{}"content":[{{"type":"text","text":{}}}],"structuredContent":{{"tool":{},"arguments":{}}}}}"#,
            result_type(asked),
            json!(asked.name),
            json!(asked.name),
            asked.arguments
        )
    }

    /// A modern result says its type, and how long a list may be kept.
    fn complete(&self, asked: &Asked, mut value: Value) -> Value {
        if asked.modern && self.modern() {
            value["resultType"] = json!("complete");
            if asked.method.ends_with("/list")
                || matches!(asked.method.as_str(), "server/discover" | "resources/read")
            {
                value["ttlMs"] = json!(0);
                value["cacheScope"] = json!("public");
            }
        }
        value
    }
}

impl From<&Incoming<'_>> for Asked {
    fn from(incoming: &Incoming<'_>) -> Self {
        let raw = |value: Option<&RawValue>| {
            value.map_or_else(|| "null".to_owned(), |value| value.get().to_owned())
        };
        let none = Params::default();
        let params = incoming.params.as_ref().unwrap_or(&none);
        let meta = params.meta.as_ref();
        Self {
            id: raw(incoming.id),
            method: incoming.method.clone().unwrap_or_default(),
            name: params.name.clone().unwrap_or_default(),
            uri: params.uri.clone().unwrap_or_default(),
            cursor: params.cursor.clone(),
            version: params.protocol_version.clone(),
            modern: meta.is_some_and(|meta| meta.version.is_some()),
            token: raw(meta.and_then(|meta| meta.token)),
            arguments: raw(params.arguments),
        }
    }
}

fn result_type(asked: &Asked) -> &'static str {
    if asked.modern { r#""resultType":"complete","# } else { "" }
}

fn result(id: &str, text: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{text}}}"#)
}

fn error(id: &str, code: i64, message: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{}}}}}"#, json!(message))
}

fn notification(method: &str, params: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
