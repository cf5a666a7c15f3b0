#!/usr/bin/env python3
"""Collect the tool definitions of the MCP servers in servers.jsonl.

Each server is installed into a throwaway folder, started in a sandbox without a network, asked for its tools over
stdio, and stopped. What it answers is written as it is, one line per tool, to ../definitions/<server>.jsonl.
See README.md beside this file.
"""

import argparse
import collections
import datetime
import email
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
PROTOCOL = "2025-06-18"
START_SECONDS = 30
INSTALL_SECONDS = 240
FILE_BYTES = 200_000
HELD_OUT_BELOW = 160
CLONE_OVERLAP = 0.8
TOOL_FIELDS = ("title", "description", "inputSchema", "outputSchema", "annotations")

LICENCES = {
    "MIT": r"mit( license)?|the mit license.*|mit license .*",
    "Apache-2.0": r"apache([- ]software)?([- ]license)?([-, ]*(v(ersion)? ?)?2(\.0)?([- ]license)?)?",
    "BSD": r"bsd( license)?",
    "BSD-3-Clause": r"(new |modified )?bsd([- ]3[- ]clause)( license)?|3-clause bsd.*",
    "BSD-2-Clause": r"bsd[- ]2[- ]clause.*|simplified bsd.*",
    "ISC": r"isc( license.*)?",
    "MPL-2.0": r"mpl[- ]?2\.0|mozilla public license,?( version| v\.?)? ?2\.0.*",
}


class Skip(Exception):
    """Why a server gives no definitions."""


def licence(text):
    """The SPDX name of an accepted licence, or None."""
    first = " ".join((text or "").strip().split("\n\n")[0].split())
    for choice in re.split(r" or ", first.strip("()"), flags=re.I):
        for name, pattern in LICENCES.items():
            if re.fullmatch(pattern, choice.strip().lower()):
                return name
    return None


def run_installer(command, env, folder):
    done = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if done.returncode:
        raise Skip("does not install: " + done.stderr.strip()[-300:])


def install_npm(entry, folder, env):
    pinned = f"{entry['package']}@{entry['version']}"
    (folder / "package.json").write_text("{}")
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", "--prefer-offline"]
    run_installer(["npm", "install", *flags, pinned], env, folder)
    package = json.loads((folder / "node_modules" / entry["package"] / "package.json").read_text())
    stated = package.get("license") or ""
    return stated.get("type", "") if isinstance(stated, dict) else str(stated)


def install_pypi(entry, folder, env):
    pinned = f"{entry['package']}=={entry['version']}"
    wanted_packages = [pinned, *entry.get("with", [])]
    venv = folder / "venv"
    if uv := shutil.which("uv"):
        run_installer([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], env, folder)
        pip = [uv, "pip", "install", "--quiet", "--no-build", "--python", str(venv)]
    else:
        run_installer([sys.executable, "-m", "venv", str(venv)], env, folder)
        pip = [str(venv / "bin/pip"), "install", "--quiet", "--only-binary=:all:"]
    run_installer([*pip, *wanted_packages], env, folder)
    wanted = normal(entry["package"])
    for path in venv.glob("lib/python*/site-packages/*.dist-info/METADATA"):
        metadata = email.message_from_string(path.read_text(errors="replace"))
        if normal(metadata["Name"]) == wanted:
            classes = [c.split("::")[-1].strip() for c in metadata.get_all("Classifier", []) if "License ::" in c]
            stated = [metadata.get("License-Expression"), metadata.get("License"), *classes]
            for name in metadata.get_all("License-File", []):
                for file in (path.parent / "licenses" / name, path.parent / name):
                    stated += [first_words(file)] if file.is_file() else []
            return next((s for s in stated if licence(s)), next((s for s in stated if s), ""))
    raise Skip("no metadata")


def first_words(file):
    """The heading of a licence's text, such as "MIT License" or "Apache License Version 2.0, January 2004"."""
    heading = " ".join(file.read_text(errors="replace").split("\n\n")[0].split())
    return re.sub(r",? january 2004.*", "", heading, flags=re.I)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def sandbox(folder, runtime_env, hidden):
    """A read-only file system, no network, no home folder, no repository; only `folder` can be written."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    command += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"]
    for path in [str(Path.home()), *hidden]:
        command += ["--tmpfs", path]
    command += ["--ro-bind", sys.base_prefix, sys.base_prefix, "--bind", str(folder), str(folder)]
    command += ["--chdir", str(folder / "home")]
    for name, value in runtime_env.items():
        command += ["--setenv", name, value]
    return [*command, "--"]


class Client:
    """Just enough of an MCP client over stdio."""

    def __init__(self, command, log):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
        self.deadline = time.monotonic() + START_SECONDS
        self.buffer = b""
        self.last_id = 0

    def send(self, message):
        try:
            self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Skip("closed its input") from None

    def lines(self):
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                yield line
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Skip("no answer in time")
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise Skip("exits without an answer")
            self.buffer += chunk

    def request(self, method, params):
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, "params": params})
        for line in self.lines():
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a log line on the wrong stream
            if not isinstance(message, dict):
                continue
            if "method" in message and "id" in message:
                known = {"ping": {}, "roots/list": {"roots": []}}.get(message["method"])
                answer = {"result": known} if known is not None else {"error": {"code": -32601, "message": "no"}}
                self.send({"id": message["id"], **answer})
            elif message.get("id") == self.last_id:
                if "error" in message:
                    raise Skip(f"refuses {method}: {str(message['error'])[:200]}")
                return message.get("result") or {}

    def tools(self):
        info = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "collect", "version": "1"}}
        self.request("initialize", info)
        self.send({"method": "notifications/initialized"})
        tools, params = [], {}
        while True:
            page = self.request("tools/list", params)
            tools += page.get("tools") or []
            if not page.get("nextCursor") or len(tools) > 5000:
                return tools
            params = {"cursor": page["nextCursor"]}

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def collect(entry, work, hidden):
    """(licence, tools) of one server; raises Skip."""
    folder = work / entry["server"]
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    cache = str(work / "cache")
    env = {**os.environ, "HOME": str(folder / "home"), "npm_config_cache": cache, "UV_CACHE_DIR": cache}
    install = install_npm if entry["runtime"] == "npm" else install_pypi
    try:
        stated = install(entry, folder, env)
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise Skip(f"does not install: {type(error).__name__}") from None
    if not (spdx := licence(stated)):
        raise Skip(f"licence: {stated[:80]!r}")
    return spdx, list_tools(entry, folder, hidden)


def list_tools(entry, folder, hidden):
    bin_folder = folder / ("node_modules/.bin" if entry["runtime"] == "npm" else "venv/bin")
    program = bin_folder / entry["command"][0]
    env = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": str(folder / "home"), "LANG": "C.UTF-8"}
    command = [*sandbox(folder, {**env, **entry["env"]}, hidden), str(program), *entry["command"][1:]]
    with open(folder / "stderr.txt", "wb") as log:
        client = Client(command, log)
        try:
            tools = client.tools()
        finally:
            client.stop()
    tools = [tool for tool in tools if isinstance(tool, dict) and tool.get("name")]
    if not tools:
        raise Skip("lists no tools")
    return tools


def digest(name):
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def rows(entry, spdx, tools):
    """The lines of a server's file, and how many tools were left out (by a hash of the name) to keep it small."""
    head = {"server": entry["server"], "package": entry["package"], "version": entry["version"], "licence": spdx}
    lines, size = {}, 0
    wanted = [tool for tool in tools if tool["name"] not in entry.get("without", [])]
    for tool in sorted(wanted, key=lambda tool: digest(tool["name"])):
        row = {**head, "tool": tool["name"], **{f: tool[f] for f in TOOL_FIELDS if tool.get(f) is not None}}
        line = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        size += len(line.encode("utf-8", "surrogatepass")) + 1
        if size > FILE_BYTES:
            break
        lines[tool["name"]] = line
    return [lines[name] for name in sorted(lines)], len(tools) - len(lines)


def split(servers):
    """Which servers only judge, and which may be looked at: by the name alone, so that nobody chooses."""
    first_byte = {name: digest(name)[0] for name in sorted(servers)}
    return {name: "held-out" if byte < HELD_OUT_BELOW else "sample" for name, byte in first_byte.items()}


def clone_of(tools, others):
    """The server in `others` (name -> tool names) with nearly the same tools."""
    for name, theirs in others.items():
        if len(tools & theirs) >= CLONE_OVERLAP * len(tools | theirs):
            return name
    return None


def read_definitions(out):
    return {p.stem: [json.loads(line) for line in p.read_text().splitlines()] for p in sorted(out.glob("*.jsonl"))}


def read_collected(out):
    """When each server was asked, and how many of its tools were left out."""
    path = out / "collected.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def describe(out, entries):
    """README.md and split.json over what is in `out`."""
    servers = read_definitions(out)
    collected = read_collected(out)
    parts = split(servers)
    write_json(out / "split.json", parts)
    tools = [row for lines in servers.values() for row in lines]
    licences = collections.Counter(lines[0]["licence"] for lines in servers.values())
    counts = collections.Counter(parts[row["server"]] for row in tools)
    text = [
        "# Tool definitions of real MCP servers",
        "",
        f"What {len(servers)} published MCP servers answered to `tools/list` ({len(tools)} tools), exactly as they",
        "gave it, without `_meta` and icons: one file per server, one line per tool. `catalogue/collect/` made it and can",
        "make it again. The texts belong to the packages' authors, under the licence their package states; they are data",
        "to be judged, never instructions, and nobody here has checked what they claim.",
        "",
        "`split.json` says which servers are a `sample` to look at and which are `held-out`: those judge the risk",
        "classifier and **nothing is ever tuned on them**. The split follows from a hash of the server's name.",
        "",
        f"Held out: {sum(p == 'held-out' for p in parts.values())} servers, {counts['held-out']} tools."
        f" Sample: {sum(p == 'sample' for p in parts.values())} servers, {counts['sample']} tools."
        f" With annotations: {sum('annotations' in row for row in tools)} tools."
        f" Licences: {', '.join(f'{name} {n}' for name, n in licences.most_common())}.",
        "",
        f"Files stop at {FILE_BYTES // 1000} KB; which tools a larger server loses to that follows from a hash of their",
        "names, and the last column counts them.",
        "",
        "| server | package | version | licence | collected | part | tools | left out |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, lines in servers.items():
        row, note = lines[0], collected.get(name, {})
        package = f"{row['package']} ({entries.get(name, {}).get('runtime', '')})"
        facts = (name, package, row["version"], row["licence"], note.get("date", ""), parts[name])
        cells = (*facts, len(lines), note.get("left_out", 0))
        text.append("| " + " | ".join(map(str, cells)) + " |")
    (out / "README.md").write_text("\n".join(text) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a throwaway folder outside the repository")
    parser.add_argument("--out", type=Path, default=HERE.parent / "definitions")
    parser.add_argument("--hide", action="append", default=[], help="a further folder servers must not see")
    parser.add_argument("--describe", action="store_true", help="only write README.md and split.json")
    parser.add_argument("server", nargs="*", help="only these servers (default: all without a file yet)")
    options = parser.parse_args()
    listed = [json.loads(line) for line in (HERE / "servers.jsonl").read_text().splitlines()]
    entries = {entry["server"]: entry for entry in listed}
    options.out.mkdir(parents=True, exist_ok=True)
    known = {name: {row["tool"] for row in lines} for name, lines in read_definitions(options.out).items()}
    hidden = [str(REPOSITORY), *options.hide]
    for name in [] if options.describe else options.server or [n for n in entries if n not in known]:
        try:
            spdx, tools = collect(entries[name], options.work.resolve(), hidden)
            others = {n: names for n, names in known.items() if n != name}
            if original := clone_of({tool["name"] for tool in tools}, others):
                raise Skip(f"the same tools as {original}")
        except Skip as reason:
            print(f"{name}: skipped, {reason}", flush=True)
            continue
        finally:
            shutil.rmtree(options.work / name, ignore_errors=True)
        lines, left_out = rows(entries[name], spdx, tools)
        (options.out / f"{name}.jsonl").write_text("\n".join(lines) + "\n", errors="surrogatepass")
        known[name] = {tool["name"] for tool in tools}
        note = {"date": datetime.date.today().isoformat(), "left_out": left_out}
        write_json(options.out / "collected.json", {**read_collected(options.out), name: note})
        print(f"{name}: {len(lines)} tools, {left_out} left out, {spdx}", flush=True)
    describe(options.out, entries)


if __name__ == "__main__":
    main()
