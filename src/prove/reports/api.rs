//! `/v1/reports/*`.

mod matrix;
mod over_limit;
mod violations;

use actix_web::http::header::{CONTENT_DISPOSITION, VARY};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions;
use super::actions::{Aging, ReportError};
use super::model::{AgingBy, AgingQuestion, AgingRow, Converted, Coverage};
use crate::book::customers::model::Customer;
use crate::book::entities::model::LegalEntity;
use crate::book::exchange_rates::rules::Conversion;
use crate::book::exposure::api::MissingRateOut;
use crate::platform::http::auth::ReadReports;
use crate::platform::http::csv::{Cell, table};
use crate::platform::http::forms::negotiate;
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Executor, Outcome, Problem};
use crate::prove::reports::input::{AgingFilter, Format};
use crate::prove::reports::model::Bucket;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(report_aging)
        .service(matrix::report_portfolio_matrix)
        .service(over_limit::report_over_limit_by_rates)
        .service(violations::report_policy_violations);
}

/// Report aging
///
/// What is outstanding at the end of a day, past or today, by how long it has been due. An invoice is overdue from the
/// day after it is due. The sum of the buckets is what is outstanding; unapplied cash and credit stand beside it, and so
/// do post-dated invoices, which are in no bucket until their own day. Outstanding less unapplied and with what is
/// post-dated is what exposure counts.
/// `in` adds a total over all currencies (`converted`): each currency is converted once by the exchange rates of the day,
/// which are named, what is owed up and what is unapplied down. Where a rate is missing there is no total, and the pair is
/// named.
/// Sales see their own customers, and totals over them. As CSV by `Accept: text/csv` or `format=csv`.
#[utoipa::path(
    tag = "reports",
    params(AgingFilter),
    responses((status = 200, description = "The report.", content(
        (AgingOut = "application/json"),
        (String = "text/csv"),
    ))),
    security(("bearer" = ["reports:read"]))
)]
#[get("/v1/reports/aging")]
pub async fn report_aging(
    actor: Actor<ReadReports>,
    filter: Query<AgingFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
) -> Outcome {
    let format = match filter.0.format {
        Some(format) => format,
        None if negotiate(&request, &["application/json", "text/csv"])? == 0 => Format::Json,
        None => Format::Csv,
    };
    let own = actor.sees_only_own().then(|| actor.subject.clone());
    let covers = if own.is_some() {
        Coverage::Own
    } else {
        Coverage::All
    };
    let (question, aging) = executor
        .read(move |db| {
            let question = filter.0.question(db.today(), own);
            let aging = actions::aging(db, &question)?;
            Ok((question, aging))
        })
        .await?;
    match format {
        Format::Json => Ok(Answer::ok(&AgingOut::new(&question, covers, &aging))?.into_response()),
        Format::Csv => aging_csv(&question, &aging),
    }
}

fn aging_csv(question: &AgingQuestion, aging: &Aging) -> Outcome {
    let customer = ["customer_id", "customer_number", "customer_name"];
    let entity = ["legal_entity_id", "legal_entity_number"];
    let keys: Vec<&str> = match question.by {
        AgingBy::Customer | AgingBy::Group => customer.to_vec(),
        AgingBy::Owner => vec!["owner"],
        AgingBy::Currency => Vec::new(),
        AgingBy::LegalEntity => entity.to_vec(),
        AgingBy::Balance => [&customer[..], &entity[..]].concat(),
    };
    let mut header: Vec<String> = keys
        .iter()
        .map(ToString::to_string)
        .chain(["currency".to_owned(), "outstanding".to_owned()])
        .chain(aging.buckets.iter().map(Bucket::to_string))
        .chain(["unapplied", "post_dated", "sold"].map(str::to_owned))
        .collect();
    let mut rows: Vec<Vec<Cell>> = aging
        .rows
        .iter()
        .map(|row| csv_row(question.by, aging, row))
        .collect();
    if let Some(converted) = &aging.converted {
        header.extend(["line", "rate", "rate_date", "rate_source"].map(str::to_owned));
        for (cells, row) in rows.iter_mut().zip(&aging.rows) {
            cells.extend(rate_cells(converted, row.currency));
        }
        rows.push(total_row(keys.len(), aging.buckets.len(), converted));
    }
    let body = table(&header, rows.into_iter()).map_err(Problem::internal)?;
    let name = format!("attachment; filename=\"aging-{}.csv\"", question.as_of);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((VARY, "Accept"))
        .content_type("text/csv; charset=utf-8")
        .body(body))
}

/// By which rate a row goes into the total; empty where none is needed, or none is there.
fn rate_cells(converted: &Converted, currency: Currency) -> Vec<Cell> {
    let mut cells = vec![Cell::Plain("row".to_owned())];
    match converted.rates.find(currency, converted.currency) {
        Some(rate) => cells.extend([
            Cell::Plain(rate.rate.to_string()),
            Cell::Plain(rate.rate_date.to_string()),
            Cell::Text(rate.source.clone()),
        ]),
        None => cells.extend(std::iter::repeat_n(Cell::Plain(String::new()), 3)),
    }
    cells
}

/// The total over all currencies; without figures where a rate is missing.
fn total_row(keys: usize, buckets: usize, converted: &Converted) -> Vec<Cell> {
    let empty = |count| std::iter::repeat_n(Cell::Plain(String::new()), count);
    let mut cells: Vec<Cell> = empty(keys).collect();
    cells.push(Cell::Plain(converted.currency.to_string()));
    match &converted.total {
        Some(total) => cells.extend(figures(total)),
        None => cells.extend(empty(buckets + 4)),
    }
    cells.push(Cell::Plain("total".to_owned()));
    cells.extend(empty(3));
    cells
}

fn csv_row(by: AgingBy, aging: &Aging, row: &AgingRow) -> Vec<Cell> {
    let customer = row.key.customer.and_then(|id| aging.customers.get(&id));
    let entity = row.key.legal_entity.and_then(|id| aging.entities.get(&id));
    let text = |value: Option<String>| Cell::Text(value.unwrap_or_default());
    let of_customer = || {
        vec![
            text(customer.map(|customer| customer.id.to_string())),
            text(customer.map(|customer| customer.number.to_string())),
            text(customer.map(|customer| customer.name.to_string())),
        ]
    };
    let of_entity = || {
        vec![
            text(entity.map(|entity| entity.id.to_string())),
            text(entity.map(|entity| entity.number.to_string())),
        ]
    };
    let mut cells = match by {
        AgingBy::Customer | AgingBy::Group => of_customer(),
        AgingBy::Owner => vec![text(row.key.owner.as_ref().map(Subject::to_string))],
        AgingBy::Currency => Vec::new(),
        AgingBy::LegalEntity => of_entity(),
        AgingBy::Balance => [of_customer(), of_entity()].concat(),
    };
    cells.push(Cell::Plain(row.currency.to_string()));
    cells.extend(figures(row));
    cells
}

/// What is outstanding, each bucket, and what stands beside.
fn figures(row: &AgingRow) -> Vec<Cell> {
    let amount = |minor| Cell::Plain(Money::from_minor(minor, row.currency).amount_text());
    let buckets = row.buckets.iter().map(|content| content.amount_minor);
    std::iter::once(row.outstanding_minor)
        .chain(buckets)
        .chain([row.unapplied_minor, row.post_dated_minor, row.sold_minor])
        .map(amount)
        .collect()
}

/// An aging report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Aging, example = json!({
    "as_of": "2026-03-31", "by": "customer", "covers": "all",
    "rows": [{
        "customer": {"id": "cus_01k00000000000000000000001", "number": "C-1001", "name": "Jiangnan Trading Co."},
        "owner": null, "legal_entity": null, "currency": "CNY", "outstanding": {"amount": "12500.00", "currency": "CNY"},
        "buckets": [{"name": "1-30", "from_days": 1, "to_days": 30,
            "amount": {"amount": "12500.00", "currency": "CNY"}, "count": 1}],
        "unapplied": {"amount": "0.00", "currency": "CNY"},
        "post_dated": {"amount": "0.00", "currency": "CNY"}, "sold": {"amount": "0.00", "currency": "CNY"}
    }],
    "totals": [{
        "currency": "CNY", "outstanding": {"amount": "12500.00", "currency": "CNY"},
        "buckets": [{"name": "1-30", "from_days": 1, "to_days": 30,
            "amount": {"amount": "12500.00", "currency": "CNY"}, "count": 1}],
        "unapplied": {"amount": "0.00", "currency": "CNY"},
        "post_dated": {"amount": "0.00", "currency": "CNY"}, "sold": {"amount": "0.00", "currency": "CNY"}
    }],
    "converted": null
}))]
pub struct AgingOut {
    as_of: NaiveDate,
    by: AgingBy,
    /// Whose customers rows and totals are over: all, or the caller's own.
    covers: Coverage,
    /// In order of customer number, owner, number of the legal entity, currency.
    #[schema(max_items = 100_000)]
    rows: Vec<AgingRowOut>,
    /// The sum of the rows, for each currency.
    #[schema(max_items = 300)]
    totals: Vec<AgingTotalOut>,
    /// The total over all currencies; null unless `in` asks for it.
    converted: Option<AgingConvertedOut>,
}

/// A total over all currencies in one of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgingConverted)]
pub struct AgingConvertedOut {
    currency: Currency,
    /// Null where a rate is missing.
    total: Option<AgingTotalOut>,
    /// The exchange rates that it was made with.
    #[schema(max_items = 300)]
    rates: Vec<ReportRateOut>,
    /// The pairs of currencies between which a rate is missing.
    #[schema(max_items = 300)]
    missing_rates: Vec<MissingRateOut>,
}

/// An exchange rate by which figures of a report were converted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportRate)]
pub struct ReportRateOut {
    from: Currency,
    to: Currency,
    /// One unit of `from` in units of `to`. An inverse or a cross is written with 12 significant digits.
    #[schema(max_length = 40, pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$")]
    rate: String,
    /// The day of the rate, of the older one when there are two.
    rate_date: NaiveDate,
    /// Who published it.
    #[schema(max_length = 130)]
    source: String,
}

impl From<&Conversion> for ReportRateOut {
    fn from(conversion: &Conversion) -> ReportRateOut {
        ReportRateOut {
            from: conversion.from,
            to: conversion.to,
            rate: conversion.rate.to_string(),
            rate_date: conversion.rate_date,
            source: conversion.source.clone(),
        }
    }
}

/// What one customer, group or owner owes in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgingRowOut {
    /// The customer, or the head of the group; null by owner, currency or legal entity.
    customer: Option<AgingCustomerOut>,
    /// The salesperson; null unless by owner, and for customers without one.
    owner: Option<Subject>,
    /// To which company it is owed; null unless by legal entity or balance.
    legal_entity: Option<AgingEntityOut>,
    #[serde(flatten)]
    figures: AgingTotalOut,
}

/// Who a row is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgingCustomerOut {
    id: CustomerId,
    number: Number,
    name: Line,
}

/// To whom something is owed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgingLegalEntity)]
pub struct AgingEntityOut {
    id: LegalEntityId,
    number: Number,
    name: Line,
}

/// What is outstanding in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgingTotalOut {
    currency: Currency,
    /// The sum of the buckets.
    outstanding: Money,
    #[schema(max_items = 14)]
    buckets: Vec<AgingBucketOut>,
    /// Cash and credit that settles nothing on that day; it is not taken from what is outstanding. Money for a post-dated
    /// invoice is here until that one's day.
    unapplied: Money,
    /// Invoices of a later date that were in the book on that day; they are not in what is outstanding.
    post_dated: Money,
    /// What of the outstanding was sold without recourse: it is owed to its buyer, and no exposure.
    sold: Money,
}

/// What is in one bucket.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgingBucketOut {
    /// `not_due`, `1-30`, … or `over_365`.
    #[schema(max_length = 20)]
    name: String,
    /// The fewest days past due; null for what is not due.
    #[schema(minimum = 1, maximum = 3651)]
    from_days: Option<u32>,
    /// The most days past due; null for the last.
    #[schema(minimum = 0, maximum = 3650)]
    to_days: Option<u32>,
    amount: Money,
    /// How many items are in it: invoices, or instalments of them.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    count: i64,
}

impl AgingOut {
    fn new(question: &AgingQuestion, covers: Coverage, aging: &Aging) -> AgingOut {
        let row = |row: &AgingRow| AgingRowOut {
            customer: row
                .key
                .customer
                .and_then(|id| aging.customers.get(&id))
                .map(AgingCustomerOut::from),
            owner: row.key.owner.clone(),
            legal_entity: row
                .key
                .legal_entity
                .and_then(|id| aging.entities.get(&id))
                .map(AgingEntityOut::from),
            figures: AgingTotalOut::new(&aging.buckets, row),
        };
        AgingOut {
            as_of: question.as_of,
            by: question.by,
            covers,
            rows: aging.rows.iter().map(row).collect(),
            totals: aging
                .totals
                .iter()
                .map(|total| AgingTotalOut::new(&aging.buckets, total))
                .collect(),
            converted: aging
                .converted
                .as_ref()
                .map(|converted| AgingConvertedOut::new(&aging.buckets, converted)),
        }
    }
}

impl AgingConvertedOut {
    fn new(buckets: &[Bucket], converted: &Converted) -> AgingConvertedOut {
        let missing = converted.missing.iter();
        AgingConvertedOut {
            currency: converted.currency,
            total: converted
                .total
                .as_ref()
                .map(|total| AgingTotalOut::new(buckets, total)),
            rates: converted.rates.iter().map(ReportRateOut::from).collect(),
            missing_rates: missing
                .map(|(from, to)| MissingRateOut {
                    from: *from,
                    to: *to,
                })
                .collect(),
        }
    }
}

impl From<&LegalEntity> for AgingEntityOut {
    fn from(entity: &LegalEntity) -> AgingEntityOut {
        AgingEntityOut {
            id: entity.id,
            number: entity.number.clone(),
            name: entity.name.clone(),
        }
    }
}

impl From<&Customer> for AgingCustomerOut {
    fn from(customer: &Customer) -> AgingCustomerOut {
        AgingCustomerOut {
            id: customer.id,
            number: customer.number.clone(),
            name: customer.name.clone(),
        }
    }
}

impl AgingTotalOut {
    fn new(buckets: &[Bucket], row: &AgingRow) -> AgingTotalOut {
        let money = |minor| Money::from_minor(minor, row.currency);
        let buckets = buckets.iter().zip(&row.buckets);
        AgingTotalOut {
            currency: row.currency,
            outstanding: money(row.outstanding_minor),
            buckets: buckets
                .map(|(bucket, content)| AgingBucketOut {
                    name: bucket.to_string(),
                    from_days: bucket.from_days,
                    to_days: bucket.to_days,
                    amount: money(content.amount_minor),
                    count: content.invoices,
                })
                .collect(),
            unapplied: money(row.unapplied_minor),
            post_dated: money(row.post_dated_minor),
            sold: money(row.sold_minor),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Problem {
        let text = error.to_string();
        match error {
            ReportError::InFuture => Problem::invalid("#as_of", "in_future", text),
            ReportError::TooManyRows => Problem::invalid("#by", "too_many_rows", text),
            ReportError::RatesInFuture => Problem::invalid("#since", "in_future", text),
            ReportError::Classes { .. } => Problem::invalid("#classes", "out_of_range", text),
            ReportError::Segments(error) => Problem::internal(error),
            ReportError::Db(error) => error.into(),
        }
    }
}
