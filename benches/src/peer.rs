//! A server driven over its standard streams, by a client that costs as little as it can.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::messages::{self, INITIALIZE, INITIALIZED};

/// Most calls in flight at once.
pub const MOST_IN_FLIGHT: usize = 64;

/// A running server and the client's end of its streams.
#[derive(Debug)]
pub struct Peer {
    message: fn(u64) -> String,
    process: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
    received: Vec<u8>,
    next_id: u64,
    sent_at: [Option<Instant>; MOST_IN_FLIGHT],
}

impl Peer {
    /// Starts the command, whose requests will be these; nothing has been said yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(line: &[OsString], message: fn(u64) -> String) -> Result<Self> {
        let (program, arguments) = line.split_first().context("no command")?;
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start `{}`", program.display()))?;
        let to = process.stdin.take();
        let from = process.stdout.take().context("no standard output")?;
        Ok(Self {
            message,
            process,
            to,
            from,
            received: Vec::new(),
            next_id: 1,
            sent_at: [None; MOST_IN_FLIGHT],
        })
    }

    /// The process that was started.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Says `initialize` and waits for the answer.
    ///
    /// # Errors
    /// When the peer goes away or answers with an error.
    pub fn initialize(&mut self) -> Result<()> {
        self.send(format!("{INITIALIZE}\n").as_bytes())?;
        let answer = self.line()?;
        ensure!(answer.contains("\"result\""), "`initialize` was answered with {answer}");
        self.send(format!("{INITIALIZED}\n").as_bytes())
    }

    /// Makes `calls` calls, always `in_flight` of them at once, and adds the time of each, in microseconds,
    /// to `latencies`. Gives the time they took together.
    ///
    /// # Errors
    /// When an answer is not what was asked for.
    pub fn calls(&mut self, calls: usize, in_flight: usize, latencies: &mut Vec<f64>) -> Result<Duration> {
        let begun = Instant::now();
        let mut asked = in_flight.min(calls).min(MOST_IN_FLIGHT);
        self.ask(asked)?;
        let mut answered = 0;
        let mut chunk = [0; 64 << 10];
        while answered < calls {
            let read = self.from.read(&mut chunk)?;
            ensure!(read > 0, "the server went away");
            let now = Instant::now();
            self.received.extend_from_slice(&chunk[..read]);
            let complete = self.take_answers(now, latencies)?;
            answered += complete;
            let more = complete.min(calls - asked);
            if more > 0 {
                self.ask(more)?;
                asked += more;
            }
        }
        Ok(begun.elapsed())
    }

    /// Ends the peer by closing its input, and waits for it.
    ///
    /// # Errors
    /// When it did not end well.
    pub fn end(mut self) -> Result<()> {
        drop(self.to.take());
        let status = self.process.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Every call is written by itself, as clients do.
    fn ask(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let line = format!("{}\n", (self.message)(self.next_id));
            self.sent_at[self.next_id as usize % MOST_IN_FLIGHT] = Some(Instant::now());
            self.send(line.as_bytes())?;
            self.next_id += 1;
        }
        Ok(())
    }

    fn take_answers(&mut self, now: Instant, latencies: &mut Vec<f64>) -> Result<usize> {
        let mut count = 0;
        let mut start = 0;
        while let Some(length) = self.received[start..].iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&self.received[start..start + length])?;
            let id = messages::id_of(line).and_then(|id| id.parse::<u64>().ok());
            let id = id.with_context(|| format!("an answer without an id: {line}"))?;
            let is_good = line.contains("\"result\"") && !line.contains("\"isError\":true");
            ensure!(is_good, "call {id} was answered with {line}");
            let sent = self.sent_at[id as usize % MOST_IN_FLIGHT].take();
            let Some(sent) = sent else { bail!("call {id} was answered twice") };
            latencies.push((now - sent).as_secs_f64() * 1e6);
            start += length + 1;
            count += 1;
        }
        self.received.drain(..start);
        Ok(count)
    }

    fn line(&mut self) -> Result<String> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(at) = self.received.iter().position(|byte| *byte == b'\n') {
                let line = self.received.drain(..=at).collect();
                return Ok(String::from_utf8(line)?);
            }
            let read = self.from.read(&mut chunk)?;
            ensure!(read > 0, "the server went away");
            self.received.extend_from_slice(&chunk[..read]);
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.as_mut().context("the input is closed")?.write_all(bytes)?;
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.to.take());
        // A peer that was ended has gone already.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}
