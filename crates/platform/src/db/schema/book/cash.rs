//! The tables of cash application.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    bank_accounts (id) {
        id -> IdColumn,
        number -> Text,
        currency -> Text,
        name -> Text,
        bank_code -> Nullable<Text>,
        legal_entity_id -> IdColumn,
        closed_on -> Nullable<Date>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    bank_statements (id) {
        id -> IdColumn,
        bank_account_id -> IdColumn,
        format -> Text,
        number -> Text,
        digest -> Text,
        opening_date -> Nullable<Date>,
        closing_date -> Date,
        currency -> Text,
        opening_minor -> Nullable<BigInt>,
        closing_minor -> Nullable<BigInt>,
        credits_minor -> BigInt,
        debits_minor -> BigInt,
        entries -> BigInt,
        known_entries -> BigInt,
        sent_by -> Text,
        sent_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    bank_entries (id) {
        id -> IdColumn,
        bank_account_id -> IdColumn,
        statement_id -> IdColumn,
        legal_entity_id -> IdColumn,
        kind -> Text,
        currency -> Text,
        amount_minor -> BigInt,
        booking_date -> Date,
        value_date -> Date,
        bank_reference -> Nullable<Text>,
        end_to_end_id -> Nullable<Text>,
        payer_name -> Nullable<Text>,
        payer_account -> Nullable<Text>,
        structured_references -> Text,
        remittance -> Text,
        booking_digest -> Text,
        booking_minor -> BigInt,
        balance_minor -> Nullable<BigInt>,
        status -> Text,
        customer_id -> Nullable<IdColumn>,
        assigned_minor -> BigInt,
        receipts_made -> Integer,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        decision_reason -> Nullable<Text>,
        version -> BigInt,
        returns_entry_id -> Nullable<IdColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    bank_entry_receipts (receipt_id) {
        receipt_id -> IdColumn,
        entry_id -> IdColumn,
        amount_minor -> BigInt,
        given_back_at -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    match_proposals (id) {
        id -> IdColumn,
        entry_id -> IdColumn,
        rank -> Integer,
        confidence_ppm -> BigInt,
        parts -> Text,
        reasons -> Text,
        returns_entry_id -> Nullable<IdColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    payer_accounts (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        payer_name -> Nullable<Text>,
        entry_id -> IdColumn,
        uses -> BigInt,
        learned_by -> Text,
        learned_at -> InstantColumn,
        used_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    remittance_advices (id) {
        id -> IdColumn,
        number -> Text,
        customer_id -> IdColumn,
        payer_account -> Nullable<Text>,
        currency -> Text,
        amount_minor -> BigInt,
        payment_date -> Nullable<Date>,
        lines -> Text,
        status -> Text,
        entry_id -> Nullable<IdColumn>,
        posted_by -> Text,
        posted_at -> InstantColumn,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    invoice_keys (key, invoice_id) {
        key -> Text,
        invoice_id -> IdColumn,
    }
}
