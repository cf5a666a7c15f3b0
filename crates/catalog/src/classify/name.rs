//! What a tool's name says that it does.

use super::lexicon::{self, Verb};
use super::signals::{Evidence, Place};
use super::{foreign, objects, words};
use crate::definition::Definition;
use crate::risk::Category;

/// What the name says, with how sure that is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) evidence: Evidence,
    /// The verb cannot be a noun, and says by itself what is done.
    pub(super) is_firm: bool,
    /// It says only that something is run: what that does must be told otherwise.
    pub(super) is_bare: bool,
    /// The verb is all that the name says.
    pub(super) is_alone: bool,
}

/// A verb of the name and where it stands.
#[derive(Clone, Copy)]
struct Found<'n> {
    at: usize,
    word: &'n str,
    verb: Verb,
}

/// Reads the name of a tool, beside the words with which many begin: the name of their server.
pub(super) fn of(definition: &Definition) -> Option<Named> {
    let all = words::of_name(&definition.tool);
    let server = words::of_name(&definition.server);
    let own = all.iter().position(|word| !server.contains(word)).unwrap_or(0);
    let own = all.get(own..).unwrap_or_default();
    // A server may be called what it does (`fetch`, `memory`), and then its tool's first word is the verb.
    [own, &all].into_iter().find_map(|words| read(words, definition)).or_else(|| elsewhere(own))
}

/// A name in another language.
fn elsewhere(name: &[String]) -> Option<Named> {
    let evidence = foreign::of(&name.join(" "))?;
    Some(Named {
        evidence: Evidence { place: Place::Name, ..evidence },
        is_firm: true,
        is_bare: false,
        is_alone: false,
    })
}

/// The same of any words that are written like a name, such as the values of an `action`.
pub(super) fn of_words(name: &str, definition: &Definition) -> Option<Evidence> {
    let name = words::of_name(name);
    read(&name, definition).or_else(|| elsewhere(&name)).map(|named| named.evidence)
}

fn read(name: &[String], definition: &Definition) -> Option<Named> {
    let verbs: Vec<Found<'_>> = verbs(name).collect();
    let head = head(name, &verbs)?;
    let mut category = meaning(name, head, definition);
    let mut words = head.word.to_owned();
    // A second verb that is joined to the first is done as well: `get_and_delete`.
    for joined in verbs
        .iter()
        .filter(|found| found.at > head.at && (is_joined(name, found.at) || is_done(head, **found)))
    {
        let also = meaning(name, *joined, definition);
        if also > category {
            category = also;
            words = joined.word.to_owned();
        }
    }
    let is_firm = !head.verb.is_bare && (!head.verb.is_noun || is_imperative(name, head));
    Some(Named {
        evidence: Evidence { place: Place::Name, words, category },
        is_firm,
        is_bare: head.verb.is_bare
            || matches!(head.word, "execute" | "query" | "invoke" | "perform" | "request" | "exec"),
        is_alone: name.len() == 1,
    })
}

fn verbs(name: &[String]) -> impl Iterator<Item = Found<'_>> {
    name.iter().enumerate().filter_map(|(at, word)| {
        let next = name.get(at + 1).map_or("", String::as_str);
        if let Some((word, verb)) = lexicon::phrasal(word, next) {
            return Some(Found { at, word, verb });
        }
        let before = at.checked_sub(1).and_then(|before| name.get(before)).map_or("", String::as_str);
        // A dry run runs nothing, and a tax return returns nothing.
        let is_noun = lexicon::is_compound(word, next)
            || before == "dry"
            || (at > 0 && word == "return")
            // `issue_comments`, `place_photos`
            || (matches!(word.as_str(), "issue" | "place") && objects::meaning(word, &rest(name, at)).is_none())
            // `browser_network_request`
            || (at > 0 && word == "request" && next.is_empty() && lexicon::verb(before).is_none())
            // `shopping_list_add`
            || (at > 0 && word == "list" && lexicon::verb(next).is_some_and(|verb| verb.category > Category::Read));
        let verb = lexicon::verb(word).filter(|_| !is_noun)?;
        Some(Found { at, word, verb })
    })
}

/// Words behind a verb, or before it, among which its object is looked for.
const OBJECT: usize = 8;

fn rest(name: &[String], at: usize) -> Vec<&str> {
    name.iter().skip(at + 1).take(OBJECT).map(String::as_str).collect()
}

/// The verb that says what is done: the first word if it can be one, else the last (`KeyCreate`), else the first that
/// is no noun, else the first.
fn head<'n>(name: &[String], verbs: &[Found<'n>]) -> Option<Found<'n>> {
    let firm = |found: &&Found<'_>| !found.verb.is_noun;
    let first = verbs.iter().find(|found| found.at == 0);
    let ends = verbs.iter().find(|found| found.at > 0 && found.at + 1 == name.len());
    let last = ends.filter(|found| firm(found) || first.is_some_and(|first| records(first, found)));
    // `order_status` tells of orders; but `post_status` posts one, and `clear_history` clears it.
    let clears = first.is_some_and(|first| matches!(first.word, "clear" | "reset" | "flush"));
    let reports = |found: &&Found<'_>| {
        let is_cleared = clears && matches!(found.word, "history" | "log" | "logs");
        is_report(found.word) && !is_cleared && first.is_some_and(|first| first.word != "post")
    };
    // `copy_image_set` copies; but `post_list` may be of those whose verb stands last.
    let outweighs = |first: &&Found<'_>| {
        last.is_some_and(|last| {
            last.verb.category > Category::Read
                && first.verb.category >= last.verb.category
                && !matches!(last.word, "create" | "update" | "delete" | "cancel" | "remove")
        })
    };
    let leads = first.filter(firm).or_else(|| ends.filter(reports)).or_else(|| first.filter(outweighs));
    // `order_create` is about orders, `order_pizza` is an order; `pipeline_run` runs, `run_create` creates.
    let inner = verbs.iter().find(firm).filter(|_| first.is_none());
    // Of `x_create_list` and `AccessPolicyCreate` the worse is meant.
    let meant = match (last, inner) {
        (Some(last), Some(inner)) if inner.verb.category > last.verb.category => Some(inner),
        (last, inner) => last.or(inner),
    };
    leads.or(meant).or(first).or_else(|| verbs.iter().find(firm)).or(ends).or_else(|| verbs.first()).copied()
}

/// `trace_start` starts one.
fn records(first: &Found<'_>, last: &Found<'_>) -> bool {
    matches!(first.word, "trace" | "debug" | "profile" | "capture" | "monitor" | "scan" | "stream")
        && matches!(last.word, "start" | "stop" | "restart")
}

/// `start_container` is what is to be done, `order_status` is not.
fn is_imperative(name: &[String], head: Found<'_>) -> bool {
    const VERBS: &str = "start stop turn kill reset clear drop flush pause resume reload retry push";
    let is_verb = lexicon::is_imperative(head.word) || VERBS.split_whitespace().any(|verb| verb == head.word);
    head.at == 0 && name.len() > 1 && is_verb
}

fn is_report(word: &str) -> bool {
    const REPORTS: &str = "status history info details stats logs log summary report count balance balances usage metrics price \
         prices health version total totals docs documentation schema permissions capabilities leaderboard overview forecast";
    REPORTS.split_whitespace().any(|known| known == word)
}

/// `confirm_delete` deletes, `batch_run_delete` too.
fn is_done(head: Found<'_>, next: Found<'_>) -> bool {
    let does = matches!(
        head.word,
        "confirm" | "execute" | "perform" | "process" | "run" | "schedule" | "request" | "submit" | "commit"
    );
    does && next.at == head.at + 1 && next.verb.category > Category::Execute
}

fn is_joined(name: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| name.get(before));
    before.is_some_and(|word| matches!(word.as_str(), "and" | "or" | "then"))
}

/// What a verb of the name means with the rest of the name, and with money where it needs some.
fn meaning(name: &[String], found: Found<'_>, definition: &Definition) -> Category {
    let others = || name.iter().enumerate().filter(|(at, _)| *at != found.at).map(|(_, word)| word.as_str());
    let is_last = found.at + 1 == name.len();
    let usual = found.verb.category;
    let of_object: Vec<&str> = if is_last { others().take(OBJECT).collect() } else { rest(name, found.at) };
    objects::meaning(found.word, &of_object).unwrap_or_else(|| {
        let is_free = usual == Category::Financial
            && lexicon::needs_money(found.word)
            && !speaks_of_money(others(), definition);
        if is_free { Category::Execute } else { usual }
    })
}

/// Whether the name, the parameters or the first words of the description are about money.
fn speaks_of_money<'n>(mut name: impl Iterator<Item = &'n str>, definition: &Definition) -> bool {
    let parameters = || definition.parameters().flat_map(|(parameter, _)| words::of_name(parameter));
    let text = definition.description.as_deref().unwrap_or_default();
    name.any(lexicon::is_money)
        || parameters().any(|word| lexicon::is_money(&word))
        || words::of_text(text).iter().take(2).flatten().any(|word| lexicon::is_money(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(name: &str) -> Option<Category> {
        of_words(name, &Definition::default()).map(|said| said.category)
    }

    #[test]
    fn the_verb_is_found_wherever_it_stands() {
        for (name, expected) in [
            ("get_user", Category::Read),
            ("KeyCreate", Category::Write),
            ("pipeline_run", Category::Execute),
            ("user-delete", Category::Destructive),
            ("order_status", Category::Read),
            ("shopping_list_add", Category::Write),
            ("unread_push_count", Category::Read),
            ("clear_history", Category::Destructive),
            ("trace_start", Category::Execute),
            ("get_last_start", Category::Read),
            ("check_in_guest", Category::Execute),
            ("list_check_ins", Category::Read),
            ("check_in_status", Category::Read),
            ("clean_up_report", Category::Read),
            ("refund_total", Category::Financial),
            ("stop_info", Category::Read),
            ("vm_power_off", Category::Execute),
            ("send_request", Category::Execute),
            ("bill_delete", Category::Destructive),
            ("create_list", Category::Write),
            ("can_delete_user", Category::Read),
            ("preview_delete", Category::Read),
            ("eliminar_factura", Category::Destructive),
        ] {
            assert_eq!(category(name), Some(expected), "{name}");
        }
        assert_eq!(category("weather"), None);
        assert_eq!(category("order_total"), None);
        assert_eq!(category("network_request"), None);
    }

    #[test]
    fn what_is_done_besides_counts() {
        for (name, expected) in [
            ("get_and_delete", Category::Destructive),
            ("create_or_update", Category::Write),
            ("confirm_delete_group", Category::Destructive),
            ("fetch_then_send", Category::Execute),
        ] {
            assert_eq!(category(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn objects_make_the_difference() {
        for (name, expected) in [
            ("remove_tag", Category::Write),
            ("remove_user", Category::Destructive),
            ("clear_cache", Category::Execute),
            ("create_webhook", Category::Execute),
            ("create_payment", Category::Financial),
            ("create_embeddings", Category::Read),
            ("transfer_issue", Category::Execute),
            ("transfer_funds", Category::Financial),
        ] {
            assert_eq!(category(name), Some(expected), "{name}");
        }
        assert_eq!(category("drop_shadow"), None);
    }
}
