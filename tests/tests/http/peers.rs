//! Real clients and servers with HTTP between two gateways: `interlock run --url` speaks to `interlock serve`, and all
//! is as it is without either.

use anyhow::{Context, Result, ensure};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_testkit::relay::Tap;
use interlock_testkit::serving::Site;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::Run;
use interlock_tests::servers::Server;
use interlock_tests::wire::Conversation;
use tempfile::TempDir;

use crate::scene::entry;

async fn check(client: Client, server: Server) -> Result<()> {
    let environment = Environment::find()?;
    let world = server.world(&environment)?;
    let masks = server.masks()?;
    for version in client.versions().iter().copied().filter(|version| server.speaks(version)) {
        let command = |run: &str| server.command(&environment, &world, &format!("{run}-{version}"));
        let [direct, through] = [TempDir::new()?, TempDir::new()?];
        let config = format!(
            "servers:\n{}grants:\n  team: {{ servers: {{ real: allow.yaml }} }}\nanonymous: team\n",
            entry("real", &command("through"))?
        );
        let site = Site::new(&config)?;
        site.write("allow.yaml", ALLOW_ALL)?;
        let variables = world.variables();
        let serving = site
            .serve(|command| {
                variables.iter().fold(command, |command, (name, value)| command.env(name, value))
            })
            .await?;
        let interlock = Interlock::with_policy(ALLOW_ALL)?.server(server.name());
        let run = |tap: &TempDir, command| {
            Ok::<_, anyhow::Error>(Run {
                command: words(&Tap::new(tap.path()).before(&command)?)?,
                url: None,
                version: version.to_owned(),
                handlers: false,
                steps: server.steps(&world),
            })
        };
        let runs =
            vec![run(&direct, command("direct"))?, run(&through, interlock.reaching(&serving.url("real"))?)?];
        let reports = client.drive(&environment, &variables, runs).await?;
        let case = || format!("{client:?}, {server:?}, {version}");
        let [before, after] = reports.as_slice() else { anyhow::bail!("two reports belong to {}", case()) };
        ensure!(before.version == after.version, "{}: {} became {}", case(), before.version, after.version);
        ensure!(!before.results.iter().all(|result| result["ok"].is_null()), "{}: nothing worked", case());
        let read = |tap: &TempDir| Conversation::read(&Tap::new(tap.path()), &masks).with_context(case);
        read(&direct)?.compare(&read(&through)?).with_context(case)?;
        serving.stop().await.with_context(case)?;
    }
    Ok(())
}

#[tokio::test]
async fn python_and_healthimaging() -> Result<()> {
    check(Client::Python, Server::HealthImaging).await
}

#[tokio::test]
async fn typescript_and_everything() -> Result<()> {
    check(Client::TypeScript, Server::Everything).await
}

#[tokio::test]
async fn rmcp_and_filesystem() -> Result<()> {
    check(Client::Rmcp, Server::Filesystem).await
}
