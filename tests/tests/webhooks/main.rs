//! Webhooks hear of calls that wait for a person: signed, at least once, from whatever process there is.

mod delivery;
#[path = "../approvals/desk.rs"]
#[expect(dead_code, reason = "shared with the tests of approvals, which need all of it")]
mod desk;
mod policies;
mod receiver;
#[path = "../http/scene.rs"]
#[expect(dead_code, reason = "shared with the tests of serving, which need all of it")]
mod scene;
mod served;
mod shapes;
