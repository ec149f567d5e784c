//! Queries on how far invoices and customers have been dunned.

use chrono::NaiveDate;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::Date;
use diesel::upsert::excluded;

use crate::book::customers::store::list_wanted;
use crate::book::exposure::model::BlockCause;
use crate::collect::dunning::input::{CustomerStageFilter, StageFilter};
use crate::collect::dunning::model::{Effect, Held};
use crate::platform::db::schema::{
    account_blocks, credit_accounts, customers, dunning_notice_items, dunning_notices,
    dunning_stages, invoice_items, invoices,
};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek, sum_minor};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{CustomerId, DunningNoticeId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::Number;

/// Raises the stages of what stands on these notices, and was not dropped, to the level of its notice.
pub fn raise_stages(
    tx: &mut Tx,
    notices: &[DunningNoticeId],
    on: NaiveDate,
) -> Result<(), DbError> {
    use dunning_stages::dsl;
    for chunk in notices.chunks(5_000) {
        let kept = dunning_notice_items::table
            .inner_join(
                dunning_notices::table.on(dunning_notices::id.eq(dunning_notice_items::notice_id)),
            )
            .filter(dunning_notices::id.eq_any(chunk))
            .filter(dunning_notice_items::dropped_reason.is_null())
            .select((
                dunning_notice_items::item_id,
                dunning_notice_items::invoice_id,
                dunning_notices::customer_id,
                dunning_notices::level,
                on.into_sql::<Date>(),
                dunning_notices::id,
            ));
        on_backend!(tx, |c| kept
            .insert_into(dunning_stages::table)
            .into_columns((
                dsl::item_id,
                dsl::invoice_id,
                dsl::customer_id,
                dsl::level,
                dsl::last_dunned_on,
                dsl::notice_id,
            ))
            .on_conflict(dsl::item_id)
            .do_update()
            .set((
                dsl::level.eq(excluded(dsl::level)),
                dsl::last_dunned_on.eq(excluded(dsl::last_dunned_on)),
                dsl::notice_id.eq(excluded(dsl::notice_id)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Those of these customers whose accounts dunning blocks.
pub fn list_blocked(db: &mut Db, of: &[CustomerId]) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| account_blocks::table
        .inner_join(credit_accounts::table.on(credit_accounts::id.eq(account_blocks::account_id)))
        .filter(account_blocks::cause.eq(BlockCause::Dunning))
        .filter(account_blocks::lifted_at.is_null())
        .filter(credit_accounts::customer_id.eq_any(of))
        .select(credit_accounts::customer_id)
        .load(c))?)
}

/// What open invoices of these customers stand at a stage that blocks. A block that keeps dunning away changes nothing
/// here: it spares a customer letters, and gives no credit back.
pub fn list_held(db: &mut Db, of: &[CustomerId]) -> Result<Vec<Held>, DbError> {
    Ok(on_backend!(db, |c| dunning_stages::table
        .inner_join(invoice_items::table.on(invoice_items::id.eq(dunning_stages::item_id)))
        .inner_join(invoices::table.on(invoices::id.eq(dunning_stages::invoice_id)))
        .inner_join(dunning_notices::table.on(dunning_notices::id.eq(dunning_stages::notice_id)))
        .filter(dunning_stages::customer_id.eq_any(of))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::sold_on.is_null())
        .filter(dunning_notices::effect.eq(Effect::Block))
        .group_by((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            dunning_notices::block_scope,
        ))
        .select((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            dunning_notices::block_scope,
            max(dunning_stages::level).assume_not_null()
        ))
        .load(c))?)
}

/// The highest level at which open invoices of these customers were dunned; customers with none are left out.
pub fn list_levels(db: &mut Db, of: &[CustomerId]) -> Result<Vec<(CustomerId, i32)>, DbError> {
    let rows: Vec<(CustomerId, i32)> = on_backend!(db, |c| dunning_stages::table
        .inner_join(invoice_items::table.on(invoice_items::id.eq(dunning_stages::item_id)))
        .filter(dunning_stages::customer_id.eq_any(of))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::sold_on.is_null())
        .group_by(dunning_stages::customer_id)
        .select((
            dunning_stages::customer_id,
            max(dunning_stages::level).assume_not_null()
        ))
        .load(c))?;
    Ok(rows)
}

/// An open invoice's stage.
#[derive(Debug, Clone, Queryable)]
pub struct InvoiceStage {
    pub item_id: ItemId,
    pub invoice_id: InvoiceId,
    pub invoice_number: Number,
    pub position: i32,
    pub customer_id: CustomerId,
    pub customer_number: Number,
    pub level: i32,
    pub last_dunned_on: NaiveDate,
    pub notice_id: DunningNoticeId,
    pub due_date: NaiveDate,
    pub currency: Currency,
    pub open_minor: i64,
}

/// One page of the stages of open invoices whose customers the caller may see.
pub fn list_invoice_stages(
    db: &mut Db,
    caller: &Caller,
    filter: &StageFilter,
    page: &PageRequest,
) -> Result<Page<InvoiceStage>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = dunning_stages::table
            .inner_join(invoice_items::table.on(invoice_items::id.eq(dunning_stages::item_id)))
            .inner_join(invoices::table.on(invoices::id.eq(dunning_stages::invoice_id)))
            .inner_join(customers::table.on(customers::id.eq(dunning_stages::customer_id)))
            .filter(invoice_items::open_minor.gt(0))
            .select((
                dunning_stages::item_id,
                dunning_stages::invoice_id,
                invoices::number,
                invoice_items::position,
                dunning_stages::customer_id,
                customers::number,
                dunning_stages::level,
                dunning_stages::last_dunned_on,
                dunning_stages::notice_id,
                invoice_items::due_date,
                invoices::currency,
                invoice_items::open_minor,
            ))
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(customers::owner.eq(&caller.subject));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dunning_stages::customer_id.eq_any(wanted));
        }
        if let Some(level) = filter.level_min {
            query = query.filter(dunning_stages::level.ge(level));
        }
        seek!(c, query, page, InvoiceStage, asc(dunning_stages::item_id))
    })
}

/// The highest stage of a customer's open invoices.
#[derive(Debug, Clone, Queryable)]
pub struct CustomerStage {
    pub customer_id: CustomerId,
    pub level: Option<i32>,
    pub last_dunned_on: Option<NaiveDate>,
    pub invoices: i64,
}

/// What of a customer's open invoices has been dunned, by company and currency.
#[derive(Debug, Clone, Queryable)]
pub struct DunnedBalance {
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub open_minor: i64,
    pub level: i32,
}

/// What of these customers' open invoices has been dunned, by company and currency.
pub fn list_dunned_balances(db: &mut Db, of: &[CustomerId]) -> Result<Vec<DunnedBalance>, DbError> {
    Ok(on_backend!(db, |c| dunning_stages::table
        .inner_join(invoice_items::table.on(invoice_items::id.eq(dunning_stages::item_id)))
        .inner_join(invoices::table.on(invoices::id.eq(dunning_stages::invoice_id)))
        .filter(dunning_stages::customer_id.eq_any(of))
        .filter(invoice_items::open_minor.gt(0))
        .group_by((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
        ))
        .order((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
        ))
        .select((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
            sum_minor!("invoice_items.open_minor"),
            max(dunning_stages::level).assume_not_null(),
        ))
        .load(c))?)
}

/// One page of the stages of customers that the caller may see.
pub fn list_customer_stages(
    db: &mut Db,
    caller: &Caller,
    filter: &CustomerStageFilter,
    page: &PageRequest,
) -> Result<Page<CustomerStage>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = dunning_stages::table
            .inner_join(invoice_items::table.on(invoice_items::id.eq(dunning_stages::item_id)))
            .inner_join(customers::table.on(customers::id.eq(dunning_stages::customer_id)))
            .filter(invoice_items::open_minor.gt(0))
            .group_by(dunning_stages::customer_id)
            .select((
                dunning_stages::customer_id,
                max(dunning_stages::level),
                max(dunning_stages::last_dunned_on),
                diesel::dsl::count_star(),
            ))
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(customers::owner.eq(&caller.subject));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dunning_stages::customer_id.eq_any(wanted));
        }
        seek!(
            c,
            query,
            page,
            CustomerStage,
            asc(dunning_stages::customer_id)
        )
    })
}
