//! A run before it is issued: previewed, approved, cancelled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::DunningError;
use crate::book::entities::model::LegalEntity;
use crate::book::entities::store as entities;
use crate::book::exposure::model::{BalanceKey, EntityTerms};
use crate::book::exposure::store::balances;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::collect::dunning::letters::{Letter, Rendered};
use crate::collect::dunning::model::{
    BlockScope, Blocks, LeftOut, Level, Notice, NoticeItem, NoticeStatus, OpenInvoice, Procedure,
    ProcedureUsage, Run, RunProcedure, RunStatus,
};
use crate::collect::dunning::rules::{Cover, Proposal};
use crate::collect::dunning::store::{Debtor, Which};
use crate::collect::dunning::{letters, rules, store};
use crate::platform::db::{Change, Db, DbError, Tx, write_document};
use crate::rating::ratings::actions as ratings;
use kernel::ids::{
    CreditAccountId, CustomerId, DunningNoticeId, DunningProcedureId, DunningProcedureVersionId,
    DunningRunId, LegalEntityId, MAIN_ENTITY,
};
use kernel::text::Line;

/// All that a run decides on, read in a handful of queries whatever the size of the book.
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
    /// What each procedure says.
    pub procedures: Vec<RunProcedure>,
}

/// What a procedure says now.
struct Ladder {
    version: DunningProcedureVersionId,
    levels: Vec<Level>,
    block_scope: BlockScope,
}

impl Book {
    pub fn read(
        db: &mut Db,
        which: Which,
        today: NaiveDate,
        as_of: NaiveDate,
    ) -> Result<Book, DbError> {
        let invoices = store::list_invoices(db, which)?;
        let customers: BTreeSet<CustomerId> =
            invoices.iter().map(|invoice| invoice.customer_id).collect();
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let debtors: BTreeMap<CustomerId, Debtor> = store::list_debtors(db, &customers)?
            .into_iter()
            .map(|debtor| (debtor.0.id, debtor))
            .collect();
        let mut blocks = store::list_active_blocks(db, today)?;
        blocks.by_law = debtors
            .iter()
            .filter_map(|(id, (customer, _))| Some((*id, rules::by_law(customer.legal_status)?)))
            .collect();
        let accounts = || debtors.values().map(|(_, account)| account);
        let cover = Cover::spread(&invoices, &blocks, unapplied(db, &debtors)?, as_of);
        let terms = balances::list_terms(db, accounts())?.into_iter();
        let terms = terms.map(|terms| ((terms.account_id, terms.legal_entity_id), terms));
        let terms = terms.collect();
        let entities = entities::list_all(db)?.into_iter();
        let entities = entities.map(|entity| (entity.id, entity)).collect();
        let policy = policies::live(db)?;
        let grades = if policy.document.dunning_procedures().next().is_some() {
            ratings::current(db, &customers)?
                .into_iter()
                .map(|(customer, rating)| (customer, rating.grade))
                .collect()
        } else {
            BTreeMap::new()
        };
        let procedures = store::list_all_procedures(db)?;
        let (ladders, told) = ladders(db, &procedures)?;
        let mut procedures = procedures.into_iter();
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
            ladders,
            default: default.map(|procedure| procedure.id),
            procedures: told,
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
    fn ladder_for(&self, customer: CustomerId, entity: LegalEntityId) -> Option<&Ladder> {
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

/// What each procedure says now, and its name and version, by name.
fn ladders(
    db: &mut Db,
    procedures: &[Procedure],
) -> Result<(BTreeMap<DunningProcedureId, Ladder>, Vec<RunProcedure>), DbError> {
    let names: BTreeMap<DunningProcedureId, &Line> = procedures
        .iter()
        .map(|procedure| (procedure.id, &procedure.name))
        .collect();
    let (mut ladders, mut told) = (BTreeMap::new(), Vec::new());
    for live in store::list_live_procedure_versions(db)? {
        let (procedure, says) = (live.dunning_procedure_id, live.says()?);
        let ladder = Ladder {
            version: live.id,
            levels: says.levels,
            block_scope: says.block_scope,
        };
        ladders.insert(procedure, ladder);
        told.extend(names.get(&procedure).map(|name| RunProcedure {
            dunning_procedure_id: procedure,
            name: (*name).clone(),
            procedure_version: live.procedure_version,
        }));
    }
    told.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((ladders, told))
}

/// Works out what dunning would do, and keeps it as a run with its notices, rendered as they would go out. A letter that
/// can't be written costs that one notice.
///
/// # Errors
/// When the day is in the future.
pub fn preview(tx: &mut Tx, as_of: Option<NaiveDate>) -> Result<Run, DunningError> {
    let today = tx.today();
    let as_of = as_of.unwrap_or(today);
    if as_of > today {
        return Err(DunningError::InFuture(as_of));
    }
    let book = Book::read(tx, Which::OverdueOn(as_of), today, as_of)?;
    let mut plan = rules::plan(
        &book.invoices,
        &book.blocks,
        &book.cover,
        |customer, entity| book.levels_for(customer, entity),
        as_of,
    );
    let id = DunningRunId::new();
    let (mut notices, mut items) = (Vec::new(), Vec::new());
    for proposal in &plan.proposals {
        let Some(notice) = draft(tx, &book, (id, as_of), proposal)? else {
            let count = i64::try_from(proposal.invoices.len()).unwrap_or(i64::MAX);
            *plan.skipped.entry(LeftOut::LetterFailed).or_default() += count;
            continue;
        };
        items.extend(proposal.invoices.iter().map(|invoice| NoticeItem {
            notice_id: notice.id,
            item_id: invoice.id,
            invoice_id: invoice.invoice_id,
            level: notice.level,
            days_past_due: rules::days_past_due(invoice.due_date, as_of),
            open_minor: invoice.open_minor,
            dropped_reason: None,
        }));
        notices.push(notice);
    }
    let run = Run {
        id,
        as_of,
        status: RunStatus::Previewed,
        skipped: write_document(&plan.skipped)?,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        approved_by: None,
        approved_at: None,
        issued_by: None,
        issued_at: None,
        version: 1,
        procedures: write_document(&book.procedures)?,
    };
    store::insert_run(tx, &run)?;
    store::insert_notices(tx, &notices)?;
    store::insert_items(tx, &items)?;
    tx.record(Change::new("dunning_run.previewed", run.id).after(&run))?;
    Ok(run)
}

/// A notice of a run; none when its letter can't be written.
fn draft(
    tx: &Tx,
    book: &Book,
    (run, as_of): (DunningRunId, NaiveDate),
    proposal: &Proposal,
) -> Result<Option<Notice>, DunningError> {
    let (customer, account) = book.debtor(proposal.customer_id)?;
    let rendered = write_letter(&Letter {
        customer,
        entity: book.letterhead(proposal.legal_entity_id),
        level: proposal.level,
        as_of,
        currency: proposal.currency,
        invoices: proposal.invoices.clone(),
        unapplied_minor: proposal.unapplied_minor,
    });
    let ladder = book.ladder_for(customer.id, proposal.legal_entity_id);
    Ok(rendered.map(|rendered| Notice {
        id: DunningNoticeId::new(),
        run_id: run,
        customer_id: customer.id,
        account_id: account.id,
        level: proposal.level.level,
        channel: proposal.level.channel,
        effect: proposal.level.effect,
        language: customer.language,
        status: NoticeStatus::Previewed,
        currency: proposal.currency,
        total_minor: proposal.total_minor(),
        unapplied_minor: proposal.unapplied_minor,
        subject: rendered.subject,
        body_text: rendered.text,
        body_html: rendered.html,
        issued_on: None,
        suppressed_reason: None,
        created_at: tx.now(),
        version: 1,
        procedure_version_id: ladder.map(|ladder| ladder.version),
        legal_entity_id: proposal.legal_entity_id,
        block_scope: ladder.map_or(BlockScope::Account, |ladder| ladder.block_scope),
    }))
}

/// The letter, and none when its wording can't be filled in: that one customer is not written to then, and the log says
/// why. Wordings are tried when they are saved, so this is for those that were saved before they were.
pub(super) fn write_letter(letter: &Letter) -> Option<Rendered> {
    letters::render(letter)
        .inspect_err(|error| {
            tracing::warn!(
                customer = %letter.customer.id,
                level = letter.level.level,
                %error,
                "a dunning letter could not be written"
            );
        })
        .ok()
}

/// Approves a run for issue: by another person than its author.
///
/// # Errors
/// When the run is not there, not previewed, changed since `version`, or the caller made it.
pub fn approve(tx: &mut Tx, id: DunningRunId, version: i64) -> Result<Run, DunningError> {
    let before = find(tx, id)?;
    if before.status != RunStatus::Previewed {
        return Err(DunningError::RunIs(before.status));
    }
    if before.created_by == tx.caller().subject {
        return Err(DunningError::Author(before.created_by));
    }
    let after = Run {
        status: RunStatus::Approved,
        approved_by: Some(tx.caller().subject.clone()),
        approved_at: Some(tx.now()),
        ..before.clone()
    };
    let run = write(tx, &before, &after, version)?;
    tx.record(
        Change::new("dunning_run.approved", id)
            .before(&before)
            .after(&run),
    )?;
    Ok(run)
}

/// Gives a run up before it is issued.
///
/// # Errors
/// When the run is not there, issued or cancelled already, or changed since `version`.
pub fn cancel(
    tx: &mut Tx,
    id: DunningRunId,
    version: i64,
    reason: &str,
) -> Result<Run, DunningError> {
    let before = find(tx, id)?;
    if !matches!(before.status, RunStatus::Previewed | RunStatus::Approved) {
        return Err(DunningError::RunIs(before.status));
    }
    let after = Run {
        status: RunStatus::Cancelled,
        ..before.clone()
    };
    let run = write(tx, &before, &after, version)?;
    store::set_status_of_notices(tx, id, NoticeStatus::Cancelled)?;
    tx.record(
        Change::new("dunning_run.cancelled", id)
            .before(&before)
            .after(&run)
            .because(reason),
    )?;
    Ok(run)
}

pub(super) fn find(tx: &mut Tx, id: DunningRunId) -> Result<Run, DunningError> {
    store::find_run(tx, id)?.ok_or(DunningError::Missing("dunning run"))
}

/// Writes the run's next status, when nobody changed it since the caller read it.
pub(super) fn write(
    tx: &mut Tx,
    before: &Run,
    after: &Run,
    version: i64,
) -> Result<Run, DunningError> {
    if before.version != version {
        return Err(DunningError::Stale);
    }
    store::update_run_if_unchanged(tx, after)?.ok_or(DunningError::Stale)
}
