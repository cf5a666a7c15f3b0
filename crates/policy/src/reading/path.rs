//! `within_path`: a file path under one of the given directories, by its text alone.
//!
//! Nothing here looks at a file system: a symbolic link inside a root leads wherever it leads.

use super::{Flaw, Judged, Unjudgeable, is_hidden};
use crate::diagnostic::quoted;
use crate::operator::fold;

/// The directories that a path may lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roots(Vec<Root>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    text: String,
    lexical: Lexical,
    ignore_case: bool,
}

/// A path as its text says it, every `.` taken out, every `..` still there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lexical {
    absolute: bool,
    components: Vec<String>,
}

impl Roots {
    pub(crate) fn new(texts: &[String], ignore_case: bool) -> Result<Roots, (usize, Flaw)> {
        let root = |(index, text): (usize, &String)| {
            let lexical = Lexical::parse(text, ignore_case).map_err(|why| (index, flaw(text, &why)))?;
            if lexical.components.iter().any(|component| component == "..") {
                let flaw = Flaw::new(format!("{} leads upwards", quoted(text)));
                return Err((index, flaw.help("write the directory itself, without `..`")));
            }
            Ok(Root { text: text.clone(), lexical, ignore_case })
        };
        texts.iter().enumerate().map(root).collect::<Result<_, _>>().map(Roots)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|root| root.text.as_str())
    }

    /// A relative path is judged by relative roots only and an absolute one by absolute roots: where a relative one
    /// begins is the server's secret.
    pub(super) fn judge(&self, text: &str) -> Judged {
        let ignore_case = self.0.iter().any(|root| root.ignore_case);
        let path = Lexical::parse(text, ignore_case)?;
        path.stays()?;
        let mut comparable = self.0.iter().filter(|root| root.lexical.absolute == path.absolute).peekable();
        if comparable.peek().is_none() {
            let (is, are) = if path.absolute { ("absolute", "relative") } else { ("relative", "absolute") };
            return Err(format!("is {is}, and the directories that it is compared with are {are}").into());
        }
        let inside = comparable.clone().any(|root| path.is_under(&root.lexical));
        let trimmed = path.trimmed();
        if inside != comparable.clone().any(|root| trimmed.is_under(&root.lexical.trimmed())) {
            return Err("holds a name with a dot or a blank at its end, which some systems leave out".into());
        }
        if !inside && path.components.iter().any(|name| is_short(name)) {
            return Err("holds a short name such as `LONGNA~1`, which may stand for another".into());
        }
        if !inside && (is_decomposed(text) || comparable.any(|root| is_decomposed(&root.text))) {
            return Err("holds letters that some systems put together or take apart".into());
        }
        Ok(inside)
    }
}

fn flaw(text: &str, why: &Unjudgeable) -> Flaw {
    let why = match why {
        Unjudgeable::Type(_) => "is no text",
        Unjudgeable::Value(words) => words.as_ref(),
    };
    Flaw::new(format!("no path is under {}: it {why}", quoted(text)))
        .help("write a directory such as `/srv/data`, or `.` and `src` for relative paths")
}

impl Lexical {
    fn parse(text: &str, ignore_case: bool) -> Result<Lexical, Unjudgeable> {
        plain(text)?;
        let absolute = text.starts_with('/');
        let mut components = Vec::new();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => components.push("..".to_owned()),
                _ if is_dots(component) => return Err("holds a name that some systems read as `..`".into()),
                _ if ignore_case => components.push(fold(component)),
                _ => components.push(component.to_owned()),
            }
        }
        Ok(Lexical { absolute, components })
    }

    /// The path as Windows reads it: without dots and blanks at the ends of names.
    fn trimmed(&self) -> Lexical {
        let trim = |name: &String| if name == ".." { name.clone() } else { trimmed(name).to_owned() };
        Lexical { absolute: self.absolute, components: self.components.iter().map(trim).collect() }
    }

    /// Above where it begins there is nothing, or nothing that is known.
    fn stays(&self) -> Result<(), Unjudgeable> {
        let mut depth = 0_usize;
        for component in &self.components {
            if component == ".." {
                depth = depth.checked_sub(1).ok_or("climbs out of where it begins")?;
            } else {
                depth += 1;
            }
        }
        Ok(())
    }

    /// Whether the path leads into the root and, once inside, stays there.
    fn is_under(&self, root: &Lexical) -> bool {
        let mut here: Vec<&str> = Vec::new();
        let mut inside = root.components.is_empty();
        for component in &self.components {
            if component == ".." {
                here.pop();
            } else {
                here.push(component);
            }
            let now =
                here.len() >= root.components.len() && here.iter().zip(&root.components).all(|(a, b)| a == b);
            if inside && !now {
                return false;
            }
            inside = now;
        }
        inside
    }
}

/// Refuses what a server, a shell or a file system could read as another path.
fn plain(text: &str) -> Result<(), Unjudgeable> {
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.chars().any(is_hidden) {
        return Err("holds a control or invisible character".into());
    }
    if text.contains('\\') {
        return Err("holds a backslash".into());
    }
    if text.chars().any(looks_like_a_separator) {
        return Err("holds a character that looks like a separator or a dot".into());
    }
    if text.contains('%') && is_encoded(text) {
        return Err("is percent-encoded".into());
    }
    if text.starts_with('~') {
        return Err("begins with `~`, which a shell replaces".into());
    }
    if text.starts_with("//") {
        return Err("begins with `//`, which names another machine on some systems".into());
    }
    if text.trim() != text {
        return Err("begins or ends with a blank".into());
    }
    if text.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err("begins with a drive or a scheme".into());
    }
    if holds_a_variable(text) {
        return Err("holds a variable, which a shell replaces".into());
    }
    Ok(())
}

/// `%2f` and whatever decodes to it once more, such as `%252f` and `%u2215`.
fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).any(|after| {
        let mut characters = after.chars();
        match (characters.next(), characters.next()) {
            (Some('u' | 'U'), _) => true,
            (Some(first), Some(second)) => first.is_ascii_hexdigit() && second.is_ascii_hexdigit(),
            _ => false,
        }
    })
}

/// `$HOME` and `${HOME}`, or between two percent signs `%HOME%`.
fn holds_a_variable(text: &str) -> bool {
    let begins = |next: char| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '(');
    let mut percent = text.split('%').skip(1).peekable();
    let enclosed = std::iter::from_fn(|| percent.next().filter(|_| percent.peek().is_some()));
    text.split('$').skip(1).chain(enclosed).any(|after| after.starts_with(begins))
}

/// Windows drops dots and blanks at a name's end, and some servers what follows a semicolon.
fn is_dots(component: &str) -> bool {
    component.starts_with("..;") || trimmed(component).is_empty()
}

fn trimmed(component: &str) -> &str {
    component.trim_end_matches(['.', ' '])
}

/// The second name that Windows gives to a file with a long one: `LONGNA~1.TXT`.
fn is_short(component: &str) -> bool {
    let name = component.split('.').next().unwrap_or_default();
    name.len() <= 8
        && name.rsplit_once('~').is_some_and(|(before, number)| {
            !before.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Letters in parts, or with another letter for their usual form: systems that normalise names find the whole
/// letter's file by them, and those that do not find another.
fn is_decomposed(text: &str) -> bool {
    text.contains(|character| {
        matches!(
            character,
            '\u{300}'..='\u{36f}' | '\u{1100}'..='\u{11ff}' | '\u{3099}' | '\u{309a}' | '\u{2126}' | '\u{212a}' | '\u{212b}'
        )
    })
}

/// Characters that compatibility normalisation, a legacy code page or a careless eye takes for `/`, `\` or a dot.
fn looks_like_a_separator(character: char) -> bool {
    matches!(
        character,
        '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{29f9}'
            | '\u{fe68}'
            | '\u{ff0f}'
            | '\u{ff3c}'
            | '\u{2571}'
            | '\u{2572}'
            | '\u{2024}'
            ..='\u{2026}'
                | '\u{fe52}'
                | '\u{ff0e}'
                | '\u{ff61}'
                | '\u{3002}'
                | '\u{2100}'
                | '\u{2101}'
                | '\u{2105}'
                | '\u{2106}'
                | '\u{20e5}'
                | '\u{337}'
                | '\u{338}'
                | '\u{a5}'
                | '\u{20a9}'
    )
}
