//! What steers, sells or attacks, as sorts of words near each other.

use super::super::finding::FindingKind::{
    Execution, Exfiltration, HostilePurpose, Imitation, Override, Precedence, Pressure, Redirection, Secrecy,
    Shadowing,
};
use super::words::Sort::*;
use super::{Rule, any, ordered};

const FILES: &str = "has files with credentials handed out";
const SECRETS: &str = "has something confidential handed out";
const TALK: &str = "has the conversation handed out";
const INSIDE: &str = "asks for what the model knows and a tool has no use for";
const CONDITION: &str = "makes an act that is none of its business a condition";
const FALSE_ERROR: &str = "asks for it as the way out of an error";
const RUNS: &str = "has commands run, or instructions fetched from elsewhere";
const FIRST: &str = "asks to be used before or instead of other tools";
const HANDS_ON: &str = "has another tool act for it";
const SUPPLANTS: &str = "takes the place of another tool";
const KEEPS: &str = "keeps something from the user";
const CONSENTS: &str = "says what the user or an authority is said to want";
const PASSES: &str = "passes for the system, the user or an administrator";
const SPEAKS: &str = "speaks to the model behind the user's back";
const SET_ASIDE: &str = "sets instructions of the model aside";
const WAITS: &str = "waits for a moment to behave otherwise";
const ELSEWHERE: &str = "sends what is meant for somebody elsewhere";

const SELLS: &str = "sells itself to the model that chooses";
const BEGS: &str = "appeals to the model's feelings";
const ATTACKS: &str = "says that it attacks or breaks in";
const STEALS: &str = "says that it steals or smuggles data out";
const STAYS: &str = "says that it plants something hostile";
const SPIES: &str = "says that it spies out targets";

pub(super) const RULES: &[Rule] = &[
    // What is confidential goes out.
    any(Exfiltration, FILES, &[SecretFile, Take, Give, Slot], 140).across(),
    any(Exfiltration, FILES, &[SecretFile, Before, Take, Give], 140).across(),
    ordered(Exfiltration, FILES, &[Must, Give, SecretFile, Slot], 120).across(),
    any(Exfiltration, FILES, &[SecretFile, Onward, Fault], 160).across(),
    any(Exfiltration, FILES, &[SecretFile, Next, Give], 120).across(),
    any(Exfiltration, FILES, &[SecretFile, Next, Actor], 120).across(),
    ordered(Exfiltration, SECRETS, &[Give, Secret, Away], 100),
    ordered(Exfiltration, SECRETS, &[Secret, Give, Away], 80),
    ordered(Exfiltration, SECRETS, &[Give, Personal, Away], 90),
    ordered(Exfiltration, SECRETS, &[Personal, Give, Away], 60),
    any(Exfiltration, SECRETS, &[Private, Give, Away], 90),
    any(Exfiltration, SECRETS, &[Private, Give, Cover], 90),
    any(Exfiltration, SECRETS, &[Secret, Give, Cover], 70),
    any(Exfiltration, SECRETS, &[Private, Give, Obfuscate], 90),
    any(Exfiltration, SECRETS, &[Secret, Take, Obfuscate, Give], 90),
    ordered(Exfiltration, SECRETS, &[Give, Whole, Secret, Answer], 90),
    any(Exfiltration, TALK, &[Talk, Whole, Give, Away], 100),
    any(Exfiltration, TALK, &[Talk, Whole, Give, Cover], 100),
    any(Exfiltration, TALK, &[Talk, Give, Away, Always], 100),
    any(Exfiltration, SECRETS, &[Secret, Before, Take, Give, Slot], 120).across(),
    any(Exfiltration, SECRETS, &[Private, Before, Take, Give], 120).across(),
    any(Exfiltration, SECRETS, &[Private, Must, Give, Slot], 80).across(),
    any(Exfiltration, SECRETS, &[Secret, Model, Must, Give], 100).across(),
    any(Exfiltration, INSIDE, &[Inside], 0),
    any(Exfiltration, INSIDE, &[Innards, Give, Slot], 80),
    any(Exfiltration, INSIDE, &[Innards, Give, Must], 80),
    any(Exfiltration, INSIDE, &[Innards, Whole, User], 60),
    any(Exfiltration, INSIDE, &[Innards, Innards], 60),
    any(Exfiltration, INSIDE, &[Innards, Secret], 60),
    ordered(Execution, CONDITION, &[Before, Give, SecretFile], 110),
    // Something else first, or as the way out.
    any(Override, CONDITION, &[Guard, Weaken, Must, Before], 140),
    any(Override, CONDITION, &[Rights, Grant, Must, Before], 140),
    ordered(Override, CONDITION, &[Before, Weaken, Guard], 80),
    ordered(Override, CONDITION, &[Before, Grant, Rights], 80),
    any(Override, CONDITION, &[Valuable, Destroy, Must, Before], 120),
    any(Execution, CONDITION, &[Code, Run, Must, Before], 120).across(),
    any(Execution, CONDITION, &[Code, Run, Before, Slot], 100).across(),
    any(Redirection, CONDITION, &[Money, Pay, Before, This], 100).across(),
    ordered(Exfiltration, FALSE_ERROR, &[Fault, Give, Secret, Onward], 130).across(),
    ordered(Exfiltration, FALSE_ERROR, &[Fault, Onward, Give, Secret], 130).across(),
    any(Exfiltration, FALSE_ERROR, &[Fault, Onward, Talk, Whole], 160).across(),
    any(Execution, FALSE_ERROR, &[Fault, Onward, Code, Run], 140).across(),
    any(Override, FALSE_ERROR, &[Fault, Onward, Guard, Weaken], 140).across(),
    any(Override, FALSE_ERROR, &[Fault, Onward, Rights], 140).across(),
    any(Override, FALSE_ERROR, &[Fault, Onward, Destroy, Valuable], 140).across(),
    any(Redirection, FALSE_ERROR, &[Fault, Onward, Pay, Money], 140).across(),
    any(Execution, RUNS, &[Shell], 0),
    // Other tools.
    any(Precedence, FIRST, &[Others, Above, Choose, This], 110).unless(Own),
    any(Precedence, FIRST, &[Others, Above, Must, Choose], 90).unless(Own),
    any(Precedence, FIRST, &[Others, Above, This], 60).unless(Own),
    ordered(Precedence, FIRST, &[Reject, Others, This], 80).unless(Own),
    ordered(Precedence, FIRST, &[This, Reject, Others], 80).unless(Own),
    ordered(Precedence, FIRST, &[Choose, Reject, Others], 60).unless(Own),
    ordered(Precedence, FIRST, &[Reject, Rivals, This], 60).unless(Own),
    ordered(Precedence, FIRST, &[This, Choose, Reject, Rivals], 70).unless(Own),
    ordered(Precedence, FIRST, &[Choose, This, Reject, Rivals], 70).unless(Own),
    any(Precedence, FIRST, &[Rivals, Above, This, Must], 80).unless(Own),
    any(Precedence, FIRST, &[Always, Must, Choose, This], 100),
    any(Precedence, FIRST, &[Always, Must, Above, Choose], 100),
    any(Precedence, FIRST, &[Always, Must, Choose, First], 90),
    any(Precedence, FIRST, &[Others, Always, Choose], 110).unless(Own),
    any(Precedence, FIRST, &[Chooser, This], 90).across(),
    any(Shadowing, SUPPLANTS, &[Foreign, Supplant], 80),
    any(Shadowing, SUPPLANTS, &[Foreign, Reject], 80),
    any(Shadowing, SUPPLANTS, &[Original, Supplant, This], 90).across(),
    any(Shadowing, SUPPLANTS, &[Original, Supplant, Supplant], 70).across(),
    any(Shadowing, HANDS_ON, &[Blind, Next], 130).across(),
    any(Shadowing, HANDS_ON, &[Personal, Next, Actor], 130).across(),
    any(Shadowing, HANDS_ON, &[Secret, Next, Actor], 130).across(),
    any(Shadowing, HANDS_ON, &[Money, Next, Actor], 130).across(),
    any(Shadowing, HANDS_ON, &[Blind, Actor], 100).across(),
    any(Shadowing, HANDS_ON, &[Away, Next, Actor], 130).across(),
    // The user is not to know, or is made to speak.
    any(Secrecy, KEEPS, &[Furtive], 0),
    any(Secrecy, KEEPS, &[Unsaid, Deed, Answer], 70),
    any(Imitation, CONSENTS, &[Authority, Consent], 70).unless(Condition),
    any(Imitation, PASSES, &[Mouth], 0),
    any(Imitation, SPEAKS, &[Reader], 0),
    any(Imitation, SPEAKS, &[Ordered, Give, Away], 80),
    any(Imitation, SPEAKS, &[Ordered, Secret], 80),
    any(Imitation, SPEAKS, &[Ordered, Others], 80),
    any(Imitation, SPEAKS, &[Ordered, Blind], 80),
    any(Imitation, SPEAKS, &[Ordered, Personal], 80),
    any(Imitation, SPEAKS, &[Model, Must, Give, Away], 120).across(),
    // The rules that the model has.
    any(Override, SET_ASIDE, &[Rules, Void], 50),
    any(Override, SET_ASIDE, &[Unbound], 0),
    any(Override, WAITS, &[Double], 0).across(),
    any(Override, WAITS, &[Trigger, Secret, Give], 130).across(),
    any(Override, WAITS, &[Trigger, Personal, Give], 130).across(),
    any(Override, WAITS, &[Trigger, Guard, Weaken], 110).across(),
    any(Override, WAITS, &[Trigger, Destroy, Valuable, Whole], 110).across(),
    any(Redirection, ELSEWHERE, &[Trigger, Money], 110).across(),
    any(Redirection, ELSEWHERE, &[Trigger, Give, Away], 110).across(),
    // It sells itself.
    any(Precedence, SELLS, &[Boast], 0),
    any(Precedence, SELLS, &[Praise, Praise, Praise], 160).across(),
    any(Precedence, SELLS, &[Praise, Choose, This], 120),
    any(Precedence, SELLS, &[Praise, Others], 80),
    any(Precedence, SELLS, &[Praise, Rivals], 60),
    any(Precedence, SELLS, &[Praise, Chooser], 120).across(),
    any(Precedence, SELLS, &[Worse, Others], 60),
    any(Precedence, SELLS, &[Worse, Rivals], 40),
    any(Precedence, SELLS, &[Worse, Choose, This], 120).across(),
    any(Precedence, SELLS, &[Worse, Praise], 120).across(),
    any(Pressure, BEGS, &[Plea], 0),
    // It attacks, by the words of the trade.
    any(HostilePurpose, ATTACKS, &[Technique], 0),
    any(HostilePurpose, STAYS, &[Weapon, Plant], 60),
    any(HostilePurpose, ATTACKS, &[Victim], 0),
    any(HostilePurpose, STEALS, &[Steal, Loot], 60),
    any(HostilePurpose, ATTACKS, &[Evade, Defence], 50),
    any(HostilePurpose, ATTACKS, &[Flaw, Abuse], 50),
    any(HostilePurpose, ATTACKS, &[Shield, Silence], 40),
    any(HostilePurpose, SPIES, &[Spy, Terrain], 40),
];
