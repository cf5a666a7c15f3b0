//! Bytes → lines → messages. Run in this folder:
//! `cargo +nightly fuzz run wire corpus/wire seeds/wire -- -dict=wire.dict -max_total_time=60`.
#![no_main]

use interlock_json::{Limits, canonical, scan};
use interlock_wire::line::{Line, LineDecoder};
use interlock_wire::payment::{Challenge, Payment};
use interlock_wire::{Message, Outcome, Parsed, Refusal, Shape, Version, modern_meta, parse};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

const LIMITS: Limits = Limits { bytes: 4096, depth: 20 };

fuzz_target!(|data: &[u8]| {
    for line in lines(data) {
        let Line::Complete(line) = line else { continue };
        assert!(line.len() <= LIMITS.bytes);
        for version in [None, Some(Version::V2025_03_26)] {
            match parse(line.clone(), version, &LIMITS) {
                Ok(Parsed::One(message)) => {
                    assert_eq!(message.source().as_bytes(), line);
                    check_message(&message);
                }
                Ok(Parsed::Batch(messages)) => {
                    assert!(version.is_some() && !messages.is_empty());
                    for message in messages {
                        match message {
                            Ok(message) => check_message(&message),
                            Err(refusal) => check_refusal(&refusal),
                        }
                    }
                }
                Err(refusal) => check_refusal(&refusal),
            }
        }
    }
});

/// However the stream is cut, the lines are the same.
fn lines(data: &[u8]) -> Vec<Line> {
    let drain = |decoder: &mut LineDecoder| std::iter::from_fn(|| decoder.next()).collect::<Vec<_>>();
    let mut whole = LineDecoder::new(LIMITS.bytes);
    whole.feed(data);
    let mut expected = drain(&mut whole);
    expected.extend(whole.finish());

    let cut = data.first().map_or(0, |byte| usize::from(*byte)).min(data.len());
    let (first, second) = data.split_at(cut);
    let mut pieces = LineDecoder::new(LIMITS.bytes);
    pieces.feed(first);
    let mut found = drain(&mut pieces);
    pieces.feed(second);
    found.extend(drain(&mut pieces));
    found.extend(pieces.finish());

    let complete = |line: &Line| match line {
        Line::Complete(bytes) => Some(bytes.clone()),
        Line::TooLong { .. } => None,
    };
    assert!(found.iter().map(complete).eq(expected.iter().map(complete)));
    expected
}

fn check_message(message: &Message) {
    let source = message.source();
    assert!(serde_json::from_str::<IgnoredAny>(source).is_ok(), "another reader refuses it");
    if let Shape::Request(request) = message.shape() {
        let _ = modern_meta(&request);
        let _ = Payment::of(request.params);
    }
    check_splice(message);
    check_canonical(message);
}

/// Another id leaves everything else as it was, and can be undone.
fn check_splice(message: &Message) {
    let Some(id) = message.id() else {
        assert_eq!(message.with_id("0"), message.source());
        return;
    };
    for new in ["0", "\"\\\"\u{e9}\""] {
        let text = message.with_id(new);
        let other = Message::parse(text.into_bytes(), &roomy()).expect("still a message");
        assert_eq!(other.id().expect("still has an id").raw(), new);
        assert_eq!(outline(&other), outline(message));
        assert_eq!(other.with_id(id.raw()), message.source());
    }
    let kept = id.to_request_id();
    let echoed = Message::parse(message.with_id(kept.raw()).into_bytes(), &roomy()).expect("still a message");
    assert_eq!(echoed.id().expect("still has an id").to_request_id(), kept);
}

fn outline(message: &Message) -> String {
    match message.shape() {
        Shape::Request(request) => format!("request {} {:?}", request.method, request.params),
        Shape::Notification(notification) => {
            format!("notification {} {:?}", notification.method, notification.params)
        }
        Shape::Response(response) => format!("response {:?}", response.outcome),
    }
}

/// The canonical form is a message too, and a fixed point.
fn check_canonical(message: &Message) {
    let form = canonical::to_string(message.root());
    let document = scan(form.as_str(), &roomy()).expect("the canonical form scans");
    assert_eq!(canonical::to_string(document.root()), form);
    let again = Message::parse(form.into_bytes(), &roomy()).expect("the canonical form is a message");
    assert_eq!(again.method(), message.method());
    assert_eq!(challenge(&again), challenge(message));
}

fn challenge(message: &Message) -> Option<Challenge> {
    match message.shape() {
        Shape::Response(response) => Challenge::read(&response.outcome),
        _ => None,
    }
}

/// What is answered is an error of ours to the id it names.
fn check_refusal(refusal: &Refusal) {
    assert!(matches!(refusal.code, -32700 | -32600 | -32602));
    let Some(answer) = refusal.answer() else {
        assert!(refusal.id.is_none());
        return;
    };
    assert!(refusal.response_to.is_none(), "a response must not be answered");
    assert!(!answer.contains('\n'));
    let answer = Message::parse(answer.into_bytes(), &roomy()).expect("the answer is a message");
    let Shape::Response(response) = answer.shape() else { panic!("the answer is a response") };
    assert_eq!(response.id.map(|id| id.to_request_id()), refusal.id);
    assert!(matches!(response.outcome, Outcome::Error(error) if error.code == refusal.code));
}

/// `1e20` is longer in its canonical form, and an id may be.
fn roomy() -> Limits {
    Limits { bytes: 100 * LIMITS.bytes, ..LIMITS }
}
