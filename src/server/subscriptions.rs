//! Who reacts to what was done below: the reactions of all rooms are registered, and loops deliver to subscriptions.
//!
//! Every replica runs them; a subscription's place in the log is locked while its events are delivered, so that one of
//! them does the work.

use std::time::Duration;

use actix_web::{rt, web};

use super::metrics::Metrics;
use super::rooms;
use crate::book::policy::references;
use crate::collect::correspondence::standing;
use crate::platform::db::{Database, DbError, Tx};
use crate::platform::events::{self, Subscription};
use crate::platform::http::Problem;

/// Registers the reactions with a database: whoever writes to the book must do so before.
pub fn react(database: &Database) {
    database.react_with(&rooms::REACTIONS);
    references::register(rooms::REFERENCES);
    standing::register(rooms::STANDING);
}

/// How often each looks for news.
const EVERY: Duration = Duration::from_millis(500);

/// Gives every new subscription its place, which is the end of the log. To be called before anything happens that it
/// should know of.
///
/// # Errors
/// When the database fails.
pub fn begin_all(tx: &mut Tx) -> Result<(), DbError> {
    for subscription in rooms::subscriptions() {
        events::begin(tx, subscription)?;
    }
    Ok(())
}

/// Delivers for as long as the actix system runs, to each subscription by itself: a slow one holds up no other.
pub fn run(database: &Database, metrics: &web::Data<Metrics>) {
    for subscription in rooms::subscriptions() {
        rt::spawn(deliver_always(
            database.clone(),
            metrics.clone(),
            subscription,
        ));
    }
}

async fn deliver_always(
    database: Database,
    metrics: web::Data<Metrics>,
    subscription: &'static Subscription,
) {
    loop {
        let (database, metrics) = (database.clone(), metrics.clone());
        match web::block(move || deliver(&database, &metrics, subscription)).await {
            // There may be more at once.
            Ok(Ok(delivered)) if delivered > 0 => continue,
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => {
                tracing::warn!(subscription = subscription.name, %problem, "nothing could be delivered; next time");
            }
            Err(error) => {
                tracing::error!(subscription = subscription.name, %error, "a delivery was cut off");
            }
        }
        rt::time::sleep(EVERY).await;
    }
}

fn deliver(
    database: &Database,
    metrics: &Metrics,
    subscription: &Subscription,
) -> Result<usize, Problem> {
    let delivered = events::deliver(database, subscription)?;
    let standing = events::standing(database, subscription)?;
    metrics.observe_subscription(subscription.name, &standing, database.clock().now());
    Ok(delivered)
}

/// Delivers to all until nothing is left that one of them wants to know, also of what they did themselves.
///
/// # Errors
/// When the database fails.
pub fn catch_up(database: &Database) -> Result<(), Problem> {
    loop {
        let mut delivered = 0;
        for subscription in rooms::subscriptions() {
            delivered += events::catch_up(database, subscription)?;
        }
        if delivered == 0 {
            return Ok(());
        }
    }
}
