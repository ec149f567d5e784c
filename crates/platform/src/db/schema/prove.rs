//! The tables of proving: exports.

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
