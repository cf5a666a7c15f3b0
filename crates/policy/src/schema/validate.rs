//! Comparing a value with a schema's parts, within a bounded account of work.

mod array;
mod combined;
mod object;
mod scalar;

use interlock_json::{Kind, Value};

use super::identity;
use super::node::{Index, Node, Types, Values};
use super::place::Place;
use super::{MOST_DEEP, MOST_WORK, Rejection, Schema};
use crate::condition::kind_words;

/// What may still be spent on one comparison.
#[derive(Debug)]
pub(super) struct Account(usize);

impl Account {
    pub(super) fn new() -> Account {
        Account(MOST_WORK)
    }

    pub(super) fn spend(&mut self, cost: usize) -> Result<(), Rejection> {
        match self.0.checked_sub(cost) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(Rejection::too_much_work())
            }
        }
    }
}

/// Which members or items of a value have been looked at, for the keywords that ask.
type Looked = Vec<bool>;

pub(super) struct Validation<'s> {
    schema: &'s Schema,
    account: Account,
    deep: usize,
    /// What fails is tried only: nobody reads its words.
    quiet: bool,
}

impl<'s> Validation<'s> {
    pub(super) fn new(schema: &'s Schema) -> Validation<'s> {
        Validation { schema, account: Account::new(), deep: 0, quiet: false }
    }

    pub(super) fn run(mut self, value: Value<'_>) -> Result<(), Rejection> {
        self.part(0, value, &Place::ROOT, None)
    }

    fn part(
        &mut self,
        index: Index,
        value: Value<'_>,
        place: &Place<'_>,
        looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        self.account.spend(1)?;
        let schema = self.schema;
        let Some(node) = schema.part(index) else { return Err(Rejection::too_much_work()) };
        if self.deep >= MOST_DEEP {
            return Err(Rejection::too_much_work());
        }
        self.deep += 1;
        let result = self.within(node, value, place, looked);
        self.deep -= 1;
        result
    }

    fn within(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
        looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let asks = match value.kind() {
            Kind::Array => node.unevaluated_items,
            Kind::Object => node.unevaluated_members,
            _ => None,
        };
        let Some(unevaluated) = asks else { return self.keywords(node, value, place, looked) };
        self.account.spend(value.len())?;
        let mut own = vec![false; value.len()];
        self.keywords(node, value, place, Some(&mut own))?;
        self.unevaluated(unevaluated, value, place, &own)?;
        // Now everything has been.
        if let Some(looked) = looked {
            looked.fill(true);
        }
        Ok(())
    }

    fn keywords(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        if node.never {
            return Err(
                self.fault(place, |subject| format!("{subject} is not permitted by the tool's schema"))
            );
        }
        if let Some(types) = node.types {
            self.types(types, value, place)?;
        }
        for values in &node.values {
            self.one_of(values, value, place)?;
        }
        match value.kind() {
            Kind::Number => self.number(node, value, place)?,
            Kind::String => self.text(node, value, place)?,
            Kind::Array => self.array(node, value, place, looked.as_deref_mut())?,
            Kind::Object => self.object(node, value, place, looked.as_deref_mut())?,
            Kind::Null | Kind::Bool => {}
        }
        self.combined(node, value, place, looked)
    }

    fn types(&mut self, types: Types, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        let kind = value.kind();
        if types.holds(kind) {
            return Ok(());
        }
        if kind == Kind::Number && types.holds_integers() {
            self.account.spend(value.raw().len() / 16)?;
            let number = value.decimal().and_then(Result::ok);
            let number = number.ok_or_else(|| self.out_of_range(place))?;
            if number.is_integer() {
                return Ok(());
            }
            return Err(self.fault(place, |subject| format!("{subject} must be {}", types.words())));
        }
        let found = kind_words(kind);
        Err(self.fault(place, |subject| format!("{subject} must be {}, not {found}", types.words())))
    }

    fn one_of(&mut self, values: &Values, value: Value<'_>, place: &Place<'_>) -> Result<(), Rejection> {
        self.account.spend(value.raw().len() / 16)?;
        let mut identity = String::new();
        identity::write(value, &mut identity).map_err(|_| self.out_of_range(place))?;
        if values.all.contains(identity.as_str()) {
            return Ok(());
        }
        Err(self.fault(place, |subject| format!("{subject} must be {}", listed(values))))
    }

    /// What does not fit. Its words are made only where they are read.
    fn fault(&self, place: &Place<'_>, words: impl FnOnce(String) -> String) -> Rejection {
        let reason = if self.quiet { String::new() } else { words(place.subject()) };
        Rejection { reason, unjudgeable: false }
    }

    fn out_of_range(&self, place: &Place<'_>) -> Rejection {
        let reason = match self.quiet {
            true => String::new(),
            false => format!("{} holds a number out of the range that can be compared", place.subject()),
        };
        Rejection { reason, unjudgeable: true }
    }
}

fn listed(values: &Values) -> String {
    const MOST_LISTED: usize = 8;
    let mut shown: Vec<String> =
        values.shown.iter().take(MOST_LISTED).map(|value| value.to_string()).collect();
    if values.all.len() == 1 {
        return shown.pop().unwrap_or_default();
    }
    if values.all.is_empty() {
        return "one of no values".to_owned();
    }
    if values.all.len() > shown.len() {
        shown.push(format!("{} more", values.all.len() - shown.len()));
    }
    format!("one of {}", shown.join(", "))
}
