//! Where in the arguments a comparison is, written out only where something is to be said about it.

use crate::describe::quoted;
use crate::path::{self, Step};

#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    segment: Segment<'p>,
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Place<'static> = Place { parent: None, segment: Segment::Root };

    pub(super) fn key(&'p self, key: &'p str) -> Place<'p> {
        Place { parent: Some(self), segment: Segment::Key(key) }
    }

    pub(super) fn index(&'p self, index: usize) -> Place<'p> {
        Place { parent: Some(self), segment: Segment::Index(index) }
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = self.parent.map(Place::steps).unwrap_or_default();
        match self.segment {
            Segment::Root => {}
            Segment::Key(key) => steps.push(Step::Key(key.to_owned())),
            Segment::Index(index) => steps.push(Step::Index(index)),
        }
        steps
    }

    /// `"items[0].x"`
    pub(super) fn name(&self) -> String {
        quoted(&path::argument_name(&self.steps()))
    }

    /// `argument "items[0].x"`
    pub(super) fn subject(&self) -> String {
        match self.segment {
            Segment::Root => "the arguments".to_owned(),
            _ => format!("argument {}", self.name()),
        }
    }
}
