//! Procedures: written, replaced, made the default, assigned to accounts.

use super::DunningError;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::model::CreditAccount;
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::Nonsense;
use crate::collect::dunning::input::{AssignmentIn, ProcedureIn};
use crate::collect::dunning::model::{Document, Level, Procedure, ProcedureUsage};
use crate::collect::dunning::{letters, rules, store};
use crate::platform::db::{Change, Db, DbError, Tx, write_document};
use kernel::ids::{CreditAccountId, DunningProcedureId};

/// Writes a new procedure; it holds for the accounts that are then given it.
///
/// # Errors
/// When the name is taken, the levels don't fit together, or a template can't be used.
pub fn create_procedure(tx: &mut Tx, input: &ProcedureIn) -> Result<Procedure, DunningError> {
    check(&input.levels)?;
    let procedure = Procedure {
        id: DunningProcedureId::new(),
        name: input.name.clone(),
        usage: ProcedureUsage::Assigned,
        document: document(input)?,
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
    };
    store::insert_procedure(tx, &procedure).map_err(name_taken)?;
    tx.record(Change::new("dunning_procedure.created", procedure.id).after(&procedure))?;
    Ok(procedure)
}

/// Replaces what a procedure says, for runs from now on.
///
/// # Errors
/// As [`create_procedure`], and when the procedure is not there or changed since `version`.
pub fn replace_procedure(
    tx: &mut Tx,
    id: DunningProcedureId,
    version: i64,
    input: &ProcedureIn,
) -> Result<Procedure, DunningError> {
    let before = find(tx, id, version)?;
    check(&input.levels)?;
    let after = Procedure {
        name: input.name.clone(),
        document: document(input)?,
        ..before.clone()
    };
    let after = store::update_procedure_if_unchanged(tx, &after)
        .map_err(name_taken)?
        .ok_or(DunningError::Stale)?;
    tx.record(
        Change::new("dunning_procedure.replaced", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
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

/// Gives an account a procedure of its own, or with none the default again.
///
/// # Errors
/// When the account or procedure is not there, or the account changed since `version`.
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

fn document(input: &ProcedureIn) -> Result<String, DbError> {
    write_document(&Document {
        levels: input.levels.clone(),
    })
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
