//! What other systems hear of the ledger.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadReceivables;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadReceivables>(
        "credit_note.applied",
        "A credit note was applied to invoices.",
        &CREDIT_NOTE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "credit_note.posted",
        "A credit note was posted.",
        &CREDIT_NOTE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "credit_note.reversed",
        "A credit note was reversed.",
        &CREDIT_NOTE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "credit_note.unapplied",
        "A credit note was taken off invoices.",
        &CREDIT_NOTE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "invoice.bought_back",
        "An invoice was taken back from a factor.",
        &INVOICE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "invoice.cancelled",
        "An invoice was cancelled.",
        &INVOICE,
    ),
    EventType::of_customer::<ReadReceivables>("invoice.posted", "An invoice was posted.", &INVOICE),
    EventType::of_customer::<ReadReceivables>(
        "invoice.settled",
        "What is open of an invoice has changed: something was applied to it, or taken off.",
        &INVOICE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "invoice.sold",
        "An invoice was sold to a factor.",
        &INVOICE,
    ),
    EventType::of_customer::<ReadReceivables>(
        "item.due_date_changed",
        "What is open of an invoice is due on another day.",
        &ITEM,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.applied",
        "Money was applied to invoices.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>("receipt.posted", "Money came in.", &RECEIPT),
    EventType::of_customer::<ReadReceivables>(
        "receipt.confirmed",
        "A receipt that might have been another one once more is money of its own.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.possible_duplicate",
        "A receipt may be money that is in the book already, by a bank statement or a posting.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.recognised",
        "A file has a receipt of the book under another ledger's number, and posted nothing.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.refunded",
        "Some money is held to be given back, or was given back.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.released",
        "Money that came for an order may settle anything now.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.reversed",
        "A receipt was reversed.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "receipt.unapplied",
        "Money was taken off invoices.",
        &RECEIPT,
    ),
    EventType::of_customer::<ReadReceivables>(
        "settlement.reversed",
        "A set-off or a small difference was taken back.",
        &SETTLEMENT,
    ),
];

/// An invoice.
const INVOICE: Payload = Payload {
    name: "InvoiceEventData",
    within: None,
    members: members! {
        id: Id, number: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        order_number: Text or null, reservation_id: Id or null, invoice_date: Date, due_date: Date,
        amount: Money, open: Money, status: Text, cancelled_on: Date or null,
        cancel_reason: Text or null, sold_on: Date or null, kind: Text or null,
    },
};

/// A credit note.
const CREDIT_NOTE: Payload = Payload {
    name: "CreditNoteEventData",
    within: None,
    members: members! {
        id: Id, number: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        invoice_id: Id or null, credit_date: Date, amount: Money, unapplied: Money, status: Text,
        reversed_on: Date or null,
    },
};

/// Money that came in.
const RECEIPT: Payload = Payload {
    name: "ReceiptEventData",
    within: None,
    members: members! {
        id: Id, number: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        payer_customer_id: Id or null, receipt_date: Date, amount: Money, unapplied: Money,
        refunded: Money, status: Text, reversed_on: Date or null, possible_duplicate_of: Id or null,
        recognised_as: Text or null,
    },
};

/// What was applied to an invoice.
const SETTLEMENT: Payload = Payload {
    name: "SettlementEventData",
    within: None,
    members: members! {
        id: Id, invoice_id: Id, item_id: Id or null, customer_id: Id, receipt_id: Id or null,
        credit_note_id: Id or null, kind: Text, effective_on: Date,
    },
};

/// What is open of an invoice.
const ITEM: Payload = Payload {
    name: "ItemEventData",
    within: None,
    members: members! {
        id: Id, invoice_id: Id, customer_id: Id, position: Integer, due_date: Date,
        original_due_date: Date,
    },
};
