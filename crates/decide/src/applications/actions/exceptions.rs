//! What the policy has for the customer's grade binds a recommendation, unless an exception says why not.

use super::ApplicationError;
use crate::book::exposure::store as exposure;
use crate::book::policy::actions::live;
use crate::decide::applications::model::{Application, PolicyException};
use crate::decide::applications::rules;
use crate::platform::db::{Tx, read_document};
use crate::rating::ratings::actions as ratings;
use kernel::money::Money;
use kernel::text::Line;

/// Expects limit and net days within the policy's row for the customer's grade, or an exception of the kind of each that
/// is not.
///
/// # Errors
/// What binds.
pub(super) fn expect_within(
    tx: &mut Tx,
    application: &Application,
    (limit, net_days): (Money, i32),
    exceptions: &[PolicyException],
) -> Result<(), ApplicationError> {
    let customer = application.customer_id;
    let rating = ratings::current(tx, &[customer])?.remove(&customer);
    let grade = rating.as_ref().map(|rating| rating.grade.as_str());
    let account = exposure::find(tx, application.account_id)?;
    let segment = account.and_then(|account| account.segment);
    let policy = live(tx)?;
    let row = rules::row_of(&policy.document, grade, segment.as_ref().map(Line::as_str));
    let binding: Vec<_> = row
        .map_or_else(Vec::new, |row| rules::bounds(row, limit, net_days))
        .into_iter()
        .filter(|bound| exceptions.iter().all(|one| one.kind != bound.kind()))
        .collect();
    if binding.is_empty() {
        return Ok(());
    }
    Err(ApplicationError::PastPolicy(binding))
}

/// Whether the caller may give the final approval to what passes the policy's row, as it is by now.
///
/// # Errors
/// What binds meanwhile without an exception, or who must approve one instead.
pub(super) fn authorise(tx: &mut Tx, application: &Application) -> Result<(), ApplicationError> {
    let exceptions: Vec<PolicyException> = read_document(&application.exceptions)?;
    let net_days = application.recommended_net_days.unwrap_or(0);
    expect_within(
        tx,
        application,
        (application.limit(), net_days),
        &exceptions,
    )?;
    let policy = live(tx)?;
    let credit_approved = application.credit_approver.is_some();
    for exception in exceptions {
        let kind = exception.kind;
        rules::may_approve_exception(tx.caller(), &policy.document, kind, credit_approved)
            .map_err(|needed| ApplicationError::ExceptionAuthority { kind, needed })?;
    }
    Ok(())
}
