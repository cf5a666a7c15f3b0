//! The step that forwards: the bytes as judged, with the gateway's own identifier spliced in.

use interlock_json::Value;
use interlock_wire::splice::Edit;
use interlock_wire::{Message, RequestId};

/// The message under another identifier; every other byte is as it was received.
pub(crate) fn with_number(message: &Message, number: u64) -> String {
    message.with_id(&number.to_string())
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
