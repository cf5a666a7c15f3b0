//! HTTP/2 frame by frame: what no client library lets through or shows.

use anyhow::{Context, Result, bail, ensure};
use interlock_testkit::tls::Authority;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::tls::{TLS, scene};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(payload.len())?.to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    Ok([head.as_slice(), payload].concat())
}

/// Fields that are spelled out (RFC 7541, section 6.2.2).
fn spelled(fields: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            let length = u8::try_from(text.len())?;
            ensure!(length < 127, "{text} is too long for one byte of length");
            block.push(length);
            block.extend_from_slice(text.as_bytes());
        }
    }
    Ok(block)
}

/// The frames that come until the answer to a ping does, each by its kind, flags and stream.
async fn until_ping<S>(stream: &mut S) -> Result<Vec<(u8, u8, u32)>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&frame(PING, 0, 0, &[7; 8])?).await?;
    let mut seen = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.context("the head of a frame")?;
        let [a, b, c, kind, flags, number @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]).try_into()?];
        stream.read_exact(&mut payload).await?;
        if (kind, flags) == (PING, ACK) {
            return Ok(seen);
        }
        seen.push((kind, flags, u32::from_be_bytes(number)));
    }
}

/// What was said on the stream of the request.
fn on_request(frames: &[(u8, u8, u32)]) -> Vec<u8> {
    frames.iter().filter(|(_, _, stream)| *stream == 1).map(|(kind, _, _)| *kind).collect()
}

#[tokio::test]
async fn a_refusal_waits_for_the_end_of_a_short_body() -> Result<()> {
    let authority = Authority::new("one")?;
    let scene = scene(TLS, &authority.server()?, None).await?;
    let address = &scene.serving.address;
    let mut stream = authority.trusting(None, &["h2"])?.connect(address).await?;
    let block = spelled(&[
        (":method", "POST"),
        (":scheme", "https"),
        (":path", "/mcp/recording"),
        (":authority", address),
        ("authorization", "Bearer nobody"),
        ("content-type", "application/json"),
        ("content-length", "2"),
    ])?;
    let mut begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    begin.extend(frame(SETTINGS, 0, 0, &[])?);
    begin.extend(frame(HEADERS, END_HEADERS, 1, &block)?);
    stream.write_all(&begin).await?;
    // It has seen the head when it answers this.
    let early = until_ping(&mut stream).await?;
    assert_eq!(on_request(&early), Vec::<u8>::new(), "it is answered before it has ended: {early:?}");
    stream.write_all(&frame(DATA, END_STREAM, 1, b"{}")?).await?;
    let mut answer = Vec::new();
    while !answer.iter().any(|(_, flags, stream)| *stream == 1 && flags & END_STREAM != 0) {
        answer.extend(until_ping(&mut stream).await?);
        if answer.len() > 1_000 {
            bail!("there is no answer: {answer:?}");
        }
    }
    answer.extend(until_ping(&mut stream).await?);
    ensure!(on_request(&answer).first() == Some(&HEADERS), "{answer:?}");
    ensure!(!on_request(&answer).contains(&RST_STREAM), "the stream is reset: {answer:?}");
    Ok(())
}
