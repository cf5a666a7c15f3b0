use super::{Mode, Scanner, Stop, stop};
use crate::error::ScanErrorKind;

impl Scanner<'_> {
    /// Where a string ends, from its opening quote, and whether it has an escape.
    #[inline(always)]
    pub(super) fn string(&self, start: usize) -> Result<(usize, bool), Stop> {
        let pos = plain(self.bytes, start + 1);
        if self.byte(pos) == b'"' {
            return Ok((pos + 1, false));
        }
        Ok((self.rest_of_string(pos)?, true))
    }

    /// Where a string ends, from what is neither plain text nor its closing quote.
    fn rest_of_string(&self, mut pos: usize) -> Result<usize, Stop> {
        loop {
            match self.byte(pos) {
                b'"' => return Ok(pos + 1),
                b'\\' => pos = plain(self.bytes, self.escape(pos)?),
                _ if pos >= self.bytes.len() => return Err(stop(ScanErrorKind::UnexpectedEnd, pos)),
                _ => return Err(stop(ScanErrorKind::ControlCharacter, pos)),
            }
        }
    }

    /// Where an escape ends, from its backslash.
    fn escape(&self, pos: usize) -> Result<usize, Stop> {
        match self.bytes.get(pos + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(pos + 2),
            Some(b'u') => self.unicode(pos),
            Some(_) => Err(self.expected("one of `\"\\/bfnrtu` behind a backslash", pos)),
            None => Err(stop(ScanErrorKind::UnexpectedEnd, self.bytes.len())),
        }
    }

    fn unicode(&self, pos: usize) -> Result<usize, Stop> {
        let behind = pos + 6;
        let paired = match self.unit(pos)? {
            0xd800..=0xdbff if self.rest(behind).starts_with(b"\\u") => {
                matches!(self.unit(behind)?, 0xdc00..=0xdfff)
            }
            0xd800..=0xdfff => false,
            _ => return Ok(behind),
        };
        match self.mode {
            _ if paired => Ok(behind + 6),
            Mode::Strict => Err(stop(ScanErrorKind::LoneSurrogate, pos)),
            // Only this half is alone; what follows may begin a pair of its own.
            Mode::Lenient => Ok(behind),
        }
    }

    /// The number of `\uXXXX`.
    fn unit(&self, pos: usize) -> Result<u32, Stop> {
        let mut unit = 0;
        for at in pos + 2..pos + 6 {
            let Some(byte) = self.bytes.get(at) else {
                return Err(stop(ScanErrorKind::UnexpectedEnd, self.bytes.len()));
            };
            let Some(digit) = char::from(*byte).to_digit(16) else {
                return Err(self.expected("four hexadecimal digits behind `\\u`", at));
            };
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }
}

/// Where the next quote, backslash or control character stands, looking at eight bytes at a time.
#[inline]
pub(crate) fn plain(bytes: &[u8], mut pos: usize) -> usize {
    let mut rest = bytes.get(pos..).unwrap_or_default();
    while let Some((eight, tail)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*eight));
        if special != 0 {
            return pos + (special.trailing_zeros() / 8) as usize;
        }
        pos += 8;
        rest = tail;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    pos + rest.iter().position(special).unwrap_or(rest.len())
}

const LOW_BITS: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

/// Sets the high bit of the first byte that is a quote, a backslash or below 0x20. Bytes behind it may be
/// marked wrongly (a borrow runs upwards), bytes before it never are.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    let quote = word ^ u64::from_le_bytes([b'"'; 8]);
    let backslash = word ^ u64::from_le_bytes([b'\\'; 8]);
    let control = word.wrapping_sub(u64::from_le_bytes([0x20; 8])) & !word;
    (quote.wrapping_sub(LOW_BITS) & !quote | backslash.wrapping_sub(LOW_BITS) & !backslash | control)
        & HIGH_BITS
}
