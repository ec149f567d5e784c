//! Worked examples, for the tests of this floor and of those above.

use super::{Node, NodeKind};
use crate::book::exposure::model::{Exposure, Limit};

/// A node with a limit and exposure, in hundredths.
pub fn a_node(kind: NodeKind, limit_minor: i64, exposure: Exposure) -> Node {
    Node {
        kind,
        id: format!("{kind}-1"),
        key: String::new(),
        limit: Limit::Amount(limit_minor),
        additional: Vec::new(),
        exposure,
        currency: None,
        legal_entity_id: None,
        others: Vec::new(),
    }
}

/// Formulas 3.16, in thousands: A has limit 600 and exposure 390; its parent's group 1,000 and 840.
pub fn the_worked_example() -> [Node; 2] {
    let own = Exposure {
        reserved_minor: 60 + 20,
        delivered_minor: 40,
        receivable_minor: 300,
        unapplied_minor: 30,
        ..Exposure::default()
    };
    let group = own + Exposure::receivable(450);
    [
        a_node(NodeKind::Own, 600, own),
        a_node(NodeKind::Group, 1_000, group),
    ]
}
