//! The names under which one client knows what several servers have: a tool by its server and its own name, a resource
//! by an address that begins with its server, a question by its server and its number.
//!
//! Each joint name can be taken apart in one way only, and what a server calls its own things cannot make them look
//! like another's: the server's name is the gateway's to write and stands first.

use interlock_json::canonical;

/// What joins a server's name and that of a tool or prompt.
const JOINT: &str = "__";
/// What the address of a resource begins with, before the server's name.
const SCHEME: &str = "interlock://";

/// Why a server is not served together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unjoinable {
    /// Names of tools and addresses cannot hold it as it stands.
    #[error("its name holds other characters than letters, digits, `-`, `_` and `.`")]
    Characters,
    /// Where it ends would not be certain.
    #[error("its name holds `__` or ends with `_`, so that its tools could be taken for another server's")]
    Joint,
    /// Another has the same name in other letters.
    #[error("another server's name differs from it in case or punctuation only")]
    Alike,
}

/// Why a server of this name is never served together with others, where that is so.
pub fn not_joinable(name: &str) -> Option<String> {
    let name = name.to_owned();
    let judged = joinable(&std::iter::once(&name));
    judged.into_iter().find_map(|(_, judged)| judged.err()).map(|why| why.to_string())
}

/// Which of a grant's servers can be served together, and which not.
pub(crate) fn joinable<'s>(
    servers: &(impl Iterator<Item = &'s String> + Clone),
) -> Vec<(&'s str, Result<(), Unjoinable>)> {
    let judged = |server: &'s String| {
        let alike = servers.clone().filter(|other| folded(other) == folded(server)).count() > 1;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let why = if server.is_empty() || !server.bytes().all(plain) {
            Some(Unjoinable::Characters)
        } else if server.contains(JOINT) || server.ends_with('_') {
            Some(Unjoinable::Joint)
        } else {
            alike.then_some(Unjoinable::Alike)
        };
        (server.as_str(), why.map_or(Ok(()), Err))
    };
    servers.clone().map(judged).collect()
}

/// As a reader sees it who does not look closely.
fn folded(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

/// Whether a server's own name for a tool or prompt reads as if it were another server's: it holds that server's name
/// and what joins it to a tool.
pub(crate) fn imitates<'s>(name: &str, others: &(impl Iterator<Item = &'s str> + Clone)) -> bool {
    let mut parts: Vec<&str> = name.split(JOINT).collect();
    parts.pop();
    parts.iter().any(|part| others.clone().any(|other| folded(part) == folded(other)))
}

/// What stands before a tool's or prompt's own name.
pub(crate) fn prefix(server: &str) -> String {
    format!("{server}{JOINT}")
}

/// The server and its own name for it.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    name.split_once(JOINT).filter(|(server, _)| !server.is_empty())
}

/// What stands before a resource's own address.
pub(crate) fn address_prefix(server: &str) -> String {
    format!("{SCHEME}{server}/")
}

/// The server and its own address of a resource.
pub(crate) fn split_address(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix(SCHEME)?.split_once('/').filter(|(server, _)| !server.is_empty())
}

/// A server's identifier or token (JSON) as its client knows it (JSON): the servers choose theirs without knowing of
/// each other.
pub(crate) fn tagged(server: &str, raw: &str) -> String {
    let mut text = String::new();
    canonical::write_str(&format!("{server}/{raw}"), &mut text);
    text
}

/// The server and its own identifier or token (JSON).
pub(crate) fn untagged(text: &str) -> Option<(&str, &str)> {
    text.split_once('/').filter(|(server, raw)| !server.is_empty() && is_scalar(raw))
}

/// Whether this is the JSON of a string or a number and nothing else: it is put into a message as it stands.
fn is_scalar(raw: &str) -> bool {
    let document = interlock_json::scan(raw, &interlock_json::Limits::default());
    document.is_ok_and(|document| {
        let root = document.root();
        matches!(root.kind(), interlock_json::Kind::String | interlock_json::Kind::Number)
            && root.raw() == raw
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joint_name_can_be_taken_apart_in_one_way_only() {
        for (name, expected) in [
            ("a__b", Some(("a", "b"))),
            ("a__b__c", Some(("a", "b__c"))),
            ("a___b", Some(("a", "_b"))),
            ("a-b.c__d", Some(("a-b.c", "d"))),
            ("a__", Some(("a", ""))),
            ("a_b", None),
            ("__b", None),
            ("b", None),
            ("", None),
        ] {
            assert_eq!(split(name), expected, "{name}");
        }
        // Every server that may be joined is found again, whatever its tool is called.
        for server in ["a", "_a", "a_b", "a-b", "A.1"] {
            for tool in ["t", "_t", "__t", "t__u", "", "a__t"] {
                assert_eq!(split(&format!("{}{tool}", prefix(server))), Some((server, tool)));
            }
        }
    }

    #[test]
    fn servers_whose_names_could_be_mistaken_are_left_out() {
        let names = ["a", "a__b", "c_", "d e", "Git-Hub", "github", "other"].map(str::to_owned);
        let left_out: Vec<_> = joinable(&names.iter())
            .into_iter()
            .filter_map(|(name, fits)| Some((name, fits.err()?)))
            .collect();
        assert_eq!(
            left_out,
            [
                ("a__b", Unjoinable::Joint),
                ("c_", Unjoinable::Joint),
                ("d e", Unjoinable::Characters),
                ("Git-Hub", Unjoinable::Alike),
                ("github", Unjoinable::Alike),
            ]
        );
    }

    #[test]
    fn a_tool_s_own_name_cannot_hold_another_server_s() {
        let others = ["github", "files"];
        for (name, expected) in [
            ("create_issue", false),
            ("github_create", false),
            ("a__b", false),
            ("github__create", true),
            ("GitHub__create", true),
            ("x__files__read", true),
            ("_files__read", true),
            ("files", false),
        ] {
            assert_eq!(imitates(name, &others.into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn an_address_says_whose_it_is_and_stays_what_it_was() {
        for uri in ["file:///a/b?c#d", "demo://{id}", "interlock://other/file:///a", "", "/"] {
            let address = format!("{}{uri}", address_prefix("a"));
            assert_eq!(split_address(&address), Some(("a", uri)));
        }
        for uri in ["file:///a", "interlock://a", "interlock:///x", "Interlock://a/x"] {
            assert_eq!(split_address(uri), None, "{uri}");
        }
    }

    #[test]
    fn what_a_client_sends_back_is_put_into_a_message_only_if_it_is_one_value() {
        for (text, expected) in [
            ("a/7", Some(("a", "7"))),
            ("a/\"x/y\"", Some(("a", "\"x/y\""))),
            ("a/7,\"method\":\"x\"", None),
            ("a/{}", None),
            ("a/ 7", None),
            ("a/", None),
            ("/7", None),
            ("7", None),
        ] {
            assert_eq!(untagged(text), expected, "{text}");
        }
        assert_eq!(tagged("a", "\"b\""), r#""a/\"b\"""#);
    }
}
