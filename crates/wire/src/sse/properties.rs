use proptest::prelude::*;

use super::*;

fn line() -> impl Strategy<Value = String> {
    "[ :a-zé\u{feff}\u{2028}]{0,12}"
}

fn event() -> impl Strategy<Value = Event> {
    let data = prop_oneof![
        prop::collection::vec(line(), 0..4).prop_map(|lines| lines.join("\n")),
        Just("\n\ndata: smuggled\n\nid: 9\nevent: x".to_owned()),
        Just(": comment\n\n".to_owned()),
    ];
    (line(), prop::option::of(line()), prop::option::of(any::<u64>()), data)
        .prop_map(|(event, id, retry, data)| Event { event, id, retry, data: data.into_bytes() })
}

fn events_of(pieces: &[&[u8]]) -> (Vec<Event>, Option<String>) {
    let mut decoder = Decoder::new(Limits::default());
    let mut events = Vec::new();
    for piece in pieces {
        decoder.feed(piece).unwrap();
        events.extend(std::iter::from_fn(|| decoder.next()));
    }
    (events, decoder.last_event_id().map(str::to_owned))
}

/// Cuts a text in pieces at these places, taken modulo its length.
fn cut<'b>(bytes: &'b [u8], at: &[usize]) -> Vec<&'b [u8]> {
    let mut at: Vec<usize> = at.iter().map(|at| at % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        events in prop::collection::vec(event(), 0..4),
        at in prop::collection::vec(any::<usize>(), 0..8),
        mark in any::<bool>(),
    ) {
        let mut stream = if mark { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        for event in &events {
            write_comment("alive", &mut stream).unwrap();
            event.write(&mut stream).unwrap();
        }
        let (read, _) = events_of(&cut(&stream, &at));
        prop_assert_eq!(read, events);
    }

    /// Whatever the bytes, the pieces they come in make no difference.
    #[test]
    fn pieces_make_no_difference(
        stream in prop::collection::vec(
            prop::sample::select(&["data", "id", "event", "retry", ":", " ", "\n", "\r", "\r\n", "1", "x", "\u{feff}", "\0"][..]),
            0..40,
        ),
        at in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let stream = stream.concat().into_bytes();
        prop_assert_eq!(events_of(&cut(&stream, &at)), events_of(&[&stream]));
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(events_of(&bytes), events_of(&[&stream]));
    }

    #[test]
    fn lines_may_end_in_any_way(events in prop::collection::vec(event(), 0..3), end in prop::sample::select(&["\n", "\r", "\r\n"][..])) {
        let mut stream = Vec::new();
        for event in &events {
            event.write(&mut stream).unwrap();
        }
        let text = String::from_utf8(stream).unwrap();
        let (read, _) = events_of(&[text.replace('\n', end).as_bytes()]);
        prop_assert_eq!(read, events);
    }
}
