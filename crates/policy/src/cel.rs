//! CEL expressions of rules: `when: "args.amount <= 500 && args.currency in ['usd', 'eur']"`.
//!
//! The text is parsed once, every name in it is checked, and what is left is a small tree that is judged right on the
//! call's document. Judging takes a bounded number of steps, and whatever goes wrong in it is unjudgeable with a
//! reason: a missing argument, values that cannot be compared, an overflow, too many steps.
//!
//! Where CEL would let a call slip through it is stricter: values of different types are not unequal but unjudgeable
//! (with a `null` that is written out anything may be compared), and so is a number that is exactly neither an int64 nor a double.

mod function;
mod load;
mod number;
mod run;
mod search;
mod value;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::path::Path;
use crate::regular::Regular;

pub(crate) use load::{Budget, read};
pub(crate) use run::judge;

/// An expression that is equal to another if its text is.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    program: Arc<Program>,
}

impl Expression {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Every argument, fact and counter that it mentions.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.program.reads.iter().map(|read| &read.path)
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

/// What an expression does.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) reads: Vec<Read>,
    root: Term,
}

/// A name that the expression reads.
#[derive(Debug)]
pub(crate) struct Read {
    /// `args` alone is a path without steps.
    pub(crate) path: Path,
    /// `argument "amount"`
    pub(crate) subject: Arc<str>,
}

/// One node of an expression.
#[derive(Debug)]
enum Term {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Arc<str>),
    List(Vec<Term>),
    /// One of the program's reads.
    Read(usize),
    /// `has(…)` of one of the program's reads.
    Has(usize),
    /// `has(x.field)` of a variable.
    HasField(Box<Term>, Arc<str>),
    /// A variable of a comprehension, by its place among those that are in scope.
    Variable(usize),
    /// What a comprehension has come to so far.
    Accumulator(usize),
    Select(Box<Term>, Arc<str>),
    Index(Box<Term>, Box<Term>),
    Not(Box<Term>),
    Negate(Box<Term>),
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    /// `condition ? then : otherwise`
    Choose(Box<[Term; 3]>),
    Binary(Operator, Box<Term>, Box<Term>),
    Call(Function, Box<[Term]>),
    Matches(Box<Term>, Regular),
    /// True unless the value is definitely false: goes on with a comprehension.
    NotStrictlyFalse(Box<Term>),
    Fold(Box<Fold>),
}

/// A comprehension: `all`, `exists`, `exists_one`, `map` and `filter` are written with it.
#[derive(Debug)]
struct Fold {
    range: Term,
    /// The place of the accumulator among the variables; that of the item follows.
    accumulator: usize,
    start: Term,
    while_true: Term,
    step: Term,
    result: Term,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// Whether an operator that orders two values holds for ones that stand so.
    fn takes(self, order: Ordering) -> bool {
        match self {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            _ => false,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    Int,
    Double,
    String,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Function::Size => "size",
            Function::StartsWith => "startsWith",
            Function::EndsWith => "endsWith",
            Function::Contains => "contains",
            Function::Int => "int",
            Function::Double => "double",
            Function::String => "string",
        }
    }
}
