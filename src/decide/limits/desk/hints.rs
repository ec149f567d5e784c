//! What the desk remembers of customers between batches: who bears a number, and who is above whom.
//!
//! It only says which accounts to lock first, all in one order. What holds is read under the locks; a hint that turns
//! out to be wrong is corrected and the batch decided anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::book::customers::model::{CustomerRef, GROUP_DEPTH_MAX};
use crate::decide::limits::store::Named;
use crate::kernel::ids::CustomerId;
use crate::kernel::text::Number;

/// How many customers are remembered; then all are forgotten.
const MOST: usize = 200_000;

/// The desk's memory.
#[derive(Default)]
pub struct Hints(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_number: HashMap<Number, CustomerId>,
    parents: HashMap<CustomerId, Option<CustomerId>>,
}

impl Hints {
    /// The customer that is meant, and everybody above it; none when anything of that is not remembered.
    pub fn line(&self, reference: &CustomerRef) -> Option<(CustomerId, Vec<CustomerId>)> {
        let known = self.known();
        let id = match reference {
            CustomerRef::Id(id) => *id,
            CustomerRef::Number(number) => *known.by_number.get(number)?,
        };
        let mut above = Vec::new();
        let mut parent = *known.parents.get(&id)?;
        while let Some(next) = parent {
            // A circle can't be, but a memory of two moments may show one.
            if next == id || above.contains(&next) {
                return None;
            }
            above.push(next);
            parent = *known.parents.get(&next)?;
        }
        Some((id, above))
    }

    /// Remembers customers as they are now.
    pub fn remember<'a>(&self, customers: impl IntoIterator<Item = &'a Named>) {
        let mut known = self.known();
        if known.parents.len() > MOST {
            *known = Known::default();
        }
        for customer in customers {
            known.by_number.insert(customer.number.clone(), customer.id);
            known.parents.insert(customer.id, customer.parent);
        }
    }

    /// Forgets who is meant by a reference that meant somebody else.
    pub fn forget(&self, reference: &CustomerRef) {
        match reference {
            CustomerRef::Id(id) => self.known().parents.remove(id).map(|_| ()),
            CustomerRef::Number(number) => self.known().by_number.remove(number).map(|_| ()),
        };
    }

    /// Those of these customers of whom nothing is remembered, and the first unknown ancestors of the others.
    pub fn unknown(&self, customers: impl IntoIterator<Item = CustomerId>) -> Vec<CustomerId> {
        let known = self.known();
        let mut unknown = Vec::new();
        for customer in customers {
            let mut at = Some(customer);
            // As deep as groups can be nested, and no deeper.
            for _ in 0..=GROUP_DEPTH_MAX {
                let Some(id) = at else { break };
                if let Some(parent) = known.parents.get(&id) {
                    at = *parent;
                } else {
                    unknown.push(id);
                    break;
                }
            }
        }
        unknown
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
