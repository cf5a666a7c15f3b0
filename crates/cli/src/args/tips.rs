//! What to write instead of a command line that cannot be understood.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds to an error what the words before and behind `--` tell.
pub(crate) fn with_tip(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let command = words.get(1).and_then(|command| command.to_str());
    let tip = match (command, error.kind(), error.get(ContextKind::InvalidArg)) {
        (Some("run"), ErrorKind::UnknownArgument, Some(ContextValue::String(word))) => run(word, words),
        (Some("explain"), ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument, _) => {
            explain(words)
        }
        _ => None,
    };
    if let Some(tip) = tip {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// What stands alone, where only a file with a call may: an argument, or the policy.
fn explain(words: &[OsString]) -> Option<String> {
    let is_option = |word: &OsString| word.to_string_lossy().starts_with('-');
    let alone = words.windows(2).skip(1).filter_map(|pair| match pair {
        [before, word] => (!is_option(before) && !is_option(word)).then(|| word.to_string_lossy()),
        _ => None,
    });
    for word in alone {
        if word.contains('=') {
            return Some(format!("give an argument with `--arg {word}`"));
        }
        let ends = [".yaml", ".yml", ".json"].iter().any(|ending| word.ends_with(ending));
        if ends && !words.iter().any(|word| names_a_policy(word)) {
            return Some(format!("name the policy with `-c {word}`"));
        }
    }
    None
}

fn run(word: &str, words: &[OsString]) -> Option<String> {
    if word.starts_with('-') {
        return None;
    }
    let separated = words.iter().any(|word| word == "--");
    let named = words.iter().any(|word| names_a_policy(word));
    if !named {
        return Some(format!("name the policy with `-c {word}`"));
    }
    (!separated).then(|| format!("put `--` before the server's command: `-- {word} …`"))
}

fn names_a_policy(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    text.starts_with("-c") || ["--policy", "--config"].iter().any(|flag| text.starts_with(flag))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Args;

    fn said(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let error = Args::try_parse_from(&words).unwrap_err();
        with_tip(error, &words).to_string()
    }

    #[test]
    fn what_stands_on_the_wrong_side_of_the_dashes() {
        for (line, tip) in [
            (
                "interlock run -c p.yaml uvx my-server",
                "tip: put `--` before the server's command: `-- uvx …`",
            ),
            ("interlock run --policy=p.yaml ./server -v", "`-- ./server …`"),
            ("interlock run p.yaml -- uvx my-server", "tip: name the policy with `-c p.yaml`"),
            ("interlock run p.yaml", "tip: name the policy with `-c p.yaml`"),
        ] {
            let said = said(line);
            assert!(said.contains(tip), "{line}: {said}");
        }
        for (line, tip) in [
            ("interlock explain p.yaml --tool x", "tip: name the policy with `-c p.yaml`"),
            ("interlock explain p.yaml", "tip: name the policy with `-c p.yaml`"),
            ("interlock explain -c p.yaml --tool x --arg a=b c=d", "tip: give an argument with `--arg c=d`"),
        ] {
            let said = said(line);
            assert!(said.contains(tip), "{line}: {said}");
        }
        let said = said("interlock explain -c p.yaml --tool x call.json");
        assert!(!said.contains("tip:"), "{said}");
    }

    #[test]
    fn what_needs_no_tip() {
        for line in ["interlock run -c p.yaml --grnt x -- y", "interlock status now", "interlock run"] {
            let said = said(line);
            assert!(!said.contains("the server's command:") && !said.contains("name the policy"), "{said}");
        }
    }
}
