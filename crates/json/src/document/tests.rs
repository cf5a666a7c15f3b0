use crate::{Decimal, DecimalError, Kind, Limits, Value, scan};

#[test]
fn every_kind_answers_only_as_itself() {
    let check = |text: &str, kind: Kind, expected: &str| {
        let document = scan(text, &Limits::default()).unwrap();
        let value = document.root();
        let found = format!(
            "{:?} {:?} {:?} {} {}",
            value.as_bool(),
            value.as_number(),
            value.as_str().as_deref(),
            value.len(),
            value.is_null(),
        );
        assert_eq!((value.kind(), found.as_str()), (kind, expected), "{text}");
        assert_eq!(value.raw(), text.trim());
    };
    check("null", Kind::Null, "None None None 0 true");
    check("true", Kind::Bool, "Some(true) None None 0 false");
    check("false ", Kind::Bool, "Some(false) None None 0 false");
    check(" -1.50e+3", Kind::Number, "None Some(\"-1.50e+3\") None 0 false");
    check(r#""a\u0062""#, Kind::String, "None None Some(\"ab\") 0 false");
    check("[1,[2],3]", Kind::Array, "None None None 3 false");
    check(r#"{"a":{"b":1}}"#, Kind::Object, "None None None 1 false");
}

#[test]
fn members_and_items_skip_what_is_inside() {
    let text = r#"{"a":[1,{"x":[]},"s"],"b\n":{"c":[[]]},"":null}"#;
    let document = scan(text, &Limits::default()).unwrap();
    let root = document.root();
    let members: Vec<_> = root.members().map(|(key, value)| (key.text().into_owned(), value.raw())).collect();
    let expected = [("a", r#"[1,{"x":[]},"s"]"#), ("b\n", r#"{"c":[[]]}"#), ("", "null")]
        .map(|(key, raw)| (key.to_owned(), raw));
    assert_eq!(members, expected);
    let items: Vec<_> = root.get("a").unwrap().items().map(Value::raw).collect();
    assert_eq!(items, ["1", r#"{"x":[]}"#, r#""s""#]);
    assert_eq!(root.get("b\n").unwrap().get("c").unwrap().raw(), "[[]]");
    assert_eq!(root.items().count(), 0);
    assert_eq!(root.get("a").unwrap().members().count(), 0);
}

#[test]
fn keys_and_strings_compare_without_unescaping_into_memory() {
    let check = |raw: &str, text: &str, expected: bool| {
        let document = format!("{{{raw}:{raw}}}");
        let document = scan(&document, &Limits::default()).unwrap();
        let (key, value) = document.root().members().next().unwrap();
        assert_eq!((key.is(text), value.is_str(text)), (expected, expected), "{raw} {text}");
        assert_eq!(document.root().get(text).is_some(), expected);
    };
    check(r#""name""#, "name", true);
    check(r#""name""#, "Name", false);
    check(r#""name""#, "nam", false);
    check(r#""n\u0061me""#, "name", true);
    check(r#""n\u0061me""#, r"n\u0061me", false);
    check(r#""\ud83d\ude00""#, "😀", true);
    check(r#""""#, "", true);
}

#[test]
fn a_value_is_found_again_by_its_id() {
    let document = scan(r#"[{"a":1},2]"#, &Limits::default()).unwrap();
    let one = document.root().items().next().unwrap().get("a").unwrap();
    assert_eq!(document.at(one.id()).raw(), "1");
    let other = scan("0", &Limits::default()).unwrap();
    assert_eq!((other.at(one.id()).kind(), other.at(one.id()).raw()), (Kind::Null, ""));
    assert_eq!(document.at(document.root().id()).raw(), document.source());
}

#[test]
fn exact_numbers() {
    let check = |text: &str, expected: Option<Result<&str, DecimalError>>| {
        let document = scan(text, &Limits::default()).unwrap();
        let expected = expected.map(|number| number.map(|text| Decimal::parse(text).unwrap()));
        assert_eq!(document.root().decimal(), expected, "{text}");
    };
    check("9007199254740993", Some(Ok("9007199254740993")));
    check("1.10", Some(Ok("1.1")));
    check("1e999999999", Some(Err(DecimalError::OutOfRange)));
    check(r#""1""#, None);
    check("null", None);
}
