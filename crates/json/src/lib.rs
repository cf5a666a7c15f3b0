//! One strict scan of a JSON document, exact decimals, and the canonical form.
//!
//! A message is scanned once and judged on what the scan saw; what is forwarded is the text that was
//! scanned. Therefore the scan refuses everything that two readers could understand differently: a key
//! that occurs twice, an escape that is half a surrogate pair, a byte order mark, text that is not UTF-8.
//!
//! ```
//! use interlock_json::{Limits, scan};
//!
//! let document = scan(r#"{"amount": 10.50, "note": "a\u0062c"}"#, &Limits::default())?;
//! let root = document.root();
//! assert_eq!(root.get("note").and_then(|note| note.as_str()).as_deref(), Some("abc"));
//! assert_eq!(root.get("amount").and_then(|amount| amount.as_number()), Some("10.50"));
//! # Ok::<(), interlock_json::ScanError>(())
//! ```

pub mod canonical;
mod decimal;
mod document;
mod error;
mod escape;
mod letters;
mod scan;

pub use decimal::{Decimal, DecimalError};
pub use document::{Document, Items, Key, Kind, Members, NodeId, Value};
pub use error::{ScanError, ScanErrorKind};
pub use letters::is_deceptive;
pub use scan::{Limits, scan, scan_bytes, scan_keeping, skim};
