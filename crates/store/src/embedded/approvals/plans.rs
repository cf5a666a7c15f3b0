//! How the database goes about its questions: none is answered by a look at all that there is.

use rusqlite::{Connection, params_from_iter};

use super::super::announcements;
use super::reading::{CHANGES, Written, list};
use super::steps::{
    COUNT_WAITING, ENDED, FREE, FREE_OF_SESSION, JUDGED_OTHERWISE, KNOWN, SURPLUS, expire_sql,
};
use super::{JUDGED, TABLE};
use crate::approvals::{Standing, Which};

/// How it goes about one, line by line.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let values = vec![rusqlite::types::Value::Integer(1); statement.parameter_count()];
    let lines = statement.query_map(params_from_iter(values), |row| row.get(3)).unwrap();
    lines.collect::<Result<_, _>>().unwrap()
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLE).unwrap();
    connection.execute_batch(announcements::TABLE).unwrap();
    connection.execute_batch(JUDGED).unwrap();
    connection
}

/// It looks into the register by this index, and at all of nothing.
fn goes_by(connection: &Connection, sql: &str, index: &str) -> Vec<String> {
    let plan = plan(connection, sql);
    assert!(plan.iter().any(|line| line.contains(&format!("INDEX {index} ("))), "{sql}\n{plan:#?}");
    assert!(!plan.iter().any(|line| line.starts_with("SCAN approvals")), "{sql}\n{plan:#?}");
    plan
}

#[test]
fn each_step_goes_by_an_index() {
    let connection = database();
    goes_by(&connection, KNOWN, "approvals_of_call");
    let counting = goes_by(&connection, COUNT_WAITING, "approvals_waiting");
    assert!(counting.iter().any(|line| line.contains("COVERING INDEX approvals_waiting")), "{counting:#?}");
    goes_by(&connection, FREE_OF_SESSION, "approvals_of_session");
    goes_by(&connection, FREE, "approvals_of_instance");
    goes_by(&connection, ENDED, "approvals_ended");
    goes_by(&connection, JUDGED_OTHERWISE, "approvals_open");
    goes_by(&connection, SURPLUS, "approvals_of_grant");
    goes_by(&connection, CHANGES, "approvals_changed");
    goes_by(&connection, &expire_sql(), "approvals_due");
}

#[test]
fn each_list_goes_by_an_index_and_sorts_nothing_but_what_is_due() {
    let connection = database();
    let text = |text: &str| Some(text.to_owned());
    let all = Which::default;
    let grant = || Which { grant: text("g"), ..all() };
    let server = || Which { server: text("s"), name: text("n"), ..grant() };
    let (waiting, denied) = (Standing::Waiting, Standing::Denied);
    for (which, written, index) in [
        (all(), Written::Open(waiting), "approvals_standing"),
        (grant(), Written::Open(waiting), "approvals_standing"),
        (server(), Written::Open(waiting), "approvals_standing"),
        (all(), Written::Ended(denied), "approvals_standing"),
        (grant(), Written::Ended(denied), "approvals_of_grant"),
        (server(), Written::Ended(denied), "approvals_about"),
        (grant(), Written::Any, "approvals_of_grant"),
        (server(), Written::Any, "approvals_about"),
        (all(), Written::Due(waiting), "approvals_due"),
        (server(), Written::Due(waiting), "approvals_due"),
    ] {
        for before in [None, Some(7)] {
            let which = Which { before, ..which.clone() };
            let (sql, _) = list(&which, written, 500, 0);
            let plan = goes_by(&connection, &sql, index);
            let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE"));
            assert_eq!(sorts, matches!(written, Written::Due(_)), "{sql}\n{plan:#?}");
        }
    }
    // All that there is, in the order of the index, as far as the page goes.
    let (sql, _) = list(&all(), Written::Any, 500, 0);
    assert_eq!(plan(&connection, &sql), ["SCAN approvals USING INDEX approvals_changed"]);
}
