//! Queries of reports.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use diesel::prelude::*;
use diesel::sql_types::{Date, Text};

use super::model::{AgingBy, AgingPart, AgingQuestion, POST_DATED, SOLD, UNAPPLIED};
use crate::book::customers::store::list_wanted;
use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::platform::db::schema::{credit_accounts, customers};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::CustomerId;
use kernel::money::Currency;
use kernel::text::Subject;

/// What the accounts in one currency owe and may come to owe.
pub fn list_exposures(
    db: &mut Db,
    currency: Currency,
) -> Result<Vec<(CustomerId, Exposure)>, DbError> {
    let accounts: Vec<CreditAccount> = on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::currency.eq(currency))
        .order(credit_accounts::id)
        .select(CreditAccount::as_select())
        .load(c))?;
    let each = accounts.into_iter();
    Ok(each
        .map(|account| (account.customer_id, account.exposure()))
        .collect())
}

/// The customers of an owner.
pub fn list_owned(db: &mut Db, owner: &Subject) -> Result<BTreeSet<CustomerId>, DbError> {
    let ids: Vec<CustomerId> = on_backend!(db, |c| customers::table
        .filter(customers::owner.eq(owner))
        .select(customers::id)
        .load(c))?;
    Ok(ids.into_iter().collect())
}

/// What is outstanding, unapplied and post-dated at the end of a day, summed by row, currency and bucket, in one
/// statement.
pub fn aging(db: &mut Db, question: &AgingQuestion) -> Result<Vec<AgingPart>, DbError> {
    let cut_offs = question.bounds.cut_offs(question.as_of);
    let next_day = question.as_of.succ_opt().unwrap_or(question.as_of);
    let ends_at = db.clock().start_of(next_day);
    let wanted = list_wanted(db, &question.customers)?;
    let sql = aging_sql(question, wanted.as_deref(), cut_offs.len());
    Ok(on_backend!(db, |c| {
        let mut query = diesel::sql_query(sql).into_boxed();
        for cut_off in cut_offs {
            query = query.bind::<Date, _>(cut_off);
        }
        query = query.bind::<InstantColumn, _>(ends_at);
        if let Some(owner) = &question.owner {
            query = query.bind::<Text, _>(owner);
        }
        for customer in wanted.iter().flatten() {
            query = query.bind::<IdColumn, _>(customer);
        }
        query.load::<AgingPart>(c)
    })?)
}

/// The statement. `$1` is the day of the question and the first cut-off; both databases take a parameter twice.
///
/// An item counts from its invoice's date until that is cancelled, a receipt or credit note from its date until it is
/// reversed, a settlement from the day on which it is effective: it takes from the item, and what it uses from what is
/// unapplied. What settles an item beyond what that counts on a day, because it was put right later, is unapplied. What was sold without recourse stands beside
/// it as well. Invoices of a later date that were in the book when the day ended stand beside it, whole: what settles them
/// is unapplied until their day.
fn aging_sql(question: &AgingQuestion, wanted: Option<&[CustomerId]>, cut_offs: usize) -> String {
    let ends_at = cut_offs + 1;
    let (customer, owner, join) = match question.by {
        AgingBy::Customer => ("c.id", NO_OWNER, String::new()),
        AgingBy::Group => {
            let heads = heads(question, ends_at);
            (
                "h.head",
                NO_OWNER,
                format!("JOIN ({heads}) h ON h.id = c.id"),
            )
        }
        AgingBy::Owner => (NO_CUSTOMER, "c.owner", String::new()),
        AgingBy::Currency => (NO_CUSTOMER, NO_OWNER, String::new()),
    };
    let mut bucket = String::from("CASE");
    for place in 0..cut_offs {
        let _ = write!(bucket, " WHEN t.due_date >= ${} THEN {place}", place + 1);
    }
    let _ = write!(bucket, " ELSE {cut_offs} END");
    let only = conditions(question, wanted, ends_at);
    format!(
        "WITH settled (item_id, minor) AS ( \
           SELECT item_id, SUM(amount_minor) FROM settlements WHERE effective_on <= $1 GROUP BY item_id \
         ), used (receipt_id, credit_note_id, minor) AS ( \
           SELECT receipt_id, credit_note_id, SUM(used_minor) FROM settlements \
           WHERE effective_on <= $1 AND (receipt_id IS NOT NULL OR credit_note_id IS NOT NULL) \
           GROUP BY receipt_id, credit_note_id \
         ) SELECT {customer} AS customer, {owner} AS owner, m.currency AS currency, \
           CAST(m.bucket AS BIGINT) AS bucket, CAST(SUM(m.amount_minor) AS BIGINT) AS amount_minor, \
           CAST(SUM(m.invoices) AS BIGINT) AS invoices \
         FROM ( \
           SELECT i.customer_id, i.currency, {bucket} AS bucket, \
             t.amount_minor - COALESCE(s.minor, 0) AS amount_minor, 1 AS invoices \
           FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id LEFT JOIN settled s ON s.item_id = t.id \
           WHERE i.invoice_date <= $1 AND (i.cancelled_on IS NULL OR i.cancelled_on > $1) \
             AND t.amount_minor > COALESCE(s.minor, 0) \
           UNION ALL \
           SELECT i.customer_id, i.currency, {SOLD}, t.amount_minor - COALESCE(s.minor, 0), 0 \
           FROM factoring_assignments f JOIN invoices i ON i.id = f.invoice_id \
           JOIN invoice_items t ON t.invoice_id = i.id LEFT JOIN settled s ON s.item_id = t.id \
           WHERE f.effect = 'leaves' AND f.assigned_on <= $1 AND (f.ended_on IS NULL OR f.ended_on > $1) \
             AND i.invoice_date <= $1 AND t.amount_minor > COALESCE(s.minor, 0) \
           UNION ALL \
           SELECT customer_id, currency, {UNAPPLIED}, amount_minor, 0 FROM receipts \
           WHERE receipt_date <= $1 AND (reversed_on IS NULL OR reversed_on > $1) \
           UNION ALL \
           SELECT customer_id, currency, {UNAPPLIED}, amount_minor, 0 FROM credit_notes \
           WHERE credit_date <= $1 AND (reversed_on IS NULL OR reversed_on > $1) \
           UNION ALL \
           SELECT r.customer_id, r.currency, {UNAPPLIED}, -u.minor, 0 \
           FROM used u JOIN receipts r ON r.id = u.receipt_id \
           UNION ALL \
           SELECT n.customer_id, n.currency, {UNAPPLIED}, -u.minor, 0 \
           FROM used u JOIN credit_notes n ON n.id = u.credit_note_id \
           UNION ALL \
           SELECT r.customer_id, r.currency, {UNAPPLIED}, -b.amount_minor, 0 \
           FROM refunds b JOIN receipts r ON r.id = b.receipt_id \
           WHERE b.held_on <= $1 AND (b.freed_on IS NULL OR b.freed_on > $1) \
           UNION ALL \
           SELECT customer_id, currency, {UNAPPLIED}, minor, 0 FROM ( \
             SELECT i.customer_id, i.currency, s.minor - \
               CASE WHEN i.cancelled_on <= $1 THEN 0 ELSE t.amount_minor END AS minor \
             FROM settled s JOIN invoice_items t ON t.id = s.item_id JOIN invoices i ON i.id = t.invoice_id \
           ) AS beyond WHERE minor > 0 \
           UNION ALL \
           SELECT customer_id, currency, {POST_DATED}, amount_minor, 0 FROM invoices \
           WHERE invoice_date > $1 AND (cancelled_on IS NULL OR cancelled_on > $1) AND created_at < ${ends_at} \
         ) m JOIN customers c ON c.id = m.customer_id {join} {only} GROUP BY 1, 2, 3, 4"
    )
}

const NO_CUSTOMER: &str = "CAST(NULL AS uuid)";
const NO_OWNER: &str = "CAST(NULL AS text)";

/// Each customer with the head of its group: itself when it has no parent.
const HEADS: &str = "WITH RECURSIVE heads (id, head) AS ( \
     SELECT id, id FROM customers WHERE parent_customer_id IS NULL \
     UNION ALL SELECT c.id, h.head FROM customers c JOIN heads h ON c.parent_customer_id = h.id \
   ) SELECT id, head FROM heads";

/// [`HEADS`]; for who sees only their own customers, whose owner is the first parameter of the conditions, groups end
/// where their customers do: a head that is somebody else's is not told. It stands after the day and the cut-offs in the
/// statement: SQLite numbers parameters as they come.
fn heads(question: &AgingQuestion, bound: usize) -> String {
    if question.owner.is_none() {
        return HEADS.to_owned();
    }
    let owner = bound + 1;
    format!(
        "WITH RECURSIVE heads (id, head) AS ( \
           SELECT c.id, c.id FROM customers c LEFT JOIN customers p ON p.id = c.parent_customer_id \
           WHERE c.owner = ${owner} AND (p.owner IS NULL OR p.owner <> ${owner}) \
           UNION ALL SELECT c.id, h.head FROM customers c JOIN heads h ON c.parent_customer_id = h.id \
           WHERE c.owner = ${owner} \
         ) SELECT id, head FROM heads"
    )
}

fn conditions(question: &AgingQuestion, wanted: Option<&[CustomerId]>, bound: usize) -> String {
    let mut next = bound;
    let mut parameters = |count: usize| -> String {
        let names: Vec<String> = (1..=count).map(|n| format!("${}", next + n)).collect();
        next += count;
        names.join(", ")
    };
    let mut all: Vec<String> = Vec::new();
    if question.owner.is_some() {
        all.push(format!("c.owner = {}", parameters(1)));
    }
    match wanted {
        None => {}
        Some([]) => all.push("1 = 0".to_owned()),
        Some(wanted) => all.push(format!("c.id IN ({})", parameters(wanted.len()))),
    }
    if all.is_empty() {
        return String::new();
    }
    format!("WHERE {}", all.join(" AND "))
}
