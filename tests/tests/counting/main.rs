//! What limits count, for whom, and that nothing makes them count less. The number that matters is the one of the
//! calls that reached the recording server.

mod amounts;
mod budget;
mod callers;
mod identity;
mod reloading;
mod shadow;
mod windows;
