//! Lines in and out of a byte stream.

use interlock_wire::line::{Line, LineDecoder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::crossing::Crossed;
use crate::outbox::Outgoing;

/// How much is read in one go, and about how much is written in one go.
const CHUNK: usize = 64 << 10;

/// Reads a peer's lines.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    source: R,
    decoder: LineDecoder,
    chunk: Vec<u8>,
    ended: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads `source`, refusing lines of more than `most` bytes.
    pub(crate) fn new(source: R, most: usize) -> Self {
        Self::with_chunk(source, most, CHUNK)
    }

    /// The same, reading at most `chunk` bytes in one go.
    pub(crate) fn with_chunk(source: R, most: usize, chunk: usize) -> Self {
        Self { source, decoder: LineDecoder::new(most), chunk: vec![0; chunk], ended: false }
    }

    /// Whether there is a line that needs no waiting.
    pub(crate) fn has_next(&self) -> bool {
        self.decoder.has_next()
    }

    /// The next line; `None` at the end of the stream.
    ///
    /// # Errors
    /// What the stream's read reports.
    pub(crate) async fn next(&mut self) -> std::io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.decoder.next() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(self.decoder.finish());
            }
            let read = self.source.read(&mut self.chunk).await?;
            match self.chunk.get(..read) {
                Some(bytes) if !bytes.is_empty() => self.decoder.feed(bytes),
                _ => self.ended = true,
            }
        }
    }
}

/// Writes a peer's lines.
#[derive(Debug)]
pub(crate) struct LineWriter<W> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> LineWriter<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, buffer: Vec::with_capacity(CHUNK) }
    }

    /// Waits for lines and takes what there is. `false` when they are the last.
    pub(crate) async fn collect(&mut self, lines: &mut Outgoing) -> bool {
        lines.fill(&mut self.buffer, CHUNK).await
    }

    /// The same, of lines that may first have to be made for a peer of another era.
    pub(crate) async fn collect_crossed(&mut self, lines: &mut Crossed) -> bool {
        lines.fill(&mut self.buffer, CHUNK).await
    }

    /// Writes what was collected.
    ///
    /// # Errors
    /// What the stream's write reports; the peer is gone then.
    pub(crate) async fn write(&mut self) -> std::io::Result<()> {
        self.sink.write_all(&self.buffer).await?;
        self.sink.flush().await?;
        self.buffer.clear();
        // One very large message must not keep its size for the life of the process.
        self.buffer.shrink_to(CHUNK);
        Ok(())
    }

    /// Closes the stream.
    ///
    /// # Errors
    /// What the stream reports.
    pub(crate) async fn close(mut self) -> std::io::Result<()> {
        self.sink.shutdown().await
    }
}
