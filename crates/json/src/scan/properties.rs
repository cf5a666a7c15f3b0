//! The scan against serde_json as an oracle.

use proptest::prelude::*;

use crate::{Document, Kind, Limits, ScanErrorKind, Value, canonical, scan};

/// Text made of pieces of JSON, so that most of it is nearly right.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just(" "),
        Just("\n"),
        Just("\""),
        Just("\"a\""),
        Just("\"b\\n\""),
        Just("\"\\u00e9é\""),
        Just("\"\\ud83d\\ude00\""),
        Just("\\"),
        Just("0"),
        Just("-"),
        Just("12"),
        Just(".5"),
        Just("e3"),
        Just("true"),
        Just("false"),
        Just("null"),
        Just("\t"),
        Just("\u{1}"),
        Just("{\"k\":"),
        Just("\"k\":1"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(".{0,12}", inner, 0..24)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// The value as this crate understands it, for comparing.
fn understood(value: Value<'_>) -> serde_json::Value {
    match value.kind() {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool => value.as_bool().unwrap().into(),
        Kind::Number => serde_json::from_str(value.raw()).unwrap(),
        Kind::String => value.as_str().unwrap().into(),
        Kind::Array => value.items().map(understood).collect(),
        Kind::Object => {
            let member =
                |(key, value): (crate::Key<'_>, Value<'_>)| (key.text().into_owned(), understood(value));
            value.members().map(member).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

fn strict(text: &str) -> Result<Document<&str>, ScanErrorKind> {
    scan(text, &Limits::default()).map_err(|error| error.kind)
}

/// Every handle leads to where it says it does.
fn check_places(document: &Document<&str>, value: Value<'_>) {
    assert_eq!(&document.source()[value.span()], value.raw());
    assert_eq!(document.at(value.id()).raw(), value.raw());
    assert_eq!(value.members().count() + value.items().count(), value.len());
    for (key, member) in value.members() {
        assert_eq!(&document.source()[key.span()], key.raw());
        assert!(key.is(&key.text()));
        assert_eq!(value.get(&key.text()).unwrap().span(), member.span());
        check_places(document, member);
    }
    value.items().for_each(|item| check_places(document, item));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What serde_json refuses is refused, and what it accepts is accepted but for what this scan is
    /// stricter about.
    #[test]
    fn accepts_what_serde_json_accepts(text in nearly_json()) {
        let oracle = serde_json::from_str::<serde_json::Value>(&text);
        match (strict(&text), oracle) {
            (Ok(document), Ok(value)) => {
                prop_assert!(same(&understood(document.root()), &value));
                check_places(&document, document.root());
            }
            (Err(_), Err(_)) | (Err(ScanErrorKind::DuplicateKey { .. }), Ok(_)) => {}
            (found, oracle) => prop_assert!(false, "{:?}: {:?}, serde_json: {:?}", text, found, oracle),
        }
    }
}

proptest! {
    /// What serde_json writes is read as the same value, spaced or not.
    #[test]
    fn reads_what_serde_json_writes(value in value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let document = strict(&text).unwrap();
            prop_assert!(same(&understood(document.root()), &value));
            check_places(&document, document.root());
        }
    }

    #[test]
    fn never_panics(text: String) {
        let _ = strict(&text);
        let _ = crate::skim(&text, &Limits::default());
    }

    /// A cut text is never accepted for the whole one.
    #[test]
    fn every_object_ends(value in value(), cut in 0_usize..2_000) {
        let text = serde_json::to_string(&serde_json::json!({ "a": value })).unwrap();
        let cut = (0..text.len().min(cut + 1)).rfind(|cut| text.is_char_boundary(*cut)).unwrap();
        prop_assert_eq!(strict(&text[..cut]).err(), Some(ScanErrorKind::UnexpectedEnd));
    }

    /// An accepted document's canonical form is a fixed point and means the same.
    #[test]
    fn canonical_form_is_a_fixed_point(value in value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let form = canonical::to_string(strict(&text).unwrap().root());
        let again = strict(&form).unwrap();
        prop_assert_eq!(canonical::to_string(again.root()), form.clone());
        prop_assert!(same(&value, &understood(again.root())));
    }

    /// Strings as serde_json writes them are strings as RFC 8785 does, but for U+007F, which needs no escape
    /// in either.
    #[test]
    fn canonical_strings(text: String) {
        let mut out = String::new();
        canonical::write_str(&text, &mut out);
        prop_assert_eq!(out, serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn utf16_order(a: String, b: String) {
        prop_assert_eq!(canonical::cmp_utf16(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }

    /// Characters on both sides of the surrogates, which random text seldom has in one place.
    #[test]
    fn utf16_order_around_surrogates(a in "[a\u{d7ff}\u{e000}\u{fb33}\u{ffff}\u{10000}\u{10ffff}]{0,4}", b in "[a\u{d7ff}\u{e000}\u{fb33}\u{ffff}\u{10000}\u{10ffff}]{0,4}") {
        prop_assert_eq!(canonical::cmp_utf16(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }

    /// Duplicates are found wherever serde_json's map would lose a member, and nowhere else.
    #[test]
    fn duplicates_are_what_a_map_would_lose(keys in prop::collection::vec("[ab]{0,2}", 0..6), many: bool) {
        let padding = if many { 30 } else { 0 };
        let keys = keys.into_iter().chain((0..padding).map(|index| format!("pad{index}")));
        let members: Vec<String> = keys.map(|key| format!("\"{key}\":0")).collect();
        let text = format!("{{{}}}", members.join(","));
        let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(strict(&text).is_ok(), map.len() == members.len());
    }
}

/// Equal values; numbers by their doubles, because `1.0` becomes `1`, and nearly, because serde_json rounds
/// the last bit wrongly unless a feature says otherwise.
fn same(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value as V;
    match (a, b) {
        (V::Number(a), V::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 4.0 * f64::EPSILON
        }
        (V::Array(a), V::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (V::Object(a), V::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
