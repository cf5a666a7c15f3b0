//! The sorts of words. The words themselves are lists beside this file: a word ends where it ends, or goes on where it has a
//! `*`. Those of other languages are of the same sorts, so that the same rules are for all.

use std::collections::BTreeMap;

use serde::Deserialize;

macro_rules! sorts {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// What words stand for in a rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Sort {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Sort {
            /// Every sort.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

sorts! {
    /// An obligation: "you must".
    Must,
    /// The model is spoken to or named.
    Model,
    /// The user, or people.
    User,
    /// A condition of use: "before using this".
    Before,
    /// Something failed.
    Fault,
    /// What to do for it to work again: "to proceed".
    Onward,
    /// A password, a key, a token.
    Secret,
    /// A file that has some.
    SecretFile,
    /// The conversation, the prompt, what the model knows.
    Talk,
    /// What is the user's own: mail, contacts, documents.
    Personal,
    /// The same, in words that ordinary tools seldom use.
    Private,
    /// To read or gather.
    Take,
    /// To hand over.
    Give,
    /// A place within a call.
    Slot,
    /// A place outside.
    Away,
    /// All of it.
    Whole,
    /// To switch off.
    Weaken,
    /// What guards.
    Guard,
    /// To give rights.
    Grant,
    /// Rights.
    Rights,
    /// To destroy.
    Destroy,
    /// What should stay.
    Valuable,
    /// To run or install.
    Run,
    /// What is run.
    Code,
    /// To pay.
    Pay,
    /// Money.
    Money,
    /// The tool that speaks.
    This,
    /// Other tools.
    Others,
    /// To be before or above them.
    Above,
    /// Other tools, if less plainly all of them.
    Rivals,
    /// Tools of the same server.
    Own,
    /// To leave something unused.
    Reject,
    /// At the beginning.
    First,
    /// That there is a choice between tools.
    Chooser,
    /// A reason that sounds harmless.
    Cover,
    /// To write it so that nobody reads it.
    Obfuscate,
    /// Somebody else's server.
    Foreign,
    /// To choose.
    Choose,
    /// Whatever is asked.
    Always,
    /// Not to say.
    Unsaid,
    /// What was done, or an instruction.
    Deed,
    /// Where it would be said.
    Answer,
    /// Secrecy in so many words.
    Furtive,
    /// What belongs to the model and to no tool.
    Inside,
    /// The same, in words that others use too.
    Innards,
    /// An order to the model.
    Ordered,
    /// Somebody with a say: the user, a developer, an office.
    Authority,
    /// That it depends.
    Condition,
    /// Consent, or an order.
    Consent,
    /// Words of somebody else, put in their mouth.
    Mouth,
    /// Rules that the model has.
    Rules,
    /// To end them.
    Void,
    /// Freedom from them in so many words.
    Unbound,
    /// To take another tool's place.
    Supplant,
    /// The tool whose place is taken.
    Original,
    /// To go on with another tool.
    Next,
    /// Another tool that acts.
    Actor,
    /// Without a look at it.
    Blind,
    /// A time or an event.
    Trigger,
    /// Another behaviour, in so many words.
    Double,
    /// Who reads a page and is no person.
    Reader,
    /// A command to a shell.
    Shell,
    /// Praise of itself.
    Praise,
    /// Praise that no ordinary tool has.
    Boast,
    /// Others are worse.
    Worse,
    /// An appeal to feelings.
    Plea,
    /// An attack by its name.
    Technique,
    /// A program that attacks.
    Weapon,
    /// To bring it there.
    Plant,
    /// A flaw that an attack uses, and that a defender names as well.
    Flaw,
    /// To use it.
    Abuse,
    /// A product that guards a machine.
    Shield,
    /// To switch it off.
    Silence,
    /// The other side.
    Victim,
    /// To steal or forge.
    Steal,
    /// What is stolen or forged.
    Loot,
    /// To get past a guard.
    Evade,
    /// The guard.
    Defence,
    /// To spy out.
    Spy,
    /// What is spied out.
    Terrain,
}

impl Sort {
    /// The sort among the bits of a set.
    pub(crate) const fn bit(self) -> u128 {
        1 << self as u32
    }

    /// Whether it is something to do, which a "not" before it forbids.
    pub(crate) const fn is_deed(self) -> bool {
        matches!(
            self,
            Self::Take
                | Self::Give
                | Self::Weaken
                | Self::Grant
                | Self::Destroy
                | Self::Run
                | Self::Pay
                | Self::Plant
                | Self::Steal
                | Self::Evade
                | Self::Spy
                | Self::Technique
        )
    }
}

const LISTS: [&str; 5] = [
    include_str!("words/common.json"),
    include_str!("words/steering.json"),
    include_str!("words/selling.json"),
    include_str!("words/hostile.json"),
    include_str!("words/elsewhere.json"),
];

/// All words with their sorts.
pub(super) fn words() -> serde_json::Result<Vec<(Sort, String)>> {
    let mut words = Vec::new();
    for list in LISTS {
        let sorts: BTreeMap<Sort, Vec<String>> = serde_json::from_str(list)?;
        words.extend(
            sorts.into_iter().flat_map(|(sort, list)| list.into_iter().map(move |word| (sort, word))),
        );
    }
    Ok(words)
}
