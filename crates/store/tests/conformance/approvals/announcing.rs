//! What is announced of questions, to whom, and by whom.

use interlock_store::{Announcement, Claim, Claimed, Event, PutOff};

use super::*;
use crate::clock::NOON;

const HELD: u64 = 10_000;
const HELD_MS: i64 = 10_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Register {
    async fn claim(&self, by: &str, target: Target, most: usize) -> Claimed {
        let claim = Claim { by: by.to_owned(), for_ms: HELD, wanted: vec![(target, most)] };
        self.announcements.claim(claim).await.unwrap()
    }

    /// What is due for the first receiver.
    async fn claimed(&self, by: &str) -> Vec<Announcement> {
        self.claim(by, TARGETS[0], 1_000).await.announcements
    }

    async fn is_due(&self, target: Target) -> bool {
        self.announcements.is_due(vec![target]).await.unwrap()
    }
}

fn events(announcements: &[Announcement]) -> Vec<(&str, Event)> {
    announcements.iter().map(|one| (one.approval.as_str(), one.event)).collect()
}

pub(super) async fn what_happens_is_announced_to_each(register: &Register) {
    register.asked(question("q")).await;
    register.known(question("again")).await;
    register.clock.advance(1);
    register.asked(Question { needed: 2, ..another(1) }).await;
    register.asked(Question { announce_to: Vec::new(), ..another(2) }).await;
    for target in TARGETS {
        assert!(register.is_due(target).await);
        let claimed = register.claim("a", target, 1_000).await;
        assert_eq!(events(&claimed.announcements), [("q", Event::Asked), ("question 1", Event::Asked)]);
        let first = &claimed.announcements[0];
        assert_eq!((first.at_ms, first.until_ms, first.tries), (NOON, NOON + MINUTE, 1));
        assert_eq!((claimed.overdue, claimed.lost), (vec![], vec![]));
    }
    assert!(!register.is_due(Target([3; 32])).await);
    assert_eq!(register.claim("a", Target([3; 32]), 9).await, Claimed::default());

    register.clock.advance(1);
    register.counted("q", "alice", false).await;
    register.counted("question 1", "alice", true).await;
    let decided = register.claimed("a").await;
    assert_eq!(events(&decided), [("q", Event::Decided)], "one yes of two decides nothing");
    assert_eq!((decided[0].at_ms, decided[0].until_ms), (NOON + 2, NOON + 2 + DAY));

    // One that nobody decides expires.
    register.clock.advance(MINUTE);
    assert_eq!(register.expired().await, ["question 1", "question 2"]);
    let expired = register.claimed("a").await;
    let expired: Vec<_> = expired.into_iter().filter(|one| one.event == Event::Expired).collect();
    assert_eq!(events(&expired), [("question 1", Event::Expired)]);
    assert_eq!(expired[0].at_ms, NOON + MINUTE + 1);
}

pub(super) async fn each_is_held_by_one_until_its_time(register: &Register) {
    for number in 0..3 {
        register.asked(another(number)).await;
    }
    assert_eq!(register.claim("a", TARGETS[0], 2).await.announcements.len(), 2);
    let rest = register.claimed("b").await;
    assert_eq!(rest.len(), 1);
    assert!(!register.is_due(TARGETS[0]).await);
    assert_eq!(register.claimed("c").await, []);
    assert!(register.announcements.finish(rest[0].clone()).await.unwrap());
    assert!(!register.announcements.finish(rest[0].clone()).await.unwrap());

    // The first has died.
    register.clock.advance(HELD_MS);
    assert!(register.is_due(TARGETS[0]).await);
    let again = register.claimed("c").await;
    assert_eq!(again.iter().map(|one| one.tries).collect::<Vec<_>>(), [2, 2]);
    assert!(again.iter().all(|one| one.approval != rest[0].approval));
}

pub(super) async fn who_was_too_slow_has_no_say(register: &Register) {
    register.asked(question("q")).await;
    let slow = register.claimed("a").await.remove(0);
    register.clock.advance(HELD_MS);
    let quick = register.claimed("b").await.remove(0);
    assert!(!register.announcements.finish(slow.clone()).await.unwrap());
    assert_eq!(register.announcements.put_off(slow.clone(), 1).await.unwrap(), PutOff::Taken);
    assert_eq!(register.announcements.put_off(slow, u64::MAX).await.unwrap(), PutOff::Taken);
    assert!(register.announcements.finish(quick).await.unwrap());
}

pub(super) async fn what_is_put_off_is_due_later(register: &Register) {
    register.asked(Question { announce_to: vec![TARGETS[0]], ..question("q") }).await;
    let first = register.claimed("a").await.remove(0);
    assert_eq!(register.announcements.put_off(first, 100).await.unwrap(), PutOff::Later);
    register.clock.advance(99);
    assert!(!register.is_due(TARGETS[0]).await);
    register.clock.advance(1);
    let second = register.claimed("b").await.remove(0);
    assert_eq!(second.tries, 2);
    let left = u64::try_from(MINUTE - 100).unwrap();
    assert_eq!(register.announcements.put_off(second, left).await.unwrap(), PutOff::GivenUp);
    register.clock.advance(MINUTE);
    assert_eq!(register.claim("c", TARGETS[0], 9).await, Claimed::default(), "it is forgotten");
}

pub(super) async fn nothing_is_announced_for_ever(register: &Register) {
    register.asked(question("q")).await;
    register.claim("a", TARGETS[1], 1).await;
    register.clock.advance(MINUTE - 1);
    assert_eq!(register.claim("b", TARGETS[1], 1).await.announcements.len(), 1, "a has died");
    register.clock.advance(1);
    // Whoever looks gives up what is nobody's, for whichever receiver it was; what is held is its holder's.
    let claimed = register.claim("c", Target([3; 32]), 1).await;
    assert_eq!(claimed.announcements, []);
    assert_eq!(claimed.overdue.len(), 1);
    assert_eq!((claimed.overdue[0].target, claimed.overdue[0].event), (TARGETS[0], Event::Asked));
    register.clock.advance(HELD_MS);
    assert_eq!(register.claim("c", Target([3; 32]), 1).await.overdue[0].target, TARGETS[1]);
    assert_eq!(register.claim("c", Target([3; 32]), 1).await, Claimed::default());
}

pub(super) async fn only_so_many_wait_for_one_receiver(register: &Register) {
    let patience = Patience { most: 10_000, ..PATIENCE };
    let ask = async |number: u64, grant: u64, target| {
        let asker = asker(&format!("agent {grant}"), None);
        let question = Question { announce_to: vec![target], asker, ..another(number) };
        register.approvals.ask(question, patience).await.unwrap();
    };
    for number in 0..1_003 {
        ask(number, number / 200, TARGETS[0]).await;
    }
    // One grant leaves room for others.
    for number in 2_000..2_252 {
        ask(number, 0, TARGETS[1]).await;
    }
    ask(3_000, 1, TARGETS[1]).await;
    let claimed = register.claim("a", TARGETS[0], 5_000).await;
    assert_eq!(claimed.announcements.len(), 1_000);
    assert_eq!(claimed.lost, [(TARGETS[0], 3), (TARGETS[1], 2)]);
    assert_eq!(register.claim("a", TARGETS[0], 1).await.lost, [], "it is told once");
    let claimed = register.claim("a", TARGETS[1], 5_000).await;
    assert_eq!(claimed.announcements.len(), 251);
    assert!(claimed.announcements.iter().any(|one| one.approval == another(3_000).id));
}

pub(super) async fn of_many_at_once_one_claims_it(register: &Register) {
    for round in 0..20 {
        register.asked(another(round)).await;
        let claimers = (0..20).map(|by| {
            let announcements = Arc::clone(&register.announcements);
            let claim = Claim { by: format!("{by}"), for_ms: HELD, wanted: vec![(TARGETS[0], 9)] };
            tokio::spawn(async move { announcements.claim(claim).await.unwrap().announcements.len() })
        });
        let mut claimed = 0;
        for claimer in claimers.collect::<Vec<_>>() {
            claimed += claimer.await.unwrap();
        }
        assert_eq!(claimed, 1, "round {round}");
    }
}

pub(super) async fn a_date_that_is_put_right_announces_at_once(register: &Register) {
    register.clock.set_by(30 * DAY);
    register.asked(question("q")).await;
    let first = register.claimed("a").await.remove(0);
    assert_eq!(register.announcements.put_off(first, 1_000).await.unwrap(), PutOff::Later);
    register.clock.set_by(-30 * DAY);
    register.time.reclock().await.unwrap();
    let again = register.claimed("a").await.remove(0);
    assert_eq!((again.at_ms, again.until_ms, again.tries), (NOON, NOON + MINUTE, 2));
}
