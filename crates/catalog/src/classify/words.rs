//! Names and texts as words.

/// The words of a name: `getUserByID`, `get_user_by_id` and `get-user-by-id` are the same four.
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let rises = letter.is_uppercase() && before.is_some_and(|before| before.is_lowercase());
        // The last letter of a run of capitals begins the next word: `HTTPServer`.
        let ends_run = letter.is_uppercase()
            && before.is_some_and(|before| before.is_uppercase())
            && after.is_some_and(|after| after.is_lowercase());
        if rises || ends_run {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Letters of a text that are read word by word. Nobody's explanation is longer, and what is said outright is looked for in
/// all of it.
pub(super) const MOST_READ: usize = 16_000;

/// The sentences of a text as words in lower case, as far as [`MOST_READ`] goes. Commas and slashes between words are words of their own: they join.
pub(crate) fn of_text(text: &str) -> Vec<Vec<String>> {
    let mut sentences = vec![Vec::new()];
    let mut word = String::new();
    let mut letters = text.chars().take(MOST_READ).peekable();
    let mut is_blank = false;
    while let Some(letter) = letters.next() {
        let was_blank = std::mem::replace(&mut is_blank, letter.is_whitespace());
        if letter.is_alphanumeric() || (matches!(letter, '\'' | '’') && !word.is_empty()) {
            word.extend(letter.to_lowercase().map(|letter| if letter == '’' { '\'' } else { letter }));
            continue;
        }
        let ends = match letter {
            '.' | '!' | '?' | ':' => letters.peek().is_none_or(|next| next.is_whitespace()),
            '。' | '！' | '？' | '\n' | ';' | '—' | '–' | '|' => true,
            // A dash, not a hyphen: `Library - search the archive`.
            '-' => was_blank && letters.peek().is_some_and(|next| *next == ' '),
            _ => false,
        };
        let Some(sentence) = sentences.last_mut() else { break };
        if !word.is_empty() {
            sentence.push(std::mem::take(&mut word));
        }
        if matches!(letter, ',' | '/' | '&' | '、') && !sentence.is_empty() {
            sentence.push(",".to_owned());
        }
        if ends && !sentence.is_empty() {
            sentences.push(Vec::new());
        }
    }
    if let Some(last) = sentences.last_mut().filter(|_| !word.is_empty()) {
        last.push(word);
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// The plain forms that a word may be the third person of: `deletes` is `delete`, `applies` is `apply`.
pub(crate) fn plain_forms(word: &str) -> impl Iterator<Item = String> + '_ {
    let cut = move |end: &str| word.strip_suffix(end).filter(|stem| stem.len() > 1).map(str::to_owned);
    let ies = word.strip_suffix("ies").filter(|stem| stem.len() > 1).map(|stem| format!("{stem}y"));
    [Some(word.to_owned()), cut("s"), cut("es"), ies].into_iter().flatten()
}

/// The plain forms that a word may be the gerund of: `deleting` is `delete`, `dropping` is `drop`.
pub(crate) fn of_gerund(word: &str) -> impl Iterator<Item = String> + '_ {
    let stem = word.strip_suffix("ing").filter(|stem| stem.len() > 1);
    let doubled = stem.filter(|stem| {
        let mut letters = stem.chars().rev();
        letters.next() == letters.next()
    });
    let shorter = doubled.map(|stem| {
        let mut stem = stem.to_owned();
        stem.pop();
        stem
    });
    [stem.map(str::to_owned), stem.map(|stem| format!("{stem}e")), shorter].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        for name in ["getUserByID", "get_user_by_id", "get-user-by-id", "GetUserById", "get.user/by id"] {
            assert_eq!(of_name(name), ["get", "user", "by", "id"], "{name}");
        }
        assert_eq!(of_name("parseHTTPResponse2"), ["parse", "http", "response2"]);
        assert_eq!(of_name("__"), [""; 0]);
    }

    #[test]
    fn texts_are_sentences_of_words() {
        let sentences = of_text("Deletes v1.2 of it, or all. It’s gone!\nNo undo");
        let expected: [&[&str]; 3] =
            [&["deletes", "v1", "2", "of", "it", ",", "or", "all"], &["it's", "gone"], &["no", "undo"]];
        assert_eq!(sentences, expected);
        assert_eq!(of_text(" .\n"), [[""; 0]; 0]);
        assert_eq!(of_text(&"word ".repeat(MOST_READ)).concat().len(), MOST_READ / "word ".len());
    }

    #[test]
    fn forms_of_a_verb_lead_to_it() {
        for (word, verb) in [
            ("deletes", "delete"),
            ("drops", "drop"),
            ("applies", "apply"),
            ("fetches", "fetch"),
            ("run", "run"),
        ] {
            assert!(plain_forms(word).any(|plain| plain == verb), "{word}");
        }
        for (word, verb) in [("deleting", "delete"), ("dropping", "drop"), ("sending", "send")] {
            assert!(of_gerund(word).any(|plain| plain == verb), "{word}");
        }
        assert_eq!(of_gerund("ing").count(), 0);
    }
}
