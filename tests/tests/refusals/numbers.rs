//! Numbers in conditions: exact, from their text, and unjudgeable where they cannot be.

use anyhow::Result;
use interlock_testkit::script::VERSIONS;

use super::session::{Case, call_of, check};

/// More digits than exact arithmetic has.
const HUGE: &str = "123456789012345678901234567890123456789012345678901234567890";

fn case(tool: &str, bad: &str, good: &str) -> Case {
    let sent = |n: &str| call_of(&format!("\"{tool}\""), &format!(r#"{{"n":{n}}}"#));
    Case::denied_any(sent(bad)).twin(sent(good))
}

fn cases() -> Vec<Case> {
    vec![
        // 2^53 and 2^53 + 1 are one double and two numbers.
        case("at_most", "9007199254740993", "9007199254740992"),
        case("at_most", "9007199254740992.0000000001", "9007199254740992.0"),
        case("at_most", "9.007199254740993e15", "9.007199254740992e15"),
        case("exactly", "9007199254740992", "9007199254740993"),
        case("exactly", "9007199254740994", "90071992547409930e-1"),
        case("one", "1.0000000000000000000001", "1.0"),
        case("one", "\"1\"", "1e0"),
        case("one", "true", "10E-1"),
        case("one", "[1]", "1"),
        case("one", "null", "1.000"),
        // No double holds it, and it compares all the same.
        case("at_most", "1e400", "1e15"),
        // Beyond exact arithmetic it cannot be judged, which helps the call neither before a rule that wants it
        // small nor before one that objects to what is large.
        case("at_most", HUGE, "-0"),
        case("at_most", &format!("-{HUGE}"), "-1e400"),
        case("at_most", "\"5\"", "5"),
        case("not_above", "101", "100"),
        case("not_above", "1e400", "1e2"),
        case("not_above", &format!("-{HUGE}"), "-1e400"),
        case("not_above", "\"1\"", "1"),
        case("not_above", "100.00000000000000000000000000001", "99.99999999999999999999999999999"),
        case("not_above", "{}", "0"),
    ]
}

#[tokio::test]
async fn in_conditions() -> Result<()> {
    for version in VERSIONS {
        check(version, &cases()).await?;
    }
    Ok(())
}
