//! Messages of the size that the budgets are set for: about 200 bytes of arguments.

/// The tool that is called.
pub const TOOL: &str = "create_charge";

/// The arguments: 200 bytes, some of everything.
pub const ARGUMENTS: &str = concat!(
    r#"{"amount":4200,"currency":"usd","customer":"cus_9s6XKzkNRiz8i3","capture":true,"#,
    r#""metadata":{"order":"2025-000-417","channel":"web","tags":["new","gift"]},"#,
    r#""description":"Two tickets, row 7, north side"}"#
);

/// A call under this identifier, as one line without its line feed.
pub fn call(id: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{TOOL}","arguments":{ARGUMENTS}}}}}"#
    )
}

/// A request that is relayed without being judged or recorded.
pub fn ping(id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}

/// The answer to a call.
pub fn answer(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":"charge ch_3MmlLrLkdIwHu7ix0snN0B15 of 42.00 usd: succeeded"}}],"isError":false}}}}"#
    )
}

/// What a client says first.
pub const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","#,
    r#""capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#
);

/// What it says then.
pub const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The identifier of a message that [`call`] or [`answer`] made: raw, found by its place, not by parsing.
pub fn id_of(line: &str) -> Option<&str> {
    let rest = line.split_once("\"id\":")?.1;
    Some(rest.split([',', '}']).next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_have_the_size_that_the_budgets_are_for() {
        assert_eq!(ARGUMENTS.len(), 200);
    }

    #[test]
    fn identifiers_are_found() {
        assert_eq!(id_of(&call(7)), Some("7"));
        assert_eq!(id_of(&answer("12")), Some("12"));
        assert_eq!(id_of(INITIALIZED), None);
    }
}
