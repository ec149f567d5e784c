//! What is agreed about paying late, and what it would come to.

use super::{ChargeError, Law};
use crate::book::exposure::actions as exposure;
use crate::book::exposure::model::CreditAccount;
use crate::book::exposure::store as accounts;
use crate::collect::charges::input::{CalculationIn, LateInterestTermsIn};
use crate::collect::charges::model::{LateInterestTerms, Segment};
use crate::collect::charges::rules::{self, Debt, Settled, Terms};
use crate::collect::charges::store;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Note, Subject};

/// What holds where nothing was agreed: version 0, and nothing said.
fn nothing_agreed(
    account: CreditAccountId,
    entity: LegalEntityId,
    at: Instant,
) -> LateInterestTerms {
    LateInterestTerms {
        account_id: account,
        legal_entity_id: entity,
        yearly_rate: None,
        regime: None,
        reason: Note::stored(String::new()),
        set_by: Subject::stored(String::new()),
        created_at: at,
        changed_at: at,
        version: 0,
    }
}

/// Says what was agreed with a customer about paying late. What has accrued is worked out by it the next time.
///
/// # Errors
/// When the account is not there, the terms changed since `version` (0 when there were none), or there is no such regime.
pub fn set_terms(
    tx: &mut Tx,
    id: CreditAccountId,
    entity: LegalEntityId,
    version: i64,
    input: &LateInterestTermsIn,
) -> Result<LateInterestTerms, ChargeError> {
    if let Some(code) = &input.regime
        && Law::read(tx)?.find(code).is_none()
    {
        return Err(ChargeError::NoSuchRegime);
    }
    let account: Option<CreditAccount> = accounts::find(tx, id)?;
    let account = account.ok_or(ChargeError::Missing)?;
    exposure::lock_all(tx, &[account.customer_id].into())?;
    let stored = store::find_terms(tx, id, entity)?;
    let now = tx.now();
    if stored.as_ref().map_or(0, |stored| stored.version) != version {
        return Err(ChargeError::Stale);
    }
    let after = LateInterestTerms {
        account_id: id,
        legal_entity_id: entity,
        yearly_rate: input.yearly_rate,
        regime: input.regime.clone(),
        reason: input.reason.clone(),
        set_by: tx.caller().subject.clone(),
        created_at: stored.as_ref().map_or(now, |stored| stored.created_at),
        changed_at: now,
        version: version.saturating_add(1),
    };
    store::put_terms(tx, &after)?;
    let change = Change::new("credit_account.late_interest_set", id)
        .after(&after)
        .because(&input.reason);
    match &stored {
        Some(before) => tx.record(change.before(before))?,
        None => tx.record(change)?,
    }
    Ok(after)
}

/// What paying late would come to, and the fixed sum: nothing is written.
///
/// # Errors
/// When there is no such regime, an amount is in another currency, days are turned round, or no reference rate is known.
pub fn calculate(
    db: &mut Db,
    input: &CalculationIn,
) -> Result<(Vec<Segment>, Money, Option<Money>), ChargeError> {
    let amount = input.amount.money();
    let law = Law::read(db)?;
    let terms = match (&input.regime, input.yearly_rate) {
        (Some(code), _) => {
            let regime = law.find(code).ok_or(ChargeError::NoSuchRegime)?;
            Terms::Regime(regime.clone())
        }
        (None, Some(rate)) => Terms::Agreed(rate),
        (None, None) => return Err(ChargeError::NoSuchRegime),
    };
    let mut debt = Debt {
        amount,
        due_date: input.due_date.date(),
        settled: Vec::new(),
        paused: Vec::new(),
    };
    for (index, (on, paid)) in input.paid().enumerate() {
        if paid.currency() != amount.currency() {
            let pointer = format!("/payments/{index}/amount");
            return Err(ChargeError::Currency { pointer });
        }
        let minor = paid.minor();
        debt.settled.push(Settled { on, minor });
    }
    for (index, pause) in input.paused.iter().flatten().enumerate() {
        let (from, to) = (pause.from.date(), pause.to.date());
        if to < from {
            let pointer = format!("/paused/{index}/to");
            return Err(ChargeError::Backwards { pointer });
        }
        debt.paused.push((from, to));
    }
    let to = input.to.date();
    let segments = if terms.bears_interest() && to > debt.due_date {
        rules::interest(&debt, &terms, &law.rates, (debt.late_from(), to))?
    } else {
        Vec::new()
    };
    let total = Money::from_minor(rules::total_minor(&segments)?, amount.currency());
    let is_late = to > debt.due_date && debt.principal_minor(debt.late_from()) > 0;
    let fixed_sum = match &terms {
        Terms::Regime(regime) if is_late => fixed_sum_in(regime, amount),
        _ => None,
    };
    Ok((segments, total, fixed_sum))
}

/// The fixed sum of a debt in the regime's own currency; none in another, where a day's rate would be needed.
fn fixed_sum_in(regime: &rules::Regime, amount: Money) -> Option<Money> {
    let own = regime.fixed_sum_currency()? == amount.currency();
    own.then(|| regime.fixed_sum(amount)).flatten()
}

/// The terms of an account with a company as they are, or that there are none.
///
/// # Errors
/// When the database fails.
pub fn terms_of(
    db: &mut Db,
    account: &CreditAccount,
    entity: LegalEntityId,
) -> Result<LateInterestTerms, DbError> {
    let stored = store::find_terms(db, account.id, entity)?;
    Ok(stored.unwrap_or_else(|| nothing_agreed(account.id, entity, account.created_at)))
}
