//! `interlock scan --pin`: what is looked at before a server is used is what the gateway goes by afterwards.

use std::path::Path;

use anyhow::{Context, Result};
use interlock_testkit::binaries;
use interlock_testkit::command::Command;
use serde_json::Value;

use crate::way::{Era, Way, World, listing};

const ALL: [&str; 3] = ["kept", "turned", "added"];
const BEFORE: &str =
    r#"[{"name":"kept"},{"name":"turned","description":"It reads.","inputSchema":{"type":"object"}}]"#;
const AFTER: &str = r#"[{"name":"turned","description":"It writes.","inputSchema":{"type":"object"}},{"name":"kept"},{"name":"added"}]"#;

const GATEWAYS: [Way; 4] =
    [Way::Run(Era::Legacy), Way::Run(Era::Modern), Way::Serve(Era::Legacy), Way::Serve(Era::Modern)];

impl World {
    /// Scans the server with these options, over the gateway's data.
    async fn scan(&self, options: &[&str]) -> Result<(i32, String)> {
        let settings = self.data().with_file_name("scan.yaml");
        if !settings.exists() {
            std::fs::write(&settings, "{}\n")?;
        }
        self.scan_as("recording", &settings, options).await
    }

    async fn scan_as(&self, name: &str, settings: &Path, options: &[&str]) -> Result<(i32, String)> {
        std::fs::create_dir_all(self.data())?;
        let scan = Command::new(binaries::interlock()?).args(["scan", "--quiet", "--server", name]);
        let scan = scan.arg("--settings").arg(settings).arg("--data").arg(self.data()).args(options);
        let output = self.server().command()?.behind(scan.arg("--")).output().await?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code().context("no exit code")?, String::from_utf8(said)?))
    }
}

#[tokio::test]
async fn what_a_scan_has_pinned_a_gateway_holds_the_server_to() -> Result<()> {
    for way in GATEWAYS {
        let mut world = World::new(way, &listing(&ALL, &[BEFORE]))?;
        let (code, said) = world.scan(&["--pin", "--fail-on", "changed"]).await?;
        assert_eq!(code, 0, "{way:?}: {said}");
        assert!(said.contains("Pinned: all of them are accepted as they are now."), "{way:?}: {said}");
        assert_eq!(world.calls()?.len(), 0, "a scan calls nothing");
        // The first thing that the gateway ever sees of the server is another definition.
        world.becomes(&listing(&ALL, &[AFTER]))?;
        world.reopen().await?;
        let denied = world.call("turned").await?.unwrap_or_default();
        assert!(denied.contains("has changed since it was accepted"), "{way:?}: {denied}");
        assert!(world.call("added").await?.unwrap_or_default().contains("is new"), "{way:?}");
        assert_eq!(world.call("kept").await?, None, "{way:?}");
        assert_eq!(world.names().await?, ["kept"], "{way:?}");
        assert_eq!(world.calls()?, ["kept"], "{way:?}");
        let records = world.records("pin").await?;
        let reasons = records.iter().filter_map(|record| record["reason"].as_str()).collect::<Vec<_>>();
        assert_eq!(
            reasons,
            [
                "to be pinned as it is at the first sight of its server, by a scan",
                "in quarantine: new",
                "in quarantine: its definition is another",
            ],
            "{way:?}"
        );
        world.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_scan_says_what_is_otherwise_and_overwrites_no_pin() -> Result<()> {
    let mut world = World::new(Way::Run(Era::Legacy), &listing(&ALL, &[BEFORE]))?;
    world.scan(&["--pin"]).await?;
    assert!(world.scan(&["--pin"]).await?.1.contains("Pins: all are as they were accepted."));
    let pins = world.says(&["pins", "list", "--format", "json"]).await?;
    world.becomes(&listing(&ALL, &[AFTER]))?;
    for options in [&["--pin"][..], &[], &["--pin", "--fail-on", "changed"], &["--fail-on", "changed"]] {
        let (code, said) = world.scan(options).await?;
        assert_eq!(code, i32::from(options.contains(&"changed")), "{options:?}: {said}");
        let told = "recording / turned: has changed\n  ~ description:\n      from \"It reads.\"\n      to   \"It writes.\"";
        assert!(said.contains(told) && said.contains("recording / added: is new"), "{options:?}: {said}");
    }
    let (code, said) = world.scan(&["--fail-on", "changed", "--format", "json"]).await?;
    let said: Value = serde_json::from_str(&said)?;
    assert_eq!((code, &said["servers"][0]["pins"]["state"]), (1, &"compared".into()));
    let changed = said["servers"][0]["pins"]["changed"].as_array().context("no changes")?;
    let tools: Vec<_> = changed.iter().map(|tool| (tool["tool"].as_str(), tool["state"].as_str())).collect();
    assert_eq!(tools, [(Some("turned"), Some("changed")), (Some("added"), Some("new"))]);
    let (_, sarif) = world.scan(&["--format", "sarif"]).await?;
    assert_eq!(sarif.matches("\"ruleId\": \"definition-changed\"").count(), 2, "{sarif}");
    // Nothing of that has changed a pin, so that the server as it was may be called.
    assert_eq!(world.says(&["pins", "list", "--format", "json"]).await?, pins);
    world.becomes(&listing(
        &ALL,
        &[r#"[{"name":"turned","description":"It reads.","inputSchema":{"type":"object"}}]"#],
    ))?;
    let (code, said) = world.scan(&["--fail-on", "changed"]).await?;
    assert!(code == 0 && said.contains("not listed any more: kept"), "{said}");
    world.reopen().await?;
    assert_eq!(world.call("turned").await?, None);
    world.close().await
}

#[tokio::test]
async fn a_scan_heeds_how_far_the_server_is_trusted() -> Result<()> {
    let world = World::new(Way::Run(Era::Legacy), &listing(&ALL, &[BEFORE]))?;
    let settings = world.data().with_file_name("trust.yaml");
    std::fs::write(&settings, "servers: { recording: { trust: allow_changes } }\n")?;
    let (code, said) = world.scan_as("recording", &settings, &["--pin"]).await?;
    assert!(code == 0 && said.contains("Not pinned"), "{said}");
    std::fs::write(&settings, "servers: { recording: { trust: review } }\n")?;
    let (code, said) = world.scan_as("recording", &settings, &["--pin"]).await?;
    assert!(code == 0 && said.contains("Pinned for review"), "{said}");
    assert_eq!(world.says(&["pins", "accept", "recording", "kept", "--yes"]).await?.0, 0);
    let (code, said) = world.scan_as("recording", &settings, &["--fail-on", "changed"]).await?;
    assert!(code == 1 && said.contains("recording / turned: is new") && !said.contains("/ kept"), "{said}");
    Ok(())
}

/// What cannot be compared has passed nothing, and looking makes no ledger.
#[tokio::test]
async fn what_was_never_seen_does_not_count_as_unchanged() -> Result<()> {
    let world = World::new(Way::Run(Era::Legacy), &listing(&ALL, &[BEFORE]))?;
    let (code, said) = world.scan(&["--fail-on", "changed"]).await?;
    assert_eq!(code, 2, "{said}");
    assert!(!world.data().join("ledger.db").exists());
    assert_eq!(world.scan(&["--pin"]).await?.0, 0);
    let settings = world.data().with_file_name("scan.yaml");
    let (code, said) = world.scan_as("other", &settings, &["--fail-on", "changed"]).await?;
    assert!(code == 2 && said.contains("was never seen"), "{said}");
    Ok(())
}
