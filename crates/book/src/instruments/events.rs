//! What other systems hear of instruments.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadInstruments;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadInstruments>(
        "instrument.acceptor_exceeded",
        "An instrument takes its acceptor over a cap.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.cleared",
        "An instrument has cleared.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.discounted",
        "An instrument was discounted.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.dishonoured",
        "An instrument was dishonoured.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.endorsed",
        "An instrument was passed on.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.held",
        "An instrument is held again.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.presented",
        "An instrument was presented.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.received",
        "An instrument was received.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.recourse_started",
        "Recourse is taken for a dishonoured instrument.",
        &INSTRUMENT,
    ),
    EventType::of_customer::<ReadInstruments>(
        "instrument.withdrawn",
        "An instrument was given back.",
        &INSTRUMENT,
    ),
];

/// A cheque, draft, bill or note.
const INSTRUMENT: Payload = Payload {
    name: "InstrumentEventData",
    within: None,
    members: members! {
        id: Id, number: Text, kind: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        amount: Money, outstanding: Money, issue_date: Date, maturity_date: Date or null,
        received_on: Date, present_by: Date or null, receipt_id: Id, status: Text, status_on: Date,
        dishonoured_on: Date or null,
    },
};
