//! What is done with financial statements.

use chrono::NaiveDate;

use super::model::{FinancialStatement, NewStatement, current, tolerance};
use super::store;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::caller::Caller;
use kernel::ids::FinancialStatementId;
use methods::statements::altman::{Model, Score};
use methods::statements::ratios::{NoValue, Ratio, Trend, follows};
use methods::statements::{Misfit, Statement, altman, misfits, ratios};

/// Why a use case on financial statements was refused.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    #[error("there is no such customer")]
    NoCustomer,
    #[error("there is no such financial statement")]
    Missing,
    #[error("{day} lies in the future")]
    InFuture {
        member: &'static str,
        day: NaiveDate,
    },
    #[error("the statement can't be")]
    Impossible(Vec<Misfit>),
    #[error("there is a statement of this period: {existing}")]
    PeriodExists { existing: FinancialStatementId },
    #[error("what is corrected is not the last version of this period")]
    NotCurrent,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Enters a statement of a customer: the first of its period, or a correction of the last version.
///
/// # Errors
/// When the customer is not visible, a day lies in the future, the statement can't be, or what it corrects is not the
/// last version of its period.
pub fn enter(
    tx: &mut Tx,
    customer: &CustomerRef,
    new: &NewStatement,
) -> Result<FinancialStatement, StatementError> {
    let caller = tx.caller();
    let customer = find_customer(tx, caller, customer)?;
    let statement = &new.statement;
    let today = tx.today();
    for (member, day) in [
        ("period_end", statement.period_end),
        ("received_on", new.received_on),
    ] {
        if day > today {
            return Err(StatementError::InFuture { member, day });
        }
    }
    let impossible: Vec<Misfit> = misfits(statement, tolerance(statement))
        .into_iter()
        .filter(Misfit::is_impossible)
        .collect();
    if !impossible.is_empty() {
        return Err(StatementError::Impossible(impossible));
    }
    let months = i32::try_from(statement.months).unwrap_or(i32::MAX);
    let before = store::find_current(tx, customer.id, statement.period_end, months)?;
    refuse_unless_next(new, before.as_ref())?;
    let row = FinancialStatement {
        id: FinancialStatementId::new(),
        customer_id: customer.id,
        period_end: statement.period_end,
        months,
        kind: new.kind,
        currency: statement.currency,
        audit: new.audit,
        source: new.source.clone(),
        received_on: new.received_on,
        lines: new.lines_document()?,
        statement_version: before.as_ref().map_or(0, |row| row.statement_version) + 1,
        corrects_id: before.as_ref().map(|row| row.id),
        reason: new.correction.as_ref().map(|why| why.reason.clone()),
        entered_by: caller.subject.clone(),
        entered_at: tx.now(),
    };
    // Somebody else may enter the same version at the same moment: one of both is there, the other corrects nothing.
    store::insert(tx, &row).map_err(|error| {
        if matches!(error, DbError::Duplicate { .. }) {
            StatementError::NotCurrent
        } else {
            error.into()
        }
    })?;
    let mut change = Change::new("financial_statement.entered", row.id).after(&row);
    if let (Some(before), Some(reason)) = (&before, &row.reason) {
        change = change.before(before).because(reason);
    }
    tx.record(change)?;
    Ok(row)
}

fn refuse_unless_next(
    new: &NewStatement,
    before: Option<&FinancialStatement>,
) -> Result<(), StatementError> {
    match (&new.correction, before) {
        (None, None) => Ok(()),
        (None, Some(existing)) => Err(StatementError::PeriodExists {
            existing: existing.id,
        }),
        (Some(correction), Some(last)) if correction.corrects_id == last.id => Ok(()),
        (Some(_), _) => Err(StatementError::NotCurrent),
    }
}

/// The customer, when the caller may see it.
///
/// # Errors
/// When it is not there or not visible.
pub fn find_customer(
    db: &mut Db,
    caller: &Caller,
    reference: &CustomerRef,
) -> Result<Customer, StatementError> {
    customers::find_visible(db, caller, reference)?.ok_or(StatementError::NoCustomer)
}

/// What is computed from a statement.
pub struct Analysis {
    /// By which version it was corrected.
    pub corrected_by_id: Option<FinancialStatementId>,
    /// What does not fit together in it.
    pub warnings: Vec<Misfit>,
    /// The statement before, which growth and averages were made with.
    pub before_id: Option<FinancialStatementId>,
    pub ratios: Vec<Ratio>,
    /// Over the customer's periods of the same length and currency, up to this one.
    pub trends: Vec<Trend>,
    pub altman: Vec<(Model, Result<Score, Vec<NoValue>>)>,
}

/// Computes everything that a statement tells, by itself and beside the customer's other periods.
///
/// # Errors
/// When the database fails.
pub fn analyse(db: &mut Db, row: &FinancialStatement) -> Result<Analysis, DbError> {
    let statement = row.statement()?;
    let all = store::list_all(db, row.customer_id)?;
    let corrected_by_id = all
        .iter()
        .find(|other| other.corrects_id == Some(row.id))
        .map(|other| other.id);
    let others: Vec<FinancialStatement> = current(all)
        .into_iter()
        .filter(|other| other.period_end < row.period_end)
        .collect();
    let comparable =
        |other: &&FinancialStatement| other.months == row.months && other.currency == row.currency;
    let mut periods = others
        .iter()
        .filter(comparable)
        .map(FinancialStatement::statement)
        .collect::<Result<Vec<Statement>, DbError>>()?;
    periods.push(statement.clone());
    let before = before(&statement, &others)?;
    let before_id = before.as_ref().map(|(id, _)| *id);
    let before = before.map(|(_, before)| before);
    Ok(Analysis {
        corrected_by_id,
        warnings: misfits(&statement, tolerance(&statement)),
        before_id,
        ratios: ratios::ratios(&statement, before.as_ref()),
        trends: ratios::trends(&periods),
        altman: Model::ALL
            .into_iter()
            .map(|model| (model, altman::score_statement(model, &statement)))
            .collect(),
    })
}

/// The statement that ends where this one begins; when there is none, the one that ends nearest before it, with which
/// nothing can be compared.
///
/// # Errors
/// When a row was changed by other hands.
pub fn before<'a>(
    statement: &Statement,
    others: impl IntoIterator<Item = &'a FinancialStatement>,
) -> Result<Option<(FinancialStatementId, Statement)>, DbError> {
    let mut nearest = None;
    for other in others {
        if other.period_end >= statement.period_end {
            continue;
        }
        let candidate = other.statement()?;
        if follows(statement, &candidate) {
            return Ok(Some((other.id, candidate)));
        }
        if nearest.is_none() {
            nearest = Some((other.id, candidate));
        }
    }
    Ok(nearest)
}
