//! What is exported is what the catalogue says.

use std::collections::BTreeMap;

use super::*;
use crate::identify::Identity;

fn about() -> About {
    About {
        identity: Arc::new(Identity { grant: "team".to_owned(), session: "s".to_owned(), client: None }),
        server: Arc::from("files"),
        method: "tools/call".to_owned(),
        request: None,
        subject: Some((Section::Tools, "read".to_owned())),
        resources: Vec::new(),
        traceparent: None,
        trace: None,
        since: Instant::now(),
    }
}

/// One sample of everything.
fn sampled() -> Metrics {
    let metrics = Metrics::new();
    let about = about();
    metrics.listed(&about.server, ["read"].into_iter());
    metrics.requested(&about.server, "team", Some("tools/call"), Transport::Http, Version::V2025_11_25);
    metrics.decided(&about, None, 1);
    drop(metrics.forwarded(&about));
    metrics.ended(&about, Status::Ok, Duration::from_millis(3));
    drop(metrics.reserved());
    metrics.settled(Settlement::Commit);
    metrics.approval("asked");
    drop(metrics.held());
    metrics.announced("delivered");
    metrics.refused("http", Some(403));
    drop(metrics.stream(&Stream { kind: "session" }));
    metrics.audit_failed();
    metrics.server_failed(&about.server);
    metrics.store_failed("reserve");
    metrics.event(LifecycleKind::PolicyReload);
    metrics.event(LifecycleKind::Alarm);
    metrics.traced("exported", 1);
    metrics.quarantined(&about.server, 1);
    metrics.malformed(&about.server, 1);
    metrics
}

/// The names of the labels of each sample, but for those that the format has of its own.
fn labels(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let inside =
            line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
        let names =
            inside.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.to_owned());
        let _before: Option<Vec<String>> =
            found.insert(name.to_owned(), names.filter(|name| name != "le").collect());
    }
    found
}

#[test]
fn everything_that_is_exported_is_in_the_catalogue_and_the_other_way_round() {
    let text = sampled().text(Levels::default()).unwrap();
    let found = labels(&text);
    for metric in METRICS {
        let typed = format!("# TYPE {} {}", metric.registered(), metric.kind);
        assert!(text.lines().any(|line| line == typed), "{typed} is missing in\n{text}");
        let sample = if metric.kind == "histogram" {
            format!("{}_count", metric.name)
        } else {
            metric.name.to_owned()
        };
        let expected: Vec<String> = metric.labels.iter().map(|label| (*label).to_owned()).collect();
        assert_eq!(found.get(&sample), Some(&expected), "{sample} in\n{text}");
    }
    assert_eq!(text.matches("# TYPE ").count(), METRICS.len(), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn callers_do_not_choose_how_many_series_there_are() {
    let metrics = Metrics::new();
    for n in 0..1_000 {
        let about = About { subject: Some((Section::Tools, format!("tool-{n}"))), ..about() };
        metrics.decided(&about, None, 0);
    }
    let text = metrics.text(Levels::default()).unwrap();
    assert_eq!(text.matches("interlock_tool_calls_total{").count(), 1, "{text}");
    assert!(text.contains(r#"tool="(other)",verdict="proceed"} 1000"#), "{text}");
}

#[test]
fn what_waits_for_a_person_is_no_denial() {
    let metrics = Metrics::new();
    let denied = Denial::approval("r", "no");
    let asked = Denial { approval: Some(Box::default()), ..denied.clone() };
    for refused in [&asked, &asked, &denied] {
        metrics.decided(&about(), Some(refused), 0);
    }
    let text = metrics.text(Levels::default()).unwrap();
    for expected in [r#"verdict="ask",reason="approval"} 2"#, r#"verdict="deny",reason="approval"} 1"#] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn what_is_open_is_counted_until_it_is_closed() {
    let metrics = Metrics::new();
    let open = metrics.forwarded(&about());
    let held = metrics.reserved();
    let now = |metrics: &Metrics| {
        let text = metrics.text(Levels { sessions: 3, ..Levels::default() }).unwrap();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            line.rsplit(' ').next().unwrap_or_default().to_owned()
        };
        ["interlock_calls_in_flight{", "interlock_reservations_open ", "interlock_sessions "].map(value)
    };
    assert_eq!(now(&metrics), ["1", "1", "3"]);
    drop((open, held));
    assert_eq!(now(&metrics), ["0", "0", "3"]);
}
