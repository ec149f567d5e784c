//! What is done with charges.

mod accrual;
mod claims;
mod terms;
mod waiver;

use std::collections::BTreeMap;

pub use accrual::{JOB, JOB_KIND, Tally, accrue, begin};
pub use claims::{CLAIMS, cancel, claim, claim_all, list_accrued, record_fee};
pub use terms::{calculate, set_terms, terms_of};
pub use waiver::CHARGE_WAIVER;

use super::model::{Charge, ChargeStatus, LateInterestTerms, LateItem};
use super::rules::{
    self, InterestFault, RateRow, Regime, RegimeFault, Terms, read_rates, read_regimes,
};
use super::store;
use crate::book::catalogues::actions as catalogues;
use crate::book::entities::actions::EntityError;
use crate::book::entities::store as entities;
use crate::book::receivables::actions::ReceivableError;
use crate::platform::db::{Change, Db, DbError, Tx};
use crate::platform::jobs::actions::JobsError;
use kernel::figures::Figure;
use kernel::ids::LegalEntityId;
use kernel::places::Country;
use kernel::text::SnakeCode;

/// Why a use case on charges was refused.
#[derive(Debug, thiserror::Error)]
pub enum ChargeError {
    #[error("there is no such charge")]
    Missing,
    #[error("there is no such invoice")]
    NoSuchInvoice,
    #[error("there is no such item of the invoice")]
    NoSuchItem,
    #[error("there is no such customer")]
    NoSuchCustomer { pointer: String },
    #[error("there is no such late-payment regime")]
    NoSuchRegime,
    #[error("the invoice is itself a charge, and bears no charges")]
    OfCharge,
    #[error("the invoice is cancelled")]
    CancelledInvoice,
    #[error("the currency is not that of the debt")]
    Currency { pointer: String },
    #[error("must not be in the future")]
    InFuture,
    #[error("must not be before the other day")]
    Backwards { pointer: String },
    #[error("the charge is {0}")]
    Is(ChargeStatus),
    #[error("what is owed changed since the charge was worked out")]
    Outdated,
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Regime(#[from] RegimeFault),
    #[error(transparent)]
    Interest(#[from] InterestFault),
    #[error(transparent)]
    Entity(#[from] EntityError),
    #[error(transparent)]
    Job(#[from] JobsError),
    #[error(transparent)]
    Receivable(#[from] ReceivableError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The law as the catalogues have it, and where the companies are.
struct Law {
    regimes: Vec<Regime>,
    rates: Vec<RateRow>,
    countries: BTreeMap<LegalEntityId, Option<Country>>,
}

/// What holds for an item.
struct Applied {
    interest: Option<Terms>,
    /// Whose fixed sum is due.
    regime: Option<Regime>,
}

impl Law {
    fn read(db: &mut Db) -> Result<Law, ChargeError> {
        let regimes = catalogues::live(db, "late_payment_regimes")?;
        let rates = catalogues::live(db, "reference_rates")?;
        let all = entities::list_all(db)?.into_iter();
        Ok(Law {
            regimes: regimes.as_ref().map_or(Ok(Vec::new()), read_regimes)?,
            rates: rates.as_ref().map_or(Ok(Vec::new()), read_rates)?,
            countries: all.map(|entity| (entity.id, entity.country)).collect(),
        })
    }

    fn find(&self, code: &SnakeCode) -> Option<&Regime> {
        self.regimes.iter().find(|regime| regime.code == *code)
    }

    /// What was agreed goes first, then the regime that was named, then that of the company's country.
    fn applied(&self, agreed: Option<&LateInterestTerms>, item: &LateItem) -> Applied {
        let named = agreed.and_then(|agreed| agreed.regime.as_ref());
        let country = self.countries.get(&item.legal_entity_id).copied().flatten();
        let regime = match named {
            Some(code) => self.find(code),
            None => rules::regime_of_country(&self.regimes, country),
        };
        let in_force = |regime: &&Regime| regime.due_from.is_none_or(|from| item.due_date >= from);
        let regime = regime.filter(in_force).cloned();
        match agreed.and_then(|agreed| agreed.yearly_rate) {
            Some(rate) if rate > Figure::ZERO => Applied {
                interest: Some(Terms::Agreed(rate)),
                regime,
            },
            // No interest was agreed: nothing is due.
            Some(_) => Applied {
                interest: None,
                regime: None,
            },
            None => Applied {
                interest: regime
                    .clone()
                    .map(Terms::Regime)
                    .filter(Terms::bears_interest),
                regime,
            },
        }
    }
}

fn check(charge: &Charge, version: Option<i64>, verb: &str) -> Result<(), ChargeError> {
    if version.is_some_and(|version| version != charge.version) {
        return Err(ChargeError::Stale);
    }
    if !charge.status.allowed().contains(&verb) {
        return Err(ChargeError::Is(charge.status));
    }
    Ok(())
}

/// Writes a charge that goes on, and records it.
fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &Charge,
    after: &Charge,
    reason: Option<&str>,
) -> Result<Charge, ChargeError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(ChargeError::Stale)?;
    let mut change = Change::new(action, after.id).before(before).after(&after);
    if let Some(reason) = reason {
        change = change.because(reason);
    }
    tx.record(change)?;
    Ok(after)
}
