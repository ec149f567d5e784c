//! Issuing a run: what was previewed meets the ledger of this moment, customer by customer. A slice is one unit of work,
//! which holds the accounts of its customers and no others.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Book;
use super::work::{self, CUSTOMERS_AT_ONCE, LINES_AT_ONCE};
use super::{DunningError, blocks, cases, left_out_reason, preview};
use crate::book::exposure::actions as exposure;
use crate::collect::dunning::letters::{Letter, Rendered};
use crate::collect::dunning::model::{
    LeftOut, Level, Notice, NoticeItem, NoticeStatus, OpenInvoice, Run, RunScope, RunStatus,
};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, Tx};
use kernel::ids::{CustomerId, DunningNoticeId, DunningProcedureVersionId, DunningRunId, ItemId};
use kernel::places::Language;

/// What becomes of one notice.
pub(super) struct Fate<'a> {
    pub notice: &'a Notice,
    pub kept: Vec<&'a OpenInvoice>,
    pub dropped: BTreeMap<LeftOut, Vec<ItemId>>,
    /// The open amounts that shrank since the preview.
    pub shrunk: Vec<(ItemId, i64)>,
    /// What of those kept is covered by what is unapplied.
    pub unapplied_minor: i64,
    /// The procedure's level; none when the procedure lost it.
    level: Option<&'a Level>,
    /// How long the procedure's last level gives, where this is it.
    last_wait: Option<i32>,
    /// Those of which somebody or something else thought otherwise before, and that are on it again.
    pub restored: Vec<ItemId>,
    /// The letter, where it is another than was previewed.
    pub rendered: Option<(Language, Rendered)>,
}

impl Fate<'_> {
    fn changed(&self) -> bool {
        !self.dropped.is_empty()
            || !self.restored.is_empty()
            || self.total_minor() != self.notice.total_minor
            || !self.shrunk.is_empty()
            || self.unapplied_minor != self.notice.unapplied_minor
    }

    /// What is asked for.
    pub fn total_minor(&self) -> i64 {
        rules::total_minor(&self.kept).saturating_sub(self.unapplied_minor)
    }

    fn drop_all(&mut self, reason: LeftOut) {
        let rest = std::mem::take(&mut self.kept);
        let rest = rest.into_iter().map(|invoice| invoice.id);
        self.dropped.entry(reason).or_default().extend(rest);
    }
}

/// Begins to issue an approved run: a small one goes out at once, a larger one by a job. One whose job ended before all
/// went out goes on.
///
/// # Errors
/// When the run is not there, not approved, at work, or changed since `version`.
pub fn begin_issue(tx: &mut Tx, id: DunningRunId, version: i64) -> Result<Run, DunningError> {
    let before = preview::lock(tx, id)?;
    if before.status == RunStatus::Issuing && work::has_ended(tx, before.job_id)? {
        return go_on(tx, &before, version);
    }
    let total = before.lines;
    if before.status != RunStatus::Approved || total <= work::AT_ONCE_MAX {
        return issue(tx, id, version);
    }
    let mut after = opened(tx, &before);
    after.job_id = Some(work::queue(tx, work::ISSUE_KIND, &before, total)?);
    let run = preview::write(tx, &before, &after, version)?;
    tx.record(
        Change::new("dunning_run.issuing", id)
            .before(&before)
            .after(&run),
    )?;
    Ok(run)
}

/// Lets a previewed run go out that a schedule sends by itself.
///
/// # Errors
/// When the database fails.
pub(super) fn release(tx: &mut Tx, id: DunningRunId) -> Result<Run, DunningError> {
    let before = preview::lock(tx, id)?;
    if before.status != RunStatus::Previewed || before.scope != RunScope::Unattended {
        return Ok(before);
    }
    let after = opened(tx, &before);
    let run = preview::write(tx, &before, &after, before.version)?;
    tx.record(
        Change::new("dunning_run.issuing", id)
            .before(&before)
            .after(&run)
            .because("By its schedule: nobody need see it, and the cash feed is fresh."),
    )?;
    Ok(run)
}

fn go_on(tx: &mut Tx, before: &Run, version: i64) -> Result<Run, DunningError> {
    let mut after = before.clone();
    after.job_id = Some(work::queue(tx, work::ISSUE_KIND, before, before.lines)?);
    let run = preview::write(tx, before, &after, version)?;
    tx.record(
        Change::new("dunning_run.issuing", run.id)
            .before(before)
            .after(&run),
    )?;
    Ok(run)
}

/// Issues an approved run in this unit of work, however large it is. Under the locks of its customers every item is
/// looked at again: what is paid, cancelled, blocked or dunned by now is dropped, what remains is written anew, and a
/// notice on which nothing remains is suppressed. The stage of each invoice that is dunned rises to the notice's level,
/// the accounts are blocked where it says so, and the case is opened, or rises.
///
/// # Errors
/// When the run is not there, not approved, or changed since `version`.
pub fn issue(tx: &mut Tx, id: DunningRunId, version: i64) -> Result<Run, DunningError> {
    let before = preview::lock(tx, id)?;
    if before.status != RunStatus::Approved {
        return Err(DunningError::RunIs(before.status));
    }
    let after = opened(tx, &before);
    let mut run = preview::write(tx, &before, &after, version)?;
    while run.status == RunStatus::Issuing {
        run = issue_slice(tx, id)?;
    }
    Ok(run)
}

/// A run whose notices are about to go out.
fn opened(tx: &Tx, before: &Run) -> Run {
    Run {
        status: RunStatus::Issuing,
        issued_by: Some(tx.caller().subject.clone()),
        done_to: None,
        progress_done: 0,
        progress_total: before.lines,
        ..before.clone()
    }
}

/// Issues the notices of the next customers of a run, and ends it when there are none. A run that is not being issued is
/// left as it is.
///
/// # Errors
/// When the database fails.
pub fn issue_slice(tx: &mut Tx, id: DunningRunId) -> Result<Run, DunningError> {
    tx.plan_anew()?;
    let run = preview::lock(tx, id)?;
    if run.status != RunStatus::Issuing {
        return Ok(run);
    }
    let next = store::list_waiting_customers(tx, id, run.done_to, CUSTOMERS_AT_ONCE)?;
    let mut next = store::count_lines(tx, id, &next)?;
    next.truncate(rules::slice(&next, LINES_AT_ONCE));
    let Some((last, _)) = next.last() else {
        return end_issue(tx, &run);
    };
    let last = *last;
    let lines = next.iter().map(|(_, lines)| *lines).sum::<i64>();
    let customers: BTreeSet<CustomerId> = next.into_iter().map(|(customer, _)| customer).collect();
    issue_to(tx, &run, &customers)?;
    let run = Run {
        done_to: Some(last),
        progress_done: run.progress_done.saturating_add(lines),
        ..run
    };
    store::write_progress(tx, &run)?;
    Ok(run)
}

fn end_issue(tx: &mut Tx, run: &Run) -> Result<Run, DunningError> {
    let after = Run {
        status: RunStatus::Issued,
        issued_at: Some(tx.now()),
        done_to: None,
        progress_done: run.progress_total,
        ..run.clone()
    };
    let after = preview::write(tx, run, &after, run.version)?;
    tx.record(
        Change::new("dunning_run.issued", run.id)
            .before(run)
            .after(&after),
    )?;
    Ok(after)
}

/// Issues what waits for some customers.
fn issue_to(tx: &mut Tx, run: &Run, customers: &BTreeSet<CustomerId>) -> Result<(), DunningError> {
    let locked = exposure::lock_all(tx, customers)?;
    let customers: Vec<CustomerId> = customers.iter().copied().collect();
    let notices = store::list_waiting_notices(tx, run.id, &customers)?;
    let ids: Vec<DunningNoticeId> = notices.iter().map(|notice| notice.id).collect();
    let today = tx.today();
    let items = store::list_items(tx, &ids)?;
    let book = Book::read(tx, run, &customers, &items, today)?;
    let followed = levels_of(tx, &notices)?;
    let mut fates = decide(&book, &followed, &notices, &items)?;
    let (mut changes, mut going) = (Vec::new(), Vec::new());
    for fate in &mut fates {
        rewrite(&book, run, fate)?;
        changes.push(carry_out(tx, fate)?);
        if !fate.kept.is_empty() {
            going.push(fate.notice.id);
        }
    }
    store::issue_notices(tx, &going, today)?;
    store::raise_stages(tx, &going, today)?;
    tx.record_all(changes)?;
    let sent: Vec<(&Notice, Option<i32>)> = fates
        .iter()
        .filter(|fate| !fate.kept.is_empty())
        .map(|fate| (fate.notice, fate.last_wait))
        .collect();
    cases::follow_notices(tx, &customers, &sent)?;
    blocks::set_right(tx, &locked)?;
    Ok(())
}

/// The levels of the versions that the notices follow: what was approved is issued, whatever has gone live since.
pub(super) type Followed = BTreeMap<DunningProcedureVersionId, Vec<Level>>;

pub(super) fn levels_of(tx: &mut Tx, notices: &[Notice]) -> Result<Followed, DunningError> {
    let ids: BTreeSet<DunningProcedureVersionId> = notices
        .iter()
        .filter_map(|notice| notice.procedure_version_id)
        .collect();
    let ids: Vec<DunningProcedureVersionId> = ids.into_iter().collect();
    let rows = store::list_procedure_versions_by_ids(tx, &ids)?;
    rows.iter().map(|row| Ok((row.id, row.levels()?))).collect()
}

/// What becomes of each notice by the ledger as it is, and by what people decided.
pub(super) fn decide<'a>(
    book: &'a Book,
    followed: &'a Followed,
    notices: &'a [Notice],
    items: &[NoticeItem],
) -> Result<Vec<Fate<'a>>, DunningError> {
    let invoices: BTreeMap<ItemId, &OpenInvoice> = book
        .invoices
        .iter()
        .map(|invoice| (invoice.id, invoice))
        .collect();
    let mut by_notice: BTreeMap<DunningNoticeId, Vec<&NoticeItem>> = BTreeMap::new();
    for item in items {
        by_notice.entry(item.notice_id).or_default().push(item);
    }
    let mut fates = Vec::with_capacity(notices.len());
    for notice in notices {
        let followed = notice
            .procedure_version_id
            .and_then(|version| followed.get(&version));
        let levels = followed.map_or_else(
            || book.levels_for(notice.customer_id, notice.legal_entity_id),
            Vec::as_slice,
        );
        let mut fate = Fate {
            notice,
            kept: Vec::new(),
            dropped: BTreeMap::new(),
            shrunk: Vec::new(),
            unapplied_minor: 0,
            rendered: None,
            last_wait: levels
                .last()
                .filter(|level| level.level == notice.level)
                .map(|level| level.minimum_days_between),
            restored: Vec::new(),
            level: levels.iter().find(|level| level.level == notice.level),
        };
        for item in by_notice.remove(&notice.id).unwrap_or_default() {
            let invoice = *invoices
                .get(&item.item_id)
                .ok_or(DunningError::Incomplete("invoice"))?;
            match rules::still_due(invoice, &book.blocks, &book.cover, notice.level) {
                Ok(()) => {
                    fate.kept.push(invoice);
                    if item.dropped_reason.is_some() {
                        fate.restored.push(invoice.id);
                    }
                    if invoice.open_minor != item.open_minor {
                        fate.shrunk.push((invoice.id, invoice.open_minor));
                    }
                }
                Err(reason) => fate.dropped.entry(reason).or_default().push(invoice.id),
            }
        }
        fate.kept
            .sort_by_key(|invoice| (invoice.due_date, invoice.id));
        fate.unapplied_minor = book.cover.of_all(&fate.kept);
        refuse_what_is_left(&mut fate);
        fates.push(fate);
    }
    Ok(fates)
}

/// What remains must still be worth a notice of this level.
fn refuse_what_is_left(fate: &mut Fate) {
    match fate.level {
        None => fate.drop_all(LeftOut::LevelGone),
        Some(level) => {
            let minimum = level.minimum_minor(fate.notice.currency);
            if !fate.kept.is_empty() && fate.total_minor() < minimum {
                fate.drop_all(LeftOut::BelowMinimum);
            }
        }
    }
}

/// Writes the letter anew where it says something else by now. One that can't be written costs this notice.
pub(super) fn rewrite(book: &Book, run: &Run, fate: &mut Fate) -> Result<(), DunningError> {
    let (true, false, Some(level)) = (fate.changed(), fate.kept.is_empty(), fate.level) else {
        return Ok(());
    };
    let (customer, _) = book.debtor(fate.notice.customer_id)?;
    fate.rendered = preview::write_letter(&Letter {
        customer,
        entity: book.letterhead(fate.notice.legal_entity_id),
        level,
        as_of: run.as_of,
        currency: fate.notice.currency,
        invoices: fate.kept.clone(),
        unapplied_minor: fate.unapplied_minor,
        payment_reference: fate.notice.payment_reference.as_deref(),
    })
    .map(|rendered| (customer.language, rendered));
    if fate.rendered.is_none() {
        fate.drop_all(LeftOut::LetterFailed);
    }
    Ok(())
}

/// Writes what became of the lines of a notice.
pub(super) fn write_lines(tx: &mut Tx, fate: &Fate) -> Result<(), DunningError> {
    let notice = fate.notice.id;
    for (reason, items) in &fate.dropped {
        store::drop_items(tx, notice, items, Some(*reason))?;
    }
    store::drop_items(tx, notice, &fate.restored, None)?;
    for (item, open_minor) in &fate.shrunk {
        if fate.kept.iter().any(|kept| kept.id == *item) {
            store::reopen_item(tx, notice, *item, *open_minor)?;
        }
    }
    Ok(())
}

/// Writes what became of one notice, and gives what the trail keeps of it.
fn carry_out(tx: &mut Tx, fate: &Fate) -> Result<Change, DunningError> {
    let notice = fate.notice;
    write_lines(tx, fate)?;
    if fate.kept.is_empty() {
        let reason = rules::common_reason(fate.dropped.keys().copied());
        store::suppress_notice(tx, notice.id, reason)?;
        return Ok(Change::new("dunning_notice.suppressed", notice.id)
            .before(notice)
            .after(&Notice {
                status: NoticeStatus::Suppressed,
                suppressed_reason: Some(reason),
                version: notice.version + 1,
                ..notice.clone()
            })
            .because(left_out_reason(reason)));
    }
    let mut issued = Notice {
        status: NoticeStatus::Issued,
        issued_on: Some(tx.today()),
        version: notice.version + 1,
        ..notice.clone()
    };
    if let Some((language, rendered)) = &fate.rendered {
        issued.total_minor = fate.total_minor();
        issued.unapplied_minor = fate.unapplied_minor;
        issued.subject.clone_from(&rendered.subject);
        issued.body_text.clone_from(&rendered.text);
        issued.body_html.clone_from(&rendered.html);
        issued.language = *language;
        store::rewrite_notice(tx, &issued)?;
    }
    Ok(Change::new("dunning_notice.issued", notice.id)
        .before(notice)
        .after(&issued))
}
