//! Asking, and asking again.

use interlock_store::{Asked, Asker, Patience, Question, Standing};

use super::*;
use crate::clock::NOON;

pub(super) async fn a_question_is_kept_as_it_was_asked(register: &Register) {
    let asked = register.asked(question("q")).await;
    let expected = Approval {
        question: question("q"),
        asked_ms: NOON,
        expires_ms: NOON + MINUTE,
        standing: Standing::Waiting,
        since_ms: None,
        opinions: Vec::new(),
        change: 1,
    };
    assert_eq!(asked, expected);
    assert_eq!(register.approval("q").await, expected);
    assert_eq!(register.approvals.approval("Q").await.unwrap(), None);
    let nobody = Question { approvers: Vec::new(), ..another(1) };
    assert_eq!(register.asked(nobody.clone()).await.question, nobody);
    // A name is given once; nothing of the other is changed.
    register.approvals.ask(Question { id: "q".to_owned(), ..another(2) }, PATIENCE).await.unwrap_err();
    assert_eq!(register.approval("q").await, expected);
}

pub(super) async fn the_same_call_is_asked_about_once(register: &Register) {
    register.asked(question("q")).await;
    assert_eq!(register.known(question("again")).await.question.id, "q");
    register.counted("q", "alice", true).await;
    let approved = register.known(question("again")).await;
    assert_eq!((approved.question.id.as_str(), approved.standing), ("q", Standing::Approved));
    assert_eq!(approved.opinions.len(), 1);
    assert_eq!(register.approvals.approval("again").await.unwrap(), None);
}

pub(super) async fn another_call_or_grant_is_another_question(register: &Register) {
    register.asked(question("q")).await;
    let mut digest = DIGEST;
    digest[31] ^= 1;
    register.asked(Question { digest, ..question("other call") }).await;
    register.asked(Question { asker: asker("other", Some("first")), ..question("other grant") }).await;
}

pub(super) async fn what_was_decided_is_not_asked_again_for_a_while(register: &Register) {
    for (number, used) in [(1, false), (2, true)] {
        let mine = || Question { id: format!("{number}"), ..another(number) };
        let again = |id: &str| Question { id: format!("{id} {number}"), ..mine() };
        register.asked(mine()).await;
        register.clock.advance(5);
        register.counted(&mine().id, "alice", used).await;
        if used {
            register.take(&mine().id, mine().digest, &mine().asker).await.unwrap();
        }
        register.clock.advance(9_999);
        let known = register.known(again("again")).await;
        assert_eq!(known.standing, if used { Standing::Used } else { Standing::Denied });
        register.clock.advance(1);
        register.asked(again("later")).await;
    }
    // Nobody decided this one, so that it is asked again at once.
    register.asked(question("q")).await;
    register.clock.advance(MINUTE);
    register.asked(question("after it")).await;
    assert!(register.expired().await.contains(&"q".to_owned()));
    assert_eq!(register.known(question("again")).await.question.id, "after it");
}

pub(super) async fn another_live_session_asks_for_itself(register: &Register) {
    let of = |id: &str, asker: Asker| Question { asker, ..question(id) };
    register.asked(question("first")).await;
    register.asked(of("second", asker("agent", Some("second")))).await;
    register.asked(of("none", asker("agent", None))).await;
    let elsewhere = Asker { instance: "other".to_owned(), ..asker("agent", Some("third")) };
    // The one without a session is anybody's of the grant, and then theirs alone.
    assert_eq!(register.known(of("x", elsewhere.clone())).await.question.asker, elsewhere);
    assert_eq!(register.known(question("x")).await.question.id, "first");
    assert_eq!(register.known(of("x", elsewhere)).await.question.id, "none");
    let namesake = Asker { instance: "other".to_owned(), ..asker("agent", Some("first")) };
    register.asked(of("namesake", namesake)).await;
    // What was denied to one session is denied to another, and is not asked about by it again; of its own it hears first.
    register.counted("first", "alice", false).await;
    assert_eq!(register.known(question("x")).await.standing, Standing::Denied);
    let fourth = register.known(of("x", asker("agent", Some("fourth")))).await;
    assert_eq!(
        (fourth.standing, fourth.question.asker.session.as_deref()),
        (Standing::Denied, Some("first"))
    );
    assert_eq!(register.known(of("x", asker("agent", Some("second")))).await.question.id, "second");
}

pub(super) async fn questions_of_an_ended_session_are_anybodys_of_the_grant(register: &Register) {
    let instance = |instance: &str, session: &str| Asker {
        instance: instance.to_owned(),
        ..asker("agent", Some(session))
    };
    for (number, instance) in [(1, instance("a", "1")), (2, instance("a", "2")), (3, instance("b", "1"))] {
        register.asked(Question { asker: instance, ..another(number) }).await;
    }
    let sessions = async || {
        let mut sessions = Vec::new();
        for number in 1..=3 {
            sessions.push(register.approval(&another(number).id).await.question.asker.session);
        }
        sessions
    };
    let change = register.approval(&another(1).id).await.change;
    register.approvals.free("a", Some("1")).await.unwrap();
    assert_eq!(sessions().await, [None, Some("2".to_owned()), Some("1".to_owned())]);
    assert_eq!(register.approval(&another(1).id).await.change, change, "it stands as before");
    register.approvals.free("a", None).await.unwrap();
    assert_eq!(sessions().await, [None, None, Some("1".to_owned())]);

    let next = instance("c", "9");
    let again = Question { id: "x".to_owned(), asker: next.clone(), ..another(1) };
    assert_eq!(register.known(again).await.question, Question { asker: next, ..another(1) });
    let other = Question { id: "x".to_owned(), asker: asker("other", Some("9")), ..another(2) };
    register.asked(other).await;
    let live = Question { id: "y".to_owned(), asker: instance("c", "9"), ..another(3) };
    register.asked(live).await;
}

pub(super) async fn callers_without_sessions_share_their_questions(register: &Register) {
    let of = |id: &str, instance: &str| Question {
        asker: Asker { instance: instance.to_owned(), ..asker("agent", None) },
        ..question(id)
    };
    register.asked(of("q", "a")).await;
    assert_eq!(register.known(of("x", "b")).await.question, of("q", "b"));
}

pub(super) async fn what_can_still_be_used_is_known_first(register: &Register) {
    let of = |id: &str, session: &str| Question { asker: asker("agent", Some(session)), ..question(id) };
    for (id, approves) in [("approved", Some(true)), ("waiting", None), ("denied", Some(false))] {
        register.asked(of(id, id)).await;
        if let Some(approves) = approves {
            register.counted(id, "alice", approves).await;
        }
    }
    register.approvals.free("instance", None).await.unwrap();
    let known = async |session| register.known(of("x", session)).await.question.id;
    assert_eq!(known("1").await, "approved", "it is the first one's now");
    assert_eq!(known("2").await, "waiting");
    assert_eq!(known("3").await, "denied");
    assert_eq!(known("1").await, "approved");
}

pub(super) async fn only_so_many_of_one_grant_wait(register: &Register) {
    let patience = Patience { most: 3, ..PATIENCE };
    let ask = async |question| register.approvals.ask(question, patience).await.unwrap();
    let full = async |number| assert_eq!(ask(another(number)).await, Asked::TooMany, "{number}");
    let fits = async |question| match ask(question).await {
        Asked::New(approval) => approval.question.id,
        asked => panic!("{asked:?}"),
    };
    for number in 1..=3 {
        fits(another(number)).await;
    }
    full(4).await;
    assert!(matches!(ask(Question { id: "x".to_owned(), ..another(1) }).await, Asked::Known(_)));
    fits(Question { asker: asker("other", None), ..another(4) }).await;
    // Whoever asks more patiently may.
    register.asked(Question { id: "patient".to_owned(), ..another(5) }).await;
    full(4).await;
    register.counted("patient", "alice", true).await;
    full(4).await;
    register.counted(&another(1).id, "alice", false).await;
    fits(Question { id: "room".to_owned(), ..another(4) }).await;
    full(6).await;
    register.clock.advance(MINUTE);
    for number in 6..=8 {
        fits(another(number)).await;
    }
    full(9).await;
    let nobody = Patience { most: 0, ..PATIENCE };
    let asked = register.approvals.ask(another(10), nobody).await.unwrap();
    assert_eq!(asked, Asked::TooMany);
}

pub(super) async fn only_so_long_ones_of_one_grant_wait(register: &Register) {
    let long = |number: u64, letters: usize| Question { details: "é".repeat(letters), ..another(number) };
    let patience = Patience { most_bytes: 1_000, ..PATIENCE };
    let ask = async |question| register.approvals.ask(question, patience).await.unwrap();
    let fits = async |question| assert!(matches!(ask(question).await, Asked::New(_)));
    assert_eq!(ask(long(1, 501)).await, Asked::TooLong, "by itself");
    fits(long(1, 300)).await;
    assert_eq!(ask(long(2, 201)).await, Asked::TooLong, "it is bytes that count");
    fits(long(2, 200)).await;
    assert_eq!(ask(long(3, 1)).await, Asked::TooLong);
    fits(long(4, 0)).await;
    assert!(matches!(ask(Question { id: "x".to_owned(), ..long(1, 300) }).await, Asked::Known(_)));
    fits(Question { asker: asker("other", None), ..long(5, 500) }).await;
    register.counted(&another(2).id, "alice", false).await;
    fits(long(3, 200)).await;
    register.clock.advance(MINUTE);
    fits(long(6, 500)).await;
}
