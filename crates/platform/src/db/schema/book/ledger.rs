//! Tables of terms, periods, items and refunds.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    invoice_items (id) {
        id -> IdColumn,
        invoice_id -> IdColumn,
        customer_id -> IdColumn,
        position -> Integer,
        amount_minor -> BigInt,
        open_minor -> BigInt,
        due_date -> Date,
        original_due_date -> Date,
        discounts -> Text,
        open_reason -> Nullable<Text>,
        version -> BigInt,
        kind -> Text,
        sold_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    deposit_requests (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        order_number -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        request_date -> Date,
        due_date -> Date,
        label -> Nullable<Text>,
        cancelled_on -> Nullable<Date>,
        cancel_reason -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    refunds (id) {
        id -> IdColumn,
        receipt_id -> IdColumn,
        customer_id -> IdColumn,
        currency -> Text,
        amount_minor -> BigInt,
        status -> Text,
        reason -> Text,
        requested_by -> Text,
        requested_at -> InstantColumn,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        decision_reason -> Nullable<Text>,
        held_on -> Nullable<Date>,
        freed_on -> Nullable<Date>,
        paid_on -> Nullable<Date>,
        payment_reference -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    payment_term_versions (id) {
        id -> IdColumn,
        code -> Text,
        terms_version -> Integer,
        status -> Text,
        document -> Text,
        reason -> Text,
        author -> Text,
        drafters -> Text,
        approver -> Nullable<Text>,
        created_at -> InstantColumn,
        live_at -> Nullable<InstantColumn>,
        retired_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    periods (id) {
        id -> IdColumn,
        legal_entity_id -> IdColumn,
        code -> Text,
        first_day -> Date,
        last_day -> Date,
        status -> Text,
        changed_by -> Text,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    period_violations (id) {
        id -> IdColumn,
        period_id -> IdColumn,
        document_id -> Text,
        day -> Date,
        created_by -> Text,
        created_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::InstantColumn;

    calendars (code) {
        code -> Text,
        document -> Text,
        changed_by -> Text,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}
