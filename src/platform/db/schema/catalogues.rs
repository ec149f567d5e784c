//! The tables of catalogues and of change requests.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    catalogue_versions (id) {
        id -> IdColumn,
        code -> Text,
        catalogue_version -> Integer,
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

    change_requests (id) {
        id -> IdColumn,
        kind -> Text,
        status -> Text,
        target_id -> Text,
        target_number -> Nullable<Text>,
        target_version -> BigInt,
        customer_id -> Nullable<IdColumn>,
        before -> Text,
        after -> Text,
        reason -> Text,
        proposed_by -> Text,
        proposed_at -> InstantColumn,
        decided_by -> Nullable<Text>,
        decision_reason -> Nullable<Text>,
        decided_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}
