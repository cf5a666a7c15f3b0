//! The locks of the desk; its test of interleavings puts others in their place.

pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
