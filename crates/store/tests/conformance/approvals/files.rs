//! What the embedded backend keeps in its directory.

use interlock_store::{Announcements, Approvals, Asked, Options, ServerEntry, Servers, Standing, Taken};

use super::*;

#[tokio::test]
async fn every_process_sees_the_same_questions() {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), options(&clock)).unwrap();
    let (first, second) = (open(), open());
    let Asked::New(asked) = first.ask(question("q"), PATIENCE).await.unwrap() else { panic!("it is new") };
    assert_eq!(second.approval("q").await.unwrap(), Some(asked));
    second.tell("q", says("alice", true)).await.unwrap();
    assert_eq!(first.changes(1).await.unwrap().1, 2);
    drop(first);
    let third = open();
    let own = asker("agent", Some("first"));
    assert!(matches!(third.take("q", DIGEST, &own).await.unwrap(), Taken::Taken(_)));
    assert_eq!(second.take("q", DIGEST, &own).await.unwrap(), Taken::Refused);
    assert_eq!(second.approval("q").await.unwrap().unwrap().standing, Standing::Used);
}

/// A file of the layout before, with what was in it.
#[tokio::test]
async fn a_ledger_of_the_layout_before_gets_the_register_and_keeps_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), Options::default()).unwrap();
    let entry = ServerEntry { name: "kept".to_owned(), definition: "{}".to_owned(), added_ms: 1 };
    assert!(open().add_server(entry.clone()).await.unwrap());
    let connection = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
    connection
        .execute_batch(
            "DROP TABLE opinions; DROP TABLE approvals; DROP TABLE approval_changes; DROP TABLE announcements; \
             DROP TABLE announcements_lost; DROP TABLE pins; DROP TABLE pinned_servers; DROP TABLE pin_changes;",
        )
        .unwrap();
    connection.pragma_update(None, "user_version", 6).unwrap();
    drop(connection);
    let store = open();
    assert_eq!(store.servers().await.unwrap(), [entry]);
    assert!(matches!(store.ask(question("q"), PATIENCE).await.unwrap(), Asked::New(_)));
    drop(store);
    assert_eq!(open().approval("q").await.unwrap().unwrap().change, 1);
}

/// A file of the layout before announcements, with a question in it: it is decided, and announced to nobody.
#[tokio::test]
async fn questions_of_the_layout_before_announcements_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Embedded::open(directory.path(), Options::default()).unwrap();
    assert!(matches!(open().ask(question("q"), PATIENCE).await.unwrap(), Asked::New(_)));
    let connection = rusqlite::Connection::open(directory.path().join("ledger.db")).unwrap();
    connection
        .execute_batch(
            "DROP TABLE announcements; DROP TABLE announcements_lost; ALTER TABLE approvals DROP COLUMN announce_to; \
             DROP INDEX approvals_open; DROP INDEX approvals_of_instance; ALTER TABLE approvals DROP COLUMN judged_by; \
             DROP TABLE pins; DROP TABLE pinned_servers; DROP TABLE pin_changes;",
        )
        .unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let store = open();
    let kept = store.approval("q").await.unwrap().unwrap();
    assert_eq!(kept.question, Question { announce_to: Vec::new(), judged_by: [0; 32], ..question("q") });
    store.tell("q", says("alice", true)).await.unwrap();
    assert_eq!(store.approval("q").await.unwrap().unwrap().standing, Standing::Approved);
    assert!(!store.is_due(TARGETS.to_vec()).await.unwrap());
}
