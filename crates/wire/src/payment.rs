//! Calls that a server wants to be paid for: what it asks, and what a call carries to pay it.
//!
//! MCP itself says nothing of payments. Two conventions are known, each by the shape of its data; the code of an
//! error says nothing about it, because servers and SDKs choose different ones.
//!
//! - x402, versions 1 and 2: an object whose `accepts` lists offers of `scheme`, `network`, `asset` and `amount`
//!   (or `maxAmountRequired`). The call pays with `_meta["x402/payment"]`.
//! - Payment authentication (MPP): an object whose `challenges` each have an `id`, an `intent` of `charge` and a
//!   `request` of `amount` and `currency`. The call pays with `_meta["org.paymentauth/credential"]`, which repeats
//!   the challenge.
//!
//! Such an object is the `data` of an error; the `structuredContent` of a result that is an error, or the JSON in its
//! first text; the `paymentRequired` of a result whose `resultType` is `payment_required`; or a member of one of
//! these, or of the `_meta` of a result, that is named after the convention. A client may read any of them, so where
//! several are there they must ask for the same.
//!
//! Everything else is not recognised, and a payment that cannot be matched with an offer has no price.

use std::borrow::Cow;

use interlock_json::{Decimal, Limits, Value, canonical, scan};

use crate::message::Outcome;
use crate::meta;

#[cfg(test)]
mod tests;

/// Offers of one challenge; a challenge of more is not recognised.
const MOST_OFFERS: usize = 32;
/// The longest text that is looked into for a challenge.
const MOST_TEXT: usize = 64 << 10;
/// The longest name of an asset, network or challenge.
const MOST_NAME: usize = 256;

const X402: &str = "x402/payment";
const CREDENTIAL: &str = "org.paymentauth/credential";
/// What the name of a member contains that may be a payment.
const SUSPECT: [&str; 6] = ["pay", "402", "credential", "authorization", "mandate", "voucher"];
/// Members that hold a challenge, in data and in the `_meta` of a result.
const HOLDERS: [&str; 4] =
    ["x402", "x402/error", "x402/payment-required", "org.paymentauth/payment-required"];

/// What a server wants before it answers a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    offers: Vec<Offer>,
}

/// One way to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    by: By,
    price: Asked,
}

/// How a payment names the offer it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    Scheme(String),
    Id(String),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How much, in the units of the challenge.
    pub amount: Decimal,
    /// What is paid in: a currency's code, or a token's address.
    pub currency: String,
    /// The network that the address is on.
    pub network: Option<String>,
}

/// What a call carries to pay for itself.
#[derive(Debug, Clone)]
pub struct Payment<'m>(Kind<'m>);

#[derive(Debug, Clone)]
enum Kind<'m> {
    X402(Value<'m>),
    Credential(Value<'m>),
    /// By its name it may be one.
    Unknown(Cow<'m, str>),
    Several,
}

/// Why a payment has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpriced {
    /// The payment's own form is not known.
    #[error("its payment, `{name}` in `_meta`, is of a kind that is not known")]
    Unknown {
        /// The member.
        name: String,
    },
    /// More than one member may be the payment.
    #[error("it carries more than one payment")]
    Several,
    /// It takes none of the offers.
    #[error("its payment takes none of the offers that the server has made")]
    NoOffer,
    /// It takes one of several offers and does not say which.
    #[error("its payment does not say which of the server's offers it takes")]
    Ambiguous,
    /// It permits more to be taken than was asked for.
    #[error("its payment permits more to be taken than the server has asked for")]
    TooMuch,
}

impl<'m> Payment<'m> {
    /// The payment in the parameters of a request.
    #[must_use]
    pub fn of(params: Option<Value<'m>>) -> Option<Payment<'m>> {
        let meta = params?.get("_meta")?;
        let mut members = meta.members().filter(|(key, _)| is_suspect(&key.text()));
        let (key, value) = members.next()?;
        Some(Payment(match members.next() {
            Some(_) => Kind::Several,
            None if key.is(X402) && value.is_object() => Kind::X402(value),
            None if key.is(CREDENTIAL) && value.is_object() => Kind::Credential(value),
            None => Kind::Unknown(key.text()),
        }))
    }
}

fn is_suspect(name: &str) -> bool {
    if meta::OF_REQUESTS.contains(&name) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    SUSPECT.iter().any(|part| name.contains(part))
}

impl Challenge {
    /// The challenge that an answer is; `None` for every other answer.
    #[must_use]
    pub fn read(outcome: &Outcome<'_>) -> Option<Challenge> {
        match outcome {
            Outcome::Error(error) => {
                let mut said = Said::default();
                said.add(error.data);
                said.challenge()
            }
            Outcome::Result(result) => of_result(*result),
        }
    }

    /// What the payment pays.
    ///
    /// # Errors
    /// [`Unpriced`] where it cannot be matched with one offer.
    pub fn price(&self, payment: &Payment<'_>) -> Result<&Asked, Unpriced> {
        match &payment.0 {
            Kind::X402(payment) => self.price_of_x402(*payment),
            Kind::Credential(credential) => {
                // By its id alone a client could be shown one sum and this gateway another.
                let taken = credential.get("challenge").and_then(charge).ok_or(Unpriced::NoOffer)?;
                within(*credential, self.only(|offer| *offer == taken)?)
            }
            Kind::Unknown(name) => Err(Unpriced::Unknown { name: name.chars().take(64).collect() }),
            Kind::Several => Err(Unpriced::Several),
        }
    }

    /// Version 2 repeats the offer that it takes, version 1 names its scheme and network.
    fn price_of_x402(&self, payment: Value<'_>) -> Result<&Asked, Unpriced> {
        let price = match payment.get("accepted") {
            Some(accepted) => {
                let taken = x402_offer(accepted).ok_or(Unpriced::NoOffer)?;
                self.offers.iter().find(|offer| **offer == taken).map(|offer| &offer.price)
            }
            None => {
                let scheme = By::Scheme(name(payment, "scheme").ok_or(Unpriced::NoOffer)?);
                let network = name(payment, "network");
                Some(self.only(|offer| offer.by == scheme && offer.price.network == network)?)
            }
        };
        within(payment, price.ok_or(Unpriced::NoOffer)?)
    }

    /// The one offer that a payment takes; of equal ones any.
    fn only(&self, taken: impl Fn(&Offer) -> bool) -> Result<&Asked, Unpriced> {
        let mut taken = self.offers.iter().filter(|offer| taken(offer));
        let first = taken.next().ok_or(Unpriced::NoOffer)?;
        if taken.any(|other| other != first) { Err(Unpriced::Ambiguous) } else { Ok(&first.price) }
    }
}

/// The price, if the payment permits no more than that to be taken.
fn within<'c>(payment: Value<'_>, price: &'c Asked) -> Result<&'c Asked, Unpriced> {
    match permitted(payment)? {
        Some(permitted) if permitted > price.amount => Err(Unpriced::TooMuch),
        _ => Ok(price),
    }
}

/// How much a signed payment permits to be taken, where it says so itself.
fn permitted(payment: Value<'_>) -> Result<Option<Decimal>, Unpriced> {
    let Some(payload) = payment.get("payload") else { return Ok(None) };
    let authorized = payload.get("authorization").and_then(|authorization| authorization.get("value"));
    let permit =
        payload.get("permit2Authorization").and_then(|permit| permit.get("permitted")?.get("amount"));
    match (authorized, permit) {
        (None, None) => Ok(None),
        (Some(value), None) | (None, Some(value)) => amount(value).map(Some).ok_or(Unpriced::TooMuch),
        (Some(_), Some(_)) => Err(Unpriced::Ambiguous),
    }
}

/// The lists of offers that an answer holds, wherever it holds them.
#[derive(Default)]
struct Said<'v> {
    accepts: Vec<Value<'v>>,
    challenges: Vec<Value<'v>>,
}

impl<'v> Said<'v> {
    /// What an object says itself, and what its members do that hold a challenge.
    fn add(&mut self, data: Option<Value<'v>>) {
        self.add_lists(data);
        self.add_held(data);
    }

    fn add_lists(&mut self, data: Option<Value<'v>>) {
        self.accepts.extend(data.and_then(|data| data.get("accepts")));
        self.challenges.extend(data.and_then(|data| data.get("challenges")));
    }

    fn add_held(&mut self, holder: Option<Value<'v>>) {
        for name in HOLDERS {
            let held = holder.and_then(|holder| holder.get(name));
            self.add_lists(held);
            // An error of the protocol, put into a result whole.
            self.add_lists(held.and_then(|held| held.get("data")));
        }
    }

    fn challenge(&self) -> Option<Challenge> {
        let mut offers = Vec::new();
        add_same(&self.accepts, x402_offer, &mut offers)?;
        add_same(&self.challenges, charge, &mut offers)?;
        (!offers.is_empty()).then_some(Challenge { offers })
    }
}

/// Adds the offers of lists that must all be the same.
fn add_same(
    lists: &[Value<'_>],
    offer: impl Fn(Value<'_>) -> Option<Offer>,
    offers: &mut Vec<Offer>,
) -> Option<()> {
    let Some((first, others)) = lists.split_first() else { return Some(()) };
    let text = canonical::to_string(*first);
    if others.iter().any(|other| canonical::to_string(*other) != text) {
        return None;
    }
    add(*first, offer, offers)
}

fn of_result(result: Value<'_>) -> Option<Challenge> {
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    let text = result.get("content").and_then(|content| content.items().next());
    let text = text.and_then(|first| first.get("text")).and_then(Value::as_str);
    let text = text.filter(|text| failed && text.len() <= MOST_TEXT && text.trim_start().starts_with('{'));
    let written = text.as_deref().and_then(|text| scan(text, &Limits::default()).ok());
    let mut said = Said::default();
    if failed {
        said.add(result.get("structuredContent"));
        said.add(written.as_ref().map(|written| written.root()));
    }
    if result.get("resultType").is_some_and(|kind| kind.is_str("payment_required")) {
        said.add(result.get("paymentRequired"));
    }
    said.add_held(result.get("_meta"));
    said.challenge()
}

/// Adds the offers of a list. One that is malformed makes all of it unknown.
fn add(list: Value<'_>, offer: impl Fn(Value<'_>) -> Option<Offer>, offers: &mut Vec<Offer>) -> Option<()> {
    if !list.is_array() || list.len() > MOST_OFFERS {
        return None;
    }
    for item in list.items() {
        offers.push(offer(item)?);
    }
    Some(())
}

fn x402_offer(offer: Value<'_>) -> Option<Offer> {
    let amount = match (offer.get("amount"), offer.get("maxAmountRequired")) {
        (Some(value), None) | (None, Some(value)) => amount(value)?,
        _ => return None,
    };
    let price = Asked { amount, currency: name(offer, "asset")?, network: Some(name(offer, "network")?) };
    Some(Offer { by: By::Scheme(name(offer, "scheme")?), price })
}

/// An offer to take a sum once. Sessions and subscriptions take more later, of which nothing is known.
fn charge(challenge: Value<'_>) -> Option<Offer> {
    let request = challenge.get("request")?;
    if !challenge.get("intent")?.is_str("charge") {
        return None;
    }
    let price = Asked {
        amount: amount(request.get("amount")?)?,
        currency: name(request, "currency")?,
        network: None,
    };
    Some(Offer { by: By::Id(name(challenge, "id")?), price })
}

fn name(object: Value<'_>, key: &str) -> Option<String> {
    let text = object.get(key)?.as_str()?;
    (!text.is_empty() && text.len() <= MOST_NAME).then(|| text.into_owned())
}

/// An amount as a text or a number, never below zero.
fn amount(value: Value<'_>) -> Option<Decimal> {
    let number = match value.as_str() {
        Some(text) => Decimal::parse(&text).ok()?,
        None => value.decimal()?.ok()?,
    };
    (!number.is_negative()).then_some(number)
}
