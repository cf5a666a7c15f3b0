//! Units of systemd in the documents.

use std::io::ErrorKind;
use std::process::Command as Process;

use anyhow::{Context, Result, bail, ensure};
use interlock_testkit::binaries;
use tempfile::TempDir;

/// Where the documents have the program.
const PROGRAM: &str = "/usr/local/bin/interlock";

/// The directives that are known here, by section (systemd.unit(5), systemd.service(5), systemd.exec(5),
/// systemd.kill(5)).
const KNOWN: [(&str, &[&str]); 3] = [
    ("Unit", &["Description", "Wants", "After"]),
    (
        "Service",
        &[
            "Type",
            "User",
            "Group",
            "ExecStart",
            "KillMode",
            "TimeoutStopSec",
            "Restart",
            "RestartSec",
            "ConfigurationDirectory",
            "StateDirectory",
            "StateDirectoryMode",
            "LoadCredential",
            "EnvironmentFile",
            "Environment",
            "WorkingDirectory",
            "UMask",
            "LimitNOFILE",
            "NoNewPrivileges",
            "CapabilityBoundingSet",
            "ProtectSystem",
            "ProtectHome",
            "PrivateTmp",
            "PrivateDevices",
            "ProtectClock",
            "ProtectHostname",
            "ProtectKernelLogs",
            "ProtectKernelModules",
            "ProtectKernelTunables",
            "ProtectControlGroups",
            "ProtectProc",
            "RestrictAddressFamilies",
            "RestrictNamespaces",
            "RestrictRealtime",
            "RestrictSUIDSGID",
            "LockPersonality",
            "RemoveIPC",
            "SystemCallArchitectures",
            "SystemCallFilter",
            "SystemCallErrorNumber",
        ],
    ),
    ("Install", &["WantedBy"]),
];

/// Its directives are known, what it starts is a command that there is, and systemd has nothing to say of it where it is
/// installed.
pub fn check(name: &str, text: &str) -> Result<()> {
    let directives = directives(text)?;
    let of = |key: &str| directives.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str());
    ensure!(of("Type") != Some("notify"), "the program notifies nobody");
    let start = of("ExecStart").context("it starts nothing")?;
    let mut words = start.split_whitespace();
    ensure!(words.next() == Some(PROGRAM), "it starts `{start}`");
    let command: Vec<&str> = words.take_while(|word| !word.starts_with('-')).collect();
    let help = Process::new(binaries::interlock()?).args(&command).arg("--help").output()?;
    ensure!(help.status.success(), "there is no command `{}`", command.join(" "));
    verify(name, text)
}

fn directives(text: &str) -> Result<Vec<(String, String)>> {
    let mut known: &[&str] = &[];
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let of = KNOWN.iter().find(|(name, _)| *name == section);
            (_, known) = *of.with_context(|| format!("`{section}` is no known section"))?;
            continue;
        }
        let (key, value) = line.split_once('=').with_context(|| format!("`{line}` is no directive"))?;
        ensure!(known.contains(&key), "`{key}` is no known directive");
        found.push((key.to_owned(), value.to_owned()));
    }
    Ok(found)
}

fn verify(name: &str, text: &str) -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join(name);
    // It must be there to be verified.
    let program = binaries::interlock()?;
    std::fs::write(&path, text.replace(PROGRAM, &program.display().to_string()))?;
    let verified = match Process::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        verified => verified?,
    };
    let said = [&verified.stdout, &verified.stderr].map(|stream| String::from_utf8_lossy(stream)).concat();
    // It looks at units that this one names, too, and those are not ours.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
    if !ours.is_empty() {
        bail!("systemd says:\n{}", ours.join("\n"));
    }
    Ok(())
}

#[test]
fn a_unit_with_a_mistake_is_found() -> Result<()> {
    let good = "[Service]\nType=exec\nUMask=0077\nExecStart=/usr/local/bin/interlock serve -c a.yaml\n";
    check("good.service", good)?;
    for (from, to) in [
        ("UMask", "UMaks"),
        ("[Service]", "[Servcie]"),
        ("exec\n", "notify\n"),
        ("serve", "sevre"),
        ("ExecStart=", "ExecStart:"),
        ("/usr/local/bin/interlock", "interlock"),
    ] {
        assert!(check("bad.service", &good.replace(from, to)).is_err(), "{from} → {to}");
    }
    Ok(())
}
