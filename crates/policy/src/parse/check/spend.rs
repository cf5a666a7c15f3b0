//! Budgets of money that say nothing, or cannot be used up.

use interlock_json::Decimal;

use super::Check;
use crate::diagnostic::At;
use crate::document::{Entry, Spend, SpendAmount};
use crate::quantity;

impl Check<'_, '_, '_> {
    pub(super) fn spending(&mut self, entry: &Entry, pointer: &str) {
        for (index, rule) in entry.rules.iter().enumerate() {
            let Some(spend) = &rule.spend else { continue };
            let place = format!("{pointer}/rules/{index}/spend");
            if self.known.is_sound(&place) {
                self.currency(spend, &place);
                self.unbounded_spend(spend, &place);
                self.unreachable(spend, &place);
            }
        }
    }

    /// A challenge may ask for anything: without a currency a budget would add up what cannot be added.
    fn currency(&mut self, spend: &Spend, place: &str) {
        let named = quantity::currency(self.document, spend).is_some();
        let (message, help) = match spend.amount {
            _ if named => return,
            SpendAmount::Challenge => (
                "a challenge names its currency, and this budget has none",
                "add `currency`, or `spend_currency` at the top level of the document",
            ),
            SpendAmount::Argument(_) if spend.currency_from.is_some() => (
                "`currency_from` is compared with a currency, and this budget has none",
                "add `currency`, or `spend_currency` at the top level of the document",
            ),
            SpendAmount::Argument(_) => return,
        };
        if let Some(range) = self.range(place) {
            self.report.error("missing-currency", range, &At::from_pointer(place), message).help(help);
        }
    }

    fn unbounded_spend(&mut self, spend: &Spend, place: &str) {
        if spend.per_call.is_some() || spend.daily.is_some() || spend.monthly.is_some() {
            return;
        }
        let Some(range) = self.range(place) else { return };
        self.report
            .warning(
                "unbounded-spend",
                range,
                &At::from_pointer(place),
                "this budget only counts: nothing bounds it",
            )
            .help("add `per_call`, `daily` or `monthly`");
    }

    /// The larger of two bounds on the same amounts is one that no call ever meets.
    fn unreachable(&mut self, spend: &Spend, place: &str) {
        let caps = [("per_call", spend.per_call), ("daily", spend.daily), ("monthly", spend.monthly)];
        let caps: Vec<(&str, Decimal)> =
            caps.into_iter().filter_map(|(key, cap)| Some((key, cap?))).collect();
        for (index, (key, cap)) in caps.iter().enumerate() {
            let smaller = caps.iter().skip(index + 1).find(|(_, wider)| wider < cap);
            let Some((wider, most)) = smaller else { continue };
            let at = format!("{place}/{key}");
            let Some(range) = self.range(&at) else { return };
            let message = format!("`{key}` can never be reached: `{wider}` is less, {most}");
            self.report
                .warning("unreachable-limit", range, &At::from_pointer(&at), message)
                .help(format!("lower `{key}`, raise `{wider}`, or leave `{key}` out"));
        }
    }
}
