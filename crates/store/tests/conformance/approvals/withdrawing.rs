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
    Outdated::One(id.to_owned())
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

pub(super) async fn what_was_asked_otherwise_before_is_withdrawn(register: &Register) {
    let call = question("q").call;
    let otherwise = |id: &str, digest: u8| Question { digest: [digest; 32], call, ..question(id) };
    let of = |asker: Asker, question: Question| Question { asker, ..question };
    for question in [
        otherwise("before", 1),
        otherwise("approved", 2),
        otherwise("denied", 3),
        of(asker("agent", Some("second")), otherwise("of another session", 4)),
        of(asker("agent", None), otherwise("of no session", 5)),
        of(asker("other", Some("first")), otherwise("of another grant", 6)),
        of(
            Asker { instance: "other".to_owned(), ..asker("agent", Some("first")) },
            otherwise("of another process", 7),
        ),
        Question { call: [9; 32], ..otherwise("of another call", 8) },
    ] {
        register.asked(question).await;
    }
    register.counted("approved", "alice", true).await;
    register.counted("denied", "alice", false).await;
    register.asked(otherwise("now", 10)).await;
    let before = || Outdated::Before("now".to_owned());
    assert_eq!(withdrawn(register, before()).await, ["before", "approved"]);
    assert_eq!(withdrawn(register, before()).await, [""; 0]);
    for (id, standing) in [
        ("now", Standing::Waiting),
        ("denied", Standing::Denied),
        ("of another session", Standing::Waiting),
        ("of another grant", Standing::Waiting),
        ("of another process", Standing::Waiting),
        ("of another call", Standing::Waiting),
        ("of no session", Standing::Waiting),
    ] {
        assert_eq!(register.standing(id).await, standing, "{id}");
    }
}
