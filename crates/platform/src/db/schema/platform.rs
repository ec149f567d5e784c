//! The tables of the platform: trail, events, keys, jobs.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    trail_entries (seq) {
        seq -> BigInt,
        id -> IdColumn,
        at -> InstantColumn,
        subject -> Text,
        issuer -> Text,
        client_id -> Text,
        roles -> Text,
        action -> Text,
        entity_id -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        reason -> Nullable<Text>,
        request_id -> Text,
        transaction_id -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::InstantColumn;

    business_days (day) {
        day -> Date,
        begun_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::InstantColumn;

    subscriptions (name) {
        name -> Text,
        transaction_id -> BigInt,
        seq -> BigInt,
        attempts -> Integer,
        last_error -> Nullable<Text>,
        retry_at -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    idempotency_keys (id) {
        id -> IdColumn,
        fingerprint -> Text,
        answer -> Text,
        created_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    jobs (id) {
        id -> IdColumn,
        kind -> Text,
        status -> Text,
        progress_done -> BigInt,
        progress_total -> Nullable<BigInt>,
        progress_unit -> Text,
        input -> Text,
        result -> Nullable<Text>,
        errors -> Nullable<Text>,
        created_by -> Text,
        caller -> Text,
        created_at -> InstantColumn,
        started_at -> Nullable<InstantColumn>,
        finished_at -> Nullable<InstantColumn>,
        lease_until -> Nullable<InstantColumn>,
        attempts -> Integer,
        cancel_requested_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    job_files (job_id, part) {
        job_id -> IdColumn,
        part -> Integer,
        bytes -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    job_reports (job_id, attempt, part) {
        job_id -> IdColumn,
        attempt -> Integer,
        part -> Integer,
        bytes -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    trail_seals (position) {
        position -> BigInt,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    trail_checkpoints (id) {
        id -> IdColumn,
        position -> BigInt,
        hash -> Binary,
        signed_at -> InstantColumn,
        signed_by -> Text,
        public_key -> Binary,
        signature -> Binary,
    }
}
