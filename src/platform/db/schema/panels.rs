//! The tables of expert panels.

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
