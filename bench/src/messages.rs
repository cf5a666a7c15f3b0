//! What is said over HTTP, in either era. Arguments and answers are those of the benchmarks over stdio.

use clap::ValueEnum;
use interlock_benches::messages::{self, ARGUMENTS, TOOL};

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Era {
    /// With a handshake and a session (2025-11-25).
    Legacy,
    /// Every request by itself (2026-07-28).
    Modern,
}

impl Era {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }

    /// The version of the protocol.
    pub fn version(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// What a modern request says of its client.
const META: &str = concat!(
    r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"#,
    r#""io.modelcontextprotocol/clientCapabilities":{}}"#
);

/// A call under this identifier.
pub fn call(era: Era, id: u64) -> String {
    match era {
        Era::Legacy => messages::call(id),
        Era::Modern => format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{TOOL}","arguments":{ARGUMENTS},{META}}}}}"#
        ),
    }
}

/// What the server answers to what was posted; nothing to a notification.
pub fn answer(body: &str) -> Option<String> {
    let id = messages::id_of(body)?;
    let result = if body.contains("\"tools/call\"") {
        r#"{"resultType":"complete","content":[{"type":"text","text":"charge ch_3MmlLrLkdIwHu7ix0snN0B15 of 42.00 usd: succeeded"}],"isError":false}"#.to_owned()
    } else if body.contains("\"initialize\"") {
        r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}"#.to_owned()
    } else if body.contains("\"server/discover\"") {
        r#"{"resultType":"complete","ttlMs":0,"cacheScope":"private","supportedVersions":["2025-11-25","2026-07-28"],"capabilities":{"tools":{}},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"bench","version":"1"}}}"#.to_owned()
    } else if body.contains("\"tools/list\"") {
        format!(
            r#"{{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{{"name":"{TOOL}","inputSchema":{{"type":"object","required":["amount"]}}}}]}}"#
        )
    } else {
        r#"{"resultType":"complete"}"#.to_owned()
    };
    Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_answers_are_json_of_their_era() {
        for era in [Era::Legacy, Era::Modern] {
            let call: serde_json::Value = serde_json::from_str(&call(era, 7)).unwrap();
            assert_eq!(call["params"]["_meta"].is_object(), era == Era::Modern);
            let answer: serde_json::Value =
                serde_json::from_str(&answer(&call.to_string()).unwrap()).unwrap();
            assert_eq!(answer["id"], 7);
            assert_eq!(answer["result"]["isError"], false);
        }
        assert_eq!(answer(messages::INITIALIZED), None);
    }
}
