use super::*;

fn decode(stream: &[u8]) -> Vec<Event> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(stream).unwrap();
    std::iter::from_fn(|| decoder.next()).collect()
}

fn data(stream: &str) -> Vec<String> {
    decode(stream.as_bytes()).into_iter().map(|event| String::from_utf8(event.data).unwrap()).collect()
}

#[test]
fn the_data_of_events() {
    for (stream, expected) in [
        ("", &[][..]),
        ("data: a\n\n", &["a"]),
        ("data:a\n\n", &["a"]),
        ("data:  a\n\n", &[" a"]),
        ("data\n\n", &[""]),
        ("data: a\ndata: b\n\n", &["a\nb"]),
        ("data\ndata\n\n", &["\n"]),
        ("data: a\r\n\r\ndata: b\r\rdata: c\n\n", &["a", "b", "c"]),
        ("data: a\r\ndata: b\rdata: c\n\r\n", &["a\nb\nc"]),
        ("\u{feff}data: a\n\n", &["a"]),
        // Only at the very beginning: this is a field of another name.
        ("data: a\n\n\u{feff}data: b\n\n", &["a"]),
        ("\u{feff}\u{feff}data: a\n\n", &[]),
        (": keep-alive\n\n:\n\ndata: a\n: inside\n\n", &["a"]),
        ("event: x\nid: 1\n\ndata: a\n\n", &["a"]),
        ("Data: a\n\n data: a\n\ndata : a\n\nother: a\n\n", &[]),
        ("data: a:b: c\n\n", &["a:b: c"]),
        // The last event has not ended.
        ("data: a\n\ndata: b\n", &["a"]),
    ] {
        assert_eq!(data(stream), expected, "{stream:?}");
    }
}

#[test]
fn ids_kinds_and_times() {
    let stream = "id: 1\nevent: endpoint\nretry: 10\ndata: a\n\nid: 2\n\ndata: b\n\nid: x\0y\nretry: 1x\nretry:\ndata: c\n\n";
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(stream.as_bytes()).unwrap();
    let first = decoder.next().unwrap();
    assert_eq!((first.kind(), first.id.as_deref(), first.retry), ("endpoint", Some("1"), Some(10)));
    let second = decoder.next().unwrap();
    assert_eq!((second.kind(), &second.id, second.retry), ("message", &None, None));
    let third = decoder.next().unwrap();
    assert_eq!((third.id, third.retry), (None, None), "an id with a NUL is ignored, and a time that is none");
    assert_eq!(decoder.last_event_id(), Some("2"), "an id counts without an event as well");
    assert_eq!(decoder.retry(), Some(10));
    decoder.feed(b"id\n\n").unwrap();
    assert_eq!(decoder.last_event_id(), None, "an empty id clears it");
    assert!(!decoder.is_inside_event());
    decoder.feed(b"data: cut off").unwrap();
    assert!(decoder.is_inside_event());
}

#[test]
fn what_is_too_long_is_an_error_for_good() {
    let limits = Limits { data: 8, line: 16, id: 4, event: 4 };
    for (stream, expected) in [
        ("data: 12345678\n\n", None),
        ("data: 123456789\n\n", Some(SseError::LongData { limit: 8 })),
        ("data: 1234\ndata: 567\n\n", None),
        ("data: 1234\ndata: 5678\n\n", Some(SseError::LongData { limit: 8 })),
        ("data: 12345678901", Some(SseError::LongLine { limit: 16 })),
        (": 123456789012345", Some(SseError::LongLine { limit: 16 })),
        ("other: 1234567890\n", Some(SseError::LongLine { limit: 16 })),
        ("id: 1234\nevent: 1234\ndata\n\n", None),
        ("id: 12345\n", Some(SseError::LongField { field: "id", limit: 4 })),
        ("event: 12345\n", Some(SseError::LongField { field: "event", limit: 4 })),
    ] {
        let mut decoder = Decoder::new(limits);
        decoder.feed(b"data: ok\n\n").unwrap();
        assert_eq!(decoder.feed(stream.as_bytes()).err(), expected, "{stream:?}");
        assert_eq!(decoder.next().unwrap().data, b"ok", "what came before is given");
        let rest: Vec<Event> = std::iter::from_fn(|| decoder.next()).collect();
        assert_eq!(rest.len(), usize::from(expected.is_none()), "{stream:?}");
        assert_eq!(decoder.feed(b"\n\ndata: x\n\n").err(), expected, "{stream:?}");
        assert_eq!(decoder.next().is_some(), expected.is_none(), "{stream:?}");
    }
}

#[test]
fn text_fields_are_text_and_data_is_bytes() {
    assert_eq!(decode(b"data: \xff\n\n")[0].data, b"\xff");
    for (stream, field) in [(&b"id: \xff\n"[..], "id"), (b"event: \xff\n", "event")] {
        assert_eq!(Decoder::new(Limits::default()).feed(stream), Err(SseError::NotUtf8 { field }));
    }
}

#[test]
fn what_would_be_read_as_something_else_is_not_written() {
    let event = |event: &str, id: Option<&str>, data: &[u8]| Event {
        event: event.to_owned(),
        id: id.map(str::to_owned),
        retry: None,
        data: data.to_vec(),
    };
    for (event, expected) in [
        (event("", None, b"a\rdata: b"), EncodeError::CarriageReturn),
        (event("", None, b"\xff"), EncodeError::NotUtf8),
        (event("a\ndata: b", None, b""), EncodeError::NotOneLine { field: "event" }),
        (event("a\r", None, b""), EncodeError::NotOneLine { field: "event" }),
        (event("", Some("1\n\ndata: b\n\n"), b""), EncodeError::NotOneLine { field: "id" }),
        (event("", Some("\0"), b""), EncodeError::NotOneLine { field: "id" }),
    ] {
        let mut out = Vec::new();
        assert_eq!(event.write(&mut out), Err(expected), "{event:?}");
        assert!(out.is_empty(), "nothing is written of {event:?}");
    }
    let mut out = Vec::new();
    assert_eq!(write_comment("a\ndata: b", &mut out), Err(EncodeError::NotOneLine { field: "comment" }));
    assert_eq!(write_comment(" alive", &mut out), Ok(()));
    assert_eq!(out, b": alive\n\n");
    assert!(decode(&out).is_empty());
}

#[test]
fn events_as_they_are_written() {
    let mut out = Vec::new();
    Event { event: "endpoint".into(), id: Some("7".into()), retry: Some(5), data: b"a\n b".to_vec() }
        .write(&mut out)
        .unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "event: endpoint\nid: 7\nretry: 5\ndata: a\ndata:  b\n\n");
}
