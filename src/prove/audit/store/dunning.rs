//! What must hold of dunning.

use super::{Invariant, invariant, named};
use kernel::ids::{DunningCase, DunningRun, Item};

/// The highest stage of what is open of a case `c`.
const HIGHEST: &str = "COALESCE((SELECT MAX(s.level) FROM dunning_stages s \
       JOIN invoice_items i ON i.id = s.item_id JOIN invoices v ON v.id = i.invoice_id \
       WHERE s.customer_id = c.customer_id AND v.legal_entity_id = c.legal_entity_id AND v.currency = c.currency \
         AND i.open_minor > 0 AND i.sold_on IS NULL), 0)";

pub(super) fn invariants() -> Vec<Invariant> {
    vec![
        invariant(
            "a dunning case is at the highest stage of its open items",
            "dunning_cases",
            named::<DunningCase>,
            format!(
                "SELECT c.id, 'level' AS what, CAST(c.level AS BIGINT) AS stated, \
                   CAST({HIGHEST} AS BIGINT) AS counted \
                 FROM dunning_cases c WHERE c.closed_on IS NULL"
            ),
        ),
        invariant(
            "a dunning run has the notices and lines that it counts",
            "dunning_runs",
            named::<DunningRun>,
            "SELECT r.id, 'notices' AS what, r.notices AS stated, \
               (SELECT COUNT(*) FROM dunning_notices n WHERE n.run_id = r.id) AS counted FROM dunning_runs r \
             UNION ALL SELECT r.id, 'lines', r.lines, \
               (SELECT COUNT(*) FROM dunning_notice_items i JOIN dunning_notices n ON n.id = i.notice_id \
                WHERE n.run_id = r.id) FROM dunning_runs r"
                .to_owned(),
        ),
        // The tables of lines and stages have no references of their own: a run writes millions of them.
        invariant(
            "what was dunned is of an item and a notice that are there",
            "dunning_stages",
            named::<Item>,
            "SELECT s.item_id AS id, 'stage' AS what, CAST(1 AS BIGINT) AS stated, CAST(0 AS BIGINT) AS counted \
             FROM dunning_stages s LEFT JOIN invoice_items i ON i.id = s.item_id AND i.invoice_id = s.invoice_id \
               AND i.customer_id = s.customer_id \
             LEFT JOIN dunning_notices n ON n.id = s.notice_id WHERE i.id IS NULL OR n.id IS NULL \
             UNION ALL SELECT l.item_id, 'line', CAST(1 AS BIGINT), CAST(0 AS BIGINT) \
             FROM dunning_notice_items l LEFT JOIN invoice_items i ON i.id = l.item_id AND i.invoice_id = l.invoice_id \
             LEFT JOIN dunning_notices n ON n.id = l.notice_id WHERE i.id IS NULL OR n.id IS NULL"
                .to_owned(),
        ),
    ]
}
