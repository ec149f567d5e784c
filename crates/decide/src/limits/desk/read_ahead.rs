//! Reading ahead: a worker whom nobody asks reads the book into its memory, so that the first check on a customer is
//! answered as quickly as the second. Deleted, every first check asks the database three times more.

use std::sync::mpsc::{Receiver, TryRecvError};

use super::answering::Waiting;
use super::prefetch;
use super::worker::Worker;
use crate::decide::limits::store;
use crate::platform::db::{Backend, DbError, Durability};
use kernel::ids::CustomerId;

/// How many customers are read in one go; a check that comes waits so long.
const CHUNK: usize = 500;

/// How far a worker has read.
pub struct ReadAhead {
    after: Option<CustomerId>,
    /// How many customers it may still read.
    left: usize,
}

impl ReadAhead {
    /// From the first customer on, in order of id.
    pub const fn of(customers: usize) -> ReadAhead {
        ReadAhead {
            after: None,
            left: customers,
        }
    }
}

impl Worker {
    /// The next check, none when the desk is closed. While nobody asks, the worker reads ahead.
    pub(super) fn next(&mut self, waiting: &Receiver<Waiting>) -> Option<Waiting> {
        while self.read_ahead.left > 0 {
            match waiting.try_recv() {
                Ok(first) => return Some(first),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.read_on(),
            }
        }
        waiting.recv().ok()
    }

    /// Reads some more customers, until there are no more. What fails here is read when it is asked for.
    fn read_on(&mut self) {
        match self.read_chunk() {
            Ok(Some(last)) => {
                self.read_ahead.after = Some(last);
                self.read_ahead.left = self.read_ahead.left.saturating_sub(CHUNK);
            }
            Ok(None) => self.read_ahead.left = 0,
            Err(error) => {
                tracing::info!(%error, "the credit desk reads no further ahead");
                self.read_ahead.left = 0;
            }
        }
    }

    /// Reads the customers that come next; gives the last one, none when there are no more.
    fn read_chunk(&mut self) -> Result<Option<CustomerId>, DbError> {
        let after = self.read_ahead.after;
        let limit = i64::try_from(CHUNK.min(self.read_ahead.left)).unwrap_or(i64::MAX);
        if self.backend == Backend::Sqlite {
            return self.as_only_writer(Durability::AtOnce, |tx, memory| {
                let today = tx.today();
                let found = store::list_named_after(tx, after, limit)?;
                let last = found.last().map(|customer| customer.id);
                prefetch::read_ahead(tx, memory, found, today)?;
                Ok(last)
            });
        }
        let memory = &mut self.memory;
        memory.forget_unless_by(self.session.connection_number()?);
        self.session.read(|db| {
            let today = db.today();
            let found = store::list_named_after(db, after, limit)?;
            let last = found.last().map(|customer| customer.id);
            prefetch::read_ahead(db, memory, found, today)?;
            Ok(last)
        })
    }
}
