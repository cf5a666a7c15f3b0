//! Tries it.
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
use std::io::BufRead as _;
fn main() {
    for line in std::io::stdin().lock().lines() {
        let mut definition: interlock_catalog::Definition = serde_json::from_str(&line.unwrap()).unwrap();
        definition.annotations = None;
        println!("{}", serde_json::to_string(&interlock_catalog::classify(&definition)).unwrap());
    }
}
