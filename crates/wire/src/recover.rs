//! Finding out of a refused message whom to answer.

use interlock_json::{Limits, Value, scan, skim};

use crate::fold;
use crate::id::RequestId;
use crate::likely::likely_response;
use crate::refusal::{Refusal, RefusalKind};

/// The refusal of a text that the strict scan refused.
pub(crate) fn refuse_text(kind: RefusalKind, text: &str, limits: &Limits) -> Refusal {
    match skim(text, limits) {
        Ok(document) => refuse(kind, document.root()),
        Err(_) => Refusal { likely_response_to: likely_response(text.as_bytes()), ..Refusal::new(kind) },
    }
}

/// The refusal of a message that was at least JSON.
pub(crate) fn refuse(kind: RefusalKind, root: Value<'_>) -> Refusal {
    let mut refusal = Refusal::new(kind);
    refusal.method = only(root, "method").and_then(strict_text);
    let id = only(root, "id").and_then(strict_id);
    // An answer to a response would be taken for the answer to a request of ours with that id.
    if !has(root, "result") && !has(root, "error") {
        refusal.id = id;
    } else if !has(root, "method") {
        refusal.response_to = id;
    }
    refusal
}

/// The member with this key, where there is exactly one, and none that could be taken for it.
fn only<'d>(root: Value<'d>, key: &'static str) -> Option<Value<'d>> {
    let mut matching = root.members().filter(|(name, _)| named(&name.text(), key));
    match (matching.next(), matching.next()) {
        (Some((name, value)), None) if name.is(key) => Some(value),
        _ => None,
    }
}

fn has(root: Value<'_>, key: &'static str) -> bool {
    root.members().any(|(name, _)| named(&name.text(), key))
}

fn named(name: &str, key: &'static str) -> bool {
    name == key || fold::variant_of(name) == Some(key)
}

/// [`skim`] lets lone surrogates through, which cannot be echoed: the value must stand up on its own.
fn strict_id(value: Value<'_>) -> Option<RequestId> {
    let document = scan(value.raw(), &Limits::default()).ok()?;
    RequestId::from_value(document.root())
}

fn strict_text(value: Value<'_>) -> Option<String> {
    let document = scan(value.raw(), &Limits::default()).ok()?;
    let text = document.root().as_str()?;
    Some(text.chars().take(256).collect())
}
