//! Documents that may be one and the same, typed once more under a number that looks alike.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::book::imports::model::Verdict;
use crate::book::imports::rules::alike::look_alike_key;
use crate::book::receivables::store::alike::{Wanted, Written};
use kernel::ids::CustomerId;
use kernel::money::Money;
use kernel::text::Number;

/// Documents by customer, day, amount and what their numbers come to.
pub struct Alike {
    known: BTreeMap<(CustomerId, NaiveDate, i64, String), Number>,
}

/// What is asked of the book about documents that are to be posted.
pub fn wanted(documents: impl Iterator<Item = (CustomerId, NaiveDate, Money)>) -> Wanted {
    documents
        .map(|(customer, day, amount)| (customer, day, amount.minor()))
        .collect()
}

impl Alike {
    /// Begins with what the book has.
    pub fn new(written: Vec<Written>) -> Alike {
        let known = written
            .into_iter()
            .map(|(customer, day, minor, number)| {
                let key = look_alike_key(number.as_str());
                ((customer, day, minor, key), number)
            })
            .collect();
        Alike { known }
    }

    /// What became of a document that is posted: created, and a warning where one like it is known.
    pub fn post(
        &mut self,
        customer: CustomerId,
        day: NaiveDate,
        amount: Money,
        number: &Number,
    ) -> Verdict {
        let key = look_alike_key(number.as_str());
        let known = self
            .known
            .insert((customer, day, amount.minor(), key), number.clone());
        match known {
            Some(other) => Verdict::Suspicious {
                column: "number",
                code: "looks_alike",
                message: format!(
                    "{other} has the same customer, day and amount, and a number that looks alike"
                ),
            },
            None => Verdict::Created,
        }
    }
}
