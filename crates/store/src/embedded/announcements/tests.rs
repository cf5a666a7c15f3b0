//! How the database goes about its announcements: none of its questions is answered by a look at all of them.

use rusqlite::{Connection, params_from_iter};

use super::super::approvals;
use super::TABLE;
use super::steps::{COUNT, COUNT_OF_GRANT, IS_DUE, IS_OVERDUE, claim_sql, overdue_sql};

#[test]
fn each_step_goes_by_an_index() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(approvals::TABLE).unwrap();
    connection.execute_batch(TABLE).unwrap();
    for (sql, index) in [
        (COUNT, "announcements_due"),
        (COUNT_OF_GRANT, "announcements_due"),
        (IS_DUE, "announcements_due"),
        (IS_OVERDUE, "announcements_overdue"),
        (&claim_sql(), "announcements_due"),
        (&overdue_sql(), "announcements_overdue"),
    ] {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let values = vec![rusqlite::types::Value::Integer(1); statement.parameter_count()];
        let lines = statement.query_map(params_from_iter(values), |row| row.get(3)).unwrap();
        let plan: Vec<String> = lines.collect::<Result<_, _>>().unwrap();
        assert!(plan.iter().any(|line| line.contains(&format!("INDEX {index} ("))), "{sql}\n{plan:#?}");
        let scans =
            |line: &String| line.starts_with("SCAN announcements") && !line.contains("announcements_lost");
        assert!(!plan.iter().any(scans), "{sql}\n{plan:#?}");
    }
}
