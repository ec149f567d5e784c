//! The table of assessments.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    application_assessments (id) {
        id -> IdColumn,
        application_id -> IdColumn,
        number -> Integer,
        policy_version -> Integer,
        grade -> Nullable<Text>,
        decision -> Text,
        currency -> Text,
        limit_minor -> Nullable<BigInt>,
        net_days -> Integer,
        document -> Text,
        assessed_by -> Text,
        assessed_at -> InstantColumn,
    }
}
