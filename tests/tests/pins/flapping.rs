//! A definition that is another for a time and then the accepted one again.

use anyhow::Result;
use interlock_testkit::script::{Script, Step, tool};
use serde_json::json;

use crate::way::{Era, WAYS, Way, World, listing};

const ALL: [&str; 2] = ["turns", "stays"];

fn list(said: &str) -> String {
    format!(r#"[{{"name":"turns","description":"{said}"}},{{"name":"stays"}}]"#)
}

/// Whoever was another once may be so whenever it is looked at: only a person ends the quarantine.
#[tokio::test]
async fn what_comes_back_stays_in_quarantine_until_it_is_accepted() -> Result<()> {
    for way in WAYS {
        let mut world = World::new(way, &listing(&ALL, &[&list("a")]))?;
        world.reopen().await?;
        assert_eq!(world.call("turns").await?, None, "{way:?}");
        for said in ["b", "a", "b", "a"] {
            world.becomes(&listing(&ALL, &[&list(said)]))?;
            world.reopen().await?;
            let denied = world.call("turns").await?.unwrap_or_default();
            let why = if said == "a" { "has been another in the meantime" } else { "has changed since" };
            assert!(denied.contains(why), "{way:?} {said}: {denied}");
            assert_eq!(world.names().await?, ["stays"], "{way:?} {said}");
            assert_eq!(world.call("stays").await?, None, "{way:?} {said}");
        }
        // The one that is shown now is accepted, and with it not the other.
        let (code, said) = world.says(&["pins", "accept", "recording", "turns", "--yes"]).await?;
        assert_eq!((code, said.trim()), (0, "recording / turns: accepted"), "{way:?}");
        world.reopen().await?;
        assert_eq!(world.call("turns").await?, None, "{way:?}");
        world.becomes(&listing(&ALL, &[&list("b")]))?;
        world.reopen().await?;
        assert!(world.call("turns").await?.is_some(), "{way:?}");
        world.close().await?;
    }
    Ok(())
}

/// A change that the server announces, between two calls of one client; nobody else has to begin anew.
#[tokio::test]
async fn an_announced_change_is_caught_before_the_next_call() -> Result<()> {
    for way in [Way::Run(Era::Legacy), Way::Run(Era::Modern)] {
        let changed =
            Step::Notify { method: "notifications/tools/list_changed".to_owned(), params: json!({}) };
        let mut other = tool("turns", &[]);
        other["description"] = json!("another");
        let tools = vec![other, tool("stays", &[]), tool("change", &[])];
        let mut script =
            Script::default().on("tools/call:change", [Step::SetTools { tools }, changed, Step::Answer]);
        script.tools = vec![tool("turns", &[]), tool("stays", &[]), tool("change", &[])];
        let mut world = World::new(way, &script)?;
        world.reopen().await?;
        assert_eq!(world.call("turns").await?, None, "{way:?}");
        assert_eq!(world.call("change").await?, None, "{way:?}");
        assert!(world.call("turns").await?.unwrap_or_default().contains("has changed"), "{way:?}");
        assert_eq!(world.call("stays").await?, None, "{way:?}");
        assert_eq!(world.names().await?, ["stays", "change"], "{way:?}");
        assert_eq!(world.calls()?, ["turns", "change", "stays"], "{way:?}");
        world.close().await?;
    }
    Ok(())
}
