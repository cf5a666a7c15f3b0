//! People decide by the admin API.

use anyhow::{Result, ensure};
use interlock_store::Standing;
use interlock_testkit::http::Request;
use serde_json::{Value, json};

use crate::room::{Room, payment, verdict};

#[tokio::test]
async fn an_operator_approves_and_exactly_that_call_is_made() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let arguments = json!({ "to": "acme \u{430}", "amount": 9_007_199_254_740_993_u64 });
    let call = room.ask(arguments.clone()).await?;

    let list =
        room.send(&room.api(&token, "GET", "?state=waiting&server=recording&name=pay")).await?.answer()?;
    let [listed] = list["approvals"].as_array().map_or(&[][..], Vec::as_slice) else { panic!("{list}") };
    assert_eq!((&listed["id"], &listed["rule_name"]), (&json!(call.id), &json!("payments need a person")));
    ensure!(listed["arguments"].is_null(), "lists are short: {listed}");
    let whole = room.send(&room.api(&token, "GET", &format!("/{}", call.id))).await?;
    ensure!(whole.body.contains("9007199254740993"), "{}", whole.body);
    let whole = whole.answer()?;
    assert_eq!(whole["definition"]["description"], "The tool pay.");
    ensure!(whole["marked"][0].as_str().is_some_and(|mark| mark.contains("Cyrillic")), "{whole}");
    ensure!(room.paid()?.is_empty(), "looking decides nothing");

    let decision = room.decision(&token, &call.id, &json!({ "approve": true, "reason": "checked" }));
    let decided = room.send(&decision).await?;
    ensure!(decided.status == 200, "{decided:?}");
    assert_eq!(decided.answer()?["approval"]["state"], "approved");
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    assert_eq!(room.paid()?, [arguments]);
    let steps = room.steps().await?;
    assert_eq!(steps, ["approved operator:alice", "approving operator:alice", "asked", "taken"]);
    // Once it is used it is too late for anything.
    let late = room.send(&room.decision(&token, &call.id, &json!({ "approve": false }))).await?;
    ensure!(late.status == 409 && late.body.contains("it is used already"), "{late:?}");
    assert_eq!(room.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_operator_denies_and_the_agent_hears_why() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let call = room.ask(payment()).await?;
    let said = json!({ "approve": false, "reason": "ask acme first" });
    assert_eq!(room.send(&room.decision(&token, &call.id, &said)).await?.status, 200);
    let answer = call.answer.await??;
    let (verdict, words) = verdict(&answer)?;
    ensure!(verdict == "deny" && words.contains("a person denied this call: ask acme first"), "{answer}");
    ensure!(room.paid()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn whoever_is_not_named_decides_nothing() -> Result<()> {
    let room = Room::new("hold: 60s, approvers: [\"operator:bob\", alice, \"link:alice\"]").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let grant = room.scene.site.token("team").await?;
    let call = room.ask(payment()).await?;
    let yes = json!({ "approve": true });
    let refused = room.send(&room.decision(&alice, &call.id, &yes)).await?;
    ensure!(refused.status == 403 && refused.body.contains("operator:alice may not"), "{refused:?}");
    for token in [grant.as_str(), "ila_made-up"] {
        room.refused("no operator", &room.decision(token, &call.id, &yes), 401).await?;
    }
    room.refused("nobody", &room.decision(&bob, &call.id, &yes).without("Authorization"), 401).await?;
    let page = room.decision(&bob, &call.id, &yes).header("Origin", &format!("http://{}", room.admin));
    room.refused("a page, even one of ours", &page, 403).await?;
    assert_eq!(room.standing(&call.id).await?, Standing::Waiting);
    assert_eq!(room.steps().await?, ["asked", "not allowed operator:alice"]);
    assert_eq!(room.send(&room.decision(&bob, &call.id, &yes)).await?.status, 200);
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    Ok(())
}

#[tokio::test]
async fn one_account_has_one_say() -> Result<()> {
    let room = Room::new("hold: 60s, needed: 2").await?;
    let [alice, bob] = [room.token("alice").await?, room.token("bob").await?];
    let call = room.ask(payment()).await?;
    let yes = json!({ "approve": true });
    let first = room.send(&room.decision(&alice, &call.id, &yes)).await?;
    ensure!(first.status == 200 && first.body.contains("1 of 2 approvals"), "{first:?}");
    let again = room.send(&room.decision(&alice, &call.id, &yes)).await?;
    ensure!(again.status == 409 && again.body.contains("decided already"), "{again:?}");
    ensure!(room.paid()?.is_empty());
    assert_eq!(room.send(&room.decision(&bob, &call.id, &yes)).await?.status, 200);
    assert_eq!(verdict(&call.answer.await??)?.0, "done");
    assert_eq!(room.paid()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn many_decisions_at_once_are_one() -> Result<()> {
    let room = Room::new("hold: 60s").await?;
    let token = room.token("alice").await?;
    let call = room.ask(payment()).await?;
    let sent = (0..8).map(|number| {
        let request = room.decision(&token, &call.id, &json!({ "approve": number % 2 == 0 }));
        let admin = room.admin.clone();
        tokio::spawn(async move { request.send(&admin).await })
    });
    let mut statuses = Vec::new();
    for sent in sent.collect::<Vec<_>>() {
        statuses.push(sent.await??.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    let made = usize::from(verdict(&call.answer.await??)?.0 == "done");
    assert_eq!(room.paid()?.len(), made);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    let id = room.ask(payment()).await?.id;
    let yes = json!({ "approve": true });
    for guess in ["0".repeat(32), id.to_uppercase(), id[..31].to_owned(), format!("{id}0")] {
        room.refused("a guess", &room.decision(&token, &guess, &yes), 404).await?;
        room.refused("a guess", &room.api(&token, "GET", &format!("/{guess}")), 404).await?;
    }
    // Commands show the beginning of a name, and know calls by it.
    let begins = room.api(&token, "GET", &format!("/{}", &id[..8]));
    let begins = room.refused("the beginning of a name", &begins, 404).await?;
    ensure!(begins.body.contains("the whole name is needed here"), "{begins:?}");
    for (body, status) in [
        (json!({}), 422),
        (json!({ "approve": "yes" }), 422),
        (json!({ "approve": true, "by": "operator:bob" }), 422),
        (json!({ "approve": true, "reason": " " }), 422),
        (json!({ "approve": true, "reason": "x".repeat(1_001) }), 422),
    ] {
        let answer = room.send(&room.decision(&token, &id, &body)).await?;
        ensure!(answer.status == status, "{body}: {answer:?}");
    }
    for query in ["?state=open", "?limit=0", "?limit=201", "?sate=waiting", "?before=x"] {
        assert_eq!(room.send(&room.api(&token, "GET", query)).await?.status, 400, "{query}");
    }
    assert_eq!(room.standing(&id).await?, Standing::Waiting);
    Ok(())
}

#[tokio::test]
async fn lists_come_page_by_page() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    let mut asked = Vec::new();
    for amount in 0..5 {
        asked.push(room.ask(json!({ "amount": amount })).await?.id);
    }
    asked.reverse();
    let list =
        async |query: &str| -> Result<Value> { room.send(&room.api(&token, "GET", query)).await?.answer() };
    let (mut found, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&query).await?;
        let ids = page["approvals"].as_array().into_iter().flatten();
        found.extend(ids.map(|one| one["id"].as_str().unwrap_or_default().to_owned()));
        let Some(next) = page["next"].as_i64() else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(found, asked);
    for query in ["?state=denied", "?grant=others", "?server=other", "?name=look"] {
        assert_eq!(list(query).await?["approvals"], json!([]), "{query}");
    }
    assert_eq!(list("?grant=team&state=waiting").await?["approvals"].as_array().map(Vec::len), Some(5));
    Ok(())
}

#[tokio::test]
async fn the_document_has_it() -> Result<()> {
    let room = Room::new("hold: 0s").await?;
    let token = room.token("alice").await?;
    let request = Request::new(&room.admin, "GET", "/api/v1/openapi.json");
    let document = room.send(&request.header("Authorization", &format!("Bearer {token}"))).await?.answer()?;
    let decision = &document["paths"]["/api/v1/approvals/{id}/decision"]["post"]["responses"];
    for status in ["200", "403", "404", "409", "422", "503"] {
        ensure!(decision[status].is_object(), "{status}: {decision}");
    }
    Ok(())
}
