//! Real clients and real servers, in every protocol version that both speak: through Interlock all is as it is
//! without it, byte for byte.

use anyhow::{Context, Result, ensure};
use interlock_testkit::interlock::{ALLOW_ALL, Interlock};
use interlock_testkit::peers::Environment;
use interlock_testkit::relay::Tap;
use interlock_tests::drive::{Client, words};
use interlock_tests::plan::Run;
use interlock_tests::servers::{Server, World};
use interlock_tests::wire::Conversation;
use tempfile::TempDir;

/// A version, and the taps of a connection without and one with Interlock.
struct Pair {
    version: &'static str,
    direct: TempDir,
    through: TempDir,
    interlock: Interlock,
}

impl Pair {
    fn new(server: Server, version: &'static str) -> Result<Self> {
        let interlock = Interlock::with_policy(ALLOW_ALL)?.server(server.name());
        Ok(Self { version, direct: TempDir::new()?, through: TempDir::new()?, interlock })
    }

    fn runs(&self, server: Server, environment: &Environment, world: &World) -> Result<[Run; 2]> {
        let command = |run: &str| server.command(environment, world, &format!("{run}-{}", self.version));
        let through = self.interlock.before(&command("through"))?;
        let run = |tap: &TempDir, command| {
            Ok::<_, anyhow::Error>(Run {
                command: words(&Tap::new(tap.path()).before(&command)?)?,
                url: None,
                version: self.version.to_owned(),
                handlers: false,
                steps: server.steps(world),
            })
        };
        Ok([run(&self.direct, command("direct"))?, run(&self.through, through)?])
    }
}

async fn check(client: Client, server: Server) -> Result<()> {
    let environment = Environment::find()?;
    let world = server.world(&environment)?;
    let versions = client.versions().iter().copied().filter(|version| server.speaks(version));
    let pairs = versions.map(|version| Pair::new(server, version)).collect::<Result<Vec<_>>>()?;
    let mut runs = Vec::new();
    for pair in &pairs {
        runs.extend(pair.runs(server, &environment, &world)?);
    }
    let reports = client.drive(&environment, &world.variables(), runs).await?;

    let masks = server.masks()?;
    for (pair, reports) in pairs.iter().zip(reports.chunks(2)) {
        let case = || format!("{client:?}, {server:?}, {}", pair.version);
        let [direct, through] = reports else { anyhow::bail!("two reports belong to {}", case()) };
        ensure!(
            pair.version == "auto" || direct.version == pair.version,
            "{} became {}",
            case(),
            direct.version
        );
        ensure!(
            direct.version == through.version,
            "{}: {} became {}",
            case(),
            direct.version,
            through.version
        );
        ensure!(!direct.results.iter().all(|result| result["ok"].is_null()), "{}: nothing worked", case());
        let read = |tap: &TempDir| Conversation::read(&Tap::new(tap.path()), &masks).with_context(case);
        read(&pair.direct)?.compare(&read(&pair.through)?).with_context(case)?;
    }
    Ok(())
}

/// A test for each client with each server, so that they run beside each other.
macro_rules! pairs {
    ($($server:ident { $python:ident $typescript:ident $rmcp:ident })*) => {$(
        #[tokio::test]
        async fn $python() -> Result<()> {
            check(Client::Python, Server::$server).await
        }

        #[tokio::test]
        async fn $typescript() -> Result<()> {
            check(Client::TypeScript, Server::$server).await
        }

        #[tokio::test]
        async fn $rmcp() -> Result<()> {
            check(Client::Rmcp, Server::$server).await
        }
    )*};
}

pairs! {
    HealthImaging { healthimaging_python healthimaging_typescript healthimaging_rmcp }
    StepFunctions { stepfunctions_python stepfunctions_typescript stepfunctions_rmcp }
    Support { support_python support_typescript support_rmcp }
    AmazonMq { mq_python mq_typescript mq_rmcp }
    Everything { everything_python everything_typescript everything_rmcp }
    Filesystem { filesystem_python filesystem_typescript filesystem_rmcp }
    Memory { memory_python memory_typescript memory_rmcp }
}
