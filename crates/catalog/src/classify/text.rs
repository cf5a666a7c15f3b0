//! What a description in English says that a tool does.

use super::lexicon::{self, Verb};
use super::signals::{Evidence, Place};
use super::told::{self, Told};
use super::{objects, words};
use crate::risk::Category;

/// What a description says.
#[derive(Debug, Clone, Default)]
pub(super) struct Described {
    /// What its first sentences say that is done.
    pub(super) head: Option<Evidence>,
    /// The verb of the head cannot be a noun, and says by itself what is done.
    pub(super) is_firm: bool,
    /// A worse verb that is joined to the head, or begins a later sentence.
    pub(super) also: Option<Evidence>,
    /// What is told, where no verb says that anything is done.
    pub(super) told: Option<Told>,
}

/// Sentences of which the first verb may say what is done.
const HEAD_SENTENCES: usize = 3;
/// Sentences of which a verb at the beginning may say that more is done.
const SENTENCES: usize = 8;
/// Words before which the verb of a sentence stands.
const REACH: usize = 14;
/// Words behind the head that may stand in a row with it.
const ROW: usize = 200;

/// Words that may stand before the verb.
const FILLERS: &str = "this these tool tools use used using to allows allow you lets let enables enable enabling a an the \
     function endpoint api will can for please helps which that it is may be also then now safely quickly directly \
     automatically attempt attempts try tries immediately permanently asynchronously programmatically optionally simply first and or , action operation command \
     method beta experimental deprecated new advanced important note warning ability able your always \
     capability provides offers manually atomically explicitly bulk batch performs used designed server side mcp admin only \
     async efficiently securely intelligently fully instantly temporarily helper utility";

fn is_filler(word: &str) -> bool {
    FILLERS.split_whitespace().any(|known| known == word) || word.chars().all(char::is_numeric)
}

/// Reads a description.
pub(super) fn of(text: &str) -> Described {
    let sentences = words::of_text(text);
    let mut said = Described::default();
    for (at, sentence) in sentences.iter().enumerate().take(SENTENCES) {
        let Some((index, verb, plain)) = head(sentence, at) else { continue };
        let category = meaning(sentence, index, &plain, verb);
        let evidence = Evidence { place: Place::Description, words: plain, category };
        if said.head.is_none() && at < HEAD_SENTENCES {
            said.is_firm = !verb.is_bare;
            said.head = Some(evidence);
            worse(&mut said.also, joined(sentence, index));
        } else if !is_conditional(sentence) {
            worse(
                &mut said.also,
                Some(evidence).filter(|_| !verb.is_noun && is_third_person(sentence, index)),
            );
        }
    }
    if said.head.is_none() {
        said.head = sentences.iter().take(HEAD_SENTENCES).find_map(|sentence| done(sentence));
        said.told = told::of(&sentences).filter(|_| said.head.is_none());
    }
    said
}

/// `Old runs are deleted`: where nothing else says what is done.
fn done(sentence: &[String]) -> Option<Evidence> {
    let worst =
        (0..sentence.len().min(ROW)).filter_map(|at| Some((told::passive(sentence, at)?, at))).max()?;
    let words = sentence.get(worst.1).cloned().unwrap_or_default();
    Some(Evidence { place: Place::Description, words, category: worst.0 })
}

fn worse(kept: &mut Option<Evidence>, other: Option<Evidence>) {
    let is_worse = |other: &Evidence| kept.as_ref().is_none_or(|kept| other.category > kept.category);
    if let Some(other) = other.filter(is_worse) {
        *kept = Some(other);
    }
}

/// The verb that a sentence is about: where it stands, what it means, its plain form.
fn head(sentence: &[String], number: usize) -> Option<(usize, Verb, String)> {
    first_verb(sentence, number).or_else(|| is_for(sentence))
}

/// `Prisma Reset is used to reset the database`.
fn is_for(sentence: &[String]) -> Option<(usize, Verb, String)> {
    let at = sentence
        .windows(3)
        .take(REACH)
        .position(|words| matches!(words, [is, used, to] if is == "is" && used == "used" && to == "to"))?;
    let at = at + 3;
    let (verb, plain) = known(sentence.get(at)?, at)?;
    Some((at, verb, plain))
}

fn first_verb(sentence: &[String], number: usize) -> Option<(usize, Verb, String)> {
    for (at, word) in sentence.iter().enumerate().take(REACH) {
        let next = sentence.get(at + 1).map_or("", String::as_str);
        let before = at.checked_sub(1).and_then(|before| sentence.get(before)).map_or("", String::as_str);
        let adverb = word.len() > 4 && word.ends_with("ly") && word != "apply" && word != "reply";
        let is_permitted = is_permission(before, word) && word != "to";
        if is_permission(word, next) || is_about_another(word, next) || is_permitted {
            continue;
        }
        if is_means(word) {
            return by_means(sentence, at);
        }
        if told::is_thing(word, next) {
            return None;
        }
        let found = phrasal(sentence, at).or_else(|| known(word, at));
        if let Some((verb, plain)) = found.filter(|_| !lexicon::is_compound(word, next)) {
            let stands = match verb.is_noun {
                false => true,
                // Beside an article, or what tells that a verb follows, it is none.
                true => {
                    let rest = sentence.get(at..).unwrap_or_default();
                    matches!(before, "to" | "will" | "can")
                        || (at == 0 && number == 0 && leads(sentence))
                        || (is_subject(before) && word.ends_with('s') && leads(rest))
                        || (is_permitted_before(sentence, at) && leads(rest))
                }
            };
            if stands && !matches!(before, "the" | "a" | "an" | "of" | "not" | "by") {
                return Some((at, verb, plain));
            }
        }
        if !is_filler(word) && !adverb {
            // `Tool for deleting` goes on, `Users that were deleted` does not.
            return None;
        }
    }
    None
}

/// `This endpoint triggers a build`.
fn is_subject(word: &str) -> bool {
    matches!(
        word,
        "tool" | "function" | "endpoint" | "it" | "command" | "action" | "method" | "operation" | "api"
    )
}

/// `Lets agents start a machine`.
fn is_permitted_before(sentence: &[String], at: usize) -> bool {
    let before = at.checked_sub(2).and_then(|from| sentence.get(from..at));
    before.is_some_and(|pair| matches!(pair, [lets, who] if is_permission(lets, who)))
}

/// `Leverages a model to run tasks`: what it is done with is not what is done.
fn is_means(word: &str) -> bool {
    matches!(
        word,
        "leverages" | "utilizes" | "utilises" | "employs" | "uses" | "leverage" | "utilize" | "employ"
    )
}

fn by_means(sentence: &[String], at: usize) -> Option<(usize, Verb, String)> {
    let rest = sentence.iter().enumerate().skip(at).take(ROW);
    let mut after_to =
        rest.skip_while(|(_, word)| *word != "to").skip(1).skip_while(|(_, word)| word.ends_with("ly"));
    let (at, word) = after_to.next()?;
    known(word, at).map(|(verb, plain)| (at, verb, plain))
}

/// Whether the first word of a description, which may be a noun, is its verb: `Type and documentation of a symbol` are
/// things; `Order and pay` is done, and so is `Stops and removes it`.
fn leads(sentence: &[String]) -> bool {
    let word = |at: usize| sentence.get(at).map_or("", String::as_str);
    if matches!(word(1), "and" | "," | "or") {
        return known(word(2), 0).is_some_and(|(verb, _)| !verb.is_noun);
    }
    if lexicon::is_imperative(word(0)) && !matches!(word(1), "of" | "for" | "in" | "on" | "") {
        return true;
    }
    let begins = matches!(word(0), "starts" | "start") && word(1).ends_with("ing");
    begins || takes_object(word(0), word(1))
}

/// `Allows you to` is no allowing.
fn is_permission(word: &str, next: &str) -> bool {
    let allows =
        matches!(word, "allow" | "allows" | "enable" | "enables" | "let" | "lets" | "help" | "helps");
    allows
        && matches!(
            next,
            "you"
                | "user"
                | "users"
                | "agents"
                | "to"
                | "ai"
                | "llm"
                | "llms"
                | "clients"
                | "your"
                | "the"
                | "claude"
        )
}

/// `Execute update_broker by the SDK` says what is executed.
fn is_about_another(word: &str, next: &str) -> bool {
    let runs = words::plain_forms(word)
        .any(|plain| matches!(plain.as_str(), "execute" | "run" | "perform" | "call" | "invoke"));
    runs && lexicon::verb(next).is_some_and(|verb| !verb.is_noun && !verb.is_bare)
}

/// The verb of which a word is a form.
pub(super) fn known(word: &str, at: usize) -> Option<(Verb, String)> {
    let mut plain = words::plain_forms(word).filter_map(|plain| Some((lexicon::verb(&plain)?, plain)));
    // `Logs a call`: what is a noun as it stands may be the form of a verb.
    let plain = match plain.next() {
        Some((verb, same)) if verb.is_noun && same == word => plain.next().or(Some((verb, same))),
        found => found,
    };
    plain.or_else(|| {
        let mut gerunds = words::of_gerund(word).filter(|_| at < REACH);
        gerunds.find_map(|plain| Some((lexicon::verb(&plain)?, plain)))
    })
}

/// `Checks out the cart` checks nothing; but `Checks in the list` does.
fn phrasal(sentence: &[String], at: usize) -> Option<(Verb, String)> {
    const PLACES: &str = "the a an this which whether your all if our that";
    let has = |words: &str, word: &str| words.split_whitespace().any(|known| known == word);
    let particle = sentence.get(at + 1)?;
    let is_place = sentence.get(at + 2).is_some_and(|word| has(PLACES, word));
    if is_place && matches!(particle.as_str(), "in" | "on" | "over") {
        return None;
    }
    let (together, verb) =
        words::plain_forms(sentence.get(at)?).find_map(|plain| lexicon::phrasal(&plain, particle))?;
    Some((Verb { is_noun: false, ..verb }, together.to_owned()))
}

/// Whether what follows a word can be the object of a verb: `Order a pizza`, but `Order history`.
fn takes_object(word: &str, next: &str) -> bool {
    const DETERMINERS: &str = "a an the one all any this these your new multiple several some many each every up it its whether existing specific";
    // `Order in advance`, but `Orders in the queue` are things.
    const OTHERS: &str =
        "out in on to text files data for and , or with from into through between as via if at";
    let has = |words: &str| words.split_whitespace().any(|known| known == next);
    has(DETERMINERS) || (!word.ends_with('s') && has(OTHERS))
}

fn meaning(sentence: &[String], at: usize, plain: &str, verb: Verb) -> Category {
    objects::meaning(plain, &object(sentence, at, plain)).unwrap_or_else(|| {
        let money = || sentence.iter().any(|word| lexicon::is_money(word));
        let is_free = verb.category == Category::Financial && lexicon::needs_money(plain) && !money();
        if is_free { Category::Execute } else { verb.category }
    })
}

/// The words that tell what a verb is done to: in `Add a reaction to a message`, the reaction.
fn object<'s>(sentence: &'s [String], at: usize, plain: &str) -> Vec<&'s str> {
    const OBJECT: usize = 6;
    const ENDS: &str = "to of into their its";
    let is_of_records = matches!(plain, "add" | "create" | "set" | "put" | "update" | "remove" | "delete");
    let ends =
        |word: &&str| *word == "for" || (is_of_records && ENDS.split_whitespace().any(|end| end == *word));
    let after = sentence.iter().skip(at + 1).take(OBJECT).map(String::as_str);
    after.take_while(|word| !ends(word)).collect()
}

/// The worst verb that stands in a row with the head: `create, update or delete`.
fn joined(sentence: &[String], head: usize) -> Option<Evidence> {
    let mut worst = None;
    let mut at = head + 1;
    let is_joint = |word: &String| matches!(word.as_str(), "," | "and" | "or" | "then");
    while let Some(word) = sentence.get(at).filter(|_| at <= head + ROW) {
        if is_joint(word) {
            at += 1;
            continue;
        }
        let follows = sentence.get(at - 1).is_some_and(is_joint);
        let next = sentence.get(at + 1).map_or("", String::as_str);
        // In a row, or of the same thing: `fetch a message and delete it`.
        let in_row = at <= head + 2
            || (head + 1..at)
                .all(|at| sentence.get(at).is_some_and(|word| is_joint(word) || known(word, 0).is_some()));
        let again = matches!(next, "it" | "them" | "this" | "these" | "those");
        // `and transfer USDC`: who names money after a noun means the verb.
        let moves = |verb: &Verb| verb.category == Category::Financial && lexicon::is_money(next);
        // `Drag and drop`
        let is_part = word == "drop" && sentence.get(head).is_some_and(|head| head.starts_with("drag"));
        let verb = known(word, at).filter(|(verb, _)| {
            let is_verb = !verb.is_noun || moves(verb);
            follows && !is_part && (in_row || (is_verb && (again || goes_on(sentence, head, at))))
        });
        if let Some((verb, plain)) = verb {
            let category =
                after(sentence.get(head), &plain).unwrap_or_else(|| meaning(sentence, at, &plain, verb));
            worse(&mut worst, Some(Evidence { place: Place::Description, words: plain, category }));
        }
        at += 1;
    }
    worst
}

/// `Upload and replace the logo`: what is replaced by what comes is gone.
fn after(head: Option<&String>, verb: &str) -> Option<Category> {
    let comes = words::plain_forms(head?)
        .any(|plain| matches!(plain.as_str(), "upload" | "import" | "write" | "save"));
    (comes && matches!(verb, "replace" | "overwrite")).then_some(Category::Destructive)
}

/// Whether a verb goes on from the head, in the same form: `Disconnect the account and remove its keys`.
fn goes_on(sentence: &[String], head: usize, at: usize) -> bool {
    const OTHERS: &str = "that which who whom to can could may when where if before after while for by how";
    let between = sentence.get(head..at).unwrap_or_default();
    let form = |at: usize| sentence.get(at).is_some_and(|word| word.ends_with('s'));
    between.last().is_some_and(|word| word == "and" || word == "then")
        && form(head) == form(at)
        && !between.iter().any(|word| OTHERS.split_whitespace().any(|other| other == word))
}

/// `Deletes all rows.` says what is done; `Delete the index first.` tells the reader to.
fn is_third_person(sentence: &[String], at: usize) -> bool {
    sentence.get(at).is_some_and(|word| word.ends_with('s'))
        || sentence.iter().take(at).any(|word| word == "will")
}

fn is_conditional(sentence: &[String]) -> bool {
    const CONDITIONS: &str = "if when before after not never no without unless instead once until use";
    sentence.iter().take(3).any(|word| CONDITIONS.split_whitespace().any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(text: &str) -> Option<Category> {
        let said = of(text);
        let told = said.told.map(|told| told.evidence);
        said.head.into_iter().chain(said.also).chain(told).map(|one| one.category).max()
    }

    #[test]
    fn the_first_verb_says_what_is_done() {
        for (text, expected) in [
            ("Lists all deleted files.", Category::Read),
            ("This tool allows you to permanently delete a user", Category::Destructive),
            ("Tool for sending emails", Category::Execute),
            ("[BETA] Creates an issue", Category::Write),
            ("Order a pizza and pay for it", Category::Financial),
            ("This endpoint triggers a build", Category::Execute),
            ("Lets agents start a machine", Category::Execute),
            ("Create, update or delete records", Category::Destructive),
            ("Fetches a message and deletes it.", Category::Destructive),
            ("Gets the queue. Also purges it.", Category::Destructive),
            ("Gets a table. If it is empty, drops it later.", Category::Read),
            ("Remove a label from an issue", Category::Write),
            ("Order history of a customer", Category::Read),
            ("Execute update_broker by the SDK", Category::Write),
            ("Prisma Reset is used to reset the database", Category::Destructive),
            ("Analyze the items and transfer USDC for them", Category::Financial),
            ("Analyze the items and transfer students", Category::Read),
            ("Upload and replace the logo", Category::Destructive),
            ("Image library - deletes what is in it", Category::Destructive),
        ] {
            assert_eq!(worst(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_endless_row_of_verbs_is_read_as_far_as_it_tells_anything() {
        let row = |times: usize| format!("Gets it, {}deletes it", "gets, ".repeat(times));
        assert_eq!(worst(&row(20)), Some(Category::Destructive));
        assert_eq!(worst(&row(200_000)), Some(Category::Read));
    }

    #[test]
    fn what_is_no_verb_says_nothing() {
        for text in [
            "The deleted users",
            "Orders list",
            "",
            "Ta bort fil",
            "Text message to a phone",
            "A file manager",
        ] {
            assert_eq!(worst(text), None, "{text}");
        }
    }
}
