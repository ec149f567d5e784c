//! What people decide about single lines before a run is approved.

use std::collections::BTreeSet;

use super::book::Book;
use super::issue::{self, Fate};
use super::{DunningError, blocks, preview};
use crate::collect::dunning::input::DecisionIn;
use crate::collect::dunning::model::{
    LineDecision, Notice, NoticeItem, NoticeStatus, Run, RunStatus,
};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, Tx};
use kernel::ids::{CustomerId, DunningNoticeId, ItemId};

/// Leaves lines off the notices of a previewed run, holds them back up to a day, or puts them on again. Totals and
/// letters follow at once, by the ledger of this moment.
///
/// # Errors
/// When the run is not there, not previewed, or changed since `version`, or a line or notice is not on it.
pub fn decide_lines(
    tx: &mut Tx,
    id: kernel::ids::DunningRunId,
    version: i64,
    input: &DecisionIn,
) -> Result<Run, DunningError> {
    let before = preview::lock(tx, id)?;
    if before.status != RunStatus::Previewed {
        return Err(DunningError::RunIs(before.status));
    }
    let run = preview::write(tx, &before, &before, version)?;
    let notices = store::list_notices_with(tx, id, &input.items, &input.notices)?;
    let ids: Vec<DunningNoticeId> = notices.iter().map(|notice| notice.id).collect();
    let mut items = store::list_items(tx, &ids)?;
    check_named(input, &ids, &items)?;
    let decided = Change::new("dunning_run.decided", id).before(&before);
    let mut changes = vec![because(decided.after(&run), input)];
    for item in &mut items {
        if input.items.contains(&item.item_id) || input.notices.contains(&item.notice_id) {
            changes.push(decide(tx, item, &notices, input)?);
        }
    }
    let customers: BTreeSet<CustomerId> = notices.iter().map(|notice| notice.customer_id).collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let today = tx.today();
    let book = Book::read(tx, &run, &customers, &items, today)?;
    let followed = issue::levels_of(tx, &notices)?;
    for mut fate in issue::decide(&book, &followed, &notices, &items)? {
        issue::rewrite(&book, &run, &mut fate)?;
        redo(tx, &fate)?;
    }
    tx.record_all(changes)?;
    Ok(run)
}

/// Every line and notice that is named must be on the run.
fn check_named(
    input: &DecisionIn,
    notices: &[DunningNoticeId],
    items: &[NoticeItem],
) -> Result<(), DunningError> {
    let on_run: BTreeSet<ItemId> = items.iter().map(|item| item.item_id).collect();
    if let Some(at) = input.items.iter().position(|id| !on_run.contains(id)) {
        return Err(DunningError::NotOnRun(format!("/items/{at}")));
    }
    if let Some(at) = input.notices.iter().position(|id| !notices.contains(id)) {
        return Err(DunningError::NotOnRun(format!("/notices/{at}")));
    }
    Ok(())
}

/// Decides about one line. What held it back until now is lifted; what holds it back from now on is a block on its
/// invoice.
fn decide(
    tx: &mut Tx,
    item: &mut NoticeItem,
    notices: &[Notice],
    input: &DecisionIn,
) -> Result<Change, DunningError> {
    if let Some(block) = item.dunning_block_id.take() {
        blocks::lift_if_active(tx, block, "The line was decided about anew.")?;
    }
    if let (LineDecision::Hold, Some(until), Some(reason)) =
        (input.decision, input.until, &input.reason)
    {
        let notice = notices.iter().find(|notice| notice.id == item.notice_id);
        let notice = notice.ok_or(DunningError::Incomplete("notice"))?;
        let block = blocks::hold(
            tx,
            (notice.customer_id, Some(item.invoice_id)),
            reason,
            until.date(),
        )?;
        item.dunning_block_id = Some(block.id);
    }
    let is_included = input.decision == LineDecision::Include;
    item.decision = (!is_included).then_some(input.decision);
    item.decision_reason = input.reason.clone().filter(|_| !is_included);
    item.decided_by = (!is_included).then(|| tx.caller().subject.clone());
    store::write_decision(tx, item)?;
    let decided = Change::new("dunning_notice.line_decided", item.notice_id);
    Ok(because(decided.after(&*item), input))
}

/// A change with the reason that was given, where one was.
fn because(change: Change, input: &DecisionIn) -> Change {
    match &input.reason {
        Some(reason) => change.because(reason),
        None => change,
    }
}

/// Writes what a notice is now: one on which nothing is left is suppressed, until something is put on it again.
fn redo(tx: &mut Tx, fate: &Fate) -> Result<(), DunningError> {
    issue::write_lines(tx, fate)?;
    let mut notice = Notice {
        version: fate.notice.version + 1,
        ..fate.notice.clone()
    };
    if fate.kept.is_empty() {
        let reason = rules::common_reason(fate.dropped.keys().copied());
        notice.status = NoticeStatus::Suppressed;
        notice.suppressed_reason = Some(reason);
    } else {
        notice.status = NoticeStatus::Previewed;
        notice.suppressed_reason = None;
        if let Some((language, rendered)) = &fate.rendered {
            notice.total_minor = fate.total_minor();
            notice.unapplied_minor = fate.unapplied_minor;
            notice.subject.clone_from(&rendered.subject);
            notice.body_text.clone_from(&rendered.text);
            notice.body_html.clone_from(&rendered.html);
            notice.language = *language;
        }
    }
    store::redo_notice(tx, &notice)?;
    Ok(())
}
