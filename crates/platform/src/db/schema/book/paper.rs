//! Of the book: instruments, deadlines, factoring, and how far other ledgers were taken over.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    deadlines (id) {
        id -> IdColumn,
        kind -> Text,
        subject_kind -> Text,
        subject_id -> Text,
        customer_id -> IdColumn,
        due_on -> Date,
        rule -> Text,
        note -> Nullable<Text>,
        status -> Text,
        done_note -> Nullable<Text>,
        done_on -> Nullable<Date>,
        done_by -> Nullable<Text>,
        done_at -> Nullable<InstantColumn>,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    instruments (id) {
        id -> IdColumn,
        number -> Text,
        kind -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        currency -> Text,
        amount_minor -> BigInt,
        outstanding_minor -> BigInt,
        issue_date -> Date,
        maturity_date -> Nullable<Date>,
        received_on -> Date,
        present_by -> Nullable<Date>,
        drawer -> Text,
        acceptor -> Nullable<Text>,
        acceptor_key -> Nullable<Text>,
        acceptor_customer_id -> Nullable<IdColumn>,
        acceptor_account_id -> Nullable<IdColumn>,
        acceptor_standing -> Text,
        receipt_id -> IdColumn,
        status -> Text,
        status_on -> Date,
        passed_to -> Nullable<Text>,
        dishonoured_on -> Nullable<Date>,
        dishonour_reason -> Nullable<Text>,
        fee_minor -> BigInt,
        created_by -> Text,
        created_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    factoring_agreements (id) {
        id -> IdColumn,
        number -> Text,
        factor -> Text,
        kind -> Text,
        recourse -> Text,
        notification -> Text,
        advance_ppm -> BigInt,
        valid_from -> Date,
        valid_until -> Nullable<Date>,
        status -> Text,
        note -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<InstantColumn>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    factoring_assignments (id) {
        id -> IdColumn,
        agreement_id -> IdColumn,
        invoice_id -> IdColumn,
        customer_id -> IdColumn,
        currency -> Text,
        open_minor -> BigInt,
        advanced_minor -> BigInt,
        effect -> Text,
        notification -> Text,
        status -> Text,
        assigned_on -> Date,
        assigned_by -> Text,
        assigned_at -> InstantColumn,
        ended_on -> Nullable<Date>,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<InstantColumn>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    import_feeds (kind, legal_entity_id) {
        kind -> Text,
        legal_entity_id -> IdColumn,
        ledger_as_of -> Nullable<Date>,
        control -> Text,
        stated -> BigInt,
        missing -> BigInt,
        taken_by -> Text,
        taken_at -> InstantColumn,
    }
}
