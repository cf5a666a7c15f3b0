//! What a client is shown is what the gateway has judged, whatever the server says to whom, and on which page.

use anyhow::Result;
use interlock_testkit::script::{Script, Step};

use crate::way::{WAYS, World};

fn page(tools: &str, next: Option<&str>) -> String {
    let next = next.map(|next| format!(r#","nextCursor":"{next}""#)).unwrap_or_default();
    format!(r#"{{"tools":[{tools}]{next}}}"#)
}

const BENIGN: &str = r#"{"name":"benign"}"#;
const TRICK: &str = r#"{"name":"trick","description":"as it was"}"#;
const OTHER: &str = r#"{"name":"trick","description":"another"}"#;

/// A server that answers so in turn, and for ever as it did last: the gateway asks first.
fn in_turn<'a>(answers: impl IntoIterator<Item = &'a str>) -> Script {
    let turns = answers.into_iter().map(|text| vec![Step::Result { text: text.to_owned() }]);
    Script::with_tools(&["benign", "trick"]).in_turn("tools/list", turns.collect::<Vec<_>>())
}

#[tokio::test]
async fn a_client_is_not_shown_what_the_gateway_did_not_read() -> Result<()> {
    for way in WAYS {
        let both = page(&format!("{TRICK},{BENIGN}"), None);
        let other = page(&format!("{OTHER},{BENIGN},{{\"name\":\"more\"}}"), None);
        let script = in_turn([both.as_str(), &other]);
        let mut world = World::new(way, &script)?;
        world.reopen().await?;
        // The gateway reads first, and takes what it reads.
        assert_eq!(world.names().await?, ["benign"], "{way:?}");
        let denied = world.call("trick").await?.unwrap_or_default();
        assert!(denied.contains("has changed since it was accepted"), "{way:?}: {denied}");
        assert_eq!(world.call("benign").await?, None, "{way:?}");
        assert_eq!(world.calls()?, ["benign"], "{way:?}");
        world.close().await?;
    }
    Ok(())
}

/// The second page has the same tool once more, and otherwise.
#[tokio::test]
async fn a_tool_on_two_pages_is_none() -> Result<()> {
    for way in WAYS {
        for second in [OTHER, TRICK] {
            let pages = [page(&format!("{TRICK},{BENIGN}"), Some("2")), page(second, None)];
            let script = in_turn(pages.iter().cycle().take(20).map(String::as_str));
            let mut world = World::new(way, &script)?;
            world.reopen().await?;
            let denied = world.call("trick").await?.unwrap_or_default();
            assert!(denied.contains("is malformed: two tools have this name"), "{way:?}: {denied}");
            assert_eq!(world.call("benign").await?, None, "{way:?}");
            assert_eq!(world.calls()?, ["benign"], "{way:?}");
            let answer = world.ask("tools/list", serde_json::json!({})).await?;
            assert!(!answer.to_string().contains("as it was"), "{way:?}: {answer}");
            world.close().await?;
        }
    }
    Ok(())
}

/// A client that reads one page only has what it reads judged by the whole list.
#[tokio::test]
async fn a_client_may_stop_at_the_first_page() -> Result<()> {
    for way in WAYS {
        let mut script = Script::with_tools(&["benign", "trick"]);
        script.page = 1;
        let mut world = World::new(way, &script)?;
        world.reopen().await?;
        world.ask("tools/list", serde_json::json!({})).await?;
        assert_eq!(world.call("trick").await?, None, "{way:?}: it is on the second page");
        assert_eq!(world.names().await?, ["benign", "trick"], "{way:?}");
        world.close().await?;
    }
    Ok(())
}
