//! Documents of every size and shape: each is read or refused soon, and nothing panics.

use crate::{Source, Syntax, compile};

/// Large enough to tell linear work from work that grows faster.
const LARGE: usize = 256 << 10;

fn repeated(part: &str) -> String {
    part.repeat(LARGE / part.len())
}

#[test]
fn repeated_parts() {
    let parts = [
        "[",
        "{",
        "]",
        "}",
        "- ",
        "? ",
        ": ",
        "a: ",
        "- - ",
        "-\n",
        "\n",
        " ",
        "\t",
        "\r",
        "\r\n",
        "\0",
        "#",
        "&a ",
        "*a ",
        "!!a ",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "\"",
        "'",
        "|\n",
        ">\n",
        "\\",
        "\"\\u0000\",",
        "a,",
        "[],",
        "{},",
        "{a: ",
        "[a, ",
        "{\"a\":",
        "a: b\n",
        "é",
        "\u{2028}",
        "\u{feff}",
        "\u{10ffff}",
        "9",
        "0x",
        "-",
        "1e",
        "a",
        "~",
        "<<: ",
        "a\n b\n  c\n",
        "\"a\": ",
        "a: {b: [c, {d: e}]}\n",
        "- a\n- b\n",
        "- {rate_limit: 1/minute}\n",
        "tools: {t: {}}\n",
    ];
    for part in parts {
        for syntax in [Syntax::Yaml, Syntax::Json] {
            for text in [
                repeated(part),
                format!("tools: {}", repeated(part)),
                format!("{{\"tools\": {}", repeated(part)),
            ] {
                let (policy, found) = compile(&Source { name: "odd", text: &text, syntax });
                assert!(policy.is_none() || found.len() <= 1_001, "{part:?}");
            }
        }
    }
}

/// As large as a document may be, and sound: what a policy of ten thousand rules costs is bounded too.
#[test]
fn many_entries() {
    let numbered = |line: &dyn Fn(usize) -> String| -> String { (0..20_000).map(line).collect() };
    let head = "version: \"1\"\ndefault: deny\n";
    let documents = [
        format!("{head}tools:\n{}", numbered(&|index| format!("  tool_{index}: {{}}\n"))),
        format!("{head}tools:\n{}", numbered(&|index| format!("  'tool_{index}_*': {{}}\n"))),
        format!(
            "{head}tools:\n  t:\n    rules:\n{}",
            numbered(&|index| format!("    - {{ rate_limit: {}/minute }}\n", index + 1))
        ),
        format!(
            "{head}tools:\n  t:\n    require:\n{}",
            numbered(&|index| format!("    - {{ path: args.a, op: lte, value: {index} }}\n"))
        ),
        format!(
            "{head}tools:\n  t:\n    rules:\n{}",
            numbered(&|index| format!("      - conditions: [{{ path: args.a, op: neq, value: {index} }}]\n"))
        ),
        format!("{head}hide:\n{}", numbered(&|index| format!("  - 'hidden_{index}_*'\n"))),
    ];
    for text in documents {
        let (policy, _) = compile(&Source { name: "many", text: &text, syntax: Syntax::Yaml });
        assert!(policy.is_some(), "{}", text.chars().take(80).collect::<String>());
    }
}

/// Documents that grow when they are read: each is refused by a bound, at the place where it is met.
#[test]
fn what_would_grow_is_refused() {
    let laughs: String =
        (1..30).map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}, *a{0}]\n", level - 1)).collect();
    let digits = "9".repeat(3 << 20);
    let table = [
        (format!("a0: &a0 lol\n{laughs}"), "yaml-alias", 1),
        ("base: &b { mode: shadow }\ntools: { t: { <<: *b } }\n".to_owned(), "yaml-alias", 1),
        ("tools:\n  t:\n    <<: { mode: shadow }\n".to_owned(), "unknown-key", 3),
        (
            format!(
                "version: \"1\"\ndefault: deny\ntools: {{ t: {{ rules: [{{ rate_limit: {{ max: {digits}, window: 5 }} }}] }} }}"
            ),
            "number-out-of-range",
            3,
        ),
        (
            format!(
                "version: \"1\"\ndefault: deny\ntools: {{ t: {{ limits: [{{ max: 1e{digits}, window: 5 }}] }} }}"
            ),
            "number-out-of-range",
            3,
        ),
        (format!("version: \"1\"\ndefault: deny\ndescription: {digits}a\n"), "too-long", 3),
        (
            format!(
                "version: \"1\"\ndefault: deny\ntools: {{ t: {{ rules: [{{ when: \"{}\" }}] }} }}",
                "args.a + ".repeat(900)
            ),
            "too-large",
            3,
        ),
        (format!("version: \"1\"\n{}", "# c\n".repeat(1 << 20)), "too-large", 1),
        (format!("{{\"tools\": {}", "[".repeat(3 << 20)), "too-deep", 1),
        ("[".repeat(8 << 20), "too-large", 1),
        ("{".repeat(3 << 20), "too-deep", 1),
        ("- ".repeat(3 << 19), "too-deep", 1),
    ];
    for (text, code, line) in table {
        let start: String = text.chars().take(60).collect();
        let syntax = if text.starts_with("{\"") { Syntax::Json } else { Syntax::Yaml };
        let (policy, found) = compile(&Source { name: "odd", text: &text, syntax });
        assert!(policy.is_none(), "{start}");
        let place = found.iter().find(|found| found.code == code).map(|found| found.span.line);
        assert_eq!(place, Some(line), "{start}: {found:#?}");
        assert!(found.iter().all(|found| found.message.len() < 500), "{start}");
    }
}

/// However many mistakes there are, a thousand are told, and how many more there are.
#[test]
fn many_mistakes_are_counted() {
    let keys: String = (0..200_000).map(|index| format!("unknwon_{index}: 1\n")).collect();
    let entries: String = (0..20_000).map(|index| format!("  t{index}: {{ ruels: 1 }}\n")).collect();
    let twice = "a: 1\n".repeat(20_000);
    for (text, more) in [
        (keys, 199_000),
        (format!("version: \"1\"\ndefault: deny\ntools:\n{entries}"), 19_000),
        (twice, 19_000),
    ] {
        let (policy, found) = compile(&Source { name: "odd", text: &text, syntax: Syntax::Yaml });
        assert!(policy.is_none());
        assert_eq!(found.len(), 1_001);
        let last = found.last().map(|found| (found.code, found.message.clone()));
        assert_eq!(last, Some(("too-many", format!("{more} more findings are not shown"))));
    }
}

/// What all regular expressions of a document may cost is bounded: past that each is refused without being compiled.
#[test]
fn regular_expressions_share_a_bound() {
    let large = "      - conditions: [{ path: args.a, op: matches, value: '\\w{20}' }]\n".repeat(10_000);
    let text = format!("version: \"1\"\ndefault: deny\ntools:\n  t:\n    rules:\n{large}");
    let (policy, found) = compile(&Source { name: "odd", text: &text, syntax: Syntax::Yaml });
    assert!(policy.is_none());
    assert_eq!(found.len(), 1_001);
    assert!(found.iter().all(|found| ["bad-regex", "too-many"].contains(&found.code)), "{:?}", found.first());
}

/// Line ends, marks and signs that editors and copying leave behind: where a mistake is said to be.
#[test]
fn places_beside_odd_signs() {
    let table = [
        ("version: \"1\"\r\ndefault: deny\r\ntools: { t: { ruels: [] } }\r\n", "unknown-key", (3, 15)),
        ("version: \"1\"\ndefault: deny\ntools: { '漢字é': { ruels: [] } }\n", "unknown-key", (3, 19)),
        ("version: \"1\"\ndefault: deny\ntools: { 'e\u{301}': { ruels: [] } }\n", "unknown-key", (3, 18)),
        ("version: \"1\"\ndefault: deny\ntools: { \"\u{1f600}\": { ruels: [] } }\n", "unknown-key", (3, 17)),
        ("version: \"1\"\ndefault: deny\ntools: { t:\t{\truels: [] } }\n", "unknown-key", (3, 15)),
        ("version: \"1\"\n\tdefault: deny\n", "syntax", (2, 2)),
        ("\u{feff}version: \"1\"\n", "byte-order-mark", (1, 1)),
        ("\u{feff}{}", "byte-order-mark", (1, 1)),
        ("version: \"1\"\n---\nversion: \"1\"\n", "several-documents", (2, 1)),
        ("name,action,limit\nt,deny,5\n\"u\",allow,\n", "wrong-type", (1, 1)),
        ("name;action\nt;deny\n", "wrong-type", (1, 1)),
    ];
    for (text, code, place) in table {
        let (policy, found) = compile(&Source { name: "odd", text, syntax: Syntax::Yaml });
        assert!(policy.is_none(), "{text:?}");
        let at: Vec<_> =
            found.iter().map(|found| (found.code, (found.span.line, found.span.column))).collect();
        assert!(at.contains(&(code, place)), "{text:?}: {at:?}");
    }
    // A line that only a carriage return ends is one: what is read there and what is shown agree.
    for text in
        ["version: \"1\"\rdefault: deny\r", "tools: { \"a\0b\": {} }", "tools: { a\0b: {} }", "\0", "\r"]
    {
        let (policy, found) = compile(&Source { name: "odd", text, syntax: Syntax::Yaml });
        assert!(policy.is_none() || found.iter().all(|found| found.span.line == 1), "{text:?}: {found:#?}");
    }
}

/// YAML ends lines with a line feed, and takes what else Unicode ends or divides them with for content. The sign of a
/// line end beside a line feed is no part of what is marked.
#[test]
fn places_of_line_ends() {
    // What stands in the place of a list is marked by all of its first character, however many bytes that is.
    let (map, text) = ("default: deny\nhide:\n  ", "default: deny\nhide: a");
    for sign in ["\u{85}", "\u{2028}", "\u{2029}", "\u{a0}", "é", "\u{1f600}"] {
        let table = [
            (format!("{map}{sign}a: 1\n"), (sign, 3, 3)),
            (format!("{text}{sign}\n"), (&*format!("a{sign}"), 2, 7)),
            (format!("{text}{sign}  # why\r\n"), (&*format!("a{sign}"), 2, 7)),
            // A sign before it on its line is one character.
            (format!("default: deny\nlists: {{ '{sign}': [a] }} \nhide: {{ {sign}: 1 }}\n"), ("{", 3, 7)),
            (format!("default: '{sign}'\nhide: a\n"), ("a", 2, 7)),
            (format!("{{ default: '{sign}', hide: a }}\n"), ("a", 1, 23)),
        ];
        for (text, expected) in table {
            assert_eq!(wrong_type(&text), expected, "{text:?}");
        }
    }
    for (text, expected) in [
        ("default: deny\r\nhide: a\r\n", ("a", 2, 7)),
        ("default: deny\r\nhide:\r\n  a: 1\r\n", ("a", 3, 3)),
        // A reader goes to the next line at a carriage return alone; a place is counted as it is shown.
        ("default: deny\rhide: a\r", ("a", 1, 21)),
        ("default: deny\rhide:\r  é: 1\r", ("é", 1, 23)),
    ] {
        assert_eq!(wrong_type(text), expected, "{text:?}");
    }
}

/// What is marked as being no list, with its line and column.
fn wrong_type(text: &str) -> (&str, usize, usize) {
    let (_, found) = compile(&Source { name: "odd", text, syntax: Syntax::Yaml });
    let found = found.iter().find(|found| found.code == "wrong-type" && found.pointer == "/hide");
    let span = found.unwrap_or_else(|| panic!("nothing is found in {text:?}")).span;
    (&text[span.offset..span.offset + span.len], span.line, span.column)
}
