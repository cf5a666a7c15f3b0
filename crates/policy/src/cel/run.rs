//! A program at work on one call.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use interlock_json::{Kind, Value};

use super::number::{self, Number};
use super::value::{Fault, Val, equal, order};
use super::{Fold, Operator, Program, Term};
use crate::condition::{Look, Why};
use crate::counter::CounterTemplate;
use crate::fact::{self, Found};
use crate::path::{Entered, Path, Step, enter};

/// Most steps of one judgement: each part of the expression is one, and so are 64 bytes of a text that is looked at.
const MOST_STEPS: usize = 100_000;

const TOO_MANY: &str = "`when` takes too many steps with these arguments";

pub(super) type Judged<T> = Result<T, Fault>;

/// Whether the expression is true of the call, or why it cannot be judged. `counters` are those of the program's
/// reads.
pub(crate) fn judge(
    program: &Program,
    counters: &[Option<CounterTemplate>],
    look: &mut Look<'_>,
) -> Result<bool, String> {
    let mut run = Run { program, counters, look, variables: Vec::new(), left: MOST_STEPS };
    let judged = run.term(&program.root);
    match judged {
        // Nothing absorbs this one: what was not judged to its end was not judged.
        _ if run.left == 0 => Err(TOO_MANY.to_owned()),
        Ok(Val::Bool(value)) => Ok(value),
        Ok(other) => Err(format!("`when` must be true or false, not {}", other.words())),
        Err(fault) => Err(run.told(fault, &program.root)),
    }
}

pub(super) struct Run<'p, 'l, 'a> {
    program: &'p Program,
    counters: &'p [Option<CounterTemplate>],
    look: &'l mut Look<'a>,
    variables: Vec<Judged<Val<'a>>>,
    left: usize,
}

impl<'a> Run<'_, '_, 'a> {
    pub(super) fn spend(&mut self, steps: usize) -> Judged<()> {
        let left = self.left.checked_sub(steps);
        self.left = left.unwrap_or_default();
        left.map(drop).ok_or_else(|| Fault::sentence(TOO_MANY))
    }

    /// The fault as a sentence about what the term names.
    fn told(&self, fault: Fault, term: &Term) -> String {
        match fault {
            Fault::Sentence(sentence) => sentence,
            Fault::Value(why) => format!("{} {}", self.subject(term), why.words()),
            Fault::Unread => "a counter could not be read".to_owned(),
        }
    }

    fn subject(&self, term: &Term) -> String {
        match term {
            Term::Read(index) | Term::Has(index) => {
                self.program.reads.get(*index).map_or_else(String::new, |read| read.subject.to_string())
            }
            Term::Select(of, _) | Term::Index(of, _) | Term::HasField(of, _) => {
                format!("a part of {}", self.subject(of))
            }
            Term::Variable(_) => "an item".to_owned(),
            _ => "a value in `when`".to_owned(),
        }
    }

    /// The value of a term, where a fault says what it is about.
    pub(super) fn part(&mut self, term: &Term) -> Judged<Val<'a>> {
        self.term(term).map_err(|fault| match fault {
            Fault::Value(_) => Fault::Sentence(self.told(fault, term)),
            other => other,
        })
    }

    fn term(&mut self, term: &Term) -> Judged<Val<'a>> {
        self.spend(1)?;
        match term {
            Term::Null => Ok(Val::Null),
            Term::Bool(value) => Ok(Val::Bool(*value)),
            Term::Int(value) => Ok(Val::Number(Number::Int(*value))),
            Term::Double(value) => Ok(Val::Number(Number::Double(*value))),
            Term::Text(text) => {
                self.spend(text.len() / 64)?;
                Ok(Val::Text(Cow::Owned(text.to_string())))
            }
            Term::List(items) => {
                let items: Judged<Vec<Val<'a>>> = items.iter().map(|item| self.part(item)).collect();
                Ok(Val::List(Rc::new(items?)))
            }
            Term::Read(index) => self.read(*index),
            Term::Has(index) => self.has(*index),
            Term::HasField(of, field) => {
                let value = self.part(of)?;
                self.has_field(of, &value, field)
            }
            Term::Variable(place) | Term::Accumulator(place) => {
                if let Some(Ok(Val::Text(Cow::Owned(text)))) = self.variables.get(*place) {
                    self.spend(text.len() / 64)?;
                }
                self.variables.get(*place).cloned().unwrap_or(Ok(Val::Null))
            }
            Term::Select(of, field) => {
                let value = self.part(of)?;
                self.member(of, &value, &Step::Key(field.to_string()))
            }
            Term::Index(of, index) => self.index(of, index),
            Term::Not(of) => self.boolean(of).map(|value| Val::Bool(!value)),
            Term::Negate(of) => self.negate(of),
            Term::And(left, right) => self.joined(left, right, false),
            Term::Or(left, right) => self.joined(left, right, true),
            Term::Choose(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                if self.boolean(condition)? { self.part(then) } else { self.part(otherwise) }
            }
            Term::Binary(operator, left, right) => self.binary(*operator, left, right),
            Term::Call(function, arguments) => self.call(*function, arguments),
            Term::Matches(of, regular) => {
                let text = self.text(of, "matches")?;
                self.spend(text.len() / 16)?;
                Ok(Val::Bool(regular.is_match(&text)))
            }
            Term::NotStrictlyFalse(of) => Ok(Val::Bool(!matches!(self.term(of), Ok(Val::Bool(false))))),
            Term::Fold(fold) => self.fold(fold),
        }
    }

    fn read(&mut self, index: usize) -> Judged<Val<'a>> {
        let Some(read) = self.program.reads.get(index) else { return Err(Fault::Value(Why::NotKnown)) };
        match &read.path {
            Path::Args(steps) => {
                let found = self.argument(steps)?;
                self.taken(found.ok_or(Fault::Value(Why::Missing))?)
            }
            Path::State { .. } => self.counter(index),
            path => match fact::find(path, None, self.look.call, self.look.facts) {
                Some(Found::Text(text)) => Ok(Val::Text(Cow::Borrowed(text))),
                Some(Found::Number(number)) => Val::decimal(number),
                Some(Found::Value(value)) => Val::of(value),
                Some(Found::Missing) => Err(Fault::Value(Why::Missing)),
                Some(Found::NotKnown) | None => Err(Fault::Value(Why::NotKnown)),
            },
        }
    }

    /// A value of the call. Texts may have to be unescaped, and numbers read, each time.
    fn taken(&mut self, value: Value<'a>) -> Judged<Val<'a>> {
        if matches!(value.kind(), Kind::String | Kind::Number) {
            self.spend(value.raw().len() / 64)?;
        }
        Val::of(value)
    }

    fn argument(&mut self, steps: &[Step]) -> Judged<Option<Value<'a>>> {
        let Some(mut value) = self.look.call.arguments else { return Ok(None) };
        for step in steps {
            if value.is_null() {
                return Ok(None);
            }
            self.spend(1 + value.len() / 16)?;
            value = match enter(value, step) {
                Entered::At(next) => next,
                Entered::Nothing => return Ok(None),
                Entered::Astray => return Err(Fault::Value(Why::NoSuchStep { found: value.kind() })),
            };
        }
        Ok(Some(value))
    }

    fn counter(&mut self, index: usize) -> Judged<Val<'a>> {
        let Some(Some(template)) = self.counters.get(index) else {
            return Err(Fault::Value(Why::CounterUnreadable));
        };
        match self.look.counter(template) {
            Ok(value) => Val::decimal(value),
            Err(Why::CounterUnread) => Err(Fault::Unread),
            Err(why) => Err(Fault::Value(why)),
        }
    }

    fn has(&mut self, index: usize) -> Judged<Val<'a>> {
        let Some(read) = self.program.reads.get(index) else { return Err(Fault::Value(Why::NotKnown)) };
        let there = match &read.path {
            Path::Args(steps) => self.argument(steps)?.is_some(),
            path => match fact::find(path, None, self.look.call, self.look.facts) {
                Some(Found::Text(_) | Found::Number(_) | Found::Value(_)) => true,
                Some(Found::Missing) => false,
                Some(Found::NotKnown) | None => return Err(Fault::Value(Why::NotKnown)),
            },
        };
        Ok(Val::Bool(there))
    }

    fn has_field(&mut self, of: &Term, value: &Val<'a>, field: &str) -> Judged<Val<'a>> {
        match value {
            Val::Json(value) if value.is_object() => {
                self.spend(1 + value.len() / 16)?;
                Ok(Val::Bool(value.get(field).is_some()))
            }
            other => Err(self.not(of, "an object", other)),
        }
    }

    /// `argument "a" must be text, not a number`
    pub(super) fn not(&self, term: &Term, wanted: &str, found: &Val<'_>) -> Fault {
        Fault::Sentence(format!("{} must be {wanted}, not {}", self.subject(term), found.words()))
    }

    fn member(&mut self, of: &Term, value: &Val<'a>, step: &Step) -> Judged<Val<'a>> {
        let found = match (value, step) {
            (Val::Json(value), step) => {
                self.spend(1 + value.len() / 16)?;
                match enter(*value, step) {
                    Entered::At(next) => Some(self.taken(next)?),
                    Entered::Nothing => None,
                    Entered::Astray => {
                        return Err(Fault::Value(Why::NoSuchStep { found: value.kind() }));
                    }
                }
            }
            (Val::List(items), Step::Index(index)) => items.get(*index).cloned(),
            (other, Step::Index(_)) => return Err(self.not(of, "an array", other)),
            (other, _) => return Err(self.not(of, "an object", other)),
        };
        found.ok_or(Fault::Value(Why::Missing))
    }

    fn index(&mut self, of: &Term, index: &Term) -> Judged<Val<'a>> {
        let value = self.part(of)?;
        let step = match self.part(index)? {
            Val::Text(key) if !value.is_array() => Step::Key(key.into_owned()),
            Val::Number(Number::Int(at)) => match usize::try_from(at) {
                Ok(at) => Step::Index(at),
                Err(_) => return Err(Fault::Value(Why::Missing)),
            },
            other => return Err(self.not(index, "a key or an index", &other)),
        };
        self.member(of, &value, &step)
    }

    fn boolean(&mut self, term: &Term) -> Judged<bool> {
        match self.part(term)? {
            Val::Bool(value) => Ok(value),
            other => Err(self.not(term, "true or false", &other)),
        }
    }

    pub(super) fn text(&mut self, term: &Term, function: &str) -> Judged<Cow<'a, str>> {
        match self.part(term)? {
            Val::Text(text) => Ok(text),
            other => Err(Fault::Sentence(format!(
                "{} must be text for `{function}`, not {}",
                self.subject(term),
                other.words()
            ))),
        }
    }

    /// Kleene's `&&` and `||`: one side that settles it is enough, whatever is wrong with the other.
    fn joined(&mut self, left: &Term, right: &Term, settles: bool) -> Judged<Val<'a>> {
        let left = self.boolean(left);
        if matches!(left, Ok(value) if value == settles) {
            return Ok(Val::Bool(settles));
        }
        let right = self.boolean(right);
        match (left, right) {
            (_, Ok(value)) if value == settles => Ok(Val::Bool(settles)),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok(_), Ok(_)) => Ok(Val::Bool(!settles)),
        }
    }

    fn negate(&mut self, of: &Term) -> Judged<Val<'a>> {
        match self.part(of)? {
            Val::Number(Number::Int(value)) => {
                value.checked_neg().map(|value| Val::Number(Number::Int(value))).ok_or_else(overflow)
            }
            Val::Number(Number::Double(value)) => Ok(Val::Number(Number::Double(-value))),
            other => Err(self.not(of, "a number", &other)),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Term, right: &Term) -> Judged<Val<'a>> {
        let b = self.part(right)?;
        let a = self.grown(operator, left)?;
        let holds = match operator {
            // The author who writes `null` out asks for it.
            Operator::Equal | Operator::NotEqual
                if matches!(left, Term::Null) || matches!(right, Term::Null) =>
            {
                let same = matches!((&a, &b), (Val::Null, Val::Null));
                Some(same == (operator == Operator::Equal))
            }
            Operator::Equal | Operator::NotEqual => {
                self.spend(compared(&a, &b))?;
                equal(&a, &b)?.map(|same| same == (operator == Operator::Equal))
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.spend(compared(&a, &b))?;
                order(&a, &b).map(|order| operator.takes(order))
            }
            Operator::In => self.contained(&a, &b)?,
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => {
                return self.computed(operator, left, right, a, b);
            }
        };
        holds.map(Val::Bool).ok_or_else(|| self.incomparable(operator, left, right, &a, &b))
    }

    /// The left side. The list that a comprehension adds to is taken out of its variable, so that it grows in place:
    /// nothing else looks at the accumulator before the step has given it its next value.
    fn grown(&mut self, operator: Operator, left: &Term) -> Judged<Val<'a>> {
        if let (Operator::Add, Term::Accumulator(place)) = (operator, left)
            && let Some(accumulator) = self.variables.get_mut(*place)
        {
            return std::mem::replace(accumulator, Ok(Val::Null));
        }
        self.part(left)
    }

    /// Names the side that comes from the call.
    fn incomparable(&self, operator: Operator, left: &Term, right: &Term, a: &Val<'_>, b: &Val<'_>) -> Fault {
        let (term, found, other) = if matches!(right, Term::Read(_)) && !matches!(left, Term::Read(_)) {
            (right, b, a)
        } else {
            (left, a, b)
        };
        Fault::Sentence(format!(
            "{} is {}, which `{}` does not compare with {}",
            self.subject(term),
            found.words(),
            operator.sign(),
            other.words()
        ))
    }

    /// True if one item is equal, unknown if none could be.
    fn contained(&mut self, a: &Val<'a>, b: &Val<'a>) -> Judged<Option<bool>> {
        if let (Val::Text(key), Val::Json(object)) = (a, b)
            && object.is_object()
        {
            self.spend(1 + object.len() / 16)?;
            return Ok(Some(object.get(key).is_some()));
        }
        if !b.is_array() {
            return Ok(None);
        }
        self.spend(b.weight())?;
        let items = b.items().unwrap_or_default();
        let (mut comparable, mut fault) = (items.is_empty(), None);
        for item in items {
            self.spend(1 + a.weight())?;
            match item.and_then(|item| equal(a, &item)) {
                Ok(Some(true)) => return Ok(Some(true)),
                Ok(Some(false)) => comparable = true,
                Ok(None) => {}
                Err(found) => fault = Some(found),
            }
        }
        match fault {
            Some(fault) => Err(fault),
            None => Ok(comparable.then_some(false)),
        }
    }

    fn computed(
        &mut self,
        operator: Operator,
        left: &Term,
        right: &Term,
        a: Val<'a>,
        b: Val<'a>,
    ) -> Judged<Val<'a>> {
        match (operator, a, b) {
            (_, Val::Number(a), Val::Number(b)) => arithmetic(operator, a, b).map(Val::Number),
            (Operator::Add, Val::Text(a), Val::Text(b)) => {
                self.spend((a.len() + b.len()) / 64)?;
                Ok(Val::Text(Cow::Owned([a, b].concat())))
            }
            (Operator::Add, Val::List(mut a), Val::List(b)) => {
                // A comprehension's own list is held by nobody else and grows in place.
                let copied = if Rc::get_mut(&mut a).is_some() { 0 } else { a.len() };
                self.spend(copied + b.len())?;
                Rc::make_mut(&mut a).extend(b.iter().cloned());
                Ok(Val::List(a))
            }
            (_, a, b) => Err(Fault::Sentence(format!(
                "`{}` does not join {} ({}) and {} ({})",
                operator.sign(),
                self.subject(left),
                a.words(),
                self.subject(right),
                b.words()
            ))),
        }
    }

    fn fold(&mut self, fold: &Fold) -> Judged<Val<'a>> {
        let range = self.part(&fold.range)?;
        self.spend(range.weight())?;
        let Some(items) = range.items() else { return Err(self.not(&fold.range, "an array", &range)) };
        let start = self.term(&fold.start);
        self.variables.truncate(fold.accumulator);
        self.variables.push(start);
        let result = self.folded(fold, items);
        self.variables.truncate(fold.accumulator);
        result
    }

    fn folded(&mut self, fold: &Fold, items: Vec<Judged<Val<'a>>>) -> Judged<Val<'a>> {
        for item in items {
            if !matches!(self.term(&fold.while_true)?, Val::Bool(true)) {
                break;
            }
            self.variables.push(item.map_err(|fault| match fault {
                Fault::Value(why) => {
                    Fault::Sentence(format!("an item of {} {}", self.subject(&fold.range), why.words()))
                }
                other => other,
            }));
            let next = self.term(&fold.step);
            self.variables.truncate(fold.accumulator + 1);
            if self.left == 0 {
                return next;
            }
            if let Some(accumulator) = self.variables.get_mut(fold.accumulator) {
                *accumulator = next;
            }
        }
        self.term(&fold.result)
    }
}

/// How many steps a comparison is worth: texts of different lengths differ at once, and everything else may be read to
/// its end on both sides.
fn compared(a: &Val<'_>, b: &Val<'_>) -> usize {
    match (a, b) {
        (Val::Text(_), Val::Text(_)) => a.weight().min(b.weight()),
        _ => a.weight().saturating_add(b.weight()),
    }
}

pub(super) fn overflow() -> Fault {
    Fault::sentence("a number in `when` is beyond those that can be computed with")
}

fn arithmetic(operator: Operator, a: Number, b: Number) -> Judged<Number> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => {
            if b == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
                return Err(Fault::sentence("a number in `when` is divided by zero"));
            }
            let result = match operator {
                Operator::Add => a.checked_add(b),
                Operator::Subtract => a.checked_sub(b),
                Operator::Multiply => a.checked_mul(b),
                Operator::Divide => a.checked_div(b),
                Operator::Remainder => a.checked_rem(b),
                _ => None,
            };
            result.map(Number::Int).ok_or_else(overflow)
        }
        (a, b) => doubles(operator, in_double(a)?, in_double(b)?),
    }
}

/// CEL has no arithmetic of mixed numbers, but whether `5.0` arrives as a whole number is not the author's choice.
pub(super) fn in_double(number: Number) -> Judged<f64> {
    match number {
        Number::Double(value) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "only what is exact")]
        Number::Int(value) => {
            let double = value as f64;
            let exact = number::compare(number, Number::Double(double)) == Some(Ordering::Equal);
            exact.then_some(double).ok_or_else(overflow)
        }
    }
}

fn doubles(operator: Operator, a: f64, b: f64) -> Judged<Number> {
    let result = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => return Err(Fault::sentence("`%` in `when` takes whole numbers")),
    };
    result.is_finite().then_some(Number::Double(result)).ok_or_else(overflow)
}
