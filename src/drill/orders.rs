//! The orders of today: checked and reserved at the desk, some of them delivered, some waiting for credit.

use std::sync::Arc;

use chrono::Datelike as _;
use fastrand::Rng;

use super::book::{Figures, Showcase};
use super::cast::{Character, Member, text};
use super::staff::Staff;
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::model::Remainder;
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::decide::limits::check::CheckKind;
use crate::decide::limits::check::rules::Decision;
use crate::decide::limits::desk::{self, Answered, CheckRequest, Reply};
use crate::decide::limits::input::{LimitCheckIn, ReleaseIn};
use crate::decide::limits::model::{CreditBlockStatus, Outcome};
use crate::decide::limits::record::Decided;
use crate::decide::limits::{actions, blocks};
use crate::platform::db::Database;
use crate::platform::http::Problem;
use kernel::caller::Caller;
use kernel::ids::{CreditBlockId, MAIN_ENTITY, ReservationId};
use kernel::money::{Money, PositiveIn};
use kernel::places::Language;

/// Of so many customers, every tenth orders more than its limit.
const TOO_LARGE_UP_TO: usize = 60;

/// What the desk said to the orders.
#[derive(Default)]
pub struct Answers {
    reservations: Vec<(ReservationId, Money)>,
    blocks: Vec<CreditBlockId>,
}

/// Puts the orders of the day to the desk: small ones of many customers, and some that are too large.
///
/// # Errors
/// When netterms refuses an order that it should have decided.
pub fn check(
    database: &Database,
    rng: &mut Rng,
    staff: &Staff,
    cast: &[Member],
    figures: &mut Figures,
) -> Result<Answers, Problem> {
    let year = database.clock().today().year();
    let mut asked = Vec::new();
    for (at, member) in cast.iter().enumerate() {
        let percent = match at % 10 {
            6 if at < TOO_LARGE_UP_TO => 160,
            _ if rng.u32(..100) < 45 => rng.i64(2..=9),
            _ => continue,
        };
        let amount = Money::from_minor(member.limit_minor * percent / 100, member.currency);
        let order = 90_000 + at;
        asked.push((
            amount,
            CheckRequest {
                kind: CheckKind::Check,
                caller: Arc::new(staff.erp.clone()),
                input: LimitCheckIn {
                    payment_terms: None,
                    order_number: Some(text(&format!("SO-{year}-{order}"))?),
                    reserve: Some(true),
                    ..question(member, amount)?
                },
                keyed: None,
                language: Language::English,
            },
        ));
    }
    let (amounts, asked): (Vec<Money>, Vec<CheckRequest>) = asked.into_iter().unzip();
    let ended = database.maintain(&staff.erp, |tx| desk::check_all(tx, &asked))?;
    let mut answers = Answers::default();
    for (amount, ended) in amounts.into_iter().zip(ended) {
        let record = decision(ended)?.record;
        let taken = record.reservation.map(|taken| (taken.id, amount));
        answers.reservations.extend(taken);
        answers.blocks.extend(record.credit_block);
    }
    figures.limit_checks += asked.len();
    figures.reservations += answers.reservations.len();
    figures.credit_blocks += answers.blocks.len();
    Ok(answers)
}

/// What happens to some of them: a part is delivered and invoiced, one order is cancelled, credit decides two.
///
/// # Errors
/// When netterms refuses it.
pub fn follow_up(database: &Database, staff: &Staff, answers: &Answers) -> Result<(), Problem> {
    let year = database.clock().today().year();
    for (place, (id, amount)) in answers.reservations.iter().take(3).enumerate() {
        let half = Money::from_minor(amount.minor() / 2, amount.currency());
        let number = text(&format!("INV-{year}-D{place:04}"))?;
        database.write(&staff.erp, |tx| {
            let delivered = NewInvoice {
                details: InvoiceDetails::default(),
                legal_entity: MAIN_ENTITY,
                number: Clone::clone(&number),
                invoice_date: tx.today(),
                due_date: None,
                amount: half,
                order_number: None,
                reservation_id: None,
            };
            actions::capture(tx, *id, delivered, Remainder::Keep)?;
            Ok::<(), Problem>(())
        })?;
    }
    if let Some((id, _)) = answers.reservations.get(3) {
        database.write(&staff.erp, |tx| {
            actions::release(tx, *id, "The customer cancelled the order.")?;
            Ok::<(), Problem>(())
        })?;
    }
    if let [first, second, _, ..] = answers.blocks.as_slice() {
        database.write(&staff.head_of_credit, |tx| {
            let release = ReleaseIn {
                reason: text("A payment over the overdue amount is confirmed.")?,
                ceiling: None,
                valid_until: None,
            };
            blocks::release(tx, *first, 1, &release)?;
            blocks::close(
                tx,
                *second,
                1,
                CreditBlockStatus::Rejected,
                "First the overdue invoices, then new orders.",
            )?;
            Ok::<(), Problem>(())
        })?;
    }
    Ok(())
}

/// An order that passes and one that does not, for whoever shows the sandbox.
///
/// # Errors
/// When the database fails.
pub fn showcase(database: &Database, staff: &Staff, cast: &[Member]) -> Result<Showcase, Problem> {
    let mut showcase = Showcase::default();
    for member in cast
        .iter()
        .filter(|member| member.character != Character::Bad)
    {
        let small = Money::from_minor(member.limit_minor / 20, member.currency);
        if showcase.passing.is_none() {
            let decision = dry_run(database, &staff.erp, member, small)?;
            if decision.outcome == Outcome::Approved {
                showcase.passing = Some((member.number.clone(), small));
                continue;
            }
        }
        let large = Money::from_minor(member.limit_minor, member.currency);
        let decision = dry_run(database, &staff.erp, member, large)?;
        if showcase.passing.is_some() && !decision.counter_offers.is_empty() {
            showcase.refused = Some((member.number.clone(), large));
            break;
        }
    }
    Ok(showcase)
}

fn dry_run(
    database: &Database,
    caller: &Caller,
    member: &Member,
    amount: Money,
) -> Result<Decision, Problem> {
    let asked = CheckRequest {
        kind: CheckKind::Check,
        caller: Arc::new(caller.clone()),
        input: LimitCheckIn {
            payment_terms: None,
            dry_run: Some(true),
            legal_entity: None,
            ..question(member, amount)?
        },
        keyed: None,
        language: Language::English,
    };
    let answers = database.maintain(caller, |tx| {
        desk::check_all(tx, std::slice::from_ref(&asked))
    })?;
    let answer = answers.into_iter().next();
    let answer = answer.ok_or_else(|| Problem::internal("a check without an answer"))?;
    Ok(decision(answer)?.record.decision)
}

fn question(member: &Member, amount: Money) -> Result<LimitCheckIn, Problem> {
    Ok(LimitCheckIn {
        payment_terms: None,
        customer: CustomerRef::Id(member.id),
        order_number: None,
        purpose: None,
        amount: PositiveIn::try_from(amount).map_err(Problem::internal)?,
        net_days: None,
        checkpoint: None,
        prepaid: None,
        reserve: None,
        reserve_until: None,
        dry_run: None,
        legal_entity: None,
    })
}

fn decision(answer: Answered) -> Result<Box<Decided>, Problem> {
    match answer?.into_inner() {
        Reply::Decision(decided, _) => Ok(decided),
        Reply::Refusal(refusal) => Err(refusal.into()),
    }
}
