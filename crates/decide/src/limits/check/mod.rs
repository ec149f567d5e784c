//! The engine of limit checks: from a snapshot of facts and a policy to a decision and its effects.
//!
//! It is pure: it reads no clock and no database, and writes nothing. `docs/credit-desk.md` says how the desk brings the
//! facts in and the effects out.

mod effects;
mod error;
pub mod facts;
pub mod reasons;
pub mod record;
pub mod rules;

pub use effects::{Effect, Reserved};
pub use error::CheckError;

use self::facts::{Credit, Facts, Question};
use self::record::Record;
use super::input::LimitCheckIn;
use super::model::{CreditBlock, Reservation};
use crate::book::policy::model::{Checkpoint, PolicyDocument};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use kernel::text::Subject;

/// Why a check is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// Somebody asks.
    Check,
    /// A reservation is to hold another amount.
    Amend(ReservationId),
    /// Something changed for an order that waits for credit.
    Recheck(CreditBlockId),
    /// As [`CheckKind::Recheck`], for an order whose reservation is to hold another amount.
    RecheckAmendment(CreditBlockId),
}

/// What is asked, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub kind: CheckKind,
    pub input: &'a LimitCheckIn,
    pub by: &'a Subject,
}

/// Whom a check is about, and what its order has already.
#[derive(Debug, Clone)]
pub struct OrderState {
    pub customer: CustomerId,
    pub account: CreditAccountId,
    pub reservation: Option<Reservation>,
    pub block: Option<CreditBlock>,
    /// Up to which amount credit released the order, where it may grow so far today.
    pub ceiling_minor: Option<i64>,
}

/// What is known when a check is decided.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub order: OrderState,
    pub facts: Facts,
    /// Until when the check would reserve.
    pub expires_at: Instant,
}

/// A check that was decided, with what it was decided from.
#[derive(Debug, Clone)]
pub struct Examined {
    pub check: LimitCheckId,
    pub order: OrderState,
    /// Until when it would reserve.
    pub expires_at: Instant,
    pub record: Record,
}

/// Decides a check.
///
/// # Errors
/// When the amounts add up to more than can be kept.
pub fn decide(
    check: LimitCheckId,
    request: &Request,
    snapshot: Snapshot,
    policy: &PolicyDocument,
) -> Result<Examined, CheckError> {
    let Snapshot {
        order,
        facts,
        expires_at,
    } = snapshot;
    let question = question(request.input, order.reservation.as_ref());
    let credit = facts.credit(&question);
    if credit.is_some_and(|credit| !rules::has_room(&facts, credit)) {
        return Err(CheckError::SumTooLarge);
    }
    let is_allowed_already =
        credit.is_some_and(|credit| is_allowed_already(request.kind, &order, credit));
    let decision = if is_allowed_already {
        rules::pass(&facts, policy, &question)
    } else {
        rules::decide(&facts, policy, &question)
    };
    let included_minor = facts.own_counted(policy);
    Ok(Examined {
        check,
        order,
        expires_at,
        record: Record {
            included_minor,
            question,
            facts,
            is_allowed_already,
            decision,
            reservation: None,
            credit_block: None,
        },
    })
}

/// The question for the rules; `reservation` is what the order has already.
fn question(input: &LimitCheckIn, reservation: Option<&Reservation>) -> Question {
    Question {
        amount: input.amount.money(),
        prepaid_minor: input.prepaid.map_or(0, |prepaid| prepaid.money().minor()),
        net_days: input.net_days,
        checkpoint: input.checkpoint.unwrap_or(Checkpoint::Order),
        held_minor: reservation.map_or(0, Reservation::remaining_minor),
        captured_minor: reservation.map_or(0, |reservation| reservation.captured_minor),
    }
}

/// Whether nobody needs to ask: an order that comes to less, or to no more than credit released it for.
fn is_allowed_already(kind: CheckKind, order: &OrderState, credit: Credit) -> bool {
    let (CheckKind::Amend(_), Some(reservation)) = (kind, &order.reservation) else {
        return false;
    };
    order.ceiling_minor >= Some(credit.amount_minor)
        || credit.net_minor <= reservation.remaining_minor()
}

/// Until when a reservation holds: as asked, within what the policy allows.
///
/// # Errors
/// When the instant is past, or later than the policy allows.
pub fn reserved_until(
    policy: &PolicyDocument,
    asked: Option<Instant>,
    now: Instant,
) -> Result<Instant, CheckError> {
    let reservations = &policy.reservations;
    let days = |days: i32| now.plus(chrono::Duration::days(i64::from(days)));
    let Some(asked) = asked else {
        return Ok(days(reservations.days_default));
    };
    if asked <= now {
        return Err(CheckError::ReservedUntilPast);
    }
    let days_max = reservations.days_max;
    if asked > days(days_max) {
        return Err(CheckError::ReservedTooLong { days_max });
    }
    Ok(asked)
}

impl OrderState {
    /// Whether the order's state allows what is asked. An order is reserved once: again is a mistake, more or less is an
    /// amendment, and one that waits for credit waits.
    ///
    /// # Errors
    /// When it does not.
    pub fn admit(&self, request: &Request) -> Result<(), CheckError> {
        let input = request.input;
        let order_number = || input.order().unwrap_or_default().to_owned();
        match (request.kind, &self.reservation, &self.block) {
            (CheckKind::Check, Some(reservation), _) if input.reserves() => {
                Err(CheckError::ReservationExists {
                    order_number: order_number(),
                    existing: reservation.id,
                })
            }
            (CheckKind::Check | CheckKind::Amend(_), _, Some(block)) if input.reserves() => {
                Err(CheckError::CreditBlockExists {
                    order_number: order_number(),
                    existing: block.id,
                })
            }
            (CheckKind::Amend(id), reservation, _)
                if reservation.as_ref().map(|reservation| reservation.id) != Some(id) =>
            {
                Err(CheckError::ReservationEnded)
            }
            (CheckKind::Amend(_), Some(reservation), _)
                if input.amount.money().currency() == reservation.currency
                    && input.amount.money().minor() <= reservation.captured_minor =>
            {
                Err(CheckError::BelowCaptured)
            }
            (CheckKind::Recheck(id) | CheckKind::RecheckAmendment(id), _, block)
                if block.as_ref().map(|block| block.id) != Some(id) =>
            {
                Err(CheckError::NoSuchBlock)
            }
            // There is nothing left to amend; reserving the whole anew would count twice what was invoiced.
            (CheckKind::RecheckAmendment(_), None, _) => Err(CheckError::ReservationEnded),
            _ => Ok(()),
        }
    }
}
