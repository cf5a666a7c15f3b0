//! The end of what a server writes on standard error: why it did not start is said there, where it is said at all.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;

/// Bytes that are kept: the last ones.
const KEPT: usize = 16 << 10;
/// How long the end may take to arrive when the server is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// A server's standard error, which is read as fast as it is written.
#[derive(Debug)]
pub(crate) struct LastWords(JoinHandle<String>);

impl LastWords {
    /// Begins to read.
    pub(crate) fn listen(errors: impl AsyncRead + Unpin + Send + 'static) -> Self {
        Self(tokio::spawn(read(errors)))
    }

    /// The last lines, as whole lines; of a server that is gone.
    pub(crate) async fn end(mut self) -> String {
        let ended = tokio::time::timeout(PATIENCE, &mut self.0).await;
        // Somebody else may have the stream still, and writes what nobody reads.
        self.0.abort();
        ended.ok().and_then(Result::ok).unwrap_or_default()
    }
}

async fn read(mut errors: impl AsyncRead + Unpin) -> String {
    let mut last: VecDeque<u8> = VecDeque::with_capacity(KEPT);
    let mut is_cut = false;
    let mut chunk = vec![0; KEPT / 4];
    while let Ok(count @ 1..) = errors.read(&mut chunk).await {
        last.extend(chunk.iter().take(count));
        let over = last.len().saturating_sub(KEPT);
        is_cut |= over > 0;
        last.drain(..over);
    }
    let bytes: Vec<u8> = last.into();
    let text = String::from_utf8_lossy(&bytes);
    // A part of a line may be a part of a secret that nobody would know.
    match text.split_once('\n') {
        Some((_, whole)) if is_cut => whole.to_owned(),
        None if is_cut => String::new(),
        _ => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_whole_lines_are_kept() {
        assert_eq!(read(&b"one\ntwo"[..]).await, "one\ntwo");
        let many = (0..10_000).map(|number| format!("line {number}\n")).collect::<String>();
        let kept = read(many.as_bytes()).await;
        assert!(kept.len() <= KEPT && kept.starts_with("line ") && kept.ends_with("line 9999\n"), "{kept}");
        assert_eq!(read(&[b'x'; 2 * KEPT][..]).await, "");
    }
}
