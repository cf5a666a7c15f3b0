//! The values of a long list, by hash.

use std::collections::HashSet;

use interlock_json::Decimal;

use crate::condition::{Truth, truth};
use crate::document::Scalar;

/// Values by their type. Numbers are equal by value: `1`, `1.0` and `1e0` are one.
#[derive(Debug)]
pub(super) struct Members {
    texts: HashSet<Box<str>>,
    numbers: HashSet<Decimal>,
}

impl Members {
    /// The values; where case makes no difference `folded` holds each text without it.
    pub(super) fn new(values: &[Scalar], folded: &[String]) -> Members {
        let mut members = Members { texts: HashSet::with_capacity(values.len()), numbers: HashSet::new() };
        for (index, value) in values.iter().enumerate() {
            match value {
                Scalar::Text(text) => {
                    members.texts.insert(folded.get(index).unwrap_or(text).as_str().into());
                }
                Scalar::Number(number) => {
                    members.numbers.insert(*number);
                }
                Scalar::Bool(_) => {}
            }
        }
        members
    }

    /// Whether a text is among them; `None` where none of them is a text.
    pub(super) fn text(&self, text: &str) -> Option<Truth> {
        (!self.texts.is_empty()).then(|| truth(self.texts.contains(text)))
    }

    /// Whether a number is among them; `None` where none of them is a number.
    pub(super) fn number(&self, number: Decimal) -> Option<Truth> {
        (!self.numbers.is_empty()).then(|| truth(self.numbers.contains(&number)))
    }

    /// Whether a text without its case is among them.
    pub(super) fn holds_folded(&self, text: &str) -> bool {
        self.texts.contains(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use interlock_json::Decimal;
    use proptest::prelude::*;

    use super::super::{MANY, Operator};
    use crate::document::{Leaf, Listed, Scalar, Test};
    use crate::path::{Path, Step};

    fn operator(values: &[Scalar], negated: bool, ignore_case: bool) -> Operator {
        let listed = Listed { name: None, items: values.into() };
        Operator::new(&Arc::new(Leaf {
            path: Path::Args(vec![Step::Key("a".to_owned())]),
            test: if negated { Test::NotIn(listed) } else { Test::In(listed) },
            on_missing: None,
            ignore_case,
            timezone: None,
        }))
    }

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            "[aAbſsK\u{212a}]{0,2}".prop_map(Scalar::Text),
            number().prop_map(Scalar::Number),
            any::<bool>().prop_map(Scalar::Bool),
        ]
    }

    fn number() -> impl Strategy<Value = Decimal> {
        proptest::sample::select(vec!["1", "1.0", "1e0", "-0", "0", "2", "0.10", "9007199254740993", "1e3"])
            .prop_map(|text| Decimal::parse(text).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// The same values over and over make a long list that means what the short one does, also where only one
        /// type is in it.
        #[test]
        fn a_long_list_means_what_a_short_one_means(
            values in prop_oneof![
                proptest::collection::vec(scalar(), 1..8),
                proptest::collection::vec("[aAb]{0,2}".prop_map(Scalar::Text), 1..8),
                proptest::collection::vec(number().prop_map(Scalar::Number), 1..8),
            ],
            text in "[aAbſsK\u{212a}]{0,2}",
            number in number(),
            negated in any::<bool>(),
            folds in any::<bool>(),
        ) {
            // Only lists of texts can be compared without case.
            let ignore_case = folds && values.iter().all(|value| matches!(value, Scalar::Text(_)));
            let short = operator(&values, negated, ignore_case);
            let many: Vec<Scalar> = values.iter().cycle().take(MANY + values.len()).cloned().collect();
            let long = operator(&many, negated, ignore_case);
            prop_assert!(short.members.is_none() && long.members.is_some());
            prop_assert_eq!(short.text(&text), long.text(&text));
            prop_assert_eq!(short.number(number), long.number(number));
            prop_assert_eq!(short.boolean(true), long.boolean(true));
        }
    }
}
