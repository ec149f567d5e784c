//! Money in one currency, invoices in another, and books in a third.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Funds, Settling};
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Conversion, Rounding, convert};
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::model::{Invoice, Source};
use crate::book::receivables::rules::{self, Booking, Crossing};
use crate::platform::db::{DbError, Tx};
use kernel::money::{Currency, Money};

impl Settling {
    /// How money is converted on a day; none where no rate leads there.
    pub(super) fn rate(
        &mut self,
        tx: &mut Tx,
        from: Currency,
        to: Currency,
        on: NaiveDate,
    ) -> Result<Option<Conversion>, DbError> {
        let key = (on, BTreeSet::from([from, to]));
        if !self.rates.contains_key(&key) {
            let table = exchange_rates::latest(tx, &[from, to], on)?;
            self.rates.insert(key.clone(), table);
        }
        Ok(self.rates.get(&key).and_then(|table| table.find(from, to)))
    }

    /// What the funds and an invoice in another currency are to each other.
    pub(super) fn cross(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        to: Currency,
        (settled, used): (Option<Money>, Option<Money>),
        pointer: impl Fn() -> String,
    ) -> Result<Crossing, ReceivableError> {
        let from = funds.key.currency;
        let rate = self.rate(tx, from, to, funds.value_date)?;
        rules::crossing(settled, used, (from, to), rate.as_ref()).map_err(|error| {
            ReceivableError::Crossing {
                pointer: pointer(),
                error,
                on: funds.value_date,
            }
        })
    }

    /// What a payment gained in the currency of the books since its invoice was booked; nothing where both are in that
    /// currency, or a rate lacks.
    pub(super) fn difference(
        &mut self,
        tx: &mut Tx,
        funds: &Funds,
        invoice: &Invoice,
        settled_minor: i64,
        used_minor: i64,
    ) -> Result<Option<Money>, ReceivableError> {
        let (Some(books), Some(booked)) = (invoice.booking_currency, invoice.booking_minor) else {
            return Ok(None);
        };
        let paid = Money::from_minor(used_minor, funds.key.currency);
        let is_money = matches!(funds.source, Source::Receipt(_));
        if !is_money || (invoice.currency == books && paid.currency() == books) {
            return Ok(None);
        }
        let Some(rate) = self.rate(tx, paid.currency(), books, funds.value_date)? else {
            return Ok(None);
        };
        let too_large = |_| ReceivableError::Db(DbError::TooLarge(kernel::money::SumTooLarge));
        let worth = convert(paid, &rate, Rounding::HalfEven).map_err(too_large)?;
        let booking = Booking {
            amount_minor: invoice.amount_minor,
            booked: Money::from_minor(booked, books),
        };
        let before = invoice.amount_minor - invoice.open_minor;
        let too_large = |_| ReceivableError::Db(DbError::TooLarge(kernel::money::SumTooLarge));
        let gain = rules::realised(&booking, before, settled_minor, worth).map_err(too_large)?;
        Ok(Some(gain))
    }
}
