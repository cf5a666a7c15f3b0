//! Decision links: each for one call, one answer and one person, and of use once.

use anyhow::{Context, Result, ensure};
use interlock_store::Standing;

use crate::room::{Room, payment, verdict};

const LATER: i64 = 32_503_680_000_000;

#[tokio::test]
async fn a_link_decides_once_and_to_open_it_decides_nothing() -> Result<()> {
    let room = Room::new("hold: 60s, approvers: [\"link:ada\"]").await?;
    let call = room.ask(payment()).await?;
    let link = room.link(&call.id, true, "ada", LATER)?;
    for _ in 0..3 {
        let page = room.send(&room.page(&link)).await?;
        ensure!(page.status == 200 && page.body.contains("<strong>link:ada</strong>"), "{page:?}");
        assert_eq!(page.body.matches("name=\"verdict\"").count(), 1, "exactly one button");
        ensure!(page.body.contains("value=\"approve\""), "{page:?}");
    }
    assert_eq!(room.standing(&call.id).await?, Standing::Waiting);
    let good = room.form(&link, "verdict=approve&reason=agreed");
    for (what, request, status) in [
        ("another site", good.clone().header("Origin", "https://evil.example"), 403),
        ("no origin", good.clone().without("Origin"), 403),
        ("the other answer", good.clone().body("verdict=deny"), 400),
        ("another person", good.clone().body("verdict=approve&person=bob"), 400),
    ] {
        room.refused(what, &request, status).await?;
        assert_eq!(room.standing(&call.id).await?, Standing::Waiting, "{what}");
    }
    let done = room.send(&good).await?;
    assert_eq!((done.status, done.header("location")), (303, Some(link.as_str())));
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    assert_eq!(room.paid()?, [payment()]);
    // It is of use once; so are all others of this call.
    let no = room.link(&call.id, false, "ada", LATER)?;
    for (link, said) in [(&link, "verdict=approve"), (&no, "verdict=deny")] {
        let again = room.send(&room.form(link, said)).await?;
        ensure!(again.status == 409 && again.body.contains("too late"), "{again:?}");
    }
    let page = room.send(&room.page(&link)).await?;
    ensure!(page.status == 200 && !page.body.contains("name=\"verdict\""), "no button is left: {page:?}");
    let steps = room.steps().await?;
    let late = "too late link:ada";
    assert_eq!(steps, ["approved link:ada", "approving link:ada", "asked", "taken", late, late]);
    Ok(())
}

#[tokio::test]
async fn a_person_has_one_say_with_however_many_links() -> Result<()> {
    let room = Room::new("hold: 60s, needed: 2").await?;
    let call = room.ask(payment()).await?;
    let [yes, no, other] = [(true, "ada"), (false, "ada"), (false, "bob")]
        .map(|(approves, person)| room.link(&call.id, approves, person, LATER));
    assert_eq!(room.send(&room.form(&yes?, "verdict=approve")).await?.status, 303);
    let again = room.send(&room.form(&no?, "verdict=deny")).await?;
    ensure!(again.status == 409 && again.body.contains("link:ada has decided already"), "{again:?}");
    assert_eq!(room.standing(&call.id).await?, Standing::Waiting);
    assert_eq!(room.send(&room.form(&other?, "verdict=deny&reason=no")).await?.status, 303);
    let answer = call.answer.await??;
    ensure!(verdict(&answer)?.1.contains("a person denied this call: no"), "{answer}");
    ensure!(room.paid()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_was_altered_guessed_or_has_expired_opens_nothing() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let [one, other] = [room.ask(payment()).await?.id, room.ask(serde_json::json!({})).await?.id];
    let good = room.link(&one, true, "ada", LATER)?;
    let (said, signature) = good.rsplit_once('.').context("no signature")?;
    let (of_other, _) = room
        .link(&other, true, "ada", LATER)?
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .context("no signature")?;
    for (what, link, status) in [
        ("another call", format!("{of_other}.{signature}"), 404),
        ("no signature", said.to_owned(), 404),
        ("another signature", format!("{said}.{}", "0".repeat(64)), 404),
        ("cut off", good[..good.len() - 1].to_owned(), 404),
        ("guessed", "/console/links/0123".to_owned(), 404),
        ("too long", format!("/console/links/{}", "a".repeat(5_000)), 404),
        ("expired", room.link(&one, true, "ada", 1)?, 410),
        ("of a call that is not there", room.link(&"0".repeat(32), true, "ada", LATER)?, 404),
    ] {
        room.refused(what, &room.page(&link), status).await?;
        room.refused(what, &room.form(&link, "verdict=approve"), status).await?;
    }
    for id in [&one, &other] {
        assert_eq!(room.standing(id).await?, Standing::Waiting);
    }
    assert_eq!(room.send(&room.form(&good, "verdict=approve")).await?.status, 303);
    assert_eq!(room.standing(&one).await?, Standing::Approved);
    Ok(())
}

#[tokio::test]
async fn a_link_gives_nobody_a_right_that_the_policy_does_not() -> Result<()> {
    let room = Room::new("hold: 0s, approvers: [ada, \"operator:ada\", \"link:bob\"]").await?;
    let id = room.ask(payment()).await?.id;
    let link = room.link(&id, true, "ada", LATER)?;
    let page = room.send(&room.page(&link)).await?;
    ensure!(page.body.contains("not yours to decide") && !page.body.contains("name=\"verdict\""), "{page:?}");
    let refused = room.send(&room.form(&link, "verdict=approve")).await?;
    ensure!(refused.status == 403 && refused.body.contains("link:ada may not"), "{refused:?}");
    assert_eq!(room.steps().await?, ["asked", "not allowed link:ada"]);
    assert_eq!(room.standing(&id).await?, Standing::Waiting);
    Ok(())
}
