//! Document to tree: the inverse of parsing.

mod condition;

use std::borrow::Cow;

use compact_str::ToCompactString;
use interlock_json::Decimal;

use crate::cel::Expression;
use crate::document::{
    Action, AnnouncedArguments, AnnouncementFormat, Approvals, Block, DefaultVerdict, Document, Entry,
    Increment, Limit, ListMode, Matcher, Mode, NamedList, RateLimit, Refund, Requirement, Rule, Scope, Spend,
    SpendAmount, State, TellAgent, Validate, Version, Webhook,
};
use crate::tree::{Member, Node, Value};
use crate::window::{Align, Window};
use crate::zone::Zone;
use condition::condition;

/// A tree whose texts are those of the document.
pub(super) enum Out<'d> {
    Bool(bool),
    Number(Decimal),
    Text(Cow<'d, str>),
    List(Vec<Out<'d>>),
    Map(Vec<(&'d str, Out<'d>)>),
    /// A map of entries, each of which becomes a tree when it is wanted: most of a document is entries.
    Entries(&'d [(Matcher, Entry)]),
    Node(Node),
}

impl Out<'_> {
    /// The same tree with texts of its own.
    pub(super) fn node(self) -> Node {
        let member =
            |(key, value): (&str, Out<'_>)| Member { key: key.into(), key_range: 0..0, value: value.node() };
        Node::new(match self {
            Out::Bool(value) => Value::Bool(value),
            Out::Number(number) => Value::Number(number.to_compact_string()),
            Out::Text(text) => Value::Text(text.as_ref().into()),
            Out::List(items) => Value::List(items.into_iter().map(Out::node).collect()),
            Out::Map(members) => Value::Map(members.into_iter().map(member).collect()),
            Out::Entries(entries) => Value::Map(
                entries.iter().map(|(matcher, of)| member((matcher.as_str(), entry(of)))).collect(),
            ),
            Out::Node(node) => return node,
        })
    }
}

/// A map under construction; keys that say nothing are left out.
#[derive(Default)]
struct Map<'d>(Vec<(&'d str, Out<'d>)>);

impl<'d> Map<'d> {
    fn put(&mut self, key: &'d str, value: Out<'d>) {
        self.0.push((key, value));
    }

    fn maybe(&mut self, key: &'d str, value: Option<Out<'d>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn text(&mut self, key: &'d str, value: Option<&'d str>) {
        self.maybe(key, value.map(text));
    }

    fn list<T>(&mut self, key: &'d str, items: &'d [T], out: impl Fn(&'d T) -> Out<'d>) {
        if !items.is_empty() {
            self.put(key, list(items, out));
        }
    }

    fn out(self) -> Out<'d> {
        Out::Map(self.0)
    }
}

fn text(text: &str) -> Out<'_> {
    Out::Text(Cow::Borrowed(text))
}

fn made<'d>(text: &impl ToString) -> Out<'d> {
    Out::Text(Cow::Owned(text.to_string()))
}

fn number<'d>(number: Decimal) -> Out<'d> {
    Out::Number(number)
}

fn list<'d, T>(items: &'d [T], out: impl Fn(&'d T) -> Out<'d>) -> Out<'d> {
    Out::List(items.iter().map(out).collect())
}

pub(super) fn of(document: &Document) -> Out<'_> {
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
            map.put(key, Out::Entries(entries));
        }
    }
    map.maybe("all_tools", document.all_tools.as_ref().map(entry));
    map.out()
}

fn lists(lists: &[NamedList]) -> Out<'_> {
    let mut map = Map::default();
    for (name, values) in lists {
        map.put(name, list(values, condition::scalar));
    }
    map.out()
}

fn mode<'d>(mode: Mode) -> Out<'d> {
    text(match mode {
        Mode::Enforce => "enforce",
        Mode::Shadow => "shadow",
    })
}

fn seconds<'d>(seconds: u64) -> Out<'d> {
    number(seconds.into())
}

fn approvals(approvals: &Approvals) -> Out<'_> {
    let mut map = Map::default();
    map.maybe("timeout", approvals.timeout.map(seconds));
    map.maybe("dedupe_window", approvals.dedupe_window.map(seconds));
    map.list("approvers", &approvals.approvers, |name| text(name));
    map.maybe("needed", approvals.needed.map(|people| number(people.into())));
    map.maybe("hold", approvals.hold.map(seconds));
    map.maybe("approve", approvals.approve.map(|approve| text(approve.word())));
    if let Some(webhook) = &approvals.webhook {
        let mut notify = Map::default();
        notify.put("webhook", self::webhook(webhook));
        map.put("notify", notify.out());
    }
    map.out()
}

fn webhook(webhook: &Webhook) -> Out<'_> {
    let mut map = Map::default();
    map.put("url", text(&webhook.url));
    map.text("secret", webhook.secret.as_deref());
    map.text("format", webhook.format.map(format_word));
    map.text("decide_as", webhook.decide_as.as_deref());
    map.text("arguments", webhook.arguments.map(arguments_word));
    map.out()
}

fn format_word(format: AnnouncementFormat) -> &'static str {
    match format {
        AnnouncementFormat::Json => "json",
        AnnouncementFormat::Slack => "slack",
        AnnouncementFormat::Teams => "teams",
    }
}

fn arguments_word(arguments: AnnouncedArguments) -> &'static str {
    match arguments {
        AnnouncedArguments::Keys => "keys",
        AnnouncedArguments::Full => "full",
    }
}

pub(super) fn entry(entry: &Entry) -> Out<'_> {
    let mut map = Map::default();
    map.maybe("mode", entry.mode.map(mode));
    if entry.hide {
        map.put("hide", Out::Bool(true));
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
    map.out()
}

fn validate<'d>(validate: Validate) -> Option<Out<'d>> {
    let mut map = Map::default();
    if validate.required_args {
        map.put("required_args", Out::Bool(true));
    }
    if validate.schema {
        map.put("schema", Out::Bool(true));
    }
    if validate.refuse_unknown {
        map.put("unknown_args", text("deny"));
    }
    (!validate.is_empty()).then(|| map.out())
}

fn block(block: &Block) -> Out<'_> {
    let mut map = Map::default();
    map.text("name", block.name.as_deref());
    map.maybe("mode", block.mode.map(mode));
    map.put("conditions", list(&block.conditions, condition));
    map.text("on_deny", block.on_deny.as_deref());
    map.out()
}

fn rule(rule: &Rule) -> Out<'_> {
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
    map.maybe("rate_limit", rule.rate_limit.as_deref().map(rate_limit));
    map.maybe("state", rule.state.as_deref().map(state));
    map.maybe("spend", rule.spend.as_deref().map(spend));
    map.maybe("idempotency_window", rule.idempotency_window.map(seconds));
    map.maybe("validate", validate(rule.validate));
    map.maybe("approval_timeout", rule.approval_timeout.map(seconds));
    map.text("on_deny", rule.on_deny.as_deref());
    map.out()
}

fn window<'d>(window: Window) -> Out<'d> {
    made(&window)
}

fn align<'d>(align: Align) -> Out<'d> {
    made(&align)
}

fn scope(scope: &Vec<Scope>) -> Out<'_> {
    match scope.as_slice() {
        [only] => one_scope(only),
        several => list(several, one_scope),
    }
}

fn one_scope(scope: &Scope) -> Out<'_> {
    if let Scope::Argument(path) = scope {
        let mut map = Map::default();
        map.put("arg", made(path));
        return map.out();
    }
    let word = Scope::WORDS.iter().find(|(_, known)| known == scope);
    text(word.map(|(word, _)| *word).unwrap_or_default())
}

/// Where a window begins, and what is given back.
fn calendar(align_of: Option<Align>, timezone: Option<Zone>, refund: Option<Refund>, map: &mut Map<'_>) {
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

fn spend(spend: &Spend) -> Out<'_> {
    let mut map = Map::default();
    map.put(
        "amount",
        match &spend.amount {
            SpendAmount::Argument(path) => made(path),
            SpendAmount::Challenge => text("challenge"),
        },
    );
    map.maybe("per_call", spend.per_call.map(number));
    map.maybe("daily", spend.daily.map(number));
    map.maybe("monthly", spend.monthly.map(number));
    map.text("currency", spend.currency.as_deref());
    map.maybe("currency_from", spend.currency_from.as_ref().map(made));
    map.maybe("scope", spend.scope.as_ref().map(scope));
    calendar(None, spend.timezone, spend.refund, &mut map);
    map.out()
}

fn rate_limit(rate: &RateLimit) -> Out<'_> {
    let mut map = Map::default();
    map.put("max", number(rate.max));
    map.put("window", window(rate.window));
    map.maybe("scope", rate.scope.as_ref().map(scope));
    calendar(rate.align, rate.timezone, rate.refund, &mut map);
    map.out()
}

fn state(state: &State) -> Out<'_> {
    let mut map = Map::default();
    map.put("counter", text(&state.counter));
    map.put("window", window(state.window));
    match &state.increment {
        None => {}
        Some(Increment::Fixed(amount)) => map.put("increment", number(*amount)),
        Some(Increment::From(path)) => map.put("increment_from", made(path)),
    }
    map.maybe("scope", state.scope.as_ref().map(scope));
    calendar(state.align, state.timezone, state.refund, &mut map);
    map.out()
}

fn limit(limit: &Limit) -> Out<'_> {
    let mut map = Map::default();
    map.text("counter", limit.counter.as_deref());
    map.maybe("mode", limit.mode.map(mode));
    map.put("window", window(limit.window));
    map.put("max", number(limit.max));
    map.maybe("amount", limit.amount.as_ref().map(made));
    map.maybe("min", limit.min.map(number));
    map.maybe("scope", limit.scope.as_ref().map(scope));
    calendar(limit.align, limit.timezone, limit.refund, &mut map);
    map.text("shared", limit.shared.as_deref());
    map.text("on_deny", limit.on_deny.as_deref());
    map.out()
}
