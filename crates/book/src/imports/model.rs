//! What is asked of an import, and what it reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::platform::jobs::model::{JobError, Remark, Severity};
use kernel::caller::Role;
use kernel::columns::text_enum;
use kernel::ids::ChangeRequestId;
use kernel::text::Note;

text_enum! {
    /// What a file holds, line by line.
    pub enum ImportKind {
        Customers = "customers",
        CreditAccounts = "credit_accounts",
        Invoices = "invoices",
        Receipts = "receipts",
        ExchangeRates = "exchange_rates",
        /// Which group customers are to belong to: proposed as one change request, which another person decides.
        CustomerParents = "customer_parents",
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

/// A column of a file.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// Whether the file must have it, or the mapping a default for it.
    pub required: bool,
}

const fn required(name: &'static str) -> Column {
    Column {
        name,
        required: true,
    }
}

const fn optional(name: &'static str) -> Column {
    Column {
        name,
        required: false,
    }
}

const CUSTOMERS: &[Column] = &[
    required("number"),
    required("name"),
    required("country"),
    optional("industry"),
    optional("street"),
    optional("city"),
    optional("postal_code"),
    optional("email"),
    optional("language"),
    optional("owner"),
    optional("parent_number"),
    optional("legal_status"),
    optional("legal_status_since"),
    optional("contacts"),
];

const CREDIT_ACCOUNTS: &[Column] = &[
    required("customer_number"),
    required("currency"),
    optional("net_days"),
    optional("limit_kind"),
    optional("limit"),
    optional("valid_until"),
    optional("group_limit"),
    optional("billing_currencies"),
];

const INVOICES: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("invoice_date"),
    optional("due_date"),
    required("amount"),
    required("currency"),
    optional("order_number"),
    optional("legal_entity"),
];

const RECEIPTS: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("receipt_date"),
    required("amount"),
    required("currency"),
    optional("invoice_number"),
    optional("legal_entity"),
];

const EXCHANGE_RATES: &[Column] = &[
    required("base_currency"),
    required("quote_currency"),
    required("rate"),
    required("rate_date"),
    required("source"),
];

const CUSTOMER_PARENTS: &[Column] = &[
    required("customer_number"),
    required("parent_customer_number"),
];

impl ImportKind {
    pub const fn columns(self) -> &'static [Column] {
        match self {
            ImportKind::Customers => CUSTOMERS,
            ImportKind::CreditAccounts => CREDIT_ACCOUNTS,
            ImportKind::Invoices => INVOICES,
            ImportKind::Receipts => RECEIPTS,
            ImportKind::ExchangeRates => EXCHANGE_RATES,
            ImportKind::CustomerParents => CUSTOMER_PARENTS,
        }
    }

    /// Whether its lines become one change request, and the book changes when another person approves it.
    pub const fn proposes(self) -> bool {
        matches!(self, ImportKind::CustomerParents)
    }

    /// Who may import it. Limits are taken over without an approval, so that finance alone may do it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            ImportKind::Customers | ImportKind::CustomerParents => &[Role::Credit, Role::Finance],
            ImportKind::CreditAccounts => &[Role::Finance],
            ImportKind::Invoices | ImportKind::Receipts => &[Role::Finance, Role::System],
            ImportKind::ExchangeRates => &[Role::Finance, Role::Admin],
        }
    }
}

/// How a foreign file's columns are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Our column → the name that the file has for it.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
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

/// What is asked of a cell; one of `is`, `is_not` and `begins_with`.
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
    pub fn new(mapping: &Mapping) -> Report {
        Report {
            skipped: (!mapping.skip.is_empty()).then_some(0),
            ..Report::default()
        }
    }

    /// How many lines are settled, one way or another.
    pub fn done(&self) -> i64 {
        self.created + self.unchanged + self.rejected + self.skipped.unwrap_or_default()
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
    /// It needs a row that may come later in the file.
    Deferred,
    Rejected {
        column: &'static str,
        code: &'static str,
        message: String,
    },
}

impl Verdict {
    pub fn rejected(column: &'static str, code: &'static str, message: impl ToString) -> Verdict {
        Verdict::Rejected {
            column,
            code,
            message: message.to_string(),
        }
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
