//! What is done with the industry table.

use chrono::NaiveDate;

use super::model::{IndustryVersion, NewIndustry};
use super::store;
use crate::platform::db::{Change, DbError, Tx};
use crate::platform::http::Precondition;
use kernel::ids::IndustryVersionId;
use kernel::text::Line;

/// Why a use case on industries was refused.
#[derive(Debug, thiserror::Error)]
pub enum IndustryError {
    #[error("there is no such industry")]
    Missing,
    #[error("{0} lies in the future")]
    InFuture(NaiveDate),
    #[error("the industry changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Sets what is known of an industry, as a new version.
///
/// # Errors
/// When the figures are of a day in the future, or the industry is another than the caller read: changed since, not
/// there, or there already.
pub fn set(
    tx: &mut Tx,
    code: &Line,
    precondition: Precondition,
    new: &NewIndustry,
) -> Result<IndustryVersion, IndustryError> {
    if new.as_of > tx.today() {
        return Err(IndustryError::InFuture(new.as_of));
    }
    let before = store::find(tx, code)?;
    match (precondition, &before) {
        (Precondition::Absent, None) => {}
        (Precondition::Version(_), None) => return Err(IndustryError::Missing),
        (Precondition::Version(version), Some(row)) if version == row.industry_version => {}
        (Precondition::Absent | Precondition::Version(_), Some(_)) => {
            return Err(IndustryError::Stale);
        }
    }
    let row = IndustryVersion {
        id: IndustryVersionId::new(),
        code: code.clone(),
        industry_version: before.as_ref().map_or(0, |row| row.industry_version) + 1,
        name_en: new.name_en.clone(),
        name_zh: new.name_zh.clone(),
        growth: new.growth,
        cr4: new.cr4,
        hhi: new.hhi,
        risk_class: new.risk_class,
        source: new.source.clone(),
        as_of: new.as_of,
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
    };
    // Of two who set the same version at the same moment, one comes too late.
    store::insert(tx, &row).map_err(|error| match error {
        DbError::Duplicate { .. } => IndustryError::Stale,
        error => error.into(),
    })?;
    let mut change = Change::new("industry.set", row.id).after(&row);
    if let Some(before) = &before {
        change = change.before(before);
    }
    tx.record(change)?;
    Ok(row)
}
