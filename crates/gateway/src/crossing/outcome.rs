//! What messages say of how a request has ended.

use interlock_wire::bridge::Action;
use interlock_wire::{Message, Outcome, Shape, Version};

/// What a message says as the answer to this request.
pub(super) fn answer_to(message: &Message, number: u64) -> Option<Outcome<'_>> {
    match message.shape() {
        Shape::Response(response) => {
            (response.id.and_then(|id| id.as_u64()) == Some(number)).then_some(response.outcome)
        }
        _ => None,
    }
}

/// Whether an answer to `server/discover` is that of a server which speaks 2026-07-28 (`DiscoverResult`). Whoever answers
/// without saying what it speaks knows the method at least.
pub(super) fn is_modern(outcome: &Outcome<'_>) -> bool {
    let Outcome::Result(result) = outcome else { return false };
    let versions = result.get("supportedVersions").filter(|versions| versions.is_array());
    versions.is_none_or(|versions| versions.items().any(|version| version.is_str(Version::LATEST.as_str())))
}

/// Whether the client is told the outcome of this request: a result or an error.
pub(super) fn told(actions: &[Action], number: u64) -> Option<bool> {
    actions.iter().find_map(|action| match outcome(action) {
        Some((answered, well)) if answered == number => Some(well),
        _ => None,
    })
}

/// The request that an action answers with an error.
pub(super) fn failed(action: &Action) -> Option<u64> {
    outcome(action).and_then(|(number, well)| (!well).then_some(number))
}

fn outcome(action: &Action) -> Option<(u64, bool)> {
    let Action::ToClient(sent) = action else { return None };
    let message = Message::parse(sent.line.as_bytes().to_vec(), &interlock_json::Limits::default()).ok()?;
    match message.shape() {
        Shape::Response(response) => {
            let number = response.id.and_then(|id| id.as_u64())?;
            Some((number, matches!(response.outcome, Outcome::Result(_))))
        }
        _ => None,
    }
}
