//! The compact form in which counters and the clock are kept: variable-length integers and decimals.

use interlock_json::Decimal;
use thiserror::Error;

/// Kept bytes that are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("malformed at byte {offset}")]
pub struct Malformed {
    /// Where reading stopped.
    pub offset: usize,
}

/// Stands before a decimal in words; other decimals are integers, kept as their successor.
const TEXT: u64 = 0;

#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// LEB128.
    pub(crate) fn unsigned(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number as u8) | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Zigzag, then LEB128.
    pub(crate) fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn decimal(&mut self, decimal: Decimal) {
        let integer = decimal.to_i128().and_then(|integer| u64::try_from(integer).ok());
        match integer.and_then(|integer| integer.checked_add(1)) {
            Some(successor) => self.unsigned(successor),
            None => {
                self.unsigned(TEXT);
                self.text(&decimal.to_string());
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    offset: usize,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) fn malformed(&self) -> Malformed {
        Malformed { offset: self.offset }
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.offset == self.bytes.len() { Ok(()) } else { Err(self.malformed()) }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = self.bytes.get(self.offset).copied().ok_or(self.malformed())?;
        self.offset += 1;
        Ok(byte)
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if (bits << shift) >> shift != bits {
                return Err(self.malformed());
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.malformed())
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let zigzag = self.unsigned()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, Malformed> {
        let length = usize::try_from(self.unsigned()?).map_err(|_| self.malformed())?;
        let end = self.offset.checked_add(length).ok_or(self.malformed())?;
        let bytes = self.bytes.get(self.offset..end).ok_or(self.malformed())?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.malformed())?;
        self.offset = end;
        Ok(text)
    }

    pub(crate) fn decimal(&mut self) -> Result<Decimal, Malformed> {
        match self.unsigned()? {
            TEXT => {
                let malformed = self.malformed();
                Decimal::parse(self.text()?).map_err(|_| malformed)
            }
            successor => Ok(Decimal::from(successor - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_and_texts_come_back(unsigned: u64, signed: i64, text: String) {
            let mut writer = Writer::default();
            writer.unsigned(unsigned);
            writer.signed(signed);
            writer.text(&text);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.unsigned()?, unsigned);
            prop_assert_eq!(reader.signed()?, signed);
            prop_assert_eq!(reader.text()?, text);
            reader.finish()?;
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.unsigned().is_ok() && reader.signed().is_ok() && reader.decimal().is_ok() {}
        }
    }

    #[test]
    fn decimals_come_back() {
        for text in [
            "0",
            "1",
            "10000",
            "18446744073709551615",
            "18446744073709551616",
            "-3",
            "0.1",
            "1e40",
            "1.5e-30",
        ] {
            let decimal = Decimal::parse(text).unwrap();
            let mut writer = Writer::default();
            writer.decimal(decimal);
            assert_eq!(Reader::new(&writer.finish()).decimal(), Ok(decimal), "{text}");
        }
    }
}
