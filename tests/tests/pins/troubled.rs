//! A ledger that cannot be written at the very moment that a definition changes.

use std::time::{Duration, Instant};

use anyhow::Result;
use interlock_testkit::script::{Script, Step};
use rusqlite::Connection;

use crate::way::{Era, Way, World, listing};

const ALL: [&str; 2] = ["turns", "stays"];
const FIRST: &str = r#"{"tools":[{"name":"turns","description":"a"},{"name":"stays"}]}"#;
const OTHER: &str = r#"{"tools":[{"name":"turns","description":"b"},{"name":"stays"}]}"#;

/// The server shows another definition once, while another process holds the ledger, and never again.
#[tokio::test]
async fn a_change_that_could_not_be_kept_is_written_when_it_can() -> Result<()> {
    for way in [Way::Run(Era::Legacy), Way::Serve(Era::Modern)] {
        let mut world =
            World::new(way, &listing(&ALL, &[r#"[{"name":"turns","description":"a"},{"name":"stays"}]"#]))?;
        world.reopen().await?;
        assert_eq!(world.call("turns").await?, None, "{way:?}");
        let turns = [OTHER, FIRST].map(|text| vec![Step::Result { text: text.to_owned() }]);
        world.becomes(&Script::with_tools(&ALL).in_turn("tools/list", turns))?;
        world.reopen().await?;
        let ledger = Connection::open(world.data().join("ledger.db"))?;
        ledger.execute_batch("BEGIN IMMEDIATE")?;
        let denied = world.call("turns").await?.unwrap_or_default();
        assert!(denied.contains("cannot be told"), "{way:?}: {denied}");
        ledger.execute_batch("ROLLBACK")?;
        // Nobody lists or calls anything meanwhile.
        let deadline = Instant::now() + Duration::from_secs(20);
        while world.says(&["pins", "diff"]).await?.0 == 0 {
            assert!(Instant::now() < deadline, "{way:?}: the change is forgotten");
        }
        let denied = world.call("turns").await?.unwrap_or_default();
        assert!(denied.contains("[INTERLOCK DENIED]"), "{way:?}: {denied}");
        let (_, diff) = world.says(&["pins", "diff"]).await?;
        assert!(diff.contains("from \"a\"") && diff.contains("to   \"b\""), "{way:?}: {diff}");
        while world.call("stays").await?.is_some() {
            assert!(Instant::now() < deadline, "{way:?}: what never changed cannot be called");
        }
        world.reopen().await?;
        let denied = world.call("turns").await?.unwrap_or_default();
        assert!(denied.contains("[INTERLOCK DENIED]"), "{way:?}: {denied}");
        assert_eq!(world.calls()?, ["turns", "stays"], "{way:?}");
        world.close().await?;
    }
    Ok(())
}
