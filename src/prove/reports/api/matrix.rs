//! `/v1/reports/portfolio-matrix`.

use actix_web::http::header::VARY;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::book::exposure::api::MissingRateOut;
use crate::platform::http::auth::ReadReports;
use crate::platform::http::forms::negotiate;
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Executor, Outcome};
use crate::prove::reports::actions::{MatrixQuestion, Portfolio, ReportError, portfolio_matrix};
use crate::prove::reports::model::{Coverage, MatrixValue};
use crate::prove::reports::svg;
use kernel::figures::{Exact, Figure, PLACES};
use kernel::ids::CustomerId;
use kernel::money::{Currency, Money};
use kernel::text::{GradeCode, Line, Number};

/// How many value classes there are when nobody says.
const CLASSES: u8 = 3;

/// The most value classes.
const CLASSES_MAX: u8 = 10;

/// Report the portfolio matrix
///
/// Every customer by risk and value: its grade, and the class of its value among all, by sales on account of the last
/// twelve months or by what it owes and may come to owe, in one currency. What it owes counts as against its limit: to all
/// companies and in all currencies, at the exchange rates of today. Where a rate is missing there is no value of the whole,
/// and the pair is named. Classes have as many customers each as can
/// be; the first has the highest values. Customers without a rating are not rated. Sales see their own customers. As a
/// drawing by `Accept: image/svg+xml` or `format=svg`.
#[utoipa::path(
    tag = "reports",
    params(MatrixFilter),
    responses((status = 200, description = "The matrix.", content(
        (MatrixOut = "application/json"),
        (String = "image/svg+xml"),
    ))),
    security(("bearer" = ["reports:read"]))
)]
#[get("/v1/reports/portfolio-matrix")]
pub async fn report_portfolio_matrix(
    actor: Actor<ReadReports>,
    filter: Query<MatrixFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
) -> Outcome {
    let filter = filter.0;
    let format = match filter.format {
        Some(format) => format,
        None if negotiate(&request, &["application/json", "image/svg+xml"])? == 0 => {
            MatrixFormat::Json
        }
        None => MatrixFormat::Svg,
    };
    let classes = filter.classes.unwrap_or(CLASSES);
    if !(1..=CLASSES_MAX).contains(&classes) {
        return Err(ReportError::Classes { max: CLASSES_MAX }.into());
    }
    let owner = actor.sees_only_own().then(|| actor.subject.clone());
    let question = MatrixQuestion {
        value: filter.value.unwrap_or(MatrixValue::Sales),
        currency: filter.currency,
        classes: usize::from(classes),
        owner,
    };
    let portfolio = executor
        .read(move |db| Ok(portfolio_matrix(db, question)?))
        .await?;
    match format {
        MatrixFormat::Json => Ok(Answer::ok(&MatrixOut::new(&portfolio))?.into_response()),
        MatrixFormat::Svg => Ok(HttpResponse::Ok()
            .insert_header((VARY, "Accept"))
            .content_type("image/svg+xml")
            .body(svg::matrix(&portfolio))),
    }
}

/// What is asked of the matrix.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatrixFilter {
    /// The currency whose sales, or the accounts whose limits in it, are looked at. Sales in others are left out.
    #[param(inline)]
    pub currency: Currency,
    /// What a customer's value is; sales when not given.
    #[param(inline)]
    pub value: Option<MatrixValue>,
    /// How many value classes; 3 when not given.
    #[param(minimum = 1, maximum = 10)]
    pub classes: Option<u8>,
    /// How it is written; by `Accept` when not given.
    #[param(inline)]
    pub format: Option<MatrixFormat>,
}

/// How the matrix is written.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatrixFormat {
    Json,
    Svg,
}

/// The portfolio by risk and value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PortfolioMatrix, example = json!({
    "as_of": "2026-03-31", "value_by": "sales", "from": "2025-04-01", "currency": "CNY", "covers": "all",
    "customers": 1, "value": {"amount": "12500.00", "currency": "CNY"}, "customers_unknown": 0, "missing_rates": [],
    "grades": ["AAA", "AA"], "classes": 3,
    "cells": [{
        "grade": "AAA", "value_class": 1, "customers": 1, "value": {"amount": "12500.00", "currency": "CNY"},
        "value_share": "1", "largest": [{
            "id": "cus_01k00000000000000000000001", "number": "C-1001", "name": "Jiangnan Trading Co.",
            "value": {"amount": "12500.00", "currency": "CNY"}
        }]
    }]
}))]
pub struct MatrixOut {
    as_of: NaiveDate,
    value_by: MatrixValue,
    /// The first day of the sales; null by exposure.
    from: Option<NaiveDate>,
    currency: Currency,
    /// Whose customers these are: all, or the caller's own.
    covers: Coverage,
    #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    customers: usize,
    /// Of all of them; null where an exchange rate is missing.
    value: Option<Money>,
    /// How many are in no cell, because an exchange rate is missing to tell what they owe.
    #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    customers_unknown: usize,
    /// The pairs of currencies between which a rate is missing.
    #[schema(max_items = 300)]
    missing_rates: Vec<MissingRateOut>,
    /// Every grade of the scale, the best first; then default, then not rated.
    #[schema(max_items = 40, value_type = Vec<GradeCode>)]
    grades: Vec<String>,
    #[schema(minimum = 1, maximum = 10)]
    classes: usize,
    /// Grade by grade, in each the value classes from the highest.
    #[schema(max_items = 400)]
    cells: Vec<MatrixCellOut>,
}

/// The customers of one grade in one value class.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatrixCellOut {
    #[schema(max_length = 10)]
    grade: String,
    /// 1 is the class of the highest values.
    #[schema(minimum = 1, maximum = 10)]
    value_class: usize,
    #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    customers: usize,
    value: Money,
    /// Of the value of all cells, from 0 to 1.
    value_share: Figure,
    /// The customers of the highest values in this cell.
    #[schema(max_items = 10)]
    largest: Vec<MatrixCustomerOut>,
}

/// A customer in the matrix.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatrixCustomerOut {
    id: CustomerId,
    number: Number,
    name: Line,
    value: Money,
}

impl MatrixOut {
    fn new(portfolio: &Portfolio) -> MatrixOut {
        let currency = portfolio.question.currency;
        let money = |minor| Money::from_minor(minor, currency);
        let total = money(portfolio.matrix.value_minor);
        let largest = |ids: &[String]| {
            let shown = ids.iter().filter_map(|id| portfolio.largest.get(id));
            shown
                .map(|(customer, minor)| MatrixCustomerOut {
                    id: customer.id,
                    number: customer.number.clone(),
                    name: customer.name.clone(),
                    value: money(*minor),
                })
                .collect()
        };
        MatrixOut {
            as_of: portfolio.as_of,
            value_by: portfolio.question.value,
            from: portfolio.from,
            currency,
            covers: if portfolio.question.owner.is_some() {
                Coverage::Own
            } else {
                Coverage::All
            },
            customers: portfolio.matrix.customers,
            value: (portfolio.unknown == 0).then_some(total),
            customers_unknown: portfolio.unknown,
            missing_rates: portfolio
                .missing
                .iter()
                .map(|(from, to)| MissingRateOut {
                    from: *from,
                    to: *to,
                })
                .collect(),
            grades: portfolio.grades.clone(),
            classes: portfolio.question.classes,
            cells: portfolio
                .matrix
                .cells
                .iter()
                .map(|cell| MatrixCellOut {
                    grade: cell.band.clone(),
                    value_class: cell.value_class,
                    customers: cell.customers.len(),
                    value: money(cell.value_minor),
                    value_share: (Exact::from(money(cell.value_minor)) / total)
                        .figure(PLACES)
                        .unwrap_or(Figure::ZERO),
                    largest: largest(&cell.customers),
                })
                .collect(),
        }
    }
}
