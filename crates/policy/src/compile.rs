//! Document to compiled policy: names in a hash map, constraints by phase, texts made once.

mod entries;
mod limits;

use std::sync::{Arc, OnceLock};

use crate::cel::{self, Expression};
use crate::condition::{Compiled, CompiledLeaf, Kindness, Look, Standing};
use crate::counter::CounterTemplate;
use crate::diagnostic::{Diagnostic, Report};
use crate::document::{
    Action, Block, Condition, DefaultVerdict, Document, Entry, ListMode, Matcher, Mode, Requirement, Rule,
    Section, SpendAmount, Validate,
};
use crate::limit::Limit;
use crate::path::Path;
use crate::quantity::{self, Adds, Counted, Counters, Lookup, Money};
use crate::tool_list::ToolList;
use crate::{describe, digest, parse};

pub(crate) use entries::{Entries, Names};

/// A policy document as text.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What the document is called in messages, such as its path.
    pub name: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// How the text is to be read.
    pub syntax: Syntax,
}

/// The two notations of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2 without tags, anchors and aliases.
    Yaml,
    /// JSON (RFC 8259).
    Json,
}

impl Syntax {
    /// JSON for names that end in `.json`, otherwise YAML.
    pub fn of_path(name: &str) -> Syntax {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            Syntax::Json
        } else {
            Syntax::Yaml
        }
    }
}

/// Reads and compiles a document. There is a policy where there is no error; warnings come with either.
pub fn compile(source: &Source<'_>) -> (Option<Policy>, Vec<Diagnostic>) {
    compile_for(source, None)
}

/// The same, and compares the document with the tools of the server that it is for.
pub fn compile_for(source: &Source<'_>, tools: Option<&ToolList>) -> (Option<Policy>, Vec<Diagnostic>) {
    let mut report = Report::new(source.text);
    let document = parse::read(source, tools, &mut report);
    let policy = document.filter(|_| !report.has_errors()).map(Policy::new);
    (policy, report.finish())
}

/// A policy that calls can be judged by.
#[derive(Debug)]
pub struct Policy {
    document: Document,
    /// Made when it is first wanted: many a policy is compiled to be checked or compared, and never named.
    digest: OnceLock<String>,
    pub(crate) shadow: bool,
    pub(crate) default: DefaultVerdict,
    pub(crate) list: ListMode,
    pub(crate) hide: Names,
    tools: Entries,
    resources: Entries,
    prompts: Entries,
}

impl Policy {
    /// Compiles a document that has been checked.
    pub(crate) fn new(document: Document) -> Policy {
        let counters = Counters::of(&document);
        let entries = |section| Entries::new(&document, section, &counters);
        Policy {
            digest: OnceLock::new(),
            shadow: document.mode == Some(Mode::Shadow),
            default: document.default_verdict(),
            list: document.list.unwrap_or(ListMode::Permitted),
            hide: Names::new(&document.hide),
            tools: entries(Section::Tools),
            resources: entries(Section::Resources),
            prompts: entries(Section::Prompts),
            document,
        }
    }

    /// SHA-256 (hexadecimal) of the canonical printed form: the same for documents that say the same. The first call
    /// prints the document, which takes about a tenth of the time that compiling it took.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| digest::of(&self.document))
    }

    /// What the document says.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether it says something of some names of a section that it does not say of all.
    pub(crate) fn tells_apart(&self, section: Section) -> bool {
        self.entries(section).tells_apart() || self.hide.tells_apart()
    }

    pub(crate) fn entries(&self, section: Section) -> &Entries {
        match section {
            Section::Tools => &self.tools,
            Section::Resources => &self.resources,
            Section::Prompts => &self.prompts,
        }
    }
}

/// What applies to the names of one matcher.
#[derive(Debug)]
pub(crate) struct CompiledEntry {
    pub(crate) pointer: Arc<str>,
    /// An exact name or a glob permits what it matches; `"*"` and `all_tools` do not.
    pub(crate) lists: bool,
    pub(crate) hides: bool,
    pub(crate) shadow: bool,
    pub(crate) needs_definition: bool,
    /// Whether the answer to a payment challenge spends of one of its budgets.
    pub(crate) spends_on_challenge: bool,
    pub(crate) enforced: Constraints,
    pub(crate) shadowed: Constraints,
}

/// The constraints of one entry, by phase.
#[derive(Debug, Default)]
pub(crate) struct Constraints {
    pub(crate) validate: Vec<Constraint>,
    pub(crate) deny: Vec<Constraint>,
    pub(crate) hold: Vec<Constraint>,
    pub(crate) ask: Vec<Constraint>,
    pub(crate) limits: Vec<Limit>,
}

impl Constraints {
    fn all(&self) -> impl Iterator<Item = &Constraint> {
        self.validate.iter().chain(&self.deny).chain(&self.hold).chain(&self.ask)
    }
}

/// One constraint with everything that is said when it objects.
#[derive(Debug)]
pub(crate) struct Constraint {
    pub(crate) pointer: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) on_deny: Option<Arc<str>>,
    pub(crate) approval_timeout: Option<u64>,
    /// Whether it reads the tool's definition.
    pub(crate) needs_definition: bool,
    pub(crate) test: ConstraintTest,
}

#[derive(Debug)]
pub(crate) enum ConstraintTest {
    /// What the tool's own definition says of arguments must be so.
    Arguments(Validate),
    /// All conditions must hold, or all holding objects.
    Conditions {
        kindness: Kindness,
        conditions: Box<[Compiled]>,
        /// `when`, which must hold beside them.
        when: Option<Box<CompiledWhen>>,
        /// What is objected to, in words; empty where there are no conditions.
        objection: Arc<str>,
    },
}

/// An expression with the counters that it reads.
#[derive(Debug)]
pub(crate) struct CompiledWhen {
    pub(crate) expression: Expression,
    /// Those of its paths, in their order.
    pub(crate) counters: Box<[Option<CounterTemplate>]>,
}

impl CompiledWhen {
    pub(crate) fn judge(&self, look: &mut Look<'_>) -> Result<bool, String> {
        cel::judge(self.expression.program(), &self.counters, look)
    }
}

struct Compiler<'c> {
    document: &'c Document,
    section: Section,
    counters: &'c Counters<'c>,
    matcher: &'c Matcher,
    entry: &'c Entry,
    pointer: String,
}

/// What a rule, block or condition adds to its constraint besides the test.
struct Labels<'c> {
    pointer: String,
    name: Option<&'c str>,
    on_deny: Option<&'c str>,
    approval_timeout: Option<u64>,
    mode: Option<Mode>,
}

impl Compiler<'_> {
    fn entry(&self, counted: &[Counted<'_>]) -> CompiledEntry {
        let mut compiled = CompiledEntry {
            pointer: self.pointer.as_str().into(),
            lists: *self.matcher != Matcher::Every,
            hides: self.entry.hide,
            shadow: self.is_shadow(None),
            needs_definition: false,
            spends_on_challenge: false,
            enforced: Constraints::default(),
            shadowed: Constraints::default(),
        };
        self.validations(&mut compiled);
        self.requirements(&mut compiled);
        for (index, rule) in self.entry.rules.iter().enumerate() {
            self.rule(rule, index, &mut compiled);
        }
        self.blocks(&mut compiled);
        let needs = |of: &Constraints| of.all().any(|constraint| constraint.needs_definition);
        compiled.needs_definition = needs(&compiled.enforced) || needs(&compiled.shadowed);
        for counted in counted {
            let shadow = self.is_shadow(counted.mode);
            let limit = self.limit(counted, shadow);
            compiled.spends_on_challenge |=
                matches!(counted.adds, Adds::Money(Money { amount: SpendAmount::Challenge, .. }));
            compiled.of(shadow).limits.push(limit);
        }
        compiled
    }

    /// The most specific mode wins.
    fn is_shadow(&self, mode: Option<Mode>) -> bool {
        mode.or(self.entry.mode).or(self.document.mode) == Some(Mode::Shadow)
    }

    fn validations(&self, compiled: &mut CompiledEntry) {
        let entry = self.entry;
        if !entry.validate.is_empty() {
            let pointer = format!("{}/validate", self.pointer);
            let labels = Labels { pointer, name: None, on_deny: None, approval_timeout: None, mode: None };
            self.validation(entry.validate, &labels, compiled);
        }
        for (index, rule) in entry.rules.iter().enumerate().filter(|(_, rule)| !rule.validate.is_empty()) {
            self.validation(rule.validate, &self.labels(rule, index), compiled);
        }
    }

    fn validation(&self, validate: Validate, labels: &Labels<'_>, compiled: &mut CompiledEntry) {
        let constraint = labels.constraint(ConstraintTest::Arguments(validate));
        compiled.of(self.is_shadow(labels.mode)).validate.push(constraint);
    }

    fn requirements(&self, compiled: &mut CompiledEntry) {
        for (index, requirement) in self.entry.require.iter().enumerate() {
            let pointer = format!("{}/require/{index}", self.pointer);
            let (labels, conditions) = match requirement {
                Requirement::Condition(condition) => {
                    let labels =
                        Labels { pointer, name: None, on_deny: None, approval_timeout: None, mode: None };
                    (labels, std::slice::from_ref(condition))
                }
                Requirement::Block(block) => (Labels::of_block(block, pointer), block.conditions.as_slice()),
            };
            let test = self.conditions(Kindness::Allow, conditions.iter());
            compiled.of(self.is_shadow(labels.mode)).hold.push(labels.constraint(test));
        }
    }

    fn blocks(&self, compiled: &mut CompiledEntry) {
        for (index, block) in self.entry.deny_if.iter().enumerate() {
            let labels = Labels::of_block(block, format!("{}/deny_if/{index}", self.pointer));
            let test = self.conditions(Kindness::Deny, block.conditions.iter());
            compiled.of(self.is_shadow(labels.mode)).deny.push(labels.constraint(test));
        }
        for (index, block) in self.entry.approve_if.iter().enumerate() {
            let labels = Labels::of_block(block, format!("{}/approve_if/{index}", self.pointer));
            let test = self.conditions(Kindness::Deny, block.conditions.iter());
            compiled.of(self.is_shadow(labels.mode)).ask.push(labels.constraint(test));
        }
    }

    fn rule(&self, rule: &Rule, index: usize, compiled: &mut CompiledEntry) {
        let labels = self.labels(rule, index);
        let constraints = compiled.of(self.is_shadow(rule.mode));
        match rule.effective_action() {
            Action::Allow => {}
            Action::Evaluate => {
                // A bound on the rule's own counter is tested inside the reservation.
                let own =
                    |condition: &&Condition| quantity::bounds_own(condition, self.matcher, rule).is_none();
                let test =
                    self.guards(Kindness::Allow, rule.conditions.iter().filter(own), rule.when.as_ref());
                constraints.hold.push(labels.constraint(test));
            }
            Action::Deny => {
                constraints.deny.push(labels.constraint(self.objects(rule)));
            }
            Action::RequireApproval => {
                constraints.ask.push(labels.constraint(self.objects(rule)));
            }
        }
    }

    fn objects(&self, rule: &Rule) -> ConstraintTest {
        self.guards(Kindness::Deny, rule.conditions.iter(), rule.when.as_ref())
    }

    fn labels<'r>(&self, rule: &'r Rule, index: usize) -> Labels<'r> {
        Labels {
            pointer: format!("{}/rules/{index}", self.pointer),
            name: rule.name.as_deref(),
            on_deny: rule.on_deny.as_deref(),
            approval_timeout: rule.approval_timeout,
            mode: rule.mode,
        }
    }

    fn conditions<'d>(
        &self,
        kindness: Kindness,
        conditions: impl Iterator<Item = &'d Condition>,
    ) -> ConstraintTest {
        self.guards(kindness, conditions, None)
    }

    /// Conditions with an expression beside them.
    fn guards<'d>(
        &self,
        kindness: Kindness,
        conditions: impl Iterator<Item = &'d Condition>,
        when: Option<&Expression>,
    ) -> ConstraintTest {
        let counter = |path: &Path| self.counter(path);
        let standing = Standing::of(kindness);
        let conditions: Box<[Compiled]> =
            conditions.map(|condition| Compiled::new(condition, standing, &counter)).collect();
        let objection = match kindness {
            Kindness::Allow => Arc::from(""),
            Kindness::Deny => describe::objection(&conditions, when).into(),
        };
        let when = when.map(|expression| {
            let counters = expression.paths().map(|path| self.counter(path)).collect();
            Box::new(CompiledWhen { expression: expression.clone(), counters })
        });
        ConstraintTest::Conditions { kindness, conditions, when, objection }
    }

    /// The counter that a condition reads.
    fn counter(&self, path: &Path) -> Option<CounterTemplate> {
        let Path::State { entry, counter } = path else { return None };
        let Some(Lookup::Found(definition)) = self.counters.find(self.section, entry, counter) else {
            return None;
        };
        let mode = definition.counted.mode.or(definition.entry.mode).or(self.document.mode);
        let mut template = self.template(&definition.counted, definition.matcher, mode == Some(Mode::Shadow));
        if let Matcher::Exact(name) = definition.matcher {
            template.tool = Some(name.as_str().into());
        }
        Some(template)
    }

    fn template(&self, counted: &Counted<'_>, matcher: &Matcher, shadow: bool) -> CounterTemplate {
        CounterTemplate {
            section: self.section,
            matcher: matcher.as_str().into(),
            counter: counted.counter.as_str().into(),
            window: counted.window,
            align: counted.align,
            parts: limits::key_parts(counted),
            shared: counted.shared.map(Arc::from),
            shadow,
            tool: None,
        }
    }

    fn limit(&self, counted: &Counted<'_>, shadow: bool) -> Limit {
        Limit {
            pointer: format!("{}{}", self.pointer, counted.place.pointer()).into(),
            name: counted.name.map(Arc::from),
            on_deny: counted.on_deny.map(Arc::from),
            words: limits::words(counted).into(),
            template: self.template(counted, self.matcher, shadow),
            amount: limits::amount(counted),
            min: counted.min,
            bound: counted.bound,
            refund: counted.refund,
        }
    }
}

impl ConstraintTest {
    fn reads_definition(&self) -> bool {
        match self {
            ConstraintTest::Arguments(_) => true,
            ConstraintTest::Conditions { conditions, when, .. } => {
                let mut paths = when.iter().flat_map(|when| when.expression.paths());
                let mut reads = paths.any(Path::reads_definition);
                let mut each = |leaf: &CompiledLeaf| reads |= leaf.written.path.reads_definition();
                conditions.iter().for_each(|condition| condition.leaves(&mut each));
                reads
            }
        }
    }
}

impl CompiledEntry {
    fn of(&mut self, shadow: bool) -> &mut Constraints {
        if shadow { &mut self.shadowed } else { &mut self.enforced }
    }
}

impl<'c> Labels<'c> {
    fn of_block(block: &'c Block, pointer: String) -> Labels<'c> {
        Labels {
            pointer,
            name: block.name.as_deref(),
            on_deny: block.on_deny.as_deref(),
            approval_timeout: None,
            mode: block.mode,
        }
    }

    fn constraint(&self, test: ConstraintTest) -> Constraint {
        Constraint {
            pointer: self.pointer.as_str().into(),
            name: self.name.map(Arc::from),
            on_deny: self.on_deny.map(Arc::from),
            approval_timeout: self.approval_timeout,
            needs_definition: test.reads_definition(),
            test,
        }
    }
}
