//! Issuing a run: what was previewed meets the ledger of this moment.

use std::collections::{BTreeMap, BTreeSet};

use super::preview::Book;
use super::{DunningError, blocks, left_out_reason, preview};
use crate::book::exposure::actions as exposure;
use crate::collect::dunning::letters::{Letter, Rendered};
use crate::collect::dunning::model::{
    LeftOut, Level, Notice, NoticeItem, NoticeStatus, OpenInvoice, Run, RunStatus, Stage,
};
use crate::collect::dunning::store::Which;
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, Tx};
use kernel::ids::{CustomerId, DunningNoticeId, DunningProcedureVersionId, DunningRunId, ItemId};
use kernel::places::Language;

/// What becomes of one notice.
struct Fate<'a> {
    notice: &'a Notice,
    kept: Vec<&'a OpenInvoice>,
    dropped: BTreeMap<LeftOut, Vec<ItemId>>,
    /// The open amounts that shrank since the preview.
    shrunk: Vec<(ItemId, i64)>,
    /// What of those kept is covered by what is unapplied.
    unapplied_minor: i64,
    /// The procedure's level; none when the procedure lost it.
    level: Option<&'a Level>,
    /// The letter, where it is another than was previewed.
    rendered: Option<(Language, Rendered)>,
}

impl Fate<'_> {
    fn changed(&self) -> bool {
        !self.dropped.is_empty()
            || !self.shrunk.is_empty()
            || self.unapplied_minor != self.notice.unapplied_minor
    }

    /// What is asked for.
    fn total_minor(&self) -> i64 {
        rules::total_minor(&self.kept).saturating_sub(self.unapplied_minor)
    }

    fn drop_all(&mut self, reason: LeftOut) {
        let rest = std::mem::take(&mut self.kept);
        let rest = rest.into_iter().map(|invoice| invoice.id);
        self.dropped.entry(reason).or_default().extend(rest);
    }
}

/// Issues an approved run. Under the locks of all its customers every item is looked at again: what is paid,
/// cancelled, blocked or dunned by now is dropped, what remains is written anew, and a notice on which nothing
/// remains is suppressed. The stage of each invoice that is dunned rises to the notice's level, and the accounts are
/// blocked where it says so.
///
/// # Errors
/// When the run is not there, not approved, or changed since `version`.
pub fn issue(tx: &mut Tx, id: DunningRunId, version: i64) -> Result<Run, DunningError> {
    let before = preview::find(tx, id)?;
    if before.status != RunStatus::Approved {
        return Err(DunningError::RunIs(before.status));
    }
    let after = Run {
        status: RunStatus::Issued,
        issued_by: Some(tx.caller().subject.clone()),
        issued_at: Some(tx.now()),
        ..before.clone()
    };
    let run = preview::write(tx, &before, &after, version)?;
    let notices = store::list_notices_of_run(tx, id)?;
    let customers: BTreeSet<CustomerId> = notices.iter().map(|notice| notice.customer_id).collect();
    let locked = exposure::lock_all(tx, &customers)?;
    let today = tx.today();
    let book = Book::read(tx, Which::OnRun(id, run.as_of), today, run.as_of)?;
    let items = store::list_items_of_run(tx, id)?;
    let followed = levels_of(tx, &notices)?;
    let mut fates = decide(&book, &followed, &notices, &items)?;
    for fate in &mut fates {
        rewrite(&book, &run, fate)?;
    }
    let mut changes = vec![
        Change::new("dunning_run.issued", id)
            .before(&before)
            .after(&run),
    ];
    for fate in &fates {
        changes.push(carry_out(tx, fate)?);
    }
    store::issue_notices(tx, id, today)?;
    store::raise_stages(tx, &stages(&fates, today))?;
    tx.record_all(changes)?;
    blocks::set_right(tx, &locked)?;
    Ok(run)
}

/// The levels of the versions that the notices follow: what was approved is issued, whatever has gone live since.
type Followed = BTreeMap<DunningProcedureVersionId, Vec<Level>>;

fn levels_of(tx: &mut Tx, notices: &[Notice]) -> Result<Followed, DunningError> {
    let ids: BTreeSet<DunningProcedureVersionId> = notices
        .iter()
        .filter_map(|notice| notice.procedure_version_id)
        .collect();
    let ids: Vec<DunningProcedureVersionId> = ids.into_iter().collect();
    let rows = store::list_procedure_versions_by_ids(tx, &ids)?;
    rows.iter().map(|row| Ok((row.id, row.levels()?))).collect()
}

fn decide<'a>(
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
            level: levels.iter().find(|level| level.level == notice.level),
        };
        for item in by_notice.remove(&notice.id).unwrap_or_default() {
            let invoice = *invoices
                .get(&item.item_id)
                .ok_or(DunningError::Incomplete("invoice"))?;
            match rules::still_due(invoice, &book.blocks, &book.cover, notice.level) {
                Ok(()) => {
                    fate.kept.push(invoice);
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
fn rewrite(book: &Book, run: &Run, fate: &mut Fate) -> Result<(), DunningError> {
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
    })
    .map(|rendered| (customer.language, rendered));
    if fate.rendered.is_none() {
        fate.drop_all(LeftOut::LetterFailed);
    }
    Ok(())
}

/// Writes what became of one notice, and gives what the trail keeps of it.
fn carry_out(tx: &mut Tx, fate: &Fate) -> Result<Change, DunningError> {
    let notice = fate.notice;
    for (reason, invoices) in &fate.dropped {
        store::drop_items(tx, notice.id, invoices, *reason)?;
    }
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
    for (invoice, open_minor) in &fate.shrunk {
        store::reopen_item(tx, notice.id, *invoice, *open_minor)?;
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

fn stages(fates: &[Fate], today: chrono::NaiveDate) -> Vec<Stage> {
    let of = |fate: &Fate| -> Vec<Stage> {
        fate.kept
            .iter()
            .map(|invoice| Stage {
                item_id: invoice.id,
                invoice_id: invoice.invoice_id,
                customer_id: invoice.customer_id,
                level: fate.notice.level,
                last_dunned_on: today,
                notice_id: fate.notice.id,
            })
            .collect()
    };
    fates.iter().flat_map(of).collect()
}
