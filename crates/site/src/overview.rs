//! The page that one begins with, the list of servers, and the page of the search.

use askama::Template;
use interlock_catalog::classify::RiskKind;

use crate::catalogue::Catalogue;
use crate::facts::ServerFact;
use crate::lists::{Facet, Pager, ROWS, file};
use crate::phrases::{self, CATEGORIES, RISKS, SEVERITIES, Words};
use crate::{AttackPage, Frame, Sink, Surroundings, text};

/// Servers that the first page names.
const NAMED: usize = 12;

/// A server in a list: its page, and how many tools it has of each severity.
struct Entry<'c> {
    name: &'c str,
    href: String,
    tools: String,
    counts: Vec<(Words, String)>,
}

impl<'c> Entry<'c> {
    fn of(server: &'c ServerFact, way: &str) -> Self {
        let counts = SEVERITIES.iter().zip(server.by_severity).filter(|(_, count)| *count > 0);
        Self {
            name: &server.name,
            href: format!("{way}{}/index.html", server.folder),
            tools: text::things(server.tools as usize, "tool"),
            counts: counts.map(|(of, count)| (phrases::severity(*of), text::count(count as usize))).collect(),
        }
    }
}

/// How many tools of each category show a risk.
struct Line {
    words: Words,
    href: Option<String>,
    cells: Vec<Facet>,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    frame: Surroundings<'a>,
    servers: String,
    tools: String,
    severities: Vec<Facet>,
    categories: Vec<Facet>,
    lines: Vec<Line>,
    worst: Vec<Entry<'a>>,
    attacks: &'a [AttackPage],
}

#[derive(Template)]
#[template(path = "servers.html")]
struct Servers<'a> {
    frame: Surroundings<'a>,
    counted: String,
    entries: Vec<Entry<'a>>,
    pager: Option<Pager>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search<'a> {
    frame: Surroundings<'a>,
    severities: Vec<Words>,
    categories: Vec<Words>,
    risks: Vec<Words>,
}

pub(crate) fn pages<S: Sink>(
    frame: &Frame,
    all: &Catalogue,
    attacks: &[AttackPage],
    sink: &mut S,
) -> Result<(), S::Error> {
    let path = "index.html";
    sink.page(path, &overview(frame.of(path), all, attacks).render()?)?;
    let path = "search.html";
    let search = Search {
        frame: frame.of(path),
        severities: SEVERITIES.map(phrases::severity).to_vec(),
        categories: CATEGORIES.map(phrases::category).to_vec(),
        risks: RISKS.map(phrases::risk).to_vec(),
    };
    sink.page(path, &search.render()?)?;
    servers(frame, all, sink)
}

fn overview<'a>(frame: Surroundings<'a>, all: &'a Catalogue, attacks: &'a [AttackPage]) -> Overview<'a> {
    let facet = |of: &str, words: Words, count: usize| {
        let href = (count > 0).then(|| format!("{of}/{}/index.html", words.key));
        Facet { words, count, href, is_here: false }
    };
    let severities = SEVERITIES
        .iter()
        .map(|one| facet("severity", phrases::severity(*one), all.count(|fact| fact.severity == *one)));
    let categories = CATEGORIES
        .iter()
        .map(|one| facet("category", phrases::category(*one), all.count(|fact| fact.category == *one)));
    let mut worst: Vec<&ServerFact> = all.servers.iter().collect();
    worst.sort_by(|one, other| {
        let most = |server: &ServerFact| std::cmp::Reverse(server.by_severity);
        most(one).cmp(&most(other)).then_with(|| (&one.name, &one.folder).cmp(&(&other.name, &other.folder)))
    });
    Overview {
        frame,
        servers: text::things(all.servers(), "server"),
        tools: text::things(all.tools(), "tool"),
        severities: severities.collect(),
        categories: categories.collect(),
        lines: RISKS.iter().map(|kind| line(all, *kind)).collect(),
        worst: worst.into_iter().take(NAMED).map(|server| Entry::of(server, "")).collect(),
        attacks,
    }
}

fn line(all: &Catalogue, kind: RiskKind) -> Line {
    let words = phrases::risk(kind);
    let cell = |category: &interlock_catalog::Category| {
        let of = phrases::category(*category);
        let count = all.count(|fact| fact.category == *category && fact.risks.has(kind));
        let href = (count > 0).then(|| format!("risk/{}/{}/index.html", words.key, of.key));
        Facet { words: of, count, href, is_here: false }
    };
    let cells: Vec<Facet> = CATEGORIES.iter().map(cell).collect();
    let any = cells.iter().any(|cell| cell.count > 0);
    Line { words, href: any.then(|| format!("risk/{}/index.html", words.key)), cells }
}

/// All servers by name.
fn servers<S: Sink>(frame: &Frame, all: &Catalogue, sink: &mut S) -> Result<(), S::Error> {
    let mut sorted: Vec<(String, &ServerFact)> =
        all.servers.iter().map(|server| (server.name.to_lowercase(), server)).collect();
    sorted.sort_by(|(one, a), (other, b)| (one, &a.folder).cmp(&(other, &b.folder)));
    let pages = sorted.len().div_ceil(ROWS).max(1);
    for number in 1..=pages {
        let path = format!("servers/{}", file("index", number));
        let of_page = sorted.iter().skip((number - 1) * ROWS).take(ROWS);
        let page = Servers {
            frame: frame.of(&path),
            counted: text::things(sorted.len(), "server"),
            entries: of_page.map(|(_, server)| Entry::of(server, "../")).collect(),
            pager: Pager::of("index", number, pages),
        };
        sink.page(&path, &page.render()?)?;
    }
    Ok(())
}
