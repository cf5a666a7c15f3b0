//! Sentences that say outright what a tool does to what is there, whatever its verbs.

use super::signals::{Evidence, Place};
use crate::risk::Category;

/// Phrases in lower case, and what they say of a tool: at [`Category::Execute`] of any, else of one that changes something.
const WORSE: &[(Category, &[&str])] = &[
    // What goes on when the answer is there was started, however it is called.
    (
        Category::Execute,
        &[
            "start an asynchronous",
            "starts an asynchronous",
            "operation is asynchronous",
            "runs asynchronously",
            "runs in the background",
            "returns a job id",
            "returns a task id",
            "reboots the",
            "actually execute",
            "costs money",
            "auto-approv",
            "auto-claim",
        ],
    ),
    (
        Category::Destructive,
        &[
            "irreversibl",
            "cannot be undone",
            "can't be undone",
            "can not be undone",
            "not reversible",
            "no undo",
            "permanently delet",
            "permanently remov",
            "permanently eras",
            "permanently destroy",
            "destructive operation",
            "destructive action",
            "this is destructive",
            "data loss",
            "will be lost",
            "overwrites existing",
            "overwrites the",
            "overwriting the",
            "overwriting any",
            "will overwrite",
            "completely overwrite",
            "be overwritten",
            "replaces the entire",
            "replace the entire",
            "replaces all",
            "replace all existing",
            "replaces entire",
            "overwrite existing",
            "overwrites any",
            "overriding any previous",
            "overriding the previous",
            "replaces any existing",
            "replaces the existing",
            "fully replac",
            "replaces any previous",
            "discards all",
            "deletes all",
            "unrecoverabl",
            "cannot be recovered",
            "不可逆",
            "不可恢复",
            "无法恢复",
            "необратим",
            "元に戻せ",
            "되돌릴 수 없",
        ],
    ),
    (
        Category::Financial,
        &[
            "real money",
            "will be charged",
            "charges your",
            "charges the card",
            "spends real",
            "real funds",
            "costs real",
            "places a real",
            "real order",
            "live trade",
            "реальные деньги",
            "списывает",
        ],
    ),
];

/// Phrases that say that nothing is changed.
const READ_ONLY: &[&str] = &[
    "read-only",
    "readonly",
    "read only",
    "does not modify",
    "doesn't modify",
    "without modifying",
    "no side effects",
    "no side-effects",
    "does not change anything",
    "makes no changes",
    "does not make any changes",
    "no changes are made",
    "never modifies",
    "never writes",
    "only select",
    "sql select query",
    "a select query",
    "select queries",
    "select statements",
    "select query against",
    "select only",
    "select queries only",
    "select statements only",
    "only reads",
    "reads only",
    "safe verbs only",
    "safe methods only",
    "changes nothing",
    "只读",
    "仅查询",
    "только чтение",
    "только для чтения",
    "ничего не меняет",
    "ничего не изменяет",
    "読み取り専用",
    "읽기 전용",
    "solo lectura",
    "lecture seule",
    "somente leitura",
    "nur lesend",
];

/// What denies the phrase that follows.
const DENIALS: &[&str] = &["instead of ", "if ", "unless "];

/// What rules it out, whatever is said.
const RULED_OUT: &[&str] =
    &["not ", "n't ", "never ", "without ", "non-", "avoid ", "prevent ", "no ", "isn't "];

/// What the text says outright that makes it worse.
pub(super) fn worse(text: &str) -> Option<Evidence> {
    let text = text.to_lowercase();
    WORSE.iter().rev().find_map(|(category, phrases)| {
        // What is done only if something is said can be done.
        let is_open = |at| match category {
            Category::Execute => !is_ruled_out(&text, at),
            _ => !is_denied(&text, at),
        };
        let said = |phrase: &&&str| text.match_indices(**phrase).any(|(at, _)| is_open(at));
        let phrase = phrases.iter().find(said)?;
        Some(Evidence { place: Place::Statement, words: (*phrase).to_owned(), category: *category })
    })
}

/// Whether, and in which words, the text says that nothing is changed.
pub(super) fn read_only(text: &str) -> Option<Evidence> {
    let text = text.to_lowercase();
    let said = |phrase: &&&str| {
        let mut places = text.match_indices(**phrase).filter(|(at, _)| *at < READ_ONLY_REACH);
        places.any(|(at, phrase)| !is_denied(&text, at) && !is_of_something_else(&text, at + phrase.len()))
    };
    let phrase = READ_ONLY.iter().find(said)?;
    // Who lists what else is let through does not only read.
    if phrase.contains("select") && ["insert", "update", "delete"].iter().any(|other| text.contains(other)) {
        return None;
    }
    Some(Evidence { place: Place::Statement, words: (*phrase).to_owned(), category: Category::Read })
}

/// How far into a text it speaks of the tool itself.
const READ_ONLY_REACH: usize = 400;

/// `in read-only mode`, `a read-only key`: something else is read-only.
fn is_of_something_else(text: &str, after: usize) -> bool {
    const OTHERS: &[&str] = &[
        "mode",
        "key",
        "token",
        "replica",
        "access",
        "state",
        "flag",
        "propert",
        "field",
        "模式",
        "режим",
        "モード",
        "모드",
        "file",
        "database user",
        "by default",
        "unless",
    ];
    let rest = text.get(after..).unwrap_or_default().trim_start_matches([' ', '-', '`', '"']);
    OTHERS.iter().any(|other| rest.starts_with(other))
}

fn is_denied(text: &str, at: usize) -> bool {
    is_ruled_out(text, at) || is_preceded(text, at, DENIALS)
}

fn is_ruled_out(text: &str, at: usize) -> bool {
    is_preceded(text, at, RULED_OUT)
}

fn is_preceded(text: &str, at: usize, by: &[&str]) -> bool {
    const REACH: usize = 14;
    let before: String = text.get(..at).unwrap_or_default().chars().rev().take(REACH).collect();
    let before: String = before.chars().rev().collect();
    // What stands in another sentence denies nothing.
    let before = before.rsplit(['.', '\n', '!', ';']).next().unwrap_or_default();
    by.iter().any(|denial| before.contains(denial))
}
