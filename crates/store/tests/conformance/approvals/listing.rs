//! Lists, changes, and what is forgotten.

use interlock_store::{Changed, Patience, Question, Standing, Which};

use super::*;
use crate::clock::NOON;

pub(super) async fn changes_come_in_their_order(register: &Register) {
    let changes = async |after| register.approvals.changes(after).await.unwrap();
    assert_eq!(changes(0).await, (Vec::new(), 0));
    let changed = |id: &str, standing, change| Changed { id: id.to_owned(), standing, change };
    register.asked(Question { needed: 2, ..another(1) }).await;
    register.asked(another(2)).await;
    register.asked(another(3)).await;
    let [first, second, third] = [1, 2, 3].map(|number| another(number).id);
    let waiting = |id: &str, change| changed(id, Standing::Waiting, change);
    assert_eq!(changes(0).await, (vec![waiting(&first, 1), waiting(&second, 2), waiting(&third, 3)], 3));
    register.counted(&second, "alice", false).await;
    register.counted(&first, "alice", true).await;
    // What changes nothing is no change.
    register.tell(&first, "alice", false).await;
    register.tell(&second, "bob", true).await;
    register.known(Question { id: "x".to_owned(), ..another(3) }).await;
    let since = vec![changed(&second, Standing::Denied, 4), waiting(&first, 5)];
    assert_eq!(changes(3).await, (since, 5));
    register.counted(&third, "alice", true).await;
    register.take(&third, another(3).digest, &another(3).asker).await.unwrap();
    assert_eq!(changes(5).await, (vec![changed(&third, Standing::Used, 7)], 7));
    register.clock.advance(MINUTE);
    assert_eq!(changes(4).await.0[0], changed(&first, Standing::Expired, 5), "before anybody has noted it");
    register.expired().await;
    assert_eq!(changes(7).await, (vec![changed(&first, Standing::Expired, 8)], 8));
    assert_eq!(changes(8).await, (Vec::new(), 8));
    assert_eq!(changes(i64::MAX).await, (Vec::new(), 8));
}

pub(super) async fn many_changes_come_in_parts(register: &Register) {
    for number in 0..1_234 {
        register.approvals.ask(another(number), Patience { most: 10_000, ..PATIENCE }).await.unwrap();
    }
    let mut after = 0;
    let mut parts = Vec::new();
    loop {
        let (part, last) = register.approvals.changes(after).await.unwrap();
        assert_eq!(last, 1_234);
        if part.is_empty() {
            break;
        }
        for changed in &part {
            after += 1;
            assert_eq!(changed.change, after);
        }
        parts.push(part.len());
    }
    assert_eq!((after, parts), (1_234, vec![500, 500, 234]));
}

/// One of each standing, for two servers, two grants and two names: each list is what a look at all would find.
pub(super) async fn lists_hold_what_is_asked_for(register: &Register) {
    let late = Patience { timeout_ms: 600_000, ..PATIENCE };
    let mut number = 0;
    for server in ["payments", "images"] {
        for name in ["refund", "export"] {
            for grant in ["agent", "other"] {
                for step in 0..6 {
                    number += 1;
                    let question = Question {
                        server: server.to_owned(),
                        name: name.to_owned(),
                        asker: asker(grant, None),
                        ..another(number)
                    };
                    let (id, digest) = (question.id.clone(), question.digest);
                    let patience = if step >= 4 { PATIENCE } else { late };
                    register.approvals.ask(question, patience).await.unwrap();
                    if [1, 2, 3, 5].contains(&step) {
                        register.counted(&id, "alice", step != 2).await;
                    }
                    if step == 3 {
                        register.take(&id, digest, &asker(grant, None)).await.unwrap();
                    }
                }
            }
        }
    }
    // Some are noted and the others are not.
    register.clock.advance(MINUTE);
    register.asked(question("waits")).await;
    for noted in [false, true] {
        if noted {
            assert_eq!(register.expired().await.len(), 16);
        }
        let all = register.approvals.approvals(Which::default(), 500).await.unwrap();
        assert_eq!(all.len(), 49);
        assert!(all.is_sorted_by_key(|approval| std::cmp::Reverse(approval.change)));
        let text = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
        for standing in [
            None,
            Some(Standing::Waiting),
            Some(Standing::Approved),
            Some(Standing::Denied),
            Some(Standing::Expired),
            Some(Standing::Used),
        ] {
            for texts in [
                [None, None, None],
                [Some("agent"), None, None],
                [None, Some("images"), None],
                [None, Some("images"), Some("refund")],
                [Some("other"), Some("payments"), Some("export")],
                [None, None, Some("refund")],
                [Some("other"), None, Some("refund")],
                [Some("nobody"), None, None],
            ] {
                for before in [None, Some(40)] {
                    let [grant, server, name] = text(texts);
                    let which = Which { standing, grant, server, name, before, bare: false };
                    let expected: Vec<_> =
                        all.iter().filter(|approval| is(approval, &which)).cloned().collect();
                    let found = register.approvals.approvals(which.clone(), 500).await.unwrap();
                    assert_eq!(found, expected, "{which:?}");
                    let few = register.approvals.approvals(which, 3).await.unwrap();
                    assert_eq!(few, expected[..expected.len().min(3)]);
                }
            }
        }
    }
}

fn is(approval: &Approval, which: &Which) -> bool {
    which.standing.is_none_or(|standing| approval.standing == standing)
        && which.grant.as_ref().is_none_or(|grant| approval.question.asker.grant == *grant)
        && which.server.as_ref().is_none_or(|server| approval.question.server == *server)
        && which.name.as_ref().is_none_or(|name| approval.question.name == *name)
        && which.before.is_none_or(|before| approval.change < before)
}

/// Ten thousand that wait, page by page: none is missing and none comes twice.
pub(super) async fn lists_come_in_pages(register: &Register) {
    for number in 0..10_000 {
        let asker = asker(&format!("agent {}", number % 100), None);
        register.asked(Question { asker, ..another(number) }).await;
    }
    let mut which = Which { standing: Some(Standing::Waiting), ..Which::default() };
    let mut expected = 10_000;
    loop {
        let page = register.approvals.approvals(which.clone(), 9_999).await.unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(page.len(), 500, "a page is bounded, whatever was asked for");
        which.before = Some(last.change);
        for approval in page {
            expected -= 1;
            assert_eq!(approval.question.id, another(expected).id);
        }
    }
    assert_eq!(expected, 0);
    assert_eq!(register.list(Which::default(), 0).await, [""; 0]);
}

pub(super) async fn a_list_may_leave_out_what_is_long(register: &Register) {
    register.asked(question("q")).await;
    register.counted("q", "alice", true).await;
    let bare = Which { bare: true, ..Which::default() };
    let found = register.approvals.approvals(bare, 1).await.unwrap();
    let mut expected = register.approval("q").await;
    expected.question.details.clear();
    assert_eq!(found, [expected]);
}

pub(super) async fn what_has_ended_is_forgotten(register: &Register) {
    for number in 1..=5 {
        register.asked(Question { needed: 2, ..another(number) }).await;
    }
    let [waiting, approved, denied, used, _] = [1, 2, 3, 4, 5].map(|number| another(number).id);
    register.counted(&denied, "alice", false).await;
    for id in [&approved, &used] {
        register.counted(id, "alice", true).await;
        register.counted(id, "bob", true).await;
    }
    register.take(&used, another(4).digest, &another(4).asker).await.unwrap();
    let forget = async |before| register.approvals.forget(before).await.unwrap();
    assert_eq!(forget(NOON).await, 0, "nothing came to its end before");
    assert_eq!(forget(NOON + 1).await, 2);
    assert_eq!(register.approvals.approval(&used).await.unwrap(), None);
    assert_eq!(register.approvals.approval(&denied).await.unwrap(), None);
    assert_eq!(register.approval(&approved).await.opinions.len(), 2, "others' opinions are kept");
    register.clock.advance(2 * MINUTE);
    assert_eq!(forget(i64::MAX).await, 0, "whoever is to record that they expired has not been told");
    assert_eq!(register.expired().await.len(), 3);
    assert_eq!(forget(NOON + MINUTE).await, 0);
    let (_, last) = register.approvals.changes(0).await.unwrap();
    assert_eq!(forget(NOON + MINUTE + 1).await, 3);
    assert_eq!(register.approvals.approval(&waiting).await.unwrap(), None);
    assert_eq!(register.approvals.changes(0).await.unwrap(), (Vec::new(), last));
    // A name can be given again, nothing of the former one sticks to it, and numbers go on.
    let again = register.asked(another(4)).await;
    assert_eq!((again.change, again.opinions.len()), (last + 1, 0));
}

/// The oldest are forgotten first, others' are kept, and so is what was decided a short while ago.
pub(super) async fn whoever_asks_a_lot_is_remembered_less(register: &Register) {
    const LONG: u64 = 256 << 10;
    const KEPT: u64 = (256 << 20) / LONG;
    let of = |grant: &str, question| Question { asker: asker(grant, None), ..question };
    register.asked(of("other", question("other"))).await;
    register.asked(of("agent", Question { digest: [8; 32], ..question("denied") })).await;
    for id in ["other", "denied"] {
        register.counted(id, "alice", false).await;
    }
    let details = "x".repeat(usize::try_from(LONG).unwrap());
    for number in 0..KEPT + 256 {
        register.asked(Question { details: details.clone(), ..of("agent", another(number)) }).await;
        let (id, asker) = (another(number).id, asker("agent", None));
        register.approvals.withdraw(Outdated::One { id, asker }).await.unwrap();
    }
    let is_kept = async |id: String| register.approvals.approval(&id).await.unwrap().is_some();
    let mut kept = 0;
    for number in 0..KEPT + 256 {
        kept += u64::from(is_kept(another(number).id).await);
    }
    assert!((KEPT..KEPT + 128).contains(&kept), "{kept} are kept");
    assert!(!is_kept(another(0).id).await && is_kept(another(KEPT + 255).id).await);
    assert!(is_kept("other".to_owned()).await && is_kept("denied".to_owned()).await);
}
