//! `interlock serve --check`: every mistake of the file and of what it refers to, without a start.

use std::path::Path;

use interlock_policy::{Diagnostic, Located};
use interlock_store::{Credentials, Embedded, Servers};

use crate::args::ServeArgs;
use crate::commands::check::{self, Beside, Checked};
use crate::data_dir::{self, data_dir};
use crate::exit::Exit;
use crate::input;
use crate::serving::{self, Mistake, Policies};
use crate::settings::Settings;
use crate::terminal;

/// Reads everything, says what is wrong, and puts nothing in force.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    let (name, text) = input::read_text(&args.config)?;
    let written = Settings::mistakes(&text);
    let mut files = Vec::new();
    if written.is_empty() {
        let mut settings = Settings::load(Some(&args.config))?;
        let mut policies = Policies::quiet();
        let found = mistakes(&mut settings, args.data.as_deref(), &mut policies)?;
        files.push(Checked::of_mistakes(name, located(&settings, &found), text));
        for file in policies.tried().filter(|file| file.exists()) {
            files.push(check::check(
                file,
                &Beside { settings: Some(&settings), ..Beside::default() },
                false,
            )?);
        }
    } else {
        files.push(Checked::of_mistakes(name, written, text));
    }
    check::print(&files, args.format)?;
    Ok(check::answer(&files))
}

fn mistakes(
    settings: &mut Settings,
    data: Option<&Path>,
    policies: &mut Policies,
) -> anyhow::Result<Vec<Mistake>> {
    let mut found = Vec::new();
    let mut keep = |key: &str, error: anyhow::Error| {
        found.push(Mistake { keys: vec![key.to_owned()], message: terminal::with_causes(&error) });
    };
    if let Err(error) = super::address(settings) {
        keep("listen", error);
    }
    if let Err(error) = super::admin_address(settings) {
        keep("admin", error);
    }
    // Looking makes no data directory: where there is none, nothing is kept and nothing registered.
    match data_dir(data, settings) {
        Ok(data) if data_dir::used(&data).is_ok() => {
            let store = Embedded::open(&data, settings.store())?;
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let registered = runtime.block_on(store.servers())?;
            // Keys that cannot be read are a mistake among the others.
            let _found_later = settings.use_credentials(&store, runtime.block_on(store.credentials())?);
            let configured = serving::with_registered(settings, &registered, policies, true);
            for server in &configured.servers {
                if let Some(problem) = &server.problem {
                    let name = &server.name;
                    terminal::note(&format!(
                        "interlock: the registered server `{name}` is not in force: {problem}"
                    ));
                }
            }
        }
        _ => {
            let _found_later = settings.use_no_credentials();
        }
    }
    found.extend(serving::mistakes(settings, policies));
    Ok(found)
}

fn located(settings: &Settings, found: &[Mistake]) -> Vec<Diagnostic> {
    let (_, text) = settings.source();
    let mut located = Located::new(text);
    for Mistake { keys, message } in found {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let pointer: String =
            keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect();
        located.error("not-in-force", settings.range_of(&keys), &pointer, message.clone(), None);
    }
    located.finish()
}
