//! The time that questions have.

use interlock_store::{Asked, Patience, Question, Standing, Told, Which};

use super::*;
use crate::clock::NOON;

const DAY: i64 = 24 * 60 * MINUTE;

fn that(standing: Standing) -> Which {
    Which { standing: Some(standing), ..Which::default() }
}

/// How it stands in each of the answers.
async fn everywhere(register: &Register, id: &str, standing: Standing) {
    let approval = register.approval(id).await;
    assert_eq!(approval.standing, standing);
    for other in [Standing::Waiting, Standing::Approved, Standing::Denied, Standing::Expired, Standing::Used]
    {
        let listed = register.list(that(other), 9).await;
        assert_eq!(listed.contains(&id.to_owned()), other == standing, "{other:?}");
    }
    let (changes, _) = register.approvals.changes(0).await.unwrap();
    assert_eq!(changes.iter().find(|changed| changed.id == id).unwrap().standing, standing);
    if standing == Standing::Expired {
        assert_eq!(approval.since_ms, Some(approval.expires_ms));
    }
}

pub(super) async fn a_question_expires_at_its_time(register: &Register) {
    register.asked(question("q")).await;
    register.clock.advance(MINUTE - 1);
    everywhere(register, "q", Standing::Waiting).await;
    assert_eq!(register.expired().await, [""; 0]);
    register.clock.advance(1);
    everywhere(register, "q", Standing::Expired).await;
    let Told::TooLate(late) = register.tell("q", "alice", true).await else { panic!("it is too late") };
    assert_eq!((late.standing, late.opinions.len()), (Standing::Expired, 0));
    assert_eq!(register.used("q").await, None);
    assert_eq!(register.expired().await, ["q"]);
    everywhere(register, "q", Standing::Expired).await;
    assert_eq!(register.tell("q", "alice", true).await, Told::TooLate(register.approval("q").await));
}

pub(super) async fn an_approval_expires_at_its_time(register: &Register) {
    for (number, early) in [(1, 1), (2, 0)] {
        let (id, digest) = (another(number).id, another(number).digest);
        register.asked(another(number)).await;
        register.clock.advance(MINUTE / 2);
        register.counted(&id, "alice", true).await;
        register.clock.advance(MINUTE / 2 - early);
        everywhere(register, &id, if early > 0 { Standing::Approved } else { Standing::Expired }).await;
        let taken = register.take(&id, digest, &asker("agent", Some("first"))).await;
        assert_eq!(taken.is_some(), early > 0, "it was approved, not longer than it was asked");
    }
    assert_eq!(register.expired().await, [another(2).id]);
    assert_eq!(register.approval(&another(2).id).await.opinions.len(), 1);
}

pub(super) async fn what_expired_is_given_out_once(register: &Register) {
    for number in 0..200 {
        register.approvals.ask(another(number), Patience { most: 1_000, ..PATIENCE }).await.unwrap();
    }
    register.clock.advance(MINUTE);
    let several = (0..10).map(|_| {
        let approvals = Arc::clone(&register.approvals);
        tokio::spawn(async move { approvals.expire().await.unwrap() })
    });
    let mut given = Vec::new();
    for one in several.collect::<Vec<_>>() {
        given.extend(one.await.unwrap().into_iter().map(|approval| approval.question.id));
    }
    given.sort();
    let mut expected: Vec<_> = (0..200).map(|number| another(number).id).collect();
    expected.sort();
    assert_eq!(given, expected);
}

/// More than are given out at once; those that expired first come first, each with a change of its own.
pub(super) async fn many_that_expire_are_given_out_in_order(register: &Register) {
    for number in 0..1_100 {
        let timeout_ms = 60_000 + number % 7;
        let patience = Patience { most: 10_000, timeout_ms, ..PATIENCE };
        register.approvals.ask(another(number), patience).await.unwrap();
    }
    register.clock.advance(MINUTE + 10);
    let (_, mut last) = register.approvals.changes(0).await.unwrap();
    let mut times = Vec::new();
    loop {
        let some = register.approvals.expire().await.unwrap();
        if some.is_empty() {
            break;
        }
        for approval in some {
            last += 1;
            assert_eq!((approval.change, approval.standing), (last, Standing::Expired));
            assert_eq!(approval.since_ms, Some(approval.expires_ms));
            times.push(approval.expires_ms);
        }
    }
    assert_eq!(times.len(), 1_100);
    assert!(times.is_sorted());
    assert_eq!(register.approvals.changes(last).await.unwrap(), (Vec::new(), last));
}

/// Nobody else is held up for as long as it takes to write all of them anew.
pub(super) async fn long_ones_that_expire_are_given_out_a_few_at_a_time(register: &Register) {
    let details = |bytes: usize| "x".repeat(bytes);
    for (number, bytes) in [(1, 9 << 20), (2, 3 << 20), (3, 3 << 20), (4, 3 << 20), (5, 1)] {
        register.asked(Question { details: details(bytes), ..another(number) }).await;
    }
    register.clock.advance(MINUTE);
    for expected in [vec![1], vec![2, 3], vec![4, 5], vec![]] {
        let expected: Vec<String> = expected.into_iter().map(|number| another(number).id).collect();
        let expired = register.approvals.expire().await.unwrap();
        assert!(expired.iter().all(|approval| approval.question.details.is_empty()));
        let ids: Vec<String> = expired.into_iter().map(|approval| approval.question.id).collect();
        assert_eq!(ids, expected);
    }
    assert_eq!(register.approval(&another(1).id).await.question.details.len(), 9 << 20);
}

pub(super) async fn a_clock_that_is_set_back_gives_no_more_time(register: &Register) {
    register.asked(question("q")).await;
    register.clock.advance(MINUTE);
    assert_eq!(register.expired().await, ["q"]);
    register.asked(question("second")).await;
    register.clock.advance(MINUTE);
    // Seen by another step, which has nothing to do with it.
    register.asked(another(1)).await;
    register.clock.set_by(-DAY);
    assert_eq!(register.standing("second").await, Standing::Expired);
    assert_eq!(register.used("second").await, None);
    assert_eq!(register.asked(question("third")).await.asked_ms, NOON + 2 * MINUTE);
}

pub(super) async fn a_date_that_is_put_right_leaves_no_time_to_what_was_asked_by_the_false_one(
    register: &Register,
) {
    let patient = Patience { timeout_ms: DAY.unsigned_abs(), ..PATIENCE };
    register.approvals.ask(question("before"), patient).await.unwrap();
    register.clock.set_by(DAY / 2);
    register.asked(another(1)).await;
    register.asked(another(2)).await;
    register.counted(&another(2).id, "alice", true).await;
    register.clock.set_by(-DAY / 2);
    register.time.reclock().await.unwrap();
    assert_eq!(register.standing("before").await, Standing::Waiting, "its time has not come");
    assert_eq!(register.take(&another(2).id, another(2).digest, &question("q").asker).await, None);
    let mut expired = register.expired().await;
    expired.sort();
    assert_eq!(expired, [another(1).id, another(2).id]);
    assert_eq!(register.approval(&another(1).id).await.since_ms, Some(NOON));
}

pub(super) async fn a_date_that_is_put_right_blocks_no_call_for_longer(register: &Register) {
    register.clock.set_by(DAY);
    register.asked(question("q")).await;
    register.counted("q", "alice", false).await;
    register.clock.set_by(-DAY);
    register.time.reclock().await.unwrap();
    register.clock.advance(9_999);
    register.known(question("x")).await;
    register.clock.advance(1);
    let asked = register.ask(question("later")).await;
    assert!(matches!(asked, Asked::New(_)), "{asked:?}");
}
