//! The lines of a configuration that change, without secrets.

use similar::TextDiff;

use super::plan::{FileChange, Plan};
use crate::terminal;

/// Lines around a change that are shown.
const AROUND: usize = 2;
/// A file with a line of more letters than this was written by no person: its lines are shown folded.
const LONGEST: usize = 1000;
/// Lines that are longer than this are folded then.
const LONG: usize = 160;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const RESET: &str = "\u{1b}[0m";

/// The lines that change, as `diff -u` has them.
pub(super) fn diff(plan: &Plan, change: &FileChange) -> String {
    let file = plan.file(change.configuration).map(|file| file.path.display().to_string());
    let file = file.unwrap_or_default();
    let (before, after) = &change.shown;
    let is_folded = before.lines().chain(after.lines()).any(|line| line.len() > LONGEST);
    let [before, after] = [before, after].map(|text| if is_folded { folded(text) } else { text.clone() });
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut unified = diff.unified_diff();
    unified.context_radius(AROUND).missing_newline_hint(false).header(&file, &file).to_string()
}

/// The same for a terminal.
pub(super) fn coloured(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.lines() {
        let colour = match line.chars().next() {
            Some('+') => GREEN,
            Some('-') => RED,
            _ => "",
        };
        let parts: Vec<String> = line.trim_end_matches('\r').split('\t').map(terminal::escaped).collect();
        let end = if colour.is_empty() { "" } else { RESET };
        out.push_str(&format!("{colour}{}{end}\n", parts.join("\t")));
    }
    out
}

/// Long lines of JSON with each member on a line of its own. Lists stay on one.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive('\n') {
        if line.len() > LONG {
            fold(line, &mut out);
        } else {
            out.push_str(line);
        }
    }
    out
}

fn fold(line: &str, out: &mut String) {
    let (mut within, mut is_text, mut is_escaped, mut is_first) = (Vec::new(), false, false, false);
    let break_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for c in line.chars() {
        if is_text {
            out.push(c);
            is_text = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        if std::mem::take(&mut is_first) {
            if c == ' ' {
                is_first = true;
                continue;
            }
            if c != '}' {
                break_line(out, within.len());
            }
        }
        match c {
            '{' | '[' => within.push(c),
            '}' | ']' => {
                within.pop();
                if c == '}' && !out.ends_with('{') {
                    break_line(out, within.len());
                }
            }
            '"' => is_text = true,
            _ => {}
        }
        out.push(c);
        is_first = c == '{' || (c == ',' && within.last() == Some(&'{'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_on_several() {
        let line = format!(r#"{{"a":{{"b":[1,2],"c": "x,{{}}\"{}"}}, "d":{{}}}}"#, "y".repeat(LONG));
        let expected = format!(
            "{{\n  \"a\":{{\n    \"b\":[1,2],\n    \"c\": \"x,{{}}\\\"{}\"\n  }},\n  \"d\":{{}}\n}}",
            "y".repeat(LONG)
        );
        assert_eq!(folded(&line), expected);
        assert_eq!(folded("{\"a\": 1}\n"), "{\"a\": 1}\n");
    }
}
