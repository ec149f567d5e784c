//! The tables of collecting: correspondence, charges, dunning.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    charges (id) {
        id -> IdColumn,
        kind -> Text,
        status -> Text,
        customer_id -> IdColumn,
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        invoice_id -> IdColumn,
        item_id -> IdColumn,
        currency -> Text,
        amount_minor -> BigInt,
        from_day -> Date,
        to_day -> Date,
        regime -> Nullable<Text>,
        segments -> Text,
        note -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        claimed_invoice_id -> Nullable<IdColumn>,
        claimed_on -> Nullable<Date>,
        claimed_by -> Nullable<Text>,
        claim_reference -> Nullable<Text>,
        ended_on -> Nullable<Date>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    late_interest_terms (account_id, legal_entity_id) {
        account_id -> IdColumn,
        legal_entity_id -> IdColumn,
        yearly_rate -> Nullable<Text>,
        regime -> Nullable<Text>,
        reason -> Text,
        set_by -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

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

    messages (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        legal_entity_id -> IdColumn,
        kind -> Text,
        about_id -> Text,
        channel -> Text,
        language -> Text,
        recipient -> Text,
        sender -> Nullable<Text>,
        subject -> Text,
        media_type -> Text,
        sha256 -> Text,
        size_bytes -> BigInt,
        asks -> Text,
        status -> Text,
        status_reason -> Nullable<Text>,
        attempts -> Integer,
        next_attempt_at -> Nullable<InstantColumn>,
        lease_until -> Nullable<InstantColumn>,
        attempted_at -> Nullable<InstantColumn>,
        failure -> Nullable<Text>,
        created_by -> Text,
        created_at -> InstantColumn,
        sent_at -> Nullable<InstantColumn>,
        ended_at -> Nullable<InstantColumn>,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    message_contents (message_id) {
        message_id -> IdColumn,
        bytes -> Binary,
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
