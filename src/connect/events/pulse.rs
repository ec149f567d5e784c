//! One look at the log for all who watch it: while nobody does, nothing is looked at.

use std::time::Duration;

use tokio::sync::watch;

use super::actions::end;
use crate::platform::db::{Database, DbError};
use crate::platform::events::Position;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(500);

/// How far the log goes, and whether the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    pub end: Position,
    pub is_over: bool,
}

/// Tells watchers that the log has grown.
pub struct Pulse(watch::Sender<Beat>);

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse(watch::Sender::new(Beat {
            end: Position::START,
            is_over: false,
        }))
    }
}

impl Pulse {
    pub fn watch(&self) -> watch::Receiver<Beat> {
        self.0.subscribe()
    }

    /// Looks for as long as the server runs.
    pub async fn beat(&self, database: Database) {
        while !self.0.borrow().is_over {
            tokio::time::sleep(EVERY).await;
            if self.0.receiver_count() == 0 {
                continue;
            }
            let database = database.clone();
            let look = move || -> Result<Position, DbError> { end(&mut database.reader()?) };
            match tokio::task::spawn_blocking(look).await {
                Ok(Ok(end)) => {
                    self.0.send_if_modified(|beat| {
                        let has_grown = beat.end != end;
                        beat.end = end;
                        has_grown
                    });
                }
                Ok(Err(error)) => tracing::info!(%error, "the log can't be watched; next time"),
                Err(error) => tracing::error!(%error, "a look at the log was cut off"),
            }
        }
    }

    /// Ends all streams, so that the server can.
    pub fn end(&self) {
        self.0.send_modify(|beat| beat.is_over = true);
    }
}
