//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{ControlTotals, ImportKind, ImportMode, WriteMode};
use crate::book::entities::model::EntityRef;
use kernel::clock::Day;
use kernel::money::{AmountIn, Money};
use kernel::text::{Keyword, Note};

/// What the sender of a snapshot says that it comes to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportControlIn, example = json!({
    "lines": 2, "totals": [{"amount": "13734.56", "currency": "CNY"}]
}))]
pub struct ControlIn {
    /// How many documents it has.
    #[schema(minimum = 0, maximum = 200_000_000)]
    pub lines: u32,
    /// What is open on them, one amount for each currency.
    #[schema(max_items = 300)]
    pub totals: Vec<AmountIn>,
}

impl ControlIn {
    pub fn totals(self) -> ControlTotals {
        let totals: Vec<Money> = self.totals.into_iter().map(AmountIn::money).collect();
        ControlTotals {
            lines: i64::from(self.lines),
            totals,
        }
    }
}

/// The parts of an import, in any order.
#[derive(ToSchema)]
#[schema(as = ImportIn, example = json!({
    "kind": "customers", "mode": "per_line", "file": "number,name,country\nC-1001,Jiangnan Trading Co.,CN\n"
}))]
#[expect(
    dead_code,
    reason = "the contract's shape of a body that is read as a stream"
)]
pub struct ImportIn {
    kind: ImportKind,
    /// What happens to the good lines of a file with bad ones; `per_line` when not given. `customer_parents` are always
    /// proposed whole.
    mode: Option<ImportMode>,
    /// What the file does to what the book has; the first of its kind when not given.
    write: Option<WriteMode>,
    /// Whether it is only tried: everything is told, and nothing changes.
    dry_run: Option<bool>,
    /// Whether what a snapshot lacks is closed; it is told only, when not given.
    close_missing: Option<bool>,
    /// With a snapshot: the day of which the other ledger speaks.
    ledger_as_of: Option<Day>,
    /// With a snapshot: the companies of which the file speaks, by id or number, also where no line names one, as when all
    /// that was open there is paid. Those that lines name are always meant.
    #[schema(max_items = 100)]
    legal_entity: Option<Vec<EntityRef>>,
    /// With a snapshot: what it comes to, as JSON (`lines`, `totals`). What was read must be the same.
    #[schema(max_length = 16384)]
    control: Option<String>,
    /// How a foreign file's columns are read, as JSON: `shipped` (the code of a mapping that netterms ships, to begin with),
    /// `encoding`, `decimal`, `columns`, `optional_columns`, `date_format`, `values`, `defaults`, `constants`, `strip_suffix`, `skip`.
    #[schema(max_length = 16384)]
    mapping: Option<String>,
    /// The system whose numbers of customers the file has: what customers are called there (`/v1/customers/{customer}/aliases`)
    /// comes before our own numbers. The mapping's when not given.
    source_system: Option<Keyword>,
    /// Why the changes are proposed: for `customer_parents`, and for no other kind.
    reason: Option<Note>,
    /// The file: CSV in UTF-8, or in the mapping's `encoding`.
    #[schema(format = Binary, max_length = 104_857_600)]
    file: String,
}
