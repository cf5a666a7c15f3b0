//! `approve: client` with the forms of real clients, whose person reads them.

use anyhow::{Result, ensure};
use interlock_testkit::peers::Environment;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::{Run, call};
use serde_json::json;

use crate::desk::{Desk, asks, payment, verdict};

/// One call that its person approves, one that they deny.
async fn decides(client: Client, version: &str) -> Result<()> {
    let environment = Environment::find()?;
    let desk = Desk::new(&asks("approve: client, hold: 60s"))?;
    let command = desk.interlock.before_as(Some("bank"), Some("local"), &desk.server.command()?)?;
    let run = Run {
        command: words(&command)?,
        url: None,
        version: version.to_owned(),
        handlers: true,
        steps: vec![call("pay", payment()), call("pay", json!({ "amount": 500, "to": "mallory" }))],
    };
    let reports = client.drive(&environment, &command.env, vec![run]).await?;
    let [report] = reports.as_slice() else { anyhow::bail!("one report is expected: {reports:#?}") };
    let case = || format!("{client:?} {version}: {report:#?}");
    assert_eq!(report.count("elicitation"), 2, "{}", case());
    let answers = report.results.iter().map(|result| json!({ "result": result["ok"] }));
    let answers: Vec<_> = answers.collect();
    assert_eq!(verdict(&answers[0])?.0, "done", "{}", case());
    let (told, why) = verdict(&answers[1])?;
    ensure!(told == "deny" && why.contains("a person denied this call: as agreed"), "{}", case());
    assert_eq!(desk.paid()?, [payment()], "{}", case());
    Ok(())
}

#[tokio::test]
async fn of_the_client_from_pypi() -> Result<()> {
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        decides(Client::Python, version).await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_the_client_from_npm() -> Result<()> {
    for version in ["2025-06-18", "2025-11-25"] {
        decides(Client::TypeScript, version).await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_version_2_of_the_client_from_npm() -> Result<()> {
    for version in ["2025-11-25", "2026-07-28"] {
        decides(Client::TypeScript2, version).await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_the_client_from_crates_io() -> Result<()> {
    for version in ["2025-06-18", "2025-11-25"] {
        decides(Client::Rmcp, version).await?;
    }
    Ok(())
}
