//! The words of a text, as they are searched for. The script splits what is asked in the same way.

/// As long as a word may be.
const LONGEST: usize = 32;

/// Words that are in nearly every text, and tell nothing.
pub(crate) const STOP: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "has", "have", "how", "if", "in", "into", "is", "it", "its", "may", "of", "on", "or", "that", "the",
    "their", "this", "to", "tool", "tools", "use", "used", "using", "was", "what", "when", "where", "which",
    "who", "will", "with", "you", "your",
];

/// Letters of scripts that put no blanks between words: each two of them are a word.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}')
}

fn is_letter(c: char) -> bool {
    // A script counts letters beyond this as two.
    c.is_alphanumeric() && c <= '\u{ffff}'
}

/// The words of a text, up to so many.
pub(crate) fn of_text(text: &str, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    for run in text.split(|c| !is_letter(c)).filter(|run| !run.is_empty()) {
        if found.len() >= most {
            break;
        }
        push(run, &mut found);
    }
    found
}

/// The words of a name, whose humps part them too: `listDataStores` is found by each of its words and by all together.
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for run in name.split(|c| !is_letter(c)).filter(|run| !run.is_empty()).take(LONGEST) {
        push(run, &mut found);
        let mut begin = 0;
        let mut before = None;
        for (at, c) in run.char_indices() {
            if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
                push(run.get(begin..at).unwrap_or_default(), &mut found);
                begin = at;
            }
            before = Some(c);
        }
        if begin > 0 {
            push(run.get(begin..).unwrap_or_default(), &mut found);
        }
    }
    found
}

/// A run of letters as one word, or as several where its script parts none.
fn push(run: &str, found: &mut Vec<String>) {
    let lower = run.to_lowercase();
    if !lower.chars().any(is_unspaced) {
        let word: String = lower.chars().filter(|c| is_letter(*c)).take(LONGEST).collect();
        if word.chars().nth(1).is_some() && STOP.binary_search(&word.as_str()).is_err() {
            found.push(word);
        }
        return;
    }
    let letters: Vec<char> = lower.chars().filter(|c| is_letter(*c)).take(10 * LONGEST).collect();
    found.extend(letters.windows(2).map(|pair| pair.iter().collect()));
    if let [one] = letters.as_slice() {
        found.push(one.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_split_alike() {
        for (name, expected) in [
            ("delete_data_store", &["delete", "data", "store"][..]),
            ("listDataStores", &["listdatastores", "list", "data", "stores"]),
            ("HTTPGet", &["httpget"]),
            ("a-b", &[]),
            ("查询订单", &["查询", "询订", "订单"]),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
        assert_eq!(of_text("What can <b>delete</b> the patient's data?", 60), ["delete", "patient", "data"]);
        assert_eq!(of_text("one two three four", 2), ["one", "two"]);
        assert!(of_text(&"x".repeat(5000), 9)[0].len() == LONGEST);
    }

    #[test]
    fn words_that_tell_nothing_are_in_order() {
        assert!(STOP.is_sorted());
    }
}
