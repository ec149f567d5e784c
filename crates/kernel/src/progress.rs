//! What a long computation is given, so that whoever waits for it sees how far it is, and may stop it.
//!
//! The computation stays pure: it counts its steps and asks whether to go on. Who sets the mark to stop, and why, and
//! who shows the count to people, it does not know.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The computation was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the computation was told to stop")]
pub struct Stopped;

/// How far a computation is, and whether it may go on.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Counts so many steps as done. A computation calls this often enough that it never goes on for half a second
    /// without.
    ///
    /// # Errors
    /// When it is to stop.
    pub fn advance(&self, steps: usize) -> Result<(), Stopped> {
        self.done.fetch_add(counted(steps), Relaxed);
        self.go_on()
    }

    /// Says that so many steps are to come, beside those that were announced before.
    pub fn expect(&self, steps: usize) {
        self.total.fetch_add(counted(steps), Relaxed);
    }

    /// Whether the computation may go on, between two steps.
    ///
    /// # Errors
    /// When it is to stop.
    pub fn go_on(&self) -> Result<(), Stopped> {
        if self.is_stopped.load(Relaxed) {
            return Err(Stopped);
        }
        Ok(())
    }

    /// Tells the computation to stop.
    pub fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }

    /// How many steps are done, and how many there are as far as is known; never fewer than are done.
    pub fn seen(&self) -> (i64, i64) {
        let done = self.done.load(Relaxed);
        let total = self.total.load(Relaxed).max(done);
        let shown = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        (shown(done), shown(total))
    }
}

fn counted(steps: usize) -> u64 {
    u64::try_from(steps).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computation_goes_on_until_it_is_told_to_stop() {
        let progress = Progress::default();
        progress.expect(10);
        assert_eq!(progress.advance(3), Ok(()));
        assert_eq!(progress.seen(), (3, 10));
        progress.stop();
        assert_eq!(progress.go_on(), Err(Stopped));
        assert_eq!(progress.advance(9), Err(Stopped));
        assert_eq!(progress.seen(), (12, 12), "an estimate that was too low");
    }
}
