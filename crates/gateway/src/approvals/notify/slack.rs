//! A message for an incoming webhook of Slack. What others say stands in `plain_text`, where Slack reads no markup; links
//! are the gateway's own.

use serde_json::{Value, json};

use super::card::Card;

/// Fields of one section, and letters of one text, that Slack takes.
const FIELDS: usize = 10;
const TEXT: usize = 3_000;

pub(super) fn body(card: &Card) -> Vec<u8> {
    let mut blocks = vec![json!({"type": "header", "text": plain_text(card.headline)})];
    for rows in card.rows.chunks(FIELDS) {
        let fields: Vec<Value> =
            rows.iter().map(|(what, text)| plain_text(&format!("{what}\n{text}"))).collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if let Some(arguments) = &card.arguments {
        blocks.push(json!({"type": "section", "text": plain_text(arguments)}));
    }
    if !card.links.is_empty() {
        let links: Vec<String> =
            card.links.iter().map(|(what, url)| format!("<{}|{what}>", escaped(url))).collect();
        let text = json!({"type": "mrkdwn", "text": links.join("  ·  "), "verbatim": true});
        blocks.push(json!({"type": "section", "text": text}));
    }
    let message = json!({
        "text": escaped(&card.summary),
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    });
    message.to_string().into_bytes()
}

fn plain_text(text: &str) -> Value {
    json!({"type": "plain_text", "text": escaped(text), "emoji": false})
}

/// With the three letters that Slack gives a meaning escaped, and no longer than it takes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = 0;
    for letter in text.chars() {
        let written = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            letter => {
                letters += 1;
                if letters > TEXT {
                    break;
                }
                out.push(letter);
                continue;
            }
        };
        letters += written.len();
        if letters > TEXT {
            break;
        }
        out.push_str(written);
    }
    out
}
