//! Definitions that were made to do harm.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::place::{Place, tool};

/// Texts that a page may show and must not obey.
const TEXTS: [&str; 7] = [
    "<script>document.title = 'taken'</script>",
    "</title></textarea></style><script>document.title = 'taken'</script>",
    "\"><img src=x onerror=\"document.title = 'taken'\">",
    "'><svg onload='document.title = \"taken\"'>",
    "{{constructor.constructor('document.title = 1')()}} ${document.title = 'taken'} <!--",
    "invoice\u{202e}fdp.exe \u{200b}\u{feff}\u{1b}[2J \u{0} \u{2028}",
    "javascript:document.title='taken'",
];

fn tools() -> Vec<Value> {
    let mut tools = Vec::new();
    for (at, text) in TEXTS.iter().enumerate() {
        let mut named = tool(&format!("delete {text}"), "Deletes it.");
        named["server"] = json!(text);
        let told = json!({
            "server": text,
            "tool": format!("delete_{at}"),
            "title": text,
            "description": format!("Deletes patients. {text}"),
            "inputSchema": { "properties": { *text: { "description": text, "default": text, "enum": [text] } }, "required": [text] },
            "annotations": { "title": text },
        });
        tools.extend([named, told]);
    }
    tools
}

#[test]
fn names_become_files_below_the_site_and_none_takes_that_of_another() -> Result<()> {
    let place = Place::new()?;
    let long = "n".repeat(3_000);
    let names = [
        "../../../x",
        "..",
        "/etc/passwd",
        "CON",
        "con",
        "nul.html",
        "Index",
        "index",
        "a/b",
        "a\\b",
        "Delete_All",
        "delete_all",
        "DELETE_ALL",
        "查询",
        "x\u{0}y",
        "index-2",
        "category-read",
        &long,
    ];
    let mut tools = Vec::new();
    for server in names {
        for name in names {
            let mut tool = tool(name, "Deletes one.");
            tool["server"] = json!(server);
            tools.push(tool);
        }
    }
    place.write("hostile", &tools)?;
    let summary = place.build(&[])?;
    assert_eq!(summary["tools"], names.len() * names.len());
    let files = place.files()?;
    let pages = files.keys().filter(|path| path.starts_with("server/")).count();
    // One of each tool and one of each server.
    assert_eq!(pages, names.len() * (names.len() + 1));
    let mut lower: Vec<_> = files.keys().map(|path| path.to_lowercase()).collect();
    lower.dedup();
    assert_eq!(lower.len(), files.len(), "no two are the same where upper and lower case are");
    ensure!(files.keys().all(|path| path.len() < 200));
    Ok(())
}

#[test]
fn long_texts_are_cut_and_the_rest_is_counted() -> Result<()> {
    let place = Place::new()?;
    place.write("big", &[tool("read_all", &"word ".repeat(200_000))])?;
    place.build(&[])?;
    let files = place.files()?;
    let page = String::from_utf8_lossy(&files["server/bi/big/read_all.html"]).into_owned();
    ensure!(page.len() < 40_000 && page.contains("more letters are not shown"), "{}", page.len());
    Ok(())
}

#[tokio::test]
async fn nothing_in_a_definition_is_obeyed() -> Result<()> {
    let place = Place::new()?;
    place.write("hostile", &tools())?;
    let summary = place.build(&[])?;
    assert_eq!(summary["tools"], TEXTS.len() * 2);
    for (path, contents) in place.files()? {
        let text = String::from_utf8_lossy(&contents).into_owned();
        for bad in ['\u{202e}', '\u{200b}', '\u{feff}', '\u{1b}', '\u{0}', '\u{2028}'] {
            ensure!(!text.contains(bad) || path == "site.manifest", "{bad:?} in {path}");
        }
        if path.ends_with(".html") {
            ensure!(!text.contains("<script>") && !text.contains("<img") && !text.contains("<svg"), "{path}");
            ensure!(!text.contains("href=\"javascript:"), "{path}");
        }
    }
    let base = format!("file://{}", place.site().display());
    let mut browser = Browser::at(base, "/", "site", json!({})).await?;
    let pages: Vec<String> = place.files()?.into_keys().filter(|path| path.ends_with(".html")).collect();
    for page in pages {
        browser.go(&format!("/{page}")).await?;
        let title = browser.value("document.title").await?;
        ensure!(title.as_str().is_some_and(|title| title.ends_with("Tool catalogue")), "{page}: {title}");
    }
    browser.go("/search.html?q=delete+patients").await?;
    // Those that speak of patients, of both that each text has.
    browser.until(&format!("{} tools", TEXTS.len())).await?;
    assert_eq!(browser.count("#results img, #results script, #results svg").await?, 0);
    ensure!(browser.value("document.title").await? == "Search · Tool catalogue");
    browser.close().await
}
