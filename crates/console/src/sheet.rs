//! A sheet as pages lay it out: rows with what belongs to them, and lines with their numbers.

use interlock_gateway::approvals::shown::{Piece, Shown};
use interlock_gateway::approvals::{Row, Sheet};

/// Marks that are explained; all are shown.
const EXPLAINED: usize = 20;

/// A label, and all that is said of it.
#[derive(Debug)]
pub(crate) struct Entry<'s> {
    pub(crate) label: &'static str,
    /// In Interlock's own words.
    pub(crate) own: Option<&'s str>,
    /// One line from outside.
    pub(crate) outside: Option<&'s [Piece]>,
    /// Whose word it is.
    pub(crate) whose: Option<&'static str>,
    /// Lines from outside.
    pub(crate) lines: Option<Vec<Vec<Piece>>>,
    /// A list.
    pub(crate) items: Vec<(&'s str, &'s [Piece])>,
}

/// All entries of a sheet.
pub(crate) fn entries(sheet: &Sheet) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let empty =
        |label| Entry { label, own: None, outside: None, whose: None, lines: None, items: Vec::new() };
    for row in &sheet.rows {
        match row {
            Row::Own { label, text } => {
                entries
                    .push(Entry { own: Some(text.as_str()).filter(|text| !text.is_empty()), ..empty(label) });
            }
            Row::Fact { label, text, whose } => {
                entries.push(Entry { outside: Some(&text.pieces), whose: *whose, ..empty(label) });
            }
            Row::Quoted(text) => {
                if let Some(entry) = entries.last_mut() {
                    entry.lines = Some(lines(text));
                }
            }
            Row::Item { own, text } => {
                if let Some(entry) = entries.last_mut() {
                    entry.items.push((own, &text.pieces));
                }
            }
        }
    }
    entries
}

/// What is explained of what was marked, and how many more there are.
pub(crate) fn explained(sheet: &Sheet) -> (Vec<String>, usize) {
    let told = sheet.marked.iter().take(EXPLAINED).map(ToString::to_string).collect();
    (told, sheet.marked.len().saturating_sub(EXPLAINED))
}

/// The lines of a text, so that none can be taken for two, however it is wrapped.
fn lines(text: &Shown) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    let mut add = |piece: Option<Piece>| match (piece, lines.last_mut()) {
        (Some(piece), Some(line)) => line.push(piece),
        _ => lines.push(Vec::new()),
    };
    for piece in &text.pieces {
        let Piece::Plain(plain) = piece else {
            add(Some(piece.clone()));
            continue;
        };
        for (index, part) in plain.split('\n').enumerate() {
            if index > 0 {
                add(None);
            }
            add(Some(Piece::Plain(part.to_owned())));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use interlock_gateway::approvals::shown;

    #[test]
    fn lines_are_those_of_the_text() {
        for text in ["", "a", "a\nb\n", "{\n  \"a\": \"\u{202e}b\"\n}", "\u{200b}\n\u{200b}"] {
            let shown = shown::lines(text);
            let found: Vec<String> = lines(&shown)
                .into_iter()
                .map(|pieces| Shown { pieces, findings: Vec::new() }.to_string())
                .collect();
            assert_eq!(found.join("\n"), shown.to_string(), "{text:?}");
            assert_eq!(found.len(), text.split('\n').count(), "{text:?}");
        }
    }
}
