//! A counter in a form that can be kept in small pieces.

mod calendar;
mod sliding;
#[cfg(test)]
mod tests;

use std::ops::Range;

use interlock_json::Decimal;

use self::calendar::Calendar;
use self::sliding::Sliding;
use crate::encoding::{Malformed, Reader, Writer};
use crate::{Align, Bound, Mark, Now, Shape, Window, Zone};

/// One counter: what is counted, without the limit, which belongs to each call's policy.
///
/// [`Tally::advance`] comes first; everything else holds as of then. A long sliding tally moves its middle out
/// to a [`Spill`], so that what is written for a call stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    window: Window,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Sliding(Sliding),
    Calendar(Calendar),
}

/// Where the middle of a long sliding tally is kept, by number.
pub trait Spill {
    /// What can go wrong.
    type Error: From<Malformed>;

    /// Reads a part.
    ///
    /// # Errors
    /// If it cannot be read.
    fn load(&mut self, number: u64) -> Result<Vec<u8>, Self::Error>;

    /// Keeps a part, in place of one with the same number.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn save(&mut self, number: u64, part: &[u8]) -> Result<(), Self::Error>;

    /// Forgets parts.
    ///
    /// # Errors
    /// If they cannot be removed.
    fn remove(&mut self, numbers: Range<u64>) -> Result<(), Self::Error>;
}

const VERSION: u8 = 1;
const SLIDING: u8 = 0;
const CALENDAR: u8 = 1;
/// Followed by the name of the zone.
const CALENDAR_IN: u8 = 2;

impl Tally {
    /// One that has counted nothing.
    #[must_use]
    pub fn new(window: Window, align: Align) -> Self {
        let kind = match align {
            Align::Sliding => Kind::Sliding(Sliding::default()),
            Align::Calendar => Kind::Calendar(Calendar::new(Zone::UTC)),
            Align::CalendarIn(zone) => Kind::Calendar(Calendar::new(zone)),
        };
        Self { window, kind }
    }

    /// Its window.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// Sliding or aligned.
    #[must_use]
    pub fn align(&self) -> Align {
        match &self.kind {
            Kind::Sliding(_) => Align::Sliding,
            Kind::Calendar(calendar) => Align::calendar_in(calendar.zone()),
        }
    }

    /// Forgets what has left the window.
    ///
    /// # Errors
    /// Those of the spill.
    pub fn advance<S: Spill>(&mut self, now: Now, spill: &mut S) -> Result<(), S::Error> {
        let shape = self.shape(&Bound::None);
        match &mut self.kind {
            Kind::Sliding(sliding) => sliding.advance(shape.horizon(now.elapsed_ms), spill),
            Kind::Calendar(calendar) => {
                calendar.advance(self.window, now);
                Ok(())
            }
        }
    }

    /// Moves what was counted in calendar periods that have not begun, now that the clock is put right (see
    /// [`Clock::reclock`](crate::Clock::reclock)), to the one that has; `true` if there was any.
    ///
    /// Nothing that was counted in the true present period is lost, however often the clock had jumped within
    /// it: what was counted by the true date and by the false ones adds up. The sum may be too large, by what
    /// was counted less than a period ago and before the true present one began. What is given back later,
    /// of a call that was counted by a false date, stays counted.
    ///
    /// A sliding tally counts by elapsed time, which does not go back: nothing about it changes.
    pub fn reclock(&mut self, now: Now) -> bool {
        match &mut self.kind {
            Kind::Sliding(_) => false,
            Kind::Calendar(calendar) => calendar.reclock(self.window, now),
        }
    }

    /// What is counted.
    #[must_use]
    pub fn value(&self) -> Decimal {
        match &self.kind {
            Kind::Sliding(sliding) => sliding.total(),
            Kind::Calendar(calendar) => calendar.total(),
        }
    }

    /// Counts an amount, whatever the bound, which here only says how exactly time is kept. One that makes no
    /// exact sum is not counted, and neither is a negative one: then the answer is `None`.
    ///
    /// # Errors
    /// Those of the spill.
    pub fn add<S: Spill>(
        &mut self,
        now: Now,
        amount: Decimal,
        bound: &Bound,
        spill: &mut S,
    ) -> Result<Option<Mark>, S::Error> {
        let Ok(sum) = Bound::None.after(self.value(), amount) else { return Ok(None) };
        let shape = self.shape(bound);
        let stamp = match &mut self.kind {
            Kind::Sliding(sliding) => {
                let stamp = shape.with_entries(sliding.entries()).stamp(now.elapsed_ms);
                sliding.add(stamp, amount, sum, spill)?
            }
            Kind::Calendar(calendar) => {
                calendar.add(now, sum);
                calendar.end()
            }
        };
        Ok(Some(Mark { stamp, amount }))
    }

    /// Gives back what was counted, if it still counts. What cannot be taken out exactly stays.
    ///
    /// # Errors
    /// Those of the spill.
    pub fn release<S: Spill>(&mut self, mark: Mark, spill: &mut S) -> Result<(), S::Error> {
        match &mut self.kind {
            Kind::Sliding(sliding) => sliding.release(mark.stamp, mark.amount, spill),
            Kind::Calendar(calendar) => {
                calendar.release(mark.stamp, mark.amount);
                Ok(())
            }
        }
    }

    /// In how many milliseconds the amount fits if nothing else is counted; `None`: never.
    ///
    /// # Errors
    /// Those of the spill.
    pub fn retry_after<S: Spill>(
        &self,
        now: Now,
        amount: Decimal,
        bound: &Bound,
        spill: &mut S,
    ) -> Result<Option<u64>, S::Error> {
        if bound.after(Decimal::ZERO, amount).is_err() {
            return Ok(None);
        }
        let wait = match &self.kind {
            Kind::Sliding(sliding) => {
                let fits = |left| bound.after(left, amount).is_ok();
                let stamp = sliding.first_that_frees(fits, spill)?;
                stamp.map(|stamp| self.shape(bound).leaves(stamp).saturating_sub(now.elapsed_ms))
            }
            Kind::Calendar(calendar) => Some(calendar.end().saturating_sub(now.wall_ms)),
        };
        Ok(wait.and_then(|wait| u64::try_from(wait).ok()))
    }

    /// When all that is counted will have left the window, on the line of time that its alignment counts by.
    #[must_use]
    pub fn ends(&self) -> i64 {
        match &self.kind {
            Kind::Sliding(sliding) => self.shape(&Bound::None).leaves(sliding.latest()),
            Kind::Calendar(calendar) => calendar.end(),
        }
    }

    /// The bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        write_window(self.window, &mut writer);
        match &self.kind {
            Kind::Sliding(sliding) => {
                writer.byte(SLIDING);
                sliding.write(&mut writer);
            }
            Kind::Calendar(calendar) => {
                match calendar.zone() {
                    Zone::UTC => writer.byte(CALENDAR),
                    zone => {
                        writer.byte(CALENDAR_IN);
                        writer.text(zone.name());
                    }
                }
                calendar.write(&mut writer);
            }
        }
        writer.finish()
    }

    /// Reads kept bytes.
    ///
    /// # Errors
    /// [`Malformed`] for bytes that [`Tally::to_bytes`] does not make.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(reader.malformed());
        }
        let window = read_window(&mut reader)?;
        let kind = match reader.byte()? {
            SLIDING => Kind::Sliding(Sliding::read(&mut reader)?),
            CALENDAR => Kind::Calendar(Calendar::read(Zone::UTC, &mut reader)?),
            CALENDAR_IN => {
                let malformed = reader.malformed();
                let zone = Zone::named(reader.text()?).ok_or(malformed)?;
                Kind::Calendar(Calendar::read(zone, &mut reader)?)
            }
            _ => return Err(reader.malformed()),
        };
        reader.finish()?;
        Ok(Self { window, kind })
    }

    fn shape(&self, bound: &Bound) -> Shape {
        Shape::new(self.window, self.align(), bound)
    }
}

fn write_window(window: Window, writer: &mut Writer) {
    match window {
        Window::Seconds(seconds) => {
            writer.byte(b's');
            writer.unsigned(seconds);
        }
        Window::Day => writer.byte(b'd'),
        Window::Week => writer.byte(b'w'),
        Window::Month => writer.byte(b'm'),
    }
}

fn read_window(reader: &mut Reader<'_>) -> Result<Window, Malformed> {
    match reader.byte()? {
        b's' => Ok(Window::Seconds(reader.unsigned()?)),
        b'd' => Ok(Window::Day),
        b'w' => Ok(Window::Week),
        b'm' => Ok(Window::Month),
        _ => Err(reader.malformed()),
    }
}
