//! What lines of invoices and receipts share: the locked accounts of their customers, and why one is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::ImportError;
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{Locked, lock_all};
use crate::book::imports::model::Verdict;
use crate::book::receivables::actions::ReceivableError;
use crate::kernel::ids::CustomerId;
use crate::kernel::text::Number;
use crate::platform::db::{DbError, Tx};

/// The accounts of the customers that a chunk names, locked.
pub struct Standings {
    ids: BTreeMap<Number, CustomerId>,
    locked: BTreeMap<CustomerId, Locked>,
}

impl Standings {
    pub fn lock<'a>(
        tx: &mut Tx,
        named: impl Iterator<Item = &'a Number>,
    ) -> Result<Standings, DbError> {
        let named: BTreeSet<&str> = named.map(Number::as_str).collect();
        let found = customers::list_by_numbers(tx, &named.into_iter().collect::<Vec<_>>())?;
        let ids: BTreeMap<Number, CustomerId> = found
            .into_iter()
            .map(|customer| (customer.number, customer.id))
            .collect();
        let locked = lock_all(tx, &ids.values().copied().collect())?;
        Ok(Standings { ids, locked })
    }

    /// The customer's account, or why a line of theirs can't be posted.
    pub fn find(&self, number: &Number) -> Result<&Locked, Verdict> {
        let customer = self.ids.get(number).ok_or_else(|| {
            Verdict::rejected(
                "customer_number",
                "unknown_customer",
                "there is no such customer",
            )
        })?;
        self.locked.get(customer).ok_or_else(|| {
            Verdict::rejected(
                "customer_number",
                "no_credit_account",
                "the customer has no credit account",
            )
        })
    }
}

/// A refusal of the rules as a verdict on the line; a failure of the database stops the chunk.
pub fn refused(error: ReceivableError) -> Result<Verdict, ImportError> {
    let why = error.to_string();
    Ok(match error {
        ReceivableError::Db(error) => return Err(error.into()),
        // The number was taken while the chunk was on its way: known when it is tried again.
        ReceivableError::NumberTaken { thing, .. } => {
            let constraint = format!("{thing}s_number_key");
            return Err(DbError::Duplicate { constraint }.into());
        }
        ReceivableError::NoSuchCustomer | ReceivableError::NotOneCustomer => {
            Verdict::rejected("customer_number", "unknown_customer", why)
        }
        ReceivableError::NoAccount => {
            Verdict::rejected("customer_number", "no_credit_account", why)
        }
        ReceivableError::Currency { .. } => Verdict::rejected("currency", "currency_mismatch", why),
        ReceivableError::NotPositive { .. } => Verdict::rejected("amount", "not_positive", why),
        ReceivableError::Date { pointer, error } => {
            let column = match pointer {
                "/due_date" => "due_date",
                "/receipt_date" => "receipt_date",
                _ => "invoice_date",
            };
            Verdict::rejected(column, "out_of_bounds", error)
        }
        ReceivableError::NoSuchInvoice { .. } => {
            Verdict::rejected("invoice_number", "unknown_invoice", why)
        }
        ReceivableError::OtherCustomer { .. } => {
            Verdict::rejected("invoice_number", "other_customer", why)
        }
        ReceivableError::OverApplied { .. } => Verdict::rejected("amount", "over_applied", why),
        ReceivableError::Missing(_)
        | ReceivableError::NotCancellable(_)
        | ReceivableError::Reversed(_)
        | ReceivableError::Stale => Verdict::rejected("number", "state_conflict", why),
    })
}
