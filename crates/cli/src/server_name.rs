//! The name of a wrapped server when nobody gives one: its package or program without the version, so that
//! `server@latest` and `server@1.2` share limits and records.

use std::ffi::OsString;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Derives a server's name from its command.
///
/// Where the command's options are not all known, what looks like the package may be an option's value, and
/// perhaps a secret: then the name is the program's and a digest of the command.
pub(crate) fn server_name(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some((program, rest)) = words.split_first() else { return "server".to_owned() };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match package(stem(program), &rest) {
        Found::Name(name) if !name.contains("://") && !name.is_empty() => readable(&name),
        Found::Nothing => readable(stem(program)),
        Found::Name(_) | Found::Unclear => digested(stem(program), &words),
    }
}

/// What a launcher's arguments say.
enum Found {
    Name(String),
    /// The program launches nothing: it is the server itself.
    Nothing,
    /// There is an option that may or may not take a value.
    Unclear,
}

/// What is known of a launcher's options: those that take a value, and those that do not.
struct Options {
    with_value: &'static [&'static str],
    alone: &'static [&'static str],
}

const UV: Options = Options {
    with_value: &[
        "--from",
        "--with",
        "--python",
        "-p",
        "--index",
        "--index-url",
        "--extra-index-url",
        "--default-index",
        "-i",
        "-f",
        "--find-links",
        "--directory",
        "--project",
        "--env-file",
        "--with-editable",
        "--cache-dir",
        "--config-file",
        "--extra",
        "--group",
    ],
    alone: &[
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "--offline",
        "--isolated",
        "--no-cache",
        "-n",
        "--refresh",
        "--frozen",
        "--locked",
        "--no-sync",
    ],
};
const NPX: Options = Options {
    with_value: &["--package", "-p", "--cache", "--registry", "--prefix", "-w", "--workspace"],
    alone: &[
        "-y",
        "--yes",
        "--no",
        "-q",
        "--quiet",
        "--silent",
        "--prefer-offline",
        "--offline",
        "--bun",
        "--",
    ],
};
const PIPX: Options = Options {
    with_value: &["--spec", "--index-url", "-i", "--python", "--pip-args"],
    alone: &["--no-cache", "--quiet", "-q", "--verbose"],
};
const DOCKER: Options = Options {
    with_value: &[
        "-e",
        "--env",
        "-v",
        "--volume",
        "--name",
        "--network",
        "--net",
        "--mount",
        "-p",
        "--publish",
        "-w",
        "--workdir",
        "--env-file",
        "-u",
        "--user",
        "--platform",
        "--entrypoint",
        "-l",
        "--label",
        "-m",
        "--memory",
        "--cpus",
        "--add-host",
        "-h",
        "--hostname",
        "--gpus",
        "--pull",
        "--security-opt",
        "--cap-drop",
        "--cap-add",
        "--tmpfs",
        "--log-driver",
    ],
    alone: &[
        "-i",
        "-t",
        "-it",
        "-ti",
        "--interactive",
        "--tty",
        "--rm",
        "--init",
        "--read-only",
        "--privileged",
        "-q",
        "--quiet",
    ],
};
const PYTHON: Options =
    Options { with_value: &["-W", "-X"], alone: &["-u", "-B", "-E", "-I", "-s", "-S", "-O", "-OO", "-q"] };
const SCRIPT: Options = Options {
    with_value: &["-r", "--require", "--import", "--loader", "--env-file", "-c", "--config"],
    alone: &[
        "--enable-source-maps",
        "--no-warnings",
        "-A",
        "--allow-all",
        "--allow-net",
        "--allow-read",
        "--allow-env",
        "--allow-write",
        "--allow-run",
        "-q",
        "--quiet",
    ],
};

/// The package that a launcher runs, or the script that an interpreter runs.
fn package(program: &str, rest: &[&str]) -> Found {
    let tool = |rest: &[&str]| match value_of(rest, &["--from"]) {
        Some(package) => Found::Name(unversioned(&package)),
        None => operand(rest, &UV, unversioned),
    };
    let npm = |rest: &[&str]| match value_of(rest, &["--package", "-p"]) {
        Some(package) => Found::Name(unversioned(&package)),
        None => operand(rest, &NPX, unversioned),
    };
    match program {
        "uvx" => tool(rest),
        "uv" => match subcommand(rest, &UV) {
            Some(["tool", "run", rest @ ..]) => tool(rest),
            Some(["run", rest @ ..]) => operand(rest, &UV, script),
            _ => Found::Unclear,
        },
        "npx" | "bunx" | "pnpx" => npm(rest),
        "npm" | "pnpm" | "yarn" | "bun" => match subcommand(rest, &NPX) {
            Some(["exec" | "x" | "dlx", rest @ ..]) => npm(rest),
            _ => Found::Unclear,
        },
        "pipx" => match subcommand(rest, &PIPX) {
            Some(["run", rest @ ..]) => operand(rest, &PIPX, unversioned),
            _ => Found::Unclear,
        },
        "docker" | "podman" => match subcommand(rest, &DOCKER) {
            Some(["run", rest @ ..]) => operand(rest, &DOCKER, image),
            _ => Found::Unclear,
        },
        "deno" => match subcommand(rest, &SCRIPT) {
            Some(["run", rest @ ..]) => operand(rest, &SCRIPT, script),
            _ => Found::Unclear,
        },
        "env" | "sh" | "bash" | "zsh" | "cmd" | "sudo" | "timeout" => Found::Unclear,
        "node" | "tsx" | "ts-node" | "ruby" | "php" => operand(rest, &SCRIPT, script),
        name if name.starts_with("python") => match rest.iter().position(|word| *word == "-m") {
            Some(at) => rest.get(at + 1).map_or(Found::Unclear, |module| Found::Name((*module).to_owned())),
            None => operand(rest, &PYTHON, script),
        },
        _ => Found::Nothing,
    }
}

/// The words from the subcommand on: behind the options that come before it.
fn subcommand<'w>(words: &'w [&'w str], options: &Options) -> Option<&'w [&'w str]> {
    words.get(first(words, options)?..)
}

fn operand(words: &[&str], options: &Options, name: impl Fn(&str) -> String) -> Found {
    match first(words, options).and_then(|at| words.get(at)) {
        Some(word) => Found::Name(name(word)),
        None => Found::Unclear,
    }
}

/// Where the first word stands that is neither an option nor an option's value; `None` where that is not
/// certain.
fn first(words: &[&str], options: &Options) -> Option<usize> {
    let mut at = 0;
    loop {
        let word = words.get(at)?;
        let name = word.split('=').next().unwrap_or(word);
        at += match () {
            () if !word.starts_with('-') => return Some(at),
            () if word.contains('=') || options.alone.contains(word) => 1,
            () if options.with_value.contains(&name) => 2,
            () => return None,
        };
    }
}

fn value_of(words: &[&str], flags: &[&str]) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = flags.iter().find_map(|flag| word.strip_prefix(flag))?;
        match rest {
            "" => words.get(at + 1).map(|value| (*value).to_owned()),
            rest => rest.strip_prefix('=').map(str::to_owned),
        }
    })
}

fn digested(program: &str, words: &[String]) -> String {
    use std::fmt::Write as _;
    let directory = std::env::current_dir().unwrap_or_default();
    let mut text = directory.to_string_lossy().into_owned();
    for word in words {
        text.push('\0');
        text.push_str(word);
    }
    let mut name = format!("{}-", readable(program));
    for byte in Sha256::digest(text.as_bytes()).iter().take(4) {
        // Writing into a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// `name@1.2`, `@scope/name@1.2`, `name==1.2`, `name[extra]>=1` → the name alone.
fn unversioned(package: &str) -> String {
    let start = usize::from(package.starts_with('@'));
    let end = package.char_indices().skip(start).find(|(_, c)| "@=<>~![;".contains(*c));
    end.and_then(|(at, _)| package.get(..at)).unwrap_or(package).to_owned()
}

/// `host:5000/team/server:1.2@sha256:…` → `team/server` keeps its registry, loses its tag.
fn image(image: &str) -> String {
    let untagged = image.split('@').next().unwrap_or(image);
    match untagged.rfind(':') {
        Some(colon) if !untagged.get(colon..).unwrap_or_default().contains('/') => {
            untagged.get(..colon).unwrap_or(untagged).to_owned()
        }
        _ => untagged.to_owned(),
    }
}

/// `dist/index.js` of a package says nothing: then the folder that holds it names the server.
fn script(path: &str) -> String {
    const NAMELESS: [&str; 13] = [
        "index", "main", "server", "cli", "app", "mod", "__main__", "dist", "build", "src", "lib", "bin",
        "out",
    ];
    let parts = Path::new(path).components().rev().filter_map(|part| part.as_os_str().to_str());
    let mut names = parts.map(stem).filter(|name| !matches!(*name, "." | ".." | "/" | "~"));
    names.find(|name| !NAMELESS.contains(name)).unwrap_or_else(|| stem(path)).to_owned()
}

/// The last part of a path, without the suffix of a script or program. Other dots belong to the name:
/// `awslabs.healthimaging-mcp-server`.
fn stem(path: &str) -> &str {
    const SUFFIXES: [&str; 12] =
        [".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".rb", ".php", ".exe", ".cmd", ".bat", ".sh"];
    let file = Path::new(path).file_name().and_then(|file| file.to_str()).unwrap_or(path);
    SUFFIXES.iter().find_map(|suffix| file.strip_suffix(suffix)).unwrap_or(file)
}

fn readable(name: &str) -> String {
    name.chars()
        .take(128)
        .map(|c| if c.is_alphanumeric() || "-_.@/+:".contains(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_depend_on_versions_and_flags() {
        for (command, expected) in [
            ("uvx awslabs.healthimaging-mcp-server@0.1.1", "awslabs.healthimaging-mcp-server"),
            ("uvx awslabs.healthimaging-mcp-server@latest", "awslabs.healthimaging-mcp-server"),
            ("/usr/bin/uvx --python 3.12 server==1.0", "server"),
            ("uvx --from git-server[extra]>=2 serve --port 1", "git-server"),
            ("uvx --from=git-server serve", "git-server"),
            ("uv tool run server", "server"),
            ("uv run --directory /srv/app main.py", "main"),
            ("uv run /srv/weather/src/server.py", "weather"),
            (
                "npx -y @modelcontextprotocol/server-filesystem@2026.1.1 /data",
                "@modelcontextprotocol/server-filesystem",
            ),
            ("npx --package=@a/b c", "@a/b"),
            ("npm exec -- server@1", "server"),
            ("pipx run server==2", "server"),
            ("uv --directory /srv/weather run weather.py", "weather"),
            ("deno run --allow-net /srv/maps/main.ts", "maps"),
            ("docker run --platform linux/amd64 -i mcp/maps", "mcp/maps"),
            ("node -r /srv/hook.js /srv/notes/index.js", "notes"),
            ("npx --registry https://u:secret@host/npm my-server", "my-server"),
            ("docker run -i --rm -e TOKEN mcp/github:1.2", "mcp/github"),
            ("docker run -i host:5000/team/server", "host:5000/team/server"),
            ("docker run -i mcp/github@sha256:abcd", "mcp/github"),
            ("python3 -m my_server --x", "my_server"),
            ("python3.12 -u ./servers/weather.py", "weather"),
            ("node dist/index.js", "index"),
            ("node /srv/node_modules/@x/server-everything/dist/index.js stdio", "server-everything"),
            ("/opt/bin/my-server --verbose", "my-server"),
            ("/opt/venv/bin/awslabs.healthimaging-mcp-server", "awslabs.healthimaging-mcp-server"),
            ("bin/awslabs.aws-support-mcp-server", "awslabs.aws-support-mcp-server"),
            ("./server.exe", "server"),
            ("./my server", "my"),
            ("my-server", "my-server"),
        ] {
            let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
            assert_eq!(server_name(&words), expected, "{command}");
        }
    }

    #[test]
    fn what_is_not_certain_becomes_a_digest() {
        let name = |command: &str| server_name(&command.split(' ').map(OsString::from).collect::<Vec<_>>());
        for command in [
            "uvx --index-of-mine https://u:SECRET@host/simple srv",
            "uvx https://u:SECRET@host/srv.whl",
            "env TOKEN=SECRET npx srv",
            "sh -c SECRET",
            "npx --secret SECRET srv",
            "uv pip SECRET",
        ] {
            let found = name(command);
            assert!(!found.contains("SECRET") && found.contains('-'), "{command}: {found}");
            assert_eq!(found, name(command), "the same command is the same server");
        }
        assert_ne!(name("sh -c a"), name("sh -c b"));
    }
}
