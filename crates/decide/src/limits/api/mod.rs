//! `/v1/limit-checks`, `/v1/reservations`, `/v1/credit-blocks` and the simulation of policies.

mod blocks;
mod checks;
mod reservations;
pub mod shapes;
mod simulations;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::decide::limits::check::CheckError;
use crate::decide::limits::desk::DeskError;
use crate::decide::limits::error::LimitsError;
use crate::platform::http::{Code, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(checks::check_limit)
        .service(checks::check_limits_batch)
        .service(checks::list_limit_checks)
        .service(checks::find_limit_check)
        .service(checks::replay_limit_check)
        .service(reservations::list_reservations)
        .service(reservations::find_reservation)
        .service(reservations::capture_reservation)
        .service(reservations::release_reservation)
        .service(reservations::extend_reservation)
        .service(reservations::amend_reservation)
        .service(blocks::list_credit_blocks)
        .service(blocks::find_credit_block)
        .service(blocks::request_release_of_credit_block)
        .service(blocks::release_credit_block)
        .service(blocks::reject_credit_block)
        .service(blocks::withdraw_credit_block)
        .service(blocks::assign_credit_block)
        .service(simulations::simulate_policy);
}

impl From<CheckError> for Problem {
    fn from(error: CheckError) -> Problem {
        match error {
            CheckError::NoSuchCustomer => Problem::not_found_at("/customer", "customer"),
            CheckError::NoAccount => Problem::invalid(
                "/customer",
                "no_credit_account",
                "The customer has no credit account; open one by POST /v1/credit-accounts.",
            ),
            CheckError::NoSuchEntity => Problem::not_found_at("/legal_entity", "legal entity"),
            CheckError::NoSuchBlock => Problem::not_found("credit block"),
            CheckError::ReservationExists {
                order_number,
                existing,
            } => Problem::new(Code::ReservationExists)
                .with("order_number", order_number)
                .with("existing_id", existing),
            CheckError::CreditBlockExists {
                order_number,
                existing,
            } => Problem::new(Code::CreditBlockExists)
                .with("order_number", order_number)
                .with("existing_id", existing),
            CheckError::ReservationEnded => Problem::ended("reservation", "ended"),
            CheckError::BelowCaptured => Problem::invalid(
                "/amount",
                "below_captured",
                "must be more than what was captured already; release the rest instead",
            ),
            CheckError::ReservedUntilPast => {
                Problem::invalid("/reserve_until", "past", "must lie in the future")
            }
            CheckError::ReservedTooLong { days_max } => {
                let message = format!("must be within {days_max} days, as the policy has it");
                Problem::invalid("/reserve_until", "too_late", message)
            }
            CheckError::SumTooLarge => Problem::new(Code::SumTooLarge),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Problem {
        match error {
            DeskError::Check(error) => error.into(),
            DeskError::KeyReused => Problem::new(Code::IdempotencyKeyReused),
            DeskError::InProgress => Problem::new(Code::RequestInProgress),
            DeskError::Overloaded => Problem::new(Code::Overloaded),
            DeskError::Unavailable => Problem::new(Code::DatabaseUnavailable),
            DeskError::Internal(reason) => Problem::internal(reason),
            DeskError::Db(error) => error.into(),
        }
    }
}

impl From<LimitsError> for Problem {
    fn from(error: LimitsError) -> Problem {
        match error {
            LimitsError::Missing(thing) => Problem::not_found(thing),
            LimitsError::Ended { thing, status } => Problem::ended(thing, status),
            LimitsError::Stale => Problem::new(Code::Stale),
            LimitsError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            LimitsError::Exceeded { amount, remaining } => Problem::new(Code::ReservationExceeded)
                .with("amount", amount)
                .with("remaining", remaining),
            LimitsError::SegregationOfDuties(duty) => {
                Problem::new(Code::SegregationOfDuties).with("duty", duty)
            }
            LimitsError::OverAuthority { amount, needed } => Problem::new(Code::OverAuthority)
                .with("amount", amount)
                .with("needed", needed),
            LimitsError::PromisePast => {
                Problem::invalid("/promised_on", "past", "must not have passed")
            }
            LimitsError::CeilingBelowOrder => {
                Problem::invalid("/ceiling", "below_order", "must not be less than the order")
            }
            LimitsError::Rejected(reasons) => {
                reasons
                    .iter()
                    .fold(Problem::new(Code::Invalid), |problem, reason| {
                        let code = reason.code.as_str();
                        problem.at_told("", code, |language| reason.message(language))
                    })
            }
            LimitsError::NoSuchVersion => Problem::invalid(
                "#policy_version",
                "unknown",
                "there is no such version of the policy",
            ),
            LimitsError::PeriodReversed => {
                Problem::invalid("/to", "before_from", "must not be before from")
            }
            LimitsError::Check(error) => error.into(),
            LimitsError::Account(error) => error.into(),
            LimitsError::Receivable(error) => error.into(),
            LimitsError::Jobs(error) => error.into(),
            LimitsError::Db(error) => error.into(),
        }
    }
}
