//! Lines: too long, empty, ended otherwise, cut off.

use anyhow::Result;
use interlock_testkit::script::VERSIONS;
use serde_json::json;

use super::session::{Answer, Case, Session, quiet_call};

const MOST: usize = 64 << 10;

fn padded(bytes: usize) -> String {
    let whole = quiet_call(r#"{"a":"$PAD"}"#);
    // What stands in the place of `$ID` has four digits; the metadata is part of the message.
    whole.replace("$PAD", &"x".repeat(bytes))
}

/// A line of the largest size passes, one of a byte more is refused, and the next message works. Its sender is
/// answered where the head names the request.
#[tokio::test]
async fn longer_than_the_limit() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::with(version, &format!("limits: {{ message_bytes: {MOST} }}\n")).await?;
        let (bare, _) = session.fill(padded(0).as_bytes());
        let room = MOST - bare.len();
        let reason = "a line of more than 65536 bytes";
        session.refuse(&Case::error(padded(room + 1), -32_600, reason).twin(padded(room))).await?;
        session.refuse(&Case::error(padded(10 * MOST), -32_600, reason)).await?;
        let behind =
            format!(r#"{{"method":"tools/call","params":{{"name":"{}"}},"id":77}}"#, "x".repeat(MOST));
        session.refuse(&Case::silent(behind, reason)).await?;
        session.refuse(&Case::silent("x".repeat(MOST + 1), reason)).await?;
        // Nothing of it is taken for a message, whatever is inside.
        let inside = format!("{}{}", "x".repeat(MOST), quiet_call("{}"));
        session.refuse(&Case::silent(inside, reason)).await?;
        session.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn longer_than_the_default_limit() -> Result<()> {
    let mut session = Session::start("2025-11-25").await?;
    let (bare, _) = session.fill(padded(0).as_bytes());
    let room = (8 << 20) - bare.len();
    let reason = "a line of more than 8388608 bytes";
    session.refuse(&Case::error(padded(room + 1), -32_600, reason).twin(padded(room))).await?;
    session.finish().await
}

/// An id that is in flight belongs to the request that waits under it, whatever the head of a long line says.
#[tokio::test]
async fn longer_than_the_limit_under_an_id_in_flight() -> Result<()> {
    let mut session = Session::with("2025-11-25", &format!("limits: {{ message_bytes: {MOST} }}\n")).await?;
    let id = session.new_id();
    let slow = super::session::call_of("\"file_slow\"", "{}").replace("$ID", &id.to_string());
    let (line, _) = session.fill(slow.as_bytes());
    session.client.send(&line).await?;
    let (long, _) = session.fill(padded(MOST).replace("$ID", &id.to_string()).as_bytes());
    session.client.send(&long).await?;
    session.expect("a long line", None, Answer::Nothing, "a line of more than 65536 bytes");
    session.settled().await?;
    assert!(session.client.unclaimed().is_empty());
    session.release()?;
    let answer = session.client.response(&json!(id)).await?;
    assert!(answer["result"].is_object(), "{answer}");
    session.finish().await
}

/// Empty lines mean nothing; a carriage return is white space behind the message and goes with it; the last
/// line needs no end.
#[tokio::test]
async fn ended_otherwise() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::start(version).await?;
        session.client.send_bytes(b"\n\n \t\r\n\r\n").await?;
        let id = session.new_id();
        let (line, _) =
            session.fill(quiet_call(r#"{"end":"cr"}"#).replace("$ID", &id.to_string()).as_bytes());
        session.client.send_bytes(&[&line[..], b"\r\n"].concat()).await?;
        assert_eq!(session.client.response(&json!(id)).await?["result"]["content"], json!([]));
        // Two lines in one write, and one in two.
        let (first, second) = (session.new_id(), session.new_id());
        let (one, _) = session.fill(quiet_call("{}").replace("$ID", &first.to_string()).as_bytes());
        let (two, _) = session.fill(quiet_call("{}").replace("$ID", &second.to_string()).as_bytes());
        let (head, tail) = two.split_at(two.len() / 2);
        session.client.send_bytes(&[&one[..], b"\n", head].concat()).await?;
        session.client.response(&json!(first)).await?;
        session.client.send_bytes(&[tail, b"\n"].concat()).await?;
        session.client.response(&json!(second)).await?;
        // A line feed inside a message makes two lines of it, neither of which is a message.
        session.refuse(&Case::silent("{\"jsonrpc\":\"2.0\",", "unexpected end")).await?;
        session.refuse(&Case::silent("\"id\":1,\"method\":\"ping\"}", "byte")).await?;
        let last = session.new_id();
        let (line, _) =
            session.fill(quiet_call(r#"{"end":"none"}"#).replace("$ID", &last.to_string()).as_bytes());
        session.client.send_bytes(&line).await?;
        session.client.close_input();
        session.client.response(&json!(last)).await?;
        session.finish().await?;
    }
    Ok(())
}

/// More requests at once than the operator allows: the one too many is told so, the others are answered.
#[tokio::test]
async fn more_in_flight_than_the_limit() -> Result<()> {
    for version in VERSIONS {
        let mut session = Session::with(version, "limits: { in_flight: 2 }\n").await?;
        let mut slow = Vec::new();
        for _ in 0..2 {
            let id = session.new_id();
            let call = super::session::call_of("\"file_slow\"", "{}").replace("$ID", &id.to_string());
            let (line, _) = session.fill(call.as_bytes());
            session.client.send(&line).await?;
            slow.push(id);
        }
        let id = session.new_id();
        let (line, _) = session.fill(quiet_call("{}").replace("$ID", &id.to_string()).as_bytes());
        session.client.send(&line).await?;
        let answer = session.client.response(&json!(id)).await?;
        assert_eq!(answer["error"]["code"], 42_900, "{answer}");
        session.expect("one too many", None, Answer::Nothing, "more than 2 requests are in flight");
        session.release()?;
        for id in slow {
            session.client.response(&json!(id)).await?;
        }
        session.pass(&quiet_call("{}")).await?;
        session.finish().await?;
    }
    Ok(())
}

/// More refusals in a second than have a record each: those beyond share one that counts them, and none is lost.
#[tokio::test]
async fn more_refusals_than_records() -> Result<()> {
    const TIMES: u64 = 400;
    let mut session = Session::start("2025-11-25").await?;
    session.client.send_bytes(b"garbage\n".repeat(TIMES as usize).as_slice()).await?;
    session.settled().await?;
    let records = session.stop().await?;
    let count: u64 = records.iter().map(|record| record["count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(count, TIMES);
    assert!(records.len() < TIMES as usize / 2, "{} records", records.len());
    Ok(())
}
