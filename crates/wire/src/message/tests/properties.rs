use proptest::prelude::*;

use super::message;
use crate::id::RequestId;
use crate::splice::Edit;

/// JSON texts of a value, with spaces and notations that a rewriting reader would change.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just(" true ".to_owned()),
        Just("1.50e+3".to_owned()),
        Just("-0".to_owned()),
        Just("9007199254740993".to_owned()),
        Just(r#""\u0061\/\ud83d\ude00""#.to_owned()),
        "\"[a-zé ]{0,8}\"",
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let member = |(index, item): (usize, String)| format!("\"Id{index}\" :{item}");
                format!("{{ {}}}", items.into_iter().enumerate().map(member).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|id| id.to_string()),
        any::<u64>().prop_map(|id| id.to_string()),
        "\"[a-z ]{0,8}\"",
        Just(r#""\u0069\"""#.to_owned()),
    ]
}

/// The parts of a request around its id, in either order.
fn request() -> impl Strategy<Value = (String, String, String)> {
    (id(), json(), any::<bool>()).prop_map(|(id, arguments, first)| {
        let call =
            format!(r#""method":"tools/call" ,"params":{{"name":"x","arguments":{{"a":{arguments}}}}}"#);
        if first {
            (r#"{"jsonrpc":"2.0","id": "#.to_owned(), id, format!(" ,{call}}}"))
        } else {
            (format!(r#" {{{call},"jsonrpc":"2.0","id":"#), id, "} ".to_owned())
        }
    })
}

proptest! {
    /// Splicing an id changes nothing else: undone, every byte is back.
    #[test]
    fn splicing_an_id_leaves_every_other_byte((before, id, after) in request(), new in id()) {
        let source = format!("{before}{id}{after}");
        let original = message(&source);
        let spliced = original.with_id(&new);
        prop_assert_eq!(&spliced, &format!("{}{}{}", before, new, after));
        let back = message(&spliced);
        prop_assert_eq!(back.id().unwrap().raw(), new.as_str());
        prop_assert_eq!(back.with_id(&id), source);
        prop_assert_eq!(back.params().unwrap().raw(), original.params().unwrap().raw());
    }

    /// The same for a progress token and a cursor beside each other.
    #[test]
    fn splicing_tokens_and_cursors(token in id(), cursor in "\"[a-z]{0,6}\"", other in json(), new in id()) {
        let text = |cursor: &str, token: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"cursor":{cursor},"x":{other},"_meta":{{"progressToken":{token}}}}}}}"#)
        };
        let message = message(&text(&cursor, &token));
        let edits = vec![
            Edit::new(message.progress_token().unwrap().span(), new.as_str()),
            Edit::new(message.params().unwrap().get("cursor").unwrap().span(), "\"wrapped\""),
        ];
        prop_assert_eq!(message.with_edits(edits), text("\"wrapped\"", &new));
    }

    /// An id survives being remembered and written elsewhere.
    #[test]
    fn ids_round_trip(id in id()) {
        let text = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let kept = message(&text(&id)).id().unwrap().to_request_id();
        let again = message(&text(kept.raw())).id().unwrap().to_request_id();
        prop_assert_eq!(&kept, &again);
        let value = serde_json::from_str::<serde_json::Value>(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(kept.raw()).unwrap(), value);
    }

    #[test]
    fn string_ids_are_equal_by_text(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let parsed = message(&format!(r#"{{"jsonrpc":"2.0","id":{json},"method":"ping"}}"#));
        prop_assert_eq!(parsed.id().unwrap().to_request_id(), RequestId::from(text.as_str()));
    }
}
