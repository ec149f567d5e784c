//! The tables of what is known of customers: their financial statements, their industries, what people say.

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
