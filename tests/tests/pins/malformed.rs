//! Entries of a list that are not understood: each is left out by itself, and the other tools work.

use anyhow::Result;
use interlock_testkit::script::Script;
use serde_json::json;

use crate::way::{WAYS, Way, World, listing};

const ALL: [&str; 2] = ["bad", "good"];
const GOOD: &str = r#"{"name":"good","inputSchema":{"type":"object"}}"#;

/// What is wrong, and what a call of `bad` is told.
fn entries() -> Vec<(String, &'static str)> {
    let long = format!(r#"{{"name":"bad","description":"{}"}}"#, "x".repeat(1 << 20));
    let malformed = |entry: &str, why| (entry.to_owned(), why);
    vec![
        malformed("17", "does not list"),
        malformed(r#"[["name","bad"]]"#, "does not list"),
        malformed(r#"{"title":"bad"}"#, "does not list"),
        malformed(r#"{"name":["bad"]}"#, "does not list"),
        malformed(r#"{"name":"bad"},{"name":"bad","title":"B"}"#, "two tools have this name"),
        malformed(r#"{"name":"bad","inputSchema":"object"}"#, "`inputSchema` is not an object"),
        malformed(r#"{"name":"bad","inputSchema":{"required":"x"}}"#, "`inputSchema.required`"),
        (long, "longer than 1 MiB"),
    ]
}

fn with(entry: &str) -> Script {
    listing(&ALL, &[&format!("[{entry},{GOOD}]")])
}

/// The ways on which no other gateway is between, which would leave the entry out before.
fn ways() -> impl Iterator<Item = Way> {
    WAYS.into_iter().filter(|way| !matches!(way, Way::Url(_)))
}

#[tokio::test]
async fn one_entry_that_is_not_understood_takes_no_other_with_it() -> Result<()> {
    for way in ways() {
        for (entry, why) in entries() {
            let shown: String = entry.chars().take(60).collect();
            let mut world = World::new(way, &with(&entry))?;
            world.reopen().await?;
            assert_eq!(world.names().await?, ["good"], "{way:?} {shown}");
            let denied = world.call("bad").await?.unwrap_or_default();
            assert!(denied.contains(why), "{way:?} {shown}: {denied}");
            assert_eq!(world.call("good").await?, None, "{way:?} {shown}");
            assert_eq!(world.calls()?, ["good"], "{way:?} {shown}");
            assert_eq!(world.records("refusal").await?.len(), 1, "{way:?} {shown}");
            // It is said once, however often the list is read.
            let records = world.records("pin").await?;
            let told = records.iter().filter(|record| record["reason"] == "left out of the list: malformed");
            assert_eq!(told.count(), 1, "{way:?} {shown}: {records:#?}");
            world.close().await?;
        }
    }
    Ok(())
}

/// A tool that was accepted and is malformed for a time may be called again as it was; one that was malformed when its
/// server was first seen is new when it is put right.
#[tokio::test]
async fn what_is_put_right_is_compared_with_what_was_accepted() -> Result<()> {
    let right = r#"{"name":"bad","inputSchema":{"type":"object"}}"#;
    let wrong = r#"{"name":"bad","inputSchema":7}"#;
    for way in ways() {
        let mut world = World::new(way, &with(right))?;
        for (entry, why) in [(right, None), (wrong, Some("is malformed")), (right, None)] {
            world.becomes(&with(entry))?;
            world.reopen().await?;
            let denied = world.call("bad").await?;
            assert_eq!(denied.is_some(), why.is_some(), "{way:?} {entry}: {denied:?}");
            assert!(denied.unwrap_or_default().contains(why.unwrap_or_default()), "{way:?} {entry}");
        }
        world.close().await?;
        let mut world = World::new(way, &with(wrong))?;
        world.reopen().await?;
        assert_eq!(world.names().await?, ["good"], "{way:?}");
        world.becomes(&with(right))?;
        world.reopen().await?;
        let denied = world.call("bad").await?.unwrap_or_default();
        assert!(denied.contains("is new and nobody has accepted it"), "{way:?}: {denied}");
        world.close().await?;
    }
    Ok(())
}

/// Of a server whose tools come and go, a malformed one is not shown either.
#[tokio::test]
async fn nobody_is_shown_what_is_malformed_where_changes_are_allowed() -> Result<()> {
    for way in WAYS {
        for (entry, _) in entries() {
            let shown: String = entry.chars().take(60).collect();
            if entry.matches("\"name\":\"bad\"").count() == 2 {
                continue;
            }
            let mut world = World::trusting(way, &with(&entry), "{ trust: allow_changes }")?;
            world.reopen().await?;
            assert_eq!(world.names().await?, ["good"], "{way:?} {shown}");
            assert_eq!(world.call("good").await?, None, "{way:?} {shown}");
            world.close().await?;
        }
    }
    Ok(())
}

/// What is no list is shown to nobody, and judged by for no call.
#[tokio::test]
async fn a_list_that_is_none_stays_refused_whole() -> Result<()> {
    for way in WAYS {
        for list in [r#"{"good":{"name":"good"}}"#, "null", r#""good""#] {
            let mut world = World::new(way, &listing(&ALL, &[list]))?;
            world.reopen().await?;
            assert!(world.call("good").await?.is_some(), "{way:?} {list}");
            let answer = world.ask("tools/list", json!({})).await?;
            assert!(!answer["result"].to_string().contains("good"), "{way:?} {list}: {answer}");
            assert_eq!(world.calls()?.len(), 0, "{way:?} {list}");
            world.close().await?;
        }
    }
    Ok(())
}
