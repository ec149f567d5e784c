//! What other systems hear of financial statements.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadFacts;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_customer::<ReadFacts>(
    "financial_statement.entered",
    "A financial statement of a customer was entered.",
    &STATEMENT,
)];

/// A financial statement of a customer.
const STATEMENT: Payload = Payload {
    name: "FinancialStatementEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, period_end: Date, months: Integer, kind: Text, currency: Text,
        audit: Text, received_on: Date, statement_version: Integer, corrects_id: Id or null,
    },
};
