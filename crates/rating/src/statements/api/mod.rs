//! `/v1/customers/{customer}/financial-statements` and `/v1/financial-statements`.

mod shapes;

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::StatementError;
use super::model::FinancialStatement;
use super::{actions, store};
use crate::book::customers::model::CustomerRef;
use crate::platform::db::Db;
use crate::platform::http::auth::{ReadFacts, RecordFacts};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Command, Executor, Listing, Outcome, Problem};
use crate::rating::statements::input::{StatementFilter, StatementIn};
use kernel::ids::FinancialStatementId;

pub use shapes::{AltmanOut, StatementOut, StatementSummaryOut};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(enter_financial_statement)
        .service(list_financial_statements)
        .service(find_financial_statement);
}

/// Enter a financial statement
///
/// The lines of one period in one currency, as the customer gave them: whole units, costs and debts as positive amounts.
/// A line that is not known is left out; nothing is taken as zero. Totals that do not fit their parts come back as
/// `warnings`; what no statement can be is refused: a balance sheet that does not balance, a negative stock, lines in
/// different currencies. One in a thousand of total assets is left to rounding. A statement is never changed: to correct
/// it, enter the period again with `corrects_id` and `correction_reason`.
#[utoipa::path(
    tag = "facts",
    params(CustomerRef),
    request_body = StatementIn,
    responses((status = 201, description = "The statement with what it tells.", body = StatementOut)),
    security(("bearer" = ["facts:record"]))
)]
#[post("/v1/customers/{customer}/financial-statements")]
pub async fn enter_financial_statement(
    actor: Actor<RecordFacts>,
    customer: web::Path<CustomerRef>,
    command: Command<StatementIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let row = actions::enter(tx, &customer, &input.new_statement())?;
            let location = format!("/v1/financial-statements/{}", row.id);
            Answer::created(&describe(tx, row)?, location)
        })
        .await
}

/// List the financial statements of a customer
///
/// All versions, the newest period first; one that was corrected says by which.
#[utoipa::path(
    tag = "facts",
    params(CustomerRef, Listing<StatementFilter>),
    responses((status = 200, description = "One page of statements.", body = PageOut<StatementSummaryOut>)),
    security(("bearer" = ["facts:read"]))
)]
#[get("/v1/customers/{customer}/financial-statements")]
pub async fn list_financial_statements(
    actor: Actor<ReadFacts>,
    customer: web::Path<CustomerRef>,
    listing: Listing<StatementFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let customer = actions::find_customer(db, &actor, &customer)?;
            let page = store::list(db, customer.id, &listing.filter, &listing.page)?;
            let ids: Vec<FinancialStatementId> = page.items.iter().map(|row| row.id).collect();
            let corrections = store::list_corrections(db, &ids)?;
            Ok(page.try_map(|row| {
                let by = corrections.get(&row.id).copied();
                StatementSummaryOut::new(row, by)
            })?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a financial statement
///
/// With all that it tells: ratios with their inputs or why they have no value, how they moved over the customer's
/// periods of the same length, Altman's Z-scores with their parts, and what does not fit together.
#[utoipa::path(
    tag = "facts",
    params(FinancialStatementId),
    responses((status = 200, description = "The statement with what it tells.", body = StatementOut)),
    security(("bearer" = ["facts:read"]))
)]
#[get("/v1/financial-statements/{id}")]
pub async fn find_financial_statement(
    actor: Actor<ReadFacts>,
    id: web::Path<FinancialStatementId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let row = store::find(db, *id)?.ok_or(StatementError::Missing)?;
            let owner = CustomerRef::Id(row.customer_id);
            actions::find_customer(db, &actor, &owner).map_err(|error| match error {
                StatementError::NoCustomer => StatementError::Missing,
                error => error,
            })?;
            Answer::ok(&describe(db, row)?)
        })
        .await?;
    Ok(answer.into_response())
}

fn describe(db: &mut Db, row: FinancialStatement) -> Result<StatementOut, Problem> {
    let analysis = actions::analyse(db, &row)?;
    Ok(StatementOut::new(row, analysis)?)
}

impl From<StatementError> for Problem {
    fn from(error: StatementError) -> Problem {
        match error {
            StatementError::NoCustomer => Problem::not_found("customer"),
            StatementError::Missing => Problem::not_found("financial statement"),
            StatementError::InFuture { member, .. } => {
                Problem::invalid(format!("/{member}"), "in_future", error)
            }
            StatementError::Impossible(misfits) => shapes::impossible(&misfits),
            StatementError::PeriodExists { existing } => Problem::invalid(
                "/corrects_id",
                "period_exists",
                format!("There is a statement of this period, {existing}; to correct it, name it."),
            ),
            StatementError::NotCurrent => Problem::invalid(
                "/corrects_id",
                "not_current",
                "This is not the last version of a statement of this customer, period and length.",
            ),
            StatementError::Db(error) => error.into(),
        }
    }
}
