//! What postings say of what they tell.

use super::invariant;
use crate::prove::audit::model::{Invariant, named};
use kernel::ids::Posting;

/// A posting tells the amount of its settlement or refund, and is of one of them.
pub fn invariants() -> Vec<Invariant> {
    vec![
        invariant(
            "a posting tells the amount of what it is of",
            "postings",
            named::<Posting>,
            "SELECT p.id, 'amount' AS what, p.amount_minor AS stated, \
               CAST(COALESCE(s.amount_minor, r.amount_minor, 0) AS BIGINT) AS counted \
             FROM postings p LEFT JOIN settlements s ON s.id = p.settlement_id \
               LEFT JOIN refunds r ON r.id = p.refund_id"
                .to_owned(),
        ),
        invariant(
            "a posting is of one settlement or of one refund",
            "postings",
            named::<Posting>,
            "SELECT p.id, 'sources' AS what, CAST(1 AS BIGINT) AS stated, \
               CAST(CASE WHEN (p.settlement_id IS NULL) <> (p.refund_id IS NULL) THEN 1 ELSE 0 END AS BIGINT) AS counted \
             FROM postings p"
                .to_owned(),
        ),
    ]
}
