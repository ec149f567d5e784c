//! What is done with grade scales.

use super::model::{Scale, ScaleRow};
use super::{rules, store};
use crate::platform::db::{Db, DbError, Tx, read_document};
use crate::platform::versions::actions as versions;
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::lock_live;
use kernel::ids::GradeScaleId;
use kernel::text::Note;
use methods::faults::Fault;

/// Why a use case on grade scales was refused.
#[derive(Debug, thiserror::Error)]
pub enum ScaleError {
    #[error("there is no such grade scale")]
    Missing,
    #[error("the scale makes no sense")]
    Faulty(Vec<Fault>),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A version of the scale, read.
#[derive(Debug, Clone)]
pub struct ScaleVersion {
    pub id: GradeScaleId,
    pub version: i32,
    pub content: Scale,
}

impl ScaleVersion {
    /// # Errors
    /// When the row was changed by other hands.
    pub fn read(row: &ScaleRow) -> Result<ScaleVersion, DbError> {
        Ok(ScaleVersion {
            id: row.id,
            version: row.scale_version,
            content: read_document(&row.document)?,
        })
    }
}

/// The live scale.
///
/// # Errors
/// When there is none: netterms sets the default live when it opens.
pub fn live(db: &mut Db) -> Result<ScaleVersion, DbError> {
    let row = store::find_live(db)?;
    let row = row.ok_or_else(|| DbError::Document("no grade scale is live".to_owned()))?;
    ScaleVersion::read(&row)
}

/// A version of the scale, live or not.
///
/// # Errors
/// When the database fails.
pub fn find(db: &mut Db, id: GradeScaleId) -> Result<Option<ScaleVersion>, DbError> {
    let row = store::find(db, id)?;
    row.as_ref().map(ScaleVersion::read).transpose()
}

/// Sets the default scale live when none is, as in a house that was never opened.
///
/// # Errors
/// When the database fails.
pub fn ensure_default(tx: &mut Tx) -> Result<(), DbError> {
    if store::find_live(tx)?.is_some() {
        return Ok(());
    }
    let reason = "The scale that a new book begins with. Bands of probabilities: the classes of the German rating \
                  initiative, with the floor of Basel (0.05%); their splits, the probabilities reckoned with and the \
                  cut-offs of scores are our own.";
    versions::begin::<ScaleRow>(tx, (), &rules::default_scale(), reason)?;
    Ok(())
}

/// Drafts the next version of the scale.
///
/// # Errors
/// When the document makes no sense.
pub fn draft(
    tx: &mut Tx,
    document: &serde_json::Value,
    reason: &Note,
) -> Result<ScaleRow, ScaleError> {
    let scale = rules::read(document).map_err(ScaleError::Faulty)?;
    Ok(versions::draft(tx, (), &scale, reason)?)
}

/// Changes a draft. Whoever does so has written it too, and can't set it live.
///
/// # Errors
/// When the scale is not there, is no draft, changed since `version`, or the document makes no sense.
pub fn change(
    tx: &mut Tx,
    id: GradeScaleId,
    version: i64,
    document: &serde_json::Value,
    reason: &Note,
) -> Result<ScaleRow, ScaleError> {
    let before = store::find(tx, id)?.ok_or(ScaleError::Missing)?;
    let changed = version_rules::change(&before, version, &tx.caller().subject)?;
    let scale = rules::read(document).map_err(ScaleError::Faulty)?;
    versions::rewrite(tx, &before, changed, &scale, reason)
}

/// Sets a draft live at once, and retires the version that was live. Ratings that stand keep their grades until they
/// are made anew.
///
/// # Errors
/// When the scale is not there, is no draft, changed since `version`, or the caller wrote it.
pub fn approve(
    tx: &mut Tx,
    id: GradeScaleId,
    version: i64,
    reason: &Note,
) -> Result<ScaleRow, ScaleError> {
    let live = lock_live::<ScaleRow>(tx, &())?;
    let before = store::find(tx, id)?.ok_or(ScaleError::Missing)?;
    versions::approve(tx, &before, version, live.as_ref(), reason)
}
