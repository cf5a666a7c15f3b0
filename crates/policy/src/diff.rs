//! Which calls two policies decide differently: found by reasoning over the compiled rules, and every example judged.
//!
//! Names fall into classes that no matcher of either policy tells apart. For each class on which the policies do not
//! say the same, values are made up for everything that they look at, so that every way in which their conditions
//! can turn out is met, and all combinations are tried. What cannot be met for certain (expressions, statements,
//! schemas) is taken to turn out in any way; a change of verdict that this would allow and no call showed is told as
//! a doubt.

mod budgets;
mod families;
mod globs;
mod group;
mod machine;
mod names;
mod search;
mod settings;
mod side;
mod space;
mod values;
mod words;
mod world;

use std::cmp::Ordering;

use interlock_json::Decimal;

use crate::compile::Policy;
use crate::counter::CounterKey;
use crate::decision::{Origin, RuleName, Verdict};
use crate::document::Section;
use crate::tool::ToolDefinition;
use crate::tool_list::ToolList;

/// Policies in force together, the server's first.
pub(crate) type Stack<'p> = [(Origin, &'p Policy)];

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Most calls that are judged for one class of names.
    pub calls: usize,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort { calls: 50_000 }
    }
}

/// Everything in which two policies differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Classes of calls that change verdict.
    pub changes: Vec<Changed>,
    /// Names that lists show and did not, or no longer show.
    pub shown: Vec<ShownChange>,
    /// What is otherwise besides verdicts.
    pub settings: Vec<SettingChange>,
    /// Where calls may change verdict that were not found.
    pub doubts: Vec<Doubt>,
}

/// Names that neither policy tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Tools, resources or prompts.
    pub section: Section,
    /// There is but one.
    pub exact: bool,
    /// `tool "pay"`, or ``any other tool that `get_*` matches, such as "get_x",``
    pub words: String,
    /// The name, or one of them.
    pub name: String,
}

/// Whether more or less is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// More.
    Widen,
    /// Less.
    Narrow,
}

/// A verdict with what decided it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ruled {
    /// Whether the call goes through.
    pub verdict: Verdict,
    /// What decided.
    pub rule: RuleName,
}

/// A class of calls that changes verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// What is called.
    pub who: Who,
    /// What else changes in the same way: the example is telling under these names, too.
    pub also: Vec<Who>,
    /// Whether it is let through more, or less.
    pub direction: Direction,
    /// By the old policy.
    pub before: Ruled,
    /// By the new one.
    pub after: Ruled,
    /// The whole in words.
    pub words: String,
    /// What else is to be known.
    pub note: Option<String>,
    /// A call that shows it.
    pub example: Example,
}

/// A call with what has to be known besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What is called.
    pub section: Section,
    /// Its name or URI.
    pub name: String,
    /// Its arguments as JSON; a resource has none.
    pub arguments: Option<String>,
    /// Facts by the paths that conditions name them by, with values as JSON.
    pub facts: Vec<(String, String)>,
    /// What counters hold before the call.
    pub counters: Vec<(CounterKey, Decimal)>,
}

/// Names that lists show, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownChange {
    /// The names.
    pub who: Who,
    /// What else is shown, or left out.
    pub also: Vec<Who>,
    /// Shown now, or left out.
    pub direction: Direction,
    /// The whole in words.
    pub words: String,
}

/// What is otherwise, and is no verdict on a call: how limits count, who approves, what the agent learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Whether more or less is let through or told; `None` where that cannot be said.
    pub direction: Option<Direction>,
    /// Where it is said.
    pub rule: RuleName,
    /// The whole in words.
    pub words: String,
}

/// Calls that may change verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// What is called.
    pub who: Who,
    /// What else may change in the same way.
    pub also: Vec<Who>,
    /// Why that is not known.
    pub why: Vec<String>,
    /// How calls may change that were not found: whether to more or to less.
    pub directions: Vec<Direction>,
    /// The whole in words.
    pub words: String,
    /// A call that does change, in this or another way.
    pub example: Option<Example>,
}

impl Difference {
    /// Whether nothing was found and nothing is in doubt.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.shown.is_empty() && self.settings.is_empty() && self.doubts.is_empty()
    }

    /// Whether more is let through or shown, or may be.
    pub fn may_widen(&self) -> bool {
        self.changes.iter().any(|change| change.direction == Direction::Widen)
            || self.shown.iter().any(|change| change.direction == Direction::Widen)
            || self.settings.iter().any(|change| change.direction == Some(Direction::Widen))
            || !self.doubts.is_empty()
    }
}

/// Compares two policies, or two pairs of a server's and a grant's that are in force together, the server's first.
/// With a server's tools only those are compared.
pub fn diff(
    old: &[(Origin, &Policy)],
    new: &[(Origin, &Policy)],
    tools: Option<&ToolList>,
    effort: Effort,
) -> Difference {
    let stacks = [old, new];
    let mut difference = Difference { settings: settings::compare(stacks), ..Difference::default() };
    // Without a list a tool is taken to be there, and to declare and accept whatever a call says.
    let open = ToolDefinition::open();
    for section in Section::ALL {
        let tools = tools.filter(|_| section == Section::Tools);
        let classes = match tools {
            Some(tools) => names::listed(section, tools.tools().map(|(name, _)| name)),
            None => names::classes(section, stacks),
        };
        let mut groups = group::Groups::default();
        for who in &classes.names {
            let definition = tools.and_then(|tools| tools.get(&who.name));
            let of = search::Of { who, definition: definition.unwrap_or(&open), known: definition.is_some() };
            groups.compare(&of, stacks, effort, &mut difference);
        }
        if !classes.tangled.is_empty() {
            difference.doubts.push(words::tangled(section, &classes.tangled));
        }
    }
    // What a call shows is not told once more.
    let notes: Vec<&String> = difference.changes.iter().filter_map(|change| change.note.as_ref()).collect();
    difference.settings.retain(|setting| {
        let said = setting.words.split_once(": ").map_or("", |(_, said)| said);
        !notes.iter().any(|note| note.starts_with(said))
    });
    difference
}

/// Whether the second verdict lets more through; `None` where they are the same.
fn direction(before: Verdict, after: Verdict) -> Option<Direction> {
    let rank = |verdict| match verdict {
        Verdict::Deny => 0,
        Verdict::Ask => 1,
        Verdict::Proceed => 2,
    };
    match rank(before).cmp(&rank(after)) {
        Ordering::Less => Some(Direction::Widen),
        Ordering::Greater => Some(Direction::Narrow),
        Ordering::Equal => None,
    }
}
