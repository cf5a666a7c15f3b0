//! Questions that nobody asks any more.

use super::*;

async fn withdrawn(register: &Register, outdated: Outdated) -> Vec<String> {
    let withdrawn = register.approvals.withdraw(outdated).await.unwrap();
    for approval in &withdrawn {
        assert_eq!(approval.standing, Standing::Withdrawn);
        assert_eq!(approval.question.details, "", "what is long is not read for this");
    }
    withdrawn.into_iter().map(|approval| approval.question.id).collect()
}

fn one(id: &str) -> Outdated {
    Outdated::One { id: id.to_owned(), asker: asker("agent", Some("first")) }
}

pub(super) async fn what_nobody_asks_any_more_is_withdrawn(register: &Register) {
    register.asked(question("waits")).await;
    register.asked(another(1)).await;
    let approved = another(1).id;
    register.counted(&approved, "alice", true).await;
    let before = register.approval("waits").await.change;
    assert_eq!(withdrawn(register, one("waits")).await, ["waits"]);
    let now = register.approval("waits").await;
    assert_eq!((now.standing, now.since_ms), (Standing::Withdrawn, Some(crate::clock::NOON)));
    assert!(now.change > before, "whoever waits hears of it");
    assert_eq!(now.question, question("waits"));
    assert_eq!(withdrawn(register, one(&approved)).await, std::slice::from_ref(&approved));
    // It is at its end: nobody decides about it, takes it, or has it expire.
    for id in ["waits", approved.as_str(), "unknown"] {
        assert_eq!(withdrawn(register, one(id)).await, [""; 0]);
    }
    let told = register.approvals.tell("waits", says("alice", true)).await.unwrap();
    assert!(matches!(told, Told::TooLate(_)), "{told:?}");
    assert_eq!(register.take(&approved, another(1).digest, &another(1).asker).await, None);
    register.clock.advance(2 * MINUTE);
    assert_eq!(register.approvals.expire().await.unwrap(), []);
    assert_eq!(register.standing("waits").await, Standing::Withdrawn);
    let listed = Which { standing: Some(Standing::Withdrawn), ..Which::default() };
    assert_eq!(register.approvals.approvals(listed, 9).await.unwrap().len(), 2);
    // The same call is asked about as if it had never been.
    let again = register.approvals.ask(question("again"), PATIENCE).await.unwrap();
    assert!(matches!(again, Asked::New(_)), "{again:?}");
}

pub(super) async fn what_is_judged_otherwise_is_withdrawn(register: &Register) {
    let other = |id: &str, digest: u8| Question { digest: [digest; 32], judged_by: [1; 32], ..question(id) };
    let of = |asker: Asker, question: Question| Question { asker, ..question };
    let elsewhere = |session| Asker { instance: "elsewhere".to_owned(), ..asker("agent", session) };
    let ended = |session| Asker { instance: "ended".to_owned(), ..asker("agent", session) };
    for question in [
        other("first", 1),
        of(asker("agent", None), other("of no session", 2)),
        other("approved", 3),
        other("denied", 4),
        of(ended(Some("s")), other("of an ended session", 5)),
        of(ended(None), other("of an ended process", 6)),
        of(elsewhere(None), other("of another process", 7)),
        of(asker("other", None), other("of another grant", 8)),
        Question { server: "elsewhere".to_owned(), ..other("at another server", 9) },
        Question { digest: [10; 32], ..question("judged so") },
    ] {
        register.asked(question).await;
    }
    register.counted("approved", "alice", true).await;
    register.counted("denied", "alice", false).await;
    register.approvals.free("ended", None).await.unwrap();
    let otherwise = || Outdated::JudgedOtherwise {
        grant: "agent".to_owned(),
        server: question("q").server,
        instance: "instance".to_owned(),
        by: question("q").judged_by,
    };
    let mut found = withdrawn(register, otherwise()).await;
    found.sort();
    let expected = ["approved", "first", "of an ended process", "of an ended session", "of no session"]
        .map(str::to_owned);
    assert_eq!(found, expected);
    assert_eq!(withdrawn(register, otherwise()).await, [""; 0]);
    assert_eq!(register.standing("denied").await, Standing::Denied);
    for id in ["of another process", "of another grant", "at another server", "judged so"] {
        assert_eq!(register.standing(id).await, Standing::Waiting, "{id}");
    }
}

/// Whoever asks the same since has it now.
pub(super) async fn what_is_somebody_elses_is_not_withdrawn(register: &Register) {
    let of = |instance: &str| Asker { instance: instance.to_owned(), ..asker("agent", None) };
    let asks = |asker: Asker| Question { asker, ..question("q") };
    register.asked(asks(of("one"))).await;
    register.known(asks(of("another"))).await;
    let one = |asker| Outdated::One { id: "q".to_owned(), asker };
    assert_eq!(withdrawn(register, one(of("one"))).await, [""; 0]);
    assert_eq!(withdrawn(register, one(Asker { grant: "other".to_owned(), ..of("another") })).await, [""; 0]);
    assert_eq!(withdrawn(register, one(asker("agent", Some("first")))).await, [""; 0]);
    assert_eq!(withdrawn(register, one(of("another"))).await, ["q"]);
}
