//! The official conformance suite, through the gateway and without it: each check must come out through
//! `interlock serve` as it does at the server itself, whatever the server's era and transport.
//!
//! Where the server speaks only the other era, the checks of the client's era must come out as they do at a server of
//! that era. What cannot is a line of `tests/fixtures/conformance/expected-failures`, with the reason; a line that is
//! not needed fails as well.

mod expected;
mod suite;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use interlock_testkit::binaries;
use interlock_testkit::interlock::ALLOW_ALL;
use interlock_testkit::peers::Environment;
use interlock_testkit::serving::Site;
use serde_json::json;

use crate::suite::{Checks, Outcome, Server};

/// What stands behind the gateway.
#[derive(Debug, Clone, Copy)]
struct Behind {
    era: &'static str,
    over_http: bool,
}

impl Behind {
    const fn http(era: &'static str) -> Self {
        Self { era, over_http: true }
    }

    const fn stdio(era: &'static str) -> Self {
        Self { era, over_http: false }
    }

    fn name(self) -> String {
        format!("{}-{}", self.era, if self.over_http { "http" } else { "stdio" })
    }
}

/// The result of the suite through a gateway.
async fn through(environment: &Environment, version: &str, behind: Behind) -> Result<Checks> {
    let server = if behind.over_http { Some(Server::start(&["--era", behind.era]).await?) } else { None };
    let mut entry = match &server {
        Some(server) => json!({ "url": server.url }),
        None => json!({ "command": binaries::conformance_server()?, "args": ["--era", behind.era] }),
    };
    // This one ends when it is sent `initialize`, and cannot be asked what else it speaks.
    if behind.era == "modern" {
        entry["era"] = json!("modern");
    }
    let site = Site::new(&format!(
        "servers:\n  conformance: {entry}\ngrants:\n  all: {{ servers: {{ conformance: allow.yaml }} }}\nanonymous: all\n"
    ))?;
    site.write("allow.yaml", ALLOW_ALL)?;
    let serving = site.serve(|command| command).await?;
    let checks = suite::run(environment, &serving.url("conformance"), version).await?;
    serving.stop().await?;
    Ok(checks)
}

/// Compares what came through with what came without, but for what is expected.
fn compare(run: &str, direct: &Checks, through: &Checks) -> Result<Vec<String>> {
    let mut differing = BTreeSet::new();
    let mut told = Vec::new();
    let all: BTreeSet<_> = direct.keys().chain(through.keys()).collect();
    for check in all {
        let (before, after) = (direct.get(check), through.get(check));
        let is_lost = before.is_some_and(Outcome::is_good) && !after.is_some_and(Outcome::is_well);
        let is_new = after.is_some_and(Outcome::is_bad) && !before.is_some_and(Outcome::is_bad);
        if !is_lost && !is_new {
            continue;
        }
        differing.insert(check.key());
        if !expected::is_expected(run, check)? {
            let shown =
                |outcome: Option<&Outcome>| outcome.map_or("not run", |outcome| &outcome.status).to_owned();
            let why = after.map_or("", |after| after.message.as_str());
            told.push(format!("{run} {}: {} became {}: {why}", check.key(), shown(before), shown(after)));
        }
    }
    for line in expected::of(run)?.iter().filter(|line| !line.may && !differing.contains(&line.check)) {
        told.push(format!("{run} {}: expected to differ, and does not: take the line away", line.check));
    }
    Ok(told)
}

async fn check(version: &str, all: &[Behind]) -> Result<()> {
    let environment = Environment::find()?;
    let server = Server::start(&["--era", "both"]).await?;
    let direct = suite::run(&environment, &server.url, version).await.context("without the gateway")?;
    drop(server);
    let failed: Vec<_> = direct.iter().filter(|(_, outcome)| outcome.is_bad()).collect();
    ensure!(failed.is_empty(), "the fixture itself fails: {failed:#?}");
    let mut told = Vec::new();
    for behind in all {
        let run = format!("{version}/{}", behind.name());
        let through = through(&environment, version, *behind).await.with_context(|| run.clone())?;
        told.extend(compare(&run, &direct, &through)?);
    }
    ensure!(told.is_empty(), "{} checks differ:\n{}", told.len(), told.join("\n"));
    Ok(())
}

#[tokio::test]
async fn legacy_clients_find_what_the_suite_asks_for() -> Result<()> {
    check("2025-11-25", &[Behind::http("both"), Behind::stdio("both")]).await
}

#[tokio::test]
async fn modern_clients_find_what_the_suite_asks_for() -> Result<()> {
    check("2026-07-28", &[Behind::http("both"), Behind::stdio("both")]).await
}

#[tokio::test]
async fn legacy_clients_find_it_at_modern_servers() -> Result<()> {
    check("2025-11-25", &[Behind::http("modern"), Behind::stdio("modern")]).await
}

#[tokio::test]
async fn modern_clients_find_it_at_legacy_servers() -> Result<()> {
    check("2026-07-28", &[Behind::http("legacy"), Behind::stdio("legacy")]).await
}
