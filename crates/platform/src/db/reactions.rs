//! Reactions: what must be right in the very answer is done before the unit of work that asks for it commits.
//!
//! A room registers a function for actions of the trail. It runs once in each unit of work that recorded some of them,
//! when all else is done, in the same transaction and as the same caller. It touches only accounts that the unit of work
//! has locked already, so that it can wait for nobody. What may come a moment later is an event of `platform/events`.

use std::sync::{Arc, OnceLock};

use super::{Change, DbError, Tx};

/// What a room does before a unit of work commits that recorded some of `actions`.
#[derive(Debug, Clone, Copy)]
pub struct Reaction {
    /// The actions of the trail that it wants. One that wants what it does itself would never end.
    pub actions: &'static [&'static str],
    /// What is done about them, in the order in which they were recorded.
    pub react: fn(&mut Tx, &[Change]) -> Result<(), DbError>,
}

impl Reaction {
    pub(super) fn wants(&self, change: &Change) -> bool {
        self.actions.contains(&change.action())
    }
}

/// The reactions of a house: the same for all handles of its database, and none until they are registered.
#[derive(Debug, Clone, Default)]
pub(super) struct Reactions(Arc<OnceLock<&'static [Reaction]>>);

impl Reactions {
    /// The first register holds: a house has one.
    pub fn register(&self, reactions: &'static [Reaction]) {
        self.0.get_or_init(|| reactions);
    }

    pub fn all(&self) -> &'static [Reaction] {
        self.0.get().copied().unwrap_or_default()
    }
}
