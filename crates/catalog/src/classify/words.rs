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

/// The words of a text, in lower case, with the sentence each is in.
pub(crate) fn of_text(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let (mut sentence, mut word) = (0, String::new());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_alphanumeric() || (letter == '\'' && !word.is_empty()) {
            word.extend(letter.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push((sentence, std::mem::take(&mut word)));
        }
        let ends = match letter {
            '.' | '!' | '?' | ':' => letters.peek().is_none_or(|next| next.is_whitespace()),
            '。' | '！' | '？' | '\n' | ';' => true,
            _ => false,
        };
        if ends && words.last().is_some_and(|(last, _)| *last == sentence) {
            sentence += 1;
        }
    }
    if !word.is_empty() {
        words.push((sentence, word));
    }
    words
}

/// The form under which the lexicon has an English verb: `deletes`, `deleted` and `deleting` are `delete`.
pub(crate) fn stems(word: &str) -> impl Iterator<Item = String> + '_ {
    let cut = |end: &str| word.strip_suffix(end).filter(|stem| stem.len() > 2).map(str::to_owned);
    let doubled = |stem: &str| {
        let mut letters = stem.chars().rev();
        let (last, before) = (letters.next()?, letters.next()?);
        (last == before).then(|| stem.chars().take(stem.chars().count() - 1).collect::<String>())
    };
    let mut found = vec![word.to_owned()];
    for end in ["s", "es", "ed", "d", "ing"] {
        let Some(stem) = cut(end) else { continue };
        found.extend(doubled(&stem));
        if end == "ing" {
            found.push(format!("{stem}e"));
        }
        found.push(stem);
    }
    found.extend(cut("ies").map(|stem| format!("{stem}y")));
    found.extend(cut("ied").map(|stem| format!("{stem}y")));
    found.into_iter()
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
    fn words_know_their_sentence() {
        let words = of_text("Deletes v1.2 of it. It's gone!\nNo undo");
        let words: Vec<(usize, &str)> = words.iter().map(|(at, word)| (*at, word.as_str())).collect();
        assert_eq!(
            words,
            [
                (0, "deletes"),
                (0, "v1"),
                (0, "2"),
                (0, "of"),
                (0, "it"),
                (1, "it's"),
                (1, "gone"),
                (2, "no"),
                (2, "undo")
            ]
        );
    }

    #[test]
    fn forms_of_a_verb_lead_to_it() {
        for (word, verb) in [
            ("deletes", "delete"),
            ("deleting", "delete"),
            ("drops", "drop"),
            ("dropping", "drop"),
            ("applies", "apply"),
            ("fetches", "fetch"),
            ("moved", "move"),
            ("run", "run"),
        ] {
            assert!(stems(word).any(|stem| stem == verb), "{word}");
        }
    }
}
