//! A card for a workflow of Microsoft Teams ("when a webhook request is received"). What others say stands in runs of
//! text, in which Teams reads no Markdown.

use serde_json::{Value, json};

use super::card::Card;

pub(super) fn body(card: &Card) -> Vec<u8> {
    let mut body = vec![json!({
        "type": "TextBlock", "text": card.headline, "size": "Large", "weight": "Bolder", "wrap": true,
    })];
    body.extend(card.rows.iter().map(|(what, text)| {
        rich(&[json!({"type": "TextRun", "text": format!("{what}: "), "weight": "Bolder"}), run(text)])
    }));
    if let Some(arguments) = &card.arguments {
        body.extend(arguments.lines().map(|line| rich(&[monospace(line)])));
    }
    let actions: Vec<Value> = card
        .links
        .iter()
        .map(|(what, url)| json!({"type": "Action.OpenUrl", "title": what, "url": url}))
        .collect();
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": card.summary,
        "body": body,
        "actions": actions,
    });
    let message = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": content,
        }],
    });
    message.to_string().into_bytes()
}

fn rich(runs: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

fn run(text: &str) -> Value {
    json!({"type": "TextRun", "text": text})
}

fn monospace(text: &str) -> Value {
    json!({"type": "TextRun", "text": text, "fontType": "Monospace"})
}
