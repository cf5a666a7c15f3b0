//! The soak test in small.

use interlock_bench::soak::{self, Plan};

#[tokio::test]
async fn nothing_is_left_of_many_sessions() -> anyhow::Result<()> {
    soak::run(Plan { sessions: 40, children: 4, seconds: 2, pause_ms: 50 }).await.map(|_| ())
}
