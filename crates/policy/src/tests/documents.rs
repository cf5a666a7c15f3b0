//! Documents A, B and C of the language's description, in both notations.

use super::{Given, check, policy};

const A: &str = "
# A. as published for the AWS HealthImaging MCP server (no version, no default, unnamed rules)
tools:
  start_dicom_export_job:
    rules:
      - action: allow
        rate_limit: { max: 10, window: 60 }      # window in seconds
        validate: { required_args: true }
";

const B: &str = r#"{ "version": "1", "default": "deny",
  "tools": { "start_dicom_export_job": { "limits": [
    { "counter": "start_dicom_export_job_rate", "window": "minute", "max": 10, "scope": "grant" } ] } } }"#;

const C: &str = r#"
version: "1"
default: deny
hide: [delete_customer]
tools:
  create_charge:
    rules:
      - name: max single charge
        conditions: [{ path: args.amount, op: lte, value: 50000 }]
        on_deny: Single charge cannot exceed $500.00
      - name: daily spend cap
        conditions: [{ path: state.create_charge.daily_spend, op: lte, value: 1000000 }]
        state: { counter: daily_spend, window: day, increment_from: args.amount }
  create_refund:
    rules:
      - { name: daily limit, rate_limit: 10/day }
      - name: large refunds need a person
        action: require_approval
        conditions: [{ path: args.amount, op: gt, value: 100000, on_missing: object }]
        approval_timeout: 30m
  "*":
    rules: [{ name: global, rate_limit: 60/minute }]
"#;

/// The document as it stands, and as it is printed in either notation.
fn forms(text: &str) -> [String; 3] {
    let document = policy(text).document().clone();
    [text.to_owned(), document.to_yaml(), document.to_json()]
}

fn check_all(text: &str, table: &[(&str, &str, &str)], given: &Given) {
    for form in forms(text) {
        for (name, arguments, expected) in table {
            check(&form, name, arguments, given, expected);
        }
    }
}

#[test]
fn document_a() {
    let required = ["datastore_id", "data_access_role_arn", "output_s3_uri"].map(str::to_owned).to_vec();
    let known = Given { required: Some(required), ..Given::default() };
    let all = r#"{"datastore_id": "d", "data_access_role_arn": "r", "output_s3_uri": "u"}"#;
    #[rustfmt::skip]
    check_all(A, &[
        ("start_dicom_export_job", all, "proceed server:/tools/start_dicom_export_job: permitted\n\
          + 1 server=s/tools/start_dicom_export_job/_rate_minute_0/minute/sliding/grant=g <= 10"),
        ("start_dicom_export_job", r#"{"datastore_id": "d", "data_access_role_arn": "r"}"#,
         "deny server:/tools/start_dicom_export_job/rules/0: required argument \"output_s3_uri\" is missing"),
        ("start_dicom_export_job", "",
         "deny server:/tools/start_dicom_export_job/rules/0: required argument \"datastore_id\" is missing"),
        ("delete_datastore", "{}", "deny (default deny): tool \"delete_datastore\" is not permitted"),
        ("Start_dicom_export_job", all, "deny (default deny): tool \"Start_dicom_export_job\" is not permitted"),
    ], &known);
    let absent = Given { absent: true, ..Given::default() };
    #[rustfmt::skip]
    check_all(A, &[("start_dicom_export_job", all,
        "deny server:/tools/start_dicom_export_job/rules/0: tool \"start_dicom_export_job\" is not permitted")], &absent);
    #[rustfmt::skip]
    check_all(A, &[("start_dicom_export_job", all,
        "deny server:/tools/start_dicom_export_job/rules/0: the arguments that the tool requires are not known yet")],
        &Given::default());
}

#[test]
fn document_b() {
    #[rustfmt::skip]
    check_all(B, &[
        ("start_dicom_export_job", "{}", "proceed server:/tools/start_dicom_export_job: permitted\n\
          + 1 server=s/tools/start_dicom_export_job/start_dicom_export_job_rate/minute/sliding/grant=g <= 10"),
        ("get_dicom_export_job", "{}", "deny (default deny): tool \"get_dicom_export_job\" is not permitted"),
    ], &Given::default());
}

#[test]
fn document_c() {
    let global = "\n+ 1 server=s/tools/*/_rate_minute_0/minute/sliding/grant=g <= 60";
    let spend = "server=s/tools/create_charge/daily_spend/day/calendar/grant=g <= 1000000";
    let refund = "\n+ 1 server=s/tools/create_refund/_rate_day_0/day/sliding/grant=g <= 10";
    let charge =
        |amount: &str| format!("proceed server:/tools/create_charge: permitted\n+ {amount} {spend}{global}");
    let ask = |why: &str| {
        format!(
            "ask server:/tools/create_refund/rules/1 [large refunds need a person]: {why}{refund}{global}"
        )
    };
    let too_much =
        "deny server:/tools/create_charge/rules/0 [max single charge]: Single charge cannot exceed $500.00";
    let negative = "deny server:/tools/create_charge/rules/1 [daily spend cap]: argument \"amount\" must not be negative";
    #[rustfmt::skip]
    check_all(C, &[
        ("create_charge", r#"{"amount": 50000}"#, &charge("50000")),
        ("create_charge", r#"{"amount": 0.5}"#, &charge("0.5")),
        ("create_charge", r#"{"amount": 50000.000000000000000001}"#, too_much),
        ("create_charge", r#"{"amount": 1e400}"#, too_much),
        ("create_charge", r#"{"amount": -1}"#, negative),
        ("create_charge", r#"{"amount": -0}"#, &charge("0")),
        ("create_charge", r#"{}"#, &format!("{too_much}. Argument \"amount\" is missing")),
        ("create_charge", r#"{"amount": "500"}"#, &format!("{too_much}. Argument \"amount\" must be a number, not text")),
        ("create_refund", r#"{"amount": 5}"#, &format!("proceed server:/tools/create_refund: permitted{refund}{global}")),
        ("create_refund", r#"{"amount": 100001}"#, &ask("argument \"amount\" is greater than 100000")),
        ("create_refund", r#"{}"#, &ask("argument \"amount\" is missing")),
        ("create_refund", r#"{"amount": "5"}"#, &ask("argument \"amount\" must be a number, not text")),
        ("delete_customer", "{}", "deny (hidden): tool \"delete_customer\" is not permitted"),
        ("other", "{}", "deny (default deny): tool \"other\" is not permitted"),
    ], &Given::default());
}

#[test]
fn approval_timeout_reaches_the_decision() {
    let policy = policy(C);
    let stack = [(crate::Origin::Server, &policy)];
    let judgement = super::judged(&stack, "create_refund", r#"{"amount": 100001}"#, &Given::default());
    let crate::Judgement::Decided(decision) = judgement else { panic!("{judgement:?}") };
    assert_eq!(decision.approval_timeout, Some(1_800));
}

/// A key of over 1024 characters is no implicit key of YAML.
#[test]
fn a_long_name_is_printed_so_that_it_reads_back() {
    for length in [510, 513, 1020, 1021, 1022, 1023, 1024, 1025, 5000] {
        for name in
            ["a".repeat(length), "é".repeat(length), "\u{1}".repeat(length), "\u{10ffff}".repeat(length)]
        {
            let text = serde_json::json!({ "version": "1", "default": "deny", "tools": {
                "before": {}, name.clone(): { "rules": [{ "action": "deny", "name": "r" }] }, "zzz": {},
            } });
            let document = policy(&text.to_string()).document().clone();
            for form in forms(&text.to_string()) {
                assert_eq!(policy(&form).document(), &document, "{form}");
            }
        }
    }
}
