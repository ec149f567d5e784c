//! What the steps ask of a room's table. Each room's `store.rs` says it with `version_table!`, so that it is written once.

use serde::Serialize;

use super::model::Version;
use crate::platform::db::{Db, DbError, Tx};

/// A kind of version, as its room's table keeps it.
pub trait VersionTable: Version + Serialize {
    /// The version that is live in a slot.
    ///
    /// # Errors
    /// When the database fails.
    fn find_live(db: &mut Db, slot: &Self::Slot) -> Result<Option<Self>, DbError>;

    /// The same, locked where the database locks rows; none when another one has gone live while we waited.
    ///
    /// # Errors
    /// When the database fails.
    fn try_lock_live(tx: &mut Tx, slot: &Self::Slot) -> Result<Option<Self>, DbError>;

    /// # Errors
    /// When the database fails.
    fn insert(tx: &mut Tx, row: &Self) -> Result<(), DbError>;

    /// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
    ///
    /// # Errors
    /// When the database fails.
    fn update_if_unchanged(tx: &mut Tx, row: &Self) -> Result<Option<Self>, DbError>;
}

/// A table that numbers the versions of each slot from 1 on.
pub trait NumberedTable: VersionTable {
    /// The highest number that a version of the slot has; 0 when there is none.
    ///
    /// # Errors
    /// When the database fails.
    fn last_number(db: &mut Db, slot: &Self::Slot) -> Result<i32, DbError>;
}

/// The version that is live, locked until the unit of work ends: whoever numbers a draft or sets one live holds this
/// lock. Another version may have gone live while we waited; then that one is locked.
///
/// # Errors
/// When the database fails.
pub fn lock_live<V: VersionTable>(tx: &mut Tx, slot: &V::Slot) -> Result<Option<V>, DbError> {
    loop {
        let locked = V::try_lock_live(tx, slot)?;
        if locked.is_some() || V::find_live(tx, slot)?.is_none() {
            return Ok(locked);
        }
    }
}

/// Says which table keeps a kind of version: the row, the table, the enum of its `status`, what picks the rows of a slot,
/// and the columns that the kind has beside those of [`super::model::lives_at_approval`] and that a step may change. With
/// `number` it is a [`NumberedTable`].
#[doc(hidden)]
#[macro_export]
macro_rules! __version_table {
    (
        $row:ident in $table:ident, $status:ident, |$slot:ident| $of_slot:tt
        $(, number: $number:ident)? $(, also: [$($also:ident),*])?
    ) => {
        $crate::versions::store::version_table!(
            @steps $row, $table, $status, $slot, $of_slot, [$($($also),*)?]
        );
        $($crate::versions::store::version_table!(
            @number $row, $table, $slot, $of_slot, $number
        );)?
    };
    (
        @steps $row:ident, $table:ident, $status:ident, $slot:ident, [$($of_slot:expr),*], [$($also:ident),*]
    ) => {
        impl $crate::versions::store::VersionTable for $row {
            fn find_live(
                db: &mut $crate::db::Db,
                $slot: &Self::Slot,
            ) -> Result<Option<$row>, $crate::db::DbError> {
                Ok($crate::db::on_backend!(db, |c| $table::table
                    .filter($table::dsl::status.eq($status::Live))
                    $(.filter($of_slot))*
                    .select($row::as_select())
                    .first(c)
                    .optional())?)
            }

            fn try_lock_live(
                tx: &mut $crate::db::Tx,
                $slot: &Self::Slot,
            ) -> Result<Option<$row>, $crate::db::DbError> {
                let live = $table::table
                    .filter($table::dsl::status.eq($status::Live))
                    $(.filter($of_slot))*;
                // On SQLite the transaction holds the only write lock already.
                Ok(match tx.conn() {
                    $crate::db::Conn::Postgres(c) => live
                        .select($row::as_select())
                        .for_update()
                        .first(&mut **c)
                        .optional()?,
                    $crate::db::Conn::Sqlite(c) => live
                        .select($row::as_select())
                        .first(&mut **c)
                        .optional()?,
                })
            }

            fn insert(
                tx: &mut $crate::db::Tx,
                row: &$row,
            ) -> Result<(), $crate::db::DbError> {
                $crate::db::on_backend!(tx, |c| diesel::insert_into($table::table)
                    .values(row)
                    .execute(c))?;
                Ok(())
            }

            fn update_if_unchanged(
                tx: &mut $crate::db::Tx,
                row: &$row,
            ) -> Result<Option<$row>, $crate::db::DbError> {
                use $table::dsl;
                Ok($crate::db::on_backend!(tx, |c| diesel::update(
                    $table::table
                        .find(row.id)
                        .filter(dsl::version.eq(row.version))
                )
                .set((
                    dsl::status.eq(row.status),
                    dsl::document.eq(&row.document),
                    dsl::reason.eq(&row.reason),
                    dsl::drafters.eq(&row.drafters),
                    dsl::approver.eq(&row.approver),
                    dsl::live_at.eq(row.live_at),
                    dsl::retired_at.eq(row.retired_at),
                    dsl::version.eq(dsl::version + 1),
                    $(dsl::$also.eq(&row.$also),)*
                ))
                .returning($row::as_returning())
                .get_result(c)
                .optional())?)
            }
        }
    };
    (@number $row:ident, $table:ident, $slot:ident, [$($of_slot:expr),*], $number:ident) => {
        impl $crate::versions::store::NumberedTable for $row {
            fn last_number(
                db: &mut $crate::db::Db,
                $slot: &Self::Slot,
            ) -> Result<i32, $crate::db::DbError> {
                let last: Option<i32> = $crate::db::on_backend!(db, |c| $table::table
                    $(.filter($of_slot))*
                    .select(diesel::dsl::max($table::dsl::$number))
                    .first(c))?;
                Ok(last.unwrap_or(0))
            }
        }
    };
}
pub use __version_table as version_table;
