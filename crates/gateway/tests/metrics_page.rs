//! `docs/metrics.md` has a row for every metric. `INTERLOCK_WRITE_DOCS=1 cargo nextest run --workspace -E
//! 'binary(metrics_page)'` writes the table.

use std::path::Path;

use interlock_gateway::metrics::METRICS;

/// What stands above the table, which ends the page.
const HEADING: &str = "## All of them\n";

fn table() -> String {
    let mut rows = vec!["| metric | kind | labels | meaning |".to_owned(), "|---|---|---|---|".to_owned()];
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        rows.push(format!(
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind,
            labels.join(", "),
            metric.help
        ));
    }
    rows.join("\n")
}

#[test]
fn the_page_of_metrics_says_what_is_exported() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, _) = page.split_once(HEADING).expect("the heading of the table");
    let written = format!("{before}{HEADING}\n{}\n", table());
    if std::env::var_os("INTERLOCK_WRITE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    assert!(page == written, "docs/metrics.md is stale; this file says how to write its table");
}
