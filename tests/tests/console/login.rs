//! Logging in, and how a session ends.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use interlock_testkit::client::PATIENCE;

use crate::room::Room;

const LIST: &str = "/console/approvals";

#[tokio::test]
async fn an_operator_logs_in_and_arrives_where_they_wanted() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    // Whoever knows only the address finds the list.
    for start in ["/", "/console"] {
        let found = room.send(&room.page(start)).await?;
        assert_eq!((found.status, found.header("location")), (303, Some(LIST)), "{start}");
        ensure!(found.header("content-security-policy").is_some(), "{found:?}");
    }
    let asked = room.send(&room.page("/console/approvals/0123")).await?;
    assert_eq!(
        (asked.status, asked.header("location")),
        (303, Some("/console/login?next=/console/approvals/0123"))
    );
    let page = room.send(&room.page("/console/login?next=/console/approvals/0123")).await?;
    ensure!(page.status == 200 && page.body.contains("value=\"/console/approvals/0123\""), "{page:?}");
    let policy =
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    for (header, expected) in [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.header(header), Some(expected), "{header}");
    }
    ensure!(!page.body.contains("<script") && !page.body.contains("style="), "{}", page.body);
    let next = |next: &str| room.form("/console/login", &format!("token={token}&next={next}"));
    for (wanted, expected) in [
        ("/console/approvals/0123", "/console/approvals/0123"),
        ("https://evil.example/", LIST),
        ("//evil.example/console/", LIST),
        ("/console/%0d%0aSet-Cookie:a", LIST),
        ("", LIST),
    ] {
        let response = room.send(&next(wanted)).await?;
        assert_eq!((response.status, response.header("location")), (303, Some(expected)), "{wanted}");
        let cookie = response.header("set-cookie").context("no cookie")?;
        let (value, attributes) = cookie.split_once("; ").context("no attributes")?;
        assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/console");
        ensure!(value.len() == "interlock_console=".len() + 64, "{value}");
        ensure!(!cookie.contains(&token), "{cookie}");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_has_no_token_of_an_operator_gets_in_nowhere() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let grant = room.scene.site.token("team").await?;
    let token = room.token("alice").await?;
    for wrong in ["", "ila_0", &token[1..], &grant] {
        let response = room.refused("a wrong token", &room.login(wrong), 401).await?;
        ensure!(response.header("set-cookie").is_none(), "{response:?}");
        ensure!(wrong.is_empty() || !response.body.contains(wrong), "{}", response.body);
    }
    for cookie in ["interlock_console=", "interlock_console=0", "__Secure-interlock_console=a"] {
        let response = room.send(&room.page(LIST).header("Cookie", cookie)).await?;
        assert_eq!(response.status, 303, "{cookie}");
    }
    // One that gets in begins to count anew.
    room.visitor(&token).await?;
    for _ in 0..10 {
        assert_eq!(room.send(&room.login("ila_wrong")).await?.status, 401);
    }
    let before = room.refusals().await?.len();
    let limited = room.send(&room.login("ila_wrong")).await?;
    ensure!(limited.status == 429 && limited.header("retry-after") == Some("60"), "{limited:?}");
    assert_eq!(room.refusals().await?.len(), before + 1);
    // Whoever has a token is kept out by nobody's tries.
    room.visitor(&token).await?;
    let secrets: Vec<String> = room.refusals().await?.iter().map(ToString::to_string).collect();
    ensure!(!secrets.iter().any(|record| record.contains(&token) || record.contains(&grant)), "{secrets:?}");
    Ok(())
}

#[tokio::test]
async fn a_session_ends_with_its_token() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let [of_alice, of_bob] = [room.visitor(&alice).await?, room.visitor(&bob).await?];
    let status = async |visitor: &crate::room::Visitor| -> Result<u16> {
        Ok(room.send(&visitor.sends(room.page(LIST))).await?.status)
    };
    assert_eq!((status(&of_alice).await?, status(&of_bob).await?), (200, 200));
    let output = room.scene.site.command(&["admin", "revoke", "alice"])?.output().await?;
    ensure!(output.status.success());
    let deadline = Instant::now() + PATIENCE;
    while status(&of_alice).await? != 303 {
        ensure!(Instant::now() < deadline, "the session goes on");
    }
    assert_eq!(status(&of_bob).await?, 200, "others go on");
    let form = room.form_token(&of_bob, LIST).await?;
    let out = of_bob.sends(room.form("/console/logout", &format!("form={form}")));
    let out = room.send(&out).await?;
    ensure!(
        out.status == 303 && out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")),
        "{out:?}"
    );
    assert_eq!(status(&of_bob).await?, 303);
    Ok(())
}

#[tokio::test]
async fn a_visit_from_another_site_is_sent_on_once_with_its_session() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let from_elsewhere = room.page("/console/approvals/0123").header("Sec-Fetch-Site", "cross-site");
    let page = room.send(&from_elsewhere).await?;
    ensure!(
        page.status == 200 && page.body.contains("content=\"0;url=/console/approvals/0123\""),
        "{page:?}"
    );
    let own = room.page("/console/approvals/0123").header("Sec-Fetch-Site", "same-origin");
    assert_eq!(room.send(&own).await?.status, 303);
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_that_encrypts_the_cookie_is_for_encrypted_connections() -> Result<()> {
    let room = Room::with_file("hold: 0s", "console: { url: \"https://ops.example.com\" }\n").await?;
    let token = room.token("alice").await?;
    let outside = |request: interlock_testkit::http::Request| {
        request.header("Host", "ops.example.com").header("Origin", "https://ops.example.com")
    };
    let response = room.send(&outside(room.login(&token))).await?;
    let cookie = response.header("set-cookie").context("no cookie")?;
    ensure!(cookie.starts_with("__Secure-interlock_console=") && cookie.contains("; Secure"), "{cookie}");
    let value = cookie.split(';').next().unwrap_or_default();
    let list = |cookie: &str| outside(room.page(LIST)).without("Origin").header("Cookie", cookie);
    assert_eq!(room.send(&list(value)).await?.status, 200);
    // One of the name that anybody can set in the clear is none there.
    let in_the_clear = value.trim_start_matches("__Secure-");
    assert_eq!(room.send(&list(in_the_clear)).await?.status, 303);
    let elsewhere = room.login(&token).header("Origin", "http://ops.example.com");
    room.refused("the same name in the clear", &elsewhere, 403).await?;
    Ok(())
}
