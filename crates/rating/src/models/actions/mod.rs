//! What is done with rating models.

pub mod fitting;
mod training_file;

use std::collections::BTreeMap;

use serde_json::json;

use super::model::{ModelDraft, ModelKind, ModelRow, ModelStatus};
use super::rules::{Part, Ready, Report};
use super::{rules, store};
use crate::platform::db::{Db, DbError, Tx, read_document, write_document};
use crate::platform::versions::actions as versions;
use crate::platform::versions::model::{Version as _, VersionError};
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::lock_live;
use kernel::drafters::Drafters;
use kernel::ids::RatingModelId;
use kernel::text::{Note, TextError};
use methods::faults;
use methods::faults::Fault;

/// Why a use case on rating models was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("there is no such rating model")]
    Missing,
    #[error("the model makes no sense")]
    Faulty(Vec<Fault>),
    #[error("a new version is of the kind that its code has, {0}")]
    OtherKind(ModelKind),
    #[error("part {0} of the composite is not approved yet")]
    PartNotApproved(usize),
    #[error("the model has no validation report")]
    NoReport,
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<TextError> for ModelError {
    fn from(error: TextError) -> ModelError {
        ModelError::Db(DbError::Document(error.to_string()))
    }
}

/// A version of a model, read and ready to score.
#[derive(Debug, Clone)]
pub struct ModelVersion {
    pub id: RatingModelId,
    pub code: String,
    pub version: i32,
    pub kind: ModelKind,
    pub model: Ready,
}

impl ModelVersion {
    /// Reads a model that was found good when it was drafted.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn read(db: &mut Db, row: &ModelRow) -> Result<ModelVersion, DbError> {
        let document = read_document(&row.document)?;
        let parts = parts_of(db, row.kind, &document)?;
        let model = rules::read(row.kind, &document, &parts).map_err(|faults| {
            let first = faults.first().map(|fault| fault.message.clone());
            DbError::Document(format!("{}: {}", row.id, first.unwrap_or_default()))
        })?;
        Ok(ModelVersion {
            id: row.id,
            code: row.code.to_string(),
            version: row.model_version,
            kind: row.kind,
            model,
        })
    }
}

/// The live model.
///
/// # Errors
/// When there is none: netterms sets the default live when it opens.
pub fn live(db: &mut Db) -> Result<ModelVersion, DbError> {
    let row = store::find_live(db)?;
    let row = row.ok_or_else(|| DbError::Document("no rating model is live".to_owned()))?;
    ModelVersion::read(db, &row)
}

/// The models that rate beside the live one.
///
/// # Errors
/// When the database fails.
pub fn in_shadow(db: &mut Db) -> Result<Vec<ModelVersion>, DbError> {
    let rows = store::list_in_shadow(db)?;
    rows.iter().map(|row| ModelVersion::read(db, row)).collect()
}

/// The models that a composite's document refers to, as far as they are past their drafts.
fn parts_of(
    db: &mut Db,
    kind: ModelKind,
    document: &serde_json::Value,
) -> Result<BTreeMap<RatingModelId, Part>, DbError> {
    let mut parts = BTreeMap::new();
    if kind != ModelKind::Composite {
        return Ok(parts);
    }
    for row in store::list_by_ids(db, &part_ids(document))? {
        if row.status == ModelStatus::Draft {
            continue;
        }
        // A composite in a composite is refused by its kind alone, so that its own parts need not be read.
        let document = read_document(&row.document)?;
        let model = match row.kind {
            ModelKind::Composite => Ready::Composite {
                parts: Vec::new(),
                missing: crate::rating::rules::composite::MissingModel::Refuse,
            },
            kind => match rules::read(kind, &document, &BTreeMap::new()) {
                Ok(model) => model,
                Err(_) => continue,
            },
        };
        let name = format!("{}/{}", row.code, row.model_version);
        parts.insert(row.id, Part { name, model });
    }
    Ok(parts)
}

fn part_ids(document: &serde_json::Value) -> Vec<RatingModelId> {
    let parts = document
        .pointer("/parts")
        .and_then(|parts| parts.as_array());
    let ids = parts
        .into_iter()
        .flatten()
        .filter_map(|part| part["model_id"].as_str());
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// Sets the four aspects live when no model is, as in a house that was never opened.
///
/// # Errors
/// When the database fails.
pub fn ensure_default(tx: &mut Tx) -> Result<(), DbError> {
    if store::find_live(tx)?.is_some() {
        return Ok(());
    }
    let none = |error: TextError| DbError::Document(error.to_string());
    let draft = ModelDraft {
        code: "FOUR_ASPECTS".parse().map_err(none)?,
        name: "Four aspects of assessment".parse().map_err(none)?,
        kind: ModelKind::AttributeTree,
        document: json!({"tree": rules::default_tree()}),
        reason: "The model that a new book begins with."
            .parse()
            .map_err(none)?,
    };
    let now = tx.now();
    let row = ModelRow {
        status: ModelStatus::Live,
        shadow_at: Some(now),
        approved_at: Some(now),
        live_at: Some(now),
        ..new_row(tx, 1, &draft)?
    };
    versions::add(tx, ModelRow::EVENTS.live, &row, &row.reason)
}

/// Drafts a model: the next version of its code.
///
/// # Errors
/// When the document makes no sense, or the code is of another kind.
pub fn draft(tx: &mut Tx, draft: &ModelDraft) -> Result<ModelRow, ModelError> {
    let row = drafted(tx, draft)?;
    versions::add(tx, ModelRow::EVENTS.drafted, &row, &row.reason)?;
    Ok(row)
}

/// Keeps a model that was fitted as a draft with its report.
///
/// # Errors
/// As [`draft`].
pub fn keep_fitted(
    tx: &mut Tx,
    draft: &ModelDraft,
    report: &Report,
) -> Result<ModelRow, ModelError> {
    let row = ModelRow {
        report: Some(write_document(report)?),
        ..drafted(tx, draft)?
    };
    versions::add(tx, "rating_model.fitted", &row, &row.reason)?;
    Ok(row)
}

fn drafted(tx: &mut Tx, draft: &ModelDraft) -> Result<ModelRow, ModelError> {
    check(tx, draft.kind, &draft.document)?;
    lock_live::<ModelRow>(tx, &())?;
    let number = store::last_number(tx, &draft.code)?.saturating_add(1);
    Ok(new_row(tx, number, draft)?)
}

fn check(db: &mut Db, kind: ModelKind, document: &serde_json::Value) -> Result<Ready, ModelError> {
    let parts = parts_of(db, kind, document)?;
    rules::read(kind, document, &parts).map_err(ModelError::Faulty)
}

/// Changes a draft. Whoever does so has written it too, and can't approve it. What was fitted is then written by hand,
/// and its report says nothing of it any more.
///
/// # Errors
/// When the model is not there, is no draft, changed since `version`, or the document makes no sense.
pub fn change(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    draft: &ModelDraft,
) -> Result<ModelRow, ModelError> {
    let before = find(tx, id)?;
    let changed = version_rules::change(&before, version, &tx.caller().subject)?;
    if draft.kind != before.kind {
        return Err(ModelError::OtherKind(before.kind));
    }
    if draft.code != before.code {
        let message = "is the model's for ever: draft another model";
        return Err(ModelError::Faulty(vec![Fault::new(
            "/code",
            "immutable",
            message,
        )]));
    }
    check(tx, draft.kind, &draft.document)?;
    let after = ModelRow {
        name: draft.name.clone(),
        document: write_document(&draft.document)?,
        report: None,
        reason: draft.reason.to_string(),
        ..changed
    };
    versions::save(tx, &before, &after, &draft.reason)
}

/// Lets a draft rate beside the live model. Its document never changes again.
///
/// # Errors
/// When the model is not there, is no draft, or changed since `version`.
pub fn put_in_shadow(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    reason: &Note,
) -> Result<ModelRow, ModelError> {
    let before = find(tx, id)?;
    let after = version_rules::put_in_shadow(&before, version, tx.now())?;
    // A part may have been a draft again had netterms been restored; what can't be read must not rate.
    check(tx, before.kind, &read_document(&before.document)?)?;
    versions::save(tx, &before, &after, reason)
}

/// Approves a model that was tried in shadow.
///
/// # Errors
/// When the model is not there, is not in shadow, changed since `version`, the caller wrote it, or a part of it is not
/// approved.
pub fn approve(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    reason: &Note,
) -> Result<ModelRow, ModelError> {
    let before = find(tx, id)?;
    let (by, now) = (&tx.caller().subject, tx.now());
    let step = version_rules::approve(&before, version, None, by, now)?;
    let ids = part_ids(&read_document(&before.document)?);
    let approved: Vec<RatingModelId> = store::list_by_ids(tx, &ids)?
        .into_iter()
        .filter(|part| part.approved_at.is_some())
        .map(|part| part.id)
        .collect();
    if before.kind == ModelKind::Composite
        && let Some(place) = ids.iter().position(|id| !approved.contains(id))
    {
        return Err(ModelError::PartNotApproved(place));
    }
    versions::save(tx, &before, &step.version, reason)
}

/// Sets an approved model live at once, and retires the one that was live. Ratings that stand stay until the customers
/// are rated anew.
///
/// # Errors
/// When the model is not there, is not approved, changed since `version`, or the caller wrote it.
pub fn go_live(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    reason: &Note,
) -> Result<ModelRow, ModelError> {
    let live = lock_live::<ModelRow>(tx, &())?;
    let before = find(tx, id)?;
    let (by, now) = (&tx.caller().subject, tx.now());
    let step = version_rules::go_live(&before, version, live.as_ref(), by, now)?;
    versions::succeed(tx, &before, live.as_ref(), &step, reason)
}

/// Retires a model that is not live.
///
/// # Errors
/// When the model is not there, is live or retired already, or changed since `version`.
pub fn retire(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    reason: &Note,
) -> Result<ModelRow, ModelError> {
    let before = find(tx, id)?;
    let after = version_rules::retire(&before, version, tx.now())?;
    versions::save(tx, &before, &after, reason)
}

/// The report of a model's making and validation.
///
/// # Errors
/// When the model is not there, or was not fitted here.
pub fn report(db: &mut Db, id: RatingModelId) -> Result<Report, ModelError> {
    let row = store::find(db, id)?.ok_or(ModelError::Missing)?;
    let text = row.report.ok_or(ModelError::NoReport)?;
    Ok(read_document(&text)?)
}

fn find(tx: &mut Tx, id: RatingModelId) -> Result<ModelRow, ModelError> {
    store::find(tx, id)?.ok_or(ModelError::Missing)
}

fn new_row(tx: &Tx, number: i32, draft: &ModelDraft) -> Result<ModelRow, DbError> {
    let author = tx.caller().subject.clone();
    Ok(ModelRow {
        id: RatingModelId::new(),
        code: draft.code.clone(),
        model_version: number,
        name: draft.name.clone(),
        kind: draft.kind,
        status: ModelStatus::Draft,
        document: write_document(&draft.document)?,
        report: None,
        reason: draft.reason.to_string(),
        author: author.to_string(),
        drafters: Drafters::new(author),
        approver: None,
        created_at: tx.now(),
        shadow_at: None,
        approved_at: None,
        live_at: None,
        retired_at: None,
        version: 1,
    })
}

/// The plan of a fit, as somebody wrote it.
///
/// # Errors
/// Where it is not of its shape.
pub fn read_plan(document: &serde_json::Value) -> Result<super::model::FitPlan, Vec<Fault>> {
    faults::read(document).map_err(|fault| vec![fault])
}
