//! Ratings.

use std::collections::BTreeMap;

use super::model::CurrentRating;
use crate::kernel::ids::CustomerId;
use crate::platform::db::{Db, DbError};

/// The ratings that hold for these customers.
///
/// # Errors
/// When the database fails.
pub fn current(
    _: &mut Db,
    _: &[CustomerId],
) -> Result<BTreeMap<CustomerId, CurrentRating>, DbError> {
    Ok(BTreeMap::new())
}
