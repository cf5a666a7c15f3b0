//! What happens to the calls of one connection: its steps, what people do meanwhile, and what the client says of it.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use interlock_tests::drive::Era;
use interlock_tests::plan::{Report, Step, call, cancel_call, insist};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::desk::{payment, verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    Allow,
    Deny,
    Expiry,
    Cancel,
    Retry,
}

pub const SCENES: [Scene; 5] = [Scene::Allow, Scene::Deny, Scene::Expiry, Scene::Cancel, Scene::Retry];

impl Scene {
    /// What the policy says of approvals.
    pub fn approvals(self) -> &'static str {
        match self {
            Self::Allow | Self::Deny | Self::Cancel => "hold: 60s",
            Self::Expiry => "hold: 60s, timeout: 1s",
            Self::Retry => "hold: 1s",
        }
    }

    pub fn steps(self) -> Vec<Step> {
        let pay = || call("pay", payment());
        match self {
            Self::Allow | Self::Deny => vec![pay(), pay()],
            Self::Expiry => vec![pay()],
            Self::Cancel => vec![cancel_call("pay", payment()), call("look", json!({})), pay()],
            Self::Retry => vec![insist("pay", payment())],
        }
    }

    /// What people do.
    pub async fn person(self, stage: &Stage) -> Result<()> {
        let id = stage.people.asked(1).await?.question.id;
        ensure!(stage.paid()?.is_empty(), "nothing is made while it waits");
        match self {
            Self::Expiry => return Ok(()),
            Self::Deny => {
                ensure!(stage.people.say(&id, "user:alice", false).await? == Standing::Denied);
                return Ok(());
            }
            Self::Allow => {}
            // Whoever was sent away has come again by itself.
            Self::Retry => stage.sent_away(2).await?,
            Self::Cancel => stage.sent_away(1).await?,
        }
        ensure!(stage.paid()?.is_empty(), "nothing is made before it is approved");
        stage.people.approve(&id).await
    }

    /// What the client says came of its steps, and what arrived.
    pub async fn check(self, era: Era, report: &Report, stage: &Stage) -> Result<()> {
        let answers: Vec<Value> =
            report.results.iter().map(|result| json!({ "result": result["ok"] })).collect();
        let heard = |step: usize| verdict(&answers[step]);
        let denied = |step: usize, why: &str| -> Result<()> {
            let (verdict, words) = heard(step)?;
            ensure!(verdict == "deny" && words.contains(why), "{step}: {verdict}, {words}");
            Ok(())
        };
        match self {
            Self::Allow => {
                assert_eq!(heard(0)?.0, "done");
                denied(1, "let through")?;
            }
            Self::Deny => {
                denied(0, "denied this call: as agreed")?;
                denied(1, "denied this call: as agreed")?;
            }
            Self::Expiry => denied(0, "nobody decided in time")?,
            Self::Cancel => {
                assert_eq!(report.results[0]["ok"], "cancelled");
                let (looked, paid) = (heard(1)?, heard(2)?);
                assert_eq!((looked.0, paid.0), ("done", "done"), "{} {}", looked.1, paid.1);
            }
            Self::Retry => {
                assert_eq!(heard(0)?.0, "done");
                // The client's library comes again by itself, and its agent hears nothing of it.
                let told = report.count("told_to_wait");
                ensure!((told == 0) == (era == Era::Modern), "told {told} times");
            }
        }
        let is_made = !matches!(self, Self::Deny | Self::Expiry);
        let expected = if is_made { vec![payment()] } else { Vec::new() };
        assert_eq!(stage.paid()?, expected);
        let questions = stage.people.questions().await?;
        ensure!(questions.len() == 1, "{questions:#?}");
        let intents = stage.records("intent").await?;
        let by: Vec<&Value> =
            intents.iter().filter(|one| one["tool"] == "pay").map(|one| &one["approval"]).collect();
        let expected = if is_made { vec![json!(questions[0].question.id)] } else { Vec::new() };
        assert_eq!(by, expected.iter().collect::<Vec<_>>(), "the log tells by what it was let through");
        Ok(())
    }
}
