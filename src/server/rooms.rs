//! The rooms: the one list of them, and what walks it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::book::change_requests::kinds::ChangeKinds;
use crate::book::exposure::actions::CUSTOMER_PARENT;
use crate::book::factoring::actions::FACTORING_ASSIGNMENT;
use crate::book::periods::actions::PERIOD_REOPENING;
use crate::book::policy::references::ReferenceCheck;
use crate::book::receivables::actions::ITEM_DUE_DATE;
use crate::collect::charges::actions::CHARGE_WAIVER;
use crate::collect::correspondence::model::MessageKind;
use crate::collect::correspondence::standing::StandingCheck;
use crate::collect::dunning::actions as dunning;
use crate::connect::events::model::EventTypes;
use crate::platform::db::Reaction;
use crate::platform::events::{EventType, Subscription};
use crate::platform::exports::ExportTable;
use crate::platform::jobs::worker::JobKind;
use crate::platform::rooms::{self, Room};
use crate::prove::exports::model::ExportTables;
use crate::{book, collect, connect, decide, prove, rating};

/// Every room, in the order in which the contract shows them. actix asks for one route after the other, so that the
/// desk's come first.
pub static ROOMS: &[Room] = &[
    decide::limits::ROOM,
    book::customers::ROOM,
    book::entities::ROOM,
    book::policy::ROOM,
    book::catalogues::ROOM,
    book::change_requests::ROOM,
    book::exchange_rates::ROOM,
    book::exposure::ROOM,
    book::payment_terms::ROOM,
    book::periods::ROOM,
    book::receivables::ROOM,
    book::refunds::ROOM,
    book::deposit_requests::ROOM,
    book::deadlines::ROOM,
    book::instruments::ROOM,
    book::factoring::ROOM,
    rating::statements::ROOM,
    rating::industries::ROOM,
    rating::facts::ROOM,
    rating::indicators::ROOM,
    rating::panels::ROOM,
    rating::scales::ROOM,
    rating::models::ROOM,
    rating::ratings::ROOM,
    decide::applications::ROOM,
    decide::terms::ROOM,
    collect::correspondence::ROOM,
    collect::charges::ROOM,
    collect::dunning::ROOM,
    book::imports::ROOM,
    book::cash::ROOM,
    rooms::JOBS,
    prove::reports::ROOM,
    prove::sealing::ROOM,
    prove::exports::ROOM,
    prove::trail::ROOM,
    prove::machines::ROOM,
    prove::controls::ROOM,
    prove::timeline::ROOM,
    prove::processes::ROOM,
    connect::events::ROOM,
    connect::webhooks::ROOM,
    connect::postings::ROOM,
    connect::api_keys::ROOM,
    connect::revocations::ROOM,
    rooms::EVENTS,
];

/// Who looks up what a policy names of rooms above it. Not in [`Room`], which knows nothing of the book.
pub const REFERENCES: &[ReferenceCheck] = &[dunning::find_unknown];

/// Who says whether a message that waits still holds, by its kind. Not in [`Room`], which knows nothing of messages.
pub const STANDING: &[(MessageKind, StandingCheck)] =
    &[(MessageKind::DunningNotice, dunning::find_hindrance)];

/// Every kind of change request, with how it is applied. Not in [`Room`], which knows nothing of the book.
pub const CHANGES: ChangeKinds = ChangeKinds(&[
    CHARGE_WAIVER,
    CUSTOMER_PARENT,
    FACTORING_ASSIGNMENT,
    ITEM_DUE_DATE,
    PERIOD_REOPENING,
]);

/// Every reaction, in the order of the rooms.
pub static REACTIONS: LazyLock<Vec<Reaction>> = LazyLock::new(|| {
    ROOMS
        .iter()
        .flat_map(|room| room.reactions)
        .copied()
        .collect()
});

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static EventType>> = LazyLock::new(|| {
    let events = ROOMS.iter().flat_map(|room| room.events);
    events.map(|event| (event.action, event)).collect()
});

static EXPORT_TABLES: LazyLock<BTreeMap<&'static str, &'static ExportTable>> =
    LazyLock::new(|| {
        let tables = ROOMS.iter().flat_map(|room| room.exports);
        tables.map(|table| (table.name, table)).collect()
    });

/// Every table that can be taken away.
pub fn export_tables() -> ExportTables {
    ExportTables(&EXPORT_TABLES)
}

/// Every type of events.
pub fn event_types() -> EventTypes {
    EventTypes(&BY_NAME)
}

/// Every action of the trail that a room declares: as an event, or as internal.
pub fn declared_actions() -> Vec<&'static str> {
    let published = event_types().all().map(|of| of.action);
    let internal = ROOMS.iter().flat_map(|room| room.internal).copied();
    published.chain(internal).collect()
}

/// Every room's routes.
pub fn routes(config: &mut ServiceConfig) {
    for room in ROOMS {
        config.configure(room.routes);
    }
}

/// Every kind of job.
pub fn jobs() -> Vec<JobKind> {
    ROOMS.iter().flat_map(|room| room.jobs).copied().collect()
}

/// Every subscription.
pub fn subscriptions() -> impl Iterator<Item = &'static Subscription> {
    ROOMS.iter().flat_map(|room| room.subscriptions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::change_requests::model::ChangeKind;

    #[test]
    fn no_action_is_declared_twice() {
        let published = ROOMS
            .iter()
            .flat_map(|room| room.events)
            .map(|event| event.action);
        let internal = ROOMS.iter().flat_map(|room| room.internal).copied();
        let mut declared: Vec<&str> = published.chain(internal).collect();
        let all = declared.len();
        declared.sort_unstable();
        declared.dedup();
        assert_eq!(declared.len(), all);
        assert!(all > 150, "{all}");
    }

    #[test]
    fn payloads_of_one_name_are_one() {
        let mut members = BTreeMap::new();
        for event in event_types().all() {
            let payload = event.payload;
            let other = members.insert(payload.name, payload.members);
            assert!(
                other.is_none_or(|other| other == payload.members),
                "{}",
                payload.name
            );
        }
    }

    #[test]
    fn every_kind_of_change_request_is_registered() {
        for kind in ChangeKind::ALL {
            assert!(CHANGES.find(*kind).is_ok(), "{kind}");
        }
    }
}
