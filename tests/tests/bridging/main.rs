//! Clients and servers of different eras, each of which would fail with the other alone: through Interlock every pair
//! can do what either era has a word for.

mod cancelling;
mod judged;
mod matrix;
mod news;
mod over_http;
mod over_stdio;
mod remembered;
mod starting;
mod unlisted;
mod world;
