use super::{Judged, Kind, Sender, Spec};
use crate::version::Version;

use Judged::{
    CallTool, Complete, GetPrompt, Lifecycle, ListPrompts, ListResourceTemplates, ListResources, ListTools,
    ReadResource, Relay, ServerRequest, Subscribe, Task, Unsubscribe,
};
use Sender::{Both, Client, Server};
use Version::{V2024_11_05, V2025_06_18, V2025_11_25, V2026_07_28};

/// Source: `schema.ts` of each version, the unions ClientRequest, ClientNotification, ServerRequest and
/// ServerNotification; the tasks of 2026-07-28: the extension io.modelcontextprotocol/tasks.
pub(super) const TABLE: &[Spec] = &[
    request("initialize", Client, V2024_11_05, V2025_11_25, Lifecycle),
    request("ping", Both, V2024_11_05, V2025_11_25, Lifecycle),
    request("server/discover", Client, V2026_07_28, V2026_07_28, Lifecycle),
    request("tools/call", Client, V2024_11_05, V2026_07_28, CallTool),
    request("tools/list", Client, V2024_11_05, V2026_07_28, ListTools),
    request("resources/read", Client, V2024_11_05, V2026_07_28, ReadResource),
    request("resources/list", Client, V2024_11_05, V2026_07_28, ListResources),
    request("resources/templates/list", Client, V2024_11_05, V2026_07_28, ListResourceTemplates),
    request("resources/subscribe", Client, V2024_11_05, V2025_11_25, Subscribe),
    request("resources/unsubscribe", Client, V2024_11_05, V2025_11_25, Unsubscribe),
    request("subscriptions/listen", Client, V2026_07_28, V2026_07_28, Subscribe),
    request("prompts/get", Client, V2024_11_05, V2026_07_28, GetPrompt),
    request("prompts/list", Client, V2024_11_05, V2026_07_28, ListPrompts),
    request("completion/complete", Client, V2024_11_05, V2026_07_28, Complete),
    request("logging/setLevel", Client, V2024_11_05, V2025_11_25, Relay),
    // 2025-11-25: either side may hold tasks for the other.
    request("tasks/get", Both, V2025_11_25, V2025_11_25, Task),
    request("tasks/result", Both, V2025_11_25, V2025_11_25, Task),
    request("tasks/list", Both, V2025_11_25, V2025_11_25, Task),
    request("tasks/cancel", Both, V2025_11_25, V2025_11_25, Task),
    tasks_extension("tasks/get", Kind::Request, Client),
    tasks_extension("tasks/update", Kind::Request, Client),
    tasks_extension("tasks/cancel", Kind::Request, Client),
    // In 2026-07-28 these three travel inside an InputRequiredResult and are no messages.
    request("sampling/createMessage", Server, V2024_11_05, V2025_11_25, ServerRequest),
    request("roots/list", Server, V2024_11_05, V2025_11_25, ServerRequest),
    request("elicitation/create", Server, V2025_06_18, V2025_11_25, ServerRequest),
    notification("notifications/initialized", Client, V2024_11_05, V2025_11_25, Lifecycle),
    notification("notifications/cancelled", Both, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/progress", Both, V2024_11_05, V2025_11_25, Relay),
    notification("notifications/progress", Server, V2026_07_28, V2026_07_28, Relay),
    notification("notifications/message", Server, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/roots/list_changed", Client, V2024_11_05, V2025_11_25, Relay),
    notification("notifications/tools/list_changed", Server, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/prompts/list_changed", Server, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/resources/list_changed", Server, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/resources/updated", Server, V2024_11_05, V2026_07_28, Relay),
    notification("notifications/elicitation/complete", Server, V2025_11_25, V2025_11_25, Relay),
    notification("notifications/subscriptions/acknowledged", Server, V2026_07_28, V2026_07_28, Relay),
    notification("notifications/tasks/status", Both, V2025_11_25, V2025_11_25, Task),
    tasks_extension("notifications/tasks", Kind::Notification, Server),
];

const fn request(name: &'static str, from: Sender, since: Version, last: Version, judged: Judged) -> Spec {
    Spec { name, kind: Kind::Request, from, since, last, judged, extension: None }
}

const fn notification(
    name: &'static str,
    from: Sender,
    since: Version,
    last: Version,
    judged: Judged,
) -> Spec {
    Spec { name, kind: Kind::Notification, from, since, last, judged, extension: None }
}

const fn tasks_extension(name: &'static str, kind: Kind, from: Sender) -> Spec {
    let extension = Some("io.modelcontextprotocol/tasks");
    Spec { name, kind, from, since: V2026_07_28, last: V2026_07_28, judged: Task, extension }
}
