//! The tables of rating: what is known of customers, panels, scales, models, ratings.

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    financial_statements (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        period_end -> Date,
        months -> Integer,
        kind -> Text,
        currency -> Text,
        audit -> Text,
        source -> Text,
        received_on -> Date,
        lines -> Text,
        statement_version -> Integer,
        corrects_id -> Nullable<IdColumn>,
        reason -> Nullable<Text>,
        entered_by -> Text,
        entered_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    industry_versions (id) {
        id -> IdColumn,
        code -> Text,
        industry_version -> BigInt,
        name_en -> Text,
        name_zh -> Text,
        growth -> Nullable<Text>,
        cr4 -> Nullable<Text>,
        hhi -> Nullable<Text>,
        risk_class -> Nullable<Integer>,
        source -> Text,
        as_of -> Date,
        set_by -> Text,
        set_at -> InstantColumn,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    customer_facts (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        indicator -> Text,
        value -> Text,
        source -> Text,
        as_of -> Date,
        expires_on -> Date,
        note -> Nullable<Text>,
        said_by -> Text,
        said_at -> InstantColumn,
        panel_id -> Nullable<IdColumn>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    expert_panels (id) {
        id -> IdColumn,
        customer_id -> IdColumn,
        status -> Text,
        question -> Text,
        indicators -> Text,
        round -> Integer,
        rounds_max -> Integer,
        quorum -> Integer,
        dispersion_limit_ppm -> BigInt,
        convened_by -> Text,
        convened_at -> InstantColumn,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<InstantColumn>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::IdColumn;

    panel_experts (panel_id, subject) {
        panel_id -> IdColumn,
        subject -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    panel_rounds (panel_id, round) {
        panel_id -> IdColumn,
        round -> Integer,
        opened_at -> InstantColumn,
        closed_by -> Nullable<Text>,
        closed_at -> Nullable<InstantColumn>,
        summary -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use kernel::columns::{IdColumn, InstantColumn};

    expert_opinions (id) {
        id -> IdColumn,
        panel_id -> IdColumn,
        round -> Integer,
        subject -> Text,
        scores -> Text,
        given_at -> InstantColumn,
    }
}

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
