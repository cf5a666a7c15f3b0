//! What a tool's parameters say that it can be made to do.

use serde_json::Value;

use super::signals::{Evidence, Place};
use super::{name, words};
use crate::definition::Definition;
use crate::risk::Category;

/// Parameters that say what is to be done.
const ACTIONS: &str =
    "action actions operation op verb subcommand operation_type action_type actiontype operationtype";
/// Parameters that may say so, or how.
const MODES: &str = "method mode command";
/// Parameters that hold what is executed.
const CODE: &str = "sql code script command cmd shell javascript js statement statements cypher commands program bash python \
     sql_query query_string shell_command function_declaration source_code expression_js sqlquery sql_statement sqlstatement mutation \
     code_snippet snippet_code tcl lua gremlin sparql_update apex plsql stored_procedure";
/// Flags that have a call do worse.
const FLAGS: &str = "overwrite prune permanent permanently purge hard_delete wipe drop cascade force_delete delete_existing \
     replace_all remove_existing clear_existing deleteexisting harddelete forcedelete force_push reset_hard hard clear clear_after delete_after remove_after";

/// Parameters that have the answer written to a file.
const FILES: &str = "save_to save_path output_path output_file output_dir output_directory download_path download_dir \
     destination_path dest_path save_dir save_directory outfile save_as output_filename";

/// Flags that have people told of it.
const NOTICES: &str = "notify send_email send_notification send_notifications send_invitation send_invite notify_users send_mail \
     send_message notify_user";

/// What the parameters say.
pub(super) fn of(definition: &Definition) -> Vec<Evidence> {
    let own = definition.parameters().filter_map(|(parameter, schema)| one(parameter, schema));
    own.chain(free_request(definition)).chain(free_query(definition)).collect()
}

/// A query in a language in which more can be said than what is looked for.
fn free_query(definition: &Definition) -> Option<Evidence> {
    let mut parameters = definition.parameters();
    let (parameter, schema) = parameters.find(|(name, _)| {
        has(
            "query queries q raw_query question prompt natural_language_query instruction",
            &words::of_name(name).join("_"),
        )
    })?;
    let texts = [definition.description.as_deref(), schema.get("description").and_then(Value::as_str)];
    let mut spoken = texts.into_iter().flatten().flat_map(words::of_text).flatten();
    let named = words::of_name(&definition.tool);
    let is_language = |word: &str| {
        has("sql cypher plsql tsql t-sql mysql postgresql sqlite gremlin hql mutation mutations", word)
    };
    let speaks = named.iter().any(|word| is_language(word)) || spoken.any(|word| is_language(&word));
    speaks.then(|| Evidence { place: Place::Code, words: parameter.to_owned(), category: Category::Execute })
}

/// An address together with a method is a request of the caller's making, which may change something.
fn free_request(definition: &Definition) -> Option<Evidence> {
    let has_key = |names: &str| {
        definition.parameters().find(|(parameter, _)| has(names, &words::of_name(parameter).join("_")))
    };
    let (method, schema) = has_key("method http_method request_method")?;
    let (address, _) = has_key("url uri endpoint path api_path request_url")?;
    let values = values(schema);
    let changes = |value: &&str| matches!(value.to_uppercase().as_str(), "POST" | "PUT" | "DELETE" | "PATCH");
    let is_free = values.is_empty() || values.iter().any(changes);
    is_free.then(|| Evidence {
        place: Place::Code,
        words: format!("{method}, {address}"),
        category: Category::Execute,
    })
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

fn one(parameter: &str, schema: &Value) -> Option<Evidence> {
    let key = words::of_name(parameter).join("_");
    let values = values(schema);
    let is_action = has(ACTIONS, &key);
    if is_action || has(MODES, &key) {
        let named = |value: &str| name::of_words(value).map(|evidence| (evidence.category, value.to_owned()));
        let of_values = values.iter().filter_map(|value| named(value)).max();
        let listed = || listed(schema).into_iter().filter_map(|value| named(&value)).max();
        let worst = of_values.or_else(|| listed().filter(|_| is_action));
        if let Some((category, value)) = worst {
            return Some(Evidence { place: Place::Action, words: format!("{parameter}: {value}"), category });
        }
    }
    if has(CODE, &key) && values.is_empty() && takes_text(schema) {
        return Some(Evidence {
            place: Place::Code,
            words: parameter.to_owned(),
            category: Category::Execute,
        });
    }
    let is_boolean = schema.get("type").is_none_or(|kind| kind == "boolean");
    if has(NOTICES, &key) && is_boolean {
        return Some(Evidence {
            place: Place::Flag,
            words: parameter.to_owned(),
            category: Category::Execute,
        });
    }
    if has(FILES, &key) && takes_text(schema) {
        return Some(Evidence { place: Place::Flag, words: parameter.to_owned(), category: Category::Write });
    }
    let is_flag = has(FLAGS, &key) && is_boolean;
    is_flag.then(|| Evidence {
        place: Place::Flag,
        words: parameter.to_owned(),
        category: Category::Destructive,
    })
}

/// Whether a parameter holds a query, which can be held to reading.
pub(super) fn is_query(parameter: &str) -> bool {
    const QUERIES: &str =
        "sql query queries q statement statements cypher question prompt gremlin sparql instruction";
    words::of_name(parameter).iter().any(|word| has(QUERIES, word))
}

/// Whether a parameter can hold nothing but a program, whatever the tool's name says.
pub(super) fn is_script(parameter: &str) -> bool {
    let key = words::of_name(parameter).join("_");
    has("script shell bash shell_command cmd commands tcl lua apex plsql", &key)
}

/// The values that a parameter may have, where they are named.
pub(super) fn values(schema: &Value) -> Vec<&str> {
    let direct = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let branches = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    let nested = branches.flat_map(|branch| {
        let several = branch.get("enum").and_then(Value::as_array).into_iter().flatten();
        several.chain(branch.get("const"))
    });
    direct.chain(nested).filter_map(Value::as_str).collect()
}

/// The values that a description lists: `One of: list, create, delete`.
fn listed(schema: &Value) -> Vec<String> {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let parts = text.split([',', ':', '|', ';', '(', ')', '/', '\n', '.', '\'', '"', '`']);
    let single = |part: &&str| !part.is_empty() && part.split_whitespace().count() == 1;
    parts.map(str::trim).filter(single).map(str::to_owned).collect()
}

fn takes_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(kind)) => matches!(kind.as_str(), "string" | "array" | "object"),
        _ => true,
    }
}
