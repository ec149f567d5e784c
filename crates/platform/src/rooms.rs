//! What a room brings to the running application: each has one constant [`Room`], and the server a list of them.

use utoipa_actix_web::service_config::ServiceConfig;

use super::db::{DbError, Reaction, Tx};
use super::events::{EventType, Subscription};
use super::exports::ExportTable;
use super::http::Problem;
use super::jobs::worker::JobKind;

/// A unit of work, or a part of one.
pub type Work<T, E> = fn(&mut Tx) -> Result<T, E>;

/// A room as the server knows it: `Room { routes: api::routes, ..Room::EMPTY }`.
#[derive(Clone, Copy)]
pub struct Room {
    pub routes: fn(&mut ServiceConfig),
    /// The kinds of jobs that it does.
    pub jobs: &'static [JobKind],
    /// What other systems hear of what it does.
    pub events: &'static [EventType],
    /// What it records and other systems hear nothing of.
    pub internal: &'static [&'static str],
    /// What can be taken away of what it keeps, as tables.
    pub exports: &'static [ExportTable],
    /// What it does before a unit of work commits.
    pub reactions: &'static [Reaction],
    /// What it does a moment after something happened.
    pub subscriptions: &'static [Subscription],
    /// Puts in place what every book needs and a new one lacks; asked at every start.
    pub furnish: Option<Work<(), DbError>>,
    /// Does some of what is due because time passes, and says how much; asked every few seconds, until it says none.
    pub sweep: Option<Work<usize, DbError>>,
    /// Begins the work of a business day.
    pub begin_day: Option<Work<(), Problem>>,
}

impl Room {
    /// A room that brings nothing.
    pub const EMPTY: Room = Room {
        routes: |_| {},
        jobs: &[],
        events: &[],
        internal: &[],
        exports: &[],
        reactions: &[],
        subscriptions: &[],
        furnish: None,
        sweep: None,
        begin_day: None,
    };
}

/// Background jobs.
pub const JOBS: Room = Room {
    routes: super::jobs::api::routes,
    // Whoever started a job asks for it by its id.
    internal: &["job.cancelled", "job.queued"],
    exports: super::jobs::exports::EXPORTS,
    ..Room::EMPTY
};

/// Events inside the program.
pub const EVENTS: Room = Room {
    internal: &["business_day.begun"],
    ..Room::EMPTY
};
