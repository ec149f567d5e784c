//! The tables of collecting: dunning.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_procedures (id) {
        id -> IdColumn,
        name -> Text,
        usage -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_procedure_versions (id) {
        id -> IdColumn,
        dunning_procedure_id -> IdColumn,
        procedure_version -> Integer,
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

    dunning_runs (id) {
        id -> IdColumn,
        as_of -> Date,
        status -> Text,
        skipped -> Text,
        created_by -> Text,
        created_at -> InstantColumn,
        approved_by -> Nullable<Text>,
        approved_at -> Nullable<InstantColumn>,
        issued_by -> Nullable<Text>,
        issued_at -> Nullable<InstantColumn>,
        version -> BigInt,
        procedures -> Text,
        job_id -> Nullable<IdColumn>,
        done_to -> Nullable<IdColumn>,
        progress_done -> BigInt,
        progress_total -> BigInt,
        notices -> BigInt,
        lines -> BigInt,
        scope -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_notices (id) {
        id -> IdColumn,
        run_id -> IdColumn,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        level -> Integer,
        channel -> Text,
        effect -> Text,
        language -> Text,
        status -> Text,
        currency -> Text,
        total_minor -> BigInt,
        unapplied_minor -> BigInt,
        subject -> Text,
        body_text -> Text,
        body_html -> Text,
        issued_on -> Nullable<Date>,
        suppressed_reason -> Nullable<Text>,
        created_at -> InstantColumn,
        version -> BigInt,
        procedure_version_id -> Nullable<IdColumn>,
        legal_entity_id -> IdColumn,
        block_scope -> Text,
        payment_reference -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_notice_items (notice_id, item_id) {
        notice_id -> IdColumn,
        item_id -> IdColumn,
        invoice_id -> IdColumn,
        level -> Integer,
        days_past_due -> Integer,
        open_minor -> BigInt,
        dropped_reason -> Nullable<Text>,
        decision -> Nullable<Text>,
        decision_reason -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        dunning_block_id -> Nullable<IdColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_stages (item_id) {
        item_id -> IdColumn,
        invoice_id -> IdColumn,
        customer_id -> IdColumn,
        level -> Integer,
        last_dunned_on -> Date,
        notice_id -> IdColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_blocks (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        invoice_id -> Nullable<IdColumn>,
        reason -> Text,
        until -> Date,
        created_by -> Text,
        created_at -> InstantColumn,
        lifted_at -> Nullable<InstantColumn>,
        lifted_by -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    dunning_cases (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        currency -> Text,
        status -> Text,
        level -> Integer,
        opened_on -> Date,
        last_notice_id -> IdColumn,
        last_notice_on -> Date,
        escalation_due_on -> Nullable<Date>,
        escalation -> Nullable<Text>,
        proposed_by -> Nullable<Text>,
        proposed_at -> Nullable<InstantColumn>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        closed_on -> Nullable<Date>,
        reason -> Nullable<Text>,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}
