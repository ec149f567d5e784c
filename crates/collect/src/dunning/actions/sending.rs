//! Sending notices: a moment after a notice was issued it becomes a message to the customer, by e-mail or as a letter.
//!
//! Only companies that have a sender (`letter_sender`) write to customers by themselves. What is phoned, visited or handed to
//! lawyers is a person's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::book::{Book, blocks_of};
use super::issue::levels_of;
use super::{DunningError, left_out_reason};
use crate::book::customers::store as customers;
use crate::book::entities::model::LegalEntity;
use crate::collect::correspondence::actions::{MessageError, queue, sender_of};
use crate::collect::correspondence::input::{NewContent, NewMessage};
use crate::collect::correspondence::model::{Asked, Message, MessageKind};
use crate::collect::correspondence::rules::address_for;
use crate::collect::correspondence::rules::letters::{
    ItemLetter, LetterItem, item_letter, recipient,
};
use crate::collect::correspondence::store as messages;
use crate::collect::dunning::letters::{Letter, prose, unapplied_label};
use crate::collect::dunning::model::{
    Channel, LeftOut, Level, Notice, NoticeItem, NoticeStatus, OpenInvoice, Run,
};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::events::{Event, Subscription};
use kernel::ids::{CustomerId, DunningNoticeId, DunningRunId, ItemId};
use kernel::money::Money;

/// Notices that were issued become messages.
pub const SENDING: Subscription = Subscription {
    name: "dunning_messages",
    actions: &["dunning_notice.issued"],
    // A letter is set in the unit of work, beside which nobody writes on SQLite.
    at_once: 10,
    handle: follow,
};

fn follow(tx: &mut Tx, events: &[Event]) -> Result<(), DbError> {
    let ids: Vec<DunningNoticeId> = events
        .iter()
        .filter_map(|event| event.entity_id.parse().ok())
        .collect();
    // An event may be told again: what was sent once is not sent anew.
    let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let sent = messages::list_known_abouts(tx, MessageKind::DunningNotice, &named)?;
    let mut by_run: BTreeMap<DunningRunId, Vec<Notice>> = BTreeMap::new();
    for notice in store::list_notices_by_ids(tx, &ids)? {
        let is_written = matches!(notice.channel, Channel::Email | Channel::Letter);
        let is_new = !sent.contains(&notice.id.to_string());
        if is_written && is_new && notice.status == NoticeStatus::Issued {
            by_run.entry(notice.run_id).or_default().push(notice);
        }
    }
    for (run, notices) in by_run {
        if let Some(run) = store::find_run(tx, run)? {
            send(tx, &run, &notices).map_err(failed)?;
        }
    }
    Ok(())
}

fn failed(error: DunningError) -> DbError {
    match error {
        DunningError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    }
}

fn send(tx: &mut Tx, run: &Run, notices: &[Notice]) -> Result<(), DunningError> {
    let ids: Vec<DunningNoticeId> = notices.iter().map(|notice| notice.id).collect();
    let items = store::list_items(tx, &ids)?;
    let debtors: BTreeSet<CustomerId> = notices.iter().map(|notice| notice.customer_id).collect();
    let debtors: Vec<CustomerId> = debtors.into_iter().collect();
    let today = tx.today();
    let book = Book::read(tx, run, &debtors, &items, today)?;
    let followed = levels_of(tx, notices)?;
    let mut lines: HashMap<DunningNoticeId, Vec<&NoticeItem>> = HashMap::new();
    for item in items.iter().filter(|item| item.dropped_reason.is_none()) {
        lines.entry(item.notice_id).or_default().push(item);
    }
    for notice in notices {
        let own = || book.levels_for(notice.customer_id, notice.legal_entity_id);
        let levels = notice
            .procedure_version_id
            .and_then(|version| followed.get(&version))
            .map_or_else(own, Vec::as_slice);
        let level = levels.iter().find(|level| level.level == notice.level);
        let of_notice = lines.remove(&notice.id).unwrap_or_default();
        // What can't be made costs this notice alone, which can be read as it is.
        let cost = |error: &dyn std::error::Error| {
            tracing::warn!(notice = %notice.id, %error, "a notice is not sent");
        };
        let message = match message_of(&book, run, notice, level, &of_notice) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(DunningError::Db(error)) => return Err(error.into()),
            Err(error) => {
                cost(&error);
                continue;
            }
        };
        match queue(tx, &message) {
            Ok(_) => {}
            Err(MessageError::Db(error)) => return Err(error.into()),
            Err(error) => cost(&error),
        }
    }
    Ok(())
}

/// What is sent of a notice; nothing where its company has no sender.
fn message_of(
    book: &Book,
    run: &Run,
    notice: &Notice,
    level: Option<&Level>,
    items: &[&NoticeItem],
) -> Result<Option<NewMessage>, DunningError> {
    let (customer, _) = book.debtor(notice.customer_id)?;
    let entity = book.letterhead(notice.legal_entity_id);
    let (Some(entity), Some(level)) = (entity, level) else {
        return Ok(None);
    };
    let Some(_) = sender_of(entity) else {
        return Ok(None);
    };
    let address = address_for(&customer.contacts, MessageKind::DunningNotice);
    let by_email = address.filter(|_| notice.channel == Channel::Email);
    let content = if let Some(to) = by_email {
        NewContent::Email {
            to,
            text: notice.body_text.clone(),
            html: Some(notice.body_html.clone()),
            attachments: Vec::new(),
        }
    } else {
        let invoices = as_asked(book, items);
        let letter = Letter {
            customer,
            entity: Some(entity),
            level,
            as_of: run.as_of,
            currency: notice.currency,
            invoices: invoices.iter().collect(),
            unapplied_minor: notice.unapplied_minor,
            payment_reference: notice.payment_reference.as_deref(),
        };
        let Some(pdf) = pdf(&letter, entity, notice) else {
            return Ok(None);
        };
        NewContent::Letter {
            recipient: recipient(customer),
            pdf,
        }
    };
    Ok(Some(NewMessage {
        customer_id: notice.customer_id,
        legal_entity_id: notice.legal_entity_id,
        kind: MessageKind::DunningNotice,
        about_id: notice.id.to_string(),
        language: notice.language,
        subject: notice.subject.clone(),
        asks: items
            .iter()
            .map(|item| Asked {
                item_id: item.item_id,
                open_minor: item.open_minor,
            })
            .collect(),
        content,
    }))
}

/// The invoices of a notice with what it asks of each, the oldest due first.
fn as_asked(book: &Book, items: &[&NoticeItem]) -> Vec<OpenInvoice> {
    let asked: HashMap<ItemId, &NoticeItem> =
        items.iter().map(|item| (item.item_id, *item)).collect();
    let mut invoices: Vec<OpenInvoice> = book
        .invoices
        .iter()
        .filter_map(|known| {
            let item = asked.get(&known.id)?;
            Some(OpenInvoice {
                open_minor: item.open_minor,
                ..known.clone()
            })
        })
        .collect();
    invoices.sort_by_key(|invoice| (invoice.due_date, invoice.id));
    invoices
}

/// The letter on paper; none where its words can't be filled in or it can't be set.
fn pdf(letter: &Letter, entity: &LegalEntity, notice: &Notice) -> Option<Vec<u8>> {
    let refused = |error: String| {
        tracing::warn!(notice = %notice.id, error, "a notice can't be set as a letter");
    };
    let said = prose(letter).map_err(|error| refused(error.to_string()));
    let said = said.ok()?;
    let invoices = letter.invoices.iter();
    let items: Vec<LetterItem> = invoices.map(|invoice| line(letter, invoice)).collect();
    let covered = Money::from_minor(notice.unapplied_minor.saturating_neg(), notice.currency);
    let credits = [(unapplied_label(notice.language).to_owned(), covered)];
    let number = notice.id.to_string();
    let set = item_letter(&ItemLetter {
        entity,
        customer: letter.customer,
        language: notice.language,
        reference: letter.payment_reference.unwrap_or(&number),
        payment_reference: letter.payment_reference,
        date: letter.as_of,
        subject: &said.subject,
        text: &said.before.join("\n\n"),
        items: &items,
        charges: if notice.unapplied_minor == 0 {
            &[]
        } else {
            &credits
        },
        total: Money::from_minor(notice.total_minor, notice.currency),
        pay_until: None,
        closing: &said.after.join("\n\n"),
    });
    let made = letters::render(&set).map_err(|error| refused(error.to_string()));
    let made = made.ok()?;
    if !made.missing.is_empty() {
        tracing::warn!(notice = %notice.id, missing = ?made.missing, "characters of a letter are boxes: no font has them");
    }
    Some(made.pdf)
}

fn line(letter: &Letter, invoice: &OpenInvoice) -> LetterItem {
    LetterItem {
        number: invoice.number.to_string(),
        invoice_date: invoice.invoice_date,
        due_date: invoice.due_date,
        days_past_due: i64::from(rules::days_past_due(invoice.due_date, letter.as_of)),
        open: Money::from_minor(invoice.open_minor, invoice.currency),
    }
}

/// Why a notice that waits to be sent is not sent any more: something that it asks for is blocked, pursued by others or asked
/// for by a later notice by now.
///
/// # Errors
/// When the database fails.
pub fn find_hindrance(db: &mut Db, message: &Message) -> Result<Option<String>, DbError> {
    let customer = message.customer_id;
    let today = db.today();
    let known = customers::list_by_ids(db, &[customer])?;
    let blocks = blocks_of(db, &[customer], &known, today)?;
    let asked: Vec<ItemId> = message.asked()?.iter().map(|one| one.item_id).collect();
    let invoices = store::list_invoices(db, &[], today, &asked)?;
    let notice: Option<DunningNoticeId> = message.about_id.parse().ok();
    let notice = store::list_notices_by_ids(db, notice.as_slice())?;
    let level = notice.first().map(|notice| notice.level);
    let is_later = |invoice: &OpenInvoice| level.is_some() && invoice.stage > level;
    let by_law = blocks.by_law.get(&customer).copied();
    let reason = by_law.or_else(|| {
        invoices.iter().find_map(|invoice| {
            let refusal = blocks.refusal(invoice);
            refusal.or(is_later(invoice).then_some(LeftOut::AlreadyDunned))
        })
    });
    Ok(reason.map(left_out_reason))
}
