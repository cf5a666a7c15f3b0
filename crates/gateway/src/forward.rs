//! The step that forwards: the bytes as judged, with the gateway's own identifier spliced in.

use interlock_json::Value;
use interlock_wire::splice::Edit;
use interlock_wire::{Message, RequestId};

/// The message under another identifier, and with what `edits` say; every other byte is as it was received. In an
/// exchange, where callers choose their progress tokens without knowing of each other, the token is another, too.
pub(crate) fn with_number(message: &Message, number: u64, exchange: u64, edits: Vec<Edit>) -> String {
    let number = number.to_string();
    let token = message.progress_token().filter(|_| exchange != 0);
    if edits.is_empty() && token.is_none() {
        return message.with_id(&number);
    }
    let id = message.id().map(|id| Edit::new(id.value().span(), &*number));
    let token = token.map(|token| Edit::new(token.span(), &*number));
    message.with_edits(id.into_iter().chain(token).chain(edits).collect())
}

/// The answer under its asker's identifier, with `edits` to the rest.
pub(crate) fn answer_to(message: &Message, asker: &RequestId, mut edits: Vec<Edit>) -> String {
    if let Some(id) = message.id() {
        edits.push(Edit::new(id.value().span(), asker.raw()));
    }
    message.with_edits(edits)
}

/// A cancellation under the identifier by which its receiver knows the request.
pub(crate) fn cancellation(message: &Message, request: Value<'_>, id: &str) -> String {
    message.with_edits(vec![Edit::new(request.span(), id)])
}
