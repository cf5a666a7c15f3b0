use super::*;
use proptest::prelude::*;

fn complete(text: &str) -> Line {
    Line::Complete(text.as_bytes().to_vec())
}

fn too_long(bytes_dropped_so_far: usize) -> Line {
    Line::TooLong { bytes_dropped_so_far, head: Vec::new() }
}

/// Heads have a test of their own.
fn headless(line: Line) -> Line {
    match line {
        Line::TooLong { bytes_dropped_so_far, .. } => too_long(bytes_dropped_so_far),
        complete => complete,
    }
}

#[test]
fn a_line_that_is_too_long_leaves_its_head() {
    let mut decoder = LineDecoder::new(HEAD + 10);
    decoder.feed(b"{\"id\":1,");
    decoder.feed(&[b'x'; 3 * HEAD]);
    let Some(Line::TooLong { head, .. }) = decoder.next() else { panic!("it is too long") };
    assert_eq!(head.len(), HEAD);
    assert!(head.starts_with(b"{\"id\":1,xxx"));
}

fn decode(max_bytes: usize, chunks: &[&[u8]]) -> Vec<Line> {
    let mut decoder = LineDecoder::new(max_bytes);
    let mut lines = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        lines.extend(std::iter::from_fn(|| decoder.next()).map(headless));
    }
    lines.extend(decoder.finish());
    lines
}

#[test]
fn lines() {
    let check = |chunks: &[&str], expected: &[Line]| {
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
        assert_eq!(decode(4, &chunks), expected, "{chunks:?}");
    };
    check(&[], &[]);
    check(&["a\nb\n"], &[complete("a"), complete("b")]);
    check(&["a", "b\nc", "d", "\n"], &[complete("ab"), complete("cd")]);
    check(&["a\nb"], &[complete("a"), complete("b")]);
    check(&["\n\n"], &[complete(""), complete("")]);
    check(&["a\r\n"], &[complete("a\r")]);
    check(&["a\rb\n"], &[complete("a\rb")]);
    check(&["1234\n"], &[complete("1234")]);
    check(&["12345\na\n"], &[too_long(5), complete("a")]);
    check(&["123", "45", "6789", "0\na\n"], &[too_long(5), complete("a")]);
    check(&["12345"], &[too_long(5)]);
    check(&["123456\n12345\n1"], &[too_long(6), too_long(5), complete("1")]);
}

#[test]
fn an_endless_line_takes_no_memory() {
    let mut decoder = LineDecoder::new(1 << 10);
    let chunk = [b'x'; 4096];
    let mut reported = 0;
    for _ in 0..10_000 {
        decoder.feed(&chunk);
        reported += std::iter::from_fn(|| decoder.next()).count();
        assert!(decoder.partial.capacity() <= 2 << 10);
    }
    decoder.feed(b"\nok\n");
    assert_eq!(reported, 1);
    assert_eq!(decoder.next(), Some(complete("ok")));
    assert_eq!(decoder.next(), None);
}

proptest! {
    /// However a stream is cut into reads, the lines are the same.
    #[test]
    fn cuts_do_not_matter(
        lines in prop::collection::vec("[ab{}\r]{0,6}", 0..8),
        ended: bool,
        cuts in prop::collection::vec(0_usize..60, 0..10),
    ) {
        let mut stream = lines.join("\n");
        if ended { stream.push('\n'); }
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < stream.len()).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream.as_bytes()[cut[0]..cut[1]]).collect();

        let mut expected: Vec<Line> = stream.split('\n').map(complete).collect();
        if expected.last() == Some(&complete("")) { expected.pop(); }
        let shape = |line: &Line| match line {
            Line::Complete(bytes) if bytes.len() <= 4 => Some(bytes.clone()),
            _ => None,
        };
        let found: Vec<_> = decode(4, &chunks).iter().map(shape).collect();
        let expected: Vec<_> = expected.iter().map(shape).collect();
        prop_assert_eq!(found, expected);
    }
}
