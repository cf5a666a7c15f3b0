//! Rules about single files: names, length, words.

use std::path::Path;

use super::{Finding, Source};

const LONGEST: usize = 600;
const NAMES_WITHOUT_SUBJECT: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// Folders that every system has at its root; of a path that begins with one, more has to be said to be one machine's.
const OF_EVERY_SYSTEM: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "run", "sbin", "srv",
    "sys", "tmp", "usr", "var", "Users", "private",
];

/// Paths of the machine that the check runs on: where the checkout is, and its user's home. What names them works there
/// and nowhere else.
pub(super) struct Machine {
    paths: Vec<String>,
}

impl Machine {
    pub(super) fn of(root: &Path, home: Option<&Path>) -> Self {
        Self { paths: [Some(root), home].into_iter().flatten().filter_map(telling).collect() }
    }

    fn is_named_in(&self, line: &str) -> bool {
        let is_inside =
            |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || "_.-~/}*)]".contains(c));
        let goes_on = |after: &str| after.starts_with(|c: char| c.is_alphanumeric() || "_.-".contains(c));
        self.paths.iter().any(|path| {
            line.match_indices(path.as_str()).any(|(at, _)| {
                let (before, rest) = line.split_at(at);
                !is_inside(before) && !goes_on(&rest[path.len()..])
            })
        })
    }
}

/// As much of an absolute path as tells a machine: its first folder, or all of it where that is on every system.
fn telling(path: &Path) -> Option<String> {
    let text = path.to_str()?.trim_end_matches('/');
    let first = text.strip_prefix('/')?.split('/').next().filter(|first| !first.is_empty())?;
    if OF_EVERY_SYSTEM.contains(&first) {
        let alone = text.len() == first.len() + 1;
        return (!alone).then(|| text.to_owned());
    }
    Some(format!("/{first}"))
}

pub(super) fn check(sources: &[Source], machine: &Machine) -> Vec<Finding> {
    let mut findings: Vec<_> = sources.iter().flat_map(|source| paths_of(machine, source)).collect();
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

fn paths_of(machine: &Machine, source: &Source) -> Vec<Finding> {
    findings(source, |line| machine.is_named_in(line), "a path of this machine")
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
        let machine = Machine::of(Path::new("/checkouts/interlock"), Some(Path::new("/home/somebody")));
        let found: Vec<_> = check(&[source], &machine).into_iter().map(|finding| finding.place).collect();
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
        check_one(
            "docs/a.md",
            "see /checkouts/other\nand `/home/somebody/x`\n",
            &["docs/a.md:1", "docs/a.md:2"],
        );
        check_one(
            "docs/a.md",
            "/home/me, a/checkouts/x, /checkouts2, $HOME/checkouts, /home/somebody-else\n",
            &[],
        );
    }

    #[test]
    fn what_tells_a_machine() {
        for (path, expected) in [
            ("/checkouts/a/b", Some("/checkouts")),
            ("/home/somebody/src/interlock/", Some("/home/somebody/src/interlock")),
            ("/srv", None),
            ("/", None),
            ("relative", None),
        ] {
            assert_eq!(telling(Path::new(path)).as_deref(), expected, "{path}");
        }
    }
}
