//! Tables for people.

use comfy_table::{ContentArrangement, Table, presets};

/// On a narrower terminal, or one that says it has no columns, cells that are folded are one letter wide: whole lines,
/// which the terminal folds, can at least be read.
const NARROWEST: u16 = 100;

/// A plain table: a header, no lines, as wide as the terminal allows.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    if folds(table.width()) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| super::escaped(cell)));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn folds(columns: Option<u16>) -> bool {
    columns.is_some_and(|columns| columns >= NARROWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wide_terminals_fold_cells() {
        for (columns, expected) in
            [(None, false), (Some(0), false), (Some(80), false), (Some(100), true), (Some(200), true)]
        {
            assert_eq!(folds(columns), expected, "{columns:?}");
        }
    }
}
