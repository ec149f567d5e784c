//! What other systems hear of payment terms and calendars.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPaymentTerms;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadPaymentTerms>(
        "calendar.changed",
        "A calendar was changed.",
        &CALENDAR,
    ),
    EventType::of_book::<ReadPaymentTerms>(
        "calendar.created",
        "There is a new calendar.",
        &CALENDAR,
    ),
    EventType::of_book::<ReadPaymentTerms>(
        "payment_terms.changed",
        "A version of payment terms was changed as a draft.",
        &TERMS,
    ),
    EventType::of_book::<ReadPaymentTerms>(
        "payment_terms.drafted",
        "A version of payment terms was drafted.",
        &TERMS,
    ),
    EventType::of_book::<ReadPaymentTerms>(
        "payment_terms.live",
        "A version of payment terms is live.",
        &TERMS,
    ),
    EventType::of_book::<ReadPaymentTerms>(
        "payment_terms.retired",
        "A version of payment terms holds no longer.",
        &TERMS,
    ),
];

/// What nobody else hears of: versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &["payment_terms.approved", "payment_terms.in_shadow"];

/// A version of payment terms.
const TERMS: Payload = Payload {
    name: "PaymentTermsEventData",
    within: None,
    members: members! {
        id: Id, code: Text, terms_version: Integer, status: Text, reason: Text, created_at: Instant,
        live_at: Instant or null, retired_at: Instant or null,
    },
};

/// Which days are worked.
const CALENDAR: Payload = Payload {
    name: "CalendarEventData",
    within: None,
    members: members! {
        code: Text, changed_at: Instant,
    },
};
