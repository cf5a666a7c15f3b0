use super::*;
use crate::{Limits, scan};

fn canonical(text: &str) -> String {
    to_string(scan(text, &Limits::default()).unwrap().root())
}

#[test]
fn forms() {
    let check = |text: &str, expected: &str| {
        assert_eq!(canonical(text), expected, "{text}");
        assert_eq!(canonical(expected), expected);
    };
    check(" { } ", "{}");
    check("[ 1 , 2 ]", "[1,2]");
    check(r#"{"b":[{"d":1,"c":2}],"a":null}"#, r#"{"a":null,"b":[{"c":2,"d":1}]}"#);
    check("-0", "0");
    check("-0.0e7", "0");
    check("1.0", "1");
    check("1e0", "1");
    check("1E3", "1000");
    check("0.10", "0.1");
    check("1e21", "1e+21");
    check("1000000000000000000000", "1e+21");
    check("100000000000000000000", "100000000000000000000");
    check("1e-7", "1e-7");
    check("0.000001", "0.000001");
    check("5e-324", "5e-324");
    // RFC 8785 would round this one, which its double does not equal.
    check("333333333.33333329", "333333333.33333329");
    check("9007199254740991", "9007199254740991");
    check("9007199254740992", "9007199254740992");
    check("9007199254740993", "9007199254740993");
    check("1234567890123456789012345678901234567890123", "1234567890123456789012345678901234567890123");
    check("9007199254740993.0", "9007199254740993");
    check("9.007199254740993e15", "9007199254740993");
    check("0.10000000000000000555111512312578270", "0.1000000000000000055511151231257827");
    check("1e400", "1e+400");
    check("-1E400", "-1e+400");
    check("10e399", "1e+400");
    check("1e-400", "1e-400");
    check("0.1e-399", "1e-400");
    check("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827");
    check(
        r#""\u0061\/\u000a\u000B\"\\\u007f\u2028é\ud83d\ude00""#,
        "\"a/\\n\\u000b\\\"\\\\\u{7f}\u{2028}é😀\"",
    );
    check("\"\\u0000\\b\\f\\r\\t\\u001f\"", "\"\\u0000\\b\\f\\r\\t\\u001f\"");
}

/// RFC 8785 section 3.2.3, with the order it prescribes for its own example.
#[test]
fn sorted_by_utf16() {
    let text = r#"{"€":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","😀":"Emoji: Grinning Face","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis"}"#;
    let document = canonical(text);
    let document = scan(&document, &Limits::default()).unwrap();
    let keys: Vec<String> = document.root().members().map(|(key, _)| key.text().into_owned()).collect();
    assert_eq!(keys, ["\r", "1", "\u{80}", "ö", "€", "😀", "\u{fb33}"]);
}

/// Different numbers never share a form, even where their doubles are one.
#[test]
fn different_numbers_differ() {
    let numbers = ["9007199254740992", "9007199254740993", "9007199254740994", "0.1", "1e400", "1e401"];
    for a in numbers {
        for b in numbers {
            assert_eq!(canonical(a) == canonical(b), a == b, "{a} {b}");
        }
    }
}

#[test]
fn numbers_may_stand_as_they_are_written() {
    let as_written = |text: &str| super::as_written(scan(text, &Limits::default()).unwrap().root());
    let text = r#"{"b":[500.0,5e2,1E400,-0],"a":"\u0041"}"#;
    assert_eq!(as_written(text), r#"{"a":"A","b":[500.0,5e2,1E400,-0]}"#);
    assert_ne!(as_written("500"), as_written("500.0"));
    assert_eq!(as_written(r#"{"a":1,"b":2}"#), as_written(r#"{ "b": 2, "a": 1 }"#));
}
