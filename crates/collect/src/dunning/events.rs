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
    EventType::of_customer::<ReadDunning>("dunning_case.closed", "A dunning case is over.", &CASE),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.escalated",
        "A dunning case goes to an agency, to court or to be written off.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.escalation_due",
        "The last dunning level's time is over: somebody is to say where the case goes.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.escalation_proposed",
        "Somebody proposes where a dunning case goes.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.escalation_refused",
        "A dunning case stays where it is.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.level_changed",
        "A dunning case is at another level, or got another notice.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.opened",
        "A first notice opened a dunning case.",
        &CASE,
    ),
    EventType::of_customer::<ReadDunning>(
        "dunning_case.reopened",
        "A dunning case is open again: what was paid turned out not to be.",
        &CASE,
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
        "dunning_run.begun",
        "A dunning run looks at what is overdue.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.cancelled",
        "A dunning run was cancelled.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.decided",
        "Lines were taken off a dunning run, or put on it again.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.issued",
        "The notices of a dunning run were issued.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.issuing",
        "The notices of a dunning run go out.",
        &RUN,
    ),
    EventType::of_book::<ReadDunning>(
        "dunning_run.previewed",
        "A dunning run proposes notices.",
        &RUN,
    ),
];

/// What nobody else hears of: a decision about a line is told with its run, and versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &[
    "dunning_notice.line_decided",
    "dunning_procedure.approved",
    "dunning_procedure.in_shadow",
];

/// A dunning run.
const RUN: Payload = Payload {
    name: "DunningRunEventData",
    within: None,
    members: members! {
        id: Id, as_of: Date, status: Text, created_at: Instant, approved_at: Instant or null,
        issued_at: Instant or null, job_id: Id or null, notices: Integer, lines: Integer,
    },
};

/// A dunning case.
const CASE: Payload = Payload {
    name: "DunningCaseEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, account_id: Id, legal_entity_id: Id, currency: Text, status: Text,
        level: Integer, opened_on: Date, last_notice_id: Id, last_notice_on: Date,
        escalation_due_on: Date or null, escalation: Text or null, closed_on: Date or null,
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
