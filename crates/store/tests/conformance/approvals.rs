//! What `Approvals` promises, whoever keeps them.

mod announcing;
mod asking;
mod deciding;
mod files;
mod listing;
mod taking;
mod time;
mod withdrawing;

use std::sync::Arc;

use interlock_store::{
    Announcements, Approval, Approvals, Asked, Asker, Embedded, Opinion, Outdated, Patience, Question,
    Standing, Taken, Target, Timekeeping, Told, Which,
};

use crate::clock::TestClock;
use crate::embedded::options;

const MINUTE: i64 = 60_000;
const PATIENCE: Patience =
    Patience { timeout_ms: 60_000, dedupe_ms: 10_000, most: 100, most_bytes: u64::MAX };
const DIGEST: [u8; 32] = [7; 32];
const TARGETS: [Target; 2] = [Target([1; 32]), Target([2; 32])];

/// A backend that holds nothing yet, with its time in the test's hand.
struct Register {
    approvals: Arc<dyn Approvals>,
    announcements: Arc<dyn Announcements>,
    time: Arc<dyn Timekeeping>,
    clock: Arc<TestClock>,
    _keep: Box<dyn std::any::Any>,
}

fn register() -> Register {
    let clock = Arc::new(TestClock::new());
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), options(&clock)).unwrap();
    Register {
        approvals: Arc::new(store.clone()),
        announcements: Arc::new(store.clone()),
        time: Arc::new(store),
        clock,
        _keep: Box::new(directory),
    }
}

/// Each function of the suite as a test, with an empty register.
macro_rules! passes {
    ($($module:ident { $($test:ident),* $(,)? })*) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            $module::$test(&register()).await;
        }
    )*)*};
}

passes! {
    asking {
        a_question_is_kept_as_it_was_asked,
        the_same_call_is_asked_about_once,
        another_call_or_grant_is_another_question,
        what_was_decided_is_not_asked_again_for_a_while,
        another_live_session_asks_for_itself,
        questions_of_an_ended_session_are_anybodys_of_the_grant,
        callers_without_sessions_share_their_questions,
        what_can_still_be_used_is_known_first,
        only_so_many_of_one_grant_wait,
        only_so_long_ones_of_one_grant_wait,
    }
    deciding {
        as_many_people_as_needed_approve,
        one_person_counts_once,
        one_no_denies,
        what_is_decided_is_not_decided_again,
        questions_that_need_nobody_need_one,
        people_who_answer_at_once_are_all_heard,
    }
    taking {
        an_approval_is_taken_once,
        what_was_given_back_is_taken_again_in_its_time,
        it_is_taken_for_its_call_and_asker_only,
        what_is_not_approved_is_not_taken,
        of_many_at_once_one_takes_it,
    }
    time {
        a_question_expires_at_its_time,
        an_approval_expires_at_its_time,
        what_expired_is_given_out_once,
        many_that_expire_are_given_out_in_order,
        long_ones_that_expire_are_given_out_a_few_at_a_time,
        a_clock_that_is_set_back_gives_no_more_time,
        a_date_that_is_put_right_leaves_no_time_to_what_was_asked_by_the_false_one,
        a_date_that_is_put_right_blocks_no_call_for_longer,
    }
    withdrawing {
        what_nobody_asks_any_more_is_withdrawn,
        what_is_judged_otherwise_is_withdrawn,
        what_is_somebody_elses_is_not_withdrawn,
    }
    announcing {
        what_happens_is_announced_to_each,
        each_is_held_by_one_until_its_time,
        who_was_too_slow_has_no_say,
        what_is_put_off_is_due_later,
        nothing_is_announced_for_ever,
        only_so_many_wait_for_one_receiver,
        of_many_at_once_one_claims_it,
        a_date_that_is_put_right_announces_at_once,
    }
    listing {
        changes_come_in_their_order,
        many_changes_come_in_parts,
        lists_hold_what_is_asked_for,
        lists_come_in_pages,
        a_list_may_leave_out_what_is_long,
        what_has_ended_is_forgotten,
        whoever_asks_a_lot_is_remembered_less,
    }
}

/// A question about one call, of a grant that has one session.
fn question(id: &str) -> Question {
    Question {
        id: id.to_owned(),
        digest: DIGEST,
        judged_by: DIGEST,
        asker: asker("agent", Some("first")),
        server: "payments".to_owned(),
        section: "tools".to_owned(),
        name: "refund".to_owned(),
        approvers: vec!["user:alice".to_owned(), "odd\nname\\n".to_owned(), String::new()],
        needed: 1,
        details: r#"{"arguments":{"amount":1.10}}"#.to_owned(),
        announce_to: TARGETS.to_vec(),
    }
}

/// One about a call of its own.
fn another(number: u64) -> Question {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    Question { digest, ..question(&format!("question {number}")) }
}

fn asker(grant: &str, session: Option<&str>) -> Asker {
    Asker { grant: grant.to_owned(), instance: "instance".to_owned(), session: session.map(str::to_owned) }
}

fn says(by: &str, approves: bool) -> Opinion {
    Opinion { by: by.to_owned(), approves, reason: Some(format!("because {by}")), at_ms: 0 }
}

impl Register {
    async fn ask(&self, question: Question) -> Asked {
        self.approvals.ask(question, PATIENCE).await.unwrap()
    }

    async fn asked(&self, question: Question) -> Approval {
        let id = question.id.clone();
        match self.ask(question).await {
            Asked::New(approval) => approval,
            asked => panic!("{id}: {asked:?}"),
        }
    }

    async fn known(&self, question: Question) -> Approval {
        match self.ask(question).await {
            Asked::Known(approval) => approval,
            asked => panic!("{asked:?}"),
        }
    }

    async fn tell(&self, id: &str, by: &str, approves: bool) -> Told {
        self.approvals.tell(id, says(by, approves)).await.unwrap()
    }

    async fn counted(&self, id: &str, by: &str, approves: bool) -> Approval {
        match self.tell(id, by, approves).await {
            Told::Counted(approval) => approval,
            told => panic!("{told:?}"),
        }
    }

    async fn take(&self, id: &str, digest: [u8; 32], asker: &Asker) -> Option<Approval> {
        match self.approvals.take(id, digest, asker).await.unwrap() {
            Taken::Taken(approval) => Some(approval),
            Taken::Refused => None,
        }
    }

    /// Takes it for the call and the asker of [`question`].
    async fn used(&self, id: &str) -> Option<Approval> {
        self.take(id, DIGEST, &asker("agent", Some("first"))).await
    }

    async fn approval(&self, id: &str) -> Approval {
        self.approvals.approval(id).await.unwrap().unwrap()
    }

    async fn standing(&self, id: &str) -> Standing {
        self.approval(id).await.standing
    }

    async fn list(&self, which: Which, most: usize) -> Vec<String> {
        let found = self.approvals.approvals(which, most).await.unwrap();
        found.into_iter().map(|approval| approval.question.id).collect()
    }

    async fn expired(&self) -> Vec<String> {
        let expired = self.approvals.expire().await.unwrap();
        expired.into_iter().map(|approval| approval.question.id).collect()
    }
}
