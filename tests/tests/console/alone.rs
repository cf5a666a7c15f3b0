//! `interlock approvals serve`, where only `run` processes exist.

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;
use interlock_testkit::command::{Command, Group};
use interlock_testkit::http::Request;
use interlock_testkit::interlock::Interlock;
use interlock_testkit::recording::RecordingServer;
use interlock_testkit::script::Script;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

const POLICY: &str = "version: \"1\"\ndefault: deny\napprovals: { hold: 60s }\ntools:\n  pay: { rules: [{ action: require_approval }] }\n";

struct Alone {
    interlock: Interlock,
    child: Child,
    _group: Group,
    address: String,
}

impl Alone {
    async fn start() -> Result<Self> {
        let interlock = Interlock::with_policy(POLICY)?.settings("{}")?.server("bank");
        std::fs::create_dir(interlock.data())?;
        let (mut child, group) =
            interlock.command(&["approvals", "serve", "--listen", "127.0.0.1:0"])?.spawn()?;
        let mut said = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let line = timeout(PATIENCE, said.next_line()).await??.context("it ended")?;
        let address = line.split_once("people decide at http://").and_then(|(_, rest)| rest.split_once('/'));
        let address = address.with_context(|| line.clone())?.0.to_owned();
        Ok(Self { interlock, child, _group: group, address })
    }

    async fn output(&self, command: Command) -> Result<String> {
        let output = command.output().await?;
        let said = String::from_utf8(output.stdout)?;
        ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        Ok(said.trim().to_owned())
    }

    async fn api(&self, token: &str, method: &str, path: &str, body: &str) -> Result<Value> {
        let request = Request::new(&self.address, method, path)
            .header("Authorization", &format!("Bearer {token}"))
            .header("Content-Type", "application/json");
        request.body(body).send(&self.address).await?.answer()
    }
}

#[tokio::test]
async fn people_decide_about_calls_of_run_processes() -> Result<()> {
    let mut alone = Alone::start().await?;
    let token = alone.output(alone.interlock.command(&["admin", "create", "alice"])?).await?;
    let server = RecordingServer::new(&Script::with_tools(&["pay"]))?;
    let mut agent = alone.interlock.connect(&server.command()?)?;
    agent.initialize("2025-11-25").await?;
    let call = agent.request("tools/call", json!({ "name": "pay", "arguments": { "amount": 5 } })).await?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let id = loop {
        let list = alone.api(&token, "GET", "/api/v1/approvals?state=waiting", "").await?;
        if let Some(id) = list["approvals"][0]["id"].as_str() {
            break id.to_owned();
        }
        ensure!(tokio::time::Instant::now() < deadline, "{list}");
    };
    let page = Request::new(&alone.address, "GET", "/console/login").send(&alone.address).await?;
    ensure!(page.status == 200 && page.body.contains("Operator’s token"), "{page:?}");
    let decision = format!("/api/v1/approvals/{id}/decision");
    let decided = alone.api(&token, "POST", &decision, "{\"approve\":true}").await?;
    assert_eq!(decided["approval"]["state"], "approved", "{decided}");
    ensure!(agent.response(&json!(call)).await?["result"]["isError"] != true);
    assert_eq!(server.calls()?, [("pay".to_owned(), json!({ "amount": 5 }))]);
    // What belongs to `interlock serve` is not here; what tells whether it runs is.
    let servers = alone.api(&token, "GET", "/api/v1/servers", "").await?;
    assert_eq!(servers["status"], 404, "{servers}");
    let ready = Request::new(&alone.address, "GET", "/readyz").send(&alone.address).await?;
    assert_eq!(ready.status, 200, "{ready:?}");

    let process = rustix::process::Pid::from_raw(alone.child.id().context("it ended")?.try_into()?);
    rustix::process::kill_process(process.context("no process")?, rustix::process::Signal::TERM)?;
    let status = timeout(PATIENCE, alone.child.wait()).await??;
    ensure!(status.success(), "{status}");
    agent.finish().await?;
    let records = alone.interlock.records_of("approval").await?;
    let step = |step: &str| records.iter().find(|record| record["details"]["step"] == step);
    let instance = |step: &Value| step["instance"].as_str().map(str::to_owned);
    let [asked, approving, approved] = ["asked", "approving", "approved"].map(step);
    assert_eq!(approved.context("it is recorded")?["details"]["by"], "operator:alice");
    ensure!(instance(approving.context("before")?) == instance(approved.context("after")?), "one chain");
    ensure!(instance(asked.context("asked")?) != instance(approved.context("after")?), "a chain of its own");
    let verified = alone.output(alone.interlock.command(&["audit", "verify"])?).await;
    ensure!(verified.is_ok(), "{verified:?}");
    Ok(())
}

#[tokio::test]
async fn tokens_are_not_sent_in_the_clear_to_other_machines() -> Result<()> {
    let interlock = Interlock::with_policy(POLICY)?.settings("{}")?;
    std::fs::create_dir(interlock.data())?;
    let output = interlock.command(&["approvals", "serve", "--listen", "0.0.0.0:0"])?.output().await?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2) && said.contains("set `admin_tls`"), "{said}");
    Ok(())
}
