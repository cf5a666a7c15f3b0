//! `interlock pins`, beside gateways that run.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::way::{Era, WAYS, Way, World, listing};

const ALL: [&str; 3] = ["kept", "turned", "added"];
const BEFORE: &str = r#"[{"name":"kept"},{"name":"turned","description":"It reads."}]"#;
const AFTER: &str =
    "[{\"name\":\"kept\"},{\"name\":\"turned\",\"description\":\"It \\u202ewrites.\"},{\"name\":\"added\"}]";

/// Accepting takes effect in a gateway that runs, and is recorded with who did it.
#[tokio::test]
async fn what_is_accepted_may_be_called_at_once() -> Result<()> {
    for way in WAYS {
        let mut world = World::new(way, &listing(&ALL, &[BEFORE]))?;
        world.reopen().await?;
        world.names().await?;
        world.becomes(&listing(&ALL, &[AFTER]))?;
        world.reopen().await?;
        assert_eq!(world.names().await?, ["kept"], "{way:?}");
        let (code, diff) = world.says(&["pins", "diff", "recording", "turned"]).await?;
        assert_eq!(code, 1);
        assert_eq!(
            diff.trim_end(),
            "recording / turned: has changed\n  ~ description:\n      from \"It reads.\"\n      to   \"It \\u{202e}writes.\""
        );
        let (_, status) = world.says(&["status"]).await?;
        assert!(status.contains("Quarantine: 2 tools of `recording` are hidden"), "{status}");
        // Nobody can be asked here.
        let refused = world.command(&["pins", "accept", "recording", "turned"])?.output().await?;
        assert_eq!(refused.status.code(), Some(2));
        let (code, said) = world.says(&["pins", "accept", "recording", "turned", "none", "--yes"]).await?;
        assert_eq!(code, 1);
        assert_eq!(
            said,
            "recording / none: not accepted: no such tool is known\nrecording / turned: accepted\n"
        );
        let deadline = Instant::now() + Duration::from_secs(10);
        while world.call("turned").await?.is_some() {
            assert!(Instant::now() < deadline, "{way:?}: it is never accepted");
        }
        assert_eq!(world.names().await?, ["kept", "turned"], "{way:?}");
        assert!(world.call("added").await?.is_some(), "{way:?}");
        let (code, said) = world.says(&["pins", "accept", "--all", "--yes", "--format", "json"]).await?;
        let said: Value = serde_json::from_str(&said)?;
        assert_eq!((code, &said[0]["tool"], &said[0]["outcome"]), (0, &"added".into(), &"accepted".into()));
        assert_eq!(world.says(&["pins", "diff"]).await?, (0, "nothing is in quarantine\n".to_owned()));
        let records = world.records("pin").await?;
        let reasons: Vec<_> =
            records.iter().map(|record| record["reason"].as_str().unwrap_or_default()).collect();
        assert_eq!(
            reasons,
            [
                "taken as it is at the first sight of its server",
                "in quarantine: new",
                "in quarantine: its definition is another",
                "accepted",
                "accepted",
            ],
            "{way:?}"
        );
        assert!(
            records[3]["details"]["by"].as_str().is_some_and(|by| by.starts_with("user:")),
            "{records:#?}"
        );
        world.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_list_says_how_each_tool_stands() -> Result<()> {
    let mut world = World::new(Way::Run(Era::Legacy), &listing(&ALL, &[BEFORE]))?;
    world.reopen().await?;
    world.names().await?;
    world.becomes(&listing(&ALL, &[AFTER]))?;
    world.reopen().await?;
    world.names().await?;
    let (code, list) = world.says(&["pins", "list", "--format", "json"]).await?;
    let list: Vec<Value> = serde_json::from_str(&list)?;
    let states: Vec<_> = list.iter().map(|tool| (tool["tool"].as_str(), tool["state"].as_str())).collect();
    assert_eq!(code, 0);
    assert_eq!(
        states,
        [("added", "new"), ("kept", "trusted"), ("turned", "changed")]
            .map(|(tool, state)| (Some(tool), Some(state)))
    );
    assert_eq!(list[1]["accepted"]["how"], "first_use");
    let (_, list) = world.says(&["pins", "list", "recording", "--quarantined"]).await?;
    assert_eq!(list.lines().count(), 3, "{list}");
    world.close().await
}
