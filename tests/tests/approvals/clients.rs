//! Real clients, each over each of its transports and in each of its eras, whose calls a person decides about.

mod scenes;
mod stage;

use anyhow::{Context, Result, ensure};
use interlock_testkit::peers::Environment;
use interlock_tests::drive::{Client, Era, Transport};
use interlock_tests::plan::{Run, Step, call, insist};
use serde_json::{Value, json};

use self::scenes::SCENES;
use self::stage::Stage;
use crate::desk::{payment, verdict};

/// One client.
#[derive(Debug, Clone, Copy)]
struct Agent {
    client: Client,
    transport: Transport,
    era: Era,
}

impl Agent {
    /// All at the same time, since most of it is waiting.
    async fn goes_through_all(self) -> Result<()> {
        let case = |what| move || format!("{self:?} {what}");
        let (plays, leaves, is_cut_off) = tokio::join!(self.plays(), self.leaves(), self.is_cut_off());
        plays.with_context(case("plays"))?;
        leaves.with_context(case("leaves"))?;
        is_cut_off.with_context(case("is cut off"))
    }

    /// One scene after the other, each with a gateway of its own.
    async fn plays(self) -> Result<()> {
        let environment = Environment::find()?;
        let mut stages = Vec::new();
        for scene in SCENES {
            stages.push(Stage::new(self.transport, scene.approvals()).await?);
        }
        let runs = SCENES.iter().zip(&stages).map(|(scene, stage)| stage.run(self.era, scene.steps()));
        let runs: Vec<Run> = runs.collect::<Result<_>>()?;
        let people = async {
            for (scene, stage) in SCENES.iter().zip(&stages) {
                scene.person(stage).await.with_context(|| format!("{self:?}, {scene:?}"))?;
            }
            Ok(())
        };
        let (reports, ()) = tokio::try_join!(self.client.drive(&environment, &[], runs), people)?;
        for ((scene, stage), report) in SCENES.iter().zip(&stages).zip(&reports) {
            let case = || format!("{self:?}, {scene:?}: {report:#?}");
            ensure!(report.version == self.era.version(), "{}", case());
            scene.check(self.era, report, stage).await.with_context(case)?;
        }
        Ok(())
    }

    /// The client is killed while its call waits, and another one comes that makes the same call.
    async fn leaves(self) -> Result<()> {
        let environment = Environment::find()?;
        let stage = Stage::new(self.transport, "hold: 60s").await?;
        let run = stage.run(self.era, vec![call("pay", payment())])?;
        let driven = self.client.start(&environment, &[], vec![run.clone()]).await?;
        let id = stage.people.asked(1).await?.question.id;
        let _rest = driven.kill().await?;
        // A session over HTTP lives on without its connections, and so does its call: its client might come back.
        let lives_on = self.transport == Transport::Http && self.era == Era::Legacy;
        if !lives_on {
            stage.sent_away(1).await?;
        }
        stage.people.approve(&id).await?;
        if lives_on {
            stage.is_paid().await?;
        }
        assert_eq!(stage.paid()?.len(), usize::from(lives_on), "{self:?}");
        let reports = self.client.drive(&environment, &[], vec![run]).await?;
        let result = &reports[0].results[0];
        if lives_on {
            let answer = json!({ "result": result["ok"] });
            let (verdict, words) = verdict(&answer)?;
            ensure!(verdict == "deny" && words.contains("let through"), "{self:?}: {answer}");
            assert_eq!(stage.paid()?, [payment()], "{self:?}");
            return Ok(());
        }
        self.paid_once(&stage, result).await
    }

    /// The gateway is killed while a call waits, and the client comes back to a new one.
    async fn is_cut_off(self) -> Result<()> {
        let environment = Environment::find()?;
        let mut stage = Stage::new(self.transport, "hold: 60s").await?;
        let run = stage.run(self.era, vec![call("pay", payment())])?;
        let driven = self.client.start(&environment, &[], vec![run]).await?;
        let id = stage.people.asked(1).await?.question.id;
        stage.kill_gateway().await?;
        // What it makes of that is its own affair; some would wait for a minute.
        drop(driven);
        stage.people.approve(&id).await?;
        ensure!(stage.paid()?.is_empty(), "nobody waits for it");
        stage.start_again().await?;
        let run = stage.run(self.era, vec![call("pay", payment())])?;
        let reports = self.client.drive(&environment, &[], vec![run]).await?;
        self.paid_once(&stage, &reports[0].results[0]).await
    }

    async fn paid_once(self, stage: &Stage, result: &Value) -> Result<()> {
        assert_eq!(verdict(&json!({ "result": result["ok"] }))?.0, "done", "{self:?}: {result}");
        assert_eq!(stage.paid()?, [payment()], "{self:?}");
        assert_eq!(stage.people.questions().await?.len(), 1, "{self:?}");
        Ok(())
    }

    /// Nobody decides for as long as a modern client comes again by itself: its agent is told in words, and makes the
    /// same call again. No client gives up before.
    async fn tires(self) -> Result<()> {
        let environment = Environment::find()?;
        let stage = Stage::new(self.transport, "hold: 1s").await?;
        let steps = vec![call("pay", payment()), insist("pay", payment())];
        let run = stage.run(self.era, steps)?;
        let person = async {
            let id = stage.people.asked(1).await?.question.id;
            // Eight times it is sent to come again, and once it is told.
            stage.sent_away(9).await?;
            stage.people.approve(&id).await
        };
        let (reports, ()) = tokio::try_join!(self.client.drive(&environment, &[], vec![run]), person)?;
        let first = json!({ "result": reports[0].results[0]["ok"] });
        assert_eq!(verdict(&first)?.0, "await_approval", "{self:?}: {first}");
        self.paid_once(&stage, &reports[0].results[1]).await
    }

    /// A client that takes tasks is given one, and finds there what came of its call.
    async fn follows(self) -> Result<()> {
        let environment = Environment::find()?;
        let stage = Stage::new(self.transport, "hold: 0s").await?;
        let step = Step::FollowTask { name: "pay".to_owned(), arguments: payment() };
        let run = stage.run(self.era, vec![step])?;
        let person = async {
            let id = stage.people.asked(1).await?.question.id;
            // Whoever decides at once decides before the client is given a task.
            stage.task_looked_at().await?;
            ensure!(stage.paid()?.is_empty(), "nothing is made while it waits");
            stage.people.approve(&id).await
        };
        let (reports, ()) = tokio::try_join!(self.client.drive(&environment, &[], vec![run]), person)?;
        let stands = &reports[0].results[0]["ok"];
        assert_eq!(stands["status"], "completed", "{self:?}: {stands}");
        self.paid_once(&stage, &json!({ "ok": stands["result"] })).await
    }
}

/// A test for each, so that they run beside each other.
macro_rules! agents {
    ($($name:ident: $client:ident $transport:ident $era:ident;)*) => {$(
        #[tokio::test]
        async fn $name() -> Result<()> {
            let agent = Agent { client: Client::$client, transport: Transport::$transport, era: Era::$era };
            agent.goes_through_all().await
        }
    )*};
}

agents! {
    python_legacy_stdio: Python Stdio Legacy;
    python_modern_stdio: Python Stdio Modern;
    python_legacy_http: Python Http Legacy;
    python_modern_http: Python Http Modern;
    python_sse: Python Sse Legacy;
    npm_legacy_stdio: TypeScript Stdio Legacy;
    npm_legacy_http: TypeScript Http Legacy;
    npm_2_legacy_stdio: TypeScript2 Stdio Legacy;
    npm_2_modern_stdio: TypeScript2 Stdio Modern;
    npm_2_legacy_http: TypeScript2 Http Legacy;
    npm_2_modern_http: TypeScript2 Http Modern;
    rmcp_legacy_stdio: Rmcp Stdio Legacy;
    rmcp_modern_stdio: Rmcp Stdio Modern;
    rmcp_legacy_http: Rmcp Http Legacy;
    rmcp_modern_http: Rmcp Http Modern;
}

/// The client that can take tasks, over each of its transports.
#[tokio::test]
async fn a_client_that_takes_tasks_follows() -> Result<()> {
    let agent = |transport| Agent { client: Client::Rmcp, transport, era: Era::Modern };
    tokio::try_join!(agent(Transport::Stdio).follows(), agent(Transport::Http).follows())?;
    Ok(())
}

/// Nobody decides for as long as these come again by themselves.
#[tokio::test]
async fn clients_that_come_again_tire() -> Result<()> {
    let agent = |client| Agent { client, transport: Transport::Http, era: Era::Modern };
    tokio::try_join!(
        agent(Client::Python).tires(),
        agent(Client::TypeScript2).tires(),
        agent(Client::Rmcp).tires()
    )?;
    Ok(())
}
