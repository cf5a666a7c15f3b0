//! Attack patterns: what goes wrong, where it did, and what stops it.

use askama::Template;

use crate::{Frame, Sink, Surroundings};

/// A pattern, as its page shows it.
#[derive(Debug, Clone, Default)]
pub struct AttackPage {
    /// Its name in commands and addresses: lower case, with dashes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What kind of attack it is.
    pub category: String,
    /// What happens.
    pub happens: String,
    /// A case where it did.
    pub case: String,
    /// What was published about that, with the day.
    pub source: String,
    /// Where.
    pub url: String,
    /// What access it takes, in words.
    pub access: String,
    /// What stops it.
    pub control: String,
    /// What the control leaves.
    pub leaves: String,
    /// What the policy lets through that is recommended for such tools.
    pub recommended: Option<String>,
    /// What stops each harm of its scenario: the harm, and the parts of the control.
    pub stopped_by: Vec<(String, String)>,
    /// Policies that state it: for which server, and the text.
    pub policies: Vec<(String, String)>,
    /// The settings that it takes, where a policy is not all.
    pub settings: Option<String>,
    /// What others call it: the collection, and the ids there.
    pub references: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "attack.html")]
struct Page<'a> {
    frame: Surroundings<'a>,
    attack: &'a AttackPage,
    is_web: bool,
}

#[derive(Template)]
#[template(path = "attacks.html")]
struct All<'a> {
    frame: Surroundings<'a>,
    groups: Vec<(&'a str, Vec<&'a AttackPage>)>,
}

/// The page of each, and a list of them.
pub(crate) fn pages<S: Sink>(frame: &Frame, attacks: &[AttackPage], sink: &mut S) -> Result<(), S::Error> {
    let mut groups: Vec<(&str, Vec<&AttackPage>)> = Vec::new();
    for attack in attacks {
        match groups.iter_mut().find(|(category, _)| *category == attack.category) {
            Some((_, of)) => of.push(attack),
            None => groups.push((&attack.category, vec![attack])),
        }
    }
    let path = "attack/index.html";
    sink.page(path, &All { frame: frame.of(path), groups }.render()?)?;
    for attack in attacks {
        let path = format!("attack/{}.html", attack.id);
        // Nothing else is made a link: a `javascript:` would be one, too.
        let is_web = attack.url.starts_with("https://");
        sink.page(&path, &Page { frame: frame.of(&path), attack, is_web }.render()?)?;
    }
    Ok(())
}
