//! Remittance advices.

use super::CashError;
use crate::book::cash::formats::account_number;
use crate::book::cash::input::RemittanceAdviceIn;
use crate::book::cash::model::{AdviceLine, AdviceLines, AdviceStatus, RemittanceAdvice};
use crate::book::cash::store;
use crate::book::customers::store as customers;
use crate::platform::db::{Change, Tx};
use kernel::clock::Day;
use kernel::ids::RemittanceAdviceId;
use kernel::money::Money;
use kernel::text::Note;

/// Keeps what a payer says that a payment will be for.
///
/// # Errors
/// When the customer is unknown, its number is taken, or the lines do not add up to the amount.
pub fn post_advice(tx: &mut Tx, input: &RemittanceAdviceIn) -> Result<RemittanceAdvice, CashError> {
    let customer =
        customers::find(tx, &input.customer)?.ok_or_else(|| CashError::NoSuchCustomer {
            pointer: "/customer".to_owned(),
        })?;
    let amount = input.amount.money();
    let mut lines = Vec::with_capacity(input.lines.len());
    for (index, line) in input.lines.iter().enumerate() {
        let given = line.amount.money();
        if given.currency() != amount.currency() {
            return Err(CashError::Currency {
                pointer: format!("/lines/{index}/amount"),
                given: given.currency(),
                expected: amount.currency(),
            });
        }
        lines.push(AdviceLine {
            reference: line.invoice_number.clone(),
            amount_minor: given.minor(),
        });
    }
    let sum: i64 = lines.iter().map(|line| line.amount_minor).sum();
    if sum != amount.minor() {
        return Err(CashError::LinesDiffer {
            lines: Money::from_minor(sum, amount.currency()),
            amount,
        });
    }
    let advice = RemittanceAdvice {
        id: RemittanceAdviceId::new(),
        number: input.number.clone(),
        customer_id: customer.id,
        payer_account: input
            .payer_account
            .as_ref()
            .and_then(|number| account_number(number.as_str())),
        currency: amount.currency(),
        amount_minor: amount.minor(),
        payment_date: input.payment_date.map(Day::date),
        lines: AdviceLines(lines),
        status: AdviceStatus::Open,
        entry_id: None,
        posted_by: tx.caller().subject.clone(),
        posted_at: tx.now(),
        end_reason: None,
        version: 1,
    };
    if !store::insert_advice(tx, &advice)? {
        return Err(CashError::AdviceTaken {
            number: advice.number.to_string(),
        });
    }
    tx.record(Change::new("remittance_advice.posted", advice.id).after(&advice))?;
    Ok(advice)
}

/// Says that a payment is no longer expected.
///
/// # Errors
/// When the advice is not there, changed since `version`, or is not open.
pub fn withdraw_advice(
    tx: &mut Tx,
    id: RemittanceAdviceId,
    version: i64,
    reason: &Note,
) -> Result<RemittanceAdvice, CashError> {
    let before = store::find_advice(tx, id)?.ok_or(CashError::Missing("remittance advice"))?;
    if before.version != version {
        return Err(CashError::Stale);
    }
    if before.status != AdviceStatus::Open {
        return Err(CashError::AdviceState(before.status));
    }
    let after = RemittanceAdvice {
        status: AdviceStatus::Withdrawn,
        end_reason: Some(reason.to_string()),
        ..before.clone()
    };
    let after = store::update_advice_if_unchanged(tx, &after)?.ok_or(CashError::Stale)?;
    tx.record(
        Change::new("remittance_advice.withdrawn", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
