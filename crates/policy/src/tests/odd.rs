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
