//! Where a condition or an amount finds its value.

mod advice;
mod follow;

use std::borrow::Cow;
use std::fmt;

pub(crate) use advice::root as advise_root;
pub(crate) use follow::{Entered, enter, find};

/// A path of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// An argument of the call: `args.a.b`, `args.items[0]`, `args.items[*].x`, `args["a.b"]`, `/args/a/b`.
    Args(Vec<Step>),
    /// `call.tool`: the tool's name.
    CallTool,
    /// `call.server`: the server's name.
    CallServer,
    /// `grant.name`: who calls.
    GrantName,
    /// `grant.labels.x`: a label of who calls.
    GrantLabel(String),
    /// `client.name`: what the client calls itself. It may call itself anything.
    ClientName,
    /// `time.hour`, 0 to 23.
    TimeHour,
    /// `time.weekday`, `monday` to `sunday`.
    TimeWeekday,
    /// `tool.category`, as the catalogue says.
    ToolCategory,
    /// `tool.severity`, as the catalogue says.
    ToolSeverity,
    /// `tool.annotations.<hint>`, as the server's definition says.
    ToolAnnotation(String),
    /// `state.<tool>.<counter>`: what a counter of this policy holds; `_global` is the entry `"*"`.
    State {
        /// The counter's entry: a name or glob of the section, or `_global`.
        entry: String,
        /// The counter's name.
        counter: String,
    },
}

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// An item of an array, from 0.
    Index(usize),
    /// Every item of an array.
    Each,
}

/// Why a text is not a path that can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    /// The text does not follow the grammar of paths; the words say what to write.
    Malformed(Cow<'static, str>),
    /// The first name is none that paths can begin with.
    UnknownRoot(String),
}

fn malformed(why: &'static str) -> PathError {
    PathError::Malformed(why.into())
}

/// Deepest path: arguments themselves are bounded in depth.
const MOST_STEPS: usize = 64;
/// What paths begin with.
pub(crate) const ROOTS: [&str; 7] = ["args", "call", "grant", "client", "time", "state", "tool"];

impl Path {
    /// Reads a path in either notation.
    pub(crate) fn parse(text: &str) -> Result<Path, PathError> {
        let (root, steps) = if text.starts_with('/') { pointer(text)? } else { dotted(text)? };
        if steps.len() > MOST_STEPS {
            return Err(malformed("it has too many steps"));
        }
        Path::of(&root, steps)
    }

    /// The path with this first name and these steps after it.
    pub(crate) fn of(root: &str, steps: Vec<Step>) -> Result<Path, PathError> {
        match root {
            "args" if steps.is_empty() => Err(malformed("name an argument after `args.`")),
            "args" => Ok(Path::Args(steps)),
            "state" => state(steps),
            "call" | "grant" | "client" | "time" | "tool" => fact(root, &steps),
            _ => Err(PathError::UnknownRoot(root.to_owned())),
        }
    }

    /// Whether the path reads the tool's definition, or what is concluded from it.
    pub(crate) fn reads_definition(&self) -> bool {
        matches!(self, Path::ToolCategory | Path::ToolSeverity | Path::ToolAnnotation(_))
    }

    /// Whether every call has a value there, if it is known at all.
    pub(crate) fn is_always_there(&self) -> bool {
        match self {
            Path::Args(_) | Path::GrantLabel(_) | Path::ClientName | Path::ToolAnnotation(_) => false,
            Path::CallTool | Path::CallServer | Path::GrantName | Path::TimeHour | Path::TimeWeekday => true,
            Path::ToolCategory | Path::ToolSeverity | Path::State { .. } => true,
        }
    }

    /// Whether the path can name several values.
    pub(crate) fn is_plural(&self) -> bool {
        matches!(self, Path::Args(steps) if steps.contains(&Step::Each))
    }
}

fn state(steps: Vec<Step>) -> Result<Path, PathError> {
    let mut steps = steps.into_iter();
    match (steps.next(), steps.next(), steps.next()) {
        (Some(Step::Key(entry)), Some(Step::Key(counter)), None) => Ok(Path::State { entry, counter }),
        _ => Err(malformed("a counter is named as `state.<tool>.<counter>`")),
    }
}

fn fact(root: &str, steps: &[Step]) -> Result<Path, PathError> {
    let keys: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Each => None,
        })
        .collect();
    if keys.len() != steps.len() {
        return Err(malformed("only arguments have items"));
    }
    match (root, keys.as_slice()) {
        ("call", ["tool"]) => Ok(Path::CallTool),
        ("call", ["server"]) => Ok(Path::CallServer),
        ("grant", ["name"]) => Ok(Path::GrantName),
        ("grant", ["labels", label]) => Ok(Path::GrantLabel((*label).to_owned())),
        ("client", ["name"]) => Ok(Path::ClientName),
        ("time", ["hour"]) => Ok(Path::TimeHour),
        ("time", ["weekday"]) => Ok(Path::TimeWeekday),
        ("tool", ["category"]) => Ok(Path::ToolCategory),
        ("tool", ["severity"]) => Ok(Path::ToolSeverity),
        ("tool", ["annotations", hint]) => Ok(Path::ToolAnnotation((*hint).to_owned())),
        _ => Err(PathError::Malformed(advice::fact(root, &keys))),
    }
}

/// RFC 6901: `/args/a~1b/0`. A segment of digits is an index into arrays; `-` and leading zeros are keys.
fn pointer(text: &str) -> Result<(String, Vec<Step>), PathError> {
    let mut segments = text.split('/').skip(1).map(unescape);
    let root = segments.next().transpose()?.unwrap_or_default();
    let steps = segments.map(|segment| segment.map(Step::Key)).collect::<Result<_, _>>()?;
    Ok((root, steps))
}

fn unescape(segment: &str) -> Result<String, PathError> {
    let mut out = String::with_capacity(segment.len());
    let mut characters = segment.chars();
    while let Some(character) = characters.next() {
        match (character, character == '~') {
            (_, false) => out.push(character),
            _ => match characters.next() {
                Some('0') => out.push('~'),
                Some('1') => out.push('/'),
                _ => return Err(malformed("in a JSON pointer `~` is followed by 0 or 1")),
            },
        }
    }
    Ok(out)
}

fn dotted(text: &str) -> Result<(String, Vec<Step>), PathError> {
    let (root, mut rest) = name(text);
    if root.is_empty() {
        return Err(malformed("it begins with a name such as `args`"));
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('.') {
            Some(after) => {
                let (key, after) = name(after);
                if key.is_empty() {
                    return Err(malformed("a name follows each dot"));
                }
                (Step::Key(key.to_owned()), after)
            }
            None => bracket(rest)?,
        };
        steps.push(step);
        rest = after;
    }
    Ok((root.to_owned(), steps))
}

/// A name runs up to the next dot or bracket.
fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(ends_name).unwrap_or(text.len()))
}

/// Blanks end a name too: with `args.amount ` a condition would look for an argument that nobody sends.
fn ends_name(character: char) -> bool {
    matches!(character, '.' | '[' | ']' | '"' | '\'') || character.is_whitespace() || character.is_control()
}

/// `[0]`, `[*]` or `["any text"]` with JSON's escapes.
fn bracket(text: &str) -> Result<(Step, &str), PathError> {
    let wrong = malformed("`[` is followed by an index, `*` or a quoted name, and `]`");
    let Some(inner) = text.strip_prefix('[') else {
        return Err(malformed("a dot or bracket follows a name; other characters need `[\"…\"]`"));
    };
    if let Some(after) = inner.strip_prefix("*]") {
        return Ok((Step::Each, after));
    }
    if inner.starts_with('"') {
        let end = closing_quote(inner).ok_or_else(|| wrong.clone())?;
        let (quoted, after) = inner.split_at(end);
        let document = interlock_json::scan(quoted, &interlock_json::Limits::default());
        let key = document.ok().and_then(|document| document.root().as_str().map(|key| key.into_owned()));
        return match (key, after.strip_prefix(']')) {
            (Some(key), Some(after)) => Ok((Step::Key(key), after)),
            _ => Err(wrong),
        };
    }
    let (digits, after) = inner.split_once(']').ok_or_else(|| wrong.clone())?;
    let index = digits.parse::<u32>().ok().filter(|index| index.to_string() == digits).ok_or(wrong)?;
    Ok((Step::Index(usize::try_from(index).unwrap_or(usize::MAX)), after))
}

/// The byte after the quote that closes the one at the beginning.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

impl fmt::Display for Path {
    /// The path in dotted notation, which `Path::parse` reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Args(steps) => {
                f.write_str("args")?;
                write_steps(steps, f)
            }
            Path::CallTool => f.write_str("call.tool"),
            Path::CallServer => f.write_str("call.server"),
            Path::GrantName => f.write_str("grant.name"),
            Path::GrantLabel(label) => {
                f.write_str("grant.labels")?;
                write_key(label, f)
            }
            Path::ClientName => f.write_str("client.name"),
            Path::TimeHour => f.write_str("time.hour"),
            Path::TimeWeekday => f.write_str("time.weekday"),
            Path::ToolCategory => f.write_str("tool.category"),
            Path::ToolSeverity => f.write_str("tool.severity"),
            Path::ToolAnnotation(hint) => {
                f.write_str("tool.annotations")?;
                write_key(hint, f)
            }
            Path::State { entry, counter } => {
                f.write_str("state")?;
                write_key(entry, f)?;
                write_key(counter, f)
            }
        }
    }
}

fn write_steps(steps: &[Step], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for step in steps {
        match step {
            Step::Key(key) => write_key(key, f)?,
            Step::Index(index) => write!(f, "[{index}]")?,
            Step::Each => f.write_str("[*]")?,
        }
    }
    Ok(())
}

fn write_key(key: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !key.is_empty() && !key.contains(ends_name) {
        f.write_str(".")?;
        return f.write_str(key);
    }
    let mut quoted = String::new();
    interlock_json::canonical::write_str(key, &mut quoted);
    write!(f, "[{quoted}]")
}

/// An argument's path as messages name it: without the `args.` that every one of them begins with.
pub(crate) fn argument_name(steps: &[Step]) -> String {
    let whole = Path::Args(steps.to_vec()).to_string();
    let rest = whole.strip_prefix("args").unwrap_or(&whole);
    rest.strip_prefix('.').unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Path, Step};

    fn step() -> impl Strategy<Value = Step> {
        let odd = prop_oneof![
            Just(String::new()),
            Just("a\"].b".to_owned()),
            Just(" ".to_owned()),
            Just("0".to_owned())
        ];
        prop_oneof![
            any::<String>().prop_map(Step::Key),
            odd.prop_map(Step::Key),
            (0..1_000_usize).prop_map(Step::Index),
            Just(Step::Each),
        ]
    }

    #[test]
    fn a_path_has_a_bounded_number_of_steps() {
        assert!(Path::parse(&format!("args{}", ".a".repeat(64))).is_ok());
        assert!(Path::parse(&format!("args{}", ".a".repeat(65))).is_err());
    }

    proptest! {
        #[test]
        fn a_written_path_reads_back(steps in proptest::collection::vec(step(), 1..5), entry in ".*", counter in ".*") {
            let named = [Path::GrantLabel(entry.clone()), Path::ToolAnnotation(counter.clone())];
            for path in named.into_iter().chain([Path::Args(steps), Path::State { entry, counter }]) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn no_text_makes_the_path_reader_panic(text in "([a-z./~\\[\\]\"*0-9 é]|\\PC)*") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }
    }
}
