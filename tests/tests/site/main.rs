//! `interlock catalog build`: what it writes and removes, and the pages as a real browser shows them from a disk.

mod built;
mod hostile;
mod place;
mod seen;

#[path = "../console/browser.rs"]
#[expect(dead_code, reason = "shared with the tests of the console, where people log in")]
mod browser;
