//! What other systems hear of cash application.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadBank;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadBank>(
        "bank_account.changed",
        "A bank account was changed.",
        &BANK_ACCOUNT,
    ),
    EventType::of_book::<ReadBank>(
        "bank_account.created",
        "There is a new bank account.",
        &BANK_ACCOUNT,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.applied",
        "A payment was assigned to customers, and to what it pays.",
        &APPLIED,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.given_back",
        "The receipt of a payment was reversed, and the payment waits again.",
        &ENTRY,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.ignored",
        "A payment is none of ours to assign.",
        &ENTRY,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.matched",
        "It was looked again for what a payment pays.",
        &ENTRY,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.reopened",
        "A payment that was ignored, taken back or takes one back waits again.",
        &ENTRY,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.returned",
        "The bank took a payment back, and what became of it was reversed.",
        &APPLIED,
    ),
    EventType::of_customer::<ReadBank>(
        "bank_entry.took_back",
        "It is known which payment money that went out takes back.",
        &ENTRY,
    ),
    EventType::of_book::<ReadBank>(
        "bank_statement.received",
        "A bank statement came in.",
        &STATEMENT,
    ),
    EventType::of_customer::<ReadBank>(
        "payer_account.learned",
        "It is known from which account a customer pays.",
        &PAYER_ACCOUNT,
    ),
    EventType::of_customer::<ReadBank>(
        "payer_account.removed",
        "An account that a customer paid from was forgotten.",
        &PAYER_ACCOUNT,
    ),
    EventType::of_customer::<ReadBank>(
        "remittance_advice.paid",
        "The payment that an advice speaks of came in.",
        &ADVICE,
    ),
    EventType::of_customer::<ReadBank>(
        "remittance_advice.posted",
        "A payer has said what a payment is for.",
        &ADVICE,
    ),
    EventType::of_customer::<ReadBank>(
        "remittance_advice.reopened",
        "The payment that an advice speaks of pays nothing any more, and is announced again.",
        &ADVICE,
    ),
    EventType::of_customer::<ReadBank>(
        "remittance_advice.withdrawn",
        "A remittance advice was withdrawn.",
        &ADVICE,
    ),
];

/// A bank account of our own.
const BANK_ACCOUNT: Payload = Payload {
    name: "BankAccountEventData",
    within: None,
    members: members! {
        id: Id, number: Text, currency: Text, name: Text, legal_entity_id: Id,
        closed_on: Date or null,
    },
};

/// What a bank says of an account.
const STATEMENT: Payload = Payload {
    name: "BankStatementEventData",
    within: None,
    members: members! {
        id: Id, bank_account_id: Id, number: Text, closing_date: Date, credits: Money, debits: Money,
        entries: Integer, known_entries: Integer, sent_at: Instant,
    },
};

/// A payment on an account at a bank.
const ENTRY: Payload = Payload {
    name: "BankEntryEventData",
    within: None,
    members: members! {
        id: Id, bank_account_id: Id, kind: Text, amount: Money, assigned: Money, booking_date: Date,
        value_date: Date, status: Text, customer_id: Id or null,
    },
};

/// A payment, told together with what it pays.
const APPLIED: Payload = Payload {
    within: Some("entry"),
    ..ENTRY
};

/// An account from which a customer paid.
const PAYER_ACCOUNT: Payload = Payload {
    name: "PayerAccountEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, uses: Integer, learned_at: Instant, used_at: Instant,
    },
};

/// What a payer says that a payment is for.
const ADVICE: Payload = Payload {
    name: "RemittanceAdviceEventData",
    within: None,
    members: members! {
        id: Id, number: Text, customer_id: Id, amount: Money, payment_date: Date or null,
        status: Text, posted_at: Instant,
    },
};
