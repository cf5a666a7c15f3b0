use std::collections::BTreeSet;

use super::*;
use Sender::{Client, Server};
use Version::{V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28};

/// The unions of each version's schema, written out one by one so that the table cannot agree with itself.
const LEGACY_FROM_CLIENT: &[&str] = &[
    "completion/complete",
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/progress",
    "notifications/roots/list_changed",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "tools/call",
    "tools/list",
];
const LEGACY_FROM_SERVER: &[&str] = &[
    "notifications/cancelled",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/tools/list_changed",
    "ping",
    "roots/list",
    "sampling/createMessage",
];
const TASKS_2025_11_25: &[&str] =
    &["notifications/tasks/status", "tasks/cancel", "tasks/get", "tasks/list", "tasks/result"];
const MODERN_FROM_CLIENT: &[&str] = &[
    "completion/complete",
    "notifications/cancelled",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "server/discover",
    "subscriptions/listen",
    "tools/call",
    "tools/list",
];
const MODERN_FROM_SERVER: &[&str] = &[
    "notifications/cancelled",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/tools/list_changed",
];

#[test]
fn every_version_has_exactly_its_methods() {
    let check = |version: Version, from: Sender, expected: &[&[&'static str]]| {
        let known: BTreeSet<_> = all()
            .iter()
            .filter(|spec| matches!(find(spec.name, from, version), Lookup::Known(_)))
            .map(|spec| spec.name)
            .collect();
        let expected: BTreeSet<_> = expected.concat().into_iter().collect();
        assert_eq!(known, expected, "{version} {from:?}");
    };
    check(V2024_11_05, Client, &[LEGACY_FROM_CLIENT]);
    check(V2024_11_05, Server, &[LEGACY_FROM_SERVER]);
    check(V2025_03_26, Client, &[LEGACY_FROM_CLIENT]);
    check(V2025_03_26, Server, &[LEGACY_FROM_SERVER]);
    check(V2025_06_18, Client, &[LEGACY_FROM_CLIENT]);
    check(V2025_06_18, Server, &[LEGACY_FROM_SERVER, &["elicitation/create"]]);
    check(V2025_11_25, Client, &[LEGACY_FROM_CLIENT, TASKS_2025_11_25]);
    let elicitation: &[&str] = &["elicitation/create", "notifications/elicitation/complete"];
    check(V2025_11_25, Server, &[LEGACY_FROM_SERVER, TASKS_2025_11_25, elicitation]);
    check(V2026_07_28, Client, &[MODERN_FROM_CLIENT, &["tasks/get", "tasks/update", "tasks/cancel"]]);
    check(V2026_07_28, Server, &[MODERN_FROM_SERVER, &["notifications/tasks"]]);
}

#[test]
fn lookups() {
    let check = |name: &str, from: Sender, version: Version, expected: &str| {
        let found = match find(name, from, version) {
            Lookup::Known(spec) => format!("{:?}", spec.judged),
            Lookup::WrongVersion(spec) => format!("{} to {}", spec.since, spec.last),
            Lookup::Unknown => "unknown".to_owned(),
        };
        assert_eq!(found, expected, "{name}");
    };
    check("tools/call", Client, V2025_11_25, "CallTool");
    check("tools/call", Server, V2025_11_25, "unknown");
    check("initialize", Client, V2026_07_28, "2024-11-05 to 2025-11-25");
    check("elicitation/create", Server, V2025_03_26, "2025-06-18 to 2025-11-25");
    check("elicitation/create", Client, V2025_11_25, "unknown");
    check("tasks/get", Server, V2025_11_25, "Task");
    check("tasks/get", Server, V2026_07_28, "2025-11-25 to 2025-11-25");
    check("tasks/get", Client, V2026_07_28, "Task");
    check("notifications/progress", Client, V2026_07_28, "2024-11-05 to 2025-11-25");
    check("notifications/progress", Server, V2026_07_28, "Relay");
}

/// Exact bytes: nothing is trimmed, folded or normalised.
#[test]
fn spelling_is_exact() {
    for spec in all() {
        let variants = [
            spec.name.to_uppercase(),
            format!("{} ", spec.name),
            format!(" {}", spec.name),
            format!("{}\0", spec.name),
            format!("/{}", spec.name),
            format!("{}/", spec.name),
            spec.name.replace('/', "//"),
            spec.name.replace('/', "\u{2215}"),
            spec.name.replace('i', "\u{131}"),
            spec.name.replace('o', "\u{43e}"),
        ];
        for variant in variants.iter().filter(|variant| *variant != spec.name) {
            for version in Version::ALL {
                assert_eq!(find(variant, Client, version), Lookup::Unknown, "{variant:?}");
                assert_eq!(find(variant, Server, version), Lookup::Unknown, "{variant:?}");
            }
            assert_eq!(kind(variant), None);
        }
    }
}

#[test]
fn rows_agree_with_each_other() {
    for (index, a) in all().iter().enumerate() {
        assert!(a.since <= a.last, "{a:?}");
        assert_eq!(a.name.starts_with("notifications/"), a.kind == Kind::Notification, "{a:?}");
        for b in all().iter().skip(index + 1).filter(|b| b.name == a.name) {
            assert_eq!(a.kind, b.kind, "{a:?} {b:?}");
            let both = Version::ALL.into_iter().filter(|version| a.is_in(*version) && b.is_in(*version));
            assert_eq!(both.count(), 0, "{a:?} {b:?}");
        }
    }
}
