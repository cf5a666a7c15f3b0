use std::sync::Mutex;

use interlock_store::{Asked, Asker, Embedded, Options, Patience, Question};

use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef";

/// A log that has room for so many records.
#[derive(Default)]
struct Short {
    room: usize,
    steps: Mutex<Vec<String>>,
}

impl Book for Short {
    fn record(&self, event: Lifecycle<'_>) -> Result<(), AuditError> {
        let mut steps = self.steps.lock().unwrap();
        if steps.len() == self.room {
            return Err(AuditError::Interrupted("no room".to_owned()));
        }
        let step = event.details.iter().find(|(name, _)| *name == "step");
        let Some((_, Detail::Text(step))) = step else { panic!("no step: {event:?}") };
        steps.push((*step).to_owned());
        Ok(())
    }
}

async fn asked(data: &std::path::Path) -> Arc<Embedded> {
    let store = Embedded::open(data, Options::default()).unwrap();
    let asker = Asker { grant: "team".to_owned(), instance: "i".to_owned(), session: None };
    let question = Question {
        id: ID.to_owned(),
        digest: [7; 32],
        judged_by: [7; 32],
        asker,
        server: "bank".to_owned(),
        section: "tools".to_owned(),
        name: "pay".to_owned(),
        approvers: Vec::new(),
        needed: 1,
        details: "{}".to_owned(),
        announce_to: Vec::new(),
    };
    let patience = Patience { timeout_ms: 60_000, dedupe_ms: 0, most: 10, most_bytes: 1 << 20 };
    assert!(matches!(store.ask(question, patience).await.unwrap(), Asked::New(_)));
    Arc::new(store)
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_decided_and_what_is_decided_is_said() {
    for (room, expected, steps) in [
        (0, Standing::Waiting, &[][..]),
        (1, Standing::Denied, &["denying"]),
        (2, Standing::Denied, &["denying", "denied"]),
    ] {
        let data = tempfile::tempdir().unwrap();
        let store = asked(data.path()).await;
        let book = Arc::new(Short { room, ..Short::default() });
        let desk = DecisionDesk::new(store.clone(), store.clone(), book.clone());
        let by = Account::Operator("ada".to_owned());
        let saying = Saying { by: &by, approves: false, reason: Some("no") };
        let said = desk.decide(ID, &saying).await;
        match (room, &said) {
            (0, Err(NotDecided::NotRecorded(_))) | (2, Ok(Decided::Counted(_))) => {}
            (1, Err(error @ NotDecided::Unrecorded { .. })) => {
                assert!(
                    error.to_string().starts_with("denied: pay at bank for team, but the audit log"),
                    "{error}"
                );
            }
            _ => panic!("{room}: {said:?}"),
        }
        assert_eq!(store.approval(ID).await.unwrap().unwrap().standing, expected, "{room}");
        assert_eq!(*book.steps.lock().unwrap(), steps);
    }
}

#[tokio::test]
async fn what_counts_for_nothing_has_one_record() {
    let data = tempfile::tempdir().unwrap();
    let store = asked(data.path()).await;
    let book = Arc::new(Short { room: 10, ..Short::default() });
    let desk = DecisionDesk::new(store.clone(), store.clone(), book.clone());
    let by = Account::User("ada".to_owned());
    for (approves, expected) in [(true, "counted"), (true, "too late"), (false, "too late")] {
        let decided = desk.decide(ID, &Saying { by: &by, approves, reason: None }).await.unwrap();
        assert_eq!(decided.outcome(), expected);
    }
    assert_eq!(
        desk.decide("none", &Saying { by: &by, approves: true, reason: None }).await.unwrap(),
        Decided::Unknown
    );
    assert_eq!(*book.steps.lock().unwrap(), ["approving", "approved", "too late", "too late"]);
}

#[test]
fn a_reason_says_something_and_ends() {
    for (text, expected) in [
        (" agreed\n", Some("agreed")),
        ("", None),
        (" \n", None),
        (&"x".repeat(1_000), Some(&*"x".repeat(1_000))),
        (&"x".repeat(1_001), None),
    ] {
        assert_eq!(reason(text).ok().as_deref(), expected, "{text}");
    }
}
