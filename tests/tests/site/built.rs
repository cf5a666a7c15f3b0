//! What a build writes, leaves as it is, and removes.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::place::{Place, tool};

#[test]
fn the_same_definitions_give_the_same_files_in_whatever_order_they_come() -> Result<()> {
    let (one, other) = (Place::new()?, Place::new()?);
    let tools = [tool("list_orders", "Lists orders."), tool("delete_order", "Deletes an order for good.")];
    one.write("shop", &tools)?;
    one.write("bank", &[tool("pay", "Pays an invoice.")])?;
    let mut turned: Vec<_> = tools.iter().rev().cloned().collect();
    for tool in &mut turned {
        tool["server"] = json!("shop");
    }
    turned.insert(1, json!({ "server": "bank", "tool": "pay" }));
    turned[1] = {
        let mut pay = tool("pay", "Pays an invoice.");
        pay["server"] = json!("bank");
        pay
    };
    other.write("all", &turned)?;
    assert_eq!(one.build(&[])?["tools"], 3);
    other.build(&[])?;
    let pages = |place: &Place| -> Result<_> {
        let mut files = place.files()?;
        // What the pages were made from is another text.
        files.remove("site.manifest");
        Ok(files)
    };
    let (a, b) = (pages(&one)?, pages(&other)?);
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, contents) in &a {
        ensure!(b.get(path) == Some(contents), "{path} differs");
    }
    ensure!(a.contains_key("server/sh/shop/delete_order.html"), "{:?}", a.keys());
    Ok(())
}

#[test]
fn only_what_has_changed_is_rendered_and_only_what_was_built_is_removed() -> Result<()> {
    let place = Place::new()?;
    place.write("shop", &[tool("list_orders", "Lists orders."), tool("delete_order", "Deletes one.")])?;
    place.write("bank", &[tool("pay", "Pays an invoice.")])?;
    place.write("gone", &[tool("look", "Looks.")])?;
    place.build(&[])?;
    let again = place.build(&[])?;
    assert_eq!((&again["servers_rendered"], &again["servers_unchanged"]), (&json!(0), &json!(3)), "{again}");
    assert_eq!(again["files_written"], 0, "{again}");

    let own = place.site().join("server/go/gone/notes.txt");
    fs::write(&own, "mine")?;
    fs::remove_file(place.definitions().join("gone.jsonl"))?;
    place.write("shop", &[tool("list_orders", "Lists orders.")])?;
    let changed = place.build(&[])?;
    assert_eq!(
        (&changed["servers_rendered"], &changed["servers_removed"]),
        (&json!(1), &json!(1)),
        "{changed}"
    );
    let files = place.files()?;
    for path in ["server/sh/shop/delete_order.html", "server/go/gone/index.html", "server/go/gone/look.html"]
    {
        ensure!(!files.contains_key(path), "{path} is still there");
    }
    for path in ["server/go/gone/notes.txt", "server/sh/shop/list_orders.html", "server/ba/bank/pay.html"] {
        ensure!(files.contains_key(path), "{path} is gone");
    }
    let fresh = Place::new()?;
    fresh.write("shop", &[tool("list_orders", "Lists orders.")])?;
    fresh.write("bank", &[tool("pay", "Pays an invoice.")])?;
    fresh.build(&[])?;
    fs::remove_file(own)?;
    assert_eq!(place.files()?, fresh.files()?, "a folder that was built before is as a new one");
    Ok(())
}

#[test]
fn a_page_that_somebody_removed_is_put_back() -> Result<()> {
    let place = Place::new()?;
    place.write("shop", &[tool("list_orders", "Lists orders."), tool("delete_order", "Deletes one.")])?;
    place.write("bank", &[tool("pay", "Pays an invoice.")])?;
    place.build(&[])?;
    let whole = place.files()?;
    for gone in ["server/sh/shop/list_orders.html", "server/sh/shop/index.html", "search.html"] {
        fs::remove_file(place.site().join(gone))?;
        let again = place.build(&[])?;
        let rendered = usize::from(gone.starts_with("server/sh"));
        assert_eq!(again["servers_rendered"], rendered, "{gone}: {again}");
        assert_eq!(place.files()?, whole, "{gone}");
    }
    Ok(())
}

#[test]
fn a_build_that_was_cut_off_is_put_right_by_the_next() -> Result<()> {
    let place = Place::new()?;
    place.write("shop", &[tool("list_orders", "Lists orders."), tool("delete_order", "Deletes one.")])?;
    place.build(&[])?;
    let whole = place.files()?;
    // It has noted what it would write, and ended before it had done so.
    let noted =
        json!({ "server": "lost", "digest": "", "folder": "server/lo/lost/", "pages": ["a.html", "b.html"] });
    let manifest = place.site().join("site.manifest");
    fs::write(&manifest, format!("{}{noted}\n{{\"serv", fs::read_to_string(&manifest)?))?;
    fs::create_dir_all(place.site().join("server/lo/lost"))?;
    fs::write(place.site().join("server/lo/lost/a.html"), "half")?;
    place.build(&[])?;
    assert_eq!(place.files()?, whole);
    Ok(())
}

#[test]
fn files_of_others_are_neither_overwritten_nor_removed() -> Result<()> {
    let place = Place::new()?;
    place.write("shop", &[tool("list_orders", "Lists orders.")])?;
    fs::create_dir(place.site())?;
    fs::write(place.site().join("index.html"), "mine")?;
    let output = place.run(&[])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && said.contains("give a new or an empty folder"), "{said}");
    assert_eq!(fs::read_to_string(place.site().join("index.html"))?, "mine");

    fs::remove_file(place.site().join("index.html"))?;
    place.build(&[])?;
    let outside = place.definitions().join("shop.jsonl");
    let forged = json!({ "server": "x", "digest": "", "folder": "", "pages": ["../definitions/shop.jsonl"] });
    let manifest = place.site().join("site.manifest");
    fs::write(&manifest, format!("{}{forged}\n", fs::read_to_string(&manifest)?))?;
    let output = place.run(&[])?;
    ensure!(output.status.code() == Some(2) && outside.exists(), "{output:?}");
    Ok(())
}

#[test]
fn lines_that_are_no_definitions_are_told_and_the_others_built() -> Result<()> {
    let place = Place::new()?;
    let good = tool("list_orders", "Lists orders.");
    let lines = format!("{good}\n\nnonsense\n{{\"server\": \"shop\"}}\n{good}\n{}\n", tool("pay", "Pays."));
    fs::write(place.definitions().join("shop.jsonl"), lines)?;
    let output = place.run(&[])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "shop.jsonl:3: not JSON",
        "shop.jsonl:4: not a tool's definition",
        "shop.jsonl:5: `shop` has a tool `list_orders` already",
    ] {
        ensure!(said.contains(part), "{part:?} in\n{said}");
    }
    ensure!(place.files()?.contains_key("server/sh/shop/pay.html"));
    let none = Place::new()?;
    fs::write(none.definitions().join("empty.jsonl"), "")?;
    assert_eq!(none.run(&[])?.status.code(), Some(2));
    Ok(())
}

#[test]
fn a_day_is_on_the_pages_only_where_it_is_given() -> Result<()> {
    let place = Place::new()?;
    place.write("shop", &[tool("list_orders", "Lists orders.")])?;
    place.build(&["--date", "2026-11-22"])?;
    for (path, contents) in place.files()? {
        let contents = String::from_utf8_lossy(&contents).into_owned();
        ensure!(!path.ends_with(".html") || contents.contains("As of 2026-11-22."), "{path}");
    }
    place.build(&[])?;
    for (path, contents) in place.files()? {
        ensure!(!String::from_utf8_lossy(&contents).contains("As of 2026"), "{path}");
    }
    Ok(())
}
