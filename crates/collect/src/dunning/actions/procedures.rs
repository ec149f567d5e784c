//! Procedures: written, changed by version, made the default, assigned to accounts.

use super::DunningError;
use crate::book::entities::actions::{self as entities, EntityError};
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::entity_terms;
use crate::book::exposure::model::CreditAccount;
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::Nonsense;
use crate::collect::dunning::input::{AssignmentIn, ProcedureIn, ProcedureVersionIn};
use crate::collect::dunning::model::{
    BlockScope, Document, Level, Procedure, ProcedureUsage, ProcedureVersion, Schedule,
};
use crate::collect::dunning::{letters, rules, store};
use crate::platform::db::{Change, Db, DbError, Tx};
use crate::platform::versions::actions as versions;
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::{VersionTable as _, lock_live};
use kernel::ids::{CreditAccountId, DunningProcedureId};
use kernel::text::{Line, Note};

/// Writes a new procedure; it holds for the accounts that are then given it. Its first version is live at once, because
/// no account follows it yet. So it has no schedule: what goes out unattended was seen by two people.
///
/// # Errors
/// When it has a schedule, the name is taken, the levels don't fit together, or a template can't be used.
pub fn create_procedure(tx: &mut Tx, input: &ProcedureIn) -> Result<Procedure, DunningError> {
    if input.schedule.is_some() {
        return Err(DunningError::ScheduleAlone);
    }
    check(&input.levels)?;
    let procedure = Procedure {
        id: DunningProcedureId::new(),
        name: input.name.clone(),
        usage: ProcedureUsage::Assigned,
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
    };
    store::insert_procedure(tx, &procedure).map_err(name_taken)?;
    tx.record(Change::new("dunning_procedure.created", procedure.id).after(&procedure))?;
    let reason = input
        .reason
        .as_ref()
        .map_or("The procedure as it was created.", Note::as_str);
    let scope = input.block_scope.unwrap_or(BlockScope::Entity);
    let document = document(&input.levels, scope, None);
    versions::begin::<ProcedureVersion>(tx, procedure.id, &document, reason)?;
    Ok(procedure)
}

/// Gives a procedure another name.
///
/// # Errors
/// When the name is taken, or the procedure is not there or changed since `version`.
pub fn rename_procedure(
    tx: &mut Tx,
    id: DunningProcedureId,
    version: i64,
    name: &Line,
) -> Result<Procedure, DunningError> {
    let before = find(tx, id, version)?;
    let after = Procedure {
        name: name.clone(),
        ..before.clone()
    };
    let after = store::update_procedure_if_unchanged(tx, &after)
        .map_err(name_taken)?
        .ok_or(DunningError::Stale)?;
    tx.record(
        Change::new("dunning_procedure.renamed", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Drafts the next version of a procedure.
///
/// # Errors
/// When there is no such procedure, the levels don't fit together, or a template can't be used.
pub fn draft_procedure_version(
    tx: &mut Tx,
    id: DunningProcedureId,
    input: &ProcedureVersionIn,
) -> Result<ProcedureVersion, DunningError> {
    store::find_procedure(tx, id)?.ok_or(DunningError::Missing("dunning procedure"))?;
    check(&input.levels)?;
    let document = next_document(tx, id, input)?;
    Ok(versions::draft(tx, id, &document, &input.reason)?)
}

/// Says anew what a draft says. Whoever does so has written it too, and can't set it live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, the levels don't fit together, or a
/// template can't be used.
pub fn change_procedure_version(
    tx: &mut Tx,
    id: DunningProcedureId,
    number: i32,
    read: i64,
    input: &ProcedureVersionIn,
) -> Result<ProcedureVersion, DunningError> {
    let before = find_version(tx, id, number)?;
    let changed = version_rules::change(&before, read, &tx.caller().subject)?;
    check(&input.levels)?;
    let document = next_document(tx, id, input)?;
    versions::rewrite(tx, &before, changed, &document, &input.reason)
}

/// Sets a draft live at once, for runs that are previewed from now on, and retires the version that was live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, or the caller wrote it.
pub fn approve_procedure_version(
    tx: &mut Tx,
    id: DunningProcedureId,
    number: i32,
    read: i64,
    reason: &Note,
) -> Result<ProcedureVersion, DunningError> {
    let live = lock_live::<ProcedureVersion>(tx, &id)?;
    let before = find_version(tx, id, number)?;
    let approved = versions::approve::<_, DunningError>(tx, &before, read, live.as_ref(), reason)?;
    // The procedure says something else: whoever read it before has read another one.
    let procedure =
        store::find_procedure(tx, id)?.ok_or(DunningError::Missing("dunning procedure"))?;
    store::update_procedure_if_unchanged(tx, &procedure)?.ok_or(DunningError::Stale)?;
    Ok(approved)
}

/// Makes a procedure the one that holds for every account that names no other.
///
/// # Errors
/// When the procedure is not there or changed since `version`.
pub fn make_default(
    tx: &mut Tx,
    id: DunningProcedureId,
    version: i64,
) -> Result<Procedure, DunningError> {
    let before = find(tx, id, version)?;
    let others = store::list_all_procedures(tx)?;
    for other in others {
        if other.usage == ProcedureUsage::Default && other.id != id {
            use_for(tx, &other, ProcedureUsage::Assigned)?;
        }
    }
    use_for(tx, &before, ProcedureUsage::Default)
}

/// Gives an account a procedure of its own, or with none the default again; or what it owes one company alone.
///
/// # Errors
/// When the account, company or procedure is not there, or the account changed since `version`.
pub fn assign(
    tx: &mut Tx,
    account: CreditAccountId,
    version: i64,
    input: &AssignmentIn,
) -> Result<CreditAccount, DunningError> {
    if let Some(id) = input.dunning_procedure_id {
        store::find_procedure(tx, id)?.ok_or(DunningError::Unknown {
            pointer: "/dunning_procedure_id",
            thing: "dunning procedure",
        })?;
    }
    if let Some(entity) = &input.legal_entity {
        let entity = entities::find(tx, Some(entity)).map_err(|error| match error {
            EntityError::Db(error) => DunningError::from(error),
            _ => DunningError::Unknown {
                pointer: "/legal_entity",
                thing: "legal entity",
            },
        })?;
        let procedure = input.dunning_procedure_id;
        return Ok(entity_terms::assign_procedure(
            tx,
            account,
            entity,
            version,
            procedure,
            &input.reason,
        )?);
    }
    let apply =
        |account: &mut CreditAccount| account.dunning_procedure_id = input.dunning_procedure_id;
    Ok(exposure::change(
        tx,
        account,
        version,
        apply,
        &input.reason,
    )?)
}

fn find(tx: &mut Tx, id: DunningProcedureId, version: i64) -> Result<Procedure, DunningError> {
    let found = store::find_procedure(tx, id)?.ok_or(DunningError::Missing("dunning procedure"))?;
    if found.version != version {
        return Err(DunningError::Stale);
    }
    Ok(found)
}

fn use_for(
    tx: &mut Tx,
    before: &Procedure,
    usage: ProcedureUsage,
) -> Result<Procedure, DunningError> {
    let after = Procedure {
        usage,
        ..before.clone()
    };
    let after = store::update_procedure_if_unchanged(tx, &after)?.ok_or(DunningError::Stale)?;
    tx.record(
        Change::new("dunning_procedure.usage_changed", before.id)
            .before(before)
            .after(&after),
    )?;
    Ok(after)
}

fn find_version(
    tx: &mut Tx,
    id: DunningProcedureId,
    number: i32,
) -> Result<ProcedureVersion, DunningError> {
    store::find_procedure_version(tx, id, number)?
        .ok_or(DunningError::Missing("dunning procedure version"))
}

fn document(levels: &[Level], block_scope: BlockScope, schedule: Option<Schedule>) -> Document {
    Document {
        levels: levels.to_vec(),
        block_scope,
        schedule,
    }
}

/// What the next version of a procedure says: of what it blocks and when it runs, what the live one says unless it is
/// told.
fn next_document(
    tx: &mut Tx,
    id: DunningProcedureId,
    input: &ProcedureVersionIn,
) -> Result<Document, DunningError> {
    let live = match ProcedureVersion::find_live(tx, &id)? {
        Some(live) => Some(live.says()?),
        None => None,
    };
    let of_live = live.as_ref().map(|live| live.block_scope);
    let scope = input.block_scope.or(of_live).unwrap_or(BlockScope::Entity);
    let schedule = input.schedule.clone();
    let schedule = schedule.or_else(|| live.and_then(|live| live.schedule));
    Ok(document(&input.levels, scope, schedule))
}

fn name_taken(error: DbError) -> DunningError {
    if error.is_duplicate_of("dunning_procedures", &["name"]) {
        DunningError::NameTaken
    } else {
        error.into()
    }
}

/// Refuses levels that don't climb, and templates that could fail for some customer.
fn check(levels: &[Level]) -> Result<(), DunningError> {
    let misfits = rules::misfits(levels);
    if !misfits.is_empty() {
        return Err(DunningError::Misfits(misfits));
    }
    let mut wrong = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        for (language, wording) in [("en", &level.texts.en), ("zh-CN", &level.texts.zh_cn)] {
            let place = format!("/levels/{index}/texts/{language}");
            if let Err(error) = letters::check_subject(wording.subject.as_str()) {
                wrong.push((format!("{place}/subject"), error));
            }
            if let Err(error) = letters::check_body(wording.body.as_str()) {
                wrong.push((format!("{place}/body"), error));
            }
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(DunningError::Templates(wrong))
    }
}

/// The rows of a policy that name a procedure which is not there.
///
/// # Errors
/// When the database fails.
pub fn find_unknown(db: &mut Db, policy: &PolicyDocument) -> Result<Vec<Nonsense>, DbError> {
    if policy.dunning_procedures().next().is_none() {
        return Ok(Vec::new());
    }
    let there = store::list_all_procedures(db)?;
    let there: Vec<_> = there.iter().map(|procedure| procedure.id).collect();
    Ok(rules::unknown_procedures(policy, &there))
}
