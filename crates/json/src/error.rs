use thiserror::Error;

/// Why a document was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} at byte {offset}")]
pub struct ScanError {
    /// What is wrong.
    pub kind: ScanErrorKind,
    /// Byte offset into the text that was scanned.
    pub offset: usize,
}

/// What can be wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScanErrorKind {
    /// An object holds the same key twice, compared after unescaping (RFC 8259 section 4 leaves the
    /// meaning open, so every reader may choose another one).
    #[error("duplicate key `{key}`")]
    DuplicateKey {
        /// The key, unescaped and cut off after 64 characters.
        key: String,
    },
    /// More arrays and objects inside each other than [`Limits::depth`](crate::Limits::depth).
    #[error("arrays and objects nested more than {limit} deep")]
    TooDeep {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes).
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// Not UTF-8 (RFC 8259 section 8.1).
    #[error("invalid utf-8")]
    InvalidUtf8,
    /// The text begins with U+FEFF (RFC 8259 section 8.1).
    #[error("byte order mark")]
    ByteOrderMark,
    /// Something else than the grammar of RFC 8259 allows here.
    #[error("expected {expected}")]
    Syntax {
        /// What the grammar allows here.
        expected: &'static str,
    },
    /// `NaN` or `Infinity`, which some writers produce and RFC 8259 section 6 does not allow.
    #[error("a number that is not finite")]
    NotFinite,
    /// A control character below U+0020 stands unescaped in a string (RFC 8259 section 7).
    #[error("unescaped control character in a string")]
    ControlCharacter,
    /// An escape that is half a surrogate pair, which stands for no character (RFC 8259 section 8.2).
    #[error("lone surrogate in an escape")]
    LoneSurrogate,
    /// The text ends before the value does.
    #[error("unexpected end of the text")]
    UnexpectedEnd,
    /// Something follows the value.
    #[error("data after the end of the value")]
    TrailingData,
}
