//! The pages as a real browser shows them, from a disk.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::place::Place;

async fn open(place: &Place, window: Value) -> Result<Browser> {
    Browser::at(format!("file://{}", place.site().display()), "/", "site", window).await
}

/// Nothing has to be moved sideways to be read.
async fn fits(browser: &mut Browser) -> Result<()> {
    let wide = browser.value("document.documentElement.scrollWidth - window.innerWidth").await?;
    ensure!(wide.as_i64().is_some_and(|wide| wide <= 0), "{wide} pixels too wide");
    Ok(())
}

/// Every text stands out from what is behind it (WCAG 2.2, 1.4.3: 4.5 to 1).
async fn readable(browser: &mut Browser) -> Result<()> {
    let faint = browser.value(include_str!("../console/contrast.js")).await?;
    ensure!(faint == json!([]), "{faint}");
    Ok(())
}

/// Every field has a name, and every link goes to a file that is there.
async fn accessible(browser: &mut Browser) -> Result<()> {
    let nameless = browser.value("[...document.querySelectorAll('input, select, button, a')].filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label'))).length").await?;
    assert_eq!(nameless, 0);
    assert_eq!(browser.value("document.documentElement.lang").await?, "en");
    assert_eq!(browser.count("h1").await?, 1);
    Ok(())
}

/// Pages of every kind; the tool's and the server's are of the documentation's example.
const PAGES: [(&str, &str); 10] = [
    ("overview", "/index.html"),
    ("search", "/search.html"),
    ("server", "/server/aw/aws-healthimaging/index.html"),
    ("tool", "/server/aw/aws-healthimaging/start_dicom_export_job.html"),
    ("servers", "/servers/index.html"),
    ("category", "/category/destructive/index.html"),
    ("severity", "/severity/critical/index.html"),
    ("risk", "/risk/patient-data/destructive/index.html"),
    ("attacks", "/attack/index.html"),
    ("attack", "/attack/destructive-autonomy.html"),
];

#[tokio::test]
async fn what_can_delete_patient_data_is_found_in_two_steps() -> Result<()> {
    let place = Place::with_all()?;
    let summary = place.build(&[])?;
    ensure!(summary["servers"].as_u64() >= Some(150), "{summary}");
    let mut browser = open(&place, json!({})).await?;
    browser.go("/index.html").await?;
    browser.shot("overview").await?;
    // By words.
    browser.fill("#ask", "what can delete patient data").await?;
    browser.press(&["Enter"]).await?;
    browser.until("delete_patient_studies").await?;
    let (text, here) = browser.page().await?;
    ensure!(here.starts_with("/search.html?q=what"), "{here}");
    ensure!(text.contains("of aws-healthimaging") && text.contains("Destructive"), "{text}");
    browser.click("#results a[href$='/delete_patient_studies.html']").await?;
    browser.until("It deletes something").await?;
    browser.shot("tool-found").await?;
    // By pages.
    browser.go("/index.html").await?;
    browser.click("a[href='risk/patient-data/index.html']").await?;
    browser.click("a[href='destructive/index.html']").await?;
    browser.until("delete_patient_studies").await?;
    browser.shot("risk").await?;
    browser.close().await
}

#[tokio::test]
async fn searching_is_typing() -> Result<()> {
    let place = Place::with_some()?;
    place.build(&[])?;
    let mut browser = open(&place, json!({})).await?;
    // The field has the focus, and each letter searches.
    browser.go("/search.html").await?;
    browser.write("dicom exp").await?;
    browser.until("start_dicom_export_job").await?;
    // What was found is reached with the keyboard alone.
    browser.press(&["Tab", "Tab", "Tab", "Tab", "Tab"]).await?;
    ensure!(browser.value("document.activeElement.closest('#results') !== null").await? == true);
    browser.press(&["Enter"]).await?;
    browser.until("Why it is judged so").await?;
    // Filters are kept in the address.
    browser.go("/search.html?q=datastore&category=destructive").await?;
    browser.until("delete_datastore").await?;
    let (text, _) = browser.page().await?;
    ensure!(!text.contains("list_datastores"), "{text}");
    // Each has a name that it is found by, in whatever script.
    browser.go("/search.html?q=nothingiscalledthis").await?;
    browser.until("No tool fits").await?;
    // From any page.
    browser.go("/server/aw/aws-healthimaging/index.html").await?;
    browser.fill("#find", "image set delete").await?;
    browser.press(&["Enter"]).await?;
    browser.until("delete_image_set").await?;
    browser.go("/search.html?q=delete").await?;
    browser.until("Show more").await?;
    browser.click("#more").await?;
    browser.until("the best 40").await?;
    assert_eq!(browser.count("#results > li").await?, 40);
    browser.close().await
}

#[tokio::test]
async fn every_kind_of_page_is_read_in_the_dark_in_a_narrow_window_and_without_scripts() -> Result<()> {
    let place = Place::with_some()?;
    place.build(&["--date", "2026-11-22"])?;
    let mut browser = open(&place, json!({})).await?;
    for (kind, window) in [
        ("light", json!({})),
        ("dark", json!({ "dark": true })),
        ("narrow", json!({ "width": 320, "height": 640 })),
        ("plain", json!({ "scripts": false })),
    ] {
        browser.window(window.clone()).await?;
        for (name, page) in PAGES {
            browser.go(page).await.with_context(|| page.to_owned())?;
            if kind != "plain" {
                fits(&mut browser).await.with_context(|| format!("{name}, {kind}"))?;
                readable(&mut browser).await.with_context(|| format!("{name}, {kind}"))?;
                accessible(&mut browser).await.with_context(|| format!("{name}, {kind}"))?;
            }
            browser.shot(&format!("{kind}-{name}")).await?;
        }
    }
    // The last window has no scripts: everything is still found, and the search says where.
    browser.go("/search.html").await?;
    let (text, _) = browser.page().await?;
    ensure!(text.contains("Searching needs JavaScript"), "{text}");
    browser.go("/server/aw/aws-healthimaging/start_dicom_export_job.html").await?;
    let (text, _) = browser.page().await?;
    for part in [
        "Execute",
        "required",
        "output_s3_uri",
        "Recommended policy",
        "How do I limit it?",
        "Can it be undone?",
        "Attacks that it gives the access for",
        "A job exports everything to a place of the attacker's",
        "Data leave (output_s3_uri): an argument names a place to which data go",
    ] {
        ensure!(text.contains(part), "{part:?} in\n{text}");
    }
    browser.close().await
}

#[test]
fn no_page_leads_to_a_file_that_is_not_there() -> Result<()> {
    let place = Place::with_some()?;
    place.build(&[])?;
    let files = place.files()?;
    let mut seen = 0;
    for (path, contents) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let text = String::from_utf8_lossy(contents);
        for part in text
            .split(" href=\"")
            .skip(1)
            .chain(text.split(" src=\"").skip(1))
            .chain(text.split(" action=\"").skip(1))
        {
            let href = part.split(['"', '#', '?']).next().unwrap_or_default();
            if href.is_empty() || href.starts_with("https://") {
                continue;
            }
            let target = resolved(path, href);
            ensure!(files.contains_key(&target), "{path} leads to {href}, which is not there");
            seen += 1;
        }
    }
    ensure!(seen > 1_000);
    Ok(())
}

/// Where a relative address leads.
fn resolved(page: &str, href: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in href.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
