//! `unknown_args: deny`.

use interlock_json::{Limits, scan};

use super::{Schema, shown};

#[test]
#[rustfmt::skip]
fn what_no_part_declares_is_refused() {
    let table = [
        (r#"{"properties": {"a": true}}"#, r#"{"a": 1}"#, ""),
        (r#"{"properties": {"a": true}}"#, r#"{"a": 1, "b": 1}"#, r#"argument "b" is not declared by the tool"#),
        ("{}", r#"{"b": 1}"#, r#"argument "b" is not declared by the tool"#),
        ("{}", "{}", ""),
        (r#"{"properties": {"a": false}}"#, r#"{"a": 1}"#, r#"argument "a" is not declared by the tool"#),
        (r#"{"additionalProperties": true}"#, r#"{"b": 1}"#, r#"argument "b" is not declared by the tool"#),
        (r#"{"additionalProperties": {}}"#, r#"{"b": 1}"#, r#"argument "b" is not declared by the tool"#),
        (r#"{"additionalProperties": {"type": "string"}}"#, r#"{"b": "x"}"#, ""),
        (r#"{"patternProperties": {"^x": {}}}"#, r#"{"x1": 1}"#, ""),
        (r#"{"patternProperties": {"^x": {}}}"#, r#"{"y": 1}"#, r#"argument "y" is not declared by the tool"#),
        (r##"{"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"properties": {"a": true}}}}"##, r#"{"a": 1}"#, ""),
        (r#"{"oneOf": [{"properties": {"a": true}}, {"properties": {"b": true}}]}"#, r#"{"a": 1, "b": 1}"#, ""),
        (r#"{"not": {"properties": {"a": true}}}"#, r#"{"a": 1}"#, r#"argument "a" is not declared by the tool"#),
        (r#"{"if": {"properties": {"a": {"const": 1}}}, "then": {"properties": {"b": true}}}"#, r#"{"a": 1, "b": 1}"#, ""),
        // Further down, where members are declared at all.
        (r#"{"properties": {"a": {"properties": {"b": true}}}}"#, r#"{"a": {"c": 1}}"#, r#"argument "a.c" is not declared by the tool"#),
        (r#"{"properties": {"a": {"type": "object"}}}"#, r#"{"a": {"c": {"d": 1}}}"#, ""),
        (r#"{"properties": {"a": {"items": {"properties": {"b": true}}}}}"#, r#"{"a": [{"b": 1}, {"c": 1}]}"#, r#"argument "a[1].c" is not declared by the tool"#),
        (r#"{"properties": {"a": {"prefixItems": [true, {"properties": {"b": true}}]}}}"#, r#"{"a": [{"c": 1}, {"c": 1}]}"#, r#"argument "a[1].c" is not declared by the tool"#),
        (r#"{"additionalProperties": {"properties": {"b": true}}}"#, r#"{"x": {"b": 1}, "y": {"c": 1}}"#, r#"argument "y.c" is not declared by the tool"#),
        (r##"{"properties": {"a": {"$ref": "#"}}}"##, r#"{"a": {"a": {"a": 1, "b": 2}}}"#, r#"argument "a.a.b" is not declared by the tool"#),
        (r#"{"properties": {"a": {"anyOf": [{"properties": {"b": true}}, {"type": "null"}]}}}"#, r#"{"a": {"c": 1}}"#, r#"argument "a.c" is not declared by the tool"#),
    ];
    for (schema, arguments, expected) in table {
        let compiled = Schema::new(schema).unwrap();
        let document = scan(arguments, &Limits::default()).unwrap();
        assert_eq!(shown(compiled.refuse_undeclared(document.root())), expected, "{schema}\n{arguments}");
    }
}
