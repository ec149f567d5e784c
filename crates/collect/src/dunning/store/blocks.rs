//! Queries on dunning blocks.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::customers::store::list_wanted;
use crate::book::factoring::model::{AssignmentStatus, Notification};
use crate::collect::dunning::input::BlockFilter;
use crate::collect::dunning::model::{BlockStatus, Blocks, DunningBlock};
use crate::platform::db::schema::dunning_blocks::dsl;
use crate::platform::db::schema::{customers, dunning_blocks, factoring_assignments, invoices};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{CustomerId, DunningBlockId, InvoiceId};

pub fn find_block(db: &mut Db, id: DunningBlockId) -> Result<Option<DunningBlock>, DbError> {
    Ok(on_backend!(db, |c| dunning_blocks::table
        .find(id)
        .select(DunningBlock::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_block(tx: &mut Tx, block: &DunningBlock) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(dunning_blocks::table)
        .values(block)
        .execute(c))?;
    Ok(())
}

/// Lifts the block when the row still has the version that `block` was read with.
pub fn lift_block_if_unchanged(
    tx: &mut Tx,
    block: &DunningBlock,
) -> Result<Option<DunningBlock>, DbError> {
    let (now, caller) = (tx.now(), tx.caller());
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::dunning_blocks
            .find(block.id)
            .filter(dsl::version.eq(block.version))
    )
    .set((
        dsl::lifted_at.eq(now),
        dsl::lifted_by.eq(&caller.subject),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(DunningBlock::as_returning())
    .get_result(c)
    .optional())?)
}

/// What the blocks of a day hold of these customers.
pub fn list_active_blocks(
    db: &mut Db,
    of: &[CustomerId],
    today: NaiveDate,
) -> Result<Blocks, DbError> {
    let rows: Vec<(CustomerId, Option<InvoiceId>)> = on_backend!(db, |c| dunning_blocks::table
        .filter(dsl::customer_id.eq_any(of))
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::until.ge(today))
        .select((dsl::customer_id, dsl::invoice_id))
        .load(c))?;
    let mut blocks = Blocks::default();
    for (customer, invoice) in rows {
        match invoice {
            Some(invoice) => blocks.invoices.insert(invoice),
            None => blocks.customers.insert(customer),
        };
    }
    blocks.factored = list_factored(db, of)?;
    Ok(blocks)
}

/// The open invoices that a factor asks for itself, because the customer knows of it.
fn list_factored(db: &mut Db, of: &[CustomerId]) -> Result<BTreeSet<InvoiceId>, DbError> {
    let rows: Vec<InvoiceId> = on_backend!(db, |c| factoring_assignments::table
        .inner_join(invoices::table.on(invoices::id.eq(factoring_assignments::invoice_id)))
        .filter(factoring_assignments::status.eq(AssignmentStatus::Active))
        .filter(factoring_assignments::notification.eq(Notification::Disclosed))
        .filter(invoices::customer_id.eq_any(of))
        .filter(invoices::open_minor.gt(0))
        .select(invoices::id)
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// One page of the blocks whose customers the caller may see, the newest first.
pub fn list_blocks(
    db: &mut Db,
    caller: &Caller,
    filter: &BlockFilter,
    page: &PageRequest,
) -> Result<Page<DunningBlock>, Problem> {
    let today = db.today();
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = dunning_blocks::table
            .select(DunningBlock::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dsl::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if !filter.invoice_id.is_empty() {
            query = query.filter(dsl::invoice_id.eq_any(&filter.invoice_id));
        }
        query = match filter.status {
            Some(BlockStatus::Active) => query
                .filter(dsl::lifted_at.is_null())
                .filter(dsl::until.ge(today)),
            Some(BlockStatus::Expired) => query
                .filter(dsl::lifted_at.is_null())
                .filter(dsl::until.lt(today)),
            Some(BlockStatus::Lifted) => query.filter(dsl::lifted_at.is_not_null()),
            None => query,
        };
        seek!(c, query, page, DunningBlock, desc(dsl::id))
    })
}
