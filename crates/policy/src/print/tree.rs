//! Document to tree: the inverse of parsing.

mod condition;

use std::sync::Arc;

use interlock_json::Decimal;

use crate::cel::Expression;
use crate::document::{
    Action, Approvals, Block, DefaultVerdict, Document, Entry, Increment, Limit, ListMode, Matcher, Mode,
    RateLimit, Refund, Requirement, Rule, Scalar, Scope, Spend, SpendAmount, State, TellAgent, Validate,
    Version,
};
use crate::tree::{Member, Node, Value};
use crate::window::{Align, Window};
use crate::zone::Zone;
use condition::condition;

/// A map under construction; keys that say nothing are left out.
#[derive(Default)]
struct Map(Vec<Member>);

impl Map {
    fn put(&mut self, key: &str, value: Node) {
        self.0.push(Member { key: key.to_owned(), key_range: 0..0, value });
    }

    fn maybe(&mut self, key: &str, value: Option<Node>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        self.maybe(key, value.map(text));
    }

    fn list<T>(&mut self, key: &str, items: &[T], node: impl Fn(&T) -> Node) {
        if !items.is_empty() {
            self.put(key, list(items, node));
        }
    }

    fn node(self) -> Node {
        Node::new(Value::Map(self.0))
    }
}

fn text(text: &str) -> Node {
    Node::new(Value::Text(text.to_owned()))
}

fn number(number: Decimal) -> Node {
    Node::new(Value::Number(number.to_string()))
}

fn list<T>(items: &[T], node: impl Fn(&T) -> Node) -> Node {
    Node::new(Value::List(items.iter().map(node).collect()))
}

pub(super) fn of(document: &Document) -> Node {
    let mut map = Map::default();
    map.text("version", document.version.map(|Version::V1| "1"));
    map.text("description", document.description.as_deref());
    map.text(
        "default",
        document.default.map(|default| match default {
            DefaultVerdict::Allow => "allow",
            DefaultVerdict::Deny => "deny",
        }),
    );
    map.maybe("mode", document.mode.map(mode));
    map.list("hide", &document.hide, |matcher| text(matcher.as_str()));
    map.text(
        "list",
        document.list.map(|list| match list {
            ListMode::Permitted => "permitted",
            ListMode::All => "all",
        }),
    );
    map.text(
        "tell_agent",
        document.tell_agent.map(|tell| match tell {
            TellAgent::Nothing => "nothing",
            TellAgent::Reason => "reason",
            TellAgent::Full => "full",
        }),
    );
    map.text("spend_currency", document.spend_currency.as_deref());
    map.maybe("approvals", document.approvals.as_ref().map(approvals));
    if !document.lists.is_empty() {
        map.put("lists", lists(&document.lists));
    }
    for (key, entries) in
        [("tools", &document.tools), ("resources", &document.resources), ("prompts", &document.prompts)]
    {
        if !entries.is_empty() {
            map.put(key, section(entries));
        }
    }
    map.maybe("all_tools", document.all_tools.as_ref().map(entry));
    map.node()
}

fn lists(lists: &[(Arc<str>, Vec<Scalar>)]) -> Node {
    let mut map = Map::default();
    for (name, values) in lists {
        map.put(name, list(values, condition::scalar));
    }
    map.node()
}

fn section(entries: &[(Matcher, Entry)]) -> Node {
    let mut map = Map::default();
    for (matcher, of) in entries {
        map.put(matcher.as_str(), entry(of));
    }
    map.node()
}

fn mode(mode: Mode) -> Node {
    text(match mode {
        Mode::Enforce => "enforce",
        Mode::Shadow => "shadow",
    })
}

fn seconds(seconds: u64) -> Node {
    number(seconds.into())
}

fn approvals(approvals: &Approvals) -> Node {
    let mut map = Map::default();
    map.maybe("timeout", approvals.timeout.map(seconds));
    map.maybe("dedupe_window", approvals.dedupe_window.map(seconds));
    map.list("approvers", &approvals.approvers, |name| text(name));
    map.maybe("hold", approvals.hold.map(seconds));
    if let Some(webhook) = &approvals.webhook {
        let mut inner = Map::default();
        inner.put("url", text(&webhook.url));
        inner.text("secret", webhook.secret.as_deref());
        let mut notify = Map::default();
        notify.put("webhook", inner.node());
        map.put("notify", notify.node());
    }
    map.node()
}

fn entry(entry: &Entry) -> Node {
    let mut map = Map::default();
    map.maybe("mode", entry.mode.map(mode));
    if entry.hide {
        map.put("hide", Node::new(Value::Bool(true)));
    }
    map.maybe("validate", validate(entry.validate));
    map.list("rules", &entry.rules, rule);
    map.list("require", &entry.require, |requirement| match requirement {
        Requirement::Condition(of) => condition(of),
        Requirement::Block(of) => block(of),
    });
    map.list("deny_if", &entry.deny_if, block);
    map.list("approve_if", &entry.approve_if, block);
    map.list("limits", &entry.limits, limit);
    map.node()
}

fn validate(validate: Validate) -> Option<Node> {
    let mut map = Map::default();
    if validate.required_args {
        map.put("required_args", Node::new(Value::Bool(true)));
    }
    if validate.schema {
        map.put("schema", Node::new(Value::Bool(true)));
    }
    if validate.refuse_unknown {
        map.put("unknown_args", Node::new(Value::Text("deny".to_owned())));
    }
    (!validate.is_empty()).then(|| map.node())
}

fn block(block: &Block) -> Node {
    let mut map = Map::default();
    map.text("name", block.name.as_deref());
    map.maybe("mode", block.mode.map(mode));
    map.put("conditions", list(&block.conditions, condition));
    map.text("on_deny", block.on_deny.as_deref());
    map.node()
}

fn rule(rule: &Rule) -> Node {
    let mut map = Map::default();
    map.text("name", rule.name.as_deref());
    map.maybe("mode", rule.mode.map(mode));
    map.text(
        "action",
        rule.action.map(|action| match action {
            Action::Evaluate => "evaluate",
            Action::Allow => "allow",
            Action::Deny => "deny",
            Action::RequireApproval => "require_approval",
        }),
    );
    map.list("conditions", &rule.conditions, condition);
    map.text("when", rule.when.as_ref().map(Expression::as_str));
    map.maybe("rate_limit", rule.rate_limit.as_ref().map(rate_limit));
    map.maybe("state", rule.state.as_ref().map(state));
    map.maybe("spend", rule.spend.as_ref().map(spend));
    map.maybe("idempotency_window", rule.idempotency_window.map(seconds));
    map.maybe("validate", validate(rule.validate));
    map.maybe("approval_timeout", rule.approval_timeout.map(seconds));
    map.text("on_deny", rule.on_deny.as_deref());
    map.node()
}

fn window(window: Window) -> Node {
    text(&window.to_string())
}

fn align(align: Align) -> Node {
    text(&align.to_string())
}

fn scope(scope: &Vec<Scope>) -> Node {
    match scope.as_slice() {
        [only] => one_scope(only),
        several => list(several, one_scope),
    }
}

fn one_scope(scope: &Scope) -> Node {
    if let Scope::Argument(path) = scope {
        let mut map = Map::default();
        map.put("arg", text(&path.to_string()));
        return map.node();
    }
    let word = Scope::WORDS.iter().find(|(_, known)| known == scope);
    text(word.map(|(word, _)| *word).unwrap_or_default())
}

/// Where a window begins, and what is given back.
fn calendar(align_of: Option<Align>, timezone: Option<Zone>, refund: Option<Refund>, map: &mut Map) {
    map.maybe("align", align_of.map(align));
    map.text("timezone", timezone.map(Zone::name));
    map.text(
        "refund",
        refund.map(|refund| match refund {
            Refund::Keep => "keep",
            Refund::OnProtocolError => "on_protocol_error",
            Refund::OnError => "on_error",
        }),
    );
}

fn spend(spend: &Spend) -> Node {
    let mut map = Map::default();
    map.put(
        "amount",
        match &spend.amount {
            SpendAmount::Argument(path) => text(&path.to_string()),
            SpendAmount::Challenge => text("challenge"),
        },
    );
    map.maybe("per_call", spend.per_call.map(number));
    map.maybe("daily", spend.daily.map(number));
    map.maybe("monthly", spend.monthly.map(number));
    map.text("currency", spend.currency.as_deref());
    map.maybe("currency_from", spend.currency_from.as_ref().map(|path| text(&path.to_string())));
    map.maybe("scope", spend.scope.as_ref().map(scope));
    calendar(None, spend.timezone, spend.refund, &mut map);
    map.node()
}

fn rate_limit(rate: &RateLimit) -> Node {
    let mut map = Map::default();
    map.put("max", number(rate.max));
    map.put("window", window(rate.window));
    map.maybe("scope", rate.scope.as_ref().map(scope));
    calendar(rate.align, rate.timezone, rate.refund, &mut map);
    map.node()
}

fn state(state: &State) -> Node {
    let mut map = Map::default();
    map.put("counter", text(&state.counter));
    map.put("window", window(state.window));
    match &state.increment {
        None => {}
        Some(Increment::Fixed(amount)) => map.put("increment", number(*amount)),
        Some(Increment::From(path)) => map.put("increment_from", text(&path.to_string())),
    }
    map.maybe("scope", state.scope.as_ref().map(scope));
    calendar(state.align, state.timezone, state.refund, &mut map);
    map.node()
}

fn limit(limit: &Limit) -> Node {
    let mut map = Map::default();
    map.text("counter", limit.counter.as_deref());
    map.maybe("mode", limit.mode.map(mode));
    map.put("window", window(limit.window));
    map.put("max", number(limit.max));
    map.maybe("amount", limit.amount.as_ref().map(|path| text(&path.to_string())));
    map.maybe("min", limit.min.map(number));
    map.maybe("scope", limit.scope.as_ref().map(scope));
    calendar(limit.align, limit.timezone, limit.refund, &mut map);
    map.text("shared", limit.shared.as_deref());
    map.text("on_deny", limit.on_deny.as_deref());
    map.node()
}
