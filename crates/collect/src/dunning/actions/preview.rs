//! A run before it is issued: previewed slice by slice, approved, cancelled.
//!
//! A slice is some customers with their lines, and one unit of work: what it proposes and how far the run is are written
//! together. So a run that was cut off goes on behind the last customer that is done, and nobody is proposed twice.

use chrono::NaiveDate;

use super::DunningError;
use super::book::{Book, live_procedures};
use super::work::{self, CUSTOMERS_AT_ONCE, LINES_AT_ONCE};
use crate::collect::dunning::letters::{Letter, Rendered};
use crate::collect::dunning::model::{
    BlockScope, LeftOut, Notice, NoticeItem, NoticeStatus, Run, RunScope, RunStatus, Skipped,
};
use crate::collect::dunning::rules::{Plan, Proposal};
use crate::collect::dunning::{letters, rules, store};
use crate::platform::db::{Change, Tx, read_document, write_document};
use kernel::ids::{CustomerId, DunningNoticeId, DunningRunId};

/// Begins a run: a small one is previewed at once, a larger one by a job.
///
/// # Errors
/// When the day is in the future.
pub fn begin(tx: &mut Tx, as_of: Option<NaiveDate>) -> Result<Run, DunningError> {
    let mut run = open(tx, as_of, RunScope::All)?;
    if run.progress_total <= work::AT_ONCE_MAX {
        return finish_here(tx, run);
    }
    run.job_id = Some(work::queue(
        tx,
        work::PREVIEW_KIND,
        &run,
        run.progress_total,
    )?);
    store::insert_run(tx, &run)?;
    tx.record(Change::new("dunning_run.begun", run.id).after(&run))?;
    Ok(run)
}

/// Works out what dunning would do, and keeps it as a run with its notices, rendered as they would go out: all in this
/// unit of work, however much it is.
///
/// # Errors
/// When the day is in the future.
pub fn preview(tx: &mut Tx, as_of: Option<NaiveDate>) -> Result<Run, DunningError> {
    let run = open(tx, as_of, RunScope::All)?;
    finish_here(tx, run)
}

fn finish_here(tx: &mut Tx, run: Run) -> Result<Run, DunningError> {
    store::insert_run(tx, &run)?;
    let mut run = run;
    while run.status == RunStatus::Previewing {
        run = preview_slice(tx, run.id)?;
    }
    Ok(run)
}

/// A run that has looked at nobody yet.
pub(super) fn open(
    tx: &mut Tx,
    as_of: Option<NaiveDate>,
    scope: RunScope,
) -> Result<Run, DunningError> {
    let today = tx.today();
    let as_of = as_of.unwrap_or(today);
    if as_of > today {
        return Err(DunningError::InFuture(as_of));
    }
    Ok(Run {
        id: DunningRunId::new(),
        as_of,
        status: RunStatus::Previewing,
        skipped: write_document(&Skipped::new())?,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        approved_by: None,
        approved_at: None,
        issued_by: None,
        issued_at: None,
        version: 1,
        procedures: write_document(&live_procedures(tx)?)?,
        job_id: None,
        done_to: None,
        progress_done: 0,
        progress_total: store::count_overdue(tx, as_of)?,
        notices: 0,
        lines: 0,
        scope,
    })
}

/// Previews the next customers of a run, and ends the preview when there are none. A run that is no longer previewed is
/// left as it is.
///
/// # Errors
/// When the database fails.
pub fn preview_slice(tx: &mut Tx, id: DunningRunId) -> Result<Run, DunningError> {
    tx.plan_anew()?;
    let run = lock(tx, id)?;
    if run.status != RunStatus::Previewing {
        return Ok(run);
    }
    let mut next = store::list_overdue_customers(tx, run.as_of, run.done_to, CUSTOMERS_AT_ONCE)?;
    next.truncate(rules::slice(&next, LINES_AT_ONCE));
    let Some((last, _)) = next.last() else {
        return end_preview(tx, &run);
    };
    let last = *last;
    let lines = next.iter().map(|(_, lines)| *lines).sum::<i64>();
    let customers: Vec<CustomerId> = next.into_iter().map(|(customer, _)| customer).collect();
    let mut run = Run {
        done_to: Some(last),
        progress_done: run.progress_done.saturating_add(lines),
        ..run
    };
    run.progress_total = run.progress_total.max(run.progress_done);
    propose(tx, &mut run, &customers)?;
    store::write_progress(tx, &run)?;
    // The run itself is recorded when it is previewed.
    tx.is_its_own_record();
    Ok(run)
}

/// Writes the notices of some customers.
fn propose(tx: &mut Tx, run: &mut Run, customers: &[CustomerId]) -> Result<(), DunningError> {
    let today = tx.today();
    let book = Book::read(tx, run, customers, &[], today)?;
    let Plan {
        proposals,
        skipped: newly,
    } = rules::plan(
        &book.invoices,
        &book.blocks,
        &book.cover,
        |customer, entity| book.levels_for(customer, entity),
        run.as_of,
    );
    let mut skipped: Skipped = read_document(&run.skipped)?;
    for (reason, count) in newly {
        *skipped.entry(reason).or_default() += count;
    }
    let (mut notices, mut items) = (Vec::new(), Vec::new());
    for proposal in &proposals {
        if let Some(reason) = out_of_scope(&book, run, proposal, today) {
            let count = i64::try_from(proposal.invoices.len()).unwrap_or(i64::MAX);
            *skipped.entry(reason).or_default() += count;
            continue;
        }
        let Some(notice) = draft(tx, &book, run, proposal)? else {
            let count = i64::try_from(proposal.invoices.len()).unwrap_or(i64::MAX);
            *skipped.entry(LeftOut::LetterFailed).or_default() += count;
            continue;
        };
        items.extend(proposal.invoices.iter().map(|invoice| NoticeItem {
            notice_id: notice.id,
            item_id: invoice.id,
            invoice_id: invoice.invoice_id,
            level: notice.level,
            days_past_due: rules::days_past_due(invoice.due_date, run.as_of),
            open_minor: invoice.open_minor,
            dropped_reason: None,
            decision: None,
            decision_reason: None,
            decided_by: None,
            dunning_block_id: None,
        }));
        notices.push(notice);
    }
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    run.notices = run.notices.saturating_add(count(notices.len()));
    run.lines = run.lines.saturating_add(count(items.len()));
    run.skipped = write_document(&skipped)?;
    store::insert_notices(tx, &notices)?;
    store::insert_items(tx, &items)?;
    Ok(())
}

/// Why a scheduled run leaves a notice to another run of the day, or to another day.
fn out_of_scope(book: &Book, run: &Run, proposal: &Proposal, today: NaiveDate) -> Option<LeftOut> {
    let ladder = book.ladder_for(proposal.customer_id, proposal.legal_entity_id);
    let schedule = ladder.and_then(|ladder| ladder.schedule.as_ref());
    let known_to = book.known_to.get(&proposal.legal_entity_id).copied();
    let alone = rules::goes_alone(proposal.level, schedule, known_to, today);
    rules::out_of_scope(run.scope, alone)
}

fn end_preview(tx: &mut Tx, run: &Run) -> Result<Run, DunningError> {
    // A schedule leaves no empty runs behind that somebody would have to approve.
    let is_idle = run.scope != RunScope::All && run.notices == 0;
    let (status, action) = if is_idle {
        (RunStatus::Cancelled, "dunning_run.cancelled")
    } else {
        (RunStatus::Previewed, "dunning_run.previewed")
    };
    let after = Run {
        status,
        done_to: None,
        progress_total: run.progress_done,
        ..run.clone()
    };
    let after = write(tx, run, &after, run.version)?;
    let change = Change::new(action, after.id).after(&after);
    tx.record(if is_idle {
        change.because("Nothing was due.")
    } else {
        change
    })?;
    Ok(after)
}

/// A notice of a run; none when its letter can't be written.
fn draft(
    tx: &Tx,
    book: &Book,
    run: &Run,
    proposal: &Proposal,
) -> Result<Option<Notice>, DunningError> {
    let (customer, account) = book.debtor(proposal.customer_id)?;
    let id = DunningNoticeId::new();
    let reference = rules::payment_reference(&customer.number, id);
    let rendered = write_letter(&Letter {
        customer,
        entity: book.letterhead(proposal.legal_entity_id),
        level: proposal.level,
        as_of: run.as_of,
        currency: proposal.currency,
        invoices: proposal.invoices.clone(),
        unapplied_minor: proposal.unapplied_minor,
        payment_reference: Some(&reference),
    });
    let ladder = book.ladder_for(customer.id, proposal.legal_entity_id);
    Ok(rendered.map(|rendered| Notice {
        id,
        run_id: run.id,
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
        payment_reference: Some(reference.clone()),
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
    let before = lock(tx, id)?;
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
    let before = lock(tx, id)?;
    if !before.status.allowed().contains(&"cancel") {
        return Err(DunningError::RunIs(before.status));
    }
    let after = Run {
        status: RunStatus::Cancelled,
        ..before.clone()
    };
    let run = write(tx, &before, &after, version)?;
    store::cancel_notices(tx, id)?;
    tx.record(
        Change::new("dunning_run.cancelled", id)
            .before(&before)
            .after(&run)
            .because(reason),
    )?;
    Ok(run)
}

/// The run, which stays as it is until the unit of work ends: no slice of it is worked on meanwhile.
pub(super) fn lock(tx: &mut Tx, id: DunningRunId) -> Result<Run, DunningError> {
    store::lock_run(tx, id)?.ok_or(DunningError::Missing("dunning run"))
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
