//! Whether a message still holds when its turn comes. What it asks for is looked up here; what else there is to ask, the room
//! that it comes from registers, since that one stands above.

use std::sync::{Mutex, PoisonError};

use super::model::{Message, MessageKind};
use crate::platform::db::{Db, DbError};

/// Finds why a message may not be sent any more; none when it still holds.
pub type StandingCheck = fn(&mut Db, &Message) -> Result<Option<String>, DbError>;

static CHECKS: Mutex<Vec<(MessageKind, StandingCheck)>> = Mutex::new(Vec::new());

/// Registers the checks of rooms above, each for a kind of messages; of two for one kind the first holds.
pub fn register(checks: &[(MessageKind, StandingCheck)]) {
    let mut known = CHECKS.lock().unwrap_or_else(PoisonError::into_inner);
    for check in checks {
        if !known.iter().any(|(kind, _)| *kind == check.0) {
            known.push(*check);
        }
    }
}

/// Why a message may not be sent any more, by the room that it comes from.
///
/// # Errors
/// When the database fails.
pub fn obstacle(db: &mut Db, message: &Message) -> Result<Option<String>, DbError> {
    let check = {
        let known = CHECKS.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(kind, _)| *kind == message.kind);
        found.map(|(_, check)| *check)
    };
    match check {
        Some(check) => check(db, message),
        None => Ok(None),
    }
}
