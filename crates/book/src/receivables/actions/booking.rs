//! What documents are worth in the books of their legal entity on their day.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::NaiveDate;

use crate::book::entities::store as entities;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{RateTable, Rounding, convert};
use crate::book::payment_terms::actions as payment_terms;
use crate::book::payment_terms::model::{Calendar, Shift};
use crate::book::payment_terms::rules::shifted;
use crate::platform::db::{DbError, Tx};
use kernel::ids::LegalEntityId;
use kernel::money::{Currency, Money};

/// The currencies of the books, by legal entity, and the rates that were asked for.
#[derive(Debug)]
pub(super) struct Books {
    currencies: BTreeMap<LegalEntityId, Currency>,
    rates: BTreeMap<(Currency, Currency, NaiveDate), RateTable>,
    /// The calendars of those that have one.
    calendars: BTreeMap<LegalEntityId, Calendar>,
}

/// What a document is worth in the books, and at which rate.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    pub money: Money,
    pub rate: String,
}

impl Books {
    pub fn read(tx: &mut Tx) -> Result<Books, DbError> {
        let all = entities::list_all(tx)?;
        let named = all.iter().filter_map(|entity| entity.calendar.as_ref());
        let known = payment_terms::read_calendars(tx, &named.collect())?;
        let with_calendar = all.iter().filter_map(|entity| {
            let calendar = known.get(entity.calendar.as_ref()?)?;
            Some((entity.id, calendar.clone()))
        });
        let calendars = with_calendar.collect();
        let currencies = all
            .into_iter()
            .filter_map(|entity| Some((entity.id, entity.functional_currency?)));
        Ok(Books {
            currencies: currencies.collect(),
            rates: BTreeMap::new(),
            calendars,
        })
    }

    /// Where a due date goes that an entity does not work on.
    pub fn business_day(&self, entity: LegalEntityId, day: NaiveDate) -> NaiveDate {
        shifted(day, Shift::Following, self.calendars.get(&entity))
    }

    /// The currency of an entity's books, and what an amount is worth in it on a day: nothing where a rate lacks, which
    /// refuses no document.
    pub fn book(
        &mut self,
        tx: &mut Tx,
        entity: LegalEntityId,
        amount: Money,
        on: NaiveDate,
    ) -> Result<(Option<Currency>, Option<Booked>), DbError> {
        let Some(books) = self.currencies.get(&entity).copied() else {
            return Ok((None, None));
        };
        if books == amount.currency() {
            let booked = Booked {
                money: amount,
                rate: "1".to_owned(),
            };
            return Ok((Some(books), Some(booked)));
        }
        let key = (amount.currency(), books, on);
        let table = match self.rates.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let currencies = [amount.currency(), books];
                place.insert(exchange_rates::latest(tx, &currencies, on)?)
            }
        };
        let rate = table.find(amount.currency(), books);
        let booked = rate.and_then(|rate| {
            Some(Booked {
                money: convert(amount, &rate, Rounding::HalfEven).ok()?,
                rate: rate.rate.to_string(),
            })
        });
        Ok((Some(books), booked))
    }
}
