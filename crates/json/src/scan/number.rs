use super::{Scanner, Stop, stop};
use crate::error::ScanErrorKind;

impl Scanner<'_> {
    /// RFC 8259 section 6, from `-` or the first digit; where the number ends.
    #[inline]
    pub(super) fn number(&self, start: usize) -> Result<usize, Stop> {
        let first = if self.byte(start) == b'-' { start + 1 } else { start };
        let pos = match self.byte(first) {
            b'0' => first + 1,
            b'1'..=b'9' => self.digits(first),
            _ if self.rest(first).starts_with(b"Infinity") => {
                return Err(stop(ScanErrorKind::NotFinite, first));
            }
            _ => return Err(self.expected("a digit", first)),
        };
        if matches!(self.byte(pos), b'.' | b'e' | b'E') { self.fraction(pos) } else { Ok(pos) }
    }

    /// From the point or the `e`.
    fn fraction(&self, mut pos: usize) -> Result<usize, Stop> {
        if self.byte(pos) == b'.' {
            pos = self.some_digits(pos + 1)?;
        }
        if matches!(self.byte(pos), b'e' | b'E') {
            let sign = matches!(self.byte(pos + 1), b'+' | b'-');
            pos = self.some_digits(if sign { pos + 2 } else { pos + 1 })?;
        }
        Ok(pos)
    }

    fn some_digits(&self, pos: usize) -> Result<usize, Stop> {
        if !self.byte(pos).is_ascii_digit() {
            return Err(self.expected("a digit", pos));
        }
        Ok(self.digits(pos))
    }

    #[inline]
    fn digits(&self, mut pos: usize) -> usize {
        while self.byte(pos).is_ascii_digit() {
            pos += 1;
        }
        pos
    }
}
