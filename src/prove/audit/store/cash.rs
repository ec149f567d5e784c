//! What the audit asks of bank statements.

use super::{Invariant, invariant, named};
use kernel::ids::{BankEntry, BankStatement};

pub fn invariants() -> Vec<Invariant> {
    vec![
        invariant(
            "a bank entry became the receipts that stand",
            "bank_entries",
            named::<BankEntry>,
            "SELECT e.id AS id, 'assigned' AS what, e.assigned_minor AS stated, \
               CAST(COALESCE(SUM(r.amount_minor), 0) AS BIGINT) AS counted \
             FROM bank_entries e LEFT JOIN bank_entry_receipts l ON l.entry_id = e.id \
             LEFT JOIN receipts r ON r.id = l.receipt_id AND r.status = 'posted' \
             GROUP BY e.id, e.assigned_minor"
                .to_owned(),
        ),
        invariant(
            "a bank entry is applied when all of it became receipts",
            "bank_entries",
            named::<BankEntry>,
            "SELECT id, 'left' AS what, CAST(0 AS BIGINT) AS stated, amount_minor - assigned_minor AS counted \
             FROM bank_entries WHERE status = 'applied' \
             UNION ALL SELECT id, 'assigned', CAST(0 AS BIGINT), assigned_minor \
             FROM bank_entries WHERE status NOT IN ('applied', 'open')"
                .to_owned(),
        ),
        invariant(
            "a bank entry is returned when one entry took it back",
            "bank_entries",
            named::<BankEntry>,
            "SELECT e.id AS id, 'returns' AS what, \
               CAST(CASE WHEN e.status = 'returned' THEN 1 ELSE 0 END AS BIGINT) AS stated, \
               CAST(COUNT(r.id) AS BIGINT) AS counted \
             FROM bank_entries e LEFT JOIN bank_entries r ON r.returns_entry_id = e.id \
             WHERE e.kind = 'credit' GROUP BY e.id, e.status"
                .to_owned(),
        ),
        invariant(
            "opening balance and entries make the closing balance",
            "bank_statements",
            named::<BankStatement>,
            "SELECT id, 'closing' AS what, closing_minor AS stated, \
               opening_minor + credits_minor - debits_minor AS counted \
             FROM bank_statements WHERE opening_minor IS NOT NULL AND closing_minor IS NOT NULL"
                .to_owned(),
        ),
        invariant(
            "a bank statement has the entries that were new",
            "bank_statements",
            named::<BankStatement>,
            "SELECT s.id AS id, 'entries' AS what, s.entries - s.known_entries AS stated, \
               CAST(COUNT(e.id) AS BIGINT) AS counted \
             FROM bank_statements s LEFT JOIN bank_entries e ON e.statement_id = s.id \
             GROUP BY s.id, s.entries, s.known_entries"
                .to_owned(),
        ),
    ]
}
