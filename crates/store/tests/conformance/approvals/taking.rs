//! Taking an approval.

use interlock_store::{Asker, Standing};

use super::*;
use crate::clock::NOON;

pub(super) async fn an_approval_is_taken_once(register: &Register) {
    register.asked(question("q")).await;
    register.counted("q", "alice", true).await;
    register.clock.advance(3);
    let before = register.approval("q").await.change;
    let taken = register.used("q").await.unwrap();
    assert_eq!((taken.standing, taken.since_ms), (Standing::Used, Some(NOON + 3)));
    assert_eq!(taken.opinions.len(), 1);
    assert!(taken.change > before);
    assert_eq!(register.approval("q").await, taken);
    assert_eq!(register.used("q").await, None);
    assert_eq!(register.approval("q").await, taken);
}

pub(super) async fn it_is_taken_for_its_call_and_asker_only(register: &Register) {
    register.asked(question("q")).await;
    register.counted("q", "alice", true).await;
    let mut other_call = DIGEST;
    other_call[0] ^= 0x80;
    let own = || asker("agent", Some("first"));
    for (id, digest, asker) in [
        ("Q", DIGEST, own()),
        ("q", other_call, own()),
        ("q", DIGEST, asker("other", Some("first"))),
        ("q", DIGEST, asker("agent", Some("second"))),
        ("q", DIGEST, asker("agent", Some(""))),
        ("q", DIGEST, asker("agent", None)),
        ("q", DIGEST, Asker { instance: "other".to_owned(), ..own() }),
    ] {
        assert_eq!(register.take(id, digest, &asker).await, None, "{id} {digest:?} {asker:?}");
    }
    assert!(register.take("q", DIGEST, &own()).await.is_some());

    // One that belongs to no session any more is taken by any of the grant's, and by no other's.
    for (number, session) in [(1, Some("second")), (2, None)] {
        let (id, digest) = (another(number).id, another(number).digest);
        register.asked(another(number)).await;
        register.counted(&id, "alice", true).await;
        register.approvals.free("instance", Some("first")).await.unwrap();
        assert_eq!(register.take(&id, digest, &asker("other", session)).await, None);
        let next = Asker { instance: "next".to_owned(), ..asker("agent", session) };
        assert!(register.take(&id, digest, &next).await.is_some());
    }
}

pub(super) async fn what_was_given_back_is_taken_again_in_its_time(register: &Register) {
    register.asked(question("q")).await;
    let give_back = async |id: &str, digest| register.approvals.give_back(id, digest).await.unwrap();
    assert!(!give_back("q", DIGEST).await, "nobody has taken it");
    register.counted("q", "alice", true).await;
    assert!(!give_back("q", DIGEST).await);
    let taken = register.used("q").await.unwrap();
    assert!(!give_back("q", [8; 32]).await && !give_back("Q", DIGEST).await);
    assert!(give_back("q", DIGEST).await);
    let back = register.approval("q").await;
    assert_eq!((back.standing, back.expires_ms), (Standing::Approved, taken.expires_ms));
    assert!(back.change > taken.change && !give_back("q", DIGEST).await);
    assert!(register.used("q").await.is_some());
    register.clock.advance(MINUTE);
    assert!(!give_back("q", DIGEST).await, "its time is over");
    assert_eq!(register.standing("q").await, Standing::Used);
}

pub(super) async fn what_is_not_approved_is_not_taken(register: &Register) {
    let own = asker("agent", Some("first"));
    for (number, needed, said) in [(1, 1, None), (2, 2, Some(true)), (3, 2, Some(false))] {
        let question = interlock_store::Question { needed, ..another(number) };
        let (id, digest) = (question.id.clone(), question.digest);
        register.asked(question).await;
        if let Some(approves) = said {
            register.counted(&id, "alice", approves).await;
        }
        assert_eq!(register.take(&id, digest, &own).await, None, "{number}");
    }
}

pub(super) async fn of_many_at_once_one_takes_it(register: &Register) {
    for round in 0..20 {
        let (id, digest) = (another(round).id, another(round).digest);
        register.asked(another(round)).await;
        register.counted(&id, "alice", true).await;
        let takers = (0..50).map(|_| {
            let (approvals, id) = (Arc::clone(&register.approvals), id.clone());
            tokio::spawn(
                async move { approvals.take(&id, digest, &asker("agent", Some("first"))).await.unwrap() },
            )
        });
        let mut taken = 0;
        for taker in takers.collect::<Vec<_>>() {
            taken += u32::from(matches!(taker.await.unwrap(), Taken::Taken(_)));
        }
        assert_eq!(taken, 1, "in round {round}");
    }
}
