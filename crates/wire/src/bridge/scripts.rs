//! Conversations as text: what each side sends, and everything that must come of it, in order.
//!
//! | line | meaning |
//! |---|---|
//! | `C> json` | the client sends |
//! | `S> json` | the server sends, on no stream in particular; `S3> json` on that of request 3 |
//! | `C< json` | the client sees |
//! | `S< json` | the server sees |
//! | `closes 3` | the stream of request 3 to the server is closed |
//! | `changed Tools` | the gateway learns that a list has changed |
//! | `client closes 3`, `server closes 3`, `server gone` | what happens to streams |
//! | `at 20` | it is so many milliseconds since the beginning |
//!
//! `$META` stands for the modern members of a `_meta`, `$ALL` for those of a client that can be asked everything.

use std::collections::VecDeque;
use std::time::Duration;

use interlock_json::Limits;

use super::{Action, Bridge};
use crate::id::RequestId;
use crate::message::Message;

const META: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;
const ALL: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}}"#;

pub(super) fn message(text: &str) -> Message {
    let text = text.replace("$META", META).replace("$ALL", ALL);
    Message::parse(text.clone().into_bytes(), &Limits::default())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Plays a script and checks everything that comes of it.
pub(super) fn play(bridge: &mut dyn Bridge, script: &str) {
    let mut now = Duration::ZERO;
    let mut seen: VecDeque<String> = VecDeque::new();
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if is_expected(line) {
            let expected = line.replace("$META", META).replace("$ALL", ALL);
            assert_eq!(seen.pop_front().as_deref(), Some(&*expected), "\nin{script}");
        } else {
            assert!(seen.is_empty(), "before {line}\ncame {seen:#?}\nin{script}");
            if let Some(ms) = line.strip_prefix("at ") {
                now = Duration::from_millis(ms.parse().unwrap());
            }
            seen = happens(bridge, line, now).iter().map(shown).collect();
        }
    }
    assert!(seen.is_empty(), "at the end came {seen:#?}\nin{script}");
}

fn is_expected(line: &str) -> bool {
    ["C< ", "S< ", "closes ", "changed "].iter().any(|start| line.starts_with(start))
}

fn happens(bridge: &mut dyn Bridge, line: &str, now: Duration) -> Vec<Action> {
    if let Some(text) = line.strip_prefix("C> ") {
        return bridge.client_sent(&message(text), now);
    }
    if let Some(id) = line.strip_prefix("client closes ") {
        return bridge.client_closed(&RequestId::from(id.parse::<u64>().unwrap()), now);
    }
    if let Some(number) = line.strip_prefix("server closes ") {
        return bridge.server_closed(number.parse().unwrap(), now);
    }
    if line == "server gone" {
        return bridge.server_gone(now);
    }
    if line.starts_with("at ") {
        return bridge.tick(now);
    }
    let (stream, text) =
        line.strip_prefix('S').and_then(|line| line.split_once("> ")).unwrap_or_else(|| panic!("{line}"));
    bridge.server_sent(&message(text), stream.parse().ok(), now)
}

fn shown(action: &Action) -> String {
    match action {
        Action::ToServer(sent) => {
            message(&sent.line);
            format!("S< {}", sent.line)
        }
        Action::ToClient(sent) => {
            message(&sent.line);
            format!("C< {}", sent.line)
        }
        Action::CloseStream(number) => format!("closes {number}"),
        Action::Changed(list) => format!("changed {list:?}"),
    }
}
