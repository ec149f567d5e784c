//! The columns that files of each kind have.

use super::ImportKind;

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
    optional("net"),
    optional("tax"),
    optional("posting_date"),
    optional("baseline_date"),
    optional("customer_order_number"),
    optional("payment_terms"),
    optional("labels"),
];

const RECEIPTS: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("receipt_date"),
    required("amount"),
    required("currency"),
    optional("invoice_number"),
    optional("legal_entity"),
    optional("payer_number"),
    optional("prepaid_order_number"),
];

const CREDIT_NOTES: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("credit_date"),
    required("amount"),
    required("currency"),
    required("reason"),
    optional("invoice_number"),
    optional("legal_entity"),
];

const DEPOSIT_REQUESTS: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("order_number"),
    required("request_date"),
    optional("due_date"),
    required("amount"),
    required("currency"),
    optional("legal_entity"),
    optional("label"),
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

const OPEN_ITEMS: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("invoice_date"),
    optional("due_date"),
    required("amount"),
    optional("open"),
    required("currency"),
    optional("order_number"),
    optional("legal_entity"),
    optional("net"),
    optional("tax"),
    optional("posting_date"),
    optional("baseline_date"),
    optional("customer_order_number"),
    optional("payment_terms"),
    optional("labels"),
];

const OPEN_ORDERS: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("order_date"),
    required("amount"),
    required("currency"),
    optional("legal_entity"),
];

const OPEN_DELIVERIES: &[Column] = &[
    required("number"),
    required("customer_number"),
    required("delivery_date"),
    required("amount"),
    required("currency"),
    optional("order_number"),
    optional("legal_entity"),
];

impl ImportKind {
    pub const fn columns(self) -> &'static [Column] {
        match self {
            ImportKind::Customers => CUSTOMERS,
            ImportKind::CreditAccounts => CREDIT_ACCOUNTS,
            ImportKind::Invoices => INVOICES,
            ImportKind::Receipts => RECEIPTS,
            ImportKind::CreditNotes => CREDIT_NOTES,
            ImportKind::DepositRequests => DEPOSIT_REQUESTS,
            ImportKind::ExchangeRates => EXCHANGE_RATES,
            ImportKind::CustomerParents => CUSTOMER_PARENTS,
            ImportKind::OpenItems => OPEN_ITEMS,
            ImportKind::OpenOrders => OPEN_ORDERS,
            ImportKind::OpenDeliveries => OPEN_DELIVERIES,
        }
    }
}
