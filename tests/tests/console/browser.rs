//! A real Chromium, told what to do a line at a time.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use interlock_testkit::command::Group;
use interlock_testkit::peers::Environment;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

/// How long one step may take; a browser is slow to start beside other tests.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

pub struct Browser {
    child: Child,
    _group: Group,
    says: Lines<BufReader<ChildStdout>>,
    hears: Option<ChildStdin>,
    base: String,
    /// What every address that is asked for begins with, beside the base.
    below: &'static str,
    /// The folder of what is kept for people to look at.
    shots: &'static str,
}

impl Browser {
    /// With a window at a listener.
    pub async fn open(base: &str, window: Value) -> Result<Self> {
        Self::at(format!("http://{base}"), "/console", "console", window).await
    }

    /// With a window at what is below an address, and at nothing else.
    pub async fn at(base: String, below: &'static str, shots: &'static str, window: Value) -> Result<Self> {
        let (mut child, group) = Environment::find()?.node_script("browser.mjs").spawn()?;
        let says = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let hears = child.stdin.take();
        let mut errors = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                eprintln!("{line}");
            }
        });
        let mut browser = Self { child, _group: group, says, hears, base, below, shots };
        browser.answer().await.context("it does not start")?;
        browser.window(window).await?;
        Ok(browser)
    }

    async fn answer(&mut self) -> Result<Value> {
        let line = timeout(PATIENCE, self.says.next_line()).await??.context("the browser has ended")?;
        let answer: Value = serde_json::from_str(&line)?;
        ensure!(answer["failed"].is_null(), "{answer}");
        Ok(answer)
    }

    async fn tell(&mut self, what: &str, mut told: Value) -> Result<Value> {
        told["do"] = json!(what);
        let hears = self.hears.as_mut().context("it was told to end")?;
        hears.write_all(format!("{told}\n").as_bytes()).await?;
        self.answer().await.with_context(|| told.to_string())
    }

    /// Another window, in which nobody has logged in.
    pub async fn window(&mut self, window: Value) -> Result<()> {
        self.tell("window", window).await.map(drop)
    }

    /// Opens a page, and gives its status.
    pub async fn go(&mut self, path: &str) -> Result<u64> {
        let answer = self.tell("go", json!({ "url": format!("{}{path}", self.base) })).await?;
        answer["status"].as_u64().context("no status")
    }

    pub async fn fill(&mut self, field: &str, text: &str) -> Result<()> {
        self.tell("fill", json!({ "where": field, "text": text })).await.map(drop)
    }

    pub async fn click(&mut self, element: &str) -> Result<()> {
        self.tell("click", json!({ "where": element })).await.map(drop)
    }

    /// Keys, one after the other.
    pub async fn press(&mut self, keys: &[&str]) -> Result<()> {
        for key in keys {
            self.tell("press", json!({ "key": key })).await?;
        }
        Ok(())
    }

    pub async fn write(&mut self, text: &str) -> Result<()> {
        self.tell("type", json!({ "text": text })).await.map(drop)
    }

    /// Waits until this is on the page.
    pub async fn until(&mut self, text: &str) -> Result<()> {
        self.tell("await", json!({ "text": text })).await.map(drop)
    }

    /// What the page says, and where it is.
    pub async fn page(&mut self) -> Result<(String, String)> {
        let answer = self.tell("read", json!({})).await?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let url = text("url");
        Ok((text("text"), url.strip_prefix(&self.base).unwrap_or(&url).to_owned()))
    }

    pub async fn count(&mut self, elements: &str) -> Result<u64> {
        self.tell("count", json!({ "where": elements })).await?["count"].as_u64().context("no count")
    }

    /// What an expression is on the page.
    pub async fn value(&mut self, expression: &str) -> Result<Value> {
        Ok(self.tell("evaluate", json!({ "expression": expression })).await?["value"].take())
    }

    /// Keeps what is seen of the page, for people who want to look.
    pub async fn shot(&mut self, name: &str) -> Result<()> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(self.shots);
        std::fs::create_dir_all(&folder)?;
        self.tell("shot", json!({ "path": folder.join(format!("{name}.png")) })).await.map(drop)
    }

    /// Logs in, on whatever page asks for it.
    pub async fn log_in(&mut self, token: &str) -> Result<()> {
        self.fill("#token", token).await?;
        self.click("button.main").await
    }

    /// Ends it: nothing was asked for elsewhere, and nothing was against the policy of the pages.
    pub async fn close(mut self) -> Result<()> {
        let seen = self.tell("seen", json!({})).await?;
        let requests = seen["requests"].as_array().context("no requests")?;
        ensure!(!requests.is_empty());
        for request in requests {
            ensure!(
                request.as_str().is_some_and(|url| url.starts_with(&format!("{}{}", self.base, self.below))),
                "{request}"
            );
        }
        ensure!(seen["violations"] == json!([]), "{seen}");
        // Files of a disk are there or not; a listener may also refuse, which browsers call an error.
        ensure!(!self.base.starts_with("file:") || seen["errors"] == json!([]), "{seen}");
        drop(self.hears.take());
        let status = timeout(PATIENCE, self.child.wait()).await??;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}
