//! Text to program: parsing, names, bounds.

use std::sync::Arc;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::parser::Parser;

use super::{Expression, Fold, Function, Operator, Program, Read, Term};
use crate::describe;
use crate::diagnostic::{did_you_mean, quoted};
use crate::path::{Path, PathError, ROOTS, Step};
use crate::regular::{self, Regular};

/// Longest expression, in bytes.
const MOST_TEXT: usize = 4_096;
/// Longest that all expressions of one document may be together.
const MOST_TOGETHER: usize = 256 << 10;
/// Deepest nesting of brackets, and of the tree.
const MOST_DEEP: usize = 32;
/// Most nodes of one expression.
const MOST_TERMS: usize = 1_000;
/// Most comprehensions inside each other.
const MOST_FOLDS: usize = 3;

const BAD_REGEX: &str = "a sign that stands for itself needs `\\\\` before it inside quotes: `\\\\.`";
const SEVERAL_RULES: &str = "write it as several rules: all of them must hold";

/// What further expressions of a document may cost.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Budget {
        Budget(MOST_TOGETHER)
    }
}

/// What is wrong with an expression.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

fn wrong(code: &'static str, message: impl Into<String>) -> Wrong {
    Wrong { code, message: message.into(), help: None }
}

impl Wrong {
    fn help(self, help: impl Into<String>) -> Wrong {
        Wrong { help: Some(help.into()), ..self }
    }
}

/// Reads an expression.
pub(crate) fn read(
    text: &str,
    budget: &mut Budget,
    regexes: &mut regular::Budget,
) -> Result<Expression, Wrong> {
    if text.len() > MOST_TEXT {
        return Err(wrong("too-large", format!("this expression is longer than {MOST_TEXT} bytes"))
            .help(SEVERAL_RULES));
    }
    let together = || {
        wrong("too-large", "the expressions of this document are too long together")
            .help("write what is simple as `conditions`")
    };
    budget.0 = budget.0.checked_sub(text.len()).ok_or_else(together)?;
    if nesting(text) > MOST_DEEP {
        return Err(too_deep());
    }
    let parsed = Parser::new().max_recursion_depth(2 * MOST_DEEP as u16).parse(text).map_err(|errors| {
        let first = errors.errors.first();
        let message = first.map(|error| error.msg.lines().next().unwrap_or_default());
        syntax(message.unwrap_or_default(), text)
    })?;
    let mut loader = Loader { reads: Vec::new(), scope: Vec::new(), terms: 0, deep: 0, folds: 0, regexes };
    let root = loader.term(&parsed)?;
    if let Some(what) = never_bool(&root) {
        return Err(wrong(
            "not-boolean",
            format!("this expression is {what}, which is neither true nor false"),
        )
        .help("compare it with something: `args.amount + args.fee <= 500`"));
    }
    let program = Program { reads: loader.reads, root };
    Ok(Expression { text: text.into(), program: Arc::new(program) })
}

/// What a term comes to that is never true or false, whatever the call.
fn never_bool(term: &Term) -> Option<&'static str> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    match term {
        Term::Null => Some("null"),
        Term::Int(_) | Term::Double(_) | Term::Negate(_) => Some("a number"),
        Term::Text(_) => Some("text"),
        Term::List(_) => Some("a list"),
        Term::Binary(Add, ..) => Some("a sum"),
        Term::Binary(Subtract | Multiply | Divide | Remainder, ..) => Some("a number"),
        Term::Call(Function::Size | Function::Int | Function::Double, _) => Some("a number"),
        Term::Call(Function::String, _) => Some("text"),
        Term::Not(of) => never_bool(of),
        Term::Choose(parts) => {
            let [_, then, otherwise] = parts.as_ref();
            never_bool(then).filter(|_| never_bool(otherwise).is_some())
        }
        // `map` and `filter` begin with a list and give back what they gathered.
        Term::Fold(fold) if matches!(fold.result, Term::Accumulator(_)) => never_bool(&fold.start),
        _ => None,
    }
}

fn too_deep() -> Wrong {
    wrong("too-deep", format!("this expression is nested more than {MOST_DEEP} deep")).help(SEVERAL_RULES)
}

/// The parser's words without the names of its tokens.
fn syntax(message: &str, text: &str) -> Wrong {
    const EXAMPLE: &str = "such as `args.amount <= 500 && args.currency in ['usd', 'eur']`";
    if text.trim().is_empty() {
        return wrong("bad-expression", "an empty text is no CEL expression").help(EXAMPLE);
    }
    let message = message.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    if message.contains("<EOF>") {
        return wrong("bad-expression", "not a CEL expression: it ends where more is expected")
            .help("look for an operator without its right side, an open bracket or an open quote");
    }
    wrong("bad-expression", format!("not a CEL expression: {message}")).help(EXAMPLE)
}

/// How deep brackets, and runs of signs, are nested, counted before a parser spends its stack on them. Brackets inside
/// texts count too.
fn nesting(text: &str) -> usize {
    let (mut deep, mut deepest, mut run) = (0_usize, 0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => deep += 1,
            b')' | b']' | b'}' => deep = deep.saturating_sub(1),
            _ => {}
        }
        run = if matches!(byte, b'!' | b'-') {
            run + 1
        } else if byte == b' ' {
            run
        } else {
            0
        };
        deepest = deepest.max(deep).max(run);
    }
    deepest
}

struct Loader<'b> {
    reads: Vec<Read>,
    /// Variables of the comprehensions around, outermost first.
    scope: Vec<String>,
    terms: usize,
    deep: usize,
    folds: usize,
    regexes: &'b mut regular::Budget,
}

impl Loader<'_> {
    fn term(&mut self, expr: &IdedExpr) -> Result<Term, Wrong> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(wrong("too-large", format!("this expression has more than {MOST_TERMS} parts"))
                .help(SEVERAL_RULES));
        }
        self.deep += 1;
        // What a comprehension is written with adds to the depth of the text.
        if self.deep > 4 * MOST_DEEP {
            return Err(too_deep());
        }
        let term = self.of(expr);
        self.deep -= 1;
        term
    }

    fn boxed(&mut self, expr: &IdedExpr) -> Result<Box<Term>, Wrong> {
        self.term(expr).map(Box::new)
    }

    fn of(&mut self, expr: &IdedExpr) -> Result<Term, Wrong> {
        if let Some(path) = self.name(&expr.expr)? {
            return Ok(Term::Read(self.read(path)));
        }
        match &expr.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) if select.test => self.has(&select.operand, &select.field),
            Expr::Select(select) => {
                Ok(Term::Select(self.boxed(&select.operand)?, select.field.as_str().into()))
            }
            Expr::List(list) => {
                let items: Result<Vec<Term>, Wrong> =
                    list.elements.iter().map(|item| self.term(item)).collect();
                items.map(Term::List)
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(fold) => self.fold(fold),
            Expr::Map(_) => Err(wrong("bad-expression", "maps cannot be written in `when`")
                .help("compare the members one by one: `args.a.b == 1`")),
            Expr::Struct(_) | Expr::Unspecified => {
                Err(wrong("bad-expression", "messages cannot be written in `when`")
                    .help("compare the members one by one: `args.a.b == 1`"))
            }
        }
    }

    fn literal(&self, literal: &LiteralValue) -> Result<Term, Wrong> {
        Ok(match literal {
            LiteralValue::Null => Term::Null,
            LiteralValue::Boolean(value) => Term::Bool(*value.inner()),
            LiteralValue::Int(value) => Term::Int(*value.inner()),
            LiteralValue::Double(value) if value.inner().is_finite() => Term::Double(*value.inner()),
            LiteralValue::String(value) => Term::Text(value.inner().into()),
            LiteralValue::Double(_) => {
                return Err(wrong("number-out-of-range", "this number is beyond those of a double")
                    .help("compare it in `conditions`, which take numbers of any size"));
            }
            LiteralValue::UInt(value) => {
                return Err(wrong("bad-expression", "unsigned numbers do not occur in calls")
                    .help(format!("write `{}`", value.inner())));
            }
            LiteralValue::Bytes(_) => {
                return Err(wrong("bad-expression", "bytes do not occur in calls").help("write a text: 'a'"));
            }
        })
    }

    fn variable(&self, name: &str) -> Result<Term, Wrong> {
        let place = self.scope.iter().rposition(|variable| variable == name);
        let variable = if name.starts_with('@') { Term::Accumulator } else { Term::Variable };
        place.map(variable).ok_or_else(|| self.unknown_name(name))
    }

    fn unknown_name(&self, name: &str) -> Wrong {
        let known = self.scope.iter().map(String::as_str).filter(|name| !name.starts_with('@')).chain(ROOTS);
        let help = did_you_mean(name, known).unwrap_or_else(|| format!("did you mean `args.{name}`?"));
        wrong("unknown-name", format!("nothing is called {} here", quoted(name))).help(help)
    }

    /// The path that a chain of names and literal indexes spells, where it begins with one of the known names.
    fn name(&self, expr: &Expr) -> Result<Option<Path>, Wrong> {
        let Some((root, steps)) = chain(expr) else { return Ok(None) };
        if self.scope.iter().any(|variable| variable == root) || !ROOTS.contains(&root) {
            return Ok(None);
        }
        let root = root.to_owned();
        if root == "args" {
            return Ok(Some(Path::Args(steps)));
        }
        match Path::of(&root, steps) {
            Ok(path) => Ok(Some(path)),
            Err(PathError::Malformed(why)) => {
                Err(wrong("unknown-name", format!("this is none of the names under `{root}`")).help(why))
            }
            Err(PathError::UnknownRoot(root)) => Err(self.unknown_name(&root)),
        }
    }

    fn read(&mut self, path: Path) -> usize {
        let known = self.reads.iter().position(|read| read.path == path);
        known.unwrap_or_else(|| {
            let subject = match &path {
                Path::Args(steps) if steps.is_empty() => "the arguments".into(),
                path => describe::subject_of(path, None).into(),
            };
            self.reads.push(Read { path, subject });
            self.reads.len() - 1
        })
    }

    fn has(&mut self, operand: &IdedExpr, field: &str) -> Result<Term, Wrong> {
        let Some((root, mut steps)) = chain(&operand.expr) else {
            return Ok(Term::HasField(self.boxed(operand)?, field.into()));
        };
        let in_scope = self.scope.iter().any(|variable| variable == root);
        if in_scope {
            return Ok(Term::HasField(self.boxed(operand)?, field.into()));
        }
        steps.push(Step::Key(field.to_owned()));
        let path = match root {
            "args" => Path::Args(steps),
            root => Path::of(root, steps).map_err(|error| match error {
                PathError::Malformed(why) => {
                    wrong("unknown-name", format!("this is none of the names under `{root}`")).help(why)
                }
                PathError::UnknownRoot(root) => self.unknown_name(&root),
            })?,
        };
        if path.is_always_there() {
            return Err(wrong("no-effect", format!("`{path}` is never missing")).help("leave the `has` out"));
        }
        Ok(Term::Has(self.read(path)))
    }

    fn call(&mut self, call: &CallExpr) -> Result<Term, Wrong> {
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let name = call.func_name.as_str();
        if let Some(operator) = operator(name)
            && let [left, right] = arguments.as_slice()
        {
            return Ok(Term::Binary(operator, self.boxed(left)?, self.boxed(right)?));
        }
        match (name, arguments.as_slice()) {
            (operators::LOGICAL_AND, [left, rest @ ..]) => self.joined(left, rest, Term::And),
            (operators::LOGICAL_OR, [left, rest @ ..]) => self.joined(left, rest, Term::Or),
            (operators::LOGICAL_NOT, [of]) => self.boxed(of).map(Term::Not),
            (operators::NEGATE, [of]) => self.boxed(of).map(Term::Negate),
            (operators::INDEX, [of, index]) => Ok(Term::Index(self.boxed(of)?, self.boxed(index)?)),
            (operators::NOT_STRICTLY_FALSE, [of]) => self.boxed(of).map(Term::NotStrictlyFalse),
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                let all = [self.term(condition)?, self.term(then)?, self.term(otherwise)?];
                Ok(Term::Choose(Box::new(all)))
            }
            ("matches", [text, pattern]) => self.matches(text, pattern),
            _ => self.function(name, call.target.is_some(), &arguments),
        }
    }

    fn joined(
        &mut self,
        left: &IdedExpr,
        rest: &[&IdedExpr],
        join: fn(Box<Term>, Box<Term>) -> Term,
    ) -> Result<Term, Wrong> {
        let mut joined = self.term(left)?;
        for right in rest {
            joined = join(Box::new(joined), self.boxed(right)?);
        }
        Ok(joined)
    }

    fn matches(&mut self, text: &IdedExpr, pattern: &IdedExpr) -> Result<Term, Wrong> {
        let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else {
            return Err(wrong(
                "bad-regex",
                "the pattern of `matches` is written as text, so that it can be checked",
            )
            .help("such as `args.a.matches('^[a-z]+$')`"));
        };
        let regular = Regular::new(pattern.inner(), false, self.regexes)
            .map_err(|why| wrong("bad-regex", format!("the regular expression {why}")).help(BAD_REGEX))?;
        Ok(Term::Matches(self.boxed(text)?, regular))
    }

    fn function(&mut self, name: &str, method: bool, arguments: &[&IdedExpr]) -> Result<Term, Wrong> {
        // Whether it is called on a value, and how many arguments it has with that.
        const FUNCTIONS: [(Function, &[bool], usize); 7] = [
            (Function::Size, &[true, false], 1),
            (Function::StartsWith, &[true], 2),
            (Function::EndsWith, &[true], 2),
            (Function::Contains, &[true], 2),
            (Function::Int, &[false], 1),
            (Function::Double, &[false], 1),
            (Function::String, &[false], 1),
        ];
        let Some((function, styles, count)) = FUNCTIONS.into_iter().find(|(of, ..)| of.name() == name) else {
            let macros = ["has", "all", "exists", "exists_one", "map", "filter", "matches"];
            let known = FUNCTIONS.iter().map(|(of, ..)| of.name()).chain(macros);
            let help = did_you_mean(name, known).unwrap_or_else(|| {
                "known are `size`, `startsWith`, `endsWith`, `contains`, `matches`, `int`, `double`, `string`, `has`, `all`, `exists`, `exists_one`, `map` and `filter`".to_owned()
            });
            return Err(
                wrong("unknown-function", format!("no function is called {}", quoted(name))).help(help)
            );
        };
        if !styles.contains(&method) || arguments.len() != count {
            let form = if styles.contains(&false) { format!("{name}(x)") } else { format!("x.{name}(y)") };
            return Err(wrong("bad-expression", format!("`{name}` is called otherwise"))
                .help(format!("write `{form}`")));
        }
        let arguments: Result<Vec<Term>, Wrong> =
            arguments.iter().map(|argument| self.term(argument)).collect();
        Ok(Term::Call(function, arguments?.into()))
    }

    fn fold(&mut self, fold: &ComprehensionExpr) -> Result<Term, Wrong> {
        self.folds += 1;
        if self.folds > MOST_FOLDS {
            return Err(wrong(
                "too-deep",
                format!("more than {MOST_FOLDS} comprehensions inside each other"),
            )
            .help(SEVERAL_RULES));
        }
        if ROOTS.contains(&fold.iter_var.as_str()) {
            return Err(wrong("bad-expression", format!("`{}` has a meaning already", fold.iter_var))
                .help("give the variable another name"));
        }
        let (range, start) = (self.term(&fold.iter_range)?, self.term(&fold.accu_init)?);
        let accumulator = self.scope.len();
        self.scope.extend([fold.accu_var.clone(), fold.iter_var.clone()]);
        let inner = (self.term(&fold.loop_cond)?, self.term(&fold.loop_step)?);
        let result = self.term(&fold.result)?;
        self.scope.truncate(accumulator);
        self.folds -= 1;
        let (while_true, step) = inner;
        Ok(Term::Fold(Box::new(Fold { range, accumulator, start, while_true, step, result })))
    }
}

/// A name with the members and items that literals choose in it.
fn chain(expr: &Expr) -> Option<(&str, Vec<Step>)> {
    match expr {
        Expr::Ident(name) => Some((name, Vec::new())),
        Expr::Select(select) if !select.test => {
            let (root, mut steps) = chain(&select.operand.expr)?;
            steps.push(Step::Key(select.field.clone()));
            Some((root, steps))
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
            let [of, index] = arguments.as_slice() else { return None };
            let (root, mut steps) = chain(&of.expr)?;
            steps.push(match &index.expr {
                Expr::Literal(LiteralValue::String(key)) => Step::Key(key.inner().to_owned()),
                Expr::Literal(LiteralValue::Int(index)) => Step::Index(usize::try_from(*index.inner()).ok()?),
                _ => return None,
            });
            Some((root, steps))
        }
        _ => None,
    }
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::IN => Operator::In,
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}
