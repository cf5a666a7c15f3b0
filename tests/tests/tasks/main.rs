//! Tasks of both eras: whose they are, what is judged and recorded of them, and when their calls have ended.

mod ending;
mod legacy;
mod modern;
mod real;
mod served;
mod told;
