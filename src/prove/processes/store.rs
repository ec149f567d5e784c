//! Queries on cases, and on the entries that are their steps.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{Case, CaseQuestion, Entry, Process, SETTLED, Step};
use crate::decide::limits::model::{CreditBlockStatus, Outcome};
use crate::platform::db::schema::{
    applications, credit_blocks, customers, invoices, limit_checks, reservations, trail_entries,
};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::clock::Instant;
use kernel::ids::{ApplicationId, CreditBlockId, InvoiceId, LimitCheckId, ReservationId};
use kernel::money::{Currency, Money};

/// The next cases after one, in order, without what the trail tells of them.
pub fn list_cases(
    db: &mut Db,
    question: &CaseQuestion,
    after: Option<Uuid>,
    count: i64,
) -> Result<Vec<Case>, DbError> {
    match question.process {
        Process::Application => list_applications(db, question, after, count),
        Process::Invoice => list_invoices(db, question, after, count),
        Process::LimitCheck => list_checks(db, question, after, count),
    }
}

macro_rules! began {
    ($query:ident, $column:expr, $id:expr, $of:ty, $question:expr, $after:expr) => {
        $query = $query
            .filter($column.ge($question.start))
            .filter($column.lt($question.end));
        if let Some(after) = $after {
            $query = $query.filter($id.gt(<$of>::from_uuid(after)));
        }
    };
}

fn case_of(id: &impl ToString, key: Uuid, customer: String, amount: Money) -> Case {
    Case {
        key,
        id: id.to_string(),
        customer_number: customer,
        amount,
        things: vec![id.to_string()],
        steps: Vec::new(),
    }
}

fn list_applications(
    db: &mut Db,
    question: &CaseQuestion,
    after: Option<Uuid>,
    count: i64,
) -> Result<Vec<Case>, DbError> {
    let rows: Vec<(ApplicationId, String, Currency, i64)> = on_backend!(db, |c| {
        let mut query = applications::table
            .inner_join(customers::table.on(customers::id.eq(applications::customer_id)))
            .order(applications::id)
            .limit(count)
            .select((
                applications::id,
                customers::number,
                applications::currency,
                applications::requested_limit_minor,
            ))
            .into_boxed();
        began!(
            query,
            applications::created_at,
            applications::id,
            ApplicationId,
            question,
            after
        );
        query.load(c)
    })?;
    let case = |(id, customer, currency, minor): (ApplicationId, String, Currency, i64)| {
        case_of(&id, id.uuid(), customer, Money::from_minor(minor, currency))
    };
    Ok(rows.into_iter().map(case).collect())
}

fn list_invoices(
    db: &mut Db,
    question: &CaseQuestion,
    after: Option<Uuid>,
    count: i64,
) -> Result<Vec<Case>, DbError> {
    let rows: Vec<(InvoiceId, String, Currency, i64)> = on_backend!(db, |c| {
        let mut query = invoices::table
            .inner_join(customers::table.on(customers::id.eq(invoices::customer_id)))
            .order(invoices::id)
            .limit(count)
            .select((
                invoices::id,
                customers::number,
                invoices::currency,
                invoices::amount_minor,
            ))
            .into_boxed();
        began!(
            query,
            invoices::created_at,
            invoices::id,
            InvoiceId,
            question,
            after
        );
        query.load(c)
    })?;
    let case = |(id, customer, currency, minor): (InvoiceId, String, Currency, i64)| {
        case_of(&id, id.uuid(), customer, Money::from_minor(minor, currency))
    };
    Ok(rows.into_iter().map(case).collect())
}

type Check = (
    LimitCheckId,
    String,
    Currency,
    i64,
    Outcome,
    String,
    Instant,
);

/// Limit checks with what came of them. One that was made again because its order waited is a step of the order's case.
fn list_checks(
    db: &mut Db,
    question: &CaseQuestion,
    after: Option<Uuid>,
    count: i64,
) -> Result<Vec<Case>, DbError> {
    let made_again = credit_blocks::table
        .filter(credit_blocks::customer_id.eq(limit_checks::customer_id))
        .filter(
            credit_blocks::order_number
                .nullable()
                .eq(limit_checks::order_number),
        )
        .filter(credit_blocks::status.eq_any(RELEASED))
        .filter(credit_blocks::decided_at.eq(limit_checks::checked_at.nullable()))
        .filter(credit_blocks::check_id.ne(limit_checks::id));
    let rows: Vec<Check> = on_backend!(db, |c| {
        let mut query = limit_checks::table
            .inner_join(customers::table.on(customers::id.eq(limit_checks::customer_id)))
            .filter(not(exists(made_again)))
            .order(limit_checks::id)
            .limit(count)
            .select((
                limit_checks::id,
                customers::number,
                limit_checks::currency,
                limit_checks::amount_minor,
                limit_checks::outcome,
                limit_checks::checked_by,
                limit_checks::checked_at,
            ))
            .into_boxed();
        began!(
            query,
            limit_checks::checked_at,
            limit_checks::id,
            LimitCheckId,
            question,
            after
        );
        query.load(c)
    })?;
    let ids: Vec<LimitCheckId> = rows.iter().map(|(id, ..)| *id).collect();
    let blocks = list_blocks(db, &ids)?;
    let case = |(id, customer, currency, minor, outcome, by, at): Check| {
        let amount = Money::from_minor(minor, currency);
        let mut case = case_of(&id, id.uuid(), customer, amount);
        case.steps.push(Step {
            activity: format!("limit_check.{outcome}"),
            at,
            seq: 0,
            subject: by,
        });
        // A reservation shares the id of its check.
        case.things
            .push(ReservationId::from_uuid(id.uuid()).to_string());
        for (_, block, reservation) in blocks.iter().filter(|(check, ..)| *check == id) {
            case.things.push(block.to_string());
            case.things
                .extend(reservation.as_ref().map(ToString::to_string));
        }
        case
    };
    Ok(rows.into_iter().map(case).collect())
}

/// Credit blocks whose orders passed.
const RELEASED: [CreditBlockStatus; 2] =
    [CreditBlockStatus::Released, CreditBlockStatus::AutoReleased];

/// The credit blocks that some checks opened, each with the reservation that its release made.
fn list_blocks(
    db: &mut Db,
    of: &[LimitCheckId],
) -> Result<Vec<(LimitCheckId, CreditBlockId, Option<ReservationId>)>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .left_join(
            reservations::table.on(reservations::id
                .nullable()
                .eq(credit_blocks::reservation_id)
                .and(
                    reservations::created_at
                        .nullable()
                        .eq(credit_blocks::decided_at)
                ))
        )
        .filter(credit_blocks::check_id.eq_any(of))
        .select((
            credit_blocks::check_id,
            credit_blocks::id,
            reservations::id.nullable()
        ))
        .load(c))?)
}

/// An entry by its number, with what was before it and after it.
type Changed = (i64, Option<String>, Option<String>);

/// What some invoices were before and after each time that something was applied to them or taken off, by the entry.
pub fn list_settled(db: &mut Db, invoices: &[String]) -> Result<Vec<Changed>, DbError> {
    let mut found = Vec::new();
    for chunk in invoices.chunks(500) {
        let rows: Vec<Changed> = on_backend!(db, |c| trail_entries::table
            .filter(trail_entries::entity_id.eq_any(chunk))
            .filter(trail_entries::action.eq(SETTLED))
            .select((
                trail_entries::seq,
                trail_entries::before,
                trail_entries::after,
            ))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The entries about some things, in the order of writing.
pub fn list_entries(db: &mut Db, things: &[String]) -> Result<Vec<Entry>, DbError> {
    let mut found = Vec::new();
    for chunk in things.chunks(500) {
        let entries: Vec<Entry> = on_backend!(db, |c| trail_entries::table
            .filter(trail_entries::entity_id.eq_any(chunk))
            .order((trail_entries::entity_id, trail_entries::seq))
            .select((
                trail_entries::entity_id,
                trail_entries::action,
                trail_entries::at,
                trail_entries::seq,
                trail_entries::subject,
            ))
            .load(c))?;
        found.extend(entries);
    }
    Ok(found)
}
