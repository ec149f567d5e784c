//! What is asked of an import, and what it reports.

mod columns;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::book::entities::model::EntityRef;
use crate::platform::db::schema::import_feeds;
use crate::platform::jobs::model::{JobError, Remark, Severity};
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ChangeRequestId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Keyword, Note, Subject};

pub use columns::Column;

text_enum! {
    /// What a file holds, line by line.
    pub enum ImportKind {
        Customers = "customers",
        CreditAccounts = "credit_accounts",
        Invoices = "invoices",
        Receipts = "receipts",
        CreditNotes = "credit_notes",
        ExchangeRates = "exchange_rates",
        /// Which group customers are to belong to: proposed as one change request, which another person decides.
        CustomerParents = "customer_parents",
        /// All invoices that are open in the ledger that is kept elsewhere.
        OpenItems = "open_items",
        /// All open orders of an order system.
        OpenOrders = "open_orders",
        /// All deliveries that are not billed.
        OpenDeliveries = "open_deliveries",
    }
}

text_enum! {
    /// What a file does to what the book has already.
    #[derive(Default)]
    pub enum WriteMode {
        #[default]
        /// Nothing: a line whose number is known with other content is refused.
        Insert = "insert",
        /// It changes what differs.
        Upsert = "upsert",
        /// The file is all there is: what it lacks is told, and closed when asked.
        Snapshot = "snapshot",
    }
}

text_enum! {
    /// What happens to the good lines of a file with bad ones.
    pub enum ImportMode {
        /// They are posted.
        PerLine = "per_line",
        /// They are not: a file is posted whole or not at all.
        AllOrNothing = "all_or_nothing",
    }
}

impl ImportKind {
    /// Whether a shipped mapping for another kind reads its files too.
    pub fn reads(self, other: ImportKind) -> bool {
        self == other || (self == ImportKind::OpenItems && other == ImportKind::Invoices)
    }

    /// What its files may do to what the book has; the first when not said.
    pub const fn writes(self) -> &'static [WriteMode] {
        match self {
            ImportKind::Customers | ImportKind::CreditAccounts => {
                &[WriteMode::Insert, WriteMode::Upsert]
            }
            ImportKind::OpenItems | ImportKind::OpenOrders | ImportKind::OpenDeliveries => {
                &[WriteMode::Snapshot]
            }
            ImportKind::Invoices
            | ImportKind::Receipts
            | ImportKind::CreditNotes
            | ImportKind::ExchangeRates
            | ImportKind::CustomerParents => &[WriteMode::Insert],
        }
    }

    /// Whether its lines become one change request, and the book changes when another person approves it.
    pub const fn proposes(self) -> bool {
        matches!(self, ImportKind::CustomerParents)
    }

    /// Who may import it so. Limits are taken over without an approval, so that finance alone may do it; an order system
    /// keeps customers, terms and open documents as they are with it.
    pub const fn roles(self, write: WriteMode) -> &'static [Role] {
        match (self, write) {
            (ImportKind::Customers, WriteMode::Upsert) => {
                &[Role::Credit, Role::Finance, Role::System]
            }
            (ImportKind::Customers | ImportKind::CustomerParents, _) => {
                &[Role::Credit, Role::Finance]
            }
            (ImportKind::CreditAccounts, WriteMode::Upsert)
            | (
                ImportKind::Invoices
                | ImportKind::Receipts
                | ImportKind::CreditNotes
                | ImportKind::OpenItems
                | ImportKind::OpenOrders
                | ImportKind::OpenDeliveries,
                _,
            ) => &[Role::Finance, Role::System],
            (ImportKind::CreditAccounts, _) => &[Role::Finance],
            (ImportKind::ExchangeRates, _) => &[Role::Finance, Role::Admin],
        }
    }
}

text_enum! {
    /// How a file writes its characters.
    pub enum Encoding {
        Utf8 = "utf-8",
        /// Chinese systems; GBK and GB 2312 are parts of it.
        Gb18030 = "gb18030",
        /// Western European systems.
        Windows1252 = "windows-1252",
        /// What some programs call Unicode text.
        Utf16le = "utf-16le",
    }
}

text_enum! {
    /// What stands between whole units and parts of an amount. The other mark, blanks and apostrophes group digits.
    pub enum DecimalMark {
        /// `1,234.56`, `1 234.56`.
        Point = "point",
        /// `1.234,56`, `1'234,56`.
        Comma = "comma",
    }
}

/// How a foreign file's columns are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// A shipped mapping that this one begins with, by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<String>,
    /// The system whose customers' numbers the file has: its aliases come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_system: Option<Keyword>,
    /// UTF-8 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How the file writes amounts, with groups of digits and signs at either end; `12500.00` alone when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// Our column → what its cells say → what that is with us, such as `人民币` → `CNY`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Our column → the name that the file has for it.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// Our column → the name that the file may have for it: one that it lacks is empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub optional_columns: BTreeMap<String, String>,
    /// How the file writes days, such as `%m/%d/%Y`; `2026-03-31` when not given.
    pub date_format: Option<String>,
    /// Our column → what an empty or missing cell of it means.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Our column → what it says on every line, whatever the file has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, String>,
    /// Our column → what is taken off the end of its cells, such as `.0`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub strip_suffix: BTreeMap<String, String>,
    /// Lines on which one of these holds are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Condition>,
}

/// What is asked of a cell; one of `is`, `is_not`, `begins_with` and `ends_with`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column, as the file calls it.
    pub column: String,
    /// The cell is one of these; `""` is an empty one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
    /// The cell is none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is_not: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_with: Option<String>,
}

/// What an import was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub kind: ImportKind,
    pub mode: ImportMode,
    #[serde(default)]
    pub mapping: Mapping,
    /// An estimate of the file's lines, for the progress.
    pub lines: Option<i64>,
    /// The change request that the file becomes, when its kind is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<PlannedRequest>,
    #[serde(default)]
    pub write: WriteMode,
    /// Whether the file is only tried: everything is told, and nothing changes.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether what a snapshot lacks is closed.
    #[serde(default)]
    pub close_missing: bool,
    /// The day of which the other ledger speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_as_of: Option<NaiveDate>,
    /// What the sender says that the file comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlTotals>,
    /// The companies of which the file speaks, also where no line names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_entities: Vec<EntityRef>,
}

/// What a snapshot comes to: how many documents, and what is open on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlTotals {
    pub lines: i64,
    /// One amount for each currency.
    #[serde(default)]
    pub totals: Vec<Money>,
}

/// What is known of a feed: the state of the other ledger that was taken over last.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = import_feeds, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Feed {
    pub kind: ImportKind,
    pub legal_entity_id: LegalEntityId,
    /// The day of which it speaks.
    pub ledger_as_of: Option<NaiveDate>,
    /// The [`ControlTotals`] that were found, as JSON.
    pub control: String,
    /// How many control totals the sender stated, all of which were found: none, or one.
    pub stated: i64,
    pub missing: i64,
    pub taken_by: Subject,
    pub taken_at: Instant,
}

/// The change request that a file is to become. Its id is given beforehand, so that a job which is begun anew proposes
/// nothing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRequest {
    pub id: ChangeRequestId,
    pub reason: Note,
}

/// How many errors, and how many warnings, an answer shows; the report to download has them all.
pub const ERRORS_KEPT: usize = 1_000;

/// How many differences an answer shows.
pub const DIFFERENCES_KEPT: usize = 100;

/// Where a file says something else than the book did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The line; none for what the file lacks.
    pub line: Option<i64>,
    pub number: String,
    pub column: &'static str,
    /// What the book had.
    pub before: Option<String>,
    /// What the file says.
    pub after: Option<String>,
}

/// What became of a file's lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub lines: i64,
    pub created: i64,
    pub unchanged: i64,
    pub rejected: i64,
    /// Lines that the mapping passed over, when it has conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<i64>,
    /// Lines that changed what the book had, of a file that may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<i64>,
    /// Documents of the book that a snapshot lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<i64>,
    /// Those of them that were closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<i64>,
    /// Whether nothing of it was kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What a snapshot came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlTotals>,
    /// What differed from the book: the first of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// The change request that the file became, when its kind is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_request_id: Option<ChangeRequestId>,
    /// What was posted and wants a look: the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<JobError>,
    /// What was wrong: the first of them.
    #[serde(skip)]
    pub errors: Vec<JobError>,
    /// What was found since it was last asked.
    #[serde(skip)]
    news: Vec<Remark>,
}

impl Report {
    pub fn new(plan: &Plan) -> Report {
        let may_change = (plan.write != WriteMode::Insert).then_some(0);
        let is_whole = (plan.write == WriteMode::Snapshot).then_some(0);
        Report {
            skipped: (!plan.mapping.skip.is_empty()).then_some(0),
            updated: may_change,
            missing: is_whole,
            closed: is_whole.filter(|_| plan.close_missing),
            dry_run: plan.dry_run,
            ..Report::default()
        }
    }

    /// Counts a line that changed something.
    pub fn update(&mut self, differences: impl IntoIterator<Item = Difference>) {
        self.updated = Some(self.updated.unwrap_or_default() + 1);
        self.differ(differences);
    }

    /// Keeps what differs, as long as there is room.
    pub fn differ(&mut self, differences: impl IntoIterator<Item = Difference>) {
        let room = DIFFERENCES_KEPT.saturating_sub(self.differences.len());
        self.differences.extend(differences.into_iter().take(room));
    }

    /// How many lines are settled, one way or another.
    pub fn done(&self) -> i64 {
        let others = [self.skipped, self.updated].into_iter().flatten();
        self.created + self.unchanged + self.rejected + others.sum::<i64>()
    }

    /// Nothing of the file was kept.
    pub fn take_nothing(&mut self) {
        self.created = 0;
        self.updated = self.updated.map(|_| 0);
        self.closed = self.closed.map(|_| 0);
        self.change_request_id = None;
        self.warnings.clear();
    }

    /// Counts a line that is passed over.
    pub fn skip(&mut self) {
        self.skipped = Some(self.skipped.unwrap_or_default() + 1);
    }

    /// Counts a line as rejected, for these reasons.
    pub fn reject(&mut self, errors: Vec<JobError>) {
        self.rejected += 1;
        for error in errors {
            self.note(error);
        }
    }

    /// Keeps an error.
    pub fn note(&mut self, error: JobError) {
        if self.errors.len() < ERRORS_KEPT {
            self.errors.push(error.clone());
        }
        self.news.push(Remark {
            severity: Severity::Error,
            said: error,
        });
    }

    /// Keeps a warning.
    pub fn warn(&mut self, warning: JobError) {
        if self.warnings.len() < ERRORS_KEPT {
            self.warnings.push(warning.clone());
        }
        self.news.push(Remark {
            severity: Severity::Warning,
            said: warning,
        });
    }

    /// What was found since this was last asked.
    pub fn take_news(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.news)
    }
}

/// A row of the book as a file has it, with the line that it stands on.
#[derive(Debug, Clone)]
pub struct Row<R> {
    pub line: i64,
    pub content: R,
    /// Whether another line of the same document can't be read.
    pub is_incomplete: bool,
}

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Created,
    /// Posted, and what wants a look.
    Suspicious {
        column: &'static str,
        code: &'static str,
        message: String,
    },
    Unchanged,
    /// It changed what the book had.
    Updated(Vec<Difference>),
    /// The book stays as it is, and that wants a look.
    Kept {
        column: &'static str,
        code: &'static str,
        message: String,
        differences: Vec<Difference>,
    },
    /// It needs a row that may come later in the file.
    Deferred,
    Rejected {
        column: &'static str,
        code: &'static str,
        message: String,
        /// Which line of several that are one document is wrong, counted from 0; the document itself when none.
        part: Option<usize>,
    },
}

impl Verdict {
    pub fn rejected(column: &'static str, code: &'static str, message: impl ToString) -> Verdict {
        Verdict::Rejected {
            column,
            code,
            message: message.to_string(),
            part: None,
        }
    }

    /// It is so of one line of several that are one document.
    #[must_use]
    pub fn of_part(mut self, which: Option<usize>) -> Verdict {
        if let Verdict::Rejected { part, .. } = &mut self {
            *part = which;
        }
        self
    }

    /// The number is in the book already, and not with what the line says.
    pub fn taken(column: &'static str) -> Verdict {
        Verdict::rejected(
            column,
            "number_taken_with_other_content",
            "the number is in the book with other content, and imports never overwrite",
        )
    }
}
