//! What a room registers to have something changed by request.

use serde_json::Value;

use super::model::ChangeKind;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::Problem;
use kernel::caller::Caller;
use kernel::ids::CustomerId;
use kernel::text::{Line, Number};

/// What a change is about, as it is now.
#[derive(Debug, Clone)]
pub struct Target {
    pub id: Line,
    pub number: Option<Number>,
    /// Moves whenever the target changes.
    pub version: i64,
    /// The customer whom it is about.
    pub customer_id: Option<CustomerId>,
    /// What of it would change, in the form of the request's `after` as it is kept.
    pub state: Value,
}

/// A target, and what it is to become.
pub type PlannedChange = (Target, Value);

/// Why a change was not applied.
#[derive(Debug)]
pub enum Refusal {
    /// The target has another version than the one that was read.
    Stale,
    /// The room's rules refuse it.
    Refused(Problem),
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Refusal {
        Refusal::Refused(error.into())
    }
}

/// A kind of change, and the room's functions for it.
#[derive(Debug, Clone, Copy)]
pub struct KindOfChange {
    pub kind: ChangeKind,
    /// What its targets are called, such as `"customer"`.
    pub thing: &'static str,
    /// The target under an id or number, unless the caller may not see it.
    pub find: fn(&mut Db, &Caller, &str) -> Result<Option<Target>, DbError>,
    /// What is asked for, in the form that is kept. Its pointers begin with `/after`.
    pub read: fn(&mut Db, &Caller, &Value) -> Result<Value, Problem>,
    /// Locks whatever applying all these changes will lock, in one go, so that two units of work never wait for each other.
    pub lock: fn(&mut Tx, &[PlannedChange]) -> Result<(), DbError>,
    /// Makes the target what is kept, as long as it has the version that it was read with. Pointers lead into `after`.
    pub apply: fn(&mut Tx, &Target, &Value) -> Result<(), Refusal>,
    /// What of a kept form a reader may know.
    pub show: fn(&mut Db, &Caller, Value) -> Result<Value, DbError>,
}

/// Every kind of change that can be requested.
#[derive(Debug, Clone, Copy)]
pub struct ChangeKinds(pub &'static [KindOfChange]);

impl ChangeKinds {
    /// # Errors
    /// When no room has registered the kind, which a test rules out.
    pub fn find(self, kind: ChangeKind) -> Result<&'static KindOfChange, DbError> {
        let found = self.0.iter().find(|known| known.kind == kind);
        found.ok_or_else(|| DbError::Document(format!("no room applies changes of {kind}")))
    }
}
