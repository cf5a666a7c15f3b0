//! Commands of GitHub's workflows: a line for each finding, shown at its place in a pull request.

use interlock_policy::{Diagnostic, Severity};

use super::Checked;

pub(super) fn print(checked: &[Checked]) -> String {
    let commands = checked.iter().flat_map(|file| file.diagnostics.iter().map(|found| command(file, found)));
    commands.collect::<Vec<_>>().join("\n")
}

fn command(file: &Checked, found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let help = found.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let (end_line, end_column) = file.end(found);
    let mut place = format!("file={},line={}", property(&file.name), found.span.line);
    place.push_str(&format!(",col={}", found.span.column));
    // Columns are of one line: across several GitHub takes lines only.
    match end_line == found.span.line {
        true => place.push_str(&format!(",endColumn={end_column}")),
        false => place.push_str(&format!(",endLine={end_line}")),
    }
    let title = property(&format!("interlock: {}", found.code));
    format!("::{level} {place},title={title}::{}", data(&format!("{}{help}", found.message)))
}

/// What would end a command, or begin another.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::checked;
    use super::print;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        let file = checked("a,b:c%.yaml", "version: \"1\"\ndefault: deny\ntools:\n  t: { ruels: [] }\n");
        assert_eq!(
            print(&[file]),
            "::error file=a%2Cb%3Ac%25.yaml,line=4,col=8,endColumn=13,title=interlock%3A unknown-key::unknown key \
             `ruels` in an entry%0Ahelp: did you mean `rules`?"
        );
        let file = checked("p.yaml", "version: \"1\"\ndefault: deny\n\"100%\\n::error::x\": 1\n");
        let printed = print(&[file]);
        assert_eq!(printed.lines().count(), 1, "{printed}");
        assert!(printed.contains("unknown key `100%25\\u{a}::error::x`"), "{printed}");
        assert_eq!(print(&[checked("p.yaml", "version: \"1\"\ndefault: deny\n")]), "");
    }
}
