//! What is outstanding at the end of a day, in one statement.
//!
//! It begins with what is open now, and takes back what happened after the day: what was settled, cancelled, reversed or
//! given back since. So today's answer reads what is open and nothing of what was paid before, and a past day's reads
//! what changed since that day.

use std::fmt::Write as _;

use diesel::prelude::*;
use diesel::sql_types::{Date, Text};

use crate::book::customers::store::list_wanted;
use crate::book::entities::store::list_wanted as list_wanted_entities;
use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::reports::model::{AgingBy, AgingPart, AgingQuestion, POST_DATED, UNAPPLIED};
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::{CustomerId, LegalEntityId};

/// What is outstanding, unapplied and post-dated at the end of a day, summed by row, currency and bucket.
pub fn aging(db: &mut Db, question: &AgingQuestion) -> Result<Vec<AgingPart>, DbError> {
    let cut_offs = question.bounds.cut_offs(question.as_of);
    let ends_at = db.clock().end_of(question.as_of);
    let customers = list_wanted(db, &question.customers)?;
    let entities = list_wanted_entities(db, &question.entities)?;
    let sql = Places::new(
        question,
        cut_offs.len(),
        customers.as_deref(),
        entities.as_deref(),
    )
    .sql();
    Ok(on_backend!(db, |c| {
        let mut query = diesel::sql_query(sql).into_boxed();
        for cut_off in cut_offs {
            query = query.bind::<Date, _>(cut_off);
        }
        query = query.bind::<InstantColumn, _>(ends_at);
        if let Some(owner) = &question.owner {
            query = query.bind::<Text, _>(owner);
        }
        for customer in customers.iter().flatten() {
            query = query.bind::<IdColumn, _>(customer);
        }
        for entity in entities.iter().flatten() {
            query = query.bind::<IdColumn, _>(entity);
        }
        for currency in &question.currencies {
            query = query.bind::<Text, _>(currency);
        }
        query.load::<AgingPart>(c)
    })?)
}

/// The statement's parameters: the day and the other cut-offs, the instant at which the day ends, then what narrows the
/// question. Both databases take a parameter twice; SQLite numbers them as they come, so that all are named first.
struct Places<'a> {
    question: &'a AgingQuestion,
    cut_offs: usize,
    count: usize,
    owner: Option<String>,
    customers: Option<String>,
    entities: Option<String>,
    currencies: Option<String>,
}

impl<'a> Places<'a> {
    fn new(
        question: &'a AgingQuestion,
        cut_offs: usize,
        customers: Option<&[CustomerId]>,
        entities: Option<&[LegalEntityId]>,
    ) -> Places<'a> {
        let mut count = cut_offs + 1;
        let mut named = |more: usize| -> String {
            let names: Vec<String> = (1..=more).map(|n| format!("${}", count + n)).collect();
            count += more;
            names.join(", ")
        };
        let owner = question.owner.as_ref().map(|_| named(1));
        let customers = customers.map(|wanted| named(wanted.len()));
        let entities = entities.map(|wanted| named(wanted.len()));
        let wanted = &question.currencies;
        let currencies = (!wanted.is_empty()).then(|| named(wanted.len()));
        Places {
            question,
            cut_offs,
            count,
            owner,
            customers,
            entities,
            currencies,
        }
    }

    /// The condition that a document's customer is asked about; nothing where all are.
    fn of_customer(&self, customer: &str) -> String {
        let mut all = String::new();
        if let Some(owner) = &self.owner {
            let own = format!("SELECT id FROM customers WHERE owner = {owner}");
            let _ = write!(all, " AND {customer} IN ({own})");
        }
        if let Some(wanted) = &self.customers {
            all.push_str(&one_of(customer, wanted));
        }
        all
    }

    /// The condition that a document is asked about: one of table `t`.
    fn of(&self, t: &str) -> String {
        let mut all = self.of_customer(&format!("{t}.customer_id"));
        if let Some(wanted) = &self.entities {
            all.push_str(&one_of(&format!("{t}.legal_entity_id"), wanted));
        }
        if let Some(wanted) = &self.currencies {
            all.push_str(&one_of(&format!("{t}.currency"), wanted));
        }
        all
    }

    /// An item counts from its invoice's date until that is cancelled, a receipt or credit note from its date until it is
    /// reversed, a settlement from the day on which it is effective: it takes from the item, and what it uses from what
    /// is unapplied. What settles an item beyond what that counts on a day, because it was put right later, is
    /// unapplied. Invoices of a later date that were in the book when the day ended stand beside it, whole: what settles
    /// them is unapplied until their day.
    fn sql(&self) -> String {
        let (keys, join) = self.keys();
        let names: Vec<String> = (1..=self.count).map(|n| format!("${n} AS p{n}")).collect();
        format!(
            "WITH parameters AS (SELECT {names}), \
             later (item_id, minor) AS ({later}), \
             sold (invoice_id) AS ( \
               SELECT invoice_id FROM factoring_assignments WHERE effect = 'leaves' AND assigned_on <= $1 \
                 AND (ended_on IS NULL OR ended_on > $1) \
             ) SELECT {keys}, m.currency AS currency, CAST(m.bucket AS BIGINT) AS bucket, \
               CAST(SUM(m.amount_minor) AS BIGINT) AS amount_minor, CAST(SUM(m.sold_minor) AS BIGINT) AS sold_minor, \
               CAST(SUM(m.invoices) AS BIGINT) AS invoices \
             FROM ({items} UNION ALL {receipts} UNION ALL {notes} UNION ALL {refunds} UNION ALL {beyond} \
               UNION ALL {post_dated}) m {join} GROUP BY 1, 2, 3, 4, 5",
            names = names.join(", "),
            later = self.later(),
            items = self.items(),
            receipts = self.money("receipts", "receipt_date", "receipt_id"),
            notes = self.money("credit_notes", "credit_date", "credit_note_id"),
            refunds = self.refunds(),
            beyond = self.beyond(),
            post_dated = self.post_dated(),
        )
    }

    /// What a row is about, and what has to be joined to know it.
    fn keys(&self) -> (String, String) {
        let (customer, owner, entity, join) = match self.question.by {
            AgingBy::Customer => ("m.customer_id", NO_OWNER, NONE, String::new()),
            AgingBy::Group => {
                let join = format!("JOIN ({}) h ON h.id = m.customer_id", self.heads());
                ("h.head", NO_OWNER, NONE, join)
            }
            AgingBy::Owner => {
                let join = "JOIN customers c ON c.id = m.customer_id".to_owned();
                (NONE, "c.owner", NONE, join)
            }
            AgingBy::Currency => (NONE, NO_OWNER, NONE, String::new()),
            AgingBy::LegalEntity => (NONE, NO_OWNER, "m.legal_entity_id", String::new()),
            AgingBy::Balance => (
                "m.customer_id",
                NO_OWNER,
                "m.legal_entity_id",
                String::new(),
            ),
        };
        let keys = format!("{customer} AS customer, {owner} AS owner, {entity} AS legal_entity");
        (keys, join)
    }

    /// What was settled of each item after the day. Of few customers, it is looked for by their invoices.
    fn later(&self) -> String {
        let narrow = self.of_customer("i.customer_id");
        let join = if narrow.is_empty() {
            ""
        } else {
            "JOIN invoices i ON i.id = s.invoice_id"
        };
        format!(
            "SELECT s.item_id, SUM(s.amount_minor) FROM settlements s {join} WHERE s.effective_on > $1{narrow} \
             GROUP BY s.item_id"
        )
    }

    /// What was outstanding of each item: of those that are open now, of those that were closed since, and of those whose
    /// invoice was cancelled since.
    fn items(&self) -> String {
        let mut bucket = String::from("CASE");
        for place in 0..self.cut_offs {
            let _ = write!(bucket, " WHEN o.due_date >= ${} THEN {place}", place + 1);
        }
        let _ = write!(bucket, " ELSE {} END", self.cut_offs);
        let (of_item, of_invoice) = (self.of_customer("t.customer_id"), self.of("i"));
        let columns = "t.invoice_id, i.customer_id, i.legal_entity_id, i.currency, t.due_date";
        format!(
            "SELECT o.customer_id, o.legal_entity_id, o.currency, {bucket} AS bucket, o.minor AS amount_minor, \
               CASE WHEN d.invoice_id IS NULL THEN 0 ELSE o.minor END AS sold_minor, 1 AS invoices \
             FROM ( \
               SELECT {columns}, t.open_minor + COALESCE(l.minor, 0) AS minor \
               FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id LEFT JOIN later l ON l.item_id = t.id \
               WHERE t.open_minor > 0 AND i.open_minor > 0 AND i.invoice_date <= $1{of_item}{of_invoice} \
               UNION ALL \
               SELECT {columns}, CASE WHEN i.cancelled_on IS NULL THEN 0 ELSE t.amount_minor END + l.minor \
               FROM later l JOIN invoice_items t ON t.id = l.item_id JOIN invoices i ON i.id = t.invoice_id \
               WHERE t.open_minor = 0 AND (i.cancelled_on IS NULL OR i.cancelled_on > $1) \
                 AND i.invoice_date <= $1{of_invoice} \
               UNION ALL \
               SELECT {columns}, t.amount_minor \
               FROM invoices i JOIN invoice_items t ON t.invoice_id = i.id LEFT JOIN later l ON l.item_id = t.id \
               WHERE i.cancelled_on > $1 AND i.invoice_date <= $1 AND l.item_id IS NULL{of_invoice} \
             ) o LEFT JOIN sold d ON d.invoice_id = o.invoice_id WHERE o.minor > 0"
        )
    }

    /// What was unapplied of receipts or credit notes: what is now, less those of a later date, with those that were
    /// reversed since and what was used since.
    fn money(&self, table: &str, dated: &str, reference: &str) -> String {
        let of = self.of("r");
        let part = |minor: &str, from: &str, condition: &str| {
            format!(
                "SELECT r.customer_id, r.legal_entity_id, r.currency, {UNAPPLIED}, {minor}, 0, 0 \
                 FROM {from} WHERE {condition}{of}"
            )
        };
        let own = format!("{table} r");
        let used = format!("settlements s JOIN {table} r ON r.id = s.{reference}");
        let later = format!("r.reversed_on IS NULL AND r.{dated} > $1");
        let reversed = format!("r.reversed_on > $1 AND r.{dated} <= $1");
        [
            part("r.unapplied_minor", &own, "r.unapplied_minor > 0"),
            part("-r.amount_minor", &own, &later),
            part("r.amount_minor", &own, &reversed),
            part("s.used_minor", &used, "s.effective_on > $1"),
        ]
        .join(" UNION ALL ")
    }

    /// What was given back, or not any more, since.
    fn refunds(&self) -> String {
        let of = self.of("r");
        let part = |minor: &str, condition: &str| {
            format!(
                "SELECT r.customer_id, r.legal_entity_id, r.currency, {UNAPPLIED}, {minor}, 0, 0 \
                 FROM refunds b JOIN receipts r ON r.id = b.receipt_id WHERE {condition}{of}"
            )
        };
        [
            part("b.amount_minor", "b.held_on > $1 AND b.freed_on IS NULL"),
            part("-b.amount_minor", "b.freed_on > $1 AND b.held_on <= $1"),
        ]
        .join(" UNION ALL ")
    }

    /// What settled an item beyond what that counted: only where something was put right since.
    fn beyond(&self) -> String {
        let of = self.of("i");
        format!(
            "SELECT customer_id, legal_entity_id, currency, {UNAPPLIED}, minor, 0, 0 FROM ( \
               SELECT i.customer_id, i.legal_entity_id, i.currency, \
                 CASE WHEN i.cancelled_on > $1 THEN -t.amount_minor ELSE 0 END - t.open_minor - l.minor AS minor \
               FROM later l JOIN invoice_items t ON t.id = l.item_id JOIN invoices i ON i.id = t.invoice_id \
               WHERE 1 = 1{of} \
             ) AS beyond WHERE minor > 0"
        )
    }

    fn post_dated(&self) -> String {
        let ends_at = self.cut_offs + 1;
        let of = self.of("i");
        format!(
            "SELECT i.customer_id, i.legal_entity_id, i.currency, {POST_DATED}, i.amount_minor, 0, 0 FROM invoices i \
             WHERE i.invoice_date > $1 AND (i.cancelled_on IS NULL OR i.cancelled_on > $1) \
               AND i.created_at < ${ends_at}{of}"
        )
    }

    /// Each customer with the head of its group: itself when it has no parent. For who sees only their own customers,
    /// groups end where their customers do: a head that is somebody else's is not told.
    fn heads(&self) -> String {
        let (top, below) = match &self.owner {
            None => (
                "WHERE c.parent_customer_id IS NULL".to_owned(),
                String::new(),
            ),
            Some(owner) => (
                format!("WHERE c.owner = {owner} AND (p.owner IS NULL OR p.owner <> {owner})"),
                format!("WHERE c.owner = {owner}"),
            ),
        };
        format!(
            "WITH RECURSIVE heads (id, head) AS ( \
               SELECT c.id, c.id FROM customers c LEFT JOIN customers p ON p.id = c.parent_customer_id {top} \
               UNION ALL \
               SELECT c.id, h.head FROM customers c JOIN heads h ON c.parent_customer_id = h.id {below} \
             ) SELECT id, head FROM heads"
        )
    }
}

const NONE: &str = "CAST(NULL AS uuid)";
const NO_OWNER: &str = "CAST(NULL AS text)";

/// The condition that a column is one of these parameters; none is where there are none.
fn one_of(column: &str, wanted: &str) -> String {
    if wanted.is_empty() {
        return " AND 1 = 0".to_owned();
    }
    format!(" AND {column} IN ({wanted})")
}
