//! A misspelt key, in every map of the language: found, and corrected in the advice.

use super::compiled;

/// Every map of the language: where it stands, and its keys.
const MAPS: [(&str, &[&str]); 11] = [
    (
        "{BAD: 1}",
        &[
            "version",
            "description",
            "default",
            "mode",
            "hide",
            "list",
            "tell_agent",
            "tools",
            "resources",
            "prompts",
            "all_tools",
            "approvals",
            "lists",
            "spend_currency",
        ],
    ),
    ("{approvals: {BAD: 1}}", &["timeout", "dedupe_window", "approvers", "hold", "notify"]),
    ("{approvals: {notify: {BAD: 1}}}", &["webhook"]),
    ("{approvals: {notify: {webhook: {BAD: 1}}}}", &["url", "secret"]),
    (
        "{tools: {t: {BAD: 1}}}",
        &["rules", "require", "deny_if", "approve_if", "limits", "validate", "mode", "hide"],
    ),
    (
        "{tools: {t: {rules: [{BAD: 1}]}}}",
        &[
            "name",
            "action",
            "conditions",
            "when",
            "rate_limit",
            "state",
            "spend",
            "validate",
            "idempotency_window",
            "on_deny",
            "reason",
            "approval_timeout",
            "mode",
        ],
    ),
    ("{prompts: {p: {deny_if: [{conditions: [], BAD: 1}]}}}", &["on_deny", "name", "mode"]),
    (
        "{resources: {r: {require: [{path: args.a, op: exists, BAD: 1}]}}}",
        &["value", "on_missing", "compare", "timezone"],
    ),
    (
        "{all_tools: {limits: [{BAD: 1}]}}",
        &[
            "counter", "window", "max", "amount", "scope", "align", "timezone", "min", "mode", "on_deny",
            "shared", "refund",
        ],
    ),
    ("{tools: {t: {validate: {BAD: 1}}}}", &["required_args", "schema", "unknown_args"]),
    (
        "{tools: {t: {rules: [{rate_limit: {BAD: 1}}, {state: {BAD: 1}}]}}}",
        &["window", "scope", "align", "timezone"],
    ),
];

/// The slips of a hand: a letter left out, doubled, wrong, or two of them exchanged; another case.
fn slips(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().collect();
    let mut slips = vec![key.to_uppercase()];
    for at in 0..letters.len() {
        let mut without = letters.clone();
        without.remove(at);
        let mut doubled = letters.clone();
        doubled.insert(at, letters[at]);
        let mut wrong = letters.clone();
        wrong[at] = 'q';
        slips.extend([without, doubled, wrong].map(String::from_iter));
        if at + 1 < letters.len() {
            let mut exchanged = letters.clone();
            exchanged.swap(at, at + 1);
            slips.push(exchanged.into_iter().collect());
        }
    }
    slips.retain(|slip| slip != key && !slip.is_empty());
    slips
}

#[test]
fn every_slip_in_every_key_is_corrected() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (template, keys) in MAPS {
        for key in keys {
            for slip in slips(key).into_iter().filter(|slip| !keys.contains(&slip.as_str())) {
                let text = template.replace("BAD", &slip);
                let (policy, found) = compiled(&format!("# of {key}\n{text}"));
                assert!(policy.is_none(), "{text}");
                let far = |other: &str| strsim::damerau_levenshtein(&slip.to_lowercase(), other);
                // A slip that is as near to another key may be a slip in that one.
                let wanted = keys.iter().filter(|other| far(other) <= far(key));
                let wanted: Vec<String> = wanted.map(|key| format!("did you mean `{key}`?")).collect();
                let unknown: Vec<_> = found.iter().filter(|found| found.code == "unknown-key").collect();
                assert_eq!(unknown.len(), template.matches("BAD").count(), "{text}: {found:#?}");
                for found in unknown {
                    let help = found.help.clone().unwrap_or_default();
                    if !wanted.contains(&help) {
                        wrong.push(format!("{slip} for {key}: {help}"));
                    }
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 1_500, "{tried}");
}
