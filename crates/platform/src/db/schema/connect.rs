//! The tables of the connection: webhook endpoints and what is delivered to them, postings, and the keys by which systems sign in.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    webhook_endpoints (id) {
        id -> IdColumn,
        url -> Text,
        description -> Nullable<Text>,
        event_types -> Text,
        status -> Text,
        disabled_because -> Nullable<Text>,
        secret -> Text,
        previous_secret -> Nullable<Text>,
        previous_secret_until -> Nullable<InstantColumn>,
        transaction_id -> BigInt,
        seq -> BigInt,
        failing_since -> Nullable<InstantColumn>,
        created_by -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    webhook_deliveries (id) {
        id -> IdColumn,
        endpoint_id -> IdColumn,
        event_id -> IdColumn,
        event_type -> Text,
        resource_id -> Text,
        seq -> BigInt,
        status -> Text,
        attempts -> Integer,
        next_attempt_at -> Nullable<InstantColumn>,
        lease_until -> Nullable<InstantColumn>,
        attempted_at -> Nullable<InstantColumn>,
        answer_code -> Nullable<Integer>,
        failure -> Nullable<Text>,
        duration_ms -> Nullable<BigInt>,
        created_at -> InstantColumn,
        ended_at -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    postings (id) {
        id -> IdColumn,
        kind -> Text,
        settlement_id -> Nullable<IdColumn>,
        refund_id -> Nullable<IdColumn>,
        customer_id -> IdColumn,
        legal_entity_id -> IdColumn,
        invoice_id -> Nullable<IdColumn>,
        receipt_id -> Nullable<IdColumn>,
        credit_note_id -> Nullable<IdColumn>,
        currency -> Text,
        amount_minor -> BigInt,
        effective_on -> Date,
        created_by -> Text,
        created_at -> InstantColumn,
        acknowledged_by -> Nullable<Text>,
        acknowledged_at -> Nullable<InstantColumn>,
        reference -> Nullable<Text>,
        version -> BigInt,
        charge_id -> Nullable<IdColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    api_keys (id) {
        id -> IdColumn,
        name -> Text,
        role -> Text,
        scopes -> Text,
        secret_hash -> Text,
        previous_hash -> Nullable<Text>,
        previous_until -> Nullable<InstantColumn>,
        expires_at -> Nullable<InstantColumn>,
        requests_per_second -> Nullable<Integer>,
        last_used_at -> Nullable<InstantColumn>,
        revoked_at -> Nullable<InstantColumn>,
        created_by -> Text,
        created_at -> InstantColumn,
        changed_at -> InstantColumn,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    token_revocations (id) {
        id -> IdColumn,
        token_id -> Nullable<Text>,
        subject -> Nullable<Text>,
        issued_until -> BigInt,
        kept_until -> BigInt,
        reason -> Text,
        created_by -> Text,
        created_at -> InstantColumn,
    }
}
