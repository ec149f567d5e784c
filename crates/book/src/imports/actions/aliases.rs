//! Customers as another system numbers them.

use std::collections::BTreeSet;

use super::{Import, ImportError};
use crate::book::customers::store::aliases;
use crate::book::imports::model::Row;
use crate::book::imports::rules::FromCells;
use crate::platform::db::Db;
use kernel::text::Number;

impl Import<'_> {
    /// Puts our numbers of customers in the place of those that the file's source system has for them. A number that is no
    /// alias stays as it is. To be done once: a number of ours may be somebody else's alias.
    pub(super) fn put_own_numbers<R: FromCells>(
        &self,
        db: &mut Db,
        rows: &mut [Row<R>],
    ) -> Result<(), ImportError> {
        let Some(system) = &self.plan.mapping.source_system else {
            return Ok(());
        };
        let named: BTreeSet<Number> = rows
            .iter_mut()
            .flat_map(|row| row.content.customer_numbers())
            .map(|number| number.clone())
            .collect();
        let known = aliases::list_numbers_by_alias(db, system, &named)?;
        for number in rows
            .iter_mut()
            .flat_map(|row| row.content.customer_numbers())
        {
            if let Some(own) = known.get(number) {
                number.clone_from(own);
            }
        }
        Ok(())
    }
}
