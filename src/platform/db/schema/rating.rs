//! The tables of the room `rating`: grade scales, models and ratings.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    grade_scales (id) {
        id -> IdColumn,
        scale_version -> Integer,
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

    rating_models (id) {
        id -> IdColumn,
        code -> Text,
        model_version -> Integer,
        name -> Text,
        kind -> Text,
        status -> Text,
        document -> Text,
        report -> Nullable<Text>,
        reason -> Text,
        author -> Text,
        drafters -> Text,
        approver -> Nullable<Text>,
        created_at -> InstantColumn,
        shadow_at -> Nullable<InstantColumn>,
        approved_at -> Nullable<InstantColumn>,
        live_at -> Nullable<InstantColumn>,
        retired_at -> Nullable<InstantColumn>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    ratings (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        model_id -> IdColumn,
        scale_id -> IdColumn,
        grade -> Text,
        score_ppm -> Nullable<BigInt>,
        override_grade -> Nullable<Text>,
        override_until -> Nullable<Date>,
        override_terms -> Nullable<Text>,
        record -> Text,
        run_id -> Nullable<IdColumn>,
        rated_by -> Text,
        rated_at -> InstantColumn,
        stale_on -> Date,
        superseded_at -> Nullable<InstantColumn>,
        version -> BigInt,
        in_default_since -> Nullable<Date>,
        cured_on -> Nullable<Date>,
        cause -> Text,
        review_on -> Nullable<Date>,
    }
}
