//! Every kind of mistake with its exact words and place. Each case is a document and what is found in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::compiled;
use crate::{Diagnostic, Severity, Source, Syntax, ToolList, compile_for};

/// A document without other mistakes around a part.
fn around(part: &str) -> String {
    format!("version: \"1\"\ndefault: deny\n{part}")
}

fn rule(part: &str) -> String {
    around(&format!("tools:\n  t:\n    rules:\n      - {part}\n"))
}

fn condition(part: &str) -> String {
    rule(&format!("conditions: [{{ {part} }}]"))
}

fn limit(part: &str) -> String {
    around(&format!("tools:\n  t:\n    limits:\n      - {{ {part} }}\n"))
}

fn cases() -> Vec<String> {
    let own = [
        // The document as text.
        "",
        "# nothing",
        "tools: [1]",
        "- a\n- b\n",
        "just text",
        "a: b: c\n",
        "tools:\n\tt: {}\n",
        "tools: { t: {}\n",
        "version: \"1\"\nversion: \"1\"\ndefault: deny\n",
        "version: \"1\"\ndefault: deny\ntools:\n  t: {}\n  u: {}\n  t: {}\n",
        "version: \"1\"\ndefault: deny\ntools:\n  *: {}\n",
        "version: \"1\"\ndefault: deny\nhide: [*_all]\n",
        "version: \"1\"\ndefault: deny\ntools: &all { t: {} }\n",
        "version: !!str 1\ndefault: deny\n",
        "version: \"1\"\ndefault: deny\n---\nversion: \"1\"\n",
        "version: \"1\"\ndefault: deny\n? [a, b]\n: c\n",
        "\u{feff}version: \"1\"\n",
        "{\"version\": \"1\", \"default\": \"deny\", \"tools\": {\"t\": {}, \"t\": {}}}",
        "{\"version\": \"1\", \"default\": \"deny\",}",
        "{\"version\": \"1\", \"default\": NaN}",
        "{\"version\": \"1\"} {}",
        // Lost indentation.
        "version: \"1\"\ntools:\nstart_job:\nrules:\n- action: allow\nrate_limit: { max: 10, window: 60 }\n",
        "tools:\nstart_job:\nrules:\n- name: a\nconditions:\n- path: args.a\n- name: b\n",
        "version: \"1\" default: deny tools: create_charge: rules: - name: max",
        // The head.
        "tools: { t: {} }\n",
        "version: 1\ndefault: deny\n",
        "version: \"2\"\ndefault: deny\n",
        "version: \"1\"\ndefault: denny\n",
        "version: \"1\"\ndefault: true\n",
        "version: \"1\"\ndefault: deny\ntool:\n  t: {}\n",
        "version: \"1\"\ndefault: deny\ncompletely_unknown_words: 1\n",
        "version: \"1\"\ndefault: deny\nrules: []\n",
        "version: \"1\"\ndefault: deny\nlists: { a: [1] }\nspend_currency: eur\n",
        "version: \"1\"\ndefault: deny\nspend_currency: 5\n",
        "version: \"1\"\ndefault: deny\nprompts: { p: { rules: [{ spend: { amount: challenge, currency: eur } }] } }\n",
        "version: \"1\"\ndefault: deny\nlists: [a]\n",
        "version: \"1\"\ndefault: deny\nlists: { a: [], b: 5, c: [null], '': [1], d: [1] }\n",
        "version: \"1\"\ndefault: deny\nlists: { used: [a], spare: [b] }\ntools: { t: { require: [{ path: args.a, op: in, value: { list: used } }] } }\n",
        "version: \"1\"\ndefault: deny\nmode: shadows\nlist: none\ntell_agent: everything\n",
        "version: \"1\"\ndefault: deny\nhide: secret\n",
        "version: \"1\"\ndefault: deny\nhide: [\"\", \"**\", 5]\n",
        "version: \"1\"\ndefault: deny\ndescription: [a]\n",
        "version: \"1\"\ndefault: deny\ntools: { '': {} }\n",
        "version: \"1\"\ndefault: deny\ntools: { '*': { rules: [{ rate_limit: 1/minute }] } }\n",
        "version: \"1\"\ndefault: deny\nall_tools: { rules: [{ rate_limit: 1/minute }] }\n",
        "version: \"1\"\ndefault: deny\nprompts: { p: { validate: { required_args: true } } }\n",
        "version: \"1\"\ndefault: deny\napprovals: { timeout: soon, approver: [a], hold: -5, notify: { webhook: { secret: s } } }\n",
    ];
    let rules = [
        "nmae: x",
        "just text",
        "conditons: []",
        "name: 5",
        "name: \"\"",
        "name: only a name",
        "action: denied",
        "action: block",
        "{ action: deny, rate_limit: 10/minute, validate: { required_args: true } }",
        "{ action: require_approval, state: { counter: c, window: day } }",
        "{ action: deny, on_deny: a, reason: b }",
        "{ action: deny, approval_timeout: 5m }",
        "{ action: require_approval, approval_timeout: five }",
        "{ action: deny, reason: not now, not ever }",
        "{ action: allow, conditions: [{ path: args.a, op: eq, value: 1 }] }",
        "{ when: \"args.a < 5\" }",
        "{ when: 5 }",
        "{ when: \"\" }",
        "{ when: \"args.a <\" }",
        "{ when: \"arg.a < 5\" }",
        "{ when: \"amount < 5\" }",
        "{ when: \"call.tol == 't'\" }",
        "{ when: \"args.items.all(x, y < 5)\" }",
        "{ when: \"args.items.all(args, args < 5)\" }",
        "{ when: \"args.a.startWith('x')\" }",
        "{ when: \"now() > 5\" }",
        "{ when: \"size(args.a, 1) > 5\" }",
        "{ when: \"args.a.matches(args.b)\" }",
        "{ when: \"args.a.matches('(')\" }",
        "{ when: \"args.a < 5u\" }",
        "{ when: \"args.a == {'b': 1}\" }",
        "{ when: \"has(grant.name)\" }",
        "{ when: \"grant.labels == 5\" }",
        "{ when: \"state.t.c < 5\" }",
        "{ when: \"args.a.all(b, b.all(c, c.all(d, d.all(e, e))))\" }",
        "{ action: deny, when: \"((((((((((((((((((((((((((((((((((true))))))))))))))))))))))))))))))))))\" }",
        "{ action: allow, when: \"args.a < 5\", rate_limit: 5/minute }",
        "{ when: \"state.t.c + args.a < 5\", state: { counter: c, window: day } }",
        "{ spend: { amount: args.a } }",
        "{ spend: { amount: args.a, daly: 5 } }",
        "{ spend: { daily: 5 } }",
        "{ spend: 5 }",
        "{ spend: { amount: 5, daily: 5 } }",
        "{ spend: { amount: \"args.a[*]\", daily: 5 } }",
        "{ spend: { amount: challenges, daily: 5 } }",
        "{ spend: { amount: challenge, daily: 5 } }",
        "{ spend: { amount: challenge, daily: 5, currency: eur, currency_from: args.c } }",
        "{ spend: { amount: args.a, daily: 5, currency_from: args.c } }",
        "{ spend: { amount: args.a, daily: -5, monthly: \"7\", currency: \"\" } }",
        "{ spend: { amount: args.a, per_call: 10, daily: 5, monthly: 3 } }",
        "{ spend: { amount: args.a, daily: 5, align: calendar, refund: always, timezone: CET+1 } }",
        "{ action: deny, spend: { amount: args.a, daily: 5 }, idempotency_window: 5m }",
        "{ idempotency_window: 5m }",
        "{ idempotency_window: five }",
        "{ idempotency_window: 0 }",
        "{ idempotancy_window: 5m }",
        "{ validate: { schema: true, unknown_args: deny } }",
        "{ validate: { schema: deep, unknown_args: allow } }",
        "{ validate: { unknown_args: true } }",
        "{ validate: { required_args: yes } }",
        "{ validate: true }",
        "{ mode: dry_run }",
        "rate_limit: 10",
        "rate_limit: 10 per minute",
        "rate_limit: ten/minute",
        "rate_limit: 10/minutes",
        "rate_limit: 10/0",
        "rate_limit: -1/minute",
        "rate_limit: { max: 10 }",
        "rate_limit: { max: 1.5, window: 60 }",
        "rate_limit: { max: -1, window: 60 }",
        "rate_limit: { max: \"10\", window: 60 }",
        "rate_limit: { max: 010, window: 0x3c }",
        "rate_limit: { max: 10, window: 1.5 }",
        "rate_limit: { max: 10, window: fortnight, timezone: UTC }",
        "rate_limit: { max: 10, window: 60, scope: user }",
        "rate_limit: { max: 10, window: 60, scope: { arg: args.a } }",
        "rate_limit: { max: 10, window: 60, scope: { arg: call.tool } }",
        "rate_limit: { max: 10, window: 60, scope: [grant, { arg: \"args.a[*]\" }] }",
        "rate_limit: { max: 10, window: 60, scope: { args: args.a } }",
        "rate_limit: { max: 10, window: 60, scope: {} }",
        "rate_limit: { max: 10, window: 60, scope: [] }",
        "rate_limit: { max: 10, window: day, timezone: Europe/Berlin }",
        "rate_limit: { max: 10, window: day, align: sliding, timezone: Europe/Berlin }",
        "rate_limit: { max: 10, window: 60, align: calendar, timezone: Europe/Berlin }",
        "rate_limit: { max: 10, window: day, align: calendar, timezone: europe/berlin }",
        "rate_limit: { max: 10, window: day, align: calendar, timezone: Europe/Berln }",
        "rate_limit: { max: 10, window: day, align: calendar, timezone: nowhere at all }",
        "rate_limit: { max: 10, window: day, align: calendar, timezone: +2 }",
        "rate_limit: { max: 10, window: day, align: fixed, timezone: Europe/Berlin }",
        "rate_limit: { max: 10, window: day, align: calendar, timzone: Europe/Berlin, refund: on_errors }",
        "rate_limit: { max: 10, window: day, refund: on_error }",
        "rate_limit: { max: 10, window: 60, align: fixed }",
        "state: { counter: c, window: day }",
        "state: { window: day }",
        "state: { counter: _rate_x, window: day }",
        "state: { counter: _spend_x, window: day }",
        "state: { counter: c, window: hour, timezone: Europe/Berlin }",
        "state: { counter: c, window: day, increment: 1, increment_from: args.a }",
        "state: { counter: c, window: day, increment: -1 }",
        "state: { counter: c, window: day, increment_from: call.tool }",
        "state: { counter: c, window: day, increment_from: \"args.a[*]\" }",
    ];
    let conditions = [
        "path: args.a",
        "op: eq, value: 1",
        "path: args.a, op: eq",
        "path: args.a, op: equals, value: 1",
        "path: args.a, op: \"==\", value: 1",
        "path: args.a, op: match, value: a",
        "path: args.a, op: eq, value: null",
        "path: args.a, op: eq, value: [1]",
        "path: args.a, op: in, value: a",
        "path: args.a, op: in, value: []",
        "path: args.a, op: in, value: { list: names }",
        "path: args.a, op: in, value: { lists: names }",
        "path: args.a, op: in, value: { list: [names] }",
        "path: args.a, op: eq, value: { list: names }",
        "path: args.a, op: lte, value: \"5\"",
        "path: args.a, op: lte, value: lots",
        "path: args.a, op: lte, value: 12345678901234567890123456789012345678901",
        "path: args.a, op: lte, value: .inf",
        "path: args.a, op: exists, value: 1",
        "path: args.a, op: regex, value: \"(a\"",
        "path: args.a, op: regex, value: \"(?:a{1000}){1000}\"",
        "path: args.a, op: regex, value: \"^SELECT\"",
        "path: args.a, op: regex, value: \"^a|b$\"",
        "path: args.a, op: eq, value: 1, compare: ci",
        "path: args.a, op: eq, value: 1, compare: cs",
        "path: args.a, op: eq, value: 1, on_missing: ignore",
        "path: args.a, op: eq, value: 1, on_missing: deny",
        "path: amount, op: eq, value: 1",
        "path: arg.amount, op: eq, value: 1",
        "path: args, op: exists",
        "path: args., op: exists",
        "path: \"args.a \", op: exists",
        "path: \"args.a[x]\", op: exists",
        "path: \"/args/~2\", op: exists",
        "path: time.hour, op: lt, value: 5",
        "path: time.hour, op: lt, value: 5, timezone: Europe/Berlim",
        "path: time.hour, op: lt, value: 5, timezone: CEST",
        "path: time.hour, op: eq, value: nine",
        "path: time.hours, op: lt, value: 5",
        "path: args.a, op: lt, value: 5, timezone: Europe/Berlin",
        "path: time.weekday, op: in, value: [monday, tuseday]",
        "path: time.weekday, op: in, value: [Monday, sun, friday]",
        "path: time.weekday, op: eq, value: 1",
        "path: grant.label.x, op: eq, value: a",
        "path: grant.labels.x, op: lt, value: 5",
        "path: tool.categories, op: eq, value: Read",
        "path: tool.annotations.readonlyHint, op: eq, value: true",
        "path: client.name, op: exists, value: false",
        "path: call.method, op: eq, value: a",
        "path: call.tool, op: eq, value: 5",
        "path: state.t, op: lt, value: 5",
        "path: state.t.c, op: lt, value: 5",
        "path: state.t.c, op: contains, value: a",
        "any: []",
        "all: []",
        "any: { path: args.a, op: exists }",
        "not: { path: args.a, op: exists }",
        "not: [{ path: args.a, op: exists }]",
        "not: { any: [] }",
        "not: { path: args.a, op: eq, value: 1, on_missing: object }",
        "not: { path: args.a, op: regex, value: \"^SELECT\" }",
        "not: { not: { path: args.a, op: regex, value: \"^SELECT\" } }",
        "any: [{ path: args.a, op: exists }], path: args.b, op: exists",
        "any: [{ path: args.a, op: exists }], all: [{ path: args.b, op: exists }], not: { path: args.c, op: exists }",
        "any: [{ path: args.a, opp: exists }, { all: [{ path: arg.b, op: exists }] }]",
        "any: [{ path: args.a, op: exists }, { path: state.t.c, op: lt, value: 5 }]",
        "oneof: [{ path: args.a, op: exists }]",
        "path: args.a, op: exists, on_missing: object",
        "path: call.tool, op: eq, value: t, on_missing: object",
        "path: args.a, op: exists, vlaue: true",
    ];
    let deep = format!("{}{{ path: args.a, op: exists }}{}", "{ not: ".repeat(17), " }".repeat(17));
    let limits = [
        "max: 1, window: minute, counters: c",
        "counter: c, window: minute",
        "counter: c, max: 1, window: minute, min: 1",
        "counter: c, max: 1.5, window: minute",
        "counter: c, max: -1, amount: args.a, window: minute",
        "counter: c, max: 1, window: minute, refund: on_error",
        "counter: c, max: 1, window: day, timezone: Europe/Berlin",
        "counter: c, max: 1, window: day, amount: args.a, timezone: Europe/Berlin, align: sliding",
        "counter: c, max: 1, window: day, shared: 5",
        "counter: c, max: 1, window: minute }\n      - { counter: c, max: 5, window: 60",
    ];
    let entries = [
        "tools:\n  t: { rules: {} }\n",
        "tools:\n  t: text\n",
        "tools:\n  t: { rate_limit: 10/minute }\n",
        "tools:\n  t: { require: [{ conditions: [{ path: args.a, op: eq, value: 1 }], reason: a }] }\n",
        "tools:\n  t: { deny_if: [{ path: args.a, op: exists }] }\n",
        "tools:\n  t: { hide: please }\n",
        // Without effect.
        "tools:\n  t: { rules: [{ action: evaluate }, { conditions: [] }, { validate: {} }, { validate: { required_args: false } }, { name: x, conditions: [], validate: { schema: false } }] }\n",
        "tools:\n  t: { rules: [{ action: allow }, { validate: { schema: true } }, { action: deny, conditions: [] }] }\n",
        "tools:\n  t: { require: [], deny_if: [], approve_if: [], limits: [], rules: [] }\n",
        "tools:\n  t:\n    rules: [{ conditions: [{ path: state.t.c, op: lt, value: 5 }] }]\n    limits: [{ counter: c, window: day, max: 5 }, { counter: c, window: hour, max: 5 }]\n",
        // What only the whole document shows is found beside what reading it does, and only once.
        "tools:\n  t:\n    rules: [{ nmae: x, rate_limit: 1/day }, { conditions: [{ pth: args.a }, { path: state.t.none, op: lt, value: 5 }] }]\n",
        "tools:\n  t:\n    rules: [text, { action: deny, conditions: [{ path: state.u.c, op: lt, value: 5 }] }]\n  u: { rules: [{ state: { counter: c, window: dya } }] }\n",
        "tools:\n  t:\n    require: [{ path: args.a, op: eqq, value: 1 }, { path: state.t._rate_minute_0, op: lt, value: 5 }]\n  u: { rules: [{ state: { counter: d, window: day } }, { oops: 1 }] }\n",
        "hidee: []\ntools: { '*': { rules: [{ rate_limit: 1/minute }] } }\n",
        // Conditions together.
        "tools:\n  t:\n    rules: [{ conditions: [{ any: [{ path: state.t.c, op: lte, value: 5 }, { path: args.a, op: exists }] }], state: { counter: c, window: day } }]\n",
        "tools:\n  t:\n    rules: [{ conditions: [{ path: state.t.c, op: lte, value: 9 }, { not: { path: state.t.c, op: gt, value: 5 } }], state: { counter: c, window: day } }]\n",
        "tools:\n  t:\n    deny_if: [{ conditions: [{ not: { path: args.a, op: regex, value: '^SELECT' } }] }]\n    require: [{ any: [{ path: args.a, op: exists }], conditions: [] }]\n",
        // What the server says of its tools.
        "tools:\n  t:\n    deny_if: [{ conditions: [{ path: tool.annotations.destructiveHint, op: eq, value: true }] }]\n",
        "resources:\n  r:\n    require: [{ any: [{ path: args.a, op: exists }, { path: tool.category, op: eq, value: Read }] }]\n",
        // Named lists.
        "lists: { names: [a, b] }\ntools:\n  t:\n    require: [{ path: args.a, op: in, value: { list: nams } }, { path: args.b, op: not_in, value: { list: names, also: c } }]\n",
        "lists: { days: [monday, 5] }\ntools:\n  t:\n    require: [{ path: time.weekday, op: in, value: { list: days } }]\n",
        // Expressions.
        "prompts:\n  p: { rules: [{ when: \"tool.category == 'Read'\" }] }\n",
        "tools:\n  t: { rules: [{ when: \"args.a.matches('^a') && args.b == 1\" }, { action: deny, when: \"!args.a.matches('b$')\" }, { when: \"args.items.all(x, x.matches('c'))\" }] }\n",
        "tools:\n  t: { rules: [{ when: \"args.a.matches('^a$') && !args.b.matches('b')\" }, { action: deny, when: \"args.a.matches('b')\" }] }\n",
        // Expressions that are neither true nor false.
        "tools:\n  t:\n    rules:\n      - when: \"1\"\n      - when: \"null\"\n      - when: \"1.5\"\n      - when: \"'true'\"\n      - when: \"[true]\"\n      - when: \"args.a + 1\"\n      - when: \"-args.a\"\n      - when: \"size(args.a)\"\n      - when: \"string(args.a)\"\n      - when: \"!args.a.size()\"\n      - when: \"args.a ? 1 : 'x'\"\n      - when: \"args.a.map(x, x == 1)\"\n      - when: \"args.a.filter(x, x == 1)\"\n",
        "tools:\n  t:\n    rules:\n      - when: \"true\"\n      - when: args.a\n      - when: \"args.a ? 1 : args.b\"\n      - when: \"args.a.exists(x, x == 1)\"\n      - when: \"args.a.all(x, x == 1)\"\n      - when: \"args.a.exists_one(x, x == 1)\"\n      - when: \"args.a.startsWith('a')\"\n",
        // Where people are asked.
        "approvals: { notify: { webhook: { url: ftp://example.com/a, secret: '' } } }\n",
        "approvals: { notify: { webhook: { url: 'https://', secret: x } } }\n",
        "approvals: { notify: { webhook: { url: 'HTTP://example.com' } } }\n",
        "approvals: { notify: { webhook: { url: 'http://127.0.0.1.example/', decide_as: '' } } }\n",
        "approvals: { notify: { webhook: { url: 'http://localhost:8080/x', format: xml, arguments: none } } }\n",
        "approvals: { notify: { webhook: { url: 'https://a:b@example.com/', secret: '${' } } }\n",
        "approvals: { notify: { webhook: { url: 'https://example.com/${}', secret: 'x${A}' } } }\n",
        "approvals: { notify: { webhook: { url: 'https://example.com/a', secret: known } } }\n",
        "approvals: { notify: { webhook: { url: 'https://hooks.slack.com/services/T/B/X', format: slack } } }\n",
        "approvals: { approvers: [ada], notify: { webhook: { url: '${HOOK}', secret: '${S}', decide_as: ada } } }\n",
        "approvals: { approvers: ['group:x'], notify: { webhook: { url: '${HOOK}', secret: '${S}', decide_as: ada } } }\n",
        "approvals: { notify: { webhook: { url: '${HOOK}', format: teams, decide_as: 'operator:ada', arguments: full } } }\n",
        "approvals: { approve: client, approvers: [ann], needed: 2 }\n",
        "approvals: { approve: agent }\n",
        // Who can never be enough.
        "approvals: { approvers: [ann, user:ann, 'operator:ann'], needed: 3 }\n",
        "approvals: { approvers: [ann], needed: 2 }\n",
        "approvals: { approvers: [ann, 'group:x'], needed: 9 }\n",
        "approvals: { approvers: [ann, 5], needed: 2 }\n",
        "approvals: { approvers: [ann, 'operator:ann'], needed: 2 }\n",
        "approvals: { approvers: [], needed: 2 }\n",
        // Who is nobody.
        "approvals: { approvers: ['operater:bo', 'grant:x', 'email:ada@x.org', 'client:x', ':bo', 'User:bo', 'link:'] }\n",
        "approvals: { approvers: ['ada lovelace', '@ada', 'operator:@bo', 'group:the board', 'DOMAIN\\ada', ada@x.org] }\n",
        "approvals: { approve: client, hold: 0s }\n",
        // What an action means that is unknown, its conditions do not say.
        "tools:\n  t:\n    rules:\n      - { action: denyy, approval_timeout: 5m, conditions: [{ path: args.a, op: regex, value: x, on_missing: object }, { path: b, op: eq, value: 1 }] }\n",
        // What can never hold together.
        "tools:\n  t:\n    require:\n      - conditions: [{ path: args.a, op: lte, value: 5 }, { path: args.a, op: gte, value: 10 }]\n",
        "tools:\n  t:\n    deny_if:\n      - conditions: [{ path: args.a, op: eq, value: a }, { path: args.b, op: eq, value: b }, { path: args.a, op: eq, value: b }]\n",
        "tools:\n  t:\n    rules:\n      - conditions: [{ path: args.a, op: in, value: [a, b] }, { path: args.a, op: in, value: [c] }]\n      - { action: deny, conditions: [{ path: args.a, op: gt, value: 5 }, { path: args.a, op: lt, value: 5 }] }\n      - conditions: [{ path: args.a, op: in, value: [a, b] }, { path: args.a, op: not_in, value: [b, a] }]\n      - conditions: [{ path: args.a, op: exists }, { any: [{ path: args.a, op: eq, value: 5 }, { all: [{ path: args.a, op: gt, value: 5 }, { path: args.a, op: eq, value: x }] }] }]\n",
        "tools:\n  t:\n    require: [{ path: time.hour, op: gt, value: 23 }, { all: [{ path: args.a, op: exists }, { path: args.a, op: exists, value: false }] }]\n",
        // These can.
        "tools:\n  t:\n    require:\n      - conditions: [{ path: args.a, op: lte, value: 5 }, { path: args.a, op: gte, value: 5 }, { path: args.a, op: eq, value: 5.0 }]\n      - conditions: [{ path: 'args.a[*]', op: eq, value: 1 }, { path: 'args.a[*]', op: eq, value: 2 }]\n      - conditions: [{ path: time.hour, op: lt, value: 5, timezone: Asia/Tokyo }, { path: time.hour, op: gt, value: 5 }]\n      - conditions: [{ path: args.a, op: eq, value: a, compare: ci }, { path: args.a, op: eq, value: A }]\n      - any: [{ path: args.a, op: eq, value: 1 }, { path: args.a, op: eq, value: 2 }]\n",
        // Conditions that never hold together.
        "tools:\n  t: { rules: [{ conditions: [{ path: args.a, op: lt, value: 5 }, { path: args.a, op: gt, value: 10 }] }] }\n",
        "tools:\n  t: { rules: [{ action: deny, conditions: [{ path: args.a, op: eq, value: x }, { path: args.b, op: exists }, { path: args.a, op: in, value: [y, z] }] }] }\n",
        "tools:\n  t: { require: [{ conditions: [{ path: args.a, op: exists, value: false }, { path: args.a, op: regex, value: '^a$' }] }] }\n",
        "tools:\n  t: { deny_if: [{ conditions: [{ path: args.a, op: gte, value: 5 }, { path: args.a, op: lte, value: 5 }, { path: args.a, op: neq, value: 5 }] }] }\n",
        "tools:\n  t: { rules: [{ conditions: [{ path: args.a, op: lt, value: 5 }, { path: args.a, op: regex, value: '^a$' }] }] }\n",
        "tools:\n  t: { rules: [{ conditions: [{ path: 'args.a[*]', op: lt, value: 5 }, { path: 'args.a[*]', op: gt, value: 10 }] }] }\n",
        // Limits that are never reached, or let nothing through.
        "tools:\n  t: { rules: [{ rate_limit: 10/minute }, { rate_limit: 600/hour }, { rate_limit: 599/hour }] }\n",
        "tools:\n  t: { rules: [{ rate_limit: 10/minute }, { rate_limit: { max: 600, window: hour, scope: session } }] }\n",
        "tools:\n  t: { rules: [{ rate_limit: { max: 10, window: minute, scope: session } }, { rate_limit: 600/hour }] }\n",
        "tools:\n  t: { rules: [{ rate_limit: 10/minute, mode: shadow }, { rate_limit: 600/hour }] }\n",
        "tools:\n  t: { limits: [{ max: 10, window: hour, align: calendar }, { max: 19, window: hour }, { max: 20, window: hour }] }\n",
        "tools:\n  t: { limits: [{ max: 10, window: hour }, { max: 10, window: hour, amount: args.a }] }\n",
        "tools:\n  t: { rules: [{ rate_limit: 0/minute }] }\n",
        // Entries that are hidden as a whole.
        "hide: [delete_*, exact]\ntools:\n  delete_all: {}\n  delete_*_now: {}\n  '*_all': {}\n  exact: { rules: [{ rate_limit: 1/day }] }\n  exactly: {}\n  delete_x: { hide: true }\n",
        "mode: shadow\nhide: [t]\ntools: { t: {} }\n",
        // Limits that only look as if another one were reached first.
        "tools:\n  t: { limits: [{ max: 5, window: minute, refund: on_error }, { max: 9, window: minute }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute, refund: on_error }, { max: 9, window: minute, refund: on_error }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute, scope: { arg: args.a } }, { max: 9, window: minute }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute, scope: { arg: args.a } }, { max: 9, window: minute, scope: { arg: args.b } }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute, scope: { arg: /args/a } }, { max: 9, window: minute, scope: [{ arg: args.b }, { arg: args.a }] }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute }, { max: 9, window: minute, scope: { arg: args.a } }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute }, { max: 5, window: minute }] }\n",
        "tools:\n  t: { limits: [{ max: 5, window: minute }, { max: 9, window: minute, mode: shadow }] }\n",
        "tools: { '*': { limits: [{ counter: c, max: 10, window: minute }, { counter: d, max: 9, window: minute }] }, t: {} }\nall_tools: { limits: [{ counter: c, max: 20, window: minute }] }\n",
        "tools:\n  t: { limits: [{ counter: c, max: 5, window: minute }, { counter: c, max: 5, window: minute, mode: shadow }] }\n",
        // Limits that even the smallest call exceeds.
        "tools:\n  t: { limits: [{ max: 5, min: 10, amount: args.a, window: day }, { max: 10, min: 10, amount: args.a, window: day }] }\n",
        "tools:\n  t: { rules: [{ conditions: [{ path: state.t.c, op: lt, value: 3 }], state: { counter: c, window: day, increment: 3 } }] }\n",
        "tools:\n  t: { rules: [{ conditions: [{ path: state.t.c, op: lt, value: 0 }], state: { counter: c, window: day, increment_from: args.a } }] }\n",
        "tools:\n  t: { mode: shadow, rules: [{ rate_limit: 0/day }] }\n",
        // Constraints beside one that denies everything.
        "tools:\n  t: { rules: [{ conditions: [{ path: args.a, op: eq, value: 1 }] }, { action: deny }] }\n",
        "tools:\n  t: { deny_if: [{ conditions: [] }], limits: [{ max: 5, window: day }] }\n",
        "tools:\n  t: { rules: [{ action: deny, reason: never }] }\n",
        "tools:\n  t: { rules: [{ action: deny, mode: shadow }, { rate_limit: 5/day }] }\n",
        // Conditions of one `require` that never hold together.
        "tools:\n  t: { require: [{ path: args.a, op: lt, value: 5 }, { any: [{ path: args.b, op: exists }] }, { path: args.a, op: gt, value: 5 }] }\n",
        "tools:\n  t: { mode: shadow, require: [{ path: args.a, op: lt, value: 5 }, { path: args.a, op: gt, value: 5 }] }\n",
        "tools:\n  t: { require: [{ not: { path: time.hour, op: gt, value: 23 } }] }\n",
        // Resources are read without arguments, and those of prompts are texts.
        "resources:\n  r: { deny_if: [{ conditions: [{ path: args.a, op: exists }] }], rules: [{ when: \"args.b == 1\" }] }\n",
        "resources:\n  r: { limits: [{ max: 5, window: day, scope: { arg: args.a } }, { max: 5, window: day, amount: args.b }], rules: [{ spend: { amount: args.c, daily: 5 } }] }\n",
        "prompts:\n  p: { limits: [{ max: 5, window: day, amount: args.b }, { max: 5, window: day, scope: { arg: args.a } }], require: [{ path: args.a, op: lt, value: 5 }, { path: args.a, op: eq, value: '5' }] }\n",
        // Nothing stands behind a name or a key.
        "tools:\n  t:\n  u: { rules: }\n",
        // Operands that are none.
        "tools:\n  t: { require: [{ path: args.a, op: ip_in, value: 10.0.0.1/8 }, { path: args.a, op: before, value: tomorrow }] }\n",
        // All mistakes of a part show together.
        "tools:\n  t: { rules: [{ spend: { scope: grnt } }, { state: { increment: 1, increment_from: args.a, scope: grnt } }] }\napprovals: { notify: { webhook: { secret: 5 } } }\n",
        "tools:\n  t: { require: [{ path: args.a, op: url_host_in, value: { hosts: 5, schemes: 5 } }, { or: [{ path: args.a, operator: eq }] }] }\n",
        "tools:\n  café:\n    rules: [{ conditions: [{ path: args.größe, opp: eq, value: 5 }] }]\n",
    ];
    let mut all: Vec<String> = own.iter().map(|text| (*text).to_owned()).collect();
    all.extend(rules.iter().map(|part| rule(part)));
    all.extend(conditions.iter().map(|part| condition(part)));
    all.push(condition(&format!("not: {deep}")));
    all.extend(limits.iter().map(|part| limit(part)));
    all.extend(entries.iter().map(|part| around(part)));
    all
}

/// Tools that a policy is compared with, and what is said against them.
const TOOLS: &str = r##"[
  {"name": "send", "inputSchema": {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"},
    "kind": {"type": "string", "enum": ["mail", "sms"]}, "count": {"type": "integer"}, "at": {"type": "object", "properties": {"hour": {"type": "integer"}}}}}},
  {"name": "broken", "inputSchema": {"$id": "https://example.com/a", "$ref": "b.json"}},
  {"name": "unlisted"}
]"##;

fn against_tools() -> Vec<String> {
    let own = [
        "tools: { sned: {}, 'delete_*': {}, broken: { validate: { schema: true } } }\nhide: [unlistd]\n",
        "tools: { send: { require: [{ path: args.too, op: exists }, { path: args.at.huor, op: eq, value: 5 }] } }\n",
        "tools: { send: { require: [{ path: args.kind, op: in, value: [mail, emial] }, { path: args.count, op: eq, value: '5' }] } }\n",
        "tools: { send: { deny_if: [{ conditions: [{ path: args.kind, op: eq, value: sms }] }] } }\n",
        "tools: { send: { limits: [{ max: 5, window: day, amount: args.kind }, { max: 5, window: day, amount: args.cuont }] } }\n",
        "tools: { send: { limits: [{ max: 5, window: day, scope: { arg: args.tto } }], rules: [{ when: \"args.knd == 'sms' && args.to != ''\" }] } }\n",
        "tools: { send: { rules: [{ spend: { amount: args.count, currency_from: args.curency, currency: eur, daily: 5 } }] } }\n",
    ];
    own.iter().map(|part| around(part)).collect()
}

fn show(text: &str, diagnostics: &[Diagnostic], shown: &mut String) {
    writeln!(shown, "{}", text.trim_end()).unwrap();
    for found in diagnostics {
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let part = text.get(found.span.offset..found.span.offset + found.span.len).unwrap();
        let help = found.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let place = format!("{}:{}", found.span.line, found.span.column);
        writeln!(shown, "  => {place} {severity}[{}] {}{help}", found.code, found.message).unwrap();
        let pointer = if found.pointer.is_empty() { "/" } else { &found.pointer };
        writeln!(shown, "     {pointer} {part:?}").unwrap();
    }
    shown.push_str("\n\n");
}

/// Every document of the table with what is found in it.
fn table() -> Vec<(String, Vec<Diagnostic>)> {
    let alone = cases().into_iter().map(|text| {
        let (policy, diagnostics) = compiled(&text);
        let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
        assert_eq!(policy.is_none(), errors > 0, "{text}");
        (text, diagnostics)
    });
    let tools = ToolList::read(TOOLS).unwrap();
    let compared = against_tools().into_iter().map(|text| {
        let source = Source { name: "policy", text: &text, syntax: Syntax::Yaml };
        let (_, diagnostics) = compile_for(&source, Some(&tools));
        (text, diagnostics)
    });
    alone.chain(compared).collect()
}

#[test]
fn a_character_that_does_not_show_is_to_be_deleted() {
    let (_, found) = compiled("version: \"1\"\n\0default: deny\n");
    let [found] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(found.message, "not valid YAML: found unprintable character");
    assert_eq!(found.help.as_deref(), Some("delete the character that does not show"));
}

#[test]
fn every_kind_of_mistake() {
    let mut shown = String::new();
    for (text, diagnostics) in table() {
        show(&text, &diagnostics, &mut shown);
    }
    insta::assert_snapshot!(shown);
}

/// A message is a lower-case clause without a full stop, on one line, and beside it stands what to do.
#[test]
fn every_message_is_written_alike_and_says_what_to_do() {
    let mut kinds = BTreeSet::new();
    for (text, diagnostics) in table() {
        for found in diagnostics {
            let parts: Vec<&str> = found.message.split('`').step_by(2).collect();
            kinds.insert((found.code, parts.join("…")));
            for words in [Some(&found.message), found.help.as_ref()].into_iter().flatten() {
                assert!(!words.ends_with('.') && !words.contains('\n'), "{text}: {words}");
                assert!(!words.starts_with(char::is_uppercase), "{text}: {words}");
            }
            assert!(found.help.is_some() || found.severity == Severity::Note, "{text}: {}", found.message);
        }
    }
    assert!(kinds.len() >= 150, "{}: {kinds:#?}", kinds.len());
}

/// The sources, for the names of what they report.
#[allow(clippy::disallowed_methods, reason = "a test reads the sources of the crate")]
fn sources(folder: &std::path::Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads the sources of the crate")]
fn every_code_has_a_row() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = std::fs::read_to_string(root.join("parse.rs")).unwrap();
    text.push_str(&std::fs::read_to_string(root.join("tree.rs")).unwrap());
    for folder in ["parse", "tree", "cel"] {
        sources(&root.join(folder), &mut text);
    }
    let reported = regex::Regex::new(
        r#"(?:error|warning|note|wrong|mismatch)\(\s*"([a-z-]+)"|\(\s*"([a-z]+(?:-[a-z]+)+)",\s*format!"#,
    );
    let codes: BTreeSet<String> = reported
        .unwrap()
        .captures_iter(&text)
        .map(|found| found.iter().skip(1).flatten().next().unwrap().as_str().to_owned())
        .collect();
    let rows: BTreeSet<String> =
        table().into_iter().flat_map(|(_, found)| found).map(|found| found.code.to_owned()).collect();
    // What is too large, long or much is in tests of its own.
    let sizes = ["too-large", "too-long", "too-many-conditions", "lists-too-large"].map(str::to_owned);
    let missing: Vec<_> =
        codes.iter().filter(|code| !rows.contains(*code) && !sizes.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(codes.len() >= 60, "{}: {codes:?}", codes.len());
}

/// Past a limit there is one finding and no further work.
#[test]
fn size_depth_and_number_are_bounded() {
    let deep = |depth: usize| format!("{{\"tools\": {}1{}}}", "[".repeat(depth), "]".repeat(depth));
    let yaml_deep = |depth: usize| format!("tools: {}1{}", "[".repeat(depth), "]".repeat(depth));
    let values = format!("tools: [{}]", "1,".repeat(500_001));
    let json_values = format!("{{\"tools\": [{}1]}}", "1,".repeat(500_001));
    let table = [
        (format!("# {}", "x".repeat(4 << 20)), Some("too-large")),
        (deep(63), None),
        (deep(64), Some("too-deep")),
        (yaml_deep(63), None),
        (yaml_deep(64), Some("too-deep")),
        (values, Some("too-large")),
        (
            condition(&format!("any: [{}]", "{ path: args.a, op: exists }, ".repeat(1_001))),
            Some("too-many-conditions"),
        ),
        (json_values, Some("too-large")),
    ];
    for (text, expected) in table {
        let (policy, diagnostics) = compiled(&text);
        let start: String = text.chars().take(20).collect();
        assert!(policy.is_none(), "{start}");
        let bound = diagnostics.iter().find(|found| found.code.starts_with("too-")).map(|found| found.code);
        assert_eq!(bound, expected, "{start}");
        assert!(expected.is_none() || diagnostics.len() == 1, "{start}");
    }
    let long = "a,".repeat(100_001);
    let refers = "{ path: args.a, op: in, value: { list: l } }, ".repeat(10);
    let lists = format!("version: '1'\nlists: {{ l: [{long}] }}\ntools: {{ t: {{ require: [{refers}] }} }}");
    let (_, diagnostics) = compiled(&lists);
    assert!(diagnostics.iter().any(|found| found.code == "lists-too-large"));
    let mistakes: String = (0..2_000).map(|index| format!("unknown_{index}: 1\n")).collect();
    let (_, diagnostics) = compiled(&mistakes);
    assert_eq!(diagnostics.len(), 1_001);
    assert_eq!(
        diagnostics.last().map(|found| found.message.as_str()),
        Some("1000 more findings are not shown")
    );
}
