//! What is left to do of an exchange when its message has been judged: to ask the server and take in what it says.
//! Whoever waits for the answer does it, in the task that runs anyway, so that a call costs no task of its own. What is
//! left when they leave goes on in one.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// Work that is finished even when whoever waits for it leaves.
pub(crate) struct Errand(Option<Work>);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Errand {
    pub(crate) fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl Future for Errand {
    type Output = ();

    /// A fault of Interlock's own ends this work and nobody else's. Whoever makes an errand sees to it that one is told of.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(mut work) = self.0.take() else { return Poll::Ready(()) };
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => {
                self.0 = Some(work);
                Poll::Pending
            }
            Ok(Poll::Ready(())) => Poll::Ready(()),
            Err(_) => {
                tracing::error!("an exchange was cut off by a fault of Interlock's own");
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if let Some(work) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errand").field("is_done", &self.0.is_none()).finish()
    }
}

/// Where an errand is left for the one who waits for what comes of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Errands(Arc<Mutex<Place>>);

#[derive(Debug, Default)]
enum Place {
    #[default]
    Empty,
    Left(Errand),
    /// Nobody looks here any more.
    Closed,
}

impl Errands {
    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an errand. Where nobody looks any more, or another is left already, it is done in a task of its own.
    pub(crate) fn leave(&self, errand: Errand) {
        let mut place = self.place();
        if matches!(*place, Place::Empty) {
            *place = Place::Left(errand);
        }
    }

    /// What has been left; nothing is left here after this.
    pub(crate) fn close(&self) -> Option<Errand> {
        match std::mem::replace(&mut *self.place(), Place::Closed) {
            Place::Left(errand) => Some(errand),
            Place::Empty | Place::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_left_of_an_errand_goes_on_without_its_waiter() {
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut errand = Errand::new(async move {
            begun.await.unwrap();
            end.send(()).unwrap();
        });
        assert!(
            std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut errand).poll(context)))
                .await
                .is_pending()
        );
        drop(errand);
        begin.send(()).unwrap();
        ended.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_ends_the_errand_alone() {
        Errand::new(async { panic!("a fault") }).await;
    }

    #[tokio::test]
    async fn the_second_errand_and_what_comes_late_have_tasks_of_their_own() {
        let errands = Errands::default();
        let (first, second, late) = (oneshot::channel(), oneshot::channel(), oneshot::channel());
        let errand = |done: oneshot::Sender<()>| Errand::new(async move { done.send(()).unwrap() });
        errands.leave(errand(first.0));
        errands.leave(errand(second.0));
        second.1.await.unwrap();
        let left = errands.close();
        errands.leave(errand(late.0));
        late.1.await.unwrap();
        left.unwrap().await;
        first.1.await.unwrap();
    }
}
