//! The instrument as it is stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::book::exposure::model::BalanceKey;
use crate::platform::db::schema::instruments;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CreditAccountId, CustomerId, InstrumentId, LegalEntityId, ReceiptId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Note, Number, SnakeCode, Subject};

text_enum! {
    /// Where an instrument stands. It counts as exposure until it is cleared, dishonoured or withdrawn.
    pub enum InstrumentStatus {
        /// It came in.
        Received = "received",
        /// It was looked at, and is kept until it is due.
        Held = "held",
        /// It was passed on to pay a debt of ours; whoever has it may come back to us.
        Endorsed = "endorsed",
        /// It was sold to a bank before it was due; the bank may come back to us.
        Discounted = "discounted",
        /// It was presented for payment.
        Presented = "presented",
        /// It was paid.
        Cleared = "cleared",
        /// It was not paid: the debt is back.
        Dishonoured = "dishonoured",
        /// We claim its amount from those who answer for it.
        Recourse = "recourse",
        /// It was posted by mistake or given back before it was used: the debt is back.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// What is done with an instrument.
    pub enum InstrumentVerb {
        Hold = "hold",
        Endorse = "endorse",
        Discount = "discount",
        Present = "present",
        Clear = "clear",
        Dishonour = "dishonour",
        StartRecourse = "start_recourse",
        Withdraw = "withdraw",
    }
}

text_enum! {
    /// How the instruments of an acceptor stood to its portfolio cap when this one was received.
    pub enum AcceptorStanding {
        /// It has no acceptor, or no cap bounds it.
        NoCap = "no_cap",
        Within = "within",
        /// Beyond the cap: recorded all the same, and an event.
        Exceeded = "exceeded",
        /// No exchange rate tells.
        NoExchangeRate = "no_exchange_rate",
    }
}

/// An instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = instruments, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Instrument {
    pub id: InstrumentId,
    pub number: Number,
    /// An item of the catalogue `instrument_kinds`.
    pub kind: SnakeCode,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub amount_minor: i64,
    /// What counts as exposure: its amount, or nothing.
    pub outstanding_minor: i64,
    pub issue_date: NaiveDate,
    pub maturity_date: Option<NaiveDate>,
    pub received_on: NaiveDate,
    /// The last day on which it can be presented.
    pub present_by: Option<NaiveDate>,
    pub drawer: Line,
    /// Who must pay it, such as the bank that accepted it.
    pub acceptor: Option<Line>,
    /// The acceptor's name as caps are matched by it.
    pub acceptor_key: Option<String>,
    pub acceptor_customer_id: Option<CustomerId>,
    /// The account of the acceptor on which it counts too.
    pub acceptor_account_id: Option<CreditAccountId>,
    pub acceptor_standing: AcceptorStanding,
    /// The receipt by which it settles invoices.
    pub receipt_id: ReceiptId,
    pub status: InstrumentStatus,
    /// The business day of its last step.
    pub status_on: NaiveDate,
    /// To whom it was endorsed, or the bank that discounted it.
    pub passed_to: Option<Line>,
    pub dishonoured_on: Option<NaiveDate>,
    pub dishonour_reason: Option<Note>,
    /// The fee that was claimed for its dishonour.
    pub fee_minor: i64,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
}

impl Instrument {
    /// The balance in which it counts.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }

    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}
