//! The last step, answer: what a refused caller is told.
//!
//! A denied tool call is a tool result with `isError`, so that the agent reads the reason and can act on it;
//! denied resources and prompts are JSON-RPC errors, because their results have no place for one.

use interlock_json::canonical;
use interlock_policy::{Section, TellAgent};
use interlock_wire::{Version, reply};

use crate::denial::Denial;

/// JSON-RPC code of a denied resource, prompt or completion. Outside -32768..-32000, which belongs to
/// JSON-RPC and MCP.
pub(crate) const DENIED: i64 = 40_300;
/// More requests in flight than the limit.
pub(crate) const BUSY: i64 = 42_900;
/// The server is gone.
pub(crate) const GONE: i64 = 50_200;
/// The server's answer could not be relayed.
pub(crate) const BAD_ANSWER: i64 = 50_201;
/// The server did not answer in time.
pub(crate) const TIMED_OUT: i64 = 50_400;

/// What the gateway's own question is called in `inputRequests`, and its answer in `inputResponses`.
pub(crate) const ASKED: &str = "interlock-approval";

const PREFIX: &str = "[INTERLOCK DENIED]";
/// Of a call that a person has not decided about yet.
const WAITS: &str = "[INTERLOCK APPROVAL NEEDED]";

/// The answer to a denied request; `id` is its identifier as raw JSON.
pub(crate) fn denied(
    id: &str,
    section: Section,
    denial: &Denial,
    tell: TellAgent,
    version: Version,
) -> String {
    let decision = decision(denial, tell);
    let prefix = if denial.approval.is_some() { WAITS } else { PREFIX };
    let text = match told(denial, tell) {
        Some(reason) => format!("{prefix} {reason}"),
        None => prefix.to_owned(),
    };
    match section {
        Section::Tools => {
            let meta = format!(r#"{{"interlock/decision":{decision}}}"#);
            reply::tool_denied_in(version.era(), id, &text, &meta)
        }
        Section::Resources | Section::Prompts => reply::error(id, DENIED, &text, Some(&decision)),
    }
}

/// The answer to a modern client's request that is to come again, with this state, and perhaps after it has asked its
/// user (2026-07-28, `InputRequiredResult`): the `params` of an elicitation.
pub(crate) fn come_again(id: &str, state: &str, asks: Option<&str>) -> String {
    let asks = asks.map(|params| {
        format!(r#""inputRequests":{{"{ASKED}":{{"method":"elicitation/create","params":{params}}}}},"#)
    });
    let asks = asks.unwrap_or_default();
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"input_required",{asks}"requestState":"{state}"}}}}"#
    )
}

/// The reason as the agent may know it.
fn told(denial: &Denial, tell: TellAgent) -> Option<String> {
    if tell == TellAgent::Nothing {
        return None;
    }
    let url = denial.approval.as_ref().and_then(|waits| waits.url.as_ref());
    Some(match (denial.retry_after_ms, url) {
        (Some(ms), _) => format!("{} (try again in {})", denial.reason, duration(ms)),
        (None, Some(url)) => format!("{}. People decide at {url}", denial.reason),
        (None, None) => denial.reason.clone(),
    })
}

/// `{verdict, reason, retryAfterMs}`, under `tell_agent: full` also the rule; of a call that a person has to approve
/// also `{approval, expiresAt, url}`, whatever else is told.
fn decision(denial: &Denial, tell: TellAgent) -> String {
    let verdict = if denial.approval.is_some() { "await_approval" } else { "deny" };
    let mut object = format!(r#"{{"verdict":"{verdict}""#);
    let mut member = |name: &str, value: &str| {
        object.push(',');
        canonical::write_str(name, &mut object);
        object.push(':');
        canonical::write_str(value, &mut object);
    };
    if tell != TellAgent::Nothing {
        member("reason", &denial.reason);
    }
    if tell == TellAgent::Full {
        member("rule", &denial.rule);
        if let Some(name) = &denial.name {
            member("name", name);
        }
    }
    if let Some(waits) = &denial.approval {
        member("approval", &waits.id);
        member("expiresAt", &interlock_audit::format_ms(waits.expires_ms));
        if let Some(url) = &waits.url {
            member("url", url);
        }
    }
    if tell != TellAgent::Nothing
        && let Some(ms) = denial.retry_after_ms
    {
        object.push_str(&format!(r#","retryAfterMs":{ms}"#));
    }
    object.push('}');
    object
}

/// A time to wait, rounded up to what a person would say: `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
pub fn duration(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000).max(1);
    let (large, small, names) = match seconds {
        0..=59 => return format!("{seconds} s"),
        60..=3_599 => (seconds / 60, seconds % 60, ("min", "s")),
        3_600..=86_399 => (seconds / 3_600, seconds % 3_600 / 60, ("h", "min")),
        _ => (seconds / 86_400, seconds % 86_400 / 3_600, ("d", "h")),
    };
    match small {
        0 => format!("{large} {}", names.0),
        _ => format!("{large} {} {small} {}", names.0, names.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited() -> Denial {
        Denial {
            retry_after_ms: Some(41_001),
            name: Some("per minute".to_owned()),
            ..Denial::policy("server:/tools/x/rules/0", "limit of 10 per minute reached")
        }
    }

    #[test]
    fn the_agent_learns_what_the_policy_lets_it_learn() {
        for (tell, text, decision) in [
            (
                TellAgent::Reason,
                "[INTERLOCK DENIED] limit of 10 per minute reached (try again in 42 s)",
                r#"{"verdict":"deny","reason":"limit of 10 per minute reached","retryAfterMs":41001}"#,
            ),
            (
                TellAgent::Full,
                "[INTERLOCK DENIED] limit of 10 per minute reached (try again in 42 s)",
                r#"{"verdict":"deny","reason":"limit of 10 per minute reached","rule":"server:/tools/x/rules/0","name":"per minute","retryAfterMs":41001}"#,
            ),
            (TellAgent::Nothing, "[INTERLOCK DENIED]", r#"{"verdict":"deny"}"#),
        ] {
            let answer = denied("7", Section::Tools, &limited(), tell, Version::V2025_11_25);
            assert_eq!(
                answer,
                format!(
                    r#"{{"jsonrpc":"2.0","id":7,"result":{{"content":[{{"type":"text","text":"{text}"}}],"isError":true,"_meta":{{"interlock/decision":{decision}}}}}}}"#
                )
            );
        }
    }

    #[test]
    fn modern_results_say_that_they_are_complete() {
        let answer = denied("7", Section::Tools, &limited(), TellAgent::Nothing, Version::V2026_07_28);
        assert!(answer.contains(r#""resultType":"complete""#), "{answer}");
    }

    #[test]
    fn denied_prompts_and_resources_are_errors() {
        let answer = denied(r#""a""#, Section::Prompts, &limited(), TellAgent::Nothing, Version::V2025_11_25);
        assert_eq!(
            answer,
            r#"{"jsonrpc":"2.0","id":"a","error":{"code":40300,"message":"[INTERLOCK DENIED]","data":{"verdict":"deny"}}}"#
        );
    }

    #[test]
    fn waits_read_as_people_say_them() {
        for (ms, text) in [
            (0, "1 s"),
            (1, "1 s"),
            (59_000, "59 s"),
            (59_001, "1 min"),
            (185_000, "3 min 5 s"),
            (7_800_000, "2 h 10 min"),
            (86_400_000, "1 d"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
