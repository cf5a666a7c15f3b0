//! What the comparison over HTTP and the soak test share.

pub mod client;
pub mod load;
pub mod messages;
pub mod process;
pub mod soak;
pub mod table;
pub mod variant;
