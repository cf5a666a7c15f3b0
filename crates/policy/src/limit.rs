//! Limits at work: what a call adds to which counter.

use std::sync::Arc;

use interlock_json::{Decimal, Value};

use crate::condition::{Look, kind_words};
use crate::counter::CounterTemplate;
use crate::decision::{Need, Origin, Payment, Price, RuleName};
use crate::describe;
use crate::document::Refund;
use crate::path::{self, Step};
use crate::quantity::Bound;

/// A compiled limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) pointer: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) on_deny: Option<Arc<str>>,
    pub(crate) words: Arc<str>,
    pub(crate) template: CounterTemplate,
    pub(crate) amount: Amount,
    pub(crate) min: Option<Decimal>,
    pub(crate) bound: Bound,
    pub(crate) refund: Refund,
}

/// What a call adds.
#[derive(Debug)]
pub(crate) enum Amount {
    Fixed(Decimal),
    /// The value of an argument.
    Argument(Vec<Step>),
    /// Money.
    Money(Money),
}

/// Money that a call spends.
#[derive(Debug)]
pub(crate) struct Money {
    pub(crate) source: Source,
    pub(crate) per_call: Option<Decimal>,
    pub(crate) currency: Option<Arc<str>>,
}

/// Where the amount comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The value of an argument.
    Argument {
        steps: Vec<Step>,
        /// The argument that names the currency, and whether a call must have it.
        currency: Vec<Step>,
        must_say: bool,
    },
    /// What the challenge asked for that the call's payment answers.
    Challenge,
}

impl Limit {
    /// What must be reserved for the call: nothing where it spends nothing. Or why its amount cannot be counted.
    pub(crate) fn need(&self, origin: Origin, look: &Look<'_>) -> Result<Option<Need>, String> {
        let amount = match &self.amount {
            Amount::Fixed(amount) => *amount,
            Amount::Argument(steps) => self.argument(steps, look)?,
            Amount::Money(money) => match money.amount(self, look)? {
                Some(amount) => amount,
                None => return Ok(None),
            },
        };
        Ok(Some(Need {
            key: self.template.key(&look.caller)?,
            amount,
            bound: self.bound,
            rule: RuleName::At { origin, pointer: Arc::clone(&self.pointer) },
            name: self.name.clone(),
            on_deny: self.on_deny.clone(),
            words: Arc::clone(&self.words),
            shadow: self.template.shadow,
            refund: self.refund,
            pays: matches!(&self.amount, Amount::Money(Money { source: Source::Challenge, .. })),
        }))
    }

    /// No call can lower a counter, and none passes by leaving its amount out.
    fn argument(&self, steps: &[Step], look: &Look<'_>) -> Result<Decimal, String> {
        let refused = |why: &str| format!("argument {} {why}", describe::quoted(&path::argument_name(steps)));
        let Some(value) = argument(steps, look) else { return Err(refused("is missing")) };
        let amount = match value.decimal() {
            None => return Err(refused(&format!("must be a number, not {}", kind_words(value.kind())))),
            Some(Err(_)) => return Err(refused("is out of the range of amounts")),
            Some(Ok(amount)) => amount,
        };
        if amount.is_negative() {
            return Err(refused("must not be negative"));
        }
        match self.min {
            Some(min) if amount < min => Err(refused(&format!("must be at least {min}"))),
            _ => Ok(amount),
        }
    }
}

impl Money {
    /// What the call spends; `None` for one that carries no payment.
    fn amount(&self, limit: &Limit, look: &Look<'_>) -> Result<Option<Decimal>, String> {
        let amount = match &self.source {
            Source::Argument { steps, currency, must_say } => {
                self.stated_currency(currency, *must_say, look)?;
                limit.argument(steps, look)?
            }
            Source::Challenge => match look.facts.payment {
                Payment::None => return Ok(None),
                Payment::Unknown(why) => return Err(why.to_owned()),
                Payment::Due(price) => self.asked(price)?,
            },
        };
        match self.per_call {
            Some(most) if amount > most => {
                let currency = self.currency.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
                Err(format!("{amount}{currency} is more than the {most} that one call may spend"))
            }
            _ => Ok(Some(amount)),
        }
    }

    /// The call's own word for its currency must be the policy's. Case makes no other currency.
    fn stated_currency(&self, steps: &[Step], must_say: bool, look: &Look<'_>) -> Result<(), String> {
        let Some(currency) = self.currency.as_deref() else { return Ok(()) };
        let refused =
            |why: &str| Err(format!("argument {} {why}", describe::quoted(&path::argument_name(steps))));
        match argument(steps, look) {
            None if must_say => refused("is missing, so the currency is unknown"),
            None => Ok(()),
            Some(value) => match value.as_str() {
                Some(text) if text.eq_ignore_ascii_case(currency) => Ok(()),
                Some(_) => refused(&format!(
                    "must be {}: the budget counts in no other currency",
                    describe::quoted(currency)
                )),
                None => refused(&format!("must be text, not {}", kind_words(value.kind()))),
            },
        }
    }

    fn asked(&self, price: &Price) -> Result<Decimal, String> {
        // A server's own name for what it wants proves nothing: the asset is what is paid in.
        let is = |currency: &str| {
            let (network, asset) = currency.rsplit_once('/').map_or((None, currency), |(n, a)| (Some(n), a));
            let same =
                |network: &str| price.network.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(network));
            price.currency.eq_ignore_ascii_case(currency)
                || asset.eq_ignore_ascii_case(&price.currency) && network.is_some_and(same)
        };
        match self.currency.as_deref() {
            Some(currency) if is(currency) => Ok(price.amount),
            Some(currency) => Err(format!(
                "the server asks for {}, and the budget counts in {}",
                describe::quoted(&price.currency),
                describe::quoted(currency)
            )),
            None => Err("the budget has no currency".to_owned()),
        }
    }
}

/// The value of an argument; null is none.
fn argument<'a>(steps: &[Step], look: &Look<'a>) -> Option<Value<'a>> {
    let value = look.call.arguments.and_then(|arguments| path::find(arguments, steps));
    value.filter(|value| !value.is_null())
}
