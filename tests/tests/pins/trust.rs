//! How far a server is trusted with the definitions of its tools.

use anyhow::Result;

use crate::way::{WAYS, World, listing};

const ALL: [&str; 2] = ["one", "two"];
const LIST: &str = r#"[{"name":"one"},{"name":"two"}]"#;
const OTHER: &str = r#"[{"name":"one","title":"One"},{"name":"two"}]"#;

#[tokio::test]
async fn under_review_nothing_is_taken() -> Result<()> {
    for way in WAYS {
        let mut world = World::trusting(way, &listing(&ALL, &[LIST]), "{ trust: review }")?;
        world.reopen().await?;
        assert_eq!(world.names().await?.len(), 0, "{way:?}");
        assert!(world.call("one").await?.unwrap_or_default().contains("nobody has accepted it"), "{way:?}");
        let (code, said) = world.says(&["pins", "accept", "recording", "one", "--yes"]).await?;
        assert_eq!((code, said.trim()), (0, "recording / one: accepted"), "{way:?}");
        world.reopen().await?;
        assert_eq!(world.call("one").await?, None, "{way:?}");
        assert!(world.call("two").await?.is_some(), "{way:?}");
        assert_eq!(world.names().await?, ["one"], "{way:?}");
        world.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn who_allows_changes_has_them() -> Result<()> {
    for way in WAYS {
        let mut world = World::trusting(way, &listing(&ALL, &[LIST]), "{ trust: allow_changes }")?;
        world.reopen().await?;
        assert_eq!(world.call("one").await?, None, "{way:?}");
        world.becomes(&listing(&ALL, &[OTHER]))?;
        world.reopen().await?;
        assert_eq!(world.call("one").await?, None, "{way:?}");
        assert_eq!(world.names().await?, ["one", "two"], "{way:?}");
        assert_eq!(world.says(&["pins", "list"]).await?.1.trim(), "no tool is known yet", "{way:?}");
        world.close().await?;
    }
    Ok(())
}
