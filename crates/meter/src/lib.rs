//! Windows, counters and the clock as state machines with the time passed in.
//!
//! A counter is either *sliding* (no interval of the window's length ever holds more than the limit) or
//! aligned to the *calendar* (a day, an ISO week, a month, in UTC or in another time zone). Amounts are exact decimals. Nothing here
//! reads a clock or keeps anything: [`Clock`] turns readings into times that never step back, [`Shape`] says
//! how a counter counts, [`Counter`] is the whole machine in memory, and [`Tally`] the same in a form that a
//! backend can keep in small pieces; its tests hold it against [`Counter`].

mod bound;
mod clock;
mod counter;
mod encoding;
mod shape;
mod tally;
mod total;
mod window;
mod zone;

pub use bound::{Bound, Refused};
pub use clock::{Clock, Jump, Now, Observed, Reading};
pub use counter::{Counter, Exhausted, Mark};
pub use encoding::Malformed;
pub use shape::{EXACT, STEPS, Shape};
pub use tally::{Spill, Tally};
pub use total::{add_up, take_out};
pub use window::{Align, Window};
pub use zone::Zone;
