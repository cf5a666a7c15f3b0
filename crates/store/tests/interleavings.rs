//! The desk under every order in which its callers and its thread may run: nothing is lost, nothing is answered
//! twice, nobody waits for ever, and the limit holds.
#![allow(clippy::unwrap_used, reason = "a test: to fail is its way to say so")]

use std::time::Duration;

use interlock_store::StoreError;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::mpsc::{Receiver, Sender, channel};
use shuttle::thread;

// The desk itself, with locks that shuttle schedules.
#[path = "../src/embedded/desk.rs"]
mod desk;

mod sync {
    pub(super) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
}

use desk::Desk;
use sync::Arc;

const ITERATIONS: usize = 3_000;
const CALLERS: usize = 4;
const LIMIT: usize = 2;

/// A request for one unit of the limit, or for a look at it.
struct Ask {
    is_listing: bool,
    to: Sender<Result<bool, StoreError>>,
}

impl desk::Work for Ask {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn is_listing(&self) -> bool {
        self.is_listing
    }

    fn refuse(self, error: StoreError) {
        // Whoever asked may have gone.
        let _nobody = self.to.send(Err(error));
    }
}

/// A database that another process may hold at any moment.
struct Counting {
    left: usize,
    done: Arc<sync::Mutex<usize>>,
}

impl Counting {
    fn answer(&mut self, ask: &Ask) {
        thread::yield_now();
        let passes = !ask.is_listing && self.left > 0;
        self.left -= usize::from(passes);
        *self.done.lock().unwrap() += 1;
        let _nobody = ask.to.send(Ok(passes));
    }
}

impl desk::Engine for Counting {
    type Work = Ask;

    fn try_run(&mut self, group: Vec<Ask>) -> Vec<Ask> {
        assert!(group.iter().all(|ask| !ask.is_listing), "lists would hold up who asks");
        if thread_rng().r#gen() {
            return group;
        }
        group.iter().for_each(|ask| self.answer(ask));
        Vec::new()
    }

    fn run(&mut self, group: Vec<Ask>, _: Duration) {
        group.iter().for_each(|ask| self.answer(ask));
    }

    fn undo(&mut self) {}
}

/// As the store asks: the one who asked may do the work, or leave it to the thread, or go.
fn ask(desk: &Desk<Counting>) -> Option<Receiver<Result<bool, StoreError>>> {
    let (to, answer) = channel();
    desk.put(Ask { is_listing: thread_rng().gen_ratio(1, 4), to }).ok()?;
    thread::yield_now();
    if thread_rng().r#gen() {
        desk.try_work()
    } else {
        desk.call_thread()
    }
    Some(answer)
}

/// The callers, the thread, and how many requests were taken and done.
fn play(closes_early: bool) {
    let done = Arc::new(sync::Mutex::new(0));
    let desk = Desk::new(Counting { left: LIMIT, done: Arc::clone(&done) });
    let at_work = thread::spawn({
        let desk = Arc::clone(&desk);
        move || desk.run(Duration::ZERO)
    });
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let desk = Arc::clone(&desk);
            thread::spawn(move || {
                let answer = ask(&desk)?;
                let first = answer.recv().unwrap();
                assert!(answer.recv().is_err(), "answered twice");
                Some(first)
            })
        })
        .collect();
    if closes_early {
        desk.close();
    }
    let answers: Vec<_> = callers.into_iter().filter_map(|caller| caller.join().unwrap()).collect();
    desk.close();
    at_work.join().unwrap();
    let passed = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
    assert!(passed <= LIMIT, "{passed} passed");
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(answered, *done.lock().unwrap());
    assert!(closes_early || answered == CALLERS, "{answered} answered");
}

#[test]
fn whoever_asks_is_answered_once() {
    shuttle::check_random(|| play(false), ITERATIONS);
}

#[test]
fn whoever_asks_while_it_closes_is_answered_or_refused() {
    shuttle::check_random(|| play(true), ITERATIONS);
}

#[test]
fn the_same_with_few_changes_of_threads() {
    for closes_early in [false, true] {
        shuttle::check_pct(move || play(closes_early), ITERATIONS, 3);
    }
}
