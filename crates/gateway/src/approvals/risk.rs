//! How much harm a tool may do, by what its server says of it. MCP ("Tool annotations") has hints for that: the server's
//! own word, which nobody has checked. Where it says nothing, the protocol has everybody expect the worst.

use interlock_json::{Limits, Value, scan};

/// What these annotations say, in words.
pub(super) fn told(annotations: Option<&str>) -> String {
    let document = annotations.and_then(|annotations| scan(annotations, &Limits::default()).ok());
    let hint = |name: &str| document.as_ref().and_then(|said| said.root().get(name)).and_then(Value::as_bool);
    let changes = match (hint("readOnlyHint"), hint("destructiveHint")) {
        (Some(true), _) => "only reads, as its server says, which nobody has checked",
        (_, Some(false)) => {
            "changes things and destroys nothing, as its server says, which nobody has checked"
        }
        (_, Some(true)) => "may destroy what is there, as its server says",
        (_, None) => "may destroy what is there: its server does not say otherwise",
    };
    let reach = match hint("openWorldHint") {
        Some(false) => "stays within the server, as that says",
        Some(true) => "reaches beyond the server, as that says",
        None => "may reach beyond the server",
    };
    format!("{changes}; {reach}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_expected_where_nothing_is_said() {
        let worst =
            "may destroy what is there: its server does not say otherwise; may reach beyond the server";
        for (annotations, expected) in [
            (None, worst),
            (Some("{}"), worst),
            (Some(r#"{"readOnlyHint":false}"#), worst),
            (Some(r#"{"readOnlyHint":"true","openWorldHint":0}"#), worst),
            (Some("[]"), worst),
            (Some("no JSON"), worst),
            (
                Some(r#"{"readOnlyHint":true,"openWorldHint":false}"#),
                "only reads, as its server says, which nobody has checked; stays within the server, as that says",
            ),
            (
                Some(r#"{"destructiveHint":true,"openWorldHint":true}"#),
                "may destroy what is there, as its server says; reaches beyond the server, as that says",
            ),
            (
                Some(r#"{"destructiveHint":false}"#),
                "changes things and destroys nothing, as its server says, which nobody has checked; may reach beyond the server",
            ),
        ] {
            assert_eq!(told(annotations), expected, "{annotations:?}");
        }
    }
}
