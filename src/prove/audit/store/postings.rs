//! What postings say of what they tell.

use super::invariant;
use crate::prove::audit::model::{Invariant, named};
use kernel::ids::Posting;

/// A posting tells the amount of its settlement, refund or charge, and is of one of them.
pub fn invariants() -> Vec<Invariant> {
    vec![
        invariant(
            "a posting tells the amount of what it is of",
            "postings",
            named::<Posting>,
            "SELECT p.id, 'amount' AS what, p.amount_minor AS stated, \
               CAST(COALESCE(s.amount_minor, r.amount_minor, \
                 CASE WHEN p.amount_minor < 0 THEN -c.amount_minor ELSE c.amount_minor END, 0) AS BIGINT) AS counted \
             FROM postings p LEFT JOIN settlements s ON s.id = p.settlement_id \
               LEFT JOIN refunds r ON r.id = p.refund_id LEFT JOIN charges c ON c.id = p.charge_id"
                .to_owned(),
        ),
        invariant(
            "a posting is of one settlement, refund or charge",
            "postings",
            named::<Posting>,
            "SELECT p.id, 'sources' AS what, CAST(1 AS BIGINT) AS stated, \
               CAST(CASE WHEN p.settlement_id IS NULL THEN 0 ELSE 1 END + CASE WHEN p.refund_id IS NULL THEN 0 ELSE 1 END \
                 + CASE WHEN p.charge_id IS NULL THEN 0 ELSE 1 END AS BIGINT) AS counted \
             FROM postings p"
                .to_owned(),
        ),
    ]
}
