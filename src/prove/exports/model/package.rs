//! What is in an audit package: the tables in the names of the AICPA's Audit Data Standards, and the manifest.

use serde::Serialize;

use crate::platform::db::rows::{Join, Kept};
use crate::platform::exports::{
    CUSTOMER, DayOf, ExportField, ExportTable, Readers, day, id, instant, money, money_in, text,
};
use crate::platform::http::auth::ReadReceivables;
use kernel::ids::{ExportId, Settlement};

const ENTITY: Join = Join::by_id("entity", "legal_entities", "legal_entity_id");
const CUSTOMER_ID: ExportField = text("Customer_Account_ID").of("customer", "number");
const ENTITY_NUMBER: ExportField = text("Business_Unit_Code").of("entity", "number");

/// A table of the package alone; whoever may take the package may read it.
const fn table(
    name: &'static str,
    table: &'static str,
    fields: &'static [ExportField],
    joins: &'static [Join],
    order: &'static [&'static str],
    day: Option<DayOf>,
) -> ExportTable {
    ExportTable {
        name,
        description: "",
        table,
        fields,
        joins,
        order,
        day,
        readers: Readers::of::<ReadReceivables>(),
        left_out: &[],
    }
}

pub static CUSTOMER_MASTER: ExportTable = table(
    "Customer_Master",
    "customers",
    &[
        text("Customer_Account_ID").column("number"),
        text("Customer_Account_Name").column("name"),
        text("Customer_Physical_Street_Address1").column("street"),
        text("Customer_Physical_City").column("city"),
        text("Customer_Physical_ZipPostalCode").column("postal_code"),
        text("Customer_Physical_Country").column("country"),
        text("Customer_Active_Status").of("account", "status"),
        money_in(
            "Customer_Credit_Limit",
            "limit_minor",
            "account",
            "currency",
        )
        .of("account", "limit_minor"),
        text("Customer_Credit_Limit_Currency").of("account", "currency"),
        text("Customer_Credit_Limit_Kind").of("account", "limit_kind"),
        ExportField::new("Customer_Terms_Due_Days", Kept::Integer).of("account", "net_days"),
        instant("Entered_Date_Time").column("created_at"),
    ],
    &[Join {
        name: "account",
        table: "credit_accounts",
        key: "customer_id",
        by: "id",
    }],
    &["number", "id"],
    None,
);

/// Of what was open at the end of the period: [`crate::prove::exports::store::package::open_items`].
pub static OPEN_ACCOUNTS_RECEIVABLE: ExportTable = table(
    "Open_Accounts_Receivable",
    "invoices",
    &[
        CUSTOMER_ID,
        ENTITY_NUMBER,
        text("Transaction_ID").column("number"),
        text("Transaction_Type").column("kind"),
        day("Transaction_Date").column("day"),
        day("Transaction_Due_Date").column("due_date"),
        money("Balance_Amount", "open_minor"),
        text("Balance_Amount_Currency").column("currency"),
        money("Original_Balance_Amount", "original_minor"),
    ],
    &[CUSTOMER, ENTITY],
    &["currency", "kind", "number"],
    None,
);

pub static INVOICES_GENERATED: ExportTable = table(
    "Invoices_Generated",
    "invoices",
    &[
        text("Invoice_ID").column("number"),
        text("Invoice_Number").column("number"),
        day("Invoice_Date").column("invoice_date"),
        day("Invoice_Due_Date").column("due_date"),
        CUSTOMER_ID,
        ENTITY_NUMBER,
        money("Invoice_Amount", "amount_minor"),
        text("Invoice_Amount_Currency").column("currency"),
        money("Tax1_Transaction_Amount", "tax_minor"),
        ExportField::new("Payment_Term_Code", Kept::Json).column("payment_terms"),
        text("Sales_Order_ID").column("order_number"),
        day("Cancelled_Date").column("cancelled_on"),
        text("Entered_By").column("created_by"),
        instant("Entered_Date_Time").column("created_at"),
    ],
    &[CUSTOMER, ENTITY],
    &["id"],
    Some(DayOf::Day("invoice_date")),
);

pub static CASH_RECEIVED: ExportTable = table(
    "Cash_Received",
    "receipts",
    &[
        CUSTOMER_ID,
        ENTITY_NUMBER,
        text("Receipt_ID").column("number"),
        day("Receipt_Date").column("receipt_date"),
        money("Receipt_Amount", "amount_minor"),
        text("Receipt_Amount_Currency").column("currency"),
        day("Reversed_Date").column("reversed_on"),
        text("Entered_By").column("created_by"),
        instant("Entered_Date_Time").column("created_at"),
    ],
    &[CUSTOMER, ENTITY],
    &["id"],
    Some(DayOf::Day("receipt_date")),
);

pub static CASH_APPLICATION: ExportTable = table(
    "Cash_Application",
    "settlements",
    &[
        id::<Settlement>("Cash_Application_ID").column("id"),
        CUSTOMER_ID,
        text("Receipt_ID").of("receipt", "number"),
        text("Invoice_ID").of("invoice", "number"),
        day("Applied_Date").column("effective_on"),
        money_in("Applied_Amount", "amount_minor", "invoice", "currency"),
        text("Applied_Amount_Currency").of("invoice", "currency"),
        money_in("Receipt_Used_Amount", "used_minor", "receipt", "currency"),
        text("Receipt_Used_Amount_Currency").of("receipt", "currency"),
        id::<Settlement>("Reverses_Cash_Application_ID").column("reverses_id"),
        text("Entered_By").column("created_by"),
        instant("Entered_Date_Time").column("created_at"),
    ],
    &[
        CUSTOMER,
        Join::by_id("receipt", "receipts", "receipt_id"),
        Join::by_id("invoice", "invoices", "invoice_id"),
    ],
    &["id"],
    Some(DayOf::Day("effective_on")),
);

/// Of what moved besides: [`crate::prove::exports::store::package::adjustments`].
pub static AR_ADJUSTMENTS: ExportTable = table(
    "AR_Adjustments",
    "settlements",
    &[
        CUSTOMER_ID,
        ENTITY_NUMBER,
        text("Adjustment_Type").column("kind"),
        text("Transaction_ID").column("number"),
        day("Adjustment_Date").column("day"),
        money("Adjustment_Amount", "amount_minor"),
        text("Adjustment_Amount_Currency").column("currency"),
        text("Entered_By").column("entered_by"),
    ],
    &[CUSTOMER, ENTITY],
    &["day", "kind", "number", "amount_minor"],
    None,
);

/// The tables of rooms that go with it, under names of the same make.
pub const OF_ROOMS: &[(&str, &str)] = &[
    ("limits", "Credit_Limits"),
    ("applications", "Credit_Decisions"),
    ("dunning_notices", "Dunning_Events"),
    ("trail", "Audit_Log"),
];

/// What the package says of itself.
#[derive(Debug, Serialize)]
pub struct Manifest {
    pub package: &'static str,
    pub manifest_version: u32,
    pub generator: &'static str,
    pub generator_version: &'static str,
    pub export: ExportId,
    pub period_from: chrono::NaiveDate,
    pub period_to: chrono::NaiveDate,
    pub requested_by: String,
    pub made_at: String,
    pub encoding: &'static str,
    pub delimiter: &'static str,
    pub line_end: &'static str,
    pub files: Vec<FileNote>,
    pub roll_forward: Vec<RollForward>,
    /// Whether opening and movements come to the closing balance in every currency, and the open items as well.
    pub holds: bool,
}

/// A file of the package.
#[derive(Debug, Serialize)]
pub struct FileNote {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// The sum of the amounts in each currency, where the table has amounts.
    pub control_totals: std::collections::BTreeMap<String, String>,
}

/// How what customers owe, less what is unapplied, came from one balance to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollForward {
    pub currency: String,
    /// At the end of the day before the period.
    pub opening: String,
    pub movements: Vec<MovementNote>,
    /// At the end of the period, by the aging report.
    pub closing: String,
    /// What is missing from opening and movements to the closing balance: nothing where it holds.
    pub difference: String,
    /// What the open items come to.
    pub open_items: String,
    pub holds: bool,
}

/// What one kind of movement came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovementNote {
    pub kind: String,
    pub entries: i64,
    pub amount: String,
}

/// The signature over the bytes of `manifest.json`.
#[derive(Debug, Serialize)]
pub struct ManifestSignature {
    pub algorithm: &'static str,
    pub over: &'static str,
    /// 32 bytes in Base64.
    pub public_key: String,
    /// 64 bytes in Base64.
    pub signature: String,
}
