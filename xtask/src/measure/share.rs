//! A share of a count, and how sure it is.

use std::fmt;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) of: u32,
    pub(crate) all: u32,
}

impl Share {
    /// Counts one more.
    pub(crate) fn count(&mut self, is: bool) {
        self.all += 1;
        self.of += u32::from(is);
    }

    /// The share, if there is anything to share.
    pub(crate) fn value(self) -> Option<f64> {
        (self.all > 0).then(|| f64::from(self.of) / f64::from(self.all))
    }

    /// The 95 % confidence interval after Wilson, which holds for small counts and shares near 0 and 1, too.
    pub(crate) fn interval(self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_963_985;
        let share = self.value()?;
        let all = f64::from(self.all);
        let scale = 1.0 + Z * Z / all;
        let middle = (share + Z * Z / (2.0 * all)) / scale;
        let reach = Z / scale * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        Some(((middle - reach).max(0.0), (middle + reach).min(1.0)))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value(), self.interval()) {
            (Some(share), Some((low, high))) => write!(
                f,
                "{:.1} % ({}/{}; {:.1}–{:.1})",
                share * 100.0,
                self.of,
                self.all,
                low * 100.0,
                high * 100.0
            ),
            _ => f.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbooks() {
        let (low, high) = Share { of: 10, all: 100 }.interval().unwrap();
        assert!((low - 0.0552).abs() < 1e-4 && (high - 0.1744).abs() < 1e-4, "{low} {high}");
        assert_eq!(Share { of: 0, all: 10 }.to_string(), "0.0 % (0/10; 0.0–27.8)");
        assert_eq!(Share::default().to_string(), "–");
    }
}
