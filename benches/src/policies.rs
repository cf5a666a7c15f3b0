//! Policies to judge by.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use interlock_policy::{Policy, Source, Syntax, compile};

use crate::messages::TOOL;

/// Two typed conditions, no limits.
pub fn conditions() -> String {
    format!(
        "version: \"1\"\ndefault: deny\ntools:\n  {TOOL}:\n    rules:\n      - name: max single charge\n        \
         conditions: [{{ path: args.amount, op: lte, value: 50000 }}]\n      - name: currency\n        \
         conditions: [{{ path: args.currency, op: in, value: [usd, eur] }}]\n"
    )
}

/// The same with three limits that are never reached: calls a minute, a sum a day, calls an hour over
/// everything.
pub fn limited() -> String {
    let mut text = conditions();
    text.push_str(
        "      - { name: calls, rate_limit: { max: 100000000, window: minute } }\n      \
         - { name: spend, conditions: [{ path: state.create_charge.daily_spend, op: lte, value: 100000000000000 }], \
         state: { counter: daily_spend, window: day, increment_from: args.amount } }\n  \
         \"*\":\n    rules: [{ name: global, rate_limit: { max: 100000000, window: hour } }]\n",
    );
    text
}

/// [`conditions`] with this many rules for other tools.
pub fn among(others: usize) -> String {
    let mut text = conditions();
    for other in 0..others {
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "  other_tool_{other}:\n    rules: [{{ conditions: [{{ path: args.n, op: lt, value: {other} }}] }}]"
        );
    }
    text
}

/// [`conditions`] with this many patterns that match other tools.
pub fn among_globs(others: usize) -> String {
    let mut text = conditions();
    for other in 0..others {
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "  \"other_{other}_*\":\n    rules: [{{ conditions: [{{ path: args.n, op: lt, value: {other} }}] }}]"
        );
    }
    text
}

/// One condition: the customer is one of a list of so many, the last of them.
pub fn listing(values: usize) -> String {
    let mut text = String::from("version: \"1\"\ndefault: deny\nlists:\n  customers:\n");
    for value in 1..values {
        // Writing to a string does not fail.
        let _written = writeln!(text, "    - cus_{value}");
    }
    text.push_str("    - cus_9s6XKzkNRiz8i3\ntools:\n");
    text + &format!(
        "  {TOOL}:\n    rules: [{{ conditions: [{{ path: args.customer, op: in, value: {{ list: customers }} }}] }}]\n"
    )
}

/// Compiles a policy that has no mistakes.
///
/// # Errors
/// When it has some after all.
pub fn compiled(text: &str) -> Result<Policy> {
    let (policy, diagnostics) = compile(&Source { name: "bench.yaml", text, syntax: Syntax::Yaml });
    policy.with_context(|| format!("the policy has mistakes: {diagnostics:?}"))
}
