//! The pages of one server: its tools by severity and by category, and one page for each tool.

use std::collections::HashSet;

use askama::Template;
use interlock_catalog::{Category, Severity};

use crate::facts::Fact;
use crate::lists::{self, Crumb, Facet, List, Pager, ROWS, Row};
use crate::phrases::{self, CATEGORIES, SEVERITIES, Words};
use crate::text::{self, Shown};
use crate::{Frame, Server, Sink, Surroundings, address, tool};

/// As many tools of one server as have pages. More are no server's, but somebody's way to fill a disk.
pub const MOST_TOOLS: usize = 20_000;

/// The tools of one severity.
struct Section<'a> {
    severity: Words,
    rows: Vec<Row<'a>>,
}

#[derive(Template)]
#[template(path = "server.html")]
struct Page<'a> {
    frame: Surroundings<'a>,
    title: String,
    name: Shown<'a>,
    counted: String,
    severities: Vec<Facet>,
    categories: Vec<Facet>,
    sections: Vec<Section<'a>>,
    /// Where one page has all of them, each category with its tools.
    by_category: Vec<(Words, Vec<(&'a Fact, String)>)>,
    pager: Option<Pager>,
}

/// Hands out all pages of a server.
///
/// # Errors
/// The sink's.
pub fn server_pages<S: Sink>(frame: &Frame, server: &Server<'_>, sink: &mut S) -> Result<(), S::Error> {
    let folder = address::of_server(server.name);
    let mut facts: Vec<Fact> = server.tools.iter().map(|tool| Fact::of(0, tool)).collect();
    facts.sort_by(by_severity);
    let pages = facts.len().div_ceil(ROWS).max(1);
    for (at, facts_of_page) in chunks(&facts).enumerate() {
        let path = format!("{folder}/{}", lists::file("index", at + 1));
        sink.page(&path, &overview(frame, &path, server, &facts, facts_of_page, (at + 1, pages))?)?;
    }
    if pages > 1 {
        apart(frame, server, &folder, &facts, sink)?;
    }
    let mut files = HashSet::new();
    for tool in &server.tools {
        let path = format!("{folder}/{}.html", address::slug(&tool.definition.tool));
        // Nobody has found two names with the same digest; whoever does gets one page for both.
        if files.insert(path.clone()) {
            sink.page(&path, &tool::render(frame, &path, server, tool)?)?;
        }
    }
    Ok(())
}

/// The worst first.
pub(crate) fn by_severity(one: &Fact, other: &Fact) -> std::cmp::Ordering {
    let rank = |fact: &Fact| std::cmp::Reverse((fact.severity, fact.category));
    rank(one).cmp(&rank(other)).then_with(|| one.name.cmp(&other.name))
}

fn chunks(facts: &[Fact]) -> impl Iterator<Item = &[Fact]> {
    let none: &[Fact] = &[];
    facts.chunks(ROWS).chain(facts.is_empty().then_some(none))
}

fn overview(
    frame: &Frame,
    path: &str,
    server: &Server<'_>,
    all: &[Fact],
    shown: &[Fact],
    (number, pages): (usize, usize),
) -> askama::Result<String> {
    let row = |fact: &Fact| fact.file();
    let mut sections: Vec<Section<'_>> = Vec::new();
    for severity in SEVERITIES {
        let of: Vec<_> = shown.iter().filter(|fact| fact.severity == severity).collect();
        if !of.is_empty() {
            let rows = of.into_iter().map(|fact| Row::of(fact, row(fact), None)).collect();
            sections.push(Section { severity: phrases::severity(severity), rows });
        }
    }
    let by_category = CATEGORIES.iter().filter(|_| pages == 1).filter_map(|category| {
        let of: Vec<_> =
            all.iter().filter(|fact| fact.category == *category).map(|fact| (fact, row(fact))).collect();
        (!of.is_empty()).then(|| (phrases::category(*category), of))
    });
    let page = Page {
        frame: frame.of(path),
        title: text::plain(server.name, 80),
        name: text::line(server.name, 200),
        counted: text::things(server.tools.len(), "tool"),
        severities: severities(all, pages > 1),
        categories: categories(all, pages > 1),
        sections,
        by_category: by_category.collect(),
        pager: Pager::of("index", number, pages),
    };
    page.render()
}

fn severities(all: &[Fact], apart: bool) -> Vec<Facet> {
    let count = |severity: Severity| all.iter().filter(|fact| fact.severity == severity).count();
    SEVERITIES.iter().map(|one| facet("severity", phrases::severity(*one), count(*one), apart)).collect()
}

fn categories(all: &[Fact], apart: bool) -> Vec<Facet> {
    let count = |category: Category| all.iter().filter(|fact| fact.category == category).count();
    CATEGORIES.iter().map(|one| facet("category", phrases::category(*one), count(*one), apart)).collect()
}

/// On the page itself, or on pages of its own.
fn facet(of: &str, words: Words, count: usize, apart: bool) -> Facet {
    let key = words.key;
    let href = if apart { format!("{of}-{key}.html") } else { format!("#{of}-{key}") };
    Facet { words, count, href: (count > 0).then_some(href), is_here: false }
}

/// Where there are too many for one page: lists of each severity and each category.
fn apart<S: Sink>(
    frame: &Frame,
    server: &Server<'_>,
    folder: &str,
    all: &[Fact],
    sink: &mut S,
) -> Result<(), S::Error> {
    let severities = SEVERITIES.iter().map(|severity| {
        let of: Vec<&Fact> = all.iter().filter(|fact| fact.severity == *severity).collect();
        ("severity", phrases::severity(*severity), of)
    });
    let categories = CATEGORIES.iter().map(|category| {
        let of: Vec<&Fact> = all.iter().filter(|fact| fact.category == *category).collect();
        ("category", phrases::category(*category), of)
    });
    for (kind, words, of) in severities.chain(categories).filter(|(_, _, of)| !of.is_empty()) {
        let list = List {
            folder: folder.to_owned(),
            stem: &format!("{kind}-{}", words.key),
            heading: format!("{} tools of {}", words.name, text::plain(server.name, 80)),
            means: format!("{}: {}.", words.name, words.means),
            crumbs: vec![Crumb { name: text::plain(server.name, 80), href: "index.html".to_owned() }],
            facets: Vec::new(),
        };
        list.pages(frame, of.len(), sink, |at| of.get(at).map(|fact| Row::of(fact, fact.file(), None)))?;
    }
    Ok(())
}
