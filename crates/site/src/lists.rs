//! Lists of tools, as many pages as it takes.

use askama::Template;

use crate::facts::{Fact, ServerFact};
use crate::phrases::{self, Words};
use crate::{Frame, Sink, Surroundings, address, text};

/// Rows of a page.
pub(crate) const ROWS: usize = 100;

/// A tool in a list.
pub(crate) struct Row<'f> {
    pub(crate) name: &'f str,
    pub(crate) href: String,
    /// The server's name and page, where not all rows are one server's.
    pub(crate) server: Option<(&'f str, String)>,
    pub(crate) severity: Words,
    pub(crate) category: Words,
    pub(crate) risks: Vec<&'static str>,
    pub(crate) summary: &'f str,
}

impl<'f> Row<'f> {
    pub(crate) fn of(fact: &'f Fact, href: String, server: Option<(&'f str, String)>) -> Self {
        Self {
            name: &fact.name,
            href,
            server,
            severity: phrases::severity(fact.severity),
            category: phrases::category(fact.category),
            risks: fact.risks.each().map(|kind| phrases::risk(kind).name).collect(),
            summary: &fact.summary,
        }
    }

    /// In a list that has tools of many servers, as seen from a page so many folders below the site's.
    pub(crate) fn of_many(fact: &'f Fact, server: &'f ServerFact, root: &str) -> Self {
        let folder = format!("{root}{}", server.folder);
        let href = format!("{folder}/{}", fact.file());
        Self::of(fact, href, Some((&server.name, format!("{folder}/index.html"))))
    }
}

/// A part of what is listed: how many are in it, and where they are. Without any there is no page.
pub(crate) struct Facet {
    pub(crate) words: Words,
    pub(crate) count: usize,
    pub(crate) href: Option<String>,
    pub(crate) is_here: bool,
}

impl Facet {
    pub(crate) fn counted(&self) -> String {
        text::count(self.count)
    }
}

/// A page above this one.
pub(crate) struct Crumb {
    pub(crate) name: String,
    pub(crate) href: String,
}

/// The way to the other pages of a list.
pub(crate) struct Pager {
    pub(crate) here: String,
    pub(crate) last: String,
    pub(crate) before: Option<String>,
    pub(crate) next: Option<String>,
    /// Some others, so that none is far away.
    pub(crate) some: Vec<(String, String)>,
}

/// The file of a page of several.
pub(crate) fn file(stem: &str, number: usize) -> String {
    if number == 1 { format!("{stem}.html") } else { format!("{stem}-{number}.html") }
}

impl Pager {
    /// None where there is one page.
    pub(crate) fn of(stem: &str, number: usize, pages: usize) -> Option<Self> {
        if pages < 2 {
            return None;
        }
        // The first, the last, those beside, and steps between.
        let step = (pages / 8).max(1);
        let mut numbers: Vec<usize> = (1..=8).map(|at| at * step).filter(|at| *at <= pages).collect();
        numbers.extend([1, pages]);
        numbers.extend((number.saturating_sub(2)..=number + 2).filter(|at| (1..=pages).contains(at)));
        numbers.sort_unstable();
        numbers.dedup();
        let href = |at: usize| file(stem, at);
        Some(Self {
            here: text::count(number),
            last: text::count(pages),
            before: (number > 1).then(|| href(number - 1)),
            next: (number < pages).then(|| href(number + 1)),
            some: numbers.into_iter().map(|at| (text::count(at), href(at))).collect(),
        })
    }
}

/// A list of tools.
pub(crate) struct List<'l> {
    pub(crate) folder: String,
    pub(crate) stem: &'l str,
    pub(crate) heading: String,
    pub(crate) means: String,
    pub(crate) crumbs: Vec<Crumb>,
    /// Parts of it, each group with a heading.
    pub(crate) facets: Vec<(&'static str, Vec<Facet>)>,
}

#[derive(Template)]
#[template(path = "listing.html")]
struct Page<'a> {
    frame: Surroundings<'a>,
    list: &'a List<'a>,
    counted: String,
    rows: Vec<Row<'a>>,
    pager: Option<Pager>,
}

impl List<'_> {
    /// Hands out its pages: `row` gives each of so many rows.
    pub(crate) fn pages<'r, S: Sink>(
        &self,
        frame: &Frame,
        rows: usize,
        sink: &mut S,
        row: impl Fn(usize) -> Option<Row<'r>>,
    ) -> Result<(), S::Error> {
        let pages = rows.div_ceil(ROWS).max(1);
        for number in 1..=pages {
            let begin = (number - 1) * ROWS;
            let path = format!("{}/{}", self.folder, file(self.stem, number));
            let page = Page {
                frame: frame.of(&path),
                list: self,
                counted: text::things(rows, "tool"),
                rows: (begin..rows.min(begin + ROWS)).filter_map(&row).collect(),
                pager: Pager::of(self.stem, number, pages),
            };
            sink.page(&path, &page.render()?)?;
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> String {
        address::back(&format!("{}/", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_far_away() {
        assert!(Pager::of("index", 1, 1).is_none());
        let pager = Pager::of("index", 40, 80).unwrap();
        let numbers: Vec<_> = pager.some.iter().map(|(number, _)| number.as_str()).collect();
        assert_eq!(numbers, ["1", "10", "20", "30", "38", "39", "40", "41", "42", "50", "60", "70", "80"]);
        assert_eq!(
            (pager.before.as_deref(), pager.next.as_deref()),
            (Some("index-39.html"), Some("index-41.html"))
        );
        assert_eq!(file("index", 1), "index.html");
    }
}
