//! The ready policies of the repository: they compile without a warning, print to themselves, and decide about the tools of
//! their servers as their comments say.
#![allow(
    clippy::disallowed_methods,
    reason = "the evaluator is pure; this test reads the files that it is given"
)]

use std::collections::BTreeMap;
use std::path::Path;

use crate::{
    Call, Facts, Judgement, Origin, Policy, Section, Source, Syntax, ToolFacts, Verdict, compile, judge,
    visible,
};

fn ready() -> BTreeMap<String, Policy> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut policies = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".test.yaml") || !(name.ends_with(".yaml") || name.ends_with(".json")) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let (policy, diagnostics) =
            compile(&Source { name: &name, text: &text, syntax: Syntax::of_path(&name) });
        assert!(diagnostics.is_empty(), "{name}: {diagnostics:#?}");
        policies.insert(name, policy.unwrap());
    }
    policies
}

fn verdict(policy: &Policy, name: &str, arguments: &str) -> Verdict {
    let document = interlock_json::scan(arguments, &interlock_json::Limits::default()).unwrap();
    let call = Call { section: Section::Tools, server: "s", name, arguments: Some(document.root()) };
    let definition = crate::ToolDefinition::default();
    let tool = ToolFacts::Known { definition: &definition };
    match judge(&[(Origin::Server, policy)], &call, &Facts { tool, ..Facts::new("g", "n", 0) }) {
        Judgement::Decided(decision) => decision.verdict,
        Judgement::Read(keys) => panic!("{keys:?}"),
    }
}

#[test]
fn they_print_to_themselves() {
    let policies = ready();
    assert!(policies.len() >= 13, "{:?}", policies.keys());
    for (name, policy) in policies {
        let printed = policy.document().to_yaml();
        let (again, diagnostics) = compile(&Source { name: &name, text: &printed, syntax: Syntax::Yaml });
        assert_eq!(again.unwrap().document(), policy.document(), "{name}: {diagnostics:?}\n{printed}");
    }
}

#[test]
fn health_imaging_reads_works_and_deletes_nothing() {
    let policies = ready();
    let policy = &policies["aws-healthimaging.yaml"];
    #[rustfmt::skip]
    let permitted = [
        "create_datastore", "get_datastore", "list_datastores", "start_dicom_import_job", "get_dicom_import_job",
        "list_dicom_import_jobs", "search_image_sets", "get_image_set", "get_image_set_metadata", "list_image_set_versions",
        "update_image_set_metadata", "copy_image_set", "get_image_frame", "list_tags_for_resource", "tag_resource",
        "untag_resource", "start_dicom_export_job", "get_dicom_export_job", "list_dicom_export_jobs", "search_by_patient_id",
        "search_by_study_uid", "search_by_series_uid", "get_patient_studies", "get_patient_series",
        "get_study_primary_image_sets", "get_series_primary_image_set", "get_patient_dicomweb_studies",
        "update_patient_study_metadata", "bulk_update_patient_metadata",
    ];
    #[rustfmt::skip]
    let denied =
        ["delete_datastore", "delete_image_set", "delete_patient_studies", "delete_study", "delete_series_by_uid"];
    #[rustfmt::skip]
    let hidden = [
        "delete_instance_in_study", "delete_instance_in_series", "bulk_delete_by_criteria",
        "remove_series_from_image_set", "remove_instance_from_image_set",
    ];
    assert_eq!(permitted.len() + denied.len() + hidden.len(), 39);
    let table = [
        (&permitted[..], Verdict::Proceed, true),
        (&denied[..], Verdict::Deny, true),
        (&hidden[..], Verdict::Deny, false),
    ];
    let update =
        |of: &str| format!(r#"{{"update_image_set_metadata_updates": {{"DICOMUpdates": {{{of}}}}}}}"#);
    let sets = update(r#""updatableAttributes": "{}""#);
    for (names, expected, seen) in table {
        for name in names {
            assert_eq!(verdict(policy, name, &sets), expected, "{name}");
            assert_eq!(visible(&[(Origin::Server, policy)], Section::Tools, name), seen, "{name}");
        }
    }
    // What the hidden tools take away an update could, too.
    for removal in
        [r#""removableAttributes": "{}""#, r#""removableAttributes": "{}", "updatableAttributes": "{}""#]
    {
        assert_eq!(
            verdict(policy, "update_image_set_metadata", &update(removal)),
            Verdict::Deny,
            "{removal}"
        );
    }
    assert_eq!(verdict(policy, "delete_everything", "{}"), Verdict::Deny);
    assert!(!visible(&[(Origin::Server, policy)], Section::Tools, "delete_everything"));
}

#[test]
fn the_others_decide_as_their_comments_say() {
    let policies = ready();
    #[rustfmt::skip]
    let table = [
        ("filesystem.yaml", "read_file", r#"{"path": "notes/today.md"}"#, Verdict::Proceed),
        ("filesystem.yaml", "read_file", r#"{"path": "/home/me/.ssh/id_ed25519"}"#, Verdict::Deny),
        ("filesystem.yaml", "read_file", r#"{"path": "C:\\Users\\me\\.AWS\\credentials"}"#, Verdict::Deny),
        ("filesystem.yaml", "read_file", r#"{"path": ["/home/me/.ssh/id_ed25519"]}"#, Verdict::Deny),
        ("filesystem.yaml", "read_file", r#"{"path": "environment.md"}"#, Verdict::Proceed),
        ("filesystem.yaml", "read_multiple_files", r#"{"paths": ["a.md", "b.md"]}"#, Verdict::Proceed),
        ("filesystem.yaml", "read_multiple_files", r#"{"paths": ["a.md", "server.pem"]}"#, Verdict::Deny),
        ("filesystem.yaml", "read_multiple_files", r#"{"paths": "server.pem"}"#, Verdict::Deny),
        ("filesystem.yaml", "write_file", r#"{"path": "a.md", "content": ""}"#, Verdict::Proceed),
        ("filesystem.yaml", "write_file", r#"{"path": "./v1.2/a.md", "content": ""}"#, Verdict::Proceed),
        ("filesystem.yaml", "write_file", r#"{"path": "/home/me/.bash_profile", "content": ""}"#, Verdict::Deny),
        ("filesystem.yaml", "write_file", r#"{"path": "project/.mcp.json", "content": ""}"#, Verdict::Deny),
        ("filesystem.yaml", "edit_file", r#"{"path": "server.pem", "edits": [], "dryRun": true}"#, Verdict::Deny),
        ("filesystem.yaml", "move_file", r#"{"source": "server.pem", "destination": "a.txt"}"#, Verdict::Deny),
        ("filesystem.yaml", "move_file", r#"{"source": "a.txt", "destination": "b.txt"}"#, Verdict::Proceed),
        ("filesystem.yaml", "write_file", r#"{"path": ".git/hooks/pre-commit", "content": ""}"#, Verdict::Deny),
        ("filesystem.yaml", "write_file", r#"{"content": ""}"#, Verdict::Deny),
        ("filesystem.yaml", "move_file", r#"{"source": "a", "destination": "b"}"#, Verdict::Proceed),
        ("filesystem.yaml", "move_file", r#"{"source": "a", "destination": ".bashrc"}"#, Verdict::Deny),
        ("filesystem.yaml", "move_file", r#"{"source": ".env.local", "destination": "b"}"#, Verdict::Deny),
        ("memory.yaml", "create_entities", "{}", Verdict::Proceed),
        ("memory.yaml", "delete_entities", "{}", Verdict::Ask),
        ("everything.yaml", "echo", r#"{"message": "hello"}"#, Verdict::Proceed),
        ("everything.yaml", "echo", "{}", Verdict::Deny),
        ("everything.yaml", "get-env", "{}", Verdict::Deny),
        ("everything.yaml", "trigger-long-running-operation", r#"{"duration": 5}"#, Verdict::Proceed),
        ("everything.yaml", "trigger-long-running-operation", r#"{"duration": 5000}"#, Verdict::Deny),
        ("everything.yaml", "trigger-url-elicitation", "{}", Verdict::Proceed),
        ("everything.yaml", "gzip-file-as-resource", "{}", Verdict::Deny),
        ("aws-support.yaml", "create_support_case", r#"{"severity_code": "low"}"#, Verdict::Proceed),
        ("aws-support.yaml", "create_support_case", r#"{"severity_code": "critical"}"#, Verdict::Deny),
        ("aws-support.yaml", "create_support_case", "{}", Verdict::Deny),
        ("aws-support.yaml", "resolve_support_case", "{}", Verdict::Ask),
        ("amazon-mq.yaml", "describe_broker", "{}", Verdict::Proceed),
        ("amazon-mq.yaml", "delete_broker", "{}", Verdict::Deny),
        ("amazon-mq.yaml", "reboot_broker", "{}", Verdict::Ask),
        ("amazon-mq.yaml", "create_broker", "{}", Verdict::Deny),
        ("amazon-mq.yaml", "rabbitmq_broker_list_users", "{}", Verdict::Deny),
        ("amazon-mq.yaml", "rabbitmq_broker_get_queue_info", r#"{"queue": "orders"}"#, Verdict::Proceed),
        ("amazon-mq.yaml", "rabbitmq_broker_get_queue_info", r#"{"queue": "../../definitions"}"#, Verdict::Deny),
        ("amazon-mq.yaml", "rabbitmq_broker_get_queue_info", r#"{"queue": "definitions", "vhost": ".."}"#, Verdict::Deny),
        ("aws-stepfunctions-tool.yaml", "tag_pipeline", "{}", Verdict::Proceed),
        ("aws-stepfunctions-tool.yaml", "drop_everything", "{}", Verdict::Deny),
    ];
    for (policy, name, arguments, expected) in table {
        assert_eq!(verdict(&policies[policy], name, arguments), expected, "{policy} {name} {arguments}");
    }
}
