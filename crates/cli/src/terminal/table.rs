//! Tables for people.
//!
//! On a terminal a table is as wide as it allows. What does not fit stands under its row: no name is ever cut, since it is to
//! be copied. Where there is no terminal a row is a line, however long.

use comfy_table::{Table, presets};
use unicode_width::UnicodeWidthStr as _;

/// On a narrower terminal, or one that says it has no columns, nothing is folded: whole lines, which the terminal folds, can
/// at least be read.
const NARROWEST: usize = 40;
/// A column that is folded has room for a few words at least.
const FEW_WORDS: usize = 24;
/// The blanks on both sides of a cell.
const PADDING: usize = 2;
/// How far what stands under a row is moved in.
const INDENT: usize = 4;

/// A plain table: a header, no lines, as wide as the terminal allows.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.iter().map(|cell| super::escaped(cell)).collect()).collect();
    let columns = Table::new().width().map(usize::from);
    laid_out(header, &rows, columns.filter(|columns| *columns >= NARROWEST))
}

/// Text of several words in lines that fit the terminal, each moved in by so many columns.
pub(crate) fn folded(text: &str, indent: usize) -> String {
    let columns = Table::new().width().map(usize::from).filter(|columns| *columns >= NARROWEST);
    let lines = columns.map_or_else(|| vec![text.to_owned()], |columns| fold(text, columns - indent));
    lines.iter().map(|line| format!("{:indent$}{line}", "")).collect::<Vec<_>>().join("\n")
}

fn laid_out(header: &[&str], rows: &[Vec<String>], columns: Option<usize>) -> String {
    let widths = widths(header, rows, whole);
    let Some(columns) = columns else { return plain(header, rows, &widths) };
    if total(&widths) <= columns {
        return plain(header, rows, &widths);
    }
    let least = widths.iter().zip(self::widths(header, rows, longest_word));
    let least: Vec<usize> = least.map(|(whole, word)| word.max(FEW_WORDS.min(*whole))).collect();
    match shared_out(&widths, &least, columns) {
        Some(widths) => plain(header, rows, &widths),
        None => stacked(header, rows, &widths, columns),
    }
}

/// The widths of columns that are folded: each has its least, and the narrow ones get what they take first.
fn shared_out(wanted: &[usize], least: &[usize], columns: usize) -> Option<Vec<usize>> {
    let mut left = columns.checked_sub(total(least))?;
    let mut widths = least.to_vec();
    let mut order: Vec<(usize, usize)> =
        wanted.iter().zip(least).map(|(wanted, least)| wanted - least).enumerate().collect();
    order.sort_by_key(|(_, missing)| *missing);
    for (done, (column, missing)) in order.iter().enumerate() {
        let share = left / (order.len() - done);
        let more = share.min(*missing);
        if let Some(width) = widths.get_mut(*column) {
            *width += more;
        }
        left -= more;
    }
    Some(widths)
}

/// A row is a line of the columns that fit beside one another, and the others under it, each with its name.
fn stacked(header: &[&str], rows: &[Vec<String>], widths: &[usize], columns: usize) -> String {
    let mut beside: Vec<usize> = (0..widths.len()).collect();
    let width = |column: &usize| widths.get(*column).copied().unwrap_or_default();
    while beside.len() > 1 && beside.iter().map(|column| width(column) + PADDING).sum::<usize>() > columns {
        // The first column names what the row is about.
        let widest = beside.iter().skip(1).copied().max_by_key(width);
        beside.retain(|column| Some(*column) != widest);
    }
    let chosen = |row: &[String]| -> Vec<String> {
        let cell = |column: &usize| row.get(*column).map(|cell| cell.replace('\n', " "));
        beside.iter().map(|column| cell(column).unwrap_or_default()).collect()
    };
    let names: Vec<&str> = beside.iter().filter_map(|column| header.get(*column).copied()).collect();
    let upper: Vec<Vec<String>> = rows.iter().map(|row| chosen(row)).collect();
    let table = plain(&names, &upper, &self::widths(&names, &upper, whole));
    let mut lines = table.lines();
    let mut out: Vec<String> = lines.next().map(str::to_owned).into_iter().collect();
    for (row, line) in rows.iter().zip(lines) {
        out.push(line.to_owned());
        let under =
            row.iter().enumerate().filter(|(column, cell)| !beside.contains(column) && !cell.is_empty());
        for (column, cell) in under {
            let name = header.get(column).map(|name| name.to_lowercase()).unwrap_or_default();
            let folded = fold(&format!("{name}: {cell}"), columns - INDENT - PADDING);
            for (number, line) in folded.iter().enumerate() {
                let indent = if number == 0 { INDENT } else { INDENT + PADDING };
                out.push(format!("{:indent$}{line}", ""));
            }
        }
    }
    out.join("\n")
}

/// Lines of whole words; a word that is longer than a line has one of its own.
fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.lines() {
        let mut line = String::new();
        for word in part.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > columns {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// A table whose columns have these widths; a cell that is wider is folded between words.
fn plain(header: &[&str], rows: &[Vec<String>], widths: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        let cell = |(cell, width): (&String, &usize)| match whole(cell) > *width {
            true => fold(cell, *width).join("\n"),
            false => cell.clone(),
        };
        table.add_row(row.iter().zip(widths).map(cell));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn widths(header: &[&str], rows: &[Vec<String>], measure: fn(&str) -> usize) -> Vec<usize> {
    let cells =
        |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(|cell| measure(cell)).max();
    let named = |(column, name): (usize, &&str)| name.width().max(cells(column).unwrap_or_default());
    header.iter().enumerate().map(named).collect()
}

fn whole(cell: &str) -> usize {
    cell.lines().map(|line| line.width()).max().unwrap_or_default()
}

fn longest_word(cell: &str) -> usize {
    cell.split_whitespace().map(|word| word.width()).max().unwrap_or_default()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + PADDING).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 3] = ["TOOL", "SURE", "WHY"];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        vec![
            row([
                "delete_a_thing_with_a_rather_long_name",
                "high",
                "its name says \"delete\"; it reaches many things at once",
            ]),
            row(["漢字", "low", ""]),
        ]
    }

    #[test]
    fn every_width_is_kept_and_no_word_is_cut() {
        let words = |text: &str| {
            let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            words.retain(|word| !HEADER.contains(&word.trim_end_matches(':').to_uppercase().as_str()));
            words.sort();
            words
        };
        let whole = laid_out(&HEADER, &rows(), None);
        assert_eq!(whole.lines().count(), 3, "{whole}");
        for columns in NARROWEST..140 {
            let text = laid_out(&HEADER, &rows(), Some(columns));
            let widest = text.lines().map(|line| line.width()).max().unwrap();
            let room = columns.max("delete_a_thing_with_a_rather_long_name".len() + PADDING);
            assert!(widest <= room, "{columns}:\n{text}");
            assert_eq!(words(&text), words(&whole), "{columns}:\n{text}");
        }
    }

    #[test]
    fn what_does_not_fit_stands_under_its_row() {
        let text = laid_out(&HEADER, &rows(), Some(60));
        let expected = " TOOL                                    SURE
 delete_a_thing_with_a_rather_long_name  high
    why: its name says \"delete\"; it reaches many things at
      once
 漢字                                    low";
        assert_eq!(text, expected);
        let text = laid_out(&HEADER, &rows(), Some(80));
        assert!(text.contains("  high  its name says \"delete\"; it\n"), "{text}");
        assert_eq!(laid_out(&HEADER, &rows(), Some(200)), laid_out(&HEADER, &rows(), None));
    }
}
