//! A policy beside a server's tools: what it names and the server does not have.

use crate::{Severity, Source, Syntax, ToolList, compile_for};

const TOOLS: &str = r##"{"tools": [
  {"name": "create_charge", "inputSchema": {"type": "object", "required": ["amount"], "properties": {
    "amount": {"type": "integer"},
    "currency": {"type": "string", "enum": ["usd", "eur", "gbp"]},
    "memo": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "items": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "card": {"$ref": "#/$defs/card"}},
    "$defs": {"card": {"type": "object", "properties": {"number": {"type": "string"}}}}}},
  {"name": "create_refund", "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}, "reason": {"type": "string"}}}},
  {"name": "broken", "inputSchema": {"$ref": "https://example.com/schema.json"}},
  {"name": "free"}
]}"##;

/// What comparing a part of a policy finds, a line each, without the note on what is not listed.
fn found(part: &str) -> Vec<String> {
    let text = format!("version: \"1\"\ndefault: deny\n{part}\n");
    let tools = ToolList::read(TOOLS).unwrap();
    let source = Source { name: "policy", text: &text, syntax: Syntax::Yaml };
    let (_, diagnostics) = compile_for(&source, Some(&tools));
    let shown = diagnostics.iter().filter(|found| found.severity != Severity::Note).map(|found| {
        let help = found.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        assert!(text.get(found.span.offset..found.span.offset + found.span.len).is_some());
        format!("{} [{}] {}{help}", found.pointer, found.code, found.message)
    });
    shown.collect()
}

fn check(part: &str, expected: &[&str]) {
    assert_eq!(found(part), expected, "{part}");
}

fn check_condition(condition: &str, expected: &[&str]) {
    let expected: Vec<String> =
        expected.iter().map(|text| format!("/tools/create_charge/rules/0/conditions/0 {text}")).collect();
    let part = format!("tools: {{ create_charge: {{ rules: [{{ conditions: [{{ {condition} }}] }}] }} }}");
    assert_eq!(found(&part), expected, "{condition}");
}

#[test]
#[rustfmt::skip]
fn names() {
    check("tools: { create_charge: {}, 'create_*': {}, '*': {}, free: {} }", &[]);
    check("tools: { create_chrage: {} }", &["/tools/create_chrage [unknown-tool] the server has no tool `create_chrage`; did you mean `create_charge`?"]);
    check("tools: { Create_Charge: {} }", &["/tools/Create_Charge [unknown-tool] the server has no tool `Create_Charge`; did you mean `create_charge`?"]);
    check("tools: { weather: {} }", &["/tools/weather [unknown-tool] the server has no tool `weather`; the name is compared byte for byte"]);
    check("tools: { 'delete_*': {} }", &["/tools/delete_* [unmatched-pattern] no tool of the server matches `delete_*`; the name is compared byte for byte"]);
    check("hide: [create_refnd, doc:///x]", &["/hide/0 [unknown-tool] the server has no tool `create_refnd` to hide; did you mean `create_refund`?"]);
}

#[test]
#[rustfmt::skip]
fn arguments() {
    check_condition("path: args.amount, op: lte, value: 5", &[]);
    check_condition("path: args.amuont, op: lte, value: 5", &["[unknown-argument] the tool `create_charge` has no argument `args.amuont`; did you mean `amount`?"]);
    check_condition("path: args.zzz, op: exists", &["[unknown-argument] the tool `create_charge` has no argument `args.zzz`; it has `amount`, `card`, `currency`, `items`, `labels`, `memo`"]);
    check_condition("path: 'args.items[*].skuu', op: eq, value: x", &["[unknown-argument] the tool `create_charge` has no argument `args.items[*].skuu`; did you mean `sku`?"]);
    check_condition("path: args.card.numbr, op: eq, value: x", &["[unknown-argument] the tool `create_charge` has no argument `args.card.numbr`; did you mean `number`?"]);
    check_condition("path: args.labels.anything, op: eq, value: x", &[]);
    check_condition("path: args.labels.anything, op: lt, value: 5", &["[argument-type] the argument `args.labels.anything` of `create_charge` is text, which `lt` never compares with this value; a call whose argument cannot be compared is denied"]);
    check_condition("path: args.amount, op: eq, value: '5'", &["[argument-type] the argument `args.amount` of `create_charge` is a whole number, which `eq` never compares with this value; a call whose argument cannot be compared is denied"]);
    check_condition("path: args.amount, op: regex, value: '^5$'", &["[argument-type] the argument `args.amount` of `create_charge` is a whole number, which `regex` never compares with this value; a call whose argument cannot be compared is denied"]);
    check_condition("path: args.memo, op: gt, value: 5", &["[argument-type] the argument `args.memo` of `create_charge` is text or null, which `gt` never compares with this value; a call whose argument cannot be compared is denied"]);
    check_condition("path: args.currency, op: in, value: [usd, euro]", &["[unknown-value] the argument `args.currency` of `create_charge` is never `euro`; did you mean `eur`?"]);
    check_condition("path: args.currency, op: neq, value: yen", &["[unknown-value] the argument `args.currency` of `create_charge` is never `yen`; it is one of `usd`, `eur`, `gbp`"]);
    check_condition("path: args.currency, op: eq, value: USD, compare: ci", &[]);
    check_condition("path: args.currency, op: contains, value: us", &[]);
}

#[test]
#[rustfmt::skip]
fn objections_that_a_missing_argument_escapes() {
    let rule = |condition: &str| format!("tools: {{ create_charge: {{ rules: [{{ action: deny, conditions: [{{ {condition} }}] }}] }} }}");
    check(&rule("path: args.amount, op: gt, value: 5"), &[]);
    check(&rule("path: args.currency, op: eq, value: usd"), &["/tools/create_charge/rules/0/conditions/0 [optional-argument] `create_charge` may be called without `args.currency`, and then this condition objects to nothing; write `on_missing: object` to object then too, or `on_missing: ignore` if this is meant"]);
    check(&rule("path: args.currency, op: eq, value: usd, on_missing: object"), &[]);
    check(&rule("path: args.currency, op: eq, value: usd, on_missing: ignore"), &[]);
    check(&rule("path: args.currency, op: exists"), &[]);
    check("tools: { create_refund: { deny_if: [{ conditions: [{ path: args.amount, op: gt, value: 5 }] }] } }", &["/tools/create_refund/deny_if/0/conditions/0 [optional-argument] `create_refund` may be called without `args.amount`, and then this condition objects to nothing; write `on_missing: object` to object then too, or `on_missing: ignore` if this is meant"]);
    // An allow-type condition never holds for a missing argument.
    check("tools: { create_refund: { require: [{ path: args.amount, op: lte, value: 5 }] } }", &[]);
}

#[test]
#[rustfmt::skip]
fn amounts_and_schemas() {
    check("tools: { create_charge: { limits: [{ counter: c, window: day, max: 5, amount: args.amount }] } }", &[]);
    check("tools: { create_charge: { limits: [{ counter: c, window: day, max: 5, amount: args.memo }] } }", &["/tools/create_charge/limits/0 [amount-type] the argument `args.memo` of `create_charge` is text or null: what is not a number cannot be counted, so every call is denied; name an argument that is a number"]);
    check("tools: { create_charge: { limits: [{ counter: c, window: day, max: 5, amount: args.amuont }] } }", &["/tools/create_charge/limits/0 [unknown-argument] the tool `create_charge` has no argument `args.amuont`; did you mean `amount`?"]);
    check("tools: { broken: { validate: { schema: true } } }", &["/tools/broken [unusable-schema] the schema of `broken` cannot be used, so every call of it is denied: it refers to \"https://example.com/schema.json\", which it does not hold; references are followed inside the schema only, as `#/$defs/…` or an `$id` as it is written: until the server writes them so, ask for `required_args` only"]);
    // Also where all tools are validated, if the tool is one that can be called.
    let unusable = |place: &str| format!("{place} [unusable-schema] the schema of `broken` cannot be used, so every call of it is denied: it refers to \"https://example.com/schema.json\", which it does not hold; references are followed inside the schema only, as `#/$defs/…` or an `$id` as it is written: until the server writes them so, ask for `required_args` only");
    check("tools: { '*': { validate: { schema: true } }, broken: {} }", &[&unusable("/tools/*")]);
    check("tools: { '*': { rules: [{ validate: { schema: true } }] }, 'brok*': {} }", &[&unusable("/tools/*")]);
    check("tools: { broken: {} }\nall_tools: { validate: { schema: true } }", &[&unusable("/all_tools")]);
    check("tools: { '*': { validate: { schema: true } }, free: {} }", &[]);
    assert!(found("hide: [broken]\ntools: { '*': { validate: { schema: true } }, broken: {} }").iter().all(|one| one.contains("[hidden-entry]")));
    check("tools: { broken: { require: [{ path: args.x, op: exists }] }, free: { require: [{ path: args.x, op: exists }] } }", &[]);
    // Of several tools, one that has the argument is enough; where nothing is known of one, nothing is said.
    check("tools: { 'create_*': { require: [{ path: args.reason, op: exists }] } }", &[]);
    check("tools: { 'create_*': { require: [{ path: args.reasn, op: exists }] } }", &["/tools/create_*/require/0 [unknown-argument] none of the 2 tools that this entry is about has an argument `args.reasn`; did you mean `reason`?"]);
    check("tools: { '*': { require: [{ path: args.reasn, op: exists }] }, free: {} }", &[]);
}

#[test]
fn what_is_not_listed_is_one_note() {
    let tools = ToolList::read(TOOLS).unwrap();
    for (text, expected) in [
        (
            "version: \"1\"\ndefault: deny\nhide: [free]\ntools: { 'create_*': {} }\n",
            Some("1 of the server's 4 tools are not listed, and by default denied: `broken`"),
        ),
        (
            "version: \"1\"\ndefault: allow\ntools: { '*': {} }\n",
            Some(
                "4 of the server's 4 tools are not listed, and by default permitted: `broken`, `create_charge`, `create_refund`, `free`",
            ),
        ),
        ("version: \"1\"\ndefault: deny\ntools: { 'create_*': {}, broken: {}, free: {} }\n", None),
    ] {
        let (_, found) = compile_for(&Source { name: "p", text, syntax: Syntax::Yaml }, Some(&tools));
        let note = found.iter().find(|found| found.severity == Severity::Note);
        assert_eq!(note.map(|note| note.message.as_str()), expected, "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn documents_of_tools() {
    let read = |text: &str| match ToolList::read(text) {
        Ok(list) => list.tools().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(" "),
        Err(error) => format!("! {error}"),
    };
    let table = [
        (r#"[{"name": "a"}, {"name": "b"}]"#, "a b"),
        (r#"{"tools": [{"name": "a"}], "nextCursor": "2"}"#, "a"),
        (r#"{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}]}}"#, "a"),
        (r#"[{"tools": [{"name": "a"}]}, {"result": {"tools": [{"name": "b"}]}}]"#, "a b"),
        ("{\"tools\": [{\"name\": \"a\"}]}\n\n{\"result\": {\"tools\": [{\"name\": \"b\"}]}}\n", "a b"),
        ("{\"server\": \"s\", \"tool\": \"a\", \"tools\": []}\n{\"name\": \"b\"}\n", "a b"),
        (r#"[{"tool": "a"}, {"name": "b", "tool": 5}]"#, "a b"),
        ("[]", ""),
        ("", "! it is not a list of tools: expected an array of tools, an object with `tools`, or the answer to `tools/list`"),
        ("5", "! it is not a list of tools: expected an array of tools, an object with `tools`, or the answer to `tools/list`"),
        (r#"{"result": {"result": {"result": {"result": {"result": {"tools": []}}}}}}"#, "! it is not a list of tools: expected an array of tools, an object with `tools`, or the answer to `tools/list`"),
        (r#"{"error": {"code": -32601, "message": "Method not found"}}"#, "! it is an answer that says why there is no list: `Method not found`"),
        (r#"[{"name": "a"}, {"name": "a"}]"#, "! two tools are called `a`"),
        (r#"[{"name": 5}]"#, "! the tool without a name is malformed: `name` is not text"),
        (r#"{"tools": [{}]}"#, "! the tool without a name is malformed: `name` is missing"),
        (r#"[{"name": "a", "inputSchema": {"required": "x"}}]"#, "! the tool `a` is malformed: `inputSchema.required` is not an array of strings"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
    assert!(read("{\"tools\": [").starts_with("! it is not JSON"));
    let many: Vec<String> = (0..10_001).map(|index| format!(r#"{{"name": "t{index}"}}"#)).collect();
    assert_eq!(read(&format!("[{}]", many.join(","))), "! it has more than 10000 tools");
}
