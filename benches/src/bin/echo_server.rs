//! `interlock-echo-server`: a server that costs next to nothing, so that what is in front of it shows. It
//! knows the messages of the benchmarks by their first bytes and parses nothing.

use std::io::{Read, Write};

use interlock_benches::messages::{self, TOOL};

fn main() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::fs::File::from(rustix::io::dup(std::io::stdout())?);
    let mut received = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let mut answers = String::new();
    loop {
        let read = input.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        received.extend_from_slice(&chunk[..read]);
        let mut done = 0;
        while let Some(length) = received[done..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&received[done..done + length]);
            answer(&line, &mut answers);
            // Every answer by itself, as servers write them.
            output.write_all(answers.as_bytes())?;
            answers.clear();
            done += length + 1;
        }
        received.drain(..done);
    }
}

fn answer(line: &str, out: &mut String) {
    let Some(id) = messages::id_of(line) else { return };
    let asks = |method: &str| line.contains(method);
    if asks("\"tools/call\"") {
        out.push_str(&messages::answer(id));
    } else if asks("\"initialize\"") {
        out.push_str(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"echo","version":"1"}}}}}}"#
        ));
    } else if asks("\"tools/list\"") {
        out.push_str(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"tools":[{{"name":"{TOOL}","inputSchema":{{"type":"object","required":["amount"]}}}}]}}}}"#
        ));
    } else {
        out.push_str(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
    }
    out.push('\n');
}
