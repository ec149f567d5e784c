//! `/v1/dunning-stages`.

use crate::collect::dunning::input::{CustomerStageFilter, StageFilter};
use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::collect::dunning::store::{self, CustomerStage, Debtor, DunnedBalance, InvoiceStage};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::ReadDunning;
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{Actor, Executor, Listing, Outcome};
use kernel::ids::{CustomerId, DunningNoticeId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::Number;

/// List how far invoices have been dunned
///
/// Open invoices only: what is paid is no longer dunned.
#[utoipa::path(
    tag = "dunning",
    params(Listing<StageFilter>),
    responses((status = 200, description = "One page of stages.", body = PageOut<StageOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-stages")]
pub async fn list_dunning_stages(
    actor: Actor<ReadDunning>,
    listing: Listing<StageFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page: Page<InvoiceStage> = executor
        .read(move |db| store::list_invoice_stages(db, &actor, &listing.filter, &listing.page))
        .await?;
    Ok(page.map(StageOut::from).into_response(&request, &cursors))
}

/// List how far customers have been dunned
///
/// A customer's stage is the highest of its open invoices.
#[utoipa::path(
    tag = "dunning",
    params(Listing<CustomerStageFilter>),
    responses((status = 200, description = "One page of stages.", body = PageOut<CustomerStageOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-stages/customers")]
pub async fn list_customer_dunning_stages(
    actor: Actor<ReadDunning>,
    listing: Listing<CustomerStageFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page: Page<CustomerStageOut> = executor
        .read(move |db| {
            let page = store::list_customer_stages(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|stages| describe(db, &stages))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// What is dunned together; none when it is in several currencies.
fn one_currency<'a>(
    balances: impl Iterator<Item = &'a DunnedBalance>,
    account: Currency,
) -> Option<Money> {
    let mut sum: Option<(Currency, i64)> = None;
    for balance in balances {
        let (currency, minor) = sum.unwrap_or((balance.currency, 0));
        if currency != balance.currency {
            return None;
        }
        sum = Some((currency, minor.saturating_add(balance.open_minor)));
    }
    let (currency, minor) = sum.unwrap_or((account, 0));
    Some(Money::from_minor(minor, currency))
}

/// Customers' stages with their numbers.
fn describe(db: &mut Db, stages: &[CustomerStage]) -> Result<Vec<CustomerStageOut>, DbError> {
    let ids: Vec<CustomerId> = stages.iter().map(|stage| stage.customer_id).collect();
    let debtors: BTreeMap<CustomerId, Debtor> = store::list_debtors(db, &ids)?
        .into_iter()
        .map(|debtor| (debtor.0.id, debtor))
        .collect();
    let balances = store::list_dunned_balances(db, &ids)?;
    Ok(stages
        .iter()
        .filter_map(|stage| {
            let (customer, account) = debtors.get(&stage.customer_id)?;
            let of_customer = || {
                let all = balances.iter();
                all.filter(|balance| balance.customer_id == stage.customer_id)
            };
            Some(CustomerStageOut {
                customer_id: stage.customer_id,
                customer_number: customer.number.clone(),
                level: stage.level,
                last_dunned_on: stage.last_dunned_on,
                invoices: stage.invoices,
                open: one_currency(of_customer(), account.currency),
                by_balance: of_customer().map(DunnedBalanceOut::from).collect(),
            })
        })
        .collect())
}

/// How far an item has been dunned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningStage, example = json!({
    "item_id": "itm_01k00000000000000000000001", "invoice_id": "inv_01k00000000000000000000001", "invoice_number": "INV-7",
    "position": 1,
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "level": 2,
    "last_dunned_on": "2026-03-31", "notice_id": "dno_01k00000000000000000000001", "due_date": "2026-03-01",
    "open": {"amount": "12500.00", "currency": "CNY"}
}))]
pub struct StageOut {
    /// The invoice as a whole, or an instalment of it.
    item_id: ItemId,
    invoice_id: InvoiceId,
    invoice_number: Number,
    /// Its place in the invoice, from 1 on.
    #[schema(minimum = 1, maximum = 60)]
    position: i32,
    customer_id: CustomerId,
    customer_number: Number,
    #[schema(minimum = 1, maximum = 10)]
    level: i32,
    last_dunned_on: NaiveDate,
    /// The last notice that it was on.
    notice_id: DunningNoticeId,
    due_date: NaiveDate,
    open: Money,
}

impl From<InvoiceStage> for StageOut {
    fn from(stage: InvoiceStage) -> StageOut {
        StageOut {
            item_id: stage.item_id,
            position: stage.position,
            invoice_id: stage.invoice_id,
            invoice_number: stage.invoice_number,
            customer_id: stage.customer_id,
            customer_number: stage.customer_number,
            level: stage.level,
            last_dunned_on: stage.last_dunned_on,
            notice_id: stage.notice_id,
            due_date: stage.due_date,
            open: Money::from_minor(stage.open_minor, stage.currency),
        }
    }
}

/// How far a customer has been dunned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerDunningStage, example = json!({
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "level": 2,
    "last_dunned_on": "2026-03-31", "invoices": 3, "open": {"amount": "37500.00", "currency": "CNY"},
    "by_balance": [{"legal_entity_id": "ent_01k00000000000000000000001", "level": 2,
        "open": {"amount": "37500.00", "currency": "CNY"}}]
}))]
pub struct CustomerStageOut {
    customer_id: CustomerId,
    customer_number: Number,
    /// The highest of its open invoices.
    #[schema(minimum = 1, maximum = 10)]
    level: Option<i32>,
    last_dunned_on: Option<NaiveDate>,
    /// How many open invoices have been dunned.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    invoices: i64,
    /// What is open on them; null when that is in several currencies.
    open: Option<Money>,
    /// What is open on them to each company in each currency.
    #[schema(max_items = 1000)]
    by_balance: Vec<DunnedBalanceOut>,
}

/// What one company has dunned in one currency, and is open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunnedBalance)]
pub struct DunnedBalanceOut {
    legal_entity_id: LegalEntityId,
    /// The highest of its items.
    #[schema(minimum = 1, maximum = 10)]
    level: i32,
    open: Money,
}

impl From<&DunnedBalance> for DunnedBalanceOut {
    fn from(balance: &DunnedBalance) -> DunnedBalanceOut {
        DunnedBalanceOut {
            legal_entity_id: balance.legal_entity_id,
            level: balance.level,
            open: Money::from_minor(balance.open_minor, balance.currency),
        }
    }
}
