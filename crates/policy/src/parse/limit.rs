//! What is counted: `rate_limit`, `state` and `limits`.

use super::condition;
use super::fields::Fields;
use super::scalar;
use crate::diagnostic::{At, Report, quoted};
use crate::document::{Increment, Limit, RateLimit, Refund, Scope, State};
use crate::path::Path;
use crate::tree::{Node, Value};
use crate::window::{Align, Window};
use crate::zone::Zone;

/// What the names of counters begin with that have none of their own.
const RESERVED: [&str; 3] = ["_rate_", "_spend_", "_once_"];

pub(crate) fn rate_limit(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<RateLimit> {
    if let Value::Text(text) = &node.value {
        return short_rate_limit(text, node, at, report);
    }
    if !matches!(node.value, Value::Map(_)) {
        report
            .error(
                "wrong-type",
                node.mark(),
                at,
                format!("`rate_limit` is text or a map, not {}", node.kind()),
            )
            .help("such as `10/minute` or `{ max: 10, window: 60 }`");
        return None;
    }
    const KNOWN: &[&str] = &["max", "window", "scope", "align", "timezone", "refund"];
    let fields = Fields::open(node, "`rate_limit`", KNOWN, at, report)?;
    let max = fields.need("max", at, report, scalar::count);
    let window = fields.need("window", at, report, scalar::window);
    let scope = fields.read("scope", at, report, scope);
    let Calendar { align, timezone } = calendar(&fields, window, Align::Sliding, at, report);
    let refund = fields.read("refund", at, report, refund);
    Some(RateLimit { max: max?, window: window?, scope, align, timezone, refund })
}

/// `10/minute`
fn short_rate_limit(text: &str, node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<RateLimit> {
    let parts = text.split_once('/').map(|(max, window)| (max.trim(), window.trim()));
    let max = parts
        .filter(|(max, _)| {
            !max.is_empty() && max.len() <= 18 && max.bytes().all(|byte| byte.is_ascii_digit())
        })
        .and_then(|(max, _)| max.parse::<u64>().ok());
    let Some((max, (_, window))) = max.zip(parts) else {
        report
            .error("bad-rate", node.mark(), at, format!("{} is not a rate", quoted(text)))
            .help("write a number of calls and a window, such as `10/minute`");
        return None;
    };
    let Some(window) = Window::parse(window) else {
        let part = Node { value: Value::Text(window.into()), range: node.range.clone() };
        scalar::not_a_window(&part, at, report);
        return None;
    };
    Some(RateLimit { max: max.into(), window, scope: None, align: None, timezone: None, refund: None })
}

pub(crate) fn state(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<State> {
    const KNOWN: &[&str] =
        &["counter", "window", "increment", "increment_from", "scope", "align", "timezone", "refund"];
    let fields = Fields::open(node, "`state`", KNOWN, at, report)?;
    let counter = fields.need("counter", at, report, counter);
    let window = fields.need("window", at, report, scalar::window);
    let fixed = fields.read("increment", at, report, scalar::amount);
    let from = fields.read("increment_from", at, report, amount_path);
    let scope = fields.read("scope", at, report, scope);
    let Calendar { align, timezone } = calendar(&fields, window, Align::Calendar, at, report);
    let refund = fields.read("refund", at, report, refund);
    if fixed.is_some() && from.is_some() {
        let message = "`increment` and `increment_from` exclude each other";
        report
            .error("exclusive-keys", fields.key_range("increment_from"), at, message)
            .help("keep the one that is meant");
        return None;
    }
    let increment = fixed.map(Increment::Fixed).or_else(|| from.map(Increment::From));
    Some(State { counter: counter?, window: window?, increment, scope, align, timezone, refund })
}

pub(crate) fn limit(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Limit> {
    const KNOWN: &[&str] = &[
        "counter", "window", "max", "amount", "scope", "align", "timezone", "min", "mode", "on_deny",
        "shared", "refund",
    ];
    let fields = Fields::open(node, "a limit", KNOWN, at, report)?;
    let counter = fields.read("counter", at, report, counter);
    let window = fields.need("window", at, report, scalar::window);
    let amount = fields.read("amount", at, report, amount_path);
    let counts_calls = fields.get("amount").is_none();
    let max = fields.need("max", at, report, if counts_calls { scalar::count } else { scalar::amount });
    let min = fields.read("min", at, report, scalar::amount);
    if min.is_some() && counts_calls {
        let message = "`min` bounds an `amount`, and this limit has none";
        report
            .error("no-effect", fields.key_range("min"), at, message)
            .help("leave it out, or name the argument that is counted: `amount: args.amount`");
    }
    let scope = fields.read("scope", at, report, scope);
    let default = if counts_calls { Align::Sliding } else { Align::Calendar };
    let Calendar { align, timezone } = calendar(&fields, window, default, at, report);
    let refund = fields.read("refund", at, report, refund);
    let mode = fields.read("mode", at, report, scalar::mode);
    let on_deny = fields.read("on_deny", at, report, scalar::text);
    let shared = fields.read("shared", at, report, scalar::name);
    Some(Limit {
        counter,
        window: window?,
        max: max?,
        amount,
        scope,
        align,
        timezone,
        refund,
        min,
        mode,
        on_deny,
        shared,
    })
}

fn counter(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = scalar::name(node, at, report)?;
    if let Some(reserved) = RESERVED.into_iter().find(|reserved| name.starts_with(reserved)) {
        report
            .error(
                "reserved-name",
                node.mark(),
                at,
                format!("counters called `{reserved}…` are those without a name"),
            )
            .help("choose another name");
        return None;
    }
    Some(name)
}

pub(super) fn amount_path(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Path> {
    let path = condition::path(node, at, report)?;
    if !matches!(path, Path::Args(_)) || path.is_plural() {
        report
            .error("bad-path", node.mark(), at, "an amount is the value of one argument")
            .help("such as `args.amount`");
        return None;
    }
    Some(path)
}

/// Where the window of a counter begins.
struct Calendar {
    align: Option<Align>,
    timezone: Option<Zone>,
}

fn calendar(
    fields: &Fields<'_>,
    window: Option<Window>,
    default: Align,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Calendar {
    let align = fields.read("align", at, report, |node, at, report| {
        scalar::one_of(node, &[("sliding", Align::Sliding), ("calendar", Align::Calendar)], at, report)
    });
    let timezone = fields.read("timezone", at, report, scalar::timezone);
    // A mistake in `align` or `window` is reported; it must not be the cause of a second finding.
    let effective = if fields.get("align").is_some() { align } else { Some(default) };
    if timezone.is_some() && effective == Some(Align::Sliding) {
        let message = "`timezone` says where the days of a calendar begin, and a sliding window has none";
        report
            .error("no-effect", fields.key_range("timezone"), &at.key("timezone"), message)
            .help("write `align: calendar` beside it, or leave it out");
    } else if let Some(window) = window.filter(|window| timezone.is_some() && !window.has_dates()) {
        let message = format!("a window of `{window}` begins at the same time in every time zone");
        report
            .error("no-effect", fields.key_range("timezone"), &at.key("timezone"), message)
            .help("it goes with `day`, `week` and `month`");
    }
    Calendar { align, timezone }
}

pub(super) fn refund(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Refund> {
    scalar::one_of(node, &Refund::WORDS, at, report)
}

pub(super) fn scope(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Vec<Scope>> {
    if !matches!(node.value, Value::List(_)) {
        return one_scope(node, at, report).map(|scope| vec![scope]);
    }
    let scopes = scalar::list(node, at, report, one_scope)?;
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        report.error("empty-list", node.mark(), at, "an empty scope says nothing").help("leave it out");
        return None;
    }
    Some(scopes)
}

fn one_scope(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Scope> {
    if matches!(node.value, Value::Map(_)) {
        return argument_scope(node, at, report);
    }
    let words = Scope::WORDS.each_ref().map(|(word, scope)| (*word, scope));
    scalar::one_of(node, &words, at, report).cloned()
}

fn argument_scope(node: &Node, at: &At<'_>, report: &mut Report<'_>) -> Option<Scope> {
    let fields = Fields::open(node, "a scope", &["arg"], at, report)?;
    fields.need("arg", at, report, |node, at, report| {
        let path = condition::path(node, at, report)?;
        if !matches!(path, Path::Args(_)) || path.is_plural() {
            let message = "a scope is the value of one argument";
            report.error("bad-path", node.mark(), at, message).help("such as `{ arg: args.customer }`");
            return None;
        }
        Some(Scope::Argument(path))
    })
}
