//! A call that a rule asks a person about: whether somebody has approved exactly this one, and taking that.

use interlock_json::{Decimal, Value};
use interlock_policy::{Bound, Decision, Need, Section};
use interlock_store::{Asker, Taken};

use super::{DefinitionSource, Passed, Stopped};
use crate::access::Reached;
use crate::approvals::{Exact, Granted, Settings, nobody};
use crate::continuation::Retry;
use crate::denial::Denial;
use crate::gateway::Gateway;
use crate::record::{About, now_ms};
use crate::reserve;
use crate::route::Target;
use crate::snapshot::Snapshot;

/// What a call has of people's word.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Consent<'a> {
    /// The whole `params` of the call, which an approval is bound to. `None`: nobody is asked.
    pub(crate) params: Option<Value<'a>>,
    /// Where its server is, which it is bound to as well.
    pub(crate) reached: Reached,
    pub(crate) granted: Option<(&'a Granted, &'a Asker)>,
}

/// A person's word for a call.
pub(super) struct Consented {
    pub(super) granted: Granted,
    /// A leg before has taken it.
    pub(super) is_taken: bool,
}

/// Which call a rule asks about.
#[derive(Clone, Copy)]
pub(super) struct Called<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) about: &'a About,
    pub(super) targets: &'a [Target<'a>],
    pub(super) place: usize,
}

impl Gateway {
    /// Takes the approval that a call passes by, which nobody can after that.
    pub(super) async fn take_approval(
        &self,
        passed: Passed,
        consent: Consent<'_>,
    ) -> Result<Passed, Stopped> {
        // What was approved and is not asked about any more is used up all the same: it was for this call.
        let is_taken = passed.approval.as_ref().is_some_and(|approval| approval.is_taken);
        let Some(((granted, asker), people)) = consent.granted.filter(|_| !is_taken).zip(self.people())
        else {
            return Ok(passed);
        };
        let denial = match people.store.take(&granted.id, granted.digest, asker).await {
            Ok(Taken::Taken(approval)) => {
                self.record_step(&approval, "taken");
                return Ok(Passed { taken: Some(granted.clone()), ..passed });
            }
            Ok(Taken::Refused) => {
                let rule = passed.decisions.first().map(|decision| decision.rule.text());
                let reason = "the approval of this call is used up, or not valid any more";
                Denial::approval(&rule.unwrap_or_default(), reason)
            }
            Err(error) => {
                Denial::unavailable("(approvals)", "the approval of this call cannot be taken now", &error)
            }
        };
        reserve::release(self, passed.reserved.held).await;
        Err(denial.into())
    }

    /// A call that was not made has used up no approval.
    pub(crate) async fn give_approval_back(&self, taken: Option<&Granted>) {
        let (Some(granted), Some(people)) = (taken, self.people()) else { return };
        let given_back = people.store.give_back(&granted.id, granted.digest).await;
        match given_back {
            Ok(given_back) => tracing::debug!(given_back, "the call of an approval was not made"),
            Err(error) => tracing::warn!("the approval of a call that was not made is used up: {error}"),
        }
    }

    /// The approval of a call that a rule asks about, where it has one for exactly this.
    pub(super) async fn consented(
        &self,
        called: Called<'_>,
        decision: &Decision,
        definitions: &impl DefinitionSource,
        retry: &Retry,
        consent: Consent<'_>,
    ) -> Result<Consented, Stopped> {
        let Called { snapshot, about, targets, place } = called;
        let stopped = |denial: Denial| {
            Stopped { decision: Some(Box::new(decision.clone())), ..denial.into() }.at(place)
        };
        let (Some(_), Some(_), [target]) = (self.people(), consent.params, targets) else {
            return Err(stopped(nobody(decision)));
        };
        let definition = match target.section {
            Section::Tools => {
                let list = definitions.current().await.map_err(|error| {
                    let reason = format!("nobody can be asked about `{}`", target.name);
                    stopped(Denial::unavailable("(definitions)", &reason, &error))
                })?;
                list.described(&target.name).cloned()
            }
            Section::Resources | Section::Prompts => None,
        };
        let settings = Settings::of(decision, snapshot, &self.options.limits);
        let exact = |definition, is_leg| {
            Exact::of(
                (about, consent.reached),
                &settings,
                target,
                consent.params,
                snapshot,
                definition,
                is_leg,
            )
        };
        // The legs of a call that was let through are still the same call, as long as its approval is good.
        let earlier = retry.first.as_ref().filter(|first| first.challenge.is_none());
        let earlier = earlier.and_then(|first| first.approval.as_ref());
        if let Some(granted) = earlier.filter(|granted| now_ms() < granted.expires_ms)
            && granted.digest == exact(definition.clone(), true).digest
        {
            return Ok(Consented { granted: granted.clone(), is_taken: true });
        }
        let exact = exact(definition, false);
        if let Some((granted, _)) = consent.granted.filter(|(granted, _)| granted.digest == exact.digest) {
            return Ok(Consented { granted: granted.clone(), is_taken: false });
        }
        self.has_room(about, decision).await.map_err(stopped)?;
        Err(Stopped { asks: Some(Box::new(exact)), ..stopped(nobody(decision)) })
    }

    /// Looks whether the limits would let a call pass: nobody is troubled for one that they would not.
    async fn has_room(&self, about: &About, decision: &Decision) -> Result<(), Denial> {
        let needs: Vec<&Need> =
            decision.needs.iter().filter(|need| !need.shadow && !need.key.is_of_one_call()).collect();
        let counters = needs.iter().map(|need| reserve::counter_of(&need.key)).collect();
        let values = self.counters.read(counters).await.map_err(|error| {
            Denial::unavailable("(ledger)", "the limits of this call cannot be looked at now", &error)
        })?;
        if needs.iter().zip(values).all(|(need, value)| fits(need, value)) {
            return Ok(());
        }
        // Only the ledger knows when it would fit.
        let request = about.request.as_deref();
        match reserve::reserve(self.counters.as_ref(), request, &needs, &[], None).await {
            Ok(Some(reserved)) => {
                reserve::release(self, reserved.held).await;
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(reserve::Failed::Limit { denial, .. }) => Err(denial),
            Err(reserve::Failed::Store(error)) => {
                let reason = "the limits of this call cannot be looked at now";
                Err(Denial::unavailable("(ledger)", reason, &error))
            }
        }
    }
}

/// Whether a need would fit beside what its counter holds.
fn fits(need: &Need, value: Decimal) -> bool {
    let Some(after) = value.checked_add(need.amount) else { return false };
    match need.bound {
        Bound::None => true,
        Bound::AtMost(most) => after <= most,
        Bound::Below(most) => after < most,
    }
}
