//! What limits count, for whom, and that nothing makes them count less. The number that matters is the one of the
//! calls that reached the recording server.

mod amounts;
mod arguments;
mod budget;
mod callers;
mod identity;
mod once;
mod refunds;
mod reloading;
mod shadow;
mod spending;
mod under_load;
mod windows;
