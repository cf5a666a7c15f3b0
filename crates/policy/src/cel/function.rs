//! The functions of expressions.

use std::borrow::Cow;
use std::cmp::Ordering;

use interlock_json::Decimal;

use super::number::{self, Number};
use super::run::{Judged, Run, in_double, overflow};
use super::value::{Fault, Val};
use super::{Function, Term};
use crate::condition::Why;

impl<'a> Run<'_, '_, 'a> {
    pub(super) fn call(&mut self, function: Function, arguments: &[Term]) -> Judged<Val<'a>> {
        let (Some(of), second) = (arguments.first(), arguments.get(1)) else {
            return Err(Fault::Value(Why::NotKnown));
        };
        let pair = |run: &mut Self| -> Judged<(Cow<'a, str>, Cow<'a, str>)> {
            let text = run.text(of, function.name())?;
            let other = run.text(second.unwrap_or(of), function.name())?;
            run.spend(text.len() / 64)?;
            Ok((text, other))
        };
        Ok(match function {
            Function::StartsWith => {
                pair(self).map(|(text, other)| Val::Bool(text.starts_with(other.as_ref())))?
            }
            Function::EndsWith => {
                pair(self).map(|(text, other)| Val::Bool(text.ends_with(other.as_ref())))?
            }
            Function::Contains => pair(self).map(|(text, other)| Val::Bool(text.contains(other.as_ref())))?,
            Function::Size => self.size(of)?,
            Function::Int => self.int(of)?,
            Function::Double => self.double(of)?,
            Function::String => self.string(of)?,
        })
    }

    fn size(&mut self, of: &Term) -> Judged<Val<'a>> {
        let size = match self.part(of)? {
            Val::Text(text) => {
                self.spend(text.len() / 64)?;
                text.chars().count()
            }
            Val::Json(value) => value.len(),
            Val::List(items) => items.len(),
            other => return Err(self.not(of, "text, an array or an object", &other)),
        };
        i64::try_from(size).map(|size| Val::Number(Number::Int(size))).map_err(|_| overflow())
    }

    fn int(&mut self, of: &Term) -> Judged<Val<'a>> {
        let value = self.part(of)?;
        self.spend(value.weight())?;
        let int = match &value {
            Val::Number(Number::Int(value)) => Some(*value),
            Val::Number(Number::Double(value)) => number::truncated(*value),
            Val::Text(text) => text.parse().ok(),
            other => return Err(self.not(of, "a number or text", other)),
        };
        int.map(|int| Val::Number(Number::Int(int))).ok_or_else(|| self.not(of, "a whole number", &value))
    }

    fn double(&mut self, of: &Term) -> Judged<Val<'a>> {
        let value = self.part(of)?;
        self.spend(value.weight())?;
        let double = match &value {
            Val::Number(Number::Double(value)) => Some(*value),
            // Beyond 2^53 not every whole number is a double.
            #[expect(clippy::cast_precision_loss, reason = "only what is exact")]
            Val::Number(Number::Int(value)) => {
                let double = *value as f64;
                (number::compare(Number::Int(*value), Number::Double(double)) == Some(Ordering::Equal))
                    .then_some(double)
            }
            // What has more digits than a double is another number.
            Val::Text(text) => {
                let exact = Decimal::parse(text).ok().and_then(number::exact);
                exact.and_then(|number| in_double(number).ok())
            }
            other => return Err(self.not(of, "a number or text", other)),
        };
        double
            .map(|double| Val::Number(Number::Double(double)))
            .ok_or_else(|| self.not(of, "a number that a double holds", &value))
    }

    fn string(&mut self, of: &Term) -> Judged<Val<'a>> {
        let text = match self.part(of)? {
            Val::Text(text) => text,
            Val::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Val::Number(Number::Int(value)) => Cow::Owned(value.to_string()),
            Val::Number(Number::Double(value)) => Cow::Owned(value.to_string()),
            other => return Err(self.not(of, "text, a number, true or false", &other)),
        };
        Ok(Val::Text(text))
    }
}
