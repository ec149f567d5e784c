//! What other systems hear of dunning.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadDunning;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadDunning>(
        "dunning_block.lifted",
        "A customer gets dunning notices again.",
        &BLOCK,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_block.put",
        "A customer gets no dunning notices for a while.",
        &BLOCK,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_notice.issued",
        "A dunning notice was issued.",
        &NOTICE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_notice.suppressed",
        "A dunning notice was left out when its run was issued.",
        &NOTICE,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.changed",
        "A version of a dunning procedure was changed as a draft.",
        &VERSION,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.created",
        "There is a new dunning procedure.",
        &PROCEDURE,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.drafted",
        "A version of a dunning procedure was drafted.",
        &VERSION,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.live",
        "A version of a dunning procedure is live.",
        &VERSION,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.renamed",
        "A dunning procedure has another name.",
        &PROCEDURE,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.retired",
        "A version of a dunning procedure holds no longer.",
        &VERSION,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_procedure.usage_changed",
        "A dunning procedure is used by default, or is no longer.",
        &PROCEDURE,
    ),
    EventType::of_book::<ReadDunning>("dunning_run.approved", "A dunning run was approved.", &RUN),
    EventType::of_book::<ReadDunning>(
        "dunning_run.cancelled",
        "A dunning run was cancelled.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.issued",
        "The notices of a dunning run were issued.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.previewed",
        "A dunning run proposes notices.",
        &RUN,
    ),
];

/// What nobody else hears of: versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &["dunning_procedure.approved", "dunning_procedure.in_shadow"];

/// A dunning run.
const RUN: Payload = Payload {
    name: "DunningRunEventData",
    within: None,
    members: members! {
        id: Id, as_of: Date, status: Text, created_at: Instant, approved_at: Instant or null,
        issued_at: Instant or null,
    },
};

/// A dunning notice.
const NOTICE: Payload = Payload {
    name: "DunningNoticeEventData",
    within: None,
    members: members! {
        id: Id, run_id: Id, customer_id: Id, account_id: Id, level: Integer, channel: Text,
        total: Money, status: Text, issued_on: Date or null, suppressed_reason: Text or null,
    },
};

/// Why a customer gets no dunning notices for a while.
const BLOCK: Payload = Payload {
    name: "DunningBlockEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, invoice_id: Id or null, reason: Text, until: Date,
        lifted_at: Instant or null,
    },
};

/// A dunning procedure.
const PROCEDURE: Payload = Payload {
    name: "DunningProcedureEventData",
    within: None,
    members: members! {
        id: Id, name: Text, usage: Text, changed_at: Instant,
    },
};

/// A version of a dunning procedure.
const VERSION: Payload = Payload {
    name: "DunningProcedureVersionEventData",
    within: None,
    members: members! {
        id: Id, dunning_procedure_id: Id, procedure_version: Integer, status: Text, reason: Text,
        created_at: Instant, live_at: Instant or null, retired_at: Instant or null,
    },
};
