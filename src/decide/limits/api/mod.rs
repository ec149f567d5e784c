//! `/v1/limit-checks`, `/v1/reservations`, `/v1/credit-blocks` and the simulation of policies.

mod blocks;
mod checks;
mod reservations;
pub mod shapes;
mod simulations;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::platform::db::{Db, DbError};
use kernel::caller::Caller;
use kernel::ids::CustomerId;

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

/// The customer, unless it is hidden from the caller.
pub fn visible(
    db: &mut Db,
    caller: &Caller,
    customer: CustomerId,
) -> Result<Option<Customer>, DbError> {
    customers::find_visible(db, caller, &CustomerRef::Id(customer))
}
