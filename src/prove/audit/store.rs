//! The statements of the audit. Each gives figures as rows of `id`, `what`, `stated` and `counted`; the database sends
//! those that differ, and only the first of them.

mod aging;
mod cash;
mod charges;
mod dunning;
mod ledger;
mod messages;
mod postings;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{Approved, Invariant, LieRow, RowId, TOLD_MAX, named};
use crate::decide::limits::model::Outcome;
use crate::platform::db::schema::{limit_checks, reservations, trail_entries};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{
    CreditAccount, CreditNote, Customer, ExpertPanel, ExposureEntry, IdempotencyKey, Instrument,
    Invoice, LimitCheckId, PortfolioCap, Receipt, Reservation, ReservationId,
};

pub use messages::list_kept_messages;

/// The counters of exposure, by the name of their column without `_minor`.
const COUNTERS: [&str; 6] = [
    "reserved",
    "delivered",
    "receivable",
    "instrument",
    "charge",
    "unapplied",
];

/// Where exposure comes from: one row for each thing that adds to a counter of an account, with its balance.
const SOURCES: &str = "\
    SELECT account_id, legal_entity_id, currency, 'reserved' AS what, amount_minor - captured_minor AS minor \
    FROM reservations WHERE status IN ('active', 'partially_captured') AND captured_minor < amount_minor \
    UNION ALL SELECT account_id, legal_entity_id, currency, CASE kind WHEN 'sale' THEN 'receivable' ELSE 'charge' END, \
      open_minor FROM invoices \
      WHERE open_minor > 0 AND sold_on IS NULL \
    UNION ALL SELECT account_id, legal_entity_id, currency, 'instrument', outstanding_minor FROM instruments \
      WHERE outstanding_minor > 0 \
    UNION ALL SELECT acceptor_account_id, legal_entity_id, currency, 'instrument', outstanding_minor FROM instruments \
      WHERE outstanding_minor > 0 AND acceptor_account_id IS NOT NULL \
    UNION ALL SELECT account_id, legal_entity_id, currency, 'unapplied', unapplied_minor FROM receipts \
      WHERE unapplied_minor > 0 \
    UNION ALL SELECT account_id, legal_entity_id, currency, 'unapplied', unapplied_minor FROM credit_notes \
      WHERE unapplied_minor > 0 \
    UNION ALL SELECT account_id, legal_entity_id, currency, CASE category WHEN 'reservations' THEN 'reserved' \
      WHEN 'delivered_not_billed' THEN 'delivered' WHEN 'instruments' THEN 'instrument' ELSE 'charge' END, \
      amount_minor FROM exposure_entries WHERE amount_minor > 0";

/// The first legal entity, whose id is before all others.
const MAIN: &str = "(SELECT id FROM legal_entities ORDER BY id LIMIT 1)";

/// The balances of accounts, those of their own rows and those beside, each with the words that tell which it is: none
/// for the home balance.
fn balances() -> String {
    let columns = |prefix: &str| {
        let all = COUNTERS.map(|counter| format!("{prefix}{counter}_minor"));
        all.join(", ")
    };
    let (own, group) = (columns(""), columns("group_"));
    format!(
        "balances AS ( \
           SELECT id AS account_id, {MAIN} AS legal_entity_id, currency, '' AS of_balance, {own}, {group} \
           FROM credit_accounts \
           UNION ALL SELECT b.account_id, b.legal_entity_id, b.currency, ' in ' || b.currency || ' of ' || e.number, \
             {own}, {group} FROM account_balances b JOIN legal_entities e ON e.id = b.legal_entity_id \
         )"
    )
}

/// Which balance of an account `a` something of a legal entity `e` and a currency counts in, in the words of
/// [`balances`].
fn of_balance(currency: &str) -> String {
    format!(
        "CASE WHEN e.id = {MAIN} AND {currency} = a.currency THEN '' ELSE ' in ' || {currency} || ' of ' || e.number END"
    )
}

/// Everything that one statement can ask of the book.
pub fn invariants() -> Vec<Invariant> {
    let mut all = of_balances();
    all.extend(of_orders());
    all.extend(of_instruments_and_factoring());
    all.extend(ledger::invariants());
    all.extend(postings::invariants());
    all.extend(charges::invariants());
    all.extend(cash::invariants());
    all.extend(dunning::invariants());
    all.push(invariant(
        "a panel that is over has its end, and no other",
        "expert_panels",
        named::<ExpertPanel>,
        "SELECT id, 'end' AS what, CAST(CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS stated, \
           CAST(CASE WHEN status IN ('scoring', 'reviewing') THEN 0 ELSE 1 END AS BIGINT) AS counted \
         FROM expert_panels"
            .to_owned(),
    ));
    // A key alone would refuse its request for ever.
    all.push(invariant(
        "every idempotency key has its answer",
        "idempotency_keys",
        named::<IdempotencyKey>,
        "SELECT id, 'answer' AS what, CAST(1 AS BIGINT) AS stated, \
           CAST(CASE answer WHEN '' THEN 0 ELSE 1 END AS BIGINT) AS counted FROM idempotency_keys"
            .to_owned(),
    ));
    all
}

fn invariant(
    name: &'static str,
    table: &'static str,
    named: fn(RowId) -> String,
    figures: String,
) -> Invariant {
    Invariant {
        name,
        table,
        named,
        figures,
    }
}

/// What is owed, and what settles it.
fn of_balances() -> Vec<Invariant> {
    vec![
        invariant(
            "an account owes what its documents say",
            "credit_accounts",
            named::<CreditAccount>,
            own_exposure(),
        ),
        invariant(
            "a group owes what its members owe",
            "credit_accounts",
            named::<CreditAccount>,
            group_exposure(),
        ),
        invariant(
            "an account is marked as owing beside its home balance where it does, and only there",
            "credit_accounts",
            named::<CreditAccount>,
            "SELECT a.id, 'other balances' AS what, \
               CAST(CASE WHEN a.has_other_balances THEN 1 ELSE 0 END AS BIGINT) AS stated, \
               CAST(CASE WHEN EXISTS (SELECT 1 FROM account_balances b WHERE b.account_id = a.id) \
                 THEN 1 ELSE 0 END AS BIGINT) AS counted \
             FROM credit_accounts a"
                .to_owned(),
        ),
        invariant(
            "a cap counts the accounts that it bounds",
            "portfolio_caps",
            named::<PortfolioCap>,
            cap_exposure(),
        ),
        invariant(
            "an invoice is open as far as nothing settles it",
            "invoices",
            named::<Invoice>,
            left_of(
                "invoices",
                "open",
                "cancelled",
                "invoice_id",
                "amount_minor",
            ),
        ),
        invariant(
            "a receipt is unapplied as far as it settles nothing",
            "receipts",
            named::<Receipt>,
            left_of(
                "receipts",
                "unapplied",
                "reversed",
                "receipt_id",
                "used_minor",
            ),
        ),
        invariant(
            "a credit note is unapplied as far as it settles nothing",
            "credit_notes",
            named::<CreditNote>,
            left_of(
                "credit_notes",
                "unapplied",
                "reversed",
                "credit_note_id",
                "used_minor",
            ),
        ),
        invariant(
            "a receipt settles no more than it is, on any day",
            "receipts",
            named::<Receipt>,
            used_on_each_day("receipts", "receipt_id", "receipt_date"),
        ),
        invariant(
            "a credit note settles no more than it is, on any day",
            "credit_notes",
            named::<CreditNote>,
            used_on_each_day("credit_notes", "credit_note_id", "credit_date"),
        ),
    ]
}

/// What is with factors, and what instruments stand for.
fn of_instruments_and_factoring() -> Vec<Invariant> {
    vec![
        invariant(
            "an instrument counts until it is paid, refused or given back",
            "instruments",
            named::<Instrument>,
            "SELECT id, 'outstanding' AS what, outstanding_minor AS stated, \
               CASE WHEN status IN ('cleared', 'dishonoured', 'recourse', 'withdrawn') THEN 0 ELSE amount_minor END AS counted \
             FROM instruments"
                .to_owned(),
        ),
        invariant(
            "what an instrument settled stands as long as it may be paid",
            "instruments",
            named::<Instrument>,
            "SELECT i.id, 'receipt' AS what, \
               CAST(CASE r.status WHEN 'reversed' THEN 0 ELSE 1 END AS BIGINT) AS stated, \
               CAST(CASE WHEN i.status IN ('dishonoured', 'recourse', 'withdrawn') THEN 0 \
                 WHEN i.status = 'cleared' AND r.status = 'reversed' THEN 0 ELSE 1 END AS BIGINT) AS counted \
             FROM instruments i JOIN receipts r ON r.id = i.receipt_id"
                .to_owned(),
        ),
        invariant(
            "an invoice left exposure when it was sold without recourse, and then alone",
            "factoring_assignments",
            named::<Invoice>,
            "SELECT i.id, 'sold' AS what, CAST(CASE WHEN i.sold_on IS NULL THEN 0 ELSE 1 END AS BIGINT) AS stated, \
               CAST(COUNT(a.id) AS BIGINT) AS counted \
             FROM invoices i LEFT JOIN factoring_assignments a \
               ON a.invoice_id = i.id AND a.status = 'active' AND a.effect = 'leaves' \
             WHERE i.sold_on IS NOT NULL OR a.id IS NOT NULL GROUP BY i.id, i.sold_on"
                .to_owned(),
        ),
    ]
}

/// What orders hold, and what was delivered and billed of them.
fn of_orders() -> Vec<Invariant> {
    vec![
        invariant(
            "a reservation was captured into its deliveries and invoices",
            "reservations",
            named::<Reservation>,
            "SELECT r.id, 'captured' AS what, r.captured_minor AS stated, \
               CAST(COALESCE(c.minor, 0) AS BIGINT) AS counted \
             FROM reservations r LEFT JOIN ( \
               SELECT reservation_id, SUM(captured_minor) AS minor FROM reservation_captures GROUP BY reservation_id \
             ) c ON c.reservation_id = r.id"
                .to_owned(),
        ),
        invariant(
            "an entry counts what is not billed of it",
            "exposure_entries",
            named::<ExposureEntry>,
            "SELECT id, 'open' AS what, amount_minor AS stated, \
               CASE WHEN billed_minor < stated_minor THEN stated_minor - billed_minor ELSE 0 END AS counted \
             FROM exposure_entries"
                .to_owned(),
        ),
        invariant(
            "what is billed of an order's deliveries, its invoices took",
            "order_invoices",
            named::<CreditAccount>,
            "SELECT account_id AS id, order_number AS what, CAST(SUM(billed) AS BIGINT) AS stated, \
               CAST(SUM(taken) AS BIGINT) AS counted FROM ( \
               SELECT account_id, order_number, billed_minor AS billed, 0 AS taken FROM exposure_entries \
               WHERE order_number IS NOT NULL \
               UNION ALL SELECT account_id, order_number, 0, delivered_minor + matched_minor FROM order_invoices \
               WHERE restored_at IS NULL \
             ) AS sides GROUP BY account_id, order_number"
                .to_owned(),
        ),
        invariant(
            "an order holds one reservation for a purpose",
            "reservations",
            named::<Customer>,
            "SELECT customer_id AS id, order_number || ', ' || purpose AS what, CAST(1 AS BIGINT) AS stated, \
               CAST(COUNT(*) AS BIGINT) AS counted \
             FROM reservations WHERE status IN ('active', 'partially_captured') \
             GROUP BY customer_id, order_number, purpose"
                .to_owned(),
        ),
        invariant(
            "a reservation has the id of the check that made it",
            "reservations",
            named::<Reservation>,
            "SELECT r.id, 'checks' AS what, CAST(1 AS BIGINT) AS stated, CAST(COUNT(c.id) AS BIGINT) AS counted \
             FROM reservations r LEFT JOIN limit_checks c ON c.id = r.id AND c.customer_id = r.customer_id \
             GROUP BY r.id"
                .to_owned(),
        ),
    ]
}

/// The counters of a table as rows, one for each, as `stated` or `counted`.
fn counters(id: &str, prefix: &str, from: &str, side: Side) -> String {
    let one = |counter: &&str| {
        let column = format!("{prefix}{counter}_minor");
        let (stated, counted) = match side {
            Side::Stated => (column.as_str(), "0"),
            Side::Counted => ("0", column.as_str()),
        };
        format!(
            "SELECT {id} AS id, '{counter}' AS what, {stated} AS stated, {counted} AS counted FROM {from}"
        )
    };
    let all: Vec<String> = COUNTERS.iter().map(one).collect();
    all.join(" UNION ALL ")
}

#[derive(Clone, Copy)]
enum Side {
    Stated,
    Counted,
}

/// Both sides of every figure on one row.
fn compared(with: &str, sides: &str) -> String {
    format!(
        "{with} SELECT id, what, CAST(SUM(stated) AS BIGINT) AS stated, CAST(SUM(counted) AS BIGINT) AS counted \
         FROM ({sides}) AS sides GROUP BY id, what"
    )
}

fn own_exposure() -> String {
    let with = format!("WITH {}", balances());
    let stated = counters("account_id", "", "balances", Side::Stated);
    let stated = stated.replace("' AS what", "' || of_balance AS what");
    let balance = of_balance("s.currency");
    let sides = format!(
        "{stated} UNION ALL SELECT s.account_id, s.what || {balance}, 0, s.minor FROM ({SOURCES}) AS s \
         JOIN credit_accounts a ON a.id = s.account_id JOIN legal_entities e ON e.id = s.legal_entity_id"
    );
    compared(&with, &sides)
}

fn group_exposure() -> String {
    let balance = of_balance("b.currency").replace("a.currency", "head.currency");
    let own = COUNTERS
        .map(|counter| format!("b.{counter}_minor"))
        .join(", ");
    let with = format!(
        "WITH RECURSIVE below (head, member) AS ( \
           SELECT id, id FROM customers \
           UNION SELECT b.head, c.id FROM below b JOIN customers c ON c.parent_customer_id = b.member \
         ), {}, members AS ( \
           SELECT head.id AS group_id, {balance} AS of_balance, {own} FROM below w \
           JOIN credit_accounts head ON head.customer_id = w.head \
           JOIN credit_accounts own ON own.customer_id = w.member \
           JOIN balances b ON b.account_id = own.id \
           JOIN legal_entities e ON e.id = b.legal_entity_id \
         )",
        balances()
    );
    let named = |rows: String| rows.replace("' AS what", "' || of_balance AS what");
    let stated = named(counters("account_id", "group_", "balances", Side::Stated));
    let counted = named(counters("group_id", "", "members", Side::Counted));
    compared(&with, &format!("{stated} UNION ALL {counted}"))
}

/// A cap has a row for each currency in which somebody that it bounds owes.
fn cap_exposure() -> String {
    let own = COUNTERS
        .map(|counter| format!("b.{counter}_minor"))
        .join(", ");
    let with = format!(
        "WITH {}, bounded AS ( \
           SELECT p.id AS cap_id, a.* FROM portfolio_caps p JOIN ( \
             SELECT b.currency, {own}, a.segment, c.owner, c.country, c.industry \
             FROM balances b JOIN credit_accounts a ON a.id = b.account_id \
             JOIN customers c ON c.id = a.customer_id \
           ) a ON p.kind = 'company' OR p.key = CASE p.kind WHEN 'segment' THEN a.segment \
             WHEN 'salesperson' THEN a.owner WHEN 'country' THEN a.country WHEN 'industry' THEN a.industry END \
         )",
        balances()
    );
    let named = |rows: String| rows.replace("' AS what", "' || ' in ' || currency AS what");
    let stated = named(counters("cap_id", "", "portfolio_exposures", Side::Stated));
    let counted = named(counters("cap_id", "", "bounded", Side::Counted));
    // What an acceptor must pay is counted by instrument, whosever it is.
    let accepted = "SELECT p.id AS id, 'instrument in ' || i.currency AS what, 0 AS stated, i.outstanding_minor AS counted \
                    FROM portfolio_caps p JOIN instruments i ON p.kind = 'acceptor' AND p.key = i.acceptor_key";
    compared(
        &with,
        &format!("{stated} UNION ALL {counted} UNION ALL {accepted}"),
    )
}

/// What is left of a document: nothing when it was taken back, else its amount less what it settles or is settled by.
fn left_of(table: &str, left: &str, taken_back: &str, reference: &str, taken: &str) -> String {
    let given_back = if table == "receipts" {
        " - d.refunded_minor"
    } else {
        ""
    };
    format!(
        "SELECT d.id, '{left}' AS what, d.{left}_minor AS stated, CAST( \
           CASE d.status WHEN '{taken_back}' THEN 0 ELSE d.amount_minor END{given_back} - COALESCE(s.minor, 0) AS BIGINT \
         ) AS counted \
         FROM {table} d LEFT JOIN ( \
           SELECT {reference}, SUM({taken}) AS minor FROM settlements \
           WHERE {reference} IS NOT NULL GROUP BY {reference} \
         ) s ON s.{reference} = d.id"
    )
}

/// What some money settles at the end of each day on which that changed: between nothing and its amount while it counts,
/// and nothing before its day and from the day on which it was taken back.
fn used_on_each_day(table: &str, reference: &str, dated: &str) -> String {
    format!(
        "SELECT u.id, 'settles on ' || CAST(u.day AS text) AS what, u.used AS stated, \
           CAST(CASE WHEN d.{dated} > u.day OR d.reversed_on <= u.day OR u.used < 0 THEN 0 \
             WHEN u.used > d.amount_minor THEN d.amount_minor ELSE u.used END AS BIGINT) AS counted \
         FROM ( \
           SELECT id, day, CAST(SUM(SUM(minor)) OVER (PARTITION BY id ORDER BY day) AS BIGINT) AS used FROM ( \
             SELECT {reference} AS id, effective_on AS day, used_minor AS minor FROM settlements \
             WHERE {reference} IS NOT NULL \
             UNION ALL SELECT id, reversed_on, 0 FROM {table} WHERE reversed_on IS NOT NULL \
           ) AS moves GROUP BY id, day \
         ) AS u JOIN {table} d ON d.id = u.id"
    )
}

pub use aging::{list_movements, list_owed, list_settlement_days};
pub use charges::list_charges;
pub use ledger::{Crossed, list_crossed};

/// The first figures of which both sides differ.
pub fn list_lies(db: &mut Db, invariant: &Invariant) -> Result<Vec<LieRow>, DbError> {
    let sql = format!(
        "SELECT id, what, stated, counted, COUNT(*) OVER () AS lies FROM ({}) AS figures \
         WHERE stated <> counted ORDER BY id, what LIMIT {TOLD_MAX}",
        invariant.figures
    );
    Ok(on_backend!(db, |c| diesel::sql_query(sql).load::<LieRow>(c))?)
}

pub fn count_rows(db: &mut Db, table: &str) -> Result<i64, DbError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
    let count: Count = on_backend!(db, |c| diesel::sql_query(sql).get_result(c))?;
    Ok(count.rows)
}

/// The values of a column, each with the number of its rows.
pub fn count_values(db: &mut Db, table: &str, column: &str) -> Result<Vec<(String, i64)>, DbError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = Text)]
        value: String,
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let sql = format!(
        "SELECT {column} AS value, COUNT(*) AS rows FROM {table} WHERE {column} IS NOT NULL \
         GROUP BY {column} ORDER BY {column}"
    );
    let counts: Vec<Count> = on_backend!(db, |c| diesel::sql_query(sql).load(c))?;
    Ok(counts
        .into_iter()
        .map(|count| (count.value, count.rows))
        .collect())
}

/// The next reservations after one, in order of id.
pub fn list_reservations(
    db: &mut Db,
    after: Option<ReservationId>,
    limit: i64,
) -> Result<Vec<ReservationId>, DbError> {
    let after = after.unwrap_or_else(|| ReservationId::from_uuid(uuid::Uuid::nil()));
    Ok(on_backend!(db, |c| reservations::table
        .filter(reservations::id.gt(after))
        .select(reservations::id)
        .order(reservations::id)
        .limit(limit)
        .load(c))?)
}

/// Which of these things have an entry of this action in the trail.
pub fn list_recorded(
    db: &mut Db,
    action: &str,
    entities: &[String],
) -> Result<Vec<String>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::action.eq(action))
        .filter(trail_entries::entity_id.eq_any(entities))
        .select(trail_entries::entity_id)
        .load(c))?)
}

/// The next approved checks after one, in order of id.
pub fn list_approved(
    db: &mut Db,
    after: Option<LimitCheckId>,
    limit: i64,
) -> Result<Vec<Approved>, DbError> {
    let after = after.unwrap_or_else(|| LimitCheckId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<(LimitCheckId, i32, String)> = on_backend!(db, |c| limit_checks::table
        .filter(limit_checks::id.gt(after))
        .filter(limit_checks::outcome.eq_any([Outcome::Approved, Outcome::ApprovedWithWarning]))
        .select((
            limit_checks::id,
            limit_checks::policy_version,
            limit_checks::record,
        ))
        .order(limit_checks::id)
        .limit(limit)
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, policy_version, record)| Approved {
            id,
            policy_version,
            record,
        })
        .collect())
}
