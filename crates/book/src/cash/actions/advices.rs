//! Remittance advices.

use std::collections::{BTreeMap, BTreeSet};

use super::CashError;
use crate::book::cash::formats::{ReadAdvice, account_number};
use crate::book::cash::input::RemittanceAdviceIn;
use crate::book::cash::model::{AdviceLine, AdviceLines, AdviceStatus, RemittanceAdvice};
use crate::book::cash::store;
use crate::book::customers::store as customers;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Day;
use kernel::ids::{CustomerId, RemittanceAdviceId};
use kernel::money::{Money, sum_minor};
use kernel::text::{Note, Number};

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

/// What is wrong with an advice of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdviceFault {
    #[error("there is no customer of this number, and none is known by the account")]
    UnknownCustomer,
    #[error("several customers paid from the account: name one by its number")]
    SeveralCustomers,
    #[error("the customer has another advice of this number already")]
    Taken,
    #[error("a number can't be read")]
    Number,
    #[error("the amounts are too large")]
    TooLarge,
}

impl AdviceFault {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            AdviceFault::UnknownCustomer => "unknown_customer",
            AdviceFault::SeveralCustomers => "several_customers",
            AdviceFault::Taken => "number_taken_with_other_content",
            AdviceFault::Number => "malformed",
            AdviceFault::TooLarge => "too_large",
        }
    }
}

/// What became of the advices of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostedAdvices {
    pub posted: i64,
    /// Those that are there already, with the same content.
    pub unchanged: i64,
}

/// Keeps the advices of a file, all of them or none, in few statements.
///
/// # Errors
/// When one names a customer that is not known, has a number that is taken with other content, or can't be kept.
pub fn post_advices(tx: &mut Tx, advices: &[ReadAdvice]) -> Result<PostedAdvices, CashError> {
    let payers = Payers::read(tx, advices)?;
    let drafts: Vec<(usize, RemittanceAdvice)> = advices
        .iter()
        .map(|advice| {
            let line = advice.line;
            let drafted = draft(tx, &payers, advice);
            let drafted = drafted.map_err(|error| CashError::AdviceLine { line, error })?;
            Ok((line, drafted))
        })
        .collect::<Result<_, CashError>>()?;
    let known = known_advices(tx, &drafts)?;
    let mut new: Vec<RemittanceAdvice> = Vec::new();
    let mut unchanged = 0;
    for (line, draft) in drafts {
        match known.get(&(draft.customer_id, draft.number.clone())) {
            None => new.push(draft),
            Some(known) if says_the_same(known, &draft) => unchanged += 1,
            Some(_) => {
                let error = AdviceFault::Taken;
                return Err(CashError::AdviceLine { line, error });
            }
        }
    }
    if store::insert_advices(tx, &new)? < new.len() {
        // Somebody posted one of them meanwhile, or a file names two payers of one customer: tried again, it is known.
        let why = "a remittance advice was posted meanwhile".to_owned();
        return Err(DbError::Serialization(why).into());
    }
    tx.record_all(
        new.iter()
            .map(|advice| Change::new("remittance_advice.posted", advice.id).after(advice))
            .collect(),
    )?;
    Ok(PostedAdvices {
        posted: i64::try_from(new.len()).unwrap_or(i64::MAX),
        unchanged,
    })
}

/// Who pays: customers by number, and by the accounts that they paid from before.
struct Payers {
    by_number: BTreeMap<String, CustomerId>,
    by_account: BTreeMap<String, BTreeSet<CustomerId>>,
}

impl Payers {
    fn read(tx: &mut Tx, advices: &[ReadAdvice]) -> Result<Payers, DbError> {
        let named: BTreeSet<&str> = advices
            .iter()
            .filter_map(|advice| advice.customer.as_deref())
            .collect();
        let found = customers::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?;
        let by_number = found
            .into_iter()
            .map(|customer| (customer.number.into(), customer.id))
            .collect();
        let accounts: BTreeSet<&str> = advices
            .iter()
            .filter_map(|advice| advice.payer_account.as_deref())
            .collect();
        let mut by_account: BTreeMap<String, BTreeSet<CustomerId>> = BTreeMap::new();
        for known in store::list_payers(tx, &accounts)? {
            let of_account = by_account.entry(known.number).or_default();
            of_account.insert(known.customer_id);
        }
        Ok(Payers {
            by_number,
            by_account,
        })
    }

    fn find(&self, advice: &ReadAdvice) -> Result<CustomerId, AdviceFault> {
        let named = advice.customer.as_ref();
        if let Some(found) = named.and_then(|number| self.by_number.get(number)) {
            return Ok(*found);
        }
        let account = advice.payer_account.as_ref();
        let of_account = account.and_then(|account| self.by_account.get(account));
        let mut found = of_account.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(*only),
            (Some(_), Some(_)) => Err(AdviceFault::SeveralCustomers),
            (None, _) => Err(AdviceFault::UnknownCustomer),
        }
    }
}

fn draft(tx: &Tx, payers: &Payers, advice: &ReadAdvice) -> Result<RemittanceAdvice, AdviceFault> {
    let lines: Vec<AdviceLine> = advice
        .lines
        .iter()
        .map(|(invoice, minor)| {
            Ok(AdviceLine {
                reference: invoice.parse().map_err(|_| AdviceFault::Number)?,
                amount_minor: *minor,
            })
        })
        .collect::<Result<_, AdviceFault>>()?;
    let amount = sum_minor(lines.iter().map(|line| line.amount_minor));
    Ok(RemittanceAdvice {
        id: RemittanceAdviceId::new(),
        number: advice.number.parse().map_err(|_| AdviceFault::Number)?,
        customer_id: payers.find(advice)?,
        payer_account: advice.payer_account.clone(),
        currency: advice.currency,
        amount_minor: amount.map_err(|_| AdviceFault::TooLarge)?,
        payment_date: advice.payment_date,
        lines: AdviceLines(lines),
        status: AdviceStatus::Open,
        entry_id: None,
        posted_by: tx.caller().subject.clone(),
        posted_at: tx.now(),
        end_reason: None,
        version: 1,
    })
}

/// The advices that have the numbers of some drafts, by customer and number.
fn known_advices(
    tx: &mut Tx,
    drafts: &[(usize, RemittanceAdvice)],
) -> Result<BTreeMap<(CustomerId, Number), RemittanceAdvice>, DbError> {
    let numbers: BTreeSet<&Number> = drafts.iter().map(|(_, draft)| &draft.number).collect();
    let found = store::list_advices_by_numbers(tx, &numbers)?;
    let key = |advice: &RemittanceAdvice| (advice.customer_id, advice.number.clone());
    Ok(found
        .into_iter()
        .map(|advice| (key(&advice), advice))
        .collect())
}

fn says_the_same(known: &RemittanceAdvice, draft: &RemittanceAdvice) -> bool {
    known.currency == draft.currency
        && known.lines == draft.lines
        && known.payment_date == draft.payment_date
        && known.payer_account == draft.payer_account
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
