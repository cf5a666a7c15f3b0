//! What people say.

use interlock_store::{Opinion, Question, Standing, Told};

use super::*;
use crate::clock::NOON;

fn needing(id: &str, needed: u32) -> Question {
    Question { needed, ..question(id) }
}

pub(super) async fn as_many_people_as_needed_approve(register: &Register) {
    register.asked(needing("q", 3)).await;
    let mut said = Vec::new();
    for (by, standing) in
        [("alice", Standing::Waiting), ("bob", Standing::Waiting), ("carol", Standing::Approved)]
    {
        let before = register.approval("q").await.change;
        register.clock.advance(7);
        let now = NOON + 7 * (i64::try_from(said.len()).unwrap() + 1);
        said.push(Opinion { at_ms: now, ..says(by, true) });
        let approval = register.counted("q", by, true).await;
        assert_eq!((approval.standing, &approval.opinions), (standing, &said));
        assert_eq!(approval.since_ms, (standing == Standing::Approved).then_some(now));
        assert!(approval.change > before, "each opinion is a change");
        assert_eq!(register.approval("q").await, approval);
    }
}

pub(super) async fn one_person_counts_once(register: &Register) {
    register.asked(needing("q", 2)).await;
    let once = register.counted("q", "alice", true).await;
    for approves in [true, false] {
        assert_eq!(register.tell("q", "alice", approves).await, Told::Again(once.clone()));
    }
    assert_eq!(register.approval("q").await, once);
    // Another name is another person.
    assert_eq!(register.counted("q", "Alice", true).await.standing, Standing::Approved);
}

pub(super) async fn one_no_denies(register: &Register) {
    register.asked(needing("q", 3)).await;
    register.counted("q", "alice", true).await;
    register.clock.advance(1);
    let denied = register.counted("q", "bob", false).await;
    assert_eq!((denied.standing, denied.since_ms), (Standing::Denied, Some(NOON + 1)));
    assert_eq!(register.used("q").await, None);
}

pub(super) async fn what_is_decided_is_not_decided_again(register: &Register) {
    for (number, first) in [(1, true), (2, false)] {
        let id = another(number).id;
        register.asked(another(number)).await;
        let decided = register.counted(&id, "alice", first).await;
        for (by, approves) in [("bob", true), ("bob", false), ("alice", !first), ("alice", first)] {
            assert_eq!(register.tell(&id, by, approves).await, Told::TooLate(decided.clone()));
        }
    }
    register.asked(question("used")).await;
    register.counted("used", "alice", true).await;
    let used = register.used("used").await.unwrap();
    assert_eq!(register.tell("used", "bob", false).await, Told::TooLate(used));
    assert_eq!(register.tell("nothing", "bob", true).await, Told::Unknown);
}

pub(super) async fn questions_that_need_nobody_need_one(register: &Register) {
    let asked = register.asked(needing("q", 0)).await;
    assert_eq!((asked.standing, asked.question.needed), (Standing::Waiting, 1));
    assert_eq!(register.counted("q", "alice", true).await.standing, Standing::Approved);
}

/// Of as many as are needed and more, exactly as many are counted as are needed.
pub(super) async fn people_who_answer_at_once_are_all_heard(register: &Register) {
    register.asked(needing("q", 20)).await;
    let people = (0..40).map(|person| {
        let approvals = Arc::clone(&register.approvals);
        tokio::spawn(
            async move { approvals.tell("q", says(&format!("{}", person / 2), true)).await.unwrap() },
        )
    });
    let mut counted = 0;
    for person in people.collect::<Vec<_>>() {
        counted += u32::from(matches!(person.await.unwrap(), Told::Counted(_)));
    }
    let approval = register.approval("q").await;
    assert_eq!((counted, approval.opinions.len(), approval.standing), (20, 20, Standing::Approved));
}
