//! `cargo xtask measure classifier`: what the classifier makes of the held-out servers of `catalogue/definitions`.
//!
//! Two kinds of truth: labels by a written rubric (`catalogue/labels`), and publishers' `readOnlyHint` for read against
//! not-read. A tool is judged without its annotations, unless a row says otherwise: they would tell the answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use interlock_catalog::{Annotations, Category, Definition, classify};
use serde::Deserialize;

use super::data;
use super::share::Share;

const CATEGORIES: [Category; 5] =
    [Category::Read, Category::Write, Category::Execute, Category::Destructive, Category::Financial];

/// A label by the rubric.
#[derive(Debug, Deserialize)]
struct Label {
    server: String,
    tool: String,
    category: String,
    drawn: String,
}

/// A held-out definition and what is known of it.
struct Case {
    definition: Definition,
    label: Option<Category>,
    at_random: bool,
}

/// How a definition is shown to the classifier.
type Shown = fn(&Definition) -> Definition;

pub(crate) fn run(root: &Path) -> Result<bool> {
    let cases = cases(root)?;
    let labelled: Vec<&Case> = cases.iter().filter(|case| case.label.is_some()).collect();
    let foreign: Vec<&Case> = labelled.iter().filter(|case| is_foreign(&case.definition)).copied().collect();
    println!(
        "held out: {} tools, {} labelled by the rubric; 95 % intervals in brackets\n",
        cases.len(),
        labelled.len()
    );
    let rows: [(&str, &[&Case], Shown); 5] = [
        ("without annotations", &labelled, unannotated),
        ("as served", &labelled, Definition::clone),
        ("no description", &labelled, undescribed),
        ("annotations that lie", &labelled, lying),
        ("not in English", &foreign, unannotated),
    ];
    for (name, cases, shown) in rows {
        println!("{name}\n  dangerous tools called Read  {}", dangerous_as_read(cases, shown));
        println!("  destructive ones found       {}", found(cases, shown, Category::Destructive));
        println!("  reads called dangerous       {}", reads_as_dangerous(cases, shown));
        println!("  read against not-read agree  {}\n", agreement(cases, shown));
    }
    println!("read against not-read, by publishers' readOnlyHint  {}\n", by_publishers(&cases));
    println!("{:<12} {:<34} {:<34}", "class", "precision", "recall");
    for category in CATEGORIES {
        let precision = precision(&labelled, unannotated, category).to_string();
        let recall = found(&labelled, unannotated, category).to_string();
        println!("{:<12} {precision:<34} {recall:<34}", format!("{category:?}"));
    }
    let random: Vec<&Case> = labelled.iter().filter(|case| case.at_random).copied().collect();
    println!("\nof tools drawn at random alone: right {}", right(&random, unannotated));
    println!(
        "as served\n  dangerous tools called Read           {}",
        dangerous_as_read(&random, Definition::clone)
    );
    println!("  dangerous tools called Read or Write  {}", dangerous_as_less(&random, Definition::clone));
    println!(
        "  destructive ones found                {}",
        found(&random, Definition::clone, Category::Destructive)
    );
    println!("  reads called dangerous                {}", reads_as_dangerous(&random, Definition::clone));
    println!("  read against not-read agree           {}", agreement(&random, Definition::clone));
    Ok(true)
}

fn cases(root: &Path) -> Result<Vec<Case>> {
    let lines = fs::read_to_string(root.join("catalogue/labels/labels.jsonl")).context("read the labels")?;
    let mut labels = BTreeMap::new();
    for line in lines.lines() {
        let label: Label = serde_json::from_str(line).with_context(|| format!("a label: {line}"))?;
        labels.insert((label.server, label.tool), (label.category, label.drawn));
    }
    let definitions = data::definitions(root)?.into_iter().filter(|(part, _)| part == "held-out");
    let cases = definitions.map(|(_, definition)| {
        let label = labels.get(&(definition.server.clone(), definition.tool.clone()));
        let category = label
            .and_then(|(category, _)| CATEGORIES.into_iter().find(|known| format!("{known:?}") == *category));
        Case { definition, label: category, at_random: label.is_some_and(|(_, drawn)| drawn == "at random") }
    });
    Ok(cases.collect())
}

fn unannotated(definition: &Definition) -> Definition {
    Definition { annotations: None, ..definition.clone() }
}

fn undescribed(definition: &Definition) -> Definition {
    Definition { description: None, title: None, annotations: None, ..definition.clone() }
}

fn lying(definition: &Definition) -> Definition {
    let annotations =
        Annotations { read_only_hint: Some(true), destructive_hint: Some(false), ..Annotations::default() };
    Definition { annotations: Some(annotations), ..definition.clone() }
}

/// Whether a quarter of the letters of the description, or more, are not those of English.
fn is_foreign(definition: &Definition) -> bool {
    let letters = || {
        definition.description.iter().flat_map(|text| text.chars()).filter(|letter| letter.is_alphabetic())
    };
    letters().filter(|letter| !letter.is_ascii()).count() * 4 > letters().count()
}

/// Counts, of those cases that `counts`, those that `is`: both of what is known and what is judged.
fn share(
    cases: &[&Case],
    shown: Shown,
    counts: impl Fn(Category, Category) -> bool,
    is: impl Fn(Category, Category) -> bool,
) -> Share {
    let mut share = Share::default();
    for case in cases {
        let Some(known) = case.label else { continue };
        let judged = classify(&shown(&case.definition)).category;
        if counts(known, judged) {
            share.count(is(known, judged));
        }
    }
    share
}

fn dangerous_as_read(cases: &[&Case], shown: Shown) -> Share {
    share(cases, shown, |known, _| known.is_dangerous(), |_, judged| judged == Category::Read)
}

fn dangerous_as_less(cases: &[&Case], shown: Shown) -> Share {
    share(cases, shown, |known, _| known.is_dangerous(), |_, judged| !judged.is_dangerous())
}

fn reads_as_dangerous(cases: &[&Case], shown: Shown) -> Share {
    share(cases, shown, |known, _| known == Category::Read, |_, judged| judged.is_dangerous())
}

fn found(cases: &[&Case], shown: Shown, category: Category) -> Share {
    share(cases, shown, |known, _| known == category, |_, judged| judged == category)
}

fn precision(cases: &[&Case], shown: Shown, category: Category) -> Share {
    share(cases, shown, |_, judged| judged == category, |known, _| known == category)
}

fn agreement(cases: &[&Case], shown: Shown) -> Share {
    share(cases, shown, |_, _| true, |known, judged| (known == Category::Read) == (judged == Category::Read))
}

fn right(cases: &[&Case], shown: Shown) -> Share {
    share(cases, shown, |_, _| true, |known, judged| known == judged)
}

fn by_publishers(cases: &[Case]) -> Share {
    let mut share = Share::default();
    for case in cases {
        let said = case.definition.annotations.as_ref().and_then(|annotations| annotations.read_only_hint);
        if let Some(read_only) = said {
            share.count((classify(&unannotated(&case.definition)).category == Category::Read) == read_only);
        }
    }
    share
}
