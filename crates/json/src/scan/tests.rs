use super::*;
use crate::error::ScanErrorKind as E;

fn kind_of(text: &str, limits: &Limits) -> Result<String, E> {
    scan(text, limits).map(|document| document.root().raw().to_owned()).map_err(|error| error.kind)
}

fn syntax(expected: &'static str) -> E {
    E::Syntax { expected }
}

fn duplicate(key: &str) -> E {
    E::DuplicateKey { key: key.to_owned() }
}

/// Every refusal beside a twin that differs only in what is refused.
#[test]
fn refusals_and_their_twins() {
    let check = |bad: &str, kind: E, good: &str| {
        let limits = Limits { bytes: 1000, depth: 3 };
        assert_eq!(kind_of(bad, &limits), Err(kind), "{bad}");
        assert_eq!(kind_of(good, &limits), Ok(good.trim().to_owned()), "{good}");
    };
    check("", E::UnexpectedEnd, " 0 ");
    check("\u{feff}{}", E::ByteOrderMark, "\"\u{feff}\"");
    check(r#"{"a":1,"a":1}"#, duplicate("a"), r#"{"a":1,"A":1}"#);
    check(r#"{"a":1,"\u0061":1}"#, duplicate("a"), r#"{"a":1,"\\u0061":1}"#);
    check(r#"{"\u0061":1,"a":1}"#, duplicate("a"), r#"{"\u0061":1,"b":1}"#);
    check(r#"[{"x":{"":1,"":2}}]"#, duplicate(""), r#"[{"":{"":1," ":2}}]"#);
    check(r#"{"\ud83d\ude00":1,"😀":2}"#, duplicate("😀"), r#"{"\ud83d\ude01":1,"😀":2}"#);
    check(r#"{"abcdefghi":1,"abcdefghi":2}"#, duplicate("abcdefghi"), r#"{"abcdefghi":1,"abcdefghj":2}"#);
    check("[[[[1]]]]", E::TooDeep { limit: 3 }, "[[[1],[1]]]");
    check(r#"{"a":{"b":[{}]}}"#, E::TooDeep { limit: 3 }, r#"{"a":{"b":[1]}}"#);
    check("{} {}", E::TrailingData, "{} ");
    check("{}\0", E::TrailingData, "{}\r\n");
    check("01", E::TrailingData, "10");
    check("NaN", E::NotFinite, "null");
    check("[Infinity]", E::NotFinite, r#"["Infinity"]"#);
    check("-Infinity", E::NotFinite, "-1");
    check("+1", syntax("a value"), "1");
    check(".5", syntax("a value"), "0.5");
    check("'a'", syntax("a value"), r#""a""#);
    check("True", syntax("a value"), "true");
    check("nul", E::UnexpectedEnd, "null");
    check("[nul]", syntax("a value"), "[null]");
    check("\u{a0}1", syntax("a value"), " \t\r\n1");
    check("1.", E::UnexpectedEnd, "1.0");
    check("[1.]", syntax("a digit"), "[1.0]");
    check("-", E::UnexpectedEnd, "-0");
    check("[1e]", syntax("a digit"), "[1e5]");
    check("[1e+]", syntax("a digit"), "[1E+05]");
    check("[-a]", syntax("a digit"), "[-1]");
    check("0x1", E::TrailingData, "0");
    check("[1,]", syntax("a value"), "[1]");
    check("[,1]", syntax("a value"), "[1,1]");
    check("[1 1]", syntax("`,` or `]`"), "[1 ,1]");
    check("[1}", syntax("`,` or `]`"), "[ ]");
    check(r#"{"a":1,}"#, syntax("a key in double quotes"), r#"{"a":1}"#);
    check(r#"{"a":1]"#, syntax("`,` or `}`"), r#"{ "a" : 1 }"#);
    check(r#"{"a" 1}"#, syntax("`:`"), r#"{"a":1}"#);
    check("{a:1}", syntax("a key in double quotes"), r#"{"a":1}"#);
    check("{1:1}", syntax("a key in double quotes"), r#"{"1":1}"#);
    check("[1] // why", E::TrailingData, "[1]");
    check("[/**/1]", syntax("a value"), "[1]");
    check("[", E::UnexpectedEnd, "[]");
    check("{", E::UnexpectedEnd, "{}");
    check("]", syntax("a value"), "[]");
    check(r#"{"a":"#, E::UnexpectedEnd, r#"{"a":0}"#);
    check(r#""a"#, E::UnexpectedEnd, r#""a""#);
    check(r#""a\"#, E::UnexpectedEnd, r#""a\\""#);
    check(r#""\u12"#, E::UnexpectedEnd, r#""\u1234""#);
    check("\"a\nb\"", E::ControlCharacter, "\"a\\nb\"");
    check("\"\u{0}\"", E::ControlCharacter, "\"\\u0000\"");
    check("\"12345678\u{1f}\"", E::ControlCharacter, "\"12345678\u{7f}\"");
    check(r#""\x41""#, syntax("one of `\"\\/bfnrtu` behind a backslash"), r#""\u0041""#);
    check(r#""\u00g0""#, syntax("four hexadecimal digits behind `\\u`"), r#""\u00A0""#);
    check(r#""\ud83d""#, E::LoneSurrogate, r#""\ud83d\ude00""#);
    check(r#""\ud83d\u0041""#, E::LoneSurrogate, r#""\u0041\ud83d\ude00""#);
    check(r#""\ude00\ud83d""#, E::LoneSurrogate, r#""\\ude00""#);
    check(r#"{"\ud83d":1}"#, E::LoneSurrogate, r#"{"\uD83D\uDE00":1}"#);
}

#[test]
fn size_is_counted_in_bytes() {
    let limits = Limits { bytes: 6, depth: 1 };
    assert_eq!(kind_of("\"éé\"", &limits), Ok("\"éé\"".to_owned()));
    assert_eq!(kind_of("\"éé \"", &limits), Err(E::TooLarge { limit: 6 }));
    let bytes = scan_bytes(b"\"      \"".to_vec(), &limits).map_err(|error| error.kind);
    assert_eq!(bytes.err(), Some(E::TooLarge { limit: 6 }));
}

#[test]
fn bytes_must_be_utf8() {
    let check = |bytes: &[u8], offset: Option<usize>| {
        let found = scan_bytes(bytes.to_vec(), &Limits::default()).err();
        let expected = offset.map(|offset| ScanError { kind: E::InvalidUtf8, offset });
        assert_eq!(found, expected, "{bytes:?}");
    };
    check("\"é\"".as_bytes(), None);
    check(b"\"\xe9\"", Some(1));
    check(b"\"\xc0\xaf\"", Some(1));
    check(b"\"ab\xed\xa0\xbd\"", Some(3));
    check(b"\xff\xfe{\0}\0", Some(0));
}

#[test]
fn offsets_point_at_the_fault() {
    let check = |text: &str, offset: usize| {
        let error = scan(text, &Limits { bytes: 100, depth: 2 }).unwrap_err();
        assert_eq!(error.offset, offset, "{text}: {error}");
    };
    check(r#"{"a":1,"b":2,"a":3}"#, 13);
    check(r#"[1, 2, x]"#, 7);
    check(r#"[[ [] ]]"#, 3);
    check(r#"{} 1"#, 3);
    check(r#"["ab\ud800"]"#, 4);
    check(r#"["a"#, 3);
    check("[\"a\tb\"]", 3);
}

/// Small objects are compared pair by pair, large ones sorted: both must find the same.
#[test]
fn duplicates_at_every_size_and_place() {
    for size in [1_usize, 2, 15, 16, 17, 18, 40] {
        let keys: Vec<String> = (0..size).map(|index| format!("\"key {index:03}\":[{index}]")).collect();
        let good = format!("{{{}}}", keys.join(","));
        assert_eq!(scan(&good, &Limits::default()).unwrap().root().len(), size);
        for place in 0..size {
            // Escaped differently, so that only the unescaped text is equal.
            let twin = format!("\"\\u006bey {place:03}\":0");
            let bad = format!("{{{},{twin}}}", keys.join(","));
            let error = scan(&bad, &Limits::default()).unwrap_err();
            assert_eq!(error.kind, duplicate(&format!("key {place:03}")), "{bad}");
            assert_eq!(error.offset, bad.len() - twin.len() - 1);
        }
    }
}

#[test]
fn large_objects_report_the_first_repetition() {
    let keys: Vec<String> = (0..30).map(|index| format!("\"{index}\":0")).collect();
    let bad = format!("{{{},\"7\":0,\"3\":0,\"7\":0,\"9\":0}}", keys.join(","));
    let error = scan(&bad, &Limits::default()).unwrap_err();
    assert_eq!((error.kind, error.offset), (duplicate("7"), bad.find("\"7\":0,\"3\"").unwrap()));
}

/// A quadratic search would take minutes here.
#[test]
fn hostile_objects_stay_cheap() {
    let same_print = (0..100_000).map(|index| format!("\"aaaaaaaa{index:08}\":0"));
    let text = format!("{{{}}}", same_print.collect::<Vec<_>>().join(","));
    assert_eq!(scan(&text, &Limits::default()).unwrap().root().len(), 100_000);
}

#[test]
fn depth_costs_no_stack() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let limits = Limits::default();
    assert_eq!(kind_of(&deep(101), &limits), Err(E::TooDeep { limit: 100 }));
    assert_eq!(kind_of(&deep(100), &limits), Ok(deep(100)));
    let endless = Limits { depth: usize::MAX, ..limits };
    let text = deep(1_000_000);
    let document = scan(&text, &endless).unwrap();
    assert_eq!(crate::canonical::to_string(document.root()), text);
}

#[test]
fn skimming_lets_through_what_can_still_be_answered() {
    let check = |text: &str, expected: Option<usize>| {
        let found = skim(text, &Limits { bytes: 60, depth: 1 }).ok();
        assert_eq!(found.map(|document| document.root().len()), expected, "{text}");
    };
    check(r#"{"id":1,"id":1}"#, Some(2));
    check(r#"{"id":1,"a":[[[[[]]]]]}"#, Some(2));
    check(r#"{"id":1,"a":"\ud800\ud83d\ude00"}"#, Some(2));
    check(r#"{"id":1,"a":NaN}"#, None);
    check(r#"{"id":1"#, None);
    check(&format!("[{}1]", "1,".repeat(30)), None);
}
