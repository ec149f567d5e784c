//! `/v1/terms-simulations` and `/v1/policies/{id}/compare-terms`.

mod comparison;
mod shapes;

use crate::decide::terms::input::{TermsComparisonIn, TermsSimulationIn};
use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, SimulationError};
use super::rules::TermsError;
use crate::platform::http::auth::{ComparePolicies, SimulateTerms};
use crate::platform::http::{Actor, Answer, Command, Executor, Outcome, Problem};
use crate::rating::ratings::actions::NoProbability;
use kernel::ids::PolicyId;

use comparison::TermsComparisonOut;
use shapes::TermsSimulationOut;

pub fn routes(config: &mut ServiceConfig) {
    config.service(simulate_terms).service(compare_policy_terms);
}

/// Simulate terms
///
/// What an order on terms brings on average and at which probability of default it no longer pays, what a discount
/// costs a year, and what a year on certain terms costs and leaves, beside a year on others. Any of the three may be
/// asked. An order without a probability of default takes that of its customer's rating: the model's, or else that of the
/// grade. Every figure comes with its formula; nothing is kept.
#[utoipa::path(
    tag = "policies",
    request_body = TermsSimulationIn,
    responses((status = 200, description = "The figures.", body = TermsSimulationOut)),
    security(("bearer" = ["terms:simulate"]))
)]
#[post("/v1/terms-simulations")]
pub async fn simulate_terms(
    actor: Actor<SimulateTerms>,
    command: Command<TermsSimulationIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let probability = match &input.order {
                Some(order) => {
                    let (caller, given) = (tx.caller(), order.default_probability);
                    let customer = order.customer.as_ref();
                    Some(actions::default_probability(tx, caller, given, customer)?)
                }
                None => None,
            };
            Answer::ok(&TermsSimulationOut::answer(input, probability)?)
        })
        .await
}

/// Compare the terms of two policies
///
/// What this policy's terms would cost and bring in a year beside those of another: that of `with`, or the live one. Our
/// own sales of the last twelve months in one currency, by grade and credit segment, are taken to be sold on the terms
/// of each; what the ledger can't say is assumed as the question says. Sales to customers without a rating, or whose
/// grade has no terms in one of the policies, are left out and listed.
#[utoipa::path(
    tag = "policies",
    params(PolicyId),
    request_body = TermsComparisonIn,
    responses((status = 200, description = "The comparison.", body = TermsComparisonOut)),
    security(("bearer" = ["policies:compare"]))
)]
#[post("/v1/policies/{id}/compare-terms")]
pub async fn compare_policy_terms(
    actor: Actor<ComparePolicies>,
    id: web::Path<PolicyId>,
    command: Command<TermsComparisonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, question| {
            let assumptions = question.assumptions();
            let (with, currency) = (question.with, question.currency);
            let found = actions::compare_policies(tx, *id, with, currency, &assumptions)?;
            Answer::ok(&TermsComparisonOut::read(found, question))
        })
        .await
}

impl From<SimulationError> for Problem {
    fn from(error: SimulationError) -> Problem {
        match error {
            SimulationError::NoPolicy => Problem::not_found("policy"),
            SimulationError::NothingSold => Problem::invalid(
                "/currency",
                "nothing_sold",
                "In the last twelve months nothing was sold in this currency to rated customers whose grade has terms in both policies: rate the customers, or ask for another currency.",
            ),
            SimulationError::Terms { pointer, error } => wrong(pointer, error),
            SimulationError::NoCustomer => Problem::invalid("/order/customer", "unknown", error),
            SimulationError::NoProbability(error) => match error {
                NoProbability::NotRated => Problem::invalid("/order/customer", "not_rated", error),
                NoProbability::NotSaid { .. } => {
                    Problem::invalid("/order/default_probability", "missing", error)
                }
                NoProbability::Db(error) => error.into(),
            },
            SimulationError::Db(error) => error.into(),
        }
    }
}

/// What is wrong with terms, below the pointer of the question that they are in.
fn wrong(pointer: &str, error: TermsError) -> Problem {
    let (member, code) = match error {
        TermsError::NoShare { input, .. } => (format!("/{input}"), "not_a_share"),
        TermsError::Negative { input } => (format!("/{input}"), "negative"),
        TermsError::Shares { .. } => ("/groups".to_owned(), "not_one"),
        TermsError::NoDiscount => ("/rate".to_owned(), "no_discount"),
        TermsError::WithinDiscount { .. } => ("/pays_on_day".to_owned(), "within_discount"),
        TermsError::Currencies { .. } => (String::new(), "currencies"),
        TermsError::NoPart => (String::new(), "no_part"),
        TermsError::TooLarge => (String::new(), "too_large"),
    };
    // A group's members are meant, whichever group it is.
    Problem::invalid(format!("{pointer}{member}"), code, error)
}
