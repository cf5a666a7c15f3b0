//! The clients and servers of the matrix, and what stands between them.

use anyhow::{Context, Result};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::command::{Command, Group};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_testkit::serving::{Serving, Site};
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Report, Run, Step};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

pub use interlock_tests::drive::{Era, Transport};

/// What the servers call it.
fn name(era: Era) -> &'static str {
    match era {
        Era::Legacy => "legacy",
        Era::Modern => "modern",
    }
}

/// A server of one era alone.
pub struct Server {
    command: Command,
    /// Where it is, over HTTP.
    url: Option<String>,
    _running: Option<(Child, Group)>,
}

impl Server {
    /// The server of the SDK from PyPI. Over HTTP it runs, and is killed when this is dropped.
    pub async fn start(environment: &Environment, transport: Transport, era: Era) -> Result<Self> {
        let command = environment.python_script("one_era_server.py").env("ERA", name(era));
        if transport == Transport::Stdio {
            return Ok(Self { command, url: None, _running: None });
        }
        let (flag, path) = if transport == Transport::Sse { ("--sse", "sse") } else { ("--http", "mcp") };
        let (mut child, group) = command.clone().arg(flag).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let port = timeout(PATIENCE, lines.next_line()).await??.context("it ended")?;
        let mut complaints = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = complaints.next_line().await {
                eprintln!("server: {line}");
            }
        });
        let url = Some(format!("http://127.0.0.1:{port}/{path}"));
        Ok(Self { command, url, _running: Some((child, group)) })
    }

    /// npm's reference server, which is legacy.
    pub fn of_npm(environment: &Environment) -> Self {
        Self { command: environment.node_server("server-everything"), url: None, _running: None }
    }

    /// Its entry in the file that `serve` reads.
    fn entry(&self) -> Result<Value> {
        if let Some(url) = &self.url {
            return Ok(json!({ "url": url }));
        }
        let words = words(&self.command)?;
        let (program, args) = words.split_first().context("no command")?;
        let env: serde_json::Map<String, Value> = self
            .command
            .env
            .iter()
            .map(|(name, value)| {
                (name.to_string_lossy().into_owned(), json!(value.to_string_lossy().into_owned()))
            })
            .collect();
        Ok(json!({ "command": program, "args": args, "env": env }))
    }
}

/// What stands between the two.
enum Between {
    Wrapping(Interlock),
    Serving(Box<(Site, Serving)>),
}

/// Drives a client of this transport and era to the server, through Interlock.
pub async fn drive(
    environment: &Environment,
    by: Client,
    client: (Transport, Era),
    server: &Server,
    steps: Vec<Step>,
) -> Result<Report> {
    let (transport, era) = client;
    let (between, command, url) = match transport {
        Transport::Stdio => {
            let interlock = Interlock::with_policy(ALLOW_ALL)?.server("real");
            let command = match &server.url {
                Some(url) => interlock.reaching(url)?,
                None => interlock.before(&server.command)?,
            };
            (Between::Wrapping(interlock), words(&command)?, None)
        }
        Transport::Http | Transport::Sse => {
            let config = format!(
                "servers:\n  real: {}\ngrants:\n  team: {{ servers: {{ real: allow.yaml }} }}\nanonymous: team\n",
                server.entry()?
            );
            let site = Site::new(&config)?;
            site.write("allow.yaml", ALLOW_ALL)?;
            let serving = site.serve(|command| command).await?;
            let url = match transport {
                Transport::Sse => format!("http://{}/sse/real", serving.address),
                _ => serving.url("real"),
            };
            (Between::Serving(Box::new((site, serving))), Vec::new(), Some(url))
        }
    };
    let run = Run { command, url, version: era.version().to_owned(), handlers: true, steps };
    let mut reports = by.drive(environment, &variables(server), vec![run]).await?;
    match between {
        Between::Wrapping(interlock) => drop(interlock),
        Between::Serving(serving) => serving.1.stop().await?,
    }
    reports.pop().context("no report")
}

/// A wrapped server inherits what its client has in its environment.
fn variables(server: &Server) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    server.command.env.clone()
}
