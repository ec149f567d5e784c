//! The tables of proving: exports, runs of the controls, and which entries of the trail concern which customer.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    exports (id) {
        id -> IdColumn,
        table_name -> Text,
        format -> Text,
        period_from -> Nullable<Date>,
        period_to -> Nullable<Date>,
        as_of -> Nullable<Date>,
        job_id -> IdColumn,
        requested_by -> Text,
        requested_at -> InstantColumn,
        expires_at -> InstantColumn,
        attempt -> Nullable<Integer>,
        row_count -> Nullable<BigInt>,
        byte_count -> Nullable<BigInt>,
        sha256 -> Nullable<Text>,
        deleted_at -> Nullable<InstantColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    control_runs (id) {
        id -> IdColumn,
        period_from -> Date,
        period_to -> Date,
        job_id -> IdColumn,
        started_by -> Text,
        started_at -> InstantColumn,
        finished_at -> Nullable<InstantColumn>,
        signed_off_by -> Nullable<Text>,
        signed_off_at -> Nullable<InstantColumn>,
        sign_off_note -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    control_results (run_id, control) {
        run_id -> IdColumn,
        control -> Text,
        position -> Integer,
        status -> Text,
        not_testable -> Nullable<Text>,
        population -> BigInt,
        exception_count -> BigInt,
        exceptions -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    timeline_entries (customer_id, seq) {
        customer_id -> IdColumn,
        seq -> BigInt,
    }
}
