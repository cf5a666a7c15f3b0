//! Keys that a reader who ignores case would take for keys of the protocol.

/// The keys that decide what a message means: all that the gateway judges by.
const PROTOCOL_KEYS: &[&str] = &[
    "jsonrpc",
    "id",
    "method",
    "params",
    "_meta",
    "result",
    "error",
    // What is asked for.
    "name",
    "arguments",
    "uri",
    "ref",
    "type",
    "notifications",
    "resourceSubscriptions",
    "cursor",
    "taskId",
    "requestId",
    "requestState",
    // What the client is asked.
    "resultType",
    "inputRequests",
    "mode",
    "tools",
    "toolChoice",
    "includeContext",
    "task",
    // What a list shows, beside `tools`.
    "prompts",
    "resources",
    "resourceTemplates",
];

/// The protocol's key that `key` equals under case folding, but not byte for byte.
pub(crate) fn variant_of(key: &str) -> Option<&'static str> {
    let mut known = PROTOCOL_KEYS.iter().copied();
    let known = if key.is_ascii() {
        known.find(|known| known.eq_ignore_ascii_case(key))
    } else {
        known.find(|known| key.chars().map(fold).eq(known.chars().map(fold)))
    };
    known.filter(|known| *known != key)
}

/// Unicode simple case folding, as far as its results are ASCII (CaseFolding.txt, status C).
fn fold(char: char) -> char {
    match char {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_and_their_twins() {
        let check =
            |key: &str, expected: Option<&'static str>| assert_eq!(variant_of(key), expected, "{key}");
        for key in PROTOCOL_KEYS.iter().copied() {
            check(key, None);
            check(&key.to_uppercase(), Some(key));
        }
        check("Id", Some("id"));
        check("iD", Some("id"));
        check("Method", Some("method"));
        check("param\u{17f}", Some("params"));
        check("ARGUMENT\u{17f}", Some("arguments"));
        check("requestid", Some("requestId"));
        check("re\u{17f}ourcetemplate\u{17f}", Some("resourceTemplates"));
        check("ta\u{17f}\u{212a}id", Some("taskId"));
        check("_META", Some("_meta"));
        check("\u{131}d", None);
        check("id ", None);
        check("ids", None);
        check("", None);
        check("names", None);
        check("to\u{212a}en", None);
    }

    /// Every character outside ASCII that the standard library's lower-casing makes ASCII is covered.
    #[test]
    fn no_other_letter_folds_to_ascii() {
        for char in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            let mut lower = char.to_lowercase();
            if let (Some(first), None) = (lower.next(), lower.next())
                && first.is_ascii()
            {
                assert_eq!(fold(char), first, "{char:?}");
            }
        }
    }
}
