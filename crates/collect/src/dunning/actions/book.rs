//! What a run reads of some customers: what they owe, what stands in the way, and what their procedures say.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::DunningError;
use crate::book::customers::model::Customer;
use crate::book::entities::model::LegalEntity;
use crate::book::entities::store as entities;
use crate::book::exposure::model::{BalanceKey, EntityTerms};
use crate::book::exposure::store::balances;
use crate::book::imports::store as feeds;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::collect::dunning::model::{
    BlockScope, Blocks, Level, NoticeItem, OpenInvoice, ProcedureUsage, ProcedureVersion, Run,
    RunProcedure, RunScope, Schedule,
};
use crate::collect::dunning::rules::Cover;
use crate::collect::dunning::store::Debtor;
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Db, DbError, read_document};
use crate::rating::ratings::actions as ratings;
use kernel::ids::{
    CreditAccountId, CustomerId, DunningProcedureId, DunningProcedureVersionId, ItemId,
    LegalEntityId, MAIN_ENTITY,
};
use kernel::text::Line;

/// All that a run decides on for some customers, read in a handful of queries however many they are.
pub(super) struct Book {
    pub invoices: Vec<OpenInvoice>,
    pub blocks: Blocks,
    pub cover: Cover,
    /// The companies that are owed.
    entities: BTreeMap<LegalEntityId, LegalEntity>,
    /// What these have agreed with debtors for themselves.
    terms: BTreeMap<(CreditAccountId, LegalEntityId), EntityTerms>,
    debtors: BTreeMap<CustomerId, Debtor>,
    grades: BTreeMap<CustomerId, String>,
    policy: Arc<Policy>,
    ladders: BTreeMap<DunningProcedureId, Ladder>,
    default: Option<DunningProcedureId>,
    /// Up to which day the payments to each company are known; read for scheduled runs.
    pub known_to: BTreeMap<LegalEntityId, NaiveDate>,
}

/// What a procedure says.
pub(super) struct Ladder {
    pub version: DunningProcedureVersionId,
    pub levels: Vec<Level>,
    pub block_scope: BlockScope,
    pub schedule: Option<Schedule>,
}

impl Book {
    /// Reads what of these customers is overdue on the run's day, and what else is on its notices.
    pub fn read(
        db: &mut Db,
        run: &Run,
        customers: &[CustomerId],
        lines: &[NoticeItem],
        today: NaiveDate,
    ) -> Result<Book, DbError> {
        let also: Vec<ItemId> = lines.iter().map(|line| line.item_id).collect();
        let invoices = store::list_invoices(db, customers, run.as_of, &also)?;
        let debtors: BTreeMap<CustomerId, Debtor> = store::list_debtors(db, customers)?
            .into_iter()
            .map(|debtor| (debtor.0.id, debtor))
            .collect();
        let known = debtors.values().map(|(customer, _)| customer);
        let mut blocks = blocks_of(db, customers, known, today)?;
        blocks.decided = lines
            .iter()
            .filter_map(|line| Some((line.item_id, line.decision?)))
            .collect();
        let accounts = || debtors.values().map(|(_, account)| account);
        let cover = Cover::spread(&invoices, &blocks, unapplied(db, &debtors)?, run.as_of);
        let terms = balances::list_terms(db, accounts())?.into_iter();
        let terms = terms.map(|terms| ((terms.account_id, terms.legal_entity_id), terms));
        let terms = terms.collect();
        let entities = entities::list_all(db)?.into_iter();
        let entities = entities.map(|entity| (entity.id, entity)).collect();
        let policy = policies::live(db)?;
        let grades = if policy.document.dunning_procedures().next().is_some() {
            ratings::current(db, customers)?
                .into_iter()
                .map(|(customer, rating)| (customer, rating.grade))
                .collect()
        } else {
            BTreeMap::new()
        };
        let mut procedures = store::list_all_procedures(db)?.into_iter();
        let default = procedures.find(|procedure| procedure.usage == ProcedureUsage::Default);
        Ok(Book {
            invoices,
            blocks,
            cover,
            entities,
            terms,
            grades,
            policy,
            debtors,
            ladders: ladders(db, run)?,
            default: default.map(|procedure| procedure.id),
            known_to: known_to(db, run.scope, today)?,
        })
    }

    pub fn debtor(&self, customer: CustomerId) -> Result<&Debtor, DunningError> {
        self.debtors
            .get(&customer)
            .ok_or(DunningError::Incomplete("account"))
    }

    /// The company under whose letterhead a letter goes out; none before the first was given a name of its own.
    pub fn letterhead(&self, entity: LegalEntityId) -> Option<&LegalEntity> {
        let named = |entity: &&LegalEntity| entity.id != MAIN_ENTITY || entity.version > 1;
        self.entities.get(&entity).filter(named)
    }

    /// The levels of the procedure that holds for what a customer owes a company.
    pub fn levels_for(&self, customer: CustomerId, entity: LegalEntityId) -> &[Level] {
        self.ladder_for(customer, entity)
            .map_or(&[], |ladder| ladder.levels.as_slice())
    }

    /// The procedure that holds for what a customer owes a company: that company's own for it, else the account's own,
    /// else that which the policy names for the customer's grade in its credit segment, else the default.
    pub fn ladder_for(&self, customer: CustomerId, entity: LegalEntityId) -> Option<&Ladder> {
        let account = self.debtors.get(&customer).map(|(_, account)| account);
        let of_entity = account
            .and_then(|account| self.terms.get(&(account.id, entity)))
            .and_then(|terms| terms.dunning_procedure_id);
        let own = account.and_then(|account| account.dunning_procedure_id);
        let of_grade = || {
            let grade = self.grades.get(&customer)?;
            let segment = account.and_then(|account| account.segment.as_ref());
            let terms = self
                .policy
                .document
                .terms_of(grade, segment.map(Line::as_str));
            terms?.dunning_procedure_id
        };
        let ladder = |procedure: DunningProcedureId| self.ladders.get(&procedure);
        of_entity
            .or(own)
            .or_else(of_grade)
            .and_then(ladder)
            .or_else(|| self.default.and_then(ladder))
    }
}

/// What stands in the way of dunning some customers on a day, whatever a run says: blocks, the law, and who pursues them.
pub(super) fn blocks_of<'a>(
    db: &mut Db,
    customers: &[CustomerId],
    known: impl IntoIterator<Item = &'a Customer>,
    today: NaiveDate,
) -> Result<Blocks, DbError> {
    let mut blocks = store::list_active_blocks(db, customers, today)?;
    blocks.by_law = known
        .into_iter()
        .filter_map(|customer| Some((customer.id, rules::by_law(customer.legal_status)?)))
        .collect();
    blocks.escalated = store::list_escalated(db, customers)?
        .into_iter()
        .map(|(customer, entity, currency)| (customer, BalanceKey::new(entity, currency)))
        .collect();
    Ok(blocks)
}

/// Up to which day the payments to each company are known: by the bank statements of all its open accounts, or by the
/// ledger that is kept elsewhere. An account without a statement tells nothing, and no one knows what lies in the future.
fn known_to(
    db: &mut Db,
    scope: RunScope,
    today: NaiveDate,
) -> Result<BTreeMap<LegalEntityId, NaiveDate>, DbError> {
    if scope == RunScope::All {
        return Ok(BTreeMap::new());
    }
    let mut by_bank: BTreeMap<LegalEntityId, Option<NaiveDate>> = BTreeMap::new();
    for (entity, day) in store::list_statement_days(db, today)? {
        let of_entity = by_bank.entry(entity).or_insert(day);
        // None comes before any day.
        *of_entity = day.min(*of_entity);
    }
    let told = by_bank.into_iter();
    let mut known: BTreeMap<LegalEntityId, NaiveDate> = told
        .filter_map(|(entity, day)| Some((entity, day?)))
        .collect();
    let ledgers = feeds::list_ledger_days(db)?.into_iter();
    for (entity, day) in ledgers.filter(|(_, day)| *day <= today) {
        let of_entity = known.entry(entity).or_insert(day);
        *of_entity = day.max(*of_entity);
    }
    Ok(known)
}

/// What money of each debtor is not applied, by company and currency.
fn unapplied(
    db: &mut Db,
    debtors: &BTreeMap<CustomerId, Debtor>,
) -> Result<impl Fn(CustomerId, BalanceKey) -> i64, DbError> {
    let others = balances::list(db, debtors.values().map(|(_, account)| account))?;
    let mut all: BTreeMap<(CustomerId, BalanceKey), i64> = BTreeMap::new();
    let mut customers: BTreeMap<CreditAccountId, CustomerId> = BTreeMap::new();
    for (customer, account) in debtors.values() {
        customers.insert(account.id, customer.id);
        all.insert((customer.id, account.home()), account.unapplied_minor);
    }
    for balance in others {
        if let Some(customer) = customers.get(&balance.account_id) {
            all.insert((*customer, balance.key()), balance.unapplied_minor);
        }
    }
    Ok(move |customer, key| all.get(&(customer, key)).copied().unwrap_or_default())
}

/// What each procedure said when the run was begun; what it says now for runs that are older than versions.
fn ladders(db: &mut Db, run: &Run) -> Result<BTreeMap<DunningProcedureId, Ladder>, DbError> {
    let followed: Vec<RunProcedure> = read_document(&run.procedures)?;
    let versions = if followed.is_empty() {
        store::list_live_procedure_versions(db)?
    } else {
        let ids: Vec<DunningProcedureId> = followed
            .iter()
            .map(|procedure| procedure.dunning_procedure_id)
            .collect();
        let is_followed = |version: &ProcedureVersion| {
            followed.iter().any(|one| {
                one.dunning_procedure_id == version.dunning_procedure_id
                    && one.procedure_version == version.procedure_version
            })
        };
        let mut versions = store::list_versions_of(db, &ids)?;
        versions.retain(is_followed);
        versions
    };
    let mut ladders = BTreeMap::new();
    for version in versions {
        let says = version.says()?;
        let ladder = Ladder {
            version: version.id,
            levels: says.levels,
            block_scope: says.block_scope,
            schedule: rules::approved_schedule(&version, says.schedule),
        };
        ladders.insert(version.dunning_procedure_id, ladder);
    }
    Ok(ladders)
}

/// Which version of each procedure is live, by name.
pub(super) fn live_procedures(db: &mut Db) -> Result<Vec<RunProcedure>, DbError> {
    let procedures = store::list_all_procedures(db)?;
    let names: BTreeMap<DunningProcedureId, &Line> = procedures
        .iter()
        .map(|procedure| (procedure.id, &procedure.name))
        .collect();
    let mut told: Vec<RunProcedure> = store::list_live_procedure_versions(db)?
        .into_iter()
        .filter_map(|live| {
            Some(RunProcedure {
                dunning_procedure_id: live.dunning_procedure_id,
                name: (*names.get(&live.dunning_procedure_id)?).clone(),
                procedure_version: live.procedure_version,
            })
        })
        .collect();
    told.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(told)
}
