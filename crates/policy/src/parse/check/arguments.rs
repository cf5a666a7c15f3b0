//! Arguments where there are none, or only texts: resources are read without any, and those of prompts are texts (Model
//! Context Protocol, `prompts/get`).

use interlock_json::Kind;

use super::Check;
use super::tools::wanted;
use crate::diagnostic::{At, quoted};
use crate::document::{Leaf, Section, SpendAmount};
use crate::path::Path;
use crate::quantity::{Adds, Counted};
use crate::schema::Types;

const NAMES: &str = "tell resources apart by their URIs, which are the names of entries";

impl Check<'_, '_, '_> {
    pub(super) fn argument(&mut self, section: Section, leaf: &Leaf, at: &At<'_>) {
        self.argument_of_resource(section, &leaf.path, at);
        let text = Types::of(Kind::String);
        let of_prompt = section == Section::Prompts && matches!(leaf.path, Path::Args(_));
        if !of_prompt || wanted(&leaf.test).is_none_or(|wanted| wanted.intersects(text)) {
            return;
        }
        let Some(range) = self.range(&at.pointer()) else { return };
        let operator = leaf.test.operator();
        let message =
            format!("the arguments of prompts are text, which `{operator}` never compares with this value");
        self.report
            .warning("argument-type", range, at, message)
            .help("a use whose argument cannot be compared is denied: compare with text");
    }

    pub(super) fn argument_of_resource(&mut self, section: Section, path: &Path, at: &At<'_>) {
        // A condition that could not be read has no steps.
        if section == Section::Resources && matches!(path, Path::Args(steps) if !steps.is_empty()) {
            self.never_judgeable(no_arguments(&path.to_string()), NAMES, at);
        }
    }

    /// Counters that are kept for an argument, or count one.
    pub(super) fn without_arguments(&mut self, section: Section, counted: &Counted<'_>, place: &str) {
        let amount = match &counted.adds {
            Adds::Argument(path) => Some(*path),
            Adds::Money(money) => match money.amount {
                SpendAmount::Argument(path) => Some(path),
                SpendAmount::Challenge => None,
            },
            Adds::Call | Adds::Once | Adds::Fixed(_) => None,
        };
        match (section, amount) {
            (Section::Tools, _) => {}
            (Section::Resources, amount) => {
                let read = counted.parts().arguments;
                let path = amount.map(Path::to_string).or_else(|| read.first().cloned());
                if let Some((path, range)) = path.zip(self.range(place)) {
                    let message = no_arguments(&path);
                    let at = At::from_pointer(place);
                    self.report.error("never-judgeable", range, &at, message).help(NAMES);
                }
            }
            (Section::Prompts, Some(path)) => {
                let Some(range) = self.range(place) else { return };
                let path = quoted(&path.to_string());
                let message = format!("the arguments of prompts are text, so no amount is ever in {path}");
                self.report
                    .warning("amount-type", range, &At::from_pointer(place), message)
                    .help("a use whose amount cannot be counted is denied: count the uses instead");
            }
            (Section::Prompts, None) => {}
        }
    }
}

fn no_arguments(path: &str) -> String {
    format!("{} is an argument, and a resource is read without any", quoted(path))
}
