//! What several parts of a schema say together. A part that cannot be judged makes a whole unclear unless another
//! part settles it, and what is unclear is never accepted.

use interlock_json::Value;

use super::{Looked, Validation};
use crate::schema::Rejection;
use crate::schema::node::{Conditional, Index, Node};
use crate::schema::place::Place;

impl Validation<'_> {
    pub(super) fn combined(
        &mut self,
        node: &Node,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        for part in &node.all {
            self.part(*part, value, place, looked.as_deref_mut())?;
        }
        if !node.any.is_empty() {
            self.any(&node.any, value, place, looked.as_deref_mut())?;
        }
        if !node.one.is_empty() {
            self.one(&node.one, value, place, looked.as_deref_mut())?;
        }
        if let Some(part) = node.not {
            match self.try_part(part, value, None) {
                Ok(()) => {
                    return Err(
                        self.fault(place, |subject| format!("{subject} has a form that the tool excludes"))
                    );
                }
                Err(rejection) if rejection.unjudgeable => return Err(self.unclear(rejection, place)),
                Err(_) => {}
            }
        }
        match node.condition {
            Some(conditional) => self.conditional(conditional, value, place, looked),
            None => Ok(()),
        }
    }

    fn any(
        &mut self,
        parts: &[Index],
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let (mut fits, mut unclear) = (false, None);
        for part in parts {
            match self.try_part(*part, value, looked.as_deref_mut()) {
                Ok(()) => fits = true,
                Err(rejection) if rejection.unjudgeable => unclear = unclear.or(Some(rejection)),
                Err(_) => {}
            }
            // The others matter only to what asks for everything that has been looked at.
            if fits && looked.is_none() {
                return Ok(());
            }
        }
        match (fits, unclear) {
            // What could not be judged might have looked at more, and that lets less through.
            (true, _) => Ok(()),
            (false, Some(rejection)) => Err(self.unclear(rejection, place)),
            (false, None) => Err(self.no_form(parts, value, place)),
        }
    }

    fn one(
        &mut self,
        parts: &[Index],
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let (mut fitting, mut unclear) = (0, None);
        for part in parts {
            match self.try_part(*part, value, looked.as_deref_mut()) {
                Ok(()) => fitting += 1,
                Err(rejection) if rejection.unjudgeable => unclear = unclear.or(Some(rejection)),
                Err(_) => {}
            }
        }
        match (fitting, unclear) {
            (_, Some(rejection)) => Err(self.unclear(rejection, place)),
            (1, None) => Ok(()),
            (0, None) => Err(self.no_form(parts, value, place)),
            (_, None) => Err(self
                .fault(place, |subject| format!("{subject} fits several forms of which the tool takes one"))),
        }
    }

    fn conditional(
        &mut self,
        conditional: Conditional,
        value: Value<'_>,
        place: &Place<'_>,
        mut looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let next = match self.try_part(conditional.condition, value, looked.as_deref_mut()) {
            Ok(()) => conditional.then,
            Err(rejection) if rejection.unjudgeable => return Err(self.unclear(rejection, place)),
            Err(_) => conditional.otherwise,
        };
        next.map_or(Ok(()), |part| self.part(part, value, place, looked))
    }

    /// Whether a part fits; what it looked at counts only then.
    pub(super) fn try_part(
        &mut self,
        part: Index,
        value: Value<'_>,
        looked: Option<&mut Looked>,
    ) -> Result<(), Rejection> {
        let quiet = std::mem::replace(&mut self.quiet, true);
        let result = match looked {
            None => self.part(part, value, &Place::ROOT, None),
            Some(looked) => {
                let mut tried = vec![false; looked.len()];
                let spent = self.account.spend(looked.len());
                let result = spent.and_then(|()| self.part(part, value, &Place::ROOT, Some(&mut tried)));
                if result.is_ok() {
                    looked.iter_mut().zip(tried).for_each(|(looked, tried)| *looked |= tried);
                }
                result
            }
        };
        self.quiet = quiet;
        result
    }

    /// None of the forms fits. Where only one of them is for values of this type, what is wrong with that one says
    /// more than that.
    fn no_form(&mut self, parts: &[Index], value: Value<'_>, place: &Place<'_>) -> Rejection {
        let general =
            self.fault(place, |subject| format!("{subject} fits none of the forms that the tool takes"));
        if self.quiet {
            return general;
        }
        let kind = value.kind();
        let meant = |part: &&Index| {
            let types = self.schema.part(**part).and_then(|node| node.types);
            types.is_none_or(|types| types.intersects(crate::schema::node::Types::of(kind)))
        };
        let mut meant = parts.iter().filter(meant);
        let (Some(only), None) = (meant.next().copied(), meant.next()) else { return general };
        match self.part(only, value, place, None) {
            Err(rejection) if !rejection.reason.is_empty() => rejection,
            _ => general,
        }
    }

    /// A part that was only tried has no words for why it cannot be judged.
    pub(super) fn unclear(&self, rejection: Rejection, place: &Place<'_>) -> Rejection {
        if rejection.reason.is_empty() && !self.quiet { self.out_of_range(place) } else { rejection }
    }
}
