//! `argv_in`: a command line whose words begin like one of those allowed.

use super::{Flaw, Judged, Unjudgeable, is_hidden};
use crate::diagnostic::quoted;

/// Longest command line that is read, in bytes.
const MOST: usize = 32_768;

/// The beginnings that a command line may have, word by word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commands(Vec<Command>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Command {
    text: String,
    words: Vec<String>,
}

impl Commands {
    pub(crate) fn new(texts: &[String]) -> Result<Commands, (usize, Flaw)> {
        let command = |(index, text): (usize, &String)| match split(text) {
            Ok(words) => Ok(Command { text: text.clone(), words }),
            Err(Unjudgeable::Value(why)) => Err((
                index,
                Flaw::new(format!("{} is not the beginning of a command line: it {why}", quoted(text)))
                    .help("write plain words, such as `git status`"),
            )),
            Err(Unjudgeable::Type(_)) => {
                Err((index, Flaw::new("a command is a text").help("such as `git status`")))
            }
        };
        texts.iter().enumerate().map(command).collect::<Result<_, _>>().map(Commands)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|command| command.text.as_str())
    }

    pub(super) fn judge(&self, text: &str) -> Judged {
        let words = split(text)?;
        Ok(self.0.iter().any(|command| words.starts_with(&command.words)))
    }
}

/// The words of a simple command (POSIX, Shell Command Language §2.2 and §2.9.1). Whatever a shell would do more with
/// than split it is refused.
fn split(text: &str) -> Result<Vec<String>, Unjudgeable> {
    if text.len() > MOST {
        return Err(format!("is longer than {MOST} bytes").into());
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => quotation(character, &mut characters, word.get_or_insert_default())?,
            '=' if word.is_none() || words.is_empty() => return Err("holds an assignment".into()),
            _ => {
                refuse(character)?;
                word.get_or_insert_default().push(character);
            }
        }
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err("holds no command".into());
    }
    Ok(words)
}

/// Up to the closing quotation mark. Inside double ones a shell still replaces some things.
fn quotation(mark: char, characters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unjudgeable> {
    for character in characters {
        match character {
            _ if character == mark => return Ok(()),
            '$' | '`' | '\\' | '!' | '%' if mark == '"' => {
                return Err(format!("holds `{character}` inside double quotation marks").into());
            }
            _ if is_hidden(character) => return Err("holds a control or invisible character".into()),
            _ => word.push(character),
        }
    }
    Err("holds a quotation mark that nothing closes".into())
}

fn refuse(character: char) -> Result<(), Unjudgeable> {
    const META: &str = ";&|<>$`\\*?[]#~%!{}()^";
    if is_hidden(character) {
        return Err("holds a line end, a control character or an invisible one".into());
    }
    if character.is_whitespace() {
        return Err("holds a blank that is neither a space nor a tab".into());
    }
    if META.contains(character) {
        return Err(format!("holds `{character}`, which means something to a shell").into());
    }
    Ok(())
}
