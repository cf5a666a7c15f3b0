//! Forms that no page of the session has sent, and pages of calls that are not there.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use serde_json::json;

use crate::room::{Room, payment, verdict};

#[tokio::test]
async fn a_form_decides_and_one_that_is_forged_does_not() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let [of_alice, of_bob] = [room.visitor(&alice).await?, room.visitor(&bob).await?];
    let call = room.ask(payment()).await?;
    let page = format!("/console/approvals/{}", call.id);
    let path = format!("{page}/decision");
    let form = room.form_token(&of_alice, &page).await?;
    let other = room.form_token(&of_bob, &page).await?;
    let said = |form: &str| format!("form={form}&token={alice}&verdict=approve&reason=agreed");
    let good = of_alice.sends(room.form(&path, &said(&form)));
    for (what, request, status) in [
        ("a page of another site", good.clone().header("Origin", "http://evil.example"), 403),
        ("a page without a site", good.clone().header("Origin", "null"), 403),
        ("another port", good.clone().header("Origin", "http://127.0.0.1:1"), 403),
        ("another scheme", good.clone().header("Origin", &format!("https://{}", room.admin)), 403),
        ("no origin", good.clone().without("Origin"), 403),
        ("another host", good.clone().header("Host", "evil.example"), 403),
        ("the form of another session", good.clone().body(&said(&other)), 403),
        ("no form token", good.clone().body("verdict=approve"), 403),
        ("an empty form token", good.clone().body(&said("")), 403),
        ("another verdict", good.clone().body(&format!("form={form}&verdict=maybe")), 400),
        ("no verdict", good.clone().body(&format!("form={form}")), 400),
        ("two verdicts", good.clone().body(&format!("form={form}&verdict=approve&verdict=deny")), 400),
        ("another field", good.clone().body(&format!("{}&by=operator:bob", said(&form))), 400),
        ("no token", good.clone().body(&format!("form={form}&verdict=approve")), 403),
        ("another's token", good.clone().body(&format!("form={form}&token={bob}&verdict=approve")), 403),
        ("no session", good.clone().without("Cookie"), 303),
        ("an ended session", good.clone().header("Cookie", "interlock_console=0123"), 303),
        ("json", good.clone().header("Content-Type", "application/json").body("{}"), 400),
    ] {
        room.refused(what, &request, status).await?;
        assert_eq!(room.standing(&call.id).await?, Standing::Waiting, "{what}");
    }
    ensure!(room.paid()?.is_empty());
    // A look is none either.
    assert_eq!(room.send(&of_alice.sends(room.page(&path))).await?.status, 405);
    let done = room.send(&good).await?;
    assert_eq!((done.status, done.header("location")), (303, Some(page.as_str())));
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    assert_eq!(room.paid()?, [payment()]);
    let steps = room.steps().await?;
    assert_eq!(steps, ["approved operator:alice", "approving operator:alice", "asked", "taken"]);
    // Sent once more it is too late.
    let again = room.send(&good).await?;
    ensure!(again.status == 409 && again.body.contains("too late: it is used already"), "{again:?}");
    assert_eq!(room.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn calls_that_are_not_there_have_a_page_and_a_record() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let visitor = room.visitor(&room.token("alice").await?).await?;
    let form = room.form_token(&visitor, "/console/approvals").await?;
    let guess = "0".repeat(32);
    let page = visitor.sends(room.page(&format!("/console/approvals/{guess}")));
    let page = room.refused("a guess", &page, 404).await?;
    ensure!(page.body.contains("No such call waits or waited here"), "{page:?}");
    let sent =
        room.form(&format!("/console/approvals/{guess}/decision"), &format!("form={form}&verdict=deny"));
    room.refused("a guess", &visitor.sends(sent), 404).await?;
    room.refused("no page", &room.page("/console/grants"), 404).await?;
    // Nothing of the API is opened by a session.
    room.refused("the API", &visitor.sends(room.page("/api/v1/approvals")), 401).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_of_a_call_becomes_a_part_of_the_page() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let visitor = room.visitor(&room.token("alice").await?).await?;
    let evil = "</code><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}\u{202e}";
    let id = room.ask(json!({ "to": evil, evil: 1 })).await?.id;
    let page = room.send(&visitor.sends(room.page(&format!("/console/approvals/{id}")))).await?;
    ensure!(page.status == 200 && page.body.contains("alert(1)"), "{page:?}");
    for part in ["<script", "<img", "\u{202e}"] {
        ensure!(!page.body.contains(part), "{part:?} in {}", page.body);
    }
    ensure!(page.body.contains("<mark>\\u{202e}</mark>"), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn a_reason_that_is_too_long_is_given_back() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    let visitor = room.visitor(&token).await?;
    let id = room.ask(payment()).await?.id;
    let page = format!("/console/approvals/{id}");
    let form = room.form_token(&visitor, &page).await?;
    let long = "x".repeat(1_001);
    let fields = format!("form={form}&token={token}&verdict=deny&reason={long}");
    let sent = room.form(&format!("{page}/decision"), &fields);
    let answer = room.send(&visitor.sends(sent)).await?;
    ensure!(
        answer.status == 422 && answer.body.contains(&long) && answer.body.contains("at most 1000"),
        "{answer:?}"
    );
    assert_eq!(room.standing(&id).await?, Standing::Waiting);
    Ok(())
}
