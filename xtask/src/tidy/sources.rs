//! Rules about single files: names, length, words.

use super::{Finding, Source};

const LONGEST: usize = 600;
const NAMES_WITHOUT_SUBJECT: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// Paths of one machine, and hosts that a mirror may stand in for. In two halves, so that this file may say them.
const FOREIGN: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/fa", "rm/"),
    (".lib", "rary/"),
    ("/ro", "ot/"),
    ("registry.", "npmjs"),
    ("index.", "crates"),
    ("static.", "crates"),
    ("crates.io", "/api"),
    ("py", "pi.org"),
    ("files.", "pythonhosted"),
    ("deb.", "debian"),
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings: Vec<_> = sources.iter().flat_map(foreign_words).collect();
    for source in sources.iter().filter(|source| source.path.ends_with(".rs")) {
        findings.extend(name(source));
        findings.extend(length(source));
        findings.extend(unsafe_code(source));
    }
    findings
}

fn name(source: &Source) -> Option<Finding> {
    let file = source.path.rsplit('/').next().unwrap_or_default();
    if file == "mod.rs" {
        return Some(Finding::new(&source.path, "a module's file is `foo.rs` beside `foo/`"));
    }
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let vague = NAMES_WITHOUT_SUBJECT.contains(&stem);
    vague.then(|| Finding::new(&source.path, format!("`{stem}` names no subject")))
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let what = || format!("{lines} lines, more than {LONGEST}: probably two subjects");
    (lines > LONGEST).then(|| Finding::new(&source.path, what()))
}

fn unsafe_code(source: &Source) -> Vec<Finding> {
    let keyword = "unsafe";
    let opens = |rest: &str| {
        let rest = rest.trim_start();
        rest.starts_with('{')
            || ["fn ", "impl ", "trait ", "extern "].iter().any(|word| rest.starts_with(word))
    };
    let found = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        code.match_indices(keyword).any(|(at, _)| {
            let after = &code[at + keyword.len()..];
            after.starts_with(' ') && opens(after)
        })
    };
    findings(source, found, "unsafe code is forbidden")
}

fn foreign_words(source: &Source) -> Vec<Finding> {
    if source.path.ends_with(".lock") || source.path.ends_with("package-lock.json") {
        return Vec::new();
    }
    let found = |line: &str| FOREIGN.iter().any(|(head, tail)| line.contains(&format!("{head}{tail}")));
    findings(source, found, "a path of one machine or the host of a registry")
}

/// A finding for each line of which `found` holds.
pub(super) fn findings(source: &Source, found: impl Fn(&str) -> bool, what: &str) -> Vec<Finding> {
    let lines = source.text.lines().enumerate().filter(|(_, line)| found(line));
    lines.map(|(index, _)| Finding::new(format!("{}:{}", source.path, index + 1), what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(path: &str, text: &str, expected: &[&str]) {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let found: Vec<_> = check(&[source]).into_iter().map(|finding| finding.place).collect();
        assert_eq!(found, expected, "{path}: {text}");
    }

    #[test]
    fn finds_what_breaks_a_rule_and_nothing_else() {
        check_one("crates/a/src/lib.rs", "fn unsafe_name() {} // an unsafe { } in a comment\n", &[]);
        let block = format!("fn a() {{\n    {} {{ b() }}\n}}\n", "unsafe");
        check_one("crates/a/src/lib.rs", &block, &["crates/a/src/lib.rs:2"]);
        check_one("crates/a/src/b/mod.rs", "", &["crates/a/src/b/mod.rs"]);
        check_one("crates/a/src/utils.rs", "", &["crates/a/src/utils.rs"]);
        check_one("crates/a/src/b.rs", &"\n".repeat(600), &[]);
        check_one("crates/a/src/b.rs", &"\n".repeat(601), &["crates/a/src/b.rs"]);
        check_one("docs/a.md", &format!("see {}{}x", "/wo", "rk/"), &["docs/a.md:1"]);
        check_one("Cargo.lock", &format!("{}{}", "index.", "crates.io"), &[]);
    }
}
