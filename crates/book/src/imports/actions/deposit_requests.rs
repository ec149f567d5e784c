//! Lines of deposit requests.

use chrono::NaiveDate;

use super::documents::{DocumentLine, Known, KnownMoney, Standings, post_lines};
use super::{ImportError, Importable};
use crate::book::deposit_requests::actions::post_requests;
use crate::book::deposit_requests::input::NewDepositRequest;
use crate::book::deposit_requests::model::DepositRequest;
use crate::book::deposit_requests::store;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::DepositRequestRow;
use crate::book::receivables::actions::{Accounts, ReceivableError};
use crate::book::receivables::store::alike::{Wanted, Written};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

impl Importable for DepositRequestRow {
    fn post(tx: &mut Tx, rows: &[Row<DepositRequestRow>]) -> Result<Vec<Verdict>, ImportError> {
        let lines: Vec<&DepositRequestRow> = rows.iter().map(|row| &row.content).collect();
        post_lines(tx, &lines, KnownMoney::IsPosted)
    }
}

impl DocumentLine for DepositRequestRow {
    type Document = DepositRequest;
    type New = NewDepositRequest;
    const TAKEN_BACK: &'static str = "deposit_request_cancelled";

    fn number(&self) -> &Number {
        &self.number
    }

    fn customer_number(&self) -> &Number {
        &self.customer_number
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.legal_entity.as_ref()
    }

    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<DepositRequest>, DbError> {
        let found = store::list_by_numbers(tx, numbers)?;
        Ok(Known::sort(found, |request| {
            let key = (request.legal_entity_id, request.number.clone());
            (key, request.cancelled_on.is_some())
        }))
    }

    /// Whether the line says the same. What it leaves to the agreed terms, or without a label, is no difference.
    fn is_same(&self, request: &DepositRequest, customer: CustomerId) -> bool {
        let is_label = |label| request.label.as_ref() == Some(label);
        request.customer_id == customer
            && request.order_number == self.order_number
            && request.request_date == self.request_date
            && self.due_date.is_none_or(|due| due == request.due_date)
            && request.currency == self.amount.currency()
            && request.amount_minor == self.amount.minor()
            && self.label.as_ref().is_none_or(is_label)
    }

    fn to_new(
        &self,
        legal_entity: LegalEntityId,
        _: &Standings,
    ) -> Result<NewDepositRequest, Verdict> {
        Ok(NewDepositRequest {
            number: self.number.clone(),
            legal_entity,
            order_number: self.order_number.clone(),
            amount: self.amount,
            request_date: self.request_date,
            due_date: self.due_date,
            label: self.label.clone(),
        })
    }

    fn described(new: &NewDepositRequest) -> (NaiveDate, Money, &Number) {
        (new.request_date, new.amount, &new.number)
    }

    /// Nothing is owed by a request: two that look alike are no harm.
    fn list_alike(_: &mut Tx, _: &Wanted) -> Result<Vec<Written>, DbError> {
        Ok(Vec::new())
    }

    fn post_all(
        tx: &mut Tx,
        _: &Accounts,
        new: &[(&Locked, NewDepositRequest)],
    ) -> Result<Vec<Result<DepositRequest, ReceivableError>>, DbError> {
        post_requests(tx, new)
    }
}
