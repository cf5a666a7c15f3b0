//! Counters in words: what counts, for whom, and how much of the limit is used.

use interlock_policy::{Align, CounterKey, ScopePart};
use interlock_store::CounterStatus;
use serde::Serialize;

pub(in crate::commands) const HEADER: [&str; 6] = ["USED", "PER", "SERVER", "TOOL", "COUNTER", "FOR"];

/// A counter as it is reported.
#[derive(Serialize)]
pub(in crate::commands) struct CounterReport {
    counter: String,
    rule: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    window: String,
    /// The parts of the counter's name; none where it is one of another version.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Words>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Words {
    server: String,
    tool: String,
    name: String,
    per: String,
    scope: String,
    shadow: bool,
}

impl CounterReport {
    pub(in crate::commands) fn new(counter: &CounterStatus) -> Self {
        Self {
            counter: counter.key.clone(),
            rule: counter.label.clone(),
            value: counter.value.to_string(),
            limit: counter.limit.map(|limit| limit.to_string()),
            window: counter.window.clone(),
            words: CounterKey::read(&counter.key).map(|key| Words::of(&key)),
        }
    }

    pub(in crate::commands) fn row(&self) -> Vec<String> {
        let used = match &self.limit {
            Some(limit) => format!("{} of {limit}", self.value),
            None => self.value.clone(),
        };
        let Some(words) = &self.words else {
            let unknown = String::new;
            return vec![used, self.window.clone(), unknown(), unknown(), self.counter.clone(), unknown()];
        };
        let Words { server, tool, name, per, scope, shadow } = words;
        let name = if *shadow { format!("{name} (shadow)") } else { name.clone() };
        vec![used, per.clone(), server.clone(), tool.clone(), name, scope.clone()]
    }
}

impl Words {
    fn of(key: &CounterKey) -> Self {
        let server = match (&key.server, &key.shared) {
            (Some(server), _) => server.to_string(),
            (None, Some(name)) => format!("shared as {name}"),
            (None, None) => "all".to_owned(),
        };
        let window = key.window.words();
        Self {
            server,
            tool: key.matcher.to_string(),
            name: counter_name(&key.counter),
            per: match key.align {
                Align::Sliding => format!("any {window}"),
                Align::Calendar => window,
                Align::CalendarIn(zone) => format!("{window} in {zone}"),
            },
            scope: scope(&key.scope),
            shadow: key.shadow,
        }
    }
}

/// Limits without a counter's name of their own are numbered: `_rate_minute_0` is the entry's first.
fn counter_name(counter: &str) -> String {
    let numbered = |kind: &str| {
        let (what, number) = counter.strip_prefix(kind)?.rsplit_once('_')?;
        Some((what, number.parse::<u64>().ok()?))
    };
    let after = |number: u64| match number {
        0 => String::new(),
        number => format!(", limit {}", number.saturating_add(1)),
    };
    if let Some((_, number)) = numbered("_rate_") {
        return format!("calls{}", after(number));
    }
    if let Some((_, number)) = numbered("_once_") {
        return format!("identical calls{}", after(number));
    }
    match numbered("_spend_") {
        // Between them stands the currency, where there is one, and the window.
        Some((what, number)) => match what.rsplit_once('_') {
            Some((currency, _)) => format!("spent, {currency}{}", after(number)),
            None => format!("spent{}", after(number)),
        },
        None => counter.to_owned(),
    }
}

fn scope(parts: &[ScopePart]) -> String {
    let part = |part: &ScopePart| match part {
        ScopePart::Grant(name) => format!("grant {name}"),
        ScopePart::Session(id) => format!("session {id}"),
        ScopePart::Tool(name) => format!("tool {name}"),
        ScopePart::Argument { path, value } => format!("{path} {value}"),
        ScopePart::Call(digest) => format!("call {}…", digest.chars().take(8).collect::<String>()),
    };
    match parts {
        [] => "everybody".to_owned(),
        _ => parts.iter().map(part).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, limit: Option<&str>) -> String {
        let status = CounterStatus {
            key: key.to_owned(),
            label: String::new(),
            value: "3".parse().unwrap(),
            limit: limit.map(|limit| limit.parse().unwrap()),
            window: "60s".to_owned(),
        };
        CounterReport::new(&status).row().join(" | ")
    }

    #[test]
    fn counters_in_words() {
        for (key, limit, expected) in [
            (
                "server=s/tools/t/_rate_minute_0/minute/sliding/grant=g",
                Some("10"),
                "3 of 10 | any minute | s | t | calls | grant g",
            ),
            (
                "server=s/tools/get_*/_rate_90s_1/90s/sliding/grant=g/tool=get_a/shadow",
                Some("10"),
                "3 of 10 | any 90 seconds | s | get_* | calls, limit 2 (shadow) | grant g, tool get_a",
            ),
            (
                "shared=all/tools/a%2Fb/spend/day/calendar",
                None,
                "3 | day | shared as all | a/b | spend | everybody",
            ),
            (
                "server=s/tools/t/c/day/calendar@Europe%2FBerlin/grant=g/arg=args.a=\"x%2Fy\"",
                Some("9"),
                "3 of 9 | day in Europe/Berlin | s | t | c | grant g, args.a \"x/y\"",
            ),
            (
                "server=s/tools/t/_spend_eur_day_0/day/calendar/grant=g",
                Some("9"),
                "3 of 9 | day | s | t | spent, eur | grant g",
            ),
            (
                "server=s/tools/t/_spend_month_1/month/calendar/grant=g",
                None,
                "3 | month | s | t | spent, limit 2 | grant g",
            ),
            (
                "server=s/tools/t/_once_600s_0/600s/sliding/grant=g/call=0123456789abcdef",
                Some("1"),
                "3 of 1 | any 10 minutes | s | t | identical calls | grant g, call 01234567…",
            ),
            ("from elsewhere", Some("5"), "3 of 5 | 60s |  |  | from elsewhere | "),
        ] {
            assert_eq!(row(key, limit), expected, "{key}");
        }
    }
}
