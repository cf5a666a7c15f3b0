//! What a tool's parameters say that it can be made to do.

use serde_json::Value;

use super::schema::{self, Parameter};
use super::signals::{Evidence, Place};
use super::{actions, name, words};
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
/// The same inside of other parameters.
const INNER_CODE: &str =
    "sql shell bash sql_query sql_statement shell_command javascript python source_code code_snippet";
/// Flags that have a call do worse.
const FLAGS: &str = "overwrite prune permanent permanently purge hard_delete wipe drop cascade force_delete delete_existing \
     replace_all remove_existing clear_existing deleteexisting harddelete forcedelete force_push reset_hard hard clear clear_after delete_after remove_after";

/// Parameters that have the answer written to a file.
const FILES: &str = "save_to save_path output_path output_file output_dir output_directory download_path download_dir \
     destination_path dest_path dest_dir save_dir save_directory outfile save_as output_filename local_path";

/// Flags that have others see it.
const SHOWS: &str =
    "public is_public make_public publicly publish auto_publish publish_now publish_immediately";
/// Flags that only say how something else is done, so that they say nothing of what only reads.
const MANNERS: &str = "overwrite permanent permanently cascade hard public is_public make_public publicly";

/// Flags by which a caller says that something shall really happen: what only reads needs none.
const CONSENTS: &str = "dry_run dryrun confirm confirmed";

/// Flags that have people told of it.
const NOTICES: &str = "notify send_email send_notification send_notifications send_invitation send_invite notify_users send_mail \
     send_message notify_user";

/// What the parameters say.
pub(super) fn of(definition: &Definition) -> Vec<Evidence> {
    let all = schema::parameters(definition);
    let own = all.iter().filter_map(|parameter| one(parameter, definition));
    let of_all = [free_request(&all), free_query(&all, definition), handed_on(&all)];
    let mut found: Vec<Evidence> = own.chain(of_all.into_iter().flatten()).collect();
    if !found.iter().any(|one| one.place == Place::Action)
        && let Some(action) =
            all.iter().find(|parameter| has(ACTIONS, &parameter.key) && parameter.values.is_empty())
    {
        found.extend(actions::of_text(&action.path, definition));
    }
    found
}

/// A query in a language in which more can be said than what is looked for.
fn free_query(all: &[Parameter<'_>], definition: &Definition) -> Option<Evidence> {
    let query = all.iter().find(|parameter| {
        has("query queries q raw_query question prompt natural_language_query instruction", &parameter.key)
    })?;
    let texts = [definition.description.as_deref(), query.schema.get("description").and_then(Value::as_str)];
    let mut spoken = texts.into_iter().flatten().flat_map(words::of_text).flatten();
    let named = words::of_name(&definition.tool);
    let is_language = |word: &str| {
        has(
            "sql cypher graphql plsql tsql t-sql mysql postgresql sqlite gremlin hql n1ql cql aql surrealql partiql opencypher edgeql mutation mutations",
            word,
        )
    };
    let speaks = named.iter().any(|word| is_language(word)) || spoken.any(|word| is_language(&word));
    speaks.then(|| Evidence { place: Place::Code, words: query.path.clone(), category: Category::Execute })
}

/// A tool that takes one object of anything stands for a program elsewhere, a function or a workflow, to which it hands that.
fn handed_on(all: &[Parameter<'_>]) -> Option<Evidence> {
    const WHOLE: &str = "parameters params input inputs payload event arguments args kwargs";
    let [whole] = all else { return None };
    let schema = whole.schema;
    let is_open =
        schema.get("type").is_some_and(|kind| kind == "object") && schema.get("properties").is_none();
    (is_open && has(WHOLE, &whole.key)).then(|| Evidence {
        place: Place::Whole,
        words: whole.path.clone(),
        category: Category::Execute,
    })
}

/// An address together with a method is a request of the caller's making, which may change something.
fn free_request(all: &[Parameter<'_>]) -> Option<Evidence> {
    let has_key = |names: &str| all.iter().find(|parameter| has(names, &parameter.key));
    let method = has_key("method http_method request_method")?;
    let address = has_key("url uri endpoint path api_path request_url")?;
    let changes = |value: &&str| matches!(value.to_uppercase().as_str(), "POST" | "PUT" | "DELETE" | "PATCH");
    let is_free = method.values.is_empty() || method.values.iter().any(changes);
    is_free.then(|| Evidence {
        place: Place::Code,
        words: format!("{}, {}", method.path, address.path),
        category: Category::Execute,
    })
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

fn one(parameter: &Parameter<'_>, definition: &Definition) -> Option<Evidence> {
    let Parameter { path, key, schema, values, .. } = parameter;
    let is_inner = !parameter.parent.is_empty();
    if let Some((category, value)) = worst_action(parameter, definition) {
        return Some(Evidence { place: Place::Action, words: format!("{path}: {value}"), category });
    }
    let says = |place, category| Some(Evidence { place, words: path.clone(), category });
    // What is inside of something is mostly data: a product's `code`, the `command` of an entry.
    let code = if is_inner { INNER_CODE } else { CODE };
    if has(code, key) && values.is_empty() && takes_text(schema) {
        return says(Place::Code, Category::Execute);
    }
    if is_function(schema) && !is_inner && takes_text(schema) {
        return says(Place::Code, Category::Execute);
    }
    let is_boolean = schema.get("type").is_none_or(|kind| kind == "boolean");
    if (has(NOTICES, key) || has(SHOWS, key)) && is_boolean {
        return says(Place::Flag, Category::Execute);
    }
    // Who is written to beside others; a draft is sent by another call.
    if has_copies(key) && !words::of_name(&definition.tool).iter().any(|word| word.starts_with("draft")) {
        return says(Place::Flag, Category::Execute);
    }
    if has(CONSENTS, key) || ((has(FILES, key) || is_saved_to(key, schema)) && takes_text(schema)) {
        return says(Place::Flag, Category::Write);
    }
    if has(FLAGS, key) && is_boolean {
        return says(Place::Flag, Category::Destructive);
    }
    // `fields.delete` says what to do to a field.
    let switched = switched(key)
        .filter(|_| !is_inner || key.contains('_'))
        .filter(|_| schema.get("type").is_some_and(|kind| kind == "boolean"));
    switched.and_then(|category| says(Place::Flag, category))
}

/// Whether a parameter takes a function, by the one that its description shows: `() => { … }`.
fn is_function(schema: &Value) -> bool {
    let said = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    said.contains(") => {") || said.contains("function()")
}

/// What a switch does besides, by its first word: `dump_to_file`, `install_to_system`, `terminate_process`.
fn switched(key: &str) -> Option<Category> {
    const KEPT: &str = "save dump write store persist";
    const DONE: &str = "install deploy publish launch reboot restart";
    const LOST: &str = "delete terminate wipe purge destroy erase reset";
    let verb = key.split('_').next().unwrap_or_default();
    let known = [(LOST, Category::Destructive), (DONE, Category::Execute), (KEPT, Category::Write)];
    known.into_iter().find(|(verbs, _)| has(verbs, verb)).map(|(_, category)| category)
}

/// Whether a parameter says who gets a copy of a message: `cc`, `bcc_addresses`.
fn has_copies(key: &str) -> bool {
    key.split('_').any(|word| matches!(word, "cc" | "bcc"))
}

/// Whether a parameter names a file that the answer is saved to, by what is said of it.
fn is_saved_to(key: &str, schema: &Value) -> bool {
    let said = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut first = words::of_text(said).into_iter().take(1).flatten().take(4);
    let is_path = ["filename", "file_name", "path"].iter().any(|end| key.ends_with(end));
    is_path && first.any(|word| matches!(word.as_str(), "save" | "saved" | "write" | "written"))
}

/// The worst of the actions that a parameter names.
fn worst_action(parameter: &Parameter<'_>, definition: &Definition) -> Option<(Category, String)> {
    let Parameter { key, schema, values, .. } = parameter;
    let is_kind_of_action = has("type kind name op", key) && has(ACTIONS, &parameter.parent);
    let is_action = has(ACTIONS, key) || is_kind_of_action;
    // `action: delete` of a log is what is looked for in it.
    if !(is_action || has(MODES, key)) || is_filter(schema) {
        return None;
    }
    let named =
        |value: &str| name::of_words(value, definition).map(|evidence| (evidence.category, value.to_owned()));
    let of_values = values.iter().filter_map(|value| named(value)).max();
    let listed = || listed(schema).into_iter().filter_map(|value| named(&value)).max();
    of_values.or_else(|| listed().filter(|_| is_action))
}

fn is_filter(schema: &Value) -> bool {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.get(..text.len().min(60)).is_some_and(|begin| begin.to_lowercase().contains("filter"))
}

/// Whether a flag only says how something else is done.
pub(super) fn is_manner(path: &str) -> bool {
    let key = key_of(path);
    has(MANNERS, &key) || has_copies(&key)
}

fn key_of(path: &str) -> String {
    words::of_name(path.rsplit('.').next().unwrap_or_default()).join("_")
}

/// Whether a parameter holds a query, which can be held to reading.
pub(super) fn is_query(parameter: &str) -> bool {
    const QUERIES: &str =
        "sql query queries q statement statements cypher question prompt gremlin sparql instruction";
    words::of_name(parameter).iter().any(|word| has(QUERIES, word))
}

/// Whether a parameter can hold nothing but a program, whatever the tool's name says.
pub(super) fn is_script(parameter: &str) -> bool {
    has("script shell bash shell_command cmd commands tcl lua apex plsql", &key_of(parameter))
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

/// What a tool takes, as far as it tells whether anything could be changed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing but what says which and how much is told.
    Choices,
    /// Something that is not known.
    Unknown,
    /// What would be sent, stored or paid.
    Contents,
}

/// Parameters that say which, by their first or last word.
const CHOICES: &str = "id ids name names query q search keyword keywords term filter filters limit offset page pages size per count cursor \
     sort order by lang language locale country region city location place lat lon lng latitude longitude coordinates date from to \
     start end since until before after time timezone year month day days hours minutes period interval range granularity type \
     types kind category topic symbol symbols ticker tickers chain network address url uri host domain port path file format \
     units unit fields include exclude depth top max min number n k key keys slug isbn doi version season league team player \
     status severity level scale radius sign genre title author artist species gene project repo repository owner branch sha \
     commit namespace cluster bucket table schema database collection index field column row sheet spreadsheet asin sku \
     product item user account channel thread folder group org organization workspace board model provider origin destination \
     zip postcode currency base expression formula pattern weight height width precision verbose detailed detail \
     summary seed seeds mode lines line nodeid class checkin checkout adults children passport \
     accession ecosystem package tail cve hash sha256 wallet event window step zoom hl gl num results only";
/// Parameters that hold what is sent, stored, paid or switched.
const CONTENTS: &str = "body message messages content contents payload data subject html markdown on enable enabled disable amount \
     password command cmd code script sql instruction instructions prompt task goal confirm confirmed confirmation apply execute \
     force recipient recipients phone brightness volume new dry switch power action operation method mutation attachments \
     media caption comment comments note notes quantity qty iban speed temperature color colour duration";

/// Tells what a tool takes.
pub(super) fn takes(definition: &Definition) -> Takes {
    let mut takes = Takes::Choices;
    for (parameter, _) in definition.parameters() {
        let words = words::of_name(parameter);
        if words.iter().any(|word| has(CONTENTS, word)) {
            return Takes::Contents;
        }
        let ends = [words.first(), words.last()];
        if !ends.into_iter().flatten().any(|word| has(CHOICES, word)) {
            takes = Takes::Unknown;
        }
    }
    takes
}
