//! Messages for chats: the structure that they document, with nothing in it that others could make obey.

use anyhow::{Context, Result, ensure};
use interlock_testkit::script::Script;
use serde_json::{Value, json};

use crate::desk::{Desk, asks, verdict};
use crate::receiver::receiver;

/// What a hostile agent would like a chat to obey.
const HOSTILE: &str = "<!channel> <https://evil.example|click> *bold* [a](https://evil.example) @here \u{202e}txt &amp; <at>all</at>";

async fn message(format: &str) -> Result<Value> {
    let receiver = receiver().await?;
    let hook = format!(
        "notify: {{ webhook: {{ url: \"{}\", format: {format}, arguments: full }} }}, hold: 0s",
        receiver.url("/")
    );
    let desk = Desk::before(&asks(&hook), &Script::with_tools(&["look", "pay"]))?;
    let mut agent = desk.connect_as("p\u{430}yroll").await?;
    let arguments = json!({ "a": HOSTILE, "note": "x".repeat(5_000) });
    assert_eq!(verdict(&agent.call("pay", arguments).await?)?.0, "await_approval");
    receiver.wait_until("the message", |arrived| arrived.len() == 1).await?;
    Ok(receiver.arrived()[0].json())
}

/// Every text of a document.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

fn shows_what_hides(message: &Value) -> Result<()> {
    let mut found = Vec::new();
    texts(message, &mut found);
    ensure!(!found.iter().any(|text| text.contains('\u{202e}') || text.contains('\u{430}')), "{message}");
    ensure!(found.iter().any(|text| text.contains("\\u{202e}")), "{message}");
    ensure!(found.iter().any(|text| text.contains("p\\u{430}yroll")), "{message}");
    ensure!(found.iter().any(|text| text.contains("more letters)")), "it is not cut: {message}");
    Ok(())
}

#[tokio::test]
async fn slack_reads_no_markup_of_others() -> Result<()> {
    let message = message("slack").await?;
    shows_what_hides(&message)?;
    assert_eq!(message["text"], "A call waits for a person: pay at bank");
    let blocks = message["blocks"].as_array().context("no blocks")?;
    ensure!(blocks.len() <= 50, "{message}");
    assert_eq!(blocks[0]["type"], "header");
    for block in blocks {
        let kind = block["type"].as_str().unwrap_or_default();
        ensure!(["header", "section"].contains(&kind), "{block}");
        let fields = block["fields"].as_array().cloned().unwrap_or_default();
        ensure!(fields.len() <= 10, "{block}");
        for (text, most) in fields.iter().map(|field| (field, 2_000)).chain([(&block["text"], 3_000)]) {
            if text.is_null() {
                continue;
            }
            // Where nothing links to a console, all is plain.
            assert_eq!(text["type"], "plain_text");
            assert_eq!(text["emoji"], false);
            let text = text["text"].as_str().context("no text")?;
            ensure!(!text.is_empty() && text.chars().count() <= most, "{text}");
            ensure!(!text.contains(['<', '>']), "{text}");
        }
    }
    ensure!(message.to_string().contains("&lt;!channel&gt;"), "{message}");
    Ok(())
}

#[tokio::test]
async fn teams_reads_no_markdown_of_others() -> Result<()> {
    let message = message("teams").await?;
    shows_what_hides(&message)?;
    assert_eq!(message["type"], "message");
    let attachment = &message["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    ensure!(attachment["contentUrl"].is_null());
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    ensure!(message.to_string().len() < 28 << 10, "Teams takes no more");
    ensure!(card["msteams"].is_null(), "nobody is mentioned");
    let body = card["body"].as_array().context("no body")?;
    for (place, element) in body.iter().enumerate() {
        if place == 0 {
            assert_eq!(element["type"], "TextBlock");
            assert_eq!(element["text"], "A call waits for a person");
            continue;
        }
        // Runs of text are the one element in which Teams reads no Markdown.
        assert_eq!(element["type"], "RichTextBlock", "{element}");
        for run in element["inlines"].as_array().context("no runs")? {
            assert_eq!(run["type"], "TextRun", "{run}");
            ensure!(run["text"].is_string());
        }
    }
    Ok(())
}

/// With a console, chats have links that lead there.
#[tokio::test]
async fn chats_have_links_to_decide_by() -> Result<()> {
    for format in ["slack", "teams"] {
        let receiver = receiver().await?;
        let hook = format!(
            "notify: {{ webhook: {{ url: \"{}\", format: {format}, decide_as: \"ada|<!here>\" }} }}, hold: 0s",
            receiver.url("/")
        );
        let mut desk = Desk::before(&asks(&hook), &Script::with_tools(&["look", "pay"]))?;
        desk.interlock = desk.interlock.settings("console: { url: \"https://ops.example.com\" }")?;
        let mut agent = desk.connect().await?;
        assert_eq!(verdict(&agent.call("pay", json!({})).await?)?.0, "await_approval");
        receiver.wait_until("the message", |arrived| arrived.len() == 1).await?;
        let message = receiver.arrived()[0].json();
        let (links, labels): (Vec<String>, Vec<String>) = match format {
            "slack" => {
                let last = message["blocks"].as_array().and_then(|blocks| blocks.last()).context("none")?;
                assert_eq!(last["text"]["type"], "mrkdwn");
                let text = last["text"]["text"].as_str().unwrap_or_default();
                let link = |part: &str| {
                    let inside = part.trim().strip_prefix('<')?.strip_suffix('>')?;
                    inside.split_once('|').map(|(url, label)| (url.to_owned(), label.to_owned()))
                };
                text.split('·').filter_map(link).unzip()
            }
            _ => {
                let actions = message["attachments"][0]["content"]["actions"].as_array().context("none")?;
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                ensure!(actions.iter().all(|action| action["type"] == "Action.OpenUrl"), "{actions:?}");
                actions.iter().map(|action| (text(&action["url"]), text(&action["title"]))).unzip()
            }
        };
        assert_eq!(labels, ["Look at it", "Approve", "Deny"], "{message}");
        ensure!(links[0].starts_with("https://ops.example.com/console/approvals/"), "{links:?}");
        for link in &links {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || ":/.-_".contains(letter);
            ensure!(
                link.starts_with("https://ops.example.com/console/") && link.chars().all(plain),
                "{link}"
            );
        }
    }
    Ok(())
}
