//! What other systems hear of charges.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadCharges;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadCharges>(
        "charge.cancelled",
        "A charge for paying late counts no more.",
        &CHARGE,
    ),
    EventType::of_customer::<ReadCharges>(
        "charge.claimed",
        "A charge for paying late was claimed: it is an invoice now.",
        &CHARGE,
    ),
    EventType::of_customer::<ReadCharges>("charge.paid", "A claimed charge is settled.", &CHARGE),
    EventType::of_customer::<ReadCharges>(
        "charge.recorded",
        "A fee or other costs of paying late were recorded.",
        &CHARGE,
    ),
    EventType::of_customer::<ReadCharges>(
        "charge.reopened",
        "A claimed charge is open again.",
        &CHARGE,
    ),
    EventType::of_customer::<ReadCharges>(
        "charge.waived",
        "A charge for paying late was given up.",
        &CHARGE,
    ),
];

/// What the room records and other systems hear nothing of: what accrues owes nobody, and changes by the day.
pub const INTERNAL: &[&str] = &["charge.accrued", "credit_account.late_interest_set"];

/// A charge.
const CHARGE: Payload = Payload {
    name: "ChargeEventData",
    within: None,
    members: members! {
        id: Id, kind: Text, status: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        invoice_id: Id, item_id: Id, amount: Money, from_day: Date, to_day: Date,
        regime: Text or null, claimed_invoice_id: Id or null, claimed_on: Date or null,
        claim_reference: Text or null, ended_on: Date or null,
    },
};
