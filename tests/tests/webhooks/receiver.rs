//! Somebody's receiver of webhooks, which believes nothing that is not signed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use interlock_testkit::answering::{Answer, Answering, Arrived};
use ring::hmac;
use serde_json::Value;

/// What signs, as the tests' policies read it of a file.
pub const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM=";
/// What that stands for.
const KEY: &[u8] = b"the secret of the tests";

/// One that answers 200.
pub async fn receiver() -> Result<Answering> {
    Answering::start(|_| Answer::status(200)).await
}

/// One that answers these, one after the other, and then 204.
pub async fn saying(answers: Vec<Answer>) -> Result<Answering> {
    let next = AtomicUsize::new(0);
    Answering::start(move |_| {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        answers.get(turn).cloned().unwrap_or_else(|| Answer::status(204))
    })
    .await
}

/// The message, whose signature and time have been looked at.
pub fn verified(arrived: &Arrived) -> Result<Value> {
    let header = |name: &str| arrived.header(name).with_context(|| format!("no {name}: {arrived:?}"));
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signature = header("webhook-signature")?.strip_prefix("v1,").context("it is of another version")?;
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &arrived.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    ensure!(hmac::verify(&key, &signed, &STANDARD.decode(signature)?).is_ok(), "it is forged: {arrived:?}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    ensure!(now.abs_diff(timestamp.parse()?) < 60, "it is old: {timestamp}");
    ensure!(arrived.method == "POST" && header("content-type")? == "application/json", "{arrived:?}");
    let message = arrived.json();
    ensure!(message["id"] == id, "{message}");
    Ok(message)
}

/// The kinds of all messages, in the order in which they came.
pub fn kinds(arrived: &[Arrived]) -> Vec<String> {
    let kind = |arrived: &Arrived| arrived.json()["type"].as_str().unwrap_or_default().to_owned();
    arrived.iter().map(kind).collect()
}
