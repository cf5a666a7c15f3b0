//! Every keyword, fulfilled and broken, and what is said then.

use super::check;

/// A schema of one argument.
fn of_a(schema: &str) -> String {
    format!(r#"{{"type": "object", "properties": {{"a": {schema}}}}}"#)
}

fn check_a(table: &[(&str, &str, &str)]) {
    for (schema, value, expected) in table {
        check(&[(&of_a(schema), &format!(r#"{{"a": {value}}}"#), expected)]);
    }
}

#[test]
#[rustfmt::skip]
fn values_by_themselves() {
    check_a(&[
        (r#"{"type": "string"}"#, r#""x""#, ""),
        (r#"{"type": "string"}"#, "5", r#"argument "a" must be text, not a number"#),
        (r#"{"type": "string"}"#, "null", r#"argument "a" must be text, not null"#),
        (r#"{"type": ["string", "null"]}"#, "null", ""),
        (r#"{"type": ["string", "null"]}"#, "[]", r#"argument "a" must be text or null, not an array"#),
        (r#"{"type": "integer"}"#, "5", ""),
        (r#"{"type": "integer"}"#, "5.0", ""),
        (r#"{"type": "integer"}"#, "1e3", ""),
        (r#"{"type": "integer"}"#, "5.5", r#"argument "a" must be a whole number"#),
        (r#"{"type": "integer"}"#, r#""5""#, r#"argument "a" must be a whole number, not text"#),
        (r#"{"type": ["integer", "string"]}"#, "0.5", r#"argument "a" must be text or a whole number"#),
        (r#"{"type": "number"}"#, "1e400", ""),
        (r#"{"type": "number"}"#, "1e99999", ""),
        (r#"{"type": "integer"}"#, "1e99999", r#"? argument "a" holds a number out of the range that can be compared"#),
        (r#"{"type": "boolean"}"#, "1", r#"argument "a" must be true or false, not a number"#),
        (r#"{"enum": ["x", 1, null, {"k": [1]}]}"#, "1.0", ""),
        (r#"{"enum": ["x", 1, null, {"k": [1]}]}"#, r#"{"k": [1e0]}"#, ""),
        (r#"{"enum": ["x", 1]}"#, r#""1""#, r#"argument "a" must be one of "x", 1"#),
        (r#"{"enum": [1,2,3,4,5,6,7,8,9,10]}"#, "0", r#"argument "a" must be one of 1, 2, 3, 4, 5, 6, 7, 8, 2 more"#),
        (r#"{"enum": []}"#, "0", r#"argument "a" must be one of no values"#),
        (r#"{"enum": [9007199254740992]}"#, "9007199254740993", r#"argument "a" must be 9007199254740992"#),
        (r#"{"enum": [0]}"#, "-0", ""),
        (r#"{"enum": [0]}"#, "1e99999", r#"? argument "a" holds a number out of the range that can be compared"#),
        (r#"{"const": true}"#, "true", ""),
        (r#"{"const": true}"#, "1", r#"argument "a" must be true"#),
        (r#"{"const": {"x": 1, "y": 2}}"#, r#"{"y": 2.0, "x": 1}"#, ""),
        (r#"{"minimum": 5}"#, "4.9999999999999999999", r#"argument "a" must be at least 5"#),
        (r#"{"minimum": 5}"#, "5", ""),
        (r#"{"minimum": 5}"#, r#""x""#, ""),
        (r#"{"maximum": 9007199254740992}"#, "9007199254740993", r#"argument "a" must be at most 9007199254740992"#),
        (r#"{"maximum": 5}"#, "1e400", r#"argument "a" must be at most 5"#),
        (r#"{"exclusiveMinimum": 0}"#, "-0", r#"argument "a" must be greater than 0"#),
        (r#"{"exclusiveMaximum": 5}"#, "5", r#"argument "a" must be less than 5"#),
        (r#"{"multipleOf": 0.01}"#, "19.99", ""),
        (r#"{"multipleOf": 0.01}"#, "19.999", r#"argument "a" must be a multiple of 0.01"#),
        (r#"{"multipleOf": 7}"#, "7e300", ""),
        (r#"{"multipleOf": 7}"#, "1e300", r#"argument "a" must be a multiple of 7"#),
        (r#"{"minLength": 2}"#, r#""é""#, r#"argument "a" must have at least 2 characters"#),
        (r#"{"maxLength": 1}"#, r#""𝄞""#, ""),
        (r#"{"maxLength": 1}"#, r#""ab""#, r#"argument "a" must have at most 1 character"#),
        (r#"{"pattern": "^[a-z]+$"}"#, r#""abc""#, ""),
        (r#"{"pattern": "^[a-z]+$"}"#, r#""abc1""#, r#"argument "a" must match "^[a-z]+$""#),
        (r#"{"pattern": "b"}"#, r#""abc""#, ""),
        (r#"{"format": "email"}"#, r#""not one""#, ""),
        ("true", "1", ""),
        ("false", "1", r#"argument "a" is not permitted by the tool's schema"#),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_is_inside() {
    check_a(&[
        (r#"{"items": {"type": "string"}}"#, r#"["x", 1]"#, r#"argument "a[1]" must be text, not a number"#),
        (r#"{"prefixItems": [{"type": "string"}], "items": false}"#, r#"["x"]"#, ""),
        (r#"{"prefixItems": [{"type": "string"}], "items": false}"#, r#"["x", 1]"#, r#"argument "a[1]" is not permitted by the tool's schema"#),
        (r#"{"minItems": 1}"#, "[]", r#"argument "a" must have at least 1 item"#),
        (r#"{"maxItems": 1}"#, "[1, 2]", r#"argument "a" must have at most 1 item"#),
        (r#"{"uniqueItems": true}"#, r#"[1, "1", [1], {"a": 1}]"#, ""),
        (r#"{"uniqueItems": true}"#, r#"[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]"#, r#"argument "a" must not hold an item twice"#),
        (r#"{"uniqueItems": true}"#, "[9007199254740992, 9007199254740993]", ""),
        (r#"{"contains": {"const": 1}}"#, "[0, 1]", ""),
        (r#"{"contains": {"const": 1}}"#, "[0]", r#"argument "a" must hold at least 1 item that the schema asks for"#),
        (r#"{"contains": {"const": 1}, "minContains": 0, "maxContains": 1}"#, "[1, 1]", r#"argument "a" must hold at most 1 item that the schema asks for"#),
        (r#"{"contains": {"minimum": 1}}"#, "[1e99999]", r#"? argument "a" holds a number out of the range that can be compared"#),
        (r#"{"required": ["b"]}"#, "{}", r#"required argument "a.b" is missing"#),
        (r#"{"required": ["b"]}"#, r#"{"b": null}"#, ""),
        (r#"{"properties": {"b.c": {"type": "string"}}}"#, r#"{"b.c": 1}"#, r#"argument "a[\"b.c\"]" must be text, not a number"#),
        (r#"{"additionalProperties": false, "properties": {"b": true}}"#, r#"{"b": 1, "c": 1}"#, r#"argument "a.c" is not declared by the tool"#),
        (r#"{"additionalProperties": {"type": "string"}}"#, r#"{"c": 1}"#, r#"argument "a.c" must be text, not a number"#),
        (r#"{"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": false}"#, r#"{"x1": "s"}"#, ""),
        (r#"{"patternProperties": {"^x": {"type": "string"}}}"#, r#"{"x1": 1}"#, r#"argument "a.x1" must be text, not a number"#),
        (r#"{"minProperties": 2}"#, r#"{"b": 1}"#, r#"argument "a" must have at least 2 members"#),
        (r#"{"maxProperties": 0}"#, r#"{"b": 1}"#, r#"argument "a" must have at most 0 members"#),
        (r#"{"propertyNames": {"maxLength": 1}}"#, r#"{"bb": 1}"#, r#"argument "a.bb" has a name that the tool does not permit"#),
        (r#"{"dependentRequired": {"b": ["c"]}}"#, r#"{"b": 1}"#, r#"required argument "a.c" is missing"#),
        (r#"{"dependentSchemas": {"b": {"required": ["c"]}}}"#, r#"{"b": 1}"#, r#"required argument "a.c" is missing"#),
        (r#"{"dependentSchemas": {"b": {"required": ["c"]}}}"#, r#"{"d": 1}"#, ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn parts_together() {
    check_a(&[
        (r#"{"allOf": [{"minimum": 1}, {"maximum": 3}]}"#, "4", r#"argument "a" must be at most 3"#),
        (r#"{"anyOf": [{"type": "string"}, {"type": "null"}]}"#, "null", ""),
        (r#"{"anyOf": [{"type": "string", "maxLength": 1}, {"type": "null"}]}"#, r#""xx""#, r#"argument "a" must have at most 1 character"#),
        (r#"{"anyOf": [{"type": "string"}, {"type": "null"}]}"#, "1", r#"argument "a" fits none of the forms that the tool takes"#),
        (r#"{"anyOf": [{"minimum": 1}, {"type": "number"}]}"#, "1e99999", ""),
        (r#"{"anyOf": [{"minimum": 1}, {"type": "string"}]}"#, "1e99999", r#"? argument "a" holds a number out of the range that can be compared"#),
        (r#"{"oneOf": [{"minimum": 1}, {"maximum": 3}]}"#, "2", r#"argument "a" fits several forms of which the tool takes one"#),
        (r#"{"oneOf": [{"minimum": 1}, {"maximum": 3}]}"#, "0", ""),
        (r#"{"not": {"type": "string"}}"#, r#""x""#, r#"argument "a" has a form that the tool excludes"#),
        (r#"{"not": {"minimum": 1}}"#, "1e99999", r#"? argument "a" holds a number out of the range that can be compared"#),
        (r#"{"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}"#, r#""""#, r#"argument "a" must have at least 1 character"#),
        (r#"{"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}"#, "0", r#"argument "a" must be at least 1"#),
        (r#"{"if": {"minimum": 1}, "then": false}"#, "1e99999", r#"? argument "a" holds a number out of the range that can be compared"#),
    ]);
    check(&[
        (r#"{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false}"#, r#"{"a": 1}"#, ""),
        (r#"{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false}"#, r#"{"a": 1, "b": 1}"#, r#"argument "b" is not declared by the tool"#),
        (r#"{"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": true}}], "unevaluatedProperties": false}"#, r#"{"a": 2, "b": 1}"#, r#"argument "a" is not declared by the tool"#),
        (r#"{"properties": {"a": {"prefixItems": [true], "contains": {"const": 3}, "unevaluatedItems": false}}}"#, r#"{"a": [1, 3]}"#, ""),
        (r#"{"properties": {"a": {"prefixItems": [true], "contains": {"const": 3}, "unevaluatedItems": false}}}"#, r#"{"a": [1, 3, 4]}"#, r#"argument "a[2]" is not permitted by the tool's schema"#),
        (r#"{"type": "array"}"#, "{}", "the arguments must be an array, not an object"),
    ]);
}

#[test]
#[rustfmt::skip]
fn references_and_drafts() {
    check(&[
        (r##"{"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}}"##, r#"{"a": 1}"#, r#"argument "a" must be text, not a number"#),
        (r##"{"properties": {"a": {"$ref": "#/definitions/a~1b%20c"}}, "definitions": {"a/b c": {"type": "string"}}}"##, r#"{"a": 1}"#, r#"argument "a" must be text, not a number"#),
        (r##"{"properties": {"a": {"$ref": "#x"}}, "$defs": {"x": {"$anchor": "x", "type": "string"}}}"##, r#"{"a": 1}"#, r#"argument "a" must be text, not a number"#),
        (r##"{"properties": {"a": {"$ref": "urn:x"}}, "$defs": {"x": {"$id": "urn:x", "$ref": "#/$defs/y", "$defs": {"y": {"type": "string"}}}}}"##, r#"{"a": 1}"#, r#"argument "a" must be text, not a number"#),
        (r##"{"properties": {"a": {"$ref": "#"}}, "type": "object"}"##, r#"{"a": {"a": {"a": 1}}}"#, r#"argument "a.a.a" must be an object, not a number"#),
        (r##"{"properties": {"a": {"$dynamicRef": "#x"}}, "$defs": {"x": {"$dynamicAnchor": "x", "type": "string"}}}"##, r#"{"a": 1}"#, r#"argument "a" must be text, not a number"#),
        // Beside a reference other keywords count since 2019-09.
        (r##"{"properties": {"a": {"$ref": "#/$defs/x", "maxLength": 1}}, "$defs": {"x": {"type": "string"}}}"##, r#"{"a": "xx"}"#, r#"argument "a" must have at most 1 character"#),
        (r##"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#/definitions/x", "maxLength": 1}}, "definitions": {"x": {"type": "string"}}}"##, r#"{"a": "xx"}"#, ""),
        (r#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"items": [{"type": "string"}], "additionalItems": false}}}"#, r#"{"a": ["x", 1]}"#, r#"argument "a[1]" is not permitted by the tool's schema"#),
        // Servers that name no draft write it, too.
        (r#"{"dependencies": {"a": ["b"]}}"#, r#"{"a": 1}"#, r#"required argument "b" is missing"#),
        (r#"{"dependencies": {"a": {"required": ["c"]}}}"#, r#"{"a": 1}"#, r#"required argument "c" is missing"#),
        (r#"{"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}}"#, r#"{"a": 1}"#, r#"required argument "b" is missing"#),
        (r#"{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"minimum": 1, "exclusiveMinimum": true}}}"#, r#"{"a": 1}"#, r#"argument "a" must be greater than 1"#),
        (r#"{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"const": 2}}}"#, r#"{"a": 1}"#, ""),
        (r#"{"$schema": "https://json-schema.org/draft/2019-09/schema", "properties": {"a": {"items": [true], "unevaluatedItems": false}}}"#, r#"{"a": [1, 2]}"#, r#"argument "a[1]" is not permitted by the tool's schema"#),
    ]);
}

#[test]
#[rustfmt::skip]
fn schemas_that_cannot_be_judged_by() {
    check(&[
        ("5", "{}", "! its `$ref` is not a reference to a schema"),
        (r#"{"type": "text"}"#, "{}", "! its `type` is not one of the seven types of JSON Schema, or a list of them"),
        (r#"{"minimum": "5"}"#, "{}", "! its `minimum` is not a number that can be compared exactly"),
        (r#"{"minimum": 1e99999}"#, "{}", "! its `minimum` is not a number that can be compared exactly"),
        (r#"{"minLength": -1}"#, "{}", "! its `minLength` is not a whole number from 0"),
        (r#"{"multipleOf": 0}"#, "{}", "! its `multipleOf` is not a number above 0"),
        (r#"{"properties": []}"#, "{}", "! its `properties` is not a map of schemas"),
        (r#"{"properties": {"a": 5}}"#, "{}", "! its `properties` is not a map of schemas"),
        (r#"{"required": "a"}"#, "{}", "! its `required` is not a list of names"),
        (r#"{"items": [true]}"#, "{}", "! its `items` is not a schema"),
        (r#"{"anyOf": []}"#, "{}", "! its `anyOf` is not a list of schemas"),
        (r#"{"$ref": "https://example.com/schema.json"}"#, "{}", "! it refers to \"https://example.com/schema.json\", which it does not hold"),
        (r#"{"$ref": "file:///etc/passwd"}"#, "{}", "! it refers to \"file:///etc/passwd\", which it does not hold"),
        (r##"{"$ref": "#/$defs/none"}"##, "{}", "! it refers to \"#/$defs/none\", which it does not hold"),
        (r##"{"$ref": "#/type", "type": "object"}"##, "{}", "! its `$ref` is not a reference to a schema"),
        (r#"{"$schema": "https://example.com/own"}"#, "{}", "! its `$schema` \"https://example.com/own\" is not known"),
        (r##"{"$dynamicRef": "#x", "$defs": {"x": {"$id": "y", "$dynamicAnchor": "x"}}}"##, "{}", "! its `$dynamicRef` depends on the way by which it is reached"),
        (r#"{"pattern": "(?=a)"}"#, "{}", "! its pattern \"(?=a)\" looks around or sets flags, which takes more than linear time or another engine"),
        (r#"{"pattern": "(a)\\1"}"#, "{}", r#"! its pattern "(a)\\1" refers back to a group, which takes more than linear time"#),
        (r#"{"pattern": "(a"}"#, "{}", "! its pattern \"(a\" is not a regular expression"),
        (r#"{"pattern": "[]a]"}"#, "{}", "! its pattern \"[]a]\" has an empty class"),
        (r#"{"pattern": "\\z"}"#, "{}", r#"! its pattern "\\z" has an escape that is not known"#),
    ]);
}

/// ECMA-262 reads these otherwise than our engine does.
#[test]
#[rustfmt::skip]
fn patterns_mean_what_they_mean_to_the_server() {
    let table = [
        (r"^\d$", "5", true), (r"^\d$", "٣", false), (r"^\w$", "é", false), (r"^[\w-]+$", "a-b", true),
        (r"^\s$", "\u{a0}", true), (r"^\S$", "\u{feff}", false), ("^.$", "\r", false), ("^.$", "\u{2028}", false),
        ("^.$", "é", true), (r"^[^\d]$", "5", false), (r"^[\D]$", "x", true), ("^[[]$", "[", true), ("^[a&&b]+$", "a&", true),
        ("^a{2}$", "aa", true), ("^a{2,}$", "aaa", true), ("^a{b}$", "a{b}", true), ("^{$", "{", true), ("^a]$", "a]", true),
        (r"^\u0041\x42$", "AB", true), (r"^\uD834\uDD1E$", "𝄞", true), (r"^\u{1D11E}$", "𝄞", true), (r"^\cA$", "\u{1}", true),
        (r"^a\/b\-c\.d$", "a/b-c.d", true), (r"^\bword\b$", "word", true), (r"^[\b]$", "\u{8}", true), (r"^\p{L}$", "é", true),
        ("(?<y>a)", "a", true), ("(?:a|b)c", "bc", true), ("^#$", "#", true), ("^a$", "a\n", false),
    ];
    for (pattern, text, expected) in table {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let schema = format!(r#"{{"properties": {{"a": {{"pattern": {}}}}}}}"#, quoted(pattern));
        let said = super::compared(&schema, &format!(r#"{{"a": {}}}"#, quoted(text)));
        assert_eq!(said.is_empty(), expected, "{pattern} {text:?}: {said}");
    }
}
