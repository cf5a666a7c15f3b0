//! Whatever the peers say, as long as it is a message: what a bridge says is a message, no request is answered
//! twice, and to be told the time is enough for everything to end.

use std::collections::BTreeMap;
use std::time::Duration;

use interlock_json::Limits as JsonLimits;
use proptest::prelude::*;

use super::{Action, Bridge, Cancels, LegacyToModern, Limits, ModernToLegacy};
use crate::id::RequestId;
use crate::message::{Message, Shape};

const METHODS: &[&str] = &[
    "initialize",
    "server/discover",
    "ping",
    "tools/list",
    "tools/call",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "logging/setLevel",
    "tasks/get",
    "vendor/x",
    "elicitation/create",
    "sampling/createMessage",
    "roots/list",
];
const NOTES: &[&str] = &[
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/tools/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/vendor",
];

/// Values that are right in some place, and wrong in most.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "null",
            "true",
            "1",
            "2",
            "-32042",
            "1.50",
            "\"a\"",
            "\"info\"",
            "\"u:\\u0061\"",
            "\"url\"",
            "\"task\"",
            "\"input_required\"",
            "\"complete\"",
            "\"2025-11-25\"",
            "\"2026-07-28\"",
            "{}",
            "[]",
            "[\"2026-07-28\"]",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            object(inner.clone()),
            prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{} ]", items.join(" ,"))),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "_meta",
        "name",
        "uri",
        "level",
        "arguments",
        "requestId",
        "progressToken",
        "notifications",
        "toolsListChanged",
        "resourceSubscriptions",
        "inputRequests",
        "inputResponses",
        "requestState",
        "resultType",
        "ttlMs",
        "cacheScope",
        "capabilities",
        "protocolVersion",
        "supportedVersions",
        "serverInfo",
        "tools",
        "resources",
        "listChanged",
        "subscribe",
        "logging",
        "elicitations",
        "mode",
        "outputSchema",
        "structuredContent",
        "data",
        "task",
        "params",
        "extensions",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/subscriptionId",
        "io.modelcontextprotocol/logLevel",
        "elicitation",
        "roots",
    ];
    prop::collection::btree_map(prop::sample::select(KEYS), value, 0..6).prop_map(|members| {
        let members: Vec<String> =
            members.iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
        format!("{{ {} }}", members.join(" , "))
    })
}

/// The params of a modern request, or those of any.
fn params() -> impl Strategy<Value = String> {
    const META: &str = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"elicitation":{}}},"name":"a","uri":"u:","notifications":{"resourceSubscriptions":["u:"]}}"#;
    prop_oneof![Just(META.to_owned()), object(value())]
}

fn message() -> impl Strategy<Value = Option<Message>> {
    let id = prop_oneof![(1..12_u64).prop_map(|id| id.to_string()), Just("\"a\"".to_owned())];
    let named = |names| prop::sample::select(names);
    let text = prop_oneof![
        4 => (id.clone(), named(METHODS), params()).prop_map(|(id, method, params)| {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
        }),
        2 => (named(NOTES), params()).prop_map(|(method, params)| {
            format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
        }),
        4 => (id.clone(), object(value())).prop_map(|(id, result)| {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
        }),
        1 => (id, prop::sample::select(&[-32_042_i64, -32_002, -32_601, 1][..]), value()).prop_map(|(id, code, data)| {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"m","data":{data}}}}}"#)
        }),
    ];
    // What is no message never comes as far as a bridge.
    text.prop_map(|text| Message::parse(text.into_bytes(), &JsonLimits::default()).ok())
}

#[derive(Clone, Debug)]
enum Event {
    Client(Option<Message>),
    Server(Option<Message>, Option<u64>),
    ClientCloses(u64),
    ServerCloses(u64),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => message().prop_map(Event::Client),
        4 => (message(), prop::option::of(1..12_u64)).prop_map(|(message, on)| Event::Server(message, on)),
        1 => (1..12_u64).prop_map(Event::ClientCloses),
        1 => (1..12_u64).prop_map(Event::ServerCloses),
        1 => (0..100_000_u64).prop_map(Event::Wait),
    ]
}

/// Requests of the client's that were asked and not answered, each as often as it was.
type Open = BTreeMap<RequestId, usize>;

fn look(actions: &[Action], open: &mut Open) {
    for action in actions {
        let (Action::ToServer(super::ToServer { line, .. }) | Action::ToClient(super::ToClient { line, .. })) =
            action
        else {
            continue;
        };
        let message = Message::parse(line.clone().into_bytes(), &JsonLimits::default())
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        if let (Action::ToClient(_), Shape::Response(response)) = (action, message.shape()) {
            let id = response.id.unwrap().to_request_id();
            let times = open.get_mut(&id).unwrap_or_else(|| panic!("nobody asked: {line}"));
            *times = times.checked_sub(1).unwrap_or_else(|| panic!("answered too often: {line}"));
        }
    }
}

fn play(bridge: &mut dyn Bridge, events: &[Event]) {
    let mut now = Duration::ZERO;
    let mut open = Open::new();
    for event in events {
        let actions = match event {
            Event::Client(Some(message)) => {
                if let Shape::Request(request) = message.shape() {
                    *open.entry(request.id.to_request_id()).or_default() += 1;
                }
                bridge.client_sent(message, now)
            }
            Event::Server(Some(message), on) => bridge.server_sent(message, *on, now),
            Event::Client(None) | Event::Server(None, _) => Vec::new(),
            Event::ClientCloses(id) => bridge.client_closed(&RequestId::from(*id), now),
            Event::ServerCloses(number) => bridge.server_closed(*number, now),
            Event::Wait(ms) => {
                now += Duration::from_millis(*ms);
                bridge.tick(now)
            }
        };
        look(&actions, &mut open);
    }
    // Each due time comes, and then the next one is later.
    for _ in 0..64 {
        let Some(due) = bridge.next_tick() else { break };
        now = now.max(due);
        look(&bridge.tick(now), &mut open);
        assert!(bridge.next_tick().is_none_or(|next| next > now), "it would be told the time for ever");
    }
    for request in 0..64 {
        let owed = bridge.awaits(request);
        let actions = bridge.server_closed(request, now);
        assert!(owed || actions.is_empty(), "nobody waits for the answer to {request}: {actions:?}");
        look(&actions, &mut open);
        assert!(!bridge.awaits(request), "the stream of {request} has ended");
    }
    look(&bridge.server_gone(now), &mut open);
    assert_eq!(bridge.next_tick(), None, "everything has ended");
}

/// What both begin with, so that not everything fails for want of it.
fn begun(client: &str, server: &str) -> Vec<Event> {
    let message = |text: &str| Some(super::scripts::message(text));
    vec![Event::Client(message(client)), Event::Server(message(server), None)]
}

proptest! {
    #[test]
    fn a_bridge_says_messages(events in prop::collection::vec(event(), 0..40), begin in prop::bool::weighted(0.8)) {
        const SERVER: &str = r#""capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{}}"#;
        let tokens = || "t\"\\".to_owned();
        let modern = begun(
            r#"{"jsonrpc":"2.0","id":20,"method":"server/discover","params":{"_meta":{$ALL}}}"#,
            &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"protocolVersion":"2025-11-25",{SERVER}}}}}"#),
        );
        let legacy = begun(
            r#"{"jsonrpc":"2.0","id":20,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
            &format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"supportedVersions":["2026-07-28"],{SERVER}}}}}"#),
        );
        let after = |first: &[Event]| [if begin { first } else { &[] }, &events].concat();
        play(&mut ModernToLegacy::new(Limits::default(), Box::new(tokens)), &after(&modern));
        for cancels in [Cancels::ByClosing, Cancels::ByNotification] {
            play(&mut LegacyToModern::new(Limits::default(), cancels), &after(&legacy));
        }
    }
}
