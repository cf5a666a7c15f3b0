//! Pins of servers' tools: one first sight, whatever comes after it in quarantine, and what a person accepts.

use std::path::Path;
use std::sync::Arc;

use interlock_store::{
    AcceptOutcome, Acceptance, DefinitionDigest, Embedded, Offer, Options, Pin, PinChange, Pins, Seen,
};

/// An empty register, and another handle to the same one.
pub(crate) struct Register {
    pub(crate) pins: Arc<dyn Pins>,
    pub(crate) other: Arc<dyn Pins>,
    _keep: tempfile::TempDir,
}

fn embedded() -> Register {
    let keep = tempfile::tempdir().unwrap();
    let open = |path: &Path| Arc::new(Embedded::open(path, Options::default()).unwrap());
    Register { pins: open(keep.path()), other: open(keep.path()), _keep: keep }
}

fn digest(definition: &str) -> DefinitionDigest {
    let mut digest = [0; 32];
    for (place, byte) in definition.bytes().enumerate() {
        digest[place % 32] ^= byte.rotate_left(u32::try_from(place / 32).unwrap());
    }
    digest
}

fn seen(tools: &[(&str, &str)]) -> Seen {
    let offer = |(tool, definition): &(&str, &str)| Offer {
        tool: (*tool).to_owned(),
        definition: Some((*definition).to_owned()),
        digest: digest(definition),
    };
    let tools = tools.iter().map(offer).collect();
    Seen { server: "s".to_owned(), tools, is_complete: true, trusts_first: true }
}

async fn observe(pins: &dyn Pins, tools: &[(&str, &str)]) -> Vec<(String, PinChange)> {
    pins.observe(seen(tools)).await.unwrap().changes
}

async fn accept(pins: &dyn Pins, tool: &str, definition: &str) -> AcceptOutcome {
    let tools = vec![(tool.to_owned(), digest(definition))];
    let acceptance = Acceptance { server: "s".to_owned(), tools, by: "user:alice".to_owned() };
    pins.accept(acceptance).await.unwrap()[0]
}

async fn pin(pins: &dyn Pins, tool: &str) -> Pin {
    let all = pins.pins(Some("s")).await.unwrap();
    all.into_iter().find(|pin| pin.tool == tool).unwrap()
}

fn changes(of: &[(&str, PinChange)]) -> Vec<(String, PinChange)> {
    of.iter().map(|(tool, change)| ((*tool).to_owned(), *change)).collect()
}

async fn the_first_sight_is_taken_and_nothing_after_it(Register { pins, other, .. }: Register) {
    assert!(!pins.pins_of("s").await.unwrap().is_known);
    let part = Seen { is_complete: false, ..seen(&[("a", "1")]) };
    assert_eq!(pins.observe(part).await.unwrap().changes, [], "a part is no first sight");
    let taken = observe(&*pins, &[("a", "1"), ("b", "1")]).await;
    assert_eq!(taken, changes(&[("a", PinChange::Taken), ("b", PinChange::Taken)]));
    let count = other.pin_changes().await.unwrap();
    assert_eq!(observe(&*other, &[("b", "1"), ("a", "1")]).await, []);
    assert_eq!(other.pin_changes().await.unwrap(), count, "nothing has changed");
    let changed = observe(&*other, &[("a", "2"), ("c", "1")]).await;
    assert_eq!(changed, changes(&[("a", PinChange::Changed), ("c", PinChange::Added)]));
    assert!(pins.pin_changes().await.unwrap() > count, "every handle sees that");
    let now = pins.pins_of("s").await.unwrap();
    let states: Vec<_> =
        now.pins.iter().map(|pin| (pin.tool.as_str(), pin.accepted, pin.is_quarantined)).collect();
    assert_eq!(states, [("a", Some(digest("1")), true), ("b", Some(digest("1")), false), ("c", None, true)]);
    assert_eq!(now.pins[0].shown, Some(digest("2")));
    assert_eq!(pins.quarantined().await.unwrap(), [("s".to_owned(), 2)]);
    assert_eq!(pins.pins(Some("t")).await.unwrap(), []);
    assert_eq!(pins.pins(None).await.unwrap().len(), 3);
}

async fn a_server_that_lists_nothing_first_is_seen_all_the_same(Register { pins, .. }: Register) {
    assert_eq!(observe(&*pins, &[]).await, []);
    assert_eq!(observe(&*pins, &[("a", "1")]).await, changes(&[("a", PinChange::Added)]));
}

async fn under_review_a_person_accepts_first(Register { pins, .. }: Register) {
    let review = Seen { trusts_first: false, ..seen(&[("a", "1")]) };
    assert_eq!(pins.observe(review).await.unwrap().changes, changes(&[("a", PinChange::Added)]));
    // Whoever trusts it later has not seen it first.
    assert_eq!(observe(&*pins, &[("a", "1"), ("b", "1")]).await, changes(&[("b", PinChange::Added)]));
    assert_eq!(accept(&*pins, "a", "1").await, AcceptOutcome::Accepted);
    let pin = pin(&*pins, "a").await;
    let accepted = pin.accepted.unwrap();
    assert_eq!((accepted.by.as_deref(), accepted.definition.as_str()), (Some("user:alice"), "1"));
    assert!(!pin.is_quarantined && pin.offered.is_none());
}

async fn what_flaps_stays_in_quarantine(Register { pins, .. }: Register) {
    observe(&*pins, &[("a", "1")]).await;
    for (definition, change) in [
        ("2", Some(PinChange::Changed)),
        ("2", None),
        ("1", Some(PinChange::Back)),
        ("1", None),
        ("2", Some(PinChange::Changed)),
        ("3", Some(PinChange::Changed)),
        ("1", Some(PinChange::Back)),
    ] {
        let expected: Vec<_> = change.into_iter().map(|change| ("a", change)).collect();
        assert_eq!(observe(&*pins, &[("a", definition)]).await, changes(&expected), "{definition}");
        assert!(pin(&*pins, "a").await.is_quarantined, "{definition}");
    }
    let back = pin(&*pins, "a").await;
    assert_eq!((back.shown(), back.is_back), (Some(digest("1")), true));
    assert_eq!(back.offered.unwrap().definition.as_deref(), Some("3"), "people see what it was");
    assert_eq!(accept(&*pins, "a", "3").await, AcceptOutcome::Outdated, "it is not shown any more");
    assert_eq!(accept(&*pins, "a", "1").await, AcceptOutcome::Accepted);
    assert_eq!(accept(&*pins, "a", "1").await, AcceptOutcome::Already);
    assert_eq!(observe(&*pins, &[("a", "3")]).await, changes(&[("a", PinChange::Changed)]), "it never was");
}

async fn what_was_shown_in_turn_is_noted_in_turn(Register { pins, .. }: Register) {
    observe(&*pins, &[("a", "1"), ("b", "1"), ("c", "1")]).await;
    let several = observe(&*pins, &[("a", "1"), ("a", "2"), ("b", "2"), ("b", "1")]).await;
    assert_eq!(
        several,
        changes(&[("a", PinChange::Changed), ("b", PinChange::Changed), ("b", PinChange::Back)])
    );
    assert_eq!(pin(&*pins, "a").await.shown(), Some(digest("2")));
    assert!(pin(&*pins, "b").await.is_back);
    assert!(!pin(&*pins, "c").await.is_quarantined);
}

/// Only the digest of it was kept; nobody can accept what nobody can look at.
async fn a_definition_whose_text_comes_later_can_be_accepted_then(Register { pins, .. }: Register) {
    observe(&*pins, &[("a", "1")]).await;
    let mut without = Seen { is_complete: false, ..seen(&[("a", "2")]) };
    without.tools[0].definition = None;
    assert_eq!(pins.observe(without.clone()).await.unwrap().changes, changes(&[("a", PinChange::Changed)]));
    assert_eq!(pins.observe(without).await.unwrap().changes, []);
    assert_eq!(accept(&*pins, "a", "2").await, AcceptOutcome::Outdated);
    assert_eq!(observe(&*pins, &[("a", "2")]).await, [], "it is noted already");
    assert_eq!(pin(&*pins, "a").await.offered.unwrap().definition.as_deref(), Some("2"));
    assert_eq!(accept(&*pins, "a", "2").await, AcceptOutcome::Accepted);
}

async fn only_what_was_looked_at_is_accepted(Register { pins, other, .. }: Register) {
    observe(&*pins, &[("a", "1")]).await;
    observe(&*pins, &[("a", "2")]).await;
    observe(&*other, &[("a", "3")]).await;
    assert_eq!(accept(&*pins, "a", "2").await, AcceptOutcome::Outdated, "it has changed once more");
    assert_eq!(accept(&*pins, "none", "2").await, AcceptOutcome::Outdated);
    assert!(pin(&*pins, "a").await.is_quarantined);
    assert_eq!(accept(&*pins, "a", "3").await, AcceptOutcome::Accepted);
    assert_eq!(observe(&*other, &[("a", "3")]).await, []);
    assert_eq!(observe(&*other, &[("a", "1")]).await, changes(&[("a", PinChange::Changed)]));
}

async fn of_many_that_see_a_server_first_one_does(Register { pins, other, .. }: Register) {
    let sights = (0..20).map(|n: usize| {
        let pins = Arc::clone(if n.is_multiple_of(2) { &pins } else { &other });
        tokio::spawn(async move { pins.observe(seen(&[("a", &n.to_string())])).await.unwrap().changes })
    });
    let mut taken = 0;
    for sight in sights.collect::<Vec<_>>() {
        taken += usize::from(sight.await.unwrap().iter().any(|(_, change)| *change == PinChange::Taken));
    }
    assert_eq!(taken, 1);
    assert!(pin(&*pins, "a").await.is_quarantined);
}

async fn what_a_server_may_have_kept_is_bounded(Register { pins, .. }: Register) {
    observe(&*pins, &[("a", "1")]).await;
    let names: Vec<String> = (0..21_000).map(|n| format!("t{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let kept = observe(&*pins, &many).await.len();
    assert_eq!(kept, 19_999, "with the one that was there");
    assert_eq!(observe(&*pins, &[("late", "1")]).await, [], "and it is not trusted either");
    assert_eq!(observe(&*pins, &[("a", "2")]).await, changes(&[("a", PinChange::Changed)]));
}

/// Each function as a test, with an empty register.
macro_rules! passes {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(super::embedded()).await;
                }
            )*
        }
    };
}

passes! {
    the_first_sight_is_taken_and_nothing_after_it,
    a_server_that_lists_nothing_first_is_seen_all_the_same,
    under_review_a_person_accepts_first,
    what_flaps_stays_in_quarantine,
    what_was_shown_in_turn_is_noted_in_turn,
    a_definition_whose_text_comes_later_can_be_accepted_then,
    only_what_was_looked_at_is_accepted,
    of_many_that_see_a_server_first_one_does,
    what_a_server_may_have_kept_is_bounded,
}
