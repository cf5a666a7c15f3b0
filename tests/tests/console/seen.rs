//! The pages as a real browser shows them.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::room::{Room, payment, verdict};

const LATER: i64 = 32_503_680_000_000;

/// Arguments of many kinds, one of which hides something.
fn export() -> Value {
    json!({
        "datastore_id": "0123456789abcdef0123456789abcdef",
        "output_s3_uri": "s3://p\u{430}tient-exports/2026/",
        "study": { "uid": "1.2.840.113619.2.55.3", "frames": [1, 2, 3], "note": "urgent\u{202e}tnegru" },
        "amount": 9_007_199_254_740_993_u64,
        "long": "x".repeat(300),
    })
}

/// Nothing has to be moved sideways to be read.
async fn fits(browser: &mut Browser) -> Result<()> {
    let wide = browser.value("document.documentElement.scrollWidth - window.innerWidth").await?;
    ensure!(wide.as_i64().is_some_and(|wide| wide <= 0), "{wide} pixels too wide");
    Ok(())
}

#[tokio::test]
async fn a_person_approves() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let call = room.ask(export()).await?;
    let mut browser = Browser::open(&room.admin, json!({ "scripts": false })).await?;
    let page = format!("/console/approvals/{}", call.id);
    browser.go(&page).await?;
    browser.shot("login").await?;
    browser.log_in("ila_wrong").await?;
    browser.until("This is not an operator's token").await?;
    browser.shot("login-failed").await?;
    browser.log_in(&token).await?;
    let (text, here) = browser.page().await?;
    assert_eq!(here, page, "one arrives at the page that one wanted");
    for part in [
        "pay at recording",
        "It waits for your decision",
        "\"amount\": 9007199254740993",
        "s3://p\\u{430}tient-exports/2026/",
        "urgent\\u{202e}tnegru",
        "Cyrillic, which looks like `a`",
        "payments need a person",
        "The tool pay.",
        "the server's own word",
        "no decision about another call of this name is known",
        "operator:alice",
    ] {
        ensure!(text.contains(part), "{part:?} in\n{text}");
    }
    ensure!(browser.count("mark").await? >= 3);
    browser.shot("waiting").await?;
    browser.fill("#reason", "checked with the customer").await?;
    browser.click("button.approve").await?;
    browser.until("operator:alice approves").await?;
    let (text, here) = browser.page().await?;
    ensure!(
        here == page && text.contains("operator:alice approves: checked with the customer"),
        "{here} {text}"
    );
    assert_eq!(browser.count("button.approve").await?, 0);
    browser.shot("approved").await?;
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    assert_eq!(room.paid()?, [export()]);
    browser.close().await
}

#[tokio::test]
async fn a_person_denies_and_the_list_shows_what_waits() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let mut browser = Browser::open(&room.admin, json!({})).await?;
    browser.go("/console").await?;
    browser.log_in(&token).await?;
    browser.until("No call waits for a person").await?;
    browser.shot("list-empty").await?;
    let call = room.ask(payment()).await?;
    let other = room.ask(json!({ "amount": 7, "to": "p\u{430}ypal" })).await?;
    // It shows itself anew, without any script.
    assert_eq!(browser.count("meta[http-equiv=refresh]").await?, 1);
    browser.go("/console/approvals?auto=1").await?;
    assert_eq!(browser.count(".calls > li").await?, 2);
    browser.shot("list").await?;
    browser.click(&format!("a[href=\"/console/approvals/{}\"]", call.id)).await?;
    browser.fill("#reason", "ask acme first").await?;
    browser.click("button.deny").await?;
    browser.until("It is denied").await?;
    browser.shot("denied").await?;
    let answer = call.answer.await??;
    ensure!(verdict(&answer)?.1.contains("a person denied this call: ask acme first"), "{answer}");
    ensure!(room.paid()?.is_empty());
    // Whoever looks at the other sees what was decided about this one.
    browser.go(&format!("/console/approvals/{}", other.id)).await?;
    let (text, _) = browser.page().await?;
    ensure!(text.contains("denied") && text.contains("operator:alice denies: ask acme first"), "{text}");
    browser.click(".who button").await?;
    browser.until("Operator’s token").await?;
    browser.close().await
}

#[tokio::test]
async fn what_cannot_be_decided_says_why() -> Result<()> {
    let room = Room::new("hold: 60s, timeout: 15s, approvers: [\"operator:alice\"]").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let call = room.ask(payment()).await?;
    let page = format!("/console/approvals/{}", call.id);
    let mut browser = Browser::open(&room.admin, json!({})).await?;
    browser.go(&page).await?;
    browser.log_in(&bob).await?;
    browser.until("is not yours to decide").await?;
    assert_eq!(browser.count("button.approve, button.deny").await?, 0);
    browser.shot("not-yours").await?;
    browser.window(json!({})).await?;
    browser.go(&page).await?;
    browser.log_in(&alice).await?;
    ensure!(browser.count("button.approve").await? == 1, "it expired too soon: {:?}", browser.page().await?);
    let answer = call.answer.await??;
    ensure!(verdict(&answer)?.0 == "deny", "{answer}");
    // The page was open when it expired.
    browser.click("button.approve").await?;
    browser.until("too late: it is expired already").await?;
    browser.shot("expired").await?;
    assert_eq!(room.standing(&call.id).await?, Standing::Expired);
    ensure!(room.paid()?.is_empty());
    assert_eq!(browser.go("/console/approvals/00000000000000000000000000000000").await?, 404);
    browser.until("No such call waits or waited here").await?;
    browser.shot("unknown").await?;
    browser.close().await
}

#[tokio::test]
async fn what_somebody_else_has_decided_stays_decided() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let call = room.ask(payment()).await?;
    let page = format!("/console/approvals/{}", call.id);
    let mut browser = Browser::open(&room.admin, json!({})).await?;
    browser.go(&page).await?;
    browser.log_in(&alice).await?;
    let no = room.decision(&bob, &call.id, &json!({ "approve": false, "reason": "not today" }));
    assert_eq!(room.send(&no).await?.status, 200);
    browser.click("button.approve").await?;
    browser.until("too late: it is denied already").await?;
    let (text, _) = browser.page().await?;
    ensure!(text.contains("operator:bob denies: not today"), "{text}");
    browser.shot("too-late").await?;
    assert_eq!(verdict(&call.answer.await??)?.0, "deny");
    ensure!(room.paid()?.is_empty());
    browser.close().await
}

#[tokio::test]
async fn the_keyboard_is_enough() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let call = room.ask(payment()).await?;
    let mut browser = Browser::open(&room.admin, json!({})).await?;
    browser.go("/console/approvals").await?;
    // The field has the focus.
    browser.write(&token).await?;
    browser.press(&["Enter"]).await?;
    browser.until("Calls that wait for a person").await?;
    assert_eq!(browser.value("document.cookie").await?, "", "no script could read who one is");
    reach(&mut browser, &format!("a[href=\"/console/approvals/{}\"]", call.id)).await?;
    browser.press(&["Enter"]).await?;
    browser.until("Your decision").await?;
    // What is read stands before what is decided.
    reach(&mut browser, "#reason").await?;
    browser.write("by keyboard").await?;
    browser.press(&["Tab"]).await?;
    ensure!(has_focus(&mut browser, "button.approve").await?);
    browser.shot("keyboard").await?;
    browser.press(&["Tab"]).await?;
    ensure!(has_focus(&mut browser, "button.deny").await?);
    let ring = browser.value("getComputedStyle(document.activeElement).outlineStyle").await?;
    assert_eq!(ring, "solid", "it is seen where one is");
    browser.press(&["Shift+Tab", "Enter"]).await?;
    browser.until("operator:alice approves: by keyboard").await?;
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    browser.close().await
}

async fn has_focus(browser: &mut Browser, element: &str) -> Result<bool> {
    let expression = format!("document.activeElement.matches({})", json!(element));
    Ok(browser.value(&expression).await? == true)
}

/// Goes on with Tab until this has the focus.
async fn reach(browser: &mut Browser, element: &str) -> Result<()> {
    for _ in 0..20 {
        browser.press(&["Tab"]).await?;
        if has_focus(browser, element).await? {
            return Ok(());
        }
    }
    anyhow::bail!("`{element}` is not reached")
}

#[tokio::test]
async fn a_narrow_window_and_a_dark_one_show_all_of_it() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    let call = room.ask(export()).await?;
    let page = format!("/console/approvals/{}", call.id);
    let mut browser = Browser::open(&room.admin, json!({ "width": 320, "height": 640 })).await?;
    browser.go(&page).await?;
    fits(&mut browser).await?;
    browser.shot("narrow-login").await?;
    browser.log_in(&token).await?;
    browser.until("Your decision").await?;
    fits(&mut browser).await?;
    browser.shot("narrow").await?;
    browser.go("/console/approvals").await?;
    fits(&mut browser).await?;
    browser.shot("narrow-list").await?;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(ground).await?;
    browser.window(json!({ "dark": true })).await?;
    browser.go(&page).await?;
    browser.shot("dark-login").await?;
    browser.log_in(&token).await?;
    browser.until("Your decision").await?;
    browser.shot("dark").await?;
    let dark = browser.value(ground).await?;
    ensure!(light != dark, "{light} {dark}");
    browser.go("/console/approvals").await?;
    browser.shot("dark-list").await?;
    for window in [json!({}), json!({ "dark": true })] {
        browser.window(window.clone()).await?;
        browser.go(&page).await?;
        readable(&mut browser, &window).await?;
        browser.log_in(&token).await?;
        browser.until("Your decision").await?;
        readable(&mut browser, &window).await?;
    }
    browser.close().await
}

/// Every text stands out from what is behind it (WCAG 2.2, 1.4.3: 4.5 to 1).
async fn readable(browser: &mut Browser, window: &Value) -> Result<()> {
    let faint = browser.value(include_str!("contrast.js")).await?;
    ensure!(faint == json!([]), "{window}: {faint}");
    Ok(())
}

#[tokio::test]
async fn a_decision_link_has_one_button() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let call = room.ask(payment()).await?;
    let link = room.link(&call.id, false, "ada", LATER)?;
    let mut browser = Browser::open(&room.admin, json!({ "scripts": false })).await?;
    assert_eq!(browser.go(&link).await?, 200);
    assert_eq!(browser.count("main button").await?, 1);
    browser.shot("link").await?;
    browser.fill("#reason", "not this one").await?;
    browser.click("button.deny").await?;
    browser.until("It is denied").await?;
    browser.shot("link-used").await?;
    let answer = call.answer.await??;
    ensure!(verdict(&answer)?.1.contains("a person denied this call: not this one"), "{answer}");
    ensure!(room.paid()?.is_empty());
    assert_eq!(browser.go("/console/links/0123").await?, 404);
    browser.until("This is not a decision link").await?;
    browser.close().await
}
