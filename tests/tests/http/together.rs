//! All servers of a grant behind one address: whose tool is whose, who judges it, and what one server can do to the
//! others.

mod many;
mod naming;
mod real;
mod trouble;
